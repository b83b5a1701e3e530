//! Engines without a model that follow commands, so that the tests can fill queues and make engines fail. Debug builds
//! have them; a release build refuses a pack that names one, like any unknown engine.
//!
//! The command is the text to speak or to translate, the voice, or the language to transcribe: `fail`, `panic`, or
//! `hold`, which lasts as long as the file `hold` is in the pack's folder. While the file `fail` exists, every task
//! fails. Any other text succeeds at once.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use crate::contract::{
    CancellationToken, Engine, Speak, SpeakTask, Transcribe, TranscribeTask, Transcript, Translate,
    TranslateTask, Translation,
};
use crate::graph::loader::GraphLoader;
use vocabox_audio::pcm::Clip;
use vocabox_base::fault::Fault;
use vocabox_pack::Pack;

/// How often a held engine checks whether it may continue.
const LOOK: Duration = Duration::from_millis(5);

struct Stub {
    hold: PathBuf,
    fail: PathBuf,
}

/// Builds the stub that speaks. It never fails.
pub fn speak(pack: &Pack, _: &GraphLoader) -> Result<Box<Speak>, Fault> {
    Ok(Box::new(Speaks(Stub::of(pack))))
}

/// Builds the stub that transcribes. It never fails.
pub fn transcribe(pack: &Pack, _: &Pack, _: &GraphLoader) -> Result<Box<Transcribe>, Fault> {
    Ok(Box::new(Transcribes(Stub::of(pack))))
}

/// Builds the stub that translates. It never fails.
pub fn translate(pack: &Pack, _: &GraphLoader) -> Result<Box<Translate>, Fault> {
    Ok(Box::new(Translates(Stub::of(pack))))
}

impl Stub {
    fn of(pack: &Pack) -> Self {
        Stub {
            hold: pack.folder.join("hold"),
            fail: pack.folder.join("fail"),
        }
    }

    fn obey(&self, word: &str, cancellation: &CancellationToken) -> Result<(), Fault> {
        match word {
            _ if self.fail.exists() => Err(Fault::engine("told to fail")),
            "fail" => Err(Fault::engine("told to fail")),
            "panic" => panic!("told to panic"),
            "hold" => {
                while self.hold.exists() {
                    cancellation.check()?;
                    thread::sleep(LOOK);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

struct Speaks(Stub);

impl Engine for Speaks {
    type Task = SpeakTask;
    type Output = ();

    /// Follows the command of each word, then sends a tenth of a second of silence for each of its characters.
    fn run(&mut self, mut task: SpeakTask, cancellation: &CancellationToken) -> Result<(), Fault> {
        self.0.obey(&task.utterance.voice, cancellation)?;
        for word in task.utterance.text.split_whitespace() {
            self.0.obey(word, cancellation)?;
            (task.outlet)(Clip {
                samples: vec![0.0; 2_400 * word.chars().count()],
                rate_hz: 24_000,
            })?;
        }
        Ok(())
    }
}

struct Transcribes(Stub);

impl Engine for Transcribes {
    type Task = TranscribeTask;
    type Output = Transcript;

    /// Returns an empty transcript.
    fn run(
        &mut self,
        task: TranscribeTask,
        cancellation: &CancellationToken,
    ) -> Result<Transcript, Fault> {
        self.0
            .obey(task.language.as_deref().unwrap_or(""), cancellation)?;
        Ok(Transcript {
            language: "en".to_owned(),
            seconds: 0.0,
            segments: Vec::new(),
        })
    }
}

struct Translates(Stub);

impl Engine for Translates {
    type Task = TranslateTask;
    type Output = Translation;

    /// Returns the text in capital letters.
    fn run(
        &mut self,
        task: TranslateTask,
        cancellation: &CancellationToken,
    ) -> Result<Translation, Fault> {
        self.0.obey(&task.text, cancellation)?;
        Ok(Translation {
            text: task.text.to_uppercase(),
        })
    }
}

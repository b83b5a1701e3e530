//! Engines without a model that follow commands, so that the tests can fill queues and make engines fail. Debug builds
//! have them; a release build refuses a pack that names one, like any unknown engine.
//!
//! The command is the text to speak or to translate, the voice, or the prompt or else the language of a transcription:
//! `fail`, `panic`, `hold`, which lasts as long as the file `hold` is in the pack's folder, in one step, `compute`, which lasts as long, in many
//! steps, or `hang`, which lasts as long and does not even end after its deadline. While the file `fail` exists, every
//! task fails. Any other text succeeds at once. Of a transcription each word is a command and a window, and `say` has a
//! phrase. The file `held` has a line for each start and each end of a `hold`, in
//! their order.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use std::vec::IntoIter;

use crate::contract::{
    Engine, Segment, Speak, SpeechPiece, SpeechPieces, Steps, Transcribe, TranscribeTask,
    Transcribing, Transcript, Translate, TranslateTask, Translation, Utterance,
};
use crate::graph::loader::GraphLoader;
use vocabox_base::fault::Fault;
use vocabox_pack::Pack;

/// How often a held engine checks whether it may continue.
const LOOK: Duration = Duration::from_millis(5);

const RATE_HZ: u32 = 24_000;
const SAMPLES_A_CHARACTER: usize = RATE_HZ as usize / 10;

#[derive(Clone)]
struct Stub {
    hold: PathBuf,
    held: PathBuf,
    fail: PathBuf,
}

/// Builds the stub that speaks. It never fails.
pub fn speak(pack: &Pack, _: &GraphLoader) -> Result<Arc<dyn Speak>, Fault> {
    Ok(Arc::new(Speaks(Stub::of(pack))))
}

/// Builds the stub that transcribes. It never fails.
pub fn transcribe(pack: &Pack, _: &Pack, _: &GraphLoader) -> Result<Arc<dyn Transcribe>, Fault> {
    Ok(Arc::new(Transcribes(Stub::of(pack))))
}

/// Builds the stub that translates. It never fails.
pub fn translate(pack: &Pack, _: &GraphLoader) -> Result<Arc<Translate>, Fault> {
    Ok(Arc::new(Translates(Stub::of(pack))))
}

impl Stub {
    fn of(pack: &Pack) -> Self {
        Stub {
            hold: pack.folder.join("hold"),
            held: pack.folder.join("held"),
            fail: pack.folder.join("fail"),
        }
    }

    fn obey(&self, word: &str, steps: &dyn Steps) -> Result<(), Fault> {
        match word {
            _ if self.fail.exists() => Err(Fault::engine("told to fail")),
            "fail" => Err(Fault::engine("told to fail")),
            "panic" => panic!("told to panic"),
            "hold" => {
                self.note("start\n")?;
                let held = self.wait(|| steps.check());
                self.note("end\n")?;
                held
            }
            "compute" => self.wait(|| steps.next()),
            "hang" => self.wait(|| Ok(())),
            _ => Ok(()),
        }
    }

    /// Waits until the file `hold` is gone. Faults: those of `may_go_on`, which is asked again and again.
    fn wait(&self, may_go_on: impl Fn() -> Result<(), Fault>) -> Result<(), Fault> {
        while self.hold.exists() {
            may_go_on()?;
            thread::sleep(LOOK);
        }
        Ok(())
    }

    fn note(&self, line: &str) -> Result<(), Fault> {
        let held = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.held);
        // One write, so that the lines of two lanes do not mix.
        let noted = held.and_then(|mut held| held.write_all(line.as_bytes()));
        noted.map_err(Fault::engine)
    }
}

struct Speaks(Stub);

impl Speak for Speaks {
    /// Each word is a piece: its command is followed, then it lasts a tenth of a second for each of its characters. The first
    /// follows the command of the voice before.
    fn pieces<'a>(&'a self, utterance: &'a Utterance) -> Result<SpeechPieces<'a>, Fault> {
        let words = utterance.text.text().split_whitespace().enumerate();
        let piece = move |(number, word): (usize, &'a str)| {
            let samples = SAMPLES_A_CHARACTER * word.chars().count();
            let make = move |steps: &dyn Steps| {
                if number == 0 {
                    self.0.obey(&utterance.voice, steps)?;
                }
                self.0.obey(word, steps)?;
                Ok(vec![0.1; samples])
            };
            Ok(SpeechPiece {
                make: Box::new(make),
                pause_s: 0.0,
                about_s: samples as f32 / RATE_HZ as f32,
                words: Vec::new(),
            })
        };
        Ok(SpeechPieces {
            rate_hz: RATE_HZ,
            pieces: Box::new(words.map(piece)),
        })
    }
}

struct Transcribes(Stub);

impl Transcribe for Transcribes {
    fn begin(&self, task: TranscribeTask) -> Result<Box<dyn Transcribing>, Fault> {
        let commands = task.prompt.or(task.language).unwrap_or_default();
        let words: Vec<String> = commands.split(' ').map(str::to_owned).collect();
        Ok(Box::new(StubTranscribing {
            stub: self.0.clone(),
            words: words.into_iter(),
            said: Vec::new(),
        }))
    }
}

/// A recording whose sound does not matter.
struct StubTranscribing {
    stub: Stub,
    words: IntoIter<String>,
    said: Vec<Segment>,
}

impl Transcribing for StubTranscribing {
    fn next(&mut self, steps: &dyn Steps) -> Result<Option<&[Segment]>, Fault> {
        let Some(word) = self.words.next() else {
            return Ok(None);
        };
        self.stub.obey(&word, steps)?;
        let first = self.said.len();
        if word == "say" {
            self.said.push(Segment {
                start_s: first as f64,
                end_s: first as f64 + 1.0,
                text: format!("Said {first}."),
                language: "en".to_owned(),
                ..Segment::default()
            });
        }
        Ok(Some(&self.said[first..]))
    }

    fn end(self: Box<Self>) -> Transcript {
        Transcript {
            language: "en".to_owned(),
            seconds: self.said.len() as f64,
            segments: self.said,
        }
    }
}

struct Translates(Stub);

impl Engine for Translates {
    type Task = TranslateTask;
    type Output = Translation;

    /// Returns the text in capital letters.
    fn run(&self, task: TranslateTask, steps: &dyn Steps) -> Result<Translation, Fault> {
        self.0.obey(&task.text, steps)?;
        Ok(Translation {
            text: task.text.to_uppercase(),
        })
    }
}

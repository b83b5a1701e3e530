//! `vocabox listen`: transcribes what arrives on standard input while it arrives, without a server.

use std::io::{ErrorKind, IsTerminal, Read, Write};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use clap::ValueEnum;
use serde_json::json;

use super::listen_head::{HeadRead, SoundHead, read_head};
use super::logging::say;
use super::{CliError, output};
use crate::app::Installation;
use crate::capability::Capability;
use crate::config::{Common, Flags, ModelSettings};
use crate::end;
use crate::fault::Fault;
use crate::limits;
use crate::request::spoken_language::spoken_language;
use crate::scheduler::LaneShare;
use crate::services::live::{
    LiveCoding, LiveEvent, LiveOptions, LiveSession, SoundIntake, TurnSettings,
};
use crate::services::transcription::TranscriptionHints;

/// Bytes of one read: 0.1 s at 16 kHz.
const READ_BYTES: usize = 3_200;
/// Characters of a line that a terminal shows of what is still said: the end of it, so that the line does not break.
const LINE_CHARS: usize = 78;

/// Transcribe what arrives on standard input while it arrives: one channel of raw sound, or a WAV file.
#[derive(Debug, clap::Args)]
#[command(after_help = "From a microphone:\n  \
    arecord -q -f S16_LE -c 1 -r 16000 | vocabox listen\n  \
    parec --format=s16le --channels=1 --rate=16000 | vocabox listen\n\
From a stream or a film:\n  \
    ffmpeg -loglevel error -i FILE -f s16le -ac 1 -ar 16000 - | vocabox listen")]
pub struct ListenArgs {
    /// Samples a second of raw sound
    #[arg(long, value_name = "HZ", default_value_t = 16_000,
        value_parser = clap::value_parser!(u32).range(
            limits::AUDIO_RATE_HZ_MIN as i64..=limits::AUDIO_RATE_HZ_MAX as i64))]
    rate: u32,
    /// How samples of raw sound are written
    #[arg(long, value_enum, default_value = "s16le")]
    encoding: EncodingOption,
    /// Language, such as en, pt-BR, deu or Swahili, or auto to detect that of each utterance
    #[arg(long, value_name = "LANGUAGE", default_value = "auto")]
    language: String,
    /// Text that could come before: the transcript is spelled like it
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,
    /// Names and rare words that may be said, separated by commas
    #[arg(long, value_name = "WORDS")]
    keywords: Option<String>,
    /// Print an event a line, as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    models: Flags<ModelSettings>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EncodingOption {
    S16le,
    Mulaw,
    Alaw,
}

/// Transcribes until the end of standard input, or the first Ctrl-C; the second ends the process at once.
pub fn run(args: ListenArgs, common: &Common) -> Result<(), CliError> {
    let models = common.models(&args.models).map_err(CliError::Usage)?;
    let hints = TranscriptionHints::new(args.prompt.as_deref(), args.keywords.as_deref());
    let hints = hints.map_err(CliError::usage)?;
    let installation =
        Installation::open(&models, &[Capability::Transcribe]).map_err(CliError::usage)?;
    let language = spoken_language(&args.language, &installation.spoken_languages());
    let shows_parts = std::io::stdout().is_terminal();
    let options = LiveOptions {
        language: language.map_err(CliError::usage)?,
        hints,
        is_automatic: true,
        turns: TurnSettings::default(),
        // Words before the end of an utterance are computed only where they are shown.
        partials: shows_parts || args.json,
    };
    let service = installation.start_listening(models.settings.beam);
    let service = Arc::new(service.map_err(CliError::usage)?);
    let (told, events) = channel();
    let sink = {
        let told = Mutex::new(told.clone());
        Arc::new(move |event| {
            let told = told.lock().unwrap_or_else(PoisonError::into_inner);
            // The command may have ended.
            let _ = told.send(ListenMessage::Event(event));
        })
    };
    let opened = service.open(options, &LaneShare::command(), sink);
    let session = Arc::new(opened.map_err(CliError::usage)?);
    finish_at_signal(&session)?;
    let reader = Arc::clone(&session);
    // It is left behind when standard output is closed: nothing ends a read of standard input.
    thread::spawn(move || {
        if let Err(message) = feed(&reader, args.rate, args.encoding) {
            let _ = told.send(ListenMessage::Unreadable(message));
        }
        reader.finish();
    });
    let writer = ListenOutput {
        json: args.json,
        shows_parts,
        line: String::new(),
    };
    writer.write(&events)
}

/// Has the first signal end the session as the end of standard input does.
fn finish_at_signal(session: &Arc<LiveSession>) -> Result<(), CliError> {
    let session = Arc::clone(session);
    let mut signalled = false;
    ctrlc::set_handler(move || {
        if std::mem::replace(&mut signalled, true) {
            end::at_once(1);
        }
        session.finish();
    })
    .map_err(|e| CliError::Failed(format!("signals cannot be received: {e}")))
}

/// What the command's threads tell it.
enum ListenMessage {
    Event(LiveEvent),
    Unreadable(String),
}

/// Feeds standard input to the session, to its end. The error is one line.
fn feed(session: &LiveSession, rate_hz: u32, encoding: EncodingOption) -> Result<(), String> {
    let mut input = std::io::stdin().lock();
    let raw = SoundHead {
        coding: match encoding {
            EncodingOption::S16le => LiveCoding::Linear,
            EncodingOption::Mulaw => LiveCoding::MuLaw,
            EncodingOption::Alaw => LiveCoding::ALaw,
        },
        rate_hz,
    };
    let HeadRead { head, ahead } = read_head(&mut input, raw)?;
    let intake = SoundIntake::new(head.coding, head.rate_hz);
    let mut intake = intake.map_err(|fault| fault.to_string())?;
    intake.add(ahead);
    let mut block = vec![0; READ_BYTES];
    loop {
        pass_on(&mut intake, session).map_err(|fault| fault.to_string())?;
        match input.read(&mut block) {
            Ok(0) => break,
            Ok(bytes) => intake.add(block[..bytes].to_vec()),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(format!("standard input cannot be read: {e}")),
        }
    }
    let flushed = intake.flush();
    let passed = flushed.and_then(|()| pass_on(&mut intake, session));
    passed.map_err(|fault| fault.to_string())
}

fn pass_on(intake: &mut SoundIntake, session: &LiveSession) -> Result<(), Fault> {
    loop {
        let piece = intake.piece()?;
        if piece.is_empty() || !session.push(piece) {
            return Ok(());
        }
        intake.taken();
    }
}

/// Writes what is heard.
struct ListenOutput {
    json: bool,
    /// Whether words are shown before the end of their utterance.
    shows_parts: bool,
    /// What was told of the utterance that goes on.
    line: String,
}

impl ListenOutput {
    /// Writes until the session ends. Errors: standard output cannot be written, standard input could not be read, or an
    /// utterance was not transcribed.
    fn write(mut self, events: &Receiver<ListenMessage>) -> Result<(), CliError> {
        let mut wrong = None;
        for heard in events {
            match heard {
                ListenMessage::Unreadable(message) => wrong = Some(message),
                ListenMessage::Event(LiveEvent::Finished) => break,
                ListenMessage::Event(LiveEvent::Broken(fault)) => {
                    return Err(CliError::Failed(fault.to_string()));
                }
                ListenMessage::Event(LiveEvent::Failed { fault, .. }) => {
                    say(&format!("an utterance was not transcribed: {fault}"));
                    wrong = Some("not every utterance was transcribed".to_owned());
                }
                ListenMessage::Event(event) if self.json => self.write_json(&event)?,
                ListenMessage::Event(event) => self.write_text(&event)?,
            }
        }
        // What the reader tells comes before the end, which it causes.
        wrong.map_or(Ok(()), |message| Err(CliError::Failed(message)))
    }

    fn write_json(&mut self, event: &LiveEvent) -> Result<(), CliError> {
        let seconds = |ms: u64| ms as f64 / 1_000.0;
        let line = match event {
            LiveEvent::Started { utterance, at_ms } => {
                json!({ "type": "started", "utterance": utterance, "at": seconds(*at_ms) })
            }
            LiveEvent::Ended { utterance, at_ms } => {
                json!({ "type": "ended", "utterance": utterance, "at": seconds(*at_ms) })
            }
            LiveEvent::Words { utterance, text } => {
                json!({ "type": "words", "utterance": utterance, "text": text })
            }
            LiveEvent::Completed(heard) => json!({
                "type": "completed", "utterance": heard.utterance, "transcript": heard.text,
                "duration_seconds": heard.seconds, "languages": heard.languages,
            }),
            _ => return Ok(()),
        };
        output::print(&line.to_string())
    }

    fn write_text(&mut self, event: &LiveEvent) -> Result<(), CliError> {
        match event {
            LiveEvent::Words { text, .. } if self.shows_parts => {
                self.line.push_str(text);
                let hidden = self.line.chars().count().saturating_sub(LINE_CHARS);
                let shown: String = self.line.chars().skip(hidden).collect();
                written(&format!("{CLEAR}{shown}"))
            }
            LiveEvent::Completed(heard) => {
                self.line.clear();
                let clear = if self.shows_parts { CLEAR } else { "" };
                match heard.text.is_empty() {
                    true => written(clear),
                    false => written(&format!("{clear}{}\n", heard.text)),
                }
            }
            _ => Ok(()),
        }
    }
}

/// Goes back to the start of a terminal's line, and clears it.
const CLEAR: &str = "\r\x1b[K";

fn written(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(output::unwritten)
}

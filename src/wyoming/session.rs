//! One connection of a Wyoming client, event by event.

use std::io::{self, BufReader, BufWriter, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::event::WyomingEvent;
use super::hearing::{HeardSound, TranscribeOptions};
use super::info::info;
use super::requests::{RequestRefusal, SessionRequests};
use super::speaking::{SpokenSound, StreamedText, tell, voice};
use crate::limits::{WRITE_SECONDS, WYOMING_IDLE_SECONDS_MAX};
use crate::store::AccountId;

/// What a connection has begun.
pub struct Session<'a> {
    requests: &'a SessionRequests,
    account: AccountId,
    sink: BufWriter<&'a TcpStream>,
    options: TranscribeOptions,
    sound: Option<HeardSound>,
    text: Option<StreamedText>,
}

/// Serves a connection to its end. Errors: those of the connection, and `InvalidData` for what is no event.
pub fn serve(stream: &TcpStream, requests: &SessionRequests, account: AccountId) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(WYOMING_IDLE_SECONDS_MAX)))?;
    stream.set_write_timeout(Some(Duration::from_secs(WRITE_SECONDS.default)))?;
    let mut source = BufReader::new(stream);
    let mut session = Session {
        requests,
        account,
        sink: BufWriter::new(stream),
        options: TranscribeOptions::default(),
        sound: None,
        text: None,
    };
    while let Some(event) = WyomingEvent::read(&mut source)? {
        // What has arrived meanwhile is spoken together.
        let is_last = source.buffer().is_empty();
        session.handle(&event, is_last)?;
        session.sink.flush()?;
    }
    Ok(())
}

impl Session<'_> {
    /// Does what an event asks for. Others than these are ignored, as the protocol wants it.
    fn handle(&mut self, event: &WyomingEvent, is_last: bool) -> io::Result<()> {
        match event.kind.as_str() {
            "describe" => self.describe(),
            "ping" => {
                let text = event.data.get("text").cloned().unwrap_or_default();
                WyomingEvent::new("pong", json!({ "text": text })).write(&mut self.sink)
            }
            "transcribe" => {
                self.options = TranscribeOptions::read(event);
                Ok(())
            }
            "audio-start" => match HeardSound::begin(event) {
                Ok(sound) => {
                    self.sound = Some(sound);
                    Ok(())
                }
                Err(why) => self.refuse(400, why),
            },
            "audio-chunk" => self.hear(event),
            "audio-stop" => self.transcribe(),
            // A client that streams a text sends it whole too, for servers that cannot stream.
            "synthesize" if self.text.is_none() => self.synthesize(event),
            "synthesize-start" => {
                let voice = voice(event, &self.requests.lifecycle.context.voices);
                self.text = Some(StreamedText::new(voice));
                Ok(())
            }
            "synthesize-chunk" => self.speak_on(event, is_last),
            "synthesize-stop" => self.speak_rest(),
            _ => Ok(()),
        }
    }

    fn describe(&mut self) -> io::Result<()> {
        match info(&self.requests.lifecycle.context, self.account) {
            Ok(info) => info.write(&mut self.sink),
            Err(fault) => self.refuse(500, fault.sentence.to_string()),
        }
    }

    fn hear(&mut self, event: &WyomingEvent) -> io::Result<()> {
        let Some(sound) = &mut self.sound else {
            return Ok(());
        };
        match sound.add(event) {
            Ok(()) => Ok(()),
            Err(why) => {
                self.sound = None;
                self.refuse(413, why)?;
                self.no_transcript()
            }
        }
    }

    fn transcribe(&mut self) -> io::Result<()> {
        let Some(sound) = self.sound.take() else {
            return Ok(());
        };
        match sound.transcript(&self.options, self.requests) {
            Ok(transcript) => transcript.write(&mut self.sink),
            Err(refusal) => {
                tell(&refusal, &mut self.sink)?;
                self.no_transcript()
            }
        }
    }

    /// The end of a transcription that failed: clients wait for it.
    fn no_transcript(&mut self) -> io::Result<()> {
        WyomingEvent::new("transcript", json!({ "text": "" })).write(&mut self.sink)
    }

    fn synthesize(&mut self, event: &WyomingEvent) -> io::Result<()> {
        let voice = voice(event, &self.requests.lifecycle.context.voices);
        let text = event.text("text").unwrap_or_default();
        let mut sound = SpokenSound::default();
        sound.speak(text, voice.as_deref(), self.requests, &mut self.sink)?;
        sound.end(&mut self.sink)
    }

    fn speak_on(&mut self, event: &WyomingEvent, is_last: bool) -> io::Result<()> {
        let Some(text) = &mut self.text else {
            return Ok(());
        };
        text.add(event.text("text").unwrap_or_default());
        match is_last || text.is_long() {
            true => speak(text, StreamedText::ready, self.requests, &mut self.sink),
            false => Ok(()),
        }
    }

    fn speak_rest(&mut self) -> io::Result<()> {
        let Some(mut text) = self.text.take() else {
            return Ok(());
        };
        speak(&mut text, StreamedText::rest, self.requests, &mut self.sink)?;
        text.sound.end(&mut self.sink)?;
        WyomingEvent::new("synthesize-stopped", Value::Null).write(&mut self.sink)
    }

    fn refuse(&mut self, status: u16, sentence: String) -> io::Result<()> {
        tell(&RequestRefusal { status, sentence }, &mut self.sink)
    }
}

/// Speaks what `next` takes of a text.
fn speak(
    text: &mut StreamedText,
    next: fn(&mut StreamedText) -> Option<String>,
    requests: &SessionRequests,
    sink: &mut impl Write,
) -> io::Result<()> {
    while let Some(part) = next(text) {
        (text.sound).speak(&part, text.voice.as_deref(), requests, sink)?;
        sink.flush()?;
    }
    Ok(())
}

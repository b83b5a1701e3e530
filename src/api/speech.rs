//! The workers that speak and transcribe, with what their packs say of themselves.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use super::voices::speaks;
use crate::audio::pcm::Clip;
use crate::engine::contract::{
    CancellationToken, SpeakTask, TranscribeTask, Transcript, Utterance,
};
use crate::engine::tts::blend::Blend;
use crate::engine::unknown_voice;
use crate::fault::{Fault, Kind};
use crate::pack::manifest::Voice;
use crate::work::places::Places;
use crate::work::pool::{LOOK, Pending, Pool};

/// The pack that speaks a voice.
pub struct Origin {
    /// What the pack calls itself, and its name, as history shows them.
    pub engine: String,
    pub model: String,
    pub rate_hz: u32,
    /// Other weights, other fingerprint.
    pub fingerprint: String,
    /// Whether its voices are tables that can be mixed.
    pub mixes: bool,
}

/// The voices of the packs that speak, and their workers.
pub struct Speaking {
    pub pool: Arc<Pool<SpeakTask, ()>>,
    /// One for each request that runs or waits.
    pub places: Places,
    /// What the first pack calls itself, and its name.
    pub engine: String,
    pub model: String,
    /// Where each voice comes from, by its id.
    pub origins: HashMap<String, Origin>,
    /// Voices whose language can be read aloud here.
    pub voices: Vec<Voice>,
}

/// What transcribes: a pack for every language, and others for the languages that they list.
pub struct Transcribing {
    /// One for each request that runs or waits.
    pub places: Places,
    /// Texts that are followed at once.
    pub beams: usize,
    pub general: Listening,
    pub specialists: Vec<Listening>,
}

/// The workers of a pack that transcribes.
pub struct Listening {
    pub pool: Pool<TranscribeTask, Transcript>,
    /// What the pack calls itself, and its name.
    pub engine: String,
    pub model: String,
    pub rate_hz: u32,
    /// Codes of the languages that it knows.
    pub languages: Vec<String>,
}

impl Transcribing {
    /// The specialist that lists the language `code`.
    pub fn specialist(&self, code: Option<&str>) -> Option<&Listening> {
        let lists = |l: &&Listening| l.languages.iter().any(|known| Some(known.as_str()) == code);
        self.specialists.iter().find(lists)
    }

    /// Codes of all languages that are known here.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        let all = std::iter::once(&self.general).chain(&self.specialists);
        all.flat_map(|l| &l.languages).map(String::as_str)
    }
}

/// What a `voice_id` names: a voice, or several blended.
pub struct Spoken<'a> {
    /// The voice, or the first of the blend.
    pub first: &'a Voice,
    /// For people: the names of all of them.
    pub name: String,
    pub origin: &'a Origin,
}

/// What a request says of how a cloned voice is to speak.
#[derive(Debug, Default)]
pub struct Controls {
    /// Code of the language that the text is in.
    pub language: Option<String>,
    /// 0 to 1 each.
    pub exaggeration: Option<f32>,
    pub cfg_weight: Option<f32>,
}

impl Speaking {
    /// A voice that reads `language` (such as `fr` or `en-gb`) for voices that no pack has. Fault: `Invalid` when none does.
    pub fn reader(&self, language: &str) -> Result<&Voice, Fault> {
        let mixes = |v: &&Voice| self.origins.get(&v.id).is_some_and(|o| o.mixes);
        let mut fitting = self.voices.iter().filter(mixes);
        let is_it = |v: &&Voice| v.language.eq_ignore_ascii_case(language);
        let exact = fitting.clone().find(is_it);
        exact
            .or_else(|| fitting.find(|v| speaks(&v.language, language)))
            .ok_or_else(|| {
                Fault::invalid(format!(
                    "language {language:?} is read by no voice of this box that a clone can speak by; GET /voice/voices lists them"
                ))
            })
    }

    /// Voices that read `language` (such as `fr` or `en-gb`).
    pub fn voices_of(&self, language: &str) -> impl Iterator<Item = &Voice> {
        self.voices
            .iter()
            .filter(move |v| speaks(&v.language, language))
    }

    /// `reader`, under another name.
    pub fn by<'a>(&'a self, reader: &'a Voice, name: String) -> Result<Spoken<'a>, Fault> {
        self.named(reader, name)
    }

    /// The voice with this id.
    pub fn voice(&self, id: &str) -> Option<&Voice> {
        self.voices.iter().find(|v| v.id == id)
    }

    /// What `voice_id` names. Faults: `Invalid` for a blend out of its bounds or across packs that cannot be mixed,
    /// `NotFound` when there is no such voice.
    pub fn spoken(&self, voice_id: &str) -> Result<Spoken<'_>, Fault> {
        let blend = match self.voice(voice_id) {
            Some(voice) => return self.named(voice, voice.name.clone()),
            None => Blend::parse(voice_id)?,
        };
        let voices = blend
            .voices()
            .map(|id| self.voice(id).ok_or_else(unknown_voice));
        let voices: Vec<&Voice> = voices.collect::<Result<_, _>>()?;
        let names: Vec<&str> = voices.iter().map(|v| v.name.as_str()).collect();
        let mixable = |v: &&Voice| self.origins.get(&v.id).is_some_and(|o| o.mixes);
        if !voices.iter().all(mixable) {
            return Err(Fault::invalid(
                "voice_id blends voices of an engine that cannot; those of kokoro can be blended",
            ));
        }
        self.named(voices[0], names.join(" + "))
    }

    /// Queues `utterance`; its sound comes as it is made. Faults: `Busy` when the queue is full.
    pub fn say(
        &self,
        utterance: Utterance,
        cancellation: &CancellationToken,
    ) -> Result<Saying, Fault> {
        let (sender, pieces) = sync_channel(PIECES_AHEAD_MAX);
        let outlet = Box::new(move |piece| {
            let unheard = |_| Fault::new(Kind::Cancelled, "Nobody listens any more.");
            sender.send(piece).map_err(unheard)
        });
        let pending = self
            .pool
            .queue(SpeakTask { utterance, outlet }, cancellation)?;
        Ok(Saying {
            pieces,
            pending: Some(pending),
            cancellation: cancellation.clone(),
            queued: Duration::ZERO,
            ran: Duration::ZERO,
        })
    }

    fn named<'a>(&'a self, first: &'a Voice, name: String) -> Result<Spoken<'a>, Fault> {
        let origin = self.origins.get(&first.id).ok_or_else(unknown_voice)?;
        Ok(Spoken {
            first,
            name,
            origin,
        })
    }
}

/// Pieces that a worker may be ahead of whoever sends them on.
const PIECES_AHEAD_MAX: usize = 2;

/// Speech that is being made. Dropping it ends it within a piece.
pub struct Saying {
    pieces: Receiver<Clip>,
    pending: Option<Pending<()>>,
    cancellation: CancellationToken,
    /// Time in the queue and in the engine, known at the end.
    pub queued: Duration,
    pub ran: Duration,
}

impl Saying {
    /// The next piece of sound, none at the end. Faults: those of [`Pool::run`].
    pub fn piece(&mut self) -> Result<Option<Clip>, Fault> {
        loop {
            match self.pieces.recv_timeout(LOOK) {
                Ok(piece) => return Ok(Some(piece)),
                Err(RecvTimeoutError::Timeout) => self.cancellation.check()?,
                // The task is over, and with it its outlet.
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if let Some(pending) = self.pending.take() {
            let done = pending.wait()?;
            (self.queued, self.ran) = (done.queued, done.ran);
        }
        Ok(None)
    }

    /// All of it. Faults: those of [`Saying::piece`], `Engine` when no sound was made.
    pub fn whole(&mut self) -> Result<Clip, Fault> {
        let mut pieces = Vec::new();
        while let Some(piece) = self.piece()? {
            pieces.push(piece);
        }
        Clip::joined(pieces).ok_or_else(|| Fault::engine("the engine made no sound"))
    }
}

//! Cloning: a recording of a speaker → a voice that sounds like them, as far as the stock voices reach.
//!
//! A request gets the best blend of stock voices that a few tries find; a thread goes on trying when no request needs the
//! workers, and gives the voice a better table whenever it has one. Knows no request and no status.
//!
//! | file | one idea |
//! | --- | --- |
//! | `reference` | a recording → the speech of one person, or why not |
//! | `clipping` | how much of a recording is clipped |
//! | `likeness` | what is measured of a voice, and how alike two are |
//! | `catalog` | the stock voices, measured once for a pack |
//! | `kriging` | guesses between what is known |
//! | `cholesky` | systems of linear equations, for `kriging` and `slope` |
//! | `search` | which blend to try next |
//! | `slope` | along which direction of prosody the pitch moves more |
//! | `probe` | speaks a try and measures it |
//! | `attempt` | the tries for one voice |
//! | `refiner` | goes on trying when no request needs the workers |

pub mod attempt;
pub mod catalog;
mod cholesky;
mod clipping;
mod kriging;
pub mod likeness;
pub mod probe;
pub mod reference;
mod refiner;
pub mod search;
mod slope;
#[cfg(test)]
mod toy_engines;

use std::sync::Arc;
use std::time::Duration;

use crate::audio::{Clip, Samples, encode};
use crate::engine::contract::CancellationToken;
use crate::fault::{Fault, Kind};
use crate::services::Priority;
use crate::services::speakers::SpeakerService;
use crate::store::{AccountId, ClonedStyle, ClonedVoice, Store, Utc, VoiceId};
use attempt::{Attempt, BestMatch};
use catalog::Catalog;
use probe::VoiceProbe;
use reference::ReferenceSpeech;
use refiner::Refiner;

/// Stock voices that a clone needs at least, and how long a request waits for them on a server that was just started.
const KNOWN_MIN: usize = 10;
const KNOWN_WAIT: Duration = Duration::from_secs(8);

/// Everything that clones.
pub struct Cloning {
    catalog: Arc<Catalog>,
    probe: Arc<VoiceProbe>,
    speakers: Arc<SpeakerService>,
    store: Arc<Store>,
    refiner: Refiner,
}

/// A voice that was just found.
pub struct NewClone {
    pub found: BestMatch,
    /// How it sounds.
    pub preview: Clip,
    /// The speech that it was made from, and the length of the recording that holds it.
    pub speech: Clip,
    pub recording_s: f64,
    attempt: Box<Attempt>,
}

/// What an account calls a voice that it clones.
pub struct CloneLabel {
    pub name: String,
    pub description: String,
    /// Code of the language that it reads unless told another.
    pub language: String,
}

impl Cloning {
    /// Starts the thread that measures the stock voices, then goes on with voices whose search was cut. Faults: `Internal` when
    /// it cannot be started.
    pub fn start(catalog: Catalog, probe: VoiceProbe, store: Arc<Store>) -> Result<Self, Fault> {
        let (catalog, probe) = (Arc::new(catalog), Arc::new(probe));
        let refiner = Refiner::start(catalog.clone(), probe.clone(), store.clone())?;
        Ok(Cloning {
            catalog,
            speakers: probe.speakers.clone(),
            probe,
            store,
            refiner,
        })
    }

    /// Fault: `Invalid` when `account` has `most` voices already.
    pub fn check_room(&self, account: AccountId, most: usize) -> Result<(), Fault> {
        self.store.check_voice_room(account, most)
    }

    /// A voice like the one in `recording`, which the worker that diarizes reads, one at a time; what is tried is spoken at
    /// `priority`. Faults: those of reading, those of `reference`, `Busy` on a server that was started a moment ago, and
    /// those of the services.
    pub fn hear(
        &self,
        recording: Box<dyn Samples>,
        priority: Priority,
        cancellation: &CancellationToken,
    ) -> Result<NewClone, Fault> {
        let diarize = |sound| self.speakers.diarize(sound, cancellation);
        let ReferenceSpeech {
            clip: speech,
            recording_s,
        } = reference::speech(recording, diarize)?;
        if !self.catalog.wait_known(KNOWN_MIN, KNOWN_WAIT) {
            return Err(Fault::new(
                Kind::Busy { retry_after_s: 20 },
                "The box was just started and is still measuring its stock voices. Try again in 20 s.",
            ));
        }
        let target = self.probe.measure(&speech, cancellation)?;
        let mut attempt = Attempt::new(&self.catalog, target)?;
        let (found, preview) = attempt.begin(&self.catalog, &self.probe, priority, cancellation)?;
        Ok(NewClone {
            found,
            preview,
            speech,
            recording_s,
            attempt: Box::new(attempt),
        })
    }

    /// Keeps `fresh` as a voice of `account` and goes on searching for a better table when no request needs the workers. The voice,
    /// and a WAV of how it sounds. Faults: `Invalid` when `account` has `most` voices already, and the store's.
    pub fn keep(
        &self,
        account: AccountId,
        label: CloneLabel,
        fresh: NewClone,
        most: usize,
    ) -> Result<(ClonedVoice, Vec<u8>), Fault> {
        let voice = ClonedVoice {
            id: VoiceId::new(),
            name: label.name,
            description: label.description,
            created_at: Utc::now(),
            style: ClonedStyle {
                nearest: fresh.found.nearest.id.clone(),
                language: label.language,
                table: String::new(),
                pace: fresh.found.pace,
                score: fresh.found.score,
                refined: false,
            },
            clip: String::new(),
        };
        let clip = encode::wav(&fresh.speech.samples, fresh.speech.rate_hz)?;
        let table = fresh.found.style_table.bytes();
        let voice = self.store.add_voice(account, voice, &table, &clip, most)?;
        let preview = encode::wav(&fresh.preview.samples, fresh.preview.rate_hz)?;
        self.refiner.add(account, voice.id, fresh.attempt);
        Ok((voice, preview))
    }

    /// Searches no more; what is left goes on at the next start. Does not wait for the last try.
    pub fn stop(&self) {
        self.refiner.stop();
    }
}

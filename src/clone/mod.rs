//! Cloning: a recording of a speaker → the most similar voice that can be blended from the stock voices.
//!
//! A request gets the best blend of stock voices that a few tries find; a thread continues the search beside the
//! requests, and gives the voice a better style table when it finds one. Knows neither requests nor status
//! codes.
//!
//! | file | one idea |
//! | --- | --- |
//! | `reference` | a recording → the speech of one person, or why not |
//! | `quality` | how noisy and how clipped a recording is |
//! | `clipping` | how much of a recording is clipped |
//! | `band` | how much of the spectrum a recording has |
//! | `likeness` | the measurements of a voice, and the likeness of two voices |
//! | `catalog` | the stock voices, measured once for a set of packs |
//! | `kriging` | predictions from what is measured |
//! | `cholesky` | systems of linear equations, for `kriging` and `slope` |
//! | `search` | which blend to try next |
//! | `slope` | the direction of prosody along which the pitch moves more |
//! | `probe` | speaks a try and measures it |
//! | `attempt` | the tries for one voice |
//! | `contest` | the last comparison with the best stock voice |
//! | `refiner` | the thread that continues searches beside the requests |

pub mod attempt;
pub mod band;
pub mod catalog;
mod cholesky;
mod clipping;
mod contest;
mod kriging;
pub mod likeness;
pub mod probe;
pub mod quality;
pub mod reference;
mod refiner;
pub mod search;
mod slope;
#[cfg(test)]
mod toy_engines;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::audio::encode::{self, Format};
use crate::audio::mark::SyntheticMark;
use crate::audio::{Clip, Samples};
use crate::engine::contract::{CancellationToken, Steps};
use crate::engine::diarization::ANY_SPEAKERS;
use crate::fault::{Fault, Kind};
use crate::scheduler::LaneShare;
use crate::scheduler::estimates::Work;
use crate::scheduler::lanes::Lanes;
use crate::services::speakers::SpeakerService;
use crate::store::{AccountId, ClonedStyle, ClonedVoice, Store, Utc, VoiceConsent, VoiceId};
use attempt::{Attempt, BestMatch};
use band::RecordingBand;
use catalog::Catalog;
use probe::VoiceProbe;
use quality::Quality;
use reference::{Others, ReferenceSpeech};
use refiner::Refiner;

/// Least number of measured stock voices for a clone, and how long a request waits for them after the server's start.
const KNOWN_MIN: usize = 10;
const KNOWN_WAIT: Duration = Duration::from_secs(8);

/// Makes and keeps cloned voices.
pub struct Cloning {
    catalog: Arc<Catalog>,
    probe: Arc<VoiceProbe>,
    speakers: Arc<SpeakerService>,
    /// One lane: whose recording is read.
    reading: Arc<Lanes>,
    store: Arc<Store>,
    /// Stock voices that were not measured at the start.
    unmeasured: usize,
    refiner: Refiner,
}

/// A voice that was found and is not kept yet.
pub struct NewClone {
    pub found: BestMatch,
    /// A sample of the voice.
    pub preview: Clip,
    /// The speech that the voice was made from, and, in `recording_s`, the length of the recording.
    pub speech: Clip,
    pub recording_s: f64,
    pub quality: Quality,
    attempt: Box<Attempt>,
}

/// What a client says of a clone.
pub struct CloneLabel {
    pub name: String,
    pub description: String,
    /// Code of the language that the voice reads by default.
    pub language: String,
    pub consent: Option<VoiceConsent>,
}

impl Cloning {
    /// Starts the thread that measures the stock voices and then continues interrupted searches. Faults: `Internal`
    /// when the thread cannot be started.
    pub fn start(catalog: Catalog, probe: VoiceProbe, store: Arc<Store>) -> Result<Self, Fault> {
        let (catalog, probe) = (Arc::new(catalog), Arc::new(probe));
        let measured = catalog.measured(RecordingBand::Wide);
        let unmeasured = measured.iter().filter(|voice| voice.is_none()).count();
        let refiner = Refiner::start(catalog.clone(), probe.clone(), store.clone())?;
        Ok(Cloning {
            catalog,
            speakers: probe.speakers.clone(),
            reading: Lanes::new(1),
            probe,
            store,
            unmeasured,
            refiner,
        })
    }

    /// The number of stock voices that were not measured at the start, and are being measured.
    pub fn unmeasured(&self) -> usize {
        self.unmeasured
    }

    /// Checks that `account` may add a voice. Faults: `Invalid` when it has `most` voices already, and those of the
    /// store.
    pub fn check_room(&self, account: AccountId, most: usize) -> Result<(), Fault> {
        self.store.check_voice_room(account, most)
    }

    /// Finds a voice like the one in `recording`, of one speaker unless `others` are left out; one recording is read at a time. All computing uses `share`. Faults:
    /// those of reading, those of `reference`, `Busy` while too few stock voices are measured after a start, and those of
    /// the services.
    pub fn hear(
        &self,
        recording: Box<dyn Samples>,
        others: Others,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<NewClone, Fault> {
        // A recording is held whole: one at a time.
        let asked = Instant::now();
        let alone = LaneShare {
            times: Arc::default(),
            ..share.clone()
        };
        let reading = (self.reading).enter(&alone, Work::Diarize, 0.0, cancellation)?;
        let turn = reading.seat();
        turn.next()?;
        share.times.add_queued(asked.elapsed());
        let diarize = |sound| (self.speakers).diarize(sound, ANY_SPEAKERS, share, cancellation);
        let is_said = |clip| (self.speakers).is_said(clip, share, cancellation);
        let ReferenceSpeech {
            clip: speech,
            recording_s,
            quality,
        } = reference::speech(recording, others, diarize, is_said)?;
        drop(turn);
        if !self.catalog.wait_known(KNOWN_MIN, KNOWN_WAIT) {
            return Err(Fault::new(
                Kind::Busy { retry_after_s: 20 },
                "The server was just started and is still measuring its stock voices. Try again in 20 s.",
            ));
        }
        let band = RecordingBand::of(&speech);
        let target = self.probe.measure(&speech, band, share, cancellation)?;
        let mut attempt = Attempt::new(&self.catalog, target, band)?;
        let (found, preview) = attempt.begin(&self.catalog, &self.probe, share, cancellation)?;
        Ok(NewClone {
            found,
            preview,
            speech,
            recording_s,
            quality,
            attempt: Box::new(attempt),
        })
    }

    /// Stores `fresh` as a voice of `account` and queues its search for a better style table. Returns the voice, and a
    /// sample of it as a WAV file. Faults: `Invalid` when `account` has `most` voices already, and those of the store.
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
                is_stock: fresh.found.is_stock,
                refined: false,
            },
            clip: String::new(),
            consent: label.consent,
        };
        let clip = encode::wav(&fresh.speech.samples, fresh.speech.rate_hz)?;
        let table = fresh.found.style_table.bytes();
        let voice = self.store.add_voice(account, voice, &table, &clip, most)?;
        let preview = encode::whole(
            Format::Wav,
            &fresh.preview.samples,
            fresh.preview.rate_hz,
            Some(SyntheticMark::Speech),
        )?;
        self.refiner.add(account, voice.id, fresh.attempt);
        Ok((voice, preview))
    }

    /// Stops searching; interrupted searches continue at the next start. Does not wait for the current try.
    pub fn stop(&self) {
        self.refiner.stop();
    }
}

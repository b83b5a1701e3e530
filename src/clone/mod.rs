//! Cloning: a recording of somebody → a voice that sounds like them, as far as the stock voices reach.
//!
//! A request gets the best blend of stock voices that a few tries find; a thread goes on trying when no request needs the
//! workers, and gives the voice a better table whenever it has one. Knows no request and no status.
//!
//! | file | one idea |
//! | --- | --- |
//! | `reference` | a recording → the speech of one person, or why not |
//! | `top` | how much of a recording is cut off |
//! | `likeness` | what is measured of a voice, and how alike two are |
//! | `catalog` | the stock voices, measured once for a pack |
//! | `kriging` | guesses between what is known |
//! | `cholesky` | systems of linear equations, for `kriging` and `slope` |
//! | `search` | which blend to try next |
//! | `slope` | along which direction of prosody the pitch moves more |
//! | `studio` | speaks a try and measures it |
//! | `attempt` | the tries for one voice |
//! | `refiner` | goes on trying when nobody waits |
//! | `sheets` | the tables used last, in memory |

pub mod attempt;
pub mod catalog;
mod cholesky;
mod kriging;
pub mod likeness;
pub mod reference;
mod refiner;
#[cfg(test)]
mod rehearsal;
pub mod search;
mod sheets;
mod slope;
pub mod studio;
mod top;

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use crate::audio::{Clip, Samples, decode, pcm};
use crate::engine::contract::{CancellationToken, Example};
use crate::engine::diarization::Diarized;
use crate::engine::tts::style::StyleTable;
use crate::fault::{Fault, Kind};
use crate::limits::CLONE_SECONDS_MAX;
use crate::store::{AccountId, ClonedVoice, Store, VoiceId};
use crate::work::pool::Pool;
use attempt::{Attempt, Found};
use catalog::Catalog;
use reference::Speech;
use refiner::Refiner;
use sheets::Sheets;
use studio::{Lane, Studio};

/// Stock voices that a clone needs at least, and how long a request waits for them on a box that was just started.
const KNOWN_MIN: usize = 10;
const KNOWN_WAIT: Duration = Duration::from_secs(8);

/// Everything that clones.
pub struct Cloning {
    catalog: Arc<Catalog>,
    studio: Arc<Studio>,
    ears: Pool<Box<dyn Samples>, Diarized>,
    sheets: Sheets,
    refiner: Refiner,
    /// Whether the workers that speak can take over what an example sounds like.
    gives_examples: bool,
}

/// A voice that was just found.
pub struct Fresh {
    pub found: Found,
    /// How it sounds.
    pub preview: Clip,
    /// The speech that it was made from, and the length of the recording that holds it.
    pub speech: Clip,
    pub recording_s: f64,
    attempt: Box<Attempt>,
}

impl Cloning {
    /// Starts the thread that measures the stock voices, then goes on with voices whose search was cut. Faults: `Internal` when
    /// it cannot be started.
    pub fn start(
        catalog: Catalog,
        studio: Studio,
        ears: Pool<Box<dyn Samples>, Diarized>,
        store: Arc<Store>,
        gives_examples: bool,
    ) -> Result<Self, Fault> {
        let (catalog, studio) = (Arc::new(catalog), Arc::new(studio));
        let refiner = Refiner::start(catalog.clone(), studio.clone(), store)?;
        Ok(Cloning {
            catalog,
            studio,
            ears,
            sheets: Sheets::default(),
            refiner,
            gives_examples,
        })
    }

    /// A voice like the one in `recording`, which the worker that diarizes reads, one at a time; it is found while a request
    /// waits, or when none does. Faults: those of reading, those
    /// of `reference`, `Busy` on a box that was started a moment ago, and those of the pools.
    pub fn hear(
        &self,
        recording: Box<dyn Samples>,
        lane: Lane,
        cancellation: &CancellationToken,
    ) -> Result<Fresh, Fault> {
        let diarize = |sound| Ok(self.ears.run(sound, cancellation)?.output);
        let Speech {
            clip: speech,
            recording_s,
        } = reference::speech(recording, diarize)?;
        if !self.catalog.wait_known(KNOWN_MIN, KNOWN_WAIT) {
            return Err(Fault::new(
                Kind::Busy { retry_after_s: 20 },
                "The box was just started and is still measuring its stock voices. Try again in 20 s.",
            ));
        }
        let target = self.studio.measure(&speech, cancellation)?;
        let mut attempt = Attempt::new(&self.catalog, target)?;
        let (found, preview) = attempt.begin(&self.catalog, &self.studio, lane, cancellation)?;
        Ok(Fresh {
            found,
            preview,
            speech,
            recording_s,
            attempt: Box::new(attempt),
        })
    }

    /// Goes on searching for a better table for `voice`, which was made from `fresh`, when nobody waits.
    pub fn refine(&self, account: AccountId, id: VoiceId, fresh: Fresh) {
        self.refiner.add(account, id, fresh.attempt);
    }

    /// Searches no more; what is left goes on at the next start. Does not wait for the last try.
    pub fn stop(&self) {
        self.refiner.stop();
    }

    /// What `voice` was made from, where the workers that speak can make something of it. Faults: as [`Cloning::style_table`].
    pub fn example(&self, store: &Store, voice: &ClonedVoice) -> Result<Option<Example>, Fault> {
        if !self.gives_examples {
            return Ok(None);
        }
        let wav = store.voice_file(voice.id, &voice.clip)?;
        let mut decoder = decode::open(Cursor::new(wav), CLONE_SECONDS_MAX)?;
        Ok(Some(Example {
            name: voice.clip.clone(),
            speech: Arc::new(pcm::read_all(&mut decoder)?),
        }))
    }

    /// The table of `voice`. Faults: `NotFound` when it was deleted or has another by now.
    pub fn style_table(
        &self,
        store: &Store,
        voice: &ClonedVoice,
    ) -> Result<Arc<StyleTable>, Fault> {
        let table = &voice.style.table;
        self.sheets.get(table, || store.voice_file(voice.id, table))
    }
}

//! What dubs one file without a server.

use std::path::Path;
use std::sync::Arc;

use super::Installation;
use super::dubbing::{SPOKEN, listen, stage, wants_english};
use super::installation::not_fetched;
use crate::dub::analyze::Listen;
use crate::dub::cast::Stage;
use crate::fault::Fault;
use crate::services::file_cache::Kept;
use crate::store::{Retention, Store};

/// Workers: lines are heard and spoken one after the other.
const WORKERS: usize = 1;
/// Tasks that wait for each: the search for a voice beside the lines.
const QUEUE: usize = 4;

/// Workers of its own, as a server has them.
pub struct Workshop {
    pub listen: Box<Listen>,
    /// As those of a server have it.
    pub wants_english: Box<dyn Fn(&str) -> bool + Send + Sync>,
    pub stage: Arc<dyn Stage>,
    /// Lines that were spoken before, for this file or any other.
    pub kept: Arc<Kept>,
}

impl Workshop {
    /// Loads what hears and what speaks. What is known of voices is read from `data_dir` and kept there, as a server's is; in
    /// `scratch` is what goes with the process. Faults: `Missing` when a pack is not fetched or cannot be loaded.
    pub fn open(
        installation: &Installation,
        data_dir: &Path,
        scratch: &Path,
        beams: usize,
    ) -> Result<Self, Fault> {
        let transcribing = installation.start_transcribing(WORKERS, QUEUE, beams)?;
        let transcribing =
            transcribing.ok_or_else(|| not_fetched("transcribes", "whisper-base"))?;
        let speaking = installation.start_speaking(WORKERS, QUEUE)?;
        let speaking = Arc::new(speaking.ok_or_else(|| not_fetched("speaks", "kokoro"))?);
        let store = Store::serve(scratch, Retention::default())?;
        std::fs::create_dir_all(data_dir).map_err(Fault::disk)?;
        let cloning =
            installation.start_cloning(Some(&speaking), &store, data_dir, WORKERS, QUEUE)?;
        let kept = Arc::new(Kept::open(data_dir.join("spoken"), SPOKEN)?);
        let cloning = cloning.map(Arc::new);
        Ok(Workshop {
            wants_english: wants_english(installation, &transcribing),
            listen: listen(Arc::new(transcribing)),
            stage: stage(&speaking, cloning.as_ref(), &store, &kept),
            kept,
        })
    }
}

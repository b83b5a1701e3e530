//! Who speaks when, and what a speaker is like.

use super::Capacity;
use crate::audio::pcm::{Clip, Samples};
use crate::engine::contract::{CancellationToken, Embed};
use crate::engine::diarization::{Diarize, Diarized};
use crate::fault::Fault;
use crate::work::pool::Pool;

/// The workers that tell speakers apart and those that embed them: one each, for a recording is read by one at a time.
pub struct SpeakerService {
    diarize: Pool<Box<dyn Samples>, Diarized>,
    embed: Pool<Clip, Vec<f32>>,
    build_diarize: DiarizeFactory,
}

/// Builds an engine that diarizes.
type DiarizeFactory = std::sync::Arc<dyn Fn() -> Result<Box<Diarize>, Fault> + Send + Sync>;

impl SpeakerService {
    /// Starts the workers. `capacity` is that of the service whose requests they serve. Faults: the first that a
    /// `build_…` returns, `Internal` when a thread cannot be started.
    pub fn start(
        capacity: Capacity,
        build_diarize: impl Fn() -> Result<Box<Diarize>, Fault> + Send + Sync + 'static,
        build_embed: impl Fn() -> Result<Box<Embed>, Fault> + Send + Sync + 'static,
    ) -> Result<Self, Fault> {
        let requests_max = capacity.requests_max();
        let build_diarize: DiarizeFactory = std::sync::Arc::new(build_diarize);
        let build = build_diarize.clone();
        Ok(SpeakerService {
            diarize: Pool::start("diarize", 1, requests_max, move || build())?,
            // Beside requests there is the thread that refines voices.
            embed: Pool::start("embed", 1, requests_max + 1, build_embed)?,
            build_diarize,
        })
    }

    /// Who speaks when in a short recording, on the worker that requests share. Faults: `Busy` when the queue is full;
    /// `Engine` when the engine failed or did not finish before the deadline of `cancellation`; `Cancelled`; `Invalid` for what
    /// cannot be decoded.
    pub fn diarize(
        &self,
        recording: Box<dyn Samples>,
        cancellation: &CancellationToken,
    ) -> Result<Diarized, Fault> {
        Ok(self.diarize.run(recording, cancellation)?.output)
    }

    /// The same of a recording that may last hours, on this thread and with an engine of its own: requests must not wait
    /// for it. Faults: those of [`SpeakerService::diarize`] but for the full queue, `Missing` when the engine cannot be
    /// loaded.
    pub fn diarize_long(
        &self,
        recording: Box<dyn Samples>,
        cancellation: &CancellationToken,
    ) -> Result<Diarized, Fault> {
        (self.build_diarize)()?.run(recording, cancellation)
    }

    /// The embedding of one speaker's `speech` at 16 kHz: 256 values, of length 1. Faults: as [`SpeakerService::diarize`].
    pub fn embed(&self, speech: Clip, cancellation: &CancellationToken) -> Result<Vec<f32>, Fault> {
        Ok(self.embed.run(speech, cancellation)?.output)
    }
}

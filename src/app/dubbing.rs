//! The jobs of dubbing, and whom they work with.

use std::sync::Arc;

use super::Installation;
use crate::api::dub::Jobs;
use crate::api::speech::Transcribing;
use crate::config;
use crate::dub::jobs::{Crew, Dubbing};
use crate::engine::contract::{TranscribeTask, Watch};
use crate::fault::Fault;
use crate::store::{JobRoom, Store};

/// The jobs, where there are packs for them. Faults: `Internal` when there is no thread to be had.
pub(super) fn start(
    installation: &Installation,
    transcribing: Option<&Arc<Transcribing>>,
    store: &Arc<Store>,
    options: &config::Serve,
) -> Result<Option<Jobs>, Fault> {
    let (Some(transcribing), Some(_), Some(_)) =
        (transcribing, &installation.embed, &installation.detect)
    else {
        return Ok(None);
    };
    let (loads, listens) = (installation.clone(), Arc::clone(transcribing));
    let listen = move |task: TranscribeTask, watch: &Watch| {
        let specialist = listens.specialist(task.language.as_deref());
        let listening = specialist.unwrap_or(&listens.general);
        listening.pool.run_idle(task, watch).map(|done| done.output)
    };
    let crew = Crew {
        diarizer: Box::new(move || loads.build_diarize()),
        listen: Box::new(listen),
        engine: transcribing.general.engine.clone(),
        model: transcribing.general.model.clone(),
        history_text: options.history_text,
    };
    Ok(Some(Jobs {
        dubbing: Dubbing::start(Arc::clone(store), crew, options.dub.job_hours)?,
        room: JobRoom {
            jobs_max: options.dub.jobs_max,
            bytes_max: options.dub.disk_bytes,
        },
    }))
}

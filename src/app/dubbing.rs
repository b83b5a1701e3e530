//! The jobs of dubbing, and whom they work with.

use std::sync::Arc;

use super::Installation;
use super::installation::GENERAL;
use super::stage::House;
use crate::api::dub::Jobs;
use crate::api::speech::{Speaking, Transcribing};
use crate::clone::Cloning;
use crate::config;
use crate::dub::analyze::Listen;
use crate::dub::cast::Stage;
use crate::dub::jobs::Dubbing;
use crate::dub::tasks::{Crew, Speaks};
use crate::engine::contract::{CancellationToken, TranscribeTask};
use crate::fault::Fault;
use crate::limits;
use crate::pack::Pack;
use crate::store::{JobRoom, Store};
use crate::work::kept::{Kept, Room};

/// What is written where nothing translates.
const ENGLISH: &str = "en";

/// Lines that were spoken, and voices that imitate speakers.
pub(super) const SPOKEN: Room = Room {
    files_max: limits::SPOKEN_FILES_MAX,
    bytes_max: limits::SPOKEN_BYTES_MAX,
};

/// The jobs, where there are packs for them. Faults: `Internal` when there is no thread to be had, or no folder.
pub(super) fn start(
    installation: &Installation,
    transcribing: Option<&Arc<Transcribing>>,
    speaking: Option<&Arc<Speaking>>,
    cloning: Option<&Arc<Cloning>>,
    store: &Arc<Store>,
    options: &config::Serve,
) -> Result<Option<Jobs>, Fault> {
    let (Some(transcribing), Some(_), Some(_)) =
        (transcribing, &installation.embed, &installation.detect)
    else {
        return Ok(None);
    };
    let kept = Arc::new(Kept::open(options.data_dir.join("spoken"), SPOKEN)?);
    let room = JobRoom {
        jobs_max: options.dub.jobs_max,
        bytes_max: options.dub.disk_bytes,
    };
    let stage = speaking.map(|speaking| stage(speaking, cloning, store, &kept));
    let speaks = speaking
        .zip(stage.as_ref())
        .map(|(speaking, stage)| Speaks {
            stage: Arc::clone(stage),
            kept,
            engine: speaking.engine.clone(),
            model: speaking.model.clone(),
        });
    let loads = installation.clone();
    let crew = Crew {
        diarizer: Box::new(move || loads.build_diarize()),
        listen: listen(Arc::clone(transcribing)),
        wants_english: wants_english(installation, transcribing),
        engine: transcribing.general.engine.clone(),
        model: transcribing.general.model.clone(),
        speaks,
        history_text: options.history_text,
        room,
    };
    Ok(Some(Jobs {
        dubbing: Dubbing::start(Arc::clone(store), crew, options.dub.job_hours)?,
        room,
        stage,
    }))
}

/// Transcribes when no request waits.
pub(super) fn listen(transcribing: Arc<Transcribing>) -> Box<Listen> {
    Box::new(
        move |language: Option<&str>,
              task: &mut dyn FnMut() -> TranscribeTask,
              cancellation: &CancellationToken| {
            let specialist = transcribing.specialist(language);
            let listening = specialist.unwrap_or(&transcribing.general);
            listening
                .pool
                .run_idle(task, cancellation)
                .map(|done| done.output)
        },
    )
}

/// What is said in a language that the pack for all languages knows is written in English too, unless there is a translator.
pub(super) fn wants_english(
    installation: &Installation,
    transcribing: &Transcribing,
) -> Box<dyn Fn(&str) -> bool + Send + Sync> {
    let known = transcribing.general.languages.clone();
    let can = transcribing.general.engine == GENERAL;
    let translators = installation.translators.clone();
    Box::new(move |language| {
        let knows = |p: &Pack| {
            let settings = p.manifest.translate.as_ref();
            settings.is_some_and(|t| t.knows(language, ENGLISH))
        };
        let is_other = language != ENGLISH && known.iter().any(|code| code == language);
        can && is_other && !translators.iter().any(knows)
    })
}

/// Speaks when no request waits.
pub(super) fn stage(
    speaking: &Arc<Speaking>,
    cloning: Option<&Arc<Cloning>>,
    store: &Arc<Store>,
    kept: &Arc<Kept>,
) -> Arc<dyn Stage> {
    Arc::new(House {
        speaking: Arc::clone(speaking),
        cloning: cloning.map(Arc::clone),
        store: Arc::clone(store),
        kept: Arc::clone(kept),
    })
}

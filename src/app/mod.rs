//! The only wiring: from settled options to loaded packs, running services and a listening server.

mod installation;
mod services;

use std::sync::Arc;

pub use installation::{Installation, open_ort};

use crate::admit::concurrency::KeyConcurrency;
use crate::api::cors::Origins;
use crate::api::lifecycle::Lifecycle;
use crate::api::{BodyCaps, Context};
use crate::config::{self, HistoryText};
use crate::dub::jobs::Dubbing;
use crate::dub::services::DubServices;
use crate::dub::tasks::JobContext;
use crate::dub::voices::DubVoices;
use crate::edge::{Bounds, Edge, EdgeConfig};
use crate::engine;
use crate::fault::Fault;
use crate::limits;
use crate::pack::manifest::Kind;
use crate::services::Capacity;
use crate::services::clones::ClonedVoices;
use crate::services::file_cache::{CacheLimits, FileCache};
use crate::services::previews::Previews;
use crate::store::{JobRoom, Retention, Store};

/// Previews that are kept.
const PREVIEWS: CacheLimits = CacheLimits {
    files_max: limits::PREVIEWS_MAX,
    bytes_max: u64::MAX,
};

/// A running server: its edge, and what its requests work with.
pub struct App {
    pub edge: Edge,
    pub context: Arc<Context>,
}

impl App {
    /// Opens the store, loads the models, then listens; nothing is served before all is there.
    /// Faults: `Missing`, with what is wrong and what to do.
    pub fn open(options: &config::Serve) -> Result<Self, Fault> {
        engine::graph::heap::fix_bounds();
        let origins = Origins::parse(&options.server.cors_origin).map_err(Fault::missing)?;
        let retention = Retention {
            items_max: options.server.history_max,
            days_max: options.server.history_days,
        };
        let store = Store::serve(&options.data_dir, retention)?;
        let kinds = [
            Kind::Speak,
            Kind::Transcribe,
            Kind::Detect,
            Kind::Embed,
            Kind::Translate,
        ];
        let installation = Installation::open(&options.models, &kinds)?;
        let capacity = Capacity {
            workers: options.server.workers,
            queue: options.server.queue,
        };
        let speech = match &installation.speak {
            Some(_) => Some(Arc::new(installation.start_speech(capacity)?)),
            None => None,
        };
        let transcription =
            installation.start_transcription(capacity, options.models.settings.beam)?;
        let transcription = transcription.map(Arc::new);
        let translation = installation.start_translation(capacity)?;
        let speakers = installation.start_speakers(capacity)?;
        warn_of_missing(&installation);
        let can_clone = installation.can_clone().is_ok();
        let clones = ClonedVoices::new(
            Arc::clone(&store),
            can_clone,
            installation.convert.is_some(),
        );
        let voices = Arc::new(installation.voice_catalog(Some(clones)));
        let data_dir = &options.data_dir;
        let cloning =
            installation.start_cloning(speech.as_ref(), speakers.as_ref(), &store, data_dir)?;
        let dub_services = match (&transcription, speakers) {
            (Some(transcription), Some(speakers)) => Some(DubServices {
                speakers,
                transcription: Arc::clone(transcription),
                into_english: installation.written_in_english(transcription),
                voices: match &speech {
                    Some(speech) => Some(DubVoices {
                        catalog: Arc::clone(&voices),
                        speech: Arc::clone(speech),
                        cloning: cloning.clone(),
                        cache: Arc::new(services::spoken(data_dir)?),
                    }),
                    None => None,
                },
            }),
            _ => None,
        };
        let dubbing = dub_services.map(|services| start_dubbing(services, &store, options));
        let previews = FileCache::open(data_dir.join("previews"), PREVIEWS)?;
        let context = Arc::new(Context {
            store,
            voices,
            speech,
            transcription,
            translation,
            dubbing: dubbing.transpose()?,
            previews: Previews::new(previews),
            cloning,
            clones_max: options.server.clones_max,
            require_clone_consent: options.server.require_clone_consent,
            spool_dir: options.data_dir.join("spool"),
            origins,
            body_caps: BodyCaps {
                json_bytes_max: options.edge.json_bytes,
                audio_bytes_max: options.edge.audio_bytes,
                video_bytes_max: options.edge.video_bytes,
            },
            device: installation.device(),
            history_text: options.server.history_text == HistoryText::On,
            log_content: options.server.log_content,
            drain: Arc::default(),
            concurrency: KeyConcurrency::new(options.server.concurrent_per_key),
        });
        let edge = EdgeConfig {
            listen: options.server.listen,
            spool_dir: options.data_dir.join("spool"),
            socket_dir: options.data_dir.join("socket"),
            handlers: options.handlers(),
            connections_max: options.edge.connections,
            connections_per_address_max: options.edge.connections_per_address,
        };
        let bounds = Bounds {
            head_bytes_max: options.edge.head_bytes,
            head: options.edge.head_seconds,
            idle: options.edge.idle_seconds,
            write_block: options.edge.write_seconds,
            answer: options.edge.answer_seconds,
            rate_min: options.edge.upload_rate,
            upload: options.edge.upload_seconds,
            memory_bytes_max: options.edge.memory_bytes,
            spool_bytes_max: options.edge.spool_bytes,
            ..Bounds::default()
        };
        let lifecycle = Lifecycle {
            context: context.clone(),
        };
        let edge = Edge::open(edge, bounds, Arc::new(lifecycle))
            .map_err(|e| Fault::missing("The box could not open its front door.").because(e))?;
        Ok(App { edge, context })
    }
}

/// Starts the thread of dubbing jobs. Faults: `Internal` when there is no thread to be had.
fn start_dubbing(
    services: DubServices,
    store: &Arc<Store>,
    options: &config::Serve,
) -> Result<Dubbing, Fault> {
    let context = JobContext {
        services,
        history_text: options.server.history_text == HistoryText::On,
        room: JobRoom {
            jobs_max: options.dub.jobs_max,
            bytes_max: options.dub.dub_disk,
        },
    };
    Dubbing::start(Arc::clone(store), context, options.dub.job_hours)
}

/// Says in the log which endpoints answer 503, and why.
fn warn_of_missing(installation: &Installation) {
    if installation.speak.is_none() {
        log::warn!(
            "no pack that speaks is fetched: /voice/tts answers 503; run scripts/fetch-models"
        );
    }
    if installation.transcribe.is_none() {
        log::warn!(
            "no pack that transcribes is fetched: /voice/stt answers 503; run scripts/fetch-models"
        );
    }
    if let Err(why) = installation.can_clone() {
        log::warn!("{why}: /voice/clone answers 503");
    }
}

//! The only wiring: from settled options to loaded packs, running workers and an open front door.

mod cloning;
mod dubbing;
mod installation;
mod stage;
mod translating;
mod workshop;

use std::sync::Arc;

pub use installation::{Installation, open_ort};
pub use workshop::Workshop;

use crate::api::cors::Origins;
use crate::api::lifecycle::Lifecycle;
use crate::api::{BodyCaps, Context};
use crate::config;
use crate::edge::{Bounds, Edge, EdgeConfig};
use crate::engine;
use crate::fault::Fault;
use crate::limits;
use crate::pack::manifest::Kind;
use crate::store::{Retention, Store};
use crate::work::kept::{Kept, Room};

/// Previews that are kept.
const PREVIEWS: Room = Room {
    files_max: limits::PREVIEWS_MAX,
    bytes_max: u64::MAX,
};

/// An open box: its front door, and what its requests work with.
pub struct App {
    pub edge: Edge,
    pub context: Arc<Context>,
}

impl App {
    /// Opens the store, loads the models, then the front door; nothing is served before all is there.
    /// Faults: `Missing`, with what is wrong and what to do.
    pub fn open(options: &config::Serve) -> Result<Self, Fault> {
        engine::graph::heap::fix_bounds();
        let origins = Origins::parse(&options.cors_origins).map_err(Fault::missing)?;
        let retention = Retention {
            items_max: options.history_max,
            days_max: options.history_days,
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
        let speaking = installation.start_speaking(options.workers, options.queue)?;
        let speaking = speaking.map(Arc::new);
        let beams = options.models.beam;
        let transcribing =
            installation.start_transcribing(options.workers, options.queue, beams)?;
        let translating = installation.start_translating(options.workers, options.queue)?;
        let cloning = installation.start_cloning(
            speaking.as_deref(),
            &store,
            &options.data_dir,
            options.workers,
            options.queue,
        )?;
        let (cloning, transcribing) = (cloning.map(Arc::new), transcribing.map(Arc::new));
        let jobs = dubbing::start(
            &installation,
            transcribing.as_ref(),
            speaking.as_ref(),
            cloning.as_ref(),
            &store,
            options,
        )?;
        let context = Arc::new(Context {
            store,
            speaking,
            transcribing,
            translating,
            jobs,
            previews: Kept::open(options.data_dir.join("previews"), PREVIEWS)?,
            cloning,
            clones_max: options.clones_max,
            require_clone_consent: options.require_clone_consent,
            spool_dir: options.data_dir.join("spool"),
            origins,
            body_caps: BodyCaps {
                json_bytes_max: options.edge.json_bytes,
                audio_bytes_max: options.edge.audio_bytes,
                video_bytes_max: options.edge.video_bytes,
            },
            device: installation.device(),
            history_text: options.history_text,
            log_content: options.log_content,
            underway: Arc::default(),
        });
        let edge = EdgeConfig {
            listen: options.listen,
            spool_dir: options.data_dir.join("spool"),
            socket_dir: options.data_dir.join("socket"),
            handlers: options.handlers(),
            connections_max: options.edge.connections,
            connections_per_address_max: options.edge.connections_per_address,
        };
        let bounds = Bounds {
            head_bytes_max: options.edge.head_bytes,
            head: options.edge.head,
            idle: options.edge.idle,
            write_block: options.edge.write,
            answer: options.edge.answer,
            rate_min: options.edge.upload_rate,
            upload: options.edge.upload,
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

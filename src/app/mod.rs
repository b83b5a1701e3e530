//! Wiring, which is only here: from resolved options to loaded packs, running services and a listening server.

mod installation;
mod services;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

pub use installation::{Installation, choose, find_ort, memory_need, speakers, start_ort};

use crate::admit::concurrency::KeyConcurrency;
use crate::admit::failed_keys::FailedKeys;
use crate::admit::key;
use crate::admit::operator::OperatorKey;
use crate::api::cors::Origins;
use crate::api::drain::DrainGate;
use crate::api::lifecycle::Lifecycle;
use crate::api::metrics_page::MetricsReaders;
use crate::api::models::PackRow;
use crate::api::policy::{CurrentPolicy, OperatorPolicy};
use crate::api::{BodyCaps, Context};
use crate::capability::Capability;
use crate::config::{self, HistoryText};
use crate::dub::jobs::Dubbing;
use crate::dub::services::DubServices;
use crate::dub::tasks::JobContext;
use crate::edge::{Bounds, Edge, EdgeConfig, EdgeError, EdgeSetup};
use crate::engine;
use crate::engine::graph::idle::IdleGraphs;
use crate::fault::{Fault, Kind};
use crate::limits;
use crate::memory;
use crate::metrics::Metrics;
use crate::pack::Pack;
use crate::provenance::ContentSigner;
use crate::services::Services;
use crate::services::clones::ClonedVoices;
use crate::services::file_cache::{CacheLimits, FileCache};
use crate::services::lexicons::Lexicons;
use crate::services::named_speakers::NamedSpeakers;
use crate::services::previews::Previews;
use crate::services::self_test::SelfTests;
use crate::store::{AccountId, JobRoom, KeyId, Retention, Store, StoreBounds, Utc};
use crate::wyoming::WyomingListener;
use rustix::process::{Resource, getrlimit};
use vocabox_base::budget::Budget;

/// Bounds of the previews on the disk.
const PREVIEWS: CacheLimits = CacheLimits {
    files_max: limits::PREVIEWS_MAX,
    bytes_max: u64::MAX,
};

/// Between two looks whether generations have ended.
const MEMORY_EVERY: Duration = Duration::from_secs(5);

/// A running server: its edge, and the context of its request handlers.
pub struct App {
    pub edge: Edge,
    /// For Wyoming clients, where they are served.
    pub wyoming: Option<WyomingListener>,
    pub context: Arc<Context>,
}

impl App {
    /// What puts those settings of options in force that may change while the server runs. Fault: `Missing`,
    /// with what is accepted.
    pub fn reloading(&self) -> impl Fn(&config::Serve) -> Result<(), Fault> + Send + 'static {
        let context = Arc::clone(&self.context);
        move |options| {
            context.policy.set(policy(options)?);
            Ok(())
        }
    }

    /// Opens the store, takes the address, loads the models, then listens: no request is answered before all have succeeded. Faults:
    /// `Missing` for packs, libraries or an address that cannot be used, with the repair in the cause; and those of the
    /// store and of the services.
    pub fn open(options: &config::Serve) -> Result<Self, Fault> {
        engine::graph::heap::fix_bounds();
        check_address_space(options.server.store_bytes, getrlimit(Resource::As).current)?;
        if !memory::keep_reserve() {
            return Err(Fault::missing(
                "The server may have too little memory to start: raise `ulimit -v`.",
            ));
        }
        let policy = policy(options)?;
        let metrics_readers =
            MetricsReaders::parse(&options.server.metrics).map_err(Fault::missing)?;
        let retention = Retention {
            items_max: options.server.history_max,
            bytes_max: options.server.history_bytes,
            days_max: options.server.history_days,
        };
        let bounds = StoreBounds {
            bytes_max: options.server.store_bytes,
            retention,
        };
        let operator_key = operator_key(options)?;
        let signer = signer(options)?;
        let store = Store::serve(&options.data_dir, bounds)?;
        let wyoming_key = wyoming_key(options, &store)?;
        let setup = set_up(options).map_err(refused)?;
        let mut installation = Installation::open(&options.models, Capability::ALL)?;
        let idle = options.server.unload_after.map(Duration::from_secs);
        let idle = idle.map(|unused| Arc::new(IdleGraphs::new(unused)));
        installation.graphs.idle = idle.clone();
        let capacity = installation.capacity(options.places());
        let beams = options.models.settings.beam;
        let sessions = options.server.realtime_sessions;
        let services = installation.start_services(&capacity, beams, sessions)?;
        warn_of_missing(&installation, &services);
        let can_clone = installation.can_clone().is_ok();
        let clones = ClonedVoices::new(
            Arc::clone(&store),
            can_clone,
            installation.convert.is_some(),
        );
        let voices = Arc::new(installation.voice_catalog(Some(clones)));
        // Before the search for clones' voices begins to compute.
        let self_tests = SelfTests::start(services.clone(), Arc::clone(&voices))?;
        let data_dir = &options.data_dir;
        let cloning = installation.start_cloning(&services, &store, data_dir)?;
        let lexicons = Lexicons::Accounts(Arc::clone(&store));
        let encoder = installation.embed.as_ref().map(Pack::fingerprint);
        let named_speakers = NamedSpeakers::new(Arc::clone(&store), encoder.unwrap_or_default());
        let voices_of = (&voices, &lexicons);
        let dubbing =
            installation.dub_services(&services, voices_of, cloning.as_ref(), data_dir)?;
        let dubbing = dubbing.map(|services| DubServices {
            named_speakers: Some(named_speakers.clone()),
            ..services
        });
        let dubbing =
            dubbing.map(|services| start_dubbing(services, signer.clone(), &store, options));
        let previews = FileCache::open(data_dir.join("previews"), PREVIEWS)?;
        let context = Arc::new(Context {
            lexicons,
            named_speakers,
            store,
            voices,
            services,
            dubbing: dubbing.transpose()?,
            previews: Previews::new(previews),
            cloning,
            policy: CurrentPolicy::new(policy),
            step_max: Duration::from_secs(options.server.step_seconds),
            // At the least bound, one account may still have the longest text.
            sound_memory: Budget::new(options.edge.sound_bytes, limits::SOUND_BYTES.min),
            spool_dir: options.data_dir.join("spool"),
            body_caps: BodyCaps {
                json_bytes_max: options.edge.json_bytes,
                audio_bytes_max: options.edge.audio_bytes,
                video_bytes_max: options.edge.video_bytes,
            },
            signer,
            self_tests,
            packs: pack_rows(&installation),
            metrics: metrics(&installation),
            metrics_readers,
            device: installation.device(),
            history_text: options.server.history_text == HistoryText::On,
            drain: Arc::default(),
            concurrency: KeyConcurrency::new(options.server.concurrent_per_key),
            failed_keys: FailedKeys::new(options.edge.failed_keys),
            operator_key,
        });
        let lifecycle = |key| {
            Arc::new(Lifecycle {
                context: Arc::clone(&context),
                key,
            })
        };
        let wyoming = match (options.server.wyoming, wyoming_key) {
            (Some(address), Some((key, account))) => {
                let listener = WyomingListener::open(address, lifecycle(Some(key)), account);
                Some(listener.map_err(|cause| not_listening(address, cause))?)
            }
            _ => None,
        };
        let edge = setup.open(lifecycle(None)).map_err(refused)?;
        give_memory_back(Arc::clone(&context.drain), idle)?;
        Ok(App {
            edge,
            wyoming,
            context,
        })
    }
}

/// The settings of `options` that may change while the server runs. Fault: `Missing`, with what is accepted.
fn policy(options: &config::Serve) -> Result<OperatorPolicy, Fault> {
    Ok(OperatorPolicy {
        clones_max: options.server.clones_max,
        require_clone_consent: options.server.require_clone_consent,
        public_catalog: options.server.public_catalog,
        log_content: options.server.log_content,
        mark_synthetic: options.mark_synthetic,
        origins: Origins::parse(&options.server.cors_origin).map_err(Fault::missing)?,
    })
}

/// The operator's key, where there is one. Fault: `Missing` for a file that holds none.
fn operator_key(options: &config::Serve) -> Result<Option<OperatorKey>, Fault> {
    let path = options.server.admin_key_file.as_deref();
    let key = path.map(OperatorKey::read).transpose();
    key.map_err(|why| Fault::missing(format!("option admin_key_file: {why}")))
}

/// What signs marked sound, where there is a key for it. Fault: `Missing` for a file that does not sign, and in a build that
/// cannot.
fn signer(options: &config::Serve) -> Result<Option<Arc<ContentSigner>>, Fault> {
    let Some(path) = options.c2pa_key.as_deref() else {
        return Ok(None);
    };
    let signer = ContentSigner::open(path)?;
    log::info!(
        "marked sound in WAV, MP3 and MP4 is signed as that of {}",
        signer.organization()
    );
    Ok(Some(Arc::new(signer)))
}

/// The key of Wyoming clients and its account, where they are served. Faults: `Missing` when the options name none that is in
/// force.
fn wyoming_key(
    options: &config::Serve,
    store: &Store,
) -> Result<Option<(KeyId, AccountId)>, Fault> {
    if options.server.wyoming.is_none() {
        return Ok(None);
    }
    let needed = |why: String| {
        Fault::missing(format!(
            "wyoming needs wyoming_key, the id of the key of all its clients, as `vocabox key list` tells it: {why}"
        ))
    };
    let text = options.server.wyoming_key.as_deref();
    let text = text.ok_or_else(|| needed("it is not set".to_owned()))?;
    let key_id: KeyId = text.parse().map_err(&needed)?;
    let identity = key::of_listener(store, key_id, Utc::now());
    let identity = identity.map_err(|fault| match fault.kind {
        Kind::Unauthorized => needed(fault.sentence.to_string()),
        _ => fault,
    })?;
    Ok(Some((key_id, identity.account.id)))
}

/// The fault of an address for Wyoming clients that cannot be used.
fn not_listening(address: SocketAddr, cause: io::Error) -> Fault {
    Fault::missing(format!(
        "The server cannot listen for Wyoming clients on {address}."
    ))
    .because(cause)
}

/// Bytes of address space that a server takes beside its store: with all packs 1.2 GiB once they were loaded, threads and
/// their heaps included.
const ADDRESS_SPACE_BYTES: u64 = 3 << 29;

/// Refuses to start with too little address space, which may be missing only when the models are loaded, or later. Faults:
/// `Missing`.
pub fn check_address_space(store_bytes: usize, bytes_max: Option<u64>) -> Result<(), Fault> {
    let need = store_bytes as u64 + ADDRESS_SPACE_BYTES;
    match bytes_max {
        Some(bytes_max) if bytes_max < need => Err(Fault::missing(format!(
            "This process may have {} MiB of address space, and needs about {} MiB, {} MiB of them for the store: raise \
             `ulimit -v` (LimitAS), or lower --store-bytes.",
            bytes_max >> 20,
            need >> 20,
            store_bytes >> 20
        ))),
        _ => Ok(()),
    }
}

/// Takes the address, and checks folders and limits.
fn set_up(options: &config::Serve) -> Result<EdgeSetup, EdgeError> {
    let edge = EdgeConfig {
        listen: options.server.listen,
        spool_dir: options.data_dir.join("spool"),
        socket_dir: options.data_dir.join("socket"),
        handlers: options.handlers(),
        threads_beside: options.speech_threads() + options.realtime_threads(),
        connections_max: options.edge.connections,
        connections_per_address_max: options.edge.connections_per_address,
        trusted_proxies: options.edge.trusted_proxy.clone(),
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
        body_bytes_max: options.edge.body_bytes(),
        ..Bounds::default()
    };
    EdgeSetup::new(edge, bounds)
}

/// Starts the thread that returns the memory of generations which have ended, and of graphs which are `idle`, to the system. It ends
/// with the process. Faults: `Internal` when it cannot be started.
fn give_memory_back(drain: Arc<DrainGate>, idle: Option<Arc<IdleGraphs>>) -> Result<(), Fault> {
    let mut seen = 0;
    let thread = thread::Builder::new().name("memory".to_owned());
    let spawned = thread.spawn(move || {
        loop {
            thread::sleep(MEMORY_EVERY);
            if let Some(idle) = &idle {
                idle.unload_unused();
            }
            let ended = drain.ended();
            if ended != std::mem::replace(&mut seen, ended) {
                engine::graph::heap::give_back();
            }
        }
    });
    spawned.map(drop).map_err(Fault::internal)
}

/// The fault of an edge that cannot be opened.
fn refused(error: EdgeError) -> Fault {
    let sentence = match error {
        EdgeError::Listen { .. } => "The server cannot listen on its address.",
        _ => "The server cannot start.",
    };
    Fault::missing(sentence).because(error)
}

/// Starts the thread of dubbing jobs. Faults: `Internal` when it cannot be started.
fn start_dubbing(
    services: DubServices,
    signer: Option<Arc<ContentSigner>>,
    store: &Arc<Store>,
    options: &config::Serve,
) -> Result<Dubbing, Fault> {
    let context = JobContext {
        services,
        signer,
        history_text: options.server.history_text == HistoryText::On,
        room: JobRoom {
            jobs_max: options.dub.jobs_max,
            bytes_max: options.dub.dub_disk,
            hours_max: options.dub.dub_hours,
        },
    };
    Dubbing::start(Arc::clone(store), context, options.dub.job_hours)
}

/// The packs of this installation, for those who ask for them.
fn pack_rows(installation: &Installation) -> Vec<PackRow> {
    let row = |pack| PackRow::of(pack, installation.device_of(pack));
    installation.packs().map(row).collect()
}

/// The metrics of a server with these packs.
fn metrics(installation: &Installation) -> Arc<Metrics> {
    let metrics = Metrics::default();
    let packs = installation.packs().map(|pack| {
        let device = installation.device_of(pack).to_string();
        (pack.manifest.engine.as_str(), pack.name(), device)
    });
    let packs: Vec<_> = packs.collect();
    metrics.describe(installation.onnxruntime.as_deref(), &packs);
    Arc::new(metrics)
}

/// Says in the log which endpoints answer 503, and why.
fn warn_of_missing(installation: &Installation, services: &Services) {
    for capability in Capability::ALL {
        let row = capability.row();
        if let Some(endpoint) = row.endpoint
            && services.models(*capability).is_empty()
        {
            let does = row.does;
            log::warn!(
                "no pack that {does} is fetched: {endpoint} answers 503; run scripts/fetch-models"
            );
        }
    }
    if let Err(why) = installation.can_clone() {
        log::warn!("{why}: /voice/clone answers 503");
    }
}

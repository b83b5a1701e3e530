//! The only wiring: from settled options to loaded packs, running workers and an open front door.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::api::Context;
use crate::api::lifecycle::Lifecycle;
use crate::api::speech::{Origin, Speaking, Transcribing};
use crate::config;
use crate::edge::{Edge, EdgeConfig};
use crate::engine::contract::{Speak, Transcribe};
use crate::engine::net_ort::Ort;
use crate::engine::nets::{Nets, refused, variant_in_use};
use crate::engine::{self, Build, Chorus, library, wrong_engine};
use crate::fault::Fault;
use crate::limits;
use crate::pack::Pack;
use crate::pack::manifest::{Kind, Runtime, Voice};
use crate::store::Store;
use crate::work::places::Places;
use crate::work::pool::Pool;

/// The packs in use, verified, with the libraries that run them.
#[derive(Clone)]
pub struct Installation {
    pub speak: Option<Pack>,
    /// All packs that speak, in the order of [`Chorus::order`].
    speakers: Vec<Pack>,
    pub transcribe: Option<Pack>,
    detect: Option<Pack>,
    nets: Nets,
}

impl Installation {
    /// Chooses the packs of these `kinds`, checks their files and opens ONNX Runtime if one of them asks for it.
    /// Faults: `Missing`, with what is wrong and what to do in the cause.
    pub fn open(options: &config::Models, kinds: &[Kind]) -> Result<Self, Fault> {
        let packs = Pack::all(&options.models_dir).map_err(refused)?;
        let choose = |kind: Kind, named: Option<&String>| match kinds.contains(&kind) {
            true => choose(&packs, kind, named.map(String::as_str)),
            false => Ok(None),
        };
        let speak = choose(Kind::Speak, options.speak_pack.as_ref())?;
        let mut speakers: Vec<Pack> = match (&speak, &options.speak_pack) {
            (Some(_), None) => fetched(&packs, Kind::Speak),
            _ => speak.iter().cloned().collect(),
        };
        Chorus::order(&mut speakers);
        let transcribe = choose(Kind::Transcribe, options.transcribe_pack.as_ref())?;
        let detect = choose(Kind::Detect, None)?;
        let chosen = [&transcribe, &detect].into_iter().flatten();
        let chosen = chosen.chain(&speakers);
        let needs_ort = chosen
            .clone()
            .any(|p| p.manifest.runtime.unwrap_or(Runtime::Ort) == Runtime::Ort);
        for pack in chosen {
            engine::of(pack)?;
            pack.verify(variant_in_use(pack).as_deref(), false)
                .map_err(refused)?;
        }
        let ort = match needs_ort {
            true => Some(open_ort(options, &packs)?),
            false => None,
        };
        Ok(Installation {
            speak,
            speakers,
            transcribe,
            detect,
            nets: Nets { ort },
        })
    }

    /// Builds the engine of the packs that speak. Faults: `Missing` when none is fetched, or one cannot be loaded.
    pub fn build_speak(&self) -> Result<Box<Speak>, Fault> {
        match self.speak {
            Some(_) => Chorus::build(&self.speakers, &self.nets),
            None => Err(not_fetched("speaks", "kokoro")),
        }
    }

    /// Builds the engine of the pack that transcribes. Faults: as [`Installation::build_speak`].
    pub fn build_transcribe(&self) -> Result<Box<Transcribe>, Fault> {
        let pack = self.transcribe.as_ref();
        let pack = pack.ok_or_else(|| not_fetched("transcribes", "whisper-base"))?;
        let detector = self.detect.as_ref();
        let detector = detector.ok_or_else(|| not_fetched("detects speech", "silero-vad"))?;
        match engine::of(pack)? {
            Build::Transcribe(build) => build(pack, detector, &self.nets),
            _ => Err(wrong_engine(pack)),
        }
    }

    fn start_speaking(&self, workers: usize, queue: usize) -> Result<Option<Speaking>, Fault> {
        let Some(pack) = &self.speak else {
            log::warn!(
                "no pack that speaks is fetched: /voice/tts answers 503; run scripts/fetch-models"
            );
            return Ok(None);
        };
        let begun = Instant::now();
        let this = self.clone();
        let pool = Pool::start("speak", workers, queue, move || this.build_speak())?;
        log::info!(
            "pack {} loaded by {workers} workers in {:.1} s",
            pack.name(),
            begun.elapsed().as_secs_f64()
        );
        let voices = Chorus::voices(&self.speakers);
        let origin = |(voice, pack): &(&Voice, &Pack)| {
            let origin = Origin {
                engine: pack.manifest.engine.clone(),
                model: pack.name().to_owned(),
                rate_hz: pack.manifest.sample_rate_hz.unwrap_or(24_000),
            };
            (voice.id.clone(), origin)
        };
        Ok(Some(Speaking {
            pool,
            places: Places::new(workers + queue),
            engine: pack.manifest.engine.clone(),
            model: pack.name().to_owned(),
            origins: voices.iter().map(origin).collect(),
            voices: voices.into_iter().map(|(voice, _)| voice.clone()).collect(),
        }))
    }

    fn start_transcribing(
        &self,
        workers: usize,
        queue: usize,
    ) -> Result<Option<Transcribing>, Fault> {
        let Some(pack) = &self.transcribe else {
            log::warn!(
                "no pack that transcribes is fetched: /voice/stt answers 503; run scripts/fetch-models"
            );
            return Ok(None);
        };
        let begun = Instant::now();
        let this = self.clone();
        let pool = Pool::start("transcribe", workers, queue, move || {
            this.build_transcribe()
        })?;
        log::info!(
            "pack {} loaded by {workers} workers in {:.1} s",
            pack.name(),
            begun.elapsed().as_secs_f64()
        );
        Ok(Some(Transcribing {
            pool,
            places: Places::new(workers + queue),
            engine: pack.manifest.engine.clone(),
            model: pack.name().to_owned(),
            rate_hz: pack.manifest.sample_rate_hz.unwrap_or(16_000),
            languages: pack.manifest.languages.clone(),
        }))
    }
}

/// The fetched packs of `kind`.
fn fetched(packs: &[Pack], kind: Kind) -> Vec<Pack> {
    let fitting = |p: &&Pack| p.kind() == kind && p.is_fetched();
    packs.iter().filter(fitting).cloned().collect()
}

/// The pack of `kind` that is called `name`, else the first fetched one.
fn choose(packs: &[Pack], kind: Kind, name: Option<&str>) -> Result<Option<Pack>, Fault> {
    let mut fitting = packs.iter().filter(|p| p.kind() == kind);
    match name {
        None => Ok(fitting.find(|p| p.is_fetched()).cloned()),
        Some(name) => match fitting.clone().find(|p| p.name() == name) {
            Some(pack) => Ok(Some(pack.clone())),
            None => Err(Fault::missing(format!(
                "There is no pack {name} of this kind; there are: {}.",
                fitting.map(Pack::name).collect::<Vec<_>>().join(", ")
            ))),
        },
    }
}

/// Opens ONNX Runtime: the chosen, embedded, neighbouring or packed library.
pub fn open_ort(options: &config::Models, packs: &[Pack]) -> Result<Ort, Fault> {
    let runtime = packs.iter().find(|p| p.kind() == Kind::Runtime);
    let packed = match runtime.map(|p| (p, p.file("library", None))) {
        Some((pack, Ok(file))) => Some(pack.path(file)),
        _ => None,
    };
    let probed = library::find(options.onnxruntime_lib.as_deref(), packed.as_deref())?;
    log::info!("ONNX Runtime {} ({})", probed.version, probed.origin);
    Ort::open(&probed.path, options.cores, options.threads_per_worker)
}

fn not_fetched(what: &str, example: &str) -> Fault {
    Fault::missing(format!(
        "No pack that {what} is fetched. Run scripts/fetch-models {example}."
    ))
}

/// An open box: its front door, and what its requests work with.
pub struct App {
    pub edge: Edge,
    pub context: Arc<Context>,
}

impl App {
    /// Opens the store, loads the models, then the front door; nothing is served before all is there.
    /// Faults: `Missing`, with what is wrong and what to do.
    pub fn open(options: &config::Serve) -> Result<Self, Fault> {
        let store = Store::open(&options.data_dir)?;
        let kinds = [Kind::Speak, Kind::Transcribe, Kind::Detect];
        let installation = Installation::open(&options.models, &kinds)?;
        let speaking = installation.start_speaking(options.workers, options.queue)?;
        let transcribing = installation.start_transcribing(options.workers, options.queue)?;
        let spool_dir: PathBuf = options.data_dir.join("spool");
        let context = Arc::new(Context {
            store,
            speaking,
            transcribing,
            spool_dir: spool_dir.clone(),
            log_content: options.log_content,
            draining: AtomicBool::new(false),
        });
        let edge = EdgeConfig {
            listen: options.listen,
            spool_dir,
            socket_dir: options.data_dir.join("socket"),
            handlers: options.handlers(),
            connections_max: options.connections,
            connections_per_address_max: limits::CONNECTIONS_PER_ADDRESS_MAX
                .min(options.connections),
        };
        let lifecycle = Lifecycle {
            context: context.clone(),
        };
        let edge = Edge::open(edge, Arc::new(lifecycle))
            .map_err(|e| Fault::missing("The box could not open its front door.").because(e))?;
        Ok(App { edge, context })
    }
}

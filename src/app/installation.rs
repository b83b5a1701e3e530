//! The packs in use: which are chosen, what is loaded of them, and the workers that own it.

use std::sync::Arc;
use std::time::Instant;

use crate::api::speech::{Listening, Origin, Speaking, Transcribing};
use crate::config;
use crate::engine::contract::{Embed, Speak, Transcribe};
use crate::engine::diarization::{self, Diarize};
use crate::engine::graph::device::Device;
use crate::engine::graph::library;
use crate::engine::graph::loader::{GraphLoader, refused};
use crate::engine::graph::ort::Ort;
use crate::engine::tts::blend::Blend;
use crate::engine::{self, Build, VoiceRouter, wrong_engine};
use crate::fault::Fault;
use crate::pack::Pack;
use crate::pack::manifest::{Kind, Runtime, Voice};
use crate::work::places::Places;
use crate::work::pool::Pool;

/// The packs in use, verified, with the libraries that run them.
#[derive(Clone)]
pub struct Installation {
    pub speak: Option<Pack>,
    /// All packs that speak, in the order of [`VoiceRouter::order`].
    pub(super) speakers: Vec<Pack>,
    /// Transcribes what no specialist lists.
    pub transcribe: Option<Pack>,
    /// Packs that transcribe the languages that they list.
    pub(super) specialists: Vec<Pack>,
    pub(super) detect: Option<Pack>,
    pub(super) embed: Option<Pack>,
    /// Gives what is spoken the tone of somebody else.
    pub(super) convert: Option<Pack>,
    /// Packs that translate.
    pub(super) translators: Vec<Pack>,
    pub(super) graphs: GraphLoader,
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
        VoiceRouter::order(&mut speakers);
        let transcribe = choose(Kind::Transcribe, options.transcribe_pack.as_ref())?;
        let specialists = match &transcribe {
            Some(general) => specialists(&packs, general),
            None => Vec::new(),
        };
        let detect = choose(Kind::Detect, None)?;
        let embed = choose(Kind::Embed, None)?;
        let convert = match kinds.contains(&Kind::Speak) {
            true => fetched(&packs, Kind::Convert).into_iter().next(),
            false => None,
        };
        let chosen = [&transcribe, &detect, &embed, &convert];
        let chosen = chosen.into_iter().flatten();
        let translators = match kinds.contains(&Kind::Translate) {
            true => fetched(&packs, Kind::Translate),
            false => Vec::new(),
        };
        let chosen = chosen.chain(&speakers).chain(&specialists);
        let chosen = chosen.chain(&translators);
        let needs_ort = chosen
            .clone()
            .any(|p| p.manifest.runtime.unwrap_or(Runtime::Ort) == Runtime::Ort);
        let ort = match needs_ort {
            true => Some(open_ort(options, &packs)?),
            false => None,
        };
        let graphs = GraphLoader { ort };
        for pack in chosen {
            engine::of(pack)?;
            pack.verify(graphs.variant(pack).as_deref(), false)
                .map_err(refused)?;
        }
        Ok(Installation {
            speak,
            speakers,
            transcribe,
            specialists,
            detect,
            embed,
            convert,
            translators,
            graphs,
        })
    }

    /// What runs the models: a CUDA device, or the CPU.
    pub fn device(&self) -> Device {
        self.graphs.ort.as_ref().map_or(Device::Cpu, Ort::device)
    }

    /// Builds the engine of the packs that speak. Faults: `Missing` when none is fetched, or one cannot be loaded.
    pub fn build_speak(&self) -> Result<Box<Speak>, Fault> {
        if self.speak.is_none() {
            return Err(not_fetched("speaks", "kokoro"));
        }
        let router = VoiceRouter::build(&self.speakers, &self.graphs)?;
        let Some(pack) = &self.convert else {
            return Ok(router);
        };
        match engine::of(pack)? {
            Build::Convert(build) => Ok(build(pack, &self.graphs)?.over(router)),
            _ => Err(wrong_engine(pack)),
        }
    }

    /// The language of the voice that `voice_id` names, or of the first of a blend.
    pub fn language_of(&self, voice_id: &str) -> Option<String> {
        let blend = Blend::parse(voice_id).ok()?;
        let first = blend.voices().next()?;
        let voices = VoiceRouter::voices(&self.speakers);
        let voice = voices.iter().find(|(voice, _)| voice.id == first)?.0;
        Some(voice.language.clone())
    }

    /// Builds the engine that transcribes what no specialist lists. Faults: as [`Installation::build_speak`].
    pub fn build_transcribe(&self) -> Result<Box<Transcribe>, Fault> {
        self.build_transcribe_in(None)
    }

    /// Builds the engine for a language: that of the pack that lists it, else the general one.
    /// Faults: as [`Installation::build_speak`].
    pub fn build_transcribe_in(&self, language: Option<&str>) -> Result<Box<Transcribe>, Fault> {
        let lists = |p: &&Pack| {
            p.manifest
                .languages
                .iter()
                .any(|l| Some(l.as_str()) == language)
        };
        let pack = self.specialists.iter().find(lists);
        let pack = pack.or(self.transcribe.as_ref());
        self.build_listener(pack.ok_or_else(|| not_fetched("transcribes", "whisper-base"))?)
    }

    fn build_listener(&self, pack: &Pack) -> Result<Box<Transcribe>, Fault> {
        let detector = self.detect.as_ref();
        let detector = detector.ok_or_else(|| not_fetched("detects speech", "silero-vad"))?;
        match engine::of(pack)? {
            Build::Transcribe(build) => build(pack, detector, &self.graphs),
            _ => Err(wrong_engine(pack)),
        }
    }

    /// Builds the engine that tells who speaks when. Faults: as [`Installation::build_speak`].
    pub fn build_diarize(&self) -> Result<Box<Diarize>, Fault> {
        let detector = self.detect.as_ref();
        let detector = detector.ok_or_else(|| not_fetched("detects speech", "silero-vad"))?;
        diarization::build(self.embedding()?, detector, &self.graphs)
    }

    /// Builds the engine that embeds speakers. Faults: as [`Installation::build_speak`].
    pub fn build_embed(&self) -> Result<Box<Embed>, Fault> {
        let pack = self.embedding()?;
        match engine::of(pack)? {
            Build::Embed(build) => build(pack, &self.graphs),
            _ => Err(wrong_engine(pack)),
        }
    }

    fn embedding(&self) -> Result<&Pack, Fault> {
        let pack = self.embed.as_ref();
        pack.ok_or_else(|| not_fetched("embeds speakers", "speaker-ge2e"))
    }

    pub(super) fn start_speaking(
        &self,
        workers: usize,
        queue: usize,
    ) -> Result<Option<Speaking>, Fault> {
        let Some(pack) = &self.speak else {
            log::warn!(
                "no pack that speaks is fetched: /voice/tts answers 503; run scripts/fetch-models"
            );
            return Ok(None);
        };
        let begun = Instant::now();
        let this = self.clone();
        let depth = depth(workers, queue);
        let pool = Pool::start("speak", workers, depth, move || this.build_speak())?;
        log::info!(
            "pack {} loaded by {workers} workers in {:.1} s",
            pack.name(),
            begun.elapsed().as_secs_f64()
        );
        let voices = VoiceRouter::voices(&self.speakers);
        let origin = |(voice, pack): &(&Voice, &Pack)| {
            let origin = Origin {
                engine: pack.manifest.engine.clone(),
                model: pack.name().to_owned(),
                rate_hz: pack.manifest.sample_rate_hz.unwrap_or(24_000),
                fingerprint: pack.fingerprint(),
                mixes: engine::has_tables(pack),
            };
            (voice.id.clone(), origin)
        };
        Ok(Some(Speaking {
            pool: Arc::new(pool),
            places: Places::new(depth),
            engine: pack.manifest.engine.clone(),
            model: pack.name().to_owned(),
            origins: voices.iter().map(origin).collect(),
            voices: voices.into_iter().map(|(voice, _)| voice.clone()).collect(),
        }))
    }

    pub(super) fn start_transcribing(
        &self,
        workers: usize,
        queue: usize,
        beams: usize,
    ) -> Result<Option<Transcribing>, Fault> {
        let Some(pack) = &self.transcribe else {
            log::warn!(
                "no pack that transcribes is fetched: /voice/stt answers 503; run scripts/fetch-models"
            );
            return Ok(None);
        };
        let start = |pack: &Pack| self.start_listening(pack, workers, queue);
        Ok(Some(Transcribing {
            places: Places::new(depth(workers, queue)),
            beams,
            general: start(pack)?,
            specialists: self
                .specialists
                .iter()
                .map(start)
                .collect::<Result<_, _>>()?,
        }))
    }

    fn start_listening(
        &self,
        pack: &Pack,
        workers: usize,
        queue: usize,
    ) -> Result<Listening, Fault> {
        let begun = Instant::now();
        let (this, own) = (self.clone(), pack.clone());
        let depth = depth(workers, queue);
        let pool = Pool::start("transcribe", workers, depth, move || {
            this.build_listener(&own)
        })?;
        log::info!(
            "pack {} loaded by {workers} workers in {:.1} s",
            pack.name(),
            begun.elapsed().as_secs_f64()
        );
        Ok(Listening {
            pool,
            engine: pack.manifest.engine.clone(),
            model: pack.name().to_owned(),
            rate_hz: pack.manifest.sample_rate_hz.unwrap_or(16_000),
            languages: pack.manifest.languages.clone(),
        })
    }
}

/// Requests of a kind that may be in the house. The queue of its workers holds as many, and not only those that wait:
/// a request lies there, too, until an idle worker has woken up for it.
pub(super) fn depth(workers: usize, queue: usize) -> usize {
    workers + queue
}

/// The engine that takes any language.
pub(super) const GENERAL: &str = "whisper";

/// The fetched packs of `kind`.
fn fetched(packs: &[Pack], kind: Kind) -> Vec<Pack> {
    let fitting = |p: &&Pack| p.kind() == kind && p.is_fetched();
    packs.iter().filter(fitting).cloned().collect()
}

/// Fetched packs beside `general` that transcribe under a name of their own.
fn specialists(packs: &[Pack], general: &Pack) -> Vec<Pack> {
    let mut fetched = fetched(packs, Kind::Transcribe);
    fetched.retain(|p| p.manifest.engine != GENERAL && p.name() != general.name());
    fetched
}

/// The pack of `kind` that is called `name`, else the first fetched one, a general one before a specialist.
fn choose(packs: &[Pack], kind: Kind, name: Option<&str>) -> Result<Option<Pack>, Fault> {
    let fitting = packs.iter().filter(|p| p.kind() == kind);
    match name {
        None => {
            let is_general = |p: &&Pack| p.manifest.engine == GENERAL;
            let mut fetched = fitting.filter(|p| p.is_fetched());
            Ok(fetched.clone().find(is_general).or(fetched.next()).cloned())
        }
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
    let device: Device = options
        .device
        .parse()
        .map_err(|e: String| Fault::missing(e))?;
    let ort = Ort::open(
        &probed.path,
        options.cores,
        options.threads_per_worker,
        device,
    )?;
    log::info!("device {} (asked for: {device})", ort.device());
    Ok(ort)
}

pub(super) fn not_fetched(what: &str, example: &str) -> Fault {
    Fault::missing(format!(
        "No pack that {what} is fetched. Run scripts/fetch-models {example}."
    ))
}

//! The packs in use: choosing them, and building an engine from each.

use std::sync::Arc;

use crate::capability::Capability;
use crate::config;
use crate::engine::contract::{Embed, Speak, Transcribe, Translate};
use crate::engine::diarization::{self, Diarize};
use crate::engine::graph::device::Device;
use crate::engine::graph::library::{self, Probed};
use crate::engine::graph::loader::{GraphLoader, refused};
use crate::engine::graph::ort::Ort;
use crate::engine::live_detector::LiveDetector;
use crate::engine::speech_search::SpeechSearch;
use crate::engine::{self, Build, VoiceRouter, wrong_engine};
use crate::fault::Fault;
use crate::pack::Pack;
use crate::pack::defaults::PackDefaults;
use crate::pack::manifest::{PackKind, Runtime};
use crate::scheduler::lanes::Lanes;
use crate::services::transcription::GENERAL;
use vocabox_base::groups;

/// The chosen packs, verified, and the libraries that run their graphs.
#[derive(Clone)]
pub struct Installation {
    pub speak: Option<Pack>,
    /// All packs that speak, in the order of [`VoiceRouter::order`].
    pub(super) speakers: Vec<Pack>,
    /// The pack that transcribes languages that no specialist lists.
    pub transcribe: Option<Pack>,
    /// Specialists: packs that transcribe only the languages that they list.
    pub(super) specialists: Vec<Pack>,
    pub(super) detect: Option<Pack>,
    pub(super) embed: Option<Pack>,
    /// A second encoder of speakers, by which cloning compares voices as well.
    pub(super) compare: Option<Pack>,
    /// The pack that tells which speakers talk in a few seconds.
    pub(super) segment: Option<Pack>,
    /// The pack that converts the tone colour of speech into another speaker's.
    pub(super) convert: Option<Pack>,
    /// Packs that translate.
    pub(super) translators: Vec<Pack>,
    pub(super) graphs: GraphLoader,
    /// Version of ONNX Runtime, where a pack needs it.
    pub onnxruntime: Option<String>,
    /// Shared by all services.
    pub(super) lanes: Arc<Lanes>,
}

impl Installation {
    /// Chooses the packs of these `capabilities`, checks their files and opens ONNX Runtime if one of them asks for it.
    /// Faults: `Missing`, with what is wrong and what to do in the cause.
    pub fn open(options: &config::Models, capabilities: &[Capability]) -> Result<Self, Fault> {
        let packs = Pack::all(&options.models_dir).map_err(refused)?;
        let kinds = capabilities.iter().flat_map(|c| c.row().packs);
        let kinds: Vec<PackKind> = kinds.copied().collect();
        let defaults = PackDefaults::read(&options.models_dir).map_err(refused)?;
        let choose = |kind: PackKind, named: Option<&String>| match kinds.contains(&kind) {
            true => choose(
                &packs,
                kind,
                named.map(String::as_str).or(defaults.of(kind)),
            ),
            false => Ok(None),
        };
        let speak = choose(PackKind::Speak, options.settings.speak_pack.as_ref())?;
        let speakers: Vec<Pack> = match (&speak, &options.settings.speak_pack) {
            (Some(_), None) => speakers(&packs, &defaults),
            _ => speak.iter().cloned().collect(),
        };
        let transcribe = choose(
            PackKind::Transcribe,
            options.settings.transcribe_pack.as_ref(),
        )?;
        let specialists = match &transcribe {
            Some(general) => specialists(&packs, general),
            None => Vec::new(),
        };
        let detect = choose(PackKind::Detect, None)?;
        let embed = choose(PackKind::Embed, None)?;
        let compare = choose(PackKind::Compare, None)?;
        let segment = choose(PackKind::Segment, None)?;
        let convert = choose(PackKind::Convert, None)?;
        let chosen = [&transcribe, &detect, &embed, &compare, &segment, &convert];
        let chosen = chosen.into_iter().flatten();
        let mut translators = match kinds.contains(&PackKind::Translate) {
            true => fetched(&packs, PackKind::Translate),
            false => Vec::new(),
        };
        first(&mut translators, defaults.of(PackKind::Translate));
        let chosen = chosen.chain(&speakers).chain(&specialists);
        let chosen = chosen.chain(&translators);
        let needs_ort = chosen
            .clone()
            .any(|p| p.manifest.runtime.unwrap_or(Runtime::Ort) == Runtime::Ort);
        let (ort, onnxruntime) = match needs_ort {
            true => {
                let probed = find_ort(options, &packs)?;
                (Some(start_ort(options, &probed)?), Some(probed.version))
            }
            false => (None, None),
        };
        let graphs = GraphLoader { ort, idle: None };
        check_memory(chosen.clone(), &graphs, groups::memory_bytes_max())?;
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
            compare,
            segment,
            convert,
            translators,
            graphs,
            onnxruntime,
            lanes: Lanes::new(options.lanes()),
        })
    }

    /// Lets no further step start and waits for those that run: no engine is in use afterwards.
    pub fn close(&self) {
        self.lanes.close();
    }

    /// The device that runs the models: a CUDA device, or the CPU.
    pub fn device(&self) -> Device {
        self.graphs.ort.as_ref().map_or(Device::Cpu, Ort::device)
    }

    /// The packs that are loaded for a server.
    pub fn packs(&self) -> impl Iterator<Item = &Pack> {
        let alone = [
            &self.transcribe,
            &self.detect,
            &self.embed,
            &self.compare,
            &self.segment,
            &self.convert,
        ];
        let alone = alone.into_iter().flatten();
        let many = [&self.speakers, &self.specialists, &self.translators];
        many.into_iter().flatten().chain(alone)
    }

    /// The device that runs the graphs of `pack`.
    pub fn device_of(&self, pack: &Pack) -> Device {
        match pack.manifest.runtime {
            Some(Runtime::Tract) => Device::Cpu,
            Some(Runtime::Ort) | None => self.device(),
        }
    }

    /// Builds the engine that speaks, of all packs that speak. Faults: `Missing` when none is fetched, or one cannot be
    /// loaded.
    pub fn build_speak(&self) -> Result<Arc<dyn Speak>, Fault> {
        if self.speak.is_none() {
            return Err(missing(Capability::Speak));
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

    /// Builds the engine of the general pack that transcribes. Faults: as [`Installation::build_speak`].
    pub fn build_transcribe(&self) -> Result<Arc<dyn Transcribe>, Fault> {
        self.build_recognizer(self.transcriber(None)?)
    }

    /// The pack that transcribes `language`: the specialist that lists it, else the general one. Faults: `Missing` when
    /// no general one is fetched.
    pub(super) fn transcriber(&self, language: Option<&str>) -> Result<&Pack, Fault> {
        let lists = |p: &&Pack| {
            p.manifest
                .languages
                .iter()
                .any(|l| Some(l.as_str()) == language)
        };
        let pack = self.specialists.iter().find(lists);
        let pack = pack.or(self.transcribe.as_ref());
        pack.ok_or_else(|| missing(Capability::Transcribe))
    }

    /// Codes of the languages that the packs that transcribe know.
    pub fn spoken_languages(&self) -> Vec<&str> {
        let packs = self.transcribe.iter().chain(&self.specialists);
        let codes = packs.flat_map(|pack| &pack.manifest.languages);
        codes.map(String::as_str).collect()
    }

    /// Builds the engine of `pack`, which transcribes. Faults: `Missing` when it or the pack that detects speech cannot
    /// be loaded.
    pub(super) fn build_recognizer(&self, pack: &Pack) -> Result<Arc<dyn Transcribe>, Fault> {
        match engine::of(pack)? {
            Build::Transcribe(build) => build(pack, self.detector()?, &self.graphs),
            _ => Err(wrong_engine(pack)),
        }
    }

    /// Builds the engine that finds out whether something is said. Faults: `Missing` when the pack that detects speech cannot
    /// be loaded.
    pub(super) fn build_speech_search(&self) -> Result<SpeechSearch, Fault> {
        let pack = self.detector()?;
        match engine::of(pack)? {
            Build::Detect(build) => Ok(SpeechSearch::new(build(pack, &self.graphs)?)),
            _ => Err(wrong_engine(pack)),
        }
    }

    /// Builds the engine that hears where in a sound that still arrives there is speech. Faults: as
    /// [`Installation::build_speech_search`].
    pub(super) fn build_live_detector(&self) -> Result<LiveDetector, Fault> {
        let pack = self.detector()?;
        match engine::of(pack)? {
            Build::Detect(build) => Ok(LiveDetector::new(build(pack, &self.graphs)?)),
            _ => Err(wrong_engine(pack)),
        }
    }

    fn detector(&self) -> Result<&Pack, Fault> {
        let detector = self.detect.as_ref();
        detector.ok_or_else(|| not_fetched("detects speech", "silero-vad"))
    }

    /// Builds the engine that diarizes. Faults: as [`Installation::build_speak`].
    pub fn build_diarize(&self) -> Result<Arc<Diarize>, Fault> {
        let segmenter = self.segment.as_ref();
        let segmenter =
            segmenter.ok_or_else(|| not_fetched("separates speakers", "segmentation-pyannote"))?;
        diarization::build(self.embedding()?, segmenter, &self.graphs)
    }

    /// Builds the engine that embeds speakers. Faults: as [`Installation::build_speak`].
    pub fn build_embed(&self) -> Result<Arc<Embed>, Fault> {
        let pack = self.embedding()?;
        match engine::of(pack)? {
            Build::Embed(build) => build(pack, &self.graphs),
            _ => Err(wrong_engine(pack)),
        }
    }

    /// Builds the second encoder of speakers, if its pack is fetched. Faults: `Missing` when it cannot be loaded.
    pub fn build_compare(&self) -> Result<Option<Arc<Embed>>, Fault> {
        let Some(pack) = &self.compare else {
            return Ok(None);
        };
        match engine::of(pack)? {
            Build::Embed(build) => build(pack, &self.graphs).map(Some),
            _ => Err(wrong_engine(pack)),
        }
    }

    fn embedding(&self) -> Result<&Pack, Fault> {
        let pack = self.embed.as_ref();
        pack.ok_or_else(|| missing(Capability::Diarize))
    }

    /// The pack that translates from `source` into `target`. Faults: `Missing` when none is fetched.
    pub(super) fn translator(&self, source: &str, target: &str) -> Result<&Pack, Fault> {
        let knows = |p: &&Pack| {
            let settings = p.manifest.translate.as_ref();
            settings.is_some_and(|t| t.knows(source, target))
        };
        let row = Capability::Translate.row();
        let what = format!("{} from {source} into {target}", row.does);
        let pack = self.translators.iter().find(knows);
        pack.ok_or_else(|| not_fetched(&what, row.example_pack))
    }

    /// Builds the engine of `pack`, which translates. Faults: `Missing` when it cannot be loaded.
    pub(super) fn build_translator(&self, pack: &Pack) -> Result<Arc<Translate>, Fault> {
        match engine::of(pack)? {
            Build::Translate(build) => build(pack, &self.graphs),
            _ => Err(wrong_engine(pack)),
        }
    }
}

/// Refuses to load packs for which the control groups of this process leave too little memory: the kernel would kill it
/// without a word.
fn check_memory<'a>(
    packs: impl Iterator<Item = &'a Pack>,
    graphs: &GraphLoader,
    bytes_max: Option<u64>,
) -> Result<(), Fault> {
    let Some(bytes_max) = bytes_max else {
        return Ok(());
    };
    let loaded = |pack: &Pack| {
        let variant = graphs.variant(pack);
        let files = pack.manifest.files.iter();
        let files = files.filter(|f| f.is_of(variant.as_deref()));
        files.map(|f| f.size).sum::<u64>()
    };
    let need = memory_need(packs.map(loaded).sum());
    match bytes_max < need {
        true => Err(Fault::missing(format!(
            "The memory of this process is limited to {} MiB by its control group (memory.max, MemoryMax, --memory), and the \
             models alone need about {} MiB: raise the limit, or fetch fewer or smaller packs.",
            bytes_max >> 20,
            need >> 20
        ))),
        false => Ok(()),
    }
}

/// Bytes of memory without which models whose files have `file_bytes` cannot be loaded. The kernel killed a server with all
/// packs, of 347 MB, within 776 MB, and `speak` with two of 184 MB within 419 MB.
pub fn memory_need(file_bytes: u64) -> u64 {
    match file_bytes {
        0 => 0,
        bytes => bytes / 4 * 9 + (32 << 20),
    }
}

/// The fetched packs of `kind`.
fn fetched(packs: &[Pack], kind: PackKind) -> Vec<Pack> {
    let fitting = |p: &&Pack| p.kind() == kind && p.is_fetched();
    packs.iter().filter(fitting).cloned().collect()
}

/// Fetched packs other than `general` that transcribe with another engine than [`GENERAL`].
fn specialists(packs: &[Pack], general: &Pack) -> Vec<Pack> {
    let mut fetched = fetched(packs, PackKind::Transcribe);
    fetched.retain(|p| p.manifest.engine != GENERAL && p.name() != general.name());
    fetched
}

/// The fetched packs that speak, in the order in which a voice is looked up.
pub fn speakers(packs: &[Pack], defaults: &PackDefaults) -> Vec<Pack> {
    let mut speakers = fetched(packs, PackKind::Speak);
    VoiceRouter::order(&mut speakers);
    first(&mut speakers, defaults.of(PackKind::Speak));
    speakers
}

/// Puts the pack `name`, if it is there, before the others.
fn first(packs: &mut [Pack], name: Option<&str>) {
    packs.sort_by_key(|pack| Some(pack.name()) != name);
}

/// Returns the pack of `kind` that is called `name`, else the first fetched one, a general one before a specialist. Faults:
/// `Missing` when there is none of that name.
pub fn choose(packs: &[Pack], kind: PackKind, name: Option<&str>) -> Result<Option<Pack>, Fault> {
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

/// Finds the ONNX Runtime library as [`library::find`] chooses it. Faults: `Missing` when there is none, or it cannot be used.
pub fn find_ort(options: &config::Models, packs: &[Pack]) -> Result<Probed, Fault> {
    let runtime = packs.iter().find(|p| p.kind() == PackKind::Runtime);
    let packed = match runtime.map(|p| (p, p.file("library", None))) {
        Some((pack, Ok(file))) => Some(pack.folder.join(&file.path)),
        _ => None,
    };
    let chosen = options.settings.onnxruntime_lib.as_deref();
    library::find(chosen, packed.as_deref())
}

/// Opens ONNX Runtime of the library that was found, and the device of the options. Faults: `Missing` when one of them cannot
/// be used.
pub fn start_ort(options: &config::Models, probed: &Probed) -> Result<Ort, Fault> {
    log::info!("ONNX Runtime {} ({})", probed.version, probed.origin);
    let device: Device = options
        .settings
        .device
        .parse()
        .map_err(|e: String| Fault::missing(e))?;
    let ort = Ort::open(
        &probed.path,
        options.settings.threads.unwrap_or(options.cores),
        device,
    )?;
    log::info!("device {} (asked for: {device})", ort.device());
    Ok(ort)
}

/// The fault of a capability whose pack is not fetched.
pub(super) fn missing(capability: Capability) -> Fault {
    let row = capability.row();
    not_fetched(row.does, row.example_pack)
}

fn not_fetched(what: &str, example: &str) -> Fault {
    Fault::missing(format!(
        "No pack that {what} is fetched. Run scripts/fetch-models {example}."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_that_the_control_group_has_no_memory_for_are_refused_with_both_numbers() {
        let graphs = GraphLoader {
            ort: None,
            idle: None,
        };
        let models = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let packs = Pack::all(&models).unwrap();
        let packs = || packs.iter().filter(|pack| pack.name() == "silero-vad");
        let check = |bytes_max| check_memory(packs(), &graphs, bytes_max);
        check(None).unwrap();
        check(Some(1 << 40)).unwrap();
        let fault = check(Some(20 << 20)).unwrap_err();
        assert!(fault.sentence.contains("limited to 20 MiB"), "{fault}");
        assert!(fault.sentence.contains("need about 3"), "{fault}");
        // Without models, nothing is needed.
        check_memory(std::iter::empty(), &graphs, Some(1)).unwrap();
    }
}

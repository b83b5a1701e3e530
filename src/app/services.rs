//! Starts the services of an installation.

use std::collections::HashSet;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use super::installation::{Installation, missing};
use crate::capability::Capability;
use crate::clone::Cloning;
use crate::clone::catalog::{Catalog, MEASUREMENTS, StockVoice};
use crate::clone::probe::VoiceProbe;
use crate::dub::services::DubServices;
use crate::dub::voices::DubVoices;
use crate::engine::tts::kokoro::TableFile;
use crate::engine::{self, VoiceRouter, wrong_engine};
use crate::fault::Fault;
use crate::limits;
use crate::pack::Pack;
use crate::pack::manifest::Voice;
use crate::services::clones::ClonedVoices;
use crate::services::file_cache::{CacheLimits, FileCache};
use crate::services::lexicons::Lexicons;
use crate::services::live::LiveTranscription;
use crate::services::speakers::{SpeakerEncoders, SpeakerService};
use crate::services::speech::SpeechService;
use crate::services::speech_finder::SpeechFinder;
use crate::services::transcription::{Recognizer, RecognizerSettings, TranscriptionService};
use crate::services::translation::{TranslationService, Translator};
use crate::services::voices::{Origin, VoiceCatalog};
use crate::services::{Capacity, ModelName, Services};
use crate::store::{Store, StoreBounds};
use vocabox_base::folder::create_private;

/// Language of the sentences that cloning tries voices with.
const TRIED_IN: &str = "en-us";
/// Code of the language that recognizers can translate into.
const ENGLISH: &str = "en";

/// Bounds of the files of spoken lines and of imitated voices.
const SPOKEN: CacheLimits = CacheLimits {
    files_max: limits::SPOKEN_FILES_MAX,
    bytes_max: limits::SPOKEN_BYTES_MAX,
};

impl Installation {
    /// The capacity of a service with `places`.
    pub(super) fn capacity(&self, places: usize) -> Capacity {
        Capacity {
            lanes: Arc::clone(&self.lanes),
            places,
        }
    }

    /// The capacity of a command, which has no requests of accounts.
    pub fn command_capacity(&self) -> Capacity {
        self.capacity(0)
    }

    /// Starts the services whose packs are fetched, each with this `capacity`. Packs that speak are loaded beside the others: each
    /// kind takes half of the time. Faults: `Missing` when a pack cannot be loaded.
    pub(super) fn start_services(
        &self,
        capacity: &Capacity,
        beams: usize,
        sessions: usize,
    ) -> Result<Services, Fault> {
        thread::scope(|scope| {
            let speech = scope.spawn(|| match &self.speak {
                Some(_) => self.start_speech(capacity).map(|s| Some(Arc::new(s))),
                None => Ok(None),
            });
            let transcription = self.start_transcription(capacity, beams)?.map(Arc::new);
            let live = match &transcription {
                Some(transcription) => Some(Arc::new(
                    self.start_live(Arc::clone(transcription), sessions)?,
                )),
                None => None,
            };
            let translation = self.start_translation(capacity)?.map(Arc::new);
            let speakers = self.start_speakers(capacity)?;
            Ok(Services {
                lanes: Arc::clone(&self.lanes),
                speech: speech.join().unwrap_or_else(|panic| resume_unwind(panic))?,
                transcription,
                live,
                translation,
                speakers,
            })
        })
    }

    /// Loads the packs that speak. Faults: `Missing` when no pack for it is fetched or one cannot be loaded.
    pub fn start_speech(&self, capacity: &Capacity) -> Result<SpeechService, Fault> {
        let pack = self.speak.as_ref();
        let pack = pack.ok_or_else(|| missing(Capability::Speak))?;
        let engine = timed(pack, || self.build_speak())?;
        Ok(SpeechService::new(name(pack), engine, capacity))
    }

    /// The voices that the packs speak, and those of `clones`; empty while no pack that speaks is fetched.
    pub fn voice_catalog(&self, clones: Option<ClonedVoices>) -> VoiceCatalog {
        let voices = VoiceRouter::voices(&self.speakers).into_iter();
        let origin = |(voice, pack): (&Voice, &Pack)| {
            let origin = Origin {
                name: name(pack),
                rate_hz: pack.manifest.sample_rate_hz.unwrap_or(24_000),
                fingerprint: pack.fingerprint(),
                mixes: engine::has_tables(pack),
            };
            (voice.clone(), origin)
        };
        VoiceCatalog::new(voices.map(origin).collect(), clones)
    }

    /// Loads every pack that transcribes, none while none is fetched. Faults: `Missing` when one cannot be
    /// loaded.
    fn start_transcription(
        &self,
        capacity: &Capacity,
        beams: usize,
    ) -> Result<Option<TranscriptionService>, Fault> {
        let Some(pack) = &self.transcribe else {
            return Ok(None);
        };
        let start = |pack: &Pack| self.start_recognizer(pack, capacity);
        let general = start(pack)?;
        let specialists = self.specialists.iter().map(start);
        let specialists = specialists.collect::<Result<_, _>>()?;
        let finder = self.start_speech_finder(capacity)?;
        let service = TranscriptionService::new(general, specialists, finder, capacity, beams);
        Ok(Some(service))
    }

    /// Loads the pack that detects speech. Faults: `Missing` when it cannot be loaded.
    pub fn start_speech_finder(&self, capacity: &Capacity) -> Result<SpeechFinder, Fault> {
        Ok(SpeechFinder::new(self.build_speech_search()?, capacity))
    }

    /// Starts live transcription, of so many sessions at once. Faults: `Missing` when the pack that detects speech cannot be
    /// loaded.
    pub(super) fn start_live(
        &self,
        transcription: Arc<TranscriptionService>,
        sessions: usize,
    ) -> Result<LiveTranscription, Fault> {
        let capacity = self.capacity(sessions);
        let detector = self.build_live_detector()?;
        Ok(LiveTranscription::new(transcription, detector, &capacity))
    }

    /// Loads what a command needs to transcribe while it listens. Faults: `Missing` when no pack for it is fetched or one cannot
    /// be loaded.
    pub fn start_listening(&self, beams: usize) -> Result<LiveTranscription, Fault> {
        let transcription = self.start_transcription(&self.command_capacity(), beams)?;
        let transcription = transcription.ok_or_else(|| missing(Capability::Transcribe))?;
        self.start_live(Arc::new(transcription), 1)
    }

    /// Loads the pack for a language only, for commands. Faults: `Missing` when no pack for it is
    /// fetched or it cannot be loaded.
    pub fn start_recognizer_for(&self, language: Option<&str>) -> Result<Recognizer, Fault> {
        self.start_recognizer(self.transcriber(language)?, &self.command_capacity())
    }

    fn start_recognizer(&self, pack: &Pack, capacity: &Capacity) -> Result<Recognizer, Fault> {
        let settings = RecognizerSettings {
            name: name(pack),
            rate_hz: pack.manifest.sample_rate_hz.unwrap_or(16_000),
            languages: pack.manifest.languages.clone(),
        };
        let engine = timed(pack, || self.build_recognizer(pack))?;
        Ok(Recognizer::new(settings, engine, capacity))
    }

    /// Loads every pack that translates. None while none is fetched: nothing but dubbing asks for one.
    /// Faults: `Missing` when one cannot be loaded.
    fn start_translation(&self, capacity: &Capacity) -> Result<Option<TranslationService>, Fault> {
        let start = |pack: &Pack| self.start_translator(pack, capacity);
        let translators = self.translators.iter().map(start);
        let translators: Vec<Translator> = translators.collect::<Result<_, _>>()?;
        let is_any = !translators.is_empty();
        Ok(is_any.then(|| TranslationService::new(translators, capacity)))
    }

    /// Starts the pack for a pair of languages only, for commands. Faults: `Missing` when no pack for it is fetched or it
    /// cannot be loaded.
    pub fn start_translator_for(&self, source: &str, target: &str) -> Result<Translator, Fault> {
        self.start_translator(self.translator(source, target)?, &self.command_capacity())
    }

    fn start_translator(&self, pack: &Pack, capacity: &Capacity) -> Result<Translator, Fault> {
        let settings = pack.manifest.translate.clone();
        let settings = settings.ok_or_else(|| wrong_engine(pack))?;
        let engine = timed(pack, || self.build_translator(pack))?;
        Ok(Translator::new(name(pack), settings, engine, capacity))
    }

    /// Loads the packs that tell speakers apart, none while a pack for it is not fetched. Faults: `Missing` when one cannot
    /// be loaded.
    fn start_speakers(&self, capacity: &Capacity) -> Result<Option<Arc<SpeakerService>>, Fault> {
        if self.embed.is_none() || self.segment.is_none() {
            return Ok(None);
        }
        let encoders = SpeakerEncoders {
            embed: self.build_embed()?,
            compare: self.build_compare()?,
        };
        let diarize = self.build_diarize()?;
        let finder = match &self.detect {
            Some(_) => Some(self.start_speech_finder(capacity)?),
            None => None,
        };
        let service = SpeakerService::new(diarize, encoders, finder, capacity);
        Ok(Some(Arc::new(service)))
    }

    /// Checks that the packs that cloning needs are fetched; the error says which is missing.
    pub(super) fn can_clone(&self) -> Result<(), &'static str> {
        if self.speak.is_none() || self.embed.is_none() || self.segment.is_none() {
            return Err("no pack that embeds or separates speakers is fetched");
        }
        match self.tried() {
            Some(_) => Ok(()),
            None => Err("no pack whose voices are tables is fetched"),
        }
    }

    /// Starts cloning; none while a pack that it needs is not fetched. Faults: `Engine` when a style table cannot be
    /// read, `Internal` when a thread cannot be started.
    pub(super) fn start_cloning(
        &self,
        services: &Services,
        store: &Arc<Store>,
        data_dir: &Path,
    ) -> Result<Option<Arc<Cloning>>, Fault> {
        let both = services.speech.as_ref().zip(services.speakers.as_ref());
        let both = both.zip(self.embed.as_ref());
        let (Some(((speech, speakers), embed)), Some((pack, reader))) = (both, self.tried()) else {
            return Ok(None);
        };
        let packs = [pack, embed].into_iter().chain(&self.compare);
        let models: Vec<String> = packs.map(|p| self.models_of(p)).collect();
        let shipped = pack.file(MEASUREMENTS, None).ok().map(|f| pack.path(f));
        let catalog = Catalog::open(stock(pack), &models, shipped.as_ref(), data_dir)?;
        let probe = VoiceProbe {
            speech: Arc::clone(speech),
            speakers: Arc::clone(speakers),
            reader,
        };
        let cloning = Cloning::start(catalog, probe, Arc::clone(store))?;
        Ok(Some(Arc::new(cloning)))
    }

    /// The first pack that speaks from style tables and has a voice of the language [`TRIED_IN`], and the id of that
    /// voice.
    fn tried(&self) -> Option<(&Pack, String)> {
        let mut packs = self.speakers.iter().filter(|p| engine::has_tables(p));
        packs.find_map(|p| Some((p, reader(p)?)))
    }

    /// Identifies the graphs of `pack` that run, and what their input is made with.
    fn models_of(&self, pack: &Pack) -> String {
        let variant = self.graphs.variant(pack);
        let is_voice = |path: &str| pack.manifest.voices.iter().any(|v| v.file == path);
        let files = pack.manifest.files.iter();
        let files = files.filter(|f| f.is_of(variant.as_deref()) && f.role != MEASUREMENTS);
        files
            .filter(|f| !is_voice(&f.path))
            .map(|f| format!("{} {}\n", f.role, f.sha256))
            .collect()
    }

    /// Codes of the languages that `transcription` writes in English, too: those that no pack translates.
    fn written_in_english(&self, transcription: &TranscriptionService) -> Vec<String> {
        let codes = transcription.writes_english_from().iter();
        let is_left = |code: &&String| *code != ENGLISH && self.translator(code, ENGLISH).is_err();
        codes.filter(is_left).cloned().collect()
    }

    /// Starts the services that a command needs to dub one file. Measured stock voices and spoken lines are read from
    /// `data_dir` and kept there, as a server's are; `scratch` holds a store that the caller deletes. Faults: `Missing`
    /// when a pack is not fetched or cannot be loaded, and those of writing to these folders.
    pub fn start_dubbing(
        &self,
        data_dir: &Path,
        scratch: &Path,
        beams: usize,
    ) -> Result<DubServices, Fault> {
        let transcription = self.start_transcription(&self.command_capacity(), beams)?;
        let transcription = transcription.ok_or_else(|| missing(Capability::Transcribe))?;
        let speech = self.start_speech(&self.command_capacity())?;
        let store = Store::serve(scratch, StoreBounds::default())?;
        // One that is there keeps its mode: it may hold more than this program's files.
        create_private(data_dir).map_err(Fault::disk)?;
        // One translator is started by itself, once it is known which.
        let services = Services {
            lanes: Arc::clone(&self.lanes),
            speech: Some(Arc::new(speech)),
            transcription: Some(Arc::new(transcription)),
            live: None,
            translation: None,
            speakers: self.start_speakers(&self.command_capacity())?,
        };
        let catalog = Arc::new(self.voice_catalog(None));
        let cloning = self.start_cloning(&services, &store, data_dir)?;
        let lexicons = Lexicons::of_command(data_dir);
        let voices_of = (&catalog, &lexicons);
        let dubbing = self.dub_services(&services, voices_of, cloning.as_ref(), data_dir)?;
        dubbing.ok_or_else(|| missing(Capability::Diarize))
    }

    /// What dubs with these services, none where one that it needs is not there. The lines and imitations that are kept are
    /// in `data_dir`. Faults: `Internal` when there is no such folder to be had.
    pub(super) fn dub_services(
        &self,
        services: &Services,
        (catalog, lexicons): (&Arc<VoiceCatalog>, &Lexicons),
        cloning: Option<&Arc<Cloning>>,
        data_dir: &Path,
    ) -> Result<Option<DubServices>, Fault> {
        let both = services
            .transcription
            .as_ref()
            .zip(services.speakers.as_ref());
        let Some((transcription, speakers)) = both else {
            return Ok(None);
        };
        let voices = match &services.speech {
            Some(speech) => Some(DubVoices {
                catalog: Arc::clone(catalog),
                lexicons: lexicons.clone(),
                speech: Arc::clone(speech),
                cloning: cloning.cloned(),
                cache: Arc::new(FileCache::open(data_dir.join(Store::SPOKEN), SPOKEN)?),
            }),
            None => None,
        };
        Ok(Some(DubServices {
            named_speakers: None,
            speakers: Arc::clone(speakers),
            transcription: Arc::clone(transcription),
            into_english: self.written_in_english(transcription),
            voices,
        }))
    }
}

fn name(pack: &Pack) -> ModelName {
    ModelName {
        engine: pack.manifest.engine.clone(),
        model: pack.name().to_owned(),
    }
}

/// Calls `start`, and logs how long loading `pack` took.
fn timed<S>(pack: &Pack, start: impl FnOnce() -> Result<S, Fault>) -> Result<S, Fault> {
    let begun = Instant::now();
    let service = start()?;
    log::info!(
        "pack {} loaded in {:.1} s",
        pack.name(),
        begun.elapsed().as_secs_f64()
    );
    Ok(service)
}

/// Id of a voice of `pack` that speaks the language [`TRIED_IN`].
fn reader(pack: &Pack) -> Option<String> {
    let voices = &pack.manifest.voices;
    let reads = voices.iter().find(|v| v.language == TRIED_IN);
    reads.map(|v| v.id.clone())
}

/// The voices of `pack`; of several voices with one file, the first.
fn stock(pack: &Pack) -> Vec<StockVoice> {
    let mut seen = HashSet::new();
    let manifest = &pack.manifest;
    let voices = manifest.voices.iter().filter(|v| seen.insert(&v.file));
    voices
        .map(|voice| StockVoice {
            id: voice.id.clone(),
            table: TableFile::of(pack, voice),
        })
        .collect()
}

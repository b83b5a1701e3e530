//! The list of engines: each is its file and its row in [`ENGINES`].

use std::sync::Arc;

use crate::contract::{Embed, Speak, Transcribe, Translate};
use crate::graph::loader::{self, GraphLoader};
#[cfg(debug_assertions)]
use crate::stub;
use crate::tts::{kokoro, style, tone_conversion, vits};
use crate::{asr, ge2e, segmentation, speaker, translation, vad};
use vocabox_base::fault::Fault;
use vocabox_pack::manifest::{Reads, Voice};
use vocabox_pack::{Pack, PackError};
use vocabox_text as text;

/// Builds an engine from its pack.
pub type BuildOne<E> = fn(&Pack, &GraphLoader) -> Result<Arc<E>, Fault>;

/// Builds an engine that transcribes from its pack and the pack of a speech detector.
pub type BuildTranscribe = fn(&Pack, &Pack, &GraphLoader) -> Result<Arc<dyn Transcribe>, Fault>;

/// The function that builds an engine of each capability from its pack.
#[derive(Clone, Copy)]
pub enum Build {
    Speak(BuildOne<dyn Speak>),
    Transcribe(BuildTranscribe),
    Detect(fn(&Pack, &GraphLoader) -> Result<vad::Silero, Fault>),
    Embed(BuildOne<Embed>),
    Segment(fn(&Pack, &GraphLoader) -> Result<segmentation::Segmenter, Fault>),
    Translate(BuildOne<Translate>),
    Convert(fn(&Pack, &GraphLoader) -> Result<tone_conversion::ToneConverter, Fault>),
}

/// Every engine, by the name that a pack gives in `engine`.
pub const ENGINES: &[(&str, Build)] = &[
    ("kokoro", Build::Speak(kokoro::build)),
    ("vits", Build::Speak(vits::build)),
    ("whisper", Build::Transcribe(asr::build)),
    // Whisper trained on other languages, under the name that the API uses.
    ("vocabanga", Build::Transcribe(asr::build)),
    ("silero", Build::Detect(vad::build)),
    ("campplus", Build::Embed(speaker::build)),
    ("ge2e", Build::Embed(ge2e::build)),
    ("pyannote", Build::Segment(segmentation::build)),
    ("marian", Build::Translate(translation::build)),
    ("m2m100", Build::Translate(translation::build)),
    ("nllb", Build::Translate(translation::build)),
    ("tone", Build::Convert(tone_conversion::build)),
    // In debug builds only: the tests use them for overload and faults.
    #[cfg(debug_assertions)]
    ("stub-speak", Build::Speak(stub::speak)),
    #[cfg(debug_assertions)]
    ("stub-transcribe", Build::Transcribe(stub::transcribe)),
    #[cfg(debug_assertions)]
    ("stub-translate", Build::Translate(stub::translate)),
];

/// Returns the engine that `pack` names. Faults: `Missing` when this build has none of that name.
pub fn of(pack: &Pack) -> Result<Build, Fault> {
    let name = pack.manifest.engine.as_str();
    match ENGINES.iter().find(|(engine, _)| *engine == name) {
        Some((_, build)) => Ok(*build),
        None => Err(Fault::missing(format!(
            "Pack {} asks for the engine {name}, which this build does not have; it has {}.",
            pack.name(),
            ENGINES
                .iter()
                .map(|(n, _)| *n)
                .collect::<Vec<_>>()
                .join(", ")
        ))),
    }
}

/// Whether the voices of `pack` are style tables, which can be blended.
pub fn has_tables(pack: &Pack) -> bool {
    // The stub counts where the tests give its voices tables.
    let is_stub = cfg!(debug_assertions) && pack.manifest.engine == "stub-speak";
    pack.manifest.engine == "kokoro" || (is_stub && has_whole_tables(pack))
}

fn has_whole_tables(pack: &Pack) -> bool {
    let is_whole = |f: &&vocabox_pack::manifest::FileEntry| f.size == 4 * style::TABLE as u64;
    pack.manifest.files.iter().any(|f| is_whole(&f))
}

/// Whether the engine of `pack` can read the language of its `voice` aloud.
pub fn reads(pack: &Pack, voice: &Voice) -> bool {
    let letters = pack
        .manifest
        .vits
        .is_some_and(|v| v.reads == Reads::Letters);
    letters || text::is_read(&voice.language)
}

/// Returns the refusal of a pack whose engine has another capability.
pub fn wrong_engine(pack: &Pack) -> Fault {
    loader::refused(PackError::Manifest {
        path: pack.folder.join("pack.toml"),
        why: format!("engine {} does not do what kind says", pack.manifest.engine),
    })
}

//! Engines: models that speak, transcribe, translate, detect speech and embed speakers.
//!
//! An engine is one file, written against [`net::Net`] and blind to the library that runs its graphs, plus its line
//! in [`ENGINES`].

pub mod blend;
mod chorus;
pub mod contract;
pub mod device;
pub mod diarize;
pub mod heap;
mod joined;
pub mod kokoro;
pub mod library;
mod logits;
mod manner;
pub mod net;
pub mod net_ort;
pub mod net_tract;
pub mod nets;
pub mod silero;
pub mod speaker;
#[cfg(debug_assertions)]
mod stub;
pub mod style;
pub mod tone;
mod translator;
mod vits;
pub mod whisper;

pub use chorus::Chorus;

use contract::{Embed, Speak, Transcribe, Translate};
use nets::Nets;
use vocabox_base::fault::Fault;
use vocabox_pack::manifest::{Reads, Voice};
use vocabox_pack::{Pack, PackError};
use vocabox_text as text;

/// How to build an engine of each capability from its pack.
#[derive(Clone, Copy)]
pub enum Build {
    Speak(fn(&Pack, &Nets) -> Result<Box<Speak>, Fault>),
    /// From its pack and the pack of a speech detector.
    Transcribe(fn(&Pack, &Pack, &Nets) -> Result<Box<Transcribe>, Fault>),
    Detect(fn(&Pack, &Nets) -> Result<silero::Silero, Fault>),
    Embed(fn(&Pack, &Nets) -> Result<Box<Embed>, Fault>),
    Translate(fn(&Pack, &Nets) -> Result<Box<Translate>, Fault>),
    Convert(fn(&Pack, &Nets) -> Result<tone::Tone, Fault>),
}

/// Every engine, by the name that a pack gives in `engine`.
pub const ENGINES: &[(&str, Build)] = &[
    ("kokoro", Build::Speak(kokoro::build)),
    ("vits", Build::Speak(vits::build)),
    ("whisper", Build::Transcribe(whisper::build)),
    // Whisper taught other languages, under the name that the API gives it.
    ("vocabanga", Build::Transcribe(whisper::build)),
    ("silero", Build::Detect(silero::build)),
    ("speaker", Build::Embed(speaker::build)),
    ("marian", Build::Translate(translator::build)),
    ("m2m100", Build::Translate(translator::build)),
    ("nllb", Build::Translate(translator::build)),
    ("tone", Build::Convert(tone::build)),
    // In debug builds only: the suite's way to overload and to faults.
    #[cfg(debug_assertions)]
    ("stub-speak", Build::Speak(stub::speak)),
    #[cfg(debug_assertions)]
    ("stub-transcribe", Build::Transcribe(stub::transcribe)),
    #[cfg(debug_assertions)]
    ("stub-translate", Build::Translate(stub::translate)),
];

/// The engine that `pack` names. Faults: `Missing` when this build has none of that name.
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

/// Whether the voices of `pack` are style tables, which can be mixed.
pub fn has_tables(pack: &Pack) -> bool {
    // The stub takes part where the suite gives its voices tables.
    let is_stub = cfg!(debug_assertions) && pack.manifest.engine == "stub-speak";
    pack.manifest.engine == "kokoro" || (is_stub && has_whole_tables(pack))
}

fn has_whole_tables(pack: &Pack) -> bool {
    let is_whole = |f: &&vocabox_pack::manifest::FileEntry| f.size == 4 * kokoro::TABLE as u64;
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

/// The refusal of a voice that is nowhere.
pub fn unknown_voice() -> Fault {
    Fault::not_found("voice_id names no voice of this box; GET /voice/voices lists them")
}

/// The refusal of a voice whose language has no reader here.
fn unread(voice: &str, language: &str) -> Fault {
    Fault::missing(format!(
        "voice_id {voice} speaks {language}, which this box cannot read aloud yet"
    ))
}

/// The refusal of a pack whose engine is of another kind.
pub fn wrong_engine(pack: &Pack) -> Fault {
    nets::refused(PackError::Manifest {
        path: pack.folder.join("pack.toml"),
        why: format!("engine {} does not do what kind says", pack.manifest.engine),
    })
}

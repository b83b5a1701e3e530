//! The voices of dubbed lines: stock voices, the accounts' clones, and imitations of speakers, which are kept in the
//! same cache as spoken lines.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::request::ScriptLine;
use crate::audio::Clip;
use crate::audio::pcm::ClipReader;
use crate::clone::Cloning;
use crate::clone::reference::Others;
use crate::engine::contract::{CancellationToken, Utterance};
use crate::engine::tts::style::{Style, StyleTable};
use crate::engine::unknown_voice;
use crate::fault::{Fault, Kind};
use crate::pack::manifest::Voice;
use crate::scheduler::LaneShare;
use crate::services::clones::not_installed;
use crate::services::file_cache::FileCache;
use crate::services::lexicons::Lexicons;
use crate::services::speech::SpeechService;
use crate::services::voices::VoiceCatalog;
use crate::store::{AccountId, Store, VoiceId};

/// Time between two attempts to clone while the service is busy.
const RETRY: Duration = Duration::from_secs(1);
/// Version of the code that imitates; a change that alters imitations raises it.
const MAKING: &str = "3";

/// A voice that can speak lines.
#[derive(Debug, Clone)]
pub struct DubVoice {
    /// The voice's name in the result: the id of a voice, or `source:` and the imitated speaker.
    pub voice_id: String,
    /// The settings of its speech, with an empty text.
    pub utterance: Utterance,
    /// Code of the language that it reads.
    pub language: String,
    /// `female`, `male`, or empty.
    pub gender: String,
    /// Identifies everything that determines how the voice sounds.
    pub identity: String,
}

/// Finds, imitates and speaks voices, in background tasks.
pub struct DubVoices {
    pub catalog: Arc<VoiceCatalog>,
    /// The pronunciations of the accounts.
    pub lexicons: Lexicons,
    pub speech: Arc<SpeechService>,
    /// None while a pack that cloning needs is not fetched.
    pub cloning: Option<Arc<Cloning>>,
    /// Spoken lines and imitations of earlier renders, in a folder for each account.
    pub cache: Arc<FileCache>,
}

impl DubVoices {
    /// The voice that `voice_id` names for `account`, to read `language`. Faults: `NotFound` for an unknown voice or
    /// one of another account; `Invalid` for a blend that cannot be made, or a language that a clone cannot read.
    pub fn named(
        &self,
        account: Option<AccountId>,
        voice_id: &str,
        language: &str,
    ) -> Result<DubVoice, Fault> {
        if VoiceId::is_like(voice_id) && self.cloning.is_none() {
            return Err(unknown_voice());
        }
        let voice = self.catalog.resolve(account, voice_id, Some(language))?;
        let utterance = voice.utterance();
        Ok(dub_voice(voice_id, utterance, voice.reader, voice.identity))
    }

    /// Checks that every speaker of `segments` can get a voice. Faults: those of [`DubVoices::named`] for a voice of
    /// `voice_map`; `Missing` when a speaker is not in it and no stock voice reads `language`.
    pub fn check(
        &self,
        account: AccountId,
        segments: &[ScriptLine],
        voice_map: &BTreeMap<String, String>,
        language: &str,
    ) -> Result<(), Fault> {
        for voice_id in voice_map.values() {
            self.named(Some(account), voice_id, language)?;
        }
        let is_named = |line: &ScriptLine| voice_map.contains_key(&line.speaker);
        match segments.iter().all(is_named) || !self.stock(language).is_empty() {
            true => Ok(()),
            false => Err(no_voice(language)),
        }
    }

    /// An imitation of the voice of `speech` (16 kHz) for `account`, to read `language`; its `voice_id` is empty. Faults:
    /// `Invalid` for speech that cannot be cloned, or a language that clones do not read; `Missing` without the packs that
    /// cloning needs.
    pub fn imitate(
        &self,
        account: Option<AccountId>,
        speech: &Clip,
        language: &str,
        cancellation: &CancellationToken,
    ) -> Result<DubVoice, Fault> {
        let cloning = self.cloning.as_ref().ok_or_else(not_installed)?;
        let reader = self.catalog.reader(language)?;
        let origin = self.catalog.origin(reader).ok_or_else(unknown_voice)?;
        let name = name(speech, &origin.fingerprint);
        let file = format!("{}/{name}", folder_of(account));
        let found = self.cache.find_or_make(&file, cancellation, || {
            let recording = || Box::new(ClipReader::from(speech.clone()));
            let fresh = until_known(cancellation, || {
                cloning.hear(
                    recording(),
                    Others::LeftOut,
                    &LaneShare::idle(),
                    cancellation,
                )
            })?;
            let mut bytes = fresh.found.pace.to_le_bytes().to_vec();
            bytes.extend(fresh.found.style_table.bytes());
            Ok(bytes)
        })?;
        let (pace, style_table) = found
            .split_first_chunk::<4>()
            .ok_or_else(|| Fault::internal("a kept imitation is empty"))?;
        let utterance = Utterance {
            voice: reader.id.clone(),
            speed: f32::from_le_bytes(*pace),
            style: Some(Style {
                style_table: Arc::new(StyleTable::parse(style_table)?),
                example: None,
                nearest: reader.id.clone(),
                exaggeration: None,
                cfg_weight: None,
            }),
            ..Utterance::default()
        };
        let identity = format!("{}\n{name}", reader.id);
        Ok(dub_voice("", utterance, reader, identity))
    }

    /// The stock voices that read `language`.
    pub fn stock(&self, language: &str) -> Vec<DubVoice> {
        let voices = self.catalog.reading(language);
        let stock = |voice: &Voice| self.named(None, &voice.id, language).ok();
        voices.filter_map(stock).collect()
    }
}

fn dub_voice(voice_id: &str, utterance: Utterance, reader: &Voice, identity: String) -> DubVoice {
    DubVoice {
        voice_id: voice_id.to_owned(),
        utterance,
        language: reader.language.clone(),
        gender: reader.gender.to_lowercase(),
        identity,
    }
}

/// The folder in the cache of what was made of an account's texts and recordings: what one account sent must not shorten
/// the work for another, which could guess it by that. None is the command line.
pub fn folder_of(account: Option<AccountId>) -> String {
    account.map_or(Store::COMMAND.to_owned(), |id| id.to_string())
}

/// The fault of a language that no voice reads.
pub fn no_voice(language: &str) -> Fault {
    Fault::missing(format!(
        "No engine that speaks {language} is installed on this server."
    ))
}

/// Calls `ask` again while it returns `Busy`: a dub can wait, because no client waits for it.
fn until_known<T>(
    cancellation: &CancellationToken,
    ask: impl Fn() -> Result<T, Fault>,
) -> Result<T, Fault> {
    loop {
        match ask() {
            Err(fault) if matches!(fault.kind, Kind::Busy { .. }) => {
                cancellation.check()?;
                thread::sleep(RETRY);
            }
            answer => return answer,
        }
    }
}

/// The name of an imitation's cache file: a hash of everything that determines it.
fn name(speech: &Clip, fingerprint: &str) -> String {
    let mut hash = blake3::Hasher::new();
    for part in [env!("CARGO_PKG_VERSION"), MAKING, fingerprint] {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    for sample in &speech.samples {
        hash.update(&sample.to_le_bytes());
    }
    format!("{}.voice", hash.finalize().to_hex())
}

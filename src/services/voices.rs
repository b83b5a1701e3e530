//! From the id of a voice to the settings of its speech: the stock voices of the packs, blends of them, and the
//! accounts' clones.

use std::collections::HashMap;

use super::ModelName;
use super::clones::ClonedVoices;
use crate::engine::contract::Utterance;
use crate::engine::tts::blend::Blend;
use crate::engine::tts::style::Style;
use crate::engine::unknown_voice;
use crate::fault::Fault;
use crate::pack::manifest::Voice;
use crate::store::{AccountId, ClonedVoice, VoiceId};

/// The pack that speaks a voice.
#[derive(Debug, Clone)]
pub struct Origin {
    pub name: ModelName,
    pub rate_hz: u32,
    /// Identifies the content of the pack: other weights have another fingerprint.
    pub fingerprint: String,
    /// Whether the pack's voices are style tables, which can be blended.
    pub mixes: bool,
}

/// All voices that the server can speak.
#[derive(Default)]
pub struct VoiceCatalog {
    /// Stock voices whose language the packs can read aloud.
    stock: Vec<Voice>,
    /// The pack of each stock voice, by the voice's id.
    origins: HashMap<String, Origin>,
    clones: Option<ClonedVoices>,
}

/// A voice id that was resolved: the settings of its speech.
pub struct ResolvedVoice<'a> {
    /// The stock voice that speaks; for a blend its first voice, for a clone a voice that reads the clone's language.
    pub reader: &'a Voice,
    pub origin: &'a Origin,
    /// The name for display; for a blend the names of all its voices.
    pub name: String,
    /// The voice for the engine: the id of a stock voice, or a blend.
    id: String,
    /// Speaking rate as a factor of the reader's own.
    pace: f32,
    /// The style of a clone; none for other voices.
    style: Option<Style>,
    /// Identifies everything that determines how the voice sounds.
    pub identity: String,
}

impl ResolvedVoice<'_> {
    /// An utterance of this voice with default settings and an empty text.
    pub fn utterance(&self) -> Utterance {
        Utterance {
            voice: self.id.clone(),
            speed: self.pace,
            style: self.style.clone(),
            ..Utterance::default()
        }
    }
}

impl VoiceCatalog {
    /// The catalog of these stock voices and of `clones`, if given.
    pub fn new(stock: Vec<(Voice, Origin)>, clones: Option<ClonedVoices>) -> Self {
        let origin = |(voice, origin): &(Voice, Origin)| (voice.id.clone(), origin.clone());
        VoiceCatalog {
            origins: stock.iter().map(origin).collect(),
            stock: stock.into_iter().map(|(voice, _)| voice).collect(),
            clones,
        }
    }

    /// The stock voices.
    pub fn stock(&self) -> &[Voice] {
        &self.stock
    }

    /// The stock voice with this id.
    pub fn find(&self, id: &str) -> Option<&Voice> {
        self.stock.iter().find(|v| v.id == id)
    }

    /// The pack that speaks a stock voice.
    pub fn origin(&self, voice: &Voice) -> Option<&Origin> {
        self.origins.get(&voice.id)
    }

    /// Stock voices that read `language` (such as `fr` or `en-gb`).
    pub fn reading(&self, language: &str) -> impl Iterator<Item = &Voice> {
        self.stock
            .iter()
            .filter(move |v| speaks(&v.language, language))
    }

    /// A stock voice that reads `language`, for clones and imitations. Fault: `Invalid` when there is none.
    pub fn reader(&self, language: &str) -> Result<&Voice, Fault> {
        let mut fitting = self.stock.iter().filter(|v| self.mixes(v));
        let is_it = |v: &&Voice| v.language.eq_ignore_ascii_case(language);
        let exact = fitting.clone().find(is_it);
        exact
            .or_else(|| fitting.find(|v| speaks(&v.language, language)))
            .ok_or_else(|| {
                Fault::invalid(format!(
                    "language {language:?} is read by no voice of this server that a clone can speak by; GET /voice/voices lists them"
                ))
            })
    }

    /// The voice that `id` names for `account` (none for commands, which have no accounts). `language` is the language
    /// that a clone reads, by default its own; it does not affect other voices. Faults: `NotFound` when there is no
    /// such voice or it belongs to another account; `Invalid` for a blend out of its bounds or of voices that cannot be
    /// mixed, or for a language that a clone cannot read; `Missing` for a clone without the packs that cloning needs;
    /// and the store's.
    pub fn resolve(
        &self,
        account: Option<AccountId>,
        id: &str,
        language: Option<&str>,
    ) -> Result<ResolvedVoice<'_>, Fault> {
        match VoiceId::is_like(id) {
            true => self.resolve_clone(account, id, language),
            false => self.resolve_stock(id),
        }
    }

    fn resolve_stock(&self, id: &str) -> Result<ResolvedVoice<'_>, Fault> {
        let (reader, name) = match self.find(id) {
            Some(voice) => (voice, voice.name.clone()),
            None => self.blend(id)?,
        };
        let origin = self.origin(reader).ok_or_else(unknown_voice)?;
        Ok(ResolvedVoice {
            reader,
            origin,
            name,
            id: id.to_owned(),
            pace: 1.0,
            style: None,
            identity: format!("{id}\n{}", origin.fingerprint),
        })
    }

    /// The first voice of a blend, and the names of all its voices. Faults: `Invalid` for a blend out of its bounds or
    /// across packs that cannot be mixed, `NotFound` for an unknown voice.
    fn blend(&self, id: &str) -> Result<(&Voice, String), Fault> {
        let blend = Blend::parse(id)?;
        let voices = blend
            .voices()
            .map(|id| self.find(id).ok_or_else(unknown_voice));
        let voices: Vec<&Voice> = voices.collect::<Result<_, _>>()?;
        let names: Vec<&str> = voices.iter().map(|v| v.name.as_str()).collect();
        if !voices.iter().all(|v| self.mixes(v)) {
            return Err(Fault::invalid(
                "voice_id blends voices of an engine that cannot; those of kokoro can be blended",
            ));
        }
        Ok((voices[0], names.join(" + ")))
    }

    fn resolve_clone(
        &self,
        account: Option<AccountId>,
        id: &str,
        language: Option<&str>,
    ) -> Result<ResolvedVoice<'_>, Fault> {
        let id: VoiceId = id.parse().map_err(|_| unknown_voice())?;
        let owned = account.zip(self.clones.as_ref());
        let (account, clones) = owned.ok_or_else(unknown_voice)?;
        let (voice, style) = clones.style(account, id)?;
        let reader = self.reader(language.unwrap_or(&voice.style.language))?;
        let origin = self.origin(reader).ok_or_else(unknown_voice)?;
        let ClonedVoice {
            name, style: kept, ..
        } = voice;
        Ok(ResolvedVoice {
            reader,
            origin,
            name,
            id: reader.id.clone(),
            pace: kept.pace,
            style: Some(style),
            identity: format!(
                "{}\n{}\n{}\n{}",
                kept.table, reader.id, kept.pace, origin.fingerprint
            ),
        })
    }

    /// The clones of `account` that can be spoken, the oldest first, each with the pack that speaks it. Faults: the store's.
    pub fn clones(&self, account: AccountId) -> Result<Vec<(ClonedVoice, &Origin)>, Fault> {
        let Some(clones) = &self.clones else {
            return Ok(Vec::new());
        };
        let spoken = |voice: ClonedVoice| {
            let reader = self.reader(&voice.style.language).ok()?;
            Some((voice, self.origin(reader)?))
        };
        Ok(clones
            .list(account)?
            .into_iter()
            .filter_map(spoken)
            .collect())
    }

    /// Deletes the clone that `id` names. Faults: `Invalid` for a stock voice, `NotFound` for any other id that is not
    /// the account's.
    pub fn delete_clone(&self, account: AccountId, id: &str) -> Result<VoiceId, Fault> {
        let Ok(clone) = id.parse::<VoiceId>() else {
            return Err(match self.find(id) {
                Some(_) => Fault::invalid(
                    "voice_id names a voice of the catalog; only clones can be deleted",
                ),
                None => unknown_voice(),
            });
        };
        let clones = self.clones.as_ref().ok_or_else(unknown_voice)?;
        clones.delete(account, clone)?;
        Ok(clone)
    }

    fn mixes(&self, voice: &Voice) -> bool {
        self.origin(voice).is_some_and(|o| o.mixes)
    }
}

/// Whether `asked` (`en-us` or `en`, in any case) matches a voice of `language` (such as `en-us`).
pub fn speaks(language: &str, asked: &str) -> bool {
    let base = base(language);
    language.eq_ignore_ascii_case(asked) || base.eq_ignore_ascii_case(asked)
}

/// The code without its region: `pt` for `pt-br`.
pub fn base(language: &str) -> &str {
    language.split('-').next().unwrap_or(language)
}

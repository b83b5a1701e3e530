//! From the id of a voice to how it is spoken: the stock voices of the packs, blends of them, and the accounts' clones.

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
    /// Other weights, other fingerprint.
    pub fingerprint: String,
    /// Whether its voices are tables that can be mixed.
    pub mixes: bool,
}

/// All voices that can be spoken here.
#[derive(Default)]
pub struct VoiceCatalog {
    /// Stock voices whose language can be read aloud here.
    stock: Vec<Voice>,
    /// Where each stock voice comes from, by its id.
    origins: HashMap<String, Origin>,
    clones: Option<ClonedVoices>,
}

/// How the voice of an id is spoken.
pub struct ResolvedVoice<'a> {
    /// The stock voice that speaks: of a blend the first, of a clone one that reads its language.
    pub reader: &'a Voice,
    pub origin: &'a Origin,
    /// For people: the names of all voices of a blend.
    pub name: String,
    /// What the engine calls it: the id of a stock voice, or a blend.
    id: String,
    /// Speaking rate as a factor of the reader's own.
    pace: f32,
    /// Of a clone.
    style: Option<Style>,
    /// Names all that decides how it sounds: another sound, another identity.
    pub identity: String,
}

impl ResolvedVoice<'_> {
    /// Nothing, said by this voice as it speaks by itself.
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
    /// Of these stock voices; without `clones` there are none.
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

    /// A stock voice that reads `language` for voices that no pack has. Fault: `Invalid` when none does.
    pub fn reader(&self, language: &str) -> Result<&Voice, Fault> {
        let mut fitting = self.stock.iter().filter(|v| self.mixes(v));
        let is_it = |v: &&Voice| v.language.eq_ignore_ascii_case(language);
        let exact = fitting.clone().find(is_it);
        exact
            .or_else(|| fitting.find(|v| speaks(&v.language, language)))
            .ok_or_else(|| {
                Fault::invalid(format!(
                    "language {language:?} is read by no voice of this box that a clone can speak by; GET /voice/voices lists them"
                ))
            })
    }

    /// The voice that `id` names for `account` (none where there are no accounts), to read `language`, which only clones
    /// can choose; none is the clone's own. Faults: `NotFound` when there is no such voice, also for another account's;
    /// `Invalid` for a blend out of its bounds or across packs that cannot be mixed, or a language that a clone cannot
    /// read; `Missing` for a clone without the packs that cloning needs; and the store's.
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

    /// The first voice of a blend, and the names of all.
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

    /// Deletes the clone that `id` names. Faults: `Invalid` for a stock voice, `NotFound` for any other that is none of
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

/// Whether a voice of `language` (such as `en-us`) is meant by `asked` (`en-us` or `en`, any case).
pub fn speaks(language: &str, asked: &str) -> bool {
    let base = base(language);
    language.eq_ignore_ascii_case(asked) || base.eq_ignore_ascii_case(asked)
}

/// `pt` of `pt-br`.
pub fn base(language: &str) -> &str {
    language.split('-').next().unwrap_or(language)
}

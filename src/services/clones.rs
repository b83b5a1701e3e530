//! The cloned voices of the accounts: listing, deleting, and the style of each.

use std::io::Cursor;
use std::sync::Arc;

use super::style_cache::StyleCache;
use crate::audio::{decode, pcm};
use crate::engine::contract::Example;
use crate::engine::tts::style::{Style, StyleTable};
use crate::fault::{Fault, Kind};
use crate::limits::CLONE_SECONDS_MAX;
use crate::store::{AccountId, ClonedVoice, Store, VoiceId};

/// The cloned voices of the store.
pub struct ClonedVoices {
    store: Arc<Store>,
    styles: StyleCache,
    can_speak: bool,
    gives_examples: bool,
}

impl ClonedVoices {
    /// The cloned voices of `store`. `can_speak` says whether the packs that cloning needs are fetched,
    /// `gives_examples` whether the engine that speaks can convert speech to the tone colour of an example.
    pub fn new(store: Arc<Store>, can_speak: bool, gives_examples: bool) -> Self {
        ClonedVoices {
            store,
            styles: StyleCache::default(),
            can_speak,
            gives_examples,
        }
    }

    /// The voices of `account` that can be spoken, the oldest first. Faults: the store's.
    pub fn list(&self, account: AccountId) -> Result<Vec<ClonedVoice>, Fault> {
        match self.can_speak {
            true => self.store.voices(account),
            false => Ok(Vec::new()),
        }
    }

    /// Deletes a voice. Faults: `NotFound` when `account` has no such voice, and the store's.
    pub fn delete(&self, account: AccountId, id: VoiceId) -> Result<(), Fault> {
        self.store.delete_voice(account, id)
    }

    /// A voice of `account`, and its style. Faults: `NotFound` when `account` has no such voice, `Missing` without the
    /// packs that cloning needs, and the store's.
    pub fn style(&self, account: AccountId, id: VoiceId) -> Result<(ClonedVoice, Style), Fault> {
        let voice = self.store.voice(account, id)?;
        if !self.can_speak {
            return Err(not_installed());
        }
        let (voice, style_table) = match self.style_table(&voice) {
            Ok(style_table) => (voice, style_table),
            // The refiner replaced the style table since the voice was read.
            Err(fault) if fault.kind == Kind::NotFound => {
                let again = self.store.voice(account, id)?;
                let style_table = self.style_table(&again)?;
                (again, style_table)
            }
            Err(fault) => return Err(fault),
        };
        let style = Style {
            style_table,
            example: self.example(&voice)?,
            nearest: voice.style.nearest.clone(),
            exaggeration: None,
            cfg_weight: None,
        };
        Ok((voice, style))
    }

    fn style_table(&self, voice: &ClonedVoice) -> Result<Arc<StyleTable>, Fault> {
        let table = &voice.style.table;
        self.styles
            .get(table, || self.store.voice_file(voice.id, table))
    }

    /// The speech that `voice` was made from, if the engine that speaks uses examples.
    fn example(&self, voice: &ClonedVoice) -> Result<Option<Example>, Fault> {
        if !self.gives_examples {
            return Ok(None);
        }
        let wav = self.store.voice_file(voice.id, &voice.clip)?;
        let mut decoder = decode::open(Cursor::new(wav), CLONE_SECONDS_MAX)?;
        Ok(Some(Example {
            name: voice.clip.clone(),
            speech: Arc::new(pcm::read_all(&mut decoder)?),
        }))
    }
}

/// The fault of a server without the packs that cloning needs.
pub fn not_installed() -> Fault {
    Fault::missing("No engine for cloning is installed on this server.")
}

//! How a model is told what to translate from and into: by tokens before or behind the source, or as the begin of the
//! translation.

use std::collections::BTreeMap;

use tokenizers::Tokenizer;

use vocabox_base::fault::Fault;
use vocabox_pack::translate::{Tell, Translate};

/// What a pack says of its languages, in ids.
pub struct LanguageTokens {
    settings: Translate,
    ids: BTreeMap<String, u32>,
    pub end: u32,
    /// What no translation has: the pack's own, and what languages are told by.
    pub never: Vec<u32>,
}

/// How one pair of languages is told.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    before: Option<u32>,
    /// The end, with what belongs behind it.
    behind: Vec<u32>,
    /// What the decoder is fed first.
    pub begin: Vec<u32>,
}

impl LanguageTokens {
    /// Of the pack's settings. The error says which language's token the tokenizer does not have.
    pub fn new(settings: &Translate, tokenizer: &Tokenizer) -> Result<Self, String> {
        let mut ids = BTreeMap::new();
        for (code, token) in &settings.tokens {
            let id = tokenizer.token_to_id(token);
            let id = id.ok_or_else(|| format!("translate: the tokenizer has no token {token}"))?;
            ids.insert(code.clone(), id);
        }
        let mut never = settings.never.clone();
        never.extend(ids.values());
        Ok(LanguageTokens {
            settings: settings.clone(),
            ids,
            end: settings.end,
            never,
        })
    }

    /// How `source` and `target` are told. Faults: `Missing` for a pair that the pack does not list.
    pub fn told(&self, source: &str, target: &str) -> Result<Told, Fault> {
        let settings = &self.settings;
        if !settings.knows(source, target) {
            return Err(Fault::missing(format!(
                "No engine of this server translates from {source} into {target}."
            )));
        }
        let id = |code: &str| self.ids.get(code).copied();
        let (before, last, forced) = match settings.tell {
            Tell::Nothing => (None, None, None),
            Tell::Both => (id(source), None, id(target)),
            Tell::BothBehind => (None, id(source), id(target)),
            Tell::Target => (id(target), None, None),
        };
        Ok(Told {
            before,
            behind: [settings.end].into_iter().chain(last).collect(),
            begin: [settings.start].into_iter().chain(forced).collect(),
        })
    }
}

impl Told {
    /// The tokens of a sentence with all that the encoder wants around them.
    pub fn around(&self, ids: &[i64]) -> Vec<i64> {
        let before = self.before.map(i64::from);
        let behind = self.behind.iter().map(|&id| i64::from(id));
        let all = before.into_iter().chain(ids.iter().copied());
        all.chain(behind).collect()
    }
}

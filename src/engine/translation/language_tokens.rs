//! Passes the languages to a model: by tokens before or after the source, or as the first tokens of the translation.

use std::collections::BTreeMap;

use tokenizers::Tokenizer;

use vocabox_base::fault::Fault;
use vocabox_pack::translate::{Tell, Translate};

/// The language settings of a pack, as token ids.
pub struct LanguageTokens {
    settings: Translate,
    ids: BTreeMap<String, u32>,
    pub end: u32,
    /// Tokens that are never generated: the pack's list, and the language tokens.
    pub never: Vec<u32>,
}

/// The tokens that pass one pair of languages.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    before: Option<u32>,
    /// The end token, with the tokens after it.
    behind: Vec<u32>,
    /// The tokens that the decoder is fed first.
    pub begin: Vec<u32>,
}

impl LanguageTokens {
    /// Reads the pack's settings. The error names the language whose token the tokenizer does not have.
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

    /// Returns the tokens for `source` and `target`. Faults: `Missing` for a pair that the pack does not list.
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
    /// Returns the tokens of a sentence with the special tokens around them.
    pub fn around(&self, ids: &[i64]) -> Vec<i64> {
        let before = self.before.map(i64::from);
        let behind = self.behind.iter().map(|&id| i64::from(id));
        let all = before.into_iter().chain(ids.iter().copied());
        all.chain(behind).collect()
    }
}

//! The lexicons of the accounts, and that of the command line.

use std::path::Path;
use std::sync::Arc;

use crate::fault::Fault;
use crate::store::{AccountId, LexiconEntry, LexiconRecord, Store};
use crate::text::lexicon::{Lexicon, Pronunciation};

/// Where lexicons come from.
#[derive(Clone)]
pub enum Lexicons {
    /// A server: each account has its own.
    Accounts(Arc<Store>),
    /// The command line, which has one.
    Command(Lexicon),
}

impl Lexicons {
    /// The command line's lexicon in the data folder; an empty one while no store is there, which this does not create. A
    /// store that cannot be opened is an empty one, too, with a warning: to speak needs no store.
    pub fn of_command(data_dir: &Path) -> Lexicons {
        let read = || Store::open(data_dir)?.lexicon(None);
        let record = match data_dir.join("store").is_dir() {
            true => read().unwrap_or_else(|fault| {
                log::warn!("the lexicon of the command line is not used: {fault}");
                None
            }),
            false => None,
        };
        Lexicons::Command(lexicon(record))
    }

    /// The lexicon of `account`. Faults: the store's.
    pub fn of(&self, account: Option<AccountId>) -> Result<Lexicon, Fault> {
        match (self, account) {
            (Lexicons::Command(lexicon), _) => Ok(lexicon.clone()),
            (Lexicons::Accounts(_), None) => Ok(Lexicon::default()),
            (Lexicons::Accounts(store), account) => Ok(lexicon(store.lexicon(account)?)),
        }
    }
}

fn lexicon(record: Option<LexiconRecord>) -> Lexicon {
    record.map_or_else(Lexicon::default, |r| {
        Lexicon::from(pronunciations(r.entries))
    })
}

/// What is stored, as `text` has it.
pub fn pronunciations(entries: Vec<LexiconEntry>) -> Vec<Pronunciation> {
    let pronunciation = |entry: LexiconEntry| Pronunciation {
        word: entry.word,
        phonemes: entry.phonemes,
        spelling: entry.spelling,
        language: entry.language,
    };
    entries.into_iter().map(pronunciation).collect()
}

/// The entries as they are stored.
pub fn stored(entries: Vec<Pronunciation>) -> Vec<LexiconEntry> {
    let entry = |said: Pronunciation| LexiconEntry {
        word: said.word,
        phonemes: said.phonemes,
        spelling: said.spelling,
        language: said.language,
    };
    entries.into_iter().map(entry).collect()
}

//! `GET`, `PUT` and `DELETE /voice/lexicon`: the pronunciations of the account, which hold for all that it has spoken.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Call, Context, Reply};
use crate::fault::Fault;
use crate::limits;
use crate::request::lexicon::pronunciations;
use crate::services::lexicons::stored;
use crate::store::{LexiconEntry, LexiconRecord, Utc};

/// The lexicon of the account.
#[derive(Serialize, JsonSchema)]
pub struct LexiconAnswer {
    #[schemars(length(max = limits::LEXICON_ENTRIES_MAX))]
    entries: Vec<LexiconRow>,
    /// None where there is no lexicon.
    #[schemars(with = "Option<String>")]
    updated_at: Option<Utc>,
}

/// How a word is said.
#[derive(Serialize, JsonSchema)]
struct LexiconRow {
    language: Option<String>,
    phonemes: Option<String>,
    spelling: Option<String>,
    word: String,
}

/// A lexicon that was deleted.
#[derive(Serialize, JsonSchema)]
pub struct DeletedLexicon {
    #[schemars(extend("const" = "deleted"))]
    status: &'static str,
}

/// Answers with the lexicon; it is empty where none was stored.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let account = call.identity()?.account.id;
    answer(context.store.lexicon(Some(account))?)
}

/// Stores a lexicon in place of the one before, and answers with it as it was read. Faults: `UnsupportedType` for a body of
/// another type; `Invalid` for an entry that cannot be read, with its place, and for more entries than are accepted.
pub fn put(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let account = call.identity()?.account.id;
    let body = call.take_body();
    let entries = pronunciations(&call.head, body)?;
    let record = context.store.put_lexicon(Some(account), stored(entries))?;
    answer(Some(record))
}

/// Deletes the lexicon; that there was none is no fault.
pub fn delete(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let account = call.identity()?.account.id;
    context.store.delete_lexicon(Some(account))?;
    Reply::json(&DeletedLexicon { status: "deleted" })
}

fn answer(record: Option<LexiconRecord>) -> Result<Reply, Fault> {
    let row = |entry: LexiconEntry| LexiconRow {
        language: entry.language,
        phonemes: entry.phonemes,
        spelling: entry.spelling,
        word: entry.word,
    };
    let updated_at = record.as_ref().map(|r| r.updated_at);
    let entries = record.map_or_else(Vec::new, |r| r.entries);
    Reply::json(&LexiconAnswer {
        entries: entries.into_iter().map(row).collect(),
        updated_at,
    })
}

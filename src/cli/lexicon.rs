//! `vocabox lexicon`: imports, exports and lists pronunciations, of an account or of the command line.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use clap::builder::{FalseyValueParser, TypedValueParser};

use super::CliError;
use super::output::{or_dash, print, table, to_json};
use crate::limits::LEXICON_BYTES_MAX;
use crate::services::lexicons::{pronunciations, stored};
use crate::store::{AccountId, LexiconEntry, LexiconRecord, Store};
use crate::text::lexicon::{parse, to_lines};

/// Manage pronunciations: how words are said, of an account of the server or of the command line.
#[derive(Debug, clap::Args)]
pub struct LexiconArgs {
    #[command(subcommand)]
    command: LexiconCommand,
}

#[derive(Debug, Subcommand)]
enum LexiconCommand {
    /// Replace the lexicon by that of a file: W3C PLS 1.0, or lines such as word<TAB>/phonemes/ or word<TAB>other spelling.
    Import {
        /// The file, or - for standard input.
        #[arg(value_name = "FILE|-")]
        file: PathBuf,
        #[command(flatten)]
        owner: LexiconOwner,
    },
    /// Print the lexicon as lines, which import reads.
    Export {
        #[command(flatten)]
        owner: LexiconOwner,
    },
    /// List the lexicon.
    List {
        #[command(flatten)]
        owner: LexiconOwner,
        /// Print a JSON array.
        #[arg(long, env = "VOCABOX_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
    /// Delete the lexicon.
    Delete {
        #[command(flatten)]
        owner: LexiconOwner,
    },
}

/// Whose lexicon it is.
#[derive(Debug, clap::Args)]
struct LexiconOwner {
    /// Account whose requests it holds for; without it, the lexicon holds for speak, read and dub.
    #[arg(long, env = "VOCABOX_ACCOUNT", value_name = "NAME", value_parser = named())]
    account: Option<String>,
}

/// A name that is not empty: an empty variable of the environment names no account.
fn named() -> impl TypedValueParser<Value = String> {
    clap::builder::NonEmptyStringValueParser::new()
}

impl LexiconOwner {
    fn find(&self, store: &Store) -> Result<Option<AccountId>, CliError> {
        let account = self.account.as_deref().map(|name| store.account(name));
        Ok(account.transpose().map_err(CliError::failed)?.map(|a| a.id))
    }

    fn name(&self) -> String {
        match &self.account {
            Some(name) => format!("account {name}"),
            None => "the command line".to_owned(),
        }
    }
}

/// Runs the command on the store in `data_dir` and prints the result.
pub fn run(args: LexiconArgs, data_dir: &Path) -> Result<(), CliError> {
    let store = || Store::open(data_dir).map_err(CliError::usage);
    match args.command {
        LexiconCommand::Import { file, owner } => {
            let entries = parse(&content(&file)?).map_err(CliError::failed)?;
            let store = store()?;
            let account = owner.find(&store)?;
            let record = store.put_lexicon(account, stored(entries));
            let count = record.map_err(CliError::failed)?.entries.len();
            let words = if count == 1 { "word" } else { "words" };
            print(&format!(
                "The lexicon of {} has {count} {words}.",
                owner.name()
            ))
        }
        LexiconCommand::Export { owner } => {
            let entries = pronunciations(entries(&*store()?, &owner)?);
            print(to_lines(&entries).trim_end())
        }
        LexiconCommand::List { owner, json } => {
            let entries = entries(&*store()?, &owner)?;
            print(&match json {
                true => to_json(&entries)?,
                false => table(
                    ["WORD", "PHONEMES", "SPELLING", "LANGUAGE"],
                    entries.into_iter().map(row),
                ),
            })
        }
        LexiconCommand::Delete { owner } => {
            let store = store()?;
            let account = owner.find(&store)?;
            store.delete_lexicon(account).map_err(CliError::failed)?;
            print(&format!("The lexicon of {} is deleted.", owner.name()))
        }
    }
}

fn entries(store: &Store, owner: &LexiconOwner) -> Result<Vec<LexiconEntry>, CliError> {
    let account = owner.find(store)?;
    let record: Option<LexiconRecord> = store.lexicon(account).map_err(CliError::failed)?;
    Ok(record.map_or_else(Vec::new, |r| r.entries))
}

fn row(entry: LexiconEntry) -> [String; 4] {
    [
        entry.word,
        or_dash(entry.phonemes),
        or_dash(entry.spelling),
        or_dash(entry.language),
    ]
}

/// The text of a file. Errors: it cannot be read, is no text, or has more bytes than a lexicon may have.
fn content(file: &Path) -> Result<String, CliError> {
    let shown = file.display();
    let cannot = |e: std::io::Error| CliError::Usage(format!("{shown} cannot be read: {e}"));
    let source: Box<dyn Read> = match file.as_os_str() == "-" {
        true => Box::new(stdin()),
        false => Box::new(File::open(file).map_err(cannot)?),
    };
    let mut text = String::new();
    let mut bounded = source.take(LEXICON_BYTES_MAX + 1);
    bounded.read_to_string(&mut text).map_err(cannot)?;
    match text.len() as u64 > LEXICON_BYTES_MAX {
        true => Err(CliError::Failed(format!(
            "{shown} has more than {LEXICON_BYTES_MAX} bytes, which a lexicon may have"
        ))),
        false => Ok(text),
    }
}

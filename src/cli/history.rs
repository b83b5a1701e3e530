//! `vocabox history`: lists and removes histories.

use std::path::Path;

use clap::builder::FalseyValueParser;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::CliError;
use super::account::parse_name;
use super::output::{or_dash, print, table, to_json};
use crate::fault::Fault;
use crate::store::{Feature, HistoryItem, Store};

/// Manage the histories of accounts, also while the server runs.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    #[command(subcommand)]
    command: HistoryCommand,
}

#[derive(Debug, Subcommand)]
enum HistoryCommand {
    /// List the items of an account, the newest first.
    List {
        /// Name of the account.
        #[arg(long, env = "VOCABOX_ACCOUNT", value_name = "NAME", value_parser = parse_name)]
        account: String,
        /// Items to list at the most.
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
        /// Newer items to leave out.
        #[arg(long, value_name = "N", default_value_t = 0)]
        offset: usize,
        /// List only what this feature made.
        #[arg(long, value_name = "tts|stt|clone|dub", value_parser = parse_feature)]
        feature: Option<Feature>,
        /// Print a JSON array, with the texts.
        #[arg(long, env = "VOCABOX_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
    /// Remove all items that an account has now, or those that were kept of deleted accounts.
    Purge {
        #[command(flatten)]
        of: PurgeOf,
        /// Print one JSON object.
        #[arg(long, env = "VOCABOX_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
}

/// Whose history is purged.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct PurgeOf {
    /// Name of the account.
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    account: Option<String>,
    /// All deleted accounts.
    #[arg(long)]
    deleted: bool,
}

/// What `history purge --json` prints.
#[derive(Serialize)]
struct Purged {
    status: &'static str,
    items: u64,
}

/// Runs the command on the store in `data_dir` and prints the result.
pub fn run(args: HistoryArgs, data_dir: &Path) -> Result<(), CliError> {
    let store = Store::open(data_dir).map_err(CliError::usage)?;
    let (of, json) = match args.command {
        HistoryCommand::Purge { of, json } => (of, json),
        HistoryCommand::List {
            account,
            limit,
            offset,
            feature,
            json,
        } => {
            let items = items(&store, &account, (offset, limit), feature);
            let items = items.map_err(CliError::failed)?;
            return print(&match json {
                true => to_json(&items)?,
                false => table(HEAD, items.iter().map(row)),
            });
        }
    };
    let items = match of.account {
        Some(name) => store.purge_account(&name),
        None => store.purge_kept().and_then(|_| store.purge_deleted()),
    };
    let items = items.map_err(CliError::failed)?;
    print(&match json {
        true => to_json(&Purged {
            status: "purged",
            items,
        })?,
        false => format!("Removed {items} items of history."),
    })
}

/// Up to `limit` items of the account of this name, after the newest `offset`.
fn items(
    store: &Store,
    name: &str,
    (offset, limit): (usize, usize),
    feature: Option<Feature>,
) -> Result<Vec<HistoryItem>, Fault> {
    let account = store.account(name)?.id;
    let mut items: Vec<HistoryItem> = Vec::new();
    while items.len() < limit {
        let (from, most) = (offset.saturating_add(items.len()), limit - items.len());
        let page = store.page(account, most, from, feature)?;
        if page.items.is_empty() {
            break;
        }
        items.extend(page.items);
    }
    Ok(items)
}

/// Parses the name of a feature; the error is the sentence for the user.
fn parse_feature(text: &str) -> Result<Feature, String> {
    text.parse().map_err(|fault: Fault| fault.sentence)
}

const HEAD: [&str; 7] = [
    "ID", "CREATED", "FEATURE", "STATUS", "KEY", "VOICE", "SECONDS",
];

/// The item's columns. Its text is in the JSON only, so that it is not shown by accident.
fn row(item: &HistoryItem) -> [String; 7] {
    let word = |word: &dyn std::fmt::Debug| format!("{word:?}").to_lowercase();
    [
        item.id.to_string(),
        item.created_at.to_string(),
        word(&item.feature),
        word(&item.status),
        item.key_name.clone(),
        or_dash(item.voice_id.as_ref()),
        or_dash(item.duration_seconds.map(|s| format!("{s:.1}"))),
    ]
}

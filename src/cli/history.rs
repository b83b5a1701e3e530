//! `vocabox history`: removes histories.

use std::path::Path;

use clap::builder::FalseyValueParser;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::CliError;
use super::account::parse_name;
use super::output::{print, to_json};
use crate::store::Store;

/// Manage the histories of accounts, also while the server runs.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    #[command(subcommand)]
    command: HistoryCommand,
}

#[derive(Debug, Subcommand)]
enum HistoryCommand {
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
    let HistoryCommand::Purge { of, json } = args.command;
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

//! `vocabox voice`: lists and deletes cloned voices of accounts.

use std::path::Path;

use clap::Subcommand;
use clap::builder::FalseyValueParser;
use serde::Serialize;

use super::CliError;
use super::account::parse_name;
use super::output::{print, table, to_json};
use crate::fault::Fault;
use crate::store::{AccountId, ClonedVoice, Store, Utc, VoiceConsent, VoiceId};

/// List and delete the cloned voices of the server's accounts, also while it runs.
#[derive(Debug, clap::Args)]
pub struct VoiceArgs {
    #[command(subcommand)]
    command: VoiceCommand,
}

#[derive(Debug, Subcommand)]
enum VoiceCommand {
    /// List cloned voices, those of the oldest account first. `vocabox models show PACK` lists the voices of a pack.
    List {
        /// List only the voices of this account.
        #[arg(long, env = "VOCABOX_ACCOUNT", value_name = "NAME", value_parser = parse_name)]
        account: Option<String>,
        /// Print a JSON array.
        #[arg(long, env = "VOCABOX_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
    /// Delete a cloned voice with the recording that it was made from: the next request for it is refused.
    Delete {
        /// Id of the voice, as `voice list` shows it.
        #[arg(value_name = "VOICE_ID")]
        voice_id: String,
        /// Print one JSON object.
        #[arg(long, env = "VOCABOX_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
}

/// A voice as `voice list --json` prints it.
#[derive(Serialize)]
struct ListedVoice<'a> {
    voice_id: VoiceId,
    account: &'a str,
    name: &'a str,
    description: &'a str,
    language: &'a str,
    created_at: Utc,
    /// When, by which key and in which words it was declared that the speaker agreed; null if it was not.
    consent: Option<&'a VoiceConsent>,
}

/// What `voice delete --json` prints.
#[derive(Serialize)]
struct RemovedVoice {
    status: &'static str,
    voice_id: VoiceId,
}

/// Runs the command on the store in `data_dir` and prints the result.
pub fn run(args: VoiceArgs, data_dir: &Path) -> Result<(), CliError> {
    let store = Store::open(data_dir).map_err(CliError::usage)?;
    match args.command {
        VoiceCommand::List { account, json } => {
            let voices = voices(&store, account.as_deref()).map_err(CliError::failed)?;
            let rows: Vec<_> = voices.iter().map(row).collect();
            print(&match json {
                true => to_json(&rows)?,
                false => table(
                    ["VOICE ID", "ACCOUNT", "NAME", "LANGUAGE", "CREATED"],
                    rows.iter().map(columns),
                ),
            })
        }
        VoiceCommand::Delete { voice_id, json } => {
            let wrong =
                || CliError::Usage(format!("VOICE_ID is {voice_id:?}, which is no clone's id"));
            let id: VoiceId = voice_id.parse().map_err(|_| wrong())?;
            let deleted = owner(&store, id).and_then(|account| store.delete_voice(account, id));
            deleted.map_err(CliError::failed)?;
            print(&match json {
                true => to_json(&RemovedVoice {
                    status: "deleted",
                    voice_id: id,
                })?,
                false => format!("Deleted {id} and its recording."),
            })
        }
    }
}

/// A voice, and the account that it belongs to.
struct OwnedVoice {
    account_id: AccountId,
    account: String,
    voice: ClonedVoice,
}

/// The voices of the account of this name, or of all accounts.
fn voices(store: &Store, name: Option<&str>) -> Result<Vec<OwnedVoice>, Fault> {
    let accounts = match name {
        Some(name) => vec![store.account(name)?],
        None => store.accounts()?,
    };
    let mut all = Vec::new();
    for account in accounts {
        let voices = store.voices(account.id)?.into_iter();
        all.extend(voices.map(|voice| OwnedVoice {
            account_id: account.id,
            account: account.name.clone(),
            voice,
        }));
    }
    Ok(all)
}

/// The account of the voice with this id. Faults: `NotFound`.
fn owner(store: &Store, id: VoiceId) -> Result<AccountId, Fault> {
    let all = voices(store, None)?;
    let owned = all.iter().find(|owned| owned.voice.id == id);
    let owned = owned.map(|owned| owned.account_id);
    owned.ok_or_else(|| Fault::not_found(format!("There is no cloned voice {id}.")))
}

fn row(owned: &OwnedVoice) -> ListedVoice<'_> {
    ListedVoice {
        voice_id: owned.voice.id,
        account: &owned.account,
        name: &owned.voice.name,
        description: &owned.voice.description,
        language: &owned.voice.style.language,
        created_at: owned.voice.created_at,
        consent: owned.voice.consent.as_ref(),
    }
}

fn columns(row: &ListedVoice<'_>) -> [String; 5] {
    [
        row.voice_id.to_string(),
        row.account.to_owned(),
        row.name.to_owned(),
        row.language.to_owned(),
        row.created_at.to_string(),
    ]
}

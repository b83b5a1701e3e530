//! `vocabox key`: creates, lists and revokes keys.

use std::path::Path;

use clap::Subcommand;
use clap::builder::{FalseyValueParser, PossibleValuesParser, TypedValueParser};

use super::CliError;
use super::account::{parse_name, parse_rpm};
use super::output::{is_closed, or_dash, print, table, to_json};
use crate::services::operator;
use crate::store::{Key, KeyEnv, KeyId, KeyLimits, Store, check_concurrent};

/// Manage the keys of the server's accounts, also while it runs.
#[derive(Debug, clap::Args)]
pub struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Create a key and show it; it is not shown again.
    Create {
        /// Name of the account that the key belongs to.
        #[arg(long, env = "VOCABOX_ACCOUNT", value_name = "NAME")]
        account: String,
        /// Name of the key, which the history shows.
        #[arg(long, env = "VOCABOX_NAME", value_name = "TEXT", value_parser = parse_name)]
        name: String,
        /// Environment that the key is for, part of its prefix.
        #[arg(long, env = "VOCABOX_ENV", default_value = "live", value_parser = env_parser())]
        env: KeyEnv,
        /// Calls a minute; by default, and at most, those of the account.
        #[arg(long, env = "VOCABOX_RPM", value_parser = parse_rpm)]
        rpm: Option<u32>,
        /// Generations under way at once; as many as the server allows, if absent or greater.
        #[arg(long, env = "VOCABOX_CONCURRENT", value_parser = parse_concurrent)]
        concurrent: Option<u32>,
        /// Print one JSON object.
        #[arg(long, env = "VOCABOX_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
    /// List keys, the oldest first.
    List {
        /// List only the keys of this account.
        #[arg(long, env = "VOCABOX_ACCOUNT", value_name = "NAME")]
        account: Option<String>,
        /// Print a JSON array.
        #[arg(long, env = "VOCABOX_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
    /// Revoke a key: the next request with it is refused.
    Revoke {
        /// Id of the key, as `key list` shows it.
        #[arg(value_name = "KEY_ID")]
        key_id: String,
        /// Print one JSON object.
        #[arg(long, env = "VOCABOX_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
}

/// Reads a [`KeyEnv`] by its name.
fn env_parser() -> impl TypedValueParser<Value = KeyEnv> {
    PossibleValuesParser::new(KeyEnv::ALL.map(KeyEnv::name)).map(|name| {
        let named = KeyEnv::ALL.into_iter().find(|env| env.name() == name);
        named.expect("clap accepts these names alone")
    })
}

/// Generations under way at once as an option takes them; the error is the sentence for the user.
fn parse_concurrent(text: &str) -> Result<u32, String> {
    let concurrent = text.parse().map_err(|_| "not a whole number".to_string())?;
    check_concurrent(concurrent).map_err(|fault| fault.sentence)
}

/// Runs the command on the store in `data_dir` and prints the result.
pub fn run(args: KeyArgs, data_dir: &Path) -> Result<(), CliError> {
    let store = Store::open(data_dir).map_err(CliError::usage)?;
    match args.command {
        KeyCommand::Create {
            account,
            name,
            env,
            rpm,
            concurrent,
            json,
        } => {
            if is_closed() {
                let closed =
                    "standard output is closed: the key could not be shown, and none was made";
                return Err(CliError::Failed(closed.to_owned()));
            }
            let limits = KeyLimits { rpm, concurrent };
            let key = operator::create_key(&store, &account, &name, env, limits)
                .map_err(CliError::failed)?;
            let key_id = key.key_id;
            let shown = print(&match json {
                true => to_json(&key)?,
                false => format!("{}\nThis is {key_id}. It is not shown again.", key.key),
            });
            shown.map_err(|error| unshown(&store, key_id, error))
        }
        KeyCommand::List { account, json } => {
            let keys = store.keys(account.as_deref()).map_err(CliError::failed)?;
            print(&match json {
                true => to_json(&keys)?,
                false => table(
                    [
                        "KEY ID",
                        "ACCOUNT",
                        "NAME",
                        "ENV",
                        "RPM",
                        "CONCURRENT",
                        "CREATED",
                        "REVOKED",
                        "LAST USED",
                    ],
                    keys.iter().map(row),
                ),
            })
        }
        KeyCommand::Revoke { key_id, json } => {
            // Parsed here and not by clap, whose message would repeat a key that was given instead of its id.
            let key_id = key_id
                .parse()
                .map_err(|sentence| CliError::Usage(format!("KEY_ID is wrong: {sentence}")))?;
            let key = store.revoke_key(key_id).map_err(CliError::failed)?;
            print(&match json {
                true => to_json(&key)?,
                false => format!("Revoked {key_id} ({}, account {}).", key.name, key.account),
            })
        }
    }
}

/// Revokes a key that could not be shown, because it would be valid and known to no one; returns the error of the command.
fn unshown(store: &Store, key_id: KeyId, error: CliError) -> CliError {
    let why = match error {
        CliError::Told(code) => format!("exit code {code}"),
        CliError::PipeClosed => "the reader of the output has closed it".to_owned(),
        CliError::Usage(why) | CliError::Failed(why) => why,
    };
    CliError::Failed(match store.revoke_key(key_id) {
        Ok(_) => format!("the key {key_id} could not be shown and is revoked again: {why}"),
        Err(fault) => {
            format!("the key {key_id} could not be shown ({why}), and not be revoked: {fault}")
        }
    })
}

fn row(key: &Key) -> [String; 9] {
    [
        key.key_id.to_string(),
        key.account.clone(),
        key.name.clone(),
        key.env.name().to_string(),
        or_dash(key.rpm),
        or_dash(key.concurrent),
        key.created_at.to_string(),
        or_dash(key.revoked_at),
        or_dash(key.last_used_at),
    ]
}

//! `vocabox account`: creates, lists, changes, carries over and deletes accounts.

use std::path::Path;
use std::str::FromStr;

use clap::builder::{FalseyValueParser, PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Subcommand};

use super::CliError;
use super::account_transfer::{self, ExportArgs, ImportArgs};
use super::output::{or_dash, print, table, to_json};
use crate::config::Size;
use crate::services::operator::{self, EntitlementEnd, RPM_DEFAULT};
use crate::store::{
    Account, AccountChanges, HistoryFate, QuotaChanges, Store, Utc, check_name, check_rpm,
};

/// Manage the accounts of the server, also while it runs.
#[derive(Debug, clap::Args)]
pub struct AccountArgs {
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(Debug, Subcommand)]
enum AccountCommand {
    /// Create an account.
    Create {
        /// Unique name of the account.
        #[arg(value_name = "NAME", value_parser = parse_name)]
        name: String,
        /// Calls a minute that each of the account's keys may make.
        #[arg(long, env = "VOCABOX_RPM", default_value_t = RPM_DEFAULT, value_parser = parse_rpm)]
        rpm: u32,
        /// Whether the account may generate.
        #[arg(long, env = "VOCABOX_ENTITLED", value_name = "true|false", default_value_t = true, action = ArgAction::Set)]
        entitled: bool,
        /// When the entitlement ends, such as 2027-01-31T00:00:00Z; never by default.
        #[arg(long, env = "VOCABOX_EXPIRES", value_name = "RFC3339")]
        expires: Option<Utc>,
        /// Print one JSON object.
        #[arg(long, env = "VOCABOX_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
    /// List all accounts, the oldest first.
    List {
        /// Print a JSON array.
        #[arg(long, env = "VOCABOX_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
    /// Change an account, from its next request on; options that are not given change nothing.
    #[command(group = clap::ArgGroup::new("change").args(CHANGES).required(true).multiple(true))]
    Set {
        /// Name of the account.
        #[arg(value_name = "NAME")]
        name: String,
        /// Calls a minute that each of the account's keys may make.
        #[arg(long, env = "VOCABOX_RPM", value_parser = parse_rpm)]
        rpm: Option<u32>,
        /// Whether the account may generate.
        #[arg(long, env = "VOCABOX_ENTITLED", value_name = "true|false", action = ArgAction::Set)]
        entitled: Option<bool>,
        /// When the entitlement ends, such as 2027-01-31T00:00:00Z, or never.
        #[arg(long, env = "VOCABOX_EXPIRES", value_name = "RFC3339|never", value_parser = parse_end)]
        expires: Option<EntitlementEnd>,
        #[command(flatten)]
        quotas: QuotaFlags,
        /// Print one JSON object.
        #[arg(long, env = "VOCABOX_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
    Export(ExportArgs),
    Import(ImportArgs),
    /// Delete an account and its keys: the next request with one of them is refused.
    Delete {
        /// Name of the account.
        #[arg(value_name = "NAME")]
        name: String,
        /// Whether its history is kept until it is pruned, without being listed, or purged at once.
        #[arg(long, env = "VOCABOX_HISTORY", value_name = "keep|purge", value_parser = fate_parser())]
        history: HistoryFate,
        /// Print one JSON object.
        #[arg(long, env = "VOCABOX_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
}

/// The options of `account set` that change something, of which at least one is needed.
const CHANGES: [&str; 7] = [
    "rpm",
    "entitled",
    "expires",
    "quota_clones",
    "quota_dub_disk",
    "quota_dub_hours",
    "quota_jobs",
];

/// Bounds of the account, in place of those of the server.
#[derive(Debug, clap::Args)]
struct QuotaFlags {
    /// Cloned voices; default for the server's --clones-max.
    #[arg(long, env = "VOCABOX_QUOTA_CLONES", value_name = "N|default", value_parser = parse_quota::<Number>)]
    quota_clones: Option<Quota>,
    /// Size of the files of its dubbing jobs, such as 5GiB; default for its share of the server's --dub-disk.
    #[arg(long, env = "VOCABOX_QUOTA_DUB_DISK", value_name = "SIZE|default", value_parser = parse_quota::<Size>)]
    quota_dub_disk: Option<Quota>,
    /// Hours of sound in its queued and running dubbing jobs; default for the server's --dub-hours.
    #[arg(long, env = "VOCABOX_QUOTA_DUB_HOURS", value_name = "N|default", value_parser = parse_quota::<Number>)]
    quota_dub_hours: Option<Quota>,
    /// Dubbing jobs that are queued or run; default for its share of the server's --jobs-max.
    #[arg(long, env = "VOCABOX_QUOTA_JOBS", value_name = "N|default", value_parser = parse_quota::<Number>)]
    quota_jobs: Option<Quota>,
}

impl From<QuotaFlags> for QuotaChanges {
    fn from(flags: QuotaFlags) -> Self {
        let of = |quota: Option<Quota>| quota.map(|Quota(bound)| bound);
        QuotaChanges {
            clones: of(flags.quota_clones),
            dub_disk: of(flags.quota_dub_disk),
            dub_hours: of(flags.quota_dub_hours),
            jobs: of(flags.quota_jobs),
        }
    }
}

/// A bound of one account; none means that of the server.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Quota(Option<u64>);

/// Reads a [`HistoryFate`] by its name.
fn fate_parser() -> impl TypedValueParser<Value = HistoryFate> {
    PossibleValuesParser::new(HistoryFate::ALL.map(HistoryFate::name)).map(|name| {
        let named = HistoryFate::ALL
            .into_iter()
            .find(|fate| fate.name() == name);
        named.expect("clap accepts these names alone")
    })
}

/// Runs the command on the store in `data_dir` and prints the result.
pub fn run(args: AccountArgs, data_dir: &Path) -> Result<(), CliError> {
    let store = Store::open(data_dir).map_err(CliError::usage)?;
    match args.command {
        AccountCommand::Create {
            name,
            rpm,
            entitled,
            expires,
            json,
        } => {
            let account = store
                .create_account(&name, rpm, entitled, expires)
                .map_err(CliError::failed)?;
            print(&match json {
                true => to_json(&account)?,
                false => format!("Created the account {}.", account.name),
            })
        }
        AccountCommand::List { json } => {
            let accounts = store.accounts().map_err(CliError::failed)?;
            print(&match json {
                true => to_json(&accounts)?,
                false => table(HEAD, accounts.iter().map(row)),
            })
        }
        AccountCommand::Set {
            name,
            rpm,
            entitled,
            expires,
            quotas,
            json,
        } => {
            let changes = AccountChanges {
                rpm,
                entitled,
                expires: expires.map(|EntitlementEnd(at)| at),
                quotas: quotas.into(),
            };
            let account = store
                .set_account(&name, changes)
                .map_err(CliError::failed)?;
            print(&match json {
                true => to_json(&account)?,
                false => table(HEAD, std::iter::once(row(&account))),
            })
        }
        AccountCommand::Export(args) => account_transfer::export(&store, &args),
        AccountCommand::Import(args) => account_transfer::import(&store, &args),
        AccountCommand::Delete {
            name,
            history,
            json,
        } => delete(&store, &name, history, json),
    }
}

/// Deletes the account, and returns once a purge is complete. A purge that is interrupted is finished by the running
/// server, or by the next one to start.
fn delete(store: &Store, name: &str, history: HistoryFate, json: bool) -> Result<(), CliError> {
    let deleted = operator::delete_account(store, name, history).map_err(CliError::failed)?;
    let purged = match history {
        HistoryFate::Keep => 0,
        HistoryFate::Purge => store.purge_deleted().map_err(|fault| {
            CliError::Failed(format!(
                "the account {name} is deleted, and the server will remove what is left of its history: {fault}"
            ))
        })?,
    };
    print(&match (json, history) {
        (true, _) => to_json(&deleted)?,
        (false, HistoryFate::Keep) => {
            format!("Deleted the account {name} and its keys; its history is kept.")
        }
        (false, HistoryFate::Purge) => {
            format!("Deleted the account {name}, its keys and its history ({purged} items).")
        }
    })
}

const HEAD: [&str; 9] = [
    "NAME",
    "RPM",
    "ENTITLED",
    "EXPIRES",
    "CREATED",
    "JOBS",
    "DUB-HOURS",
    "DUB-DISK",
    "CLONES",
];

/// The account's columns; a quota that the operator has not set is `-`.
fn row(account: &Account) -> [String; 9] {
    let quotas = account.quotas;
    [
        account.name.clone(),
        account.rpm.to_string(),
        account.entitled.to_string(),
        or_dash(account.expires),
        account.created_at.to_string(),
        or_dash(quotas.quota_jobs),
        or_dash(quotas.quota_dub_hours),
        or_dash(quotas.quota_dub_disk.map(Size)),
        or_dash(quotas.quota_clones),
    ]
}

/// Parses an account or key name; the error is the sentence for the user.
pub(super) fn parse_name(text: &str) -> Result<String, String> {
    check_name(text).map_err(|fault| fault.sentence)
}

/// Parses calls a minute; the error is the sentence for the user.
pub(super) fn parse_rpm(text: &str) -> Result<u32, String> {
    let rpm = text.parse().map_err(|_| "not a whole number".to_string())?;
    check_rpm(rpm).map_err(|fault| fault.sentence)
}

/// Parses the end of an entitlement; the error is the sentence for the user.
fn parse_end(text: &str) -> Result<EntitlementEnd, String> {
    text.parse()
}

/// Parses a bound of an account, as a number or a size; the error is the sentence for the user.
fn parse_quota<T>(text: &str) -> Result<Quota, String>
where
    T: FromStr<Err = String> + Into<u64>,
{
    match text {
        "default" => Ok(Quota(None)),
        _ => text.parse::<T>().map(|bound| Quota(Some(bound.into()))),
    }
}

/// A whole number.
struct Number(u64);

impl FromStr for Number {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.parse().map(Number);
        number.map_err(|_| format!("{text} is neither a whole number nor default"))
    }
}

impl From<Number> for u64 {
    fn from(Number(number): Number) -> u64 {
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_say_what_they_accept() {
        assert_eq!(parse_rpm("60"), Ok(60));
        for rpm in ["0", "100001"] {
            let sentence = parse_rpm(rpm).unwrap_err();
            assert!(sentence.contains("1 to 100000"), "{sentence}");
        }
        assert!(parse_rpm("-1").is_err());
        assert_eq!(parse_quota::<Number>("0"), Ok(Quota(Some(0))));
        assert_eq!(parse_quota::<Size>("5KiB"), Ok(Quota(Some(5_120))));
        assert_eq!(parse_quota::<Size>("default"), Ok(Quota(None)));
        assert!(parse_quota::<Number>("-1").unwrap_err().contains("default"));
        assert!(
            parse_name(&"n".repeat(101))
                .unwrap_err()
                .contains("1 to 100")
        );
        assert!(parse_name("bell\u{7}").is_err());
    }
}

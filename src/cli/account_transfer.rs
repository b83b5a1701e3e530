//! `vocabox account export` and `account import`: accounts and keys for other servers, in a file that nothing else can have made.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::builder::FalseyValueParser;
use serde::{Deserialize, Serialize};

use super::CliError;
use super::output::{print, to_json};
use crate::store::{Imported, PortableAccount, Store, Utc};

/// Version of the file's form.
const FORM: u32 = 1;
/// What the code of a file is derived for: a secret that is used elsewhere too gives another code there.
const PURPOSE: &str = "vocabox 2026-11-30 accounts for other servers";
/// The fewest characters of a secret: 16 random bytes in hexadecimal.
const SECRET_MIN: usize = 32;
/// The most bytes of a file: some 100 000 keys.
const BYTES_MAX: u64 = 64 << 20;

/// Print accounts and their keys for `account import` on another server.
///
/// The output has the hashes of the keys, which are no way in, and a code by the secret that both servers know: the other server
/// takes no file that was changed or made by someone else.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  openssl rand -hex 32 > fleet.secret       # once, copied to each server
  vocabox account export --secret-file fleet.secret > accounts
  ssh server-2 vocabox account import --secret-file fleet.secret - < accounts")]
pub struct ExportArgs {
    /// The file with the secret: at least 32 characters.
    #[arg(long, env = "VOCABOX_SECRET_FILE", value_name = "FILE")]
    secret_file: PathBuf,
    /// The accounts; without any, all.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// Take accounts and keys from `account export` of another server, also while this one runs.
///
/// What is not here is created; what is here gets the limits of the file; keys that are revoked there are revoked here. A second
/// import of the same file changes nothing, and no import makes a revoked key valid again.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// The file with the secret: at least 32 characters.
    #[arg(long, env = "VOCABOX_SECRET_FILE", value_name = "FILE")]
    secret_file: PathBuf,
    /// Revoke the keys of accounts that the file lacks.
    #[arg(long)]
    revoke_others: bool,
    /// Print one JSON object.
    #[arg(long, env = "VOCABOX_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
    /// The file; - reads standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// The first line of the file; the second is its code.
#[derive(Serialize, Deserialize)]
struct AccountsFile {
    vocabox_accounts: u32,
    made_at: Utc,
    accounts: Vec<PortableAccount>,
}

/// Runs `account export`.
pub fn export(store: &Store, args: &ExportArgs) -> Result<(), CliError> {
    let secret = secret(&args.secret_file)?;
    let accounts = store
        .portable_accounts(&args.names)
        .map_err(CliError::failed)?;
    let text = to_json(&AccountsFile {
        vocabox_accounts: FORM,
        made_at: Utc::now(),
        accounts,
    })?;
    print(&format!("{text}\n{}", code(&secret, &text)))
}

/// Runs `account import`.
pub fn import(store: &Store, args: &ImportArgs) -> Result<(), CliError> {
    let secret = secret(&args.secret_file)?;
    let shown = args.file.display();
    let wrong = |why: &str| CliError::Usage(format!("{shown}: {why}"));
    let both = match args.file == Path::new("-") {
        true => text(std::io::stdin()),
        false => File::open(&args.file).and_then(text),
    };
    let both = both.map_err(|e| wrong(&e.to_string()))?;
    let (text, theirs) = both
        .trim_end()
        .split_once('\n')
        .ok_or_else(|| wrong("is no output of `vocabox account export`"))?;
    // Comparing two hashes takes the same time for any.
    if blake3::Hash::from_hex(theirs.trim()).ok() != Some(code(&secret, text)) {
        return Err(wrong(
            "was changed, or made with another secret than that of --secret-file",
        ));
    }
    let file: AccountsFile = serde_json::from_str(text).map_err(|e| wrong(&e.to_string()))?;
    if file.vocabox_accounts != FORM {
        return Err(wrong(
            "was made by a newer version: upgrade this server first",
        ));
    }
    let done = store
        .import_accounts(file.accounts, args.revoke_others)
        .map_err(CliError::failed)?;
    print(&match args.json {
        true => to_json(&done)?,
        false => told(&done, args.revoke_others),
    })
}

fn told(done: &Imported, revoke_others: bool) -> String {
    let mut told = format!(
        "Accounts: {} created, {} changed. Keys: {} created, {} changed, {} revoked.",
        done.accounts_created,
        done.accounts_changed,
        done.keys_created,
        done.keys_changed,
        done.keys_revoked
    );
    if !done.others.is_empty() {
        let what = match revoke_others {
            true => "their keys are revoked",
            false => "they stay as they are",
        };
        told += &format!("\nNot in the file: {}; {what}.", done.others.join(", "));
    }
    told
}

fn code(secret: &str, text: &str) -> blake3::Hash {
    blake3::keyed_hash(
        &blake3::derive_key(PURPOSE, secret.as_bytes()),
        text.as_bytes(),
    )
}

fn secret(path: &Path) -> Result<String, CliError> {
    let wrong = |why: String| CliError::Usage(format!("--secret-file {}: {why}", path.display()));
    let secret = File::open(path)
        .and_then(text)
        .map_err(|e| wrong(e.to_string()))?;
    let secret = secret.trim().to_owned();
    match secret.chars().count() >= SECRET_MIN {
        true => Ok(secret),
        false => Err(wrong(format!(
            "a secret has at least {SECRET_MIN} characters"
        ))),
    }
}

fn text(from: impl Read) -> std::io::Result<String> {
    let mut text = String::new();
    from.take(BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

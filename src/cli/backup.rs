//! `vocabox backup` and `vocabox restore`.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::FalseyValueParser;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::CliError;
use super::logging::say;
use super::output::{print, to_json};
use crate::store::Store;
use crate::store::backup::manifest::BackupManifest;
use crate::store::backup::{Snapshot, archive, restore};

/// Write a backup of the data folder to a file, also while the server runs.
///
/// The backup has the accounts, keys, histories, voices and jobs of one moment, and what the histories are encrypted with: keep it as
/// safe as the data folder. It is a tar file whose first file lists the hashes of the others; it is read back and compared before it
/// gets its name. If the command is interrupted, the same command goes on where it stopped.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// File to write; it must not exist
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Leave out dubbing jobs and their films
    #[arg(long)]
    without_jobs: bool,
    /// Print one JSON object
    #[arg(long, env = "VOCABOX_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

/// Restore a backup to the data folder, while no server runs on it.
///
/// Everything is unpacked, compared with its hashes and converted to the layout of this version before anything in the data folder
/// changes. If the command is interrupted, the data folder cannot be used until it is repeated.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// File that `vocabox backup` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Remove what the data folder has
    #[arg(long)]
    replace: bool,
    /// Print one JSON object
    #[arg(long, env = "VOCABOX_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

/// What is printed of a backup.
#[derive(Serialize)]
struct BackupSummary<'a> {
    status: &'static str,
    file: &'a Path,
    taken_at: String,
    version: &'a str,
    layout: u64,
    files: usize,
    bytes: u64,
}

/// Takes a backup of `data_dir`, and prints what it holds.
pub fn back_up(args: BackupArgs, data_dir: &Path) -> Result<(), CliError> {
    archive::refuse_existing(&args.file).map_err(CliError::usage)?;
    let with_jobs = !args.without_jobs;
    let store = Store::open(data_dir).map_err(CliError::usage)?;
    let left = match archive::unfinished(&args.file).exists() {
        true => Snapshot::left(data_dir, with_jobs).map_err(CliError::failed)?,
        false => None,
    };
    let snapshot = match left {
        Some(snapshot) => {
            let taken_at = snapshot.manifest().taken_at;
            say(&format!(
                "continuing the backup of {taken_at}, which was interrupted"
            ));
            snapshot
        }
        None => Snapshot::take(&store, data_dir, env!("CARGO_PKG_VERSION"), with_jobs)
            .map_err(CliError::failed)?,
    };
    drop(store);
    let bar = bar();
    archive::write(&snapshot, &args.file, &mut |done, of| show(&bar, done, of))
        .map_err(CliError::failed)?;
    bar.finish_and_clear();
    summary("written", &args.file, snapshot.manifest(), args.json)?;
    snapshot.remove();
    Ok(())
}

/// Restores a backup to `data_dir`, and prints what it held.
pub fn restore(args: RestoreArgs, data_dir: &Path) -> Result<(), CliError> {
    let bar = bar();
    let restored = restore::restore(&args.file, data_dir, args.replace, &mut |done, of| {
        show(&bar, done, of);
    });
    bar.finish_and_clear();
    let manifest = restored.map_err(CliError::failed)?;
    summary("restored", &args.file, &manifest, args.json)
}

fn summary(
    status: &'static str,
    file: &Path,
    of: &BackupManifest,
    json: bool,
) -> Result<(), CliError> {
    let summary = BackupSummary {
        status,
        file,
        taken_at: of.taken_at.to_string(),
        version: &of.version,
        layout: of.layout,
        files: of.files.len(),
        bytes: of.bytes(),
    };
    print(&match json {
        true => to_json(&summary)?,
        false => format!(
            "The backup of {} is {status}: {} files, {:.1} MB.",
            summary.taken_at,
            summary.files,
            summary.bytes as f64 / 1e6
        ),
    })
}

/// Progress by bytes, drawn only on a terminal.
fn bar() -> ProgressBar {
    const TEMPLATE: &str =
        "{bar:30} {bytes} of {total_bytes}, {elapsed_precise} (about {eta} left)";
    let style = ProgressStyle::with_template(TEMPLATE);
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(bar: &ProgressBar, done: u64, of: u64) {
    bar.set_length(of);
    bar.set_position(done);
}

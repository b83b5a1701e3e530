//! `vocabox models remove`: removes the files of a pack.

use std::io::{BufRead, IsTerminal, Write};

use super::super::CliError;
use super::super::output::print;
use super::named;
use crate::config::Common;
use crate::import;
use crate::pack::Pack;
use crate::pack::defaults::PackDefaults;
use crate::store::Store;

/// Remove a pack: an imported one as a whole, of one that scripts/fetch-models fetches the files, not the manifest.
///
/// A server that runs keeps the models that it has loaded, and starts without the pack the next time; voices that it has not spoken
/// with yet may fail. Linked files stay where they are.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  vocabox models remove whisper-small --yes")]
pub struct RemoveArgs {
    #[arg(value_name = "PACK")]
    name: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Asks, and removes the pack.
pub fn run(args: &RemoveArgs, common: &Common, packs: &[Pack]) -> Result<(), CliError> {
    let models_dir = &common.settings.models_dir;
    let pack = named(packs, &args.name)?;
    if pack.is_within_program() {
        return Err(CliError::Usage(format!(
            "{} is within the program, and cannot be removed from it",
            args.name
        )));
    }
    let is_imported = pack.manifest.sources.is_empty();
    if !is_imported && !pack.is_fetched() {
        return Err(CliError::Usage(format!(
            "{} is not fetched: there is nothing to remove",
            args.name
        )));
    }
    let server = Store::server(&common.settings.data_dir);
    let warning = server.map_or(String::new(), |process| {
        format!(
            " A server runs (process {process}): it keeps what it has loaded, and may fail on voices that it has not spoken with \
             yet; it starts without the pack the next time."
        )
    });
    if !args.yes && !asked(&format!("Remove {}?{warning}", args.name))? {
        return Err(CliError::Failed(format!("{} stays", args.name)));
    }
    let failed = |e: std::io::Error| CliError::Failed(format!("{}: {e}", pack.folder.display()));
    match is_imported {
        true => import::remove(models_dir, pack).map_err(failed)?,
        false => {
            for file in &pack.manifest.files {
                match std::fs::remove_file(pack.folder.join(&file.path)) {
                    Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                    removed => removed.map_err(failed)?,
                }
            }
        }
    }
    let usage = |e: crate::pack::PackError| CliError::Usage(e.to_string());
    let mut defaults = PackDefaults::read(models_dir).map_err(usage)?;
    if defaults.forget(&args.name) {
        defaults.write(models_dir).map_err(failed)?;
    }
    let again = match is_imported {
        true => String::new(),
        false => format!(" scripts/fetch-models {} fetches it again.", args.name),
    };
    print(&format!("Removed {}.{warning}{again}", args.name))
}

/// Asks on the terminal. Errors: there is none to ask on.
fn asked(question: &str) -> Result<bool, CliError> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Err(CliError::Usage(
            "there is no terminal to ask on: give --yes".to_owned(),
        ));
    }
    let mut output = std::io::stderr().lock();
    let shown = write!(output, "{question} [y/N] ").and_then(|()| output.flush());
    shown.map_err(super::super::output::unwritten)?;
    let mut line = String::new();
    let read = input.lock().read_line(&mut line);
    read.map_err(|e| CliError::Failed(format!("standard input cannot be read: {e}")))?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}

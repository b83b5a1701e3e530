//! `vocabox man` and `vocabox completions`: the pages of man(1), and what a shell completes, from the commands themselves.

use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap_complete::Shell;

use super::output::print;
use super::{Cli, CliError};

/// Print what a shell reads to complete commands and options.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  vocabox completions bash > /etc/bash_completion.d/vocabox")]
pub struct CompletionsArgs {
    #[arg(value_enum)]
    shell: Shell,
}

/// Write the manual pages: one of vocabox(1), and one of each command.
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// The folder to write into.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Runs `vocabox completions`.
pub fn completions(args: &CompletionsArgs) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "vocabox", &mut script);
    print(String::from_utf8_lossy(&script).trim_end())
}

/// Runs `vocabox man`.
pub fn man(args: &ManArgs) -> Result<(), CliError> {
    write(&args.folder).map_err(|e| CliError::Failed(format!("{}: {e}", args.folder.display())))?;
    print(&args.folder.join("vocabox.1").display().to_string())
}

fn write(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Cli::command().disable_help_subcommand(true), folder)
}

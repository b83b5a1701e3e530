//! The command `vocabox`: see `vocabox --help`.

use std::process::ExitCode;

use clap::Parser;
use vocabox::cli::{Cli, run};

fn main() -> ExitCode {
    run(Cli::parse())
}

//! `vocabox config`: the options in force.

use clap::Args;
use clap::builder::FalseyValueParser;

use super::CliError;
use super::output::{print, to_json};
use crate::config::{Common, OptionsInForce, ServeFlags};

/// Print every option of `serve` with its value and where that comes from, and check them.
///
/// The output is a file for --config: `vocabox config > vocabox.toml` writes what is in force now, by flags, VOCABOX_… variables and
/// the file of --config. Options without a comment have their default.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(flatten)]
    flags: ServeFlags,
    /// Print a JSON array of {name, value, source, reloaded}
    #[arg(long, env = "VOCABOX_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

/// Prints the options.
pub fn run(args: &ConfigArgs, common: &Common) -> Result<(), CliError> {
    let options = OptionsInForce::resolve(common, &args.flags).map_err(CliError::Usage)?;
    print(&match args.json {
        true => to_json(&options.all().collect::<Vec<_>>())?,
        false => options.to_string(),
    })
}

//! `vocabox ready`: whether the server is ready, for supervisors that have nothing else to ask with.

use super::CliError;
use super::ask::{ask, reached};
use super::output::print;
use crate::config::{Common, ServeFlags};

/// Tell whether the server of this machine is ready: exit code 0 only then.
///
/// It asks `/readyz` at the address of `--listen`, `VOCABOX_LISTEN` or the file of `--config`; for health checks of containers, which
/// have no other program.
#[derive(Debug, clap::Args)]
pub struct ReadyArgs {
    #[command(flatten)]
    flags: ServeFlags,
}

/// Runs the command.
pub fn run(args: &ReadyArgs, common: &Common) -> Result<(), CliError> {
    let options = common.serve(&args.flags).map_err(CliError::Usage)?;
    let address = reached(options.server.listen);
    let answer = ask(address, "/readyz")
        .map_err(|error| CliError::Failed(format!("no server answers at {address}: {error}")))?;
    match answer.status {
        200 => print("ready"),
        status => Err(CliError::Failed(format!(
            "not ready ({status}): {}",
            answer.body.trim()
        ))),
    }
}

//! Options that a running server takes anew: at `vocabox reload`, which sends SIGHUP.

use std::path::Path;
use std::{io, thread};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::SIGHUP;
use signal_hook::iterator::Signals;

use super::{CliError, logging, output, service_manager};
use crate::app::App;
use crate::config::{Common, OptionsInForce, RELOADED, Serve, ServeFlags};
use crate::fault::Fault;
use crate::store::Store;

/// Have the server of this data folder read the file of its --config again.
///
/// The options log_level, log_content, clones_max, require_clone_consent, public_catalog and cors_origin apply to requests from then
/// on; the server's log names those that changed and need a new start. An option that was given as a flag or a variable stays.
#[derive(Debug, clap::Args)]
pub struct ReloadArgs {}

/// Tells the server of `data_dir`.
pub fn run(data_dir: &Path) -> Result<(), CliError> {
    let none = || CliError::Failed("no server runs on this data folder".to_owned());
    let server = Store::server(data_dir).ok_or_else(none)?;
    let process = Pid::from_raw(server.cast_signed()).ok_or_else(none)?;
    kill_process(process, Signal::HUP)
        .map_err(|error| CliError::Failed(format!("process {server} cannot be told: {error}")))?;
    output::print(&format!(
        "The server (process {server}) reads its options again; its log tells which changed."
    ))
}

/// Starts the thread that takes the options anew at each SIGHUP. It ends with the process. The error says that it cannot be started.
pub(super) fn start(common: &Common, flags: &ServeFlags, app: &App) -> io::Result<()> {
    let mut reloader = Reloader {
        in_force: OptionsInForce::resolve(common, flags).map_err(io::Error::other)?,
        common: common.clone(),
        flags: flags.clone(),
        apply: Box::new(app.reloading()),
    };
    let mut signals = Signals::new([SIGHUP])?;
    let thread = thread::Builder::new().name("reload".to_owned());
    let spawned = thread.spawn(move || {
        for _ in signals.forever() {
            service_manager::reloading();
            if let Err(sentence) = reloader.reload() {
                log::error!("the options stay as they are: {sentence}");
            }
            service_manager::reloaded();
        }
    });
    spawned.map(drop)
}

/// Puts options in force.
type ApplyOptions = Box<dyn Fn(&Serve) -> Result<(), Fault> + Send>;

/// The options of a running server.
struct Reloader {
    common: Common,
    flags: ServeFlags,
    apply: ApplyOptions,
    in_force: OptionsInForce,
}

impl Reloader {
    /// Takes what may change, all or nothing. The error is one line for the operator.
    fn reload(&mut self) -> Result<(), String> {
        let common = self.common.again()?;
        let options = common.serve(&self.flags)?;
        let fresh = OptionsInForce::resolve(&common, &self.flags)?;
        (self.apply)(&options).map_err(|fault| fault.to_string())?;
        logging::set_level(common.settings.log_level);
        for (new, old) in fresh.all().zip(self.in_force.all()) {
            if new.value == old.value {
                continue;
            }
            match RELOADED.contains(&new.name) {
                true => log::info!("option {new}"),
                false => log::warn!("option {new}: it needs a new start of the server"),
            }
        }
        log::info!("the options were read again");
        self.common = common;
        self.in_force = fresh;
        Ok(())
    }
}

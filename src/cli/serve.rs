//! `vocabox serve`: runs the server until it is told to stop.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use super::{CliError, logging, reload, service_manager};
use crate::app::App;
use crate::config::{Common, ServeFlags};
use crate::end;
use crate::pack;
use crate::scheduler::lanes::Lanes;
use crate::store::Store;

/// Answer requests over HTTP until Ctrl-C or SIGTERM.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    #[command(flatten)]
    flags: ServeFlags,
}

/// Time for the last answers to be sent after the last generation has ended.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// How often the watchdog looks at the steps that run.
const WATCH: Duration = Duration::from_secs(1);

/// Runs the server. The first signal stops it once generations under way have ended, the second ends the process at
/// once. The exit code is 1 when requests were cut off.
pub fn run(args: &ServeArgs, common: &Common) -> Result<(), CliError> {
    let options = common.serve(&args.flags).map_err(CliError::Usage)?;
    let (signal, signalled) = mpsc::sync_channel(1);
    ctrlc::set_handler(move || {
        if signal.try_send(()).is_err() {
            // While models load, the first signal is not handled yet; a second one ends the process.
            end::at_once(1);
        }
    })
    .map_err(|e| CliError::Failed(format!("signals cannot be received: {e}")))?;
    // After the handler, which takes SIGHUP for a signal to stop.
    end::ignore_other_signals();
    let mut app = App::open(&options).map_err(CliError::usage)?;
    reload::start(common, &args.flags, &app)
        .map_err(|e| CliError::Failed(format!("the thread that reloads cannot be started: {e}")))?;
    pack::program::let_go();
    if options.server.watchdog {
        let lanes = Arc::clone(&app.context.services.lanes);
        let (store, step_max) = (Arc::clone(&app.context.store), app.context.step_max);
        std::thread::spawn(move || watch(&lanes, step_max, &store));
    }
    if let Some(wyoming) = &app.wyoming {
        logging::say(&format!(
            "listening for Wyoming clients on {}",
            wyoming.local_addr()
        ));
    }
    logging::say(&format!("listening on http://{}", app.edge.local_addr()));
    service_manager::ready();
    let _ = signalled.recv();
    service_manager::stopping();
    std::thread::spawn(move || {
        let _ = signalled.recv();
        end::at_once(1);
    });
    if let Some(dubbing) = &app.context.dubbing {
        dubbing.stop();
    }
    if let Some(cloning) = &app.context.cloning {
        cloning.stop();
    }
    if let Some(wyoming) = &mut app.wyoming {
        wyoming.stop();
    }
    let is_idle = drain(&app, Duration::from_secs(options.server.drain_seconds));
    app.context.store.close();
    if !is_idle {
        end::at_once(1);
    }
    // The process must not end beneath a step of an engine.
    app.context.services.lanes.close();
    Ok(())
}

/// Ends the process once a step has run for more than `step_max`, because nothing ends a step from outside, and once the
/// store has failed for good.
///
/// It counts how often it has seen the step: the time for which the whole process was stopped, as a container or a virtual
/// machine that is paused, is none in which a model computes.
fn watch(lanes: &Lanes, step_max: Duration, store: &Store) -> ! {
    let mut watched = None;
    let mut seen = 0;
    loop {
        std::thread::sleep(WATCH);
        let oldest = lanes.usage().oldest;
        seen = if oldest == watched { seen + 1 } else { 0 };
        watched = oldest;
        let ran = WATCH * seen;
        if oldest.is_some() && ran >= step_max {
            log::error!(
                "a model has computed for {} s without an end: the process ends",
                ran.as_secs()
            );
            end::at_once(1);
        }
        if store.has_failed() {
            log::error!("the store has failed and takes nothing more: the process ends");
            end::at_once(1);
        }
    }
}

/// Admits no more generations, and waits for at most `most` for those under way; returns whether all ended. The edge
/// keeps listening meanwhile, so that `/readyz` and new generations are answered with 503.
fn drain(app: &App, most: Duration) -> bool {
    log::info!(
        "stopping: what is under way gets {} s; a second signal ends at once",
        most.as_secs()
    );
    let until = Instant::now() + most;
    app.context.drain.close();
    let done = app.context.drain.wait_none(most);
    app.edge.stop();
    let left = until.saturating_duration_since(Instant::now());
    let most = if done { left.max(LAST_ANSWERS) } else { left };
    let is_idle = app.edge.wait_idle(most);
    if !is_idle {
        log::warn!("some requests did not finish in time and are cut off");
    }
    is_idle
}

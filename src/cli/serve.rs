//! `vocabox serve`: the server, until it is told to stop.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::CliError;
use crate::app::App;
use crate::config::{Common, ServeFlags};
use crate::end;

/// Answer over HTTP until told to stop (Ctrl-C or SIGTERM).
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    #[command(flatten)]
    flags: ServeFlags,
}

/// How long answers that need no worker may take to leave once everything else is over.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Serves. The first signal lets generations that are under way finish, the second ends at once.
pub fn run(args: &ServeArgs, common: &Common) -> Result<(), CliError> {
    let options = common.serve(&args.flags).map_err(CliError::Usage)?;
    let (signal, signalled) = mpsc::sync_channel(1);
    ctrlc::set_handler(move || {
        if signal.try_send(()).is_err() {
            // Models are still loading, and the first signal waits to be seen.
            end::at_once(1);
        }
    })
    .map_err(|e| CliError::Failed(format!("signals cannot be received: {e}")))?;
    let app = App::open(&options).map_err(CliError::usage)?;
    eprintln!("listening on http://{}", app.edge.local_addr());
    let _ = signalled.recv();
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
    let is_idle = drain(&app, Duration::from_secs(options.server.drain_seconds));
    app.context.store.close();
    if !is_idle {
        end::at_once(0);
    }
    Ok(())
}

/// Takes no more generations, and for at most `most` waits for those under way; whether all ended. The edge keeps
/// listening for that long: a client that asks `/readyz` has to be told, and one that sends work has to be told to send
/// it elsewhere.
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

//! `vocabox serve`: the server, until it is told to stop.

use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;

use super::CliError;
use crate::app::App;
use crate::config::{Common, ModelOptions, ServeOptions};

/// Answer over HTTP until told to stop (Ctrl-C or SIGTERM).
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    serve: ServeOptions,
    #[command(flatten)]
    models: ModelOptions,
}

/// Serves. The first signal lets running requests finish, the second ends at once.
pub fn run(args: Args, common: &Common) -> Result<(), CliError> {
    let options = common
        .models(&args.models)
        .and_then(|models| common.serve(models, &args.serve))
        .map_err(CliError::Usage)?;
    let (signal, signalled) = mpsc::sync_channel(1);
    ctrlc::set_handler(move || {
        if signal.try_send(()).is_err() {
            // Models are still loading, and the first signal waits to be seen.
            std::process::exit(1);
        }
    })
    .map_err(|e| CliError::Failed(format!("signals cannot be received: {e}")))?;
    let app = App::open(&options).map_err(CliError::usage)?;
    eprintln!("listening on http://{}", app.edge.local_addr());
    let _ = signalled.recv();
    let drain = Duration::from_secs(options.drain_seconds);
    log::info!(
        "stopping: running requests get {} s; a second signal ends at once",
        drain.as_secs()
    );
    app.context.draining.store(true, Ordering::Relaxed);
    std::thread::spawn(move || {
        let _ = signalled.recv();
        std::process::exit(1);
    });
    app.edge.stop();
    if !app.edge.wait_idle(drain) {
        log::warn!("some requests did not finish in time and are cut off");
    }
    app.context.store.close();
    Ok(())
}

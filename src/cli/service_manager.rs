//! What the server tells systemd, where its unit has `Type=notify` (sd_notify(3)). Without a service manager nothing is sent.

use std::thread;

use sd_notify::{NotifyState, notify, watchdog_enabled};

/// Tells that the server answers requests. If the unit has `WatchdogSec`, tells it again and again from a thread that ends with
/// the process: a process that no longer runs its threads is started anew.
pub fn ready() {
    tell(&[NotifyState::Ready]);
    let Some(longest) = watchdog_enabled() else {
        return;
    };
    let thread = thread::Builder::new().name("alive".to_owned());
    let spawned = thread.spawn(move || {
        loop {
            tell(&[NotifyState::Watchdog]);
            // Half of the time, as sd_watchdog_enabled(3) recommends.
            thread::sleep(longest / 2);
        }
    });
    if let Err(error) = spawned {
        log::error!(
            "systemd is not told that the server is alive: no thread can be started: {error}"
        );
    }
}

/// Tells that the server takes its options anew.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => log::warn!("systemd is not told of the reload: {error}"),
    }
}

/// Tells that the options were taken, or stay as they were.
pub fn reloaded() {
    tell(&[NotifyState::Ready]);
}

/// Tells that the server stops: what is under way still gets its time.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(state: &[NotifyState]) {
    if let Err(error) = notify(state) {
        log::warn!("systemd cannot be told: {error}");
    }
}

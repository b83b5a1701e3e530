//! The clock of token buckets: it continues while the machine is suspended, and setting the wall clock does not change
//! it.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::Utc;

/// The machine's clock since it was started; in tests, a clock that the test sets.
#[derive(Debug, Clone)]
pub struct Clock {
    /// Identifies the machine's current boot.
    boot: String,
    source: ClockSource,
}

#[derive(Debug, Clone)]
enum ClockSource {
    Machine,
    /// Nanoseconds since the start; the wall clock shows as many since 1970.
    ByHand(Arc<AtomicU64>),
}

/// An instant that a later run of this program can measure from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Moment {
    boot: String,
    /// Nanoseconds since that boot.
    boot_ns: u64,
    /// The wall clock's time. It can be set, so it counts only when the machine was rebooted since.
    wall: Utc,
}

impl Clock {
    /// Returns the clock of the machine's current boot. Where the kernel does not identify boots, each run of the
    /// program counts as one.
    pub fn of_machine() -> Self {
        let named = fs::read_to_string("/proc/sys/kernel/random/boot_id");
        let boot = named.map(|name| name.trim().to_string());
        Clock {
            boot: boot.unwrap_or_else(|_| Uuid::now_v7().to_string()),
            source: ClockSource::Machine,
        }
    }

    /// Returns a clock that stands still until [`Clock::advance`] moves it, for tests whose outcome must not depend on
    /// their duration. Clones show the same time, as clocks of one boot do.
    pub fn by_hand() -> Self {
        Clock {
            boot: "by hand".to_owned(),
            source: ClockSource::ByHand(Arc::default()),
        }
    }

    /// Advances a clock of [`Clock::by_hand`], and all its clones, by so many nanoseconds; the machine's clock is not
    /// changed.
    pub fn advance(&self, ns: u64) {
        if let ClockSource::ByHand(now_ns) = &self.source {
            now_ns.fetch_add(ns, Ordering::SeqCst);
        }
    }

    /// Returns the nanoseconds since the machine was started. Two readings may be equal.
    pub(crate) fn now_ns(&self) -> u64 {
        match &self.source {
            ClockSource::Machine => {
                let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
                time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
            }
            ClockSource::ByHand(now_ns) => now_ns.load(Ordering::SeqCst),
        }
    }

    /// Returns the wall clock's time.
    pub(crate) fn wall(&self) -> Utc {
        match &self.source {
            ClockSource::Machine => Utc::now(),
            ClockSource::ByHand(_) => Utc::EPOCH.ms_after(self.now_ns() / 1_000_000),
        }
    }

    /// Returns `now_ns` as an instant that can be stored.
    pub(crate) fn moment(&self, now_ns: u64) -> Moment {
        Moment {
            boot: self.boot.clone(),
            boot_ns: now_ns,
            wall: self.wall(),
        }
    }

    /// Returns the nanoseconds from `earlier` to the instant `now_ns`, at which the wall clock shows `wall`; never more
    /// than have passed, as far as the wall clock can be trusted over a reboot.
    pub(crate) fn ns_since(&self, earlier: &Moment, now_ns: u64, wall: Utc) -> u64 {
        match self.boot == earlier.boot {
            true => now_ns.saturating_sub(earlier.boot_ns),
            // Both ends are rounded down to the millisecond: one less is never too much.
            false => (wall.ms_since(earlier.wall).saturating_sub(1)).saturating_mul(1_000_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    const SECOND_NS: u64 = 1_000_000_000;

    fn wall(seconds: u64) -> Utc {
        Utc::from(UNIX_EPOCH + Duration::from_secs(seconds))
    }

    fn clock(boot: &str) -> Clock {
        Clock {
            boot: boot.into(),
            ..Clock::by_hand()
        }
    }

    #[test]
    fn a_wall_clock_that_jumps_does_not_count_before_the_machine_is_started_anew() {
        let clock = clock("a");
        let earlier = Moment {
            boot: "a".into(),
            boot_ns: 5 * SECOND_NS,
            wall: wall(1_000),
        };
        for jumped in [wall(0), wall(1_002), wall(1_000_000)] {
            assert_eq!(
                clock.ns_since(&earlier, 7 * SECOND_NS, jumped),
                2 * SECOND_NS
            );
        }
        assert_eq!(clock.ns_since(&earlier, 4 * SECOND_NS, wall(1_002)), 0);
    }

    #[test]
    fn over_a_new_start_of_the_machine_the_wall_clock_counts_and_never_backwards() {
        let clock = clock("b");
        let earlier = Moment {
            boot: "a".into(),
            boot_ns: 500 * SECOND_NS,
            wall: wall(1_000),
        };
        let since = |now: Utc| clock.ns_since(&earlier, SECOND_NS, now);
        assert_eq!(since(wall(1_030)), 30 * SECOND_NS - 1_000_000);
        assert_eq!(since(wall(1_000)), 0);
        assert_eq!(since(wall(0)), 0);
    }

    #[test]
    fn the_clock_goes_forward_and_names_its_start_the_same_each_time() {
        let clock = Clock::of_machine();
        let first = clock.now_ns();
        assert!(first > 0 && clock.now_ns() >= first);
        assert_eq!(Clock::of_machine().boot, clock.boot);
        assert_eq!(clock.moment(first).boot_ns, first);
    }
}

//! Whether the clock may remove what is too old.
//!
//! A clock that is years ahead, for want of a battery or by a wrong setting, would make everything too old at once. So the
//! store keeps when the clock was last seen. One that is further ahead of that than `CLOCK_AHEAD_DAYS_MAX` days is believed
//! only once it has stayed there for `CLOCK_DOUBT_HOURS`; until then nothing is removed for its age, and the log says so. A
//! server that was off for long hesitates likewise.
//!
//! A machine without a battery shows a date long ago from its start until it learns the time. That interrupts the hours but
//! does not undo them, and what was believed before such a start is believed again afterwards: so the doubt ends, however
//! often the machine is restarted. Once the clock has stayed at the other date for `CLOCK_DOUBT_HOURS`, the time that it
//! left is forgotten.

use heed::RwTxn;

use crate::ids::Utc;
use crate::prune::Pruning;
use crate::{Store, Tables};
use vocabox_base::fault::Fault;

/// Days by which the clock may be ahead of when it was last seen, for age to remove anything at once.
const CLOCK_AHEAD_DAYS_MAX: u64 = 7;
/// Hours that it has to stay there otherwise.
const CLOCK_DOUBT_HOURS: u64 = 24;

/// Records of the times that the clock showed: when it was believed last, and the fields of a [`Doubt`].
const BELIEVED: &str = "clock_believed";
const DOUBT_BEGAN: &str = "clock_doubt_began";
const DOUBT_NOTED: &str = "clock_doubt_noted";
const DOUBT_LEFT: &str = "clock_doubt_left";

const HOUR_MS: u64 = 3_600_000;
const AHEAD_MS_MAX: u64 = CLOCK_AHEAD_DAYS_MAX * 24 * HOUR_MS;
const DOUBT_MS: u64 = CLOCK_DOUBT_HOURS * HOUR_MS;

/// The times, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sightings {
    believed: u64,
    doubt: Option<Doubt>,
}

/// A time that is far ahead of the one that is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Doubt {
    /// When it began, had the clock gone on without interruption: `noted` is later by what it has stayed.
    began: u64,
    /// When it was noted last.
    noted: u64,
    /// What the clock showed when it had gone back from there, while it is back.
    left: Option<u64>,
}

impl Sightings {
    /// Returns these times after the clock showed `now`.
    fn after(self, now: u64) -> Sightings {
        // A clock that is behind removes nothing.
        if now <= self.believed.saturating_add(AHEAD_MS_MAX) {
            let is_back = now.saturating_add(AHEAD_MS_MAX) < self.believed;
            return Sightings {
                believed: now,
                doubt: match is_back {
                    true => Some(Doubt::confirmed(self.believed, now)),
                    false => self.doubt.and_then(|doubt| doubt.interrupted(now)),
                },
            };
        }
        let goes_on = |d: &Doubt| (d.noted..=d.noted + AHEAD_MS_MAX).contains(&now);
        match self.doubt.filter(goes_on) {
            Some(doubt) => {
                let pause = doubt.left.map_or(0, |_| now - doubt.noted);
                let began = doubt.began + pause;
                match now - began >= DOUBT_MS {
                    true => Sightings {
                        believed: now,
                        doubt: None,
                    },
                    false => self.doubting(began, now),
                }
            }
            // It jumps for the first time, or once more.
            None => self.doubting(now, now),
        }
    }

    fn doubting(self, began: u64, now: u64) -> Sightings {
        Sightings {
            doubt: Some(Doubt {
                began,
                noted: now,
                left: None,
            }),
            ..self
        }
    }

    /// Whether the store should have `next` in place of these times: not at every look, because each is a write.
    fn is_worth(self, next: Sightings) -> bool {
        let kind = |s: Sightings| s.doubt.map(|d| (d.began, d.left.is_some()));
        let doubted = |s: Sightings| s.doubt.filter(|d| d.left.is_none());
        let noted = |s: Sightings| doubted(s).map_or(s.believed, |d| d.noted);
        kind(self) != kind(next) || noted(self).abs_diff(noted(next)) >= HOUR_MS
    }
}

impl Doubt {
    /// What was believed until `noted`, when the clock has gone back to `now`: it stayed there for long enough.
    fn confirmed(noted: u64, now: u64) -> Doubt {
        Doubt {
            began: noted.saturating_sub(DOUBT_MS),
            noted,
            left: Some(now),
        }
    }

    /// The doubt while the clock is at the believed time `now`; none once it has stayed there for long enough.
    fn interrupted(self, now: u64) -> Option<Doubt> {
        let left = self.left.map_or(now, |left| left.min(now));
        (now - left < DOUBT_MS).then_some(Doubt {
            left: Some(left),
            ..self
        })
    }
}

impl Store {
    /// Whether the clock may be trusted now: what is too old by a clock that has jumped ahead is kept for a while. Faults: those
    /// of the store.
    pub fn trusts_clock(&self) -> Result<bool, Fault> {
        self.pruning().trusts(Utc::now())
    }
}

impl Pruning {
    /// Whether what is too old at `now` may be removed. Faults: those of the store.
    pub(crate) fn trusts(&self, now: Utc) -> Result<bool, Fault> {
        let now_ms = now.ms_since(Utc::EPOCH);
        let txn = self.env.read_txn()?;
        let seen = self.tables.sightings(&txn)?;
        let is_new = seen.is_none();
        let before = match seen {
            Some(seen) => seen,
            None => self.tables.first_sighting(&txn, now_ms)?,
        };
        drop(txn);
        let next = before.after(now_ms);
        let is_trusted = next.believed == now_ms;
        if is_new || before.is_worth(next) {
            let tables = self.tables;
            self.writer.write(move |txn| tables.see(txn, next))?;
            if !is_trusted {
                log::warn!(
                    "the clock shows {now}, {} days after it was last seen: until it has stayed there for {CLOCK_DOUBT_HOURS} h, nothing is removed for its age; set it right if it is wrong",
                    now_ms.saturating_sub(next.believed) / (24 * HOUR_MS)
                );
            }
        }
        Ok(is_trusted)
    }
}

impl Tables {
    fn sightings(&self, txn: &heed::RoTxn) -> Result<Option<Sightings>, Fault> {
        let Some(believed) = self.meta.get(txn, BELIEVED)? else {
            return Ok(None);
        };
        let began = self.meta.get(txn, DOUBT_BEGAN)?;
        let noted = self.meta.get(txn, DOUBT_NOTED)?;
        let left = self.meta.get(txn, DOUBT_LEFT)?;
        let doubt = |(began, noted)| Doubt { began, noted, left };
        Ok(Some(Sightings {
            believed,
            doubt: began.zip(noted).map(doubt),
        }))
    }

    /// What is known of the clock by a store of a program that did not note it: it made the newest item.
    fn first_sighting(&self, txn: &heed::RoTxn, now_ms: u64) -> Result<Sightings, Fault> {
        let newest = self.newest(txn)?.ms_since(Utc::EPOCH);
        Ok(Sightings {
            believed: match newest {
                0 => now_ms,
                newest => newest,
            },
            doubt: None,
        })
    }

    fn see(&self, txn: &mut RwTxn, seen: Sightings) -> Result<(), Fault> {
        let doubt = seen.doubt;
        for (name, at) in [
            (BELIEVED, Some(seen.believed)),
            (DOUBT_BEGAN, doubt.map(|d| d.began)),
            (DOUBT_NOTED, doubt.map(|d| d.noted)),
            (DOUBT_LEFT, doubt.and_then(|d| d.left)),
        ] {
            match at {
                Some(at) => self.meta.put(txn, name, &at)?,
                None => self.meta.delete(txn, name).map(drop)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::open;

    const DAY_MS: u64 = 24 * HOUR_MS;

    /// Whether a new store that saw the first of these times believes each.
    fn believes(days: &[f64]) -> Vec<bool> {
        let (_dir, store) = open();
        let pruning = store.pruning();
        let at = |day: &f64| Utc::EPOCH.ms_after(((20_000.0 + day) * DAY_MS as f64) as u64);
        days.iter()
            .map(|day| pruning.trusts(at(day)).unwrap())
            .collect()
    }

    #[test]
    fn a_clock_that_goes_on_as_clocks_do_is_believed() {
        assert_eq!(believes(&[0.0, 0.01, 1.0, 1.5, 8.0, 15.0]), [true; 6]);
        assert_eq!(believes(&[0.0, -3_000.0, -2_999.0]), [true; 3], "set back");
    }

    #[test]
    fn a_clock_that_jumps_is_believed_once_it_has_stayed_for_a_day() {
        let days = [0.0, 3_650.0, 3_650.01, 3_650.5, 3_650.99, 3_651.0, 3_652.0];
        assert_eq!(
            believes(&days),
            [true, false, false, false, false, true, true]
        );
        // Off for a month, or looked at rarely.
        assert_eq!(believes(&[0.0, 30.0, 33.0]), [true, false, true]);
    }

    #[test]
    fn a_clock_that_is_set_right_or_jumps_again_proves_nothing() {
        assert_eq!(
            believes(&[0.0, 3_650.0, 0.5, 1.0]),
            [true, false, true, true]
        );
        let again = [0.0, 3_650.0, 7_300.0, 7_300.5, 3_651.0, 3_651.9, 3_652.0];
        assert_eq!(
            believes(&again),
            [true, false, false, false, false, false, true]
        );
    }
    /// The date of a machine that has just started without a battery.
    const STARTED: f64 = -20_000.0;

    #[test]
    fn restarts_without_a_battery_interrupt_the_doubt_and_do_not_undo_it() {
        let first_days = [
            STARTED, 0.0, 0.5, 0.9, STARTED, 1.0, 1.05, STARTED, 1.1, 1.2,
        ];
        assert_eq!(
            believes(&first_days),
            [
                true, false, false, false, true, false, false, true, false, true
            ]
        );
        // Later it is believed as soon as it is known.
        let later = [0.0, 0.5, STARTED, 1.0, 1.9, STARTED, 2.0];
        assert_eq!(believes(&later), [true; 7]);
    }

    #[test]
    fn a_time_that_the_clock_left_for_a_day_is_forgotten() {
        let jumps = [0.0, 3_650.0, 3_650.9, 0.9, 3_651.0, 3_651.05];
        assert_eq!(
            believes(&jumps),
            [true, false, false, true, false, false],
            "the pause does not count"
        );
        let forgotten = [0.0, 3_650.0, 3_650.9, 1.0, 2.1, 3_651.0, 3_651.2];
        assert_eq!(
            believes(&forgotten),
            [true, false, false, true, true, false, false]
        );
        let set_right = [0.0, 3_650.0, 3_651.0, 1.0, 2.1, 3_652.0];
        assert_eq!(believes(&set_right), [true, false, true, true, true, false]);
    }
}

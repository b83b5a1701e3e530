//! Whether the clock may remove what is too old.
//!
//! A clock that is years ahead, for want of a battery or by a wrong setting, would make everything too old at once. So the
//! store keeps when the clock was last seen. One that is further ahead of that than `CLOCK_AHEAD_DAYS_MAX` days is believed
//! only once it has stayed there for `CLOCK_DOUBT_HOURS`; until then nothing is removed for its age, and the log says so. A
//! server that was off for long hesitates likewise.

use heed::RwTxn;

use crate::ids::Utc;
use crate::prune::Pruning;
use crate::{Store, Tables};
use vocabox_base::fault::Fault;

/// Days by which the clock may be ahead of when it was last seen, for age to remove anything at once.
const CLOCK_AHEAD_DAYS_MAX: u64 = 7;
/// Hours that it has to stay there otherwise.
const CLOCK_DOUBT_HOURS: u64 = 24;

/// Records of the times that the clock showed: when it was believed last; when the doubt began, and when it was noted last.
const BELIEVED: &str = "clock_believed";
const DOUBT_BEGAN: &str = "clock_doubt_began";
const DOUBT_NOTED: &str = "clock_doubt_noted";

const HOUR_MS: u64 = 3_600_000;
const AHEAD_MS_MAX: u64 = CLOCK_AHEAD_DAYS_MAX * 24 * HOUR_MS;
const DOUBT_MS: u64 = CLOCK_DOUBT_HOURS * HOUR_MS;

/// The times, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sightings {
    believed: u64,
    /// When the doubt began, and when it was noted last.
    doubt: Option<(u64, u64)>,
}

impl Sightings {
    /// Returns these times after the clock showed `now`. It is believed if there is no doubt.
    fn after(self, now: u64) -> Sightings {
        let believed = Sightings {
            believed: now,
            doubt: None,
        };
        // A clock that is behind removes nothing.
        if now <= self.believed.saturating_add(AHEAD_MS_MAX) {
            return believed;
        }
        match self.doubt {
            Some((began, noted)) if (noted..=noted + AHEAD_MS_MAX).contains(&now) => {
                match now - began >= DOUBT_MS {
                    true => believed,
                    false => Sightings {
                        doubt: Some((began, now)),
                        ..self
                    },
                }
            }
            // It jumps for the first time, or once more.
            _ => Sightings {
                doubt: Some((now, now)),
                ..self
            },
        }
    }

    /// Whether the store should have `next` in place of these times: not at every look, because each is a write.
    fn is_worth(self, next: Sightings) -> bool {
        let noted = |s: Sightings| s.doubt.map_or(s.believed, |(_, noted)| noted);
        self.doubt.is_some() != next.doubt.is_some()
            || self.doubt.map(|d| d.0) != next.doubt.map(|d| d.0)
            || noted(self).abs_diff(noted(next)) >= HOUR_MS
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
        if is_new || before.is_worth(next) {
            let tables = self.tables;
            self.writer.write(move |txn| tables.see(txn, next))?;
            if next.doubt.is_some() {
                log::warn!(
                    "the clock shows {now}, {} days after it was last seen: until it has stayed there for {CLOCK_DOUBT_HOURS} h, nothing is removed for its age; set it right if it is wrong",
                    now_ms.saturating_sub(next.believed) / (24 * HOUR_MS)
                );
            }
        }
        Ok(next.doubt.is_none())
    }
}

impl Tables {
    fn sightings(&self, txn: &heed::RoTxn) -> Result<Option<Sightings>, Fault> {
        let Some(believed) = self.meta.get(txn, BELIEVED)? else {
            return Ok(None);
        };
        let began = self.meta.get(txn, DOUBT_BEGAN)?;
        let noted = self.meta.get(txn, DOUBT_NOTED)?;
        Ok(Some(Sightings {
            believed,
            doubt: began.zip(noted),
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
        self.meta.put(txn, BELIEVED, &seen.believed)?;
        match seen.doubt {
            Some((began, noted)) => {
                self.meta.put(txn, DOUBT_BEGAN, &began)?;
                self.meta.put(txn, DOUBT_NOTED, &noted)
            }
            None => {
                self.meta.delete(txn, DOUBT_BEGAN)?;
                self.meta.delete(txn, DOUBT_NOTED).map(drop)
            }
        }
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
        let at = |day: &f64| Utc::EPOCH.ms_after(20_000 * DAY_MS + (day * DAY_MS as f64) as u64);
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
}

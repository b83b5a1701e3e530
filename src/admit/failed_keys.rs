//! How many requests with a wrong key an address may send: beyond that they get 429 in place of 401.
//!
//! A valid key is never refused here, whatever else came from its address: else one client could lock out all others
//! behind its proxy, which is one address. So this is no protection against guesses, which 256 random bits are; it tells a
//! client that sends a wrong key again and again to wait, and shows it in the log.
//!
//! The table has a fixed size: an address has the counter that a hash selects, whose seed differs in each process, so that
//! no client can choose with whom it shares one. Addresses that share a counter share its allowance.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::address::network_of;
use crate::fault::{Fault, Kind};
use crate::limits::FAILED_KEYS_COUNTERS;

const MINUTE_NS: u64 = 60_000_000_000;

/// The wrong keys of each address.
pub struct FailedKeys {
    /// Nanoseconds after which one more wrong key is allowed.
    interval_ns: u64,
    opened: Instant,
    seed: RandomState,
    /// For each counter, the nanoseconds after `opened` at which its whole allowance is there again (the generic cell rate
    /// algorithm, ITU-T I.371).
    whole_at_ns: Box<[AtomicU64]>,
}

impl FailedKeys {
    /// No wrong key yet, and at most `per_minute_max` (at least 1) in a minute for each address.
    pub fn new(per_minute_max: u32) -> Self {
        FailedKeys {
            interval_ns: MINUTE_NS / u64::from(per_minute_max.max(1)),
            opened: Instant::now(),
            seed: RandomState::new(),
            whole_at_ns: (0..FAILED_KEYS_COUNTERS)
                .map(|_| AtomicU64::new(0))
                .collect(),
        }
    }

    /// Counts a wrong key that came from `peer` at `now`. Fault: `RateLimited` when too many came, and then this one is not
    /// counted.
    pub fn note(&self, peer: IpAddr, now: Instant) -> Result<(), Fault> {
        let now_ns = now.saturating_duration_since(self.opened).as_nanos() as u64;
        let one_more = |whole_at_ns: u64| {
            let then_ns = whole_at_ns.max(now_ns) + self.interval_ns;
            (then_ns <= now_ns + MINUTE_NS).then_some(then_ns)
        };
        self.counter(peer)
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .map(drop)
            .map_err(|whole_at_ns| {
                // Not negative: the closure refused because the sum is the larger one.
                let wait_ns = whole_at_ns + self.interval_ns - MINUTE_NS - now_ns;
                too_many(wait_ns.div_ceil(1_000_000_000) as u32)
            })
    }

    fn counter(&self, peer: IpAddr) -> &AtomicU64 {
        let hash = self.seed.hash_one(network_of(peer));
        &self.whole_at_ns[hash as usize % self.whole_at_ns.len()]
    }
}

fn too_many(retry_after_s: u32) -> Fault {
    Fault::new(
        Kind::RateLimited { retry_after_s },
        format!(
            "Too many requests with a wrong key came from this address. Try again in {retry_after_s} s."
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn wait_s(noted: Result<(), Fault>) -> Option<u32> {
        noted.err().map(|fault| match fault.kind {
            Kind::RateLimited { retry_after_s } => retry_after_s,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn so_many_at_once_and_then_one_in_each_interval() {
        let failed = FailedKeys::new(4);
        let peer = "192.0.2.1".parse().unwrap();
        let at = |s: f64| failed.opened + Duration::from_secs_f64(s);
        for _ in 0..4 {
            assert_eq!(wait_s(failed.note(peer, at(0.0))), None);
        }
        for (now_s, wait) in [
            (0.0, Some(15)),
            (0.5, Some(15)),
            (14.5, Some(1)),
            (15.0, None),
            (15.0, Some(15)),
            // Those that were refused did not count.
            (30.0, None),
            // After an hour there are no more than at first.
            (3_600.0, None),
            (3_600.0, None),
            (3_600.0, None),
            (3_600.0, None),
            (3_600.0, Some(15)),
        ] {
            assert_eq!(wait_s(failed.note(peer, at(now_s))), wait, "{now_s} s");
        }
    }

    #[test]
    fn addresses_count_alone_in_a_table_that_does_not_grow() {
        let failed = FailedKeys::new(1);
        let now = failed.opened;
        let addresses = |n: u32| IpAddr::V4(Ipv4Addr::from_bits(0xc633_6400 + n));
        let refused = (0..100).filter(|n| failed.note(addresses(*n), now).is_err());
        // Two may share a counter by chance.
        assert!(refused.count() < 10);
        let again = (0..100).filter(|n| failed.note(addresses(*n), now).is_err());
        assert_eq!(again.count(), 100);
        (0..1_000_000).for_each(|n| drop(failed.note(addresses(n), now)));
        assert_eq!(failed.whole_at_ns.len(), FAILED_KEYS_COUNTERS);
        let network = |n: u128| IpAddr::V6(((0x2001_0db8_u128 << 96) + n).into());
        assert!(failed.note(network(1), now).is_err() || failed.note(network(2), now).is_err());
    }

    #[test]
    fn threads_together_get_no_more_than_one_would() {
        let failed = FailedKeys::new(1_000);
        let (peer, now) = ("192.0.2.1".parse().unwrap(), failed.opened);
        let granted = || {
            (0..1_000)
                .filter(|_| failed.note(peer, now).is_ok())
                .count()
        };
        let together: usize = thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(granted)).collect();
            threads.into_iter().map(|t| t.join().unwrap()).sum()
        });
        assert_eq!(together, 1_000);
    }
}

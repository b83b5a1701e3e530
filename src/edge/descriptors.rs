//! Owns the sum of open files: tiny_http's accept thread does not survive one that cannot be opened, so that
//! the connections must never add up to more than the process may have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::EdgeError;

/// Descriptors of one connection with a request under way: the client's, three of the inner hop (the gate's
/// end, and two that tiny_http makes of its end), and a spooled body.
const PER_CONNECTION: u64 = 1 + 3 + 1;
/// For the listeners, standard streams, store, models and library files, plus 64 to spare.
const REST: u64 = 128 + 64;
/// Fewer connections than this are no service.
const CONNECTIONS_MIN: u64 = 8;

/// As many connections as the process's limit of open files allows, at most `wanted`; raises the soft limit
/// as far as that needs. The error says that not even the fewest fit.
pub(super) fn connections(wanted: usize) -> Result<usize, EdgeError> {
    let need = need(wanted as u64);
    let now = getrlimit(Resource::Nofile);
    let (soft, hard) = (
        now.current.unwrap_or(u64::MAX),
        now.maximum.unwrap_or(u64::MAX),
    );
    let mut have = soft;
    if soft < need {
        let raised = need.min(hard);
        let limit = Rlimit {
            current: Some(raised),
            maximum: now.maximum,
        };
        match setrlimit(Resource::Nofile, limit) {
            Ok(()) => have = raised,
            Err(e) => {
                log::warn!("edge: the limit of open files could not be raised to {raised}: {e}")
            }
        }
    }
    fit(wanted, have).ok_or(EdgeError::Descriptors {
        have,
        need: self::need(CONNECTIONS_MIN.min(wanted as u64)),
    })
}

fn need(connections: u64) -> u64 {
    connections
        .saturating_mul(PER_CONNECTION)
        .saturating_add(REST)
}

fn fit(wanted: usize, have: u64) -> Option<usize> {
    let room = have.saturating_sub(REST) / PER_CONNECTION;
    let fitting = room.min(wanted as u64);
    (fitting >= CONNECTIONS_MIN.min(wanted as u64)).then_some(fitting as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_fit_into_the_limit_or_there_are_none() {
        assert_eq!(fit(1024, u64::MAX), Some(1024));
        assert_eq!(fit(1024, need(1024)), Some(1024));
        assert_eq!(fit(1024, need(1024) - 1), Some(1023));
        assert_eq!(fit(1024, 1024), Some(166));
        assert_eq!(fit(1024, need(CONNECTIONS_MIN)), Some(8));
        assert_eq!(fit(1024, need(CONNECTIONS_MIN) - 1), None);
        assert_eq!(fit(1024, 0), None);
        assert_eq!(fit(2, need(2)), Some(2));
    }
}

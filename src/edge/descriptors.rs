//! Bounds the open files: tiny_http's accept thread does not survive a socket that cannot be opened, so the connections
//! must never need more descriptors than the process may have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::EdgeError;

/// Descriptors of one connection with a running request: the client's socket, three of the inner hop (the gate's end,
/// and two that tiny_http makes of its end), and a spooled body.
const PER_CONNECTION: u64 = 1 + 3 + 1;
/// For the listeners, standard streams, store, models and library files, plus 64 in reserve.
const REST: u64 = 128 + 64;
/// The least number of connections of a useful service.
const CONNECTIONS_MIN: u64 = 8;

/// Returns as many connections as the process's limit of open files allows beside `handlers`, at most `wanted`; raises
/// the soft limit as far as necessary. The error says that not even the least number fits.
pub(crate) fn connections(wanted: usize, handlers: usize) -> Result<usize, EdgeError> {
    let wanted = Wanted {
        connections: wanted as u64,
        handlers: handlers as u64,
    };
    let need = wanted.need(wanted.connections);
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
    wanted.fit(have).ok_or(EdgeError::Descriptors {
        have,
        need: wanted.need(wanted.fewest()),
    })
}

struct Wanted {
    connections: u64,
    handlers: u64,
}

impl Wanted {
    /// Returns the descriptors of this many connections and of everything else. A running request has the file of its
    /// body and the file that was extracted from a form, also when its client has left.
    fn need(&self, connections: u64) -> u64 {
        connections
            .saturating_mul(PER_CONNECTION)
            .saturating_add(2 * self.handlers)
            .saturating_add(REST)
    }

    fn fewest(&self) -> u64 {
        self.handlers.max(CONNECTIONS_MIN).min(self.connections)
    }

    fn fit(&self, have: u64) -> Option<usize> {
        let room = have.saturating_sub(self.need(0)) / PER_CONNECTION;
        let fitting = room.min(self.connections);
        (fitting >= self.fewest()).then_some(fitting as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_fit_into_the_limit_or_there_are_none() {
        let wanted = |connections, handlers| Wanted {
            connections,
            handlers,
        };
        let many = wanted(1024, 4);
        assert_eq!(many.fit(u64::MAX), Some(1024));
        assert_eq!(many.fit(many.need(1024)), Some(1024));
        assert_eq!(many.fit(many.need(1024) - 1), Some(1023));
        assert_eq!(many.fit(1024), Some((1024 - 2 * 4 - 192) / 5));
        assert_eq!(many.fit(many.need(CONNECTIONS_MIN)), Some(8));
        assert_eq!(many.fit(many.need(CONNECTIONS_MIN) - 1), None);
        assert_eq!(many.fit(0), None);
        let few = wanted(2, 4);
        assert_eq!(few.fit(few.need(2)), Some(2));
        // Waiting requests may take every handler: with fewer connections than handlers, no connection would be left
        // for other requests.
        let waiting = wanted(1024, 42);
        assert_eq!(waiting.fit(waiting.need(42)), Some(42));
        assert_eq!(waiting.fit(waiting.need(42) - 1), None);
    }
}

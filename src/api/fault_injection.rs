//! Faults on demand, so that the tests reach statuses that a healthy server never answers. Release builds contain none.

use std::time::Instant;

use super::message::Head;
use crate::fault::Fault;

/// Places where a request can ask for a fault, with the header `X-Rehearse: <name>`.
pub enum FaultPoint {
    /// The store cannot be read when the key is looked up.
    Store,
    /// The handler panics, or an engine fails that it needs.
    Handler,
}

/// Faults: `Missing` at `Store`, `Engine` or a panic at `Handler`, if the request's header asks for it; only in debug builds.
#[cfg(debug_assertions)]
pub fn at(stage: FaultPoint, head: &Head) -> Result<(), Fault> {
    match (stage, head.header("x-rehearse")) {
        (FaultPoint::Store, Some("store")) => {
            Err(Fault::missing("The store cannot be read or written."))
        }
        (FaultPoint::Handler, Some("panic")) => panic!("rehearsed"),
        (FaultPoint::Handler, Some("engine")) => Err(Fault::engine("rehearsed")),
        _ => Ok(()),
    }
}

/// Does nothing in release builds.
#[cfg(not(debug_assertions))]
pub fn at(_: FaultPoint, _: &Head) -> Result<(), Fault> {
    Ok(())
}

/// When the head came: an hour earlier than it did if its header asks for a slow upload; only in debug builds.
#[cfg(debug_assertions)]
pub fn received(head: &Head) -> Instant {
    let hour = std::time::Duration::from_secs(3_600);
    let earlier = match head.header("x-rehearse") {
        Some("slow-upload") => head.received.checked_sub(hour),
        _ => None,
    };
    earlier.unwrap_or(head.received)
}

/// When the head came.
#[cfg(not(debug_assertions))]
pub fn received(head: &Head) -> Instant {
    head.received
}

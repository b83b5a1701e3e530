//! Faults on demand, so that the tests reach statuses that a healthy server never answers. Release builds contain none.

use super::message::Head;
use crate::fault::Fault;

/// Places where a request can ask for a fault, with the header `X-Rehearse: <name>`.
pub enum FaultPoint {
    /// The store cannot be read when the key is looked up.
    Store,
    /// The handler panics.
    Handler,
}

/// Faults: `Missing` at `Store`, a panic at `Handler`, if the request's header asks for it; only in debug builds.
#[cfg(debug_assertions)]
pub fn at(stage: FaultPoint, head: &Head) -> Result<(), Fault> {
    match (stage, head.header("x-rehearse")) {
        (FaultPoint::Store, Some("store")) => {
            Err(Fault::missing("The store cannot be read or written."))
        }
        (FaultPoint::Handler, Some("panic")) => panic!("rehearsed"),
        _ => Ok(()),
    }
}

/// Does nothing in release builds.
#[cfg(not(debug_assertions))]
pub fn at(_: FaultPoint, _: &Head) -> Result<(), Fault> {
    Ok(())
}

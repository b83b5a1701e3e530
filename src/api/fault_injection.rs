//! Faults on demand, so that the suite can reach what a healthy server never answers. In release builds this is nothing.

use super::message::Head;
use crate::fault::Fault;

/// Where a fault can be asked for, with the header `X-Rehearse: <name>`.
pub enum FaultPoint {
    /// The store cannot be read when the key is looked up.
    Store,
    /// The handler panics.
    Handler,
}

/// Faults: `Missing`, or a panic, when a debug build was asked for it.
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

/// Nothing.
#[cfg(not(debug_assertions))]
pub fn at(_: FaultPoint, _: &Head) -> Result<(), Fault> {
    Ok(())
}

//! Calls the service so that no panic in it can end a thread of the edge: a panic becomes an answer.

use std::any::Any;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::message::{Answer, Service};
use vocabox_base::fault::Fault;

/// Returns the result of `call`, or an internal fault after its panic, which is logged.
pub(crate) fn guard<T>(call: impl FnOnce() -> T) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        let cause = told(panic.as_ref());
        // A panic payload may itself panic when it is dropped, so it is leaked.
        std::mem::forget(panic);
        Fault::internal(format!("panicked: {cause}"))
    })
}

/// Returns the service's refusal when no request could be read.
pub(crate) fn refuse<S: Service>(service: &S, peer: IpAddr, fault: Fault) -> Answer {
    guard(|| service.refuse(peer, fault)).unwrap_or_else(|fault| last_resort(&fault))
}

/// Returns the service's answer to an admitted request whose body did not come or whose handler was not reached.
pub(crate) fn abandon<S: Service>(service: &S, admitted: S::Admitted, fault: Fault) -> Answer {
    guard(|| service.abandon(admitted, fault)).unwrap_or_else(|fault| last_resort(&fault))
}

/// Returns the only answer that does not come from the service: even its refusal panicked.
fn last_resort(fault: &Fault) -> Answer {
    log::error!("edge: the service could not even refuse: {fault}");
    Answer {
        status: 500,
        content_type: "application/json",
        headers: Vec::new(),
        body: br#"{"detail":"An unexpected fault happened."}"#.to_vec(),
    }
}

fn told(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned())
}

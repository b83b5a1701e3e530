//! `GET /healthz` and `GET /readyz`.

use serde_json::json;

use super::{Call, Context, Reply};
use crate::fault::{Fault, Kind};

/// The process lives.
pub fn live(_: &Context, _: &mut Call) -> Result<Reply, Fault> {
    Reply::json(&json!({ "status": "ok" }))
}

/// The models are loaded and the store is writable. Faults: `Missing` with what is not, `Busy` while stopping.
pub fn ready(context: &Context, _: &mut Call) -> Result<Reply, Fault> {
    if context.underway.is_closed() {
        return Err(Fault::new(
            Kind::Busy { retry_after_s: 30 },
            "The box is stopping.",
        ));
    }
    context.store.check_writable()?;
    let speaking = context.speaking.as_ref().map(|s| &s.model);
    let transcribing = context.transcribing.as_ref().map(|t| &t.general.model);
    if speaking.is_none() && transcribing.is_none() {
        return Err(Fault::missing("No model pack is fetched on this box."));
    }
    let translating = context.translating.iter().flat_map(|t| &t.translators);
    let translating: Vec<&str> = translating.map(|t| t.model.as_str()).collect();
    Reply::json(&json!({
        "status": "ready",
        "speak": speaking,
        "transcribe": transcribing,
        "translate": translating,
        "device": context.device.to_string(),
    }))
}

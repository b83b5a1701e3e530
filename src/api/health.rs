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
    if context.drain.is_closed() {
        return Err(Fault::new(
            Kind::Busy { retry_after_s: 30 },
            "The box is stopping.",
        ));
    }
    context.store.check_writable()?;
    let speech = context.speech.as_ref().map(|s| &s.name.model);
    let transcription = context.transcription.as_ref();
    let transcription = transcription.map(|t| &t.general().name.model);
    if speech.is_none() && transcription.is_none() {
        return Err(Fault::missing("No model pack is fetched on this box."));
    }
    let translators = context.translation.iter().flat_map(|t| &t.translators);
    let translation: Vec<&str> = translators.map(|t| t.name.model.as_str()).collect();
    Reply::json(&json!({
        "status": "ready",
        "speak": speech,
        "transcribe": transcription,
        "translate": translation,
        "device": context.device.to_string(),
    }))
}

//! `GET /healthz` and `GET /readyz`.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Call, Context, Reply};
use crate::fault::{Fault, Kind};

/// Says that the process is alive.
#[derive(Serialize, JsonSchema)]
pub struct LiveAnswer {
    #[schemars(extend("const" = "ok"))]
    status: &'static str,
}

/// Says that requests can be answered, and by which packs.
#[derive(Serialize, JsonSchema)]
pub struct ReadyAnswer<'a> {
    /// The device that runs the models.
    device: String,
    speak: Option<&'a str>,
    #[schemars(extend("const" = "ready"))]
    status: &'static str,
    transcribe: Option<&'a str>,
    translate: Vec<&'a str>,
}

/// Answers that the process is alive.
pub fn live(_: &Context, _: &mut Call) -> Result<Reply, Fault> {
    Reply::json(&LiveAnswer { status: "ok" })
}

/// Answers that models are loaded and the store is writable. Faults: `Missing` without a pack or with a store that
/// cannot be written, `Busy` while the server stops.
pub fn ready(context: &Context, _: &mut Call) -> Result<Reply, Fault> {
    if context.drain.is_closed() {
        return Err(Fault::new(
            Kind::Busy { retry_after_s: 30 },
            "The server is stopping.",
        ));
    }
    context.store.check_writable()?;
    let speech = context.speech.as_ref().map(|s| s.name.model.as_str());
    let transcription = context.transcription.as_ref();
    let transcription = transcription.map(|t| t.general().name.model.as_str());
    if speech.is_none() && transcription.is_none() {
        return Err(Fault::missing("No model pack is fetched on this server."));
    }
    let translators = context.translation.iter().flat_map(|t| &t.translators);
    Reply::json(&ReadyAnswer {
        device: context.device.to_string(),
        speak: speech,
        status: "ready",
        transcribe: transcription,
        translate: translators.map(|t| t.name.model.as_str()).collect(),
    })
}

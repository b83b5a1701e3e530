//! Server-sent events.

use serde::Serialize;

use super::detail::{ErrorAnswer, ErrorShape};
use super::openai::envelope;
use crate::fault::Fault;

/// The content type of an answer of events.
pub const EVENT_STREAM: &str = "text/event-stream";

/// An event with this data. Faults: `Internal` if it cannot be written as JSON.
pub fn event(data: &impl Serialize) -> Result<Vec<u8>, Fault> {
    let data = serde_json::to_string(data).map_err(Fault::internal)?;
    Ok(format!("data: {data}\n\n").into_bytes())
}

/// The event that tells a fault of the endpoint `id` after the answer has begun, in the shape of its errors: OpenAI's packages raise
/// it. Faults: as [`event`].
pub fn fault_event(fault: &Fault, shape: ErrorShape, id: Option<&str>) -> Result<Vec<u8>, Fault> {
    match shape {
        ErrorShape::Detail => event(&ErrorAnswer {
            detail: &fault.sentence,
        }),
        ErrorShape::OpenAi => event(&envelope::body(fault, id)),
    }
}

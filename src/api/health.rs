//! `GET /healthz` and `GET /readyz`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::json;

use super::{Call, Context, Reply};
use crate::capability::{Capability, ReadyField};
use crate::fault::{Fault, Kind};
use crate::limits::DISK_BYTES_MIN;
use crate::memory;
use crate::scheduler::places::Places;
use vocabox_base::disk;

/// How long the server is not ready after a refusal for want of room on the disk, whatever room there is then.
const DISK_FULL: Duration = Duration::from_secs(5);

/// Says that the process is alive.
#[derive(Serialize, JsonSchema)]
pub struct LiveAnswer {
    #[schemars(extend("const" = "ok"))]
    status: &'static str,
}

/// That requests can be answered, and by which models: what runs them, and a field for each capability that has one.
#[derive(Serialize)]
pub struct ReadyAnswer<'a>(BTreeMap<&'static str, ReadyValue<'a>>);

/// The value of a field.
#[derive(Serialize)]
#[serde(untagged)]
enum ReadyValue<'a> {
    Text(String),
    First(Option<&'a str>),
    All(Vec<&'a str>),
    Queue(ReadyQueue),
}

/// What the server does now.
#[derive(Serialize, JsonSchema)]
struct ReadyQueue {
    /// Requests that have a place: those that compute and those that wait.
    requests: usize,
    /// Steps that may compute at once.
    lanes: usize,
    /// Steps that compute, of requests and of idle work.
    running: usize,
    /// Steps of requests that wait for a lane.
    waiting: usize,
}

impl JsonSchema for ReadyAnswer<'_> {
    fn schema_name() -> Cow<'static, str> {
        "ReadyAnswer".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let names = json!({ "type": "array", "items": { "type": "string" } });
        let mut fields = BTreeMap::from([
            ("device", json!({ "type": "string" })),
            ("packs", names.clone()),
            ("queue", json!(generator.subschema_for::<ReadyQueue>())),
            ("status", json!({ "type": "string", "const": "ready" })),
        ]);
        for row in Capability::ALL.iter().map(|capability| capability.row()) {
            let value = match row.ready {
                ReadyField::Absent => continue,
                ReadyField::First => json!({ "type": ["string", "null"] }),
                ReadyField::All => names.clone(),
            };
            fields.insert(row.name, value);
        }
        json_schema!({
            "type": "object",
            "description": "That requests can be answered, and by which models.",
            "required": fields.keys().collect::<Vec<_>>(),
            "properties": fields,
        })
    }
}

/// Answers that the process is alive.
pub fn live(_: &Context, _: &mut Call) -> Result<Reply, Fault> {
    Reply::json(&LiveAnswer { status: "ok" })
}

/// Answers that requests can be answered, and by which models. Faults: those of [`check`].
pub fn ready(context: &Context, _: &mut Call) -> Result<Reply, Fault> {
    check(context)?;
    let mut fields = BTreeMap::from([
        ("device", ReadyValue::Text(context.device.to_string())),
        (
            "packs",
            ReadyValue::All(
                context
                    .packs
                    .iter()
                    .map(|pack| pack.name.as_str())
                    .collect(),
            ),
        ),
        ("queue", ReadyValue::Queue(queue(context))),
        ("status", ReadyValue::Text("ready".to_owned())),
    ]);
    for capability in Capability::ALL {
        let models = context.services.models(*capability).into_iter();
        let mut models = models.map(|name| name.model.as_str());
        let row = capability.row();
        let value = match row.ready {
            ReadyField::Absent => continue,
            ReadyField::First => ReadyValue::First(models.next()),
            ReadyField::All => ReadyValue::All(models.collect()),
        };
        fields.insert(row.name, value);
    }
    Reply::json(&ReadyAnswer(fields))
}

fn queue(context: &Context) -> ReadyQueue {
    let services = &context.services;
    let places = Capability::ALL.iter().filter_map(|c| services.places(*c));
    let usage = services.lanes.usage();
    ReadyQueue {
        requests: places.map(Places::taken).sum(),
        lanes: usage.lanes,
        running: usage.running,
        waiting: usage.waiting,
    }
}

/// Checks that models are loaded and compute, that the store is writable, and that its disk has room. Faults: `Missing`
/// without a pack, with a model that hangs or fails, with a store that cannot be written, or with a full disk; `Busy` while the
/// server stops or has no memory left.
pub fn check(context: &Context) -> Result<(), Fault> {
    if context.drain.is_closed() {
        return Err(Fault::new(
            Kind::Busy { retry_after_s: 30 },
            "The server is stopping.",
        ));
    }
    let longest = context.services.lanes.usage().longest();
    if longest > context.step_max {
        return Err(Fault::missing(format!(
            "A model has computed for {} s without an end: its operator has to start the server again.",
            longest.as_secs()
        )));
    }
    memory::check()?;
    context.self_tests.check()?;
    // What was refused just now has given its room back, so that there may be some again.
    if disk::was_full_within(DISK_FULL) {
        return Err(disk_full());
    }
    context.store.check_writable()?;
    // A short record finds room in the store's free pages when history items no longer do.
    check_disk(&context.spool_dir)?;
    let is_first = |capability: &&Capability| capability.row().ready == ReadyField::First;
    let mut needed = Capability::ALL.iter().filter(is_first);
    match needed.any(|capability| !context.services.models(*capability).is_empty()) {
        true => Ok(()),
        false => Err(Fault::missing("No model pack is fetched on this server.")),
    }
}

/// Checks that the disk of `folder` has room. Fault: `Missing` when it has not.
fn check_disk(folder: &Path) -> Result<(), Fault> {
    match disk::free_bytes(folder).map_err(Fault::internal)? < DISK_BYTES_MIN {
        true => Err(disk_full()),
        false => Ok(()),
    }
}

fn disk_full() -> Fault {
    Fault::missing("The disk of this server is full: its operator has to make room.")
}

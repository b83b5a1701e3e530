//! `GET /v1/models`, `/v1/models/{model_id}` and `/v1/audio/models`: the packs in use, and the names of OpenAI's models, which
//! they answer to.

use schemars::JsonSchema;
use serde::Serialize;

use crate::api::{Call, Context, Reply};
use crate::capability::Capability;
use crate::fault::Fault;

/// When models were made, which clients want to know and packs do not tell: the first second of 2025.
const CREATED: u64 = 1_735_689_600;
const OWNER: &str = "vocabox";

/// Names of OpenAI's models, by what they do. Clients list the models to choose one.
const ALIASES: [(Capability, &[&str]); 2] = [
    (Capability::Speak, &["tts-1", "tts-1-hd", "gpt-4o-mini-tts"]),
    (
        Capability::Transcribe,
        &[
            "whisper-1",
            "gpt-transcribe",
            "gpt-4o-transcribe",
            "gpt-4o-mini-transcribe",
            "gpt-4o-transcribe-diarize",
        ],
    ),
];

/// A model.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ModelRow {
    created: u64,
    id: String,
    #[schemars(extend("const" = "model"))]
    object: &'static str,
    owned_by: &'static str,
}

/// The models. `models` is the list that Open WebUI reads.
#[derive(Serialize, JsonSchema)]
pub struct ModelsAnswer {
    data: Vec<ModelRow>,
    models: Vec<ModelRow>,
    #[schemars(extend("const" = "list"))]
    object: &'static str,
}

/// Lists the models.
pub fn list(context: &Context, _: &mut Call) -> Result<Reply, Fault> {
    let rows = rows(context);
    Reply::json(&ModelsAnswer {
        data: rows.clone(),
        models: rows,
        object: "list",
    })
}

/// Describes the model that the path names. Faults: `NotFound` for one that is not listed.
pub fn one(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let found = rows(context).into_iter().find(|row| row.id == call.param);
    let unknown = || Fault::not_found("model names no model; GET /v1/models lists them");
    Reply::json(&found.ok_or_else(unknown)?)
}

fn rows(context: &Context) -> Vec<ModelRow> {
    let mut ids: Vec<String> = Vec::new();
    for (capability, aliases) in ALIASES {
        let own = context.services.models(capability);
        let aliases = aliases.iter().filter(|_| !own.is_empty());
        ids.extend(own.iter().map(|name| name.model.clone()));
        ids.extend(aliases.map(|&alias| alias.to_owned()));
    }
    let row = |id| ModelRow {
        created: CREATED,
        id,
        object: "model",
        owned_by: OWNER,
    };
    ids.into_iter().map(row).collect()
}

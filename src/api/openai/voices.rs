//! `GET /v1/audio/voices`: what may be sent as `voice`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::api::{Call, Context, Reply};
use crate::fault::Fault;

/// A voice.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct NamedVoice {
    id: String,
    language: String,
    name: String,
}

/// The voices. `voices` is the list that Open WebUI reads, `data` that of other clients.
#[derive(Serialize, JsonSchema)]
pub struct NamedVoicesAnswer {
    data: Vec<NamedVoice>,
    #[schemars(extend("const" = "list"))]
    object: &'static str,
    voices: Vec<NamedVoice>,
}

/// Lists the stock voices and, of a client with a key, the account's clones. Faults: the store's.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let stock = context.voices.stock().iter().map(|voice| NamedVoice {
        id: voice.id.clone(),
        language: voice.language.clone(),
        name: voice.name.clone(),
    });
    let mut voices: Vec<NamedVoice> = stock.collect();
    if let Some(identity) = &call.identity {
        let clones = context.voices.clones(identity.account.id)?;
        voices.extend(clones.into_iter().map(|(voice, _)| NamedVoice {
            id: voice.id.to_string(),
            language: voice.style.language,
            name: voice.name,
        }));
    }
    Reply::json(&NamedVoicesAnswer {
        data: voices.clone(),
        object: "list",
        voices,
    })
}

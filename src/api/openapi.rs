//! `GET /openapi.json`: the description of the API (OpenAPI 3.1), made of [`ENDPOINTS`] and of the types of requests and
//! answers, so that it says what the server does.

use std::sync::OnceLock;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::detail::ErrorAnswer;
use super::endpoint::{SchemaOf, fields_of};
use super::openai::envelope::{self, OpenAiErrorAnswer};
use super::{Access, BodyKind, Call, Context, ENDPOINTS, Endpoint, Reply};
use crate::fault::Fault;
use crate::request::lexicon::OTHER_TYPES;

/// Where the document keeps its schemas.
const SCHEMAS: &str = "/components/schemas";
const JSON: &str = "application/json";
/// The ways to send a key: a name for each, and the header of a bare one.
const KEYS: [(&str, Option<&str>); 3] = [
    ("bearer", None),
    ("x_api_key", Some("X-API-Key")),
    ("xi_api_key", Some("xi-api-key")),
];

/// Any JSON object: the description of an API describes itself by its standard.
#[derive(JsonSchema)]
#[schemars(description = "A description by OpenAPI 3.1.")]
pub struct OpenApiDocument {}

/// Sends the description.
pub fn handle(_: &Context, _: &mut Call) -> Result<Reply, Fault> {
    Reply::json(description())
}

/// The description.
pub fn description() -> &'static Value {
    static DESCRIPTION: OnceLock<Value> = OnceLock::new();
    DESCRIPTION.get_or_init(describe)
}

fn describe() -> Value {
    let settings = SchemaSettings::draft2020_12();
    let settings = settings.with(|settings| settings.definitions_path = SCHEMAS.into());
    let mut generator = SchemaGenerator::new(settings);
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in ENDPOINTS {
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method.to_lowercase()] = operation(endpoint, &mut generator);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "vocabox",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "A voice server: it speaks, transcribes, clones voices and dubs.",
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": KEYS.iter().map(scheme).collect::<Map<_, _>>(),
        },
    })
}

fn scheme((name, header): &(&str, Option<&str>)) -> (String, Value) {
    let scheme = match header {
        Some(header) => json!({ "type": "apiKey", "in": "header", "name": header }),
        None => json!({ "type": "http", "scheme": "bearer" }),
    };
    ((*name).to_owned(), scheme)
}

fn operation(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let mut keys: Vec<Value> = KEYS.iter().map(|(name, _)| json!({ *name: [] })).collect();
    match endpoint.access {
        Access::Open => keys.clear(),
        // With the option `--public-catalog`, none is needed.
        Access::Catalog => keys.insert(0, json!({})),
        Access::Key | Access::Entitled => {}
        Access::Operator => keys.truncate(1),
    }
    let mut operation = json!({
        "operationId": endpoint.id,
        "summary": endpoint.about,
        "tags": [tag(endpoint.path)],
        "security": keys,
        "parameters": parameters(endpoint),
        "responses": responses(endpoint, generator),
    });
    if let Some(schema) = endpoint.request {
        operation["requestBody"] = json!({
            "required": true,
            "content": request(endpoint, schema, generator),
        });
    }
    operation
}

/// The group of a path: `voice/dub`, `v1/audio`, `admin`, `server`.
fn tag(path: &str) -> String {
    let mut parts = path.split('/').skip(1);
    match (parts.next(), parts.next()) {
        (Some(first @ ("voice" | "v1")), Some(second)) => format!("{first}/{second}"),
        (Some("admin"), _) => "admin".to_owned(),
        _ => "server".to_owned(),
    }
}

/// The part of the path in braces, and the fields of the query.
fn parameters(endpoint: &Endpoint) -> Vec<Value> {
    let named = endpoint.path.split_once('{');
    let named = named.and_then(|(_, rest)| rest.split_once('}'));
    let in_path = named.map(|(name, _)| {
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
    });
    let fields = endpoint.query.map(fields_of);
    let in_query = fields.into_iter().flatten().map(|(name, mut schema)| {
        let told = schema.as_object_mut().and_then(|s| s.remove("description"));
        let mut parameter = json!({ "name": name, "in": "query", "schema": schema });
        if let Some(told) = told {
            parameter["description"] = told;
        }
        parameter
    });
    in_path.into_iter().chain(in_query).collect()
}

fn request(endpoint: &Endpoint, schema: SchemaOf, generator: &mut SchemaGenerator) -> Value {
    let mut body = json!({ "schema": schema(generator) });
    if let Some(example) = endpoint.example {
        // The tests read each of them.
        body["example"] = serde_json::from_str(example).unwrap_or_default();
    }
    match endpoint.body {
        BodyKind::Audio | BodyKind::Video => json!({ "multipart/form-data": body }),
        BodyKind::Lexicon => {
            let mut content = json!({ JSON: body });
            for media_type in OTHER_TYPES {
                content[media_type] = json!({ "schema": { "type": "string" } });
            }
            content
        }
        BodyKind::None | BodyKind::Json => json!({ JSON: body }),
    }
}

fn responses(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let mut responses = json!({});
    for status in endpoint.statuses() {
        let mut response = json!({ "description": meaning(status) });
        match status {
            // Messages follow, or nothing.
            101 | 304 => {}
            200 | 206 => response["content"] = success(endpoint, generator),
            _ => {
                let schema = match envelope::covers(endpoint.path) {
                    true => generator.subschema_for::<OpenAiErrorAnswer>(),
                    false => generator.subschema_for::<ErrorAnswer>(),
                };
                response["content"] = json!({ JSON: { "schema": schema } });
            }
        }
        responses[status.to_string()] = response;
    }
    responses
}

fn success(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let mut content = json!({});
    if let Some(schema) = endpoint.answer {
        content[JSON] = json!({ "schema": schema(generator) });
    }
    let events = endpoint.sends_events.then_some("text/event-stream");
    for media_type in endpoint.media.iter().copied().chain(events) {
        let essence = media_type.split(';').next().unwrap_or(media_type);
        content[essence] = json!({});
    }
    content
}

/// What a status means here, as in the document `errors`.
fn meaning(status: u16) -> &'static str {
    match status {
        101 => "The connection is a WebSocket from now on.",
        200 => "Done.",
        206 => "The part that was asked for.",
        304 => "The client has the current content.",
        400 => "A field or the file is wrong.",
        401 => "The key is missing, unknown or revoked.",
        403 => "The account may not generate.",
        404 => "What the path or a field names is not there.",
        408 => "The request came too slowly.",
        411 => "The length of the body is missing.",
        413 => "The body is too large.",
        415 => "The type of the body is not accepted.",
        416 => "The part that was asked for is beyond the end.",
        426 => "The request must ask for a WebSocket.",
        429 => "Too many calls; `Retry-After` says when to come back.",
        500 => "A fault of the server.",
        502 => "A model failed.",
        503 => {
            "The queue is full, the server stops, or a pack is missing; `Retry-After` says when to come back."
        }
        _ => "Not done.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_is_described_with_its_statuses_and_its_body() {
        let description = description();
        for endpoint in ENDPOINTS {
            let method = endpoint.method.to_lowercase();
            let operation = &description["paths"][endpoint.path][&method];
            assert_eq!(operation["operationId"], endpoint.id);
            assert!(!endpoint.about.is_empty(), "{}", endpoint.id);
            let answers = operation["responses"].as_object().unwrap();
            assert_eq!(answers.len(), endpoint.statuses().len());
            assert!(
                answers
                    .values()
                    .all(|told| told["description"] != "Not done.")
            );
            let content = answers.get("200").map(|told| &told["content"]);
            let is_told = content
                .and_then(Value::as_object)
                .is_some_and(|c| !c.is_empty());
            assert_eq!(is_told, endpoint.conversation.is_none(), "{}", endpoint.id);
            assert_eq!(
                operation["requestBody"].is_object(),
                endpoint.request.is_some()
            );
            if let Some(example) = endpoint.example {
                assert!(serde_json::from_str::<Value>(example).unwrap().is_object());
            }
        }
    }

    #[test]
    fn every_reference_leads_to_a_schema() {
        fn walk(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(fields) => {
                    found.extend(
                        fields
                            .get("$ref")
                            .and_then(Value::as_str)
                            .map(str::to_owned),
                    );
                    fields.values().for_each(|value| walk(value, found));
                }
                Value::Array(items) => items.iter().for_each(|value| walk(value, found)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        walk(description(), &mut found);
        assert!(found.len() > 50, "{}", found.len());
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(description().pointer(pointer).is_some(), "{reference}");
        }
    }
}

//! Checks answers against the description of the API.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};
use vocabox::api::Endpoint;
use vocabox::api::openapi::description;

use crate::support::client::HttpAnswer;

/// The checks of answers, by endpoint and status.
type Validators = Mutex<HashMap<(&'static str, u16), Arc<Validator>>>;

static VALIDATORS: LazyLock<Validators> = LazyLock::new(Mutex::default);

/// Checks that the endpoint's description has this status with this type, and that a body of JSON has its schema and no field
/// more.
pub fn check(answer: &HttpAnswer, endpoint: &Endpoint) {
    let method = endpoint.method.to_lowercase();
    let told = &description()["paths"][endpoint.path][method]["responses"];
    let response = &told[answer.status.to_string()];
    if answer.status == 304 {
        assert!(response.is_object() && answer.body.is_empty());
        return;
    }
    let content = &response["content"];
    let sent = answer.header("content-type").unwrap_or_default();
    let essence = sent.split(';').next().unwrap().trim();
    let name = endpoint.id;
    assert!(
        content.get(essence).is_some(),
        "{name} answered {} as {sent}, which its description lacks",
        answer.status
    );
    let schema = &content[essence]["schema"];
    if schema.is_null() {
        return;
    }
    let mut validators = VALIDATORS.lock().unwrap();
    let made = validators.entry((name, answer.status)).or_insert_with(|| {
        let mut components = description()["components"].clone();
        close(&mut components);
        let mut whole = schema.clone();
        whole["components"] = components;
        Arc::new(jsonschema::validator_for(&whole).unwrap())
    });
    let validator = Arc::clone(made);
    drop(validators);
    // Names that serde_json keeps for itself are returned as they came, and it does not read them as names.
    let text = String::from_utf8_lossy(&answer.body);
    if text.contains("$serde_json::private::") {
        return;
    }
    let body = answer.json();
    let wrong: Vec<String> = validator
        .iter_errors(&body)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{name}: {wrong:?}");
}

/// Has every object that lists its fields take no other.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let lists = fields.get("properties").is_some_and(Value::is_object);
            if lists && fields.get("type") == Some(&json!("object")) {
                fields.entry("additionalProperties").or_insert(json!(false));
            }
            fields.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

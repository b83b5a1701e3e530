//! The shape of errors under `/v1`, as OpenAI's packages read them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::api::endpoint::fields_of;
use crate::api::{ENDPOINTS, Endpoint};
use crate::fault::{Fault, Kind};

/// The first part of the paths that answer so.
const PREFIX: &str = "/v1/";

/// Whether errors of this path have this shape.
pub fn covers(path: &str) -> bool {
    path.starts_with(PREFIX) || path == PREFIX.trim_end_matches('/')
}

/// The body of an error answer under `/v1`.
#[derive(Serialize, JsonSchema)]
pub struct OpenAiErrorAnswer<'a> {
    error: OpenAiError<'a>,
}

/// What is wrong.
#[derive(Serialize, JsonSchema)]
struct OpenAiError<'a> {
    /// One sentence.
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    /// The field that is wrong, where it is one.
    param: Option<String>,
    code: Option<&'static str>,
}

/// The body of the answer to `fault` of the endpoint `id`, if it is known.
pub fn body<'a>(fault: &'a Fault, id: Option<&str>) -> OpenAiErrorAnswer<'a> {
    let (kind, code) = match fault.kind {
        Kind::Unauthorized => ("authentication_error", Some("invalid_api_key")),
        Kind::Forbidden => ("permission_error", None),
        Kind::NotFound => ("not_found_error", None),
        Kind::RateLimited { .. } => ("rate_limit_error", Some("rate_limit_exceeded")),
        Kind::Internal | Kind::Engine | Kind::Missing | Kind::Busy { .. } | Kind::Cancelled => {
            ("server_error", None)
        }
        _ => ("invalid_request_error", None),
    };
    let endpoint = ENDPOINTS.iter().find(|row| Some(row.id) == id);
    OpenAiErrorAnswer {
        error: OpenAiError {
            message: &fault.sentence,
            kind,
            param: endpoint.and_then(|endpoint| field(fault, endpoint)),
            code,
        },
    }
}

/// The headers that tell OpenAI's packages whether and when to try again.
pub fn headers(fault: &Fault) -> Vec<(&'static str, String)> {
    match fault.kind {
        Kind::Busy { retry_after_s } | Kind::RateLimited { retry_after_s } => {
            let ms = u64::from(retry_after_s) * 1_000;
            vec![("Retry-After-Ms", ms.to_string())]
        }
        // What is not installed does not come by itself.
        Kind::Missing => vec![("X-Should-Retry", "false".to_owned())],
        _ => Vec::new(),
    }
}

/// The field of the endpoint's request that the sentence starts with.
fn field(fault: &Fault, endpoint: &Endpoint) -> Option<String> {
    if fault.kind != Kind::Invalid {
        return None;
    }
    let first = fault.sentence.split(' ').next()?;
    let fields = fields_of(endpoint.request?);
    // Clients send a list as fields whose names end so.
    let names = [first.to_owned(), format!("{first}[]")];
    names.into_iter().find(|name| fields.contains_key(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_error_has_its_four_keys_and_names_a_field_of_the_request() {
        let told =
            |fault: &Fault| serde_json::to_value(body(fault, Some("openai_speech"))).unwrap();
        let sentence = "input is blank; 1 to 5000 characters are accepted";
        let expected = json!({ "error": {
            "message": sentence, "type": "invalid_request_error", "param": "input", "code": null,
        } });
        assert_eq!(told(&Fault::invalid(sentence)), expected);
        let other = told(&Fault::invalid(
            "the body is empty; a JSON object is needed",
        ));
        assert_eq!(other["error"]["param"], json!(null));
        let list = Fault::invalid("include has a value that is not known");
        let told_of = |id| serde_json::to_value(body(&list, Some(id))).unwrap();
        let of_list = told_of("openai_transcriptions");
        assert_eq!(of_list["error"]["param"], json!("include[]"));
        let unknown = Fault::new(Kind::Unauthorized, "The API key is unknown.");
        assert_eq!(told(&unknown)["error"]["code"], "invalid_api_key");
    }

    #[test]
    fn only_paths_under_v1_have_it() {
        assert!(covers("/v1/audio/speech") && covers("/v1") && covers("/v1/"));
        assert!(!covers("/voice/tts") && !covers("/v10") && !covers("/"));
    }
}

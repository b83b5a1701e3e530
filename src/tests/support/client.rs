//! A client that checks every answer for the properties that the API guarantees for all answers.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use vocabox::api::{Access, BEFORE_ROUTING, route};

use crate::support::description;

/// A complete answer.
pub struct HttpAnswer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// The first value of a header (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// The sentence of an error, in either shape.
    pub fn detail(&self) -> String {
        let body = self.json();
        let sentence = match body.get("error") {
            Some(error) => &error["message"],
            None => &body["detail"],
        };
        sentence
            .as_str()
            .expect("a sentence is a string")
            .to_owned()
    }
}

/// A client with a key.
pub struct Client {
    agent: Agent,
    base: String,
    key: String,
}

impl Client {
    /// A client of the server at `address`.
    pub fn new(address: SocketAddr, key: &str) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(300)))
            .proxy(None)
            .build()
            .new_agent();
        Client {
            agent,
            base: format!("http://{address}"),
            key: key.to_owned(),
        }
    }

    /// A client of the same server with another key.
    pub fn with_key(&self, key: &str) -> Client {
        Client {
            agent: self.agent.clone(),
            base: self.base.clone(),
            key: key.to_owned(),
        }
    }

    /// Sends a GET request.
    pub fn get(&self, path: &str) -> HttpAnswer {
        self.send("GET", path, None, Vec::new())
    }

    /// Sends a POST request with a JSON body.
    pub fn post_json(&self, path: &str, body: &Value) -> HttpAnswer {
        self.send(
            "POST",
            path,
            Some("application/json"),
            body.to_string().into_bytes(),
        )
    }

    /// Posts a multipart form with one file and text fields.
    pub fn post_form(&self, path: &str, file: &[u8], fields: &[(&str, &str)]) -> HttpAnswer {
        self.send_form("POST", path, file, fields)
    }

    /// Sends a multipart form with one file and text fields.
    pub fn send_form(
        &self,
        method: &str,
        path: &str,
        file: &[u8],
        fields: &[(&str, &str)],
    ) -> HttpAnswer {
        const BOUNDARY: &str = "between-the-parts";
        let mut body = Vec::new();
        for (name, value) in fields {
            let part = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
            body.extend_from_slice(part.as_bytes());
        }
        let head = "Content-Disposition: form-data; name=\"file\"; filename=\"a.bin\"";
        body.extend_from_slice(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").as_bytes());
        body.extend_from_slice(file);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        self.send(method, path, Some(&kind), body)
    }

    /// Sends any request, and checks the answer.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        content_type: Option<&str>,
        body: Vec<u8>,
    ) -> HttpAnswer {
        self.send_with(method, path, content_type, body, &[])
    }

    /// Sends any request with additional headers, and checks the answer.
    pub fn send_with(
        &self,
        method: &str,
        path: &str,
        content_type: Option<&str>,
        body: Vec<u8>,
        more: &[(&str, &str)],
    ) -> HttpAnswer {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        if !self.key.is_empty() {
            request = request.header("Authorization", format!("Bearer {}", self.key));
        }
        if let Some(content_type) = content_type {
            request = request.header("Content-Type", content_type);
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        let response = match content_type {
            Some(_) => self.agent.run(request.body(body).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut response = response.expect("the server answers");
        let headers = response
            .headers()
            .iter()
            .map(|(n, v)| {
                (
                    n.as_str().to_owned(),
                    v.to_str().expect("headers are ASCII").to_owned(),
                )
            })
            .collect();
        let answer = HttpAnswer {
            status: response.status().as_u16(),
            headers,
            body: response
                .body_mut()
                .with_config()
                .limit(1 << 30)
                .read_to_vec()
                .unwrap(),
        };
        check(&answer, method, path, !self.key.is_empty());
        answer
    }
}

/// Checks the properties of every answer: a status that the endpoint documents, the error envelope, the request id, and
/// the rate headers if the key was known.
pub fn check(answer: &HttpAnswer, method: &str, path: &str, has_key: bool) {
    let id = answer
        .header("x-request-id")
        .expect("every answer has a request id");
    assert!((1..=64).contains(&id.len()));
    let path = path.split('?').next().unwrap();
    let endpoint = route::find(method, path).ok().map(|r| r.endpoint);
    let documented = endpoint.map_or(BEFORE_ROUTING.to_vec(), |e| e.statuses());
    let preflight = method == "OPTIONS" && answer.status == 204;
    assert!(
        documented.contains(&answer.status) || preflight,
        "{method} {path} answered {}, which it does not document: {}",
        answer.status,
        String::from_utf8_lossy(&answer.body)
    );
    let rate = |name: &str| {
        let value = answer.header(&format!("x-ratelimit-{name}"))?;
        Some(value.parse::<u32>().expect("whole numbers"))
    };
    let is_known =
        has_key && endpoint.is_some_and(|e| !matches!(e.access, Access::Open | Access::Operator));
    let is_wrong_key = answer.status == 429 && answer.detail().contains("wrong key");
    // 401: the key is unknown. 503: the store could not be read, or the request was refused before that.
    if is_known && !matches!(answer.status, 401 | 503) && !is_wrong_key {
        let (limit, remaining) = (rate("limit").unwrap(), rate("remaining").unwrap());
        assert!(remaining <= limit, "{remaining} of {limit}");
        assert_eq!(rate("reset").unwrap() == 0, remaining == limit);
    }
    if let Some(endpoint) = endpoint
        && !preflight
        && method != "HEAD"
    {
        description::check(answer, endpoint);
    }
    if answer.status < 400 {
        return;
    }
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json();
    let object = body.as_object().expect("an error is an object");
    assert_eq!(object.len(), 1, "{body}");
    if path.starts_with("/v1/") {
        let error = object["error"].as_object().expect("an error has four keys");
        let keys: Vec<&str> = error.keys().map(String::as_str).collect();
        assert_eq!(keys, ["code", "message", "param", "type"], "{body}");
    } else {
        assert!(object.contains_key("detail"), "{body}");
    }
    let detail = answer.detail();
    assert!(
        !detail.is_empty() && !detail.contains('\n') && !detail.contains("src/"),
        "{detail}"
    );
    let retry_after = || {
        answer
            .header("retry-after")
            .map(|s| s.parse::<u32>().unwrap())
    };
    match answer.status {
        401 => assert_eq!(answer.header("www-authenticate"), Some("Bearer")),
        405 => assert!(answer.header("allow").is_some()),
        429 => {
            // A key that generates too much at once may have calls left, and a wrong one has none.
            let is_too_often = !detail.contains("under way at once") && !is_wrong_key;
            assert!(!is_too_often || rate("remaining") == Some(0), "{detail}");
            assert!(retry_after().unwrap() >= 1);
        }
        503 => assert_ne!(retry_after(), Some(0)),
        _ => assert_eq!(retry_after(), None),
    }
}

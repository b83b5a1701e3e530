//! The server's answers to many requests, valid and wrong, are byte for byte those of `src/tests/golden/answers.txt`.
//! After an intended change, `UPDATE_GOLDEN=1` writes the file again; read its diff before you commit it.

mod others;
mod rendering;
mod speech;
mod translation;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use schemars::SchemaGenerator;
use serde::de::IgnoredAny;
use vocabox::api::route;

use crate::http::cloning::{self, cloning_models};
use crate::support::client::{Client, HttpAnswer};
use crate::support::server::{Server, link, sha256, stub_models};

const JSON: Option<&str> = Some("application/json");
const FORM: Option<&str> = Some("multipart/form-data; boundary=b");

/// Longest body that the file shows; of longer ones it has length and hash.
const SHOWN_BYTES_MAX: usize = 1_500;

/// Headers that are compared.
const HEADERS: [&str; 9] = [
    "content-type",
    "x-vox-metadata",
    "allow",
    "retry-after",
    "cache-control",
    "content-range",
    "accept-ranges",
    "etag",
    "content-length",
];

/// Records the answers as text.
struct Recording<'a> {
    client: &'a Client,
    text: String,
    /// Whether sound is the same on every processor: that of a clone is not, for its search goes by an encoder's floats.
    is_same_sound: bool,
}

impl Recording<'_> {
    fn ask(&mut self, method: &str, path: &str, kind: Option<&str>, body: Vec<u8>) -> HttpAnswer {
        let file = body.windows(9).position(|w| w == b"filename=");
        let asked = match file.filter(|_| std::str::from_utf8(&body).is_err()) {
            // Sound files are not recorded, because they depend on the versions of tools.
            Some(at) => shown(&body[..at]) + "(a file)",
            None => shown(&body),
        };
        let answer = self.client.send(method, path, kind, body);
        writeln!(self.text, "## {method} {}", masked(path)).unwrap();
        if let Some(kind) = kind {
            writeln!(self.text, "{kind}\n{asked}").unwrap();
        }
        writeln!(self.text, "=> {}", answer.status).unwrap();
        check_fields(method, path, &answer);
        let is_sized = answer.header("content-type") != Some("application/json");
        for name in HEADERS
            .iter()
            .filter(|n| **n != "content-length" || is_sized)
        {
            if let Some(value) = answer.header(name) {
                writeln!(self.text, "{name}: {}", masked(value)).unwrap();
            }
        }
        let body = match answer.header("content-type") {
            Some("audio/wav") if !self.is_same_sound => {
                format!("({} bytes of sound)", answer.body.len())
            }
            _ => shown(&answer.body),
        };
        writeln!(self.text, "{body}\n").unwrap();
        answer
    }

    fn json(&mut self, path: &str, body: impl Into<Vec<u8>>) {
        self.ask("POST", path, JSON, body.into());
    }

    fn get(&mut self, path: &str) {
        self.ask("GET", path, None, Vec::new());
    }

    /// Sends a form of these fields, and of a file if given, and records the answer.
    fn form(&mut self, path: &str, fields: &[(&str, &str)], file: Option<&[u8]>) -> HttpAnswer {
        let part = |name: &str| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n").into_bytes()
        };
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend([&part(name), value.as_bytes(), b"\r\n"].concat());
        }
        if let Some(file) = file {
            body.extend([&part("file\"; filename=\"a.bin"), file, b"\r\n"].concat());
        }
        body.extend_from_slice(b"--b--\r\n");
        self.ask("POST", path, FORM, body)
    }
}

/// Checks that the answer has the fields of its endpoint's schema; those that the schema does not require may be absent.
fn check_fields(method: &str, path: &str, answer: &HttpAnswer) {
    let Ok(route) = route::find(method, path.split('?').next().unwrap()) else {
        return;
    };
    // Sound and texts have no fields.
    let is_json = answer.header("content-type") == Some("application/json");
    let has_fields = answer.status == 200 && is_json;
    let Some(schema) = route.endpoint.answer.filter(|_| has_fields) else {
        return;
    };
    let mut generator = SchemaGenerator::default();
    let name = schema(&mut generator);
    let name = name.get("$ref").unwrap().as_str().unwrap();
    let definitions = generator.take_definitions(true);
    let schema = &definitions[name.rsplit('/').next().unwrap()];
    let body: BTreeMap<String, IgnoredAny> = serde_json::from_slice(&answer.body).unwrap();
    let told: Vec<&String> = body.keys().collect();
    let required = schema["required"].as_array().unwrap();
    let is_told = |field: &&String| {
        required.iter().any(|name| name == field.as_str()) || body.contains_key(*field)
    };
    let fields = schema["properties"].as_object().unwrap().keys();
    let fields: Vec<&String> = fields.filter(is_told).collect();
    assert_eq!(told, fields, "{method} {path}");
}

/// A body as text, with masked ids and times; a long one as its length and hash.
fn shown(body: &[u8]) -> String {
    match std::str::from_utf8(body) {
        Ok(text) if masked(text).len() <= SHOWN_BYTES_MAX => {
            masked(text).replace('\r', "\\r").replace('\0', "\\0")
        }
        Ok(text) => format!(
            "({} bytes of text, {})",
            masked(text).len(),
            sha256(masked(text).as_bytes())
        ),
        Err(_) => format!("({} bytes, {})", body.len(), sha256(body)),
    }
}

/// The text with a word in place of each id, time and sound.
fn masked(text: &str) -> String {
    let is_hex = |c: char| c.is_ascii_hexdigit() || c == '-';
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let run = rest.find(|c: char| !is_hex(c)).unwrap_or(rest.len());
        // Ids are runs of 32 hexadecimal digits, not counting hyphens.
        if run >= 32 && rest[..run].chars().filter(|c| *c != '-').count() == 32 {
            out.push_str("ID");
        } else {
            out.push_str(&rest[..run]);
        }
        rest = &rest[run..];
        let next = rest.find(is_hex).unwrap_or(rest.len());
        out.push_str(&rest[..next]);
        rest = &rest[next..];
    }
    for (before, after) in [
        ("_at\":\"", "\""),
        ("latency_ms\":", ","),
        ("base64,", "\""),
        ("\"progress\":", ","),
        ("\"lanes\":", ","),
        ("\"running\":", ","),
    ] {
        let mut parts = out.split(before);
        let mut hidden = parts.next().unwrap_or("").to_owned();
        for part in parts {
            let tail = part.find(after).map_or("", |at| &part[at..]);
            hidden.push_str(before);
            hidden.push('?');
            hidden.push_str(tail);
        }
        out = hidden;
    }
    out
}

/// A tenth of a second of silence.
fn wav() -> Vec<u8> {
    let mut bytes = b"RIFF".to_vec();
    bytes.extend_from_slice(&(36 + 3_200_u32).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend_from_slice(&16_000_u32.to_le_bytes());
    bytes.extend_from_slice(&32_000_u32.to_le_bytes());
    bytes.extend_from_slice(b"\x02\0\x10\0data");
    bytes.extend_from_slice(&3_200_u32.to_le_bytes());
    bytes.extend_from_slice(&[0; 3_200]);
    bytes
}

fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

/// Waits for the end of a job, and records its result.
fn job(record: &mut Recording, taken: &HttpAnswer) {
    let job = crate::dubbing::jobs::over(record.client, taken.json()["job_id"].as_str().unwrap());
    let id = job["job_id"].as_str().unwrap();
    record.get(&format!("/voice/dub/jobs/{id}"));
}

#[test]
fn answers_are_those_of_the_recording_byte_for_byte() {
    let models = stub_models();
    link(models.path(), "speaker-campplus");
    link(models.path(), "segmentation-pyannote");
    let server = Server::launch(models.path(), &["--device", "cpu"]);
    let client = server.client();
    let mut record = Recording {
        client: &client,
        text: String::new(),
        is_same_sound: true,
    };
    speech::speech(&mut record);
    translation::translation(&mut record);
    rendering::rendering(&mut record);
    others::listening(&mut record);
    others::lists(&mut record);
    let mut text = record.text;

    let models = cloning_models();
    let server = cloning::launch(models.path(), &[]);
    let client = server.client();
    let mut record = Recording {
        client: &client,
        text: String::new(),
        is_same_sound: false,
    };
    others::clones(&mut record);
    text.push_str(&record.text);

    let bare = Server::start();
    let client = bare.client();
    let mut record = Recording {
        client: &client,
        text: String::new(),
        is_same_sound: true,
    };
    record.json("/voice/tts", r#"{"text":"Hi."}"#);
    record.json(
        "/voice/dub/translate",
        r#"{"segments":[],"target_language":"en","language":"pt"}"#,
    );
    record.get("/voice/voices");
    record.get("/readyz");
    text.push_str(&record.text);

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/golden/answers.txt");
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        return;
    }
    let golden = fs::read_to_string(&path).unwrap();
    let (told, kept): (Vec<&str>, Vec<&str>) = (
        text.split("\n## ").collect(),
        golden.split("\n## ").collect(),
    );
    for (told, kept) in told.iter().zip(&kept) {
        assert_eq!(told, kept);
    }
    assert_eq!(told.len(), kept.len());
}

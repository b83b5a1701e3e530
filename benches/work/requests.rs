//! A request before anything is done: its head, its JSON or form.
//!
//! Its key and its token are timed by `store`: the store's clock reads a page of the kernel that is not there under valgrind.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use vocabox::engine::contract::CancellationToken;
use vocabox::request::form::Form;
use vocabox::request::json::object;
use vocabox::request::speech::SpeechFields;
use vocabox_edge::message::{Body, Head};

use super::step::{Step, step};

const HEAD: &[u8] = b"POST /voice/tts?format=mp3 HTTP/1.1\r\nHost: speech.example\r\nUser-Agent: curl/8.5.0\r\n\
    Accept: */*\r\nAuthorization: Bearer satryx_live_0123456789abcdef\r\nContent-Type: application/json\r\n\
    Content-Length: 96\r\n\r\n";
const JSON: &[u8] =
    br#"{"text": "Good morning, everyone.", "voice_id": "af_heart", "speed": 1.1, "stability": 0.5}"#;

pub fn all() -> Vec<Step> {
    let (told, form) = (head(HEAD), form(10_000));
    vec![
        step("head_of_a_request", || head(black_box(HEAD))),
        step("json_of_a_request", move || {
            let body = Body::Memory(black_box(JSON).to_vec());
            let fields: SpeechFields = object(&told, body).expect("an object");
            fields.checked().expect("within the bounds")
        }),
        step("form_of_10_kb", move || read_form(&form)),
    ]
}

fn head(bytes: &[u8]) -> Head {
    let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
    Head::parse(bytes, peer, Instant::now()).expect("a head")
}

/// A form with a language and a file of `bytes` bytes, among them line ends: each may begin a boundary.
fn form(bytes: usize) -> Vec<u8> {
    let part = |told: &str| format!("--XX\r\nContent-Disposition: form-data; {told}\r\n\r\n");
    let mut form = format!("{}en\r\n", part("name=\"language\"")).into_bytes();
    form.extend(part("name=\"file\"; filename=\"a.wav\"").bytes());
    form.extend((0..bytes).map(|at| (at % 251) as u8));
    form.extend(b"\r\n--XX--\r\n");
    form
}

fn read_form(form: &[u8]) -> Form {
    let told = Some("multipart/form-data; boundary=XX");
    let token = CancellationToken::until(Instant::now() + Duration::from_secs(60));
    let spool = std::env::temp_dir();
    Form::parse(told, Body::Memory(form.to_vec()), &spool, "", &token).expect("a form")
}

//! Bodies that cost as much memory as a body can.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;

use serde_json::json;

use crate::support::process::{peak, reset_peak, resident, until};
use crate::support::server::{Server, link, stub_models};

const JSON: &str = "application/json";
const FORM: &str = "multipart/form-data; boundary=X";
const CLIENTS: usize = 32;
const MIB: u64 = 1 << 20;

fn form(fields: &[(&str, &str)]) -> Vec<u8> {
    let part = |(name, value): &(&str, &str)| {
        format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let file = "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n";
    let parts: String = fields.iter().map(part).collect();
    format!("{parts}{file}--X--\r\n").into_bytes()
}

/// An array of `count` items, as JSON.
fn array(item: &str, count: usize) -> String {
    format!("[{item}{}]", format!(",{item}").repeat(count - 1))
}

/// Path, type and body of requests whose bodies are as large as they may be, of many small parts or of a few large ones.
fn worst() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let small = array("{}", 340_000);
    let deep = format!("{}{}", "[".repeat(500_000), "]".repeat(500_000));
    let line = format!(
        r#"{{"start": 1, "end": 2, "text": "{}"}}"#,
        "a".repeat(4_000)
    );
    let clip = "A".repeat(2_000_000);
    let known = [
        ("known_speaker_names[]", "a"),
        ("known_speaker_references[]", &clip),
    ];
    let diarized = [("response_format", "diarized_json")];
    let known = [&diarized[..], &known, &known, &known, &known].concat();
    let fields: Vec<_> = (0..31).map(|_| ("f", "y".repeat(65_000))).collect();
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    vec![
        (
            "/voice/tts",
            JSON,
            format!(r#"{{"x": {small}, "text": 5}}"#).into(),
        ),
        ("/voice/tts", JSON, format!(r#"{{"x": {deep}}}"#).into()),
        (
            "/voice/tts",
            JSON,
            format!(r#"{{"text": "{}"}}"#, "\\u0041".repeat(170_000)).into(),
        ),
        (
            "/voice/dub/translate",
            JSON,
            format!(r#"{{"target_language": "en", "segments": {small}}}"#).into(),
        ),
        (
            "/voice/dub/render",
            FORM,
            form(&[("segments", &array("{}", 2_700_000))]),
        ),
        (
            "/voice/dub/render",
            FORM,
            form(&[("segments", &array(&line, 2_000))]),
        ),
        ("/voice/stt", FORM, form(&fields)),
        ("/v1/audio/transcriptions", FORM, form(&known)),
    ]
}

/// Sends the request and reads what comes. A refusal by the head may cut the connection while the body is sent.
fn post(server: SocketAddr, key: &str, path: &str, kind: &str, body: &[u8]) {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: {kind}\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(server).unwrap();
    let _ = stream.write_all(&[head.as_bytes(), body].concat());
    let _ = stream.read_to_end(&mut Vec::new());
}

#[test]
fn the_worst_bodies_of_many_clients_cost_little_memory_and_it_is_given_back() {
    let models = stub_models();
    link(models.path(), "speaker-campplus");
    link(models.path(), "segmentation-pyannote");
    let server = Server::launch(models.path(), &[]);
    let keys: Vec<String> = (0..4).map(|n| server.new_key(&format!("a{n}"))).collect();
    // What a server allocates once, for the first request of a kind, it keeps.
    for (path, kind, body) in worst() {
        post(server.addr, &keys[0], path, kind, &body);
    }
    for (path, kind, body) in worst() {
        let before = resident(&server);
        reset_peak(&server);
        thread::scope(|scope| {
            for key in (0..CLIENTS).map(|n| &keys[n % keys.len()]) {
                scope.spawn(|| post(server.addr, key, path, kind, &body));
            }
        });
        let grown = peak(&server).saturating_sub(before);
        println!("{path}: {} MiB, {} more", before / MIB, grown / MIB);
        assert!(grown <= 400 * MIB, "{path}: {} MiB", grown / MIB);
        until(&format!("the memory of {path}"), || {
            resident(&server) <= before + before / 10 + 16 * MIB
        });
    }
    let spool = fs::read_dir(server.data.join("spool")).unwrap();
    assert_eq!(spool.count(), 0);
}

#[test]
fn memory_of_speech_that_many_asked_for_at_once_is_given_back() {
    let models = stub_models();
    let server = Server::launch(models.path(), &["--queue", "60", "--sound-bytes", "2GiB"]);
    let client = server.client();
    let speak = |text: &str| {
        let spoken = client.post_json("/voice/tts", &json!({ "text": text }));
        assert_eq!(spoken.status, 200);
    };
    // The stub engine makes 96 KB of sound of each word, which the allocator takes from its heaps.
    let long = "abcdefghij ".repeat(200);
    speak("once");
    let before = resident(&server);
    reset_peak(&server);
    thread::scope(|scope| {
        (0..CLIENTS).for_each(|_| drop(scope.spawn(|| speak(&long))));
    });
    let (grown, held) = (peak(&server) - before, resident(&server));
    assert!(
        grown > 100 * MIB,
        "the test asks for too little: {} MiB",
        grown / MIB
    );
    println!(
        "{} MiB, {} at once, {} after",
        before / MIB,
        grown / MIB,
        held / MIB
    );
    until("the memory is given back", || {
        resident(&server) <= before + before / 10
    });
}

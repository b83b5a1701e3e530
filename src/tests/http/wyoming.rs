//! Clients of the Wyoming protocol: they speak and transcribe as the key that the listener is bound to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::process::until;
use crate::support::server::{Server, json as command, models, new_data, run, stub_models};
use crate::support::wer::assert_words;

/// A client of the protocol.
struct WyomingClient {
    source: BufReader<TcpStream>,
}

/// An event that the server sent.
struct Received {
    kind: String,
    data: Value,
    payload: Vec<u8>,
}

impl WyomingClient {
    fn call(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        WyomingClient {
            source: BufReader::new(stream),
        }
    }

    fn send(&mut self, kind: &str, data: Value, payload: &[u8]) {
        let data = data.to_string();
        let line = json!({
            "type": kind, "version": "1.5.4", "data_length": data.len(), "payload_length": payload.len(),
        });
        let whole = [format!("{line}\n{data}").as_bytes(), payload].concat();
        self.source.get_mut().write_all(&whole).unwrap();
    }

    /// The next event; none at the end of the connection.
    fn next(&mut self) -> Option<Received> {
        let mut line = String::new();
        self.source.read_line(&mut line).unwrap();
        if line.is_empty() {
            return None;
        }
        let line: Value = serde_json::from_str(&line).unwrap();
        let mut part = |name: &str| {
            let mut bytes = vec![0; line[name].as_u64().unwrap_or(0) as usize];
            self.source.read_exact(&mut bytes).unwrap();
            bytes
        };
        let data = part("data_length");
        Some(Received {
            kind: line["type"].as_str().unwrap().to_owned(),
            data: serde_json::from_slice(&data).unwrap_or_default(),
            payload: part("payload_length"),
        })
    }

    /// The events up to the one of this kind.
    fn until(&mut self, kind: &str) -> Vec<Received> {
        let mut all = Vec::new();
        while all.last().is_none_or(|last: &Received| last.kind != kind) {
            all.push(self.next().unwrap());
        }
        all
    }

    /// The sound up to `last`: samples a second, and samples of 16 bits.
    fn sound(&mut self, last: &str) -> (u64, Vec<u8>) {
        let all = self.until(last);
        assert_eq!(all[0].kind, "audio-start");
        let of_kind = |kind: &str| all.iter().filter(|event| event.kind == kind).count();
        assert_eq!((of_kind("audio-start"), of_kind("audio-stop")), (1, 1));
        let chunks = all.iter().filter(|event| event.kind == "audio-chunk");
        let samples: Vec<u8> = chunks.flat_map(|chunk| chunk.payload.clone()).collect();
        (all[0].data["rate"].as_u64().unwrap(), samples)
    }

    /// What is heard of the sound.
    fn transcript(&mut self, asked: Value, rate_hz: u64, samples: &[u8]) -> Vec<Received> {
        let format = json!({ "rate": rate_hz, "width": 2, "channels": 1 });
        self.send("transcribe", asked, &[]);
        self.send("audio-start", format.clone(), &[]);
        for chunk in samples.chunks(4_000) {
            self.send("audio-chunk", format.clone(), chunk);
        }
        self.send("audio-stop", json!({}), &[]);
        self.until("transcript")
    }

    /// Whether the server has closed the connection, which may reset it.
    fn is_closed(&mut self) -> bool {
        !matches!(self.source.get_mut().read(&mut [0]), Ok(1..))
    }
}

/// A server that Wyoming clients reach as the first key of the account `test`.
struct BoundServer {
    server: Server,
    address: SocketAddr,
    key_id: String,
    _folder: TempDir,
}

fn bound(models: &Path, options: &[&str]) -> BoundServer {
    let (folder, data, key) = new_data();
    let keys = command(&data, &["key", "list"]);
    let key_id = keys[0]["key_id"].as_str().unwrap().to_owned();
    let bound = ["--wyoming", "127.0.0.1:0", "--wyoming-key", &key_id];
    let server = Server::again(&data, &key, models, &[&bound, options].concat());
    let (_, told) = server
        .first_lines
        .split_once("Wyoming clients on ")
        .unwrap();
    let address = told.lines().next().unwrap().parse().unwrap();
    BoundServer {
        server,
        address,
        key_id,
        _folder: folder,
    }
}

#[test]
fn a_sentence_is_spoken_and_transcribed_over_one_connection_as_its_key() {
    let BoundServer {
        server, address, ..
    } = &bound(&models(), &[]);
    let mut client = WyomingClient::call(*address);
    client.send("describe", json!({}), &[]);
    let info = client.next().unwrap();
    assert_eq!(info.kind, "info");
    let languages = &info.data["asr"][0]["models"][0]["languages"];
    assert!(languages.as_array().unwrap().contains(&json!("de")));
    let voices = info.data["tts"][0]["voices"].as_array().unwrap();
    let emma = voices
        .iter()
        .find(|voice| voice["name"] == "bf_emma")
        .unwrap();
    assert_eq!(emma["languages"], json!(["en-GB"]));
    let said = "The kitchen lights are on, and the front door is locked.";
    // By a voice, by a language, and without either; what the server does not know is ignored.
    client.send("run-satellite", json!({}), &[]);
    for voice in [
        json!({ "name": "bf_emma" }),
        json!({ "language": "en-GB" }),
        Value::Null,
    ] {
        client.send("synthesize", json!({ "text": said, "voice": voice }), &[]);
        let (rate_hz, samples) = client.sound("audio-stop");
        assert_eq!(rate_hz, 24_000);
        let asked = json!({ "language": "en-US", "transcript_names": ["kitchen"] });
        let heard = client.transcript(asked, rate_hz, &samples);
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].data["language"], "en");
        assert_words(said, heard[0].data["text"].as_str().unwrap(), 5.0);
    }
    let items = &server.client().get("/voice/history").json();
    assert_eq!(items["total"], 6);
    // Metrics count them as requests over HTTP.
    let page = String::from_utf8(server.client().get("/metrics").body).unwrap();
    let heard = "vocabox_requests_total{route=\"stt\",status=\"200\"} 3\n";
    assert!(page.contains(heard), "{page}");
    assert_eq!(
        (&items["items"][0]["feature"], &items["items"][1]["feature"]),
        (&json!("stt"), &json!("tts"))
    );
    let voices: Vec<&Value> = (1..6)
        .step_by(2)
        .map(|n| &items["items"][n]["voice_id"])
        .collect();
    assert_eq!(voices[2], "bf_emma");
    assert_eq!(
        server.new_account("other").get("/voice/history").json()["total"],
        0
    );
}

/// `scripts/clients/wyoming_package.py`, which speaks and transcribes with the protocol's own package.
#[test]
fn the_protocols_own_client_speaks_and_transcribes() {
    let bound = bound(&models(), &[]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/clients/wyoming_package.py");
    let output = Command::new(script)
        .arg(bound.address.to_string())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        told.matches("heard (en): The kitchen lights are on")
            .count(),
        2,
        "{told}"
    );
}

#[test]
fn a_text_that_comes_in_parts_is_spoken_once_and_whole() {
    let BoundServer {
        server, address, ..
    } = &bound(&models(), &[]);
    let mut client = WyomingClient::call(*address);
    let said = "Good evening. Dr. Brown is waiting in the hall. Shall I let him in?";
    client.send(
        "synthesize-start",
        json!({ "voice": { "name": "am_michael" } }),
        &[],
    );
    let mut rest = said;
    while !rest.is_empty() {
        let (part, more) = rest.split_at(rest.len().min(7));
        client.send("synthesize-chunk", json!({ "text": part }), &[]);
        rest = more;
    }
    // For servers that cannot stream.
    client.send("synthesize", json!({ "text": said }), &[]);
    client.send("synthesize-stop", json!({}), &[]);
    let (rate_hz, samples) = client.sound("synthesize-stopped");
    let heard = client.transcript(json!({}), rate_hz, &samples);
    assert_words(said, heard[0].data["text"].as_str().unwrap(), 5.0);
    let items = server.client().get("/voice/history?feature=tts").json();
    let spoken: usize = items["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["character_count"].as_u64().unwrap() as usize)
        .sum();
    assert_eq!(spoken, said.len());
}

#[test]
fn what_fails_is_told_and_ends_in_order_and_the_connection_goes_on() {
    let models = stub_models();
    let bound = bound(models.path(), &[]);
    let mut client = WyomingClient::call(bound.address);
    let refused = |client: &mut WyomingClient, status: &str, why: &str| {
        let error = client.next().unwrap();
        assert_eq!(
            (error.kind.as_str(), &error.data["code"]),
            ("error", &json!(status))
        );
        let text = error.data["text"].as_str().unwrap();
        assert!(text.contains(why), "{text}");
    };
    let unknown = json!({ "text": "Hello.", "voice": { "name": "nothing" } });
    client.send("synthesize", unknown, &[]);
    refused(&mut client, "404", "voice_id");
    assert_eq!(client.next().unwrap().kind, "audio-stop");
    client.send("synthesize", json!({}), &[]);
    refused(&mut client, "400", "text is blank");
    assert_eq!(client.next().unwrap().kind, "audio-stop");
    // A failure amid the sound.
    client.send("synthesize", json!({ "text": "well fail" }), &[]);
    let told = client.until("audio-stop");
    let kinds: Vec<&str> = told.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!((kinds[0], kinds[kinds.len() - 2]), ("audio-start", "error"));
    client.send(
        "audio-start",
        json!({ "rate": 1, "width": 2, "channels": 1 }),
        &[],
    );
    refused(&mut client, "400", "audio-start has rate 1");
    let format = json!({ "rate": 16_000, "width": 2, "channels": 1 });
    client.send("audio-start", format.clone(), &[]);
    for _ in 0..6 {
        client.send("audio-chunk", format.clone(), &vec![0; 1 << 20]);
    }
    refused(&mut client, "413", "bytes that are accepted");
    assert_eq!(client.next().unwrap().data["text"], "");
    let heard = client.transcript(json!({ "language": "Klingon" }), 16_000, &[0; 32_000]);
    assert_eq!(
        (heard[0].kind.as_str(), &heard[1].data["text"]),
        ("error", &json!(""))
    );
    client.send("ping", json!({ "text": "a" }), &[]);
    assert_eq!(client.next().unwrap().data["text"], "a");
    // What is no event ends its own connection only.
    let mut other = WyomingClient::call(bound.address);
    other
        .source
        .get_mut()
        .write_all(b"GET / HTTP/1.1\r\n\r\n")
        .unwrap();
    assert!(other.is_closed());
    command(&bound.server.data, &["key", "revoke", &bound.key_id]);
    client.send("synthesize", json!({ "text": "Hello." }), &[]);
    refused(&mut client, "401", "revoked");
    assert_eq!(client.next().unwrap().kind, "audio-stop");
    assert_eq!(bound.server.stop(), Some(0));
    assert!(client.is_closed());
}

#[test]
fn a_client_waits_for_what_its_key_has_under_way() {
    let models = stub_models();
    let hold = models.path().join("stub-speak/hold");
    std::fs::write(&hold, "").unwrap();
    let bound = bound(models.path(), &["--concurrent-per-key", "1"]);
    let mut first = WyomingClient::call(bound.address);
    first.send("synthesize", json!({ "text": "hold" }), &[]);
    let held = models.path().join("stub-speak/held");
    until("the first text", || held.exists());
    let mut second = WyomingClient::call(bound.address);
    second.send("synthesize", json!({ "text": "well" }), &[]);
    bound.server.logged("generations may be under way at once");
    std::fs::remove_file(&hold).unwrap();
    assert_eq!(first.next().unwrap().kind, "audio-start");
    first.until("audio-stop");
    assert_eq!(second.next().unwrap().kind, "audio-start");
}

#[test]
fn a_listener_needs_a_key_that_is_in_force() {
    let (_folder, data, _) = new_data();
    let key = command(&data, &["key", "list"])[0]["key_id"]
        .as_str()
        .unwrap()
        .to_owned();
    command(&data, &["key", "revoke", &key]);
    let data = data.to_str().unwrap();
    for (options, why) in [
        (vec![], "it is not set"),
        (vec!["--wyoming-key", "first"], "a key's id is"),
        (vec!["--wyoming-key", "key_0000000000000000"], "unknown"),
        (vec!["--wyoming-key", &key], "revoked"),
    ] {
        let serve = [
            "--data-dir",
            data,
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--wyoming",
            "127.0.0.1:0",
        ];
        let output = run(&[&serve, &options[..]].concat());
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(
            told.contains("wyoming needs wyoming_key") && told.contains(why),
            "{told}"
        );
    }
}

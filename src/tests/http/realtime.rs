//! Realtime transcription over a WebSocket: real models, both shapes of the interface, and what a client may hold.

use std::io::Write;
use std::net::Shutdown;

use serde_json::{Value, json};
use tungstenite::protocol::frame::coding::CloseCode;
use vocabox::audio::dsp::resample::resample_clip;
use vocabox::audio::g711::{a_law, mu_law};
use vocabox::audio::pcm::Clip;
use vocabox::limits;

use crate::http::listening::{transcript, two_cities};
use crate::http::voice::{TWO_CITIES, samples};
use crate::support::process::until;
use crate::support::realtime::{PATH, RealtimeClient};
use crate::support::server::{Server, recording, stub_models};
use crate::support::wer::{assert_words, errors, words};

const DELTA: &str = "conversation.item.input_audio_transcription.delta";
const COMPLETED: &str = "conversation.item.input_audio_transcription.completed";

/// Samples of `seconds` of a recording at 48 kHz from its start, at 24 kHz, as bytes.
pub fn pcm(file: &[u8], seconds: usize) -> Vec<u8> {
    let own = samples(file).into_iter();
    let clip = Clip {
        samples: own.map(|s| f32::from(s) / 32_768.0).collect(),
        rate_hz: 48_000,
    };
    let halved = resample_clip(&clip, 24_000).unwrap().samples;
    bytes(&halved[..halved.len().min(seconds * 24_000)])
}

fn bytes(samples: &[f32]) -> Vec<u8> {
    let whole = |s: &f32| ((s * 32_767.0) as i16).to_le_bytes();
    samples.iter().flat_map(whole).collect()
}

fn silence(seconds: usize) -> Vec<u8> {
    vec![0; seconds * 48_000]
}

fn text<'a>(event: &'a Value, field: &str) -> &'a str {
    event[field]
        .as_str()
        .unwrap_or_else(|| panic!("{event} has no {field}"))
}

/// The joined texts of this kind of events.
fn joined(events: &[Value], kind: &str, field: &str, between: &str) -> String {
    let of = events.iter().filter(|event| event["type"] == kind);
    of.map(|event| text(event, field))
        .collect::<Vec<_>>()
        .join(between)
}

/// The events of a session that is told to stop sending once everything is transcribed: the last utterance ends by a commit.
fn heard(client: &mut RealtimeClient, sound: &[u8]) -> Vec<Value> {
    client.append(sound, 24_000);
    let mut events = Vec::new();
    loop {
        events.extend(client.until(COMPLETED));
        let ended = |kind: &str| events.iter().filter(|e| e["type"] == kind).count();
        // The last word ends at 41.8 s, and silence follows.
        let stopped = events
            .iter()
            .rfind(|e| e["type"] == "input_audio_buffer.speech_stopped");
        let at_ms = stopped
            .and_then(|e| e["audio_end_ms"].as_u64())
            .unwrap_or(0);
        if at_ms > 41_000 && ended(COMPLETED) == ended("input_audio_buffer.committed") {
            return events;
        }
    }
}

#[test]
fn turns_are_found_and_transcribed_as_a_recording_is() {
    let server = Server::shared();
    let key = server.new_key("realtime-turns");
    let mut client = RealtimeClient::open(server, &key);
    let session = client.update(json!({ "type": "transcription", "audio": { "input": {
        "format": { "type": "audio/pcm", "rate": 24000 },
        "transcription": { "model": "whisper-1", "language": "en" },
        "turn_detection": { "type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 350 },
    } } }));
    assert_eq!(session["object"], "realtime.transcription_session");
    assert_eq!(session["audio"]["input"]["transcription"]["language"], "en");
    let file = two_cities();
    let sound = [pcm(&file, 60), silence(2)].concat();
    let events = heard(&mut client, &sound);

    // Shorter parts are heard without what comes after them: of 119 words 4 were wrong, and in the whole recording 0 or 3, as the
    // processor rounds.
    let whole = transcript(&file, &[("language", "en")]);
    let told = joined(&events, COMPLETED, "transcript", " ");
    let (wrong, _) = errors(TWO_CITIES, &told);
    let (wrong_whole, _) = errors(TWO_CITIES, text(&whole, "transcript"));
    assert!(
        wrong <= wrong_whole.max(3) + 3,
        "{wrong} and {wrong_whole}: {told}"
    );
    let deltas = joined(&events, DELTA, "delta", " ");
    assert_words(&told, &deltas, 6.0);

    // Each utterance: start, stop, commit, item, words, text; one follows the other.
    let of = |kind: &str| -> Vec<&Value> { events.iter().filter(|e| e["type"] == kind).collect() };
    let starts = of("input_audio_buffer.speech_started");
    let stops = of("input_audio_buffer.speech_stopped");
    let commits = of("input_audio_buffer.committed");
    let completed = of(COMPLETED);
    assert!(completed.len() > 2, "{} utterances", completed.len());
    let mut previous = Value::Null;
    let mut latest_ms = 0;
    for (at, commit) in commits.iter().enumerate() {
        let id = &commit["item_id"];
        assert_eq!(commit["previous_item_id"], previous);
        for other in [starts[at], stops[at], completed[at]] {
            assert_eq!(&other["item_id"], id);
        }
        let (start, stop) = (&starts[at]["audio_start_ms"], &stops[at]["audio_end_ms"]);
        let (start, stop) = (start.as_u64().unwrap(), stop.as_u64().unwrap());
        assert!(latest_ms <= start && start < stop, "{start} to {stop}");
        assert!(stop - start <= limits::UTTERANCE_SECONDS_MAX as u64 * 1_000 + 32);
        let usage = &completed[at]["usage"];
        assert_eq!(usage["type"], "duration");
        let seconds = usage["seconds"].as_f64().unwrap();
        assert!(
            (seconds - (stop - start) as f64 / 1_000.0).abs() < 0.1,
            "{usage}"
        );
        assert_eq!(completed[at]["languages"], json!([{ "code": "en" }]));
        (previous, latest_ms) = (id.clone(), stop);
    }
    let items = of("conversation.item.added");
    assert_eq!(
        (items.len(), of("conversation.item.done").len()),
        (commits.len(), commits.len())
    );
    assert_eq!(items[0]["item"]["role"], "user");
    let ids: std::collections::HashSet<&str> = events.iter().map(|e| text(e, "event_id")).collect();
    assert_eq!(ids.len(), events.len(), "each event has an id of its own");

    // Each utterance is in the history of its account, and of no other.
    let page = server.client().with_key(&key).get("/voice/history").json();
    let items = page["items"].as_array().unwrap();
    assert_eq!(items.len(), completed.len());
    let last = completed.last().unwrap();
    assert_eq!(items[0]["text"], last["transcript"]);
    assert_eq!(
        (&items[0]["feature"], &items[0]["language"]),
        (&json!("stt"), &json!("en"))
    );
    let other = server
        .new_account("realtime-other")
        .get("/voice/history")
        .json();
    assert_eq!(other["items"], json!([]));
}

#[test]
fn words_come_before_the_commit_in_the_shapes_of_the_beta() {
    let server = Server::shared();
    let key = server.new_key("realtime-manual");
    let mut client = RealtimeClient::open(server, &key);
    client.send(
        &json!({ "type": "transcription_session.update", "session": {
        "input_audio_format": "pcm16", "turn_detection": null,
        "input_audio_transcription": { "model": "gpt-4o-transcribe", "language": "en" },
    } }),
    );
    let updated = client.next();
    assert_eq!(updated["type"], "transcription_session.updated");
    let session = &updated["session"];
    assert_eq!(session["turn_detection"], Value::Null);
    assert_eq!(session["input_audio_format"], "pcm16");
    // 12 s, of which two transcriptions agree on something before they are committed.
    let sound = pcm(&two_cities(), 12);
    client.append(&sound, 4_801);
    let mut events = client.until(DELTA);
    client.commit();
    events.extend(client.until(COMPLETED));
    let told: Vec<&str> = events
        .iter()
        .map(|e| text(e, "type"))
        .filter(|kind| *kind != DELTA)
        .collect();
    let expected = [
        "input_audio_buffer.committed",
        "conversation.item.created",
        COMPLETED,
    ];
    assert_eq!(told, expected);
    let last = events.last().unwrap();
    assert!(words(text(last, "transcript")).len() > 20, "{last}");
    assert_words(
        text(last, "transcript"),
        &joined(&events, DELTA, "delta", ""),
        10.0,
    );
    assert_eq!(last["usage"]["seconds"], 12.0);

    // What is cleared is not transcribed, and a commit of nothing is the client's fault.
    client.append(&sound, 48_000);
    client.send(&json!({ "type": "input_audio_buffer.clear" }));
    client.until("input_audio_buffer.cleared");
    client.send(&json!({ "type": "input_audio_buffer.commit", "event_id": "mine" }));
    let error = client.until("error").pop().unwrap();
    assert_eq!(error["error"]["code"], "input_audio_buffer_commit_empty");
    // The session goes on.
    client.append(&sound[..24_000 * 2 * 4], 48_000);
    client.commit();
    let events = client.until(COMPLETED);
    assert!(text(events.last().unwrap(), "transcript").starts_with("It was the best of times"));
}

/// The recording at 8 kHz, each sample as the byte that stands for the value nearest to it.
fn telephone(seconds: usize, decoded: fn(u8) -> f32) -> Vec<u8> {
    let values: Vec<f32> = (0..=u8::MAX).map(decoded).collect();
    let file = std::fs::read(recording("two_cities.8k.wav")).unwrap();
    let distance = |byte: u8, s: f32| (values[usize::from(byte)] - s).abs();
    let nearest = |s: f32| {
        let bytes = 0..=u8::MAX;
        bytes.min_by(|a, b| distance(*a, s).total_cmp(&distance(*b, s)))
    };
    let samples = samples(&file).into_iter().take(seconds * 8_000);
    let samples = samples.map(|s| f32::from(s) / 32_768.0);
    samples.map(|s| nearest(s).unwrap()).collect()
}

#[test]
fn telephone_sound_is_heard_in_both_laws() {
    let server = Server::shared();
    let key = server.new_key("realtime-telephone");
    let whole = transcript(&two_cities(), &[("language", "en")]);
    let expected = words(text(&whole, "transcript"))[..18].join(" ");
    for format in ["audio/pcmu", "audio/pcma"] {
        let decoded = if format == "audio/pcmu" {
            mu_law
        } else {
            a_law
        };
        let mut client = RealtimeClient::open(server, &key);
        client.update(json!({ "type": "transcription", "audio": { "input": {
            "format": { "type": format }, "turn_detection": null, "transcription": { "language": "en" },
        } } }));
        client.append(&telephone(7, decoded), 1_000);
        client.commit();
        let events = client.until(COMPLETED);
        let said = words(text(events.last().unwrap(), "transcript"));
        assert!(said.len() >= 18, "{said:?}");
        assert_words(&expected, &said[..18].join(" "), 6.0);
    }
}

#[test]
fn each_utterance_has_its_own_language() {
    let server = Server::shared();
    let speak = |voice: &str, text: &str| -> Vec<u8> {
        let asked = json!({ "text": text, "voice_id": voice });
        let answer = server.client().post_json("/voice/tts", &asked);
        assert_eq!(answer.status, 200);
        samples(&answer.body)
            .iter()
            .flat_map(|s| s.to_le_bytes())
            .collect()
    };
    let key = server.new_key("realtime-languages");
    let mut client = RealtimeClient::open(server, &key);
    client.update(json!({ "type": "transcription", "audio": { "input": {
        "turn_detection": { "type": "semantic_vad", "eagerness": "low" },
    } } }));
    let mut codes = Vec::new();
    for (voice, text) in [
        (
            "af_heart",
            "The quick brown fox jumps over the lazy dog, and the dog minds.",
        ),
        (
            "pf_dora",
            "Hoje de manhã fui ao mercado comprar pão, queijo e algumas laranjas.",
        ),
    ] {
        client.append(&[speak(voice, text), silence(3)].concat(), 24_000);
        let completed = client.until(COMPLETED).pop().unwrap();
        codes.push(completed["languages"][0]["code"].clone());
    }
    assert_eq!(codes, ["en", "pt"]);
}

#[test]
fn a_browser_sends_its_key_as_a_subprotocol_and_never_gets_it_back() {
    let server = Server::launch(stub_models().path(), &[]);
    let key = server.new_key("page");
    let offered = format!("realtime, openai-insecure-api-key.{key}");
    let headers = [("Sec-WebSocket-Protocol", offered.as_str())];
    let mut client = RealtimeClient::try_open(server.addr, PATH, &headers)
        .ok()
        .unwrap();
    assert_eq!(client.headers["sec-websocket-protocol"], "realtime");
    assert!(!format!("{:?}", client.headers).contains(&key));
    assert!(!client.next().to_string().contains(&key));
    client.stream().shutdown(Shutdown::Both).unwrap();
    let line = server.logged_until("realtime").join("\n");
    assert!(!line.contains(&key), "{line}");
    assert!(line.contains("status=101"), "{line}");

    let wrong = format!(
        "realtime, openai-insecure-api-key.{}x",
        &key[..key.len() - 1]
    );
    let headers = [("Sec-WebSocket-Protocol", wrong.as_str())];
    let (status, told) = RealtimeClient::try_open(server.addr, PATH, &headers)
        .err()
        .unwrap();
    assert_eq!(
        (status, &told["error"]["code"]),
        (401, &json!("invalid_api_key"))
    );
    assert!(!told.to_string().contains(&key[20..40]));
    for name in ["X-API-Key", "xi-api-key"] {
        let headers = [(name, key.as_str())];
        assert!(
            RealtimeClient::try_open(server.addr, PATH, &headers).is_ok(),
            "{name}"
        );
    }
}

#[test]
fn what_a_client_does_wrong_is_told_and_the_session_goes_on() {
    let server = Server::launch(stub_models().path(), &[]);
    let mut client = RealtimeClient::open(&server, &server.key);
    let long = "A".repeat(limits::REALTIME_AUDIO_BYTES_MAX + 4);
    for (event, param) in [
        (
            json!({ "type": "response.create", "event_id": "e1" }),
            "type",
        ),
        (
            json!({ "type": "input_audio_buffer.append", "audio": "%", "event_id": "e1" }),
            "audio",
        ),
        (
            json!({ "type": "input_audio_buffer.append", "audio": long, "event_id": "e1" }),
            "audio",
        ),
        (
            json!({ "type": "session.update", "session": { "type": "realtime" }, "event_id": "e1" }),
            "session.type",
        ),
    ] {
        client.send(&event);
        let told = client.next();
        assert_eq!(told["type"], "error");
        let error = &told["error"];
        assert_eq!(
            (&error["param"], &error["event_id"]),
            (&json!(param), &json!("e1"))
        );
        assert_eq!(error["type"], "invalid_request_error");
    }
    client.send_text("no JSON");
    assert_eq!(client.next()["error"]["code"], "invalid_json");
    // As much as may be appended at once is, and the stub hears nothing in it.
    let most = "A".repeat(limits::REALTIME_AUDIO_BYTES_MAX);
    client.update(json!({ "turn_detection": null }));
    client.send(&json!({ "type": "input_audio_buffer.append", "audio": most }));
    client.commit();
    let completed = client.until(COMPLETED).pop().unwrap();
    let seconds = (limits::REALTIME_AUDIO_BYTES_MAX / 4 * 3 / 2) as f64 / 24_000.0;
    assert!((completed["usage"]["seconds"].as_f64().unwrap() - seconds).abs() < 0.01);
    // A message beyond that ends the session as soon as its length is known: a masked frame with 64 bits of it.
    let bytes = limits::REALTIME_MESSAGE_BYTES_MAX as u64 + 1;
    let head = [&[0x81, 0xFF][..], &bytes.to_be_bytes(), &[0; 4]].concat();
    client.stream().write_all(&head).unwrap();
    assert_eq!(client.closed().0, CloseCode::Size);
}

#[test]
fn sessions_are_bounded_and_a_client_that_vanishes_gives_its_place_back() {
    let server = Server::launch(stub_models().path(), &["--realtime-sessions", "4"]);
    let (ada, bisi) = (server.key.clone(), server.new_key("bisi"));
    let try_open = |key: &str| {
        let bearer = format!("Bearer {key}");
        RealtimeClient::try_open(server.addr, PATH, &[("Authorization", bearer.as_str())])
    };
    // An account that is alone leaves a quarter, in which another finds a place.
    let mut held: Vec<_> = (0..3).map(|_| try_open(&ada).ok().unwrap()).collect();
    let (status, told) = try_open(&ada).err().unwrap();
    assert_eq!(
        (status, &told["error"]["type"]),
        (503, &json!("server_error"))
    );
    let other = try_open(&bisi).ok().unwrap();
    assert_eq!(try_open(&bisi).err().unwrap().0, 503, "all are taken");
    held.pop()
        .unwrap()
        .stream()
        .shutdown(Shutdown::Both)
        .unwrap();
    let mut second = None;
    until("the place of the client that vanished", || {
        second = try_open(&bisi).ok();
        second.is_some()
    });
    drop((held, other, second));
    until("all places", || {
        let all: Vec<_> = (0..3).map_while(|_| try_open(&ada).ok()).collect();
        all.len() == 3
    });
}

#[test]
fn a_stop_of_the_server_transcribes_what_was_said_and_closes() {
    let server = Server::with_models();
    let mut client = RealtimeClient::open(&server, &server.key);
    client.update(
        json!({ "turn_detection": null, "input_audio_transcription": { "language": "en" } }),
    );
    client.append(&pcm(&two_cities(), 6), 24_000);
    // Words show that the sound has arrived.
    client.until(DELTA);
    server.tell_to_stop();
    let (code, events) = client.closed();
    assert_eq!(code, CloseCode::Away);
    let said = joined(&events, COMPLETED, "transcript", " ");
    assert!(said.starts_with("It was the best of times"), "{said}");
    assert_eq!(server.ended_within(crate::support::server::END), Some(0));
}

#[test]
fn what_is_no_websocket_is_told_how_to_become_one() {
    let server = Server::shared();
    let answer = server.client().get(PATH);
    assert_eq!(answer.status, 426);
    assert_eq!(answer.header("upgrade"), Some("websocket"));
    assert_eq!(answer.header("sec-websocket-version"), Some("13"));
    assert_eq!(answer.json()["error"]["type"], "invalid_request_error");
}

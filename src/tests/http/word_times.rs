//! `?word_timestamps=true`: when the words of speech are said, beside what is heard of them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::support::client::HttpAnswer;
use crate::support::server::{Server, stub_models};

const TEXT: &str = "Good morning, doctor. The patient in room twelve slept well, and her fever is down. \
    Please call the laboratory before noon: the blood test is still missing.";

/// The words without signs and case, with their starts in seconds.
fn starts(words: &Value) -> Vec<(String, f64)> {
    let plain = |word: &Value| {
        let letters = word["word"].as_str().unwrap().chars();
        letters
            .filter(|c| c.is_alphanumeric())
            .collect::<String>()
            .to_lowercase()
    };
    let words = words.as_array().unwrap().iter();
    words
        .map(|word| (plain(word), word["start"].as_f64().unwrap()))
        .collect()
}

#[test]
fn words_are_told_where_they_are_heard() {
    let client = Server::shared().client();
    let answer = client.post_json(
        "/voice/tts?word_timestamps=true",
        &json!({ "text": TEXT, "voice_id": "af_heart" }),
    );
    assert_eq!(answer.status, 200);
    assert!(answer.header("x-vox-metadata").is_some());
    let told = answer.json();
    let written: Vec<&str> = told["words"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| w["word"].as_str().unwrap())
        .collect();
    assert_eq!(written, TEXT.split_whitespace().collect::<Vec<_>>());
    let sound = BASE64_STANDARD
        .decode(told["audio"].as_str().unwrap())
        .unwrap();
    let heard = client
        .post_form(
            "/voice/stt",
            &sound,
            &[("language", "en"), ("word_timestamps", "true")],
        )
        .json();
    let segments = heard["segments"].as_array().unwrap().iter();
    let heard: Vec<Value> = segments
        .flat_map(|s| s["words"].as_array().unwrap().clone())
        .collect();
    let (told, heard) = (starts(&told["words"]), starts(&json!(heard)));
    // Figures may be heard as digits.
    let mut apart: Vec<f64> = Vec::new();
    for ((word, start), (other, at)) in told.iter().zip(&heard) {
        if word == other {
            apart.push((start - at).abs());
        }
    }
    assert!(apart.len() >= told.len() - 2, "{told:?} {heard:?}");
    apart.sort_by(f64::total_cmp);
    // Seen: 0.19 s and 0.82 s, of which Whisper's own times have a part.
    let median = apart[apart.len() / 2];
    assert!(median < 0.25 && apart[apart.len() - 1] < 1.2, "{apart:?}");
}

/// The data of the events of an answer.
fn events(answer: HttpAnswer) -> Vec<Value> {
    let text = String::from_utf8(answer.body).unwrap();
    let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
    events
        .map(|event| serde_json::from_str(event).unwrap())
        .collect()
}

/// Checks that the events of a stream of 16-bit samples at 24 kHz have the words of the text in order, each with the part in which it
/// starts; returns the samples' bytes.
fn check_parts(events: &[Value]) -> Vec<u8> {
    let (mut words, mut sound, mut last) = (Vec::new(), Vec::new(), 0.0);
    let parts = events.iter();
    for event in parts.filter(|event| event["type"] == "speech.audio.delta") {
        sound.extend(
            BASE64_STANDARD
                .decode(event["audio"].as_str().unwrap())
                .unwrap(),
        );
        let seconds = sound.len() as f64 / 48_000.0;
        for word in event["words"].as_array().into_iter().flatten() {
            let (start, end) = (
                word["start"].as_f64().unwrap(),
                word["end"].as_f64().unwrap(),
            );
            assert!(
                last <= start + 0.002 && start <= end && start <= seconds + 0.002,
                "{word} of {seconds}"
            );
            last = start;
            words.push(word["word"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(words, TEXT.split_whitespace().collect::<Vec<_>>());
    sound
}

#[test]
fn parts_of_a_stream_of_events_have_their_words_in_order_and_within_the_sound() {
    let client = Server::shared().client();
    let speech = json!({ "input": TEXT, "voice": "nova", "response_format": "pcm", "stream_format": "sse", "speed": 3 });
    let answer = client.post_json("/v1/audio/speech?word_timestamps=true", &speech);
    check_parts(&events(answer));
    let refused = client.post_json(
        "/voice/tts?word_timestamps=maybe",
        &json!({ "text": "Yes." }),
    );
    assert_eq!(refused.status, 400);
    assert!(
        refused.detail().starts_with("word_timestamps is"),
        "{}",
        refused.detail()
    );
}

#[test]
fn streamed_speech_with_words_is_the_same_sound_in_events() {
    let client = Server::shared().client();
    let speech = json!({ "text": TEXT, "voice_id": "af_heart", "stability": 0.8 });
    let plain = client.post_json("/voice/tts/stream?format=pcm", &speech);
    let answer = client.post_json("/voice/tts/stream?format=pcm&word_timestamps=true", &speech);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let metadata: Value = serde_json::from_str(answer.header("x-vox-metadata").unwrap()).unwrap();
    let events = events(answer);
    let parts = events.len() - 1;
    assert!(parts >= 2, "{parts} parts");
    let sound = check_parts(&events);
    assert!(
        sound == plain.body,
        "{} and {} bytes",
        sound.len(),
        plain.body.len()
    );
    let done = &events[parts];
    let seconds = sound.len() as f64 / 48_000.0;
    assert_eq!(done["type"], "speech.audio.done");
    assert!(
        (done["duration_seconds"].as_f64().unwrap() - seconds).abs() < 0.001,
        "{done}"
    );
    // Other tests speak with this key, too.
    let history = client.get("/voice/history?limit=100&feature=tts").json();
    let items = history["items"].as_array().unwrap();
    assert!(items.iter().any(|item| item["id"] == metadata["id"]));
}

/// A failure after the first part is told by an event in the shape of the endpoint's errors.
#[test]
fn a_stream_of_events_that_fails_says_why() {
    let models = stub_models();
    let server = Server::launch(models.path(), &[]);
    let speech = json!({ "text": "one fail three" });
    let answer = server
        .client()
        .post_json("/voice/tts/stream?word_timestamps=true", &speech);
    assert_eq!(answer.status, 200);
    let events = events(answer);
    let last = events.last().unwrap();
    assert!(
        last["detail"].as_str().is_some_and(|told| !told.is_empty()),
        "{last}"
    );
    assert_eq!(events[0]["type"], "speech.audio.delta");
    let item = server.client().get("/voice/history?limit=1").json();
    assert_eq!(item["items"][0]["status"], "error");
}

//! Streamed speech.

use std::fs;

use serde_json::{Value, json};

use crate::support::chunked::ChunkedAnswer;
use crate::support::process::until;
use crate::support::server::{Server, stub_models};
use crate::support::wer::assert_words;

const STREAM: &str = "/voice/tts/stream";
/// Bytes of a WAV header.
const HEAD: usize = 44;

const PARAGRAPH: &str = "When the rain had stopped, the old man put on his coat and went down to the beach. The boats lay \
    still, one beside the other, and nobody was to be seen on any of them. He walked along the shore as far as the \
    lighthouse, where he sat down on a bench and looked at the water. A bird came, and then a second one. After an hour \
    he stood up, took his stick, and went home by the upper road, by the church and the school.";

/// The answer to a request to speak `text`.
fn stream(server: &Server, text: &str) -> ChunkedAnswer {
    let body = json!({ "text": text }).to_string();
    ChunkedAnswer::to(server, STREAM, "application/json", body.as_bytes())
}

/// The account's newest history item.
fn item(server: &Server) -> Value {
    let page = server.client().get("/voice/history?limit=1").json();
    page["items"][0].clone()
}

#[test]
fn a_stream_is_the_whole_files_samples_and_says_what_was_asked() {
    let server = Server::shared();
    let client = server.client();
    let body = json!({ "text": PARAGRAPH });
    let whole = client.post_json("/voice/tts", &body);
    let streamed = client.post_json(STREAM, &body);
    assert_eq!((whole.status, streamed.status), (200, 200));
    assert_eq!(streamed.header("content-type"), Some("audio/wav"));
    assert_eq!(streamed.header("content-length"), None);
    assert_eq!(whole.body[HEAD..], streamed.body[HEAD..], "the samples");
    assert_eq!(
        streamed.body[40..44],
        u32::MAX.to_le_bytes(),
        "of no known length"
    );
    let metadata: Value = serde_json::from_str(streamed.header("x-vox-metadata").unwrap()).unwrap();
    assert_eq!(metadata["duration_seconds"], Value::Null);
    assert_eq!(metadata["character_count"], PARAGRAPH.chars().count());
    // Transcription accepts the WAV file without a known length.
    let heard = client.post_form("/voice/stt", &streamed.body, &[("language", "en")]);
    assert_words(PARAGRAPH, heard.json()["transcript"].as_str().unwrap(), 5.0);
}

#[test]
fn the_first_part_is_a_short_clause_and_the_rest_follows() {
    let server = Server::shared();
    let mut answer = stream(server, PARAGRAPH);
    let first = answer.chunk().unwrap();
    let seconds = (first.len() - HEAD) as f64 / 48_000.0;
    assert!(seconds > 1.0, "a clause, not a fragment: {seconds} s");
    // The delay of the first chunk is measured by a script, because other tests run at the same time here.
    let (rest, ended) = answer.rest();
    assert!(ended && rest.len() > 4 * first.len());
}

#[test]
fn each_piece_leaves_before_the_next_is_made() {
    let models = stub_models();
    let hold = models.path().join("stub-speak/hold");
    fs::write(&hold, "").unwrap();
    let server = Server::launch(models.path(), &[]);
    let mut answer = stream(&server, "one hold three");
    assert!(
        answer.head.contains("Transfer-Encoding: chunked"),
        "{}",
        answer.head
    );
    assert_eq!(answer.chunk().unwrap().len(), HEAD + 3 * 4_800);
    fs::remove_file(&hold).unwrap();
    let (rest, ended) = answer.rest();
    assert_eq!((rest.len(), ended), (9 * 4_800, true));
    let item = item(&server);
    assert_eq!(
        (&item["status"], &item["duration_seconds"]),
        (&json!("ok"), &json!(1.2))
    );
}

#[test]
fn a_failure_before_the_first_sound_is_an_answer_and_a_later_one_breaks_off() {
    let models = stub_models();
    let server = Server::launch(models.path(), &[]);
    for word in ["fail", "panic"] {
        let refused = server.client().post_json(STREAM, &json!({ "text": word }));
        assert_eq!(refused.status, 502);
        let mut answer = stream(&server, &format!("one {word} three"));
        let (sent, ended) = answer.rest();
        assert_eq!((sent.len(), ended), (HEAD + 3 * 4_800, false), "{word}");
        let item = item(&server);
        assert_eq!(item["status"], "error");
        assert_eq!(item["duration_seconds"], 0.3, "what was sent");
    }
    let again = server
        .client()
        .post_json(STREAM, &json!({ "text": "well" }));
    assert_eq!(again.status, 200);
}

#[test]
fn a_client_that_leaves_ends_the_speech_and_frees_the_worker() {
    let models = stub_models();
    let hold = models.path().join("stub-speak/hold");
    fs::write(&hold, "").unwrap();
    let server = Server::launch(models.path(), &["--lanes", "1", "--queue", "1"]);
    let mut answer = stream(&server, "one hold three");
    answer.chunk().unwrap();
    drop(answer);
    // The engine is held, so only the departure of its client can end the request.
    let client = server.client();
    until("the worker", || item(&server)["status"] == "error");
    assert_eq!(item(&server)["duration_seconds"], 0.3);
    assert_eq!(
        client.post_json(STREAM, &json!({ "text": "next" })).status,
        200
    );
}

#[test]
fn formats_are_asked_for_by_query_or_accept() {
    let models = stub_models();
    let server = Server::launch(models.path(), &[]);
    let client = server.client();
    let body = json!({ "text": "word" }).to_string().into_bytes();
    let ask = |path: &str, accept: &str| {
        let accept = [("Accept", accept)];
        client.send_with(
            "POST",
            path,
            Some("application/json"),
            body.clone(),
            &accept,
        )
    };
    for path in ["/voice/tts", STREAM] {
        for (name, kind, magic) in [
            ("wav", "audio/wav", &b"RIFF"[..]),
            ("pcm", "audio/pcm", &[0; 4]),
            ("flac", "audio/flac", b"fLaC"),
            ("opus", "audio/ogg", b"OggS"),
        ] {
            let by_query = ask(&format!("{path}?format={name}"), "text/html");
            let by_accept = ask(path, &format!("image/png, {kind};q=0.9, audio/wav"));
            for answer in [by_query, by_accept] {
                assert_eq!(answer.status, 200, "{path} {name}");
                assert_eq!(answer.header("content-type"), Some(kind));
                assert!(answer.body.starts_with(magic), "{path} {name}");
            }
        }
        assert_eq!(ask(path, "*/*").header("content-type"), Some("audio/wav"));
        let refused = ask(&format!("{path}?format=wma"), "*/*");
        assert_eq!(refused.status, 400);
        assert!(
            refused.detail().contains("wav, pcm, flac, opus"),
            "{}",
            refused.detail()
        );
    }
}

//! `/voice/speakers`: speakers whom an account has named, who have these names in its transcripts and in no other's.

use std::fs;

use serde_json::{Value, json};

use crate::dubbing::jobs::{analyze, over};
use crate::http::cloning::reader;
use crate::http::voice::{samples, wav};
use crate::support::client::{Client, HttpAnswer};
use crate::support::server::{Server, json as command, link, recording, stub_models};

const PATH: &str = "/voice/speakers";

/// A server that tells speakers apart and transcribes nothing.
fn server() -> (Server, tempfile::TempDir) {
    let models = stub_models();
    link(models.path(), "speaker-campplus");
    link(models.path(), "segmentation-pyannote");
    (Server::launch(models.path(), &[]), models)
}

fn put(client: &Client, name: &str, file: &[u8]) -> HttpAnswer {
    let part =
        |name: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
    let (field, sent) = (part("name"), part("file\"; filename=\"a.wav"));
    let head = format!("{field}{name}\r\n{sent}").into_bytes();
    let body = [&head, file, b"\r\n--b--\r\n"].concat();
    client.send("PUT", PATH, Some("multipart/form-data; boundary=b"), body)
}

fn names(client: &Client) -> Vec<Value> {
    let all = client.get(PATH).json()["speakers"].clone();
    let all = all.as_array().unwrap().iter();
    all.map(|speaker| speaker["name"].clone()).collect()
}

/// The speakers of the later part of the reading, as a transcript and as an analysis for dubbing tell them: the same.
fn heard(client: &Client) -> Value {
    let all = samples(&fs::read(recording("two_cities.wav")).unwrap());
    let part = all.iter().skip(20 * 48_000).take(10 * 48_000);
    let later = wav(48_000, part.map(|s| f32::from(*s) / 32_768.0));
    let fields = [("language", "en"), ("diarize", "true")];
    let answer = client.post_form("/voice/stt", &later, &fields);
    assert_eq!(answer.status, 200, "{}", answer.detail());
    let speakers = answer.json()["speakers"].clone();
    let analysed = over(client, &analyze(client, &later, "en"));
    assert_eq!(analysed["result"]["speakers"], speakers, "{analysed}");
    speakers
}

#[test]
fn a_named_speaker_is_found_again_by_the_account_that_named_them() {
    let server = Server::shared();
    let [ada, bisi] = ["speakers-ada", "speakers-bisi"].map(|name| server.new_account(name));
    assert!(names(&ada).is_empty());
    let named = put(&ada, "The reader", &reader());
    assert_eq!(named.status, 200, "{}", named.detail());
    let named = named.json();
    let seconds = named["speech_seconds"].as_f64().unwrap();
    assert!((8.0..12.0).contains(&seconds), "{named}");
    assert_eq!(heard(&ada), json!(["The reader"]));
    assert_eq!(heard(&bisi), json!(["SPEAKER_00"]));
    assert_eq!((names(&ada).len(), names(&bisi).len()), (1, 0));
    // The same name again is the same speaker.
    let again = put(&ada, "The reader", &reader()).json();
    assert_eq!(again["speaker_id"], named["speaker_id"]);
    let path = format!("{PATH}/{}", named["speaker_id"].as_str().unwrap());
    let delete = |client: &Client| client.send("DELETE", &path, None, Vec::new());
    assert_eq!(delete(&bisi).status, 404);
    assert_eq!(delete(&ada).json()["status"], "deleted");
    assert_eq!(delete(&ada).status, 404);
    assert_eq!(heard(&ada), json!(["SPEAKER_00"]));
}

#[test]
fn what_is_no_name_or_not_one_persons_speech_is_refused_and_an_account_takes_its_speakers_along() {
    let (server, _models) = server();
    let client = server.new_account("ada");
    let silence = wav(16_000, std::iter::repeat_n(0.0, 10 * 16_000));
    for (name, file, why) in [
        (" ", reader(), "name is blank"),
        (&"n".repeat(101), reader(), "name has 101"),
        ("a", silence, "no speech"),
        ("a", b"hello".repeat(100), "file is text"),
    ] {
        let answer = put(&client, name, &file);
        assert_eq!(answer.status, 400, "{why}");
        assert!(answer.detail().contains(why), "{}", answer.detail());
    }
    assert_eq!(put(&client, "The reader", &reader()).status, 200);
    let secret = || {
        let folders = fs::read_dir(server.data.join("secrets")).unwrap();
        folders
            .filter(|f| f.as_ref().unwrap().path().join("speakers").exists())
            .count()
    };
    assert_eq!(secret(), 1);
    command(
        &server.data,
        &["account", "delete", "ada", "--history", "keep"],
    );
    assert_eq!(secret(), 0);
}

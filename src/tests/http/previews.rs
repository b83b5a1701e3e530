//! Samples of the stock voices: `GET /voice/voices/{voice_id}/preview`.

use std::collections::BTreeSet;
use std::thread;

use crate::http::cloning::{self, cloning_models};
use crate::support::server::{Server, stub_models};
use crate::support::wer::assert_words;

/// The `preview_url` of `voice_id` in the list of voices.
fn url(server: &Server, voice_id: &str) -> String {
    let catalog = server.client().get("/voice/voices").json();
    let voices = catalog["voices"].as_array().unwrap();
    let row = voices.iter().find(|v| v["voice_id"] == voice_id).unwrap();
    row["preview_url"].as_str().unwrap().to_owned()
}

#[test]
fn a_preview_is_the_voice_that_says_its_sentence() {
    let server = Server::shared();
    let client = server.client();
    let preview = client.get(&url(server, "bf_emma"));
    assert_eq!(
        (preview.status, preview.header("content-type")),
        (200, Some("audio/wav"))
    );
    let heard = client.post_form("/voice/stt", &preview.body, &[("language", "en")]);
    let transcript = heard.json()["transcript"].as_str().unwrap().to_owned();
    assert_words(
        "Hello. This is my voice, reading your words aloud.",
        &transcript,
        15.0,
    );
    // A preview is not a generation of the account.
    let history = client.get("/voice/history?limit=200&feature=tts").json();
    let items = history["items"].as_array().unwrap();
    assert!(
        items
            .iter()
            .all(|i| i["text"] != "Hello. This is my voice, reading your words aloud.")
    );
}

#[test]
fn every_language_of_the_catalog_has_a_sentence_that_its_voices_can_speak() {
    // A new account, which has no clones of other tests.
    let client = Server::shared().new_account("previewer");
    let catalog = client.get("/voice/voices").json();
    let mut heard = BTreeSet::new();
    for voice in catalog["voices"].as_array().unwrap() {
        let path = voice["preview_url"].as_str().unwrap();
        if !heard.insert(voice["language"].as_str().unwrap()) {
            continue;
        }
        let preview = client.get(path);
        assert_eq!(
            preview.status,
            200,
            "{voice}: {}",
            String::from_utf8_lossy(&preview.body)
        );
        let seconds = preview.body.len() as f64 / 48_000.0;
        assert!((1.5..8.0).contains(&seconds), "{voice}: {seconds} s");
    }
    assert!(heard.len() >= 14, "{heard:?}");
}

#[test]
fn a_preview_is_made_once_and_survives_a_restart() {
    let models = stub_models();
    let server = Server::launch(models.path(), &[]);
    let path = url(&server, "af_heart");
    let answers: Vec<_> = thread::scope(|scope| {
        let ask = || server.client().get(&path);
        let asking: Vec<_> = (0..6).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().map(|a| a.join().unwrap()).collect()
    });
    for answer in &answers {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body, answers[0].body);
    }
    let kept = || {
        let files = std::fs::read_dir(server.data.join("previews")).unwrap();
        let files = files.map(|f| f.unwrap().path()).collect::<Vec<_>>();
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    };
    assert_eq!(std::fs::read(kept()).unwrap(), answers[0].body);
    // Replaced content shows that later answers come from the file.
    std::fs::write(kept(), "kept").unwrap();
    assert_eq!(server.client().get(&path).body, b"kept");
    let (data, key) = (server.data.clone(), server.key.clone());
    server.stop();
    let again = Server::again(&data, &key, models.path(), &[]);
    assert_eq!(again.client().get(&path).body, b"kept");
    assert_eq!(again.client().get("/voice/voices/fail/preview").status, 502);
    assert_eq!(
        again.client().get("/voice/voices/fail/preview").status,
        502,
        "not kept"
    );
}

#[test]
fn a_clone_has_a_preview_for_its_account_and_nothing_of_it_is_kept() {
    let models = cloning_models();
    let server = cloning::launch(models.path(), &[]);
    let client = server.new_account("the reader's");
    let made = cloning::clone(&client, &cloning::reader(), &[("name", "The reader")]).json();
    let id = made["voice_id"].as_str().unwrap();
    let listed = client.get("/voice/voices?category=cloned").json();
    let path = listed["voices"][0]["preview_url"].as_str().unwrap();
    let preview = client.get(path);
    assert_eq!(
        (preview.status, preview.header("x-ai-generated")),
        (200, Some("true"))
    );
    assert!(preview.body.starts_with(b"RIFF") && preview.body.len() > 44);
    assert_eq!(server.client().get(path).status, 404, "of another account");
    let kept = std::fs::read_dir(server.data.join("previews")).unwrap();
    assert_eq!(kept.count(), 0);
    client.send("DELETE", &format!("/voice/voices/{id}"), None, Vec::new());
    assert_eq!(client.get(path).status, 404, "after it was deleted");
}

#[test]
fn a_box_that_speaks_nothing_has_no_previews() {
    let server = Server::start();
    assert_eq!(
        server.client().get("/voice/voices/af_heart/preview").status,
        404
    );
}

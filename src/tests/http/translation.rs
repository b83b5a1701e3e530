//! `POST /voice/dub/translate`: real translators, small ones of many languages, and none.

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::client::{Client, HttpAnswer};
use crate::support::server::{Server, sha256, stub_models};

fn ask(client: &Client, body: &Value) -> HttpAnswer {
    client.post_json("/voice/dub/translate", body)
}

fn texts(answer: &HttpAnswer) -> Vec<String> {
    let said = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status, 200, "{said}");
    let body = answer.json();
    let segments = body["segments"].as_array().unwrap().iter();
    segments
        .map(|s| s["text"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn real_segments_keep_all_but_their_text() {
    let client = Server::shared().client();
    let segments = json!([
        { "id": 7, "start": 0.4, "end": 3.9, "text": "Amanhã vamos visitar o museu com os nossos amigos.",
          "speaker": "SPEAKER_01", "words": [{ "word": "Amanhã", "start": 0.4, "end": 0.9 }] },
        { "id": 8, "start": 4.0, "end": 6.0, "text": "  ", "speaker": "SPEAKER_00" },
        { "id": 9, "start": 6.0, "end": 9.5, "text": "O menino comprou três laranjas.", "speaker": "SPEAKER_00", "mine": null },
    ]);
    let answer = ask(
        &client,
        &json!({ "segments": segments, "target_language": "en" }),
    );
    let expected = [
        "Tomorrow we will visit the museum with our friends.",
        "  ",
        "The boy bought three oranges.",
    ];
    assert_eq!(texts(&answer), expected);
    let mut kept = answer.json();
    for (segment, original) in kept["segments"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .zip(segments.as_array().unwrap())
    {
        segment["text"] = original["text"].clone();
    }
    assert_eq!(
        kept,
        json!({ "segments": segments, "target_language": "en" })
    );
    let page = client.get("/voice/history?feature=dub&limit=200").json();
    let item = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|i| {
            i["text"]
                .as_str()
                .is_some_and(|t| t.starts_with("Tomorrow"))
        })
        .expect("it is in the history");
    assert_eq!(
        (&item["engine"], &item["model"], &item["language"]),
        (&json!("marian"), &json!("translate-pt-en"), &json!("en"))
    );
    assert_eq!(
        (&item["character_count"], &item["status"]),
        (&json!(81), &json!("ok"))
    );
}

#[test]
fn a_wrong_request_is_400_and_a_pair_without_engine_is_503_by_name() {
    let client = Server::shared().client();
    let one = json!([{ "text": "Bom dia." }]);
    let long = json!([{ "text": "a" }, { "text": "a".repeat(5_001) }]);
    for (body, status, part) in [
        (json!({ "target_language": "en" }), 400, "segments"),
        (
            json!({ "segments": {}, "target_language": "en" }),
            400,
            "segments",
        ),
        (
            json!({ "segments": [3], "target_language": "en" }),
            400,
            "segments[0]",
        ),
        (
            json!({ "segments": [{}], "target_language": "en" }),
            400,
            "segments[0].text",
        ),
        (
            json!({ "segments": long, "target_language": "en" }),
            400,
            "segments[1].text has 5001",
        ),
        (
            json!({ "segments": [{ "text": "a", "start": -1 }], "target_language": "en" }),
            400,
            "segments[0].start",
        ),
        (
            json!({ "segments": vec![json!({ "text": "a" }); 2_001], "target_language": "en" }),
            400,
            "2001 items",
        ),
        (json!({ "segments": one }), 400, "target_language"),
        (
            json!({ "segments": one, "target_language": "pt" }),
            400,
            "en, yo, ig, ha, sw, zu",
        ),
        (
            json!({ "segments": one, "target_language": "yo" }),
            503,
            "into yo",
        ),
        (
            json!({ "segments": one, "target_language": "zu", "language": "pt" }),
            503,
            "from pt into zu",
        ),
        (
            json!({ "segments": one, "target_language": "en", "source_language": "fr" }),
            503,
            "from fr into en",
        ),
        (
            json!({ "segments": [], "target_language": "ha" }),
            503,
            "into ha",
        ),
    ] {
        let answer = ask(&client, &body);
        let detail = answer.detail();
        assert_eq!(answer.status, status, "{detail}");
        assert!(detail.contains(part), "{part}: {detail}");
    }
}

#[test]
fn the_same_language_is_kept_by_a_server_without_translators() {
    let server = Server::start();
    let client = server.client();
    let body = json!({
        "segments": [{ "id": 0, "start": 0, "end": 1, "text": "Good morning.", "speaker": "SPEAKER_00" }],
        "target_language": "en", "source_language": "en-GB"
    });
    let answer = ask(&client, &body);
    assert_eq!(texts(&answer), ["Good morning."]);
    assert_eq!(answer.json()["segments"], body["segments"]);
    let unsaid = json!({ "segments": body["segments"], "target_language": "en" });
    assert_eq!(ask(&client, &unsaid).status, 503);
    assert_eq!(
        client.get("/voice/history").json()["total"],
        0,
        "nothing was made"
    );
}

#[test]
fn without_a_translator_the_recognisers_english_is_taken() {
    let server = Server::start();
    let client = server.client();
    let segment =
        json!({ "id": 0, "text": "Bom dia.", "text_en": "Good morning.", "language": "pt" });
    let asked = |segments: Value, target: &str| {
        ask(
            &client,
            &json!({ "segments": segments, "target_language": target }),
        )
    };
    let answer = asked(json!([segment]), "en");
    assert_eq!(texts(&answer), ["Good morning."]);
    assert_eq!(asked(json!([segment]), "yo").status, 503);
    let other = json!({ "id": 1, "text": "Bom dia.", "language": "pt" });
    let answer = asked(json!([segment, other]), "en");
    assert_eq!(answer.status, 503);
    assert!(
        answer.detail().contains("from pt into en"),
        "{}",
        answer.detail()
    );
}

/// A pack in the layout of NLLB: the small graphs of `scripts/models/tiny_translator.py` between three languages.
fn nllb_models() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let pack = folder.path().join("nllb");
    fs::create_dir(&pack).unwrap();
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/models/tiny_translator");
    let cross = "\"past_key_values.0.encoder.key\" = \"f32[B,1,S,1]\"\n\"past_key_values.0.encoder.value\" = \"f32[B,1,S,1]\"\n";
    let own = cross.replace("encoder", "decoder");
    let ids = "input_ids = \"i64[B,T]\"\nencoder_attention_mask = \"i64[B,S]\"\n";
    let logits = "logits = \"f32[B,T,25]\"\n";
    let present = |names: &str| names.replace("past_key_values", "present");
    let files = [
        (
            "encoder",
            "encoder.onnx",
            "input_ids = \"i64[B,S]\"\nattention_mask = \"i64[B,S]\"\n".to_owned(),
            "last_hidden_state = \"f32[B,S,1]\"\n".to_owned(),
        ),
        (
            "decoder-first",
            "first.onnx",
            format!("{ids}encoder_hidden_states = \"f32[B,S,1]\"\n"),
            format!("{logits}{}{}", present(&own), present(cross)),
        ),
        (
            "decoder",
            "past.onnx",
            format!("{ids}{own}{cross}"),
            format!("{logits}{}", present(&own)),
        ),
        ("tokenizer", "tokenizer.json", String::new(), String::new()),
    ];
    let mut manifest = "name = \"nllb\"\nkind = \"translate\"\nengine = \"nllb\"\nruntime = \"tract\"\ntitle = \"\"\n\
        description = \"\"\nlicence = \"\"\norigin = \"\"\ndefault = false\n[translate]\nfrom = [\"en\", \"yo\", \"ha\"]\n\
        to = [\"en\", \"yo\", \"ha\"]\ntell = \"both\"\ntokens = { en = \"eng_Latn\", yo = \"yor_Latn\", ha = \"hau_Latn\" }\n\
        start = 2\nend = 2\nnever = [0, 1, 3]\nbeams = 2\n"
        .to_owned();
    for (role, path, inputs, outputs) in files {
        let bytes = fs::read(tiny.join(path)).unwrap();
        let hash = sha256(&bytes);
        manifest.push_str(&format!(
            "[[files]]\nrole = \"{role}\"\npath = \"{path}\"\nsize = {}\nsha256 = \"{hash}\"\n",
            bytes.len()
        ));
        for (side, tensors) in [("inputs", inputs), ("outputs", outputs)] {
            if !tensors.is_empty() {
                manifest.push_str(&format!("[files.{side}]\n{tensors}"));
            }
        }
        fs::write(pack.join(path), bytes).unwrap();
    }
    fs::write(pack.join("pack.toml"), manifest).unwrap();
    folder
}

#[test]
fn a_translator_of_many_languages_goes_by_the_one_that_is_said() {
    let models = nllb_models();
    let server = Server::launch(models.path(), &[]);
    let client = server.client();
    let say = |target: &str, more: Value| {
        let mut body = json!({ "segments": [{ "text": "one six" }], "target_language": target });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        ask(&client, &body)
    };
    assert_eq!(
        texts(&say("yo", json!({ "source_language": "EN" }))),
        ["ọ̀kan ẹ̀fà"]
    );
    assert_eq!(
        texts(&say("ha", json!({ "language": "en-us" }))),
        ["daya shida"]
    );
    let unsaid = say("ha", json!({ "source_language": "auto" }));
    assert_eq!(unsaid.status, 400);
    assert!(unsaid.detail().contains("en, yo"), "{}", unsaid.detail());
    assert_eq!(
        say("zu", json!({ "source_language": "en" })).status,
        503,
        "a target that is not among its languages"
    );
    let own = json!([
        { "text": "three", "language": "en" },
        { "text": "uku", "language": "ha" },
        { "text": "ọ̀kan", "language": "yo" }
    ]);
    assert_eq!(
        texts(&say("yo", json!({ "segments": own }))),
        ["ẹ̀ta", "ẹ̀ta", "ọ̀kan"]
    );
}

#[test]
fn a_full_queue_of_translations_is_503_with_retry_after() {
    let models = stub_models();
    let hold = models.path().join("stub-translate/hold");
    fs::write(&hold, "").unwrap();
    let server = Server::launch(models.path(), &["--lanes", "1", "--queue", "1"]);
    let body = json!({ "segments": [{ "text": "hold" }], "target_language": "en" });
    thread::scope(|scope| {
        // One runs, one waits; the third finds the queue full and is answered first.
        let (tell, told) = mpsc::channel();
        for _ in 0..3 {
            let (tell, client, body) = (tell.clone(), server.client(), &body);
            scope.spawn(move || tell.send(ask(&client, body)));
        }
        let refused = told.recv().unwrap();
        assert_eq!(refused.status, 503);
        assert!(refused.header("retry-after").is_some());
        // It waits for the only lane, which a translation holds, and is not refused.
        let client = server.client();
        let speaking =
            scope.spawn(move || client.post_json("/voice/tts", &json!({ "text": "Hi." })));
        fs::remove_file(&hold).unwrap();
        let spoken = speaking.join().unwrap();
        assert_eq!(spoken.status, 200, "speech has places of its own");
        for _ in 0..2 {
            assert_eq!(texts(&told.recv().unwrap()), ["HOLD"]);
        }
    });
}

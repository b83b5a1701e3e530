//! `/voice/lexicon`: stored, bounded, of one account, and heard in all that is spoken.
//!
//! The stub that speaks makes a tenth of a second for each character that it is given, so that the length of an answer shows
//! what was read.

use serde_json::{Value, json};

use crate::support::client::{Client, HttpAnswer};
use crate::support::server::{Server, run, stub_models};
use crate::support::wer::assert_words;

const PATH: &str = "/voice/lexicon";

fn put(client: &Client, kind: &str, body: &str) -> HttpAnswer {
    client.send("PUT", PATH, Some(kind), body.as_bytes().to_vec())
}

fn entries(client: &Client) -> Value {
    client.get(PATH).json()["entries"].clone()
}

/// Tenths of a second of the speech of `text`, whole and streamed.
fn tenths(client: &Client, text: &str) -> usize {
    let spoken = |path: &str| {
        let answer = client.post_json(path, &json!({ "text": text }));
        assert_eq!(answer.status, 200, "{text}");
        (answer.body.len() - 44) / 4_800
    };
    let whole = spoken("/voice/tts");
    assert_eq!(spoken("/voice/tts/stream"), whole, "{text}");
    whole
}

#[test]
fn a_lexicon_is_stored_in_three_formats_and_shown_in_one() {
    let models = stub_models();
    let server = Server::launch(models.path(), &[]);
    let client = server.client();
    let empty = client.get(PATH).json();
    assert_eq!(empty, json!({ "entries": [], "updated_at": null }));
    let nkechi =
        json!({ "word": "Nkechi", "phonemes": "ŋkˈɛʧi", "spelling": null, "language": null });
    let nginx =
        json!({ "word": "nginx", "phonemes": null, "spelling": "engine x", "language": "en" });
    let as_json = json!({ "entries": [{ "word": " Nkechi ", "phonemes": "ŋˈkɛtʃi" },
        { "word": "nginx", "spelling": "engine x", "language": "EN" }] });
    let pls = "<lexicon version=\"1.0\" alphabet=\"ipa\"><lexeme><grapheme>Nkechi</grapheme><phoneme>ŋˈkɛtʃi</phoneme></lexeme>\
        <lexeme xml:lang=\"en\"><grapheme>nginx</grapheme><alias>engine x</alias></lexeme></lexicon>";
    for (kind, body) in [
        ("application/json", as_json.to_string().as_str()),
        (
            "text/plain; charset=utf-8",
            "Nkechi\t/ŋˈkɛtʃi/\nnginx\tengine x\ten\n",
        ),
        ("application/pls+xml", pls),
        ("text/xml", pls),
    ] {
        let answer = put(&client, kind, body);
        assert_eq!(answer.status, 200, "{kind}");
        assert!(answer.json()["updated_at"].as_str().unwrap().ends_with('Z'));
        assert_eq!(answer.json(), client.get(PATH).json());
        assert_eq!(entries(&client), json!([nkechi, nginx]), "{kind}");
        // What is shown is accepted again.
        let again = put(
            &client,
            "application/json",
            &client.get(PATH).json().to_string(),
        );
        assert_eq!(again.json()["entries"], json!([nkechi, nginx]));
        let deleted = client.send("DELETE", PATH, None, Vec::new());
        assert_eq!(deleted.json(), json!({ "status": "deleted" }));
        assert_eq!(entries(&client), json!([]));
    }
}

#[test]
fn a_wrong_lexicon_is_refused_with_its_place_and_the_old_one_stays() {
    let models = stub_models();
    let server = Server::launch(models.path(), &[]);
    let client = server.client();
    assert_eq!(put(&client, "text/plain", "a\tb\n").status, 200);
    let many: Vec<Value> = (0..5_001)
        .map(|n| json!({ "word": n.to_string(), "spelling": "x" }))
        .collect();
    for (kind, body, named) in [
        ("text/plain", "a\tb\nc".to_owned(), "line 2 of the lexicon"),
        (
            "text/plain",
            "a\t/k5/".to_owned(),
            "line 1 of the lexicon: phonemes",
        ),
        ("text/plain", String::new(), "the body is empty"),
        (
            "application/pls+xml",
            "<lexicon>\n<lexeme></lexicon>".to_owned(),
            "line 2, column 9",
        ),
        (
            "application/pls+xml",
            "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><lexicon>&b;</lexicon>"
                .to_owned(),
            "document type",
        ),
        (
            "application/json",
            json!({ "entries": [{ "word": "a" }] }).to_string(),
            "entries[0].phonemes and spelling are missing",
        ),
        (
            "application/json",
            json!({ "entries": [{ "spelling": "a" }] }).to_string(),
            "entries[0].word is missing",
        ),
        (
            "application/json",
            json!({ "entries": [{ "word": "a", "spelling": 7 }] }).to_string(),
            "entries[0].spelling",
        ),
        (
            "application/json",
            json!({ "entries": [{ "word": "a".repeat(101), "spelling": "b" }] }).to_string(),
            "word has 101 characters; at most 100",
        ),
        (
            "application/json",
            json!({ "entries": many }).to_string(),
            "entries has 5001 items; at most 5000",
        ),
        (
            "application/json",
            json!({}).to_string(),
            "entries is missing",
        ),
    ] {
        let answer = put(&client, kind, &body);
        assert_eq!(answer.status, 400, "{body:.60}");
        assert!(answer.detail().contains(named), "{}", answer.detail());
    }
    let not_text = client.send("PUT", PATH, Some("text/plain"), b"a\t\xff".to_vec());
    assert_eq!(not_text.status, 400);
    let large = format!("a\t{}\n", "b".repeat(512 * 1024));
    assert_eq!(put(&client, "text/plain", &large).status, 413);
    assert_eq!(put(&client, "image/png", "x").status, 415);
    assert_eq!(entries(&client)[0]["word"], "a");
    assert_eq!(entries(&client).as_array().unwrap().len(), 1);
}

#[test]
fn a_lexicon_is_heard_by_its_own_account_only_and_goes_with_it() {
    let models = stub_models();
    let server = Server::launch(models.path(), &[]);
    let (ada, bisi) = (server.new_account("ada"), server.new_account("bisi"));
    assert_eq!(put(&ada, "text/plain", "ok\tyesyesyes\n").status, 200);
    assert_eq!((tenths(&ada, "ok"), tenths(&bisi, "ok")), (9, 2));
    assert_eq!(entries(&bisi), json!([]));
    assert_eq!(put(&bisi, "text/plain", "ok\tno\nyes\tnono\n").status, 200);
    assert_eq!((tenths(&ada, "ok"), tenths(&bisi, "Yes ok")), (9, 6));
    assert_eq!(ada.send("DELETE", PATH, None, Vec::new()).status, 200);
    assert_eq!((tenths(&ada, "ok"), tenths(&bisi, "Yes ok")), (2, 6));
    let data = server.data.to_str().unwrap();
    let export = |account: &str| {
        let exported = run(&[
            "--data-dir",
            data,
            "lexicon",
            "export",
            "--account",
            account,
        ]);
        String::from_utf8(exported.stdout).unwrap()
    };
    assert_eq!(export("bisi"), "ok\tno\nyes\tnono\n");
    let words = [
        "--data-dir",
        data,
        "account",
        "delete",
        "bisi",
        "--history",
        "purge",
    ];
    assert!(run(&words).status.success());
    // A new account of the same name starts without one.
    let again = server.new_account("bisi");
    assert_eq!((entries(&again), tenths(&again, "Yes ok")), (json!([]), 5));
    assert_eq!(export("bisi").trim(), "");
}

#[test]
fn phonemes_of_the_text_and_of_the_lexicon_are_what_is_heard() {
    let client = Server::shared().new_account("phonetician");
    let heard = |text: &str| {
        let spoken = client.post_json("/voice/tts", &json!({ "text": text }));
        assert_eq!(spoken.status, 200, "{text}");
        let heard = client.post_form("/voice/stt", &spoken.body, &[("language", "en")]);
        heard.json()["transcript"].as_str().unwrap().to_owned()
    };
    let expected = "The committee approved the budget.";
    let inline = "The [xyz](/kəmˈɪti/) approved the [BDGT](/ˈbʌdʒɪt/).";
    assert_words(expected, &heard(inline), 0.0);
    let lines = "xyz\t/kəmˈɪti/\nBDGT\tbudget\n";
    assert_eq!(put(&client, "text/plain", lines).status, 200);
    assert_words(expected, &heard("The XYZ approved the BDGT."), 0.0);
}

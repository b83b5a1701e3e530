//! Hostile texts: each is spoken or refused as the API's contract says, in bounded time and memory.
//!
//! Two texts are shortened, because the whole takes minutes in a debug build: a word of 3000 letters (222 s of sound,
//! made in 261 s, with 60 MiB more resident memory) to 300 letters, and 5000 times `a` (700 s of sound) to 60.

use serde_json::json;

use crate::support::client::HttpAnswer;
use crate::support::server::Server;
use crate::support::wer::assert_words;

fn say(text: &str) -> HttpAnswer {
    let client = Server::shared().client();
    client.post_json("/voice/tts", &json!({ "text": text }))
}

/// Seconds of the speech of `text`.
#[track_caller]
fn spoken_s(text: &str) -> f64 {
    let answer = say(text);
    assert_eq!(
        answer.status,
        200,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    (answer.body.len() - 44) as f64 / 48_000.0
}

#[test]
fn what_cannot_be_seen_is_not_heard() {
    for text in [
        "The \0committee approved\0 the budget.",
        "The com\u{200b}mit\u{200d}tee appro\u{2060}ved the budget.\u{feff}",
        "\u{202e}The committee\u{202c} approved \u{200f}the budget.",
        "The\u{1}\u{7} committee approved\u{1b}[0m the budget.\u{7f}",
        "The committee approved the budget. \u{1f600}",
        "𝓣𝓱𝓮 𝓬𝓸𝓶𝓶𝓲𝓽𝓽𝓮𝓮 approved the budget.",
        "<speak>The committee <emphasis level=\"strong\">approved</emphasis> the budget.<break time=\"500ms\"/></speak>",
    ] {
        let answer = say(text);
        assert_eq!(answer.status, 200, "{text:?}");
        let client = Server::shared().client();
        let heard = client.post_form("/voice/stt", &answer.body, &[("language", "en")]);
        let transcript = heard.json()["transcript"].as_str().unwrap().to_owned();
        assert_words("The committee approved the budget.", &transcript, 0.0);
    }
}

#[test]
fn what_cannot_be_said_is_refused_with_a_sentence() {
    for (text, says) in [
        ("\0\0\0".to_owned(), "nothing that can be spoken"),
        (
            "\u{200b}\u{200d}\u{2060}\u{feff}".to_owned(),
            "nothing that can be spoken",
        ),
        ("\u{202e}\u{202c}".to_owned(), "nothing that can be spoken"),
        ("😀 ❤️".to_owned(), "nothing that can be spoken"),
        ("(".repeat(5_000), "nothing that can be spoken"),
        ("مرحبا بالعالم".to_owned(), "the first at character 1"),
        (
            "… \u{202e}שלום\u{202c}.".to_owned(),
            "the first at character 4",
        ),
    ] {
        let answer = say(&text);
        assert_eq!(answer.status, 400, "{text:?}");
        assert!(
            answer.detail().contains(says),
            "{text:?}: {}",
            answer.detail()
        );
    }
}

#[test]
fn half_a_surrogate_pair_and_broken_utf_8_are_no_json() {
    let client = Server::shared().client();
    for body in [
        &b"{\"text\": \"Hi \\ud800 there\"}"[..],
        b"{\"text\": \"\\udc00\"}",
        b"{\"text\": \"\\ud83d\\u0041\"}",
        b"{\"text\": \"Hi \xff\xfe there\"}",
        b"{\"text\": \"Hi \xed\xa0\x80 there\"}",
    ] {
        for path in ["/voice/tts", "/voice/tts/stream"] {
            let answer = client.send("POST", path, Some("application/json"), body.to_vec());
            assert_eq!(answer.status, 400, "{}", String::from_utf8_lossy(body));
            assert!(
                answer.detail().contains("not valid JSON"),
                "{}",
                answer.detail()
            );
        }
    }
    let whole = b"{\"text\": \"Hi \\ud83d\\ude00 there.\"}".to_vec();
    let answer = client.send("POST", "/voice/tts", Some("application/json"), whole);
    assert_eq!(answer.status, 200);
}

#[test]
fn what_would_be_spoken_for_longer_than_a_worker_has_is_refused_at_once() {
    let client = Server::shared().client();
    for (text, speed) in [
        ("7".repeat(5_000), 1.0),
        ("$1,234,567.89 ".repeat(350), 1.0),
        ("7 ".repeat(1_500), 0.5),
    ] {
        for path in ["/voice/tts", "/voice/tts/stream"] {
            let answer = client.post_json(path, &json!({ "text": text, "speed": speed }));
            assert_eq!(answer.status, 400);
            let detail = answer.detail();
            assert!(detail.contains("at most 800 s are accepted"), "{detail}");
        }
    }
}

#[test]
fn long_runs_of_one_letter_and_of_digits_and_one_long_word_are_spoken() {
    let word: String = ["ba", "te", "mi", "lo", "ru"].repeat(30).concat();
    for (text, least_s, most_s) in [
        (word, 8.0, 60.0),
        ("a".repeat(60), 2.0, 30.0),
        ("1234567890".repeat(4), 7.0, 25.0),
        // A letter with so many accents that it has 801 characters.
        (format!("Z{}algo.", "\u{301}\u{328}".repeat(400)), 0.3, 3.0),
        ("[pause 500ms] Hello.".to_owned(), 0.3, 5.0),
        (format!("{} Hello.", ".".repeat(4_900)), 0.3, 3.0),
    ] {
        let seconds = spoken_s(&text);
        let begins: String = text.chars().take(20).collect();
        assert!(
            (least_s..most_s).contains(&seconds),
            "{begins}…: {seconds} s"
        );
    }
}

//! SSML and pauses in a text: what is heard, how long the silence is, and what is refused.

use serde_json::{Value, json};

use crate::support::client::HttpAnswer;
use crate::support::server::{Server, stub_models};
use crate::support::wer::assert_words;

const RATE_HZ: usize = 24_000;

/// The samples of a WAV file's body.
fn samples(answer: &HttpAnswer) -> Vec<i16> {
    assert_eq!(
        answer.status,
        200,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    let pairs = answer.body[44..].chunks_exact(2);
    pairs.map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}

/// Lengths of the runs of zeros of a tenth of a second and more.
fn silences(samples: &[i16]) -> Vec<usize> {
    let runs = samples.chunk_by(|a, b| (*a == 0) == (*b == 0));
    let zeros = runs.filter(|run| run[0] == 0 && run.len() >= RATE_HZ / 10);
    zeros.map(<[i16]>::len).collect()
}

fn metadata(answer: &HttpAnswer) -> Value {
    serde_json::from_str(answer.header("x-vox-metadata").unwrap()).unwrap()
}

/// A part that goes on after a pause has a comma, which the stub speaks, too. Its sound is loud from its first sample to its last but for the fades of each piece, which start at zero.
#[test]
fn a_pause_is_exact_silence_whole_and_streamed() {
    let models = stub_models();
    let server = Server::launch(models.path(), &[]);
    let client = server.client();
    for (text, pauses_ms, words) in [
        (
            "<speak>ok <break time=\"1500ms\"/> yes</speak>",
            vec![1_500],
            6,
        ),
        (
            "<speak><break time='0.7s'/>ok<break strength='strong'/></speak>",
            vec![700, 700],
            2,
        ),
        (
            "<speak>ok<break time='1s'/><break time='0.234s'/>yes.<break time='250ms'/>no</speak>",
            vec![1_234, 250],
            9,
        ),
        ("<speak>ok<break strength='none'/>yes</speak>", vec![], 6),
        ("ok [pause 1.5s] yes", vec![], 16),
    ] {
        let whole = samples(&client.post_json("/voice/tts", &json!({ "text": text })));
        let streamed = samples(&client.post_json("/voice/tts/stream", &json!({ "text": text })));
        assert_eq!(whole, streamed, "{text}");
        let asked: Vec<usize> = pauses_ms.iter().map(|ms| ms * RATE_HZ / 1000).collect();
        let total: usize = asked.iter().sum();
        assert_eq!(whole.len(), words * RATE_HZ / 10 + total, "{text}");
        let found = silences(&whole);
        assert_eq!(found.len(), asked.len(), "{text}");
        for (found, asked) in found.iter().zip(&asked) {
            // The fades beside it round to zero.
            assert!(
                (*asked..asked + 200).contains(found),
                "{text}: {found} of {asked}"
            );
        }
    }
}

#[test]
fn markup_is_heard_as_it_says() {
    let client = Server::shared().client();
    let text = "<speak version=\"1.1\" xml:lang=\"en-US\">\n  <p>The <phoneme alphabet=\"ipa\" ph=\"kəˈmɪti\">xyz</phoneme> \
        <emphasis>approved</emphasis> the <sub alias=\"budget\">bdgt</sub>.</p><break time=\"600ms\"/>\n\
        <p><prosody rate=\"90%\">It was read by <say-as interpret-as=\"cardinal\">4</say-as> people.</prosody></p></speak>";
    let spoken = client.post_json("/voice/tts", &json!({ "text": text }));
    assert_eq!(spoken.status, 200);
    assert_eq!(metadata(&spoken)["character_count"], text.chars().count());
    let heard = client.post_form("/voice/stt", &spoken.body, &[("language", "en")]);
    let transcript = heard.json()["transcript"].as_str().unwrap().to_owned();
    let expected = "The committee approved the budget. It was read by four people.";
    assert_words(expected, &transcript.replace('4', "four"), 0.0);
    assert!(
        silences(&samples(&spoken))
            .iter()
            .any(|zeros| (14_400..14_600).contains(zeros))
    );
}

#[test]
fn a_rate_applies_to_its_part() {
    let client = Server::shared().client();
    let length =
        |text: &str| samples(&client.post_json("/voice/tts", &json!({ "text": text }))).len();
    let plain = length("<speak>It was the best of times.</speak>");
    let slow = length("<speak><prosody rate=\"50%\">It was the best of times.</prosody></speak>");
    assert!(slow as f64 > 1.5 * plain as f64, "{slow} {plain}");
}

#[test]
fn another_voice_and_another_language_speak_their_part() {
    let client = Server::shared().client();
    let speak = |text: &str| {
        client.post_json(
            "/voice/tts",
            &json!({ "text": text, "voice_id": "af_heart" }),
        )
    };
    let alone = |voice: &str, text: &str| {
        samples(&client.post_json("/voice/tts", &json!({ "text": text, "voice_id": voice })))
    };
    // Each part is what its voice alone makes of it: the samples are the same but for the loudness of the whole.
    let both = samples(&speak(
        "<speak>Good morning.<break time='1s'/><voice name='am_adam'>Good evening.</voice></speak>",
    ));
    let first = alone("af_heart", "Good morning.");
    let second = alone("am_adam", "Good evening.");
    assert_eq!(both.len(), first.len() + RATE_HZ + second.len());
    let french = samples(&speak(
        "<speak><lang xml:lang='fr-FR'>Bonjour à tous.</lang></speak>",
    ));
    assert_eq!(french.len(), alone("ff_siwis", "Bonjour à tous.").len());
    // A voice of another rate is brought to that of the first.
    let joined = speak(
        "<speak>Good morning.<break time='1s'/><voice name='piper_joe'>Good evening.</voice></speak>",
    );
    assert_eq!(metadata(&joined)["sample_rate"], 24_000);
    let piper = alone("piper_joe", "Good evening.").len() as f64 / 22_050.0;
    let seconds = samples(&joined).len() as f64 / 24_000.0;
    let expected = first.len() as f64 / 24_000.0 + 1.0 + piper;
    // Its length varies with its noise.
    assert!((seconds - expected).abs() < 1.0, "{seconds} {expected}");
    assert_eq!(
        speak("<speak><voice name='unknown'>Hi.</voice></speak>").status,
        404
    );
    let unread = speak("<speak><lang xml:lang='ja'>Hi.</lang></speak>");
    assert_eq!(unread.status, 400);
    assert!(unread.detail().contains("\"ja\""), "{}", unread.detail());
}

#[test]
fn wrong_markup_is_refused_with_its_place() {
    let client = Server::shared().client();
    for (text, named) in [
        ("<speak>\n <b>x</speak>", "line 2, column 6"),
        ("<speak>a & b</speak>", "ampersand"),
        (
            "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"c\">]><speak>&b;</speak>",
            "",
        ),
        ("<speak>&b;</speak>", "entity"),
        ("<speak>a<break time=\"10.001s\"/></speak>", "at most 10 s"),
        (
            "<speak><break time=\"5s\"/></speak>",
            "nothing that can be spoken",
        ),
        ("<speak></speak>", "nothing that can be spoken"),
    ] {
        for path in ["/voice/tts", "/voice/tts/stream"] {
            let answer = client.post_json(path, &json!({ "text": text }));
            if named.is_empty() {
                assert_eq!(answer.status, 200, "it does not start with <speak>: {text}");
                continue;
            }
            assert_eq!(answer.status, 400, "{text}");
            assert!(
                answer.detail().contains(named),
                "{text}: {}",
                answer.detail()
            );
        }
    }
    let pauses = "<break time=\"10s\"/>".repeat(7);
    let answer = client.post_json(
        "/voice/tts",
        &json!({ "text": format!("<speak>a{pauses}</speak>") }),
    );
    assert!(answer.detail().contains("60 s"), "{}", answer.detail());
}

#[test]
fn letters_that_no_voice_reads_are_skipped_with_a_word() {
    let client = Server::shared().client();
    let speak = |text: &str| client.post_json("/voice/tts", &json!({ "text": text }));
    let spoken = speak("The committee 委員会 approved the ميزانية budget.");
    assert_eq!(spoken.status, 200);
    assert_eq!(metadata(&spoken)["skipped"], "委員会ميزان\u{629}");
    let heard = client.post_form("/voice/stt", &spoken.body, &[("language", "en")]);
    let transcript = heard.json()["transcript"].as_str().unwrap().to_owned();
    assert_words("The committee approved the budget.", &transcript, 0.0);
    assert!(metadata(&speak("Naïve café.")).get("skipped").is_none());
    let many: String = ('\u{4e00}'..'\u{5e00}').collect();
    let header = speak(&format!("Hello. {many}"));
    let skipped = metadata(&header)["skipped"]
        .as_str()
        .unwrap()
        .chars()
        .count();
    assert_eq!(skipped, 65, "64 of them, and a mark");
    // With the header's name, below 2 KiB.
    assert!(header.header("x-vox-metadata").unwrap().len() <= 2_000);
    let refused = speak("你好");
    assert_eq!(refused.status, 400);
    assert!(
        refused.detail().contains("the first at character 1"),
        "{}",
        refused.detail()
    );
}

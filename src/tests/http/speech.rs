//! All voices over HTTP: languages, blends, controls and packs other than Kokoro.

use serde_json::{Value, json};

use crate::support::server::Server;
use crate::support::wer::assert_words;

fn client() -> crate::support::client::Client {
    Server::shared().client()
}

/// The WAV file of a request with these fields, and its metadata.
fn speak(body: &Value) -> (Vec<u8>, Value) {
    let answer = client().post_json("/voice/tts", body);
    let said = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status, 200, "{body}: {said}");
    let metadata = answer.header("x-vox-metadata").unwrap();
    (answer.body.clone(), serde_json::from_str(metadata).unwrap())
}

/// Whisper's transcript of it, with the language given.
fn hear(wav: &[u8], language: &str) -> String {
    let answer = client().post_form("/voice/stt", wav, &[("language", language)]);
    answer.json()["transcript"].as_str().unwrap().to_owned()
}

#[test]
fn each_language_is_understood_by_a_recogniser() {
    for (code, voice, text) in [
        (
            "es",
            "ef_dora",
            "Mi hermano trabaja en una fábrica cerca del puerto.",
        ),
        (
            "fr",
            "ff_siwis",
            "Nous avons acheté des oranges et un peu de fromage.",
        ),
        (
            "it",
            "if_sara",
            "Domani andiamo a visitare il museo con i nostri amici.",
        ),
        (
            "pt",
            "pf_dora",
            "Amanhã vamos visitar o museu com os nossos amigos.",
        ),
        ("sw", "vocabusta_sw_male", "Kesho tutasafiri kwenda pwani."),
    ] {
        let (wav, metadata) = speak(&json!({ "text": text, "voice_id": voice }));
        assert_eq!(metadata["voice_id"], voice);
        // Letters are compared, not words: a recognizer of this size puts spaces of Swahili in wrong places.
        let letters = |text: &str| -> String {
            let kept = text.chars().filter(|c| c.is_alphanumeric());
            kept.flat_map(|c| [c, ' ']).collect()
        };
        assert_words(&letters(text), &letters(&hear(&wav, code)), 20.0);
    }
}

#[test]
fn the_first_voice_of_every_language_speaks_it() {
    let texts = [
        ("hi", "नमस्ते, आप कैसे हैं?"),
        ("yo", "Ẹ káàárọ̀."),
        ("ha", "Ina kwana?"),
    ];
    let catalog = client().get("/voice/voices").json();
    let mut heard = std::collections::BTreeSet::new();
    for voice in catalog["voices"].as_array().unwrap() {
        let code = voice["language"].as_str().unwrap();
        if !heard.insert(code) {
            continue;
        }
        let text = texts
            .iter()
            .find(|(c, _)| *c == code)
            .map_or("Ata 5.", |(_, t)| *t);
        let (wav, metadata) = speak(&json!({ "text": text, "voice_id": voice["voice_id"] }));
        assert!(wav.len() > 10_000, "{voice}");
        assert_eq!(metadata["sample_rate"], voice["sample_rate"]);
    }
    assert_eq!(heard.len(), 14, "{heard:?}");
    let chinese = client().post_json(
        "/voice/tts",
        &json!({ "text": "你好", "voice_id": "zf_xiaoni" }),
    );
    assert_eq!(chinese.status, 404, "a voice that is not listed");
}

#[test]
fn blends_lie_between_their_voices_and_wrong_ones_are_refused() {
    let say = |voice: &str| speak(&json!({ "text": "Good morning.", "voice_id": voice }));
    let (heart, adam) = (say("af_heart").0, say("am_adam").0);
    let (blend, metadata) = say("af_heart(2)+am_adam(1)");
    assert!(blend != heart && blend != adam);
    assert_eq!(metadata["voice_name"], "Heart + Adam");
    assert_eq!(metadata["voice_id"], "af_heart(2)+am_adam(1)");
    assert_eq!(say("af_heart(3)").0, heart, "a blend of one is that voice");
    // A weight may have thousands of digits, and the header repeats the id.
    let long = format!("af_heart(1.{})+am_adam(1)", "0".repeat(5_000));
    let longest = format!("af_heart(1.{})+am_adam(1)", "0".repeat(177));
    assert_eq!(longest.len(), 200);
    assert_eq!(say(&longest).1["voice_id"], longest);
    for (voice, status) in [
        (&*long, 400),
        ("af_heart(0.01)+am_adam", 400),
        ("af_heart+af_heart", 400),
        ("a+b+c+d+e+f", 400),
        ("af_heart+piper_joe", 400),
        ("af_heart+nobody", 404),
        ("af_heart+zf_xiaoni", 404),
    ] {
        let answer = client().post_json("/voice/tts", &json!({ "text": "Hi.", "voice_id": voice }));
        assert_eq!(answer.status, status, "{voice}");
        assert!(
            answer.json()["detail"]
                .as_str()
                .unwrap()
                .contains("voice_id"),
            "{voice}"
        );
    }
}

#[test]
fn controls_change_the_sound_and_their_defaults_do_not() {
    let say = |fields: Value| {
        let text = "She was surprised to see him standing at the door with a bag of oranges!";
        let mut body = json!({ "text": text, "voice_id": "af_heart" });
        body.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        speak(&body).0
    };
    let plain = say(json!({}));
    assert_eq!(
        say(json!({ "stability": 0.5, "similarity": 0.75 })),
        plain,
        "bit for bit"
    );
    // For this sentence the style row of its own length is quicker than the voice's mean row.
    let lengths: Vec<usize> = [0.0, 0.25, 0.5, 0.75, 1.0]
        .map(|s| say(json!({ "stability": s })).len())
        .to_vec();
    // Rounding may drop a frame from one step to the next, and a different one on another processor.
    let grows = |pair: &[usize]| pair[1] as f64 > 0.99 * pair[0] as f64;
    assert!(
        lengths.windows(2).all(grows) && lengths[0] < lengths[2] && lengths[2] < lengths[4],
        "{lengths:?}"
    );
    let (unlike, like) = (
        say(json!({ "similarity": 0.0 })),
        say(json!({ "similarity": 1.0 })),
    );
    assert!(unlike != plain && like != plain && unlike != like);
}

#[test]
fn a_piper_voice_speaks_beside_kokoro() {
    let text = "The quick brown fox jumps over the lazy dog near the old bridge.";
    let (wav, metadata) = speak(&json!({ "text": text, "voice_id": "piper_joe" }));
    assert_eq!(
        (&metadata["sample_rate"], &metadata["voice_name"]),
        (&json!(22_050), &json!("Joe"))
    );
    assert_words(text, &hear(&wav, "en"), 8.0);
    let item = client().get("/voice/history?limit=200&feature=tts").json();
    let items = item["items"].as_array().unwrap();
    let own = items.iter().find(|i| i["voice_id"] == "piper_joe").unwrap();
    assert_eq!(
        (&own["engine"], &own["model"]),
        (&json!("vits"), &json!("piper-en-us-joe"))
    );
}

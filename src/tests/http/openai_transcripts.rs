//! `POST /v1/audio/transcriptions` and `/v1/audio/translations`: the formats of answers, and what clients send.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use vocabox::audio::pcm::Clip;

use crate::http::listening::two_cities;
use crate::http::voice::{samples, wav};
use crate::support::client::HttpAnswer;
use crate::support::server::Server;
use crate::support::talk::{at_16_khz, cut};
use crate::support::wer::{assert_words, words};

pub(super) const PATH: &str = "/v1/audio/transcriptions";
pub(super) const TRANSLATIONS: &str = "/v1/audio/translations";
const RATE_HZ: u32 = 16_000;

fn ask(path: &str, file: &[u8], fields: &[(&str, &str)]) -> HttpAnswer {
    let answer = Server::shared().client().post_form(path, file, fields);
    let said = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status, 200, "{said}");
    answer
}

fn heard(file: &[u8], fields: &[(&str, &str)]) -> Value {
    ask(PATH, file, fields).json()
}

/// The first 12 s of a reading.
fn reading() -> Vec<u8> {
    let all = samples(&two_cities()).into_iter().take(12 * 48_000);
    wav(48_000, all.map(|s| f32::from(s) / 32_768.0))
}

/// What a voice says, at 16 kHz, and half a second of silence.
fn spoken(voice: &str, text: &str) -> Vec<f32> {
    let client = Server::shared().client();
    let answer = client.post_json("/voice/tts", &json!({ "text": text, "voice_id": voice }));
    assert_eq!(answer.status, 200);
    let sound = samples(&answer.body).into_iter();
    let mut sound = cut(at_16_khz(Clip {
        samples: sound.map(|s| f32::from(s) / 32_768.0).collect(),
        rate_hz: 24_000,
    }));
    sound.resize(sound.len() + RATE_HZ as usize / 2, 0.0);
    sound
}

pub(super) fn file(sound: impl IntoIterator<Item = f32>) -> Vec<u8> {
    wav(RATE_HZ, sound.into_iter())
}

fn data_url(file: &[u8]) -> String {
    format!("data:audio/wav;base64,{}", STANDARD.encode(file))
}

/// Two people who take turns.
pub(super) fn talk() -> Vec<u8> {
    let lines = [
        (
            "af_sarah",
            "The old bridge was closed for repairs until the end of spring, and the ferry was full every day.",
        ),
        (
            "am_adam",
            "My sister keeps three bee hives behind the garden wall, where the apple trees are in the sun.",
        ),
        (
            "af_sarah",
            "In summer the honey is sold at the market beside the church, together with cheese and bread.",
        ),
    ];
    file(lines.iter().flat_map(|(voice, text)| spoken(voice, text)))
}

#[test]
fn json_has_the_text_its_languages_and_the_usage() {
    let body = heard(&reading(), &[("model", "whisper-1")]);
    let text = body["text"].as_str().unwrap();
    assert!(text.starts_with("It was the best of times"), "{text}");
    assert_eq!(body["languages"], json!([{ "code": "en" }]));
    assert_eq!(body["usage"], json!({ "type": "duration", "seconds": 12 }));
    assert_eq!(body.as_object().unwrap().len(), 3, "{body}");
    let own = Server::shared().client();
    let own = own.post_form("/voice/stt", &reading(), &[]).json();
    assert_eq!(own["transcript"], text);
}

#[test]
fn text_and_subtitles_come_in_their_own_types() {
    let file = reading();
    let plain = ask(PATH, &file, &[("response_format", "text")]);
    assert_eq!(
        plain.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    let text = String::from_utf8(plain.body).unwrap();
    assert!(
        text.starts_with("It was the best") && text.ends_with('\n'),
        "{text}"
    );
    for (format, kind, start) in [
        ("srt", "application/x-subrip; charset=utf-8", "1\n00:00:0"),
        ("vtt", "text/vtt; charset=utf-8", "WEBVTT\n\n00:00:0"),
    ] {
        let answer = ask(PATH, &file, &[("response_format", format)]);
        assert_eq!(answer.header("content-type"), Some(kind));
        let shown = String::from_utf8(answer.body).unwrap();
        assert!(
            shown.starts_with(start) && shown.contains("best of times"),
            "{shown}"
        );
    }
}

#[test]
fn verbose_json_has_what_the_engine_knows_of_each_segment() {
    let verbose = ("response_format", "verbose_json");
    let body = heard(&two_cities(), &[verbose, ("language", "en")]);
    assert_eq!(
        (&body["task"], &body["language"]),
        (&json!("transcribe"), &json!("english"))
    );
    assert!(body["words"].is_null(), "not asked for");
    let duration = body["duration"].as_f64().unwrap();
    assert_eq!(body["usage"]["seconds"].as_f64().unwrap(), duration.ceil());
    let segments = body["segments"].as_array().unwrap();
    let (mut joined, mut latest_s, mut windows) = (String::new(), 0.0, Vec::new());
    for (id, segment) in segments.iter().enumerate() {
        let number = |name: &str| {
            segment[name]
                .as_f64()
                .unwrap_or_else(|| panic!("{name}: {segment}"))
        };
        assert_eq!(segment["id"], id);
        assert!(
            latest_s <= number("start") && number("start") < number("end"),
            "{segment}"
        );
        latest_s = number("end");
        assert!((-1.0..0.0).contains(&number("avg_logprob")), "{segment}");
        assert!(
            (0.5..2.4).contains(&number("compression_ratio")),
            "{segment}"
        );
        assert!((0.0..0.6).contains(&number("no_speech_prob")), "{segment}");
        assert_eq!(number("temperature"), 0.0);
        let tokens: Vec<u64> = segment["tokens"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t.as_u64().unwrap())
            .collect();
        // The timestamps of a multilingual model start at this token; each is 20 ms.
        let (first, last) = (tokens[0], tokens[tokens.len() - 1]);
        assert!(
            first >= 50_364 && last >= first && tokens.len() > 4,
            "{segment}"
        );
        let start_s = number("seek") / 100.0 + (first - 50_364) as f64 * 0.02;
        assert!(
            (start_s - number("start")).abs() < 1.5,
            "{start_s}: {segment}"
        );
        windows.push((segment["seek"].as_u64().unwrap(), number("avg_logprob")));
        joined += segment["text"].as_str().unwrap();
    }
    assert_eq!(joined.trim_start(), body["text"]);
    assert!(
        (latest_s - duration).abs() < 3.0,
        "{latest_s} of {duration}"
    );
    windows.dedup();
    assert!(
        windows.len() >= 2 && windows[0].0 < windows[1].0,
        "{windows:?}"
    );
    assert_ne!(windows[0].1, windows[1].1, "each window has its own");
}

#[test]
fn words_have_times_where_the_request_asks_for_them_in_either_spelling() {
    let file = reading();
    for name in ["timestamp_granularities[]", "timestamp_granularities"] {
        let fields = [("response_format", "verbose_json"), (name, "word")];
        let body = heard(&file, &fields);
        let told = body["words"].as_array().unwrap().iter();
        let told: Vec<&str> = told.map(|word| word["word"].as_str().unwrap()).collect();
        assert_eq!(
            words(&told.join(" ")),
            words(body["text"].as_str().unwrap())
        );
        let wisdom = body["words"]
            .as_array()
            .unwrap()
            .iter()
            .find(|w| w["word"] == "wisdom,");
        let start_s = wisdom.unwrap_or_else(|| panic!("{told:?}"))["start"]
            .as_f64()
            .unwrap();
        assert!((start_s - 5.74).abs() < 0.15, "{start_s}");
        assert!(!body["segments"].as_array().unwrap().is_empty());
    }
}

#[test]
fn tokens_have_their_probabilities_where_the_request_asks_for_them() {
    let body = heard(&reading(), &[("include[]", "logprobs"), ("language", "en")]);
    let tokens = body["logprobs"].as_array().unwrap();
    let bytes = tokens.iter().flat_map(|token| {
        assert!(token["logprob"].as_f64().unwrap() <= 0.0, "{token}");
        token["bytes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|b| b.as_u64().unwrap() as u8)
    });
    let text = String::from_utf8(bytes.collect()).unwrap();
    assert_eq!(text.trim_start(), body["text"]);
    let joined: String = tokens
        .iter()
        .map(|t| t["token"].as_str().unwrap())
        .collect();
    assert_eq!(joined, text);
    let sure = tokens
        .iter()
        .filter(|t| t["logprob"].as_f64().unwrap() > -0.7)
        .count();
    assert!(sure * 10 > tokens.len() * 8, "{sure} of {}", tokens.len());
}

#[test]
fn diarized_json_names_the_speakers_it_knows_and_gives_letters_to_others() {
    let talk = talk();
    let speakers = |body: &Value| -> Vec<String> {
        let segments = body["segments"].as_array().unwrap().iter().enumerate();
        let mut names = segments
            .map(|(at, segment)| {
                assert_eq!(segment["type"], "transcript.text.segment");
                assert_eq!(segment["id"], format!("seg_{:03}", at + 1));
                segment["speaker"].as_str().unwrap().to_owned()
            })
            .collect::<Vec<_>>();
        names.dedup();
        names
    };
    let model = ("model", "gpt-4o-transcribe-diarize");
    let body = heard(
        &talk,
        &[model, ("language", "en"), ("chunking_strategy", "auto")],
    );
    assert_eq!(speakers(&body), ["A", "B", "A"], "{body}");
    assert_eq!(body["task"], "transcribe");
    let reference = file(spoken(
        "am_adam",
        "The baker opens at six and closes when the last loaf of bread is sold.",
    ));
    let url = data_url(&reference);
    let fields = [
        ("response_format", "diarized_json"),
        ("language", "en"),
        ("known_speaker_names[]", "Adam"),
        ("known_speaker_references[]", &url),
    ];
    let body = heard(&talk, &fields);
    assert_eq!(speakers(&body), ["A", "Adam", "A"], "{body}");
    let told = body["segments"].as_array().unwrap().iter();
    let joined: Vec<&str> = told.map(|s| s["text"].as_str().unwrap()).collect();
    assert_eq!(joined.join(" "), body["text"]);
}

#[test]
fn a_reference_that_is_no_speech_of_2_to_10_s_is_refused() {
    let reading = reading();
    let short = data_url(&file(vec![0.1; 16_000]));
    let silent = data_url(&file(vec![0.0; 48_000]));
    let long = data_url(&reading);
    for (url, why) in [
        (short.as_str(), "it lasts 1.0 s; 2 to 10 s are accepted"),
        (&silent, "nothing is said in it"),
        (&long, "at most 10"),
        ("https://a.example/b.wav", "no data URL"),
        ("data:audio/wav;base64,UklGRg==", "number 1"),
    ] {
        let fields = [
            ("response_format", "diarized_json"),
            ("known_speaker_names[]", "Ann"),
            ("known_speaker_references[]", url),
        ];
        let answer = Server::shared().client().post_form(PATH, &reading, &fields);
        assert_eq!(answer.status, 400, "{why}");
        assert!(answer.detail().contains(why), "{}", answer.detail());
        assert_eq!(
            answer.json()["error"]["param"],
            "known_speaker_references[]"
        );
    }
}

#[test]
fn a_temperature_samples_and_the_same_recording_gives_the_same_text() {
    let file = reading();
    let fields = [
        ("response_format", "verbose_json"),
        ("temperature", "0.8"),
        ("language", "en"),
    ];
    let (once, again) = (heard(&file, &fields), heard(&file, &fields));
    assert_eq!(once, again);
    for segment in once["segments"].as_array().unwrap() {
        let temperature = segment["temperature"].as_f64().unwrap();
        assert!((temperature - 0.8).abs() < 1e-6, "{segment}");
    }
    let sure = heard(
        &file,
        &[("response_format", "verbose_json"), ("language", "en")],
    );
    let first = |body: &Value| body["segments"][0]["avg_logprob"].as_f64().unwrap();
    assert!(
        first(&once) < first(&sure),
        "the likeliest tokens are likelier"
    );
    let own = Server::shared().client();
    let own = own.post_form(
        "/voice/stt",
        &file,
        &[("temperature", "0.8"), ("language", "en")],
    );
    assert_eq!(own.json()["transcript"], once["text"]);
}

#[test]
fn translations_are_english() {
    let sound = file(spoken(
        "ef_dora",
        "El tren sale a las ocho de la mañana desde la estación del norte.",
    ));
    let said = "The train leaves at eight in the morning from the North Station.";
    let body = ask(TRANSLATIONS, &sound, &[("model", "whisper-1")]).json();
    // A translation has other words: "comes out at 8 am" on one processor, "leaves at eight in the morning" on another.
    assert_words(said, body["text"].as_str().unwrap(), 60.0);
    assert!(body["languages"].is_null());
    let verbose = ask(TRANSLATIONS, &sound, &[("response_format", "verbose_json")]).json();
    assert_eq!(
        (&verbose["task"], &verbose["language"]),
        (&json!("translate"), &json!("english"))
    );
    assert_eq!(verbose["text"], body["text"]);
    assert!(verbose["segments"][0]["avg_logprob"].as_f64().unwrap() < 0.0);
    for format in ["text", "srt", "vtt"] {
        let shown = ask(TRANSLATIONS, &sound, &[("response_format", format)]);
        let shown = String::from_utf8(shown.body).unwrap();
        assert!(shown.to_lowercase().contains("train"), "{format}: {shown}");
    }
    let refused = Server::shared().client().post_form(
        TRANSLATIONS,
        &sound,
        &[("response_format", "diarized_json")],
    );
    assert_eq!(
        (refused.status, &refused.json()["error"]["param"]),
        (400, &json!("response_format"))
    );
}

//! Transcripts of recordings as people have them, and their formats.

use serde_json::json;
use vocabox::audio::pcm::Clip;

use crate::http::listening::{RATE_HZ, stt, timed, transcript, two_cities};
use crate::http::voice::{samples, wav};
use crate::support::server::{Server, recording};
use crate::support::talk::{at_16_khz, cut};
use crate::support::wer::{assert_words, words};

#[test]
fn answers_come_as_json_text_or_subtitles() {
    let file = two_cities();
    let text = stt(&file, &[("language", "en"), ("response_format", "text")]);
    assert_eq!(
        text.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    let text = String::from_utf8(text.body).unwrap();
    assert!(text.starts_with("It was the best of times"), "{text}");
    for (format, kind, mark) in [
        ("srt", "application/x-subrip; charset=utf-8", ","),
        ("vtt", "text/vtt; charset=utf-8", "."),
    ] {
        let fields = [
            ("language", "en"),
            ("response_format", format),
            ("max_line_chars", "30"),
        ];
        let answer = stt(&file, &fields);
        assert_eq!(answer.header("content-type"), Some(kind));
        let shown = String::from_utf8(answer.body).unwrap();
        let (mut rows, mut latest_ms, mut read) = (0, 0, Vec::new());
        for line in shown.lines().skip_while(|l| *l == "WEBVTT") {
            if let Some((start, end)) = line.split_once(" --> ") {
                let ms = |clock: &str| -> u64 {
                    let parts = clock.replace(mark, ":");
                    let parts: Vec<u64> = parts.split(':').map(|n| n.parse().unwrap()).collect();
                    ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1_000 + parts[3]
                };
                assert!(latest_ms <= ms(start) && ms(start) < ms(end), "{line}");
                assert!((1_000..=7_000).contains(&(ms(end) - ms(start))), "{line}");
                (rows, latest_ms) = (0, ms(end));
            } else if !line.is_empty() && line.parse::<u32>().is_err() {
                rows += 1;
                assert!(rows <= 2 && line.chars().count() <= 30, "{line}");
                read.extend(words(line));
            }
        }
        assert_eq!(read, words(&text), "every word, once");
    }
    for (name, value) in [
        ("response_format", "docx"),
        ("task", "sing"),
        ("max_line_chars", "9"),
        ("max_lines", "eleven"),
        ("language", "xx"),
        ("keywords", &"a".repeat(61)),
    ] {
        let refused = stt(&file, &[(name, value)]);
        assert_eq!(refused.status, 400, "{name}");
        assert!(refused.detail().starts_with(name), "{}", refused.detail());
    }
}

/// What a voice says, at 16 kHz.
fn spoken(voice: &str, text: &str) -> Vec<f32> {
    let client = Server::shared().client();
    let answer = client.post_json("/voice/tts", &json!({ "text": text, "voice_id": voice }));
    assert_eq!(answer.status, 200);
    let sound = samples(&answer.body).into_iter();
    cut(at_16_khz(Clip {
        samples: sound.map(|s| f32::from(s) / 32_768.0).collect(),
        rate_hz: 24_000,
    }))
}

#[test]
fn a_sentence_that_starts_at_the_end_of_a_window_is_transcribed() {
    let before = "The teacher asked the children to draw their own street.";
    let after = "Copper conducts heat far better than glass or wood.";
    let (first, last) = (spoken("af_sarah", before), spoken("af_sarah", after));
    for start_s in [29.4, 29.75] {
        // Sentences from the start on, whose last one ends a second before the other starts.
        let room = ((start_s - 1.0) * f64::from(RATE_HZ)) as usize;
        let times = room / (first.len() + 4_000);
        let gap = (room - times * first.len()) / (times - 1);
        let mut sound: Vec<f32> = Vec::new();
        for _ in 0..times {
            sound.extend(&first);
            sound.resize(sound.len() + gap, 0.0);
        }
        sound.resize((start_s * f64::from(RATE_HZ)) as usize, 0.0);
        sound.extend(&last);
        let body = transcript(&wav(RATE_HZ, sound.into_iter()), &[("language", "en")]);
        let expected = format!("{} {after}", vec![before; times].join(" "));
        let said = body["transcript"].as_str().unwrap();
        assert_eq!(words(said), words(&expected), "{start_s}");
        timed(&body);
    }
}

#[test]
fn a_half_sentence_at_the_cut_of_a_recording_is_heard_again() {
    let file = std::fs::read(recording("two_cities.wav")).unwrap();
    let all = samples(&file).into_iter();
    // From "of times" on, 20 ms late: the model starts at "It was the age of wisdom".
    let part = all
        .skip(2 * 48_000)
        .take(12 * 48_000)
        .map(|s| f32::from(s) / 32_768.0);
    let late = std::iter::repeat_n(0.0, 960).chain(part);
    let body = transcript(&wav(48_000, late), &[("language", "en")]);
    let said = body["transcript"].as_str().unwrap();
    let said = said.to_lowercase();
    assert!(
        said.contains("it was the worst of times. it was the age"),
        "{said}"
    );
    timed(&body);
}

#[test]
fn quiet_recordings_are_transcribed_like_loud_ones() {
    let file = std::fs::read(recording("two_cities.8k.wav")).unwrap();
    // Rounded to the steps of 16 bits, as recorders do; a WAV of the tests drops what is beyond a step.
    let quiet = |s: i16| {
        let steps = (f32::from(s) * 0.005).round();
        (steps + 0.25 * steps.signum()) / 32_767.0
    };
    let quiet: Vec<f32> = samples(&file).into_iter().map(quiet).collect();
    let loud = transcript(&file, &[("language", "en")]);
    let body = transcript(&wav(8_000, quiet.into_iter()), &[("language", "en")]);
    let (quiet, loud) = (&body["transcript"], &loud["transcript"]);
    assert_words(loud.as_str().unwrap(), quiet.as_str().unwrap(), 5.0);
}

/// Of sentences in the same words the model writes one now and then, and ends.
#[test]
fn a_sentence_that_is_said_again_and_again_is_written_as_often() {
    let text = "A blue lamp burned all night in the kitchen window.";
    let said = spoken("af_bella", text);
    let pause = vec![0.0; RATE_HZ as usize * 3 / 10];
    let sound = [&pause[..], &said].concat().repeat(11);
    let body = transcript(&wav(RATE_HZ, sound.into_iter()), &[("language", "en")]);
    let heard = body["transcript"].as_str().unwrap();
    assert_eq!(words(heard), words(&[text; 11].join(" ")));
    timed(&body);
}

#[test]
fn two_languages_within_a_window_are_each_transcribed_in_their_own() {
    let sentences = [
        (
            "ef_dora",
            "El tren sale a las ocho de la mañana desde la estación del norte.",
        ),
        (
            "ef_dora",
            "Mi abuela prepara una sopa muy buena con verduras del jardín.",
        ),
        (
            "af_sarah",
            "The old bridge was closed for repairs until the end of spring.",
        ),
        (
            "am_adam",
            "My sister keeps three bees nests behind the garden wall.",
        ),
    ];
    let mut sound: Vec<f32> = Vec::new();
    for (voice, text) in sentences {
        sound.extend(spoken(voice, text));
        sound.resize(sound.len() + RATE_HZ as usize / 2, 0.0);
    }
    let body = transcript(&wav(RATE_HZ, sound.into_iter()), &[]);
    assert_eq!(body["languages"], json!(["es", "en"]), "{body}");
    let said = |language: &str| -> String {
        let segments = body["segments"].as_array().unwrap().iter();
        let own = segments.filter(|s| s["language"] == language);
        own.map(|s| s["text"].as_str().unwrap())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let expected = |n: usize| format!("{} {}", sentences[n].1, sentences[n + 1].1);
    assert_words(&expected(0), &said("es"), 10.0);
    assert_words(&expected(2), &said("en"), 10.0);
}

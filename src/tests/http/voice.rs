//! Spoken text is transcribed correctly: real models, over HTTP.

use std::io::Cursor;

use serde_json::{Value, json};

use crate::support::server::{Server, recording};
use crate::support::wer::{assert_words, errors};

/// The text of the recording (Dickens 1859, in the public domain).
pub(super) const TWO_CITIES: &str = "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of \
    foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the \
    season of Darkness, it was the spring of hope, it was the winter of despair, we had everything before us, we had \
    nothing before us, we were all going direct to Heaven, we were all going direct the other way. In short, the period \
    was so far like the present period, that some of its noisiest authorities insisted on its being received, for good or \
    for evil, in the superlative degree of comparison only.";

/// Numbers, abbreviations, quotes and an invented name, each with the expected transcript.
const SENTENCES: &[(&str, &str)] = &[
    (
        "The quick brown fox jumps over the lazy dog.",
        "The quick brown fox jumps over the lazy dog.",
    ),
    (
        "Dr. Smith arrived at St. Mary's Hospital at noon.",
        "Dr. Smith arrived at St. Mary's Hospital at noon.",
    ),
    (
        "We counted 42 boats and 17 planes in 1998.",
        "We counted 42 boats and 17 planes in 1998.",
    ),
    (
        "\"Where have you been?\" she asked. \"I was worried.\"",
        "Where have you been? she asked. I was worried.",
    ),
    (
        "The train leaves at 7:45 in the morning.",
        "The train leaves at 7:45 in the morning.",
    ),
    (
        "My neighbour Brandolio Venzetti grows tomatoes.",
        "My neighbour Brandolio Venzetti grows tomatoes.",
    ),
    (
        "It costs $25, which is 10% less than last year.",
        "It costs $25, which is 10% less than last year.",
    ),
    (
        "Please call me tomorrow; I will be at home all day.",
        "Please call me tomorrow, I will be at home all day.",
    ),
    (
        "The U.S. team won the 3rd game by 2 points.",
        "The U.S. team won the third game by two points.",
    ),
    (
        "Mrs. Jones, who lives next door, has three cats.",
        "Mrs. Jones, who lives next door, has three cats.",
    ),
    (
        "The temperature fell to -5 degrees last night.",
        "The temperature fell to minus five degrees last night.",
    ),
    (
        "I can't believe it's already September!",
        "I can't believe it's already September.",
    ),
];

/// A paragraph of about 3000 characters, from the same book.
const PARAGRAPH: &str = "There were a king with a large jaw and a queen with a plain face, on the throne of England; there were a \
    king with a large jaw and a queen with a fair face, on the throne of France. In both countries it was clearer than \
    crystal to the lords of the State preserves of loaves and fishes, that things in general were settled for ever. A \
    wonderful fact to reflect upon, that every human creature is constituted to be that profound secret and mystery to \
    every other. A solemn consideration, when I enter a great city by night, that every one of those darkly clustered \
    houses encloses its own secret; that every room in every one of them encloses its own secret; that every beating heart \
    in the hundreds of thousands of breasts there, is, in some of its imaginings, a secret to the heart nearest it! \
    Something of the awfulness, even of Death itself, is referable to this. No more can I turn the leaves of this dear book \
    that I loved, and vainly hope in time to read it all. No more can I look into the depths of this unfathomable water, \
    wherein, as momentary lights glanced into it, I have had glimpses of buried treasure and other things submerged. It was \
    appointed that the book should shut with a spring, for ever and for ever, when I had read but a page. It was appointed \
    that the water should be locked in an eternal frost, when the light was playing on its surface, and I stood in \
    ignorance on the shore. My friend is dead, my neighbour is dead, my love, the darling of my soul, is dead; it is the \
    inexorable consolidation and perpetuation of the secret that was always in that individuality, and which I shall carry \
    in mine to my life's end. In any of the burial places of this city through which I pass, is there a sleeper more \
    inscrutable than its busy inhabitants are, in their innermost personality, to me, or than I am to them? As to this, his \
    natural and not to be alienated inheritance, the messenger on horseback had exactly the same possessions as the King, \
    the first Minister of State, or the richest merchant in London. So with the three passengers shut up in the narrow \
    compass of one lumbering old mail coach; they were mysteries to one another, as complete as if each had been in his \
    own coach and six, or his own coach and sixty, with the breadth of a county between him and the next. The messenger \
    rode back at an easy trot, stopping pretty often at the houses by the way to drink, but showing a tendency to keep his \
    own counsel, and to keep his hat cocked over his eyes. He had eyes that assorted very well with that decoration, being \
    of a surface black, with no depth in the colour or form, and much too near together, as if they were afraid of being \
    found out in something, singly, if they kept too far apart. They had a sinister expression, under an old cocked hat \
    like a three cornered spittoon, and over a great muffler for the chin and throat, which descended nearly to the knees.";

fn transcribe(file: &[u8]) -> Value {
    let answer = Server::shared().client().post_form("/voice/stt", file, &[]);
    assert_eq!(
        answer.status,
        200,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    answer.json()
}

fn heard(name: &str) -> String {
    let path = recording(name);
    let file = std::fs::read(&path)
        .unwrap_or_else(|e| panic!("{}: {e}; run scripts/test", path.display()));
    transcribe(&file)["transcript"].as_str().unwrap().to_owned()
}

/// Speaks a text by the default voice; returns the WAV file.
pub fn speak(text: &str) -> Vec<u8> {
    let answer = Server::shared()
        .client()
        .post_json("/voice/tts", &json!({ "text": text }));
    assert_eq!(
        answer.status,
        200,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    answer.body
}

/// The samples of a WAV file.
pub fn samples(wav: &[u8]) -> Vec<i16> {
    let mut reader = hound::WavReader::new(wav).unwrap();
    reader.samples::<i16>().map(Result::unwrap).collect()
}

/// A 16-bit mono WAV file of samples from −1 to 1.
pub fn wav(rate_hz: u32, samples: impl Iterator<Item = f32>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    samples.for_each(|s| writer.write_sample((s * 32_767.0) as i16).unwrap());
    writer.finalize().unwrap();
    bytes.into_inner()
}

#[test]
fn a_recording_is_transcribed_with_at_most_two_percent_word_errors() {
    assert_words(TWO_CITIES, &heard("two_cities.wav"), 2.0);
}

#[test]
fn other_formats_rates_and_channels_cost_at_most_five_percent() {
    for name in [
        "two_cities.mp3",
        "two_cities.flac",
        "two_cities.ogg",
        "two_cities.m4a",
        "two_cities.8k.wav",
        "two_cities.stereo.wav",
    ] {
        assert_words(TWO_CITIES, &heard(name), 5.0);
    }
}

#[test]
fn silence_noise_and_tones_give_an_empty_transcript() {
    let length = 10 * 16_000;
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let noise = std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state as u32 as f32 / u32::MAX as f32 - 0.5) * 0.6
    });
    let tone =
        (0..length).map(|i| (i as f32 * 440.0 * std::f32::consts::TAU / 16_000.0).sin() * 0.5);
    for (what, file) in [
        ("silence", wav(16_000, std::iter::repeat_n(0.0, length))),
        ("noise", wav(16_000, noise.take(length))),
        ("tone", wav(16_000, tone)),
    ] {
        let body = transcribe(&file);
        assert_eq!(
            (&body["transcript"], &body["segments"]),
            (&json!(""), &json!([])),
            "{what}"
        );
        assert_eq!(body["duration_seconds"], 10.0);
    }
}

#[test]
fn speech_between_long_silences_is_found_where_it_is() {
    let speech = samples(&speak("The meeting begins at nine o'clock."));
    let silence = |s: usize| std::iter::repeat_n(0.0, s * 24_000);
    let sound = speech.iter().map(|&s| f32::from(s) / 32_768.0);
    let body = transcribe(&wav(24_000, silence(40).chain(sound).chain(silence(20))));
    assert_words(
        "The meeting begins at 9 o'clock",
        body["transcript"].as_str().unwrap(),
        0.0,
    );
    let segment = &body["segments"][0];
    let (start, end) = (
        segment["start"].as_f64().unwrap(),
        segment["end"].as_f64().unwrap(),
    );
    let length = speech.len() as f64 / 24_000.0;
    assert!(
        (start - 40.0).abs() < 0.5 && end < 40.5 + length,
        "{start} to {end}, {length} s long"
    );
}

#[test]
fn spoken_sentences_are_heard_with_at_most_eight_percent_word_errors() {
    let (mut wrong, mut all, mut report) = (0, 0, String::new());
    let paragraph = (PARAGRAPH, PARAGRAPH);
    for (text, written) in SENTENCES.iter().chain([&paragraph]) {
        let sound = speak(text);
        assert_clean(&samples(&sound), text);
        let heard = transcribe(&sound)["transcript"]
            .as_str()
            .unwrap()
            .to_owned();
        let (errors, words) = errors(written, &heard);
        (wrong, all) = (wrong + errors, all + words);
        if errors > 0 {
            report.push_str(&format!(
                "{errors} of {words}: {written}\n   heard: {heard}\n"
            ));
        }
    }
    let rate = 100.0 * wrong as f64 / all as f64;
    println!("word errors: {wrong} of {all} ({rate:.1} %)\n{report}");
    assert!(
        PARAGRAPH.len() > 2_900 && rate <= 8.0,
        "{rate:.1} %\n{report}"
    );
}

/// Samples of silence that mark a join between pieces: 1 ms.
const STILL: usize = 24;

/// No gap over 1.2 s, no run of clipped samples, no step into or out of the silence at a join, no offset.
fn assert_clean(samples: &[i16], text: &str) {
    let (mut quiet, mut longest, mut clipped) = (0, 0, 0);
    for sample in samples {
        quiet = if sample.abs() < 60 { quiet + 1 } else { 0 };
        longest = longest.max(quiet);
        clipped = if sample.unsigned_abs() >= 32_767 {
            clipped + 1
        } else {
            0
        };
        assert!(clipped < 3, "a clipped run in: {text}");
    }
    assert!(
        longest < 24_000 * 12 / 10,
        "a gap of {longest} samples in: {text}"
    );
    for part in samples.windows(STILL + 1) {
        let (first, last) = (part[0], part[STILL]);
        let is_still = |samples: &[i16]| samples.iter().all(|&s| s == 0);
        assert!(
            !is_still(&part[1..]) || first.abs() < 200,
            "it breaks off at {first} in: {text}"
        );
        assert!(
            !is_still(&part[..STILL]) || last.abs() < 200,
            "it sets in at {last} in: {text}"
        );
    }
    let mean = samples.iter().map(|&s| f64::from(s)).sum::<f64>() / samples.len() as f64;
    assert!(mean.abs() < 60.0, "an offset of {mean} in: {text}");
}

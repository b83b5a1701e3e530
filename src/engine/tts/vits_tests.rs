use super::*;
use crate::contract::{CancellationToken, speak_whole};

use std::path::Path;

use crate::graph::device::Device;
use crate::graph::library;
use crate::graph::ort::Ort;

/// Lines of sherpa-onnx's `tokens.txt`: the blank is a token too.
const MMS_TOKENS: &str = "' 3\n  9\na 10\nb 11\nẹ 12\n_ 0\n";
const PIPER_TOKENS: &str = r#"{"phoneme_id_map": {"^": [1], "_": [0], "$": [2], " ": [3], "h": [20], "ə": [59], "l": [24], "o": [27], "ʊ": [100],
    "ˈ": [120], "ː": [122], ".": [10]}, "audio": {"sample_rate": 22050}}"#;

/// The engine on a graph of `src/tests/data`, which makes 100 samples of `id / 256` of every token.
fn engine(
    graph: &str,
    tokens_text: &str,
    reads: Reads,
    blanks: Blanks,
    language: &str,
) -> VitsSynthesizer {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let packed = root.join("models/onnxruntime/libonnxruntime.so.1.32.0");
    let probed =
        library::find(None, Some(&packed)).expect("scripts/fetch-models onnxruntime was run");
    let ort = Ort::open(&probed.path, 1, Device::Cpu).unwrap();
    let net = Arc::new(
        ort.load(&root.join("src/tests/data").join(graph).as_path().into())
            .unwrap(),
    );
    let names: Vec<&str> = net
        .signature()
        .inputs
        .iter()
        .map(|i| i.name.as_str())
        .collect();
    VitsSynthesizer {
        layout: VitsLayout::of(&names).unwrap(),
        output: net.signature().outputs[0].name.clone(),
        rate_hz: 16_000,
        ids: tokens(tokens_text).unwrap(),
        settings: Settings {
            reads,
            blanks,
            noise: 0.667,
            noise_duration: 0.8,
            length: 1.0,
        },
        voices: HashMap::from([
            (
                "v".to_owned(),
                VitsVoice {
                    language: language.to_owned(),
                    graphemes: Graphemes::of(language),
                    speaker: 0,
                },
            ),
            (
                "w".to_owned(),
                VitsVoice {
                    language: language.to_owned(),
                    graphemes: Graphemes::of(language),
                    speaker: 1,
                },
            ),
        ]),
        net,
    }
}

/// The tokens that the graph was fed, read back from its sound.
fn heard(sound: &[f32], samples: usize) -> Vec<i64> {
    sound
        .chunks(samples)
        .map(|c| (c[0] * 256.0).round() as i64)
        .collect()
}

#[test]
fn mms_graph_is_fed_letters_with_blanks_around() {
    let vits = engine("mms.onnx", MMS_TOKENS, Reads::Letters, Blanks::Around, "xx");
    let ids = vits.ids_of("ab ẹ");
    assert_eq!(ids, [0, 10, 0, 11, 0, 9, 0, 12, 0]);
    let sound = vits.sound(&ids, 0, 1.0).unwrap();
    assert_eq!(heard(&sound, 100), ids);
    let slow = vits.sound(&ids, 0, 0.5).unwrap();
    assert_eq!(heard(&slow, 200), ids, "half the speed, twice the length");
    // A letter without a token is its plain form; what has none either is left out.
    assert_eq!(vits.ids_of("á7"), [0, 10, 0]);
    assert!(vits.ids_of("7 7").is_empty());
}

#[test]
fn piper_graph_is_fed_phonemes_with_begin_blanks_and_end() {
    let vits = engine(
        "piper.onnx",
        PIPER_TOKENS,
        Reads::Phonemes,
        Blanks::Between,
        "en-us",
    );
    let ids = vits.ids_of("həlˈO.");
    assert_eq!(
        ids,
        [1, 0, 20, 0, 59, 0, 24, 0, 120, 0, 27, 0, 100, 0, 10, 0, 2]
    );
    let second = vits.sound(&ids, 1, 1.0).unwrap();
    let shifted: Vec<i64> = ids.iter().map(|id| id + 64).collect();
    assert_eq!(heard(&second, 100), shifted, "the speaker's number is fed");
}

#[test]
fn a_text_is_spoken_and_one_without_a_token_is_refused() {
    let vits = engine("mms.onnx", MMS_TOKENS, Reads::Letters, Blanks::Around, "xx");
    let cancellation =
        CancellationToken::until(std::time::Instant::now() + std::time::Duration::from_secs(60));
    let say = |voice: &str, text: &str| {
        let utterance = Utterance {
            text: text.into(),
            voice: voice.to_owned(),
            ..Utterance::default()
        };
        speak_whole(&vits, &utterance, &cancellation)
    };
    let clip = say("v", "Ab. Ba!").unwrap();
    assert!(
        clip.rate_hz == 16_000 && clip.samples.len() > 900,
        "{}",
        clip.samples.len()
    );
    assert!(
        say("v", "zzz 12")
            .unwrap_err()
            .sentence
            .contains("no letter")
    );
    assert!(say("nobody", "Ab.").is_err());
}

#[test]
fn token_files_of_all_three_kinds_are_read() {
    assert_eq!(tokens(MMS_TOKENS).unwrap()[&' '], 9);
    assert_eq!(tokens(PIPER_TOKENS).unwrap()[&'ʊ'], 100);
    assert_eq!(
        tokens(r#"{"a": 4, "<unk>": 1}"#).unwrap(),
        HashMap::from([('a', 4)])
    );
    for (text, why) in [
        ("a x", "line 1"),
        ("<unk> 1", "no token"),
        ("{\"a\": \"b\"}", "invalid type"),
    ] {
        let error = tokens(text).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn unknown_layouts_are_no_layout() {
    assert_eq!(VitsLayout::of(&["x", "x_length"]), None);
    assert_eq!(
        VitsLayout::of(&["input_ids", "attention_mask"]),
        Some(VitsLayout::Optimum)
    );
    assert_eq!(
        VitsLayout::of(&["input_ids", "attention_mask", "speaker_id"]),
        None
    );
}

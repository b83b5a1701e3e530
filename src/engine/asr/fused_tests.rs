//! The decoder with attention of our own beside the one in standard operators: real weights, a real recording.

use std::path::Path;
use std::sync::Arc;

use super::decoder::{Attended, WhisperDecoder};
use crate::graph::device::Device;
use crate::graph::library;
use crate::graph::net::{Input, Net};
use crate::graph::ort::Ort;
use crate::kv_cache::KvCache;
use vocabox_audio::dsp::mel::Mel;
use vocabox_pack::Pack;

const HOPS: usize = 1_000;
const TOKENS: usize = 24;
/// What 8-bit weights may change of the logits, root mean square, as a share of theirs.
const WEIGHTS_APART: f32 = 0.15;
/// What the order of additions may change of a logit.
const ORDER_APART: f32 = 2e-3;
/// `<|startoftranscript|>` and `<|notimestamps|>` of the English models.
const PROMPT: [u32; 2] = [50_257, 50_362];

fn opened(pack: &str) -> Pack {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    Pack::open(&root.join("models").join(pack)).unwrap()
}

/// The decoder of a variant, which listens to ten seconds of the recording.
fn listening(variant: &str) -> WhisperDecoder {
    let library_pack = opened("onnxruntime");
    let packed = library_pack.path(library_pack.file("library", None).unwrap());
    let probed = library::find(None, Some(packed.shown())).unwrap();
    let ort = Ort::open(&probed.path, 2, Device::Cpu).unwrap();
    let pack = opened("whisper-tiny-en");
    let load = |role: &str| {
        let file = pack.path(pack.file(role, Some(variant)).unwrap());
        ort.load(&file).unwrap()
    };
    let encoder = load("encoder");
    let features = Mel::whisper(80).log_mel(&sound(), HOPS);
    let outputs = encoder.signature().outputs.iter();
    let names: Vec<&str> = outputs
        .map(|output| output.name.as_str())
        .filter(|name| name.starts_with("present."))
        .collect();
    let input = Input::Floats(&[1, 80, HOPS], &features);
    let made = encoder.run(&[("input_features", input)], &names).unwrap();
    let names = names.iter().map(|name| (*name).to_owned());
    let mut decoder = WhisperDecoder::new(Arc::new(load("decoder")), None).unwrap();
    decoder.listen(names.zip(made).collect());
    decoder
}

/// The start of the recording at 16 kHz: each third sample of its 48 kHz, which speech survives.
fn sound() -> Vec<f32> {
    const HEAD: usize = 44;
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let file = std::fs::read(root.join("models/test-speech/two_cities.wav")).unwrap();
    let (samples, _) = file[HEAD..].as_chunks();
    let samples = samples.iter().map(|&bytes| i16::from_le_bytes(bytes));
    let sound = samples
        .step_by(3)
        .map(|sample| f32::from(sample) / 32_768.0);
    sound.take(HOPS * 160).collect()
}

fn likeliest(logits: &[f32]) -> u32 {
    let numbered = (0..).zip(logits);
    numbered.max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0
}

/// Logits and attention of each step, and the tokens that were fed: `forced`, or the likeliest.
fn decoded(
    decoder: &mut WhisperDecoder,
    forced: Option<&[u32]>,
) -> (Vec<Vec<f32>>, Vec<Attended>, Vec<u32>) {
    let mut past = KvCache::default();
    let mut step = decoder.step(&PROMPT, 1, &mut past, true).unwrap();
    let (mut logits, mut attention, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..TOKENS {
        let token = forced.map_or_else(|| likeliest(&step.logits), |tokens| tokens[at]);
        logits.push(step.logits);
        attention.append(&mut step.attention);
        tokens.push(token);
        step = decoder.step(&[token], 1, &mut past, true).unwrap();
    }
    (logits, attention, tokens)
}

fn root_mean_square(values: impl Iterator<Item = f32>) -> f32 {
    let squares: Vec<f32> = values.map(|value| value * value).collect();
    (squares.iter().sum::<f32>() / squares.len() as f32).sqrt()
}

fn assert_near(made: &[f32], expected: &[f32]) {
    assert_eq!(made.len(), expected.len());
    let pairs = made.iter().zip(expected);
    let apart = pairs.fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
    assert!(apart < ORDER_APART, "{apart}");
}

#[test]
fn attention_of_our_own_hears_what_standard_operators_hear() {
    let (expected, attended, tokens) = decoded(&mut listening("plain"), None);
    let (made, attention, _) = decoded(&mut listening("fused"), Some(&tokens));
    for (at, (made, expected)) in made.iter().zip(&expected).enumerate() {
        assert_eq!(likeliest(made), likeliest(expected), "step {at}");
        let differences = made.iter().zip(expected).map(|(a, b)| a - b);
        let apart = root_mean_square(differences);
        let of = root_mean_square(expected.iter().copied());
        println!("{at}: {apart} of {of}");
        assert!(apart < WEIGHTS_APART * of, "step {at}: {apart} of {of}");
    }
    assert_eq!(attention.len(), attended.len());
    for (made, expected) in attention.iter().zip(&attended) {
        assert_eq!(made.len(), expected.len());
        let differences = made.iter().zip(&**expected).map(|(a, b)| (a - b).abs());
        let heads = made.len() / (HOPS / 2);
        assert!(differences.sum::<f32>() < 0.1 * heads as f32);
    }
}

#[test]
fn hypotheses_and_several_tokens_at_once_are_heard_as_one_by_one() {
    let mut decoder = listening("fused");
    let one = |decoder: &mut WhisperDecoder, tokens: &[u32]| {
        let mut past = KvCache::default();
        let steps = tokens.iter().map(|&token| {
            let step = decoder.step(&[token], 1, &mut past, false);
            step.unwrap().logits
        });
        steps.last().unwrap()
    };
    let [start, text] = PROMPT;
    let texts = [[start, text, 383, 373], [start, text, 770, 318]];
    let alone = texts.map(|tokens| one(&mut decoder, &tokens));
    let differences = alone[0].iter().zip(&alone[1]).map(|(a, b)| a - b);
    assert!(root_mean_square(differences) > 0.1, "the same text");

    let mut past = KvCache::default();
    let at_once = decoder.step(&texts[0], 1, &mut past, false).unwrap();
    assert_near(&at_once.logits, &alone[0]);

    let mut past = KvCache::default();
    decoder.step(&PROMPT, 1, &mut past, false).unwrap();
    past.pick(&[0, 0]).unwrap();
    let first = [texts[1][2], texts[0][2]];
    decoder.step(&first, 2, &mut past, false).unwrap();
    past.pick(&[1, 0]).unwrap();
    let last = [texts[0][3], texts[1][3]];
    let both = decoder.step(&last, 2, &mut past, true).unwrap();
    assert_eq!(both.attention.len(), 2);
    assert_near(&both.logits, &alone.concat());
}

//! Every layout of the decoder computes the same, by both runtimes. The graphs are those of
//! `scripts/models/tiny_whisper.py`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::decoder::WhisperDecoder;
use crate::graph::device::Device;
use crate::graph::library;
use crate::graph::net::{Input, Net, Value};
use crate::graph::ort::{Ort, OrtNet};
use crate::graph::tract::TractNet;
use crate::kv_cache::KvCache;
use vocabox_pack::Pack;

/// Largest difference of a logit between two ways to compute it.
const LOGITS_APART: f32 = 1e-4;

type Load = fn(&Path) -> Arc<dyn Net>;

fn by_tract(path: &Path) -> Arc<dyn Net> {
    Arc::new(TractNet::load(&path.into()).unwrap())
}

fn by_ort(path: &Path) -> Arc<dyn Net> {
    Arc::new(loaded(path))
}

/// As on a device: what is only fed back stays there.
fn by_ort_bound(path: &Path) -> Arc<dyn Net> {
    Arc::new(loaded(path).bound())
}

fn loaded(path: &Path) -> OrtNet {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let pack = Pack::open(&root.join("models/onnxruntime")).unwrap();
    let packed = pack.path(pack.file("library", None).unwrap());
    let probed = library::find(None, Some(packed.shown())).unwrap();
    let ort = Ort::open(&probed.path, 2, Device::Cpu).unwrap();
    ort.load(&path.into()).unwrap()
}

fn graph(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .join(format!("scripts/models/tiny_whisper/{name}.onnx"))
}

/// The encoder's outputs for an artificial window: those whose names have this prefix.
fn encoded(load: Load, prefix: &str) -> Vec<(String, Box<dyn Value>)> {
    let encoder = load(&graph("encoder"));
    let outputs = encoder.signature().outputs.clone();
    let names: Vec<&str> = outputs.iter().map(|o| o.name.as_str()).collect();
    let names: Vec<&str> = names
        .into_iter()
        .filter(|n| n.starts_with(prefix))
        .collect();
    let features: Vec<f32> = (0..4 * 40)
        .map(|i| ((i * 37 % 19) as f32 - 9.0) / 9.0)
        .collect();
    let shape = [1, 4, 40];
    let made = encoder.run_keeping(
        &[("input_features", Input::Floats(&shape, &features))],
        &names,
        0,
    );
    names
        .iter()
        .map(|n| (*n).to_owned())
        .zip(made.unwrap())
        .collect()
}

/// Logits after a prompt of three, two more at once, and one; then, anew, after a prompt of one.
fn logits(decoder: &mut WhisperDecoder) -> Vec<Vec<f32>> {
    let mut past = KvCache::default();
    let mut made = Vec::new();
    for tokens in [&[3, 14, 15][..], &[9, 26], &[5]] {
        made.push(decoder.step(tokens, 1, &mut past, false).unwrap().logits);
    }
    assert_eq!(past.tokens(), 6);
    made.push(
        decoder
            .step(&[3], 1, &mut KvCache::default(), false)
            .unwrap()
            .logits,
    );
    made
}

#[track_caller]
fn assert_near(made: &[Vec<f32>], expected: &[Vec<f32>], what: &str) {
    for (made, expected) in made.iter().zip(expected) {
        assert_eq!(made.len(), 50, "{what}");
        let apart = made
            .iter()
            .zip(expected)
            .fold(0.0_f32, |m, (a, b)| m.max((a - b).abs()));
        assert!(apart < LOGITS_APART, "{what}: {apart}");
    }
}

#[test]
fn every_layout_gives_the_same_logits_by_both_runtimes() {
    let ours = |load: Load| {
        let mut decoder = WhisperDecoder::new(load(&graph("ours")), None).unwrap();
        decoder.listen(encoded(load, "present."));
        logits(&mut decoder)
    };
    let expected = ours(by_ort);
    assert_ne!(expected[0], expected[1]);
    assert_near(&ours(by_tract), &expected, "ours by tract");
    assert_near(&ours(by_ort_bound), &expected, "ours bound");
    for (runtime, load) in [
        ("ONNX Runtime", by_ort as Load),
        ("ONNX Runtime, bound", by_ort_bound),
        ("tract", by_tract),
    ] {
        let first = load(&graph("first"));
        let mut two = WhisperDecoder::new(load(&graph("past")), Some(first)).unwrap();
        two.listen(encoded(load, "last_hidden_state"));
        assert_near(
            &logits(&mut two),
            &expected,
            &format!("two graphs by {runtime}"),
        );
    }
    for load in [by_ort, by_ort_bound] {
        let mut merged = WhisperDecoder::new(load(&graph("merged")), None).unwrap();
        merged.listen(encoded(load, "last_hidden_state"));
        assert_near(&logits(&mut merged), &expected, "merged by ONNX Runtime");
    }
}

#[test]
fn hypotheses_go_on_from_the_caches_of_their_parents() {
    for load in [by_ort, by_ort_bound] {
        go_on_from_the_caches_of_their_parents(load);
    }
}

fn go_on_from_the_caches_of_their_parents(load: Load) {
    let mut decoder = WhisperDecoder::new(load(&graph("ours")), None).unwrap();
    decoder.listen(encoded(load, "present."));
    let one = |decoder: &mut WhisperDecoder, tokens: &[u32]| {
        let mut past = KvCache::default();
        decoder.step(tokens, 1, &mut past, false).unwrap().logits
    };
    let expected = [one(&mut decoder, &[3, 4, 6]), one(&mut decoder, &[3, 5, 7])];
    let mut past = KvCache::default();
    decoder.step(&[3], 1, &mut past, false).unwrap();
    past.pick(&[0, 0]).unwrap();
    let both = decoder.step(&[5, 4], 2, &mut past, true).unwrap();
    assert_eq!(both.attention.len(), 2);
    assert!(both.attention.iter().all(|row| row.len() == 2 * 20));
    past.pick(&[1, 0]).unwrap();
    let made = decoder.step(&[6, 7], 2, &mut past, false).unwrap().logits;
    let made: Vec<Vec<f32>> = made.chunks(50).map(<[f32]>::to_vec).collect();
    assert_near(&made, &expected, "two hypotheses");
    assert!(past.pick(&[2]).is_err(), "there is no third");
}

#[test]
fn a_decoder_without_caches_is_refused() {
    let fault = WhisperDecoder::new(by_ort(&graph("first")), None)
        .err()
        .unwrap();
    assert!(
        fault.sentence.contains("no key-value cache"),
        "{}",
        fault.sentence
    );
}

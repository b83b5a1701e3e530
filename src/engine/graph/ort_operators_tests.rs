//! Operators of our own in the graph that speaks, against the graph without them.

use std::path::Path;

use realfft::RealFftPlanner;
use vocabox_pack::Pack;

use super::shared_tests::ort;
use crate::graph::net::{Input, Net};
use crate::graph::ort::OrtNet;
use crate::kernels::convolution;

/// Samples of a window of a spectrum, and bins of a band of it.
const WINDOW: usize = 1024;
const BAND: usize = 16;
/// Bands quieter than this are noise of the 8 bits.
const QUIET_DB: f32 = -65.0;
/// What the graph with our operators may be from the one without, root mean square: a few values that are rounded the other way were
/// 0.5 dB (benches/runs/2026-12-01-kernels.md).
const APART_DB: f32 = 0.8;
/// How much farther from the graph in floats it may be than the one without.
const FARTHER: f32 = 1.05;

fn said(net: &dyn Net, count: usize, voice: &[f32]) -> Vec<f32> {
    let ids = (0..count).map(|i| 43 + (i * 29 % 90) as i64);
    let tokens: Vec<i64> = [0].into_iter().chain(ids).chain([0]).collect();
    let fed = [
        ("tokens", Input::Ints(&[1, tokens.len()], &tokens)),
        (
            "style",
            Input::Floats(&[1, 256], &voice[count * 256..][..256]),
        ),
        ("speed", Input::Floats(&[1], &[1.0])),
    ];
    let made = net.run(&fed, &["audio"]).unwrap().remove(0);
    made.floats().unwrap().to_vec()
}

/// The loudness in dB of each band of each window.
fn bands(sound: &[f32]) -> Vec<f32> {
    let transform = RealFftPlanner::<f32>::new().plan_fft_forward(WINDOW);
    let mut spectrum = transform.make_output_vec();
    let mut loudness = Vec::new();
    for window in sound.chunks_exact(WINDOW) {
        transform
            .process(&mut window.to_vec(), &mut spectrum)
            .unwrap();
        let powers = spectrum[..WINDOW / 2].chunks(BAND).map(|band| {
            let power: f32 = band.iter().map(|x| x.norm_sqr()).sum();
            10.0 * (power / (WINDOW * WINDOW) as f32 + 1e-12).log10()
        });
        loudness.extend(powers);
    }
    loudness
}

/// The root mean square of the differences of two sounds' bands, in dB.
fn apart_db(one: &[f32], other: &[f32]) -> f32 {
    assert_eq!(one.len(), other.len());
    let (one, other) = (bands(one), bands(other));
    let pairs = one.iter().zip(&other);
    let loud: Vec<f32> = pairs
        .filter(|(a, b)| a.max(**b) > QUIET_DB)
        .map(|(a, b)| (a - b).powi(2))
        .collect();
    assert!(loud.len() > 100, "it says nothing");
    (loud.iter().sum::<f32>() / loud.len() as f32).sqrt()
}

fn models() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models"))
}

/// A variant of the graph that speaks, with or without the convolutions of our own.
fn loaded(variant: &str, convolutions: bool) -> OrtNet {
    let pack = Pack::open(&models().join("kokoro")).unwrap();
    let file = pack.path(pack.file("model", Some(variant)).unwrap());
    ort().load_with(&file, convolutions).unwrap()
}

fn table(voice: &str) -> Vec<f32> {
    let table = std::fs::read(models().join(format!("kokoro/voices/{voice}.bin"))).unwrap();
    let (values, _) = table.as_chunks();
    values.iter().map(|&b| f32::from_le_bytes(b)).collect()
}

#[test]
fn convolutions_of_our_own_make_the_same_bits_as_those_of_onnx_runtime() {
    let nets = [false, true].map(|convolutions| loaded("fused", convolutions));
    for count in [1, 7, 130] {
        let table = table("bf_emma");
        let [theirs, packed] = nets.each_ref().map(|net| said(net, count, &table));
        assert!(theirs.len() > 10_000 && theirs == packed, "{count} tokens");
    }
}

#[test]
fn the_graph_with_operators_of_our_own_speaks_as_the_one_without() {
    let nets = ["published", "optimized", "fused"].map(|v| loaded(v, convolution::is_faster()));
    for (voice, count) in [("af_heart", 12), ("bm_george", 61), ("jf_alpha", 130)] {
        let table = table(voice);
        let [floats, without, fused] = nets.each_ref().map(|net| said(net, count, &table));
        let (from_floats, before) = (apart_db(&floats, &fused), apart_db(&floats, &without));
        let apart = apart_db(&without, &fused);
        println!("{voice}: {apart:.2} dB apart, from floats {from_floats:.2}, before {before:.2}");
        assert!(apart < APART_DB, "{voice}: {apart} dB");
        assert!(
            from_floats < before * FARTHER,
            "{voice}: {from_floats} dB, {before} before"
        );
    }
}

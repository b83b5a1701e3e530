//! The same graph gives the same numbers in ONNX Runtime and in tract.

use std::sync::OnceLock;

use vocabox::engine::graph::device::Device;
use vocabox::engine::graph::library;
use vocabox::engine::graph::net::{Dtype, Input, Net};
use vocabox::engine::graph::ort::Ort;
use vocabox::engine::graph::tract::TractNet;
use vocabox::fault::Kind;
use vocabox::pack::manifest::TensorText;
use vocabox::pack::{Pack, PackFile};

use crate::support::server::models;

/// Largest difference between f32 kernels of the same operator, as a share of the output's largest value.
const KERNELS: f32 = 2e-4;

/// Every graph that both libraries load: pack, role, and variant where it has one.
const BOTH: &[(&str, &str, Option<&str>)] = &[
    ("silero-vad", "model", None),
    ("segmentation-pyannote", "model", None),
    ("speaker-campplus", "model", None),
    ("speaker-ge2e", "model", None),
    ("whisper-tiny-en", "encoder", Some("plain")),
    ("whisper-tiny-en", "decoder", Some("plain")),
    ("whisper-base", "encoder", Some("plain")),
    ("whisper-base", "decoder", Some("plain")),
];

/// Sizes of the dimensions that manifests leave open: batch 1, a prompt of 4 tokens after 3, a window of speech to
/// embed and one of 4 s to transcribe.
const OPEN: &[(&str, usize)] = &[
    ("B", 1),
    ("S", 4),
    ("P", 3),
    ("T", 160),
    ("hops", 400),
    ("frames", 200),
];

fn ort() -> &'static Ort {
    static ORT: OnceLock<Ort> = OnceLock::new();
    ORT.get_or_init(|| {
        let pack = Pack::open(&models().join("onnxruntime")).unwrap();
        let packed = pack.path(pack.file("library", None).unwrap());
        let probed = library::find(None, Some(packed.shown())).unwrap();
        assert!(probed.version.starts_with("1."), "{}", probed.version);
        Ort::open(&probed.path, 2, Device::Cpu).unwrap()
    })
}

/// One input: its name, its sizes, and values that are the same in every run.
struct Fed {
    name: String,
    shape: Vec<usize>,
    floats: Vec<f32>,
    ints: Vec<i64>,
}

impl Fed {
    fn input(&self) -> (&str, Input<'_>) {
        let input = match self.ints.is_empty() {
            true => Input::Floats(&self.shape, &self.floats),
            false => Input::Ints(&self.shape, &self.ints),
        };
        (&self.name, input)
    }
}

/// A graph's file, and inputs that match its manifest.
fn graph(pack: &str, role: &str, variant: Option<&str>) -> (PackFile, Vec<Fed>) {
    let pack = Pack::open(&models().join(pack)).unwrap();
    let file = pack.file(role, variant).unwrap();
    let fed = file.inputs.iter().enumerate().map(|(seed, (name, text))| {
        let tensor = TensorText::parse(text).unwrap();
        let inside = text.split(['[', ']']).nth(1).unwrap_or("");
        let size = |d: &str| {
            let open = || OPEN.iter().find(|(n, _)| *n == d).expect("a size for it").1;
            d.parse().unwrap_or_else(|_| open())
        };
        let shape: Vec<usize> = inside.split(',').map(size).collect();
        let count: usize = shape.iter().product();
        let spread = (0..count).map(|i| ((i + seed) * 7919) % 1000);
        let (floats, ints) = match tensor.dtype.as_str() {
            "i64" => (vec![], spread.map(|n| n as i64).collect()),
            _ => (spread.map(|n| n as f32 / 1000.0 - 0.5).collect(), vec![]),
        };
        Fed {
            name: name.clone(),
            shape,
            floats,
            ints,
        }
    });
    let fed = fed.collect();
    (pack.path(file), fed)
}

/// The f32 outputs, by name.
fn outputs(net: &dyn Net, fed: &[Fed], names: &[&str]) -> Vec<Vec<f32>> {
    let inputs: Vec<_> = fed.iter().map(Fed::input).collect();
    let made = net.run(&inputs, names).unwrap();
    made.iter().map(|v| v.floats().unwrap().to_vec()).collect()
}

#[test]
fn graphs_that_both_runtimes_load_agree() {
    for (pack, role, variant) in BOTH {
        let (path, fed) = graph(pack, role, *variant);
        let by_ort = ort().load(&path).unwrap();
        let by_tract = TractNet::load(&path).unwrap();
        let floats = by_ort
            .signature()
            .outputs
            .iter()
            .filter(|o| o.dtype == Dtype::F32);
        let names: Vec<String> = floats.map(|o| o.name.clone()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let by_ort = outputs(&by_ort, &fed, &names);
        let by_tract = outputs(&by_tract, &fed, &names);
        for ((name, ort), tract) in names.iter().zip(&by_ort).zip(&by_tract) {
            assert_eq!(ort.len(), tract.len(), "{pack} {role} {name}");
            let largest = ort.iter().fold(1e-3_f32, |m, x| m.max(x.abs()));
            let apart = ort
                .iter()
                .zip(tract)
                .fold(0.0_f32, |m, (a, b)| m.max((a - b).abs()));
            println!("{pack} {role} {name}: {apart:e} of {largest}");
            assert!(
                apart <= KERNELS * largest,
                "{pack} {role} {name}: {apart} of {largest}"
            );
        }
    }
}

#[test]
fn graphs_with_operators_of_onnx_runtime_alone_are_refused_when_they_are_loaded() {
    for (pack, role, variant, operator) in [
        ("kokoro", "model", "optimized", "com.microsoft"),
        ("whisper-base", "decoder", "fused", "MatMulNBits"),
        ("whisper-base", "encoder", "fused", "MultiHeadAttention"),
    ] {
        let (path, _) = graph(pack, role, Some(variant));
        let fault = TractNet::load(&path).err().expect("tract cannot run it");
        assert_eq!(fault.kind, Kind::Missing);
        assert!(
            fault.sentence.contains("needs ONNX Runtime"),
            "{}",
            fault.sentence
        );
        let cause = fault.cause.unwrap();
        assert!(cause.contains(operator), "{pack} {role}: {cause}");
    }
}

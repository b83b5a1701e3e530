//! The same graph gives the same numbers by ONNX Runtime and by tract.

use std::path::PathBuf;
use std::sync::OnceLock;

use vocabox::engine::library;
use vocabox::engine::net::{Input, Net};
use vocabox::engine::net_ort::Ort;
use vocabox::engine::net_tract::TractNet;
use vocabox::pack::Pack;

use crate::server::models;

/// Largest difference between two f32 kernels of the same operator, for outputs of about 1.
const KERNELS: f32 = 2e-4;

/// Every graph that both libraries load, with the sizes that its open dimensions are given.
const BOTH: &[(&str, &str, &[(&str, &[usize])])] = &[
    ("silero-vad", "model", &[]),
    ("speaker-ge2e", "model", &[("mel", &[1, 160, 40])]),
];

fn ort() -> &'static Ort {
    static ORT: OnceLock<Ort> = OnceLock::new();
    ORT.get_or_init(|| {
        let pack = Pack::open(&models().join("onnxruntime")).unwrap();
        let packed = pack.path(pack.file("library", None).unwrap());
        let probed = library::find(None, Some(&packed)).unwrap();
        assert!(probed.version.starts_with("1."), "{}", probed.version);
        Ort::open(&probed.path, 2, None).unwrap()
    })
}

fn graph(pack: &str, role: &str) -> PathBuf {
    let pack = Pack::open(&models().join(pack)).unwrap();
    pack.path(pack.file(role, pack.manifest.variant.as_deref()).unwrap())
}

/// Values that are the same each time, within ±0.5.
fn values(count: usize, seed: usize) -> Vec<f32> {
    (0..count)
        .map(|i| (((i + seed) * 7919) % 1000) as f32 / 1000.0 - 0.5)
        .collect()
}

fn outputs(net: &mut dyn Net, shapes: &[(String, Vec<usize>)]) -> Vec<Vec<f32>> {
    let data: Vec<Vec<f32>> = shapes
        .iter()
        .enumerate()
        .map(|(i, (_, s))| values(s.iter().product(), i))
        .collect();
    let inputs: Vec<(&str, Input<'_>)> = shapes
        .iter()
        .zip(&data)
        .map(|((name, shape), d)| (name.as_str(), Input::Floats(shape, d)))
        .collect();
    let names: Vec<String> = net
        .signature()
        .outputs
        .iter()
        .map(|o| o.name.clone())
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let made = net.run(&inputs, &names).unwrap();
    made.iter().map(|v| v.floats().unwrap().to_vec()).collect()
}

#[test]
fn graphs_that_both_runtimes_load_agree() {
    for (pack, role, sizes) in BOTH {
        let path = graph(pack, role);
        let mut by_ort = ort().load(&path).unwrap();
        let mut by_tract = TractNet::load(&path).unwrap();
        let names = |net: &dyn Net| {
            let mut names: Vec<String> = net
                .signature()
                .inputs
                .iter()
                .map(|i| i.name.clone())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(&by_ort), names(&by_tract), "{pack}");
        let shapes: Vec<(String, Vec<usize>)> = by_ort
            .signature()
            .inputs
            .iter()
            .map(|input| {
                let given = sizes.iter().find(|(name, _)| *name == input.name);
                let shape = given.map_or_else(
                    || {
                        input
                            .dims
                            .iter()
                            .map(|d| d.expect("a fixed size"))
                            .collect()
                    },
                    |(_, shape)| shape.to_vec(),
                );
                (input.name.clone(), shape)
            })
            .collect();
        let (ort, tract) = (
            outputs(&mut by_ort, &shapes),
            outputs(&mut by_tract, &shapes),
        );
        assert_eq!(ort.len(), tract.len());
        for (a, b) in ort.iter().flatten().zip(tract.iter().flatten()) {
            assert!((a - b).abs() <= KERNELS, "{pack}: {a} {b}");
        }
    }
}

#[test]
fn graphs_that_tract_does_not_load_are_refused_with_its_words() {
    let fault = TractNet::load(&graph("kokoro", "model"))
        .err()
        .expect("tract has no kernels for this graph");
    assert!(fault.cause.is_some());
}

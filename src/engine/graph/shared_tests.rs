//! Threads that run one net at once each get exactly what they get alone, by both runtimes and with the real speech graph; and
//! runs that fail.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Barrier;
use std::thread;

use vocabox_base::fault::{Fault, Kind};
use vocabox_pack::Pack;

use crate::graph::device::Device;
use crate::graph::library;
use crate::graph::net::{Input, Net};
use crate::graph::ort::Ort;
use crate::graph::tract::TractNet;

/// More than the pool of compute threads has.
const THREADS: usize = 4;

type Load = fn(&Path) -> Arc<dyn Net>;

const BOTH: [(&str, Load); 2] = [("ort", by_ort), ("tract", by_tract)];

fn root() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).to_owned()
}

fn by_ort(path: &Path) -> Arc<dyn Net> {
    Arc::new(ort().load(&path.into()).unwrap())
}

pub(super) fn ort() -> Ort {
    let pack = Pack::open(&root().join("models/onnxruntime")).unwrap();
    let packed = pack.path(pack.file("library", None).unwrap());
    let probed = library::find(None, Some(packed.shown())).unwrap();
    Ort::open(&probed.path, 2, Device::Cpu).unwrap()
}

fn by_tract(path: &Path) -> Arc<dyn Net> {
    Arc::new(TractNet::load(&path.into()).unwrap())
}

/// Has `THREADS` threads call `run`, each `rounds` times with its own number, and compares with what the number gives alone.
fn same_as_alone(what: &str, rounds: usize, run: impl Fn(usize) -> Vec<f32> + Sync) {
    let alone: Vec<Vec<f32>> = (0..THREADS).map(&run).collect();
    for (number, made) in alone.iter().enumerate() {
        assert!(!made.is_empty() && made.iter().all(|x| x.is_finite()));
        assert!(
            !alone[..number].contains(made),
            "{what}: {number} gives what another number gives"
        );
    }
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for (number, alone) in alone.iter().enumerate() {
            let (run, start) = (&run, &start);
            scope.spawn(move || {
                start.wait();
                for round in 0..rounds {
                    let made = run(number);
                    assert!(made == *alone, "{what}: thread {number}, round {round}");
                }
            });
        }
    });
}

/// `count` values in [−0.5, 0.5) that `seed` names.
fn floats(seed: usize, count: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((i + 1) * (seed + 3) * 7919 % 1000) as f32 / 1000.0 - 0.5)
        .collect()
}

#[test]
fn threads_that_share_a_net_each_get_what_they_get_alone() {
    for (runtime, load) in BOTH {
        let encoder = load(&root().join("scripts/models/tiny_whisper/encoder.onnx"));
        let outputs = encoder.signature().outputs.clone();
        let names: Vec<&str> = outputs.iter().map(|o| o.name.as_str()).collect();
        same_as_alone(&format!("encoder by {runtime}"), 200, |number| {
            let features = floats(number, 4 * 40);
            let fed = [("input_features", Input::Floats(&[1, 4, 40], &features))];
            let made = encoder.run(&fed, &names).unwrap();
            let made = made.iter().flat_map(|v| v.floats().unwrap());
            made.copied().collect()
        });
    }
}

#[test]
fn threads_share_a_net_with_inputs_of_different_sizes_and_a_value_of_an_earlier_run() {
    for (runtime, load) in BOTH {
        let data = root().join("src/tests/data");
        let extract = load(&data.join("tone_extract.onnx"));
        let convert = load(&data.join("tone_convert.onnx"));
        let spectrogram = [0.25_f32; 6];
        let fed = [("spectrogram", Input::Floats(&[1, 2, 3], &spectrogram))];
        let tone = extract.run(&fed, &["tone"]).unwrap().remove(0);
        same_as_alone(&format!("converter by {runtime}"), 50, |number| {
            let samples = 100 + 10 * number;
            let audio = floats(number, samples);
            let fed = [
                ("audio", Input::Floats(&[1, samples], &audio)),
                ("source", Input::Floats(&[1, 256], &[0.5; 256])),
                ("target", Input::Held(&*tone)),
            ];
            let made = convert.run(&fed, &["made"]).unwrap().remove(0);
            assert_eq!(made.shape(), [1, 1, samples]);
            made.floats().unwrap().to_vec()
        });
    }
}

#[test]
fn a_run_that_fails_is_a_fault_and_the_next_is_as_before_it() {
    for (runtime, load) in BOTH {
        let net = load(&root().join("src/tests/data/lookup.onnx"));
        let look_up = |ids: &[i64]| {
            let fed = [("ids", Input::Ints(&[1, ids.len()], ids))];
            let made = net.run(&fed, &["found"])?.remove(0);
            Ok(made.floats()?.to_vec())
        };
        for _ in 0..3 {
            assert_eq!(look_up(&[2, 0, 15]).unwrap(), [1.0, 0.0, 7.5], "{runtime}");
            let fault: Fault = look_up(&[2, 16, 15]).unwrap_err();
            assert_eq!(fault.kind, Kind::Engine, "{runtime}: {fault}");
            let nothing = net.run(&[], &["found"]).err().unwrap();
            assert_eq!(nothing.kind, Kind::Engine, "{runtime}: {nothing}");
        }
    }
}

#[test]
fn threads_share_the_graph_that_speaks() {
    let pack = Pack::open(&root().join("models/kokoro")).unwrap();
    let file = pack.file("model", Some("fused")).unwrap();
    let net = by_ort(pack.path(file).shown());
    same_as_alone("kokoro", 2, |number| {
        let ids = (0..6 + 2 * number).map(|i| 43 + (i * 17 % 90) as i64);
        let tokens: Vec<i64> = [0].into_iter().chain(ids).chain([0]).collect();
        let fed = [
            ("tokens", Input::Ints(&[1, tokens.len()], &tokens)),
            ("style", Input::Floats(&[1, 256], &floats(number, 256))),
            ("speed", Input::Floats(&[1], &[1.0])),
        ];
        let made = net.run(&fed, &["audio"]).unwrap().remove(0);
        made.floats().unwrap().to_vec()
    });
}

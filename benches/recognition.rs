//! The stages of a transcription: one run of each graph, and 20 s of speech with and without what may be left out.
//!
//! What finds the language and the times of words is the difference between the last rows.
//!
//! Needs the fetched packs (scripts/fetch-models --all).

mod packs;

use std::fs::File;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use packs::{cancellation, graphs, pack};
use vocabox::audio;
use vocabox::audio::pcm::{Clip, ClipReader};
use vocabox::engine::contract::{Transcribe, TranscribeTask, Transcript, transcribe_whole};
use vocabox::engine::graph::net::{Input, Net, Value};
use vocabox::engine::{Build, of, vad};

const RATE_HZ: u32 = 16_000;
/// Hops of mel features a second.
const HOPS_S: usize = 100;
const MEL_BANDS: usize = 80;
/// Tokens that the decoder has seen before the step that is measured.
const PAST: usize = 32;

/// The first 20 s of a reading.
fn speech() -> Clip {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/test-speech");
    let recording = File::open(folder.join("two_cities.wav")).expect("scripts/fetch-models --all");
    let mut speech = audio::open_speech(recording, RATE_HZ, 600.0).expect("it opens");
    let mut clip = audio::pcm::read_all(&mut *speech).expect("it decodes");
    clip.samples.truncate(20 * RATE_HZ as usize);
    clip
}

/// All outputs of the encoder for features of zeros.
fn encode(net: &dyn Net, hops: usize) -> Vec<Box<dyn Value>> {
    let features = vec![0.0; MEL_BANDS * hops];
    let outputs = net.signature().outputs.iter();
    let outputs: Vec<&str> = outputs.map(|o| o.name.as_str()).collect();
    let shape = [1, MEL_BANDS, hops];
    let fed = [("input_features", Input::Floats(&shape, &features))];
    net.run(&fed, &outputs).expect("it runs")
}

/// The logits after one more token, with what the encoder made (its outputs are called `names`).
fn step(net: &dyn Net, names: &[String], encoded: &[Box<dyn Value>]) -> Vec<Box<dyn Value>> {
    let inputs = &net.signature().inputs;
    let zeros = vec![0.0; 1 << 16];
    let size = |dims: &[Option<usize>], at: usize| dims[at].expect("heads and their width");
    let shapes: Vec<[usize; 4]> = inputs
        .iter()
        .map(|spec| match spec.dims.len() {
            4 => [1, size(&spec.dims, 1), PAST, size(&spec.dims, 3)],
            _ => [1, 1, 1, 1],
        })
        .collect();
    let fed = inputs.iter().zip(&shapes).map(|(spec, shape)| {
        let of_encoder = spec.name.replace("past_key_values", "present");
        let held = names.iter().position(|name| *name == of_encoder);
        let input = match held {
            Some(at) => Input::Held(&*encoded[at]),
            None if spec.dims.len() == 4 => Input::Floats(shape, &zeros[..shape.iter().product()]),
            None => Input::Ints(&[1, 1], &[50_258]),
        };
        (spec.name.as_str(), input)
    });
    net.run(&fed.collect::<Vec<_>>(), &["logits"])
        .expect("it runs")
}

fn transcribe(
    engine: &dyn Transcribe,
    clip: &Clip,
    language: Option<&str>,
    words: bool,
) -> Transcript {
    let task = TranscribeTask {
        audio: Box::new(ClipReader::from(clip.clone())),
        language: language.map(str::to_owned),
        into_english: false,
        words,
        scores: false,
        temperature: 0.0,
        beams: 1,
        prompt: None,
        keywords: Vec::new(),
    };
    transcribe_whole(engine, task, &cancellation()).expect("it transcribes")
}

fn recognition(criterion: &mut Criterion) {
    let (graphs, whisper, silero) = (graphs(), pack("whisper-base"), pack("silero-vad"));
    let clip = speech();
    let mut group = criterion.benchmark_group("recognition");
    group.sample_size(10);

    let detector = vad::build(&silero, &graphs).expect("it loads");
    group.bench_function("speech_detection_1_s", |b| {
        b.iter(|| {
            let mut detector = detector.fork();
            let hops = clip.samples[..RATE_HZ as usize].chunks_exact(vad::HOP);
            hops.for_each(|hop| {
                black_box(detector.step(hop).expect("it runs"));
            })
        })
    });

    let encoder = graphs.load(&whisper, "encoder").expect("it loads");
    for seconds in [3, 30] {
        group.bench_function(format!("encoder_{seconds}_s"), |b| {
            b.iter(|| encode(&*encoder, seconds * HOPS_S))
        });
    }
    let decoder = graphs.load(&whisper, "decoder").expect("it loads");
    let encoded = encode(&*encoder, 30 * HOPS_S);
    let names = encoder.signature().outputs.iter().map(|o| o.name.clone());
    let names: Vec<String> = names.collect();
    group.bench_function("decoder_step", |b| {
        b.iter(|| step(&*decoder, &names, &encoded))
    });

    let Ok(Build::Transcribe(build)) = of(&whisper) else {
        panic!("whisper transcribes")
    };
    let engine = build(&whisper, &silero, &graphs).expect("it loads");
    for (name, language, words) in [
        ("text_20_s", Some("en"), false),
        ("text_and_language_20_s", None, false),
        ("text_and_words_20_s", Some("en"), true),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| transcribe(&*engine, &clip, language, words))
        });
    }
    group.finish();
}

criterion_group!(benches, recognition);
criterion_main!(benches);

//! Speaking and transcribing: the engines alone, and the same through the whole server.
//!
//! Throughput is given in seconds of sound; its inverse is the real-time factor, which is printed as well. The pair
//! `kokoro_120_chars_rtf` and `http_tts_120_chars_rtf` is measured alternately within one run, so that their ratio
//! holds on a machine whose speed drifts.
//!
//! Needs the fetched packs (scripts/fetch-models --all).

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use vocabox::app::{App, Installation};
use vocabox::audio;
use vocabox::capability::Capability;
use vocabox::config::{Common, CommonFlags, Flags, Models, ServeFlags};
use vocabox::engine::contract::{
    CancellationToken, Speak, Transcribe, TranscribeTask, Utterance, speak_whole, transcribe_whole,
};

/// 120 characters.
const TEXT: &str = "The harbour was quiet that evening, and the last ferry had left an hour before the rain began to fall on \
                    the empty quay.";

fn common(data_dir: &str) -> Common {
    Common::resolve(&CommonFlags {
        flags: Flags::default()
            .with("data_dir", data_dir)
            .with("models_dir", concat!(env!("CARGO_MANIFEST_DIR"), "/models")),
        ..CommonFlags::default()
    })
    .expect("sound options")
}

fn models() -> Models {
    common("data")
        .models(&Flags::default())
        .expect("sound options")
}

fn cancellation() -> CancellationToken {
    CancellationToken::until(Instant::now() + Duration::from_secs(600))
}

fn speak(engine: &dyn Speak, text: &str) -> f64 {
    let utterance = Utterance {
        text: text.into(),
        voice: "af_heart".to_owned(),
        ..Utterance::default()
    };
    speak_whole(engine, &utterance, &cancellation())
        .expect("it speaks")
        .seconds()
}

fn transcribe(engine: &dyn Transcribe, file: &[u8]) -> f64 {
    let audio =
        audio::open_speech(std::io::Cursor::new(file.to_vec()), 16_000, 600.0).expect("it decodes");
    let task = TranscribeTask {
        audio,
        language: Some("en".to_owned()),
        into_english: false,
        words: true,
        scores: false,
        temperature: 0.0,
        beams: 1,
        prompt: None,
        keywords: Vec::new(),
    };
    transcribe_whole(engine, task, &cancellation())
        .expect("it transcribes")
        .seconds
}

/// Sends one `POST /voice/tts` on a new connection; returns the seconds of sound in the answer.
fn speak_over_http(address: SocketAddr, key: &str, text: &str) -> f64 {
    let body = serde_json::json!({ "text": text }).to_string();
    let mut stream = TcpStream::connect(address).expect("the server listens");
    write!(
        stream,
        "POST /voice/tts HTTP/1.1\r\nHost: server\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("it takes the request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    let head = answer
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .expect("a head")
        + 4;
    assert!(
        answer.starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&answer[..head])
    );
    (answer.len() - head - 44) as f64 / 48_000.0
}

/// Mean real-time factors of two ways to make the same sound, measured alternately.
fn in_turn(rounds: usize, mut a: impl FnMut() -> f64, mut b: impl FnMut() -> f64) -> (f64, f64) {
    let rtf = |f: &mut dyn FnMut() -> f64| {
        let begun = Instant::now();
        let seconds = f();
        begun.elapsed().as_secs_f64() / seconds
    };
    let (mut sum_a, mut sum_b) = (0.0, 0.0);
    for _ in 0..rounds {
        sum_a += rtf(&mut a);
        sum_b += rtf(&mut b);
    }
    (sum_a / rounds as f64, sum_b / rounds as f64)
}

fn speaking(c: &mut Criterion) {
    let installation =
        Installation::open(&models(), &[Capability::Speak]).expect("packs are fetched");
    let engine = installation.build_speak().expect("it loads");
    let short = "Good morning, everyone.";
    let long = TEXT.repeat(8);
    let mut group = c.benchmark_group("kokoro");
    group.sample_size(10);
    for (name, text) in [
        ("kokoro_23_chars_rtf", short),
        ("kokoro_120_chars_rtf", TEXT),
        ("kokoro_960_chars_rtf", &long),
    ] {
        let begun = Instant::now();
        let seconds = speak(&*engine, text);
        println!(
            "{name}: real-time factor {:.3} ({seconds:.1} s)",
            begun.elapsed().as_secs_f64() / seconds
        );
        group.bench_function(name, |b| b.iter(|| speak(&*engine, black_box(text))));
    }
    group.finish();

    let folder = tempfile::tempdir().expect("a folder");
    let data_dir = folder.path().join("data");
    let common = common(data_dir.to_str().expect("a path of UTF-8"));
    let options = ServeFlags {
        server: Flags::default().with("listen", "127.0.0.1:0"),
        ..ServeFlags::default()
    };
    let serve = common.serve(&options).expect("sound options");
    let app = App::open(&serve).expect("it opens");
    let store = &app.context.store;
    store
        .create_account("bench", 100_000, true, None)
        .expect("an account");
    let (secret, _) = store
        .create_key(
            "bench",
            "bench",
            vocabox::store::KeyEnv::Test,
            Default::default(),
        )
        .expect("a key");
    let (address, key) = (app.edge.local_addr(), secret.reveal().to_owned());
    let mut group = c.benchmark_group("http");
    group.sample_size(10);
    group.bench_function("http_tts_120_chars_rtf", |b| {
        b.iter(|| speak_over_http(address, &key, TEXT))
    });
    group.finish();
    let (alone, served) = in_turn(
        15,
        || speak(&*engine, TEXT),
        || speak_over_http(address, &key, TEXT),
    );
    println!(
        "in turn, 15 rounds: engine {alone:.4}, over HTTP {served:.4}, ratio {:.3}",
        served / alone
    );
}

fn listening(c: &mut Criterion) {
    let capabilities = [Capability::Transcribe];
    let installation = Installation::open(&models(), &capabilities).expect("packs are fetched");
    let file = std::fs::read(models().models_dir.join("test-speech/two_cities.wav"))
        .expect("scripts/fetch-models --all");
    let mut group = c.benchmark_group("whisper");
    group.sample_size(10);
    let engine = installation.build_transcribe().expect("it loads");
    let begun = Instant::now();
    let seconds = transcribe(&*engine, &file);
    println!(
        "whisper_base_44_s_rtf: real-time factor {:.3}",
        begun.elapsed().as_secs_f64() / seconds
    );
    group.bench_function("whisper_base_44_s_rtf", |b| {
        b.iter(|| transcribe(&*engine, &file))
    });
    group.finish();
}

criterion_group!(benches, speaking, listening);
criterion_main!(benches);

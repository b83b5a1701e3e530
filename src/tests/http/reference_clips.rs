//! What `POST /voice/clone` takes for one person's speech, however it was recorded.

use crate::http::cloning::{clone, cloning_models, launch};
use crate::http::voice::{samples, wav};
use crate::support::server::{link, recording};

#[test]
fn silence_rate_and_codec_do_not_change_the_verdict() {
    let models = cloning_models();
    let server = launch(models.path(), &[]);
    let client = server.client();
    let read = |name: &str| std::fs::read(recording(name)).unwrap();
    let all = samples(&read("two_cities.wav"));
    let sound: Vec<f32> = all.iter().map(|s| f32::from(*s) / 32_768.0).collect();
    let (start, end) = (&sound[..8 * 48_000], &sound[8 * 48_000..14 * 48_000]);
    let silence = |seconds: usize| vec![0.0; seconds * 48_000];
    let padded = |parts: &[&[f32]]| wav(48_000, parts.concat().into_iter());
    let quiet: Vec<f32> = start.iter().map(|s| s / 20.0).collect();
    let mut files = vec![
        ("before", padded(&[&silence(1), start, end])),
        ("long before", padded(&[&silence(30), start, end])),
        ("inside", padded(&[start, &silence(10), end])),
        ("after", padded(&[start, end, &silence(20)])),
        ("quiet", padded(&[&quiet, &silence(2)])),
    ];
    for name in ["8k.wav", "flac", "mp3", "m4a", "opus"] {
        files.push((name, read(&format!("two_cities.{name}"))));
    }
    for (name, file) in files {
        let answer = clone(&client, &file, &[("name", "a")]);
        let said = String::from_utf8_lossy(&answer.body);
        assert_eq!(answer.status, 200, "{name}: {said}");
        let quality = &answer.json()["quality"];
        assert!(
            quality["speech_seconds"].as_f64().unwrap() > 6.0,
            "{name}: {quality}"
        );
    }
}

#[test]
fn music_and_noise_are_no_speech() {
    let models = cloning_models();
    link(models.path(), "silero-vad");
    let server = launch(models.path(), &[]);
    let length = 12 * 16_000;
    let at = |n: usize, hz: f32| (n as f32 * hz * std::f32::consts::TAU / 16e3).sin();
    // Chords of eight harmonics that change twice a second and decay.
    let roots = [220.0, 174.6, 261.6, 196.0];
    let chords = (0..length).map(|n| {
        let within = (n % 8_000) as f32 / 16e3;
        let root = roots[n / 16_000 % 4];
        let note = |hz: f32| (1..9).map(|h| at(n, hz * h as f32) / h as f32).sum::<f32>();
        let chord: f32 = [1.0, 1.25, 1.5].iter().map(|r| note(root * r)).sum();
        0.1 * (-3.0 * within).exp() * chord
    });
    let mut state = 7_u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let hiss: Vec<f32> = (0..length).map(|_| 0.2 * random()).collect();
    // The rattle of an engine, seven times a second.
    let rattle: Vec<f32> = (hiss.iter().enumerate())
        .map(|(n, s)| if n * 14 / 16_000 % 2 == 0 { *s } else { 0.0 })
        .collect();
    let hum = (0..length).map(|n| 0.1 * (1..20).map(|h| at(n, 50.0 * h as f32)).sum::<f32>() / 4.0);
    for (name, file) in [
        ("chords", wav(16_000, chords)),
        ("hiss", wav(16_000, hiss.into_iter())),
        ("rattle", wav(16_000, rattle.into_iter())),
        ("hum", wav(16_000, hum)),
    ] {
        let answer = clone(&server.client(), &file, &[("name", "a")]);
        assert_eq!(answer.status, 400, "{name}");
        assert!(
            answer.detail().contains("no speech"),
            "{name}: {}",
            answer.detail()
        );
    }
}

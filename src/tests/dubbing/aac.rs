//! Films whose new sound is AAC.
//!
//! The films stay in `target/tmp/films-aac`, for `scripts/check_containers.py --after`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vocabox::audio::decode::StereoReader;
use vocabox::audio::encode::Codec;
use vocabox::dub::request::RenderRequest;
use vocabox::fault::Kind;
use vocabox::media::{self, Container};

use crate::dubbing::films::{film, open, packets, sweep, track_in};
use crate::dubbing::jobs::{job, stubs};
use crate::dubbing::render::{download, order, rendered};
use crate::support::server::Server;

/// The film with `frames` as its sound.
fn dubbed(name: &str, channels: usize, frames: &[f32]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("films-aac");
    fs::create_dir_all(&folder).unwrap();
    let mut out = tempfile::NamedTempFile::new_in(&folder).unwrap();
    let sound = track_in(Codec::Aac, channels, frames);
    media::replace_audio(open(&film(name)), &sound, None, out.as_file_mut()).unwrap();
    let path = folder.join(name);
    out.persist(&path).unwrap();
    path
}

fn has(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

#[test]
fn films_in_mp4_get_aac_and_keep_their_picture() {
    for (name, channels) in [
        ("frames.mp4", 2),
        ("fragmented.mp4", 1),
        ("late.mp4", 2),
        ("quicktime.mov", 1),
    ] {
        let picture = media::inspect(open(&film(name))).unwrap().unwrap();
        let left = sweep(picture.duration_s);
        let right = left.iter().rev();
        let frames: Vec<f32> = match channels {
            1 => left.clone(),
            _ => left.iter().zip(right).flat_map(|(l, r)| [*l, *r]).collect(),
        };
        let path = dubbed(name, channels, &frames);
        assert!(packets(&film(name)) == packets(&path), "{name}");
        let copied = media::inspect(open(&path)).unwrap().unwrap();
        let longer_s = copied.duration_s - picture.duration_s;
        assert!(longer_s.abs() < 0.0015, "{name}: {longer_s} s longer");
        let bytes = fs::read(&path).unwrap();
        assert!(has(&bytes, b"mp4a") && has(&bytes, b"esds"), "{name}");
        assert!(!has(&bytes, b"roll") && !has(&bytes, b"dOps"), "{name}");
        let mut wide = StereoReader::open(open(&path), 48_000, 60.0).unwrap();
        assert_eq!(wide.channels(), channels, "{name}");
        let mut heard = Vec::new();
        while wide.read(&mut heard, 10_007).unwrap() > 0 {}
        // Equal to a millisecond, the unit of a movie's time.
        let off = (heard.len() / channels).abs_diff(left.len());
        assert!(off <= 48, "{name}: {off} samples");
        let dot =
            |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum() };
        let likeness = dot(&heard, &frames) / (dot(&heard, &heard) * dot(&frames, &frames)).sqrt();
        assert!(likeness > 0.99, "{name}: {likeness}");
    }
}

#[test]
fn aac_of_any_length_goes_in() {
    for samples in [0, 1, 1_023, 1_024, 1_025, 48_000] {
        let sound = track_in(Codec::Aac, 1, &sweep(f64::from(samples) / 48_000.0));
        let mut out = tempfile::tempfile().unwrap();
        media::replace_audio(open(&film("frames.mp4")), &sound, None, &mut out).unwrap();
        let heard = StereoReader::open(out, 48_000, 60.0).map_or(0, |mut wide| {
            let mut heard = Vec::new();
            while wide.read(&mut heard, 10_007).unwrap() > 0 {}
            heard.len()
        });
        let off = heard.abs_diff(samples as usize);
        // An edit of length 0 stands for the whole track (ISO/IEC 14496-12 §8.6.6): one packet of silence.
        let most = if samples == 0 { 1_024 } else { 48 };
        assert!(off <= most, "{heard} of {samples}");
    }
}

#[test]
fn webm_and_matroska_refuse_aac() {
    for name in ["film.webm", "film.mkv"] {
        let mut out = tempfile::tempfile().unwrap();
        let sound = track_in(Codec::Aac, 1, &[0.1; 4_800]);
        let fault = media::replace_audio(open(&film(name)), &sound, None, &mut out).unwrap_err();
        assert_eq!(fault.kind, Kind::Invalid);
        assert!(fault.sentence.contains("aac cannot be in"), "{fault}");
        assert_eq!(out.metadata().unwrap().len(), 0, "{name}");
        let picture = media::inspect(open(&film(name))).unwrap().unwrap();
        assert_eq!(picture.container, Container::Webm);
    }
}

#[test]
fn a_render_is_in_the_codec_that_is_asked_for() {
    let models = stubs();
    let server = Server::launch(models.path(), &[]);
    let client = server.client();
    let original = fs::read(film("frames.mp4")).unwrap();
    for (codec, entry, other) in [("aac", b"mp4a", b"Opus"), ("opus", b"Opus", b"mp4a")] {
        let mut fields = order();
        fields.push(("audio_codec", codec.to_owned()));
        let id = rendered(&client, &original, &fields);
        let made = download(&client, &job(&client, &id)["result"]["video_url"]);
        assert!(has(&made, entry) && !has(&made, other), "{codec}");
    }
}

#[test]
fn orders_from_before_there_was_aac_are_in_opus() {
    let mut stored = json!({
        "segments": [], "voice_map": {}, "language": "en", "keep_background": true,
    });
    let read = |stored: &Value| serde_json::from_value::<RenderRequest>(stored.clone()).unwrap();
    assert_eq!(read(&stored).audio_codec, Codec::Opus);
    stored["audio_codec"] = "aac".into();
    assert_eq!(read(&stored).audio_codec, Codec::Aac);
}

//! Films in stereo stay in stereo, with each side where it was.

use std::fs;
use std::io::Cursor;
use std::ops::Range;
use std::path::Path;

use vocabox::audio::decode::StereoReader;
use vocabox::media::{self, Container};

use crate::dubbing::films::{film, open, sweep, track_of};
use crate::dubbing::jobs::{job, stubs};
use crate::dubbing::render::{download, film_with, order, rendered};
use crate::support::server::Server;

#[test]
fn stereo_stays_on_its_sides() {
    for name in ["frames.mp4", "fragmented.mp4", "film.webm", "film.mkv"] {
        let picture = media::inspect(open(&film(name))).unwrap().unwrap();
        let left = sweep(picture.duration_s);
        let right: Vec<f32> = left.iter().rev().copied().collect();
        let frames: Vec<f32> = left
            .iter()
            .zip(&right)
            .flat_map(|(l, r)| [*l, *r])
            .collect();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("films");
        fs::create_dir_all(&folder).unwrap();
        let mut out = tempfile::NamedTempFile::new_in(&folder).unwrap();
        let sound = track_of(2, &frames);
        media::replace_audio(open(&film(name)), &sound, None, out.as_file_mut()).unwrap();
        let path = folder.join(format!("stereo.{name}"));
        out.persist(&path).unwrap();
        let mut wide = StereoReader::open(open(&path), 48_000, 60.0).unwrap();
        assert_eq!(wide.channels(), 2, "{name}");
        let mut heard = Vec::new();
        while wide.read(&mut heard, 10_007).unwrap() > 0 {}
        assert!((heard.len() / 2).abs_diff(left.len()) <= 960, "{name}");
        let dot =
            |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum() };
        for (at, (own, other)) in [(&left, &right), (&right, &left)].into_iter().enumerate() {
            let side: Vec<f32> = heard.iter().skip(at).step_by(2).copied().collect();
            let like = |a: &[f32]| dot(&side, a) / (dot(&side, &side) * dot(a, a)).sqrt();
            assert!(like(own) > 0.99, "{name}, {at}: {}", like(own));
            assert!(like(other).abs() < 0.1, "{name}, {at}: {}", like(other));
        }
        let bytes = fs::read(&path).unwrap();
        let found = |what: &[u8]| bytes.windows(what.len()).any(|w| w == what);
        // Channels in the header of Opus; MP4 has them in bytes 16 and 17 of the sample entry, too.
        match picture.container {
            Container::Mp4 => {
                assert!(found(b"dOps\0\x02") && found(b"\0\0\0\x02\0\x10\0\0\0\0\xbb\x80"))
            }
            Container::Webm => assert!(found(b"OpusHead\x01\x02") && found(b"\x9f\x81\x02")),
        }
    }
}

/// Energy of each channel of a file in `spans` of its seconds.
fn energies(file: Vec<u8>, spans: &[Range<f64>]) -> Vec<Vec<f64>> {
    let mut wide = StereoReader::open(Cursor::new(file), 48_000, 600.0).unwrap();
    let channels = wide.channels();
    let mut frames = Vec::new();
    while wide.read(&mut frames, 48_000).unwrap() > 0 {}
    let energy = |span: &Range<f64>| {
        let at = |seconds: f64| channels * (seconds * 48_000.0) as usize;
        let part = &frames[at(span.start)..at(span.end)];
        (0..channels)
            .map(|c| {
                part.iter()
                    .skip(c)
                    .step_by(channels)
                    .map(|s| f64::from(s * s))
                    .sum()
            })
            .collect()
    };
    spans.iter().map(energy).collect()
}

#[test]
fn a_film_in_stereo_is_dubbed_in_stereo() {
    let models = stubs();
    let server = Server::launch(models.path(), &[]);
    let client = server.client();
    // A tone on the left for two seconds, then on the right.
    let tone = |n: usize| 0.2 * (n as f32 * 0.05).sin();
    let frame = |n: usize| match n < 96_000 {
        true => [tone(n), 0.0],
        false => [0.0, tone(n)],
    };
    let frames: Vec<f32> = (0..192_000).flat_map(frame).collect();
    for name in ["frames.mp4", "film.webm"] {
        let film = film_with(name, 2, &frames);
        for keep in ["true", "false"] {
            let mut fields = order();
            fields.push(("keep_background", keep.to_owned()));
            let id = rendered(&client, &film, &fields);
            let result = job(&client, &id)["result"].clone();
            for url in ["video_url", "audio_url"] {
                // Spans apart from the lines, which are at the start and in the middle.
                let spans = [0.5..1.8, 2.2..3.5];
                let heard = energies(download(&client, &result[url]), &spans);
                assert_eq!(heard[0].len(), 2, "{name}, {url}");
                if keep == "true" {
                    assert!(
                        heard[0][0] > 500.0 && heard[0][1] < 0.01 * heard[0][0],
                        "{heard:?}"
                    );
                    assert!(
                        heard[1][1] > 500.0 && heard[1][0] < 0.01 * heard[1][1],
                        "{heard:?}"
                    );
                } else {
                    assert!(heard.iter().flatten().all(|e| *e < 1.0), "{heard:?}");
                }
            }
        }
    }
}

//! Films in every container that dubbing takes get a new sound track, and keep their picture.
//!
//! The films stay in `target/tmp/films`, for `scripts/check_containers.py`, which reads them with ffmpeg.

use std::fs::{self, File};
use std::io::Cursor;
use std::path::{Path, PathBuf};

use mp4_atom::{Moof, Moov, ReadFrom};
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use vocabox::audio;
use vocabox::audio::encode::Codec;
use vocabox::audio::pcm::{Clip, read_all};
use vocabox::fault::Kind;
use vocabox::media::{self, Container, Picture, SoundTrack, TrackWriter};

/// The films of the pack `test-video` that have a picture, and its seconds.
const FILMS: &[(&str, f64)] = &[
    ("frames.mp4", 4.0),
    ("faststart.mp4", 4.0),
    ("silent.mp4", 4.0),
    ("fragmented.mp4", 4.0),
    ("hybrid.mp4", 4.0),
    ("each.mp4", 4.0),
    ("edits.mp4", 4.0),
    ("cmaf.mp4", 4.0),
    ("vary.mp4", 4.0),
    ("late.mp4", 4.6),
    ("subtitles.mp4", 4.0),
    ("hevc.mp4", 4.0),
    ("quicktime.mov", 4.0),
    ("mpeg4.mov", 4.0),
    ("film.webm", 4.0),
    ("live.webm", 4.0),
    ("film.mkv", 4.0),
];
/// Seconds of one frame of these films; the film with dropped frames has longer ones.
const FRAME_S: f64 = 0.04;

/// The path of a film of the pack `test-video`.
pub fn film(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("models/test-video")
        .join(name)
}

/// Opens a file for reading.
pub fn open(path: &Path) -> File {
    File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A frequency sweep at 48 kHz, which differs from itself under any shift in time.
pub fn sweep(seconds: f64) -> Vec<f32> {
    let count = (seconds * 48_000.0).round() as usize;
    (0..count)
        .map(|n| {
            let t = n as f64 / 48_000.0;
            (0.4 * (std::f64::consts::TAU * (200.0 * t + 300.0 * t * t)).sin()) as f32
        })
        .collect()
}

fn track(samples: &[f32]) -> SoundTrack {
    track_of(1, samples)
}

/// Interleaved frames as an Opus track.
pub fn track_of(channels: usize, frames: &[f32]) -> SoundTrack {
    track_in(Codec::Opus, channels, frames)
}

/// Interleaved frames as a track of this codec.
pub fn track_in(codec: Codec, channels: usize, frames: &[f32]) -> SoundTrack {
    let scratch = tempfile::tempfile().unwrap();
    let mut writer = TrackWriter::new(scratch, channels, codec).unwrap();
    for piece in frames.chunks(channels * 10_007) {
        writer.push(piece).unwrap();
    }
    writer.finish("eng").unwrap()
}

/// The film with the sweep as its sound, as long as its picture.
fn dubbed(name: &str) -> (Picture, PathBuf) {
    let picture = media::inspect(open(&film(name))).unwrap().unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("films");
    fs::create_dir_all(&folder).unwrap();
    // Other tests write the same film at the same time, so it is renamed into place.
    let mut out = tempfile::NamedTempFile::new_in(&folder).unwrap();
    let sound = track(&sweep(picture.duration_s));
    media::replace_audio(open(&film(name)), &sound, None, out.as_file_mut()).unwrap();
    let path = folder.join(name);
    out.persist(&path).unwrap();
    (picture, path)
}

fn demuxed(path: &Path) -> Box<dyn FormatReader> {
    let source = MediaSourceStream::new(Box::new(open(path)), Default::default());
    let (formats, metadata) = (FormatOptions::default(), Default::default());
    symphonia::default::get_probe()
        .probe(&Hint::new(), source, formats, metadata)
        .unwrap()
}

/// The numbers of the sound tracks, and of the other tracks.
fn tracks(format: &dyn FormatReader) -> (Vec<u32>, Vec<u32>) {
    let tracks = format.tracks().iter();
    let (sound, other): (Vec<_>, Vec<_>) =
        tracks.partition(|t| t.track_type() == Some(TrackType::Audio));
    let ids = |tracks: Vec<&symphonia::core::formats::Track>| tracks.iter().map(|t| t.id).collect();
    (ids(sound), ids(other))
}

/// All packets of other tracks than sound: track, decoding time, presentation time, duration, and bytes; in the order
/// of each track.
pub fn packets(path: &Path) -> Vec<(u32, i64, i64, u64, Vec<u8>)> {
    let mut format = demuxed(path);
    let (_, kept) = tracks(format.as_ref());
    let mut packets = Vec::new();
    while let Ok(Some(packet)) = format.next_packet() {
        if kept.contains(&packet.track_id) {
            packets.push((
                packet.track_id,
                packet.dts.get(),
                packet.pts.get(),
                packet.dur.get(),
                packet.data.to_vec(),
            ));
        }
    }
    packets.sort_by_key(|packet| (packet.0, packet.1));
    packets
}

#[test]
fn pictures_and_subtitles_keep_every_byte_and_time() {
    for (name, _) in FILMS {
        let (_, path) = dubbed(name);
        let (before, after) = (packets(&film(name)), packets(&path));
        assert!(before.len() >= 50, "{name}: {} packets", before.len());
        assert_eq!(before.len(), after.len(), "{name}");
        for (i, (a, b)) in before.iter().zip(&after).enumerate() {
            assert!(
                a == b,
                "{name}: packet {i} at {} became one at {}",
                a.1,
                b.1
            );
        }
    }
}

#[test]
fn lengths_are_those_of_the_picture() {
    for (name, seconds) in FILMS {
        let picture = media::inspect(open(&film(name))).unwrap().unwrap();
        assert!(
            (picture.duration_s - seconds).abs() <= 2.5 * FRAME_S,
            "{name}: {} s",
            picture.duration_s
        );
        assert_eq!(
            (picture.width, picture.height),
            (Some(192), Some(144)),
            "{name}"
        );
        let expected = match name.ends_with(".webm") || name.ends_with(".mkv") {
            true => Container::Webm,
            false => Container::Mp4,
        };
        assert_eq!(picture.container, expected, "{name}");
        // The copy has the same picture, to the unit of the movie's time.
        let copied = media::inspect(open(&dubbed(name).1)).unwrap().unwrap();
        assert!(
            (copied.duration_s - picture.duration_s).abs() < 0.0015,
            "{name}"
        );
    }
}

#[test]
fn the_new_sound_is_the_only_one_and_is_heard_whole() {
    for (name, _) in FILMS {
        let (picture, path) = dubbed(name);
        let (sound, _) = tracks(demuxed(&path).as_ref());
        assert_eq!(sound.len(), 1, "{name}");
        let ideal = sweep(picture.duration_s);
        let heard: Clip = read_all(
            audio::open_speech(open(&path), 48_000, 60.0)
                .unwrap()
                .as_mut(),
        )
        .unwrap();
        let off = heard.samples.len().abs_diff(ideal.len());
        // symphonia ignores WebM's padding at the end: up to one packet more.
        assert!(off <= 960, "{name}: {off} samples");
        let dot =
            |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum() };
        let likeness = dot(&heard.samples, &ideal)
            / (dot(&heard.samples, &heard.samples) * dot(&ideal, &ideal)).sqrt();
        assert!(likeness > 0.99, "{name}: {likeness}");
    }
}

/// For each sample of the picture: presentation time minus decoding time, and whether decoding may start with it.
fn shown(bytes: &[u8]) -> Vec<(i64, bool)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at + 8 <= bytes.len() {
        let size = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        let size = match size {
            1 => u64::from_be_bytes(bytes[at + 8..at + 16].try_into().unwrap()) as usize,
            size => size,
        };
        let mut whole = Cursor::new(&bytes[at..at + size]);
        match &bytes[at + 4..at + 8] {
            b"moov" => found.extend(of_head(&Moov::read_from(&mut whole).unwrap())),
            b"moof" => found.extend(of_fragment(&Moof::read_from(&mut whole).unwrap())),
            _ => {}
        }
        at += size;
    }
    found
}

fn of_head(moov: &Moov) -> Vec<(i64, bool)> {
    let is_picture = |t: &&mp4_atom::Trak| t.mdia.hdlr.handler == mp4_atom::FourCC::new(b"vide");
    let stbl = &moov.trak.iter().find(is_picture).unwrap().mdia.minf.stbl;
    let count: u32 = stbl.stts.entries.iter().map(|e| e.sample_count).sum();
    let offsets = stbl.ctts.iter().flat_map(|table| &table.entries);
    let mut offsets =
        offsets.flat_map(|e| std::iter::repeat_n(e.sample_offset, e.sample_count as usize));
    (1..=count)
        .map(|number| {
            let is_sync = stbl
                .stss
                .as_ref()
                .is_none_or(|s| s.entries.contains(&number));
            (offsets.next().unwrap_or(0), is_sync)
        })
        .collect()
}

fn of_fragment(moof: &Moof) -> Vec<(i64, bool)> {
    let picture = moof.traf.iter().filter(|traf| traf.tfhd.track_id == 1);
    picture
        .flat_map(|traf| {
            let default = traf.tfhd.default_sample_flags.unwrap_or(0);
            traf.trun.iter().flat_map(move |run| {
                run.samples.iter().map(move |entry| {
                    let flags = entry.flags.unwrap_or(default);
                    (entry.cts.unwrap_or(0), flags & 0x0101_0000 == 0)
                })
            })
        })
        .collect()
}

#[test]
fn frames_of_mp4_are_shown_and_started_with_as_before() {
    let mut reordered = 0;
    for (name, _) in FILMS.iter().filter(|(name, _)| name.ends_with(".mp4")) {
        let before = shown(&fs::read(film(name)).unwrap());
        let after = shown(&fs::read(dubbed(name).1).unwrap());
        assert!(before.len() >= 50 && before == after, "{name}");
        assert!(before.iter().any(|(_, is_sync)| !is_sync), "{name}");
        reordered += usize::from(before.iter().any(|(offset, _)| *offset != before[0].0));
    }
    assert!(reordered >= 8, "{reordered} films have frames out of order");
}

#[test]
fn sound_alone_is_no_film() {
    for name in ["sound.mp4", "sound.webm", "two_cities.wav"] {
        assert_eq!(media::inspect(open(&film(name))).unwrap(), None, "{name}");
        let mut out = tempfile::tempfile().unwrap();
        let fault = media::replace_audio(open(&film(name)), &track(&sweep(0.5)), None, &mut out);
        let fault = fault.unwrap_err();
        assert_eq!(fault.kind, Kind::Invalid);
        assert!(fault.sentence.contains("no picture"), "{fault}");
    }
}

#[test]
fn a_sound_of_any_length_goes_in() {
    for name in ["frames.mp4", "film.webm"] {
        for samples in [0, 1, 647, 648, 649, 48_000, 480_000] {
            let mut out = tempfile::tempfile().unwrap();
            let sound = track(&sweep(f64::from(samples) / 48_000.0));
            media::replace_audio(open(&film(name)), &sound, None, &mut out).unwrap();
            let length = out.metadata().unwrap().len();
            let heard =
                audio::open_speech(out, 48_000, 60.0).and_then(|mut s| read_all(s.as_mut()));
            let heard = heard.map_or(0, |clip| clip.samples.len());
            assert!(
                heard.abs_diff(samples as usize) <= 960,
                "{name}: {heard} of {samples}"
            );
            assert!(length > 50_000, "{name}: {length} bytes");
        }
    }
}

#[test]
fn a_film_whose_picture_symphonia_refuses_is_heard_and_dubbed() {
    // x265 writes its settings into the description of the picture, which becomes longer than symphonia reads.
    let name = "x265.mp4";
    let heard = |path: &Path| {
        let mut sound = audio::open_speech(open(path), 48_000, 60.0).unwrap();
        read_all(sound.as_mut()).unwrap().samples.len()
    };
    assert!(heard(&film(name)).abs_diff(4 * 48_000) < 48_000 / 20);
    let (picture, path) = dubbed(name);
    assert!(heard(&path).abs_diff((48_000.0 * picture.duration_s) as usize) <= 960);
    assert_eq!(
        shown(&fs::read(film(name)).unwrap()),
        shown(&fs::read(path).unwrap())
    );
}

#[test]
fn a_full_disk_is_told() {
    for name in ["frames.mp4", "film.webm"] {
        let mut full = File::options().write(true).open("/dev/full").unwrap();
        let track = track(&sweep(4.0));
        let fault = media::replace_audio(open(&film(name)), &track, None, &mut full).unwrap_err();
        assert_eq!(fault.kind, Kind::Missing, "{name}: {fault}");
        assert!(fault.sentence.contains("disk") && fault.sentence.contains("full"));
    }
}

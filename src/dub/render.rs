//! Lines in another language → the same file with these lines spoken: the unchanged picture, a new sound track, and
//! subtitles.
//!
//! Memory does not grow with the length of the file: the original is read block by block, spoken lines wait in an
//! unnamed file, and results are written directly to their files.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};

use isolang::Language;

use super::assignment::assign;
use super::fit::{self, Fitted};
use super::line_file::LineFile;
use super::line_room::{LineRoom, has_words};
use super::line_speech::{LineCounts, LineSpeaker};
use super::mix::{self, PlacedLine};
use super::mux::{self, Container, TrackWriter};
use super::original::{AudioFrames, LineLoudness, RATE_HZ, Silence};
use super::request::{RenderRequest, ScriptLine};
use super::sound::{Original, SPEECH_RATE_HZ, Whole};
use super::voices::{DubVoice, DubVoices};
use crate::audio::encode::{WavWriter, mark_wav_file};
use crate::audio::mark::SyntheticMark;
use crate::engine::contract::CancellationToken;
use crate::fault::{Fault, Kind};
use crate::provenance::ContentSigner;
use crate::store::AccountId;
use crate::text::subtitles::{SubtitleLayout, TimedText, captions, srt, vtt};

/// What is said of all that a render makes.
const MARK: SyntheticMark = SyntheticMark::Part;

/// Name of the film that a render makes.
pub const VIDEO: &str = "video";
/// Name of the new sound track, a WAV file.
pub const AUDIO: &str = "audio";
/// Name of the SubRip subtitles.
pub const SRT: &str = "subtitles.srt";
/// Name of the WebVTT subtitles.
pub const VTT: &str = "subtitles.vtt";

/// Progress of a render after each of its steps.
const HEARD: f64 = 0.05;
const ASSIGNED: f64 = 0.1;
const SPOKEN: f64 = 0.85;
const LAID: f64 = 0.95;

/// Bytes per second and channel of the new track, as samples and as packets; and bytes per second of the waiting lines
/// (mono, 16 bits).
const WAV_BYTES: u64 = 2 * RATE_HZ as u64;
const PACKET_BYTES: u64 = 16_000;
const LINE_BYTES: u64 = 2 * RATE_HZ as u64;
/// Bytes of all other files.
const OTHER_BYTES: u64 = 1 << 20;

/// The files that a render reads and writes.
pub trait RenderFiles {
    /// Opens the original, from its start.
    fn open(&self) -> Result<File, Fault>;

    /// Reserves `bytes`, the size of all files of the render, the original included, before any is written. Faults:
    /// `Missing` when there is no room.
    fn reserve(&self, bytes: u64) -> Result<(), Fault>;

    /// A new unnamed file.
    fn scratch(&self) -> Result<File, Fault>;

    /// What signs the film and the sound; none where they are not signed.
    fn signer(&self) -> Option<&ContentSigner>;

    /// Makes the file called `name` with the content that `write` writes, whole or not at all.
    fn make(&self, name: &str, write: &mut WriteFile<'_>) -> Result<(), Fault>;
}

/// Writes the content of a file.
pub type WriteFile<'a> = dyn FnMut(&mut File) -> Result<(), Fault> + 'a;

/// The result of a render.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    pub seconds: f64,
    /// Whether the render made a [`VIDEO`]; it always makes an [`AUDIO`].
    pub has_picture: bool,
    /// One line for each segment.
    pub lines: Vec<RenderedLine>,
    pub counts: LineCounts,
}

/// The result for one line.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderedLine {
    /// Id of the voice; none if nothing of the line could be spoken.
    pub voice_id: Option<String>,
    /// Length of the line at speed 1 divided by its own time.
    pub fit_ratio: f64,
    /// Whether the end of the line, or all of it, is missing.
    pub truncated: bool,
    /// Start and end of the spoken line in seconds.
    pub start_s: f64,
    pub end_s: f64,
}

/// Renders. `account` owns the cloned voices that may speak; `progress` is called with the share that is done, 0 to 1.
/// Faults: `Invalid` when the file cannot be read, its container does not take the codec, or it ends before a line; and
/// those of reading, speaking and writing, and of `cancellation`.
pub fn render(
    voices: &DubVoices,
    account: Option<AccountId>,
    request: &RenderRequest,
    files: &dyn RenderFiles,
    progress: &mut dyn FnMut(f64) -> Result<(), Fault>,
    cancellation: &CancellationToken,
) -> Result<Rendered, Fault> {
    let segments = &request.segments;
    let picture = mux::inspect(files.open()?)?;
    if let Some(picture) = &picture {
        mux::check_codec(picture.container, request.audio_codec)?;
    }
    let original = Original {
        picture: picture.as_ref(),
        request: request.sound(),
        open: &|| files.open(),
    };
    let Whole {
        heard,
        frames,
        channels,
        track: replaced,
    } = original.hear(&spans(segments))?;
    check_ends(segments, frames)?;
    let seconds = frames as f64 / f64::from(RATE_HZ);
    files.reserve(bytes(original.bytes()?, seconds, channels))?;
    progress(HEARD)?;
    cancellation.check()?;
    let assigned = assign(
        voices,
        account,
        segments,
        &request.voice_map,
        &request.language,
        &|| original.sound(SPEECH_RATE_HZ),
        cancellation,
    )?;
    progress(ASSIGNED)?;
    let mut lines = LineFile::new(files.scratch()?);
    let mut told = Vec::with_capacity(segments.len());
    let lexicon = voices.lexicons.of(account)?;
    let mut speaking = LineSpeaker::new(&voices.speech, &voices.cache, account, lexicon);
    let chars = |s: &ScriptLine| s.text.chars().count().max(1);
    let all: usize = segments.iter().map(chars).sum();
    let mut said = 0;
    for (number, segment) in segments.iter().enumerate() {
        cancellation.check()?;
        let room = LineRoom::of(segments, number, seconds);
        let fitted = speak(&mut speaking, &assigned, segment, room, cancellation)?;
        told.push(keep(&mut lines, segment, fitted)?);
        said += chars(segment);
        progress(ASSIGNED + (SPOKEN - ASSIGNED) * said as f64 / all as f64)?;
    }
    let places = places(segments, &lines, heard, frames);
    let mut writer = TrackWriter::new(files.scratch()?, channels, request.audio_codec)?;
    let mut laid = 0;
    files.make(AUDIO, &mut |file| {
        let mut wav = WavWriter::new(BufWriter::new(&mut *file), RATE_HZ, channels)?;
        let background = match request.keep_background {
            true => original.frames()?,
            false => None,
        };
        // Without background the track has the original's channels, too.
        let mut under: Box<dyn AudioFrames> = match background {
            Some(background) => Box::new(background),
            None => Box::new(Silence(channels)),
        };
        mix::mix(
            Some(&mut *under),
            frames,
            &places
                .iter()
                .map(|(_, place)| place.clone())
                .collect::<Vec<_>>(),
            &mut |number| lines.get(places[number].0),
            &mut |block| {
                cancellation.check()?;
                wav.push(block)?;
                writer.push(block)?;
                laid += (block.len() / channels) as u64;
                progress(SPOKEN + (LAID - SPOKEN) * laid as f64 / frames.max(1) as f64)
            },
        )?;
        wav.finish()?;
        mark_wav_file(file, MARK)?;
        match files.signer() {
            Some(signer) => signer.sign_wav(file, MARK),
            None => Ok(()),
        }
    })?;
    let track = writer.finish(&three_letters(&request.language))?;
    let mut track = track.marked(MARK);
    let mut manifest = match (&picture, files.signer()) {
        (Some(picture), Some(signer)) if picture.container == Container::Mp4 => {
            Some(signer.film(MARK)?)
        }
        _ => None,
    };
    if let Some(manifest) = &manifest {
        track = track.with_manifest(manifest.room().to_vec());
    }
    if picture.is_some() {
        files.make(VIDEO, &mut |file| {
            mux::replace_audio(files.open()?, &track, replaced, file)?;
            match manifest.take() {
                Some(manifest) => manifest.sign(file),
                None => Ok(()),
            }
        })?;
    }
    let shown: Vec<TimedText> = segments.iter().zip(&told).map(shown).collect();
    let shown = captions(&shown, SubtitleLayout::default());
    for (name, text) in [(SRT, srt(&shown)), (VTT, vtt(&shown))] {
        files.make(name, &mut |file| {
            file.write_all(text.as_bytes()).map_err(Fault::disk)
        })?;
    }
    Ok(Rendered {
        seconds,
        has_picture: picture.is_some(),
        lines: told,
        counts: speaking.counts(),
    })
}

/// Bytes of all files of a render of an original of `original` bytes.
fn bytes(original: u64, seconds: f64, channels: usize) -> u64 {
    // The original, a film with the new sound, and a temporary file of the new sound's packets.
    let a_second = channels as u64 * (WAV_BYTES + 2 * PACKET_BYTES) + LINE_BYTES;
    2 * original + (seconds * a_second as f64) as u64 + OTHER_BYTES
}

/// Speaks a line and fits it into its room; none if nothing of it can be spoken.
fn speak(
    speaking: &mut LineSpeaker<'_>,
    assigned: &HashMap<String, DubVoice>,
    segment: &ScriptLine,
    room: LineRoom,
    cancellation: &CancellationToken,
) -> Result<Option<(String, Fitted)>, Fault> {
    let voice = assigned.get(&segment.speaker);
    let voice = voice.ok_or_else(|| Fault::internal("a speaker has no role"))?;
    if segment.text.trim().is_empty() {
        return Ok(None);
    }
    let LineRoom { own_s, room_s } = room;
    let spoken = match speaking.line(voice, &segment.text, own_s, cancellation) {
        // The text has only signs that are not spoken, or letters that the voice cannot read.
        Err(fault) if fault.kind == Kind::Invalid => {
            log::info!("a line is not spoken: {fault}");
            return Ok(None);
        }
        spoken => spoken?,
    };
    let fitted = fit::fit(&spoken.clip, spoken.speed, own_s, room_s)?;
    Ok(Some((voice.voice_id.clone(), fitted)))
}

/// Adds a line to the file of waiting lines (an empty one if it is not spoken), and returns the result for it.
fn keep(
    lines: &mut LineFile,
    segment: &ScriptLine,
    spoken: Option<(String, Fitted)>,
) -> Result<RenderedLine, Fault> {
    let Some((voice_id, fitted)) = spoken else {
        lines.add(&[])?;
        return Ok(RenderedLine {
            voice_id: None,
            fit_ratio: 0.0,
            truncated: has_words(&segment.text),
            start_s: segment.start_s,
            end_s: segment.start_s,
        });
    };
    lines.add(&fitted.clip.samples)?;
    Ok(RenderedLine {
        voice_id: Some(voice_id),
        fit_ratio: fitted.fit_ratio,
        truncated: fitted.truncated,
        start_s: segment.start_s,
        end_s: segment.start_s + fitted.clip.seconds(),
    })
}

/// The place of each line that is spoken, with the line's number.
fn places(
    segments: &[ScriptLine],
    lines: &LineFile,
    heard: Vec<LineLoudness>,
    frames: u64,
) -> Vec<(usize, PlacedLine)> {
    let spans = spans(segments);
    let numbered = segments.iter().zip(spans).zip(heard).enumerate();
    let place =
        |(number, ((segment, spoken), heard)): (usize, ((&ScriptLine, _), LineLoudness))| {
            PlacedLine {
                at: frame(segment.start_s).min(frames),
                samples: lines.samples(number),
                spoken,
                heard,
            }
        };
    numbered
        .map(|line| (line.0, place(line)))
        .filter(|(_, place)| place.samples > 0)
        .collect()
}

fn frame(seconds: f64) -> u64 {
    (seconds * f64::from(RATE_HZ)).round() as u64
}

/// The span of each line in the original, in frames; ordered and not overlapping in spite of rounding.
fn spans(segments: &[ScriptLine]) -> Vec<std::ops::Range<u64>> {
    let mut end = 0;
    let span = |segment: &ScriptLine| {
        let start = frame(segment.start_s).max(end);
        end = frame(segment.end_s).max(start);
        start..end
    };
    segments.iter().map(span).collect()
}

fn shown((segment, line): (&ScriptLine, &RenderedLine)) -> TimedText {
    TimedText {
        start_s: segment.start_s,
        // The subtitle is shown at least as long as the line is heard.
        end_s: segment.end_s.max(line.end_s),
        text: segment.text.clone(),
        words: Vec::new(),
    }
}

/// The three-letter code of a language: `eng` for `en-us`.
fn three_letters(language: &str) -> String {
    let base = language.split(['-', '_']).next().unwrap_or_default();
    let known = Language::from_639_1(base).or_else(|| Language::from_639_3(base));
    known.map_or("und", |known| known.to_639_3()).to_owned()
}

/// Checks the starts of the lines. Faults: `Invalid` when a line begins after the end of the file.
fn check_ends(segments: &[ScriptLine], frames: u64) -> Result<(), Fault> {
    match segments.iter().position(|s| frame(s.start_s) >= frames) {
        None => Ok(()),
        Some(at) => Err(Fault::invalid(format!(
            "segments[{at}].start is {}; the file ends after {:.3} s",
            segments[at].start_s,
            frames as f64 / f64::from(RATE_HZ)
        ))),
    }
}

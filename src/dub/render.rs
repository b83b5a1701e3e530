//! Lines in another language → the same file speaking it: a picture untouched, a new sound track, subtitles.
//!
//! Memory does not grow with the length of the file: the original is read block by block, spoken lines wait in a file without
//! a name, and what is made is written where it stays.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufWriter, Write};

use isolang::Language;
use serde_json::Value;

use super::bed::{self, Place};
use super::cast::{self, Role, Stage, cast};
use super::fit::{self, Fitted};
use super::original::{Heard, RATE_HZ, Silence};
use super::sound::{Original, Whole};
use super::spoken::{Counts, Speaking};
use super::subtitles::{self, Cue};
use super::waiting::Waiting;
use crate::audio::encode::{Codec, WavWriter};
use crate::engine::contract::CancellationToken;
use crate::fault::{Fault, Kind};
use crate::media::{self, TrackWriter};
use crate::store::AccountId;
use crate::work::kept::Kept;

/// Names of what is made.
pub const VIDEO: &str = "video";
pub const AUDIO: &str = "audio";
pub const SRT: &str = "subtitles.srt";
pub const VTT: &str = "subtitles.vtt";

/// How far a render is after each of its steps.
const HEARD: f64 = 0.05;
const CAST: f64 = 0.1;
const SPOKEN: f64 = 0.85;
const LAID: f64 = 0.95;

/// Bytes a second of the new track in each channel: as samples, and as packets; and of the spoken lines that wait (mono, 16
/// bits).
const WAV_BYTES: u64 = 2 * RATE_HZ as u64;
const PACKET_BYTES: u64 = 16_000;
const LINE_BYTES: u64 = 2 * RATE_HZ as u64;
/// Bytes of all else.
const OTHER_BYTES: u64 = 1 << 20;

/// One line to speak.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Whatever the client calls it.
    pub id: Value,
    /// Seconds from the start of the file.
    pub start_s: f64,
    pub end_s: f64,
    pub text: String,
    pub speaker: String,
}

/// What is to be rendered.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Ordered, not overlapping.
    pub segments: Vec<Segment>,
    /// Ids of voices, by speaker.
    pub voices: BTreeMap<String, String>,
    /// Code of the language that the lines are in.
    pub language: String,
    /// Whether what else there is to hear stays, quieter under the lines.
    pub keep_background: bool,
    /// What the film's new sound is coded as.
    pub codec: Codec,
}

/// What a render needs.
pub struct Means<'a> {
    pub stage: &'a dyn Stage,
    /// Lines that were spoken before.
    pub kept: &'a Kept,
    /// Whose cloned voices may speak.
    pub account: Option<AccountId>,
    /// Opens the original.
    pub open: &'a dyn Fn() -> Result<File, Fault>,
    /// Told how many bytes there will be in all, the original included, before any is written.
    pub size: &'a dyn Fn(u64) -> Result<(), Fault>,
    /// A file without a name.
    pub scratch: &'a dyn Fn() -> Result<File, Fault>,
    /// Makes the file of that name with what is written to it, whole or not at all.
    pub make: &'a Make<'a>,
    /// Told how far it is, 0 to 1.
    pub progress: &'a mut dyn FnMut(f64) -> Result<(), Fault>,
}

/// Makes a file.
pub type Make<'a> =
    dyn Fn(&str, &mut dyn FnMut(&mut File) -> Result<(), Fault>) -> Result<(), Fault> + 'a;

/// What was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    pub seconds: f64,
    /// Whether there is a [`VIDEO`]; there is always an [`AUDIO`].
    pub has_picture: bool,
    /// One for each segment.
    pub lines: Vec<Line>,
    pub counts: Counts,
}

/// What became of a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Who speaks it; none when nothing of it could be spoken.
    pub voice_id: Option<String>,
    /// How long it is at its own pace, as a part of its room.
    pub fit_ratio: f64,
    /// Whether its end, or all of it, is missing.
    pub truncated: bool,
    /// Where it is heard (seconds).
    pub start_s: f64,
    pub end_s: f64,
}

/// Renders. Faults: `Invalid` when the file cannot be read, does not take the codec, or ends before a line; and those of reading, speaking and writing, and
/// of `cancellation`.
pub fn render(
    order: &Order,
    means: Means<'_>,
    cancellation: &CancellationToken,
) -> Result<Rendered, Fault> {
    let picture = media::inspect((means.open)()?)?;
    if let Some(picture) = &picture {
        media::check_codec(picture.container, order.codec)?;
    }
    let original = Original {
        picture: picture.as_ref(),
        open: means.open,
    };
    let Whole {
        heard,
        frames,
        channels,
    } = original.hear(&spans(&order.segments))?;
    check_ends(&order.segments, frames)?;
    let seconds = frames as f64 / f64::from(RATE_HZ);
    (means.size)(bytes(original.bytes()?, seconds, channels))?;
    (means.progress)(HEARD)?;
    cancellation.check()?;
    let roles = cast(
        means.stage,
        means.account,
        &order.segments,
        &order.voices,
        &order.language,
        &|| original.sound(cast::RATE_HZ),
        cancellation,
    )?;
    (means.progress)(CAST)?;
    let mut lines = Waiting::new((means.scratch)()?);
    let mut told = Vec::with_capacity(order.segments.len());
    let mut speaking = Speaking::new(means.stage, means.kept);
    let chars = |s: &Segment| s.text.chars().count().max(1);
    let all: usize = order.segments.iter().map(chars).sum();
    let mut said = 0;
    for (number, segment) in order.segments.iter().enumerate() {
        cancellation.check()?;
        let next = order.segments.get(number + 1);
        let room_s = next.map_or(seconds, |n| n.start_s) - segment.start_s;
        let fitted = speak(&mut speaking, &roles, segment, room_s, cancellation)?;
        told.push(keep(&mut lines, segment, fitted)?);
        said += chars(segment);
        (means.progress)(CAST + (SPOKEN - CAST) * said as f64 / all as f64)?;
    }
    let places = places(&order.segments, &lines, heard, frames);
    let mut writer = TrackWriter::new((means.scratch)()?, channels, order.codec)?;
    let mut laid = 0;
    (means.make)(AUDIO, &mut |file| {
        let mut wav = WavWriter::new(BufWriter::new(file), RATE_HZ, channels)?;
        let background = match order.keep_background {
            true => original.frames()?,
            false => None,
        };
        // Without it the track is as wide as it would be.
        let mut under = background.unwrap_or_else(|| Box::new(Silence(channels)));
        bed::lay(
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
                (means.progress)(SPOKEN + (LAID - SPOKEN) * laid as f64 / frames.max(1) as f64)
            },
        )?;
        wav.finish()
    })?;
    let track = writer.finish(&three_letters(&order.language))?;
    if picture.is_some() {
        (means.make)(VIDEO, &mut |file| {
            media::replace_audio((means.open)()?, &track, file)
        })?;
    }
    let cues: Vec<Cue> = order.segments.iter().zip(&told).map(cue).collect();
    for (name, text) in [(SRT, subtitles::srt(&cues)), (VTT, subtitles::vtt(&cues))] {
        (means.make)(name, &mut |file| {
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

/// Bytes of all files of a render of an original of that many.
fn bytes(original: u64, seconds: f64, channels: usize) -> u64 {
    // The original, and the picture again with the new sound, whose packets wait in a file of their own.
    let a_second = channels as u64 * (WAV_BYTES + 2 * PACKET_BYTES) + LINE_BYTES;
    2 * original + (seconds * a_second as f64) as u64 + OTHER_BYTES
}

/// Speaks a line and fits it into its room; none where nothing of it can be spoken.
fn speak(
    speaking: &mut Speaking<'_>,
    roles: &HashMap<String, Role>,
    segment: &Segment,
    room_s: f64,
    cancellation: &CancellationToken,
) -> Result<Option<(String, Fitted)>, Fault> {
    let role = roles.get(&segment.speaker);
    let role = role.ok_or_else(|| Fault::internal("a speaker has no role"))?;
    if segment.text.trim().is_empty() {
        return Ok(None);
    }
    let own_s = segment.end_s - segment.start_s;
    let spoken = match speaking.line(role, &segment.text, own_s, cancellation) {
        // Signs that nobody can say, or letters that the voice cannot read.
        Err(fault) if fault.kind == Kind::Invalid => {
            log::info!("a line is not spoken: {fault}");
            return Ok(None);
        }
        spoken => spoken?,
    };
    let fitted = fit::fit(&spoken.clip, spoken.speed, own_s, room_s)?;
    Ok(Some((role.voice_id.clone(), fitted)))
}

/// Keeps a line until its time comes, nothing if it is not spoken, and tells of it.
fn keep(
    lines: &mut Waiting,
    segment: &Segment,
    spoken: Option<(String, Fitted)>,
) -> Result<Line, Fault> {
    let Some((voice_id, fitted)) = spoken else {
        lines.add(&[])?;
        return Ok(Line {
            voice_id: None,
            fit_ratio: 0.0,
            truncated: !segment.text.trim().is_empty(),
            start_s: segment.start_s,
            end_s: segment.start_s,
        });
    };
    lines.add(&fitted.clip.samples)?;
    Ok(Line {
        voice_id: Some(voice_id),
        fit_ratio: fitted.fit_ratio,
        truncated: fitted.truncated,
        start_s: segment.start_s,
        end_s: segment.start_s + fitted.clip.seconds(),
    })
}

/// Where each line that is spoken stands, with its number.
fn places(
    segments: &[Segment],
    lines: &Waiting,
    heard: Vec<Heard>,
    frames: u64,
) -> Vec<(usize, Place)> {
    let spans = spans(segments);
    let numbered = segments.iter().zip(spans).zip(heard).enumerate();
    let place = |(number, ((segment, spoken), heard)): (usize, ((&Segment, _), Heard))| Place {
        at: frame(segment.start_s).min(frames),
        samples: lines.samples(number),
        spoken,
        heard,
    };
    numbered
        .map(|line| (line.0, place(line)))
        .filter(|(_, place)| place.samples > 0)
        .collect()
}

fn frame(seconds: f64) -> u64 {
    (seconds * f64::from(RATE_HZ)).round() as u64
}

/// Where the original says each line: ordered and not overlapping, whatever rounding did.
fn spans(segments: &[Segment]) -> Vec<std::ops::Range<u64>> {
    let mut end = 0;
    let span = |segment: &Segment| {
        let start = frame(segment.start_s).max(end);
        end = frame(segment.end_s).max(start);
        start..end
    };
    segments.iter().map(span).collect()
}

fn cue((segment, line): (&Segment, &Line)) -> Cue {
    Cue {
        start_s: segment.start_s,
        // It can be read for as long as it is heard.
        end_s: segment.end_s.max(line.end_s),
        text: segment.text.clone(),
    }
}

/// `eng` of `en-us`.
fn three_letters(language: &str) -> String {
    let base = language.split(['-', '_']).next().unwrap_or_default();
    let known = Language::from_639_1(base).or_else(|| Language::from_639_3(base));
    known.map_or("und", |known| known.to_639_3()).to_owned()
}

/// Faults: `Invalid` when a line begins behind the end of the file.
fn check_ends(segments: &[Segment], frames: u64) -> Result<(), Fault> {
    match segments.iter().position(|s| frame(s.start_s) >= frames) {
        None => Ok(()),
        Some(at) => Err(Fault::invalid(format!(
            "segments[{at}].start is {}; the file ends after {:.3} s",
            segments[at].start_s,
            frames as f64 / f64::from(RATE_HZ)
        ))),
    }
}

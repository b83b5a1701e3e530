//! A recording → its lines: who says what, and when.

use super::english;
use super::lines::{Line, lines};
use super::stretches::stretches;
use crate::audio::pcm::{Clip, ClipReader, Samples};
use crate::engine::contract::{CancellationToken, TranscribeTask, Transcript};
use crate::engine::diarization::{self, Diarize, Turn, attribute};
use crate::fault::Fault;

/// Samples a second of what is analysed.
pub const RATE_HZ: u32 = 16_000;
/// How much of the time it takes to tell who speaks when: the rest is for what they say.
const DIARIZED: f64 = 0.15;
/// After which part of it all is heard, where it is also put into English.
const HEARD: f64 = 0.65;

/// Transcribes in a language, none to detect it, on a worker that no request waits for. It asks for the task again when a
/// request came between.
pub type Listen = dyn Fn(
        Option<&str>,
        &mut dyn FnMut() -> TranscribeTask,
        &CancellationToken,
    ) -> Result<Transcript, Fault>
    + Send
    + Sync;

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// Code of the language that is spoken.
    pub language: String,
    pub seconds: f64,
    /// Ordered, not overlapping.
    pub lines: Vec<Line>,
    /// Names of all who speak, in the order in which they begin.
    pub speakers: Vec<String>,
}

/// What an analysis needs.
pub struct Means<'a> {
    pub diarize: &'a mut Diarize,
    pub listen: &'a Listen,
    /// Whether what is said in a language is to be put into English too.
    pub wants_english: &'a dyn Fn(&str) -> bool,
    /// Told how far it is, 0 to 1.
    pub progress: &'a mut dyn FnMut(f64) -> Result<(), Fault>,
}

/// Analyses the recording that `open` gives from its start each time, mono at [`RATE_HZ`]. `language` is its code, none to
/// detect it; without `parted` all that is said is one speaker's. Faults: those of reading and of the engines, and of
/// `cancellation`.
pub fn analyze(
    open: &dyn Fn() -> Result<Box<dyn Samples>, Fault>,
    language: Option<String>,
    parted: bool,
    means: Means<'_>,
    cancellation: &CancellationToken,
) -> Result<Analysis, Fault> {
    let Means {
        diarize,
        listen,
        wants_english,
        progress,
    } = means;
    let is_translated = |language: &str| english::is_other(language) && wants_english(language);
    let diarized = diarize.run(open()?, cancellation)?;
    progress(DIARIZED)?;
    let length = (diarized.seconds * f64::from(RATE_HZ)) as usize;
    let stretches = stretches(&diarized.speech, length);
    let mut audio = open()?;
    let mut at = 0;
    let mut heard = Transcript {
        language: language.clone().unwrap_or_default(),
        seconds: diarized.seconds,
        segments: Vec::new(),
    };
    let mut language = language;
    for stretch in stretches {
        cancellation.check()?;
        skip(&mut *audio, stretch.start - at)?;
        let clip = take(&mut *audio, stretch.len())?;
        at = stretch.end;
        let mut task = || TranscribeTask {
            audio: Box::new(ClipReader::from(clip.clone())),
            language: language.clone(),
            into_english: false,
            words: true,
            beams: 1,
        };
        let transcript = listen(language.as_deref(), &mut task, cancellation)?;
        let begun_s = stretch.start as f64 / f64::from(RATE_HZ);
        if !transcript.segments.is_empty() && language.is_none() {
            // What the first words are in, the rest is.
            heard.language = transcript.language.clone();
            language = Some(transcript.language);
        }
        heard
            .segments
            .extend(transcript.segments.into_iter().map(|mut segment| {
                segment.start_s += begun_s;
                segment.end_s += begun_s;
                for word in &mut segment.words {
                    word.start_s += begun_s;
                    word.end_s += begun_s;
                }
                segment
            }));
        let heard_at = match language.as_deref() {
            Some(language) if !is_translated(language) => 1.0,
            _ => HEARD,
        };
        progress(DIARIZED + (heard_at - DIARIZED) * at as f64 / length.max(1) as f64)?;
    }
    let turns: &[Turn] = if parted { &diarized.turns } else { &[] };
    let mut lines = lines(&attribute(&heard, turns));
    let speakers = renumber(&mut lines);
    if is_translated(&heard.language) {
        let mut progress = |part: f64| progress(HEARD + (1.0 - HEARD) * part);
        let language = &heard.language;
        english::translate(
            &mut lines,
            language,
            open()?,
            listen,
            &mut progress,
            cancellation,
        )?;
    }
    Ok(Analysis {
        language: heard.language,
        seconds: diarized.seconds,
        speakers: (0..speakers).map(diarization::name).collect(),
        lines,
    })
}

/// Numbers the speakers in the order of their first lines: one who was heard, but said no word, has none. How many there are.
fn renumber(lines: &mut [Line]) -> usize {
    let mut seen: Vec<usize> = Vec::new();
    for line in lines {
        let known = seen.iter().position(|speaker| *speaker == line.speaker);
        line.speaker = known.unwrap_or_else(|| {
            seen.push(line.speaker);
            seen.len() - 1
        });
    }
    seen.len()
}

/// Reads over `samples`.
pub(super) fn skip(audio: &mut dyn Samples, samples: usize) -> Result<(), Fault> {
    let mut left = samples;
    let mut dropped = Vec::new();
    while left > 0 {
        dropped.clear();
        match audio.read(&mut dropped, left.min(1 << 16))? {
            0 => return Ok(()),
            read => left -= read,
        }
    }
    Ok(())
}

/// The next `samples`, or as many as there are.
pub(super) fn take(audio: &mut dyn Samples, samples: usize) -> Result<Clip, Fault> {
    let mut taken = Vec::with_capacity(samples);
    while taken.len() < samples {
        let left = samples - taken.len();
        if audio.read(&mut taken, left)? == 0 {
            break;
        }
    }
    Ok(Clip {
        samples: taken,
        rate_hz: audio.rate_hz(),
    })
}

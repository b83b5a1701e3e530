//! A recording → its lines: who says what, and when.

use std::ops::RangeInclusive;

use super::english;
use super::lines::{TranscriptLine, lines};
use super::services::DubServices;
use super::sound::{SPEECH_RATE_HZ, skip, take};
use super::stretches::stretches;
use crate::audio::pcm::Samples;
use crate::engine::contract::{CancellationToken, Transcript};
use crate::engine::diarization::{Turn, attribute};
use crate::fault::Fault;
use crate::scheduler::LaneShare;
use crate::services::named_speakers::labels;
use crate::services::transcription::{Recording, TranscriptionHints, TranscriptionRequest};
use crate::store::AccountId;

/// Progress after diarization; transcription is the rest.
const DIARIZED: f64 = 0.15;
/// Progress after transcription, if lines are also translated into English.
const HEARD: f64 = 0.65;

/// The result of an analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// Code of the language that is spoken.
    pub language: String,
    pub seconds: f64,
    /// Ordered, not overlapping.
    pub lines: Vec<TranscriptLine>,
    /// Names of the speakers, in the order of their first lines.
    pub speakers: Vec<String>,
}

/// Settings of an analysis.
pub struct AnalysisRequest {
    /// Code of the language that is spoken; none to detect it.
    pub language: Option<String>,
    /// Whether speakers are distinguished; otherwise all lines belong to one speaker.
    pub diarize: bool,
    /// Least and greatest number of speakers.
    pub speakers: RangeInclusive<usize>,
    /// Whose named speakers have their names; none for a command.
    pub account: Option<AccountId>,
    /// Whether lines are also translated into English, if [`DubServices::into_english`] contains their language.
    pub into_english: bool,
}

/// Analyses a recording. `open` returns it from its start, mono at [`SPEECH_RATE_HZ`], each time it is called;
/// `progress` is called with the share that is done, 0 to 1. Faults: those of reading, of the services and of
/// `cancellation`.
pub fn analyze(
    services: &DubServices,
    open: &dyn Fn() -> Result<Box<dyn Samples>, Fault>,
    request: AnalysisRequest,
    progress: &mut dyn FnMut(f64) -> Result<(), Fault>,
    cancellation: &CancellationToken,
) -> Result<Analysis, Fault> {
    let AnalysisRequest {
        language,
        diarize: parted,
        speakers,
        into_english,
        account,
    } = request;
    let transcription = &services.transcription;
    let wants_english = |code: &str| services.into_english.iter().any(|known| known == code);
    let is_translated =
        |language: &str| into_english && english::is_other(language) && wants_english(language);
    let diarized =
        (services.speakers).diarize(open()?, speakers, &LaneShare::idle(), cancellation)?;
    progress(DIARIZED)?;
    let length = (diarized.seconds * f64::from(SPEECH_RATE_HZ)) as usize;
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
        let request = TranscriptionRequest {
            recording: Recording::Clip(clip),
            language: language.clone(),
            into_english: false,
            words: true,
            scores: false,
            temperature: 0.0,
            beams: 1,
            hints: TranscriptionHints::default(),
        };
        let recognizer = transcription.recognizer(language.as_deref());
        let transcript = recognizer.transcribe(request, &LaneShare::idle(), cancellation)?;
        let begun_s = stretch.start as f64 / f64::from(SPEECH_RATE_HZ);
        if !transcript.segments.is_empty() && language.is_none() {
            // The language that was detected in the first words is that of the rest.
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
    let order = renumber(&mut lines);
    let named = match (&services.named_speakers, account) {
        (Some(named), Some(account)) if parted => named.of(account, &diarized)?,
        _ => Vec::new(),
    };
    let speakers = labels(&order, &named);
    if is_translated(&heard.language) {
        let mut progress = |part: f64| progress(HEARD + (1.0 - HEARD) * part);
        let language = &heard.language;
        english::translate(
            &mut lines,
            language,
            open()?,
            transcription,
            &mut progress,
            cancellation,
        )?;
    }
    Ok(Analysis {
        language: heard.language,
        seconds: diarized.seconds,
        speakers,
        lines,
    })
}

/// Numbers the speakers in the order of their first lines; speakers without a line get no number. Returns the numbers that they
/// had, in that order.
fn renumber(lines: &mut [TranscriptLine]) -> Vec<usize> {
    let mut seen: Vec<usize> = Vec::new();
    for line in lines {
        let known = seen.iter().position(|speaker| *speaker == line.speaker);
        line.speaker = known.unwrap_or_else(|| {
            seen.push(line.speaker);
            seen.len() - 1
        });
    }
    seen
}

//! Lines of another language → their English translation by the recognizer, so that a server without a pack that
//! translates can dub into English.

use super::lines::TranscriptLine;
use super::sound::{SPEECH_RATE_HZ, skip, take};
use crate::audio::pcm::Samples;
use crate::engine::contract::CancellationToken;
use crate::fault::{Fault, Kind};
use crate::scheduler::LaneShare;
use crate::services::transcription::{
    Recording, TranscriptionHints, TranscriptionRequest, TranscriptionService,
};

/// Seconds after a line that are also transcribed, unless another line begins there: the line's last sound decays in
/// them.
const BEHIND_S: f64 = 0.3;
/// Languages that need no translation; the recognizer transcribes Nigerian English and Pidgin as English.
const ENGLISH: [&str; 3] = ["en", "en_ng", "pcm"];

/// Whether lines of `language` need a translation into English.
pub fn is_other(language: &str) -> bool {
    !ENGLISH.contains(&language)
}

/// Sets the English text of each of `lines`, which are in `language` and in order. `audio` is the recording from its
/// start, mono at [`SPEECH_RATE_HZ`]; `progress` is called with the share that is done. Lines stay without English text
/// if the recognizer cannot translate. Faults: those of reading, of the engine and of `cancellation`.
pub fn translate(
    lines: &mut [TranscriptLine],
    language: &str,
    mut audio: Box<dyn Samples>,
    transcription: &TranscriptionService,
    progress: &mut dyn FnMut(f64) -> Result<(), Fault>,
    cancellation: &CancellationToken,
) -> Result<(), Fault> {
    let mut at = 0;
    for number in 0..lines.len() {
        cancellation.check()?;
        let segment = &lines[number].segment;
        let next_s = lines.get(number + 1).map(|l| l.segment.start_s);
        let end_s = next_s
            .unwrap_or(f64::INFINITY)
            .min(segment.end_s + BEHIND_S);
        let sample = |seconds: f64| (seconds * f64::from(SPEECH_RATE_HZ)) as usize;
        let start = sample(segment.start_s).max(at);
        let end = sample(end_s).max(start);
        skip(&mut *audio, start - at)?;
        let clip = take(&mut *audio, end - start)?;
        at = end;
        let request = TranscriptionRequest {
            recording: Recording::Clip(clip),
            language: Some(language.to_owned()),
            into_english: true,
            words: false,
            scores: false,
            temperature: 0.0,
            beams: 1,
            hints: TranscriptionHints::default(),
        };
        // Only the general recognizer translates: specialists do not declare that they know English.
        let recognizer = transcription.general();
        match recognizer.transcribe(request, &LaneShare::idle(), cancellation) {
            Ok(heard) => {
                let text = heard.text();
                lines[number].english = (!text.is_empty()).then_some(text);
            }
            Err(fault) if fault.kind == Kind::Missing => return Ok(()),
            Err(fault) => return Err(fault),
        }
        progress((number + 1) as f64 / lines.len() as f64)?;
    }
    Ok(())
}

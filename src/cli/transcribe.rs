//! `vocabox transcribe`: transcribes recordings, without a server.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::CliError;
use super::logging::say;
use super::output::print;
use crate::app::Installation;
use crate::audio;
use crate::capability::Capability;
use crate::config::{Common, Flags, ModelSettings};
use crate::engine::asr;
use crate::engine::contract::{CancellationToken, Transcript, Word, millis};
use crate::fault::Fault;
use crate::limits;
use crate::scheduler::LaneShare;
use crate::services::transcription::{Recording, TranscriptionRequest};

/// Transcribe recordings to standard output.
#[derive(Debug, clap::Args)]
pub struct TranscribeArgs {
    /// Recordings: wav, mp3, flac, ogg, m4a, …
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Language code, or auto to detect it
    #[arg(long, value_name = "CODE", default_value = "auto")]
    language: String,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: TranscriptFormat,
    #[command(flatten)]
    models: Flags<ModelSettings>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum TranscriptFormat {
    Text,
    Json,
    Srt,
    Vtt,
}

/// Transcribes one file after the other; a file that fails does not stop the rest.
pub fn run(args: TranscribeArgs, common: &Common) -> Result<(), CliError> {
    let options = common.models(&args.models).map_err(CliError::Usage)?;
    let installation =
        Installation::open(&options, &[Capability::Transcribe]).map_err(CliError::usage)?;
    let language = Some(args.language.to_lowercase()).filter(|l| l != "auto");
    let recognizer = installation.start_recognizer_for(language.as_deref());
    let recognizer = recognizer.map_err(CliError::usage)?;
    let mut wrong = 0;
    for path in &args.files {
        let begun = Instant::now();
        let cancellation = CancellationToken::until(begun + Duration::from_secs(24 * 3600));
        let bar = bar(path);
        let heard = open(path, &bar).and_then(|audio| {
            let request = TranscriptionRequest {
                recording: Recording::Stream(audio),
                language: language.clone(),
                into_english: false,
                words: matches!(args.format, TranscriptFormat::Json),
                beams: options.settings.beam,
            };
            recognizer.transcribe(request, &LaneShare::command(), &cancellation)
        });
        bar.finish_and_clear();
        match heard {
            Ok(transcript) => {
                let printed = print(&render(&transcript, args.format));
                if wrong == 0 {
                    printed?;
                }
                let (heard, took) = (transcript.seconds, begun.elapsed().as_secs_f64());
                say(&format!(
                    "{}: {heard:.1} s heard in {took:.1} s",
                    path.display()
                ));
            }
            Err(fault) => {
                wrong += 1;
                say(&format!("{}: {fault}", path.display()));
            }
        }
    }
    match wrong {
        0 => Ok(()),
        n => Err(CliError::Failed(format!(
            "{n} of {} files were not transcribed",
            args.files.len()
        ))),
    }
}

/// Progress through a file, drawn only on a terminal. The file is read window by window, so that reading keeps pace
/// with transcription.
fn bar(path: &Path) -> ProgressBar {
    const TEMPLATE: &str =
        "{wide_msg} {bar:30} {percent:>3} % {elapsed_precise} (about {eta} left)";
    let style =
        ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bytes = std::fs::metadata(path).map_or(0, |m| m.len());
    ProgressBar::new(bytes)
        .with_style(style)
        .with_message(path.display().to_string())
}

fn open(path: &Path, bar: &ProgressBar) -> Result<Box<dyn audio::pcm::Samples>, Fault> {
    let file = File::open(path).map_err(|e| Fault::invalid(format!("cannot be opened: {e}")))?;
    let watched = bar.wrap_read(file);
    audio::open_speech(watched, asr::RATE_HZ, limits::AUDIO_SECONDS_MAX)
}

fn render(transcript: &Transcript, format: TranscriptFormat) -> String {
    let cues = |separator: char| {
        let cue = |(i, s): (usize, &crate::engine::contract::Segment)| {
            let (start, end) = (clock(s.start_s, separator), clock(s.end_s, separator));
            format!("{}\n{start} --> {end}\n{}\n", i + 1, s.text)
        };
        transcript
            .segments
            .iter()
            .enumerate()
            .map(cue)
            .collect::<Vec<_>>()
            .join("\n")
    };
    match format {
        TranscriptFormat::Text => transcript.text(),
        TranscriptFormat::Srt => cues(','),
        TranscriptFormat::Vtt => format!("WEBVTT\n\n{}", cues('.')),
        TranscriptFormat::Json => {
            let word = |w: &Word| json!({ "word": w.text, "start": millis(w.start_s), "end": millis(w.end_s) });
            let segments: Vec<_> = transcript
                .segments
                .iter()
                .map(|s| {
                    let words: Vec<_> = s.words.iter().map(word).collect();
                    json!({ "start": millis(s.start_s), "end": millis(s.end_s), "text": s.text, "words": words })
                })
                .collect();
            json!({
                "transcript": transcript.text(), "language": transcript.language,
                "duration_seconds": millis(transcript.seconds), "segments": segments,
            })
            .to_string()
        }
    }
}

/// A time as `HH:MM:SS,mmm`, with the separator of SubRip (comma) or WebVTT (point).
fn clock(seconds: f64, separator: char) -> String {
    let ms = (seconds * 1000.0).round() as u64;
    let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{h:02}:{m:02}:{s:02}{separator}{:03}", ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_carry_hours_minutes_and_milliseconds() {
        assert_eq!(clock(3725.0406, ','), "01:02:05,041");
        assert_eq!(clock(0.0, '.'), "00:00:00.000");
    }
}

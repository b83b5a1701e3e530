//! `vocabox transcribe`: recordings to text, without a server.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde_json::json;

use super::CliError;
use crate::app::Installation;
use crate::audio;
use crate::config::{Common, ModelOptions};
use crate::engine::contract::{TranscribeTask, Transcript, Watch};
use crate::engine::whisper;
use crate::fault::Fault;
use crate::limits;
use crate::pack::manifest::Kind;

/// Transcribe recordings to standard output.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Recordings: wav, mp3, flac, ogg, m4a, …
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Language code, or auto to detect it
    #[arg(long, value_name = "CODE", default_value = "auto")]
    language: String,
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(flatten)]
    models: ModelOptions,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Srt,
    Vtt,
}

/// Transcribes one file after the other; a wrong one does not stop the others.
pub fn run(args: Args, common: &Common) -> Result<(), CliError> {
    let options = common.models(&args.models).map_err(CliError::Usage)?;
    let kinds = [Kind::Transcribe, Kind::Detect];
    let installation = Installation::open(&options, &kinds).map_err(CliError::usage)?;
    let mut engine = installation.build_transcribe().map_err(CliError::usage)?;
    let language = Some(args.language.to_lowercase()).filter(|l| l != "auto");
    let mut wrong = 0;
    for path in &args.files {
        let begun = Instant::now();
        let watch = Watch::until(begun + Duration::from_secs(24 * 3600));
        let heard = open(path).and_then(|audio| {
            engine.run(
                TranscribeTask {
                    audio,
                    language: language.clone(),
                },
                &watch,
            )
        });
        match heard {
            Ok(transcript) => {
                println!("{}", render(&transcript, args.format));
                let (heard, took) = (transcript.seconds, begun.elapsed().as_secs_f64());
                eprintln!("{}: {heard:.1} s heard in {took:.1} s", path.display());
            }
            Err(fault) => {
                wrong += 1;
                eprintln!("{}: {fault}", path.display());
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

fn open(path: &Path) -> Result<Box<dyn audio::pcm::Samples>, Fault> {
    let file = File::open(path).map_err(|e| Fault::invalid(format!("cannot be opened: {e}")))?;
    audio::open_speech(file, whisper::RATE_HZ, limits::AUDIO_SECONDS_MAX)
}

fn render(transcript: &Transcript, format: Format) -> String {
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
        Format::Text => transcript.text(),
        Format::Srt => cues(','),
        Format::Vtt => format!("WEBVTT\n\n{}", cues('.')),
        Format::Json => {
            let segments: Vec<_> = transcript
                .segments
                .iter()
                .map(|s| json!({ "start": s.start_s, "end": s.end_s, "text": s.text }))
                .collect();
            json!({
                "transcript": transcript.text(), "language": transcript.language,
                "duration_seconds": transcript.seconds, "segments": segments,
            })
            .to_string()
        }
    }
}

/// `HH:MM:SS,mmm`, as SubRip (comma) and WebVTT (point) write it.
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

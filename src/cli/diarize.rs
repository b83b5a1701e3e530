//! `vocabox diarize`: tells who speaks when in recordings, without a server.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::CliError;
use super::logging::say;
use super::output::print;
use crate::app::Installation;
use crate::audio;
use crate::capability::Capability;
use crate::config::{Common, Flags, ModelSettings};
use crate::engine::contract::CancellationToken;
use crate::engine::diarization::{ANY_SPEAKERS, Diarize, DiarizeTask, Diarized, name};
use crate::engine::segmentation::RATE_HZ;
use crate::fault::Fault;
use crate::limits;

/// Tell who speaks when, as RTTM on standard output.
#[derive(Debug, clap::Args)]
pub struct DiarizeArgs {
    /// Recordings: wav, mp3, flac, ogg, m4a, …
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The number of speakers in each recording, if it is known
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=limits::SPEAKERS_TOLD_MAX as u64))]
    num_speakers: Option<u64>,
    #[command(flatten)]
    models: Flags<ModelSettings>,
}

/// Diarizes one file after the other; a file that fails does not stop the rest.
pub fn run(args: DiarizeArgs, common: &Common) -> Result<(), CliError> {
    let options = common.models(&args.models).map_err(CliError::Usage)?;
    let installation =
        Installation::open(&options, &[Capability::Diarize]).map_err(CliError::usage)?;
    let engine = installation.build_diarize().map_err(CliError::usage)?;
    let told = args.num_speakers.map(|n| n as usize);
    let speakers = told.map_or(ANY_SPEAKERS, |n| n..=n);
    let mut wrong = 0;
    for path in &args.files {
        let begun = Instant::now();
        let task = |audio| DiarizeTask {
            audio,
            speakers: speakers.clone(),
        };
        match open(path).and_then(|audio| heard(&*engine, task(audio))) {
            Ok(found) => {
                let lines = rttm(path, &found);
                if !lines.is_empty() {
                    print(lines.trim_end())?;
                }
                let (seconds, took) = (found.seconds, begun.elapsed().as_secs_f64());
                say(&format!(
                    "{}: {seconds:.1} s heard in {took:.1} s",
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
            "{n} of {} files were not heard",
            args.files.len()
        ))),
    }
}

fn open(path: &Path) -> Result<Box<dyn audio::Samples>, Fault> {
    let file = File::open(path).map_err(|e| Fault::invalid(format!("cannot be opened: {e}")))?;
    audio::open_speech(file, RATE_HZ, limits::AUDIO_SECONDS_MAX)
}

fn heard(engine: &Diarize, task: DiarizeTask) -> Result<Diarized, Fault> {
    let day = Instant::now() + Duration::from_secs(24 * 3600);
    engine.run(task, &CancellationToken::until(day))
}

/// The turns as lines of NIST's Rich Transcription Time Marked format; the file's name has no spaces there.
fn rttm(path: &Path, found: &Diarized) -> String {
    let file = path.file_stem().unwrap_or_default().to_string_lossy();
    let file = file.split_whitespace().collect::<Vec<_>>().join("_");
    let line = |turn: &crate::engine::diarization::Turn| {
        let (start, length) = (turn.start_s, turn.end_s - turn.start_s);
        let speaker = name(turn.speaker);
        format!("SPEAKER {file} 1 {start:.3} {length:.3} <NA> <NA> {speaker} <NA> <NA>\n")
    };
    found.turns.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::diarization::Turn;

    #[test]
    fn turns_are_lines_of_rttm() {
        let turn = |start_s, end_s, speaker| Turn {
            start_s,
            end_s,
            speaker,
        };
        let found = Diarized {
            turns: vec![turn(0.25, 3.5, 0), turn(3.0, 4.0, 1)],
            ..Diarized::default()
        };
        assert_eq!(
            rttm(Path::new("talks/a talk.wav"), &found),
            "SPEAKER a_talk 1 0.250 3.250 <NA> <NA> SPEAKER_00 <NA> <NA>\n\
             SPEAKER a_talk 1 3.000 1.000 <NA> <NA> SPEAKER_01 <NA> <NA>\n"
        );
    }
}

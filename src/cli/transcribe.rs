//! `vocabox transcribe`: transcribes recordings, without a server.

use std::fs::File;
use std::io::Seek;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::logging::say;
use super::{CliError, output};
use crate::app::Installation;
use crate::audio::decode::TrackChoice;
use crate::audio::pcm::Samples;
use crate::audio::{self, SoundRequest};
use crate::capability::Capability;
use crate::config::{Common, Flags, ModelSettings};
use crate::dub::request::language_codes;
use crate::engine::asr;
use crate::engine::contract::{CancellationToken, Segment, Transcript, Word, millis};
use crate::fault::Fault;
use crate::limits;
use crate::request::spoken_language::spoken_language;
use crate::scheduler::LaneShare;
use crate::services::rendering::subtitles;
use crate::services::speech_finder::SpeechFinder;
use crate::services::transcription::{
    Recognizer, Recording, TranscriptionHints, TranscriptionRequest,
};
use crate::text::subtitles::{SubtitleFormat, SubtitleLayout};

/// The name of standard input.
const STANDARD_INPUT: &str = "-";

/// Transcribe recordings to standard output or to files.
#[derive(Debug, clap::Args)]
pub struct TranscribeArgs {
    /// Recordings: wav, mp3, flac, ogg, m4a, …; - reads one from standard input
    #[arg(value_name = "FILE|-", required = true)]
    files: Vec<PathBuf>,
    /// File to write; of several recordings, the folder to write a file each into, named like the recording
    #[arg(short, long, value_name = "FILE|DIR")]
    output: Option<PathBuf>,
    /// Language, such as en, pt-BR, deu or Swahili, or auto to detect it
    #[arg(long, value_name = "LANGUAGE", default_value = "auto")]
    language: String,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: TranscriptFormat,
    /// Whether to write what is said, or its translation into English
    #[arg(long, value_enum, default_value = "transcribe")]
    task: TaskOption,
    /// Text that could come before the recording: the transcript is spelled like it
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,
    /// Names and rare words that may be said, separated by commas
    #[arg(long, value_name = "WORDS")]
    keywords: Option<String>,
    /// Most characters of a line of subtitles
    #[arg(long, value_name = "N", default_value_t = SubtitleLayout::default().line_chars_max)]
    max_line_chars: usize,
    /// Most lines of subtitles that are shown at once
    #[arg(long, value_name = "N", default_value_t = SubtitleLayout::default().lines_max)]
    max_lines: usize,
    #[command(flatten)]
    models: Flags<ModelSettings>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TranscriptFormat {
    Text,
    Json,
    Srt,
    Vtt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TaskOption {
    Transcribe,
    Translate,
}

/// Transcribes one file after the other; a file that fails does not stop the rest.
pub fn run(args: TranscribeArgs, common: &Common) -> Result<(), CliError> {
    let options = common.models(&args.models).map_err(CliError::Usage)?;
    let layout = layout(&args).map_err(CliError::Usage)?;
    let outputs = outputs(&args).map_err(CliError::Usage)?;
    let hints = TranscriptionHints::new(args.prompt.as_deref(), args.keywords.as_deref());
    let hints = hints.map_err(CliError::usage)?;
    let installation =
        Installation::open(&options, &[Capability::Transcribe]).map_err(CliError::usage)?;
    let language = spoken_language(&args.language, &installation.spoken_languages());
    let language = language.map_err(CliError::usage)?;
    // Specialists do not declare that they know English.
    let of = language
        .as_deref()
        .filter(|_| args.task == TaskOption::Transcribe);
    let recognizer = installation.start_recognizer_for(of);
    let recognizer = recognizer.map_err(CliError::usage)?;
    let finder = installation.start_speech_finder(&installation.command_capacity());
    let finder = finder.map_err(CliError::usage)?;
    let asked = SoundRequest {
        track: TrackChoice {
            languages: language_codes(language.as_deref()),
            ..TrackChoice::default()
        },
        ..SoundRequest::default()
    };
    let mut wrong = 0;
    for (path, output) in args.files.iter().zip(&outputs) {
        let begun = Instant::now();
        let request = |audio| TranscriptionRequest {
            recording: Recording::Stream(audio),
            language: language.clone(),
            into_english: args.task == TaskOption::Translate,
            words: args.format != TranscriptFormat::Text,
            scores: false,
            temperature: 0.0,
            beams: options.settings.beam,
            hints: hints.clone(),
        };
        let heard = hear(path, &recognizer, &finder, &asked, request, begun);
        let written = heard.and_then(|transcript| {
            let text = render(&transcript, args.format, layout);
            match output {
                // What failed before is still told once the reader has closed the pipe.
                None => Ok((transcript.seconds, output::print(&text))),
                Some(path) => save(path, &text).map(|()| (transcript.seconds, Ok(()))),
            }
        });
        match written {
            Ok((seconds, printed)) => {
                if wrong == 0 {
                    printed?;
                }
                let took = begun.elapsed().as_secs_f64();
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
            "{n} of {} files were not transcribed",
            args.files.len()
        ))),
    }
}

/// The layout of subtitles, if it is within its bounds.
fn layout(args: &TranscribeArgs) -> Result<SubtitleLayout, String> {
    let bounded =
        |name: &str, value: usize, min: usize, max: usize| match (min..=max).contains(&value) {
            true => Ok(value),
            false => Err(format!("--{name} is {value}; {min} to {max} is accepted")),
        };
    let (min, max) = (limits::LINE_CHARS_MIN, limits::LINE_CHARS_MAX);
    Ok(SubtitleLayout {
        line_chars_max: bounded("max-line-chars", args.max_line_chars, min, max)?,
        lines_max: bounded("max-lines", args.max_lines, 1, limits::SUBTITLE_LINES_MAX)?,
    })
}

/// The file of each recording, none for standard output.
fn outputs(args: &TranscribeArgs) -> Result<Vec<Option<PathBuf>>, String> {
    let inputs = args
        .files
        .iter()
        .filter(|f| f.as_os_str() == STANDARD_INPUT);
    if inputs.count() > 1 {
        return Err("- is named twice; standard input has one recording".to_owned());
    }
    let ending = match args.format {
        TranscriptFormat::Text => "txt",
        TranscriptFormat::Json => "json",
        TranscriptFormat::Srt => "srt",
        TranscriptFormat::Vtt => "vtt",
    };
    let is_subtitles = matches!(args.format, TranscriptFormat::Srt | TranscriptFormat::Vtt);
    let Some(output) = &args.output else {
        if is_subtitles && args.files.len() > 1 {
            return Err(format!(
                "several recordings need -o DIR: one stream holds the {ending} of one"
            ));
        }
        return Ok(vec![None; args.files.len()]);
    };
    let is_folder = output.is_dir() || output.as_os_str().to_string_lossy().ends_with('/');
    if args.files.len() == 1 && !is_folder {
        return Ok(vec![Some(output.clone())]);
    }
    let stem = |path: &Path| match path.as_os_str() == STANDARD_INPUT {
        true => "stdin".to_owned(),
        false => path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
    };
    let mut names: Vec<String> = Vec::new();
    for path in &args.files {
        let twins = args.files.iter().filter(|other| stem(other) == stem(path));
        // Recordings that differ in their endings keep them.
        let name = match (twins.count(), path.file_name()) {
            (2.., Some(whole)) => whole.to_string_lossy().into_owned(),
            _ => stem(path),
        };
        if names.contains(&name) {
            return Err(format!(
                "two recordings would be written to {name}.{ending}"
            ));
        }
        names.push(name);
    }
    std::fs::create_dir_all(output)
        .map_err(|e| format!("{} cannot be made: {e}", output.display()))?;
    let files = names
        .iter()
        .map(|name| output.join(format!("{name}.{ending}")));
    Ok(files.map(Some).collect())
}

/// Transcribes one recording, with its progress on a terminal.
fn hear(
    path: &Path,
    recognizer: &Recognizer,
    finder: &SpeechFinder,
    asked: &SoundRequest,
    request: impl FnOnce(Box<dyn Samples>) -> TranscriptionRequest,
    begun: Instant,
) -> Result<Transcript, Fault> {
    let cancellation = CancellationToken::until(begun + Duration::from_secs(24 * 3600));
    let mut file = open(path)?;
    let most_s = limits::AUDIO_SECONDS_MAX;
    let searched = |request: &SoundRequest, rate_hz| {
        let mut again = file.try_clone().map_err(Fault::internal)?;
        again.rewind().map_err(Fault::internal)?;
        audio::open_sound(again, request, rate_hz, most_s)
    };
    let track = finder.track(asked, &searched, &LaneShare::command(), &cancellation)?;
    // Both have one position.
    file.rewind().map_err(Fault::internal)?;
    let bar = bar(path, &file);
    let chosen = asked.of_track(track.number);
    let sound = audio::open_sound(bar.wrap_read(file), &chosen, asr::RATE_HZ, most_s);
    let heard = sound.and_then(|sound| {
        let watched = Watched {
            inner: sound.samples,
            samples: 0,
            bar: bar.clone(),
        };
        recognizer.transcribe(
            request(Box::new(watched)),
            &LaneShare::command(),
            &cancellation,
        )
    });
    bar.finish_and_clear();
    heard
}

/// Opens a recording. Standard input is copied to an unlinked file, because containers are not read from front to back.
fn open(path: &Path) -> Result<File, Fault> {
    if path.as_os_str() != STANDARD_INPUT {
        return File::open(path).map_err(|e| Fault::invalid(format!("cannot be opened: {e}")));
    }
    let copied = || -> std::io::Result<File> {
        let mut file = tempfile::tempfile()?;
        std::io::copy(&mut std::io::stdin().lock(), &mut file)?;
        file.rewind()?;
        Ok(file)
    };
    copied().map_err(|e| Fault::invalid(format!("standard input cannot be read: {e}")))
}

/// Progress through a file, drawn only on a terminal: how many seconds were heard, and which share of the file was read,
/// because its length in seconds is not known before its end.
fn bar(path: &Path, file: &File) -> ProgressBar {
    const TEMPLATE: &str =
        "{wide_msg} {bar:30} {percent:>3} % {elapsed_precise} (about {eta} left)";
    let style =
        ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bytes = file.metadata().map_or(0, |m| m.len());
    ProgressBar::new(bytes)
        .with_style(style)
        .with_message(path.display().to_string())
}

/// A recording whose bar tells how much of it was heard: it is read window by window, so that reading keeps pace with
/// transcription.
struct Watched {
    inner: Box<dyn Samples>,
    samples: u64,
    bar: ProgressBar,
}

impl Samples for Watched {
    fn rate_hz(&self) -> u32 {
        self.inner.rate_hz()
    }

    fn read(&mut self, out: &mut Vec<f32>, most: usize) -> Result<usize, Fault> {
        let read = self.inner.read(out, most)?;
        self.samples += read as u64;
        let seconds = self.samples / u64::from(self.rate_hz());
        self.bar.set_message(format!("{seconds} s heard"));
        Ok(read)
    }
}

/// Returns a transcript as text of a format, without a line end.
fn render(transcript: &Transcript, format: TranscriptFormat, layout: SubtitleLayout) -> String {
    let text = match format {
        TranscriptFormat::Text => transcript.text(),
        TranscriptFormat::Json => json(transcript),
        TranscriptFormat::Srt => subtitles(transcript, SubtitleFormat::Srt, layout),
        TranscriptFormat::Vtt => subtitles(transcript, SubtitleFormat::Vtt, layout),
    };
    text.trim_end().to_owned()
}

/// Writes `text` and a line end to a file.
fn save(path: &Path, text: &str) -> Result<(), Fault> {
    let written = std::fs::write(path, format!("{text}\n"));
    written.map_err(|e| Fault::invalid(format!("{} cannot be written: {e}", path.display())))
}

fn json(transcript: &Transcript) -> String {
    let word =
        |w: &Word| json!({ "word": w.text, "start": millis(w.start_s), "end": millis(w.end_s) });
    let segment = |s: &Segment| {
        let words: Vec<_> = s.words.iter().map(word).collect();
        json!({
            "start": millis(s.start_s), "end": millis(s.end_s), "text": s.text, "language": s.language,
            "words": words,
        })
    };
    let segments: Vec<_> = transcript.segments.iter().map(segment).collect();
    json!({
        "transcript": transcript.text(), "language": transcript.language, "languages": transcript.languages(),
        "duration_seconds": millis(transcript.seconds), "segments": segments,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(files: &[&str], output: Option<&str>, format: TranscriptFormat) -> TranscribeArgs {
        TranscribeArgs {
            files: files.iter().map(PathBuf::from).collect(),
            output: output.map(PathBuf::from),
            language: "auto".to_owned(),
            format,
            task: TaskOption::Transcribe,
            prompt: None,
            keywords: None,
            max_line_chars: 42,
            max_lines: 2,
            models: Flags::default(),
        }
    }

    #[test]
    fn each_recording_has_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().to_str().unwrap();
        let names = |files: &[&str]| -> Vec<String> {
            let files = outputs(&args(files, Some(folder), TranscriptFormat::Srt)).unwrap();
            let name =
                |f: Option<PathBuf>| f.unwrap().file_name().unwrap().to_str().unwrap().to_owned();
            files.into_iter().map(name).collect()
        };
        assert_eq!(names(&["a/talk.mp3", "-"]), ["talk.srt", "stdin.srt"]);
        assert_eq!(
            names(&["talk.mp3", "talk.wav"]),
            ["talk.mp3.srt", "talk.wav.srt"]
        );
        let refused = |files: &[&str], output| {
            outputs(&args(files, output, TranscriptFormat::Srt)).unwrap_err()
        };
        assert!(refused(&["a.mp3", "b.mp3"], None).contains("need -o DIR"));
        assert!(refused(&["a/x.mp3", "b/x.mp3"], Some(folder)).contains("two recordings"));
        assert!(refused(&["-", "-"], Some(folder)).contains("twice"));
        let one = outputs(&args(&["a.mp3"], Some("b.srt"), TranscriptFormat::Srt)).unwrap();
        assert_eq!(one, [Some(PathBuf::from("b.srt"))]);
    }
}

//! `vocabox dub`: a recording or a video → the same file in another language, without a server.

use std::collections::BTreeMap;
use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::ArgAction;
use indicatif::{ProgressBar, ProgressStyle};

use super::CliError;
use super::content_key::open_signer;
use super::endings::check_dubbed;
use super::logging::say;
use crate::app::Installation;
use crate::audio::SoundRequest;
use crate::audio::decode::TrackChoice;
use crate::audio::encode::Codec;
use crate::capability::Capability;
use crate::config::{Common, Flags, ModelSettings};
use crate::dub::analyze::{self, Analysis, AnalysisRequest};
use crate::dub::fit::room_chars;
use crate::dub::mux::{self, Container};
use crate::dub::render::{self, AUDIO, RenderFiles, Rendered, SRT, VIDEO, WriteFile};
use crate::dub::request::{RenderRequest, ScriptLine, language_codes};
use crate::dub::services::DubServices;
use crate::dub::sound;
use crate::engine::contract::{CancellationToken, TranslateTask};
use crate::engine::diarization::{self, ANY_SPEAKERS};
use crate::fault::Fault;
use crate::limits;
use crate::provenance::ContentSigner;
use crate::request::spoken_language::spoken_language;
use crate::scheduler::LaneShare;

/// Dub a recording or a video into another language.
#[derive(Debug, clap::Args)]
pub struct DubArgs {
    /// A video (mp4, mov, mkv, webm) or a recording
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Code of the language to dub into, such as en
    #[arg(long, value_name = "CODE")]
    to: String,
    /// Language that is spoken: a code, a tag (pt-BR) or an English name; auto detects it
    #[arg(long, value_name = "LANGUAGE", default_value = "auto")]
    from: String,
    /// File to write: a video in the same container, or a WAV file for a recording
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// File to write the new lines to, as subtitles (SRT)
    #[arg(long, value_name = "FILE")]
    srt: Option<PathBuf>,
    /// Voice of a speaker, such as SPEAKER_00=af_heart; may be given again; other speakers are imitated
    #[arg(long, value_name = "SPEAKER=VOICE")]
    voice: Vec<String>,
    /// Whether the original sound is kept, quieter under the lines
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set)]
    keep_background: bool,
    /// Codec of the new sound of a video: opus, or aac (mp4 and mov only)
    #[arg(long, value_name = "CODEC", default_value = "opus")]
    audio_codec: String,
    #[command(flatten)]
    models: Flags<ModelSettings>,
}

/// Dubs a file, and prints how long that took.
pub fn run(args: DubArgs, common: &Common) -> Result<(), CliError> {
    let options = common.models(&args.models).map_err(CliError::Usage)?;
    let voices = voices(&args.voice)?;
    let signer = open_signer(common)?;
    let codec = Codec::parse(&args.audio_codec).map_err(CliError::usage)?;
    let file = File::open(&args.file).map_err(|e| {
        let path = args.file.display();
        CliError::Usage(format!("{path} cannot be opened: {e}"))
    })?;
    let film = mux::inspect(file).map_err(CliError::failed)?;
    let container = film.map(|film| film.container);
    check_dubbed(container, &args.output)?;
    if signer.is_some() && container == Some(Container::Webm) {
        say("not signed: films in WebM and Matroska are not");
    }
    let installation = Installation::open(&options, Capability::ALL).map_err(CliError::usage)?;
    let spoken = spoken_language(&args.from, &installation.spoken_languages());
    let spoken = spoken.map_err(CliError::usage)?;
    let scratch = tempfile::tempdir().map_err(|e| {
        CliError::Failed(format!(
            "no temporary folder can be made in {} ({e}): set TMPDIR to a folder that can be written",
            std::env::temp_dir().display()
        ))
    })?;
    // What was measured and spoken is kept for the next time only where there is a data folder, or one was asked for.
    let is_kept = common.has_data_dir || common.settings.data_dir.is_dir();
    let data_dir = match is_kept {
        true => common.settings.data_dir.clone(),
        false => scratch.path().join("data"),
    };
    let services = installation.start_dubbing(&data_dir, scratch.path(), options.settings.beam);
    let services = services.map_err(CliError::usage)?;
    if let Some(voices) = services.unmeasured_voices() {
        let kept = match is_kept {
            true => format!("the measurements are kept in {}", data_dir.display()),
            false => "with --data-dir the measurements are kept for the next time".to_owned(),
        };
        say(&format!(
            "measuring {voices} voices, so that speakers can be imitated; this takes some minutes, and {kept}"
        ));
    }
    let begun = Instant::now();
    let cancellation =
        CancellationToken::until(begun + Duration::from_secs(limits::JOB_SECONDS_MAX));
    let job = DubRun {
        args: &args,
        signer: signer.as_ref(),
        spoken,
        installation: &installation,
        services: &services,
        cancellation,
        codec,
    };
    let rendered = job.run(voices);
    // Voices may still be measured, and the process must not end beneath a step of an engine.
    installation.close();
    let rendered = rendered.map_err(CliError::failed)?;
    let cut = rendered.lines.iter().filter(|l| l.truncated).count();
    say(&format!(
        "{}: {:.1} s dubbed in {:.1} s, {} lines, {cut} of them cut",
        args.output.display(),
        rendered.seconds,
        begun.elapsed().as_secs_f64(),
        rendered.lines.len()
    ));
    Ok(())
}

/// Code of the language that recognizers can translate into.
const ENGLISH: &str = "en";

/// The dubbing of one file.
struct DubRun<'a> {
    args: &'a DubArgs,
    signer: Option<&'a ContentSigner>,
    /// Code of the language that is spoken, none to detect it.
    spoken: Option<String>,
    installation: &'a Installation,
    services: &'a DubServices,
    cancellation: CancellationToken,
    codec: Codec,
}

impl DubRun<'_> {
    fn run(&self, voices: BTreeMap<String, String>) -> Result<Rendered, Fault> {
        if let Some(picture) = mux::inspect(self.open()?)? {
            mux::check_codec(picture.container, self.codec)?;
        }
        let asked = SoundRequest {
            track: TrackChoice {
                languages: language_codes(self.spoken.as_deref()),
                ..TrackChoice::default()
            },
            ..SoundRequest::default()
        };
        let open = || self.open();
        let track = (self.services).track(&open, &asked, &self.cancellation)?;
        let analysis = self.analyze(&asked.of_track(track.number))?;
        let request = RenderRequest {
            segments: self.translate(&analysis)?,
            voice_map: voices,
            language: self.args.to.to_lowercase(),
            keep_background: self.args.keep_background,
            audio_codec: self.codec,
            audio_track: Some(track.number),
        };
        self.render(&request)
    }

    fn open(&self) -> Result<File, Fault> {
        File::open(&self.args.file).map_err(Fault::disk)
    }

    fn analyze(&self, heard: &SoundRequest) -> Result<Analysis, Fault> {
        let bar = bar("listening");
        let open = || sound::open(self.open()?, heard, sound::SPEECH_RATE_HZ);
        let request = AnalysisRequest {
            language: self.spoken.clone(),
            diarize: true,
            speakers: ANY_SPEAKERS,
            account: None,
            into_english: base(&self.args.to) == ENGLISH,
        };
        let mut progress = |part| show(&bar, part);
        let analysis = analyze::analyze(
            self.services,
            &open,
            request,
            &mut progress,
            &self.cancellation,
        );
        bar.finish_and_clear();
        analysis
    }

    fn translate(&self, analysis: &Analysis) -> Result<Vec<ScriptLine>, Fault> {
        let (source, target) = (base(&analysis.language), base(&self.args.to));
        let lines = &analysis.lines;
        let is_english = target == ENGLISH && lines.iter().any(|l| l.english.is_some());
        let is_there = source == target || is_english || lines.is_empty();
        let translator = match is_there {
            true => None,
            false => Some(self.installation.start_translator_for(&source, &target)?),
        };
        let bar = bar("translating");
        let mut segments = Vec::with_capacity(lines.len());
        for (number, line) in lines.iter().enumerate() {
            let said = &line.segment;
            let next = lines.get(number + 1).map(|l| l.segment.start_s);
            let text = match &translator {
                None if is_english => line.english.clone().unwrap_or_default(),
                None => said.text.clone(),
                Some(translator) => {
                    let task = TranslateTask {
                        text: said.text.clone(),
                        source: source.clone(),
                        target: target.clone(),
                        room: Some(room_chars(said.start_s, said.end_s, next)),
                    };
                    let share = LaneShare::command();
                    translator.translate(task, &share, &self.cancellation)?.text
                }
            };
            segments.push(ScriptLine {
                id: number.into(),
                start_s: said.start_s,
                end_s: said.end_s,
                text,
                speaker: diarization::name(line.speaker),
            });
            show(&bar, (number + 1) as f64 / lines.len() as f64)?;
        }
        bar.finish_and_clear();
        Ok(segments)
    }

    fn render(&self, request: &RenderRequest) -> Result<Rendered, Fault> {
        let bar = bar("speaking");
        let files = CommandFiles {
            args: self.args,
            signer: self.signer,
            has_picture: mux::inspect(self.open()?)?.is_some(),
        };
        let none = || Fault::internal("nothing speaks");
        let voices = self.services.voices.as_ref().ok_or_else(none)?;
        let mut progress = |part| show(&bar, part);
        let rendered = render::render(
            voices,
            None,
            request,
            &files,
            &mut progress,
            &self.cancellation,
        );
        bar.finish_and_clear();
        rendered
    }
}

/// The files that the command line names; other results of the render go to unnamed temporary files.
struct CommandFiles<'a> {
    args: &'a DubArgs,
    signer: Option<&'a ContentSigner>,
    has_picture: bool,
}

impl RenderFiles for CommandFiles<'_> {
    fn open(&self) -> Result<File, Fault> {
        File::open(&self.args.file).map_err(Fault::disk)
    }

    fn reserve(&self, _: u64) -> Result<(), Fault> {
        Ok(())
    }

    fn scratch(&self) -> Result<File, Fault> {
        tempfile::tempfile().map_err(Fault::disk)
    }

    fn signer(&self) -> Option<&ContentSigner> {
        self.signer
    }

    fn make(&self, name: &str, write: &mut WriteFile<'_>) -> Result<(), Fault> {
        match (name, &self.args.srt) {
            (VIDEO, _) => whole(&self.args.output, write),
            (AUDIO, _) if !self.has_picture => whole(&self.args.output, write),
            (SRT, Some(path)) => whole(path, write),
            _ => write(&mut self.scratch()?),
        }
    }
}

/// The code without its region, in lower case: `pt` for `pt-BR`.
fn base(code: &str) -> String {
    let base = code.split(['-', '_']).next().unwrap_or(code);
    base.to_lowercase()
}

/// Writes the file at `path` whole, or not at all.
fn whole(path: &Path, write: &mut WriteFile<'_>) -> Result<(), Fault> {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let refused = |e: std::io::Error| {
        Fault::invalid(format!("{} cannot be written", path.display())).because(e)
    };
    // As any program makes a file: what others may do with it, the umask says.
    let mut file = tempfile::Builder::new();
    let file = file.permissions(Permissions::from_mode(0o666));
    let mut file = file.tempfile_in(folder).map_err(refused)?;
    write(file.as_file_mut())?;
    file.persist(path).map_err(|e| refused(e.error))?;
    Ok(())
}

/// Voices by speaker, from the values of `--voice`. Errors: a value that is not `SPEAKER=VOICE`.
fn voices(asked: &[String]) -> Result<BTreeMap<String, String>, CliError> {
    let pair = |text: &String| {
        let pair = text.split_once('=');
        let pair = pair.filter(|(speaker, voice)| !speaker.is_empty() && !voice.is_empty());
        let (speaker, voice) = pair.ok_or_else(|| {
            CliError::Usage(format!(
                "--voice is {text:?}; a speaker and a voice such as SPEAKER_00=af_heart are accepted"
            ))
        })?;
        Ok((speaker.to_owned(), voice.to_owned()))
    };
    asked.iter().map(pair).collect()
}

/// A progress bar of a stage, drawn only on a terminal.
fn bar(stage: &'static str) -> ProgressBar {
    const TEMPLATE: &str =
        "{msg:12} {wide_bar} {percent:>3} % {elapsed_precise} (about {eta} left)";
    let style =
        ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(1_000)
        .with_style(style)
        .with_message(stage)
}

fn show(bar: &ProgressBar, part: f64) -> Result<(), Fault> {
    bar.set_position((part.clamp(0.0, 1.0) * 1_000.0) as u64);
    Ok(())
}

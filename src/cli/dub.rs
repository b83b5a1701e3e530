//! `vocabox dub`: a recording or a video → the same file in another language, without a server.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::ArgAction;
use indicatif::{ProgressBar, ProgressStyle};

use super::CliError;
use crate::app::{Installation, Workshop};
use crate::audio::encode::Codec;
use crate::config::{Common, ModelOptions};
use crate::dub::analyze::{self, Analysis};
use crate::dub::fit::room_chars;
use crate::dub::render::{self, AUDIO, Order, Rendered, SRT, Segment, VIDEO};
use crate::dub::sound;
use crate::engine::contract::{CancellationToken, TranslateTask};
use crate::engine::diarization;
use crate::fault::Fault;
use crate::limits;
use crate::media;
use crate::pack::manifest::Kind;

/// Dub a recording or a video into another language.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A video (mp4, mov, mkv, webm) or a recording
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Code of the language to dub into, such as en
    #[arg(long, value_name = "CODE")]
    to: String,
    /// Code of the language that is spoken, or auto to detect it
    #[arg(long, value_name = "CODE", default_value = "auto")]
    from: String,
    /// File to write: a video of the same kind, or a WAV where there is no picture
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// File for the new lines as subtitles (SRT)
    #[arg(long, value_name = "FILE")]
    srt: Option<PathBuf>,
    /// Voice of a speaker, such as SPEAKER_00=af_heart; those who are not named are imitated
    #[arg(long, value_name = "SPEAKER=VOICE")]
    voice: Vec<String>,
    /// Whether what else there is to hear stays, quieter under the lines
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set)]
    keep_background: bool,
    /// What the new sound of a video is coded as: opus or aac (mp4 and mov only)
    #[arg(long, value_name = "CODEC", default_value = "opus")]
    audio_codec: String,
    #[command(flatten)]
    models: ModelOptions,
}

/// Dubs and says how long it took.
pub fn run(args: Args, common: &Common) -> Result<(), CliError> {
    let options = common.models(&args.models).map_err(CliError::Usage)?;
    let voices = voices(&args.voice)?;
    let codec = Codec::parse(&args.audio_codec).map_err(CliError::usage)?;
    let open = || File::open(&args.file);
    if let Err(e) = open() {
        let path = args.file.display();
        return Err(CliError::Usage(format!("{path} cannot be opened: {e}")));
    }
    let kinds = [
        Kind::Speak,
        Kind::Transcribe,
        Kind::Detect,
        Kind::Embed,
        Kind::Translate,
    ];
    let installation = Installation::open(&options, &kinds).map_err(CliError::usage)?;
    let scratch = tempfile::tempdir().map_err(|e| CliError::Failed(e.to_string()))?;
    let workshop = Workshop::open(
        &installation,
        &common.data_dir,
        scratch.path(),
        options.beam,
    );
    let workshop = workshop.map_err(CliError::usage)?;
    let begun = Instant::now();
    let cancellation =
        CancellationToken::until(begun + Duration::from_secs(limits::JOB_SECONDS_MAX));
    let job = Job {
        args: &args,
        installation: &installation,
        workshop: &workshop,
        cancellation,
        codec,
    };
    let rendered = job.run(voices).map_err(CliError::failed)?;
    let cut = rendered.lines.iter().filter(|l| l.truncated).count();
    eprintln!(
        "{}: {:.1} s dubbed in {:.1} s, {} lines, {cut} of them cut",
        args.output.display(),
        rendered.seconds,
        begun.elapsed().as_secs_f64(),
        rendered.lines.len()
    );
    Ok(())
}

/// What is written where nothing translates.
const ENGLISH: &str = "en";

/// One file on its way.
struct Job<'a> {
    args: &'a Args,
    installation: &'a Installation,
    workshop: &'a Workshop,
    cancellation: CancellationToken,
    codec: Codec,
}

impl Job<'_> {
    fn run(&self, voices: BTreeMap<String, String>) -> Result<Rendered, Fault> {
        let analysis = self.analyze()?;
        let order = Order {
            segments: self.translate(&analysis)?,
            voices,
            language: self.args.to.to_lowercase(),
            keep_background: self.args.keep_background,
            codec: self.codec,
        };
        self.render(&order)
    }

    fn open(&self) -> Result<File, Fault> {
        File::open(&self.args.file).map_err(Fault::disk)
    }

    fn analyze(&self) -> Result<Analysis, Fault> {
        let bar = bar("listening");
        let target_is_english = base(&self.args.to) == ENGLISH;
        let picture = media::inspect(self.open()?)?;
        if let Some(picture) = &picture {
            media::check_codec(picture.container, self.codec)?;
        }
        let language = Some(self.args.from.to_lowercase()).filter(|l| l != "auto");
        let open = || sound::open(self.open()?, picture.as_ref(), analyze::RATE_HZ);
        let means = analyze::Means {
            diarize: &mut *self.installation.build_diarize()?,
            listen: &self.workshop.listen,
            wants_english: &|code| target_is_english && (self.workshop.wants_english)(code),
            progress: &mut |part| show(&bar, part),
        };
        let analysis = analyze::analyze(&open, language, true, means, &self.cancellation);
        bar.finish_and_clear();
        analysis
    }

    fn translate(&self, analysis: &Analysis) -> Result<Vec<Segment>, Fault> {
        let (source, target) = (base(&analysis.language), base(&self.args.to));
        let lines = &analysis.lines;
        let is_english = target == ENGLISH && lines.iter().any(|l| l.english.is_some());
        let is_there = source == target || is_english || lines.is_empty();
        let mut engine = match is_there {
            true => None,
            false => Some(self.installation.build_translate(&source, &target)?),
        };
        let bar = bar("translating");
        let mut segments = Vec::with_capacity(lines.len());
        for (number, line) in lines.iter().enumerate() {
            let said = &line.segment;
            let next = lines.get(number + 1).map(|l| l.segment.start_s);
            let text = match &mut engine {
                None if is_english => line.english.clone().unwrap_or_default(),
                None => said.text.clone(),
                Some(engine) => {
                    let task = TranslateTask {
                        text: said.text.clone(),
                        source: source.clone(),
                        target: target.clone(),
                        room: Some(room_chars(said.start_s, said.end_s, next)),
                    };
                    engine.run(task, &self.cancellation)?.text
                }
            };
            segments.push(Segment {
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

    fn render(&self, order: &Order) -> Result<Rendered, Fault> {
        let bar = bar("speaking");
        let has_picture = media::inspect(self.open()?)?.is_some();
        let make = |name: &str, write: &mut dyn FnMut(&mut File) -> Result<(), Fault>| match (
            name,
            &self.args.srt,
        ) {
            (VIDEO, _) => whole(&self.args.output, write),
            (AUDIO, _) if !has_picture => whole(&self.args.output, write),
            (SRT, Some(path)) => whole(path, write),
            _ => write(&mut tempfile::tempfile().map_err(Fault::disk)?),
        };
        let means = render::Means {
            stage: &*self.workshop.stage,
            kept: &self.workshop.kept,
            account: None,
            open: &|| self.open(),
            size: &|_| Ok(()),
            scratch: &|| tempfile::tempfile().map_err(Fault::disk),
            make: &make,
            progress: &mut |part| show(&bar, part),
        };
        let rendered = render::render(order, means, &self.cancellation);
        bar.finish_and_clear();
        rendered
    }
}

/// `pt` of `pt-BR`.
fn base(code: &str) -> String {
    let base = code.split(['-', '_']).next().unwrap_or(code);
    base.to_lowercase()
}

/// Writes the file at `path` whole, or not at all.
fn whole(path: &Path, write: &mut dyn FnMut(&mut File) -> Result<(), Fault>) -> Result<(), Fault> {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let refused = |e: std::io::Error| {
        Fault::invalid(format!("{} cannot be written", path.display())).because(e)
    };
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(refused)?;
    write(file.as_file_mut())?;
    file.persist(path).map_err(|e| refused(e.error))?;
    Ok(())
}

/// Voices by speaker.
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

/// How far a stage is, drawn on a terminal only.
fn bar(stage: &'static str) -> ProgressBar {
    const LOOK: &str = "{msg:12} {wide_bar} {percent:>3} % {elapsed_precise} (about {eta} left)";
    let style = ProgressStyle::with_template(LOOK).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(1_000)
        .with_style(style)
        .with_message(stage)
}

fn show(bar: &ProgressBar, part: f64) -> Result<(), Fault> {
    bar.set_position((part.clamp(0.0, 1.0) * 1_000.0) as u64);
    Ok(())
}

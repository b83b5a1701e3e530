//! `vocabox speak`: speaks a text to a sound file, or to standard output while it is made; without a server.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::CliError;
use super::content_key::open_signer;
use super::endings::speech_format;
use super::logging::say;
use super::output::unwritten;
use crate::app::Installation;
use crate::audio::encode::{self, Format};
use crate::audio::mark::SyntheticMark;
use crate::audio::pcm::Clip;
use crate::capability::Capability;
use crate::config::{Common, Flags, ModelSettings};
use crate::engine::contract::{CancellationToken, Utterance};
use crate::fault::Fault;
use crate::limits;
use crate::provenance::ContentSigner;
use crate::scheduler::LaneShare;
use crate::services::lexicons::Lexicons;
use crate::services::reading::TextReading;
use crate::services::speech_script::SpeechScript;
use crate::services::voices::{ResolvedVoice, VoiceCatalog};
use crate::text;
use crate::text::markup::Notation;

/// Speak a text to a sound file.
#[derive(Debug, clap::Args)]
pub struct SpeakArgs {
    /// The text, or - to read it from standard input
    #[arg(value_name = "TEXT|-")]
    text: String,
    /// File to write, or - for standard output, to which the sound is written while it is made
    #[arg(short, long, value_name = "FILE", default_value = "speech.wav")]
    output: PathBuf,
    /// Format: wav, pcm, flac, opus, mp3 or aac [default: by the ending of the file's name, else wav]
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Voice; `vocabox models show kokoro` lists them; or a blend such as "af_heart(2)+am_adam(1)"
    #[arg(long, value_name = "VOICE", default_value = "af_heart")]
    voice: String,
    /// Speaking rate as a factor, 0.5 to 2
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    #[command(flatten)]
    models: Flags<ModelSettings>,
}

/// Speaks a text, and prints how long that took.
pub fn run(args: SpeakArgs, common: &Common) -> Result<(), CliError> {
    let options = common.models(&args.models).map_err(CliError::Usage)?;
    if !(limits::SPEED_MIN..=limits::SPEED_MAX).contains(&args.speed) {
        let (min, max) = (limits::SPEED_MIN, limits::SPEED_MAX);
        return Err(CliError::Usage(format!(
            "--speed is {}; {min} to {max} is accepted",
            args.speed
        )));
    }
    let format = format(&args)?;
    let signer = open_signer(common)?;
    let text = match args.text.as_str() {
        "-" => {
            let mut text = String::new();
            let read = std::io::stdin().read_to_string(&mut text);
            read.map_err(|e| CliError::Failed(format!("standard input cannot be read: {e}")))?;
            text
        }
        text => text.to_owned(),
    };
    let installation =
        Installation::open(&options, &[Capability::Speak]).map_err(CliError::usage)?;
    let capacity = installation.command_capacity();
    let speech = (installation.start_speech(&capacity)).map_err(CliError::usage)?;
    let catalog = installation.voice_catalog(None);
    let begun = Instant::now();
    let cancellation = CancellationToken::until(begun + Duration::from_secs(24 * 3600));
    let lexicon = Lexicons::of_command(&common.settings.data_dir).of(None);
    let (slowest, fastest) = (limits::SPEED_MIN as f32, limits::SPEED_MAX as f32);
    let utterance = |voice: &ResolvedVoice<'_>, rate: f32| Utterance {
        speed: (args.speed as f32 * rate).clamp(slowest, fastest),
        ..voice.utterance()
    };
    let reading = TextReading {
        catalog: &catalog,
        account: None,
        lexicon: &lexicon.map_err(CliError::usage)?,
        notation: Notation::Script,
        voice: &args.voice,
        language: None,
        utterance: &utterance,
    };
    let read = reading.read(&text).map_err(CliError::failed)?;
    if !read.skipped.is_empty() {
        say(&format!(
            "skipped, because no voice here reads them: {}",
            read.skipped
        ));
    }
    let mark = common.settings.mark_synthetic;
    let mark = mark.then_some(SyntheticMark::Speech);
    if mark.is_some() && !format.takes_marks() {
        say(&format!(
            "not marked as synthetic: files of the format {} have no place for it",
            format.name()
        ));
    }
    let signing = signer.as_ref().zip(mark);
    if signer.is_some() && (mark.is_none() || is_pipe(&args) || !ContentSigner::signs(format)) {
        say("not signed: only files in WAV and MP3 with --mark-synthetic are");
    }
    let mut progress = SpeechProgress::new(&read.script, &catalog);
    let mut stream = speech
        .stream(read.script.clone(), &LaneShare::command(), &cancellation)
        .map_err(CliError::failed)?;
    let pieces = std::iter::from_fn(|| {
        let piece = stream.piece().transpose()?;
        Some(piece.inspect(|piece| progress.said(piece)))
    });
    let spoken = match is_pipe(&args) {
        true => pipe(pieces, format, mark).map(|()| None),
        false => {
            let clips: Result<Vec<Clip>, Fault> = pieces.collect();
            clips.map(Clip::joined).map_err(CliError::failed)
        }
    };
    progress.bar.finish_and_clear();
    if let Some(clip) = spoken? {
        write(&clip, (format, mark), signing, &args)?;
    }
    let (seconds, took) = (progress.seconds, begun.elapsed().as_secs_f64());
    say(&format!(
        "{}: {seconds:.2} s of speech in {took:.2} s",
        args.output.display()
    ));
    Ok(())
}

fn is_pipe(args: &SpeakArgs) -> bool {
    args.output.as_os_str() == "-"
}

/// The format of `--format`, else of the ending of the file's name, else WAV.
fn format(args: &SpeakArgs) -> Result<Format, CliError> {
    let asked = args.format.as_deref().map(Format::parse).transpose();
    let asked = asked.map_err(|f| CliError::Usage(format!("--{f}")))?;
    speech_format(asked, &args.output)
}

/// Writes pieces to standard output as they are made. After a fault the encoder still finishes, so that the sound so
/// far can be played.
fn pipe(
    pieces: impl Iterator<Item = Result<Clip, Fault>>,
    format: Format,
    mark: Option<SyntheticMark>,
) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    let mut write = |bytes: Result<Vec<u8>, Fault>| {
        let bytes = bytes.map_err(CliError::failed)?;
        let written = out.write_all(&bytes).and_then(|()| out.flush());
        written.map_err(unwritten)
    };
    let mut encoder: Option<Box<dyn encode::Stream>> = None;
    let mut broken = None;
    for piece in pieces {
        let piece = match piece {
            Ok(piece) => piece,
            Err(fault) => {
                broken = Some(fault);
                break;
            }
        };
        let encoder = match &mut encoder {
            Some(encoder) => encoder,
            none => {
                let new = encode::stream(format, piece.rate_hz, mark);
                none.insert(new.map_err(CliError::failed)?)
            }
        };
        write(encoder.push(&piece.samples))?;
    }
    encoder.map_or(Ok(()), |encoder| write(encoder.finish()))?;
    broken.map_or(Ok(()), |fault| Err(CliError::failed(fault)))
}

/// Encodes the clip, signs it and writes the file.
fn write(
    clip: &Clip,
    (format, mark): (Format, Option<SyntheticMark>),
    signing: Option<(&ContentSigner, SyntheticMark)>,
    args: &SpeakArgs,
) -> Result<(), CliError> {
    let file = encode::whole(format, &clip.samples, clip.rate_hz, mark);
    let file = file.and_then(|file| match signing {
        Some((signer, mark)) => signer.sign_whole(format, file, mark),
        None => Ok(file),
    });
    let file = file.map_err(CliError::failed)?;
    std::fs::write(&args.output, file)
        .map_err(|e| CliError::Failed(format!("{} cannot be written: {e}", args.output.display())))
}

/// Progress through a text, drawn only on a terminal.
struct SpeechProgress<'a> {
    bar: ProgressBar,
    /// Characters of the pieces that the engine speaks; none without a terminal.
    pieces: Box<dyn Iterator<Item = u64> + 'a>,
    seconds: f64,
}

impl<'a> SpeechProgress<'a> {
    fn new(script: &'a SpeechScript, catalog: &'a VoiceCatalog) -> Self {
        const TEMPLATE: &str = "{msg} {bar:30} {percent:>3} % {elapsed_precise} (about {eta} left)";
        let style = ProgressStyle::with_template(TEMPLATE);
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let chars = |text: &str| text.chars().count() as u64;
        let all = script.utterances().map(|u| chars(&u.text.written()));
        let bar = ProgressBar::new(all.sum()).with_style(style);
        let pieces = script.utterances().flat_map(|utterance| {
            let voice = catalog.resolve(None, &utterance.voice, None).ok();
            let language = voice.and_then(|voice| text::language(&voice.reader.language));
            language.and_then(|l| utterance.text.pieces(l).ok())
        });
        let counted = pieces
            .flatten()
            .map(move |piece| piece.map_or(0, |p| chars(&p.text)));
        SpeechProgress {
            pieces: match bar.is_hidden() {
                true => Box::new(std::iter::empty()),
                false => Box::new(counted),
            },
            bar,
            seconds: 0.0,
        }
    }

    fn said(&mut self, piece: &Clip) {
        self.seconds += piece.seconds();
        self.bar
            .set_message(format!("{:.0} s of speech", self.seconds));
        if let Some(chars) = self.pieces.next() {
            self.bar.inc(chars);
        }
    }
}

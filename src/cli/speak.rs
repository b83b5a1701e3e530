//! `vocabox speak`: a text to a WAV, without a server.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::CliError;
use crate::app::Installation;
use crate::audio::encode;
use crate::config::{Common, ModelOptions};
use crate::engine::contract::{Utterance, Watch, speak_whole};
use crate::limits;
use crate::pack::manifest::Kind;

/// Speak a text to a WAV file.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The text, or - to read it from standard input
    #[arg(value_name = "TEXT|-")]
    text: String,
    /// File to write, or - for standard output
    #[arg(short, long, value_name = "FILE", default_value = "speech.wav")]
    output: PathBuf,
    /// Voice; `vocabox models show kokoro` lists them; or a blend such as "af_heart(2)+am_adam(1)"
    #[arg(long, value_name = "VOICE", default_value = "af_heart")]
    voice: String,
    /// Speaking rate as a factor, 0.5 to 2
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    #[command(flatten)]
    models: ModelOptions,
}

/// Speaks and says how long it took.
pub fn run(args: Args, common: &Common) -> Result<(), CliError> {
    let options = common.models(&args.models).map_err(CliError::Usage)?;
    if !(limits::SPEED_MIN..=limits::SPEED_MAX).contains(&args.speed) {
        let (min, max) = (limits::SPEED_MIN, limits::SPEED_MAX);
        return Err(CliError::Usage(format!(
            "--speed is {}; {min} to {max} is accepted",
            args.speed
        )));
    }
    let text = match args.text.as_str() {
        "-" => {
            let mut text = String::new();
            let read = std::io::stdin().read_to_string(&mut text);
            read.map_err(|e| CliError::Failed(format!("standard input cannot be read: {e}")))?;
            text
        }
        text => text.to_owned(),
    };
    let installation = Installation::open(&options, &[Kind::Speak]).map_err(CliError::usage)?;
    let mut engine = installation.build_speak().map_err(CliError::usage)?;
    let begun = Instant::now();
    let utterance = Utterance {
        text,
        voice: args.voice,
        speed: args.speed as f32,
        ..Utterance::default()
    };
    let watch = Watch::until(begun + Duration::from_secs(24 * 3600));
    let clip = speak_whole(&mut *engine, utterance, &watch).map_err(CliError::failed)?;
    let wav = encode::wav(&clip.samples, clip.rate_hz).map_err(CliError::failed)?;
    let written = match args.output.to_str() {
        Some("-") => std::io::stdout().write_all(&wav),
        _ => std::fs::write(&args.output, wav),
    };
    written.map_err(|e| {
        CliError::Failed(format!("{} cannot be written: {e}", args.output.display()))
    })?;
    let took = begun.elapsed().as_secs_f64();
    let seconds = clip.seconds();
    eprintln!(
        "{}: {seconds:.2} s of speech in {took:.2} s",
        args.output.display()
    );
    Ok(())
}

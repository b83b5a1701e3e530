//! Whisper: speech in 99 languages → text, window by window.
//!
//! Paper: Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision"; the walk over windows is
//! that of github.com/openai/whisper, `whisper/transcribe.py`. A speech detector in front skips what is not
//! speech, so that silence and noise give no text.

mod decode;
mod rules;
mod window;

use std::fs;

use tokenizers::Tokenizer;

use super::contract::{Engine, Segment, Transcribe, TranscribeTask, Transcript, Watch};
use super::net::{Input, Net};
use super::nets::{Nets, refused, variant_in_use};
use super::silero::Silero;
use crate::audio::mel::Mel;
use crate::fault::Fault;
use crate::pack::Pack;
use decode::{Decoder, Memory};
use rules::Vocabulary;
use window::Windows;

/// Sample rate of the model.
pub const RATE_HZ: u32 = 16_000;
/// Samples of one window (30 s), which the encoder always takes whole.
const WINDOW_SAMPLES: usize = 480_000;
/// Feature steps of one window.
const WINDOW_HOPS: usize = 3_000;
/// A window that the model itself takes for silence, and whose text it does not believe in, is skipped
/// (`transcribe.py`: no_speech_threshold, logprob_threshold).
const NO_SPEECH_MIN: f32 = 0.6;
const LOGPROB_MIN: f32 = -1.0;
/// Spoken language of a model that knows one only.
const ENGLISH: &str = "en";

/// The engine, owned by one worker.
pub struct Whisper {
    mel: Mel,
    encoder: Box<dyn Net>,
    decoder: Decoder,
    vocabulary: Vocabulary,
    tokenizer: Tokenizer,
    detector: Silero,
}

/// Builds the engine of `pack`, with the speech detector of `detector`.
pub fn build(pack: &Pack, detector: &Pack, nets: &Nets) -> Result<Box<Transcribe>, Fault> {
    let variant = variant_in_use(pack);
    let path = |role| {
        let file = pack.file(role, variant.as_deref()).map_err(refused)?;
        Ok::<_, Fault>(pack.path(file))
    };
    let broken = |what: &str, e: String| {
        Fault::missing("A model pack of this box is not as its manifest says.")
            .because(format!("pack {}: {what}: {e}", pack.name()))
    };
    let tokenizer =
        Tokenizer::from_file(path("tokenizer")?).map_err(|e| broken("tokenizer", e.to_string()))?;
    let config = fs::read(path("config")?).map_err(|e| broken("config", e.to_string()))?;
    let encoder = nets.load(pack, "encoder")?;
    let decoder = Decoder::new(nets.load(pack, "decoder")?);
    let vocabulary = Vocabulary::new(&tokenizer, &config, decoder.vocabulary_len())
        .map_err(|e| broken("config", e))?;
    let mels = encoder.signature().inputs[0]
        .dims
        .get(1)
        .copied()
        .flatten()
        .unwrap_or(80);
    Ok(Box::new(Whisper {
        mel: Mel::whisper(mels),
        encoder,
        decoder,
        vocabulary,
        tokenizer,
        detector: super::silero::build(detector, nets)?,
    }))
}

impl Engine for Whisper {
    type Task = TranscribeTask;
    type Output = Transcript;

    /// Transcribes sound at 16 kHz. Faults: `Invalid` when the recording is empty or undecodable, `Engine` when a graph
    /// fails or time is up.
    fn run(&mut self, task: TranscribeTask, watch: &Watch) -> Result<Transcript, Fault> {
        let known = |code: String| self.vocabulary.language(&code).map(|id| (code, id));
        let mut language = task.language.and_then(known);
        let mut windows = Windows::new(task.audio, &mut self.detector);
        let mut segments: Vec<Segment> = Vec::new();
        while let Some(window) = windows.next(watch)? {
            watch.check()?;
            let features = self.mel.log_mel(&window.samples, WINDOW_HOPS);
            let memory = encode(&mut *self.encoder, &features)?;
            self.decoder.listen(memory);
            if language.is_none() {
                language = self.decoder.detect(&self.vocabulary)?;
            }
            let spoken = language.as_ref().map(|(_, id)| *id);
            let decoded = self.decoder.greedy(&self.vocabulary, spoken, watch)?;
            let offset_s = window.start as f64 / f64::from(RATE_HZ);
            let limit_s = window.end as f64 / f64::from(RATE_HZ);
            let mut advance = window.end - window.start;
            if decoded.no_speech < NO_SPEECH_MIN || decoded.logprob > LOGPROB_MIN {
                let (phrases, heard_s) = self.vocabulary.phrases(&decoded);
                if let Some(heard_s) = heard_s {
                    advance = advance.min((heard_s * f64::from(RATE_HZ)) as usize);
                }
                for phrase in phrases {
                    let text = text(&self.tokenizer, &phrase.tokens)?;
                    let floor = segments.last().map_or(0.0, |s| s.end_s);
                    let start_s = (offset_s + phrase.start_s).clamp(floor, limit_s.max(floor));
                    let end_s = (offset_s + phrase.end_s).clamp(start_s, limit_s.max(start_s));
                    if !text.is_empty() {
                        segments.push(Segment {
                            start_s,
                            end_s,
                            text,
                        });
                    }
                }
            }
            windows.advance(advance);
        }
        let seconds = windows.samples_read() as f64 / f64::from(RATE_HZ);
        if seconds == 0.0 {
            return Err(Fault::invalid(
                "file holds no sound: it decodes to 0 samples",
            ));
        }
        Ok(Transcript {
            language: language.map_or_else(|| ENGLISH.to_owned(), |(code, _)| code),
            seconds,
            segments,
        })
    }
}

fn text(tokenizer: &Tokenizer, tokens: &[u32]) -> Result<String, Fault> {
    let text = tokenizer.decode(tokens, true).map_err(Fault::engine)?;
    Ok(text.trim().to_owned())
}

/// One window's features `[1, mels, 3000]` → what the decoder attends to: keys and values of its cross-attention,
/// `present.{layer}.encoder.key|value [1, heads, 1500, 64]`, by their names as the decoder's inputs.
fn encode(encoder: &mut dyn Net, features: &[f32]) -> Result<Memory, Fault> {
    let outputs = &encoder.signature().outputs;
    let names: Vec<String> = outputs
        .iter()
        .filter(|o| o.name.starts_with("present."))
        .map(|o| o.name.clone())
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let shape = [1, features.len() / WINDOW_HOPS, WINDOW_HOPS];
    let made = encoder.run(
        &[("input_features", Input::Floats(&shape, features))],
        &names,
    )?;
    let as_input = |name: &str| name.replacen("present.", "past_key_values.", 1);
    Ok(names.iter().map(|n| as_input(n)).zip(made).collect())
}

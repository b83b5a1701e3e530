//! Whisper: speech in 99 languages → text, window by window.
//!
//! Paper: Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision"; the windows follow
//! github.com/openai/whisper, `whisper/transcribe.py`. A speech detector first skips everything that is not speech, so
//! that silence and noise give no text.
//!
//! | file | one idea |
//! | --- | --- |
//! | `window` | a recording → windows that start at speech |
//! | `transcribe_window` | one window → an accepted text |
//! | `decoder` | tokens in, logits out, over the layouts of its graphs |
//! | `decoding` | options, state and result of decoding one window |
//! | `search`, `beam` | logits → tokens |
//! | `rules` | which token may follow which, and where phrases end |
//! | `fallback` | whether a text is accepted, and the temperatures that are tried when it is not |
//! | `align`, `words` | when each token, and so each word, was said |
//! | `phrases` | tokens and times → the recording's phrases |

mod align;
mod beam;
mod decoder;
#[cfg(test)]
mod decoder_tests;
mod decoding;
mod fallback;
mod phrases;
mod rules;
mod search;
mod transcribe_window;
mod window;
mod words;

use std::fs;
use std::sync::Arc;

use tokenizers::Tokenizer;

use crate::contract::{Engine, Segment, Steps, Transcribe, TranscribeTask, Transcript};
use crate::graph::loader::{GraphLoader, refused, variant_in_use};
use crate::graph::net::TensorSpec;
use crate::vad::Silero;
use decoder::WhisperDecoder;
use decoding::{DecodeOptions, TOKENS_MAX};
use rules::Vocabulary;
use transcribe_window::WindowTranscriber;
use vocabox_audio::dsp::mel::Mel;
use vocabox_base::fault::Fault;
use vocabox_pack::Pack;
use window::Windows;

/// Sample rate of the model.
pub const RATE_HZ: u32 = 16_000;
/// Samples of a whole window (30 s).
const WINDOW_SAMPLES: usize = 480_000;
/// Spoken language of a model that knows only one.
const ENGLISH: &str = "en";
/// Mel bands of a model whose graph does not declare its number: that of all models but large-v3.
const MELS: usize = 80;

/// The engine.
pub struct Whisper {
    /// Has no window: each task forks it.
    transcriber: WindowTranscriber,
    detector: Silero,
}

/// Builds the engine of `pack`, with the speech detector of `detector`.
pub fn build(pack: &Pack, detector: &Pack, graphs: &GraphLoader) -> Result<Arc<Transcribe>, Fault> {
    let variant = variant_in_use(pack);
    let path = |role| {
        let file = pack.file(role, variant.as_deref()).map_err(refused)?;
        Ok::<_, Fault>(pack.path(file))
    };
    let broken = |what: &str, e: String| {
        Fault::missing("A model pack of this server is not as its manifest says.")
            .because(format!("pack {}: {what}: {e}", pack.name()))
    };
    let tokenizer =
        Tokenizer::from_file(path("tokenizer")?).map_err(|e| broken("tokenizer", e.to_string()))?;
    let config = fs::read(path("config")?).map_err(|e| broken("config", e.to_string()))?;
    let encoder = graphs.load(pack, "encoder")?;
    // A separate graph for the first tokens, in one of the layouts.
    let first = match pack.file("decoder-first", variant.as_deref()) {
        Ok(_) => Some(graphs.load(pack, "decoder-first")?),
        Err(_) => None,
    };
    let decoder = WhisperDecoder::new(graphs.load(pack, "decoder")?, first)?;
    let logits = decoder.vocabulary_len();
    let logits = logits.unwrap_or(tokenizer.get_vocab_size(true));
    let vocabulary =
        Vocabulary::new(&tokenizer, &config, logits).map_err(|e| broken("config", e))?;
    let dims = encoder.signature().inputs.first().map(|i| i.dims.clone());
    let gives_memory = |o: &TensorSpec| o.name.starts_with("present.");
    let gives_cross_attention = encoder.signature().outputs.iter().any(gives_memory);
    let size = |at: usize| dims.as_ref().and_then(|d| d.get(at).copied().flatten());
    Ok(Arc::new(Whisper {
        transcriber: WindowTranscriber {
            mel: Mel::whisper(size(1).unwrap_or(MELS)),
            // Other exports declare an open length too, but fail with another than a whole window's.
            takes_short: gives_cross_attention && size(2).is_none(),
            encoder,
            decoder,
            vocabulary: Arc::new(vocabulary),
            tokenizer: Arc::new(tokenizer),
        },
        detector: crate::vad::build(detector, graphs)?,
    }))
}

impl Engine for Whisper {
    type Task = TranscribeTask;
    type Output = Transcript;

    /// Transcribes sound at 16 kHz. Faults: `Missing` when a translation into English is requested and the model cannot
    /// translate, `Invalid` when the recording is empty or undecodable, `Engine` when a graph fails or the deadline has
    /// passed.
    fn run(&self, task: TranscribeTask, steps: &dyn Steps) -> Result<Transcript, Fault> {
        let known = |code: String| {
            let token = self.transcriber.vocabulary.language(&code)?;
            Some((code, token))
        };
        if task.into_english && !self.transcriber.vocabulary.translates() {
            return Err(Fault::missing(
                "The model that transcribes on this server does not translate.",
            ));
        }
        let mut language = task.language.and_then(known);
        let mut transcriber = self.transcriber.fork();
        let mut windows = Windows::new(task.audio, self.detector.fork());
        let mut segments: Vec<Segment> = Vec::new();
        let mut prompt: Vec<u32> = Vec::new();
        while let Some(window) = windows.next(steps)? {
            steps.next()?;
            let frames = transcriber.listen(&window.samples, false)?;
            if language.is_none() {
                language = transcriber.language()?;
            }
            let options = DecodeOptions {
                language: language.as_ref().map(|(_, token)| *token),
                into_english: task.into_english,
                prompt: &prompt,
                temperature: 0.0,
                beams: task.beams,
                attend: task.words,
                seed: window.start as u64,
            };
            let heard = transcriber.text(&window.samples, frames, options, steps)?;
            let mut advance = window.end - window.start;
            if let Some(heard) = heard {
                let spoken = language.as_ref().map_or(ENGLISH, |(code, _)| code);
                let words = task.words.then_some(spoken);
                let used = transcriber.phrases(&heard, &window, words, &mut segments)?;
                advance = advance.min(used.samples.unwrap_or(advance));
                prompt.extend(&heard.decoded.tokens[..used.tokens]);
                if heard.temperature > fallback::CONDITION_TEMPERATURE_MAX {
                    prompt.clear();
                }
                prompt.drain(..prompt.len().saturating_sub(TOKENS_MAX));
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

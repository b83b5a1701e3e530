//! Whisper: speech in 99 languages → text, window by window.
//!
//! Paper: Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision"; the windows follow
//! github.com/openai/whisper, `whisper/transcribe.py`. A speech detector first skips everything that is not speech, so
//! that silence and noise give no text.
//!
//! | file | one idea |
//! | --- | --- |
//! | `window` | a recording → windows that start at speech and end in pauses |
//! | `cuts` | where speech is cut: in a pause |
//! | `hearing` | window after window → phrases, and again what a text does not cover |
//! | `context` | what the decoder is told before a window |
//! | `transcribe_window` | one window → an accepted text |
//! | `decoder` | tokens in, logits out, over the layouts of its graphs |
//! | `decoding` | options, state and result of decoding one window |
//! | `search`, `beam` | logits → tokens |
//! | `rules` | which token may follow which, and where phrases end |
//! | `belief` | whether a text is accepted, and the temperatures that are tried when it is not |
//! | `align`, `words` | when each token, and so each word, was said |
//! | `phrases` | tokens and times → the recording's phrases |
//! | `token_bytes` | a token → its text |

mod align;
mod beam;
mod belief;
mod context;
pub mod cuts;
mod decoder;
#[cfg(test)]
mod decoder_tests;
mod decoding;
#[cfg(test)]
mod fused_tests;
mod hearing;
mod phrases;
mod rules;
mod search;
mod token_bytes;
mod transcribe_window;
mod window;
#[cfg(test)]
mod window_tests;
mod words;

use std::sync::Arc;

use tokenizers::Tokenizer;

use crate::contract::{Transcribe, TranscribeTask, Transcribing};
use crate::graph::loader::{GraphLoader, refused, variant_in_use};
use crate::graph::net::TensorSpec;
use crate::vad::Silero;
use decoder::WhisperDecoder;
use hearing::{Hearing, HearingOptions};
use rules::Vocabulary;
use search::SpokenLanguage;
use transcribe_window::WindowTranscriber;
use vocabox_audio::dsp::mel::Mel;
use vocabox_base::fault::Fault;
use vocabox_pack::Pack;
use vocabox_pack::manifest::TensorText;
use window::Windows;

/// Sample rate of the model.
pub const RATE_HZ: u32 = 16_000;
/// Samples of a whole window (30 s).
const WINDOW_SAMPLES: usize = 480_000;
/// Spoken language of a model that knows only one.
const ENGLISH: &str = "en";
/// Mel bands of a model whose graph does not declare its number: that of all models but large-v3.
const MELS: usize = 80;
/// Mel bands that models take; 128 is that of large-v3 and what was made from it.
pub const MEL_BANDS: [usize; 2] = [MELS, 128];

/// The engine.
pub struct Whisper {
    /// Has no window: each task forks it.
    transcriber: WindowTranscriber,
    detector: Silero,
}

/// Builds the engine of `pack`, with the speech detector of `detector`.
pub fn build(
    pack: &Pack,
    detector: &Pack,
    graphs: &GraphLoader,
) -> Result<Arc<dyn Transcribe>, Fault> {
    let variant = variant_in_use(pack);
    let broken = |what: &str, e: String| {
        Fault::missing("A model pack of this server is not as its manifest says.")
            .because(format!("pack {}: {what}: {e}", pack.name()))
    };
    let read = |role| {
        let file = pack.file(role, variant.as_deref()).map_err(refused)?;
        let content = pack.path(file).read();
        content.map_err(|e| broken(role, e.to_string()))
    };
    let tokenizer = Tokenizer::from_bytes(read("tokenizer")?)
        .map_err(|e| broken("tokenizer", e.to_string()))?;
    let config = read("config")?;
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
    // Some exports leave the number of bands open: then the manifest has it.
    let noted = pack.file("encoder", variant.as_deref()).map_err(refused)?;
    let noted = noted.inputs.values().next().and_then(|text| {
        let dims = TensorText::parse(text).ok()?.dims;
        dims.get(1).copied().flatten()
    });
    Ok(Arc::new(Whisper {
        transcriber: WindowTranscriber {
            mel: Mel::whisper(size(1).or(noted).unwrap_or(MELS)),
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

impl Transcribe for Whisper {
    /// Begins to transcribe sound at 16 kHz. Faults: as the trait's.
    fn begin(&self, task: TranscribeTask) -> Result<Box<dyn Transcribing>, Fault> {
        let vocabulary = &self.transcriber.vocabulary;
        if task.into_english && !vocabulary.translates() {
            return Err(Fault::missing(
                "The model that transcribes on this server does not translate.",
            ));
        }
        let known = |code: String| {
            let token = vocabulary.language(&code)?;
            Some(SpokenLanguage {
                code,
                token,
                probability: 1.0,
            })
        };
        let transcriber = self.transcriber.fork();
        let context = transcriber.context(&task.keywords, task.prompt.as_deref())?;
        let windows = Windows::new(
            task.audio,
            self.detector.fork(),
            self.transcriber.takes_short,
        );
        let options = HearingOptions {
            language: task.language.and_then(known),
            into_english: task.into_english,
            words: task.words,
            scores: task.scores,
            temperature: task.temperature,
            beams: task.beams,
        };
        Ok(Box::new(Hearing::new(
            transcriber,
            windows,
            context,
            options,
        )))
    }
}

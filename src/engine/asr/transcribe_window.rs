//! Transcribes one window: sound → features → encoder outputs → an accepted text.

use std::sync::Arc;

use tokenizers::Tokenizer;

use super::align::Frames;
use super::decoder::WhisperDecoder;
use super::decoding::{DecodeOptions, Decoded};
use super::fallback::{self, TEMPERATURES, Verdict};
use super::rules::Vocabulary;
use super::search;
use crate::contract::Steps;
use crate::graph::net::{Input, Net};
use vocabox_audio::dsp::mel::Mel;
use vocabox_base::fault::Fault;

/// Feature hops of a whole window (30 s), and samples of one hop.
const WINDOW_HOPS: usize = 3_000;
const HOP_SAMPLES: usize = 160;
/// Samples of one frame of the encoder: two feature hops.
pub const FRAME_SAMPLES: usize = 2 * HOP_SAMPLES;
/// Silence after a clip shorter than a window: 5 s. The model was trained on whole windows and repeats itself when the
/// sound ends too soon: in the test recordings with 0.4 s of silence, and never from 1 s on. From 5 s on the texts are
/// those of a whole window.
const SILENCE_HOPS: usize = 500;
/// Lengths are rounded up to this many hops (1 s), so that few of them occur: some runtimes plan each length anew.
const HOPS_STEP: usize = 100;

/// The model's parts. Windows are encoded one by one: encoding two or four of 5 or 10 s at a time takes 0.99 to 1.04
/// times the processor time of one after the other (base, two threads, ONNX Runtime 1.32.0), and a window's start and
/// prompt depend on the one before it.
pub struct WindowTranscriber {
    pub mel: Mel,
    pub encoder: Arc<dyn Net>,
    pub decoder: WhisperDecoder,
    pub vocabulary: Arc<Vocabulary>,
    pub tokenizer: Arc<Tokenizer>,
    /// Whether the encoder takes fewer hops than a whole window's.
    pub takes_short: bool,
}

/// A window's text, and how it was decoded.
pub struct TranscribedWindow {
    pub decoded: Decoded,
    pub frames: Frames,
    /// The temperature at which its tokens were sampled; 0 when the likeliest were taken.
    pub temperature: f32,
}

impl WindowTranscriber {
    /// Returns the same model for another recording: it shares the graphs and has no window.
    pub fn fork(&self) -> Self {
        WindowTranscriber {
            mel: self.mel.clone(),
            encoder: Arc::clone(&self.encoder),
            decoder: self.decoder.fork(),
            vocabulary: Arc::clone(&self.vocabulary),
            tokenizer: Arc::clone(&self.tokenizer),
            takes_short: self.takes_short,
        }
    }

    /// Encodes a window of at most 30 s at 16 kHz; returns the frames that the decoder can attend to.
    pub fn listen(&mut self, samples: &[f32], whole: bool) -> Result<Frames, Fault> {
        let hops = match self.takes_short && !whole {
            true => short_hops(samples.len()),
            false => WINDOW_HOPS,
        };
        let features = self.mel.log_mel(samples, hops);
        // Drops the previous window first, so that memory never holds two.
        self.decoder.forget();
        let outputs = &self.encoder.signature().outputs;
        let names: Vec<String> = outputs.iter().map(|o| o.name.clone()).collect();
        // This project's encoder gives the cross-attention's keys and values, so that the hidden states are not needed.
        let is_made = names.iter().any(|n| n.starts_with("present."));
        let wanted = |n: &&str| !is_made || n.starts_with("present.");
        let names: Vec<&str> = names.iter().map(String::as_str).filter(wanted).collect();
        let input = self.encoder.signature().inputs[0].name.clone();
        let shape = [1, features.len() / hops, hops];
        let made = self
            .encoder
            .run(&[(&input, Input::Floats(&shape, &features))], &names)?;
        let named = names.iter().map(|n| (*n).to_owned()).zip(made);
        self.decoder.listen(named.collect());
        Ok(Frames {
            all: hops / 2,
            heard: samples.len().div_ceil(FRAME_SAMPLES),
        })
    }

    /// Returns the window's language with its token, or none when the model knows one language only.
    pub fn language(&mut self) -> Result<Option<(String, u32)>, Fault> {
        search::language(&mut self.decoder, &self.vocabulary)
    }

    /// Returns the text of the last encoded window, `frames` long; none when there is no speech in it.
    ///
    /// A doubted text is decoded again: from a whole window if this one is shorter, then at rising temperatures.
    /// `options` are those of the first try. Faults: `Engine`, and those of `steps`.
    pub fn text(
        &mut self,
        samples: &[f32],
        mut frames: Frames,
        options: DecodeOptions<'_>,
        steps: &dyn Steps,
    ) -> Result<Option<TranscribedWindow>, Fault> {
        let mut tries = Vec::new();
        let mut attempts = TEMPERATURES.map(|temperature| DecodeOptions {
            temperature,
            beams: if temperature > 0.0 { 1 } else { options.beams },
            ..options
        });
        let is_short = frames.all < WINDOW_HOPS / 2;
        let (first, rest) = attempts.split_at_mut(1);
        let again = is_short.then_some(first[0]);
        for (n, options) in first
            .iter()
            .copied()
            .chain(again)
            .chain(rest.iter().copied())
            .enumerate()
        {
            if n == 1 && is_short {
                frames = self.listen(samples, true)?;
            }
            let decoded = search::decode(&mut self.decoder, &self.vocabulary, &options, steps)?;
            match fallback::judge(&decoded, &self.read(&decoded.tokens)?) {
                Verdict::Believed => {
                    return Ok(Some(TranscribedWindow {
                        decoded,
                        frames,
                        temperature: options.temperature,
                    }));
                }
                Verdict::Silence => return Ok(None),
                // A text of a shorter window has other frames, so that it is not kept.
                Verdict::Doubted if n == 0 && is_short => {}
                Verdict::Doubted => tries.push((decoded, options.temperature)),
            }
        }
        Ok(
            fallback::least_doubted(tries).map(|(decoded, temperature)| TranscribedWindow {
                decoded,
                frames,
                temperature,
            }),
        )
    }

    /// Returns the text of `tokens`, without spaces around it.
    pub fn read(&self, tokens: &[u32]) -> Result<String, Fault> {
        let is_text = |t: &u32| self.vocabulary.is_text(*t);
        let text: Vec<u32> = tokens.iter().copied().filter(is_text).collect();
        let text = self.tokenizer.decode(&text, true).map_err(Fault::engine)?;
        Ok(text.trim().to_owned())
    }
}

/// Returns the hops for a clip of `samples` and the silence after it: at most a whole window's.
fn short_hops(samples: usize) -> usize {
    let hops = samples.div_ceil(HOP_SAMPLES) + SILENCE_HOPS;
    hops.next_multiple_of(HOPS_STEP).min(WINDOW_HOPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_clips_get_their_silence_and_no_more() {
        assert_eq!(short_hops(0), 500);
        assert_eq!(short_hops(3 * 16_000), 800);
        assert_eq!(short_hops(3 * 16_000 + 1), 900);
        assert_eq!(short_hops(26 * 16_000), 3_000);
        assert_eq!(short_hops(30 * 16_000), 3_000);
    }
}

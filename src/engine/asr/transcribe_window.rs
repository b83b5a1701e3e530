//! Transcribes one window: sound → features → encoder outputs → an accepted text.

use std::ops::Range;
use std::sync::Arc;

use tokenizers::Tokenizer;

use super::align::Frames;
use super::belief::{self, Evidence, TEMPERATURES, Verdict};
use super::context::PromptContext;
use super::decoder::WhisperDecoder;
use super::decoding::{DecodeOptions, Decoded};
use super::rules::{Phrase, Vocabulary};
use super::search::{self, SpokenLanguage};
use super::words::{Timed, WordDurations};
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
    /// The temperature at which its tokens were sampled; 0 when the likeliest were taken.
    pub temperature: f32,
    /// Its phrases, and up to which second of the window they are complete: none means that the window is used up.
    pub phrases: Vec<Phrase>,
    pub complete_s: Option<f64>,
    /// The words of its tokens, which they refer to by number, and their usual duration.
    pub words: Vec<Timed>,
    pub pace: WordDurations,
    pub evidence: Evidence,
}

/// What a window turned out to have.
pub enum WindowText {
    Heard(Box<TranscribedWindow>),
    /// No speech, or a text that is not believed.
    Nothing,
    /// Texts that are not believed because each is much too short for the speech: of sentences in the same words the model
    /// writes one now and then, and ends.
    TooShort,
}

/// The sound of a window, and what is known of it beforehand.
#[derive(Clone, Copy)]
pub struct WindowSound<'a> {
    /// At 16 kHz.
    pub samples: &'a [f32],
    /// Seconds of it that the detector takes for speech.
    pub speech_s: f64,
    /// Code of its language, by which its words are told apart, and the language's probability; 1 if the client told it.
    pub language: &'a str,
    pub language_probability: f32,
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
        let made =
            self.encoder
                .run_keeping(&[(&input, Input::Floats(&shape, &features))], &names, 0)?;
        let named = names.iter().map(|n| (*n).to_owned()).zip(made);
        self.decoder.listen(named.collect());
        Ok(Frames {
            all: hops / 2,
            heard: samples.len().div_ceil(FRAME_SAMPLES),
        })
    }

    /// Returns the languages that the model knows with their probabilities in the `part` of the last encoded window's
    /// frames; none when it knows one only.
    pub fn languages(
        &mut self,
        frames: Frames,
        part: Option<Range<usize>>,
    ) -> Result<Vec<SpokenLanguage>, Fault> {
        if self.vocabulary.languages.is_empty() {
            return Ok(Vec::new());
        }
        match part {
            None => search::languages(&mut self.decoder, &self.vocabulary),
            Some(part) => {
                let mut decoder = self.decoder.part(part, frames.all)?;
                search::languages(&mut decoder, &self.vocabulary)
            }
        }
    }

    /// Returns the text of the last encoded window, `frames` long.
    ///
    /// A doubted text is decoded again: without the text before it, from a whole window if this one is shorter, then at
    /// rising temperatures. `options` are those of the first try; at their temperature, each try draws anew. Faults: `Engine`, and those of `steps`.
    pub fn text(
        &mut self,
        sound: WindowSound<'_>,
        mut frames: Frames,
        options: DecodeOptions<'_>,
        steps: &dyn Steps,
    ) -> Result<WindowText, Fault> {
        let is_short = frames.all < WINDOW_HOPS / 2;
        let alone = DecodeOptions {
            prompt: &[],
            ..options
        };
        let mut attempts = vec![options];
        attempts.extend((!options.prompt.is_empty()).then_some(alone));
        let whole_from = attempts.len();
        attempts.extend(is_short.then_some(alone));
        attempts.extend(TEMPERATURES.map(|temperature| DecodeOptions {
            temperature: temperature.max(options.temperature),
            beams: 1,
            ..alone
        }));
        if options.temperature > 0.0 {
            for (n, attempt) in attempts.iter_mut().enumerate() {
                attempt.seed += (n as u64) << 32;
            }
        }
        let mut tries: Vec<TranscribedWindow> = Vec::new();
        for (n, options) in attempts.into_iter().enumerate() {
            if n == whole_from && is_short {
                frames = self.listen(sound.samples, true)?;
            }
            let decoded = search::decode(&mut self.decoder, &self.vocabulary, &options, steps)?;
            let heard = self.heard(decoded, frames, options.temperature, sound)?;
            let verdict = match n {
                0 => belief::judge(&heard.evidence),
                _ => belief::judge_again(&heard.evidence),
            };
            log::debug!(
                "try {n} of a window at temperature {}: {verdict:?}, {:?}",
                options.temperature,
                heard.evidence
            );
            match verdict {
                Verdict::Believed => return Ok(WindowText::Heard(Box::new(heard))),
                Verdict::Silence => return Ok(WindowText::Nothing),
                Verdict::Doubted => tries.push(heard),
            }
        }
        let texts = tries.iter().map(|heard| self.read(&heard.decoded.tokens));
        let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
        let evidence = tries.iter().zip(&texts);
        let evidence: Vec<_> = evidence
            .map(|(heard, text)| (heard.evidence, text.as_str()))
            .collect();
        let is_too_short = evidence.iter().all(|(evidence, _)| evidence.is_sparse());
        Ok(match belief::least_doubted(&evidence) {
            Some(at) => WindowText::Heard(Box::new(tries.swap_remove(at))),
            None if is_too_short => WindowText::TooShort,
            None => WindowText::Nothing,
        })
    }

    /// Returns a decoded text with its words and what speaks for it and against it.
    fn heard(
        &self,
        decoded: Decoded,
        frames: Frames,
        temperature: f32,
        sound: WindowSound<'_>,
    ) -> Result<TranscribedWindow, Fault> {
        let (phrases, complete_s) = self.vocabulary.phrases(&decoded);
        let (words, pace) = self.timed(&decoded, frames, &phrases, sound.language);
        let text = self.read(&decoded.tokens)?;
        let evidence = Evidence {
            logprob: decoded.logprob,
            no_speech: decoded.no_speech,
            compression: belief::compression(&text),
            ended: decoded.ended,
            words: words.len(),
            instant_words: words.iter().filter(|w| w.is_instant()).count(),
            speech_s: sound.speech_s as f32,
            language: sound.language_probability,
        };
        Ok(TranscribedWindow {
            decoded,
            temperature,
            phrases,
            complete_s,
            words,
            pace,
            evidence,
        })
    }

    /// Returns what the decoder is told before a recording's first window: the client's keywords and text. Faults: `Engine`.
    pub fn context(&self, keywords: &[String], text: Option<&str>) -> Result<PromptContext, Fault> {
        let tokens = |text: String| -> Result<Vec<u32>, Fault> {
            let encoded = self.tokenizer.encode(text, false);
            Ok(encoded.map_err(Fault::engine)?.get_ids().to_vec())
        };
        let keywords = match keywords.is_empty() {
            true => Vec::new(),
            false => tokens(format!(" {}.", keywords.join(", ")))?,
        };
        let text = text.map(str::trim).filter(|text| !text.is_empty());
        let text = text.map_or(Ok(Vec::new()), |text| tokens(format!(" {text}")))?;
        Ok(PromptContext::new(keywords, text))
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

//! Kokoro-82M: phonemes and a voice's style → speech at 24 kHz.
//!
//! Recipe: github.com/hexgrad/kokoro (`model.py`, `pipeline.py`), a StyleTTS 2 decoder (Li et al. 2023).

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

use super::contract::{Engine, Speak, SpeakTask, Watch};
use super::net::{Input, Net};
use super::nets::{Nets, refused, variant_in_use};
use crate::audio::pcm::Clip;
use crate::fault::Fault;
use crate::pack::Pack;
use crate::pack::manifest::Voice;
use crate::text::{Language, PHONEMES_MAX, Pause, Piece, language, pieces};

/// Phoneme tokens of one run at the most; a zero goes before and after them.
const TOKENS_MAX: usize = PHONEMES_MAX;
/// Values of one style row: 128 of timbre, 128 of prosody.
const STYLE: usize = 256;
/// Quieter than this (−54 dBFS) at either end is silence of the model's own, which is replaced by pauses of ours.
const SILENCE: f32 = 0.002;
/// Sound kept around each piece, faded, so that no breath or stop is cut and no join clicks: 30 ms.
const EDGE_S: f32 = 0.03;

/// The engine, owned by one worker.
pub struct Kokoro {
    net: Box<dyn Net>,
    rate_hz: u32,
    ids: HashMap<char, i64>,
    voices: HashMap<String, VoiceTable>,
}

struct VoiceTable {
    language: String,
    path: PathBuf,
    /// `[510, 256] f32`: one row for each number of tokens. Read at first use.
    rows: Option<Arc<[f32]>>,
}

#[derive(Deserialize)]
struct VocabularyFile {
    vocab: HashMap<char, i64>,
}

/// Builds the engine of `pack`.
pub fn build(pack: &Pack, nets: &Nets) -> Result<Box<Speak>, Fault> {
    let variant = variant_in_use(pack);
    let file = pack
        .file("vocabulary", variant.as_deref())
        .map_err(refused)?;
    let read = fs::read(pack.path(file)).map_err(|e| e.to_string());
    let vocabulary: VocabularyFile = read
        .and_then(|json| serde_json::from_slice(&json).map_err(|e| e.to_string()))
        .map_err(|e| {
            Fault::missing("A model pack of this box is not as its manifest says.")
                .because(format!("pack {}: vocabulary: {e}", pack.name()))
        })?;
    let table = |voice: &Voice| VoiceTable {
        language: voice.language.clone(),
        path: pack.folder.join(&voice.file),
        rows: None,
    };
    Ok(Box::new(Kokoro {
        net: nets.load(pack, "model")?,
        rate_hz: pack.manifest.sample_rate_hz.unwrap_or(24_000),
        ids: vocabulary.vocab,
        voices: pack
            .manifest
            .voices
            .iter()
            .map(|v| (v.id.clone(), table(v)))
            .collect(),
    }))
}

impl Engine for Kokoro {
    type Task = SpeakTask;
    type Output = Clip;

    /// Speaks a text of any length, piece by piece. Faults: `Invalid` when nothing in it can be spoken, `NotFound` for an
    /// unknown voice, `Missing` for a voice whose language cannot be read here.
    fn run(&mut self, task: SpeakTask, watch: &Watch) -> Result<Clip, Fault> {
        let (language, style) = self.voice(&task.voice)?;
        let mut joined = Joined::new(self.rate_hz);
        for piece in pieces(&task.text, language)? {
            watch.check()?;
            let piece = piece?;
            let sound = self.sound(&piece, &style, task.speed)?;
            joined.push(&sound, pause_s(piece.pause) / task.speed);
        }
        Ok(joined.finish())
    }
}

/// Seconds of silence after a piece at the voice's own speed, as a reader would leave them.
fn pause_s(pause: Pause) -> f32 {
    match pause {
        Pause::None => 0.0,
        Pause::Clause => 0.12,
        Pause::Sentence => 0.3,
        Pause::Paragraph => 0.6,
    }
}

impl Kokoro {
    fn voice(&mut self, id: &str) -> Result<(&'static dyn Language, Arc<[f32]>), Fault> {
        let voice = self.voices.get_mut(id).ok_or_else(|| {
            Fault::not_found("voice_id names no voice of this box; GET /voice/voices lists them")
        })?;
        let language = language(&voice.language).ok_or_else(|| {
            Fault::missing(format!(
                "voice_id {id} speaks {}, which this box cannot read aloud yet",
                voice.language
            ))
        })?;
        let rows = match &voice.rows {
            Some(rows) => rows.clone(),
            None => {
                let bytes = fs::read(&voice.path).map_err(Fault::engine)?;
                let floats = bytes
                    .chunks_exact(4)
                    .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
                let rows: Arc<[f32]> = floats.collect();
                if rows.len() != TOKENS_MAX * STYLE {
                    return Err(Fault::engine(format!(
                        "voice {id} has {} values",
                        rows.len()
                    )));
                }
                voice.rows.insert(rows).clone()
            }
        };
        Ok((language, rows))
    }

    /// One piece as the model speaks it, `[samples] f32` at the pack's rate.
    fn sound(&mut self, piece: &Piece, style: &[f32], speed: f32) -> Result<Vec<f32>, Fault> {
        let mut tokens = vec![0];
        tokens.extend(piece.phonemes.chars().filter_map(|c| self.ids.get(&c)));
        tokens.truncate(TOKENS_MAX + 1);
        let row = (tokens.len() - 1).min(TOKENS_MAX - 1) * STYLE;
        tokens.push(0);
        let shape = [1, tokens.len()];
        let inputs = [
            ("tokens", Input::Ints(&shape, &tokens)),
            (
                "style",
                Input::Floats(&[1, STYLE], &style[row..row + STYLE]),
            ),
            ("speed", Input::Floats(&[1], &[speed])),
        ];
        let made = self.net.run(&inputs, &["audio"])?;
        Ok(made[0].floats()?.to_vec())
    }
}

/// Pieces joined by silence: each cut to its sound, faded at both ends.
struct Joined {
    samples: Vec<f32>,
    rate_hz: u32,
    pause_s: f32,
}

impl Joined {
    fn new(rate_hz: u32) -> Self {
        Joined {
            samples: Vec::new(),
            rate_hz,
            pause_s: 0.0,
        }
    }

    /// Appends a piece's sound; `pause_s` seconds of silence follow it if another comes.
    fn push(&mut self, sound: &[f32], pause_s: f32) {
        let is_sound = |s: &f32| s.abs() > SILENCE;
        let (Some(first), Some(last)) = (
            sound.iter().position(is_sound),
            sound.iter().rposition(is_sound),
        ) else {
            return;
        };
        let edge = (EDGE_S * self.rate_hz as f32) as usize;
        let start = first.saturating_sub(edge);
        let end = sound.len().min(last + 1 + edge);
        let pause = (self.pause_s * self.rate_hz as f32) as usize;
        self.samples.resize(self.samples.len() + pause, 0.0);
        let begun = self.samples.len();
        self.samples.extend_from_slice(&sound[start..end]);
        let piece = &mut self.samples[begun..];
        let fade = edge.min(piece.len() / 2);
        for i in 0..fade {
            // Raised cosine: no corner at either end.
            let gain = 0.5 - 0.5 * (std::f32::consts::PI * i as f32 / fade as f32).cos();
            piece[i] *= gain;
            let mirrored = piece.len() - 1 - i;
            piece[mirrored] *= gain;
        }
        self.pause_s = pause_s;
    }

    fn finish(self) -> Clip {
        Clip {
            samples: self.samples,
            rate_hz: self.rate_hz,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_pieces_lose_their_own_silence_and_gain_the_pause() {
        let mut joined = Joined::new(1000);
        let mut sound = vec![0.0; 100];
        sound.extend(vec![0.5; 200]);
        sound.extend(vec![0.0; 300]);
        joined.push(&sound, 0.1);
        joined.push(&[0.0; 50], 0.3); // nothing to hear: nothing added
        joined.push(&sound, 0.2);
        let clip = joined.finish();
        assert_eq!(clip.samples.len(), (30 + 200 + 30) * 2 + 100);
        let steps = clip.samples.windows(2).map(|w| (w[1] - w[0]).abs());
        assert!(
            steps.fold(0.0, f32::max) <= 0.5,
            "only the sound's own steps"
        );
        assert_eq!((clip.samples[0], *clip.samples.last().unwrap()), (0.0, 0.0));
    }
}

//! Kokoro-82M: phonemes and a voice's style → speech at 24 kHz.
//!
//! Recipe: github.com/hexgrad/kokoro (`model.py`, `pipeline.py`), a StyleTTS 2 decoder (Li et al. 2023).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use crate::contract::{CancellationToken, Engine, Speak, SpeakTask, Utterance};
use crate::graph::loader::{GraphLoader, refused, variant_in_use};
use crate::graph::net::{Input, Net};
use crate::refusals::unknown_voice;
use crate::refusals::unread;
use crate::tts::blend::Blend;
use crate::tts::joiner::{Joiner, pause_s};
use crate::tts::style::{STYLE, Style, TABLE};
use crate::tts::style_controls::StyleControls;
use vocabox_base::fault::Fault;
use vocabox_pack::Pack;
use vocabox_pack::manifest::Voice;
use vocabox_text::{Language, PHONEMES_MAX, Piece, language, pieces};

/// Phoneme tokens of one run at the most; a zero goes before and after them.
const TOKENS_MAX: usize = PHONEMES_MAX;
/// The engine, owned by one worker.
pub struct Kokoro {
    net: Box<dyn Net>,
    rate_hz: u32,
    ids: HashMap<char, i64>,
    voices: HashMap<String, VoiceTable>,
    /// The mean of all tables, once it was asked for.
    middle: Option<Arc<[f32]>>,
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
pub fn build(pack: &Pack, graphs: &GraphLoader) -> Result<Box<Speak>, Fault> {
    let variant = variant_in_use(pack);
    let file = pack
        .file("vocabulary", variant.as_deref())
        .map_err(refused)?;
    let read = fs::read(pack.path(file)).map_err(|e| e.to_string());
    let vocabulary: VocabularyFile = read
        .and_then(|json| serde_json::from_slice(&json).map_err(|e| e.to_string()))
        .map_err(|e| {
            Fault::missing("A model pack of this server is not as its manifest says.")
                .because(format!("pack {}: vocabulary: {e}", pack.name()))
        })?;
    let table = |voice: &Voice| VoiceTable {
        language: voice.language.clone(),
        path: pack.folder.join(&voice.file),
        rows: None,
    };
    Ok(Box::new(Kokoro {
        net: graphs.load(pack, "model")?,
        rate_hz: pack.manifest.sample_rate_hz.unwrap_or(24_000),
        ids: vocabulary.vocab,
        voices: pack
            .manifest
            .voices
            .iter()
            .map(|v| (v.id.clone(), table(v)))
            .collect(),
        middle: None,
    }))
}

impl Engine for Kokoro {
    type Task = SpeakTask;
    type Output = ();

    /// Speaks a text of any length, piece by piece. Faults: `Invalid` when nothing in it can be spoken or the blend is out of its
    /// bounds, `NotFound` for an unknown voice, `Missing` for a voice whose language cannot be read here.
    fn run(&mut self, task: SpeakTask, cancellation: &CancellationToken) -> Result<(), Fault> {
        let SpeakTask {
            utterance: task,
            outlet,
        } = task;
        let (language, mut rows) = self.voice(&task.voice)?;
        // A cloned voice speaks the language of the one that is named.
        let controls = match &task.style {
            None => StyleControls::of(&task),
            Some(style) => {
                rows = self.styled(style)?;
                StyleControls::of(&Utterance::default())
            }
        };
        let middle = match controls.is_plain() {
            true => None,
            false => Some(self.middle()?),
        };
        let mut joined = Joiner::new(self.rate_hz, outlet);
        for piece in pieces(&task.text, language)? {
            cancellation.check()?;
            let piece = piece?;
            let tokens = self.tokens(&piece);
            let style = &rows[row(&tokens)];
            let style = match &middle {
                None => Cow::Borrowed(style),
                Some(middle) => Cow::Owned(controls.applied(style, &middle[row(&tokens)], &rows)),
            };
            let sound = self.sound(&tokens, &style, task.speed)?;
            joined.push(&sound, pause_s(piece.pause) / task.speed)?;
        }
        Ok(())
    }
}

/// Where the style for these tokens, padding included, stands in a table.
fn row(tokens: &[i64]) -> Range<usize> {
    let row = (tokens.len() - 2).min(TOKENS_MAX - 1) * STYLE;
    row..row + STYLE
}

impl Kokoro {
    /// The language of the first voice that `id` names, and the table of all of them mixed by their shares.
    fn voice(&mut self, id: &str) -> Result<(&'static dyn Language, Arc<[f32]>), Fault> {
        let blend = match self.voices.contains_key(id) {
            true => return self.table(id),
            false => Blend::parse(id)?,
        };
        let mut mixed: Option<(&'static dyn Language, Vec<f32>)> = None;
        for (name, share) in blend.shares() {
            let (language, rows) = self.table(name)?;
            let (_, sum) = mixed.get_or_insert_with(|| (language, vec![0.0; rows.len()]));
            sum.iter_mut()
                .zip(&*rows)
                .for_each(|(s, r)| *s += share * r);
        }
        let (language, rows) = mixed.ok_or_else(unknown_voice)?;
        Ok((language, rows.into()))
    }

    /// The table of a voice that is not the pack's. Faults: `NotFound` when the pack has not the voice that it starts from.
    fn styled(&mut self, style: &Style) -> Result<Arc<[f32]>, Fault> {
        let nearest = match style.cfg_weight {
            None => Vec::new().into(),
            Some(_) => {
                let voice = self.voices.get_mut(&style.nearest);
                voice.ok_or_else(unknown_voice)?.rows(&style.nearest)?
            }
        };
        Ok(style.rows(&nearest).into())
    }

    /// The language and the table of one voice.
    fn table(&mut self, id: &str) -> Result<(&'static dyn Language, Arc<[f32]>), Fault> {
        let voice = self.voices.get_mut(id).ok_or_else(unknown_voice)?;
        let language = language(&voice.language).ok_or_else(|| unread(id, &voice.language))?;
        Ok((language, voice.rows(id)?))
    }

    /// The mean of all voices' tables, each file once: read at first use, 28 MB for a moment.
    fn middle(&mut self) -> Result<Arc<[f32]>, Fault> {
        if let Some(middle) = &self.middle {
            return Ok(middle.clone());
        }
        let mut files = HashSet::new();
        let mut sum = vec![0.0_f32; TABLE];
        for (id, voice) in &self.voices {
            if files.insert(&voice.path) {
                let rows = voice.read(id)?;
                sum.iter_mut().zip(&rows).for_each(|(s, r)| *s += r);
            }
        }
        let count = files.len() as f32;
        sum.iter_mut().for_each(|s| *s /= count);
        Ok(self.middle.insert(sum.into()).clone())
    }

    /// The piece's tokens, a zero before and after them.
    fn tokens(&self, piece: &Piece) -> Vec<i64> {
        let mut tokens = vec![0];
        tokens.extend(piece.phonemes.chars().filter_map(|c| self.ids.get(&c)));
        tokens.truncate(TOKENS_MAX + 1);
        tokens.push(0);
        tokens
    }

    /// One piece as the model speaks it, `[samples] f32` at the pack's rate. `style` is `[256] f32`.
    fn sound(&mut self, tokens: &[i64], style: &[f32], speed: f32) -> Result<Vec<f32>, Fault> {
        let shape = [1, tokens.len()];
        let inputs = [
            ("tokens", Input::Ints(&shape, tokens)),
            ("style", Input::Floats(&[1, STYLE], style)),
            ("speed", Input::Floats(&[1], &[speed])),
        ];
        let made = self.net.run(&inputs, &["audio"])?;
        Ok(made[0].floats()?.to_vec())
    }
}

impl VoiceTable {
    /// The table, kept after the first call.
    fn rows(&mut self, id: &str) -> Result<Arc<[f32]>, Fault> {
        if let Some(rows) = &self.rows {
            return Ok(rows.clone());
        }
        let rows = self.read(id)?;
        Ok(self.rows.insert(rows.into()).clone())
    }

    fn read(&self, id: &str) -> Result<Vec<f32>, Fault> {
        read_table(&self.path, id)
    }
}

/// The table of the voice `id`, `[510, 256] f32`, from its file. Faults: `Engine` when it cannot be read or is of another size.
pub fn read_table(path: &Path, id: &str) -> Result<Vec<f32>, Fault> {
    let bytes = fs::read(path).map_err(Fault::engine)?;
    let floats = bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let rows: Vec<f32> = floats.collect();
    match rows.len() == TABLE {
        true => Ok(rows),
        false => Err(Fault::engine(format!(
            "voice {id} has {} values",
            rows.len()
        ))),
    }
}

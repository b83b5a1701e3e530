//! Kokoro-82M: phonemes and a voice's style → speech at 24 kHz.
//!
//! Recipe: github.com/hexgrad/kokoro (`model.py`, `pipeline.py`), a StyleTTS 2 decoder (Li et al. 2023). Exports call the
//! tokens `tokens` or `input_ids`; the sound is the graph's first output.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use crate::contract::{PieceWord, Speak, SpeechPiece, SpeechPieces, Utterance};
use crate::graph::loader::{GraphLoader, refused, variant_in_use};
use crate::graph::net::{Dtype, Input, Net, Signature};
use crate::refusals::unknown_voice;
use crate::refusals::unread;
use crate::tts::blend::Blend;
use crate::tts::joiner::pause_s;
use crate::tts::style::{STYLE, Style, TABLE};
use crate::tts::style_controls::StyleControls;
use vocabox_base::fault::Fault;
use vocabox_pack::Pack;
use vocabox_pack::PackFile;
use vocabox_pack::manifest::Voice;
use vocabox_text::{Language, PHONEMES_MAX, Piece, language};

/// Most phoneme tokens of one run; a zero goes before and after them.
const TOKENS_MAX: usize = PHONEMES_MAX;

/// The engine.
pub struct Kokoro {
    net: Arc<dyn Net>,
    /// The names of the tokens and of the sound.
    tokens: String,
    sound: String,
    rate_hz: u32,
    ids: HashMap<char, i64>,
    voices: HashMap<String, VoiceTable>,
    /// The mean of all tables, computed at first use.
    middle: OnceLock<Arc<[f32]>>,
}

struct VoiceTable {
    language: String,
    file: TableFile,
    /// `[510, 256] f32`: one row for each number of tokens. Read at first use.
    rows: OnceLock<Arc<[f32]>>,
}

#[derive(Deserialize)]
struct VocabularyFile {
    vocab: HashMap<char, i64>,
}

/// Builds the engine of `pack`.
pub fn build(pack: &Pack, graphs: &GraphLoader) -> Result<Arc<dyn Speak>, Fault> {
    let variant = variant_in_use(pack);
    let file = pack
        .file("vocabulary", variant.as_deref())
        .map_err(refused)?;
    let read = pack.path(file).read().map_err(|e| e.to_string());
    let vocabulary: VocabularyFile = read
        .and_then(|json| serde_json::from_slice(&json).map_err(|e| e.to_string()))
        .map_err(|e| {
            Fault::missing("A model pack of this server is not as its manifest says.")
                .because(format!("pack {}: vocabulary: {e}", pack.name()))
        })?;
    let table = |voice: &Voice| VoiceTable {
        language: voice.language.clone(),
        file: TableFile::of(pack, voice),
        rows: OnceLock::new(),
    };
    let net = graphs.load(pack, "model")?;
    let Some((tokens, sound)) = names(net.signature()) else {
        return Err(
            Fault::missing("A model pack of this server is not as its manifest says.")
                .because(format!("pack {}: the graph is no Kokoro", pack.name())),
        );
    };
    Ok(Arc::new(Kokoro {
        tokens,
        sound,
        net,
        rate_hz: pack.manifest.sample_rate_hz.unwrap_or(24_000),
        ids: vocabulary.vocab,
        voices: pack
            .manifest
            .voices
            .iter()
            .map(|v| (v.id.clone(), table(v)))
            .collect(),
        middle: OnceLock::new(),
    }))
}

/// Returns the names of a graph's tokens and of its sound; none where it has not the inputs of a Kokoro.
pub(crate) fn names(signature: &Signature) -> Option<(String, String)> {
    let floats = [Dtype::F32, Dtype::F16];
    let has = |name: &str, dtypes: &[Dtype]| {
        let input = signature.inputs.iter().find(|i| i.name == name)?;
        dtypes.contains(&input.dtype).then(|| input.name.clone())
    };
    has("style", &floats)?;
    has("speed", &floats)?;
    let tokens = has("tokens", &[Dtype::I64]).or_else(|| has("input_ids", &[Dtype::I64]))?;
    let sound = signature.outputs.first()?.name.clone();
    (signature.inputs.len() == 3).then_some((tokens, sound))
}

impl Speak for Kokoro {
    fn pieces<'a>(&'a self, utterance: &'a Utterance) -> Result<SpeechPieces<'a>, Fault> {
        let (language, mut rows) = self.voice(&utterance.voice)?;
        // A cloned voice speaks the language of the named voice.
        let controls = match &utterance.style {
            None => StyleControls::of(utterance),
            Some(style) => {
                rows = self.styled(style)?;
                StyleControls::of(&Utterance::default())
            }
        };
        let middle = match controls.is_plain() {
            true => None,
            false => Some(self.middle()?),
        };
        let speed = utterance.speed;
        let read = move |piece: Result<Piece, Fault>| {
            let piece = piece?;
            let tokens = self.tokens(&piece);
            let row = row(&tokens);
            let style = match &middle {
                None => rows[row].to_vec(),
                Some(middle) => controls.applied(&rows[row.clone()], &middle[row], &rows),
            };
            Ok(SpeechPiece {
                pause_s: pause_s(piece.pause) / speed,
                about_s: piece.seconds() as f32 / speed,
                words: PieceWord::all(&piece),
                make: Box::new(move |_| self.sound(&tokens, &style, speed)),
            })
        };
        Ok(SpeechPieces {
            rate_hz: self.rate_hz,
            pieces: Box::new(utterance.text.pieces(language)?.map(read)),
        })
    }
}

/// Returns the range of a table that has the style for these tokens, padding included.
fn row(tokens: &[i64]) -> Range<usize> {
    let row = (tokens.len() - 2).min(TOKENS_MAX - 1) * STYLE;
    row..row + STYLE
}

impl Kokoro {
    /// Returns the language of the first voice that `id` names, and the table of all of them blended by their shares.
    fn voice(&self, id: &str) -> Result<(&'static dyn Language, Arc<[f32]>), Fault> {
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

    /// Returns the table of a cloned voice. Faults: `NotFound` when the pack does not have the voice that it starts
    /// from.
    fn styled(&self, style: &Style) -> Result<Arc<[f32]>, Fault> {
        let nearest = match style.cfg_weight {
            None => Vec::new().into(),
            Some(_) => {
                let voice = self.voices.get(&style.nearest);
                voice.ok_or_else(unknown_voice)?.rows(&style.nearest)?
            }
        };
        Ok(style.rows(&nearest).into())
    }

    /// Returns the language and the table of one voice.
    fn table(&self, id: &str) -> Result<(&'static dyn Language, Arc<[f32]>), Fault> {
        let voice = self.voices.get(id).ok_or_else(unknown_voice)?;
        let language = language(&voice.language).ok_or_else(|| unread(id, &voice.language))?;
        Ok((language, voice.rows(id)?))
    }

    /// Returns the mean of all voices' tables, each file once: computed at first use, which takes 28 MB for a moment.
    fn middle(&self) -> Result<Arc<[f32]>, Fault> {
        if let Some(middle) = self.middle.get() {
            return Ok(middle.clone());
        }
        let mut files = HashSet::new();
        let mut sum = vec![0.0_f32; TABLE];
        for (id, voice) in &self.voices {
            if files.insert(&voice.file.sha256) {
                let rows = voice.read(id)?;
                sum.iter_mut().zip(&rows).for_each(|(s, r)| *s += r);
            }
        }
        let count = files.len() as f32;
        sum.iter_mut().for_each(|s| *s /= count);
        Ok(self.middle.get_or_init(|| sum.into()).clone())
    }

    /// Returns the piece's tokens, a zero before and after them.
    fn tokens(&self, piece: &Piece) -> Vec<i64> {
        let mut tokens = vec![0];
        tokens.extend(piece.phonemes.chars().filter_map(|c| self.ids.get(&c)));
        tokens.truncate(TOKENS_MAX + 1);
        tokens.push(0);
        tokens
    }

    /// Returns the sound of one piece, `[samples] f32` at the pack's rate. `style` is `[256] f32`.
    fn sound(&self, tokens: &[i64], style: &[f32], speed: f32) -> Result<Vec<f32>, Fault> {
        let shape = [1, tokens.len()];
        let inputs = [
            (self.tokens.as_str(), Input::Ints(&shape, tokens)),
            ("style", Input::Floats(&[1, STYLE], style)),
            ("speed", Input::Floats(&[1], &[speed])),
        ];
        let made = self.net.run(&inputs, &[&self.sound])?;
        Ok(made[0].floats()?.to_vec())
    }
}

impl VoiceTable {
    /// Returns the table, cached after the first call.
    fn rows(&self, id: &str) -> Result<Arc<[f32]>, Fault> {
        if let Some(rows) = self.rows.get() {
            return Ok(rows.clone());
        }
        let rows = self.read(id)?;
        Ok(self.rows.get_or_init(|| rows.into()).clone())
    }

    fn read(&self, id: &str) -> Result<Vec<f32>, Fault> {
        self.file.read(id)
    }
}

/// The file of a voice's table.
#[derive(Debug, Clone)]
pub struct TableFile {
    pub file: PackFile,
    /// Of the content, as the manifest lists it.
    pub sha256: String,
}

impl TableFile {
    /// Returns the file of `voice`, a voice of `pack`.
    pub fn of(pack: &Pack, voice: &Voice) -> Self {
        TableFile {
            file: pack.listed(&voice.file),
            sha256: pack.sha256_of(&voice.file),
        }
    }

    /// Reads the table of the voice `id`, `[510, 256] f32`. Faults: `Missing` when it cannot be read or has changed since its
    /// pack was loaded; `Engine` when it has another size.
    pub fn read(&self, id: &str) -> Result<Vec<f32>, Fault> {
        let bytes = self.file.read_unchanged(&self.sha256).map_err(refused)?;
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
}

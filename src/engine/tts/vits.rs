//! VITS: letters or phonemes → speech, one graph for each voice or several speakers in one.
//!
//! Recipe: Kim, Kong, Son 2021 (arXiv 2106.06103). Three layouts of its exports are recognised by their inputs: Piper
//! (`input`, `input_lengths`, `scales`, perhaps `sid`), MMS-TTS as sherpa-onnx exports it (`x`, `x_length`,
//! `noise_scale`, `length_scale`, `noise_scale_w`, perhaps `sid`), and MMS-TTS as Hugging Face's optimum does
//! (`input_ids`, `attention_mask`: its spreads and rate are fixed in the graph). The sound is the graph's first output.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::contract::{PieceWord, Speak, SpeechPiece, SpeechPieces, Utterance};
use crate::graph::loader::{GraphLoader, refused, variant_in_use};
use crate::graph::net::{Input, Net};
use crate::refusals::{unknown_voice, unread};
use crate::tts::joiner::pause_s;
use vocabox_base::fault::Fault;
use vocabox_pack::manifest::{Blanks, Reads, Vits as Settings};
use vocabox_pack::{Pack, PackError};
use vocabox_text::{Graphemes, Language, Piece, espeak, language};

/// The blank token where blanks go around all tokens.
const BLANK: i64 = 0;
/// Piper's names for the start, the blank and the end token.
const PIPER: [char; 3] = ['^', '_', '$'];

/// The engine.
struct VitsSynthesizer {
    net: Arc<dyn Net>,
    layout: VitsLayout,
    output: String,
    rate_hz: u32,
    ids: HashMap<char, i64>,
    settings: Settings,
    voices: HashMap<String, VitsVoice>,
}

struct VitsVoice {
    language: String,
    graphemes: Graphemes,
    speaker: i64,
}

/// The names of the inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VitsLayout {
    Piper { speakers: bool },
    Sherpa { speakers: bool },
    Optimum,
}

impl VitsLayout {
    /// Returns the layout with these inputs.
    pub(crate) fn of(inputs: &[&str]) -> Option<VitsLayout> {
        let has = |names: &[&str]| names.iter().all(|n| inputs.contains(n));
        let speakers = inputs.contains(&"sid");
        let count = inputs.len() - usize::from(speakers);
        if has(&["input", "input_lengths", "scales"]) && count == 3 {
            Some(VitsLayout::Piper { speakers })
        } else if has(&[
            "x",
            "x_length",
            "noise_scale",
            "length_scale",
            "noise_scale_w",
        ]) && count == 5
        {
            Some(VitsLayout::Sherpa { speakers })
        } else if has(&["input_ids", "attention_mask"]) && inputs.len() == 2 {
            Some(VitsLayout::Optimum)
        } else {
            None
        }
    }
}

/// Builds the engine of `pack`. Faults: `Missing` when the manifest lacks `[vits]`, or the layout of the tokens or of
/// the graph's inputs is unknown.
pub fn build(pack: &Pack, graphs: &GraphLoader) -> Result<Arc<dyn Speak>, Fault> {
    let wrong = |why: String| {
        refused(PackError::Manifest {
            path: pack.folder.join("pack.toml"),
            why,
        })
    };
    let settings = pack.manifest.vits;
    let settings = settings.ok_or_else(|| wrong("engine vits needs [vits]".to_owned()))?;
    let rate_hz = pack.manifest.sample_rate_hz;
    let rate_hz = rate_hz.ok_or_else(|| wrong("engine vits needs sample_rate_hz".to_owned()))?;
    let file = pack
        .file("tokens", variant_in_use(pack).as_deref())
        .map_err(refused)?;
    let text = pack.path(file).read().map_err(|e| e.to_string());
    let text = text.and_then(|t| String::from_utf8(t.into_owned()).map_err(|e| e.to_string()));
    let ids = text.and_then(|text| tokens(&text));
    let ids = ids.map_err(|why| wrong(format!("{}: {why}", file.path)))?;
    if let (Blanks::Between, Some(lacking)) =
        (settings.blanks, PIPER.iter().find(|c| !ids.contains_key(c)))
    {
        return Err(wrong(format!("{} has no token {lacking}", file.path)));
    }
    let net = graphs.load(pack, "model")?;
    let names: Vec<&str> = net
        .signature()
        .inputs
        .iter()
        .map(|i| i.name.as_str())
        .collect();
    let layout = VitsLayout::of(&names);
    let layout = layout.ok_or_else(|| {
        wrong(format!(
            "inputs {} are of no known layout",
            names.join(", ")
        ))
    })?;
    let output = net.signature().outputs.first().map(|o| o.name.clone());
    let voices = pack.manifest.voices.iter().map(|v| {
        let voice = VitsVoice {
            language: v.language.clone(),
            graphemes: Graphemes::of(&v.language),
            speaker: v.speaker.unwrap_or(0),
        };
        (v.id.clone(), voice)
    });
    Ok(Arc::new(VitsSynthesizer {
        output: output.ok_or_else(|| wrong("the graph has no output".to_owned()))?,
        layout,
        rate_hz,
        ids,
        settings,
        voices: voices.collect(),
        net,
    }))
}

/// Parses a token file: Piper's configuration (`phoneme_id_map`), a JSON object of characters, or lines of a character,
/// a space and a number, where a line that starts with a space means the space itself. Tokens of several characters are
/// left out, because they are never used.
fn tokens(text: &str) -> Result<HashMap<char, i64>, String> {
    #[derive(Deserialize)]
    struct Piper {
        phoneme_id_map: HashMap<String, Vec<i64>>,
    }
    let single = |symbol: &str| {
        let mut chars = symbol.chars();
        chars.next().filter(|_| chars.next().is_none())
    };
    let mut ids = HashMap::new();
    let mut add = |symbol: &str, id: i64| ids.extend(single(symbol).map(|c| (c, id)));
    if text.trim_start().starts_with('{') {
        if let Ok(piper) = serde_json::from_str::<Piper>(text) {
            let first = |(symbol, ids): (String, Vec<i64>)| Some((symbol, *ids.first()?));
            piper
                .phoneme_id_map
                .into_iter()
                .filter_map(first)
                .for_each(|(s, id)| add(&s, id));
        } else {
            let map: HashMap<String, i64> =
                serde_json::from_str(text).map_err(|e| e.to_string())?;
            map.iter().for_each(|(s, id)| add(s, *id));
        }
    } else {
        for (number, line) in text.lines().enumerate().filter(|(_, l)| !l.is_empty()) {
            let wrong = || format!("line {}: not a token and its number", number + 1);
            let (symbol, id) = line.rsplit_once(' ').ok_or_else(wrong)?;
            let symbol = if symbol.is_empty() { " " } else { symbol };
            add(symbol, id.parse().map_err(|_| wrong())?);
        }
    }
    match ids.is_empty() {
        true => Err("no token of one character".to_owned()),
        false => Ok(ids),
    }
}

impl Speak for VitsSynthesizer {
    fn pieces<'a>(&'a self, utterance: &'a Utterance) -> Result<SpeechPieces<'a>, Fault> {
        let voice = self.voices.get(&utterance.voice);
        let voice = voice.ok_or_else(unknown_voice)?;
        let reader: &dyn Language = match self.settings.reads {
            Reads::Letters => &voice.graphemes,
            Reads::Phonemes => language(&voice.language)
                .ok_or_else(|| unread(&utterance.voice, &voice.language))?,
        };
        let speed = utterance.speed;
        let read = move |piece: Piece| {
            let ids = self.ids_of(&piece.phonemes);
            (!ids.is_empty()).then(|| SpeechPiece {
                pause_s: pause_s(piece.pause) / speed,
                about_s: piece.seconds() as f32 / speed,
                words: PieceWord::all(&piece),
                make: Box::new(move |_| self.sound(&ids, voice.speaker, speed)),
            })
        };
        let mut pieces = utterance.text.pieces(reader)?;
        let mut is_spoken = false;
        let readable = std::iter::from_fn(move || {
            for piece in pieces.by_ref() {
                let piece = piece.map(read).transpose();
                if piece.is_some() {
                    is_spoken = true;
                    return piece;
                }
            }
            let nothing = || Fault::invalid("text has no letter that this voice can speak");
            (!std::mem::replace(&mut is_spoken, true)).then(|| Err(nothing()))
        });
        Ok(SpeechPieces {
            rate_hz: self.rate_hz,
            pieces: Box::new(readable),
        })
    }
}

impl VitsSynthesizer {
    /// Returns the tokens of `said` with the graph's blanks; none when it has no token for any character. A character
    /// without a token is replaced by its form without diacritics.
    fn ids_of(&self, said: &str) -> Vec<i64> {
        let said = match self.settings.reads {
            Reads::Letters => said.to_owned(),
            Reads::Phonemes => espeak(said),
        };
        let token = |c: char| self.ids.get(&c).copied();
        let plain: Vec<i64> = said
            .chars()
            .flat_map(|c| match token(c) {
                Some(id) => vec![id],
                None => Graphemes::folded(c).filter_map(token).collect(),
            })
            .collect();
        let is_sound = |c: char| c.is_alphanumeric() && token(c).is_some();
        if plain.is_empty()
            || !said
                .chars()
                .any(|c| is_sound(c) || Graphemes::folded(c).any(is_sound))
        {
            return Vec::new();
        }
        match self.settings.blanks {
            Blanks::None => plain,
            Blanks::Around => std::iter::once(BLANK)
                .chain(plain.into_iter().flat_map(|id| [id, BLANK]))
                .collect(),
            Blanks::Between => {
                let [begin, blank, end] = PIPER.map(|c| self.ids[&c]);
                let inner = std::iter::once(begin)
                    .chain(plain)
                    .flat_map(|id| [id, blank]);
                inner.chain([end]).collect()
            }
        }
    }

    /// Returns the sound of one piece.
    fn sound(&self, ids: &[i64], speaker: i64, speed: f32) -> Result<Vec<f32>, Fault> {
        let (shape, count, sid) = ([1, ids.len()], [ids.len() as i64], [speaker]);
        let (noise, spread) = ([self.settings.noise], [self.settings.noise_duration]);
        let length = [self.settings.length / speed];
        let scales = [noise[0], length[0], spread[0]];
        let mask = vec![1; ids.len()];
        let mut inputs = match self.layout {
            VitsLayout::Piper { .. } => vec![
                ("input", Input::Ints(&shape, ids)),
                ("input_lengths", Input::Ints(&[1], &count)),
                ("scales", Input::Floats(&[3], &scales)),
            ],
            VitsLayout::Sherpa { .. } => vec![
                ("x", Input::Ints(&shape, ids)),
                ("x_length", Input::Ints(&[1], &count)),
                ("noise_scale", Input::Floats(&[1], &noise)),
                ("length_scale", Input::Floats(&[1], &length)),
                ("noise_scale_w", Input::Floats(&[1], &spread)),
            ],
            VitsLayout::Optimum => vec![
                ("input_ids", Input::Ints(&shape, ids)),
                ("attention_mask", Input::Ints(&shape, &mask)),
            ],
        };
        if let VitsLayout::Piper { speakers: true } | VitsLayout::Sherpa { speakers: true } =
            self.layout
        {
            inputs.push(("sid", Input::Ints(&[1], &sid)));
        }
        let made = self.net.run(&inputs, &[&self.output])?;
        Ok(made[0].floats()?.to_vec())
    }
}

#[cfg(test)]
#[path = "vits_tests.rs"]
mod tests;

//! Translators: transformers that read a sentence and write it in another language (Vaswani et al. 2017), such as
//! Marian, M2M100 and NLLB.
//!
//! | file | one idea |
//! | --- | --- |
//! | `decoder` | a sentence in, logits of tokens out, over the layouts of the graphs |
//! | `search` | logits → the likeliest translations |
//! | `language_tokens` | how the languages are passed to a model |
//! | `fit` | of several translations, those that fit the space |

mod decoder;
mod fit;
mod language_tokens;
mod search;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokenizers::Tokenizer;

use crate::contract::{Engine, Steps, Translate, TranslateTask, Translation};
use crate::graph::loader::{GraphLoader, refused, variant_in_use};
use decoder::MarianDecoder;
use fit::{Choice, choose};
use language_tokens::{LanguageTokens, Told};
use search::{Candidate, SearchOptions, repeats, search};
use vocabox_base::fault::Fault;
use vocabox_pack::translate::BEAMS_MAX;
use vocabox_pack::{Pack, PackError};
use vocabox_text::{halves, sentences};

/// Most tokens that are translated at once. A longer sentence is split: models were trained on sentences, and the
/// smallest number of positions of any of them is 512.
const SOURCE_TOKENS_MAX: usize = 200;
/// Most tokens of a translation: a factor on those of its source, and an addition for very short ones.
const GROWTH_MAX: usize = 3;
const GROWTH_TOKENS: usize = 16;
/// How often a phrase may be repeated in a row in a translation whose source repeats less.
const REPEATS_MAX: usize = 3;

/// The engine.
struct TranslationEngine {
    /// Has no sentence: each task forks it.
    decoder: MarianDecoder,
    tokenizer: Tokenizer,
    language_tokens: LanguageTokens,
    /// Hypotheses that are followed at once for the first translation.
    beams: usize,
}

/// Builds the engine of `pack`. Faults: `Missing` when the manifest lacks `[translate]`, the tokenizer lacks a
/// language, or the layout of the graphs is unknown.
pub fn build(pack: &Pack, graphs: &GraphLoader) -> Result<Arc<Translate>, Fault> {
    let wrong = |why: String| {
        refused(PackError::Manifest {
            path: pack.folder.join("pack.toml"),
            why,
        })
    };
    let settings = pack.manifest.translate.as_ref();
    let settings = settings.ok_or_else(|| wrong("a translator needs [translate]".to_owned()))?;
    let variant = variant_in_use(pack);
    let file = pack
        .file("tokenizer", variant.as_deref())
        .map_err(refused)?;
    let named = |e: String| wrong(format!("{}: {e}", file.path));
    let json = pack.path(file).read().map_err(|e| named(e.to_string()))?;
    let tokenizer = Tokenizer::from_bytes(json).map_err(|e| named(e.to_string()))?;
    let language_tokens = LanguageTokens::new(settings, &tokenizer).map_err(wrong)?;
    // A separate graph for the first token, in one of the layouts.
    let first = match pack.file("decoder-first", variant.as_deref()) {
        Ok(_) => Some(graphs.load(pack, "decoder-first")?),
        Err(_) => None,
    };
    let decoder = MarianDecoder::new(
        graphs.load(pack, "encoder")?,
        graphs.load(pack, "decoder")?,
        first,
    )?;
    Ok(Arc::new(TranslationEngine {
        decoder,
        tokenizer,
        language_tokens,
        beams: settings.beams,
    }))
}

/// A part of the text.
enum TextPart<'a> {
    /// Copied unchanged.
    Kept(&'a str),
    Translated {
        /// Tokens of the source.
        ids: Vec<i64>,
        /// Its translations, at least one: the first is taken unless it does not fit.
        texts: Vec<(String, Choice)>,
    },
}

impl Engine for TranslationEngine {
    type Task = TranslateTask;
    type Output = Translation;

    /// Translates sentence by sentence; text between sentences, and sentences without letters, are copied. Further
    /// translations are searched only where the first ones do not fit the space. Faults: `Missing` for a language that
    /// the pack does not list, `Engine` when a graph fails or the deadline has passed.
    fn run(&self, task: TranslateTask, steps: &dyn Steps) -> Result<Translation, Fault> {
        let mut decoder = self.decoder.fork();
        let told = self.language_tokens.told(&task.source, &task.target)?;
        let text = task.text.as_str();
        let mut parts = Vec::new();
        let mut end = 0;
        for sentence in sentences(text) {
            parts.push(TextPart::Kept(&text[end..sentence.range.start]));
            end = sentence.range.end;
            self.part(
                &mut decoder,
                &text[sentence.range],
                &told,
                steps,
                &mut parts,
            )?;
        }
        parts.push(TextPart::Kept(&text[end..]));
        let room = task.room.unwrap_or(usize::MAX);
        let mut text = assembled(&parts, room);
        if text.chars().count() > room {
            for part in &mut parts {
                if let TextPart::Translated { ids, texts } = part {
                    texts.extend(self.search(&mut decoder, ids, &told, BEAMS_MAX, steps)?);
                }
            }
            text = assembled(&parts, room);
        }
        Ok(Translation { text })
    }
}

impl TranslationEngine {
    /// Appends the translation of `text`, a sentence or less, in two parts where it is too long for one.
    fn part<'a>(
        &self,
        decoder: &mut MarianDecoder,
        text: &'a str,
        told: &Told,
        steps: &dyn Steps,
        parts: &mut Vec<TextPart<'a>>,
    ) -> Result<(), Fault> {
        if !text.contains(char::is_alphabetic) {
            parts.push(TextPart::Kept(text));
            return Ok(());
        }
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let encoded = self.tokenizer.encode_fast(line, false);
        let encoded = encoded.map_err(Fault::engine)?;
        let ids = encoded.get_ids();
        if ids.len() > SOURCE_TOKENS_MAX
            && let Some((first, second, _)) = halves(text)
        {
            let between = first.end..second.start;
            self.part(decoder, &text[first], told, steps, parts)?;
            parts.push(TextPart::Kept(&text[between]));
            return self.part(decoder, &text[second], told, steps, parts);
        }
        let ids: Vec<i64> = ids.iter().map(|&id| i64::from(id)).collect();
        let texts = self.search(decoder, &ids, told, self.beams, steps)?;
        parts.push(TextPart::Translated { ids, texts });
        Ok(())
    }

    /// Returns the translations of a sentence, at least one, the likeliest first.
    fn search(
        &self,
        decoder: &mut MarianDecoder,
        ids: &[i64],
        told: &Told,
        beams: usize,
        steps: &dyn Steps,
    ) -> Result<Vec<(String, Choice)>, Fault> {
        steps.next()?;
        let options = SearchOptions {
            begin: &told.begin,
            end: self.language_tokens.end,
            never: &self.language_tokens.never,
            beams,
            tokens_max: GROWTH_MAX * ids.len() + GROWTH_TOKENS,
            repeats_max: repeats(ids).max(REPEATS_MAX),
        };
        decoder.read(&told.around(ids))?;
        let found = search(decoder, &options, steps)?;
        let mut texts = Vec::with_capacity(found.len());
        for Candidate { tokens, score } in found {
            let text = self.tokenizer.decode(&tokens, true);
            let text = text.map_err(Fault::engine)?.trim().to_owned();
            let chars = text.chars().count();
            if chars > 0 {
                texts.push((text, Choice { chars, score }));
            }
        }
        match texts.is_empty() {
            true => Err(Fault::engine("the translation of a sentence is empty")),
            false => Ok(texts),
        }
    }
}

/// Returns the text of all parts, within `room` characters if possible.
fn assembled(parts: &[TextPart<'_>], room: usize) -> String {
    let mut kept_chars = 0;
    let mut choices: Vec<Vec<Choice>> = Vec::new();
    for part in parts {
        match part {
            TextPart::Kept(text) => kept_chars += text.chars().count(),
            TextPart::Translated { texts, .. } => choices.push(texts.iter().map(|t| t.1).collect()),
        }
    }
    let mut taken = choose(&choices, room.saturating_sub(kept_chars)).into_iter();
    let mut text = String::new();
    for part in parts {
        text.push_str(match part {
            TextPart::Kept(kept) => kept,
            TextPart::Translated { texts, .. } => &texts[taken.next().unwrap_or(0)].0,
        });
    }
    text
}

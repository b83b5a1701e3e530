//! Translators as Hugging Face's optimum exports them: NLLB, M2M100, and OPUS-MT (Marian) of one pair or several languages.

use std::collections::BTreeMap;

use serde_json::Value;

use super::codes::short_code;
use super::graphs::SourceGraphs;
use super::plan::{ImportPlan, PlannedFile, decoder_files, graph_files};
use super::{ImportContext, ImportError};
use crate::engine::recognition::GraphRole;
use crate::pack::manifest::PackKind;
use crate::pack::translate::{BEAMS_MAX, Tell, Translate};

/// How a family of models names its languages.
struct Family {
    engine: &'static str,
    tell: Tell,
    /// Code → token.
    tokens: BTreeMap<String, String>,
}

pub(super) fn plan(
    context: &ImportContext<'_>,
    graphs: &SourceGraphs,
) -> Result<ImportPlan, ImportError> {
    let files = context.files;
    let encoder = graphs.one(|role| role == GraphRole::TextEncoder)?;
    let encoder =
        encoder.ok_or_else(|| ImportError::Refused("the encoder is missing".to_owned()))?;
    let (decoder, first) = graphs.decoder()?;
    let tokenizer = files.called("tokenizer.json").ok_or_else(|| {
        ImportError::Refused(
            "tokenizer.json is missing: SentencePiece models alone (source.spm, sentencepiece.bpe.model) are not read; Hugging \
             Face's transformers makes it (AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)), and the ONNX exports \
             of OPUS-MT by Xenova have it"
                .to_owned(),
        )
    })?;
    let json = tokenizer.json()?;
    let family = family(&json);
    let configs = ["generation_config.json", "config.json"];
    let mut read = Vec::new();
    for name in configs {
        read.extend(files.json(name)?);
    }
    let number = |key: &str| {
        read.iter()
            .find_map(|c| c[key].as_u64().and_then(|n| u32::try_from(n).ok()))
    };
    let needed = |key: &str| {
        number(key).ok_or_else(|| {
            ImportError::Refused(format!(
                "neither generation_config.json nor config.json tells {key}: put the model's own beside the graphs"
            ))
        })
    };
    let (start, end) = (needed("decoder_start_token_id")?, needed("eos_token_id")?);
    let mut never: Vec<u32> = [number("pad_token_id"), number("bos_token_id")]
        .into_iter()
        .flatten()
        .chain(token_id(&json, "<unk>"))
        .filter(|id| *id != end)
        .collect();
    never.sort_unstable();
    never.dedup();
    let (from, to) = languages(context, &family, &read)?;
    let wanted = |code: &&String| from.contains(code) || to.contains(code);
    let kept = family.tokens.iter().filter(|(code, _)| wanted(code));
    let translate = Translate {
        tokens: kept
            .map(|(code, token)| (code.clone(), token.clone()))
            .collect(),
        tell: family.tell,
        start,
        end,
        never,
        beams: (number("num_beams").unwrap_or(1) as usize).clamp(1, BEAMS_MAX),
        from,
        to,
    };
    let description = "Text to text: a translator.";
    let mut manifest = context.manifest((PackKind::Translate, family.engine), description, None)?;
    let mut codes: Vec<String> = translate
        .from
        .iter()
        .chain(&translate.to)
        .cloned()
        .collect();
    codes.sort();
    codes.dedup();
    manifest.languages = codes;
    manifest.translate = Some(translate);
    let mut planned = graph_files("encoder", "encoder.onnx", encoder, files)?;
    planned.extend(decoder_files(decoder, first, files)?);
    planned.push(PlannedFile::copy("tokenizer", "tokenizer.json", tokenizer));
    Ok(ImportPlan {
        manifest,
        files: planned,
        notes: Vec::new(),
    })
}

/// The family, by the tokens of its languages: `yor_Latn` (NLLB), `__yo__` (M2M100), `>>yor<<` (OPUS-MT of several languages), or
/// none.
fn family(tokenizer: &Value) -> Family {
    let (mut nllb, mut m2m, mut opus) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut note = |token: &str| {
        let parts = token.split_once('_');
        if let Some((code, script)) = parts.filter(|(c, s)| c.len() == 3 && s.len() == 4) {
            let is_script = script.starts_with(|c: char| c.is_ascii_uppercase());
            if let (true, Some(code)) = (is_script, short_code(code)) {
                // Of a language in several scripts, that in Latin letters, else the first.
                if script == "Latn" || !nllb.contains_key(&code) {
                    nllb.insert(code, token.to_owned());
                }
            }
        }
        let inner = |before: &str, behind: &str| token.strip_prefix(before)?.strip_suffix(behind);
        if let Some(code) = inner("__", "__").and_then(short_code) {
            m2m.insert(code, token.to_owned());
        }
        if let Some(code) = inner(">>", "<<").and_then(short_code) {
            opus.entry(code).or_insert_with(|| token.to_owned());
        }
    };
    let added = tokenizer["added_tokens"].as_array().into_iter().flatten();
    added
        .filter_map(|t| t["content"].as_str())
        .for_each(&mut note);
    // Unigram models list pairs, others a map.
    match &tokenizer["model"]["vocab"] {
        Value::Array(pairs) => pairs
            .iter()
            .filter_map(|p| p[0].as_str())
            .for_each(&mut note),
        Value::Object(map) => map.keys().for_each(|key| note(key)),
        _ => {}
    }
    if nllb.len() >= 2 {
        let tell = match is_behind(tokenizer) {
            true => Tell::BothBehind,
            false => Tell::Both,
        };
        return Family {
            engine: "nllb",
            tell,
            tokens: nllb,
        };
    }
    if m2m.len() >= 2 {
        return Family {
            engine: "m2m100",
            tell: Tell::Both,
            tokens: m2m,
        };
    }
    let tell = match opus.is_empty() {
        true => Tell::Nothing,
        false => Tell::Target,
    };
    Family {
        engine: "marian",
        tell,
        tokens: opus,
    }
}

/// Whether the tokenizer puts the language's token after the text, as NLLB's first ones did.
fn is_behind(tokenizer: &Value) -> bool {
    let single = tokenizer["post_processor"]["single"].as_array();
    let last = single.and_then(|items| items.last());
    let token = last.and_then(|item| item["SpecialToken"]["id"].as_str());
    token.is_some_and(|token| {
        token
            .split_once('_')
            .is_some_and(|(c, s)| c.len() == 3 && s.len() == 4)
    })
}

fn token_id(tokenizer: &Value, token: &str) -> Option<u32> {
    let added = tokenizer["added_tokens"].as_array()?;
    let found = added.iter().find(|t| t["content"] == token)?;
    found["id"].as_u64().and_then(|id| u32::try_from(id).ok())
}

/// The languages that the pack translates from and to. Errors: they are not told, or the model has no token for one.
fn languages(
    context: &ImportContext<'_>,
    family: &Family,
    configs: &[Value],
) -> Result<(Vec<String>, Vec<String>), ImportError> {
    let request = context.request;
    let code = |asked: &String| {
        short_code(asked).ok_or_else(|| {
            ImportError::Asked(format!(
                "{asked:?} is no language's code; write it as in --from en --to fr"
            ))
        })
    };
    let asked = |codes: &[String]| codes.iter().map(code).collect::<Result<Vec<_>, _>>();
    let (mut from, mut to) = (asked(&request.from)?, asked(&request.to)?);
    let all = || family.tokens.keys().cloned().collect::<Vec<_>>();
    let known = family.tokens.clone();
    match family.tell {
        Tell::Both | Tell::BothBehind => {
            from = if from.is_empty() { all() } else { from };
            to = if to.is_empty() { all() } else { to };
        }
        Tell::Target | Tell::Nothing => {
            let told = pair(context, configs)?;
            if let (true, Some((source, _))) = (from.is_empty(), &told) {
                from = vec![source.clone()];
            }
            if to.is_empty() {
                to = match (family.tell, &told) {
                    (Tell::Target, _) => all(),
                    (_, Some((_, target))) => vec![target.clone()],
                    _ => Vec::new(),
                };
            }
        }
    }
    if from.is_empty() || to.is_empty() {
        return Err(ImportError::Asked(
            "the files do not tell which languages the model translates: give them, as in --from en --to fr".to_owned(),
        ));
    }
    let told: &[&Vec<String>] = match family.tell {
        Tell::Nothing => &[],
        Tell::Target => &[&to],
        _ => &[&from, &to],
    };
    let mut lacking = told
        .iter()
        .copied()
        .flatten()
        .filter(|c| !known.contains_key(*c));
    match lacking.next() {
        Some(code) => Err(ImportError::Asked(format!(
            "the model has no token for the language {code}; it has {}",
            known.keys().cloned().collect::<Vec<_>>().join(", ")
        ))),
        None => Ok((from, to)),
    }
}

/// The pair of a model for one: of its tokenizer's configuration, else of its name, `opus-mt-en-fr`.
fn pair(
    context: &ImportContext<'_>,
    configs: &[Value],
) -> Result<Option<(String, String)>, ImportError> {
    let tokenizer = context
        .files
        .json("tokenizer_config.json")?
        .unwrap_or(Value::Null);
    let told = |key: &str| tokenizer[key].as_str().and_then(short_code);
    if let (Some(source), Some(target)) = (told("source_lang"), told("target_lang")) {
        return Ok(Some((source, target)));
    }
    let names = configs.iter().filter_map(|c| c["_name_or_path"].as_str());
    let names = names.chain([context.files.stem.as_str()]);
    let of_name = |name: &str| {
        let (_, pair) = name.rsplit_once("opus-mt-")?;
        let mut codes = pair.split('-');
        Some((short_code(codes.next()?)?, short_code(codes.next()?)?))
    };
    Ok(names.filter_map(of_name).next())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn added(tokens: &[&str]) -> Value {
        let token = |t: &&str| json!({ "content": t, "id": 7 });
        json!({ "added_tokens": tokens.iter().map(token).collect::<Vec<_>>() })
    }

    #[test]
    fn families_are_told_by_the_tokens_of_their_languages() {
        let nllb = family(&added(&[
            "<s>", "eng_Latn", "swh_Latn", "arb_Arab", "arb_Latn", "abc_def",
        ]));
        assert_eq!((nllb.engine, nllb.tell), ("nllb", Tell::Both));
        let tokens: Vec<(&str, &str)> = nllb.tokens.iter().map(|(c, t)| (&**c, &**t)).collect();
        assert_eq!(
            tokens,
            [("ar", "arb_Latn"), ("en", "eng_Latn"), ("sw", "swh_Latn")]
        );
        let mut behind = added(&["eng_Latn", "yor_Latn"]);
        behind["post_processor"] = json!({ "single": [
            { "Sequence": { "id": "A" } }, { "SpecialToken": { "id": "</s>" } }, { "SpecialToken": { "id": "eng_Latn" } },
        ] });
        assert_eq!(family(&behind).tell, Tell::BothBehind);
        let m2m = family(&added(&["__en__", "__yo__", "__xyzzy__"]));
        assert_eq!(
            (m2m.engine, m2m.tell, m2m.tokens.len()),
            ("m2m100", Tell::Both, 2)
        );
        let several =
            json!({ "model": { "vocab": [[">>fra<<", -1.0], [">>deu<<", -2.0], ["a", -3.0]] } });
        let opus = family(&several);
        assert_eq!(
            (opus.engine, opus.tell, opus.tokens.len()),
            ("marian", Tell::Target, 2)
        );
        assert_eq!(family(&added(&["<pad>"])).tell, Tell::Nothing);
    }
}

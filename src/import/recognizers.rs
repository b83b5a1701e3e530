//! Whisper exports of every size: those of Hugging Face's optimum, and this project's own.

use serde_json::{Value, json};

use super::codes::short_code;
use super::graphs::SourceGraphs;
use super::plan::{ImportPlan, PlannedFile, decoder_files, graph_files};
use super::{ImportContext, ImportError};
use crate::engine::recognition::GraphRole;
use crate::pack::manifest::PackKind;

const RATE_HZ: u32 = 16_000;
/// The bands of an encoder that leaves them open, as a manifest writes its features: `f32[n0,n1,n2]`.
const OPEN_BANDS: &str = ",n1,";
/// The engines of a general transcriber, and of one that takes the languages that it lists.
const GENERAL: &str = "whisper";
const SPECIALIST: &str = "vocabanga";
/// Logits that models of several languages have at least; those of English alone have one less.
const MULTILINGUAL_MIN: usize = 51_865;

pub(super) fn plan(
    context: &ImportContext<'_>,
    graphs: &SourceGraphs,
) -> Result<ImportPlan, ImportError> {
    let files = context.files;
    let encoder = graphs.one(|role| matches!(role, GraphRole::SoundEncoder { .. }))?;
    let encoder =
        encoder.ok_or_else(|| ImportError::Refused("the encoder is missing".to_owned()))?;
    let (decoder, first) = graphs.decoder()?;
    let tokenizer = files.called("tokenizer.json").ok_or_else(|| {
        ImportError::Refused(
            "tokenizer.json is missing: Hugging Face's transformers makes it \
             (WhisperTokenizerFast.from_pretrained(FOLDER).save_pretrained(FOLDER))"
                .to_owned(),
        )
    })?;
    let special = special_tokens(&tokenizer.json()?);
    let logits = decoder.head.signature.outputs.iter();
    let mut sizes = logits
        .filter(|o| o.name == "logits")
        .map(|o| o.dims.last().copied().flatten());
    let size = sizes.next().flatten();
    let (config, languages) = config(context, &special, size)?;
    // Models of English alone list the tokens of languages that they do not know.
    let languages = match size.is_some_and(|size| size < MULTILINGUAL_MIN) {
        true => Vec::new(),
        false => languages,
    };
    let engine = match context.request.specialist {
        true => SPECIALIST,
        false => GENERAL,
    };
    let description = "Speech to text: a Whisper.";
    let mut manifest =
        context.manifest((PackKind::Transcribe, engine), description, Some(RATE_HZ))?;
    manifest.languages = chosen(context, languages)?;
    let mut planned = graph_files("encoder", "encoder.onnx", encoder, files)?;
    if encoder.role == (GraphRole::SoundEncoder { mels: None }) {
        // What the graph leaves open, the manifest tells the engine.
        let mels = mels(context)?;
        for text in planned[0].inputs.values_mut() {
            *text = text.replacen(OPEN_BANDS, &format!(",{mels},"), 1);
        }
    }
    planned.extend(decoder_files(decoder, first, files)?);
    planned.push(PlannedFile::copy("tokenizer", "tokenizer.json", tokenizer));
    planned.push(config);
    Ok(ImportPlan {
        manifest,
        files: planned,
        notes: Vec::new(),
    })
}

/// Mel bands that the model takes, by the files of its features.
fn mels(context: &ImportContext<'_>) -> Result<u64, ImportError> {
    for (name, key) in [
        ("preprocessor_config.json", "feature_size"),
        ("config.json", "num_mel_bins"),
    ] {
        let json = context.files.json(name)?.unwrap_or(Value::Null);
        if let Some(count @ (80 | 128)) = json[key].as_u64() {
            return Ok(count);
        }
    }
    Err(ImportError::Refused(
        "neither the encoder nor preprocessor_config.json (feature_size) nor config.json (num_mel_bins) tells how many mel bands \
         the model takes: put one of these files beside it"
            .to_owned(),
    ))
}

/// Special tokens of the tokenizer and their ids.
fn special_tokens(tokenizer: &Value) -> Vec<(String, u64)> {
    let added = tokenizer["added_tokens"].as_array().into_iter().flatten();
    let token = |t: &Value| Some((t["content"].as_str()?.to_owned(), t["id"].as_u64()?));
    added.filter_map(token).collect()
}

/// The file of suppressed tokens and languages as the engine reads it, and the codes of the languages: `generation_config.json` or
/// CTranslate2's `config.json` as they are, where they have all of it; else what the files have, and the tokenizer's languages.
fn config(
    context: &ImportContext<'_>,
    special: &[(String, u64)],
    size: Option<usize>,
) -> Result<(PlannedFile, Vec<String>), ImportError> {
    let files = context.files;
    let codes = |ids: &[u64]| -> Vec<String> {
        let token = |id: &u64| special.iter().find(|(_, other)| other == id);
        let code = |id: &u64| {
            let (name, _) = token(id)?;
            Some(name.strip_prefix("<|")?.strip_suffix("|>")?.to_owned())
        };
        ids.iter().filter_map(code).collect()
    };
    let ids =
        |json: &Value| -> Option<Vec<u64>> { json.as_array()?.iter().map(Value::as_u64).collect() };
    let mut suppressed = [json!([]), json!([])];
    for name in ["generation_config.json", "config.json"] {
        let Some(file) = files.called(name) else {
            continue;
        };
        let json = file.json()?;
        let ours = [
            &json["suppress_ids"],
            &json["suppress_ids_begin"],
            &json["lang_ids"],
        ];
        if let (Some(_), Some(_), Some(langs)) = (ids(ours[0]), ids(ours[1]), ids(ours[2])) {
            return Ok((
                PlannedFile::copy("config", "config.json", file),
                codes(&langs),
            ));
        }
        let theirs = [&json["suppress_tokens"], &json["begin_suppress_tokens"]];
        let both = theirs.map(ids);
        if let ([Some(_), Some(_)], Some(map)) = (&both, json["lang_to_id"].as_object()) {
            let langs: Vec<u64> = map.values().filter_map(Value::as_u64).collect();
            return Ok((
                PlannedFile::copy("config", "config.json", file),
                codes(&langs),
            ));
        }
        for (kept, found) in suppressed.iter_mut().zip(both) {
            if let (true, Some(found)) = (kept.as_array().is_some_and(Vec::is_empty), found) {
                *kept = json!(found);
            }
        }
    }
    // Tokens of languages are those between the start and the tasks.
    let place = |name: &str| special.iter().find(|(n, _)| n == name).map(|(_, id)| *id);
    let (from, to) = (place("<|startoftranscript|>"), place("<|translate|>"));
    let is_english = size.is_some_and(|size| size < MULTILINGUAL_MIN);
    let langs: Vec<u64> = match (from, to) {
        (Some(from), Some(to)) if !is_english => {
            let between = special.iter().map(|(_, id)| *id);
            between.filter(|id| (from + 1..to).contains(id)).collect()
        }
        _ => Vec::new(),
    };
    let map: serde_json::Map<String, Value> = special
        .iter()
        .filter(|(_, id)| langs.contains(id))
        .map(|(name, id)| (name.clone(), json!(id)))
        .collect();
    let [suppress, begin] = suppressed;
    let made =
        json!({ "suppress_tokens": suppress, "begin_suppress_tokens": begin, "lang_to_id": map });
    let made = PlannedFile::made("config", "config.json", made.to_string().into_bytes());
    Ok((made, codes(&langs)))
}

/// The languages that the pack lists: those that the operator names, else all `known` ones, else English. Errors: a code that is
/// none, or a specialist without a list.
fn chosen(context: &ImportContext<'_>, known: Vec<String>) -> Result<Vec<String>, ImportError> {
    let asked = &context.request.languages;
    if context.request.specialist && asked.is_empty() {
        return Err(ImportError::Asked(
            "--specialist needs the languages that the model takes over from the general one, as in --language yo,ha".to_owned(),
        ));
    }
    if asked.is_empty() {
        return Ok(match known.is_empty() {
            true => vec!["en".to_owned()],
            false => known,
        });
    }
    let code = |asked: &String| {
        let is_own = known.contains(asked) || asked == "en_ng";
        let code = if is_own {
            Some(asked.clone())
        } else {
            short_code(asked)
        };
        code.ok_or_else(|| {
            ImportError::Asked(format!(
                "--language has {asked:?}, which is no language's code; write it as in --language yo,ha"
            ))
        })
    };
    asked.iter().map(code).collect()
}

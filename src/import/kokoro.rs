//! Kokoro exports with their voices: those of hexgrad's release, kokoro-onnx and onnx-community, in any of their precisions.

use std::collections::HashSet;
use std::path::Path;

use serde_json::{Value, json};

use super::files::SourceFile;
use super::graphs::SourceGraphs;
use super::plan::{ImportPlan, PlannedFile, graph_files};
use super::{ImportContext, ImportError, voice_tables};
use crate::engine::recognition::GraphRole;
use crate::limits::PACK_VOICES_MAX;
use crate::pack::manifest::{PackKind, Voice};
use crate::text;

const RATE_HZ: u32 = 24_000;
/// First letters of voices, and the language that they speak.
const LANGUAGES: &[(char, &str, &str)] = &[
    ('a', "en-us", "American"),
    ('b', "en-gb", "British"),
    ('e', "es", "Spanish"),
    ('f', "fr", "French"),
    ('h', "hi", "Hindi"),
    ('i', "it", "Italian"),
    ('j', "ja", "Japanese"),
    ('p', "pt-br", "Brazilian"),
    ('z', "zh", "Chinese"),
];

pub(super) fn plan(
    context: &ImportContext<'_>,
    graphs: &SourceGraphs,
    installed: Option<&[u8]>,
) -> Result<ImportPlan, ImportError> {
    let graph = graphs.one(|role| role == GraphRole::Kokoro)?;
    let graph = graph.ok_or_else(|| ImportError::Refused("the graph is missing".to_owned()))?;
    let description = "Text to speech: a Kokoro with its voices.";
    let mut manifest = context.manifest((PackKind::Speak, "kokoro"), description, Some(RATE_HZ))?;
    let mut files = graph_files("model", "model.onnx", graph, context.files)?;
    files.push(vocabulary(context, installed)?);
    let mut left_out: Vec<String> = Vec::new();
    let mut seen = HashSet::new();
    for file in voice_files(context) {
        let refused = |why: String| ImportError::Refused(format!("{}: {why}", file.name));
        for (id, table) in voice_tables::read(file).map_err(refused)? {
            let is_plain = id
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            if !is_plain || id.is_empty() || id.len() > 64 {
                return Err(refused(format!(
                    "voice {id:?}: a voice's id has letters, digits, - and _"
                )));
            }
            if !seen.insert(id.clone()) {
                continue;
            }
            let Some(voice) = voice(context, &id) else {
                left_out.push(id);
                continue;
            };
            if manifest.voices.len() == PACK_VOICES_MAX {
                return Err(refused(format!("more than {PACK_VOICES_MAX} voices")));
            }
            if !manifest.languages.contains(&voice.language) {
                manifest.languages.push(voice.language.clone());
            }
            files.push(PlannedFile::made("voice", &voice.file, table));
            manifest.voices.push(voice);
        }
    }
    let mut notes = Vec::new();
    if !left_out.is_empty() {
        notes.push(format!(
            "left out, because no reader here reads their language: {}",
            left_out.join(", ")
        ));
    }
    if manifest.voices.is_empty() {
        return Err(ImportError::Refused(
            "no voices are beside the graph: put a folder voices with .bin or .pt files, or a voices.npz or voices-v1.0.bin \
             there"
                .to_owned(),
        ));
    }
    Ok(ImportPlan {
        manifest,
        files,
        notes,
    })
}

/// The files that may have voices: archives of them, and files in a folder `voices` or of a voice's name.
fn voice_files<'a>(context: &'a ImportContext<'_>) -> impl Iterator<Item = &'a SourceFile> {
    let is_named = |file: &SourceFile| {
        let base = file.base();
        let mut letters = base.chars();
        let language = letters
            .next()
            .is_some_and(|c| LANGUAGES.iter().any(|l| l.0 == c));
        language && matches!(letters.next(), Some('f' | 'm')) && letters.next() == Some('_')
    };
    context.files.files.iter().filter(move |file| {
        let is_table = file.ends("bin") || file.ends("pt");
        let in_folder = file.name.split('/').rev().nth(1) == Some("voices");
        let is_all = file.base().starts_with("voices") && (file.ends("bin") || file.ends("npz"));
        (is_table && (in_folder || is_named(file))) || is_all || (in_folder && file.ends("npz"))
    })
}

/// The voice of this id, whose first letter tells the language, and the second one whether it is a woman's or a man's. None where
/// no reader reads its language.
fn voice(context: &ImportContext<'_>, id: &str) -> Option<Voice> {
    let mut letters = id.chars();
    let told = letters
        .next()
        .and_then(|c| LANGUAGES.iter().find(|l| l.0 == c));
    let second = letters.next();
    let is_named = matches!(second, Some('f' | 'm')) && letters.next() == Some('_');
    let asked = context.request.languages.first().map(String::as_str);
    let (language, of) = match (asked, told.filter(|_| is_named)) {
        (Some(asked), _) => (text::code_read(asked)?, asked),
        (None, Some((_, code, of))) => (*code, *of),
        (None, None) => return None,
    };
    if !text::is_read(language) {
        return None;
    }
    let own = id
        .split_once('_')
        .filter(|_| is_named)
        .map_or(id, |(_, name)| name);
    let mut name = own.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Some(Voice {
        id: id.to_owned(),
        name,
        language: language.to_owned(),
        gender: match second.filter(|_| is_named) {
            Some('f') => "female",
            Some('m') => "male",
            _ => context.request.gender.as_deref().unwrap_or("unknown"),
        }
        .to_owned(),
        description: format!("{of}, imported"),
        category: Default::default(),
        speaker: None,
        file: format!("voices/{id}.bin"),
    })
}

/// The characters that the graph has tokens for: of the model's own files, else of the file that the operator names, else of an
/// installed Kokoro.
fn vocabulary(
    context: &ImportContext<'_>,
    installed: Option<&[u8]>,
) -> Result<PlannedFile, ImportError> {
    let made = |vocabulary: &Value| {
        let text = json!({ "vocab": vocabulary }).to_string();
        PlannedFile::made("vocabulary", "vocabulary.json", text.into_bytes())
    };
    let tables: [(&str, &[&str]); 4] = [
        ("tokenizer.json", &["model", "vocab"]),
        ("config.json", &["vocab"]),
        ("vocab.json", &["vocab"]),
        ("vocabulary.json", &["vocab"]),
    ];
    for (name, keys) in tables {
        let Some(all) = context.files.json(name)? else {
            continue;
        };
        let found = keys.iter().try_fold(&all, |json, key| json.get(key));
        if let Some(found) = found.filter(|v| is_vocabulary(v)) {
            return Ok(made(found));
        }
    }
    if let Some(path) = &context.request.vocabulary {
        return of_path(path).map(|found| made(&found));
    }
    let installed = installed.and_then(|text| serde_json::from_slice::<Value>(text).ok());
    let installed = installed.and_then(|all| all.get("vocab").cloned());
    if let Some(found) = installed.filter(is_vocabulary) {
        return Ok(made(&found));
    }
    Err(ImportError::Asked(
        "the characters that the graph has tokens for are not among the files: name the config.json of Kokoro's release, as in \
         --vocabulary config.json"
            .to_owned(),
    ))
}

fn of_path(path: &Path) -> Result<Value, ImportError> {
    let refused = |why: String| ImportError::Refused(format!("{}: {why}", path.display()));
    let metadata = std::fs::metadata(path).map_err(|e| refused(e.to_string()))?;
    let file = SourceFile {
        path: path.to_owned(),
        name: path.display().to_string(),
        size: metadata.len(),
    };
    let all = file.json()?;
    let found = all.get("vocab").or_else(|| all.get("model")?.get("vocab"));
    let found = found.filter(|v| is_vocabulary(v)).cloned();
    found.ok_or_else(|| refused("it has no vocabulary of characters".to_owned()))
}

/// Whether this maps characters to numbers.
fn is_vocabulary(json: &Value) -> bool {
    let is_entry = |(key, value): (&String, &Value)| key.chars().count() == 1 && value.is_u64();
    json.as_object()
        .is_some_and(|map| (20..4096).contains(&map.len()) && map.iter().all(is_entry))
}

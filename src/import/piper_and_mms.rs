//! VITS voices: Piper's, and those of MMS-TTS by sherpa-onnx and by Hugging Face's optimum.

use std::collections::BTreeMap;

use serde_json::Value;

use super::codes::short_code;
use super::graphs::{SourceGraph, SourceGraphs};
use super::plan::{ImportPlan, PlannedFile, graph_files};
use super::{ImportContext, ImportError};
use crate::engine::VitsLayout;
use crate::engine::recognition::GraphRole;
use crate::limits::PACK_VOICES_MAX;
use crate::pack::manifest::{Blanks, Manifest, PackKind, Reads, Vits, Voice};
use crate::text;

/// The graph's path in the pack.
const GRAPH: &str = "model.onnx";
/// Scales of voices that do not tell theirs: those of VITS's own inference.
const SCALES: Vits = Vits {
    reads: Reads::Letters,
    blanks: Blanks::Around,
    noise: 0.667,
    noise_duration: 0.8,
    length: 1.0,
};

/// What a voice's files tell.
struct ToldVoice {
    settings: Vits,
    rate_hz: u32,
    language: String,
    tokens: PlannedFile,
    /// Names of the speakers and their numbers; empty for one.
    speakers: BTreeMap<String, i64>,
}

pub(super) fn plan(
    context: &ImportContext<'_>,
    graphs: &SourceGraphs,
    layout: VitsLayout,
) -> Result<ImportPlan, ImportError> {
    let graph = graphs.one(|role| matches!(role, GraphRole::Vits(_)))?;
    let graph = graph.ok_or_else(|| ImportError::Refused("the graph is missing".to_owned()))?;
    let told = match layout {
        VitsLayout::Piper { .. } => piper(context, graph)?,
        VitsLayout::Sherpa { .. } => sherpa(context, graph)?,
        VitsLayout::Optimum => optimum(context)?,
    };
    let reads = (told.settings.reads, told.language.as_str());
    if let (Reads::Phonemes, language) = reads
        && !text::is_read(language)
    {
        return Err(ImportError::Refused(format!(
            "the voice speaks {language} from phonemes, and no reader here makes those of that language; {} are read",
            text::CODES.join(", ")
        )));
    }
    let description = "Text to speech: a VITS voice.";
    let rate_hz = Some(told.rate_hz);
    let mut manifest = context.manifest((PackKind::Speak, "vits"), description, rate_hz)?;
    manifest.vits = Some(told.settings);
    manifest.languages = vec![told.language.clone()];
    manifest.voices = voices(context, &manifest, &told)?;
    let mut files = graph_files("model", GRAPH, graph, context.files)?;
    files.push(told.tokens);
    Ok(ImportPlan {
        manifest,
        files,
        notes: Vec::new(),
    })
}

/// A voice for each speaker, with the pack's name as its id.
fn voices(
    context: &ImportContext<'_>,
    manifest: &Manifest,
    told: &ToldVoice,
) -> Result<Vec<Voice>, ImportError> {
    let gender = context.request.gender.as_deref().unwrap_or("unknown");
    let base = manifest.name.replace('-', "_");
    let voice = |id: String, name: String, speaker: Option<i64>| Voice {
        id,
        name,
        language: told.language.clone(),
        gender: gender.to_owned(),
        description: format!("{}, imported", manifest.title),
        category: Default::default(),
        speaker,
        file: GRAPH.to_owned(),
    };
    if told.speakers.is_empty() {
        return Ok(vec![voice(base, manifest.title.clone(), None)]);
    }
    if told.speakers.len() > PACK_VOICES_MAX {
        return Err(ImportError::Refused(format!(
            "the voice has {} speakers; {PACK_VOICES_MAX} are accepted",
            told.speakers.len()
        )));
    }
    let each = told.speakers.iter();
    Ok(each
        .map(|(name, number)| {
            // A name may be anything, and two may differ in signs only: the number tells them apart.
            let name: String = name.chars().take(64).collect();
            voice(format!("{base}_{number}"), name, Some(*number))
        })
        .collect())
}

/// The language that the operator names, else `told`, as a voice has it. Errors: there is none.
fn language(context: &ImportContext<'_>, told: Option<&str>) -> Result<String, ImportError> {
    let asked = context.request.languages.first().map(String::as_str);
    let code = asked.or(told).ok_or_else(|| {
        ImportError::Asked(
            "the files do not tell the language of the voice: give it, as in --language yo"
                .to_owned(),
        )
    })?;
    // Espeak's name of a language may be longer: en-us, pt-br, es-419.
    let read = text::code_read(code).map(str::to_owned);
    read.or_else(|| short_code(code)).ok_or_else(|| {
        ImportError::Asked(format!(
            "{code:?} is no language's code: give it, as in --language yo"
        ))
    })
}

fn piper(context: &ImportContext<'_>, graph: &SourceGraph) -> Result<ToldVoice, ImportError> {
    let wanted = format!("{}.json", graph.file.name);
    let beside = context.files.files.iter().find(|f| f.name == wanted);
    let config = beside.or_else(|| context.files.called("config.json"));
    let config = config.or_else(|| context.files.called("tokens.json"));
    let config = config.ok_or_else(|| {
        ImportError::Refused(format!(
            "{}: a Piper voice has a file {wanted} beside it, which is missing",
            graph.file.name
        ))
    })?;
    let json = config.json()?;
    let refused = |why: &str| ImportError::Refused(format!("{}: {why}", config.name));
    let number = |keys: [&str; 2]| json[keys[0]][keys[1]].as_f64().map(|n| n as f32);
    if json["phoneme_id_map"]
        .as_object()
        .is_none_or(|m| m.len() < 4)
    {
        return Err(refused("it has no phoneme_id_map, which a Piper voice has"));
    }
    let reads = match json["phoneme_type"].as_str() {
        None | Some("espeak") => Reads::Phonemes,
        Some("text") => Reads::Letters,
        Some(other) => {
            return Err(refused(&format!(
                "phoneme_type is {other:?}; espeak and text are read"
            )));
        }
    };
    let rate_hz = json["audio"]["sample_rate"].as_u64();
    let rate_hz = rate_hz.filter(|r| (8_000..=48_000).contains(r));
    let rate_hz = rate_hz.ok_or_else(|| refused("audio.sample_rate is none from 8000 to 48000"))?;
    let code = json["espeak"]["voice"].as_str();
    let code = code.or(json["language"]["code"].as_str());
    let map = json["speaker_id_map"].as_object();
    let mut speakers: BTreeMap<String, i64> = map
        .into_iter()
        .flatten()
        .filter_map(|(name, number)| Some((name.clone(), number.as_i64()?)))
        .collect();
    let count = json["num_speakers"].as_u64().unwrap_or(1);
    if speakers.is_empty() && count > 1 {
        let count = count.min(PACK_VOICES_MAX as u64 + 1) as i64;
        speakers = (0..count).map(|n| (n.to_string(), n)).collect();
    }
    Ok(ToldVoice {
        settings: bounded(Vits {
            reads,
            blanks: Blanks::Between,
            noise: number(["inference", "noise_scale"]).unwrap_or(SCALES.noise),
            noise_duration: number(["inference", "noise_w"]).unwrap_or(SCALES.noise_duration),
            length: number(["inference", "length_scale"]).unwrap_or(SCALES.length),
        }),
        rate_hz: rate_hz as u32,
        language: language(context, code)?,
        tokens: PlannedFile::copy("tokens", "tokens.json", config),
        speakers: if speakers.len() == 1 {
            BTreeMap::new()
        } else {
            speakers
        },
    })
}

/// The scales within the bounds of a manifest.
fn bounded(vits: Vits) -> Vits {
    Vits {
        noise: vits.noise.clamp(0.0, 2.0),
        noise_duration: vits.noise_duration.clamp(0.0, 2.0),
        length: vits.length.clamp(0.25, 4.0),
        ..vits
    }
}

/// As sherpa-onnx exports: what is to be known is in the graph's metadata.
fn sherpa(context: &ImportContext<'_>, graph: &SourceGraph) -> Result<ToldVoice, ImportError> {
    let notes = &graph.head.metadata;
    let note = |key: &str| notes.get(key).map(String::as_str);
    let tokens = context.files.called("tokens.txt");
    let tokens = tokens.ok_or_else(|| {
        ImportError::Refused(format!(
            "{}: such a voice has a file tokens.txt beside it, which is missing",
            graph.file.name
        ))
    })?;
    if context.files.called("lexicon.txt").is_some() {
        return Err(ImportError::Refused(
            "the voice reads a lexicon of its own (lexicon.txt), which no reader here has"
                .to_owned(),
        ));
    }
    let is_piper = note("comment").is_some_and(|c| c.contains("piper"));
    let rate_hz = note("sample_rate").and_then(|r| r.parse().ok());
    let rate_hz = rate_hz.filter(|r| (8_000..=48_000).contains(r));
    let count: i64 = note("n_speakers").and_then(|n| n.parse().ok()).unwrap_or(1);
    let count = count.clamp(1, PACK_VOICES_MAX as i64 + 1);
    let told = note("voice").or(note("language"));
    let told = told.filter(|code| short_code(code).is_some());
    Ok(ToldVoice {
        settings: Vits {
            reads: if is_piper {
                Reads::Phonemes
            } else {
                Reads::Letters
            },
            blanks: match (is_piper, note("add_blank")) {
                (true, _) => Blanks::Between,
                (false, Some("0")) => Blanks::None,
                (false, _) => Blanks::Around,
            },
            ..SCALES
        },
        // That of MMS.
        rate_hz: rate_hz.unwrap_or(16_000),
        language: language(context, told.or(of_name(&context.files.stem).as_deref()))?,
        tokens: PlannedFile::copy("tokens", "tokens.txt", tokens),
        speakers: match count {
            1 => BTreeMap::new(),
            _ => (0..count).map(|n| (n.to_string(), n)).collect(),
        },
    })
}

/// As Hugging Face's optimum exports MMS-TTS.
fn optimum(context: &ImportContext<'_>) -> Result<ToldVoice, ImportError> {
    let vocabulary = context.files.called("vocab.json");
    let vocabulary = vocabulary.ok_or_else(|| {
        ImportError::Refused(
            "such a voice has a file vocab.json of its characters, which is missing".to_owned(),
        )
    })?;
    let config = context.files.json("config.json")?.unwrap_or(Value::Null);
    let tokenizer = context
        .files
        .json("tokenizer_config.json")?
        .unwrap_or(Value::Null);
    if tokenizer["is_uroman"] == Value::Bool(true) {
        return Err(ImportError::Refused(
            "the voice reads its language in Latin letters that uroman makes, which no reader here does".to_owned(),
        ));
    }
    if tokenizer["phonemize"] == Value::Bool(true) {
        return Err(ImportError::Refused(
            "the voice reads phonemes with stress marks of its own tokenizer, which no reader here makes".to_owned(),
        ));
    }
    let name = config["_name_or_path"].as_str().map(str::to_owned);
    let of_config = name.as_deref().and_then(of_name);
    let told = tokenizer["language"]
        .as_str()
        .filter(|code| short_code(code).is_some());
    let told = told
        .map(str::to_owned)
        .or(of_config)
        .or_else(|| of_name(&context.files.stem));
    let rate_hz = config["sampling_rate"].as_u64().unwrap_or(16_000);
    Ok(ToldVoice {
        settings: Vits {
            blanks: match tokenizer["add_blank"] {
                Value::Bool(false) => Blanks::None,
                _ => Blanks::Around,
            },
            ..SCALES
        },
        rate_hz: rate_hz.clamp(8_000, 48_000) as u32,
        language: language(context, told.as_deref())?,
        tokens: PlannedFile::copy("tokens", "vocab.json", vocabulary),
        speakers: BTreeMap::new(),
    })
}

/// The language in a name such as `facebook/mms-tts-yor`.
fn of_name(name: &str) -> Option<String> {
    let (_, code) = name.rsplit_once("mms-tts-")?;
    short_code(code).map(|_| code.to_owned())
}

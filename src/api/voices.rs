//! `GET /voice/voices`: the voices that this box can speak right now. `DELETE /voice/voices/{voice_id}`: one clone less.

use std::collections::BTreeMap;

use isolang::Language;
use serde_json::{Value, json};

use super::dub_translate::TARGETS;
use super::preview;
use super::{Call, Context, Reply, clone};
use crate::engine::unknown_voice;
use crate::fault::Fault;
use crate::pack::manifest::Voice;
use crate::services::speech::{Origin, base, speaks};
use crate::store::{ClonedVoice, VoiceId};

/// Lists voices, filtered by `?language=` and `?category=`, and the languages of all of them.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let query: BTreeMap<String, String> = form_urlencoded::parse(call.head.query.as_bytes())
        .into_owned()
        .collect();
    let asked = |name: &str| query.get(name).map(String::as_str);
    let category_fits = |v: &&Voice| asked("category").is_none_or(|c| json!(v.category) == c);
    let language_fits = |v: &&Voice| asked("language").is_none_or(|l| speaks(&v.language, l));
    let mut voices: Vec<Value> = match &context.speaking {
        Some(speaking) => {
            let row = |voice: &Voice| Some(row(voice, speaking.origins.get(&voice.id)?));
            speaking
                .voices
                .iter()
                .filter(language_fits)
                .filter(category_fits)
                .filter_map(row)
                .collect()
        }
        _ => Vec::new(),
    };
    if let (Some(speaking), Some(_)) = (&context.speaking, &context.cloning) {
        let account = call.identity()?.account.id;
        let fits = |v: &ClonedVoice| {
            asked("category").is_none_or(|c| c == "cloned")
                && asked("language").is_none_or(|l| speaks(&v.style.language, l))
        };
        let clones = context.store.voices(account)?;
        let clones = clones.iter().filter(|v| fits(v));
        voices.extend(clones.filter_map(|v| clone::row(speaking, v)));
    }
    Reply::json(&json!({ "voices": voices, "languages": languages(context) }))
}

/// Deletes a clone of the account. Faults: `Invalid` for a voice of the catalog, `NotFound` for any other.
pub fn delete(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let Ok(id) = call.param.parse::<VoiceId>() else {
        let voice = context.speaking.as_ref().and_then(|s| s.voice(&call.param));
        return Err(match voice {
            Some(_) => {
                Fault::invalid("voice_id names a voice of the catalog; only clones can be deleted")
            }
            None => unknown_voice(),
        });
    };
    context
        .store
        .delete_voice(call.identity()?.account.id, id)?;
    Reply::json(&json!({ "status": "deleted", "voice_id": id.to_string() }))
}

fn row(voice: &Voice, origin: &Origin) -> Value {
    json!({
        "voice_id": voice.id,
        "name": voice.name,
        "language": voice.language,
        "gender": voice.gender,
        "category": voice.category,
        "description": voice.description,
        "engine": origin.engine,
        "sample_rate": origin.rate_hz,
        "preview_url": preview::url(voice),
    })
}

/// Languages that can be spoken or heard here, by their base code; those that can be dubbed into are spoken and translated into.
fn languages(context: &Context) -> Vec<Value> {
    let mut codes: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
    if let Some(speaking) = &context.speaking {
        for voice in &speaking.voices {
            codes.entry(base(&voice.language)).or_default().0 = true;
        }
    }
    if let Some(transcribing) = &context.transcribing {
        for code in transcribing.languages() {
            codes.entry(code).or_default().1 = true;
        }
    }
    let is_target = |code: &str| {
        let translating = context.translating.as_ref();
        TARGETS.contains(&code) && translating.is_some_and(|t| !t.sources(code).is_empty())
    };
    let row = |(code, (tts, stt)): (&&str, &(bool, bool))| {
        let dub = *tts && is_target(code);
        json!({ "code": code, "name": name(code), "tts": tts, "stt": stt, "dub": dub })
    };
    codes.iter().map(row).collect()
}

/// A language's English name (ISO 639), or the code itself where a model uses one of its own.
fn name(code: &str) -> String {
    let known = match code.len() {
        2 => Language::from_639_1(code),
        _ => Language::from_639_3(code),
    };
    known.map_or_else(|| code.to_owned(), |language| language.to_name().to_owned())
}

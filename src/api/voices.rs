//! `GET /voice/voices`: the voices that this server can speak right now. `DELETE /voice/voices/{voice_id}`: one clone less.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::languages::{TARGETS, name};
use super::preview;
use super::{Call, Context, Reply};
use crate::fault::Fault;
use crate::pack::manifest::Voice;
use crate::services::voices::{Origin, base, speaks};
use crate::store::ClonedVoice;

/// Lists voices, filtered by `?language=` and `?category=`, and the languages of all of them.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let query: BTreeMap<String, String> = form_urlencoded::parse(call.head.query.as_bytes())
        .into_owned()
        .collect();
    let asked = |name: &str| query.get(name).map(String::as_str);
    let category_fits = |v: &&Voice| asked("category").is_none_or(|c| json!(v.category) == c);
    let language_fits = |v: &&Voice| asked("language").is_none_or(|l| speaks(&v.language, l));
    let stock = context.voices.stock().iter();
    let row = |voice: &Voice| Some(row(voice, context.voices.origin(voice)?));
    let stock = stock.filter(language_fits).filter(category_fits);
    let mut voices: Vec<Value> = stock.filter_map(row).collect();
    let account = call.identity()?.account.id;
    let clones = context.voices.clones(account)?;
    let fits = |(voice, _): &&(ClonedVoice, &Origin)| {
        asked("category").is_none_or(|c| c == "cloned")
            && asked("language").is_none_or(|l| speaks(&voice.style.language, l))
    };
    let clones = clones.iter().filter(fits);
    voices.extend(clones.map(|(voice, origin)| cloned_row(voice, origin)));
    Reply::json(&json!({ "voices": voices, "languages": languages(context) }))
}

/// Deletes a clone of the account. Faults: `Invalid` for a voice of the catalog, `NotFound` for any other.
pub fn delete(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let account = call.identity()?.account.id;
    let id = context.voices.delete_clone(account, &call.param)?;
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
        "engine": origin.name.engine,
        "sample_rate": origin.rate_hz,
        "preview_url": preview::url(voice),
    })
}

/// A clone's row.
fn cloned_row(voice: &ClonedVoice, origin: &Origin) -> Value {
    json!({
        "voice_id": voice.id.to_string(),
        "name": voice.name,
        "language": voice.style.language,
        "gender": "",
        "category": "cloned",
        "description": voice.description,
        "engine": origin.name.engine,
        "sample_rate": origin.rate_hz,
        "preview_url": null,
    })
}

/// Languages that can be spoken or heard here, by their base code; those that can be dubbed into are spoken and translated into.
fn languages(context: &Context) -> Vec<Value> {
    let mut codes: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
    for voice in context.voices.stock() {
        codes.entry(base(&voice.language)).or_default().0 = true;
    }
    if let Some(transcription) = &context.transcription {
        for code in transcription.languages() {
            codes.entry(code).or_default().1 = true;
        }
    }
    let is_target = |code: &str| {
        let translation = context.translation.as_ref();
        TARGETS.contains(&code) && translation.is_some_and(|t| !t.sources(code).is_empty())
    };
    let row = |(code, (tts, stt)): (&&str, &(bool, bool))| {
        let dub = *tts && is_target(code);
        json!({ "code": code, "name": name(code), "tts": tts, "stt": stt, "dub": dub })
    };
    codes.iter().map(row).collect()
}

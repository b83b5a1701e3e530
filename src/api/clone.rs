//! `POST /voice/clone`: a recording of somebody → a voice of the account.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::form::Form;
use super::speech::{Controls, Speaking, Spoken};
use super::{Call, Context, Reply};
use crate::audio::{decode, encode};
use crate::clone::Cloning;
use crate::clone::studio::Lane;
use crate::engine::contract::Utterance;
use crate::engine::tts::style::Style;
use crate::fault::{Fault, Kind};
use crate::limits;
use crate::store::{AccountId, ClonedStyle, ClonedVoice, Feature, Store, Utc, VoiceId, check_name};

/// Language of a clone that was not told any.
const LANGUAGE: &str = "en-us";

/// Clones. Faults: `Invalid` for a wrong form, a recording that holds anything but some seconds of one person's speech, or one
/// voice too many; `Missing` without the packs for it; and what the pools refuse.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let body = call.take_body();
    let mut form = Form::parse(call.head.header("content-type"), body, &context.spool_dir)?;
    let name = form
        .text("name")
        .ok_or_else(|| Fault::invalid("name is missing"))?;
    let name = check_name(name)?;
    let description = description(form.text("description").unwrap_or(""))?;
    let language = form.text("language").map(str::to_owned);
    let consent = form.boolean("consent", false)?;
    if context.require_clone_consent && !consent {
        return Err(Fault::invalid(
            "consent is missing; send consent=true if the speaker agreed to be cloned",
        ));
    }
    let file = form
        .take_file()
        .ok_or_else(|| Fault::invalid("file is missing"))?;
    if file.is_empty() {
        return Err(Fault::invalid("file is empty"));
    }
    let (speaking, cloning) = both(context)?;
    let reader = match language.as_deref() {
        None => speaking.reader(LANGUAGE)?,
        Some(language) => speaking.reader(language)?,
    };
    let account = call.identity()?.account.id;
    context
        .store
        .check_voice_room(account, context.clones_max)?;
    let recording = decode::open(
        file.into_reader().map_err(Fault::internal)?,
        limits::CLONE_SECONDS_MAX,
    )?;

    call.begin(Feature::Clone, &speaking.engine, &speaking.model)?;
    let fresh = cloning.hear(Box::new(recording), Lane::Asked, &call.cancellation)?;
    call.item()?.duration_seconds = Some(fresh.recording_s);
    let voice = ClonedVoice {
        id: VoiceId::new(),
        name,
        description,
        created_at: Utc::now(),
        style: ClonedStyle {
            nearest: fresh.found.nearest.id.clone(),
            language: reader.language.clone(),
            table: String::new(),
            pace: fresh.found.pace,
            score: fresh.found.score,
            refined: false,
        },
        clip: String::new(),
    };
    let clip = encode::wav(&fresh.speech.samples, fresh.speech.rate_hz)?;
    let table = fresh.found.style_table.bytes();
    let voice = (context.store).add_voice(account, voice, &table, &clip, context.clones_max)?;
    let item = call.item()?;
    item.voice_id = Some(voice.id.to_string());
    item.language = Some(voice.style.language.clone());
    let preview = encode::wav(&fresh.preview.samples, fresh.preview.rate_hz)?;
    cloning.refine(account, voice.id, fresh);
    Reply::json(&json!({
        "voice_id": voice.id.to_string(),
        "name": voice.name,
        "description": voice.description,
        "status": "ready",
        "preview_url": format!("data:audio/wav;base64,{}", BASE64_STANDARD.encode(preview)),
        "created_at": voice.created_at,
    }))
}

fn description(text: &str) -> Result<String, Fault> {
    let (chars, most) = (text.chars().count(), limits::CLONE_DESCRIPTION_CHARS_MAX);
    match chars > most {
        true => Err(Fault::invalid(format!(
            "description has {chars} characters; at most {most} are accepted"
        ))),
        false => Ok(text.to_owned()),
    }
}

/// What clones, and what speaks for it.
fn both(context: &Context) -> Result<(&Speaking, &Cloning), Fault> {
    let both = context.speaking.as_deref().zip(context.cloning.as_deref());
    both.ok_or_else(|| Fault::missing("No engine for cloning is installed on this box."))
}

/// What the id of a clone names, and its style put into `utterance`. Faults: those of [`styled`], `Missing` without the packs
/// for it.
pub fn spoken<'a>(
    context: &'a Context,
    account: AccountId,
    utterance: &mut Utterance,
    controls: &Controls,
) -> Result<Spoken<'a>, Fault> {
    // Whoever asks for what is nobody's gets to know that first.
    let id: VoiceId = parsed(&utterance.voice)?;
    context.store.voice(account, id)?;
    let (speaking, cloning) = both(context)?;
    styled(
        speaking,
        cloning,
        &context.store,
        account,
        utterance,
        controls,
    )
}

fn parsed(id: &str) -> Result<VoiceId, Fault> {
    id.parse().map_err(|_| crate::engine::unknown_voice())
}

/// The same of what clones. Faults: `NotFound` when the account has no such voice, `Invalid` for a language that none of the
/// stock voices reads.
pub fn styled<'a>(
    speaking: &'a Speaking,
    cloning: &Cloning,
    store: &Store,
    account: AccountId,
    utterance: &mut Utterance,
    controls: &Controls,
) -> Result<Spoken<'a>, Fault> {
    let id = parsed(&utterance.voice)?;
    let voice = store.voice(account, id)?;
    let (voice, style_table) = match cloning.style_table(store, &voice) {
        Ok(style_table) => (voice, style_table),
        // It got a better table since it was read.
        Err(fault) if fault.kind == Kind::NotFound => {
            let again = store.voice(account, id)?;
            let style_table = cloning.style_table(store, &again)?;
            (again, style_table)
        }
        Err(fault) => return Err(fault),
    };
    let language = controls
        .language
        .as_deref()
        .unwrap_or(&voice.style.language);
    let reader = speaking.reader(language)?;
    utterance.voice = reader.id.clone();
    utterance.speed *= voice.style.pace;
    utterance.style = Some(Style {
        style_table,
        example: cloning.example(store, &voice)?,
        nearest: voice.style.nearest,
        exaggeration: controls.exaggeration,
        cfg_weight: controls.cfg_weight,
    });
    speaking.by(reader, voice.name)
}

/// A clone's row of `GET /voice/voices`.
pub fn row(speaking: &Speaking, voice: &ClonedVoice) -> Option<Value> {
    let reader = speaking.reader(&voice.style.language).ok()?;
    let origin = speaking.origins.get(&reader.id)?;
    Some(json!({
        "voice_id": voice.id.to_string(),
        "name": voice.name,
        "language": voice.style.language,
        "gender": "",
        "category": "cloned",
        "description": voice.description,
        "engine": origin.engine,
        "sample_rate": origin.rate_hz,
        "preview_url": null,
    }))
}

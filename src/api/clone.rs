//! `POST /voice/clone`: a recording of a speaker → a voice of the account.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::form::Form;
use super::{Call, Context, Reply};
use crate::audio::decode;
use crate::clone::CloneLabel;
use crate::fault::Fault;
use crate::limits;
use crate::services::Priority;
use crate::services::clones::not_installed;
use crate::store::{Feature, check_name};

/// Language of a clone that was not told any.
const LANGUAGE: &str = "en-us";

/// Clones. Faults: `Invalid` for a wrong form, a recording that holds anything but some seconds of one person's speech, or one
/// voice too many; `Missing` without the packs for it; and what the services refuse.
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
    let both = context.speech.as_deref().zip(context.cloning.as_deref());
    let (speech, cloning) = both.ok_or_else(not_installed)?;
    let reader = context
        .voices
        .reader(language.as_deref().unwrap_or(LANGUAGE))?;
    let account = call.identity()?.account.id;
    cloning.check_room(account, context.clones_max)?;
    let recording = decode::open(
        file.into_reader().map_err(Fault::internal)?,
        limits::CLONE_SECONDS_MAX,
    )?;

    call.begin(Feature::Clone, &speech.name)?;
    let fresh = cloning.hear(
        Box::new(recording),
        Priority::Interactive,
        &call.cancellation,
    )?;
    call.item()?.duration_seconds = Some(fresh.recording_s);
    let label = CloneLabel {
        name,
        description,
        language: reader.language.clone(),
    };
    let (voice, preview) = cloning.keep(account, label, fresh, context.clones_max)?;
    let item = call.item()?;
    item.voice_id = Some(voice.id.to_string());
    item.language = Some(voice.style.language.clone());
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

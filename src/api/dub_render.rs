//! `POST /voice/dub/render`: a recording or a video and its lines in another language → a job that makes the same file
//! with these lines spoken.

use std::collections::BTreeMap;

use super::dub::{TakenJob, check_room, dubbing, intake, new_file};
use super::{Call, Context, Reply};
use crate::admit::key::Identity;
use crate::dub::request::{RenderRecord, RenderRequest};
use crate::fault::Fault;
use crate::request::languages::{TARGETS, code};
use crate::request::render::RenderForm;
use crate::services::voices::VoiceCatalog;
use crate::store::{Job, JobKind};

/// As [`super::dub::check_head`], for the original and a film of about the same size.
pub fn check_head(context: &Context, identity: &Identity, declared: u64) -> Result<(), Fault> {
    check_room(context, identity, JobKind::Render, 2 * declared)
}

/// Accepts a job that renders. Faults: `Invalid` for a field out of its bounds or a file that cannot be read,
/// `NotFound` for an unknown voice, `Missing` without the packs that a render needs, `Busy` if the server already keeps
/// as many jobs as allowed.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let _intake = intake(context, call)?;
    let form = call.long_form(&context.spool_dir, "segments")?;
    let RenderForm {
        file,
        segments,
        voice_map,
        target_language: language,
        keep_background,
        audio_codec,
        audio_track,
    } = RenderForm::read(form, |asked, voice_map| {
        language(asked, voice_map, &context.voices)
    })?;
    let identity = call.identity()?;
    let account = identity.account.id;
    let none = || Fault::missing("No engine for speech is installed on this server.");
    let dubbing = dubbing(context)?;
    dubbing
        .voices()
        .ok_or_else(none)?
        .check(account, &segments, &voice_map, &language)?;
    let record = RenderRecord {
        target_language: &language,
        keep_background,
    };
    let record = serde_json::to_value(record).map_err(Fault::internal)?;
    // The original and a film of about the same size; the job reserves the exact size when it starts.
    let bytes = 2 * file.len();
    let job = Job::new(JobKind::Render, &identity.key.name, record, bytes);
    let request = RenderRequest {
        segments,
        voice_map,
        language,
        keep_background,
        audio_codec,
        audio_track,
    };
    let id = job.job_id;
    dubbing.submit_render(account, job, new_file(file), &request)?;
    Reply::json(&TakenJob { job_id: id })
}

/// The language of the lines: the requested one, else that of the first voice in `voice_map`, else English. Faults:
/// `Invalid` for a language that is no target of the API and that no voice of this server speaks.
fn language(
    asked: Option<&str>,
    voice_map: &BTreeMap<String, String>,
    catalog: &VoiceCatalog,
) -> Result<String, Fault> {
    let Some(code) = asked.and_then(code) else {
        let first = voice_map.values().next();
        // A clone reads several languages, so it implies none: `resolve` without an account finds no clones.
        let voice = first.and_then(|id| catalog.resolve(None, id, None).ok());
        return Ok(voice.map_or("en".to_owned(), |voice| voice.reader.language.clone()));
    };
    let is_spoken = catalog.reading(&code).next().is_some();
    match TARGETS.contains(&code.as_str()) || is_spoken {
        true => Ok(code),
        false => Err(Fault::invalid(format!(
            "target_language is none of {}, and no voice of this server speaks it",
            TARGETS.join(", ")
        ))),
    }
}

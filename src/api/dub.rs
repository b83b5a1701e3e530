//! Dubbing: `POST /voice/dub/analyze` takes a recording or a video on as a job, `GET /voice/dub/jobs/{job_id}` tells how far
//! it is, `DELETE` ends it and forgets it.

use std::fs::File;
use std::sync::Arc;

use serde_json::json;

use super::fields::language;
use super::form::Form;
use super::message::Body;
use super::{Call, Context, Reply};
use crate::audio;
use crate::dub::cast::Stage;
use crate::dub::jobs::Dubbing;
use crate::dub::tasks::INPUT;
use crate::fault::{Fault, Kind};
use crate::limits;
use crate::media;
use crate::store::{AccountId, Job, JobId, JobKind, JobRoom, JobStatus};

/// The jobs of a box that can do them.
pub struct Jobs {
    pub dubbing: Dubbing,
    pub room: JobRoom,
    /// None while no pack that speaks is fetched.
    pub stage: Option<Arc<dyn Stage>>,
}

/// Takes a job on. Faults: `Invalid` for a wrong form or a recording that cannot be decoded, `Missing` without the packs that
/// it needs, `Busy` when as many jobs are kept as may be.
pub fn analyze(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let body = call.take_body();
    let mut form = Form::parse(call.head.header("content-type"), body, &context.spool_dir)?;
    let language = language(form.text("language").unwrap_or("auto"));
    let diarize = form.boolean("diarize", true)?;
    let file = form
        .take_file()
        .ok_or_else(|| Fault::invalid("file is missing"))?;
    if file.is_empty() {
        return Err(Fault::invalid("file is empty"));
    }
    jobs(context)?;
    let identity = call.identity()?;
    let request = json!({
        "language": language,
        "diarize": diarize,
    });
    let job = Job::new(JobKind::Analyze, &identity.key.name, request, file.len());
    let check = |input: &mut dyn FnMut() -> Result<File, Fault>| {
        // What cannot be decoded is told now, not by a job that fails.
        match audio::open_speech(input()?, 16_000, limits::AUDIO_SECONDS_MAX) {
            Ok(_) => Ok(()),
            Err(fault) => Err(unheard(fault, input()?)),
        }
    };
    take_on(context, identity.account.id, job, file, check)
}

/// Adds `job`, which works on `file`, unless `check` refuses that. Faults: those of `check`; `Busy` when as many jobs are kept as
/// may be, `Missing` without the packs that they need.
pub(super) fn take_on(
    context: &Context,
    account: AccountId,
    job: Job,
    file: Body,
    check: impl FnOnce(&mut dyn FnMut() -> Result<File, Fault>) -> Result<(), Fault>,
) -> Result<Reply, Fault> {
    let jobs = jobs(context)?;
    let (id, files) = (job.job_id, context.store.job_files());
    let taken = (|| {
        let mut reader = file.into_reader().map_err(Fault::internal)?;
        files.put(id, INPUT, &mut reader)?;
        check(&mut || files.open(id, INPUT))?;
        context.store.add_job(account, job, jobs.room)
    })();
    if let Err(fault) = taken {
        files.remove_all(id);
        return Err(fault);
    }
    jobs.dubbing.wake();
    Reply::json(&json!({ "job_id": id }))
}

/// Why no sound was found in `film`, as far as more can be told than `fault` does.
pub(super) fn unheard(fault: Fault, film: File) -> Fault {
    let picture = media::inspect(film).ok().flatten();
    let why = match picture.map(|picture| picture.has_sound) {
        Some(false) => "file has a picture and no sound track",
        Some(true) => {
            "file has a picture and a sound track, but its container or the format of its sound is not read here; \
             MP4 with H.264 and AAC is, for one"
        }
        None => return fault,
    };
    match fault.kind {
        Kind::Invalid => Fault::invalid(why).because(fault),
        _ => fault,
    }
}

/// How far a job is. Faults: `NotFound` for an id that is none of the account's.
pub fn job(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let job = context.store.job(call.identity()?.account.id, id(call)?)?;
    let mut reply = Reply::json(&json!({
        "job_id": job.job_id,
        "kind": job.kind,
        "status": job.status,
        "progress": job.progress,
        "error": job.error,
        "created_at": job.created_at,
        "updated_at": job.updated_at,
    }))?;
    // The result is JSON already, and may be long.
    let result = match job.status {
        JobStatus::Done => context.store.job_result(job.job_id)?,
        _ => b"null".to_vec(),
    };
    reply.body.pop();
    reply.body.extend_from_slice(b",\"result\":");
    reply.body.extend_from_slice(&result);
    reply.body.push(b'}');
    Ok(reply)
}

/// Ends a job and deletes its files. Faults: `NotFound` for an id that is none of the account's.
pub fn delete(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let id = id(call)?;
    context.store.delete_job(call.identity()?.account.id, id)?;
    if let Some(jobs) = &context.jobs {
        jobs.dubbing.cancel(id);
    }
    Reply::json(&json!({ "status": "deleted", "job_id": id }))
}

pub(super) fn jobs(context: &Context) -> Result<&Jobs, Fault> {
    let none = "No engine for dubbing is installed on this box: it needs packs that transcribe, detect speech and embed speakers.";
    context.jobs.as_ref().ok_or_else(|| Fault::missing(none))
}

pub(super) fn id(call: &Call) -> Result<JobId, Fault> {
    let unknown = |_| Fault::not_found("job_id names no job of this account");
    call.param.parse().map_err(unknown)
}

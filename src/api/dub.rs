//! Dubbing: `POST /voice/dub/analyze` takes a recording or a video on as a job, `GET /voice/dub/jobs/{job_id}` tells how far
//! it is, `DELETE` ends it and forgets it.

use serde_json::json;

use super::fields::language;
use super::form::Form;
use super::{Call, Context, Reply};
use crate::audio;
use crate::dub::jobs::{Dubbing, INPUT};
use crate::fault::Fault;
use crate::limits;
use crate::store::{Job, JobId, JobKind, JobRoom};

/// The jobs of a box that can do them.
pub struct Jobs {
    pub dubbing: Dubbing,
    pub room: JobRoom,
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
    let jobs = jobs(context)?;
    let identity = call.identity()?;
    let request = json!({
        "language": language,
        "diarize": diarize,
    });
    let job = Job::new(JobKind::Analyze, &identity.key.name, request, file.len());
    let id = job.job_id;
    let files = context.store.job_files();
    let taken = (|| {
        let mut reader = file.into_reader().map_err(Fault::internal)?;
        files.put(id, INPUT, &mut reader)?;
        // What cannot be decoded is told now, not by a job that fails.
        audio::open_speech(files.open(id, INPUT)?, 16_000, limits::AUDIO_SECONDS_MAX)?;
        context.store.add_job(identity.account.id, job, jobs.room)
    })();
    if let Err(fault) = taken {
        files.remove_all(id);
        return Err(fault);
    }
    jobs.dubbing.wake();
    Reply::json(&json!({ "job_id": id }))
}

/// How far a job is. Faults: `NotFound` for an id that is none of the account's.
pub fn job(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let job = context.store.job(call.identity()?.account.id, id(call)?)?;
    Reply::json(&json!({
        "job_id": job.job_id,
        "kind": job.kind,
        "status": job.status,
        "progress": job.progress,
        "result": job.result,
        "error": job.error,
        "created_at": job.created_at,
        "updated_at": job.updated_at,
    }))
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

fn jobs(context: &Context) -> Result<&Jobs, Fault> {
    let none = "No engine for dubbing is installed on this box: it needs packs that transcribe, detect speech and embed speakers.";
    context.jobs.as_ref().ok_or_else(|| Fault::missing(none))
}

fn id(call: &Call) -> Result<JobId, Fault> {
    let unknown = |_| Fault::not_found("job_id names no job of this account");
    call.param.parse().map_err(unknown)
}

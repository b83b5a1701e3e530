//! Dubbing: `POST /voice/dub/analyze` takes a recording or a video on as a job, `GET /voice/dub/jobs/{job_id}` tells how far
//! it is, `DELETE` ends it and forgets it.

use serde_json::json;

use super::form::Form;
use super::languages::language;
use super::{Call, Context, Reply};
use crate::dub::intake;
use crate::dub::jobs::Dubbing;
use crate::fault::Fault;
use crate::store::{Job, JobId, JobKind, JobStatus};

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
    let dubbing = dubbing(context)?;
    let identity = call.identity()?;
    let request = json!({
        "language": language,
        "diarize": diarize,
    });
    let job = Job::new(JobKind::Analyze, &identity.key.name, request, file.len());
    let (id, account) = (job.job_id, identity.account.id);
    let mut file = file.into_reader().map_err(Fault::internal)?;
    dubbing.submit(account, job, &mut file, intake::check_recording)?;
    Reply::json(&json!({ "job_id": id }))
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
    if let Some(dubbing) = &context.dubbing {
        dubbing.cancel(id);
    }
    Reply::json(&json!({ "status": "deleted", "job_id": id }))
}

/// What dubs. Faults: `Missing` without the packs that it needs.
pub(super) fn dubbing(context: &Context) -> Result<&Dubbing, Fault> {
    let none = "No engine for dubbing is installed on this box: it needs packs that transcribe, detect speech and embed speakers.";
    context.dubbing.as_ref().ok_or_else(|| Fault::missing(none))
}

pub(super) fn id(call: &Call) -> Result<JobId, Fault> {
    let unknown = |_| Fault::not_found("job_id names no job of this account");
    call.param.parse().map_err(unknown)
}

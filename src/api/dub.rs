//! Dubbing: `POST /voice/dub/analyze` makes a job of a recording or a video, `GET /voice/dub/jobs/{job_id}` returns the
//! job's progress and result, and `DELETE` stops and deletes the job.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::message::{Body, Part};
use super::{Call, Context, FileSection, Reply};
use crate::admit::key::Identity;
use crate::dub::intake;
use crate::dub::jobs::Dubbing;
use crate::dub::request::AnalyzeRecord;
use crate::dub::result::JobResult;
use crate::engine::diarization::ANY_SPEAKERS;
use crate::fault::Fault;
use crate::request::analysis::AnalyzeForm;
use crate::request::spoken_language::spoken_language;
use crate::scheduler::places::Place;
use crate::store::{Job, JobId, JobKind, JobStatus, NewFile, Utc};

/// A job that was accepted.
#[derive(Serialize, JsonSchema)]
pub struct TakenJob {
    #[schemars(with = "String")]
    pub job_id: JobId,
}

/// The progress of a job.
#[derive(Serialize, JsonSchema)]
pub struct JobProgress {
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Utc,
    /// Why the job failed.
    error: Option<String>,
    #[schemars(with = "String")]
    job_id: JobId,
    #[schemars(with = "String", extend("enum" = [JobKind::Analyze, JobKind::Render]))]
    kind: JobKind,
    #[schemars(range(min = 0, max = 1))]
    progress: f64,
    #[schemars(with = "String", extend("enum" = [
        JobStatus::Queued, JobStatus::Processing, JobStatus::Done, JobStatus::Error,
    ]))]
    status: JobStatus,
    #[schemars(with = "String", extend("format" = "date-time"))]
    updated_at: Utc,
}

impl From<Job> for JobProgress {
    fn from(job: Job) -> Self {
        JobProgress {
            created_at: job.created_at,
            error: job.error,
            job_id: job.job_id,
            kind: job.kind,
            progress: job.progress,
            status: job.status,
            updated_at: job.updated_at,
        }
    }
}

/// The progress of a job, and its result once it is done.
#[derive(Serialize, JsonSchema)]
pub struct JobAnswer {
    #[serde(flatten)]
    job: JobProgress,
    /// The result of a job that is done. It is stored as JSON and may be long, so it is sent directly from its file, and
    /// this field is the last.
    #[schemars(with = "Option<JobResult>")]
    result: (),
}

/// How a [`JobAnswer`] ends as JSON.
const NO_RESULT: &str = "null}";

/// A job that was stopped and deleted.
#[derive(Serialize, JsonSchema)]
pub struct DeletedJob {
    #[schemars(with = "String")]
    job_id: JobId,
    #[schemars(extend("const" = "deleted"))]
    status: &'static str,
}

/// Refuses an account that may add no job of the declared size. Faults: `Busy`.
pub fn check_head(context: &Context, identity: &Identity, declared: u64) -> Result<(), Fault> {
    check_room(context, identity, JobKind::Analyze, declared)
}

/// Refuses an account that may add no job with files of `bytes` together. Without dubbing, the handler refuses it. Faults:
/// `Busy`.
pub(super) fn check_room(
    context: &Context,
    identity: &Identity,
    kind: JobKind,
    bytes: u64,
) -> Result<(), Fault> {
    let Some(dubbing) = &context.dubbing else {
        return Ok(());
    };
    let job = Job::new(kind, &identity.key.name, Value::Null, bytes);
    dubbing.check_room(identity.account.id, &job)
}

/// Accepts a job that analyzes a recording. Faults: `Invalid` for a wrong form or a recording that cannot be decoded,
/// `Missing` without the packs that dubbing needs, `Busy` if the server already keeps as many jobs as allowed.
pub fn analyze(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let _intake = intake(context, call)?;
    let form = call.form(&context.spool_dir)?;
    let AnalyzeForm {
        file,
        language,
        diarize,
        audio_track,
        speakers,
    } = AnalyzeForm::read(form)?;
    let dubbing = dubbing(context)?;
    let identity = call.identity()?;
    let known: Vec<&str> = dubbing.spoken_languages().collect();
    let language = spoken_language(language.as_deref().unwrap_or("auto"), &known)?;
    let speakers = speakers.range(ANY_SPEAKERS);
    let request = AnalyzeRecord {
        language,
        diarize,
        audio_track,
        speakers: Some((*speakers.start(), *speakers.end())),
    };
    let sound = request.sound();
    let request = serde_json::to_value(request).map_err(Fault::internal)?;
    let job = Job::new(JobKind::Analyze, &identity.key.name, request, file.len());
    let (id, account) = (job.job_id, identity.account.id);
    dubbing.submit(account, job, new_file(file), |input| {
        intake::check_recording(input, &sound)
    })?;
    Reply::json(&TakenJob { job_id: id })
}

/// The job's progress, and its result once it is done. Faults: `NotFound` for an id that is none of the account's.
pub fn job(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let job = context.store.job(call.identity()?.account.id, id(call)?)?;
    let result = match job.status {
        JobStatus::Done => Some(context.store.job_result(job.job_id)?),
        _ => None,
    };
    let mut reply = Reply::json(&JobAnswer {
        job: job.into(),
        result: (),
    })?;
    if let Some(file) = result {
        reply.body.truncate(reply.body.len() - NO_RESULT.len());
        let bytes = file.metadata().map_err(Fault::disk)?.len();
        let after = "}";
        reply.file = Some(FileSection {
            part: Part { file, bytes, after },
            whole: bytes,
        });
    }
    Ok(reply)
}

/// Stops a job and deletes its files. Faults: `NotFound` if the account has no job with this id.
pub fn delete(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let id = id(call)?;
    context.store.delete_job(call.identity()?.account.id, id)?;
    if let Some(dubbing) = &context.dubbing {
        dubbing.cancel(id);
    }
    Reply::json(&DeletedJob {
        job_id: id,
        status: "deleted",
    })
}

/// A place among the large files of new jobs, if this server dubs; a small file takes no time. It is taken once the body is
/// there. Faults: `Busy`.
pub(super) fn intake(context: &Context, call: &Call) -> Result<Option<Place>, Fault> {
    let account = call.identity()?.account.id;
    let is_large = matches!(call.body, Body::Spooled { .. });
    let dubbing = context.dubbing.as_ref().filter(|_| is_large);
    dubbing.map(|dubbing| dubbing.intake(account)).transpose()
}

/// The file of a form as that of a new job.
pub(super) fn new_file(file: Body) -> NewFile {
    match file {
        Body::Memory(bytes) => NewFile::Bytes(bytes),
        Body::Spooled { file, .. } => NewFile::File(file),
    }
}

/// The server's dubbing jobs. Faults: `Missing` without the packs that dubbing needs.
pub(super) fn dubbing(context: &Context) -> Result<&Dubbing, Fault> {
    let none = "No engine for dubbing is installed on this server: it needs packs that transcribe, detect speech and embed speakers.";
    context.dubbing.as_ref().ok_or_else(|| Fault::missing(none))
}

/// The job id in the request's path. Faults: `NotFound` for text that is no id.
pub(super) fn id(call: &Call) -> Result<JobId, Fault> {
    let unknown = |_| Fault::not_found("job_id names no job of this account");
    call.param.parse().map_err(unknown)
}

//! `GET /voice/dub/jobs`: the account's dubbing jobs, the newest first, without their results.

use schemars::JsonSchema;
use serde::Serialize;

use super::history::whole;
use super::{Call, Context, Reply};
use crate::fault::Fault;
use crate::limits;
use crate::store::{Job, JobId, JobKind, JobStatus, Utc};

const PAGE: usize = 50;

/// The query of a request for jobs.
#[derive(JsonSchema)]
pub struct JobsQuery {
    #[schemars(default = "page", range(min = 1, max = limits::HISTORY_PAGE_MAX))]
    limit: usize,
    #[schemars(default, range(min = 0, max = limits::HISTORY_OFFSET_MAX))]
    offset: usize,
}

fn page() -> usize {
    PAGE
}

impl JobsQuery {
    /// Reads a URL's query. Faults: `Invalid` for a field that is not accepted.
    fn read(query: &str) -> Result<Self, Fault> {
        let mut asked = JobsQuery {
            limit: page(),
            offset: 0,
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "limit" => asked.limit = whole("limit", &value, 1, limits::HISTORY_PAGE_MAX)?,
                "offset" => asked.offset = whole("offset", &value, 0, limits::HISTORY_OFFSET_MAX)?,
                _ => {}
            }
        }
        Ok(asked)
    }
}

/// One page of the account's jobs, the newest first.
#[derive(Serialize, JsonSchema)]
pub struct JobsAnswer {
    #[schemars(length(max = limits::HISTORY_PAGE_MAX))]
    items: Vec<JobRow>,
    limit: usize,
    offset: usize,
    /// Number of jobs that the account has.
    total: usize,
}

/// The progress of a job. Its result is that of `GET /voice/dub/jobs/{job_id}`.
#[derive(Serialize, JsonSchema)]
struct JobRow {
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

impl From<Job> for JobRow {
    fn from(job: Job) -> Self {
        JobRow {
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

/// One page of the account's jobs. Faults: `Invalid` for a `limit` or `offset` that is not accepted.
pub fn list(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let JobsQuery { limit, offset } = JobsQuery::read(&call.head.query)?;
    let jobs = context.store.jobs(call.identity()?.account.id)?;
    Reply::json(&JobsAnswer {
        total: jobs.len(),
        items: (jobs.into_iter().skip(offset).take(limit))
            .map(JobRow::from)
            .collect(),
        limit,
        offset,
    })
}

//! `GET /voice/dub/jobs`: the account's dubbing jobs, the newest first, without their results.

use schemars::JsonSchema;
use serde::Serialize;

use super::dub::JobProgress;
use super::history::whole;
use super::{Call, Context, Reply};
use crate::fault::Fault;
use crate::limits;

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
    items: Vec<JobProgress>,
    limit: usize,
    offset: usize,
    /// Number of jobs that the account has.
    total: usize,
}

/// One page of the account's jobs. Faults: `Invalid` for a `limit` or `offset` that is not accepted.
pub fn list(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let JobsQuery { limit, offset } = JobsQuery::read(&call.head.query)?;
    let jobs = context.store.jobs(call.identity()?.account.id)?;
    Reply::json(&JobsAnswer {
        total: jobs.len(),
        items: (jobs.into_iter().skip(offset).take(limit))
            .map(JobProgress::from)
            .collect(),
        limit,
        offset,
    })
}

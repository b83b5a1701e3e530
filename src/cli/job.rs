//! `vocabox job`: lists and cancels dubbing jobs of accounts.

use std::path::Path;

use clap::Subcommand;
use clap::builder::FalseyValueParser;
use serde::Serialize;

use super::CliError;
use super::account::parse_name;
use super::output::{print, table, to_json};
use crate::store::{Job, JobId, JobKind, JobStatus, Store, Utc};

/// List and cancel the dubbing jobs of the server's accounts, also while it runs.
#[derive(Debug, clap::Args)]
pub struct JobArgs {
    #[command(subcommand)]
    command: JobCommand,
}

#[derive(Debug, Subcommand)]
enum JobCommand {
    /// List jobs, the newest first.
    List {
        /// List only the jobs of this account.
        #[arg(long, env = "VOCABOX_ACCOUNT", value_name = "NAME", value_parser = parse_name)]
        account: Option<String>,
        /// Print a JSON array.
        #[arg(long, env = "VOCABOX_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
    /// Cancel a job: delete it with its files, whatever its state is. A server that works on it ends it within seconds.
    Cancel {
        /// Id of the job, as `job list` shows it.
        #[arg(value_name = "JOB_ID")]
        job_id: String,
        /// Print one JSON object.
        #[arg(long, env = "VOCABOX_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
    },
}

/// A job as `job list --json` prints it.
#[derive(Serialize)]
struct ListedJob {
    job_id: JobId,
    account: String,
    kind: JobKind,
    status: JobStatus,
    progress: f64,
    error: Option<String>,
    bytes: u64,
    created_at: Utc,
    updated_at: Utc,
}

impl ListedJob {
    fn of(account: &str, job: Job) -> Self {
        ListedJob {
            job_id: job.job_id,
            account: account.to_owned(),
            kind: job.kind,
            status: job.status,
            progress: job.progress,
            error: job.error,
            bytes: job.bytes,
            created_at: job.created_at,
            updated_at: job.updated_at,
        }
    }

    fn columns(&self) -> [String; 7] {
        let word = |word: &dyn std::fmt::Debug| format!("{word:?}").to_lowercase();
        [
            self.job_id.to_string(),
            self.account.clone(),
            word(&self.kind),
            word(&self.status),
            format!("{:.0} %", self.progress * 100.0),
            self.created_at.to_string(),
            self.updated_at.to_string(),
        ]
    }
}

/// What `job cancel --json` prints.
#[derive(Serialize)]
struct CancelledJob {
    status: &'static str,
    job_id: JobId,
}

/// Runs the command on the store in `data_dir` and prints the result.
pub fn run(args: JobArgs, data_dir: &Path) -> Result<(), CliError> {
    let store = Store::open(data_dir).map_err(CliError::usage)?;
    match args.command {
        JobCommand::List { account, json } => {
            let rows = rows(&store, account.as_deref())?;
            print(&match json {
                true => to_json(&rows)?,
                false => table(
                    [
                        "JOB ID", "ACCOUNT", "KIND", "STATUS", "PROGRESS", "CREATED", "UPDATED",
                    ],
                    rows.iter().map(ListedJob::columns),
                ),
            })
        }
        JobCommand::Cancel { job_id, json } => {
            let id: JobId = (job_id.parse()).map_err(|_| {
                CliError::Usage(format!("JOB_ID is {job_id:?}, which is no job's id"))
            })?;
            let cancelled = store
                .job_account(id)
                .and_then(|account| store.delete_job(account, id));
            cancelled.map_err(CliError::failed)?;
            print(&match json {
                true => to_json(&CancelledJob {
                    status: "deleted",
                    job_id: id,
                })?,
                false => format!("Cancelled {id} and deleted its files."),
            })
        }
    }
}

/// The jobs of the account of this name, or of all accounts, the newest first.
fn rows(store: &Store, name: Option<&str>) -> Result<Vec<ListedJob>, CliError> {
    let accounts = match name {
        Some(name) => vec![store.account(name).map_err(CliError::failed)?],
        None => store.accounts().map_err(CliError::failed)?,
    };
    let mut rows = Vec::new();
    for account in accounts {
        let jobs = store.jobs(account.id).map_err(CliError::failed)?;
        rows.extend(
            jobs.into_iter()
                .map(|job| ListedJob::of(&account.name, job)),
        );
    }
    // Ids begin with the time, as text, too.
    rows.sort_by_key(|row| std::cmp::Reverse(row.job_id));
    Ok(rows)
}

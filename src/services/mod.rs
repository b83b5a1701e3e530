//! What the server can do: the only callers of the worker pools, used alike by the API, the command line, dubbing and
//! cloning.
//!
//! A service owns the workers of one capability. Its methods take the priority and the cancellation token of each task
//! and return [`Done`], which says how long the task waited and ran. Services know neither HTTP nor history.
//!
//! | file | one idea |
//! | --- | --- |
//! | `speech` | text → sound, whole or piece by piece |
//! | `transcription` | sound → text |
//! | `translation` | text → text in another language |
//! | `speakers` | who speaks when, and embeddings of speakers |
//! | `voices` | from the id of a voice to the settings of its speech |
//! | `clones` | the cloned voices of the accounts |
//! | `previews` | a sample sentence of each stock voice |
//! | `permits` | the number of requests of a kind that may run or wait |
//! | `file_cache` | files that are made once |
//! | `style_cache` | style tables of cloned voices, in memory |

pub mod clones;
pub mod file_cache;
pub mod permits;
pub mod previews;
pub mod speakers;
pub mod speech;
mod style_cache;
pub mod transcription;
pub mod translation;
pub mod voices;

pub use crate::work::pool::Done;

/// The priority of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// A request waits for the task: such tasks run in the order of arrival.
    Interactive,
    /// The task runs while no interactive task waits, and gives way to one that arrives.
    Background,
}

/// How many tasks of a service may run and wait.
#[derive(Debug, Clone, Copy)]
pub struct Capacity {
    /// Worker threads, each with an engine of its own.
    pub workers: usize,
    /// Requests that may wait while all workers are busy.
    pub queue: usize,
}

impl Capacity {
    /// Requests that may run or wait at once. The workers' queue holds as many, because a request that will run at once
    /// is also queued until an idle worker takes it.
    pub fn requests_max(&self) -> usize {
        self.workers + self.queue
    }
}

/// Names of a pack's engine and of the pack, as history shows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelName {
    pub engine: String,
    pub model: String,
}

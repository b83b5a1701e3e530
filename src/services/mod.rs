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

use std::sync::Arc;

use self::permits::Permits;
use self::speakers::SpeakerService;
use self::speech::SpeechService;
use self::transcription::TranscriptionService;
use self::translation::TranslationService;
use crate::capability::Capability;
pub use crate::work::pool::Done;

/// The services of a server: a field and its two arms below for each capability. None where a pack that it needs is not
/// fetched.
#[derive(Clone, Default)]
pub struct Services {
    pub speech: Option<Arc<SpeechService>>,
    pub transcription: Option<Arc<TranscriptionService>>,
    pub translation: Option<Arc<TranslationService>>,
    pub speakers: Option<Arc<SpeakerService>>,
}

impl Services {
    /// One permit for each request that runs or waits. None where the service is not there or has no requests of its own.
    pub fn permits(&self, capability: Capability) -> Option<&Permits> {
        match capability {
            Capability::Speak => self.speech.as_ref().map(|s| &s.permits),
            Capability::Transcribe => self.transcription.as_ref().map(|t| &t.permits),
            Capability::Translate => self.translation.as_ref().map(|t| &t.permits),
            Capability::Diarize => None,
        }
    }

    /// The models that history and `/readyz` name: of speech and of transcription the one that is used unless another is
    /// better for a language or a voice.
    pub fn models(&self, capability: Capability) -> Vec<&ModelName> {
        match capability {
            Capability::Speak => self.speech.iter().map(|s| &s.name).collect(),
            Capability::Transcribe => {
                let services = self.transcription.iter();
                services.map(|t| &t.general().name).collect()
            }
            Capability::Translate => {
                let translators = self.translation.iter().flat_map(|t| &t.translators);
                translators.map(|t| &t.name).collect()
            }
            Capability::Diarize => Vec::new(),
        }
    }
}

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

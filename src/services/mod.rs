//! What the server can do: the only callers of the scheduler, used alike by the API, the command line, dubbing and
//! cloning.
//!
//! A service has the engines of one capability. Its methods take the cancellation token and the share of the lanes of each
//! task, and note in the share how long the task waited and ran. Services know neither HTTP nor the history.
//!
//! | file | one idea |
//! | --- | --- |
//! | `speech` | text → sound, whole or piece by piece |
//! | `speech_script` | utterances one after another, by several voices, with silence between them |
//! | `reading` | from a client's text to what is spoken: markup, lexicon, the voices that it names |
//! | `lexicons` | the pronunciations of the accounts, and of the command line |
//! | `transcription` | sound → text |
//! | `live` | sound that still arrives → text, while it is said |
//! | `speech_finder` | which sound track of a recording to hear |
//! | `rendering` | a transcript → subtitles |
//! | `translation` | text → text in another language |
//! | `speakers` | who speaks when, and embeddings of speakers |
//! | `word_times` | when the words of a text are said in its speech |
//! | `voices` | from the id of a voice to the settings of its speech |
//! | `clones` | the cloned voices of the accounts |
//! | `self_test` | whether the models compute |
//! | `previews` | a sample sentence of each voice |
//! | `operator` | what an operator does with accounts and keys |
//! | `file_cache` | files that are made once |
//! | `style_cache` | style tables of cloned voices, in memory |

pub mod clones;
pub mod file_cache;
pub mod lexicons;
pub mod live;
pub mod named_speakers;
pub mod operator;
pub mod previews;
pub mod reading;
pub mod rendering;
pub mod self_test;
pub mod speakers;
pub mod speech;
pub mod speech_finder;
pub mod speech_script;
mod style_cache;
pub mod transcription;
pub mod translation;
pub mod voices;
pub mod word_times;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use self::live::LiveTranscription;
use self::speakers::SpeakerService;
use self::speech::SpeechService;
use self::transcription::TranscriptionService;
use self::translation::TranslationService;
use crate::capability::Capability;
use crate::engine::contract::{Engine, Steps};
use crate::fault::{Fault, Kind};
use crate::scheduler::lanes::{Lanes, Task};
use crate::scheduler::places::{Place, Places};
use crate::store::AccountId;

/// The services of a server: a field and its two arms below for each capability. None where a pack that it needs is not
/// fetched.
#[derive(Clone)]
pub struct Services {
    /// Where all of them compute.
    pub lanes: Arc<Lanes>,
    pub speech: Option<Arc<SpeechService>>,
    pub transcription: Option<Arc<TranscriptionService>>,
    /// None where the service before it is not there.
    pub live: Option<Arc<LiveTranscription>>,
    pub translation: Option<Arc<TranslationService>>,
    pub speakers: Option<Arc<SpeakerService>>,
}

impl Services {
    /// The places of the requests that run or wait. None where the service is not there or has no requests of its own.
    pub fn places(&self, capability: Capability) -> Option<&Places> {
        match capability {
            Capability::Speak => self.speech.as_ref().map(|s| &s.places),
            Capability::Transcribe => self.transcription.as_ref().map(|t| &t.places),
            Capability::Translate => self.translation.as_ref().map(|t| &t.places),
            Capability::Diarize => self.speakers.as_ref().map(|s| &s.places),
        }
    }

    /// A place for a request of `account` that needs this capability; none where it is not there. Fault: `Busy` when all are
    /// taken or the account has its share of them.
    pub fn take_place(
        &self,
        capability: Capability,
        account: AccountId,
    ) -> Result<Option<Place>, Fault> {
        let places = self.places(capability);
        let taken = places.map(|places| places.take(account).ok_or_else(|| self.busy()));
        taken.transpose()
    }

    /// The refusal of a request that finds no place: about when those before it are done.
    pub fn busy(&self) -> Fault {
        let retry_after_s = self.lanes.retry_after_s();
        Fault::new(
            Kind::Busy { retry_after_s },
            format!(
                "The queue is full: as many requests as it holds wait already. Try again in {retry_after_s} s."
            ),
        )
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

/// Where a service computes, and how many requests it may have.
#[derive(Debug, Clone)]
pub struct Capacity {
    /// Shared by all services.
    pub lanes: Arc<Lanes>,
    /// Requests of the service that may be in the server, computing or waiting.
    pub places: usize,
}

/// Runs `task` by `engine`, step by step on the lanes of `lane_task`. Faults: `Engine` when the engine failed or panicked,
/// what it refuses, and those of the lanes.
fn run_engine<T, O>(
    engine: &dyn Engine<Task = T, Output = O>,
    task: T,
    lane_task: &Task,
) -> Result<O, Fault> {
    let output = caught(|| {
        let seat = lane_task.seat();
        seat.next()?;
        engine.run(task, &seat)
    })?;
    lane_task.finished();
    Ok(output)
}

/// What an engine makes; its panic is a fault, and costs nothing else: it keeps nothing of a task.
fn caught<T>(run: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(engine_panicked(&*panic)))
}

/// The fault of an engine that panicked. It keeps nothing of a task, so that it stays in use.
fn engine_panicked(panic: &(dyn Any + Send)) -> Fault {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
    let said = said.unwrap_or("no message");
    Fault::engine(format!("the engine panicked: {said}"))
}

/// Names of a pack's engine and of the pack, as history shows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelName {
    pub engine: String,
    pub model: String,
}

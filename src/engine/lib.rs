//! Engines: models that speak, transcribe, translate, detect speech and embed speakers.
//!
//! An engine is one file, written against [`graph::net::Net`] without knowledge of the library that runs its graphs,
//! plus its row in [`ENGINES`].
//!
//! | folder | one idea |
//! | --- | --- |
//! | `contract` | what an engine of each capability does: its task and its output |
//! | `registry` | the list of engines |
//! | `recognition` | which part of which model a graph is, by its tensors |
//! | `graph` | graphs, and the libraries that run them |
//! | `kernels` | the loops of operators of our own |
//! | `tts` | text → speech |
//! | `asr` | speech → text (Whisper) |
//! | `vad` | where in a recording there is speech (Silero) |
//! | `speech_search` | whether something is said in a recording |
//! | `live_detector` | where in a sound that still arrives there is speech |
//! | `level` | how loud a recording is, and the gain at which models hear it |
//! | `segmentation` | which of three speakers talk in 10 s |
//! | `speaker` | speech → a speaker's embedding |
//! | `ge2e` | speech → another embedding, for cloning |
//! | `diarization` | who speaks when |
//! | `translation` | text → text in another language |
//! | `stub` | engines without a model, for the tests |

pub mod asr;
pub mod contract;
pub mod diarization;
mod ge2e;
pub mod graph;
pub mod kernels;
mod kv_cache;
mod level;
pub mod live_detector;
mod logits;
pub mod recognition;
mod refusals;
mod registry;
pub mod segmentation;
pub mod speaker;
pub mod speech_search;
#[cfg(debug_assertions)]
mod stub;
mod translation;
pub mod tts;
pub mod vad;

pub use refusals::unknown_voice;
pub use registry::{Build, ENGINES, has_tables, of, reads, wrong_engine};
pub use tts::router::VoiceRouter;
pub use tts::vits::VitsLayout;

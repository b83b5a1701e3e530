//! Dubbing: a recording or a video in, what is said in it and by whom out, and (with a translation) the same spoken again.
//!
//! Owns the pipelines and the jobs that they run as. Jobs run one at a time, on workers that no request waits for: a dub
//! never starves live requests. Knows neither HTTP nor a model by name.
//!
//! | file | one idea |
//! | --- | --- |
//! | `jobs` | the thread that runs jobs, their progress and their end |
//! | `analyze` | a recording → who says what, when |
//! | `stretches` | speech parted at its pauses, so that no task holds a worker for long |
//! | `lines` | words → lines of one speaker, 1 to 15 s long |

pub mod analyze;
pub mod jobs;
mod lines;
mod stretches;

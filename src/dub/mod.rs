//! Dubbing: a recording or a video in, what is said in it and by whom out, and (with a translation) the same spoken again.
//!
//! Owns the pipelines and the jobs that they run as. Jobs run one at a time, on workers that no request waits for: a dub
//! never starves live requests. Knows neither HTTP nor a model by name.
//!
//! | file | one idea |
//! | --- | --- |
//! | `intake` | what is sent, checked before a job is taken on |
//! | `jobs` | the thread that runs jobs, their progress and their end |
//! | `tasks` | what each kind of job does, from its files to its result |
//! | `analyze` | a recording → who says what, when |
//! | `stretches` | speech parted at its pauses, so that no task holds a worker for long |
//! | `lines` | words → lines of one speaker, 1 to 15 s long |
//! | `sound` | the sound of a file in the file's own time |
//! | `request` | what a job is asked for |
//! | `result` | what comes of a job |
//! | `services` | the services that dubbing uses |
//! | `render` | lines in another language → the same file speaking it |
//! | `assignment` | a voice for each speaker |
//! | `voices` | stock voices, clones and imitations, as lines are spoken by them |
//! | `line_speech` | lines, spoken or taken from earlier renders |
//! | `line_file` | spoken lines in a file, until they are mixed |
//! | `english` | lines of another language → the same in English, by the recogniser |
//! | `fit` | spoken lines → lines that fit their rooms |
//! | `original` | the original's sound, and how loud each of its lines is |
//! | `duck` | how far the original goes down under the lines |
//! | `mix` | the original, ducked, and the lines on it → the new track |
//! | `subtitles` | lines → SRT and VTT |

pub mod analyze;
pub mod assignment;
mod duck;
mod english;
pub mod fit;
pub mod intake;
pub mod jobs;
mod line_file;
pub mod line_speech;
mod lines;
pub mod mix;
pub mod original;
pub mod render;
pub mod request;
pub mod result;
pub mod services;
pub mod sound;
mod stretches;
pub mod subtitles;
pub mod tasks;
pub mod voices;

pub use crate::media as mux;

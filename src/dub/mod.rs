//! Dubbing: an analysis finds who says what and when in a recording or a video, and a render makes the same file with
//! translated lines.
//!
//! Contains these pipelines and the jobs that run them. Jobs run one at a time, as background tasks that give way to
//! requests. Knows neither HTTP nor a model by name.
//!
//! | file | one idea |
//! | --- | --- |
//! | `intake` | checks of files before a job is accepted |
//! | `jobs` | the thread that runs jobs, their progress and their end |
//! | `tasks` | the work of each kind of job, from its files to its result |
//! | `analyze` | a recording → who says what, and when |
//! | `stretches` | speech cut at pauses, so that tasks are short |
//! | `lines` | words → lines of one speaker, at most 15 s long |
//! | `sound` | the sound of a file, aligned with the file's time |
//! | `request` | the requests of jobs |
//! | `result` | the results of jobs |
//! | `services` | the services that dubbing uses |
//! | `render` | lines in another language → the same file with these lines spoken |
//! | `assignment` | a voice for each speaker |
//! | `voices` | the voices of lines: stock voices, clones and imitations |
//! | `line_speech` | lines, spoken or taken from earlier renders |
//! | `line_room` | the time that each line has |
//! | `line_file` | spoken lines in a file, until they are mixed |
//! | `english` | lines of another language → their English translation by the recognizer |
//! | `fit` | fits spoken lines into their time |
//! | `original` | the original's sound, and the loudness of each of its lines |
//! | `duck` | gains that make the original quieter under the lines |
//! | `mix` | the original, ducked, and the lines on it → the new track |

pub mod analyze;
pub mod assignment;
mod duck;
mod english;
pub mod fit;
pub mod intake;
pub mod jobs;
mod line_file;
pub mod line_room;
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
pub mod tasks;
pub mod voices;

pub use crate::media as mux;

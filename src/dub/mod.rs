//! Dubbing: a recording or a video in, what is said in it and by whom out, and (with a translation) the same spoken again.
//!
//! Owns the pipelines and the jobs that they run as. Jobs run one at a time, on workers that no request waits for: a dub
//! never starves live requests. Knows neither HTTP nor a model by name.
//!
//! | file | one idea |
//! | --- | --- |
//! | `jobs` | the thread that runs jobs, their progress and their end |
//! | `tasks` | what each kind of job does, from its files to its result |
//! | `analyze` | a recording → who says what, when |
//! | `stretches` | speech parted at its pauses, so that no task holds a worker for long |
//! | `lines` | words → lines of one speaker, 1 to 15 s long |
//! | `sound` | the sound of a file in the file's own time |
//! | `render` | lines in another language → the same file speaking it |
//! | `cast` | who speaks for whom |
//! | `spoken` | lines that were spoken before |
//! | `waiting` | spoken lines, until their time comes |
//! | `english` | lines of another language → the same in English, by the recogniser |
//! | `fit` | spoken lines → lines that fit their rooms |
//! | `original` | the original's sound, and how loud each of its lines is |
//! | `duck` | how far the original goes down under the lines |
//! | `bed` | the original, ducked, and the lines upon it → the new track |
//! | `subtitles` | lines → SRT and VTT |

pub mod analyze;
pub mod bed;
pub mod cast;
mod duck;
mod english;
pub mod fit;
pub mod jobs;
mod lines;
pub mod original;
pub mod render;
pub mod sound;
pub mod spoken;
mod stretches;
pub mod subtitles;
pub mod tasks;
mod waiting;

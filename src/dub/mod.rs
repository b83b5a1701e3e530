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
//! | `english` | lines of another language → the same in English, by the recogniser |
//! | `fit` | spoken lines → lines that fit their rooms |
//! | `original` | the original's sound, and how loud each of its lines is |
//! | `duck` | how far the original goes down under the lines |
//! | `bed` | the original, ducked, and the lines upon it → the new track |
//! | `subtitles` | lines → SRT and VTT |
//! | `mux` | a file with a picture → the same file with another sound track |

pub mod analyze;
pub mod bed;
mod duck;
mod english;
pub mod fit;
pub mod jobs;
mod lines;
pub mod mux;
pub mod original;
mod stretches;
pub mod subtitles;

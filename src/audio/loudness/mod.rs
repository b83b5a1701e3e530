//! Measures how loud sound is and brings it to the right loudness.
//!
//! | file | one idea |
//! | --- | --- |
//! | `meter` | how loud a stretch of sound is |
//! | `leveller` | one loudness for all speech, piece by piece |
//! | `limiter` | no peak above a ceiling |
//! | `stream_limiter` | the same as sound streams, of one channel or two |

pub mod leveller;
mod limiter;
mod meter;
pub mod stream_limiter;

pub use meter::{Meter, lufs};

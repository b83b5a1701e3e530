//! Codecs that symphonia does not decode, or only in part.
//!
//! | file | one idea |
//! | --- | --- |
//! | `opus` | Opus packets |
//! | `aac` | AAC of more than two channels, and HE-AAC |
//! | `ac3` | AC-3 and E-AC-3 |
//! | `gsm` | GSM 06.10 |

pub mod aac;
pub mod ac3;
pub mod gsm;
pub mod opus;

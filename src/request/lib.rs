//! What clients send in bodies, read into requests whose fields are within their bounds: a file for each request, which
//! is a form ([`form`]) or JSON ([`json`]).
//!
//! It knows no endpoint's work and no answer: it refuses what a request alone shows to be wrong. The schemas of requests are
//! derived from the types here.

pub mod analysis;
pub mod cloning;
pub mod form;
mod form_values;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
pub mod json;
pub mod languages;
pub mod lexicon;
pub mod named_speaker;
pub mod openai_speech;
pub mod openai_transcription;
pub mod operator;
pub mod realtime;
pub mod realtime_session;
pub mod render;
pub mod sound_fields;
pub mod speaker_hints;
pub mod speech;
pub mod spoken_language;
pub mod transcription;
pub mod translation;
pub mod turn_end;

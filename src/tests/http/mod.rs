//! Each endpoint over a socket: answers, refusals and guarantees.

mod answers;
pub mod cloning;
mod competition;
mod contract;
mod cors;
mod hostile_texts;
mod leniency;
mod lexicon;
mod listening;
mod markup;
mod openai;
mod previews;
mod realtime;
mod reference_clips;
mod session_statuses;
mod speakers;
mod speech;
mod statuses;
mod streaming;
mod tracks;
mod transcripts;
mod translation;
pub mod voice;

//! Endpoints as clients of OpenAI's audio API expect them, over the same services, keys, limits and history.
//!
//! | file | one idea |
//! | --- | --- |
//! | `envelope` | the shape of errors |
//! | `speech` | `POST /v1/audio/speech` |
//! | `transcriptions` | `POST /v1/audio/transcriptions` and `/v1/audio/translations` |
//! | `transcript_answers` | what was heard → the shapes of answers |
//! | `transcript_events` | what is being heard → events |
//! | `known_speakers` | the names of speakers |
//! | `models` | `GET /v1/models`, `/v1/models/{id}`, `/v1/audio/models` |
//! | `voices` | `GET /v1/audio/voices` |

pub mod envelope;
mod known_speakers;
pub mod models;
pub mod speech;
pub mod transcript_answers;
mod transcript_events;
pub mod transcriptions;
pub mod voices;

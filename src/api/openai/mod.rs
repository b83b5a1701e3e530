//! Endpoints as clients of OpenAI's audio API expect them, over the same services, keys, limits and history.
//!
//! | file | one idea |
//! | --- | --- |
//! | `envelope` | the shape of errors |
//! | `speech` | `POST /v1/audio/speech` |
//! | `models` | `GET /v1/models`, `/v1/models/{id}`, `/v1/audio/models` |
//! | `voices` | `GET /v1/audio/voices` |

pub mod envelope;
pub mod models;
pub mod speech;
pub mod voices;

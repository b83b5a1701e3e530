//! Hostile and broken clients against the whole server: every one is refused in the API's own words, and an
//! honest client does not notice.
//!
//! Plain sockets that send exactly what is written here. `edge::tests` has the same against a toy service,
//! with short deadlines, and what only a toy can show (panics, the `left` flag, counts of places).

mod framing;
mod holding;
pub mod raw;

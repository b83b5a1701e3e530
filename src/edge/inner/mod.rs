//! The hop to tiny_http and back: the only code that knows tiny_http.
//!
//! | file | one idea |
//! | --- | --- |
//! | `wire` | tickets, tiny_http on a private Unix socket, and the threads that answer there |
//! | `relay` | the gate's end: waiting for the answer while watching the client |
//! | `parts` | the encoding of an answer's parts while it is still being made |

pub(crate) mod parts;
pub(crate) mod relay;
pub(crate) mod wire;

//! The hop to tiny_http and back: all that knows it.
//!
//! | file | one idea |
//! | --- | --- |
//! | `wire` | tickets, tiny_http on a private Unix socket, and the threads that answer there |
//! | `relay` | the gate's end: waiting for the answer while watching the client |
//! | `parts` | how the parts of an answer that is still being made travel |

pub(crate) mod parts;
pub(crate) mod relay;
pub(crate) mod wire;

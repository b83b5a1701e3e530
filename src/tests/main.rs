//! The integration tests: the built binary over real sockets, with real models, and rules of the source tree.

mod attacks;
mod console;
mod dubbing;
mod engines;
mod http;
mod operations;
mod support;

//! The integration suite: the built binary over real sockets, with real models, and the tree's own rules.

mod attacks;
mod dubbing;
mod engines;
mod http;
mod operations;
mod support;

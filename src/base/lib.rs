//! What every layer of vocabox shares: [`fault`] (one public sentence and a private cause), [`limits`] (every bound) and
//! [`end`] (leaving the process). It knows no other crate of the workspace.

pub mod end;
pub mod fault;
pub mod limits;

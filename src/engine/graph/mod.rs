//! Graphs: which library runs them, on which processor.
//!
//! | file | one idea |
//! | --- | --- |
//! | `net` | a loaded graph: named tensors in, tensors out, whichever library runs it |
//! | `ort` | graphs run by ONNX Runtime; the only file that names it |
//! | `tract` | graphs run by tract; the only file that names it |
//! | `loader` | a pack's graphs by the right library, checked against the manifest |
//! | `library` | the ONNX Runtime library: where it is, and whether it can be trusted to load |
//! | `device` | the processor that the operator asks for |
//! | `heap` | the C library's allocator gives back what large tensors took |

pub mod device;
pub mod heap;
pub mod library;
pub mod loader;
pub mod net;
pub mod ort;
#[cfg(test)]
mod shared_tests;
pub mod tract;

//! Graphs: the libraries that run them, and the processor that they run on.
//!
//! | file | one idea |
//! | --- | --- |
//! | `net` | a loaded graph: named tensors in, tensors out, whichever library runs it |
//! | `onnx_head` | what a file of a graph says of itself, read without a library |
//! | `ort` | graphs run by ONNX Runtime; only the files `ort…` name it |
//! | `ort_value` | what goes into such graphs and what comes out |
//! | `ort_binding` | runs whose outputs stay on a device |
//! | `ort_operators` | operators of our own in such graphs |
//! | `tract` | graphs run by tract; the only file that names it |
//! | `loader` | a pack's graphs, loaded with the right runtime and checked against the manifest |
//! | `library` | the ONNX Runtime library: where it is, and whether it can be loaded safely |
//! | `device` | the processor that the operator chooses |
//! | `idle` | graphs that are unloaded while nothing runs them |
//! | `heap` | the C library's allocator returns the memory of large tensors |

pub mod device;
pub mod heap;
pub mod idle;
pub mod library;
pub mod loader;
pub mod net;
pub mod onnx_head;
pub mod ort;
mod ort_binding;
mod ort_operators;
#[cfg(test)]
mod ort_operators_tests;
mod ort_value;
#[cfg(test)]
mod shared_tests;
pub mod tract;

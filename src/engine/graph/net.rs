//! A loaded graph: named tensors in, tensors out, whichever library runs it.

use std::any::Any;
use std::fmt;

use half::f16;
use vocabox_base::fault::Fault;

/// Element types that graphs exchange with engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dtype {
    F32,
    /// 16-bit floats: a runtime that knows them takes [`Input::Floats`] for them, and gives them as f32.
    F16,
    I64,
    I32,
    Bool,
    /// Any type that no engine reads or feeds.
    Other,
}

impl Dtype {
    /// Returns the name in a manifest; none for a type that no engine reads or feeds.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Dtype::F32 => Some("f32"),
            Dtype::F16 => Some("f16"),
            Dtype::I64 => Some("i64"),
            Dtype::I32 => Some("i32"),
            Dtype::Bool => Some("bool"),
            Dtype::Other => None,
        }
    }
}

/// One input or output of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorSpec {
    pub name: String,
    pub dtype: Dtype,
    /// Fixed sizes; none where the graph leaves them open.
    pub dims: Vec<Option<usize>>,
}

impl fmt::Display for TensorSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<String> = self
            .dims
            .iter()
            .map(|d| d.map_or("?".to_owned(), |n| n.to_string()))
            .collect();
        let dtype = self.dtype.name().unwrap_or("other");
        write!(f, "{} {dtype}[{}]", self.name, dims.join(","))
    }
}

/// All inputs and outputs of a graph, in its own order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signature {
    pub inputs: Vec<TensorSpec>,
    pub outputs: Vec<TensorSpec>,
}

/// The value of one input.
pub enum Input<'a> {
    /// Row-major values of this shape.
    Floats(&'a [usize], &'a [f32]),
    /// Row-major values of this shape, for an input of 16-bit floats of ONNX Runtime.
    Halves(&'a [usize], &'a [f16]),
    /// Row-major values of this shape.
    Ints(&'a [usize], &'a [i64]),
    /// Row-major values of this shape.
    Flags(&'a [usize], &'a [bool]),
    /// An output of an earlier run of the same runtime, fed back without a copy.
    Held(&'a dyn Value),
}

/// The numbers of an output, row-major, as its runtime keeps them.
pub enum Numbers<'a> {
    Floats(&'a [f32]),
    Halves(&'a [f16]),
}

/// An output that stays in its runtime's memory until it is dropped. It never changes, so threads may share it.
pub trait Value: Send + Sync {
    /// Sizes, outermost first.
    fn shape(&self) -> &[usize];
    /// Row-major values. Faults: `Internal` when the output is no tensor of floats.
    fn floats(&self) -> Result<&[f32], Fault>;
    /// Returns the values without widening 16-bit floats. Faults: as `floats`.
    fn numbers(&self) -> Result<Numbers<'_>, Fault> {
        Ok(Numbers::Floats(self.floats()?))
    }
    /// Returns the value as `Any`, for the runtime that made it.
    fn as_any(&self) -> &dyn Any;
}

/// A graph, loaded and ready to run. Threads share it: it has one copy of the weights, and no state between runs.
pub trait Net: Send + Sync {
    /// Returns the graph's inputs and outputs.
    fn signature(&self) -> &Signature;

    /// Runs the graph and returns the outputs `outputs`, in that order; those from the number `copied` on are only fed back, so they
    /// may stay in the memory of a device. Asking such a [`Value`] for its numbers copies them.
    ///
    /// Inputs are matched by name; all of the graph's inputs must be given. Several threads may run one net at once: each
    /// gets what it would get alone. Faults: `Engine`.
    fn run_keeping(
        &self,
        inputs: &[(&str, Input<'_>)],
        outputs: &[&str],
        copied: usize,
    ) -> Result<Vec<Box<dyn Value>>, Fault>;

    /// The same with all outputs in main memory.
    fn run(
        &self,
        inputs: &[(&str, Input<'_>)],
        outputs: &[&str],
    ) -> Result<Vec<Box<dyn Value>>, Fault> {
        self.run_keeping(inputs, outputs, outputs.len())
    }
}

/// Returns the names of the only input of `net` and of its first output. Faults: `Missing` when it has several inputs or no
/// output.
pub fn ends(net: &dyn Net) -> Result<(String, String), Fault> {
    let Signature { inputs, outputs } = net.signature();
    match (inputs.as_slice(), outputs.first()) {
        ([input], Some(output)) => Ok((input.name.clone(), output.name.clone())),
        _ => Err(Fault::missing(
            "A graph has another number of inputs or outputs than its engine feeds.",
        )),
    }
}

//! Graphs run by tract. The only file that names it.
//!
//! For the small graphs (speech detection, speaker embedding) and for machines without ONNX Runtime.

use std::any::Any;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::{DimFact, Factoid};
use tract_onnx::tract_hir::internal::DimLike;
use tract_onnx::tract_hir::ops::unimpl::UnimplementedOp;

use crate::graph::net::{Dtype, Input, Net, Signature, TensorSpec, Value};
use vocabox_base::fault::Fault;
use vocabox_pack::PackFile;

/// The domain of the operators that ONNX Runtime adds to the standard.
const RUNTIME_DOMAIN: &str = "com.microsoft";

/// One graph. It is optimised for the sizes of its first inputs, and again when these change: tract's recurrent
/// operators need all sizes beforehand.
pub struct TractNet {
    graph: InferenceModel,
    signature: Signature,
    /// Locked only to look at it and to replace it, never while it runs.
    plan: Mutex<Option<CompiledGraph>>,
}

/// The graph, optimised for inputs of these shapes.
struct CompiledGraph {
    shapes: Vec<Vec<usize>>,
    runnable: Arc<TypedRunnableModel>,
}

impl TractNet {
    /// Loads the graph in `file`.
    ///
    /// Faults: `Missing` when it has operators that tract does not have, or operators that ONNX Runtime adds to the
    /// standard: tract loads some of these, and fails only when they run. `Engine` with tract's message as the cause
    /// when the file is no graph.
    pub fn load(file: &PackFile) -> Result<Self, Fault> {
        // The file's inner shapes refer to its open sizes, which are given only later.
        let onnx = tract_onnx::onnx()
            .with_ignore_output_shapes(true)
            .with_ignore_value_info(true);
        let content = file.read().map_err(Fault::engine)?;
        let proto = onnx.proto_model_for_read(&mut &*content).map_err(told)?;
        drop(content);
        let nodes = proto.graph.as_ref().map_or(&[][..], |graph| &graph.node);
        if let Some(node) = nodes.iter().find(|n| n.domain == RUNTIME_DOMAIN) {
            return Err(foreign(format_args!("{} of {}", node.op_type, node.domain)));
        }
        let folder = match file {
            PackFile::Disk(path) => path.parent().and_then(Path::to_str),
            PackFile::Program { .. } => None,
        };
        let mut graph = onnx.parse(&proto, folder).map_err(told)?.model;
        drop(proto);
        // ONNX does not require unique names of nodes (Silero's constants share one); tract does.
        let mut seen = HashSet::new();
        for (id, node) in graph.nodes.iter_mut().enumerate() {
            if !seen.insert(node.name.clone()) {
                node.name = format!("{}#{id}", node.name);
            }
        }
        let unknown = graph.nodes.iter().find(|n| n.op_is::<UnimplementedOp>());
        if let Some(node) = unknown {
            return Err(foreign(node));
        }
        let mut analysed = graph.clone();
        analysed.analyse(false).map_err(told)?;
        let signature = Signature {
            inputs: specs(&analysed, &analysed.inputs)?,
            outputs: specs(&analysed, &analysed.outputs)?,
        };
        Ok(TractNet {
            graph,
            signature,
            plan: Mutex::new(None),
        })
    }

    /// The graph optimised for these inputs. Threads that ask for new sizes at once each optimise it; the last one's is kept.
    fn plan(&self, inputs: &[TValue]) -> Result<Arc<TypedRunnableModel>, Fault> {
        let fits =
            |plan: &&CompiledGraph| plan.shapes.iter().zip(inputs).all(|(s, i)| s == i.shape());
        let kept = || self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = kept().as_ref().filter(fits) {
            return Ok(plan.runnable.clone());
        }
        let mut graph = self.graph.clone();
        for (at, input) in inputs.iter().enumerate() {
            let fact = InferenceFact::dt_shape(input.datum_type(), input.shape());
            graph.set_input_fact(at, fact).map_err(told)?;
        }
        let optimised = graph.into_optimized().map_err(told)?;
        let runnable = optimised.into_runnable().map_err(told)?;
        let plan = CompiledGraph {
            shapes: inputs.iter().map(|i| i.shape().to_vec()).collect(),
            runnable: runnable.clone(),
        };
        // What it replaces is dropped after the lock is released.
        let replaced = kept().replace(plan);
        drop(replaced);
        Ok(runnable)
    }
}

/// Returns the refusal of a graph with an operator that tract does not have.
fn foreign(operator: impl std::fmt::Display) -> Fault {
    Fault::missing(
        "A model of this server needs ONNX Runtime: in its pack.toml, runtime must be \"ort\", or variant one in standard operators \
         (\"plain\" where there is one).",
    )
    .because(format_args!("tract has no operator {operator}"))
}

/// `{:#}` keeps tract's whole chain of causes.
fn told(error: TractError) -> Fault {
    Fault::engine(format!("{error:#}"))
}

fn specs(graph: &InferenceModel, outlets: &[OutletId]) -> Result<Vec<TensorSpec>, Fault> {
    outlets
        .iter()
        .map(|&outlet| {
            let fact = graph.outlet_fact(outlet).map_err(told)?;
            let name = graph.outlet_label(outlet);
            let name = name.unwrap_or(&graph.node(outlet.node).name).to_owned();
            let dtype = match fact.datum_type.concretize() {
                Some(DatumType::F32) => Dtype::F32,
                Some(DatumType::I64) => Dtype::I64,
                Some(DatumType::I32) => Dtype::I32,
                Some(DatumType::Bool) => Dtype::Bool,
                _ => Dtype::Other,
            };
            let size = |dim: &DimFact| dim.concretize()?.to_usize().ok();
            let dims = fact.shape.dims().map(size).collect();
            Ok(TensorSpec { name, dtype, dims })
        })
        .collect()
}

impl Net for TractNet {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run_keeping(
        &self,
        inputs: &[(&str, Input<'_>)],
        outputs: &[&str],
        _: usize,
    ) -> Result<Vec<Box<dyn Value>>, Fault> {
        let feed = self
            .signature
            .inputs
            .iter()
            .map(|spec| {
                let input = inputs.iter().find(|(name, _)| *name == spec.name);
                let (_, input) = input.ok_or_else(|| {
                    Fault::engine(format!("the graph's input {} was not given", spec.name))
                })?;
                value(input)
            })
            .collect::<Result<TVec<TValue>, Fault>>()?;
        let plan = self.plan(&feed)?;
        // Some of tract's operators panic on values that they cannot take, such as an index beyond a table.
        let made = catch_unwind(AssertUnwindSafe(|| plan.run(feed)))
            .map_err(|_| Fault::engine("tract panicked"))?
            .map_err(told)?;
        outputs
            .iter()
            .map(|&name| {
                let at = self.signature.outputs.iter().position(|o| o.name == name);
                let value = at
                    .and_then(|at| made.get(at))
                    .ok_or_else(|| Fault::engine(format!("the graph made no output {name}")))?;
                Ok(Box::new(TractValue(value.clone())) as Box<dyn Value>)
            })
            .collect()
    }
}

fn value(input: &Input<'_>) -> Result<TValue, Fault> {
    let tensor = match input {
        Input::Floats(shape, data) => Tensor::from_shape(shape, data),
        Input::Halves(shape, data) => Tensor::from_shape(shape, data),
        Input::Ints(shape, data) => Tensor::from_shape(shape, data),
        Input::Flags(shape, data) => Tensor::from_shape(shape, data),
        Input::Held(value) => {
            return match value.as_any().downcast_ref::<TractValue>() {
                Some(held) => Ok(held.0.clone()),
                None => Err(Fault::internal(
                    "a value of another runtime was fed to tract",
                )),
            };
        }
    };
    Ok(tensor.map_err(told)?.into_tvalue())
}

struct TractValue(TValue);

impl Value for TractValue {
    fn shape(&self) -> &[usize] {
        self.0.shape()
    }

    fn floats(&self) -> Result<&[f32], Fault> {
        let plain = self.0.try_as_plain_ram().map_err(told)?;
        plain.as_slice::<f32>().map_err(told)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

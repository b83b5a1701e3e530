//! Graphs run by tract. The only file that names it.
//!
//! For the small graphs (speech detection, speaker embedding) and for boxes without ONNX Runtime.

use std::any::Any;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::DimLike;

use super::net::{Dtype, Input, Net, Signature, TensorSpec, Value};
use crate::fault::Fault;

/// One graph, optimised by tract.
pub struct TractNet {
    plan: Arc<TypedRunnableModel>,
    signature: Signature,
}

impl TractNet {
    /// Loads the graph at `path`. Faults: `Engine` with tract's words as the cause.
    pub fn load(path: &Path) -> Result<Self, Fault> {
        let mut graph = tract_onnx::onnx().model_for_path(path).map_err(told)?;
        // ONNX does not need names of nodes to differ (Silero's constants share one); tract does.
        let mut seen = HashSet::new();
        for (id, node) in graph.nodes.iter_mut().enumerate() {
            if !seen.insert(node.name.clone()) {
                node.name = format!("{}#{id}", node.name);
            }
        }
        // Optimising renames nodes.
        let input_names = names(&graph, &graph.inputs);
        let output_names = names(&graph, &graph.outputs);
        let model = graph.into_optimized().map_err(told)?;
        let signature = Signature {
            inputs: specs(&model, &model.inputs, input_names)?,
            outputs: specs(&model, &model.outputs, output_names)?,
        };
        let plan = model.into_runnable().map_err(told)?;
        Ok(TractNet { plan, signature })
    }
}

/// `{:#}` keeps tract's whole chain of causes.
fn told(error: TractError) -> Fault {
    Fault::engine(format!("{error:#}"))
}

fn names(model: &InferenceModel, outlets: &[OutletId]) -> Vec<String> {
    outlets
        .iter()
        .map(|&o| match model.outlet_label(o) {
            Some(label) => label.to_owned(),
            None => model.node(o.node).name.clone(),
        })
        .collect()
}

fn specs(
    model: &TypedModel,
    outlets: &[OutletId],
    names: Vec<String>,
) -> Result<Vec<TensorSpec>, Fault> {
    outlets
        .iter()
        .zip(names)
        .map(|(&outlet, name)| {
            let fact = model.outlet_fact(outlet).map_err(told)?;
            let dtype = match fact.datum_type {
                DatumType::F32 => Dtype::F32,
                DatumType::I64 => Dtype::I64,
                DatumType::I32 => Dtype::I32,
                DatumType::Bool => Dtype::Bool,
                _ => Dtype::Other,
            };
            let dims = fact.shape.iter().map(|d| d.to_usize().ok()).collect();
            Ok(TensorSpec { name, dtype, dims })
        })
        .collect()
}

impl Net for TractNet {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run(
        &mut self,
        inputs: &[(&str, Input<'_>)],
        outputs: &[&str],
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
        let made = self.plan.run(feed).map_err(told)?;
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
        Input::Ints(shape, data) => Tensor::from_shape(shape, data),
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

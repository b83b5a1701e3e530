//! What goes into a graph that ONNX Runtime runs, and what comes out.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use half::f16;
use ort::memory::Allocator;
use ort::session::{SessionInputValue, SharedSessionInner};
use ort::value::{DynTensor, DynValue, Tensor, TensorElementType, TensorRef};

use crate::graph::net::{Input, Numbers, Value};
use crate::graph::ort_binding;
use vocabox_base::fault::Fault;

/// Floats as the 16-bit floats that an input takes.
fn halves(shape: &[usize], data: &[f32]) -> Result<SessionInputValue<'static>, Fault> {
    if data.is_empty() {
        let empty = Tensor::<f16>::new(&Allocator::default(), shape.to_vec());
        return Ok(empty.map_err(Fault::engine)?.into());
    }
    let halves: Vec<f16> = data.iter().copied().map(f16::from_f32).collect();
    let tensor = Tensor::from_array((shape.to_vec(), halves));
    Ok(tensor.map_err(Fault::engine)?.into())
}

/// The value of an input, which takes 16-bit floats if `is_half`.
pub fn given<'a>(input: &'a Input<'_>, is_half: bool) -> Result<SessionInputValue<'a>, Fault> {
    Ok(match input {
        Input::Floats(shape, data) if is_half => halves(shape, data)?,
        // A tensor without elements (an empty cache) cannot be made from a slice.
        Input::Floats(shape, []) => Tensor::<f32>::new(&Allocator::default(), shape.to_vec())
            .map_err(Fault::engine)?
            .into(),
        Input::Floats(shape, data) => TensorRef::from_array_view((shape.to_vec(), *data))
            .map_err(Fault::engine)?
            .into(),
        Input::Halves(shape, data) => TensorRef::from_array_view((shape.to_vec(), *data))
            .map_err(Fault::engine)?
            .into(),
        Input::Ints(shape, data) => TensorRef::from_array_view((shape.to_vec(), *data))
            .map_err(Fault::engine)?
            .into(),
        Input::Flags(shape, data) => TensorRef::from_array_view((shape.to_vec(), *data))
            .map_err(Fault::engine)?
            .into(),
        Input::Held(value) => match value.as_any().downcast_ref::<OrtValue>() {
            Some(held) if held.is_half == is_half => (&held.value).into(),
            // An output of a graph in 32 bits for one in 16, or the other way.
            Some(held) if is_half => halves(&held.shape, held.floats()?)?,
            Some(held) => TensorRef::from_array_view((held.shape.clone(), held.floats()?))
                .map_err(Fault::engine)?
                .into(),
            None => {
                return Err(Fault::internal(
                    "a value of another runtime was fed to ONNX Runtime",
                ));
            }
        },
    })
}

/// An output of a run.
pub struct OrtValue {
    value: DynValue,
    /// A copy in main memory, once one was needed.
    copy: OnceLock<Option<DynTensor>>,
    shape: Vec<usize>,
    /// Whether it is of 16-bit floats, and those as f32, once they were asked for.
    is_half: bool,
    singles: OnceLock<Vec<f32>>,
    /// Dropped after the value, whose memory is the session's.
    _session: Arc<SharedSessionInner>,
}

impl OrtValue {
    pub fn new(value: DynValue, session: Arc<SharedSessionInner>) -> Self {
        let shape = value.dtype().tensor_shape().map_or(Vec::new(), |shape| {
            shape.iter().map(|&d| d.max(0) as usize).collect()
        });
        OrtValue {
            is_half: value.dtype().tensor_type() == Some(TensorElementType::Float16),
            singles: OnceLock::new(),
            copy: OnceLock::new(),
            value,
            shape,
            _session: session,
        }
    }
}

impl Value for OrtValue {
    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn floats(&self) -> Result<&[f32], Fault> {
        Ok(match self.numbers()? {
            Numbers::Floats(floats) => floats,
            Numbers::Halves(halves) => {
                let singles = || halves.iter().map(|half| half.to_f32()).collect();
                self.singles.get_or_init(singles)
            }
        })
    }

    fn numbers(&self) -> Result<Numbers<'_>, Fault> {
        if self.copy.get().is_none() {
            let copy = ort_binding::copied(&self.value).map_err(Fault::internal)?;
            // Another thread may have been sooner.
            let _ = self.copy.set(copy);
        }
        let copy = self.copy.get().and_then(Option::as_ref);
        if self.is_half {
            let halves = match copy {
                Some(copy) => copy.try_extract_tensor::<f16>(),
                None => self.value.try_extract_tensor::<f16>(),
            };
            return Ok(Numbers::Halves(halves.map_err(Fault::internal)?.1));
        }
        let floats = match copy {
            Some(copy) => copy.try_extract_tensor::<f32>(),
            None => self.value.try_extract_tensor::<f32>(),
        };
        Ok(Numbers::Floats(floats.map_err(Fault::internal)?.1))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

//! Runs whose outputs may stay in the memory of the device that made them (ONNX Runtime's IoBinding), and copies of such outputs.

use std::ffi::CString;
use std::ptr;
use std::ptr::NonNull;

use ort::AsPointer;
use ort::memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType};
use ort::session::{RunOptions, Session, SessionInputValue};
use ort::value::{DynTensor, DynTensorValueType, DynValue};
use ort::{Error, Result};

/// The memory of a CUDA device.
pub fn cuda(number: u32) -> Result<MemoryInfo<'static>> {
    let device = MemoryType::Default;
    MemoryInfo::new(
        AllocationDevice::CUDA,
        number as i32,
        AllocatorType::Device,
        device,
    )
}

/// Main memory.
pub fn main_memory() -> Result<MemoryInfo<'static>> {
    let output = MemoryType::CPUOutput;
    MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Device, output)
}

/// Runs the session and returns the outputs of these names, in that order: the first `copied` in main memory, the others in that of
/// the `device`.
///
/// `ort` asks for an exclusive session, as it does for other runs (`OrtNet::run_shared`). The caller must not run one session twice
/// at once.
pub fn run(
    session: &Session,
    feed: &[(CString, SessionInputValue<'_>)],
    outputs: &[CString],
    copied: usize,
    device: &MemoryInfo<'_>,
    options: &RunOptions,
) -> Result<Vec<DynValue>> {
    let binding = session.create_binding()?;
    let (api, bound) = (ort::api(), binding.ptr().cast_mut());
    let host = main_memory()?;
    let checked = |status| {
        // SAFETY: the status was just returned by ONNX Runtime, and is released here alone.
        unsafe { Error::result_from_status(status) }
    };
    for (name, value) in feed {
        // SAFETY: binding, name and value live until `binding` is dropped, after the run; the binding holds the value, or a copy of
        // it on the device.
        checked(unsafe { (api.BindInput)(bound, name.as_ptr(), value.ptr()) })?;
    }
    for (at, name) in outputs.iter().enumerate() {
        let memory = if at < copied { &host } else { device };
        // SAFETY: as above; ONNX Runtime copies what `memory` says.
        checked(unsafe { (api.BindOutputToDevice)(bound, name.as_ptr(), memory.ptr()) })?;
    }
    // SAFETY: session, options and binding live until it returns; see `OrtNet::run_shared` for the shared session.
    checked(unsafe {
        (api.RunWithBinding)(session.ptr().cast_mut(), options.ptr(), bound.cast_const())
    })?;
    let (mut made, mut count) = (ptr::null_mut(), 0);
    let allocator = session.allocator();
    // SAFETY: it writes the address and the length of an array of values that it makes with the allocator.
    checked(unsafe {
        let allocator = allocator.ptr().cast_mut();
        (api.GetBoundOutputValues)(bound.cast_const(), allocator, &mut made, &mut count)
    })?;
    // SAFETY: there are `count` pointers to values that are ours, in the order in which they were bound; each is wrapped once, and
    // the array is freed once, by the allocator that made it. ONNX Runtime's tensors hold the allocator that frees them.
    let values = unsafe {
        let own = |&value| DynValue::from_ptr(value, Some(allocator));
        let values = std::slice::from_raw_parts(made.cast::<NonNull<_>>(), count);
        let values = values.iter().map(own).collect();
        allocator.free(made);
        values
    };
    Ok(values)
}

/// Returns a copy in main memory of a tensor that is not there; none of one that is.
pub fn copied(value: &DynValue) -> Result<Option<DynTensor>> {
    let tensor = value.view().downcast::<DynTensorValueType>()?;
    if tensor.memory_info().is_cpu_accessible() {
        return Ok(None);
    }
    tensor.to(AllocationDevice::CPU, 0).map(Some)
}

//! Graphs run by ONNX Runtime. Only this file and those beside it whose names begin with `ort` name `ort`.

use std::ffi::{CString, c_char};
use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ort::AsPointer;
use ort::environment::{Environment, GlobalThreadPoolOptions};
use ort::ep::CUDA;
use ort::memory::MemoryInfo;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{RunOptions, Session, SessionInputValue};
use ort::value::{DynValue, Outlet, TensorElementType};

use crate::graph::device::Device;
use crate::graph::heap;
use crate::graph::net::{Dtype, Input, Net, Signature, TensorSpec, Value};
use crate::graph::ort_value::{OrtValue, given};
use crate::graph::{ort_binding, ort_operators};
use crate::kernels::convolution;
use vocabox_base::fault::Fault;
use vocabox_pack::PackFile;

/// The library by which ONNX Runtime reaches CUDA; it is loaded from beside the runtime's own.
const CUDA_PROVIDER: &str = "libonnxruntime_providers_cuda.so";
/// A graph of one `Identity` on `f32[1]` (opset 13): a device that runs it works.
const IDENTITY: &[u8] = include_bytes!("identity.onnx");

/// ONNX Runtime allows one environment per process: the first that was opened.
static OPENED: Mutex<Option<Ort>> = Mutex::new(None);

/// The process's only ONNX Runtime environment, with one pool of compute threads that all sessions share.
#[derive(Clone)]
pub struct Ort {
    environment: Environment,
    /// The device that the graphs run on: the CPU or one CUDA device, never `Auto`.
    device: Device,
    /// Why that is the CPU.
    why_not_cuda: Option<String>,
}

impl Ort {
    /// Opens the library at `library`, which must have been probed before: `ort` may hang on a bad one.
    ///
    /// A process has only one environment: later calls return it, whatever they request. All sessions share one
    /// pool of `threads`, whichever lanes run them: on two cores, two runs at once on a pool of two make 1.15 times the
    /// sound a second of one run after the other, and on a pool of one 1.25 times, but one run alone is 0.82 times as
    /// fast there (benches/runs/2026-11-29-lanes.md). Faults: `Missing`, with the loader's message as the cause; also
    /// when a CUDA `device` is requested and does not run a graph.
    pub fn open(library: &Path, threads: usize, device: Device) -> Result<Self, Fault> {
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ort) = &*opened {
            return Ok(ort.clone());
        }
        heap::fix_bounds();
        let failed = |cause: String| {
            Fault::missing("ONNX Runtime could not be started on this server.").because(cause)
        };
        // Must come first: any other call of `ort` would look for a library of its own.
        let builder = ort::init_from(library).map_err(|e| failed(e.to_string()))?;
        let pool = GlobalThreadPoolOptions::default()
            .with_intra_threads(threads)
            .and_then(|pool| pool.with_inter_threads(1))
            .and_then(|pool| pool.with_spin_control(false))
            .map_err(|e| failed(e.to_string()))?;
        let builder = builder.with_name("vocabox").with_telemetry(false);
        let builder = builder.with_global_thread_pool(pool);
        let environment = builder.build().map_err(|e| failed(e.to_string()))?;
        environment.set_log_level(ort::logging::LogLevel::Error);
        let ort = Ort {
            environment,
            device: Device::Cpu,
            why_not_cuda: None,
        };
        // The first session with operators of a domain writes that into a table of the process without a lock
        // (custom_ops.cc, `CreateCustomRegistry`): two at once failed. Later sessions only read it, and may be made at once.
        ort.builder(false)
            .and_then(|mut builder| builder.commit_from_memory(IDENTITY))
            .map_err(|e| failed(e.to_string()))?;
        let ort = ort.settled_on(device, library)?;
        Ok(opened.insert(ort).clone())
    }

    /// Returns the device that the graphs run on: the CPU or one CUDA device.
    pub fn device(&self) -> Device {
        self.device
    }

    /// Returns why the graphs run on the CPU; none where they run on a CUDA device.
    pub fn why_not_cuda(&self) -> Option<&str> {
        self.why_not_cuda.as_deref()
    }

    fn on_cpu(self, why: impl Into<String>) -> Self {
        Ort {
            why_not_cuda: Some(why.into()),
            ..self
        }
    }

    /// Returns the environment on `device`, if that works. ONNX Runtime itself would silently use the CPU.
    fn settled_on(self, device: Device, library: &Path) -> Result<Self, Fault> {
        let number = match device {
            Device::Cpu => return Ok(self.on_cpu("the CPU was asked for")),
            Device::Cuda(number) => number,
            // The provider lies beside the library that loads it; most libraries have none.
            Device::Auto if !library.with_file_name(CUDA_PROVIDER).exists() => {
                let why =
                    format!("this ONNX Runtime has none: there is no {CUDA_PROVIDER} beside it");
                return Ok(self.on_cpu(why));
            }
            Device::Auto => 0,
        };
        let cuda = Ort {
            device: Device::Cuda(number),
            ..self.clone()
        };
        let made = cuda
            .builder(false)
            .and_then(|mut builder| builder.commit_from_memory(IDENTITY))
            .map_err(|e| e.to_string());
        let why = match made {
            Ok(_) if is_mapped(CUDA_PROVIDER) => return Ok(cuda),
            Ok(_) => format!("{CUDA_PROVIDER} was not loaded"),
            Err(e) => e,
        };
        if device == Device::Auto {
            log::warn!("no CUDA device can be used ({why}); the CPU does all the work");
            return Ok(self.on_cpu(why));
        }
        Err(Fault::missing(format!(
            "The device cuda:{number} cannot be used: --onnxruntime-lib must name the library of an ONNX Runtime with \
             CUDA, with {CUDA_PROVIDER} beside it, and the driver, CUDA and cuDNN must be installed."
        ))
        .because(why))
    }

    /// Loads the graph in `file`. Faults: `Engine` with ONNX Runtime's message as the cause.
    pub fn load(&self, file: &PackFile) -> Result<OrtNet, Fault> {
        self.load_with(file, convolution::is_faster())
    }

    /// The same, with or without [`convolution`]s of our own.
    pub(super) fn load_with(&self, file: &PackFile, convolutions: bool) -> Result<OrtNet, Fault> {
        let load = |mut builder: SessionBuilder| match file {
            // By its path, so that the graph finds weights in files beside it.
            PackFile::Disk(path) => Ok(builder.commit_from_file(path).map_err(Fault::engine)?),
            PackFile::Program { .. } => {
                let graph = file.read().map_err(Fault::engine)?;
                builder.commit_from_memory(&graph).map_err(Fault::engine)
            }
        };
        let builder = self.builder(convolutions).map_err(Fault::engine);
        let session = builder.and_then(load)?;
        // Returns the memory of the file's tables, once the weights are laid out for the kernels.
        heap::give_back();
        let signature = Signature {
            inputs: session.inputs().iter().map(spec).collect(),
            outputs: session.outputs().iter().map(spec).collect(),
        };
        let device = match self.device {
            Device::Cuda(number) => Some(ort_binding::cuda(number).map_err(Fault::engine)?),
            _ => None,
        };
        Ok(OrtNet {
            session,
            halves: halves_of(&signature),
            signature,
            turn: device.is_some().then(Mutex::default),
            device,
        })
    }

    fn builder(&self, convolutions: bool) -> Result<SessionBuilder, ort::Error> {
        let builder = SessionBuilder::new(&self.environment)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            // Sentences differ in length: a pattern planned for one would only hold memory for the next.
            .with_memory_pattern(false)?
            .with_intra_op_spinning(false)?
            .with_operators(ort_operators::domain(convolutions)?)?;
        let builder = match self.device {
            Device::Cuda(number) => {
                let cuda = CUDA::default().with_device_id(number as i32);
                builder.with_execution_providers([cuda.build().error_on_failure()])?
            }
            _ => builder,
        };
        Ok(builder)
    }
}

/// Whether this process has a library of that name mapped.
fn is_mapped(name: &str) -> bool {
    std::fs::read_to_string("/proc/self/maps").is_ok_and(|maps| maps.contains(name))
}

fn spec(outlet: &Outlet) -> TensorSpec {
    let dtype = match outlet.dtype().tensor_type() {
        Some(TensorElementType::Float32) => Dtype::F32,
        Some(TensorElementType::Float16) => Dtype::F16,
        Some(TensorElementType::Int64) => Dtype::I64,
        Some(TensorElementType::Int32) => Dtype::I32,
        Some(TensorElementType::Bool) => Dtype::Bool,
        _ => Dtype::Other,
    };
    let dims = outlet.dtype().tensor_shape().map_or(Vec::new(), |shape| {
        shape.iter().map(|&d| usize::try_from(d).ok()).collect()
    });
    TensorSpec {
        name: outlet.name().to_owned(),
        dtype,
        dims,
    }
}

/// One session of ONNX Runtime, which threads share.
pub struct OrtNet {
    session: Session,
    signature: Signature,
    /// Names of the inputs that are 16-bit floats.
    halves: Vec<String>,
    /// Held for a run on a CUDA device: see [`OrtNet::run_shared`]. None where runs go side by side.
    turn: Option<Mutex<()>>,
    /// The memory of a device, where that is not main memory.
    device: Option<MemoryInfo<'static>>,
}

impl Net for OrtNet {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run_keeping(
        &self,
        inputs: &[(&str, Input<'_>)],
        outputs: &[&str],
        copied: usize,
    ) -> Result<Vec<Box<dyn Value>>, Fault> {
        let feed = inputs
            .iter()
            .map(|(name, input)| {
                let is_half = self.halves.iter().any(|half| half == name);
                Ok((c_string(name)?, given(input, is_half)?))
            })
            .collect::<Result<Vec<_>, Fault>>()?;
        let names = outputs
            .iter()
            .map(|name| c_string(name))
            .collect::<Result<Vec<_>, Fault>>()?;
        let mut options = RunOptions::new().map_err(Fault::engine)?;
        // Gives what a long sentence took back to the system, instead of keeping the largest ever seen. The arena locks
        // itself, and frees only regions in which no run has anything (bfc_arena.cc, `Shrink`).
        options
            .set("memory.enable_memory_arena_shrinkage", "cpu:0")
            .map_err(Fault::engine)?;
        let made = match &self.device {
            Some(device) if copied < outputs.len() => {
                let _turn = self.turn();
                let made = ort_binding::run(&self.session, &feed, &names, copied, device, &options);
                made.map_err(Fault::engine)?
            }
            _ => self.run_shared(&feed, &names, &options)?,
        };
        let wrapped =
            |value| Box::new(OrtValue::new(value, self.session.inner())) as Box<dyn Value>;
        Ok(made.into_iter().map(wrapped).collect())
    }
}

impl OrtNet {
    /// The same graph, run as on a device whose memory is main memory.
    #[cfg(test)]
    pub fn bound(mut self) -> Self {
        self.device = Some(ort_binding::main_memory().unwrap());
        self
    }

    fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        let turn = self.turn.as_ref();
        turn.map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs the session and returns the outputs of these names, in that order.
    ///
    /// It is what `Session::run_with_options` of `ort` does, but for a shared session. `ort` asks every caller for an exclusive
    /// one (session/run.rs), because some execution providers cannot run twice at once. The two that are used here:
    ///
    /// - The CPU's: ONNX Runtime says that several threads may invoke `Run` on one session, for which kernels are stateless
    ///   (its docs/InferenceHighLevelDesign.md, "Key design decisions"; its issues 114 and 5558). Each run has an execution
    ///   frame of its own. The arena, the thread pool and random generators lock themselves; counters that do not in some
    ///   versions only feed telemetry, which is off.
    /// - CUDA's: ONNX Runtime says the same of it, but a report of wrong results stands open (its issue 15154). Two runs
    ///   would share one device anyway, so they take turns.
    ///
    /// Faults: `Engine` with ONNX Runtime's words as the cause.
    fn run_shared(
        &self,
        feed: &[(CString, SessionInputValue<'_>)],
        outputs: &[CString],
        options: &RunOptions,
    ) -> Result<Vec<DynValue>, Fault> {
        let input_names: Vec<*const c_char> = feed.iter().map(|(name, _)| name.as_ptr()).collect();
        let inputs: Vec<_> = feed.iter().map(|(_, value)| value.ptr()).collect();
        let output_names: Vec<*const c_char> = outputs.iter().map(|name| name.as_ptr()).collect();
        let mut made = vec![ptr::null_mut(); outputs.len()];
        let turn = self.turn();
        // SAFETY: `Run` (onnxruntime_c_api.h) wants a session, options, and arrays of names and values of the given lengths,
        // all alive until it returns: `self`, `options`, `feed`, `outputs` and the vectors are. It changes nothing of the
        // inputs, which other runs may read. It only fills `made`, whose null pointers ask it to make the values. The session
        // is given as `*mut`, but ONNX Runtime allows calls of `Run` at once (above), no `&mut Session` is ever made of it,
        // and it is never configured after it was loaded.
        let status = unsafe {
            (ort::api().Run)(
                self.session.ptr().cast_mut(),
                options.ptr(),
                input_names.as_ptr(),
                inputs.as_ptr(),
                inputs.len(),
                output_names.as_ptr(),
                output_names.len(),
                made.as_mut_ptr(),
            )
        };
        drop(turn);
        // SAFETY: the status was just returned by ONNX Runtime, and is released here alone. With a fault, `made` was not filled.
        unsafe { ort::Error::result_from_status(status) }.map_err(Fault::engine)?;
        // SAFETY: each pointer is a value that `Run` made for us, and is wrapped once. ONNX Runtime's tensors hold the allocator
        // that frees them, and `OrtValue` holds the session that owns it.
        let own = |value| unsafe { DynValue::from_ptr(value, Some(self.session.allocator())) };
        let made = made.into_iter().zip(outputs).map(|(value, name)| {
            let value = NonNull::new(value).map(own);
            value.ok_or_else(|| Fault::engine(format!("the graph made no output {name:?}")))
        });
        made.collect()
    }
}

fn c_string(name: &str) -> Result<CString, Fault> {
    CString::new(name).map_err(Fault::internal)
}

fn halves_of(signature: &Signature) -> Vec<String> {
    let halves = signature.inputs.iter().filter(|i| i.dtype == Dtype::F16);
    halves.map(|i| i.name.clone()).collect()
}

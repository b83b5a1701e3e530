//! The ONNX Runtime library: where it is, and whether it can be loaded safely.
//!
//! A missing or foreign library can make the loader inside `ort` hang forever, so this module first opens it and reads
//! its version. It names no type of `ort`.

use std::ffi::{CStr, c_char, c_void};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use libloading::{Library, Symbol};

use vocabox_base::fault::Fault;

/// First minor version of ONNX Runtime 1.x with the C API that `ort`'s feature `api-24` needs.
const MINOR_MIN: u32 = 24;

/// File name that is searched beside the executable.
pub const FILE_NAME: &str = "libonnxruntime.so";

/// The library that the program contains.
#[derive(Debug, Clone, Copy)]
pub enum Bundled {
    /// In the executable itself, compressed with zstd.
    Embedded(&'static [u8]),
    /// In the folder that the program was built in: development builds link faster without embedding it.
    Built(&'static str),
}

static BUNDLED: OnceLock<Bundled> = OnceLock::new();

/// Sets the library that the program contains, for [`find`]. Only the first call has an effect.
pub fn bundle(library: Bundled) {
    let _ = BUNDLED.set(library);
}

/// A library that was opened and whose version was read.
pub struct Probed {
    /// The path for `ort`; for the embedded library a path in `/proc/self/fd`.
    pub path: PathBuf,
    /// The library's own version, for example `1.32.0`.
    pub version: String,
    /// Where it was found, for the operator.
    pub origin: String,
}

/// Finds and probes the library: `chosen` if given, else the embedded one, else beside the executable, else `packed`
/// (the file of the `onnxruntime` pack), else the one that a development build was built with.
///
/// Faults: `Missing`, whose sentence says what was tried and what to do.
pub fn find(chosen: Option<&Path>, packed: Option<&Path>) -> Result<Probed, Fault> {
    if let Some(path) = chosen {
        return probe(path, "--onnxruntime-lib");
    }
    let built = match BUNDLED.get() {
        Some(Bundled::Embedded(compressed)) => return probe(&unpack(compressed)?, "embedded"),
        Some(Bundled::Built(path)) => Some(Path::new(path)),
        None => None,
    };
    let beside = std::env::current_exe()
        .ok()
        .and_then(|exe| Some(exe.parent()?.join(FILE_NAME)));
    let places = [
        (beside.as_deref(), "beside the executable"),
        (packed, "pack onnxruntime"),
        (built, "where this program was built"),
    ];
    for (path, origin) in places {
        if let Some(path) = path.filter(|path| path.is_file()) {
            return probe(path, origin);
        }
    }
    Err(Fault::missing(format!(
        "ONNX Runtime is missing: this executable has none embedded, there is no {FILE_NAME} beside it and no \
         fetched pack `onnxruntime`. Run scripts/fetch-models, or give --onnxruntime-lib FILE."
    )))
}

/// Decompresses into a file that exists only in memory and as long as this process.
fn unpack(compressed: &[u8]) -> Result<PathBuf, Fault> {
    let failed = |e: std::io::Error| {
        Fault::missing("The embedded ONNX Runtime could not be unpacked into memory.").because(e)
    };
    let flags = rustix::fs::MemfdFlags::CLOEXEC;
    let descriptor =
        rustix::fs::memfd_create("onnxruntime", flags).map_err(|e| failed(e.into()))?;
    let mut file = std::fs::File::from(descriptor);
    zstd::stream::copy_decode(compressed, &mut file).map_err(failed)?;
    file.flush().map_err(failed)?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    if !path.exists() {
        return Err(Fault::missing(
            "The embedded ONNX Runtime is loaded from memory by a path in /proc, which is not mounted here: mount it, or \
             give --onnxruntime-lib FILE.",
        ));
    }
    // The loader maps it by this path until the process ends.
    std::mem::forget(file);
    Ok(path)
}

/// The start of ONNX Runtime's `OrtApiBase`, which is the same in all versions (onnxruntime_c_api.h).
#[repr(C)]
struct ApiBase {
    get_api: extern "C" fn(u32) -> *const c_void,
    get_version_string: extern "C" fn() -> *const c_char,
}

/// Opens the library at `path` and checks its version. `origin` describes the source for the operator.
pub fn probe(path: &Path, origin: &str) -> Result<Probed, Fault> {
    let refused = |why: String| {
        Fault::missing(format!(
            "The ONNX Runtime library {} ({origin}) {why}",
            path.display()
        ))
    };
    if !path.exists() {
        return Err(refused("does not exist.".to_owned()));
    }
    // SAFETY: loading runs the library's initialisers, which the operator requested. The entry point's signature is
    // fixed by ONNX Runtime's C header.
    let version = unsafe {
        let library = Library::new(path).map_err(|e| refused(format!("does not load: {e}.")))?;
        let base: Symbol<extern "C" fn() -> *const ApiBase> = library
            .get(b"OrtGetApiBase\0")
            .map_err(|_| refused("is not ONNX Runtime: it has no OrtGetApiBase.".to_owned()))?;
        let base = base();
        let version = (!base.is_null()).then(|| ((*base).get_version_string)());
        let version = version
            .filter(|v| !v.is_null())
            .map(|v| CStr::from_ptr(v).to_string_lossy().into_owned());
        // `ort` opens the same file next: staying loaded saves a second relocation.
        std::mem::forget(library);
        version.ok_or_else(|| refused("does not tell its version.".to_owned()))?
    };
    let minor = version
        .strip_prefix("1.")
        .and_then(|v| v.split('.').next()?.parse::<u32>().ok());
    match minor {
        Some(minor) if minor >= MINOR_MIN => Ok(Probed {
            path: path.to_owned(),
            version,
            origin: origin.to_owned(),
        }),
        _ => Err(refused(format!(
            "is version {version}; 1.{MINOR_MIN} or later is needed."
        ))),
    }
}

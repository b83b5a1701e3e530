//! The command `vocabox`: see `vocabox --help`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::panic;
use std::process::ExitCode;

use vocabox::audio::decode::is_shielded;
use vocabox::cli::{log_panic, run};
use vocabox::engine::graph::library::{self, Bundled};
use vocabox::memory::ReservingAllocator;

/// The ONNX Runtime library that `scripts/build.rs` embedded or named. Only this program contains it, so that the
/// libraries and their tests are built without its 33 MB.
#[cfg(embedded_onnxruntime)]
const RUNTIME: Option<Bundled> = Some(Bundled::Embedded(include_bytes!(concat!(
    env!("OUT_DIR"),
    "/onnxruntime.zst"
))));
#[cfg(not(embedded_onnxruntime))]
const RUNTIME: Option<Bundled> = match option_env!("BUILT_WITH_ONNXRUNTIME") {
    Some(path) => Some(Bundled::Built(path)),
    None => None,
};

#[global_allocator]
static ALLOCATOR: ReservingAllocator = ReservingAllocator;

fn main() -> ExitCode {
    // ONNX Runtime 1.32 otherwise keeps a database of its use in the user's cache, whatever its own options say, and
    // knows an address to send it to.
    // SAFETY: no other thread runs yet.
    unsafe { std::env::set_var("ORT_DISABLE_TELEMETRY", "1") };
    forget_blank_options();
    if let Some(runtime) = RUNTIME {
        library::bundle(runtime);
    }
    // A damaged recording on which a demuxer panics is refused like any other; it is not a fault for the log.
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !is_shielded() && !log_panic(panic) {
            report(panic);
        }
    }));
    run()
}

/// Removes the variables of options that are blank: a service file or a compose file that leaves one empty means to leave it
/// out.
fn forget_blank_options() {
    let is_blank = |value: &OsString| value.to_string_lossy().trim().is_empty();
    let blank: Vec<OsString> = std::env::vars_os()
        .filter(|(name, value)| name.as_bytes().starts_with(b"VOCABOX_") && is_blank(value))
        .map(|(name, _)| name)
        .collect();
    for name in blank {
        // SAFETY: no other thread runs yet.
        unsafe { std::env::remove_var(name) };
    }
}

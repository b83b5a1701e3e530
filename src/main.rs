//! The command `vocabox`: see `vocabox --help`.

use std::panic;
use std::process::ExitCode;

use clap::Parser;
use vocabox::audio::decode::is_shielded;
use vocabox::cli::{Cli, run};
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
    if let Some(runtime) = RUNTIME {
        library::bundle(runtime);
    }
    // A damaged recording on which a demuxer panics is refused like any other; it is not a fault for the log.
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !is_shielded() {
            report(panic);
        }
    }));
    run(Cli::parse())
}

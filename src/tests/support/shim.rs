//! Libraries that are loaded before libc (`LD_PRELOAD`), so that a server meets a disk or a clock that the test controls.
//! Their sources are in `tests/data`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles `tests/data/NAME.rs` into `folder`; returns the library.
pub fn build(name: &str, folder: &Path) -> PathBuf {
    let shim = folder.join(format!("{name}.so"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = root.join(format!("src/tests/data/{name}.rs"));
    let rustc = std::env::var("RUSTC").unwrap_or("rustc".to_owned());
    let built = Command::new(rustc)
        .args(["--edition", "2024", "--crate-type", "cdylib", "-O", "-o"])
        .args([&shim, &source])
        .status();
    assert!(built.expect("rustc is there").success());
    shim
}

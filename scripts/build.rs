//! Embeds the fetched ONNX Runtime library, compressed, into the executable of a release (cfg `embedded_onnxruntime`).
//! Development builds only get its path (`BUILT_WITH_ONNXRUNTIME`), which takes less time.
//!
//! Without the fetched pack the build continues: the executable then looks for the library when it starts
//! (`src/engine/library.rs`). The embedded library is compared with the SHA-256 in the pack's manifest here, because
//! that is not possible afterwards.

use std::path::{Path, PathBuf};
use std::{env, fs};

use sha2::{Digest, Sha256};

/// zstd level: 12 is within 4 % of the size of 19 at a tenth of the build time.
const LEVEL: i32 = 12;

fn main() {
    println!("cargo:rustc-check-cfg=cfg(embedded_onnxruntime)");
    println!("cargo:rerun-if-changed=scripts/build.rs");
    let pack = Path::new("models/onnxruntime");
    println!("cargo:rerun-if-changed=models/onnxruntime/pack.toml");
    let Some((library, sha256)) = library(pack) else {
        return;
    };
    let Ok(path) = library.canonicalize() else {
        // The modification time of the folder changes when the library is fetched.
        println!("cargo:rerun-if-changed={}", pack.display());
        return;
    };
    println!("cargo:rerun-if-changed={}", library.display());
    if env::var("PROFILE").is_ok_and(|profile| profile == "debug") {
        println!("cargo:rustc-env=BUILT_WITH_ONNXRUNTIME={}", path.display());
        return;
    }
    let bytes = fs::read(&path).expect("the library can be read");
    let found: String = Sha256::digest(&bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert!(
        found == sha256,
        "{} has sha256 {found}, its pack.toml says {sha256}: delete it and run scripts/fetch-models",
        library.display()
    );
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let compressed =
        zstd::encode_all(bytes.as_slice(), LEVEL).expect("zstd compresses from memory");
    fs::write(out.join("onnxruntime.zst"), compressed).expect("OUT_DIR is writable");
    println!("cargo:rustc-cfg=embedded_onnxruntime");
}

/// The library's path and expected hash, from the pack's manifest.
fn library(pack: &Path) -> Option<(PathBuf, String)> {
    let manifest: toml::Table = fs::read_to_string(pack.join("pack.toml"))
        .ok()?
        .parse()
        .ok()?;
    let files = manifest.get("files")?.as_array()?;
    let file = files
        .iter()
        .find(|f| f.get("role").and_then(|r| r.as_str()) == Some("library"))?;
    let text = |key: &str| file.get(key)?.as_str().map(str::to_owned);
    Some((pack.join(text("path")?), text("sha256")?))
}

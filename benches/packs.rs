//! The fetched packs, and their graphs in ONNX Runtime or tract as a server loads them.

use std::path::Path;
use std::time::{Duration, Instant};

use vocabox::app::{find_ort, start_ort};
use vocabox::config::{Common, CommonFlags, Flags};
use vocabox::engine::contract::CancellationToken;
use vocabox::engine::graph::loader::GraphLoader;
use vocabox::pack::Pack;

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models");

/// The pack called `name`.
pub fn pack(name: &str) -> Pack {
    Pack::open(&Path::new(MODELS).join(name)).expect("scripts/fetch-models --all")
}

/// What loads graphs, with as many threads as the machine has cores.
pub fn graphs() -> GraphLoader {
    let common = Common::resolve(&CommonFlags {
        flags: Flags::default().with("models_dir", MODELS),
        ..CommonFlags::default()
    });
    let models = common.and_then(|common| common.models(&Flags::default()));
    let models = models.expect("sound options");
    let packs = Pack::all(Path::new(MODELS)).expect("packs");
    let probed = find_ort(&models, &packs).expect("scripts/fetch-models --all");
    GraphLoader {
        ort: Some(start_ort(&models, &probed).expect("it starts")),
        idle: None,
    }
}

/// Time enough for every step.
pub fn cancellation() -> CancellationToken {
    CancellationToken::until(Instant::now() + Duration::from_secs(3_600))
}

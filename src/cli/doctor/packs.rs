//! The models: ONNX Runtime, the device that runs them, and the files of the packs.

use super::finding::{Findings, size};
use crate::app::{Installation, find_ort, memory_need, start_ort};
use crate::capability::{Capability, ReadyField};
use crate::config;
use crate::engine::graph::device::Device;
use crate::engine::graph::loader::GraphLoader;
use crate::engine::graph::ort::Ort;
use crate::fault::Fault;
use crate::pack::Pack;
use crate::pack::manifest::{PackKind, Runtime};

const FETCH: &str = "run scripts/fetch-models";

/// What was found of the models.
#[derive(Default)]
pub struct FoundPacks {
    /// All, fetched or not.
    pub packs: Vec<Pack>,
    /// Version and origin of ONNX Runtime.
    pub onnxruntime: Option<(String, String)>,
    /// Bytes of memory without which the fetched packs cannot be loaded.
    pub memory_need: u64,
    /// Whether a server could load what it needs.
    pub are_usable: bool,
}

/// Looks at the packs in the models folder, with every file hashed, and at what runs them.
pub fn look(findings: &mut Findings, models: &config::Models) -> FoundPacks {
    let packs = match Pack::all(&models.models_dir) {
        Ok(packs) => packs,
        Err(error) => {
            findings.fail(
                "packs",
                error.to_string(),
                "name the folder by --models-dir, and repair the manifest",
            );
            return FoundPacks::default();
        }
    };
    let fetched = || packs.iter().filter(|pack| pack.is_fetched());
    let mut are_usable = true;
    let needs_ort = fetched().any(|pack| pack.kind() != PackKind::Runtime && runs_on_ort(pack));
    let (mut ort, mut onnxruntime) = (None, None);
    if needs_ort {
        match opened(findings, models, &packs) {
            Some((opened, version, origin)) => {
                (ort, onnxruntime) = (Some(opened), Some((version, origin)));
            }
            None => are_usable = false,
        }
    }
    let graphs = GraphLoader { ort, idle: None };
    let mut bytes = 0;
    for pack in fetched().filter(|pack| !holds_recordings(pack)) {
        bytes += loaded_bytes(pack, &graphs);
        are_usable &= files(findings, pack, &graphs);
    }
    are_usable &= capabilities(findings, &packs);
    FoundPacks {
        memory_need: memory_need(bytes),
        packs,
        onnxruntime,
        are_usable,
    }
}

/// Whether the pack is for tests only.
fn holds_recordings(pack: &Pack) -> bool {
    pack.kind() == PackKind::Audio
}

fn runs_on_ort(pack: &Pack) -> bool {
    !holds_recordings(pack) && pack.manifest.runtime.unwrap_or(Runtime::Ort) == Runtime::Ort
}

/// ONNX Runtime, its version and its origin. None where it cannot be used.
fn opened(
    findings: &mut Findings,
    models: &config::Models,
    packs: &[Pack],
) -> Option<(Ort, String, String)> {
    let probed = match find_ort(models, packs) {
        Ok(probed) => probed,
        Err(fault) => {
            let remedy = "give --onnxruntime-lib the library of ONNX Runtime 1.24 or later, or leave it out for the embedded one";
            findings.fail("onnxruntime", fault.to_string(), remedy);
            return None;
        }
    };
    findings.ok(
        "onnxruntime",
        format!("{} ({})", probed.version, probed.origin),
    );
    match start_ort(models, &probed) {
        Ok(ort) => {
            let asked = &models.settings.device;
            let found = match (ort.device(), ort.why_not_cuda()) {
                (Device::Cpu, Some(why)) => format!("cpu (asked for: {asked}); no CUDA: {why}"),
                (device, _) => format!("{device} (asked for: {asked})"),
            };
            findings.ok("device", found);
            Some((ort, probed.version, probed.origin))
        }
        Err(fault) => {
            findings.fail(
                "device",
                fault.to_string(),
                "see `vocabox docs options`, or choose --device cpu",
            );
            None
        }
    }
}

fn loaded_bytes(pack: &Pack, graphs: &GraphLoader) -> u64 {
    let variant = graphs.variant(pack);
    let files = pack.manifest.files.iter();
    let loaded = files.filter(|f| f.is_of(variant.as_deref()));
    loaded.map(|f| f.size).sum()
}

/// Hashes a pack's files. Returns whether they are as the manifest says.
fn files(findings: &mut Findings, pack: &Pack, graphs: &GraphLoader) -> bool {
    let variant = graphs.variant(pack);
    let subject = format!("pack {}", pack.name());
    match pack.verify(variant.as_deref(), true) {
        Ok(()) => {
            let count = pack.manifest.files.len();
            let bytes = size(loaded_bytes(pack, graphs));
            let mut found = format!(
                "{}, {count} files as listed, {bytes} loaded",
                pack.manifest.engine
            );
            if let Some(variant) = &variant {
                let is_cuda =
                    pack.manifest.cuda_variant.as_ref() == Some(variant) && variant_differs(pack);
                let why = if is_cuda {
                    "for CUDA"
                } else {
                    "for processors"
                };
                found += &format!("; variant {variant}, its manifest's {why}");
            }
            findings.ok(&subject, found);
            true
        }
        Err(error) => {
            findings.fail(
                &subject,
                error.to_string(),
                "run scripts/fetch-models --repair",
            );
            false
        }
    }
}

fn variant_differs(pack: &Pack) -> bool {
    pack.manifest.cuda_variant != pack.manifest.variant
}

/// Says what cannot be done for want of a pack. Returns whether anything can.
fn capabilities(findings: &mut Findings, packs: &[Pack]) -> bool {
    let mut can = Vec::new();
    let has = |kind: PackKind| packs.iter().any(|p| p.kind() == kind && p.is_fetched());
    for capability in Capability::ALL {
        let row = capability.row();
        let Some(kind) = row.packs.first() else {
            continue;
        };
        match (has(*kind), row.endpoint) {
            (true, _) => can.push(capability),
            (false, Some(endpoint)) => findings.warn(
                row.name,
                format!(
                    "no pack that {} is fetched: {endpoint} answers 503",
                    row.does
                ),
                format!("{FETCH} {}", row.example_pack),
            ),
            (false, None) => {}
        }
    }
    if can.contains(&&Capability::Transcribe) && !has(PackKind::Detect) {
        let found = "no pack that detects speech is fetched: the server does not start";
        findings.fail("transcribe", found, format!("{FETCH} silero-vad"));
        return false;
    }
    let is_any = can.iter().any(|c| c.row().ready == ReadyField::First);
    if !is_any {
        findings.fail("packs", "there is none that speaks or transcribes", FETCH);
    }
    is_any
}

/// Opens the packs that speak and transcribe, as a server would. Faults: those of [`Installation::open`].
pub fn opened_to_talk(models: &config::Models) -> Result<Installation, Fault> {
    Installation::open(models, &[Capability::Speak, Capability::Transcribe])
}

//! Loads a pack's graphs with the right runtime and checks them against the manifest.

use std::sync::Arc;

use crate::graph::device::Device;
use crate::graph::idle::IdleGraphs;
use crate::graph::net::{Net, Signature, TensorSpec};
use crate::graph::ort::Ort;
use crate::graph::tract::TractNet;
use vocabox_base::fault::Fault;
use vocabox_pack::manifest::{FileEntry, Runtime, TensorText};
use vocabox_pack::{Pack, PackError, PackFile};

/// The available runtimes.
#[derive(Clone)]
pub struct GraphLoader {
    /// None on a machine without ONNX Runtime: packs that need it are then refused.
    pub ort: Option<Ort>,
    /// Unloads graphs that are not used; none where they stay loaded.
    pub idle: Option<Arc<IdleGraphs>>,
}

impl GraphLoader {
    /// Returns the variant of a pack's files that is loaded on the active device.
    pub fn variant(&self, pack: &Pack) -> Option<String> {
        let cuda = pack.manifest.cuda_variant.clone();
        match self.ort.as_ref().map(Ort::device) {
            Some(Device::Cuda(_)) if cuda.is_some() => cuda,
            _ => variant_in_use(pack),
        }
    }

    /// Loads the graph with `role` of `pack`, with the runtime that its manifest names.
    ///
    /// Faults: `Missing` when the file, its tensors or the runtime differ from the manifest; `Engine` when the library
    /// refuses the graph.
    pub fn load(&self, pack: &Pack, role: &str) -> Result<Arc<dyn Net>, Fault> {
        let variant = self.variant(pack);
        let file = pack.file(role, variant.as_deref()).map_err(refused)?;
        let runtime = pack.manifest.runtime.unwrap_or(Runtime::Ort);
        let path = pack.path(file);
        let net = match &self.idle {
            None => self.load_file(&path, runtime)?,
            Some(idle) => {
                let (loader, same, variant) = (self.clone(), pack.clone(), variant.clone());
                idle.load(format!("{}: {role}", pack.name()), move || {
                    // The files may have changed since the server started.
                    same.verify(variant.as_deref(), false).map_err(refused)?;
                    loader.load_file(&path, runtime)
                })?
            }
        };
        check(pack, file, net.signature()).map_err(refused)?;
        Ok(net)
    }

    /// Loads the graph in `file` with `runtime`, unchecked.
    fn load_file(&self, file: &PackFile, runtime: Runtime) -> Result<Arc<dyn Net>, Fault> {
        match (runtime, &self.ort) {
            (Runtime::Tract, _) => Ok(Arc::new(TractNet::load(file)?)),
            (Runtime::Ort, Some(ort)) => Ok(Arc::new(ort.load(file)?)),
            (Runtime::Ort, None) => Err(Fault::missing(
                "This model needs ONNX Runtime, which is not there.",
            )),
        }
    }
}

/// Returns the fault of a wrong pack: a missing dependency, whose public sentence names no file.
pub fn refused(error: PackError) -> Fault {
    Fault::missing("A model pack of this server is not as its manifest says.").because(error)
}

fn check(pack: &Pack, file: &FileEntry, found: &Signature) -> Result<(), PackError> {
    let sides = [
        ("inputs", &file.inputs, &found.inputs),
        ("outputs", &file.outputs, &found.outputs),
    ];
    for (side, expected, found) in sides {
        let same = expected.len() == found.len()
            && found.iter().all(|spec| {
                expected
                    .get(&spec.name)
                    .and_then(|text| TensorText::parse(text).ok())
                    .is_some_and(|text| agrees(&text, spec))
            });
        if !same {
            return Err(PackError::Tensors {
                pack: pack.name().to_owned(),
                path: pack.path(file).shown().to_owned(),
                side,
                expected: list(expected.iter().map(|(name, text)| format!("{name} {text}"))),
                found: list(found.iter().map(TensorSpec::to_string)),
            });
        }
    }
    Ok(())
}

/// Whether the graph's tensor has the manifest's type and, where both fix a size, the same size.
fn agrees(text: &TensorText, spec: &TensorSpec) -> bool {
    let sizes = |(a, b): (&Option<usize>, &Option<usize>)| match (a, b) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    // A runtime that cannot tell a shape gives none.
    let shapes = spec.dims.is_empty()
        || (text.dims.len() == spec.dims.len() && text.dims.iter().zip(&spec.dims).all(sizes));
    spec.dtype.name() == Some(text.dtype.as_str()) && shapes
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        return "none".to_owned();
    }
    items.join("; ")
}

/// Returns the variant of a pack's files that is loaded on a CPU.
pub fn variant_in_use(pack: &Pack) -> Option<String> {
    pack.manifest.variant.clone()
}

/// Returns the size in bytes of a pack's files that are loaded on a CPU.
pub fn bytes_in_use(pack: &Pack) -> u64 {
    let variant = variant_in_use(pack);
    let files = pack.manifest.files.iter();
    let used = files.filter(|file| file.is_of(variant.as_deref()));
    used.map(|file| file.size).sum()
}

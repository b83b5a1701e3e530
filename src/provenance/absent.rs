//! What takes the place of `credentials` in a build without the feature `c2pa`: a credential that cannot be had.

use std::convert::Infallible;
use std::io::{Read, Seek, Write};
use std::path::Path;

use vocabox_audio::mark::SyntheticMark;
use vocabox_base::fault::Fault;

use super::CheckedManifest;

/// Whether this build signs.
pub fn is_built() -> bool {
    false
}

/// Fault: always `Missing`.
pub fn create_key(_folder: &Path, _organization: &str) -> Result<(), Fault> {
    Err(not_built())
}

/// Fault: always `Missing`.
pub fn check(
    _file: &mut (impl Read + Seek + Send),
    _trust: Option<&str>,
) -> Result<Option<CheckedManifest>, Fault> {
    Err(not_built())
}

fn not_built() -> Fault {
    Fault::missing(
        "This program was built without C2PA: build it with `cargo build --release --features c2pa`.",
    )
}

/// What a signature binds.
pub enum Binding {
    Bytes(&'static str),
    Boxes(&'static str),
}

/// There is none.
pub struct Credential(Infallible);

impl Credential {
    /// Fault: always `Missing`.
    pub fn open(_path: &Path) -> Result<Self, Fault> {
        Err(not_built())
    }

    /// Never called.
    pub fn organization(&self) -> &str {
        match self.0 {}
    }

    /// Never called.
    pub fn manifest(&self, _mark: SyntheticMark, _binding: Binding) -> Result<Manifest, Fault> {
        match self.0 {}
    }
}

/// There is none.
pub struct Manifest(Infallible);

impl Manifest {
    /// Never called.
    pub fn room(&self) -> &[u8] {
        match self.0 {}
    }

    /// Never called.
    pub fn sign(
        self,
        _file: &mut (impl Read + Write + Seek + Send),
        _at: u64,
        _head: u64,
    ) -> Result<(), Fault> {
        match self.0 {}
    }
}

//! What takes the place of `credentials` in a build without the feature `c2pa`: a credential that cannot be had.

use std::convert::Infallible;
use std::io::{Read, Seek, Write};
use std::path::Path;

use vocabox_audio::mark::SyntheticMark;
use vocabox_base::fault::Fault;

use super::{CheckedManifest, SignatureBinding};

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

/// There is none.
pub struct AbsentCredential(Infallible);

/// What [`super::ContentSigner`] has in a build that signs.
pub type Credential = AbsentCredential;

impl AbsentCredential {
    /// Fault: always `Missing`.
    pub fn open(_path: &Path) -> Result<Self, Fault> {
        Err(not_built())
    }

    /// Never called.
    pub fn organization(&self) -> &str {
        match self.0 {}
    }

    /// Never called.
    pub fn manifest(
        &self,
        _mark: SyntheticMark,
        _binding: SignatureBinding,
    ) -> Result<ContentManifest, Fault> {
        match self.0 {}
    }
}

/// There is none.
pub struct AbsentManifest(Infallible);

/// What [`super::FilmManifest`] has in a build that signs.
pub type ContentManifest = AbsentManifest;

impl AbsentManifest {
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

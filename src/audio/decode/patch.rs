//! Replacement bytes for parts of a file, which correct what the file declares about itself.

/// Bytes that are read in place of those at `at`.
#[derive(Debug, PartialEq)]
pub struct Patch {
    pub at: u64,
    pub bytes: Vec<u8>,
}

impl From<(u64, Vec<u8>)> for Patch {
    fn from((at, bytes): (u64, Vec<u8>)) -> Self {
        Patch { at, bytes }
    }
}

//! Bytes that are read in the place of those of a file: how what it says of itself is corrected.

/// Bytes that stand in for those at `at`.
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

//! Whether a file has a manifest, without reading it.

use std::io::{self, Read};

/// Bytes that are read at once.
const BLOCK: usize = 1 << 20;
/// The start of each manifest store (C2PA 2.2, §11.1.4.2): a description box of JUMBF whose type is C2PA's.
const START: &[u8] = b"jumdc2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71";

/// Whether a file of any format has a manifest of C2PA, valid or not. Errors: those of reading.
pub fn has_manifest(mut file: impl Read) -> io::Result<bool> {
    let mut window = Vec::new();
    loop {
        let read = file.by_ref().take(BLOCK as u64).read_to_end(&mut window)?;
        if window.windows(START.len()).any(|found| found == START) {
            return Ok(true);
        }
        if read == 0 {
            return Ok(false);
        }
        window.drain(..window.len().saturating_sub(START.len() - 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_found_wherever_blocks_end() {
        for before in [0, 1, BLOCK - 5, BLOCK - 1, BLOCK, 2 * BLOCK - 23] {
            let file = [&vec![b'j'; before], START, &[0; 9]].concat();
            assert!(has_manifest(&file[..]).unwrap(), "{before}");
            assert!(!has_manifest(&file[..before + START.len() - 1]).unwrap());
        }
        assert!(!has_manifest(&[][..]).unwrap());
    }
}

//! Entries of a zip file: stored or deflated, each within a bound, whatever the file says of itself.
//!
//! Source: APPNOTE.TXT 6.3.10 of PKWARE, sections 4.3.7, 4.3.12 and 4.3.16. Archives of numpy (`.npz`) and of PyTorch (`.pt`) need
//! no more. Entries are found by the central directory; names are only compared, never made into paths.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use miniz_oxide::inflate::decompress_to_vec_with_limit;

use crate::limits::{VOICE_BYTES_MAX, VOICE_ENTRIES_MAX};

/// Signatures of the end record, of an entry of the directory, and of an entry itself.
const END: [u8; 4] = *b"PK\x05\x06";
const ENTRY: [u8; 4] = *b"PK\x01\x02";
const LOCAL: [u8; 4] = *b"PK\x03\x04";
const END_BYTES: usize = 22;
const ENTRY_BYTES: usize = 46;
const LOCAL_BYTES: usize = 30;
/// The comment after the end record has at most as many bytes.
const COMMENT_BYTES_MAX: usize = 0xffff;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// A zip file with its entries.
#[derive(Debug)]
pub struct ZipArchive {
    file: File,
    pub entries: Vec<ZipEntry>,
}

/// An entry of the directory.
#[derive(Debug, Clone)]
pub struct ZipEntry {
    pub name: String,
    /// Bytes of the content.
    pub size: u64,
    packed: u64,
    method: u16,
    at: u64,
}

impl ZipArchive {
    /// Reads the directory of the archive at `path`. The error says what is wrong with it.
    pub fn open(path: &Path) -> Result<Self, String> {
        let mut file = File::open(path).map_err(|e| e.to_string())?;
        let bytes = file.metadata().map_err(|e| e.to_string())?.len();
        let tail = bytes.min((END_BYTES + COMMENT_BYTES_MAX) as u64);
        let end = read_at(&mut file, bytes - tail, tail)?;
        let last = end.windows(4).rposition(|w| w == END);
        let end = last.and_then(|at| end.get(at..at + END_BYTES));
        let end = end.ok_or("it is no zip file, or cut off")?;
        let (count, size, at) = (u16_at(end, 10), u32_at(end, 12), u32_at(end, 16));
        if usize::from(count) > VOICE_ENTRIES_MAX {
            return Err(format!(
                "it has {count} entries; {VOICE_ENTRIES_MAX} are accepted"
            ));
        }
        // Names and extras of so many entries; what is larger is no archive of voices.
        let size_max = (usize::from(count) * (ENTRY_BYTES + 1024)) as u64;
        if u64::from(size) > size_max || u64::from(at) + u64::from(size) > bytes {
            return Err("its directory is not where it says".to_owned());
        }
        let directory = read_at(&mut file, u64::from(at), u64::from(size))?;
        let mut entries = Vec::new();
        let mut rest = directory.as_slice();
        for _ in 0..count {
            let head = rest.get(..ENTRY_BYTES).filter(|h| h[..4] == ENTRY);
            let head = head.ok_or("its directory is damaged")?;
            let [name, extra, comment] = [28, 30, 32].map(|at| usize::from(u16_at(head, at)));
            let all = ENTRY_BYTES + name + extra + comment;
            let whole = rest.get(..all).ok_or("its directory is damaged")?;
            let is_encrypted = u16_at(head, 8) & 1 == 1;
            if is_encrypted {
                return Err("it is encrypted".to_owned());
            }
            entries.push(ZipEntry {
                name: String::from_utf8_lossy(&whole[ENTRY_BYTES..ENTRY_BYTES + name]).into_owned(),
                method: u16_at(head, 10),
                packed: u64::from(u32_at(head, 20)),
                size: u64::from(u32_at(head, 24)),
                at: u64::from(u32_at(head, 42)),
            });
            rest = &rest[all..];
        }
        Ok(ZipArchive { file, entries })
    }

    /// Returns the content of an entry. The error says why not: it is larger than a voice, or not what the directory says.
    pub fn content(&mut self, entry: &ZipEntry) -> Result<Vec<u8>, String> {
        let refused = |why: &str| format!("its entry {:?} {why}", entry.name);
        if entry.size > VOICE_BYTES_MAX || entry.packed > VOICE_BYTES_MAX {
            return Err(refused(&format!(
                "has {} KiB; up to {} are accepted",
                entry.size.max(entry.packed) >> 10,
                VOICE_BYTES_MAX >> 10
            )));
        }
        let head = read_at(&mut self.file, entry.at, LOCAL_BYTES as u64)?;
        if head[..4] != LOCAL {
            return Err(refused("is not where the directory says"));
        }
        let before = u64::from(u16_at(&head, 26)) + u64::from(u16_at(&head, 28));
        let at = entry.at + LOCAL_BYTES as u64 + before;
        let packed = read_at(&mut self.file, at, entry.packed)?;
        let content = match entry.method {
            STORED => packed,
            // One byte more than it says: a bomb is stopped there.
            DEFLATED => decompress_to_vec_with_limit(&packed, entry.size as usize + 1)
                .map_err(|_| refused("does not unpack to the size that the directory says"))?,
            _ => return Err(refused("is packed in a way that is not read")),
        };
        match content.len() as u64 == entry.size {
            true => Ok(content),
            false => Err(refused("has another size than the directory says")),
        }
    }
}

/// Reads `count` bytes from `at` on; callers have bounded `count`.
fn read_at(file: &mut File, at: u64, count: u64) -> Result<Vec<u8>, String> {
    let mut bytes = vec![0; count as usize];
    file.seek(SeekFrom::Start(at))
        .and_then(|_| file.read_exact(&mut bytes))
        .map_err(|e| format!("it is cut off: {e}"))?;
    Ok(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// A zip file of these entries, deflated on demand; `size` replaces the size that the directory states.
#[cfg(test)]
pub(super) fn zipped(entries: &[(&str, &[u8])], is_deflated: bool, size: Option<u32>) -> Vec<u8> {
    let (mut made, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let packed = match is_deflated {
            true => miniz_oxide::deflate::compress_to_vec(content, 6),
            false => content.to_vec(),
        };
        let method = if is_deflated { DEFLATED } else { STORED };
        let at = made.len() as u32;
        let sizes = [packed.len() as u32, size.unwrap_or(content.len() as u32)];
        // Version, flags, method, time, date, sum.
        let mut common = [0_u16, 0, method, 0, 0, 0, 0]
            .map(u16::to_le_bytes)
            .concat();
        common.splice(0..2, 20_u16.to_le_bytes());
        common.extend(sizes.map(u32::to_le_bytes).concat());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend(0_u16.to_le_bytes());
        made.extend([LOCAL.as_slice(), &common, name.as_bytes(), &packed].concat());
        directory.extend(
            [
                ENTRY.as_slice(),
                &[20, 0],
                &common,
                &[0; 10],
                &at.to_le_bytes(),
            ]
            .concat(),
        );
        directory.extend(name.as_bytes());
    }
    let (count, at) = (entries.len() as u16, made.len() as u32);
    let counts = [0, 0, count, count].map(u16::to_le_bytes).concat();
    let places = [directory.len() as u32, at].map(u32::to_le_bytes).concat();
    [made, directory, END.to_vec(), counts, places, vec![0, 0]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(bytes: &[u8]) -> Result<ZipArchive, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.zip");
        std::fs::write(&path, bytes).unwrap();
        ZipArchive::open(&path)
    }

    #[test]
    fn stored_and_deflated_entries_are_read() {
        for is_deflated in [false, true] {
            let bytes = zipped(&[("a", b"first"), ("b/c", &[7; 5000])], is_deflated, None);
            let mut archive = opened(&bytes).unwrap();
            let entries = archive.entries.clone();
            assert_eq!(entries[1].name, "b/c");
            assert_eq!(archive.content(&entries[0]).unwrap(), b"first");
            assert_eq!(archive.content(&entries[1]).unwrap(), [7; 5000]);
        }
    }

    #[test]
    fn bombs_and_lies_are_refused_without_being_unpacked() {
        let zeros = vec![0; 8 << 20];
        let first = |bytes: &[u8]| {
            let mut archive = opened(bytes).unwrap();
            let entry = archive.entries[0].clone();
            archive.content(&entry).unwrap_err()
        };
        let told = first(&zipped(&[("a", &zeros)], true, None));
        assert!(told.contains("up to 4096 are accepted"), "{told}");
        let told = first(&zipped(&[("a", &zeros)], true, Some(100)));
        assert!(told.contains("does not unpack"), "{told}");
        let told = first(&zipped(&[("a", b"abc")], false, Some(2)));
        assert!(told.contains("another size"), "{told}");
    }

    #[test]
    fn damaged_archives_are_refused_and_never_panic() {
        let whole = zipped(&[("a", b"first"), ("b", b"second")], true, None);
        for end in 0..whole.len() {
            assert!(opened(&whole[..end]).is_err(), "{end}");
        }
        for at in 0..whole.len() {
            for change in [1, 0x80, 0xff] {
                let mut other = whole.clone();
                other[at] ^= change;
                if let Ok(mut archive) = opened(&other) {
                    for entry in archive.entries.clone() {
                        let _ = archive.content(&entry);
                    }
                }
            }
        }
        let many = zipped(&vec![("a", b"".as_slice()); 2000], false, None);
        assert!(opened(&many).unwrap_err().contains("2000 entries"));
    }
}

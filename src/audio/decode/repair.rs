//! Corrects what a cut or damaged file declares about its own structure, by bytes laid over it.
//!
//! A demuxer refuses a container that claims more than the file holds, or ends at the first wrong length. The
//! corrections never move anything: each covers existing bytes. MP4 (ISO/IEC 14496-12 §4.2) and AIFF (Apple 1989) are
//! corrected here, Matroska in [`matroska`]; demuxers of other formats resynchronise by themselves. [`video_tracks`]
//! covers the picture descriptions of an MP4 that a demuxer would refuse.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use crate::decode::patch::Patch;
use crate::decode::{fragment_runs, matroska, quicktime_sound, video_tracks};

/// Boxes or chunks that are examined.
const PARTS_MAX: usize = 1 << 20;

/// The corrections of a file.
#[derive(Debug, Default, PartialEq)]
pub struct Repair {
    /// In the order of the file, not overlapping.
    pub patches: Vec<Patch>,
    /// Whether the file ends before its index, without which nothing in it can be found.
    pub lacks_index: bool,
    /// Why the file must not be read.
    pub refusal: Option<&'static str>,
}

/// Returns the corrections of `source` of `bytes` bytes; none when it is whole, or of a format that needs none. The
/// position of `source` afterwards is unspecified.
pub fn read<S: Read + Seek>(source: &mut S, bytes: u64) -> Repair {
    let mut source = BufReader::new(source);
    let mut start = [0; 12];
    // The demuxer refuses what cannot be read here.
    if source.rewind().is_err() || source.read_exact(&mut start).is_err() {
        return Repair::default();
    }
    let found = match &start {
        [0x1A, 0x45, 0xDF, 0xA3, ..] => {
            matroska::patches(&mut source, bytes).map(|patches| Repair {
                patches,
                ..Repair::default()
            })
        }
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => mp4(&mut source, bytes).map(|mut repair| {
            let mut add = |patches: io::Result<Vec<Patch>>| {
                repair.patches.extend(patches.unwrap_or_default());
            };
            add(video_tracks::patches(&mut source, bytes));
            add(quicktime_sound::patches(&mut source, bytes));
            if let Ok(false) = fragment_runs::are_possible(&mut source, bytes) {
                repair.refusal = Some("a fragment counts more samples than its bytes can hold");
            }
            repair.patches.sort_by_key(|patch| patch.at);
            repair
        }),
        [
            b'F',
            b'O',
            b'R',
            b'M',
            _,
            _,
            _,
            _,
            b'A',
            b'I',
            b'F',
            b'F' | b'C',
        ] => aiff(&mut source, bytes),
        _ => Ok(Repair::default()),
    };
    found.unwrap_or_default()
}

/// Shortens the last box to the file's end when it claims more.
fn mp4<S: Read + Seek>(source: &mut BufReader<S>, bytes: u64) -> io::Result<Repair> {
    let (mut at, mut has_index) = (0, false);
    for _ in 0..PARTS_MAX {
        if at + 16 > bytes {
            break;
        }
        let mut head = [0; 16];
        source.seek(SeekFrom::Start(at))?;
        source.read_exact(&mut head)?;
        let [s0, s1, s2, s3, kind @ .., _, _, _, _, _, _, _, _] = head;
        let size = match u32::from_be_bytes([s0, s1, s2, s3]) {
            // A size of 0: the box goes to the end of the file.
            0 => break,
            1 => u64::from_be_bytes(head[8..].try_into().expect("8 bytes")),
            short => u64::from(short),
        };
        has_index |= &kind == b"moov";
        let left = bytes - at;
        if size < 8 {
            break;
        }
        if size > left {
            let patch = match head[..4] == [0, 0, 0, 1] {
                true => (at + 8, left.to_be_bytes().to_vec()),
                false => (at, (left as u32).to_be_bytes().to_vec()),
            };
            let is_sound = &kind == b"mdat";
            return Ok(Repair {
                patches: Vec::from_iter((is_sound && has_index).then(|| patch.into())),
                lacks_index: is_sound && !has_index,
                refusal: None,
            });
        }
        at += size;
    }
    Ok(Repair::default())
}

/// Shortens the sound chunk to the file's end when it claims more; any other chunk that does so is left out.
fn aiff<S: Read + Seek>(source: &mut BufReader<S>, bytes: u64) -> io::Result<Repair> {
    let mut at = 12;
    let mut patches = Vec::new();
    // Writes a length, smaller than the declared one, in the same number of bytes.
    let length = |at: u64, length: u64| (at, (length as u32).to_be_bytes().to_vec()).into();
    for _ in 0..PARTS_MAX {
        if at + 8 > bytes {
            break;
        }
        let mut head = [0; 8];
        source.seek(SeekFrom::Start(at))?;
        source.read_exact(&mut head)?;
        let [kind @ .., l0, l1, l2, l3] = head;
        let size = u64::from(u32::from_be_bytes([l0, l1, l2, l3]));
        if at + 8 + size > bytes {
            if &kind == b"SSND" {
                patches.push(length(4, bytes - 8));
                patches.push(length(at + 4, bytes - at - 8));
            } else {
                patches.push(length(4, at - 8));
            }
            break;
        }
        at += 8 + size.next_multiple_of(2);
    }
    Ok(Repair {
        patches,
        ..Repair::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn repair(file: &[u8]) -> Repair {
        read(&mut Cursor::new(file), file.len() as u64)
    }

    fn boxed(kind: &[u8; 4], content: usize) -> Vec<u8> {
        let size = (content as u32 + 8).to_be_bytes();
        [&size, kind.as_slice(), &vec![7; content]].concat()
    }

    #[test]
    fn an_mp4_that_breaks_off_in_its_sound_is_mended_only_behind_its_index() {
        let (head, index) = (boxed(b"ftyp", 20), boxed(b"moov", 100));
        let sound = boxed(b"mdat", 500);
        let first = [head.as_slice(), &index, &sound].concat();
        assert_eq!(repair(&first), Repair::default());
        let patch = Patch {
            at: 136,
            bytes: vec![0, 0, 1, 8],
        };
        assert_eq!(repair(&first[..400]).patches, [patch]);
        let last = [head.as_slice(), &sound, &index].concat();
        assert_eq!(repair(&last), Repair::default());
        assert!(repair(&last[..400]).lacks_index);
    }

    #[test]
    fn an_aiff_that_breaks_off_says_what_is_there() {
        let mut file = b"FORM\0\0\x01\x04AIFFCOMM\0\0\0\x02abSSND\0\0\0\xC8".to_vec();
        file.resize(100, 0);
        let patches = repair(&file).patches;
        assert_eq!(
            (patches[0].at, patches[0].bytes.as_slice()),
            (4, &[0, 0, 0, 92][..])
        );
        assert_eq!(
            (patches[1].at, patches[1].bytes.as_slice()),
            (26, &[0, 0, 0, 70][..])
        );
    }

    #[test]
    fn rubbish_is_left_alone() {
        for file in [&b""[..], b"FORM", b"RIFF\xff\xff\xff\xffWAVEfmt ", &[0; 99]] {
            assert_eq!(repair(file), Repair::default());
        }
    }
}

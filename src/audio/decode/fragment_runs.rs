//! Counts of samples in fragments (ISO/IEC 14496-12 §8.8.8) that cannot be: the demuxer would count them one by one.
//!
//! A sample takes the bytes of the fields that its run declares for each; where a run declares none, a sample of no bytes is
//! none, so that there are never more samples than bytes in the file.

use std::io::{self, Read, Seek, SeekFrom};

use crate::decode::mp4_boxes::{Span, children, next, u32_be};

/// The fields of four bytes that a run may have for each sample: duration, size, flags, offset.
const FIELDS: [u32; 4] = [0x100, 0x200, 0x400, 0x800];

/// Whether all runs of the fragments in `source` of `bytes` bytes are possible. True for a file without fragments.
pub fn are_possible<S: Read + Seek>(source: &mut S, bytes: u64) -> io::Result<bool> {
    let mut all: u64 = 0;
    let mut rest = Span { from: 0, to: bytes };
    while let Some((kind, fragment)) = next(source, rest)? {
        rest.from = fragment.to;
        if &kind != b"moof" {
            continue;
        }
        for (kind, track) in children(source, fragment, None)? {
            if &kind != b"traf" {
                continue;
            }
            for (kind, run) in children(source, track, None)? {
                if &kind != b"trun" || run.to - run.from < 8 {
                    continue;
                }
                source.seek(SeekFrom::Start(run.from))?;
                let (flags, count) = (u32_be(source)? & 0xFF_FFFF, u64::from(u32_be(source)?));
                let fields = FIELDS.iter().filter(|field| flags & **field != 0).count() as u64;
                all += count;
                if count * 4 * fields > run.to - run.from - 8 || all > bytes {
                    return Ok(false);
                }
            }
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::mp4_boxes::boxed;
    use std::io::Cursor;

    fn is_possible(flags: u32, count: u32, rest: usize) -> bool {
        let run = [
            &flags.to_be_bytes()[..],
            &count.to_be_bytes(),
            &vec![0; rest],
        ]
        .concat();
        let fragment = boxed(b"moof", &boxed(b"traf", &boxed(b"trun", &run)));
        let file = [boxed(b"ftyp", b"isom"), fragment, boxed(b"mdat", &[0; 500])].concat();
        are_possible(&mut Cursor::new(&file), file.len() as u64).unwrap()
    }

    #[test]
    fn runs_count_no_more_samples_than_there_are_bytes_for() {
        assert!(is_possible(0x301, 10, 4 + 80));
        assert!(!is_possible(0x301, 11, 80));
        assert!(is_possible(0x001, 300, 4));
        assert!(!is_possible(0x001, 583_000_000, 4));
        assert!(!is_possible(0x200, u32::MAX, 4));
        let none = b"RIFF\xFF\xFF\xFF\xFFWAVE";
        assert!(are_possible(&mut Cursor::new(none), 12).unwrap());
    }
}

//! Finds patches over descriptions of sound in QuickTime films, so that the demuxer finds what it needs.
//!
//! QuickTime puts the decoder's configuration of ALAC into a box `wave` of the description; the demuxer looks for it in
//! the description itself. The patch ends `wave` after its head, so that its content follows it.

use std::io::{self, Read, Seek, SeekFrom};

use crate::decode::mp4_boxes::{Span, children, descend, movie, u32_be};
use crate::decode::patch::Patch;

/// Bytes of a description before its boxes, by its version: reserved bytes, a reference, and the fields of §12.2.3 and of
/// QuickTime's version 1.
const FIELDS_BYTES: [u64; 2] = [28, 28 + 16];
/// Bytes of the head of a box.
const HEAD_BYTES: u64 = 8;

/// Returns the patches for the film in `source` of `bytes` bytes; none when it is no MP4.
pub fn patches<S: Read + Seek>(source: &mut S, bytes: u64) -> io::Result<Vec<Patch>> {
    let mut patches = Vec::new();
    let Some(movie) = movie(source, bytes)? else {
        return Ok(patches);
    };
    for (kind, track) in children(source, movie, None)? {
        if &kind == b"trak"
            && let Ok(Some(patch)) = alac(source, track)
        {
            patches.push(patch);
        }
    }
    Ok(patches)
}

/// Returns the patch over the box `wave` of a track whose first description is of ALAC.
fn alac<S: Read + Seek>(source: &mut S, track: Span) -> io::Result<Option<Patch>> {
    let Some(list) = descend(source, track, &[b"mdia", b"minf", b"stbl", b"stsd"])? else {
        return Ok(None);
    };
    // After version, flags and the number of descriptions.
    let first = Span {
        from: list.from + 8,
        to: list.to,
    };
    let Some((kind, entry)) = children(source, first, None)?.first().copied() else {
        return Ok(None);
    };
    source.seek(SeekFrom::Start(entry.from + 8))?;
    let version = u32_be(source)? >> 16;
    let Some(fields) = FIELDS_BYTES
        .get(version as usize)
        .filter(|_| &kind == b"alac")
    else {
        return Ok(None);
    };
    let boxes = Span {
        from: entry.from + fields,
        to: entry.to,
    };
    let mut boxes = children(source, boxes, None)?.into_iter();
    let Some((_, wave)) = boxes.find(|(kind, _)| kind == b"wave") else {
        return Ok(None);
    };
    let has_configuration = children(source, wave, None)?
        .iter()
        .any(|(kind, _)| kind == b"alac");
    Ok(has_configuration.then(|| Patch {
        at: wave.from - HEAD_BYTES,
        bytes: (HEAD_BYTES as u32).to_be_bytes().to_vec(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::mp4_boxes::boxed;
    use std::io::Cursor;

    fn film(version: u8, kind: &[u8; 4]) -> Vec<u8> {
        let wave = [
            boxed(b"frma", b"alac"),
            boxed(b"alac", &[0; 28]),
            boxed(&[0; 4], &[]),
        ]
        .concat();
        let mut entry = vec![0; FIELDS_BYTES[usize::from(version)] as usize];
        entry[9] = version;
        entry.extend(boxed(b"wave", &wave));
        let list = [&[0, 0, 0, 0, 0, 0, 0, 1][..], &boxed(kind, &entry)].concat();
        let media = boxed(b"minf", &boxed(b"stbl", &boxed(b"stsd", &list)));
        let track = boxed(b"trak", &boxed(b"mdia", &media));
        [boxed(b"ftyp", b"qt  "), boxed(b"moov", &track)].concat()
    }

    #[test]
    fn the_configuration_of_alac_follows_an_empty_box() {
        for version in [0, 1] {
            let file = film(version, b"alac");
            let found = patches(&mut Cursor::new(&file), file.len() as u64).unwrap();
            let at = file.windows(4).position(|w| w == b"wave").unwrap() - 4;
            assert_eq!(
                found,
                [Patch {
                    at: at as u64,
                    bytes: vec![0, 0, 0, 8]
                }]
            );
        }
        for file in [
            film(1, b"mp4a"),
            film(1, b"alac")[..90].to_vec(),
            Vec::new(),
        ] {
            let found = patches(&mut Cursor::new(&file), file.len() as u64);
            assert_eq!(found.unwrap_or_default(), []);
        }
    }
}

//! Finds patches over the picture descriptions of an MP4, so that the demuxer accepts the file whatever they contain.
//!
//! symphonia reads the pictures' codec descriptions and refuses the whole file for some of them: an `hvcC` of more than
//! 1 KiB, which x265 writes by default, or a picture track with two descriptions, as edited films have. Sound tracks
//! are not changed. The picture tracks have to stay, because the fragments of a film refer to tracks by number.

use std::io::{self, Read, Seek, SeekFrom};

use crate::decode::mp4_boxes::{Span, children, descend, find, movie, u32_be};
use crate::decode::patch::Patch;

/// An unknown kind of sample description (ISO/IEC 14496-12 §8.5.2), so that the demuxer does not read its content.
const UNKNOWN: &[u8; 4] = b"none";

/// Returns the patches for the film in `source` of `bytes` bytes, in file order; none when it is no MP4.
pub fn patches<S: Read + Seek>(source: &mut S, bytes: u64) -> io::Result<Vec<Patch>> {
    let mut patches = Vec::new();
    let Some(movie) = movie(source, bytes)? else {
        return Ok(patches);
    };
    for (kind, track) in children(source, movie, None)? {
        if &kind != b"trak" {
            continue;
        }
        // The demuxer refuses a track that cannot be read.
        if let Ok(Some(at)) = descriptions(source, track) {
            // The first description replaces all of them, and is of an unknown kind.
            patches.push(Patch {
                at: at.from + 4,
                bytes: 1u32.to_be_bytes().to_vec(),
            });
            patches.push(Patch {
                at: at.from + 12,
                bytes: UNKNOWN.to_vec(),
            });
        }
    }
    Ok(patches)
}

/// Returns where the descriptions of a picture track are; none for another kind of track, or one without descriptions.
fn descriptions<S: Read + Seek>(source: &mut S, track: Span) -> io::Result<Option<Span>> {
    let Some(media) = find(source, track, b"mdia")? else {
        return Ok(None);
    };
    let Some(handler) = find(source, media, b"hdlr")? else {
        return Ok(None);
    };
    // After version, flags and a field that QuickTime uses for something else.
    source.seek(SeekFrom::Start(handler.from + 8))?;
    if u32_be(source)?.to_be_bytes() != *b"vide" {
        return Ok(None);
    }
    let Some(list) = descend(source, media, &[b"minf", b"stbl", b"stsd"])? else {
        return Ok(None);
    };
    source.seek(SeekFrom::Start(list.from + 4))?;
    let is_there = u32_be(source)? > 0 && list.to - list.from >= 16;
    Ok(is_there.then_some(list))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::mp4_boxes::boxed;
    use std::io::Cursor;

    fn track(handler: &[u8; 4], descriptions: u32) -> Vec<u8> {
        let mut list = vec![0; 4];
        list.extend_from_slice(&descriptions.to_be_bytes());
        (0..descriptions).for_each(|_| list.extend(boxed(b"hvc1", &[7; 90])));
        let handler = [&[0; 8], handler.as_slice(), &[0; 12]].concat();
        let tables = boxed(b"stbl", &boxed(b"stsd", &list));
        let media = [boxed(b"hdlr", &handler), boxed(b"minf", &tables)].concat();
        boxed(b"trak", &boxed(b"mdia", &media))
    }

    /// The file with its patches over it.
    fn patched(tracks: &[Vec<u8>]) -> (Vec<u8>, Vec<u8>) {
        let file = [boxed(b"ftyp", b"isom"), boxed(b"moov", &tracks.concat())].concat();
        let mut made = file.clone();
        let bytes = file.len() as u64;
        for patch in patches(&mut Cursor::new(&file), bytes).unwrap() {
            let at = patch.at as usize;
            made[at..at + patch.bytes.len()].copy_from_slice(&patch.bytes);
        }
        (file, made)
    }

    #[test]
    fn pictures_have_one_description_of_no_kind_and_sound_stays() {
        let (file, made) = patched(&[track(b"vide", 2), track(b"soun", 2)]);
        let (picture, sound) = made.split_at(made.len() - track(b"soun", 2).len());
        assert_eq!(sound, &file[picture.len()..]);
        let at = picture.windows(4).position(|w| w == b"stsd").unwrap();
        assert_eq!(picture[at + 8..at + 12], [0, 0, 0, 1]);
        assert_eq!(&picture[at + 16..at + 20], b"none");
        let changed = file.iter().zip(&made).filter(|(a, b)| a != b).count();
        assert_eq!(changed, 5, "hvc1, and a 2");
    }

    #[test]
    fn what_has_no_description_or_is_cut_stays_as_it_is() {
        let (file, made) = patched(&[track(b"vide", 0)]);
        assert_eq!(file, made);
        let (whole, _) = patched(&[track(b"vide", 1)]);
        for end in 0..whole.len() {
            patches(&mut Cursor::new(&whole[..end]), end as u64).unwrap();
        }
    }
}

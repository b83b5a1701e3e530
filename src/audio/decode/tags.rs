//! Tags around the sound of a recording, found by their lengths and never searched for sound: pictures and attached files
//! within them are no sound.

use std::io;

use crate::decode::input::FileSpan;

/// Bytes of the head of an ID3v2 tag, and of the foot that version 2.4 may add (ID3v2.4.0 structure, §3.1, §3.4).
const ID3_HEAD: u64 = 10;
/// Bytes of an ID3v1 tag, and of the foot of an APEv2 tag (also of its head).
const ID3V1_BYTES: u64 = 128;
const APE_FOOT_BYTES: u64 = 32;
/// Tags one after the other that are skipped.
const TAGS_MAX: usize = 16;
/// Bytes of zero between a tag and the sound that are skipped with it: padding that a writer did not count.
const ZEROS_MAX: usize = 1 << 16;

/// Returns the recording in `file` without the ID3v2 tags at its start.
pub fn skipped(file: FileSpan) -> io::Result<FileSpan> {
    let mut rest = file;
    for _ in 0..TAGS_MAX {
        let head = rest.start(ID3_HEAD as usize)?;
        let Some(bytes) = id3_bytes(&head).filter(|bytes| *bytes < rest.length()) else {
            break;
        };
        let after = rest.part(bytes, u64::MAX);
        let zeros = after.start(ZEROS_MAX)?;
        let zeros = zeros.iter().take_while(|byte| **byte == 0).count();
        rest = after.part(zeros as u64, u64::MAX);
    }
    Ok(rest)
}

/// Returns the stream of MPEG audio in `file` without the tags at its end: ID3v1, and before it APEv2 (both may hold
/// anything that looks like sound). Other recordings stay as they are.
pub fn without_end(file: FileSpan) -> io::Result<FileSpan> {
    if file.start(1)? != [0xFF] {
        return Ok(file);
    }
    let mut end = file.length();
    let tail = |end: u64, bytes: u64| {
        file.part(end.saturating_sub(bytes), end)
            .start(bytes as usize)
    };
    if tail(end, ID3V1_BYTES)?.starts_with(b"TAG") {
        end -= ID3V1_BYTES;
    }
    let foot = tail(end, APE_FOOT_BYTES)?;
    if let Some(size) = foot
        .strip_prefix(b"APETAGEX")
        .and_then(|rest| rest.get(4..8))
    {
        // The items and this foot; a head of the same length may stand before them.
        let size = u64::from(u32::from_le_bytes([size[0], size[1], size[2], size[3]]));
        let items = end.saturating_sub(size);
        let head = tail(items, APE_FOOT_BYTES)?.starts_with(b"APETAGEX");
        let start = items.saturating_sub(if head { APE_FOOT_BYTES } else { 0 });
        end = if size >= APE_FOOT_BYTES && start > 0 {
            start
        } else {
            end
        };
    }
    Ok(file.part(0, end))
}

/// Returns the bytes of the ID3v2 tag that starts with `head`; none when it is no tag.
fn id3_bytes(head: &[u8]) -> Option<u64> {
    let [b'I', b'D', b'3', version, _, flags, size @ ..] = head else {
        return None;
    };
    // Seven bits a byte, so that the length never looks like the start of a sound frame.
    let size: &[u8; 4] = size.try_into().ok()?;
    if size.iter().any(|byte| byte & 0x80 != 0) {
        return None;
    }
    let content = size.iter().fold(0, |n, byte| n << 7 | u64::from(*byte));
    let has_foot = *version >= 4 && flags & 0x10 != 0;
    Some(ID3_HEAD + content + if has_foot { ID3_HEAD } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn tag(content: usize, foot: bool) -> Vec<u8> {
        let size = [21, 14, 7, 0].map(|by| (content >> by) as u8 & 0x7F);
        let head = [b'I', b'D', b'3', 4, 0, if foot { 0x10 } else { 0 }];
        let foot = if foot { &[7; 10][..] } else { &[] };
        [&head, &size[..], &vec![0xFF; content], foot].concat()
    }

    fn rest(file: Vec<u8>) -> Vec<u8> {
        let input = skipped(FileSpan::new(Cursor::new(file)).unwrap()).unwrap();
        input.start(100).unwrap()
    }

    #[test]
    fn tags_are_skipped_by_their_length() {
        for (content, foot) in [(0, false), (3_000_000, false), (500, true)] {
            let file = [tag(content, foot), tag(77, false), b"sound".to_vec()].concat();
            assert_eq!(rest(file), b"sound", "{content}");
        }
        assert_eq!(
            rest([tag(5, false), vec![0; 99], b"x".to_vec()].concat()),
            b"x"
        );
    }

    #[test]
    fn tags_at_the_end_of_mpeg_audio_are_left_out() {
        let sound = [0xFF; 400].to_vec();
        let ape = |size: u32| {
            let size = size.to_le_bytes();
            [&b"APETAGEX\xD0\x07\0\0"[..], &size, &[0; 16]].concat()
        };
        let items = [ape(132), vec![0xFF; 100], ape(132)].concat();
        let old = [b"TAG".as_slice(), &[0xFF; 125]].concat();
        for tags in [vec![], old.clone(), items.clone(), [items, old].concat()] {
            let file = FileSpan::new(Cursor::new([sound.clone(), tags].concat())).unwrap();
            assert_eq!(without_end(file).unwrap().length(), 400);
        }
    }

    #[test]
    fn what_is_no_tag_stays() {
        for file in [
            b"ID".to_vec(),
            b"RIFF1234WAVE".to_vec(),
            // Its length is not of seven bits a byte.
            b"ID3\x04\0\0\xFF\0\0\0abc".to_vec(),
            // It claims more than the file.
            b"ID3\x04\0\0\x01\0\0\0abc".to_vec(),
        ] {
            assert_eq!(rest(file.clone()), file);
        }
    }
}

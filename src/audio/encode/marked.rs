//! A [`SyntheticMark`] in each format's own metadata.
//!
//! | format | where |
//! | --- | --- |
//! | WAV | a `LIST` chunk of type `INFO`, whose `ICMT` is a comment, before the samples or at the end of a file |
//! | FLAC, Opus | Vorbis comments |
//! | MP3 | an ID3v2.4 tag with `TXXX` and `COMM` before the first frame |
//! | AAC in ADTS, bare samples | nowhere: there is no place for it |

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use vocabox_base::fault::Fault;

use super::WAV_HEAD_BYTES;
use crate::mark::SyntheticMark;

/// Where a WAV file says how long it is, less the first eight bytes.
const RIFF_SIZE_AT: usize = 4;
/// Bytes of the head before the chunk of the samples.
const BEFORE_DATA: usize = WAV_HEAD_BYTES - 8;
/// Four bytes of 0xFF: the size of a WAV file whose end is not known.
const ENDLESS: [u8; 4] = [0xff; 4];

/// Puts the mark between the head of a WAV file, of 44 bytes, and its samples.
pub fn wav(file: &mut Vec<u8>, mark: SyntheticMark) {
    let chunk = chunk(*b"LIST", &list_content(mark));
    let size = &mut file[RIFF_SIZE_AT..RIFF_SIZE_AT + 4];
    if *size != ENDLESS {
        let whole = u32::from_le_bytes([size[0], size[1], size[2], size[3]]) + chunk.len() as u32;
        size.copy_from_slice(&whole.to_le_bytes());
    }
    file.splice(BEFORE_DATA..BEFORE_DATA, chunk);
}

/// Puts the mark at the end of a WAV file that is whole. Faults: those of [`Fault::disk`].
pub fn mark_wav_file(file: &mut File, mark: SyntheticMark) -> Result<(), Fault> {
    let (head, content) = (*b"LIST", list_content(mark));
    append_wav_chunk(file, head, &content).map(drop)
}

/// Puts a chunk called `id` at the end of a WAV file that is whole, and counts it in the file's size if that is known and stays
/// below 4 GiB. Returns where the chunk starts, in bytes. Faults: those of [`Fault::disk`].
pub fn append_wav_chunk(
    file: &mut (impl Read + Write + Seek),
    id: [u8; 4],
    content: &[u8],
) -> Result<u64, Fault> {
    let mut append = || {
        let end = file.seek(SeekFrom::End(0))?;
        // Chunks start at even places.
        let start = end + end % 2;
        file.write_all(&[0][..(end % 2) as usize])?;
        file.write_all(&chunk(id, content))?;
        let size = u32::try_from(file.stream_position()? - 8);
        let mut found = [0; 4];
        file.seek(SeekFrom::Start(RIFF_SIZE_AT as u64))?;
        file.read_exact(&mut found)?;
        if let (Ok(size), false) = (size, found == ENDLESS) {
            file.seek(SeekFrom::Start(RIFF_SIZE_AT as u64))?;
            file.write_all(&size.to_le_bytes())?;
        }
        Ok(start)
    };
    append().map_err(Fault::disk)
}

/// A chunk of a WAV file, of an even number of bytes.
fn chunk(id: [u8; 4], content: &[u8]) -> Vec<u8> {
    let size = (content.len() as u32).to_le_bytes();
    let pad = &[0][..content.len() % 2];
    [&id, &size[..], content, pad].concat()
}

/// The content of the chunk `LIST`.
fn list_content(mark: SyntheticMark) -> Vec<u8> {
    let mut text = mark.comment().into_bytes();
    text.push(0);
    [&b"INFO"[..], &chunk(*b"ICMT", &text)].concat()
}

/// Names and values of Vorbis comments (<https://www.xiph.org/vorbis/doc/v-comment.html>).
pub fn comments(mark: SyntheticMark) -> [(&'static str, &'static str); 2] {
    [
        ("COMMENT", mark.sentence()),
        (SyntheticMark::FIELD, mark.source_type()),
    ]
}

/// The content of FLAC's metadata block of Vorbis comments.
pub fn flac_comments(mark: SyntheticMark) -> Vec<u8> {
    let sized = |text: &str| [&(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    let comments = comments(mark).map(|(name, value)| sized(&format!("{name}={value}")));
    let count = (comments.len() as u32).to_le_bytes();
    [sized("vocabox"), count.to_vec(), comments.concat()].concat()
}

/// Bytes of the head of an ID3v2 tag, and of each of its frames.
const ID3_HEAD_BYTES: usize = 10;
/// Where the tag says how long it is, less its head.
const ID3_SIZE_AT: usize = 6;
/// The code of UTF-8 in a frame.
const UTF_8: u8 = 3;

/// An ID3v2.4 tag (<https://id3.org/id3v2.4.0-structure>), in UTF-8.
pub fn id3(mark: SyntheticMark) -> Vec<u8> {
    let text = |id: &[u8; 4], language: &[u8], name: &str, text: &str| {
        let name = name.as_bytes();
        frame(id, &[&[UTF_8], language, name, &[0], text.as_bytes()])
    };
    let comment = text(b"COMM", b"eng", "", mark.sentence());
    let field = text(b"TXXX", b"", SyntheticMark::FIELD, mark.source_type());
    let frames = [comment, field].concat();
    let size = synchsafe(frames.len());
    [&b"ID3\x04\x00\x00"[..], &size, &frames].concat()
}

/// Puts a file (`GEOB`) called `name`, of the type `media_type`, into the ID3v2.4 tag at the start of an MP3 file. Returns where its
/// content starts, in bytes. Fault: `Internal` for a file without such a tag.
pub fn add_id3_object(
    file: &mut Vec<u8>,
    (media_type, name, description): (&str, &str, &str),
    content: &[u8],
) -> Result<u64, Fault> {
    let no_tag = || Fault::internal("an MP3 file has no ID3v2.4 tag");
    let size = (file.starts_with(b"ID3\x04\x00\x00"))
        .then(|| file.get(ID3_SIZE_AT..ID3_HEAD_BYTES))
        .flatten()
        .ok_or_else(no_tag)?;
    let size = size
        .iter()
        .fold(0, |size, byte| size << 7 | usize::from(*byte));
    let end = ID3_HEAD_BYTES + size;
    if end > file.len() {
        return Err(no_tag());
    }
    let texts = [media_type, name, description].join("\0");
    let object = frame(b"GEOB", &[&[UTF_8], texts.as_bytes(), &[0], content]);
    let start = end + object.len() - content.len();
    file[ID3_SIZE_AT..ID3_HEAD_BYTES].copy_from_slice(&synchsafe(size + object.len()));
    file.splice(end..end, object);
    Ok(start as u64)
}

/// A frame of an ID3v2.4 tag.
fn frame(id: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    [id, &synchsafe(content.len())[..], &[0, 0], &content].concat()
}

/// A number in four bytes of seven bits.
fn synchsafe(number: usize) -> [u8; 4] {
    [21, 14, 7, 0].map(|shift| (number >> shift & 0x7f) as u8)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::decode;
    use crate::encode::{Format, WavWriter, stream, whole};
    use crate::mark::source_types;
    use crate::pcm::read_all;

    const MARK: SyntheticMark = SyntheticMark::Speech;

    fn samples(file: Vec<u8>) -> Vec<f32> {
        let mut decoder = decode::open(Cursor::new(file), 60.0).unwrap();
        read_all(&mut decoder).unwrap().samples
    }

    #[test]
    fn a_mark_changes_no_sample_in_files_and_streams_of_any_length() {
        let sound: Vec<f32> = (0..30_001).map(|n| (n as f32 * 0.05).sin() * 0.5).collect();
        for format in Format::ALL {
            for length in [1, 4_097, sound.len()] {
                let sound = &sound[..length];
                let streamed = |mark| {
                    let mut stream = stream(format, 24_000, mark).unwrap();
                    let mut file = stream.push(&[]).unwrap();
                    file.extend(stream.push(sound).unwrap());
                    file.extend(stream.finish().unwrap());
                    file
                };
                let made = |mark| [whole(format, sound, 24_000, mark).unwrap(), streamed(mark)];
                for (marked, plain) in made(Some(MARK)).into_iter().zip(made(None)) {
                    assert!(source_types(&plain[..]).unwrap().is_empty());
                    if !format.takes_marks() {
                        assert!(marked == plain);
                        continue;
                    }
                    let types = source_types(&marked[..]).unwrap();
                    assert_eq!(types, ["trainedAlgorithmicMedia"], "{}", format.name());
                    assert!(
                        samples(marked) == samples(plain),
                        "{} of {length}",
                        format.name()
                    );
                }
            }
        }
    }

    #[test]
    fn the_mark_at_the_end_of_a_wav_file_counts_in_its_size() {
        for channels in [1, 2] {
            let mut file = tempfile::tempfile().unwrap();
            let mut writer = WavWriter::new(&mut file, 48_000, channels).unwrap();
            writer.push(&[0.25; 6]).unwrap();
            writer.finish().unwrap();
            mark_wav_file(&mut file, MARK).unwrap();
            file.rewind().unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes[4..8], (bytes.len() as u32 - 8).to_le_bytes());
            assert_eq!(
                source_types(&bytes[..]).unwrap(),
                ["trainedAlgorithmicMedia"]
            );
            assert_eq!(samples(bytes), vec![0.25; 6 / channels]);
        }
    }
}

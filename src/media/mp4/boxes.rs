//! Boxes as slices of the bytes that were read (ISO/IEC 14496-12 §4.2): split, decoded by mp4-atom, patched, and
//! assembled again without changes to their content.

use std::io::{Read, Seek};

use mp4_atom::Atom;

use crate::damaged;
use crate::source::Source;
use vocabox_base::fault::Fault;
use vocabox_base::limits::{MOVIE_BOXES_MAX, MOVIE_SAMPLES_MAX};

/// Boxes of one level that are examined in memory.
const LEVEL_BOXES_MAX: usize = 16_384;

/// One box within a slice.
#[derive(Clone, Copy)]
pub struct BoxSlice<'a> {
    pub kind: [u8; 4],
    /// The box with its header.
    pub whole: &'a [u8],
    pub body: &'a [u8],
}

impl<'a> BoxSlice<'a> {
    /// Decodes the box by mp4-atom. Bytes after its own fields are ignored, as other readers do.
    pub fn decode<T: Atom>(&self) -> Result<T, Fault> {
        let mut body = self.body;
        T::decode_body(&mut body).map_err(|error| {
            let kind = String::from_utf8_lossy(&self.kind);
            damaged(&format!("its {kind:?} cannot be read")).because(error)
        })
    }

    /// As [`BoxSlice::decode`], for a table whose number of entries stands at byte `at`. Fault: `Invalid`, before the
    /// table is read, when the number exceeds that of any accepted film.
    pub fn table<T: Atom>(&self, at: usize) -> Result<T, Fault> {
        match u32_at(self.body, at)? as usize {
            0..=MOVIE_SAMPLES_MAX => self.decode(),
            _ => Err(too_many_samples()),
        }
    }

    /// Returns the boxes in this one.
    pub fn parts(&self) -> Result<Vec<BoxSlice<'a>>, Fault> {
        parts(self.body)
    }

    /// Returns the box of `kind` in this one. Fault: `Invalid` when there are two: readers would not agree which one
    /// counts.
    pub fn find(&self, kind: &[u8; 4]) -> Result<Option<BoxSlice<'a>>, Fault> {
        let parts = self.parts()?;
        let mut found = parts.into_iter().filter(|part| part.kind == *kind);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(damaged(&format!(
                "{:?} is there twice",
                String::from_utf8_lossy(kind)
            ))),
            (found, None) => Ok(found),
        }
    }

    /// As [`BoxSlice::find`], for a box that must be there.
    pub fn need(&self, kind: &[u8; 4]) -> Result<BoxSlice<'a>, Fault> {
        self.find(kind)?
            .ok_or_else(|| damaged(&format!("{:?} is missing", String::from_utf8_lossy(kind))))
    }
}

/// Returns the boxes in `data`, up to a rest that is too short for a box, or a size of 0. QuickTime ends lists with a
/// size of 0; elsewhere it means "up to the file's end", which a box within another box may not declare. Written files
/// have no such rest.
pub fn parts(data: &[u8]) -> Result<Vec<BoxSlice<'_>>, Fault> {
    let mut parts = Vec::new();
    let mut rest = data;
    while rest.len() >= 8 {
        let kind = [rest[4], rest[5], rest[6], rest[7]];
        let (head, size) = match u32_at(rest, 0)? {
            0 => break,
            1 => (16, u64_at(rest, 8)?),
            size => (8, u64::from(size)),
        };
        if size < head || size > rest.len() as u64 {
            return Err(damaged("a box in its head is larger than what it lies in"));
        }
        if parts.len() == LEVEL_BOXES_MAX {
            return Err(damaged("it has too many boxes"));
        }
        let (whole, after) = rest.split_at(size as usize);
        parts.push(BoxSlice {
            kind,
            whole,
            body: &whole[head as usize..],
        });
        rest = after;
    }
    Ok(parts)
}

/// A box at the top level of the file: its kind, its first byte, its content's first byte, and its end.
pub struct FileBox {
    pub kind: [u8; 4],
    pub from: u64,
    pub body: u64,
    pub to: u64,
}

/// Visits the file's boxes: `see` gets each with `source` at its content. In a file that breaks off behind its head, the
/// last box of samples ends with it, and any other box that is not whole is left out.
pub fn each_of_file<R: Read + Seek>(
    source: &mut Source<R>,
    mut see: impl FnMut(&mut Source<R>, &FileBox) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let (mut from, end) = (0, source.length());
    let mut has_head = false;
    for _ in 0..MOVIE_BOXES_MAX {
        if end - from < 8 {
            return Ok(());
        }
        source.go(from)?;
        let mut head = [0; 8];
        source.fill(&mut head)?;
        let kind = [head[4], head[5], head[6], head[7]];
        let size = match u32_at(&head, 0)? {
            0 => end - from,
            1 => {
                let mut long = [0; 8];
                source.fill(&mut long)?;
                u64::from_be_bytes(long)
            }
            size => u64::from(size),
        };
        let body = source.at();
        let to = from
            .checked_add(size)
            .filter(|to| (body..=end).contains(to));
        has_head |= kind == *b"moov" && to.is_some();
        let to = match to {
            Some(to) => to,
            None if has_head && kind == *b"mdat" => end,
            None if has_head => return Ok(()),
            None => return Err(damaged("it is cut off, or a box claims more than there is")),
        };
        let found = FileBox {
            kind,
            from,
            body,
            to,
        };
        see(source, &found)?;
        from = to;
    }
    Err(Fault::invalid(format!(
        "file has more than {MOVIE_BOXES_MAX} boxes, which are accepted"
    )))
}

/// Returns a box of `kind` around `contents`.
pub fn wrap(kind: &[u8; 4], contents: &[&[u8]]) -> Vec<u8> {
    let content: usize = contents.iter().map(|c| c.len()).sum();
    let mut made = Vec::with_capacity(content + 8);
    // Movie headers are bounded far below 4 GiB.
    made.extend_from_slice(&(content as u32 + 8).to_be_bytes());
    made.extend_from_slice(kind);
    contents.iter().for_each(|c| made.extend_from_slice(c));
    made
}

/// Returns a box that mp4-atom knows, as bytes.
pub fn encoded<T: Atom>(atom: &T) -> Result<Vec<u8>, Fault> {
    let mut made = Vec::new();
    mp4_atom::Encode::encode(atom, &mut made).map_err(Fault::internal)?;
    Ok(made)
}

/// Header boxes with a duration. Their versions 0 and 1 have different numbers of bytes of dates and ids before it.
#[derive(Clone, Copy)]
pub enum HeaderBox {
    Movie,
    Track,
    Media,
}

/// Returns the box `part` of kind `head` with another duration; one that does not fit version 0 becomes "unknown", all
/// ones.
pub fn with_duration(part: BoxSlice, head: HeaderBox, duration: u64) -> Result<Vec<u8>, Fault> {
    let mut made = part.whole.to_vec();
    let start = part.whole.len() - part.body.len();
    let long = part.body.first() == Some(&1);
    let at = start
        + match (head, long) {
            (HeaderBox::Track, false) => 20,
            (HeaderBox::Track, true) => 28,
            (_, false) => 16,
            (_, true) => 24,
        };
    let short = u32::try_from(duration).unwrap_or(u32::MAX).to_be_bytes();
    let bytes: &[u8] = match long {
        true => &duration.to_be_bytes(),
        false => &short,
    };
    made.get_mut(at..at + bytes.len())
        .ok_or_else(|| damaged("one of its heads is too short"))?
        .copy_from_slice(bytes);
    Ok(made)
}

/// Returns the big-endian number of four bytes at `at`. Fault: `Invalid` when `data` is too short.
pub fn u32_at(data: &[u8], at: usize) -> Result<u32, Fault> {
    let bytes = data.get(at..at + 4).and_then(|b| b.try_into().ok());
    bytes
        .map(u32::from_be_bytes)
        .ok_or_else(|| damaged("a box is too short for what it must hold"))
}

fn u64_at(data: &[u8], at: usize) -> Result<u64, Fault> {
    Ok(u64::from(u32_at(data, at)?) << 32 | u64::from(u32_at(data, at + 4)?))
}

/// Returns the refusal of a film with more samples than are accepted.
pub fn too_many_samples() -> Fault {
    Fault::invalid(format!(
        "file has more frames than the {MOVIE_SAMPLES_MAX} that are accepted"
    ))
}

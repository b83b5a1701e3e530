//! Finds the boxes of an MP4 (ISO/IEC 14496-12 §4.2) in place; their content is not read.

use std::io::{self, Read, Seek, SeekFrom};

/// Boxes of one level that are examined.
const BOXES_MAX: usize = 4096;

/// A box's content: from its first byte to the one after its last.
#[derive(Clone, Copy)]
pub struct Span {
    pub from: u64,
    pub to: u64,
}

/// Returns the content of `moov` in `source` of `bytes` bytes; none when it is no MP4.
pub fn movie<S: Read + Seek>(source: &mut S, bytes: u64) -> io::Result<Option<Span>> {
    find(source, Span { from: 0, to: bytes }, b"moov")
}

/// Seeks to `span` and reads the version of a full box; the source then stands after the flags.
pub fn full_box<S: Read + Seek>(source: &mut S, span: Span) -> io::Result<u8> {
    source.seek(SeekFrom::Start(span.from))?;
    Ok((u32_be(source)? >> 24) as u8)
}

/// Returns the content of the first box at the end of `path`, one kind for each level below `span`.
pub fn descend<S: Read + Seek>(
    source: &mut S,
    span: Span,
    path: &[&[u8; 4]],
) -> io::Result<Option<Span>> {
    let mut at = span;
    for kind in path {
        match find(source, at, kind)? {
            Some(inner) => at = inner,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

/// Returns the content of the first box of `kind` in `span`.
pub fn find<S: Read + Seek>(
    source: &mut S,
    span: Span,
    kind: &[u8; 4],
) -> io::Result<Option<Span>> {
    let boxes = children(source, span, Some(kind))?;
    Ok(boxes
        .last()
        .filter(|(last, _)| last == kind)
        .map(|(_, inner)| *inner))
}

/// Returns the boxes in `span`, up to the first one of kind `until`.
pub fn children<S: Read + Seek>(
    source: &mut S,
    span: Span,
    until: Option<&[u8; 4]>,
) -> io::Result<Vec<([u8; 4], Span)>> {
    let mut boxes = Vec::new();
    let mut at = span.from;
    while boxes.len() < BOXES_MAX {
        let Some(found) = next(
            source,
            Span {
                from: at,
                to: span.to,
            },
        )?
        else {
            break;
        };
        boxes.push(found);
        if until == Some(&found.0) {
            break;
        }
        at = found.1.to;
    }
    Ok(boxes)
}

/// Returns the box at the start of `span`; none when there is none.
pub fn next<S: Read + Seek>(source: &mut S, span: Span) -> io::Result<Option<([u8; 4], Span)>> {
    let at = span.from;
    if at + 8 > span.to {
        return Ok(None);
    }
    source.seek(SeekFrom::Start(at))?;
    let (short, kind) = (u32_be(source)?, u32_be(source)?.to_be_bytes());
    let (head, size) = match short {
        0 => (8, span.to - at),
        1 => (16, u64_be(source)?),
        short => (8, u64::from(short)),
    };
    let to = at
        .checked_add(size)
        .filter(|to| size >= head && *to <= span.to);
    // A file that is no MP4 looks like a box of an unknown kind: do not walk through all of it.
    let is_letter = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ' || *byte == 0xA9;
    let to = to.filter(|_| kind.iter().all(is_letter));
    Ok(to.map(|to| {
        let from = at + head;
        (kind, Span { from, to })
    }))
}

/// Reads a big-endian number of four bytes.
pub fn u32_be<S: Read>(source: &mut S) -> io::Result<u32> {
    let mut bytes = [0; 4];
    source.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}

/// Reads a big-endian number of eight bytes.
pub fn u64_be<S: Read>(source: &mut S) -> io::Result<u64> {
    let mut bytes = [0; 8];
    source.read_exact(&mut bytes)?;
    Ok(u64::from_be_bytes(bytes))
}

/// A box of `kind` around `content`, for tests.
#[cfg(test)]
pub fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut out = (content.len() as u32 + 8).to_be_bytes().to_vec();
    out.extend_from_slice(kind);
    out.extend_from_slice(content);
    out
}

//! Finds patches for a cut or damaged Matroska/WebM file, with which a demuxer skips what is lost.
//!
//! A demuxer of this format trusts each element's length, and stops, or skips a whole cluster, at the first wrong one.
//! This module walks the elements once (RFC 8794: ids and lengths; RFC 9559: where each may stand). A stretch that is
//! no element is covered by a `Void` up to the next cluster or block; clusters and the segment that then end elsewhere
//! than declared get an unknown length. Players resynchronise at a cluster too; a block is accepted when further
//! elements follow it.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use crate::decode::patch::{Patch, Patched};

/// Stretches that are covered; everything after the last one is lost.
const STRETCHES_MAX: usize = 4096;
/// Positions that are tested while searching, in one file.
const LOOKS_MAX: usize = 1 << 16;
/// Consecutive elements that must be valid for the first to be accepted.
const CHAIN: usize = 4;

const EBML: u32 = 0x1A45_DFA3;
const SEGMENT: u32 = 0x1853_8067;
const SEEK_HEAD: u32 = 0x114D_9B74;
pub const TRACKS: u32 = 0x1654_AE6B;
const CLUSTER: u32 = 0x1F43_B675;
const VOID: u8 = 0xEC;
const CRC: u32 = 0xBF;
const SIMPLE_BLOCK: u8 = 0xA3;
const BLOCK_GROUP: u8 = 0xA0;
/// Info, Cues, Attachments, Chapters, Tags: with those above, every element that may stand in a segment.
const TOPS: [u32; 5] = [
    0x1549_A966,
    0x1C53_BB6B,
    0x1941_A469,
    0x1043_A770,
    0x1254_C367,
];
/// Attachments, Chapters, Tags: what stands beside the sound. The demuxer would read all of it into memory, and refuses a
/// file whose chapters lack an id, as ffmpeg writes them.
const BESIDE: [u32; 3] = [0x1941_A469, 0x1043_A770, 0x1254_C367];
/// Timestamp, PrevSize, Position, SilentTracks, EncryptedBlock: with the blocks, every element that may stand in a
/// cluster.
const CHILDREN: [u32; 5] = [0xE7, 0xAB, 0xA7, 0x5854, 0xAF];

/// The id, position and length of an element.
#[derive(Clone, Copy)]
pub struct ElementHead {
    pub id: u32,
    at: u64,
    /// Where its length is written, and in how many bytes.
    length_at: u64,
    length_bytes: u64,
    /// None when the length is unknown.
    length: Option<u64>,
}

impl ElementHead {
    /// Returns where its content starts.
    pub fn data(&self) -> u64 {
        self.length_at + self.length_bytes
    }

    /// Returns where it ends; none when its length is unknown.
    pub fn end(&self) -> Option<u64> {
        self.data().checked_add(self.length?)
    }

    /// Whether the element stands at the level of clusters.
    fn is_top(&self) -> bool {
        [SEEK_HEAD, TRACKS].contains(&self.id) || TOPS.contains(&self.id)
    }

    /// Whether the element stands in a cluster.
    fn is_child(&self) -> bool {
        let blocks = [SIMPLE_BLOCK, BLOCK_GROUP].map(u32::from);
        blocks.contains(&self.id) || CHILDREN.contains(&self.id)
    }

    /// Whether the element may stand anywhere.
    fn is_global(&self) -> bool {
        [u32::from(VOID), CRC].contains(&self.id)
    }

    /// Returns the patch that makes its length unknown, in the same number of bytes.
    fn opened(&self) -> Patch {
        let mut bytes = vec![0xFF; self.length_bytes as usize];
        bytes[0] = 0xFF >> (self.length_bytes - 1);
        Patch {
            at: self.length_at,
            bytes,
        }
    }
}

/// Returns the file in `reader` with the patches over it that make its lengths right: a copy then goes as far as the file.
///
/// Faults: those of reading.
pub fn mended<R: Read + Seek>(mut reader: R) -> io::Result<Patched<R>> {
    let bytes = reader.seek(SeekFrom::End(0))?;
    // What cannot be walked is refused when it is read.
    let found = walked(&mut BufReader::new(&mut reader), bytes).unwrap_or_default();
    Patched::new(reader, found.lengths)
}

/// Returns the patches of the file in `source`, which has `bytes` bytes, for the demuxer.
pub fn patches<S: Read + Seek>(source: &mut BufReader<S>, bytes: u64) -> io::Result<Vec<Patch>> {
    let Walked { lengths, beside } = walked(source, bytes)?;
    let mut patches = lengths;
    patches.extend(beside);
    patches.sort_by_key(|patch| patch.at);
    Ok(patches)
}

/// What a walk over a file finds.
#[derive(Default)]
struct Walked {
    /// None when all lengths are right.
    lengths: Vec<Patch>,
    /// Over what stands beside the sound.
    beside: Vec<Patch>,
}

fn walked<S: Read + Seek>(source: &mut BufReader<S>, bytes: u64) -> io::Result<Walked> {
    source.rewind()?;
    let mut walk = Walk {
        elements: Elements::new(source, bytes),
        bytes,
        looks: 0,
    };
    let Some(head) = walk.element(0)?.filter(|e| e.id == EBML) else {
        return Ok(Walked::default());
    };
    let Some(segment) = walk.element(head.end().unwrap_or(bytes))? else {
        return Ok(Walked::default());
    };
    if segment.id != SEGMENT {
        return Ok(Walked::default());
    }
    let (mut patches, mut hidden) = (Vec::new(), Vec::new());
    let mut cluster: Option<ElementHead> = None;
    let (mut index, mut tracks) = (None, false);
    let mut stretches = 0;
    let mut at = segment.data();
    while at < bytes {
        let found = walk.element(at)?;
        if let Some(top) = found.filter(|e| e.id == CLUSTER || e.is_top()) {
            patches.extend(reopened(cluster.take(), at));
            if top.id == CLUSTER {
                cluster = found;
                at = top.data();
                continue;
            }
            if index.is_none() && top.id == SEEK_HEAD {
                index = found;
            }
            tracks |= top.id == TRACKS;
            let hides = BESIDE.contains(&top.id).then(|| top.end()).flatten();
            hidden.extend(
                hides
                    .filter(|end| *end <= bytes)
                    .and_then(|end| void(top.at, end)),
            );
        }
        let next = match found {
            Some(e) if e.is_child() && cluster.is_some() && walk.leads_on(&e)? => e.end(),
            Some(e) if e.is_top() || e.is_global() => e.end().filter(|end| *end <= bytes),
            _ => None,
        };
        at = match next {
            Some(next) => next,
            None => {
                stretches += 1;
                let next = match stretches <= STRETCHES_MAX {
                    true => walk.search(at + 2)?,
                    false => bytes,
                };
                patches.extend(void(at, next));
                next
            }
        };
    }
    patches.extend(reopened(cluster, bytes));
    if segment.end() != Some(bytes) && segment.length.is_some() || !patches.is_empty() {
        patches.push(segment.opened());
    }
    if let Some(index) = index.filter(|_| tracks && !patches.is_empty()) {
        // The index may point to what was lost.
        patches.extend(index.end().and_then(|end| void(index.at, end)));
    }
    patches.sort_by_key(|patch| patch.at);
    Ok(Walked {
        lengths: patches,
        beside: hidden,
    })
}

/// Returns the patch of a cluster that ends at `end` but declares another end.
fn reopened(cluster: Option<ElementHead>, end: u64) -> Option<Patch> {
    let cluster = cluster.filter(|c| c.length.is_some() && c.end() != Some(end))?;
    Some(cluster.opened())
}

/// Returns a `Void` element that covers `from` to `to`; none for a single byte, which is too short for it.
fn void(from: u64, to: u64) -> Option<Patch> {
    let bytes = match to - from {
        0 | 1 => return None,
        short @ ..=128 => vec![VOID, 0x80 | (short - 2) as u8],
        long => {
            let mut bytes = vec![VOID];
            // Eight bytes of length, the first of which only marks that width.
            bytes.extend(((long - 9) | 1 << 56).to_be_bytes());
            bytes
        }
    };
    Some(Patch { at: from, bytes })
}

/// Reads elements anywhere in a file.
pub struct Elements<'a, S> {
    source: &'a mut BufReader<S>,
    /// The current position of the source.
    here: u64,
    bytes: u64,
}

impl<'a, S: Read + Seek> Elements<'a, S> {
    /// Returns a reader of `source`, which stands at its start and has `bytes` bytes.
    pub fn new(source: &'a mut BufReader<S>, bytes: u64) -> Self {
        Elements {
            source,
            here: 0,
            bytes,
        }
    }

    /// Returns the head of the element at `at`; none when none can be there.
    pub fn element(&mut self, at: u64) -> io::Result<Option<ElementHead>> {
        if at >= self.bytes {
            return Ok(None);
        }
        let mut head = [0; 12];
        let most = head.len().min((self.bytes - at) as usize);
        self.read(at, &mut head[..most])?;
        let id_bytes = head[0].leading_zeros() as usize + 1;
        let length_bytes = head.get(id_bytes).map_or(9, |b| b.leading_zeros() + 1) as usize;
        if id_bytes > 4 || length_bytes > 8 || id_bytes + length_bytes > most {
            return Ok(None);
        }
        let (id, rest) = head.split_at(id_bytes);
        let number = |bytes: &[u8]| bytes.iter().fold(0, |n, b| n << 8 | u64::from(*b));
        let mask = (1u64 << (7 * length_bytes)) - 1;
        let length = number(&rest[..length_bytes]) & mask;
        Ok(Some(ElementHead {
            id: number(id) as u32,
            at,
            length_at: at + id_bytes as u64,
            length_bytes: length_bytes as u64,
            length: (length != mask).then_some(length),
        }))
    }

    fn read(&mut self, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        // Stays within the buffer where possible: most steps are short.
        self.source.seek_relative(at as i64 - self.here as i64)?;
        self.source.read_exact(bytes)?;
        self.here = at + bytes.len() as u64;
        Ok(())
    }
}

/// A walk over all elements, and what it has cost.
struct Walk<'a, S> {
    elements: Elements<'a, S>,
    bytes: u64,
    /// Positions that were tested while searching.
    looks: usize,
}

impl<S: Read + Seek> Walk<'_, S> {
    fn element(&mut self, at: u64) -> io::Result<Option<ElementHead>> {
        self.elements.element(at)
    }

    /// Whether `element` ends where the file does, or where another element starts.
    fn leads_on(&mut self, element: &ElementHead) -> io::Result<bool> {
        let Some(end) = element.end().filter(|end| *end <= self.bytes) else {
            return Ok(false);
        };
        let is_known = |e: &ElementHead| {
            e.is_child() || e.is_top() || e.is_global() || [CLUSTER, EBML].contains(&e.id)
        };
        Ok(end == self.bytes || self.element(end)?.as_ref().is_some_and(is_known))
    }

    /// Returns where the next cluster or block starts, at `from` or after it; the end when there is none.
    fn search(&mut self, from: u64) -> io::Result<u64> {
        const PIECE: usize = 1 << 16;
        let mut piece = vec![0; PIECE];
        let mut from = from;
        while from < self.bytes {
            let most = PIECE.min((self.bytes - from) as usize);
            self.elements.read(from, &mut piece[..most])?;
            for (n, byte) in piece[..most].iter().enumerate() {
                let may_be = [SIMPLE_BLOCK, BLOCK_GROUP, (CLUSTER >> 24) as u8].contains(byte);
                if may_be && self.is_start(from + n as u64)? {
                    return Ok(from + n as u64);
                }
                if self.looks > LOOKS_MAX {
                    return Ok(self.bytes);
                }
            }
            from += most as u64;
        }
        Ok(self.bytes)
    }

    /// Whether a cluster or block starts at `at`, followed by further elements.
    fn is_start(&mut self, at: u64) -> io::Result<bool> {
        self.looks += 1;
        let mut at = at;
        for n in 0..CHAIN {
            let Some(element) = self.element(at)? else {
                return Ok(n > 0 && at == self.bytes);
            };
            at = match element.id {
                CLUSTER => element.data(),
                _ if element.is_child() && self.leads_on(&element)? => {
                    element.end().unwrap_or(self.bytes)
                }
                // What may follow a block is not examined.
                _ => return Ok(n > 0 && (element.is_top() || element.is_global())),
            };
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;
    use vocabox_base::cpu_time;

    fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
        let length = (content.len() as u64 | 1 << 56).to_be_bytes();
        [id, &length, content].concat()
    }

    fn file() -> Vec<u8> {
        let block = |n: u8| element(&[SIMPLE_BLOCK], &[n; 40]);
        let cluster = || {
            let blocks: Vec<u8> = (0..5).flat_map(block).collect();
            let time = element(&[0xE7], &[1]);
            element(&CLUSTER.to_be_bytes(), &[time, blocks].concat())
        };
        let tracks = element(&TRACKS.to_be_bytes(), &[3; 20]);
        let segment = [tracks, cluster(), cluster(), cluster()].concat();
        let head = element(&EBML.to_be_bytes(), b"webm");
        [head, element(&SEGMENT.to_be_bytes(), &segment)].concat()
    }

    fn mended(file: &[u8]) -> (Vec<Patch>, Vec<u8>) {
        let mut source = BufReader::new(Cursor::new(file));
        let found = patches(&mut source, file.len() as u64).unwrap();
        let mut whole = file.to_vec();
        for patch in &found {
            whole[patch.at as usize..][..patch.bytes.len()].copy_from_slice(&patch.bytes);
        }
        (found, whole)
    }

    #[test]
    fn a_whole_file_is_left_alone() {
        assert_eq!(mended(&file()).0, []);
    }

    #[test]
    fn what_is_mended_needs_no_mending_but_for_lengths_that_are_open() {
        let whole = file();
        for cut in 60..whole.len() {
            let (found, cut) = mended(&whole[..cut]);
            assert!(!found.is_empty());
            let again = mended(&cut).0;
            assert!(
                again
                    .iter()
                    .all(|patch| patch.bytes.iter().skip(1).all(|b| *b == 0xFF)),
                "{again:?}"
            );
        }
    }

    #[test]
    fn what_stands_beside_the_sound_is_hidden_from_the_demuxer() {
        let mut file = file();
        let tracks = file
            .windows(4)
            .position(|w| w == TRACKS.to_be_bytes())
            .unwrap();
        let chapters = element(&0x1043_A770u32.to_be_bytes(), &[5; 300]);
        file.splice(tracks..tracks, chapters);
        // The segment's length, after the EBML head and the segment's id.
        let at = 4 + 8 + 4 + 4;
        let length = (file.len() - at - 8) as u64 | 1 << 56;
        file[at..at + 8].copy_from_slice(&length.to_be_bytes());
        let (found, whole) = mended(&file);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].at, whole[tracks]), (tracks as u64, VOID));
        assert_eq!(whole[tracks + 312..], file[tracks + 312..]);
    }

    #[test]
    fn a_damaged_stretch_is_covered_up_to_the_next_block() {
        let mut file = file();
        let at = file.len() / 2;
        file[at..at + 60].fill(0xFF);
        let (found, _) = mended(&file);
        let voids: Vec<_> = found.iter().filter(|p| p.bytes[0] == VOID).collect();
        assert_eq!(voids.len(), 1, "{found:?}");
        let covered = u64::from(voids[0].bytes[1] & 0x7F) + 2;
        assert!((60..160).contains(&covered), "{covered}");
    }

    #[test]
    fn rubbish_takes_a_bounded_time() {
        let mut file = file();
        file.extend([SIMPLE_BLOCK, 0x81, 0x00].repeat(300_000));
        file.extend([0x1F, 0x43, 0xB6, 0x75, 0x80, 0x00].repeat(300_000));
        let before = cpu_time::of_thread();
        mended(&file);
        let used = cpu_time::of_thread() - before;
        assert!(used.as_secs() < 5, "{used:?}");
    }
}

//! Elements of EBML (RFC 8794): their heads from the source, their children from memory, and heads to be written.
//!
//! Values are read here and not by mkv-element's structs, which refuse a file for one field that is missing or twice there,
//! and write a line to the log for every element that they do not know.

use std::io::{Read, Seek};

use mkv_element::io::blocking_impl::ReadFrom;
use mkv_element::prelude::{Element as Known, VInt64};

use crate::damaged;
use crate::source::Source;
use vocabox_base::fault::Fault;

/// Bytes of a size that is written with room for any.
pub const LONG_SIZE_BYTES: usize = 8;

/// An element of the file.
#[derive(Debug, Clone, Copy)]
pub struct Element {
    /// As mkv-element has it: without the bit that tells its length.
    pub id: u64,
    /// Its first byte, and its content's.
    pub from: u64,
    pub body: u64,
    /// Its content's bytes; none when it goes on until something follows that cannot be in it.
    pub size: Option<u64>,
}

impl Element {
    /// The element that starts where `source` stands; it ends at `limit` at the latest.
    ///
    /// Faults: `Invalid` when there is none, or it leaves `limit`.
    pub fn read<R: Read + Seek>(source: &mut Source<R>, limit: u64) -> Result<Element, Fault> {
        let from = source.at();
        let id = number(source)?;
        let middle = source.at();
        let size = number(source)?;
        let body = source.at();
        // All ones, in any length, mean "unknown"; mkv-element knows the shortest only.
        let ones = (1u64 << (7 * (body - middle))) - 1;
        let is_unknown = size.is_unknown || size.value == ones;
        let size = (!is_unknown).then_some(size.value);
        let inside = match size {
            Some(size) => body.checked_add(size).is_some_and(|end| end <= limit),
            None => body <= limit,
        };
        match inside {
            true => Ok(Element {
                id: id.value,
                from,
                body,
                size,
            }),
            false => Err(damaged(
                "it is cut off, or an element claims more than there is",
            )),
        }
    }

    pub fn is<T: Known>(&self) -> bool {
        self.id == T::ID.value
    }

    /// Behind its last byte. Fault: `Invalid` when its size is not told, which only clusters may leave open.
    pub fn end(&self) -> Result<u64, Fault> {
        let size = self
            .size
            .ok_or_else(|| damaged("an element does not tell its size"))?;
        Ok(self.body + size)
    }
}

fn number<R: Read + Seek>(source: &mut Source<R>) -> Result<VInt64, Fault> {
    VInt64::read_from(source)
        .map_err(|error| damaged("it is cut off, or holds what is no element").because(error))
}

/// An element in memory.
#[derive(Clone, Copy)]
pub struct Child<'a> {
    id: u64,
    /// With its head.
    pub whole: &'a [u8],
    pub body: &'a [u8],
}

impl Child<'_> {
    pub fn is<T: Known>(&self) -> bool {
        self.id == T::ID.value
    }

    /// Its content as a number without sign, of 8 bytes at most.
    pub fn number(&self) -> Result<u64, Fault> {
        match self.body.len() {
            0..=8 => Ok(self
                .body
                .iter()
                .fold(0, |n, byte| n << 8 | u64::from(*byte))),
            _ => Err(damaged("a number has more than 8 bytes")),
        }
    }
}

/// The elements in `data`, the content of one. Fault: `Invalid` when one leaves it.
pub fn children(data: &[u8]) -> Result<Vec<Child<'_>>, Fault> {
    let mut source = Source::new(std::io::Cursor::new(data))?;
    let mut found = Vec::new();
    while source.at() < source.length() {
        let element = Element::read(&mut source, data.len() as u64)?;
        let end = element.end()?;
        found.push(Child {
            id: element.id,
            whole: &data[element.from as usize..end as usize],
            body: &data[element.body as usize..end as usize],
        });
        source.go(end)?;
    }
    Ok(found)
}

/// The head of an element of `size` bytes, the size in [`LONG_SIZE_BYTES`].
pub fn long_head<T: Known>(size: u64) -> Vec<u8> {
    let id = T::ID.as_encoded().to_be_bytes();
    let mut head: Vec<u8> = id.into_iter().skip_while(|byte| *byte == 0).collect();
    head.extend((size | 1 << 56).to_be_bytes());
    head
}

/// An element of type `T` around `contents`.
pub fn wrap<T: Known>(contents: &[&[u8]]) -> Vec<u8> {
    let size: usize = contents.iter().map(|c| c.len()).sum();
    let mut made = long_head::<T>(size as u64);
    contents.iter().for_each(|c| made.extend_from_slice(c));
    made
}

/// An element that mkv-element knows, as bytes.
pub fn encoded<T: Known>(element: &T) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    element.encode_body(&mut body).map_err(Fault::internal)?;
    Ok(wrap::<T>(&[&body]))
}

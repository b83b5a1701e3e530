//! Elements of EBML (RFC 8794): headers read from the source, children from memory, and headers to be written.
//!
//! Values are decoded here and not by mkv-element's structs, which refuse a file for one field that is missing or
//! duplicated, and log a line for every unknown element.

use std::io::{Read, Seek};

use mkv_element::io::blocking_impl::ReadFrom;
use mkv_element::prelude::{Element as Known, VInt64};

use crate::damaged;
use crate::source::Source;
use vocabox_base::fault::Fault;

/// Bytes of a size field that can hold any size.
pub const LONG_SIZE_BYTES: usize = 8;

/// An element of the file.
#[derive(Debug, Clone, Copy)]
pub struct Element {
    /// The id as mkv-element has it: without the bit that marks its length.
    pub id: u64,
    /// The positions of its first byte and of its content.
    pub from: u64,
    pub body: u64,
    /// The bytes of its content; none when it goes on until an element follows that cannot be in it.
    pub size: Option<u64>,
}

impl Element {
    /// Returns the element that starts where `source` stands and ends at `limit` at the latest.
    ///
    /// Faults: `Invalid` when there is none, or it exceeds `limit`.
    pub fn read<R: Read + Seek>(source: &mut Source<R>, limit: u64) -> Result<Element, Fault> {
        let from = source.at();
        let id = number(source)?;
        let middle = source.at();
        let size = number(source)?;
        let body = source.at();
        // All ones, in any length, mean "unknown"; mkv-element knows only the shortest form.
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

    /// Whether this is an element of type `T`.
    pub fn is<T: Known>(&self) -> bool {
        self.id == T::ID.value
    }

    /// Returns the position after its last byte. Fault: `Invalid` when its size is unknown, which is allowed for
    /// clusters only.
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
    /// The element with its header.
    pub whole: &'a [u8],
    pub body: &'a [u8],
}

impl Child<'_> {
    /// Whether this is an element of type `T`.
    pub fn is<T: Known>(&self) -> bool {
        self.id == T::ID.value
    }

    /// Returns its content as an unsigned number of at most 8 bytes.
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

/// Returns the elements in `data`, the content of one. Fault: `Invalid` when one exceeds it.
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

/// Returns the header of an element of `size` bytes, with the size in [`LONG_SIZE_BYTES`].
pub fn long_head<T: Known>(size: u64) -> Vec<u8> {
    let id = T::ID.as_encoded().to_be_bytes();
    let mut head: Vec<u8> = id.into_iter().skip_while(|byte| *byte == 0).collect();
    head.extend((size | 1 << 56).to_be_bytes());
    head
}

/// Returns an element of type `T` around `contents`.
pub fn wrap<T: Known>(contents: &[&[u8]]) -> Vec<u8> {
    let size: usize = contents.iter().map(|c| c.len()).sum();
    let mut made = long_head::<T>(size as u64);
    contents.iter().for_each(|c| made.extend_from_slice(c));
    made
}

/// Returns an element that mkv-element knows, as bytes.
pub fn encoded<T: Known>(element: &T) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    element.encode_body(&mut body).map_err(Fault::internal)?;
    Ok(wrap::<T>(&[&body]))
}

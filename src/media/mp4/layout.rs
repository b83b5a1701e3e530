//! Where the samples of a track lie, as far as the file goes.

use mp4_atom::Trex;

use super::boxes::BoxSlice;
use super::fragments::Gathered;
use super::tables::{Chunk, SampleTables, check_count};
use crate::damaged;
use vocabox_base::fault::Fault;

/// Where the positions of a track's samples are declared.
pub enum SampleLayout {
    /// In the movie header: their chunks, and when the last one shown ends, relative to the first's decoding.
    Head(Vec<Chunk>, u64),
    Fragments(Box<Gathered>),
    /// Nowhere, or not read because the track is not copied.
    None,
}

/// Returns where the samples of a track lie that `tables` list: in a file that breaks off before the last of them, as if
/// they were fragments, so that tables are written for those that are there.
pub fn layout(
    tables: Option<&SampleTables>,
    is_fragmented: bool,
    defaults: Option<Trex>,
    bytes: u64,
) -> Result<SampleLayout, Fault> {
    if is_fragmented {
        let gathered = Gathered::new(defaults, tables, bytes)?;
        return Ok(SampleLayout::Fragments(Box::new(gathered)));
    }
    let Some(tables) = tables else {
        return Ok(SampleLayout::None);
    };
    let (chunks, end) = tables.chunks()?;
    if chunks
        .iter()
        .all(|chunk| chunk.from.saturating_add(chunk.bytes) <= bytes)
    {
        return Ok(SampleLayout::Head(chunks, end));
    }
    let gathered = Gathered::new(None, Some(tables), bytes)?;
    Ok(SampleLayout::Fragments(Box::new(gathered)))
}

/// As [`layout`], for a sound track that only stays: one whose tables cannot be read is left out. Samples of one size, which
/// may be as many as there are in its sound, are not looked at one by one.
pub fn other_sound(stbl: BoxSlice, bytes: u64) -> SampleLayout {
    let read = || -> Result<SampleLayout, Fault> {
        let Some(tables) = SampleTables::read(stbl)? else {
            return Ok(SampleLayout::None);
        };
        match tables.equal_chunks()? {
            Some((chunks, end)) => {
                let is_there = |c: &Chunk| c.from.saturating_add(c.bytes) <= bytes;
                if !chunks.iter().all(is_there) {
                    return Err(damaged("a sound track is cut off"));
                }
                Ok(SampleLayout::Head(chunks, end))
            }
            None => {
                check_count(tables.count())?;
                layout(Some(&tables), false, None, bytes)
            }
        }
    };
    read().unwrap_or_else(|fault| {
        log::warn!("a sound track of a film is not copied: {fault}");
        SampleLayout::None
    })
}

//! Reads a track's sample tables (ISO/IEC 14496-12 §8.6, §8.7): where its samples lie, how long they last, when they
//! end.

use mp4_atom::{Co64, Ctts, Stco, Stsc, Stss, Stsz, StszSamples, Stts};

use super::boxes::{BoxSlice, too_many_samples};
use crate::damaged;
use vocabox_base::fault::Fault;
use vocabox_base::limits::MOVIE_SAMPLES_MAX;

/// Consecutive samples of one track in the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chunk {
    /// The position from the file's start, and the bytes.
    pub from: u64,
    pub bytes: u64,
    /// When its first sample is decoded, in the track's time scale.
    pub time: u64,
}

/// One sample: its size, its duration, the time between its decoding and its display (both in the track's time scale),
/// and whether decoding may start with it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    pub bytes: u32,
    pub duration: u32,
    pub offset: i64,
    pub is_sync: bool,
}

/// The tables of one track, decoded.
pub struct SampleTables {
    sizes: Stsz,
    durations: Stts,
    offsets: Option<Ctts>,
    sync: Option<Stss>,
    runs: Stsc,
    chunks: Vec<u64>,
}

impl SampleTables {
    /// Returns the tables in the box `stbl`; none when it lists no samples, as in a fragmented file.
    ///
    /// Faults: `Invalid` when one is missing, damaged, or larger than is accepted.
    pub fn read(stbl: BoxSlice) -> Result<Option<SampleTables>, Fault> {
        if stbl.find(b"stz2")?.is_some() {
            return Err(damaged("its sample sizes are of the compact kind (stz2)"));
        }
        let sizes: Stsz = match stbl.find(b"stsz")? {
            // After version and flags: one size for all, then the number of samples.
            Some(part) => part.table(8)?,
            None => return Ok(None),
        };
        let count = match &sizes.samples {
            StszSamples::Identical { count, .. } => *count as usize,
            StszSamples::Different { sizes } => sizes.len(),
        };
        if count == 0 {
            return Ok(None);
        }
        let chunks = match stbl.find(b"co64")? {
            Some(part) => part.table::<Co64>(4)?.entries,
            None => {
                let short: Stco = stbl.need(b"stco")?.table(4)?;
                short.entries.into_iter().map(u64::from).collect()
            }
        };
        if chunks.len() > count {
            return Err(damaged("it has more chunks than frames"));
        }
        let table = |kind| stbl.find(kind);
        Ok(Some(SampleTables {
            durations: stbl.need(b"stts")?.table(4)?,
            offsets: table(b"ctts")?.map(|part| part.table(4)).transpose()?,
            sync: table(b"stss")?.map(|part| part.table(4)).transpose()?,
            runs: stbl.need(b"stsc")?.table(4)?,
            sizes,
            chunks,
        }))
    }

    /// Visits all samples in order: `see` gets each with its chunk's number, its position, and its description's
    /// number.
    ///
    /// Fault: `Invalid` when the tables leave samples without a place.
    pub fn each(
        &self,
        mut see: impl FnMut(usize, u64, u32, Sample) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let runs = &self.runs.entries;
        if runs.first().is_none_or(|run| run.first_chunk != 1) {
            return Err(damaged("its table of chunks does not start"));
        }
        let (mut next, count) = (0, self.count());
        let mut durations = self.durations.entries.iter().flat_map(|e| {
            let times = e.sample_count as usize;
            std::iter::repeat_n(e.sample_delta, times)
        });
        let mut offsets = self.offsets.iter().flat_map(|table| {
            let entries = table.entries.iter();
            entries.flat_map(|e| std::iter::repeat_n(e.sample_offset, e.sample_count as usize))
        });
        let mut sync = self.sync.as_ref().map(|s| s.entries.iter().peekable());
        let mut run = 0;
        for (i, from) in self.chunks.iter().enumerate() {
            while runs
                .get(run + 1)
                .is_some_and(|later| later.first_chunk as usize <= i + 1)
            {
                run += 1;
            }
            let mut at = *from;
            // The table may declare too many samples for the last chunk of a run.
            let held = (runs[run].samples_per_chunk as usize).min(count - next);
            for _ in 0..held {
                next += 1;
                let number = next as u32;
                let is_sync = sync.as_mut().is_none_or(|entries| {
                    while entries.next_if(|entry| **entry < number).is_some() {}
                    entries.peek() == Some(&&number)
                });
                let sample = Sample {
                    bytes: self.bytes(next - 1),
                    duration: durations.next().unwrap_or(0),
                    offset: offsets.next().unwrap_or(0),
                    is_sync,
                };
                see(i, at, runs[run].sample_description_index, sample)?;
                at = at.saturating_add(u64::from(sample.bytes));
            }
        }
        match next == count {
            true => Ok(()),
            false => Err(damaged("it has frames without a place in the file")),
        }
    }

    /// Returns the chunks, and when the last sample's display ends, relative to the first one's decoding, in the
    /// track's time scale.
    ///
    /// Faults: as [`SampleTables::each`].
    pub fn chunks(&self) -> Result<(Vec<Chunk>, u64), Fault> {
        let empty = |from: &u64| Chunk {
            from: *from,
            bytes: 0,
            time: 0,
        };
        let mut chunks: Vec<Chunk> = self.chunks.iter().map(empty).collect();
        let (mut time, mut end) = (0, 0);
        self.each(|i, _, _, sample| {
            let chunk = &mut chunks[i];
            if chunk.bytes == 0 {
                chunk.time = time;
            }
            chunk.bytes += u64::from(sample.bytes);
            time += u64::from(sample.duration);
            end = end.max(time.saturating_add_signed(sample.offset));
            Ok(())
        })?;
        Ok((chunks, end))
    }

    /// As [`SampleTables::chunks`], for samples of one size and one duration, without a look at each; none for others.
    ///
    /// Faults: `Invalid` when the table of chunks does not start, or the samples are of QuickTime's one byte, which stands for
    /// any size.
    pub fn equal_chunks(&self) -> Result<Option<(Vec<Chunk>, u64)>, Fault> {
        let StszSamples::Identical { size, count } = &self.sizes.samples else {
            return Ok(None);
        };
        let ([duration], None, false) = (
            &self.durations.entries[..],
            &self.offsets,
            self.sync.is_some(),
        ) else {
            return Ok(None);
        };
        let runs = &self.runs.entries;
        if *size <= 1 || runs.first().is_none_or(|run| run.first_chunk != 1) {
            return Err(damaged("its sound has samples of an unknown size"));
        }
        let (mut left, mut time, mut run) = (u64::from(*count), 0, 0);
        let mut chunks = Vec::with_capacity(self.chunks.len());
        for (i, from) in self.chunks.iter().enumerate() {
            let is_next = |later: &mp4_atom::StscEntry| later.first_chunk as usize <= i + 1;
            while runs.get(run + 1).is_some_and(is_next) {
                run += 1;
            }
            let held = u64::from(runs[run].samples_per_chunk).min(left);
            left -= held;
            chunks.push(Chunk {
                from: *from,
                bytes: held * u64::from(*size),
                time,
            });
            time += held * u64::from(duration.sample_delta);
        }
        Ok(Some((chunks, time)))
    }

    /// Returns the number of samples.
    pub fn count(&self) -> usize {
        match &self.sizes.samples {
            StszSamples::Identical { count, .. } => *count as usize,
            StszSamples::Different { sizes } => sizes.len(),
        }
    }

    fn bytes(&self, i: usize) -> u32 {
        match &self.sizes.samples {
            StszSamples::Identical { size, .. } => *size,
            StszSamples::Different { sizes } => sizes[i],
        }
    }
}

/// Fault: `Invalid` when films may not have so many samples.
pub fn check_count(samples: usize) -> Result<(), Fault> {
    match samples <= MOVIE_SAMPLES_MAX {
        true => Ok(()),
        false => Err(too_many_samples()),
    }
}

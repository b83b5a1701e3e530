//! Turns a fragmented track (ISO/IEC 14496-12 §8.8) into the tables that it would have without fragments.

use mp4_atom::{
    Co64, Ctts, CttsEntry, Stsc, StscEntry, Stss, Stsz, StszSamples, Stts, SttsEntry, Tfdt, Tfhd,
    Trex, Trun,
};

use super::boxes::{BoxSlice, encoded, parts};
use super::tables::{Chunk, Sample, SampleTables, check_count};
use crate::damaged;
use vocabox_base::fault::Fault;

/// Flags of a sample that decoding may not start with: it depends on others, or is declared as no sync sample
/// (§8.8.3.1).
const NO_SYNC: u32 = 0x0101_0000;

/// A fragmented track while its fragments are read.
#[derive(Debug)]
pub struct Gathered {
    defaults: Option<Trex>,
    sizes: Vec<u32>,
    durations: Vec<SttsEntry>,
    offsets: Vec<CttsEntry>,
    sync: Vec<u32>,
    runs: Vec<StscEntry>,
    chunks: Vec<Chunk>,
    /// When the first sample is decoded, in the track's time scale; none before there is one.
    first: Option<u64>,
    /// When the next sample is decoded, and when the last one shown ends, both relative to the first.
    time: u64,
    end: u64,
    /// Of the file, and whether a sample lies beyond them.
    bytes: u64,
    is_over: bool,
}

impl Gathered {
    /// Returns a track whose samples take undeclared values from `defaults`; the samples in `tables`, if any, come
    /// first. The track ends before the first sample that does not lie in the file of `bytes` bytes.
    pub fn new(
        defaults: Option<Trex>,
        tables: Option<&SampleTables>,
        bytes: u64,
    ) -> Result<Self, Fault> {
        let mut gathered = Gathered {
            defaults,
            sizes: Vec::new(),
            durations: Vec::new(),
            offsets: Vec::new(),
            sync: Vec::new(),
            runs: Vec::new(),
            chunks: Vec::new(),
            first: None,
            time: 0,
            end: 0,
            bytes,
            is_over: false,
        };
        if let Some(tables) = tables {
            let mut last = usize::MAX;
            gathered.first = Some(0);
            tables.each(|chunk, from, description, sample| {
                if gathered.passes(from, sample) {
                    return Ok(());
                }
                if chunk != last {
                    gathered.open(from, description);
                    last = chunk;
                }
                gathered.push(sample)
            })?;
        }
        Ok(gathered)
    }

    /// Whether a sample at `from` lies beyond the file's end, or follows one that does.
    fn passes(&mut self, from: u64, sample: Sample) -> bool {
        self.is_over |= from.saturating_add(u64::from(sample.bytes)) > self.bytes;
        self.is_over
    }

    /// Whether samples were left out because the file breaks off.
    pub fn is_cut(&self) -> bool {
        self.is_over
    }

    /// Returns when the first sample is decoded, in the track's time scale.
    pub fn first(&self) -> Option<u64> {
        self.first
    }

    /// Returns the number of samples.
    pub fn count(&self) -> usize {
        self.sizes.len()
    }

    /// Returns the duration of all samples, and the end of the last one shown relative to the first's decoding, in the
    /// track's time scale.
    pub fn ends(&self) -> (u64, u64) {
        (self.time, self.end)
    }

    /// Returns where the samples lie.
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// Returns the tables as boxes, with the chunks at `places`.
    pub fn tables(&self, places: &[u64]) -> Result<Vec<u8>, Fault> {
        let mut made = encoded(&Stts {
            entries: self.durations.clone(),
        })?;
        if self.offsets.iter().any(|entry| entry.sample_offset != 0) {
            made.extend(encoded(&Ctts {
                entries: self.offsets.clone(),
            })?);
        }
        // Without this table, every sample is a sync sample.
        if self.sync.len() < self.sizes.len() {
            made.extend(encoded(&Stss {
                entries: self.sync.clone(),
            })?);
        }
        made.extend(encoded(&Stsc {
            entries: self.runs.clone(),
        })?);
        made.extend(encoded(&Stsz {
            samples: StszSamples::Different {
                sizes: self.sizes.clone(),
            },
        })?);
        made.extend(encoded(&Co64 {
            entries: places.to_vec(),
        })?);
        Ok(made)
    }

    /// Starts a chunk of samples that have the description of that number.
    fn open(&mut self, from: u64, description: u32) {
        self.chunks.push(Chunk {
            from,
            bytes: 0,
            time: self.time,
        });
        self.runs.push(StscEntry {
            first_chunk: self.chunks.len() as u32,
            samples_per_chunk: 0,
            sample_description_index: description,
        });
    }

    /// Adds a sample to the open chunk.
    fn push(&mut self, sample: Sample) -> Result<(), Fault> {
        check_count(self.sizes.len() + 1)?;
        self.sizes.push(sample.bytes);
        if sample.is_sync {
            self.sync.push(self.sizes.len() as u32);
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.bytes += u64::from(sample.bytes);
        }
        if let Some(run) = self.runs.last_mut() {
            run.samples_per_chunk += 1;
        }
        self.last(sample.duration, 1);
        match self.offsets.last_mut() {
            Some(last) if last.sample_offset == sample.offset => last.sample_count += 1,
            _ => self.offsets.push(CttsEntry {
                sample_count: 1,
                sample_offset: sample.offset,
            }),
        }
        self.time += u64::from(sample.duration);
        self.end = self.end.max(self.time.saturating_add_signed(sample.offset));
        Ok(())
    }

    /// Ends a chunk: one like those before it needs no row of its own.
    fn close(&mut self) {
        let Some(run) = self.runs.pop() else { return };
        match self.runs.last() {
            Some(like)
                if like.samples_per_chunk == run.samples_per_chunk
                    && like.sample_description_index == run.sample_description_index => {}
            _ => self.runs.push(run),
        }
    }

    /// Adds `count` samples of `duration` to the table of durations.
    fn last(&mut self, duration: u32, count: u32) {
        match self.durations.last_mut() {
            Some(last) if last.sample_delta == duration => last.sample_count += count,
            _ => self.durations.push(SttsEntry {
                sample_count: count,
                sample_delta: duration,
            }),
        }
    }

    /// Sets the decoding time of the next sample to `time`: the sample before it lasts until then.
    fn go_to(&mut self, time: u64) -> Result<(), Fault> {
        let now = self.first.unwrap_or(0) + self.time;
        let Some(entry) = self.durations.last_mut() else {
            self.first = Some(time);
            return Ok(());
        };
        if time == now {
            return Ok(());
        }
        let duration = u64::from(entry.sample_delta);
        let fits = (time + duration).checked_sub(now);
        let Some(fits) = fits.and_then(|fits| u32::try_from(fits).ok()) else {
            return Err(damaged(
                "the times of its fragments go back, or leave a gap",
            ));
        };
        entry.sample_count -= 1;
        if entry.sample_count == 0 {
            self.durations.pop();
        }
        self.last(fits, 1);
        self.time = self.time + u64::from(fits) - duration;
        Ok(())
    }

    /// Adds the samples of one fragment's track: `traf`, whose header is `head`. `moof` is where the fragment starts,
    /// `follows` where the data of the track before it ended. Returns where its own data end.
    pub fn add(
        &mut self,
        traf: BoxSlice,
        head: &Tfhd,
        moof: u64,
        follows: u64,
    ) -> Result<u64, Fault> {
        let base = match head.base_data_offset {
            Some(base) => base,
            None if head.default_base_is_moof => moof,
            None => follows,
        };
        let defaults = self.defaults.clone().unwrap_or_default();
        let description = head
            .sample_description_index
            .unwrap_or(defaults.default_sample_description_index)
            .max(1);
        let duration = head
            .default_sample_duration
            .unwrap_or(defaults.default_sample_duration);
        let bytes = head
            .default_sample_size
            .unwrap_or(defaults.default_sample_size);
        let flags = head
            .default_sample_flags
            .unwrap_or(defaults.default_sample_flags);
        let mut time = start(traf)?;
        let mut at = base;
        for part in parts(traf.body)? {
            if part.kind != *b"trun" {
                continue;
            }
            let run: Trun = part.table(4)?;
            if let Some(offset) = run.data_offset {
                at = base
                    .checked_add_signed(i64::from(offset))
                    .ok_or_else(|| damaged("a fragment points before the file"))?;
            }
            let first = run
                .samples
                .iter()
                .next()
                .and_then(|entry| entry.size)
                .unwrap_or(bytes);
            self.is_over |= at.saturating_add(u64::from(first)) > self.bytes;
            if run.samples.is_empty() || self.is_over {
                continue;
            }
            if let Some(time) = time.take() {
                self.go_to(time)?;
            }
            self.first.get_or_insert(0);
            self.open(at, description);
            for entry in run.samples.iter() {
                let sample = Sample {
                    bytes: entry.size.unwrap_or(bytes),
                    duration: entry.duration.unwrap_or(duration),
                    offset: entry.cts.unwrap_or(0),
                    is_sync: entry.flags.unwrap_or(flags) & NO_SYNC == 0,
                };
                if self.passes(at, sample) {
                    break;
                }
                self.push(sample)?;
                at = at.saturating_add(u64::from(sample.bytes));
            }
            self.close();
        }
        Ok(at)
    }
}

/// Returns when the first sample of a fragment's track is decoded, where the fragment declares it.
fn start(traf: BoxSlice) -> Result<Option<u64>, Fault> {
    let Some(part) = traf.find(b"tfdt")? else {
        return Ok(None);
    };
    let told: Tfdt = part.decode()?;
    match told.base_media_decode_time <= u64::MAX / 4 {
        true => Ok(Some(told.base_media_decode_time)),
        false => Err(damaged("a fragment's time is beyond all films")),
    }
}

//! Writes the clusters of the copy: the copied blocks, in clusters of the same times, with the sound between them.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};

use mkv_element::prelude::{
    Block, BlockDuration, BlockGroup, Cluster, CuePoint, CueTime, CueTrackPositions, Cues,
    DiscardPadding, SimpleBlock, Timestamp,
};

use super::element::{LONG_SIZE_BYTES, encoded, long_head};
use crate::source::Source;
use crate::track::SoundTrack;
use vocabox_audio::encode::OPUS_RATE_HZ;
use vocabox_base::fault::Fault;

/// Longest cluster that holds sound only, in seconds.
const SOUND_CLUSTER_SECONDS_MAX: f64 = 5.0;
/// Least time between two cues, in seconds: one a second is enough for seeking.
const CUE_SECONDS_MIN: f64 = 1.0;
const NS_PER_S: u64 = 1_000_000_000;

/// An output file and its position.
pub struct Output<'a> {
    file: BufWriter<&'a mut File>,
    at: u64,
}

impl<'a> Output<'a> {
    /// Returns an output at the start of `file`.
    pub fn new(file: &'a mut File) -> Self {
        Output {
            file: BufWriter::new(file),
            at: 0,
        }
    }

    /// Returns the position of the next byte.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Writes `bytes`. Faults: those of [`Fault::disk`].
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.file.write_all(bytes).map_err(Fault::disk)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Copies the bytes of `source` between `from` and `to`. Faults: those of reading and writing.
    pub fn copy<R: Read + Seek>(
        &mut self,
        source: &mut Source<R>,
        from: u64,
        to: u64,
    ) -> Result<(), Fault> {
        source.go(from)?;
        source.copy(to - from, &mut self.file)?;
        self.at += to - from;
        Ok(())
    }

    /// Overwrites the bytes at `from` with `bytes`.
    pub fn patch(&mut self, from: u64, bytes: &[u8]) -> Result<(), Fault> {
        let end = SeekFrom::Start(self.at);
        let mut patch = || {
            self.file.seek(SeekFrom::Start(from))?;
            self.file.write_all(bytes)?;
            self.file.seek(end)
        };
        patch().map(drop).map_err(Fault::disk)
    }

    /// Starts an element whose size [`Output::close`] writes; returns where its content starts.
    pub fn open<T: mkv_element::prelude::Element>(&mut self) -> Result<u64, Fault> {
        self.put(&long_head::<T>(0))?;
        Ok(self.at)
    }

    /// Ends the element whose content started at `body`.
    pub fn close(&mut self, body: u64) -> Result<(), Fault> {
        let size = (self.at - body) | 1 << 56;
        self.patch(body - LONG_SIZE_BYTES as u64, &size.to_be_bytes())
    }

    /// Writes what is buffered. Faults: those of [`Fault::disk`].
    pub fn flush(&mut self) -> Result<(), Fault> {
        self.file.flush().map_err(Fault::disk)
    }
}

/// The cluster that is being written.
struct Open {
    /// The positions in the file of its first byte and of its content.
    from: u64,
    body: u64,
    time: i64,
}

/// Writes clusters into a segment.
pub struct Clusters<'a, P> {
    sound: &'a SoundTrack,
    packets: P,
    /// The sound's number among the tracks, below 127.
    number: u8,
    scale_ns: u64,
    /// Where the segment's content starts.
    segment: u64,
    /// Packets written.
    written: usize,
    open: Option<Open>,
    cues: Vec<CuePoint>,
    cued: Option<i64>,
}

impl<'a, P: Read> Clusters<'a, P> {
    /// Returns a writer of the sound's `packets` as track `number`, in ticks of `scale_ns`, into the segment at
    /// `segment`.
    pub fn new(sound: &'a SoundTrack, packets: P, number: u8, scale_ns: u64, segment: u64) -> Self {
        Clusters {
            sound,
            packets,
            number,
            scale_ns,
            segment,
            written: 0,
            open: None,
            cues: Vec::new(),
            cued: None,
        }
    }

    /// Makes sure that a cluster of `time` is open, after all sound before it was written.
    pub fn start(&mut self, out: &mut Output, time: i64) -> Result<(), Fault> {
        self.sound_until(out, time)?;
        self.end_cluster(out)?;
        self.begin(out, time)
    }

    /// Writes the sound before `time`; the block of that time then goes into the open cluster.
    pub fn sound_until(&mut self, out: &mut Output, time: i64) -> Result<(), Fault> {
        while self.written < self.sound.sizes().len() && self.ticks(self.written) < time {
            self.write_packet(out)?;
        }
        Ok(())
    }

    /// Adds a cue for the block of `track` at `time`, a key frame and the next to be written, unless the last cue is
    /// less than `CUE_SECONDS_MIN` before it.
    pub fn cue(&mut self, out: &Output, track: u64, time: i64) {
        let apart = (CUE_SECONDS_MIN * NS_PER_S as f64) as i64 / self.scale_ns.max(1) as i64;
        let Some(open) = &self.open else { return };
        if self.cued.is_some_and(|cued| time < cued + apart) {
            return;
        }
        self.cued = Some(time);
        let place = CueTrackPositions {
            cue_track: mkv_element::prelude::CueTrack(track),
            cue_cluster_position: mkv_element::prelude::CueClusterPosition(
                open.from - self.segment,
            ),
            cue_relative_position: Some(mkv_element::prelude::CueRelativePosition(
                out.at() - open.body,
            )),
            ..Default::default()
        };
        self.cues.push(CuePoint {
            cue_time: CueTime(time.max(0) as u64),
            cue_track_positions: vec![place],
            ..Default::default()
        });
    }

    /// Writes the rest of the sound, and ends the last cluster. Returns the cues.
    pub fn finish(mut self, out: &mut Output) -> Result<Cues, Fault> {
        while self.written < self.sound.sizes().len() {
            self.write_packet(out)?;
        }
        self.end_cluster(out)?;
        Ok(Cues {
            cue_point: self.cues,
            ..Default::default()
        })
    }

    fn begin(&mut self, out: &mut Output, time: i64) -> Result<(), Fault> {
        let from = out.at();
        let body = out.open::<Cluster>()?;
        out.put(&encoded(&Timestamp(time.max(0) as u64))?)?;
        self.open = Some(Open { from, body, time });
        Ok(())
    }

    fn end_cluster(&mut self, out: &mut Output) -> Result<(), Fault> {
        match self.open.take() {
            Some(open) => out.close(open.body),
            None => Ok(()),
        }
    }

    /// Returns when the packet of that number starts, in ticks. The first starts at 0: players subtract the warm-up by
    /// the track's CodecDelay.
    fn ticks(&self, packet: usize) -> i64 {
        let samples = packet as u64 * u64::from(self.sound.codec().packet_samples());
        self.to_ticks(samples)
    }

    fn to_ticks(&self, samples: u64) -> i64 {
        let ns = u128::from(samples) * u128::from(NS_PER_S) / u128::from(OPUS_RATE_HZ);
        let scale = u128::from(self.scale_ns);
        ((ns + scale / 2) / scale) as i64
    }

    fn write_packet(&mut self, out: &mut Output) -> Result<(), Fault> {
        let time = self.ticks(self.written);
        let most = (SOUND_CLUSTER_SECONDS_MAX * NS_PER_S as f64) as i64 / self.scale_ns as i64;
        let fits =
            |open: &Open| (0..=most.clamp(0, i64::from(i16::MAX))).contains(&(time - open.time));
        if !self.open.as_ref().is_some_and(fits) {
            self.end_cluster(out)?;
            self.begin(out, time)?;
        }
        let after = time - self.open.as_ref().map_or(time, |open| open.time);
        let mut block = vec![self.number | 0x80];
        block.extend((after as i16).to_be_bytes());
        // The flag of a key frame.
        block.push(0x80);
        let head = block.len();
        block.resize(head + usize::from(self.sound.sizes()[self.written]), 0);
        self.packets
            .read_exact(&mut block[head..])
            .map_err(Fault::internal)?;
        self.written += 1;
        let last = self.written == self.sound.sizes().len();
        let packet_samples = self.sound.codec().packet_samples();
        let padding = packet_samples - self.sound.last_packet_samples();
        if last && padding > 0 {
            // In a group, every block is a key frame unless it refers to another.
            block[3] = 0;
            let kept = u64::from(self.sound.last_packet_samples());
            let ns = u64::from(padding) * NS_PER_S / u64::from(OPUS_RATE_HZ);
            let parts = [
                super::element::wrap::<Block>(&[&block]),
                encoded(&BlockDuration(self.to_ticks(kept).max(0) as u64))?,
                encoded(&DiscardPadding(ns as i64))?,
            ];
            return out.put(&super::element::wrap::<BlockGroup>(&[&parts.concat()]));
        }
        out.put(&super::element::wrap::<SimpleBlock>(&[&block]))
    }
}

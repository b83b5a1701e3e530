//! A recording → samples of one channel or two at its own rate, packet by packet: memory does not grow with its length.
//!
//! The format is recognised by content, never by name. AIFF, CAF, FLAC, MP3, ADTS, MP4 (AAC, ALAC, MP3, Opus, PCM),
//! Matroska/WebM and Ogg (Vorbis, Opus, FLAC) are read by symphonia, others by `formats`; packets that symphonia does not
//! decode by `codecs`.
//! Priming and padding are cut as the file says (LAME tags, Ogg positions, Opus pre-skip, MP4 edit lists,
//! Matroska's codec delay). Sample 0 is the start of the file: silence stands before a track that starts later, and where
//! the times of packets leave a gap. Left as it is: Matroska's DiscardPadding (some milliseconds at the end).
//!
//! A cut or damaged file is decoded as far as it goes. Concatenated files (MP3, ADTS, Ogg, Matroska) are decoded to the
//! last one; parts with another rate than the first are resampled to it.

use std::io::{self, Read, Seek};

use symphonia::core::errors::Error;
use symphonia::core::formats::FormatReader;
use symphonia::core::formats::well_known::FORMAT_ID_ISOMP4;
use symphonia::core::packet::Packet;

use crate::decode::bounds::{check, check_dense, check_read, too_long};
use crate::decode::downmix::Width;
use crate::decode::edit_lists::Edit;
use crate::decode::input::FileSpan;
use crate::decode::other_rate::OtherRate;
use crate::decode::refusals::{DAMAGED, undecodable, without_packets};
use crate::decode::selection::{self, HeardTrack, SoundRequest};
use crate::decode::shield::shielded;
use crate::decode::timeline::Timeline;
use crate::decode::track::TrackDecoder;
use crate::pcm::Samples;
use vocabox_base::fault::Fault;

/// Seconds that a file may make the decoder decode and then cut away, beyond twice the accepted length.
const CUT_SECONDS_MAX: f64 = 60.0;

/// Longest codec delay that is applied; a longer one is treated as damage.
const EARLY_SECONDS_MAX: f64 = 1.0;

/// Bytes of a frame that its packet may lack: the head of ADTS.
const FRAME_HEAD_BYTES: u64 = 9;

/// Damaged packets in a row after which decoding stops.
const DAMAGED_MAX: usize = 1000;

/// Frames of silence that are made at a time before a track that starts late.
const SILENCE_FRAMES: u64 = 1 << 14;

/// A recording being decoded: mono [`Samples`] at its own rate, or one channel or two for `wide`.
pub struct Decoder {
    format: Box<dyn FormatReader>,
    heard: HeardTrack,
    track_id: u32,
    track: TrackDecoder,
    timeline: Timeline,
    rate_hz: u32,
    /// 1 or 2.
    channels: usize,
    most_seconds: f64,
    /// Of the file.
    bytes: u64,
    told_seconds: Option<f64>,
    /// Interleaved frames of the last packet; those before the sample `at` were handed out.
    ready: Vec<f32>,
    at: usize,
    /// Frames of silence still to give before the track, frames still to cut, and frames that may follow.
    gap: u64,
    cut: u64,
    keep: u64,
    /// Seconds by which the first packet starts before its track.
    early_s: f64,
    /// Bytes of a bare stream of frames, and of the packets that were decoded.
    stream_bytes: Option<u64>,
    decoded_bytes: u64,
    /// The conversion of a part with another rate than the first.
    other: Option<OtherRate>,
    /// Consecutive packets that the container could not give.
    damaged: usize,
    /// Frames decoded, and frames given to the caller, silence included.
    decoded: u64,
    given: u64,
    ended: bool,
}

/// The recording in `source` as mono, opened at the sound track that `selection` prefers.
///
/// `most_seconds` is the longest recording to accept; where the file tells its length reliably, a longer
/// one is refused here, otherwise by [`Samples::read`] once it is passed.
///
/// Faults: `Invalid` when the source is empty, is no media file, has no audio track, or none that can be
/// decoded, or claims a rate or channels beyond `limits`; `Internal` when it cannot be read.
pub fn open<S>(source: S, most_seconds: f64) -> Result<Decoder, Fault>
where
    S: Read + Seek + Send + Sync + 'static,
{
    open_sound(source, &SoundRequest::default(), most_seconds)
}

/// As [`open`], of what `request` asks for. Faults: also `Invalid` when it asks for a track that is not there.
pub fn open_sound<S>(source: S, request: &SoundRequest, most_seconds: f64) -> Result<Decoder, Fault>
where
    S: Read + Seek + Send + Sync + 'static,
{
    let width = request.side.map_or(Width::One, Width::Side);
    open_as(source, request, width, most_seconds)
}

/// As [`open_sound`], in channels of `width`: unless that is one, only [`Decoder::read_frames`] is right.
pub(crate) fn open_as<S>(
    source: S,
    request: &SoundRequest,
    width: Width,
    most_seconds: f64,
) -> Result<Decoder, Fault>
where
    S: Read + Seek + Send + Sync + 'static,
{
    let input = FileSpan::new(source).map_err(Fault::internal)?;
    if input.length() == 0 {
        return Err(Fault::invalid("file is empty"));
    }
    let (opened, heard) = selection::open(&input, request)?;
    let chosen = shielded(|| selection::opened_track(&opened, heard.id, width));
    let damaged = || undecodable(DAMAGED);
    let (chosen, track) = chosen.ok_or_else(damaged)??;
    let told_seconds = opened.told_seconds(chosen);
    if let Some(seconds) = told_seconds {
        check_dense(seconds, opened.bytes)?;
        if seconds > most_seconds {
            return Err(too_long(Some(seconds), most_seconds));
        }
    }
    let facts = opened.sounds.iter().find(|s| s.id == heard.id).cloned();
    let mut edits = opened.edits.iter().copied();
    let edit = edits.find(|edit| edit.track_id == heard.id);
    let mut decoder = Decoder {
        track_id: heard.id,
        heard,
        track,
        timeline: Timeline::new(
            opened.times,
            opened.format.format_info().format == FORMAT_ID_ISOMP4,
        ),
        bytes: opened.bytes,
        stream_bytes: opened.stream_bytes,
        format: opened.format,
        rate_hz: 0,
        channels: 1,
        most_seconds,
        told_seconds,
        ready: Vec::new(),
        at: 0,
        gap: 0,
        cut: 0,
        keep: u64::MAX,
        early_s: 0.0,
        decoded_bytes: 0,
        other: None,
        damaged: 0,
        decoded: 0,
        given: 0,
        ended: false,
    };
    // Only a decoded packet tells the true rate.
    while decoder.rate_hz == 0 {
        if !decoder.decode_packet()? {
            return Err(undecodable(without_packets(
                decoder.format.as_ref(),
                facts.as_ref(),
            )));
        }
    }
    decoder.edit(edit);
    decoder.trim()?;
    Ok(decoder)
}

impl Decoder {
    /// Returns the length of the recording in seconds, where the file declares it reliably.
    pub fn told_seconds(&self) -> Option<f64> {
        self.told_seconds
    }

    /// Returns the sound track that is heard.
    pub fn heard(&self) -> &HeardTrack {
        &self.heard
    }

    /// Returns the channels of the recording itself.
    pub fn recorded_channels(&self) -> usize {
        self.track.mix().inputs()
    }

    /// Sets what is cut, kept and put before the sound, once the rate is known.
    fn edit(&mut self, edit: Option<Edit>) {
        let rate_hz = f64::from(self.rate_hz);
        let frames = |seconds: f64| (seconds * rate_hz).round().max(0.0) as u64;
        // Seconds from the file's start to the first decoded sample.
        let late_s = self.timeline.late_s();
        let silence_s = match edit {
            // In MP4 the edit list stands for the Opus pre-skip too.
            Some(edit) => {
                self.cut = frames(edit.cut_s - late_s);
                self.keep = edit.keep_s.map_or(u64::MAX, frames);
                edit.gap_s + (late_s - edit.cut_s).max(0.0)
            }
            None => {
                self.cut = self.track.pre_skip().unwrap_or(frames(self.early_s));
                match self.timeline.counts() {
                    true => (late_s + self.cut as f64 / rate_hz).max(0.0),
                    false => 0.0,
                }
            }
        };
        // Times of milliseconds tell no shorter one.
        self.gap = if silence_s < 0.001 {
            0
        } else {
            frames(silence_s)
        };
        if let Some(told_s) = &mut self.told_seconds {
            *told_s += self.gap as f64 / rate_hz;
        }
    }

    /// Decodes the track's next packet into `ready`, which must have been used up. Returns false at the end.
    fn decode_packet(&mut self) -> Result<bool, Fault> {
        self.ready.clear();
        self.at = 0;
        let Some(read) = shielded(|| self.format.next_packet()) else {
            return Ok(false);
        };
        let packet = match read {
            Ok(Some(packet)) => packet,
            Ok(None) => return Ok(false),
            // Chained Ogg: another logical stream follows.
            Err(Error::ResetRequired) => return self.start_again(),
            Err(Error::IoError(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
                return Err(Fault::internal(error));
            }
            Err(Error::DecodeError(_)) if self.damaged < DAMAGED_MAX => {
                self.damaged += 1;
                return Ok(true);
            }
            // A truncated file is decoded as far as it goes.
            Err(_) => return Ok(false),
        };
        self.damaged = 0;
        if let Some(time_s) = self.time_s(&packet).filter(|_| self.rate_hz == 0) {
            self.timeline.see(time_s);
        }
        if packet.track_id != self.track_id {
            return Ok(true);
        }
        let Some(decoded) = shielded(|| self.track.decode(&packet, &mut self.ready)) else {
            self.ready.clear();
            return Ok(false);
        };
        // A packet that cannot be decoded is skipped, like one of another rate than the first.
        let Some(rate_hz) = decoded else {
            return Ok(true);
        };
        self.decoded_bytes += packet.data.len() as u64 + FRAME_HEAD_BYTES;
        if self.rate_hz == 0 {
            self.rate_hz = check(rate_hz, self.track.mix().inputs())?;
            self.channels = self.track.mix().outputs();
            self.early_s = self.early(&packet);
            if let Some(time_s) = self.time_s(&packet) {
                self.timeline.begin(time_s);
            }
        }
        if rate_hz != self.rate_hz {
            self.convert(rate_hz)?;
        } else if !self.ready.is_empty() {
            self.finish_other()?;
            self.fill(&packet);
        }
        Ok(true)
    }

    /// Puts the frames in `ready`, which have another rate than the first, into that rate: as many as can be by now.
    fn convert(&mut self, rate_hz: u32) -> Result<(), Fault> {
        let frames = std::mem::take(&mut self.ready);
        if self
            .other
            .as_ref()
            .is_some_and(|other| other.rate_hz() != rate_hz)
        {
            self.finish_other()?;
        }
        let rate_hz = check(rate_hz, self.track.mix().inputs())?;
        let other = match &mut self.other {
            Some(other) => other,
            none => none.insert(OtherRate::new(rate_hz, self.rate_hz, self.channels)?),
        };
        other.push(&frames, &mut self.ready)
    }

    /// Ends a part with another rate: puts what is left of it before the frames in `ready`.
    fn finish_other(&mut self) -> Result<(), Fault> {
        if let Some(mut other) = self.other.take() {
            let after = std::mem::take(&mut self.ready);
            other.finish(&mut self.ready)?;
            self.ready.extend(after);
        }
        Ok(())
    }

    /// Puts silence in place of what was lost before `packet`, whose frames are in `ready`.
    fn fill(&mut self, packet: &Packet) {
        let (Some(time_s), rate_hz) = (self.time_s(packet), f64::from(self.rate_hz)) else {
            return;
        };
        let here_s = self.decoded as f64 / rate_hz;
        if let Some(lost_s) = self.timeline.lost_s(time_s, here_s) {
            let lost = (lost_s * rate_hz) as u64;
            self.decoded = self.decoded.saturating_add(lost);
            // What is cut and kept counts the silence, too.
            let cut = lost.min(self.cut);
            self.cut -= cut;
            let silence = (lost - cut).min(self.keep);
            self.keep -= silence;
            self.gap = self.gap.saturating_add(silence);
        }
    }

    /// Returns when a packet starts, in the file's time; none in formats whose packets follow each other without times.
    fn time_s(&self, packet: &Packet) -> Option<f64> {
        if !self.timeline.counts() {
            return None;
        }
        let mut tracks = self.format.tracks().iter();
        let base = tracks
            .find(|track| track.id == packet.track_id)?
            .time_base?;
        Some(base.calc_time(packet.pts)?.as_secs_f64())
    }

    /// Returns the seconds by which `packet`, a track's first, starts before its track: Matroska's codec delay, rounded
    /// to milliseconds. In other formats, and for Vorbis, the decoder has already cut the early samples.
    fn early(&self, packet: &Packet) -> f64 {
        if self.track.is_vorbis() {
            return 0.0;
        }
        let start_s = self.time_s(packet).unwrap_or(0.0);
        (-start_s).clamp(0.0, EARLY_SECONDS_MAX)
    }

    /// Continues with the logical stream that follows.
    fn start_again(&mut self) -> Result<bool, Fault> {
        let chosen = shielded(|| selection::next_track(self.format.as_ref(), self.track.width()));
        let Some(Some((id, track))) = chosen else {
            return Ok(false);
        };
        self.track_id = id;
        self.cut += track.pre_skip().unwrap_or(0);
        self.track = track;
        Ok(true)
    }

    /// Applies cuts, the end and the length bound to the packet in `ready`.
    fn trim(&mut self) -> Result<(), Fault> {
        let fresh = (self.ready.len() / self.channels) as u64;
        self.decoded = self.decoded.saturating_add(fresh);
        let cut = self.cut.min(fresh);
        self.cut -= cut;
        self.at += cut as usize * self.channels;
        let kept = (fresh - cut).min(self.keep);
        self.keep -= kept;
        self.ready.truncate(self.at + kept as usize * self.channels);
        self.ended |= self.keep == 0;
        self.give(kept)
    }

    /// Counts `frames` towards the length bound.
    fn give(&mut self, frames: u64) -> Result<(), Fault> {
        let rate = f64::from(self.rate_hz);
        self.given += frames;
        let given_s = self.given as f64 / rate;
        let decoded_s = self.decoded as f64 / rate;
        // A file could also make the decoder decode hours and then cut them away.
        if given_s > self.most_seconds || decoded_s > 2.0 * self.most_seconds + CUT_SECONDS_MAX {
            return Err(too_long(None, self.most_seconds));
        }
        check_dense(given_s, self.bytes)
    }

    /// Makes more frames ready, perhaps none. Returns false at the end.
    fn advance(&mut self) -> Result<bool, Fault> {
        if self.ended {
            return Ok(false);
        }
        if !self.decode_packet()? {
            self.ready.clear();
            self.finish_other()?;
            if !self.ready.is_empty() {
                self.trim()?;
                return Ok(true);
            }
            self.ended = true;
            check_read(self.decoded_bytes, self.stream_bytes)?;
            return Ok(false);
        }
        self.trim()?;
        Ok(true)
    }

    /// Returns the channels of what [`Decoder::read_frames`] gives: 1 or 2.
    pub(crate) fn channels(&self) -> usize {
        self.channels
    }

    /// Appends up to `most` interleaved frames in [−1, 1] to `out` and returns how many; 0 only at the end. Faults: those of
    /// [`Samples::read`].
    pub(crate) fn read_frames(&mut self, out: &mut Vec<f32>, most: usize) -> Result<usize, Fault> {
        let (channels, mut given) = (self.channels, 0);
        while given < most {
            let room = most - given;
            if self.gap > 0 {
                let silence = self.gap.min(room as u64).min(SILENCE_FRAMES);
                self.gap -= silence;
                self.give(silence)?;
                out.resize(out.len() + silence as usize * channels, 0.0);
                given += silence as usize;
            } else if self.at < self.ready.len() {
                let ready = &self.ready[self.at..];
                let taken = (ready.len() / channels).min(room);
                out.extend_from_slice(&ready[..taken * channels]);
                self.at += taken * channels;
                given += taken;
            } else if !self.advance()? {
                break;
            }
        }
        Ok(given)
    }
}

impl Samples for Decoder {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn read(&mut self, out: &mut Vec<f32>, most: usize) -> Result<usize, Fault> {
        self.read_frames(out, most)
    }
}

#[cfg(test)]
#[path = "decoder_tests.rs"]
mod tests;

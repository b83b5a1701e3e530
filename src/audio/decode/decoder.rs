//! A recording → samples of one channel or two at its own rate, packet by packet: memory does not grow with its length.
//!
//! The format is recognised by content, never by name. WAV, AIFF, FLAC, MP3, ADTS, MP4 (AAC, ALAC, MP3, Opus,
//! PCM), Matroska/WebM and Ogg (Vorbis, Opus, FLAC) are read by symphonia; Opus packets by `opus`.
//! Priming and padding are cut as the file says (LAME tags, Ogg positions, Opus pre-skip, MP4 edit lists,
//! Matroska's codec delay), so that sample 0 is the recording's start. Left as they are: Matroska's
//! DiscardPadding (some milliseconds at the end) and a Matroska track that starts later than the file.
//!
//! A cut or damaged file is decoded as far as it goes; where a Matroska file lost some seconds, silence fills the gap,
//! so that later times stay correct. Concatenated files (MP3, ADTS, Ogg, Matroska) are decoded to the last one, except
//! parts with another rate than the first.

use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::errors::Error;
use symphonia::core::formats::FormatReader;
use symphonia::core::formats::well_known::FORMAT_ID_MKV;
use symphonia::core::packet::Packet;

use crate::decode::container;
use crate::decode::downmix::Width;
use crate::decode::edit_lists::{self, Edit};
use crate::decode::shield::shielded;
use crate::decode::track::{self, TrackDecoder, undecodable};
use crate::pcm::Samples;
use vocabox_base::fault::Fault;
use vocabox_base::limits::{
    AUDIO_CHANNELS_MAX, AUDIO_RATE_HZ_MAX, AUDIO_RATE_HZ_MIN, MEDIA_BYTES_A_SECOND_MIN,
    MEDIA_FREE_SECONDS,
};

/// Seconds that a file may make the decoder decode and then cut away, beyond twice the accepted length.
const CUT_SECONDS_MAX: f64 = 60.0;

/// Longest codec delay that is applied; a longer one is treated as damage.
const EARLY_SECONDS_MAX: f64 = 1.0;

/// Seconds of silence that fill a gap between the times of a Matroska file and its sound. A shorter gap is left to
/// players to smooth over, a longer one is treated as a damaged time.
const LOST_SECONDS: std::ops::Range<f64> = 0.25..60.0;

/// Damaged packets in a row after which decoding stops.
const DAMAGED_MAX: usize = 1000;

/// Frames of silence that are made at a time before a track that starts late.
const SILENCE_FRAMES: u64 = 1 << 14;

/// A recording being decoded: mono [`Samples`] at its own rate, or one channel or two for `wide`.
pub struct Decoder {
    format: Box<dyn FormatReader>,
    track_id: u32,
    track: TrackDecoder,
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
    /// The file's time of the first decoded sample, where packets have times.
    zero_s: Option<f64>,
    /// Consecutive packets that the container could not give.
    damaged: usize,
    /// Frames decoded, and frames given to the caller, silence included.
    decoded: u64,
    given: u64,
    ended: bool,
}

/// The recording in `source` as mono, opened at its first audio track that can be decoded.
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
    open_as(source, Width::One, most_seconds)
}

/// As [`open`], in channels of `width`: unless that is one, only [`Decoder::read_frames`] is right.
pub(crate) fn open_as<S>(mut source: S, width: Width, most_seconds: f64) -> Result<Decoder, Fault>
where
    S: Read + Seek + Send + Sync + 'static,
{
    let bytes = source.seek(SeekFrom::End(0)).map_err(Fault::internal)?;
    if bytes == 0 {
        return Err(Fault::invalid("file is empty"));
    }
    let edits = edit_lists::read(&mut source, bytes);
    let format = container::open(source, bytes)?;
    let chosen = shielded(|| track::choose(format.as_ref(), width));
    let (chosen, track) = chosen.ok_or_else(|| undecodable("its structure is damaged"))??;
    let told_seconds = container::told_seconds(format.as_ref(), chosen, bytes);
    if let Some(seconds) = told_seconds {
        check_dense(seconds, bytes)?;
        if seconds > most_seconds {
            return Err(too_long(Some(seconds), most_seconds));
        }
    }
    let track_id = chosen.id;
    let edit = edits.into_iter().find(|edit| edit.track_id == track_id);
    let mut decoder = Decoder {
        format,
        track_id,
        track,
        rate_hz: 0,
        channels: 1,
        most_seconds,
        bytes,
        told_seconds,
        ready: Vec::new(),
        at: 0,
        gap: 0,
        cut: 0,
        keep: u64::MAX,
        early_s: 0.0,
        zero_s: None,
        damaged: 0,
        decoded: 0,
        given: 0,
        ended: false,
    };
    // Only a decoded packet tells the true rate.
    while decoder.rate_hz == 0 {
        if !decoder.decode_packet()? {
            return Err(undecodable("no packet could be decoded"));
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

    /// Sets what is cut, kept and put before the sound, once the rate is known.
    fn edit(&mut self, edit: Option<Edit>) {
        let frames = |seconds: f64| (seconds * f64::from(self.rate_hz)).round().max(0.0) as u64;
        match edit {
            // In MP4 the edit list stands for the Opus pre-skip too.
            Some(edit) => {
                self.gap = frames(edit.gap_s);
                self.cut = frames(edit.cut_s);
                self.keep = edit.keep_s.map_or(u64::MAX, frames);
            }
            None => self.cut = self.track.pre_skip().unwrap_or(frames(self.early_s)),
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
        if self.rate_hz == 0 {
            self.rate_hz = check(rate_hz, self.track.mix().inputs())?;
            self.channels = self.track.mix().outputs();
            self.early_s = self.early(&packet);
        }
        if rate_hz != self.rate_hz {
            self.ready.clear();
        } else if !self.ready.is_empty() {
            self.fill(&packet);
        }
        Ok(true)
    }

    /// Puts silence in place of what was lost before `packet`, whose frames are in `ready`.
    fn fill(&mut self, packet: &Packet) {
        let (Some(time_s), rate_hz) = (self.time_s(packet), f64::from(self.rate_hz)) else {
            return;
        };
        let here_s = self.decoded as f64 / rate_hz;
        let lost_s = time_s - *self.zero_s.get_or_insert(time_s - here_s) - here_s;
        if LOST_SECONDS.contains(&lost_s) {
            self.gap = (lost_s * rate_hz) as u64;
            self.decoded += self.gap;
        }
    }

    /// Returns when a packet of Matroska starts, in the file's time; in other formats packets follow each other without
    /// times.
    fn time_s(&self, packet: &Packet) -> Option<f64> {
        if self.format.format_info().format != FORMAT_ID_MKV {
            return None;
        }
        let mut tracks = self.format.tracks().iter();
        let base = tracks.find(|track| track.id == self.track_id)?.time_base?;
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
        let chosen = shielded(|| track::choose(self.format.as_ref(), self.track.width()));
        let Some(Ok((chosen, track))) = chosen else {
            return Ok(false);
        };
        self.track_id = chosen.id;
        self.cut += track.pre_skip().unwrap_or(0);
        self.track = track;
        Ok(true)
    }

    /// Applies cuts, the end and the length bound to the packet in `ready`.
    fn trim(&mut self) -> Result<(), Fault> {
        let fresh = (self.ready.len() / self.channels) as u64;
        self.decoded += fresh;
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
            self.ended = true;
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

/// Returns `rate_hz` when it and the channel count are within the bounds.
fn check(rate_hz: u32, channels: usize) -> Result<u32, Fault> {
    if !(AUDIO_RATE_HZ_MIN..=AUDIO_RATE_HZ_MAX).contains(&rate_hz) {
        return Err(Fault::invalid(format!(
            "audio has {rate_hz} samples a second; {AUDIO_RATE_HZ_MIN} to {AUDIO_RATE_HZ_MAX} are accepted"
        )));
    }
    if channels > AUDIO_CHANNELS_MAX {
        return Err(Fault::invalid(format!(
            "audio has {channels} channels; at most {AUDIO_CHANNELS_MAX} are accepted"
        )));
    }
    Ok(rate_hz)
}

/// Checks that a file of `bytes` bytes may have `seconds` of sound or film. Fault: `Invalid` for one whose packets lie so far
/// apart that it is mostly claimed silence.
pub fn check_dense(seconds: f64, bytes: u64) -> Result<(), Fault> {
    let most = MEDIA_FREE_SECONDS + bytes as f64 / MEDIA_BYTES_A_SECOND_MIN;
    match seconds > most {
        true => Err(Fault::invalid(format!(
            "file has {bytes} bytes and claims {seconds:.1} s; at most {most:.1} s are accepted in so small a file"
        ))),
        false => Ok(()),
    }
}

fn too_long(seconds: Option<f64>, most_seconds: f64) -> Fault {
    Fault::invalid(match seconds {
        Some(seconds) => {
            format!("audio lasts {seconds:.1} s; at most {most_seconds:.1} s is accepted")
        }
        None => {
            format!("audio lasts more than {most_seconds:.1} s, which is the most that is accepted")
        }
    })
}

#[cfg(test)]
#[path = "decoder_tests.rs"]
mod tests;

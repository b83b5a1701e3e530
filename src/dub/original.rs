//! The original's sound, read block by block, and the loudness of each of its lines.

use std::io::{Read, Seek};
use std::ops::Range;

use crate::audio::SoundRequest;
use crate::audio::decode::StereoReader;
use crate::audio::loudness::Meter;
use crate::fault::Fault;

/// Frames per second of every track in this module.
pub const RATE_HZ: u32 = 48_000;
/// Frames that are read at a time: half a second.
pub const BLOCK_FRAMES: usize = 24_000;
/// By how much two channels with the same sound are louder than one, in LU: R 128 adds their powers.
const BOTH_LU: f64 = 3.010_3;
/// Greatest difference in dB between middle and sides; the sides are then regarded as empty.
const SIDE_DB_MAX: f32 = 60.0;

/// Sound of one channel or two at [`RATE_HZ`], read piece by piece.
pub trait AudioFrames: Send {
    /// 1 or 2.
    fn channels(&self) -> usize;

    /// Appends up to `most` interleaved frames to `out` and returns how many; 0 only at the end.
    ///
    /// Faults: those of [`StereoReader::read`].
    fn read(&mut self, out: &mut Vec<f32>, most: usize) -> Result<usize, Fault>;
}

/// The sound of a file, in one channel or two.
pub struct Recorded(StereoReader);

impl Recorded {
    /// Opens the sound of a file that `request` asks for; more than two channels are mixed to stereo. Faults: those of
    /// [`StereoReader::open_sound`].
    pub fn open<S>(source: S, request: &SoundRequest, most_seconds: f64) -> Result<Self, Fault>
    where
        S: Read + Seek + Send + Sync + 'static,
    {
        StereoReader::open_sound(source, request, RATE_HZ, most_seconds).map(Recorded)
    }

    /// The number of its track in the file.
    pub fn track(&self) -> u32 {
        self.0.heard().id
    }
}

impl AudioFrames for Recorded {
    fn channels(&self) -> usize {
        self.0.channels()
    }

    fn read(&mut self, out: &mut Vec<f32>, most: usize) -> Result<usize, Fault> {
        self.0.read(out, most)
    }
}

/// Endless silence in this many channels.
pub struct Silence(pub usize);

impl AudioFrames for Silence {
    fn channels(&self) -> usize {
        self.0
    }

    fn read(&mut self, out: &mut Vec<f32>, most: usize) -> Result<usize, Fault> {
        out.resize(out.len() + most * self.0, 0.0);
        Ok(most)
    }
}

/// The loudness of one line of the original.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LineLoudness {
    /// Integrated loudness (LUFS, EBU R 128), in stereo that of one of two equal channels, so that a mono line of this
    /// loudness, put into both channels, is as loud as the original. None for silence.
    pub lufs: Option<f64>,
    /// Level of the channels' mean above that of half their difference, in dB, 0 to 60: small if the speaker is on one
    /// side, large if the voice is in the middle. 60 in mono.
    pub side_db: f32,
}

/// Measures the loudness of each of `spans` (in frames, ordered, not overlapping) of the sound that `frames` reads from
/// its start; a span after the end is silent. Memory does not grow with the lengths of the spans.
///
/// Faults: those of [`AudioFrames::read`]; `Internal` when the spans overlap.
pub fn hear(
    frames: &mut dyn AudioFrames,
    spans: &[Range<u64>],
) -> Result<Vec<LineLoudness>, Fault> {
    let is_ordered = |two: &[Range<u64>]| two[0].end <= two[1].start;
    if !spans.windows(2).all(is_ordered) || spans.iter().any(|s| s.end < s.start) {
        return Err(Fault::internal("lines of the original overlap"));
    }
    let channels = frames.channels();
    let mut all = Vec::with_capacity(spans.len());
    let mut block = Vec::new();
    // First frame of the block, and the frame after its last.
    let (mut begun, mut end) = (0, 0);
    let mut is_over = false;
    for span in spans {
        let mut listener = LineMeter::new(channels)?;
        loop {
            let from = span.start.clamp(begun, end) - begun;
            let until = span.end.clamp(begun, end) - begun;
            listener.hear(&block[from as usize * channels..until as usize * channels])?;
            if span.end <= end || is_over {
                break;
            }
            block.clear();
            begun = end;
            end += frames.read(&mut block, BLOCK_FRAMES)? as u64;
            is_over = begun == end;
        }
        all.push(listener.heard());
    }
    Ok(all)
}

/// Measures one line.
struct LineMeter {
    channels: usize,
    meter: Meter,
    /// Energy of the channels' mean and, in `side`, of half their difference.
    middle: f64,
    side: f64,
}

impl LineMeter {
    fn new(channels: usize) -> Result<Self, Fault> {
        Ok(LineMeter {
            channels,
            meter: Meter::new(channels, RATE_HZ)?,
            middle: 0.0,
            side: 0.0,
        })
    }

    fn hear(&mut self, frames: &[f32]) -> Result<(), Fault> {
        if self.channels == 2 {
            for frame in frames.chunks_exact(2) {
                let (left, right) = (f64::from(frame[0]), f64::from(frame[1]));
                self.middle += (left + right) * (left + right);
                self.side += (left - right) * (left - right);
            }
        }
        self.meter.hear(frames)
    }

    fn heard(self) -> LineLoudness {
        let side_db = match self.side > 0.0 {
            true => (10.0 * (self.middle / self.side).log10()) as f32,
            false => SIDE_DB_MAX,
        };
        let both = if self.channels == 2 { BOTH_LU } else { 0.0 };
        LineLoudness {
            lufs: self.meter.lufs().map(|lufs| lufs - both),
            side_db: side_db.clamp(0.0, SIDE_DB_MAX),
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Frames in memory, for the tests.
    pub struct Held {
        pub channels: usize,
        pub frames: Vec<f32>,
        pub at: usize,
    }

    impl Held {
        /// Interleaved `frames` of `channels`.
        pub fn new(channels: usize, frames: Vec<f32>) -> Self {
            Held {
                channels,
                frames,
                at: 0,
            }
        }
    }

    impl AudioFrames for Held {
        fn channels(&self) -> usize {
            self.channels
        }

        fn read(&mut self, out: &mut Vec<f32>, most: usize) -> Result<usize, Fault> {
            let end = self.frames.len().min(self.at + most * self.channels);
            out.extend_from_slice(&self.frames[self.at..end]);
            let read = (end - self.at) / self.channels;
            self.at = end;
            Ok(read)
        }
    }

    /// A sine of 997 Hz; `heights` are the amplitudes of its seconds, and `pan` its place from left (0) to right (1).
    fn tones(heights: &[f32], pan: f32) -> Held {
        let frames = heights.iter().enumerate().flat_map(|(second, height)| {
            (0..48_000).flat_map(move |n| {
                let at = (second * 48_000 + n) as f32 / 48_000.0;
                let sample = height * (std::f32::consts::TAU * 997.0 * at).sin();
                [sample * (1.0 - pan), sample * pan]
            })
        });
        Held::new(2, frames.collect())
    }

    #[test]
    fn each_line_is_heard_by_itself() {
        let mut sound = tones(&[0.0, 1.0, 0.1, 0.0, 1.0], 0.5);
        let second = |from: f64, to: f64| (from * 48_000.0) as u64..(to * 48_000.0) as u64;
        let spans = [
            second(0.1, 0.9),
            second(1.0, 2.0),
            second(2.2, 2.4),
            second(3.5, 3.5),
            second(4.5, 7.0),
            second(8.0, 9.0),
        ];
        let heard = hear(&mut sound, &spans).unwrap();
        // A sine of half the full amplitude in each of two channels is as loud as a mono line of −9 LUFS.
        let expected = [None, Some(-9.03), Some(-29.03), None, Some(-9.03), None];
        for (heard, expected) in heard.iter().zip(expected) {
            assert_eq!(heard.lufs.is_some(), expected.is_some(), "{heard:?}");
            let off = heard.lufs.unwrap_or(0.0) - expected.unwrap_or(0.0);
            assert!(off.abs() < 0.3, "{heard:?}, not {expected:?}");
        }
        assert_eq!(heard[1].side_db, SIDE_DB_MAX);
        let overlapping = [second(0.0, 2.0), second(1.0, 3.0)];
        assert!(hear(&mut sound, &overlapping).is_err());
    }

    #[test]
    fn a_voice_from_one_side_is_told_from_one_in_the_middle() {
        let side_db = |pan: f32| {
            let all = 0..48_000;
            hear(&mut tones(&[0.5], pan), &[all]).unwrap()[0].side_db
        };
        assert!(side_db(0.0) < 0.1);
        assert!((side_db(0.45) - 20.0).abs() < 0.5, "{}", side_db(0.45));
        assert_eq!(side_db(0.5), SIDE_DB_MAX);
    }
}

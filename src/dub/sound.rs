//! The sound of a file, aligned with the file's time, for analyses and renders.

use std::fs::File;
use std::ops::Range;

use super::mux::Picture;
use super::original::{self, AudioFrames, LineLoudness, RATE_HZ, Recorded};
use crate::audio::{self, Clip, Samples, SoundRequest};
use crate::fault::Fault;
use crate::limits;

/// Samples a second of speech that is analysed or imitated.
pub const SPEECH_RATE_HZ: u32 = 16_000;
/// Frames of silence that are made in one step.
const SILENCE: u64 = 1 << 14;

/// The sound of `file` that `request` asks for as mono samples at `rate_hz`, from the start of the file. Faults: those of
/// [`audio::open_sound`].
pub fn open(file: File, request: &SoundRequest, rate_hz: u32) -> Result<Box<dyn Samples>, Fault> {
    let sound = audio::open_sound(file, request, rate_hz, limits::AUDIO_SECONDS_MAX)?;
    Ok(sound.samples)
}

/// The file that is dubbed.
pub struct Original<'a> {
    pub picture: Option<&'a Picture>,
    /// Which of its sound is replaced.
    pub request: SoundRequest,
    pub open: &'a dyn Fn() -> Result<File, Fault>,
}

/// Measurements of a whole original.
pub struct Whole {
    /// The loudness of each line.
    pub heard: Vec<LineLoudness>,
    /// Frames of the original: those of its picture or its sound, whichever is longer.
    pub frames: u64,
    /// 1 or 2; 1 where there is no sound.
    pub channels: usize,
    /// The sound track's number in the file; none where there is no sound.
    pub track: Option<u32>,
}

impl Original<'_> {
    /// The original's sound as mono; none for a film without sound. Faults: those of [`open`].
    pub fn sound(&self, rate_hz: u32) -> Result<Option<Box<dyn Samples>>, Fault> {
        match self.is_silent() {
            true => Ok(None),
            false => open((self.open)()?, &self.request, rate_hz).map(Some),
        }
    }

    /// The original's sound in at most two channels; none for a film without sound. Faults: those of [`Recorded::open`].
    pub fn frames(&self) -> Result<Option<Recorded>, Fault> {
        if self.is_silent() {
            return Ok(None);
        }
        let most_s = limits::AUDIO_SECONDS_MAX;
        Recorded::open((self.open)()?, &self.request, most_s).map(Some)
    }

    fn is_silent(&self) -> bool {
        self.picture.is_some_and(|picture| !picture.has_sound)
    }

    /// The size of the file in bytes. Faults: those of [`Fault::disk`].
    pub fn bytes(&self) -> Result<u64, Fault> {
        let known = (self.open)()?.metadata().map_err(Fault::disk)?;
        Ok(known.len())
    }

    /// Reads the whole sound and measures each of the lines in `spans` (frames of [`RATE_HZ`], ordered, not
    /// overlapping). Faults: those of reading; `Invalid` when it is longer than is accepted.
    pub fn hear(&self, spans: &[Range<u64>]) -> Result<Whole, Fault> {
        let nothing = LineLoudness {
            lufs: None,
            side_db: 0.0,
        };
        let shown = self
            .picture
            .map_or(0, |p| (p.duration_s * f64::from(RATE_HZ)).round() as u64);
        let Some(frames) = self.frames()? else {
            return Ok(Whole {
                heard: vec![nothing; spans.len()],
                frames: shown,
                channels: 1,
                track: None,
            });
        };
        let mut counted = Counted { frames, count: 0 };
        let heard = original::hear(&mut counted, spans)?;
        let mut rest = Vec::new();
        while counted.read(&mut rest, original::BLOCK_FRAMES)? > 0 {
            rest.clear();
        }
        Ok(Whole {
            heard,
            frames: counted.count.max(shown),
            channels: counted.channels(),
            track: Some(counted.frames.track()),
        })
    }
}

/// Counts the frames that are read.
struct Counted {
    frames: Recorded,
    count: u64,
}

impl AudioFrames for Counted {
    fn channels(&self) -> usize {
        self.frames.channels()
    }

    fn read(&mut self, out: &mut Vec<f32>, most: usize) -> Result<usize, Fault> {
        let read = self.frames.read(out, most)?;
        self.count += read as u64;
        if self.count as f64 > limits::AUDIO_SECONDS_MAX * f64::from(RATE_HZ) {
            let hours = limits::AUDIO_SECONDS_MAX / 3_600.0;
            return Err(Fault::invalid(format!(
                "file is longer than the {hours:.0} h that are accepted"
            )));
        }
        Ok(read)
    }
}

/// Reads the parts of `sound` in `spans` (in samples, ordered, not overlapping); parts are cut at its end. Only a block
/// and these parts are in memory. Faults: those of [`Samples::read`].
pub fn excerpts(sound: &mut dyn Samples, spans: &[Range<u64>]) -> Result<Vec<Vec<f32>>, Fault> {
    let mut all = Vec::with_capacity(spans.len());
    let (mut at, mut block) = (0, Vec::new());
    for span in spans {
        while at < span.start {
            block.clear();
            match sound.read(&mut block, (span.start - at).min(SILENCE) as usize)? {
                0 => break,
                read => at += read as u64,
            }
        }
        let mut excerpt = Vec::new();
        while at >= span.start && at < span.end {
            match sound.read(&mut excerpt, (span.end - at).min(SILENCE) as usize)? {
                0 => break,
                read => at += read as u64,
            }
        }
        all.push(excerpt);
    }
    Ok(all)
}

/// Skips `samples` samples. Faults: those of [`Samples::read`].
pub fn skip(audio: &mut dyn Samples, samples: usize) -> Result<(), Fault> {
    let mut left = samples;
    let mut dropped = Vec::new();
    while left > 0 {
        dropped.clear();
        match audio.read(&mut dropped, left.min(1 << 16))? {
            0 => return Ok(()),
            read => left -= read,
        }
    }
    Ok(())
}

/// Reads the next `samples` samples, or fewer at the end. Faults: those of [`Samples::read`].
pub fn take(audio: &mut dyn Samples, samples: usize) -> Result<Clip, Fault> {
    let mut taken = Vec::with_capacity(samples);
    while taken.len() < samples {
        let left = samples - taken.len();
        if audio.read(&mut taken, left)? == 0 {
            break;
        }
    }
    Ok(Clip {
        samples: taken,
        rate_hz: audio.rate_hz(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::ClipReader;

    fn counting() -> ClipReader {
        ClipReader::from(Clip {
            samples: (0..50_000).map(|n| n as f32).collect(),
            rate_hz: 16_000,
        })
    }

    #[test]
    fn excerpts_are_what_they_name_and_end_with_the_sound() {
        let spans = [
            10..12,
            12..12,
            40_000..40_003,
            49_999..60_000,
            60_000..60_010,
        ];
        let found = excerpts(&mut counting(), &spans).unwrap();
        assert_eq!(found[0], [10.0, 11.0]);
        assert_eq!(found[2], [40_000.0, 40_001.0, 40_002.0]);
        assert_eq!(found[3], [49_999.0]);
        assert!(found[1].is_empty() && found[4].is_empty());
    }
}

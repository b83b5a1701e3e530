//! The sound of a file in the file's own time: what an analysis hears and what a render lays its lines upon.

use std::fs::File;
use std::ops::Range;

use super::original::{self, Frames, Heard, RATE_HZ, Recorded};
use crate::audio::{self, Samples};
use crate::fault::Fault;
use crate::limits;
use crate::media::Picture;

/// Frames of silence that are made at a time.
const SILENCE: u64 = 1 << 14;

/// The sound of `file` as mono samples at `rate_hz`, from the start of the file on: a sound track that starts later than its
/// `picture` has silence before it. Faults: those of [`audio::open_speech`].
pub fn open(
    file: File,
    picture: Option<&Picture>,
    rate_hz: u32,
) -> Result<Box<dyn Samples>, Fault> {
    let sound = audio::open_speech(file, rate_hz, limits::AUDIO_SECONDS_MAX)?;
    Ok(Box::new(Late {
        silence: silence(picture, rate_hz),
        sound,
    }))
}

/// The same in one channel or two, at [`RATE_HZ`]. Faults: those of [`Recorded::open`].
pub fn frames(file: File, picture: Option<&Picture>) -> Result<Box<dyn Frames>, Fault> {
    let sound = Recorded::open(file, limits::AUDIO_SECONDS_MAX)?;
    Ok(Box::new(Late {
        silence: silence(picture, RATE_HZ),
        sound,
    }))
}

/// Frames of silence before the sound of a file with that picture.
fn silence(picture: Option<&Picture>, rate_hz: u32) -> u64 {
    let late_s = picture.map_or(0.0, |p| p.sound_late_s.min(limits::AUDIO_SECONDS_MAX));
    (late_s * f64::from(rate_hz)).round() as u64
}

/// Sound with silence before it.
struct Late<S> {
    /// Frames that are left of it.
    silence: u64,
    sound: S,
}

impl<S> Late<S> {
    /// Appends up to `most` frames of silence, and returns how many; none once the sound has begun.
    fn wait(&mut self, out: &mut Vec<f32>, most: usize, channels: usize) -> usize {
        let count = self.silence.min(SILENCE).min(most as u64);
        self.silence -= count;
        out.resize(out.len() + count as usize * channels, 0.0);
        count as usize
    }
}

impl Samples for Late<Box<dyn Samples>> {
    fn rate_hz(&self) -> u32 {
        self.sound.rate_hz()
    }

    fn read(&mut self, out: &mut Vec<f32>, most: usize) -> Result<usize, Fault> {
        match self.wait(out, most, 1) {
            0 => self.sound.read(out, most),
            waited => Ok(waited),
        }
    }
}

impl Frames for Late<Recorded> {
    fn channels(&self) -> usize {
        self.sound.channels()
    }

    fn read(&mut self, out: &mut Vec<f32>, most: usize) -> Result<usize, Fault> {
        match self.wait(out, most, self.sound.channels()) {
            0 => self.sound.read(out, most),
            waited => Ok(waited),
        }
    }
}

/// The file that is dubbed.
pub struct Original<'a> {
    pub picture: Option<&'a Picture>,
    pub open: &'a dyn Fn() -> Result<File, Fault>,
}

/// What a first hearing tells of an original.
pub struct Whole {
    /// What is heard of each line.
    pub heard: Vec<Heard>,
    /// How many it has: those of what lasts longer, its picture or its sound.
    pub frames: u64,
    /// 1 or 2; 1 where there is no sound.
    pub channels: usize,
}

impl Original<'_> {
    /// Its sound as mono; none where a picture has none. Faults: those of [`open`].
    pub fn sound(&self, rate_hz: u32) -> Result<Option<Box<dyn Samples>>, Fault> {
        match self.is_silent() {
            true => Ok(None),
            false => open((self.open)()?, self.picture, rate_hz).map(Some),
        }
    }

    /// The same in the channels that it has, two at the most. Faults: those of [`frames`].
    pub fn frames(&self) -> Result<Option<Box<dyn Frames>>, Fault> {
        match self.is_silent() {
            true => Ok(None),
            false => frames((self.open)()?, self.picture).map(Some),
        }
    }

    fn is_silent(&self) -> bool {
        self.picture.is_some_and(|picture| !picture.has_sound)
    }

    /// Its size. Faults: those of [`Fault::disk`].
    pub fn bytes(&self) -> Result<u64, Fault> {
        let known = (self.open)()?.metadata().map_err(Fault::disk)?;
        Ok(known.len())
    }

    /// Hears all of it, and each of the lines in `spans` (frames of [`RATE_HZ`], ordered, not overlapping). Faults: those of
    /// reading; `Invalid` when it is longer than is accepted.
    pub fn hear(&self, spans: &[Range<u64>]) -> Result<Whole, Fault> {
        let nothing = Heard {
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
        })
    }
}

/// Counts what is read.
struct Counted {
    frames: Box<dyn Frames>,
    count: u64,
}

impl Frames for Counted {
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

/// Reads the parts of `sound` that `spans` name (in samples, ordered, not overlapping); those behind its end are shorter.
/// What is in memory is a block and what is asked for. Faults: those of [`Samples::read`].
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Clip, ClipReader};

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

    #[test]
    fn late_sound_has_silence_before_it() {
        let mut late = Late {
            silence: 20_000,
            sound: Box::new(counting()) as Box<dyn Samples>,
        };
        let all = crate::audio::pcm::read_all(&mut late).unwrap().samples;
        assert_eq!(all.len(), 70_000);
        assert!(all[..20_000].iter().all(|s| *s == 0.0) && all[20_001] == 1.0);
    }
}

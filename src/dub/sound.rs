//! The sound of a file in the file's own time: what an analysis hears and what a render lays its lines upon.

use std::fs::File;

use super::mux::Picture;
use crate::audio::{self, Samples};
use crate::fault::Fault;
use crate::limits;

/// Samples of silence that are made at a time.
const SILENCE: u64 = 1 << 14;

/// The sound of `file` as mono samples at `rate_hz`, from the start of the file on: a sound track that starts later than its
/// `picture` has silence before it. Faults: those of [`audio::open_speech`].
pub fn open(
    file: File,
    picture: Option<&Picture>,
    rate_hz: u32,
) -> Result<Box<dyn Samples>, Fault> {
    let samples = audio::open_speech(file, rate_hz, limits::AUDIO_SECONDS_MAX)?;
    let late_s = picture.map_or(0.0, |p| p.sound_late_s.min(limits::AUDIO_SECONDS_MAX));
    Ok(Box::new(Late {
        silence: (late_s * f64::from(rate_hz)).round() as u64,
        samples,
    }))
}

/// Sound with silence before it.
struct Late {
    silence: u64,
    samples: Box<dyn Samples>,
}

impl Samples for Late {
    fn rate_hz(&self) -> u32 {
        self.samples.rate_hz()
    }

    fn read(&mut self, out: &mut Vec<f32>, most: usize) -> Result<usize, Fault> {
        if self.silence == 0 || most == 0 {
            return self.samples.read(out, most);
        }
        let count = self.silence.min(SILENCE).min(most as u64);
        self.silence -= count;
        out.resize(out.len() + count as usize, 0.0);
        Ok(count as usize)
    }
}

/// Reads the parts of `sound` that `spans` name (in samples, ordered, not overlapping); those behind its end are shorter.
/// What is in memory is a block and what is asked for. Faults: those of [`Samples::read`].
pub fn excerpts(
    sound: &mut dyn Samples,
    spans: &[std::ops::Range<u64>],
) -> Result<Vec<Vec<f32>>, Fault> {
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
            samples: Box::new(counting()),
        };
        let all = crate::audio::pcm::read_all(&mut late).unwrap().samples;
        assert_eq!(all.len(), 70_000);
        assert!(all[..20_000].iter().all(|s| *s == 0.0) && all[20_001] == 1.0);
    }
}

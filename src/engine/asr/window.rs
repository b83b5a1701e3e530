//! Splits a recording into windows of at most 30 s that start at speech, holding one window in memory.

use super::{RATE_HZ, WINDOW_SAMPLES};
use crate::contract::Steps;
use crate::vad::{HOP, Silero, regions};
use vocabox_audio::pcm::Samples;
use vocabox_base::fault::Fault;

/// Sound that is kept before and after detected speech: 0.2 s and 0.4 s, so that soft first and last sounds are
/// included.
const BEFORE: usize = RATE_HZ as usize / 5;
const AFTER: usize = RATE_HZ as usize * 2 / 5;

/// The least advance after a window in which the model finished no phrase: half a second, so that the loop ends.
const ADVANCE_MIN: usize = RATE_HZ as usize / 2;

/// A recording, read as far as the current window needs.
pub struct Windows {
    audio: Box<dyn Samples>,
    detector: Silero,
    /// Samples from `base` on, and the probability of speech for each hop of them.
    buffer: Vec<f32>,
    probabilities: Vec<f32>,
    /// Position of the buffer's first sample in the recording; a multiple of `HOP`.
    base: usize,
    /// Where the next window may start.
    seek: usize,
    read: usize,
    ended: bool,
}

/// A stretch of the recording that starts near speech.
pub struct Window {
    /// Positions in the recording, in samples.
    pub start: usize,
    pub end: usize,
    /// The sound from `start` to the end of the last speech in it; what follows, up to `end`, is not transcribed.
    pub samples: Vec<f32>,
}

impl Windows {
    /// Returns the windows of `audio`, which must be at 16 kHz.
    pub fn new(audio: Box<dyn Samples>, detector: Silero) -> Self {
        Windows {
            audio,
            detector,
            buffer: Vec::new(),
            probabilities: Vec::new(),
            base: 0,
            seek: 0,
            read: 0,
            ended: false,
        }
    }

    /// Returns the samples of the recording that were read so far; all of them once [`Windows::next`] returned none.
    pub fn samples_read(&self) -> usize {
        self.read
    }

    /// Sets how many samples of the last window were used up.
    pub fn advance(&mut self, samples: usize) {
        self.seek += samples.max(ADVANCE_MIN);
    }

    /// Returns the next window with speech, or none when the recording has no more.
    pub fn next(&mut self, steps: &dyn Steps) -> Result<Option<Window>, Fault> {
        loop {
            steps.next()?;
            self.drop_before(self.seek.saturating_sub(BEFORE));
            // A window that starts BEFORE ahead of `seek` must still be whole.
            self.fill(self.seek + WINDOW_SAMPLES, steps)?;
            let end = self.base + self.buffer.len();
            let speech: Vec<_> = regions(&self.probabilities)
                .into_iter()
                .map(|r| self.base + r.start * HOP..self.base + r.end * HOP)
                .filter(|r| r.end > self.seek)
                .collect();
            let Some(first) = speech.first() else {
                if self.ended {
                    return Ok(None);
                }
                // The last second may be the start of speech that continues after the buffer.
                self.seek = self.seek.max(end.saturating_sub(RATE_HZ as usize));
                continue;
            };
            let start = first.start.saturating_sub(BEFORE).max(self.seek);
            if start > self.seek && start + WINDOW_SAMPLES > end && !self.ended {
                self.seek = start;
                continue;
            }
            self.seek = start;
            let end = end.min(start + WINDOW_SAMPLES);
            let speech_end = speech
                .iter()
                .rev()
                .find(|r| r.start < end)
                .map_or(end, |r| end.min(r.end + AFTER));
            let samples = self.buffer[start - self.base..speech_end - self.base].to_vec();
            return Ok(Some(Window {
                start,
                end,
                samples,
            }));
        }
    }

    fn drop_before(&mut self, position: usize) {
        let hops = (position.saturating_sub(self.base) / HOP).min(self.buffer.len() / HOP);
        self.buffer.drain(..hops * HOP);
        self.probabilities
            .drain(..hops.min(self.probabilities.len()));
        self.base += hops * HOP;
    }

    /// Reads until `end` is in the buffer or the recording ends, and runs the detector over the new samples.
    fn fill(&mut self, end: usize, steps: &dyn Steps) -> Result<(), Fault> {
        while !self.ended && self.base + self.buffer.len() < end {
            steps.next()?;
            let most = end - self.base - self.buffer.len();
            let got = self.audio.read(&mut self.buffer, most)?;
            self.read += got;
            self.ended = got == 0;
        }
        loop {
            let at = self.probabilities.len() * HOP;
            let probability = match self.buffer.get(at..at + HOP) {
                Some(hop) => self.detector.step(hop)?,
                None if self.ended && at < self.buffer.len() => {
                    let mut hop = self.buffer[at..].to_vec();
                    hop.resize(HOP, 0.0);
                    self.detector.step(&hop)?
                }
                None => return Ok(()),
            };
            self.probabilities.push(probability);
            steps.next()?;
        }
    }
}

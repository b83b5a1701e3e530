//! Reads a recording once and returns its stretches of speech, one after the other, holding a minute in memory.

use std::ops::Range;

use crate::contract::Steps;
use crate::speaker::RATE_HZ;
use crate::vad::{HOP, Silero, regions};
use vocabox_audio::pcm::Samples;
use vocabox_base::fault::Fault;

/// Samples that are held: longer speech without a pause is split there.
const HELD: usize = 60 * RATE_HZ as usize;
/// Speech that ends this close to the end of the buffer may continue: 0.6 s, more than the pause that separates two
/// regions.
const OPEN_HOPS: usize = 20;
/// Samples of one value of loudness: 20 ms.
pub const LOUDNESS_SAMPLES: usize = 320;

/// A recording that is being read.
pub struct Stretches {
    audio: Box<dyn Samples>,
    detector: Silero,
    /// Samples from `base` on, and the probability of speech for each hop of them.
    buffer: Vec<f32>,
    probabilities: Vec<f32>,
    /// Position of the buffer's first sample in the recording.
    base: usize,
    /// Stretches in the buffer that were not returned yet, in hops of it, the last one first.
    ready: Vec<Range<usize>>,
    /// Hops of the buffer that are not needed any more once `ready` is empty.
    done_hops: usize,
    read: usize,
    ended: bool,
    /// Power of each `LOUDNESS_SAMPLES`, and the sum and count of the incomplete one.
    loudness: Vec<f32>,
    partial: (f32, usize),
}

impl Stretches {
    /// Returns the stretches of `audio`, which must be at 16 kHz.
    pub fn new(audio: Box<dyn Samples>, detector: Silero) -> Self {
        Stretches {
            audio,
            detector,
            buffer: Vec::new(),
            probabilities: Vec::new(),
            base: 0,
            ready: Vec::new(),
            done_hops: 0,
            read: 0,
            ended: false,
            loudness: Vec::new(),
            partial: (0.0, 0),
        }
    }

    /// Returns the samples of the recording that were read so far.
    pub fn samples_read(&self) -> usize {
        self.read
    }

    /// Returns the power of each 20 ms that was read.
    pub fn into_loudness(self) -> Vec<f32> {
        self.loudness
    }

    /// Returns the next stretch: where it starts in the recording, and its samples. None at the end.
    pub fn next(&mut self, steps: &dyn Steps) -> Result<Option<(usize, &[f32])>, Fault> {
        while self.ready.is_empty() {
            if self.ended && self.done_hops >= self.probabilities.len() {
                return Ok(None);
            }
            self.drop_done();
            self.fill(steps)?;
            self.find();
        }
        let Some(hops) = self.ready.pop() else {
            return Ok(None);
        };
        let end = (hops.end * HOP).min(self.buffer.len());
        let samples = hops.start * HOP..end;
        Ok(Some((self.base + samples.start, &self.buffer[samples])))
    }

    fn drop_done(&mut self) {
        let samples = (self.done_hops * HOP).min(self.buffer.len());
        self.buffer.drain(..samples);
        self.probabilities.drain(..self.done_hops);
        self.base += samples;
        self.done_hops = 0;
    }

    /// Reads until the buffer is full or the recording ends, and runs the detector over the new samples.
    fn fill(&mut self, steps: &dyn Steps) -> Result<(), Fault> {
        while !self.ended && self.buffer.len() < HELD {
            steps.next()?;
            let before = self.buffer.len();
            let got = self.audio.read(&mut self.buffer, HELD - before)?;
            self.read += got;
            self.ended = got == 0;
            for at in before..before + got {
                self.measure(self.buffer[at]);
            }
        }
        let mut hop = [0.0; HOP];
        loop {
            let at = self.probabilities.len() * HOP;
            let rest = self.buffer.get(at..).unwrap_or(&[]);
            // Only the recording's last hop may be short: it is filled up with silence.
            let probability = match rest.len() {
                0 => return Ok(()),
                HOP.. => self.detector.step(&rest[..HOP])?,
                _ if !self.ended => return Ok(()),
                short => {
                    hop[..short].copy_from_slice(rest);
                    self.detector.step(&hop)?
                }
            };
            self.probabilities.push(probability);
            steps.next()?;
        }
    }

    fn measure(&mut self, sample: f32) {
        let (sum, count) = &mut self.partial;
        *sum += sample * sample;
        *count += 1;
        if *count == LOUDNESS_SAMPLES {
            self.loudness.push(*sum / LOUDNESS_SAMPLES as f32);
            self.partial = (0.0, 0);
        }
    }

    /// Finds the complete stretches, and how much of the buffer they settle.
    fn find(&mut self) {
        let hops = self.probabilities.len();
        let mut found = regions(&self.probabilities);
        self.done_hops = hops;
        if !self.ended {
            // Speech that may still start or continue waits for more samples, unless it fills the buffer already.
            self.done_hops = hops.saturating_sub(OPEN_HOPS);
            if let Some(last) = found.last().filter(|r| r.end > self.done_hops) {
                match last.start > 0 {
                    true => {
                        self.done_hops = last.start;
                        found.pop();
                    }
                    false => self.done_hops = last.end,
                }
            }
        }
        found.reverse();
        self.ready = found;
    }
}

//! Splits a recording into windows of at most 30 s that start at speech and end in pauses, holding one window in memory.

use std::ops::Range;

use super::cuts::Hops;
use super::{RATE_HZ, WINDOW_SAMPLES};
use crate::contract::Steps;
use crate::level;
use crate::vad::{HOP, SPEECH_FROM, Silero, regions};
use vocabox_audio::pcm::Samples;
use vocabox_base::fault::Fault;

const SECOND: usize = RATE_HZ as usize;
/// Sound that is kept before and after detected speech: 0.2 s and 0.4 s, so that soft first and last sounds are
/// included.
const BEFORE: usize = SECOND / 5;
const AFTER: usize = SECOND * 2 / 5;
/// Speech that continues beyond a window is cut in the window's second half.
const CUT_FROM: usize = WINDOW_SAMPLES / 2;
/// No cut leaves less speech than this: the model needs half a second to hear a word.
const REMNANT_MIN: usize = SECOND / 2;
/// A window ends at a pause of this length, because the model invents words in long pauses. It is no shorter, because each
/// window costs as much as 5 s of sound (`transcribe_window`).
const LONG_PAUSE: usize = 4 * SECOND;
/// Sound beyond a window that the detector looks at, so that a remnant is known.
const AHEAD: usize = SECOND;
/// Hops on either side whose loudest decides the gain of a hop for the detector: 1 s.
const NEAR_HOPS: usize = 31;

/// The least advance after a window in which the model finished no phrase: half a second, so that the loop ends.
const ADVANCE_MIN: usize = SECOND / 2;
/// How far from a timestamp of the model's the pause may be.
pub const SNAP: usize = SECOND / 2;

/// A recording, read as far as the current window needs.
pub struct Windows {
    audio: Box<dyn Samples>,
    detector: Silero,
    /// Samples from `base` on; the root mean square of each hop of them, and its probability of speech.
    buffer: Vec<f32>,
    levels: Vec<f32>,
    probabilities: Vec<f32>,
    /// Position of the buffer's first sample in the recording; a multiple of `HOP`.
    base: usize,
    /// Where the next window may start.
    seek: usize,
    read: usize,
    ended: bool,
    /// Whether windows end at long pauses.
    ends_at_pauses: bool,
}

/// A stretch of the recording that starts near speech and ends in a pause.
pub struct Window {
    /// Positions in the recording, in samples.
    pub start: usize,
    pub end: usize,
    /// The sound from `start` to `end`, quiet speech raised.
    pub samples: Vec<f32>,
}

impl Window {
    /// Ends the window at this position of the recording.
    pub fn cut(&mut self, position: usize) {
        self.end = position.clamp(self.start, self.end);
        self.samples.truncate(self.end - self.start);
    }
}

impl Windows {
    /// Returns the windows of `audio`, which must be at 16 kHz. With `ends_at_pauses`, a long pause ends a window: for
    /// models to which short windows cost less.
    pub fn new(audio: Box<dyn Samples>, detector: Silero, ends_at_pauses: bool) -> Self {
        Windows {
            audio,
            detector,
            buffer: Vec::new(),
            levels: Vec::new(),
            probabilities: Vec::new(),
            base: 0,
            seek: 0,
            read: 0,
            ended: false,
            ends_at_pauses,
        }
    }

    /// Returns the samples of the recording that were read so far; all of them once [`Windows::next`] returned none.
    pub fn samples_read(&self) -> usize {
        self.read
    }

    /// Returns how many samples of the detected speech are in `range` of the recording, which is in the last window.
    pub fn speech_in(&self, range: Range<usize>) -> usize {
        let hops = self.hop(range.start)..self.hop(range.end);
        let of = self.probabilities.get(hops).unwrap_or(&[]);
        of.iter().filter(|p| **p >= SPEECH_FROM).count() * HOP
    }

    /// Returns the ends of the stretches of `range`, which is in the last window; the last one is its own. Each stretch has at
    /// least `least` samples and ends in a pause.
    pub fn stretches(&self, range: Range<usize>, least: usize) -> Vec<usize> {
        let mut ends = Vec::new();
        let mut from = range.start + least;
        while from + least <= range.end {
            let within = self.hop(from)..self.hop((from + least).min(range.end));
            let pause = self.hops().longest_pause(within);
            let end = pause.map(|p| self.base + self.hops().quietest(p) * HOP + HOP / 2);
            match end.filter(|end| end + least <= range.end) {
                Some(end) => {
                    ends.push(end);
                    from = end + least;
                }
                None => from += least,
            }
        }
        ends.push(range.end);
        ends
    }

    /// Returns the quietest moment of `range`, which is in the last window; its end if it is empty.
    pub fn quietest_in(&self, range: Range<usize>) -> usize {
        let hops = self.hop(range.start)..self.hop(range.end);
        match hops.is_empty() {
            true => range.end,
            false => {
                let at = self.base + self.hops().quietest(hops) * HOP + HOP / 2;
                at.clamp(range.start, range.end)
            }
        }
    }

    /// Returns a pause about the middle of `window`, which is the last one.
    pub fn middle(&self, window: &Window) -> usize {
        let quarter = (window.end - window.start) / 4;
        self.quietest_in(window.start + quarter..window.end - quarter)
    }

    /// Ends the window `last` at its end, so that the next one starts after it.
    pub fn pass(&mut self, last: &Window) {
        self.seek = self.seek.max(last.end);
    }

    /// Ends the window `last` at about `position`, between words, so that what follows is heard again.
    pub fn resume(&mut self, last: &Window, position: usize) {
        if position >= last.end {
            return self.pass(last);
        }
        let near = position.saturating_sub(SNAP).max(last.start + ADVANCE_MIN);
        let hops = self.hop(near)..self.hop((position + SNAP).min(last.end));
        let at = match hops.is_empty() {
            true => last.start + ADVANCE_MIN,
            false => self.base + self.hops().quietest(hops) * HOP + HOP / 2,
        };
        self.seek = at.min(last.end).max(self.seek + ADVANCE_MIN);
    }

    /// Returns the next window with speech, or none when the recording has no more.
    pub fn next(&mut self, steps: &dyn Steps) -> Result<Option<Window>, Fault> {
        loop {
            steps.next()?;
            self.drop_before(self.seek.saturating_sub(BEFORE));
            // A window that starts BEFORE ahead of `seek` must still be whole.
            self.fill(self.seek + WINDOW_SAMPLES + AHEAD, steps)?;
            let known = self.known();
            let speech: Vec<_> = regions(&self.probabilities)
                .into_iter()
                .map(|r| self.base + r.start * HOP..(self.base + r.end * HOP).min(known))
                .filter(|r| r.end > self.seek)
                .collect();
            let Some(first) = speech.first() else {
                if self.ended {
                    return Ok(None);
                }
                // The last second may be the start of speech that continues after the buffer.
                self.seek = self.seek.max(known.saturating_sub(SECOND));
                continue;
            };
            let start = first.start.saturating_sub(BEFORE).max(self.seek);
            if start > self.seek && start + WINDOW_SAMPLES + AHEAD > known && !self.ended {
                self.seek = start;
                continue;
            }
            self.seek = start;
            let end = self.end_of(start, &speech, known);
            let mut samples = self.buffer[start - self.base..end - self.base].to_vec();
            let within = speech.iter().filter(|r| r.start < end && start < r.end);
            let within = within.map(|r| r.start.max(start) - start..r.end.min(end) - start);
            level::raise_quiet(&mut samples, &within.collect::<Vec<_>>());
            return Ok(Some(Window {
                start,
                end,
                samples,
            }));
        }
    }

    /// Returns where the window ends that starts at `start` with the first of the `speech`.
    fn end_of(&self, start: usize, speech: &[Range<usize>], known: usize) -> usize {
        let limit = known.min(start + WINDOW_SAMPLES);
        let mut last = &speech[0];
        for next in &speech[1..] {
            let is_long = next.start - last.end >= LONG_PAUSE;
            if next.start >= limit || (is_long && self.ends_at_pauses) {
                break;
            }
            last = next;
        }
        if last.end <= limit {
            return limit.min(last.end + AFTER);
        }
        let latest = limit.min(last.end.saturating_sub(REMNANT_MIN));
        let within = self.hop(start + CUT_FROM)..self.hop(latest);
        if within.is_empty() {
            return limit;
        }
        let cut = self.base + self.hops().cut(within) * HOP + HOP / 2;
        // Silence at the window's end is not transcribed.
        let spoken = speech.iter().rev().find(|r| r.start < cut);
        spoken.map_or(cut, |r| cut.min(r.end + AFTER))
    }

    fn hops(&self) -> Hops<'_> {
        Hops {
            probabilities: &self.probabilities,
            levels: &self.levels[..self.probabilities.len()],
        }
    }

    /// Returns the hop of the buffer that has this position of the recording.
    fn hop(&self, position: usize) -> usize {
        (position.saturating_sub(self.base) / HOP).min(self.probabilities.len())
    }

    /// Returns the position up to which the detector listened.
    fn known(&self) -> usize {
        self.base + self.buffer.len().min(self.probabilities.len() * HOP)
    }

    fn drop_before(&mut self, position: usize) {
        let hops = (position.saturating_sub(self.base) / HOP).min(self.probabilities.len());
        let samples = (hops * HOP).min(self.buffer.len());
        self.buffer.drain(..samples);
        self.levels.drain(..hops);
        self.probabilities.drain(..hops);
        self.base += samples;
    }

    /// Reads until the detector can listen up to `end` or the recording ends, and runs it over the new samples.
    fn fill(&mut self, end: usize, steps: &dyn Steps) -> Result<(), Fault> {
        let needed = end + (NEAR_HOPS + 1) * HOP;
        while !self.ended && self.base + self.buffer.len() < needed {
            steps.next()?;
            let most = needed - self.base - self.buffer.len();
            let got = self.audio.read(&mut self.buffer, most)?;
            self.read += got;
            self.ended = got == 0;
        }
        let whole = self.buffer.len() / HOP;
        let hops = match self.ended {
            true => self.buffer.len().div_ceil(HOP),
            false => whole,
        };
        for at in self.levels.len()..hops {
            let samples = &self.buffer[at * HOP..self.buffer.len().min((at + 1) * HOP)];
            self.levels.push(level::rms(samples));
        }
        let floor = level::noise_floor(&self.levels);
        let until = match self.ended {
            true => hops,
            false => hops.min(self.hop_count(end)),
        };
        for at in self.probabilities.len()..until {
            let near = at.saturating_sub(NEAR_HOPS)..hops.min(at + NEAR_HOPS + 1);
            let loudest = self.levels[near].iter().copied().fold(0.0, f32::max);
            let gain = level::gain(loudest, floor);
            let mut hop = [0.0; HOP];
            let samples = &self.buffer[at * HOP..self.buffer.len().min((at + 1) * HOP)];
            hop[..samples.len()].copy_from_slice(samples);
            let probability = self.detector.step_raised(&hop, gain)?;
            self.probabilities.push(probability);
            steps.next()?;
        }
        Ok(())
    }

    /// Returns how many hops of the buffer start before a position.
    fn hop_count(&self, position: usize) -> usize {
        position.saturating_sub(self.base).div_ceil(HOP)
    }
}

//! Ducking: the gains that make the original quieter under the lines.
//!
//! In a stereo mix, speech is mostly in the middle (the mean of the channels), while music and room are also in the
//! sides (their difference). Both are made quieter, the sides only so far that, even if they contained only speech, it
//! would be [`DOWN_DB`] below the original middle.

use std::ops::Range;

use super::original::LineLoudness;

/// Attenuation of the original's speech in dB: the original stays audible but does not distract.
pub const DOWN_DB: f32 = 18.0;
/// Frames at 48 kHz of the fade before a line (50 ms) and of the return after it (200 ms).
const ATTACK: u64 = 2_400;
const RELEASE: u64 = 9_600;
/// Frames of the longest pause between lines (0.6 s) during which the original stays quiet, to avoid pumping.
const BRIDGED: u64 = 28_800;
/// Frames between two computed gains (1 ms); gains between them are interpolated linearly.
const STEP: u64 = 48;

/// The gains of the original, frame by frame.
pub struct Duck {
    /// Ordered by their starts.
    spans: Vec<DuckedSpan>,
    /// Index of the first span that is not over.
    first: usize,
    at: u64,
    here: Gains,
    next: Gains,
}

struct DuckedSpan {
    frames: Range<u64>,
    side_db: f32,
}

/// Factors of the channels' mean and of half their difference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gains {
    pub middle: f32,
    pub side: f32,
}

impl Duck {
    /// Ducks in each of `spans` (in frames), given the loudness of the original's line there.
    pub fn new(spans: impl IntoIterator<Item = (Range<u64>, LineLoudness)>) -> Self {
        let span = |(frames, heard): (Range<u64>, LineLoudness)| DuckedSpan {
            frames,
            side_db: (DOWN_DB - heard.side_db).max(0.0),
        };
        let mut spans: Vec<DuckedSpan> = spans.into_iter().map(span).collect();
        spans.sort_by_key(|s| s.frames.start);
        for n in 1..spans.len() {
            let start = spans[n].frames.start;
            let before = &mut spans[n - 1].frames;
            if start > before.end && start - before.end < BRIDGED {
                before.end = start;
            }
        }
        let mut duck = Duck {
            spans,
            first: 0,
            at: 0,
            here: Gains::FULL,
            next: Gains::FULL,
        };
        duck.here = duck.gains(0);
        duck.next = duck.gains(STEP);
        duck
    }

    /// Ducks the next `frames` of `channels` (1 or 2), in place.
    pub fn duck(&mut self, frames: &mut [f32], channels: usize) {
        for frame in frames.chunks_exact_mut(channels) {
            let Gains { middle, side } = self.advance();
            match frame {
                [left, right] => {
                    let (mean, half) = (0.5 * (*left + *right), 0.5 * (*left - *right));
                    *left = middle * mean + side * half;
                    *right = middle * mean - side * half;
                }
                all => all.iter_mut().for_each(|s| *s *= middle),
            }
        }
    }

    /// The gains of the next frame.
    fn advance(&mut self) -> Gains {
        let within = self.at % STEP;
        if within == 0 && self.at > 0 {
            self.here = self.next;
            self.next = self.gains(self.at + STEP);
        }
        self.at += 1;
        let (here, next) = (self.here, self.next);
        if here == next {
            return here;
        }
        let share = within as f32 / STEP as f32;
        Gains {
            middle: here.middle + share * (next.middle - here.middle),
            side: here.side + share * (next.side - here.side),
        }
    }

    /// The gains at `frame`; `frame` must not decrease from call to call.
    fn gains(&mut self, frame: u64) -> Gains {
        let is_over = |span: &DuckedSpan| span.frames.end + RELEASE < frame;
        while self.spans.get(self.first).is_some_and(is_over) {
            self.first += 1;
        }
        let (mut middle_db, mut side_db) = (0.0f32, 0.0f32);
        let begun = |span: &&DuckedSpan| span.frames.start <= frame + ATTACK;
        for span in self.spans[self.first..].iter().take_while(begun) {
            let part = span.part(frame);
            middle_db = middle_db.max(part * DOWN_DB);
            side_db = side_db.max(part * span.side_db);
        }
        let factor = |db: f32| {
            if db == 0.0 {
                1.0
            } else {
                10f32.powf(-db / 20.0)
            }
        };
        Gains {
            middle: factor(middle_db),
            side: factor(side_db),
        }
    }
}

impl Gains {
    const FULL: Gains = Gains {
        middle: 1.0,
        side: 1.0,
    };
}

impl DuckedSpan {
    /// The share of the attenuation that applies at `frame`, 0 to 1.
    fn part(&self, frame: u64) -> f32 {
        let early = self.frames.start.saturating_sub(frame) as f32 / ATTACK as f32;
        let late = frame.saturating_sub(self.frames.end) as f32 / RELEASE as f32;
        (1.0 - early.max(late)).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 48_000;

    fn heard(side_db: f32) -> LineLoudness {
        LineLoudness {
            lufs: None,
            side_db,
        }
    }

    /// Gains in decibels of the middle and of the side over `seconds`, measured on frames of ones (inverted on the
    /// right for the side).
    fn gains_db(spans: &[Range<u64>], side_db: f32, seconds: u64) -> (Vec<f32>, Vec<f32>) {
        let run = |right: f32| -> Vec<f32> {
            let spans = spans.iter().map(|s| (s.clone(), heard(side_db)));
            let mut frames = [1.0, right].repeat((seconds * SECOND) as usize);
            let mut duck = Duck::new(spans);
            frames
                .chunks_mut(2 * 1_111)
                .for_each(|piece| duck.duck(piece, 2));
            frames.iter().step_by(2).map(|s| 20.0 * s.log10()).collect()
        };
        (run(1.0), run(-1.0))
    }

    #[test]
    fn it_is_down_before_a_line_begins_and_comes_back_slowly() {
        let (middle, _) = gains_db(std::slice::from_ref(&(SECOND..2 * SECOND)), 60.0, 4);
        let at = |seconds: f64| middle[(seconds * SECOND as f64) as usize];
        assert_eq!((at(0.0), at(0.94)), (0.0, 0.0));
        assert!((at(0.975) + 9.0).abs() < 0.1, "{}", at(0.975));
        for seconds in [1.0, 1.5, 1.999] {
            assert!((at(seconds) + DOWN_DB).abs() < 0.01, "{}", at(seconds));
        }
        assert!((at(2.1) + 9.0).abs() < 0.1, "{}", at(2.1));
        assert_eq!(at(2.21), 0.0);
        let step = middle.windows(2).map(|w| (w[1] - w[0]).abs());
        assert!(step.fold(0.0, f32::max) < 0.02);
    }

    #[test]
    fn it_stays_down_through_a_short_pause_but_not_through_a_long_one() {
        let spans = [
            SECOND..2 * SECOND,
            2 * SECOND + 24_000..3 * SECOND,
            4 * SECOND..5 * SECOND,
        ];
        let (middle, _) = gains_db(&spans, 60.0, 6);
        let down = |range: Range<u64>| {
            let all = &middle[range.start as usize..range.end as usize];
            all.iter().all(|db| (db + DOWN_DB).abs() < 0.01)
        };
        assert!(down(SECOND..3 * SECOND));
        assert_eq!(middle[(3 * SECOND + 24_000) as usize], 0.0);
        assert!(down(4 * SECOND..5 * SECOND));
    }

    #[test]
    fn the_sides_go_down_as_far_as_speech_could_be_in_them() {
        for (side_db, expected) in [
            (0.0, 18.0),
            (6.0, 12.0),
            (12.0, 6.0),
            (18.0, 0.0),
            (60.0, 0.0),
        ] {
            let (middle, side) = gains_db(std::slice::from_ref(&(SECOND..2 * SECOND)), side_db, 3);
            let at = (SECOND + SECOND / 2) as usize;
            assert!((middle[at] + DOWN_DB).abs() < 0.01);
            assert!(
                (side[at] + expected).abs() < 0.01,
                "{side_db}: {}",
                side[at]
            );
        }
    }
}

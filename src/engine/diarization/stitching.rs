//! Joins the activities of overlapping windows into one, whose speakers keep their numbers from one window to the next.
//!
//! Each window numbers its speakers as it likes. Of the six ways to renumber those of the next window, the one is taken that
//! agrees best with the window before where both overlap. Such a numbered *stream* is one speaker only as long as the windows
//! say so: over a pause of everybody it may change the speaker.

use std::collections::VecDeque;

use crate::segmentation::{Activity, FRAMES, SPEAKERS};

/// Frames from one window to the next: 5 s, so that two windows hear each moment. With 2.5 s the counts and errors of 28 conversations
/// are the same, for half as much again of processor time (benches/runs/2026-11-30-diarization.md).
pub const STEP: usize = 295;
/// Frames at each end of a window that count less than its middle, where the model hears what is before and after.
const EDGE: usize = FRAMES / 4;

const ORDERS: [[usize; SPEAKERS]; 6] = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
];

/// The joined activity of the windows so far.
#[derive(Default)]
pub struct Stitching {
    /// The last window, renumbered.
    last: Vec<Activity>,
    /// Weighted sums, and weights, of the frames that further windows may still change.
    open: VecDeque<(Activity, f32)>,
}

impl Stitching {
    /// Adds the next window, `STEP` frames after the one before; returns the activity of the `STEP` frames that no later
    /// window changes.
    pub fn add(&mut self, mut window: Vec<Activity>) -> Vec<Activity> {
        if !self.last.is_empty() {
            let before = &self.last[STEP..];
            let order = best_order(before, &window);
            for activity in &mut window {
                *activity = order.map(|speaker| activity[speaker]);
            }
        }
        for (frame, activity) in window.iter().enumerate() {
            if frame == self.open.len() {
                self.open.push_back(([0.0; SPEAKERS], 0.0));
            }
            let weight = (1 + frame).min(window.len() - frame).min(EDGE) as f32;
            let (sum, weights) = &mut self.open[frame];
            sum.iter_mut()
                .zip(activity)
                .for_each(|(s, a)| *s += weight * a);
            *weights += weight;
        }
        self.last = window;
        self.close(STEP)
    }

    /// Returns the activity of the frames after those of the last window's `STEP`.
    pub fn finish(mut self) -> Vec<Activity> {
        self.close(usize::MAX)
    }

    fn close(&mut self, most: usize) -> Vec<Activity> {
        let closed = self.open.drain(..most.min(self.open.len()));
        closed
            .map(|(sum, weight)| sum.map(|s| s / weight))
            .collect()
    }
}

/// Returns for each stream the speaker of `after` that speaks most when the stream does in `before`; both cover the same
/// frames from the first of `after` on. Among equals the first order.
fn best_order(before: &[Activity], after: &[Activity]) -> [usize; SPEAKERS] {
    let mut together = [[0.0_f32; SPEAKERS]; SPEAKERS];
    for (a, b) in before.iter().zip(after) {
        for (row, stream) in together.iter_mut().zip(a) {
            row.iter_mut()
                .zip(b)
                .for_each(|(sum, speaker)| *sum += stream * speaker);
        }
    }
    let agreement = |order: &[usize; SPEAKERS]| -> f32 {
        let streams = order.iter().zip(&together);
        streams.map(|(speaker, row)| row[*speaker]).sum()
    };
    let mut best = ORDERS[0];
    for order in ORDERS {
        if agreement(&order) > agreement(&best) {
            best = order;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A window that starts at `first`, in which the speaker at `at` speaks as long as `talks(frame)`, in the order that
    /// this window numbers them.
    fn window(first: usize, order: [usize; 3], talks: impl Fn(usize) -> Activity) -> Vec<Activity> {
        let frames = first..first + FRAMES;
        frames
            .map(|frame| order.map(|speaker| talks(frame)[speaker]))
            .collect()
    }

    #[test]
    fn speakers_keep_their_numbers_however_each_window_numbers_them() {
        let talks = |frame: usize| match frame % 300 {
            0..100 => [1.0, 0.0, 0.0],
            100..150 => [1.0, 1.0, 0.0],
            150..250 => [0.0, 1.0, 0.0],
            _ => [0.0; 3],
        };
        let mut stitching = Stitching::default();
        let mut joined = Vec::new();
        for (number, order) in ORDERS.iter().enumerate() {
            joined.extend(stitching.add(window(number * STEP, *order, talks)));
            assert_eq!(joined.len(), (number + 1) * STEP);
        }
        joined.extend(stitching.finish());
        assert_eq!(joined.len(), 5 * STEP + FRAMES);
        for (frame, activity) in joined.iter().enumerate() {
            for (made, expected) in activity.iter().zip(talks(frame)) {
                assert!((made - expected).abs() < 1e-5, "{frame}: {activity:?}");
            }
        }
    }

    #[test]
    fn where_windows_disagree_the_one_that_hears_more_around_counts_more() {
        let mut stitching = Stitching::default();
        stitching.add(window(0, [0, 1, 2], |_| [1.0, 0.0, 0.0]));
        let quiet = window(STEP, [0, 1, 2], |_| [0.0; 3]);
        let joined = stitching.add(quiet);
        // At its start, the second window has heard nothing of what was before.
        assert!(joined[0][0] > 0.9 && joined[STEP - 1][0] < joined[0][0]);
        assert!(Stitching::default().finish().is_empty());
    }
}

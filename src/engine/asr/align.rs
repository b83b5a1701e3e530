//! When each token was said: the cheapest alignment of tokens with the frames that the decoder attended to.
//!
//! Source: github.com/openai/whisper, `whisper/timing.py`: `find_alignment`, `median_filter`, `dtw`. The reference
//! feeds the finished text once more, without its timestamps. This module uses the attention rows of the decoding
//! itself: they exist already, and on the test recordings the starts are the same to a hundredth of a second in the
//! median.

use super::decoder::Attended;

/// Seconds of one frame of the encoder.
pub const FRAME_S: f64 = 0.02;
/// Frames of the median filter (`medfilt_width`).
const MEDIAN: usize = 7;

/// The frames of a window.
#[derive(Debug, Clone, Copy)]
pub struct Frames {
    /// Frames that the decoder could attend to.
    pub all: usize,
    /// The leading frames that have sound.
    pub heard: usize,
}

/// Returns starts in seconds from the window's beginning, never falling: one for each of `rows`.
///
/// `attention` has a row `[heads, frames.all]` for each token of prompt and text. `rows` are the rows, rising, at which
/// the text's tokens were chosen, and then the row at which the following token was: its start is the last token's end.
pub fn starts(attention: &[Attended], rows: &[usize], frames: Frames) -> Vec<f64> {
    let heard = frames.heard.min(frames.all);
    if heard == 0 || attention.is_empty() {
        return vec![0.0; rows.len()];
    }
    let costs = costs(attention, rows, frames.all, heard);
    let path = cheapest(&costs, rows.len(), heard);
    path.into_iter()
        .map(|frame| frame as f64 * FRAME_S)
        .collect()
}

/// Returns the negative mean over the heads of normalised, smoothed attention: `[rows, heard]`.
fn costs(attention: &[Attended], rows: &[usize], all: usize, heard: usize) -> Vec<f32> {
    let heads = attention
        .iter()
        .map(|row| row.len() / all)
        .min()
        .unwrap_or(0);
    let mut costs = vec![0.0; rows.len() * heard];
    let mut weights = vec![0.0; attention.len() * heard];
    let mut smooth = vec![0.0; heard];
    for head in 0..heads {
        for (row, out) in attention.iter().zip(weights.chunks_exact_mut(heard)) {
            let row = &row[head * all..][..heard];
            // The softmax over the frames with sound only.
            let sum = row.iter().sum::<f32>().max(f32::MIN_POSITIVE);
            out.iter_mut().zip(row).for_each(|(o, w)| *o = w / sum);
        }
        normalise(&mut weights, heard);
        for (row, cost) in rows.iter().zip(costs.chunks_exact_mut(heard)) {
            median(&weights[row * heard..][..heard], &mut smooth);
            let share = 1.0 / heads as f32;
            cost.iter_mut()
                .zip(&smooth)
                .for_each(|(c, s)| *c -= s * share);
        }
    }
    costs
}

/// Normalises each frame's weights, over all tokens, to mean 0 and deviation 1.
fn normalise(weights: &mut [f32], frames: usize) {
    let tokens = (weights.len() / frames) as f32;
    let mut means = vec![0.0; frames];
    let mut squares = vec![0.0; frames];
    for row in weights.chunks_exact(frames) {
        means
            .iter_mut()
            .zip(row)
            .for_each(|(m, w)| *m += w / tokens);
    }
    for row in weights.chunks_exact(frames) {
        let parts = squares.iter_mut().zip(row).zip(&means);
        parts.for_each(|((s, w), m)| *s += (w - m) * (w - m) / tokens);
    }
    for row in weights.chunks_exact_mut(frames) {
        for ((w, mean), square) in row.iter_mut().zip(&means).zip(&squares) {
            *w = (*w - mean) / square.sqrt().max(f32::MIN_POSITIVE);
        }
    }
}

/// Writes the median of each value and three on either side, mirrored at the ends.
fn median(values: &[f32], out: &mut [f32]) {
    const HALF: usize = MEDIAN / 2;
    /// Medians that are taken side by side.
    const LANES: usize = 16;
    let count = values.len();
    if count <= HALF {
        out.copy_from_slice(values);
        return;
    }
    let last = count - 1;
    let mirrored = |at: usize| {
        let from_start = at.abs_diff(HALF);
        values[from_start.min((2 * last).saturating_sub(from_start))]
    };
    let whole = count.next_multiple_of(LANES);
    let padded: Vec<f32> = (0..whole + 2 * HALF).map(mirrored).collect();
    for (at, out) in (0..).step_by(LANES).zip(out.chunks_mut(LANES)) {
        let mut sorted = [[0.0_f32; LANES]; MEDIAN];
        for (shift, sorted) in sorted.iter_mut().enumerate() {
            sorted.copy_from_slice(&padded[at + shift..][..LANES]);
        }
        // A selection sort up to the middle: branchless, and the window is short.
        for i in 0..=HALF {
            for j in i + 1..MEDIAN {
                let (head, tail) = sorted.split_at_mut(j);
                for (low, high) in head[i].iter_mut().zip(&mut tail[0]) {
                    let (one, other) = (*low, *high);
                    *low = if one < other { one } else { other };
                    *high = if one < other { other } else { one };
                }
            }
        }
        out.copy_from_slice(&sorted[HALF][..out.len()]);
    }
}

/// Dynamic time warping: returns the frame at which each row starts on the cheapest path from the first row and frame
/// to the last, in steps of one row, one frame or both.
fn cheapest(costs: &[f32], rows: usize, frames: usize) -> Vec<usize> {
    #[derive(Clone, Copy, PartialEq)]
    enum From {
        Both,
        Row,
        Frame,
    }
    let mut from = vec![From::Frame; rows * frames];
    // The sums up to the previous row, and to the current one, each after a column that cannot be reached.
    let mut above = vec![f32::INFINITY; frames + 1];
    let mut sums = above.clone();
    above[0] = 0.0;
    for row in 0..rows {
        sums[0] = f32::INFINITY;
        for frame in 0..frames {
            let (both, one_row, one_frame) = (above[frame], above[frame + 1], sums[frame]);
            let (least, step) = if both <= one_row && both <= one_frame {
                (both, From::Both)
            } else if one_row <= one_frame {
                (one_row, From::Row)
            } else {
                (one_frame, From::Frame)
            };
            sums[frame + 1] = costs[row * frames + frame] + least;
            from[row * frames + frame] = step;
        }
        std::mem::swap(&mut above, &mut sums);
    }
    let mut begins = vec![0; rows];
    if rows == 0 || frames == 0 {
        return begins;
    }
    let (mut row, mut frame) = (rows - 1, frames - 1);
    loop {
        begins[row] = frame;
        match from[row * frames + frame] {
            _ if row == 0 && frame == 0 => break,
            From::Frame if frame > 0 => frame -= 1,
            From::Both if frame > 0 && row > 0 => (row, frame) = (row - 1, frame - 1),
            _ if row > 0 => row -= 1,
            _ => frame -= 1,
        }
    }
    begins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_drops_what_lasts_three_frames_and_mirrors_at_the_ends() {
        let mut out = [0.0; 12];
        let values = [1.0, 1.0, 9.0, 9.0, 9.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 5.0];
        median(&values, &mut out);
        assert_eq!(
            out,
            [9.0, 9.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
        );
        // numpy's reflect of 1 2 3 4 5 by three: 4 3 2 | 1 2 3 4 5 | 4 3 2.
        let mut out = [0.0; 5];
        median(&[1.0, 2.0, 3.0, 4.0, 5.0], &mut out);
        assert_eq!(out, [3.0, 3.0, 3.0, 3.0, 3.0]);
        let mut out = [0.0; 2];
        median(&[7.0, 1.0], &mut out);
        assert_eq!(out, [7.0, 1.0], "too short to be filtered");
    }

    #[test]
    fn the_cheapest_path_follows_the_valleys() {
        // Three rows over six frames, cheap at 0–1, 2–3 and 4–5.
        let cheap = |row: usize, frame: usize| if frame / 2 == row { -1.0 } else { 0.0 };
        let costs: Vec<f32> = (0..18).map(|i| cheap(i / 6, i % 6)).collect();
        assert_eq!(cheapest(&costs, 3, 6), [0, 2, 4]);
        assert_eq!(
            cheapest(&[0.0; 4], 4, 1),
            [0, 0, 0, 0],
            "more tokens than frames"
        );
        assert!(cheapest(&[], 0, 6).is_empty());
    }

    #[test]
    fn tokens_begin_where_the_heads_turn_to_them() {
        // One head over 60 frames, of which 50 have sound; each of four tokens listens to its ten frames.
        let row = |token: usize| -> Attended {
            let near = |frame: usize| if frame / 10 == token { 0.1 } else { 1e-4 };
            (0..60).map(near).collect()
        };
        let attention: Vec<Attended> = (0..5).map(row).collect();
        let frames = Frames { all: 60, heard: 50 };
        let made = starts(&attention, &[0, 1, 2, 3, 4], frames);
        let expected = [0.0, 0.2, 0.4, 0.6, 0.8];
        assert!(
            made.iter()
                .zip(expected)
                .all(|(m, e)| (m - e).abs() < 0.021),
            "{made:?}"
        );
        assert_eq!(starts(&[], &[0, 1], frames), [0.0, 0.0]);
    }
}

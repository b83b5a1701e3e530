//! Maps a recording's channels to the channels that the caller asks for.
//!
//! To one channel, mono and stereo are averaged. In surround sound, speech is in the centre channel and the
//! low-frequency channel (LFE) has none: weights follow ITU-R BS.775 (centre 1, left and right 0.707, surrounds 0.5,
//! LFE 0), scaled to a sum of 1, so that the mix cannot clip. Channels without a known place have equal weights.
//!
//! To two channels, stereo is left unchanged, and surround sound is mixed by ITU-R BS.775 (each side whole, centre and
//! surrounds at 0.707, LFE 0), scaled so that neither side can clip.

use std::f32::consts::FRAC_1_SQRT_2;

use symphonia::core::audio::{Channels, Position};

/// How many channels the caller asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    One,
    Two,
    /// One for a recording of one channel, two for any other.
    UpToTwo,
    /// One: the channel of that number (from 0) of a recording of two; of any other, as `One`.
    Side(usize),
}

/// Weights of a recording's channels in each output channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix {
    inputs: usize,
    /// One row for each output channel.
    rows: Vec<Vec<f32>>,
}

impl Mix {
    /// Returns the mix of `channels`, in the order of their buffers.
    pub fn new(channels: &Channels, width: Width) -> Mix {
        let places: Vec<Option<Position>> = match channels {
            Channels::Positioned(positions) => positions.iter().map(Some).collect(),
            _ => vec![None; channels.count()],
        };
        Mix::placed(&places, width)
    }

    /// Returns the mix of channels at these places, in the order of their buffers.
    pub fn placed(places: &[Option<Position>], width: Width) -> Mix {
        Mix::of(places.len(), width, weights(places), || sides(places))
    }

    /// Returns the mix of `count` channels in the order of Opus and Vorbis (RFC 7845 §5.1.1.2).
    pub fn vorbis(count: usize, width: Width) -> Mix {
        Mix::of(count, width, vorbis_weights(count), || vorbis_sides(count))
    }

    fn of(
        inputs: usize,
        width: Width,
        weights: Vec<f32>,
        sides: impl Fn() -> [Vec<f32>; 2],
    ) -> Mix {
        let rows = match (width, inputs) {
            (Width::Side(side), 2) => vec![[[1.0, 0.0], [0.0, 1.0]][side.min(1)].to_vec()],
            (Width::One | Width::Side(_), _) | (Width::UpToTwo, 0 | 1) => vec![weights],
            (_, 0 | 1) => vec![weights.clone(), weights],
            (_, 2) => vec![vec![1.0, 0.0], vec![0.0, 1.0]],
            _ => sides().to_vec(),
        };
        Mix { inputs, rows }
    }

    /// Returns the number of input channels; 0 only where a recording has none.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Returns the number of output channels: 1 or 2.
    pub fn outputs(&self) -> usize {
        self.rows.len()
    }

    /// Returns the width that a recording keeps whose first sound has this mix; none when it has no channel.
    pub fn width(&self) -> Option<Width> {
        let width = match self.outputs() {
            1 => Width::One,
            _ => Width::Two,
        };
        Some(width).filter(|_| self.inputs > 0)
    }

    /// Appends the mixed frames of `interleaved`, in [−1, 1]; values that are not finite become silence.
    pub fn append(&self, interleaved: &[f32], out: &mut Vec<f32>) {
        let bounded = |x: f32| {
            if x.is_finite() {
                x.clamp(-1.0, 1.0)
            } else {
                0.0
            }
        };
        let sum = |frame: &[f32], weights: &[f32]| {
            bounded(frame.iter().zip(weights).map(|(x, w)| x * w).sum())
        };
        match (self.inputs, &self.rows[..]) {
            (0, _) => (),
            (1, [_]) | (2, [_, _]) => out.extend(interleaved.iter().map(|x| bounded(*x))),
            (inputs, [weights]) => out.extend(
                interleaved
                    .chunks_exact(inputs)
                    .map(|frame| sum(frame, weights)),
            ),
            (inputs, rows) => out.extend(
                interleaved
                    .chunks_exact(inputs)
                    .flat_map(|frame| rows.iter().map(|weights| sum(frame, weights))),
            ),
        }
    }
}

/// Returns the weights of channels at these places in mono; their sum is 1. Channels without a known place weigh alike.
fn weights(places: &[Option<Position>]) -> Vec<f32> {
    let known: Option<Vec<Position>> = places.iter().copied().collect();
    match known {
        Some(known) if known.len() > 2 => normalized(known.into_iter().map(weight).collect()),
        _ => equal(places.len()),
    }
}

fn vorbis_weights(count: usize) -> Vec<f32> {
    const FRONT: f32 = FRAC_1_SQRT_2;
    let layout: &[f32] = match count {
        3 => &[FRONT, 1.0, FRONT],
        5 => &[FRONT, 1.0, FRONT, 0.5, 0.5],
        6 => &[FRONT, 1.0, FRONT, 0.5, 0.5, 0.0],
        7 => &[FRONT, 1.0, FRONT, 0.5, 0.5, 0.5, 0.0],
        8 => &[FRONT, 1.0, FRONT, 0.5, 0.5, 0.5, 0.5, 0.0],
        _ => return equal(count),
    };
    normalized(layout.to_vec())
}

fn weight(position: Position) -> f32 {
    let low = Position::LFE1 | Position::LFE2;
    let front = Position::FRONT_LEFT
        | Position::FRONT_RIGHT
        | Position::FRONT_LEFT_CENTER
        | Position::FRONT_RIGHT_CENTER;
    if position == Position::FRONT_CENTER {
        1.0
    } else if front.contains(position) {
        FRAC_1_SQRT_2
    } else if low.contains(position) {
        0.0
    } else {
        0.5
    }
}

/// Returns the weights of channels at these places in the left and in the right. Channels without a known place are mixed
/// into the middle.
fn sides(places: &[Option<Position>]) -> [Vec<f32>; 2] {
    let known: Option<Vec<Position>> = places.iter().copied().collect();
    scaled(match known {
        Some(known) => known.into_iter().map(side).collect(),
        None => vec![MIDDLE; places.len()],
    })
}

fn vorbis_sides(count: usize) -> [Vec<f32>; 2] {
    let layout: &[(f32, f32)] = match count {
        3 => &[LEFT, MIDDLE, RIGHT],
        4 => &[LEFT, RIGHT, LEFT_REAR, RIGHT_REAR],
        5 => &[LEFT, MIDDLE, RIGHT, LEFT_REAR, RIGHT_REAR],
        6 => &[LEFT, MIDDLE, RIGHT, LEFT_REAR, RIGHT_REAR, NOWHERE],
        7 => &[LEFT, MIDDLE, RIGHT, LEFT_REAR, RIGHT_REAR, REAR, NOWHERE],
        8 => &[
            LEFT, MIDDLE, RIGHT, LEFT_REAR, RIGHT_REAR, LEFT_REAR, RIGHT_REAR, NOWHERE,
        ],
        _ => return scaled(vec![MIDDLE; count]),
    };
    scaled(layout.to_vec())
}

/// Weights in the left and in the right.
const LEFT: (f32, f32) = (1.0, 0.0);
const RIGHT: (f32, f32) = (0.0, 1.0);
const MIDDLE: (f32, f32) = (FRAC_1_SQRT_2, FRAC_1_SQRT_2);
const LEFT_REAR: (f32, f32) = (FRAC_1_SQRT_2, 0.0);
const RIGHT_REAR: (f32, f32) = (0.0, FRAC_1_SQRT_2);
const REAR: (f32, f32) = (0.5, 0.5);
const NOWHERE: (f32, f32) = (0.0, 0.0);

fn side(position: Position) -> (f32, f32) {
    let left_rear = Position::REAR_LEFT
        | Position::SIDE_LEFT
        | Position::TOP_FRONT_LEFT
        | Position::TOP_SIDE_LEFT
        | Position::TOP_REAR_LEFT;
    let right_rear = Position::REAR_RIGHT
        | Position::SIDE_RIGHT
        | Position::TOP_FRONT_RIGHT
        | Position::TOP_SIDE_RIGHT
        | Position::TOP_REAR_RIGHT;
    if position == Position::FRONT_CENTER {
        MIDDLE
    } else if (Position::FRONT_LEFT | Position::FRONT_LEFT_CENTER).contains(position) {
        LEFT
    } else if (Position::FRONT_RIGHT | Position::FRONT_RIGHT_CENTER).contains(position) {
        RIGHT
    } else if (Position::LFE1 | Position::LFE2).contains(position) {
        NOWHERE
    } else if left_rear.contains(position) {
        LEFT_REAR
    } else if right_rear.contains(position) {
        RIGHT_REAR
    } else {
        REAR
    }
}

/// Returns the two rows of `pairs`, scaled alike so that the larger sum is 1.
fn scaled(pairs: Vec<(f32, f32)>) -> [Vec<f32>; 2] {
    let (left, right): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
    let sum = left.iter().sum::<f32>().max(right.iter().sum());
    if sum <= 0.0 {
        return [equal(left.len()), equal(left.len())];
    }
    [left, right].map(|row| row.iter().map(|weight| weight / sum).collect())
}

fn equal(count: usize) -> Vec<f32> {
    vec![1.0 / count.max(1) as f32; count]
}

fn normalized(mut weights: Vec<f32>) -> Vec<f32> {
    let sum: f32 = weights.iter().sum();
    if sum <= 0.0 {
        return equal(weights.len());
    }
    weights.iter_mut().for_each(|weight| *weight /= sum);
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surround() -> Channels {
        Channels::Positioned(Position::from_count(6).unwrap())
    }

    #[test]
    fn weights_sum_to_one_and_drop_low_frequencies() {
        assert_eq!(weights(&[None; 4]), [0.25; 4]);
        let stereo = Position::FRONT_LEFT | Position::FRONT_RIGHT;
        let stereo: Vec<_> = stereo.iter().map(Some).collect();
        assert_eq!(weights(&stereo), [0.5; 2]);
        let surround: Vec<_> = Position::from_count(6).unwrap().iter().map(Some).collect();
        for mix in [
            weights(&surround),
            vorbis_weights(6),
            vorbis_weights(8),
            vorbis_weights(4),
        ] {
            assert!((mix.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        }
        assert_eq!(weights(&surround)[3], 0.0);
        assert_eq!(vorbis_weights(6)[5], 0.0);
    }

    #[test]
    fn channels_are_weighed_and_kept_in_range() {
        let frames = [1.0, 0.5, -4.0, -3.0, f32::NAN, 0.0, f32::INFINITY, 1.0];
        let stereo = Channels::Positioned(Position::FRONT_LEFT | Position::FRONT_RIGHT);
        let mixed = |inputs: &Channels, width, frames: &[f32]| {
            let mut out = Vec::new();
            Mix::new(inputs, width).append(frames, &mut out);
            out
        };
        assert_eq!(mixed(&stereo, Width::One, &frames), [0.75, -1.0, 0.0, 0.0]);
        for width in [Width::UpToTwo, Width::Two] {
            assert_eq!(
                mixed(&stereo, width, &frames),
                [1.0, 0.5, -1.0, -1.0, 0.0, 0.0, 0.0, 1.0]
            );
        }
        let mono = Channels::Positioned(Position::FRONT_CENTER);
        for width in [Width::One, Width::UpToTwo] {
            assert_eq!(mixed(&mono, width, &[2.0, 0.3]), [1.0, 0.3]);
        }
        assert_eq!(mixed(&mono, Width::Two, &[0.3]), [0.3, 0.3]);
        for width in [Width::One, Width::Two, Width::UpToTwo] {
            assert!(mixed(&Channels::None, width, &[2.0]).is_empty());
        }
    }

    #[test]
    fn surround_becomes_stereo_with_each_channel_on_its_side() {
        // Left, right, centre, LFE, surrounds; in the order of Vorbis left, centre, right, surrounds, LFE.
        let (whole, part) = (0.414_213_57, 0.292_893_22);
        let expected = [
            (whole, 0.0),
            (0.0, whole),
            (part, part),
            (0.0, 0.0),
            (part, 0.0),
            (0.0, part),
        ];
        let vorbis = [0, 2, 1, 4, 5, 3].map(|at| expected[at]);
        for (mix, expected) in [
            (Mix::new(&surround(), Width::UpToTwo), expected),
            (Mix::vorbis(6, Width::Two), vorbis),
        ] {
            assert_eq!((mix.inputs(), mix.outputs()), (6, 2));
            for (at, (left, right)) in expected.into_iter().enumerate() {
                let mut frame = [0.0; 6];
                frame[at] = 1.0;
                let mut out = Vec::new();
                mix.append(&frame, &mut out);
                let off = (out[0] - left).abs().max((out[1] - right).abs());
                assert!(off < 1e-6, "channel {at}: {out:?}");
            }
        }
        for count in 3..=10 {
            for mix in [
                Mix::vorbis(count, Width::UpToTwo),
                Mix::new(&Channels::Discrete(count as u16), Width::UpToTwo),
            ] {
                let mut out = Vec::new();
                mix.append(&vec![1.0; count], &mut out);
                assert!(
                    out.iter().all(|x| *x > 0.9 && *x <= 1.0),
                    "{count}: {out:?}"
                );
            }
        }
    }
}

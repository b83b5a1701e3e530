//! How much each channel counts in the mono mix.
//!
//! Mono and stereo are averaged. In surround sound, speech sits in the centre and the low-frequency channel
//! has none: weights follow ITU-R BS.775 (centre 1, left and right 0.707, surrounds 0.5, LFE 0), scaled to
//! a sum of 1, so that the mix cannot clip. Channels without a known place count the same.

use symphonia::core::audio::{Channels, Position};

/// Weights of a recording's channels, in the order of its buffers; their sum is 1.
pub fn weights(channels: &Channels) -> Vec<f32> {
    match channels {
        Channels::Positioned(positions) if positions.bits().count_ones() > 2 => {
            normalized(positions.iter().map(weight).collect())
        }
        _ => equal(channels.count()),
    }
}

/// Weights of `count` channels in the order that Opus and Vorbis keep (RFC 7845 §5.1.1.2).
pub fn vorbis_weights(count: usize) -> Vec<f32> {
    const FRONT: f32 = std::f32::consts::FRAC_1_SQRT_2;
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
        std::f32::consts::FRAC_1_SQRT_2
    } else if low.contains(position) {
        0.0
    } else {
        0.5
    }
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

    #[test]
    fn weights_sum_to_one_and_drop_low_frequencies() {
        assert_eq!(weights(&Channels::Discrete(4)), [0.25; 4]);
        let stereo = Position::FRONT_LEFT | Position::FRONT_RIGHT;
        assert_eq!(weights(&Channels::Positioned(stereo)), [0.5; 2]);
        let surround = Channels::Positioned(Position::from_count(6).unwrap());
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
}

//! Two channels that cancel each other when they are added: a microphone's wires swapped on one side, or a stereo effect.
//! Their mean would be silence, so half their difference takes its place.

/// Frames over which loudness is compared: a tenth of a second at 48 kHz.
const MEMORY_FRAMES: f64 = 4_800.0;
/// By how much the difference must be stronger than the mean (power: 9 dB), and by how much it may be weaker once it is
/// heard, so that the two do not alternate.
const STRONGER: f64 = 8.0;
const WEAKER: f64 = 1.0;
/// Mean square below which both are silence: −100 dB.
const SILENCE: f64 = 1e-10;

/// Mixes two channels to one.
#[derive(Debug, Default)]
pub struct Antiphase {
    /// Powers of the mean and of half the difference, of the last moments.
    mean: f64,
    difference: f64,
    is_heard: bool,
    /// Whether anything was mixed before.
    has_begun: bool,
}

impl Antiphase {
    /// Appends the mix of stereo frames in [−1, 1]: their mean, or half their difference where that is what can be heard.
    /// It passes from one to the other over the length of `interleaved`.
    pub fn append(&mut self, interleaved: &[f32], out: &mut Vec<f32>) {
        let frames = interleaved.chunks_exact(2);
        let count = frames.len();
        if count == 0 {
            return;
        }
        let (mut mean, mut difference) = (0.0, 0.0);
        for frame in frames.clone() {
            let (left, right) = (f64::from(frame[0]), f64::from(frame[1]));
            mean += (left + right) * (left + right);
            difference += (left - right) * (left - right);
        }
        let kept = (-(count as f64) / MEMORY_FRAMES).exp();
        let part = 0.25 / count as f64 * (1.0 - kept);
        self.mean = self.mean * kept + mean * part;
        self.difference = self.difference * kept + difference * part;
        let was_heard = self.is_heard;
        let factor = if was_heard { WEAKER } else { STRONGER };
        self.is_heard = self.difference > factor * self.mean
            && self.difference > SILENCE * (1.0 - kept).max(f64::from(u8::from(was_heard)));
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        let to = f32::from(u8::from(self.is_heard));
        let from = if is_first {
            to
        } else {
            f32::from(u8::from(was_heard))
        };
        if from == 0.0 && to == 0.0 {
            out.extend(frames.map(|frame| 0.5 * frame[0] + 0.5 * frame[1]));
            return;
        }
        for (n, frame) in frames.enumerate() {
            let share = from + (to - from) * (n as f32 + 1.0) / count as f32;
            let (mean, difference) = (0.5 * (frame[0] + frame[1]), 0.5 * (frame[0] - frame[1]));
            out.push(mean + share * (difference - mean));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(n: usize) -> f32 {
        0.3 * (n as f32 * 0.1).sin()
    }

    fn mixed(stereo: impl Fn(usize) -> (f32, f32)) -> Vec<f32> {
        let (mut mix, mut out) = (Antiphase::default(), Vec::new());
        for piece in 0..100 {
            let frames = (0..960).flat_map(|n| {
                let (left, right) = stereo(piece * 960 + n);
                [left, right]
            });
            mix.append(&frames.collect::<Vec<f32>>(), &mut out);
        }
        out
    }

    fn power(samples: &[f32]) -> f32 {
        samples.iter().map(|x| x * x).sum::<f32>() / samples.len() as f32
    }

    #[test]
    fn opposite_channels_are_heard_from_the_first_sample() {
        let out = mixed(|n| (sound(n), -sound(n)));
        assert!(
            out.iter()
                .enumerate()
                .all(|(n, x)| (x - sound(n)).abs() < 1e-6)
        );
    }

    #[test]
    fn other_stereo_is_the_mean_bit_by_bit() {
        for stereo in [
            |n| (sound(n), sound(n)),
            |n| (sound(n), 0.0),
            |n| (sound(n), sound(3 * n)),
            |_| (0.0, 0.0),
        ] {
            let out = mixed(stereo);
            for (n, x) in out.iter().enumerate() {
                let (left, right) = stereo(n);
                assert_eq!(*x, 0.5 * left + 0.5 * right);
            }
        }
    }

    #[test]
    fn what_becomes_opposite_is_heard_soon_and_back() {
        let out = mixed(|n| match n {
            20_000..60_000 => (sound(n), -sound(n)),
            _ => (sound(n), sound(n)),
        });
        let whole = power(&out[..10_000]);
        for heard in [&out[50_000..58_000], &out[90_000..]] {
            assert!(
                (power(heard) / whole - 1.0).abs() < 0.1,
                "{}",
                power(heard) / whole
            );
        }
    }
}

//! How high a voice is: the median and spread of its fundamental frequency over time.
//!
//! Method: Boersma 1993, "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a
//! sampled sound": the autocorrelation of a windowed frame over that of the window, and of its peaks the first that is
//! nearly as high as the highest.

use realfft::RealFftPlanner;

use crate::pcm::Clip;

/// Bounds of the fundamental frequency of voices (Hz).
const LOW_HZ: f32 = 60.0;
const HIGH_HZ: f32 = 500.0;
/// Seconds of one frame, four periods of the lowest voice, and seconds from one frame to the next.
const FRAME_S: f32 = 0.064;
const HOP_S: f32 = 0.016;
/// Smallest correlation of a voiced frame.
const VOICED: f32 = 0.5;
/// A peak at a shorter lag is preferred to the highest one when it has at least this share of its height; otherwise
/// every second period would be taken for one.
const FIRST: f32 = 0.9;
/// Frames below this share of the clip's root mean square are unvoiced.
const LOUD: f32 = 0.3;
/// Smallest number of voiced frames for a median.
const FRAMES_MIN: usize = 8;

/// The pitch of a voice.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Pitch {
    /// Median, in semitones over 100 Hz.
    pub median: f32,
    /// From the tenth to the ninetieth percentile, in semitones.
    pub range: f32,
}

impl Pitch {
    /// Returns the pitch of the voice in `clip`; none when too few frames are voiced.
    pub fn of(clip: &Clip) -> Option<Pitch> {
        let mut tones = tones(clip);
        if tones.len() < FRAMES_MIN {
            return None;
        }
        tones.sort_by(f32::total_cmp);
        let at = |share: f32| tones[((tones.len() - 1) as f32 * share).round() as usize];
        Some(Pitch {
            median: at(0.5),
            range: at(0.9) - at(0.1),
        })
    }
}

/// Returns the semitones over 100 Hz of each voiced frame.
fn tones(clip: &Clip) -> Vec<f32> {
    let rate = clip.rate_hz as f32;
    let (frame, hop) = ((FRAME_S * rate) as usize, (HOP_S * rate) as usize);
    let (shortest, longest) = ((rate / HIGH_HZ) as usize, (rate / LOW_HZ) as usize);
    if clip.samples.len() < frame || hop == 0 || longest + 1 >= frame {
        return Vec::new();
    }
    let window: Vec<f32> = (0..frame)
        .map(|n| 0.5 - 0.5 * (std::f32::consts::TAU * (n as f32 + 0.5) / frame as f32).cos())
        .collect();
    let mut correlate = Correlator::new(frame);
    let of_window = correlate.run(&window);
    let power = |samples: &[f32]| samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32;
    let quiet = power(&clip.samples) * LOUD * LOUD;
    let mut tones = Vec::new();
    for samples in clip.samples.windows(frame).step_by(hop) {
        if power(samples) <= quiet {
            continue;
        }
        let mean = samples.iter().sum::<f32>() / frame as f32;
        let windowed = samples.iter().zip(&window).map(|(s, w)| (s - mean) * w);
        let sound = correlate.run(&windowed.collect::<Vec<f32>>());
        let at = |lag: usize| {
            sound[lag] / sound[0].max(f32::MIN_POSITIVE) * of_window[0] / of_window[lag]
        };
        let peaks: Vec<(usize, f32)> = (shortest.max(1)..longest)
            .map(|lag| (lag, at(lag)))
            .filter(|(lag, height)| *height >= at(lag - 1) && *height >= at(lag + 1))
            .collect();
        let highest = peaks
            .iter()
            .fold(0.0_f32, |most, (_, height)| most.max(*height));
        let first = peaks.iter().find(|(_, height)| *height >= FIRST * highest);
        if let (Some((lag, _)), true) = (first, highest >= VOICED) {
            // The peak lies between lags: fit a parabola through three of them.
            let (before, here, after) = (at(lag - 1), at(*lag), at(lag + 1));
            let bend = before - 2.0 * here + after;
            let shift = if bend < 0.0 {
                0.5 * (before - after) / bend
            } else {
                0.0
            };
            tones.push(12.0 * (rate / (*lag as f32 + shift) / 100.0).log2());
        }
    }
    tones
}

/// Autocorrelations of frames of one length.
struct Correlator {
    forward: std::sync::Arc<dyn realfft::RealToComplex<f32>>,
    back: std::sync::Arc<dyn realfft::ComplexToReal<f32>>,
}

impl Correlator {
    fn new(frame: usize) -> Self {
        // Twice the length, so that nothing wraps around.
        let size = (2 * frame).next_power_of_two();
        let mut planner = RealFftPlanner::new();
        Correlator {
            forward: planner.plan_fft_forward(size),
            back: planner.plan_fft_inverse(size),
        }
    }

    fn run(&mut self, frame: &[f32]) -> Vec<f32> {
        let mut time = self.forward.make_input_vec();
        time[..frame.len()].copy_from_slice(frame);
        let mut spectrum = self.forward.make_output_vec();
        // The plans can refuse lengths only, and these are their own.
        let done = self.forward.process(&mut time, &mut spectrum);
        debug_assert!(done.is_ok());
        spectrum.iter_mut().for_each(|bin| {
            bin.re = bin.norm_sqr();
            bin.im = 0.0;
        });
        let done = self.back.process(&mut spectrum, &mut time);
        debug_assert!(done.is_ok());
        time.truncate(frame.len());
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A buzz, as a throat makes it, whose pitch goes from one frequency to another and back within each second.
    fn buzz(from_hz: f32, to_hz: f32, rate_hz: u32) -> Clip {
        let mut phase = 0.0_f32;
        let samples = (0..3 * rate_hz).map(|n| {
            let time = n as f32 / rate_hz as f32;
            let share = 0.5 - 0.5 * (std::f32::consts::TAU * time).cos();
            phase += from_hz * (to_hz / from_hz).powf(share) / rate_hz as f32;
            let harmonic = |k: i32| (std::f32::consts::TAU * phase * k as f32).sin() / k as f32;
            0.2 * (1..12).map(harmonic).sum::<f32>()
        });
        Clip {
            samples: samples.collect(),
            rate_hz,
        }
    }

    #[test]
    fn a_steady_buzz_has_its_frequency_and_no_range() {
        for (hz, rate_hz) in [
            (80.0, 16_000),
            (110.0, 24_000),
            (220.0, 16_000),
            (390.0, 16_000),
        ] {
            let pitch = Pitch::of(&buzz(hz, hz, rate_hz)).unwrap();
            let expected = 12.0 * (hz / 100.0_f32).log2();
            assert!((pitch.median - expected).abs() < 0.2, "{hz}: {pitch:?}");
            assert!(pitch.range < 0.2, "{hz}: {pitch:?}");
        }
    }

    #[test]
    fn a_voice_that_moves_has_a_range() {
        let pitch = Pitch::of(&buzz(100.0, 200.0, 16_000)).unwrap();
        assert!((pitch.median - 6.0).abs() < 1.0, "{pitch:?}");
        // A sine spends most of its time at its ends: nearly the whole octave.
        assert!((10.0..12.5).contains(&pitch.range), "{pitch:?}");
    }

    #[test]
    fn silence_and_noise_have_none() {
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        let clip = |samples: Vec<f32>| Clip {
            samples,
            rate_hz: 16_000,
        };
        assert_eq!(Pitch::of(&clip(vec![0.0; 32_000])), None);
        assert_eq!(
            Pitch::of(&clip((0..32_000).map(|_| noise()).collect())),
            None
        );
        assert_eq!(Pitch::of(&clip(vec![0.1; 10])), None);
    }
}

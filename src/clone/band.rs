//! The band of a recording: what lacks the upper half of the spectrum, such as telephone speech, is compared with speech that
//! lacks it, too.
//!
//! Encoders hear the band as much as the voice. On recordings of people at 8 kHz, the order of the stock voices by CAM++ agrees
//! with that by GE2E far better when both are given the same band (r = 0.9 instead of 0.6,
//! benches/runs/2026-11-30-cloning.md).

use serde::{Deserialize, Serialize};

use super::likeness::Measured;
use crate::audio::Clip;
use crate::audio::dsp::resample::resample_clip;
use crate::audio::dsp::spectrum;
use crate::fault::Fault;

/// The sample rate of narrow sound.
const NARROW_RATE_HZ: u32 = 8_000;
/// The greatest share of power that the upper half of the spectrum of narrow sound has: −60 dB. Prompts at 8 kHz have −76 dB and
/// less, clips of a game −44 to −26 dB, and a reading −21 dB (benches/runs/2026-11-30-cloning.md).
const FAINT: f32 = 1e-6;

/// How much of the spectrum sound at 16 kHz has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingBand {
    Wide,
    /// Nothing above 4 kHz.
    Narrow,
}

impl RecordingBand {
    /// Returns the band of speech at 16 kHz.
    pub fn of(clip: &Clip) -> Self {
        match spectrum::upper_share(&clip.samples) < FAINT {
            true => RecordingBand::Narrow,
            false => RecordingBand::Wide,
        }
    }

    /// Returns `clip`, at 16 kHz, without what this band lacks. Faults: those of resampling.
    pub fn limit(self, clip: &Clip) -> Result<Clip, Fault> {
        match self {
            RecordingBand::Wide => Ok(clip.clone()),
            RecordingBand::Narrow => {
                resample_clip(&resample_clip(clip, NARROW_RATE_HZ)?, clip.rate_hz)
            }
        }
    }
}

/// The measurements of a voice in each band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasuredInBands {
    pub wide: Measured,
    pub narrow: Measured,
}

impl MeasuredInBands {
    /// Returns those in `band`.
    pub fn of(&self, band: RecordingBand) -> &Measured {
        match band {
            RecordingBand::Wide => &self.wide,
            RecordingBand::Narrow => &self.narrow,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two seconds of buzz at 16 kHz whose harmonics end at `edge_hz`.
    fn buzz(edge_hz: f64) -> Clip {
        let harmonics = (1..)
            .map(|h| f64::from(h) * 150.0)
            .take_while(|hz| *hz < edge_hz);
        let harmonics: Vec<f64> = harmonics.collect();
        let sample = |n: usize| {
            // Single precision would add noise above the edge.
            let wave = |hz: &f64| (n as f64 / 16e3 * hz * std::f64::consts::TAU).sin();
            // Speech starts and ends softly; a cut would have every frequency.
            let within = n.min(31_999 - n) as f64 / 3_200.0;
            let swell = (within.min(1.0) * std::f64::consts::FRAC_PI_2)
                .sin()
                .powi(2);
            (swell * harmonics.iter().map(wave).sum::<f64>()) as f32 / 100.0
        };
        Clip {
            samples: (0..32_000).map(sample).collect(),
            rate_hz: 16_000,
        }
    }

    #[test]
    fn what_has_nothing_above_4_khz_is_narrow_at_any_level() {
        let quiet = |clip: Clip| Clip {
            samples: clip.samples.iter().map(|s| s / 100.0).collect(),
            ..clip
        };
        for level in [|clip| clip, quiet] {
            assert_eq!(
                RecordingBand::of(&level(buzz(3_900.0))),
                RecordingBand::Narrow
            );
            assert_eq!(
                RecordingBand::of(&level(buzz(7_900.0))),
                RecordingBand::Wide
            );
        }
        let limited = RecordingBand::Narrow.limit(&buzz(7_900.0)).unwrap();
        assert_eq!(
            (RecordingBand::of(&limited), limited.rate_hz),
            (RecordingBand::Narrow, 16_000)
        );
        assert_eq!(RecordingBand::Wide.limit(&limited).unwrap(), limited);
        let silence = Clip {
            samples: vec![0.0; 16_000],
            rate_hz: 16_000,
        };
        assert_eq!(RecordingBand::of(&silence), RecordingBand::Wide);
    }
}

//! The long-term average spectrum of a voice: the mean of its mel spectra.

use crate::dsp::mel::Mel;

/// Bands of [`mean`].
pub const BANDS: usize = 40;
/// A hop quieter than the loudest by more than this factor of power (30 dB) is a pause.
const PAUSE: f32 = 1e-3;
/// Floor of a band's power, as a share of its hop's.
const FLOOR: f32 = 1e-7;
/// Bands of the mel scale from 4.6 to 7 kHz: sound that was recorded at 8 kHz has nothing there.
const UPPER: std::ops::RangeInclusive<usize> = 33..=38;

/// Returns the mean, over all of `samples` (at 16 kHz) but the pauses, of the logarithm of the power in each of
/// [`BANDS`] mel bands, in nepers above the mean band, so that loudness does not matter. All values are 0 for silence.
pub fn mean(samples: &[f32]) -> Vec<f32> {
    let power = Mel::ge2e().power(samples);
    let hops = || power.chunks_exact(BANDS);
    let of_hop = |hop: &[f32]| hop.iter().sum::<f32>();
    let loudest = hops().map(of_hop).fold(0.0, f32::max);
    let mut mean = [0.0; BANDS];
    let mut count = 0;
    for hop in hops().filter(|hop| of_hop(hop) > PAUSE * loudest) {
        let floor = FLOOR * of_hop(hop);
        let bands = mean.iter_mut().zip(hop);
        bands.for_each(|(sum, band)| *sum += band.max(floor).ln());
        count += 1;
    }
    let centre = mean.iter().sum::<f32>() / BANDS as f32;
    let nepers = |sum: &f32| (sum - centre) / count.max(1) as f32;
    mean.iter().map(nepers).collect()
}

/// Returns the power density of `samples` (at 16 kHz) from 4.6 to 7 kHz over that of the band with most, both those of the
/// strongest band and without the pauses; 1 for silence.
pub fn upper_share(samples: &[f32]) -> f32 {
    let power = Mel::ge2e().power(samples);
    let hops = || power.chunks_exact(BANDS);
    let of_hop = |hop: &[f32]| hop.iter().sum::<f32>();
    let loudest = hops().map(of_hop).fold(0.0, f32::max);
    let mut sums = [0.0; BANDS];
    for hop in hops().filter(|hop| of_hop(hop) > PAUSE * loudest) {
        sums.iter_mut()
            .zip(hop)
            .for_each(|(sum, band)| *sum += band);
    }
    let most = |bands: &[f32]| bands.iter().copied().fold(0.0, f32::max);
    match most(&sums) > 0.0 {
        true => most(&sums[UPPER]) / most(&sums),
        false => 1.0,
    }
}

/// Returns the root mean square of the differences of two such means, in nepers; 0 where either is empty.
pub fn distance(a: &[f32], b: &[f32]) -> f32 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
    (squares.sum::<f32>() / a.len().max(1) as f32).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second of two tones, the upper one as loud as that.
    fn tones(gain: f32, upper: f32) -> Vec<f32> {
        let tone = |n: usize, hertz: f32| (n as f32 * hertz * std::f32::consts::TAU / 16e3).sin();
        let noise = |n: usize| 1e-3 * ((n * 7919 % 1000) as f32 / 500.0 - 1.0);
        let sample = |n: usize| gain * (tone(n, 300.0) + upper * tone(n, 3_000.0) + noise(n));
        (0..16_000).map(sample).collect()
    }

    #[test]
    fn what_is_brighter_differs_and_what_is_louder_or_pauses_does_not() {
        let plain = mean(&tones(0.1, 0.3));
        assert!(plain.iter().sum::<f32>().abs() < 1e-3);
        assert!(distance(&plain, &mean(&tones(0.4, 0.3))) < 1e-3);
        let pauses = [tones(0.1, 0.3), vec![0.0; 16_000], tones(0.1, 0.3)].concat();
        assert!(distance(&plain, &mean(&pauses)) < 0.1);
        let brighter = distance(&plain, &mean(&tones(0.1, 1.0)));
        let brightest = distance(&plain, &mean(&tones(0.1, 3.0)));
        assert!(
            0.2 < brighter && brighter < brightest,
            "{brighter} {brightest}"
        );
    }

    #[test]
    fn silence_is_flat() {
        assert_eq!(mean(&[0.0; 16_000]), [0.0; BANDS]);
        assert_eq!(mean(&[]), [0.0; BANDS]);
        assert_eq!(distance(&[], &[]), 0.0);
    }
}

//! A limiter that looks ahead and also examines the peaks between samples.
//!
//! True peaks as in ITU-R BS.1770-5, annex 2: the sound at four times its rate. Gain goes down before a peak and
//! comes back after it, both smoothly, so that nothing clicks and no period of a voice is bent.

use std::collections::VecDeque;
use std::f64::consts::PI;
use std::sync::LazyLock;

/// Points examined for each sample.
const POINTS: usize = 4;
/// Samples to either side that a point between samples is computed from.
pub(crate) const REACH: usize = 8;
/// Samples that are skipped together where nothing is loud.
const BLOCK_SAMPLES: usize = 64;
/// Seconds over which gain goes down before a peak, and within which most of it has come back.
pub(crate) const ATTACK_S: f64 = 0.005;
pub(crate) const RELEASE_S: f64 = 0.08;

/// For each point between two samples, the weights of the samples around it: a sinc under Hann's window, with sum 1.
static WEIGHTS: LazyLock<[[f32; 2 * REACH]; POINTS - 1]> = LazyLock::new(|| {
    std::array::from_fn(|point| {
        let at = (point + 1) as f64 / POINTS as f64;
        let weights: [f64; 2 * REACH] = std::array::from_fn(|tap| {
            let x = tap as f64 - (REACH - 1) as f64 - at;
            let window = 0.5 + 0.5 * (PI * x / REACH as f64).cos();
            (PI * x).sin() / (PI * x) * window
        });
        let sum: f64 = weights.iter().sum();
        weights.map(|w| (w / sum) as f32)
    })
});

/// Returns `sound` with every true peak at `ceiling` (an amplitude) at most; none when no peak is above it. `peaks` are
/// those of [`peaks`] for `sound`, from `ceiling` or below.
pub fn held(sound: &[f32], peaks: &[f32], rate_hz: u32, ceiling: f32) -> Option<Vec<f32>> {
    if peaks.iter().all(|p| *p <= ceiling) {
        return None;
    }
    let attack = ((ATTACK_S * f64::from(rate_hz)) as usize).max(1);
    let mut gains = lowest(peaks, attack, ceiling);
    let back = 1.0 - (-1.0 / (RELEASE_S * f64::from(rate_hz))).exp() as f32;
    let mut gain = 1.0f32;
    for allowed in &mut gains {
        gain = (gain + (1.0 - gain) * back).min(*allowed);
        *allowed = gain;
    }
    let mut held = smoothed(&gains, attack);
    held.iter_mut().zip(sound).for_each(|(h, s)| *h *= s);
    // Changing gain shifts a peak between samples by some hundredths of a decibel.
    let over = self::peaks(&held, ceiling)
        .into_iter()
        .fold(ceiling, f32::max);
    held.iter_mut().for_each(|s| *s *= ceiling / over);
    Some(held)
}

/// Returns the highest amplitude at each sample and up to its two neighbours. Where no point can reach `from`, it may
/// be that of the sample alone.
pub fn peaks(sound: &[f32], from: f32) -> Vec<f32> {
    let loudest = |samples: &[f32]| samples.iter().fold(0.0, |most: f32, s| most.max(s.abs()));
    let most = WEIGHTS.iter().map(|w| w.iter().map(|w| w.abs()).sum());
    let matters = from / most.fold(1.0, f32::max);
    let mut padded = vec![0.0; REACH - 1];
    padded.extend_from_slice(sound);
    padded.resize(sound.len() + 2 * REACH - 1, 0.0);
    let mut peaks: Vec<f32> = sound.iter().map(|s| s.abs()).collect();
    for start in (0..sound.len()).step_by(BLOCK_SAMPLES) {
        let end = sound.len().min(start + BLOCK_SAMPLES);
        let around = &padded[start..end + 2 * REACH - 1];
        if loudest(around) < matters {
            continue;
        }
        for weights in WEIGHTS.iter() {
            let mut points = [0.0f32; BLOCK_SAMPLES];
            for (tap, weight) in weights.iter().enumerate() {
                // Block by block and not point by point, so that the compiler can vectorise.
                points
                    .iter_mut()
                    .zip(&around[tap..])
                    .for_each(|(p, s)| *p += weight * s);
            }
            for (n, point) in (start..end).zip(points) {
                peaks[n] = peaks[n].max(point.abs());
                if let Some(next) = peaks.get_mut(n + 1) {
                    *next = next.max(point.abs());
                }
            }
        }
    }
    peaks
}

/// Returns the highest gain that each sample may have: the lowest that any peak within `reach` samples allows.
pub(crate) fn lowest(peaks: &[f32], reach: usize, ceiling: f32) -> Vec<f32> {
    let allowed: Vec<f32> = peaks.iter().map(|p| (ceiling / p).min(1.0)).collect();
    // Positions of ever higher gains: the first is the lowest of those in reach.
    let mut rising: VecDeque<usize> = VecDeque::new();
    let mut next = 0;
    (0..peaks.len())
        .map(|n| {
            while next < peaks.len().min(n + reach + 1) {
                while rising
                    .back()
                    .is_some_and(|last| allowed[*last] >= allowed[next])
                {
                    rising.pop_back();
                }
                rising.push_back(next);
                next += 1;
            }
            while rising.front().is_some_and(|first| first + reach < n) {
                rising.pop_front();
            }
            rising.front().map_or(1.0, |first| allowed[*first])
        })
        .collect()
}

/// Returns each gain as the mean of those within `reach`: as each of them respects the sample's peak, so does their
/// mean.
pub(crate) fn smoothed(gains: &[f32], reach: usize) -> Vec<f32> {
    let (last, reach) = (gains.len() as i64 - 1, reach as i64);
    let at = |n: i64| f64::from(gains[n.clamp(0, last) as usize]);
    let mut sum: f64 = (-reach..=reach).map(at).sum();
    (0..=last)
        .map(|n| {
            let mean = sum / (2 * reach + 1) as f64;
            sum += at(n + reach + 1) - at(n - reach);
            mean as f32
        })
        .collect()
}

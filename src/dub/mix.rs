//! Mixes the ducked original and the lines into the new track, block by block; only one block and the lines that are heard
//! in it are in memory. Lines of several speakers may be heard at once.

use std::ops::Range;

use super::duck::Duck;
use super::original::{AudioFrames, BLOCK_FRAMES, LineLoudness, RATE_HZ};
use crate::audio::Clip;
use crate::audio::loudness::leveller::LOUDNESS_LUFS;
use crate::audio::loudness::lufs;
use crate::audio::loudness::stream_limiter::StreamLimiter;
use crate::fault::Fault;

/// Highest true peak, as an amplitude: −1.2 dB. Meters differ, and encoders raise peaks: this keeps them below −1 dBTP.
const PEAK: f32 = 0.871;
/// Bounds of a line's loudness, whatever the original's was: louder lines would need limiting, quieter ones are not
/// understood.
const LUFS_MIN: f64 = -40.0;
const LUFS_MAX: f64 = -12.0;
/// Greatest amplification of a line in dB: anything quieter is breath and noise.
const GAIN_DB_MAX: f64 = 20.0;
/// Frames of the fade at each edge of a line: 10 ms.
const FADE: usize = 480;

/// The place of a line in the track, in frames of [`RATE_HZ`].
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedLine {
    pub at: u64,
    /// Samples of the line's clip.
    pub samples: u64,
    /// Span of the original's line, whose loudness is `heard`.
    pub spoken: Range<u64>,
    pub heard: LineLoudness,
}

/// Makes the new track of exactly `frames` frames: `original`, cut or filled with silence, with a line at each of
/// `places` (ordered). `line` is called for each line when the mix reaches it, and returns its clip (mono at
/// [`RATE_HZ`], with as many samples as its place says). `out` gets interleaved frames of the original's channels, at
/// [`RATE_HZ`], with no true peak above −1 dBTP.
///
/// The original is ducked by `duck::DOWN_DB` while a line is spoken and where the original's line is. Each line is as
/// loud as the original's; where that was silent, as loud as the median of the others.
///
/// Faults: those of [`AudioFrames::read`], of `line` and of `out`; `Internal` when lines are not in order, pass the end or
/// are not as their places say.
pub fn mix(
    mut original: Option<&mut dyn AudioFrames>,
    frames: u64,
    places: &[PlacedLine],
    line: &mut dyn FnMut(usize) -> Result<Clip, Fault>,
    out: &mut dyn FnMut(&[f32]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let passes = |place: &PlacedLine| place.at.saturating_add(place.samples) > frames;
    if !places.is_sorted_by_key(|place| place.at) || places.iter().any(passes) {
        return Err(Fault::internal("lines are not in order or pass the end"));
    }
    let channels = original.as_ref().map_or(1, |o| o.channels());
    let mut duck = Duck::new(places.iter().flat_map(|place| {
        let line = place.at..place.at + place.samples;
        [(line, place.heard), (place.spoken.clone(), place.heard)]
    }));
    let usual = usual_lufs(places);
    let mut limiter = StreamLimiter::new(channels, RATE_HZ, PEAK);
    let (mut block, mut made) = (Vec::new(), Vec::new());
    // The number of the next line, and those that are heard: their places and samples.
    let (mut turn, mut heard): (usize, Vec<(&PlacedLine, Vec<f32>)>) = (0, Vec::new());
    let mut at = 0;
    while at < frames {
        let length = (frames - at).min(BLOCK_FRAMES as u64) as usize;
        block.clear();
        if let Some(original) = &mut original {
            read(&mut **original, &mut block, length)?;
        }
        block.resize(length * channels, 0.0);
        if original.is_some() {
            duck.duck(&mut block, channels);
        }
        let end = at + length as u64;
        while let Some(place) = places.get(turn).filter(|p| p.at < end) {
            heard.push((place, ready(line(turn)?, place, usual)?));
            turn += 1;
        }
        for (place, sound) in &heard {
            let from = place.at.max(at);
            let until = (place.at + place.samples).min(end);
            let sound = &sound[(from - place.at) as usize..(until - place.at) as usize];
            let under = block[(from - at) as usize * channels..].chunks_exact_mut(channels);
            for (frame, sample) in under.zip(sound) {
                frame.iter_mut().for_each(|s| *s += sample);
            }
        }
        heard.retain(|(place, _)| place.at + place.samples > end);
        made.clear();
        limiter.push(&block, &mut made);
        out(&made)?;
        at = end;
    }
    made.clear();
    limiter.finish(&mut made);
    out(&made)
}

/// Reads `length` frames, or fewer at the end.
fn read(original: &mut dyn AudioFrames, block: &mut Vec<f32>, length: usize) -> Result<(), Fault> {
    let mut left = length;
    while left > 0 {
        match original.read(block, left)? {
            0 => break,
            read => left -= read,
        }
    }
    Ok(())
}

/// Median loudness of the original's lines; that of ordinary speech if all are silent.
fn usual_lufs(places: &[PlacedLine]) -> f64 {
    let mut heard: Vec<f64> = places.iter().filter_map(|p| p.heard.lufs).collect();
    heard.sort_by(f64::total_cmp);
    heard.get(heard.len() / 2).copied().unwrap_or(LOUDNESS_LUFS)
}

/// The samples of `clip`, amplified to the line's loudness and with fades at the edges.
fn ready(clip: Clip, place: &PlacedLine, usual: f64) -> Result<Vec<f32>, Fault> {
    if clip.rate_hz != RATE_HZ || clip.samples.len() as u64 != place.samples {
        return Err(Fault::internal("a line is not as its place says"));
    }
    let wanted = place.heard.lufs.unwrap_or(usual).clamp(LUFS_MIN, LUFS_MAX);
    let own = lufs(&clip.samples, RATE_HZ);
    let gain_db = own.map_or(0.0, |own| (wanted - own).min(GAIN_DB_MAX));
    let gain = 10f64.powf(gain_db / 20.0) as f32;
    let mut samples = clip.samples;
    samples.iter_mut().for_each(|s| *s *= gain);
    let fade = FADE.min(samples.len() / 2);
    let rises =
        |n: usize| 0.5 - 0.5 * (std::f32::consts::PI * (n as f32 + 0.5) / fade as f32).cos();
    let last = samples.len().saturating_sub(1);
    for n in 0..fade {
        samples[n] *= rises(n);
        samples[last - n] *= rises(n);
    }
    Ok(samples)
}

#[cfg(test)]
#[path = "mix_tests.rs"]
mod tests;

//! Sound that is the same in every run.

use vocabox::audio::pcm::Clip;

/// White noise with a fixed seed, `seconds` long.
pub fn noise(seconds: usize, rate_hz: u32) -> Clip {
    let mut state = 1u32;
    let samples = (0..seconds * rate_hz as usize).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    });
    Clip {
        samples: samples.collect(),
        rate_hz,
    }
}

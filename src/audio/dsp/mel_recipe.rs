//! The parameters of a mel spectrum, as the models were trained with.

/// The values before the first sample and after the last, where centred windows reach over the ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MelPadding {
    /// The sound mirrored at its end samples (numpy's `reflect`): Whisper, librosa before 0.10.
    Reflect,
    /// Silence: librosa from 0.10 on.
    Zero,
}

/// The parameters of one mel spectrum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MelRecipe {
    /// Samples a second that the other parameters are meant for.
    pub rate_hz: u32,
    /// Samples of one window (a periodic Hann) and of its transform.
    pub window_samples: usize,
    /// Samples from one window's centre to the next.
    pub hop_samples: usize,
    /// Mel bands, of equal area (Slaney's norm), from `low_hz` to `high_hz`.
    pub bands: usize,
    pub low_hz: f32,
    pub high_hz: f32,
    pub padding: MelPadding,
}

impl MelRecipe {
    /// openai/whisper, `audio.py`: 16 kHz, windows of 25 ms every 10 ms, 0 to 8 kHz.
    pub const fn whisper(bands: usize) -> Self {
        MelRecipe {
            rate_hz: 16_000,
            window_samples: 400,
            hop_samples: 160,
            bands,
            low_hz: 0.0,
            high_hz: 8_000.0,
            padding: MelPadding::Reflect,
        }
    }

    /// resemble-ai/Resemblyzer, `hparams.py`, whose librosa still mirrored at the edges.
    pub const GE2E: MelRecipe = MelRecipe::whisper(40);
}

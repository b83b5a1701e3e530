//! Joins pieces of speech into one sound, which is sent as it is made.
//!
//! Owns the silence between pieces and the edges of each; `audio::loudness::leveller` brings them to one loudness.
//! Knows no model.

use vocabox_audio::loudness::leveller::Leveller;
use vocabox_audio::pcm::Clip;
use vocabox_text::Pause;

/// Sound below this level (−54 dBFS) at either end is the model's own silence, which is replaced by regular pauses.
const SILENCE: f32 = 0.002;
/// Sound kept around each piece, faded, so that no breath or stop consonant is cut and no join clicks: 30 ms.
const EDGE_S: f32 = 0.03;

/// Returns the seconds of silence after a piece at the voice's own speed, as a reader would leave them.
pub fn pause_s(pause: Pause) -> f32 {
    match pause {
        Pause::None => 0.0,
        Pause::Clause => 0.12,
        Pause::Sentence => 0.3,
        Pause::Paragraph => 0.6,
    }
}

/// Joins pieces by silence: each cut to its sound, faded at both ends, all of one loudness.
pub struct Joiner {
    leveller: Leveller,
    rate_hz: u32,
    /// Samples of silence before the next piece.
    pause: usize,
    /// Whether that silence was asked for: then it is there even if no piece follows.
    is_asked: bool,
    /// Whether a piece had a sound.
    has_sound: bool,
}

impl Joiner {
    /// Returns a joiner at `rate_hz` that has no piece yet.
    pub fn new(rate_hz: u32) -> Self {
        Joiner {
            leveller: Leveller::new(rate_hz),
            rate_hz,
            pause: 0,
            is_asked: false,
            has_sound: false,
        }
    }

    /// The samples of silence before the next piece.
    pub fn pause(&self) -> usize {
        self.pause
    }

    /// Returns the next part of the joined sound: the pause before the piece, and the piece. None for a silent piece, which
    /// leaves no trace. `pause_s` seconds of silence follow it if another comes.
    pub fn push(&mut self, sound: &[f32], pause_s: f32) -> Option<Clip> {
        let is_sound = |s: &f32| s.abs() > SILENCE;
        let (Some(first), Some(last)) = (
            sound.iter().position(is_sound),
            sound.iter().rposition(is_sound),
        ) else {
            return None;
        };
        let edge = (EDGE_S * self.rate_hz as f32) as usize;
        let start = first.saturating_sub(edge);
        let end = sound.len().min(last + 1 + edge);
        let pause = self.pause;
        let mut samples = vec![0.0; pause];
        samples.extend_from_slice(&sound[start..end]);
        let piece = &mut samples[pause..];
        let fade = edge.min(piece.len() / 2);
        for i in 0..fade {
            // Raised cosine: no corner at either end.
            let gain = 0.5 - 0.5 * (std::f32::consts::PI * i as f32 / fade as f32).cos();
            piece[i] *= gain;
            let mirrored = piece.len() - 1 - i;
            piece[mirrored] *= gain;
        }
        self.leveller.level(piece);
        self.pause = (pause_s * self.rate_hz as f32) as usize;
        (self.is_asked, self.has_sound) = (false, true);
        let rate_hz = self.rate_hz;
        Some(Clip { samples, rate_hz })
    }

    /// Puts silence of exactly this length before the next piece, in place of the pause that is due.
    pub fn silence(&mut self, seconds: f64) {
        self.pause = (seconds * f64::from(self.rate_hz)).round() as usize;
        self.is_asked = true;
    }

    /// Returns the silence that was asked for after the last piece; none for no silence, and where no piece had a sound.
    pub fn finish(&mut self) -> Option<Clip> {
        let is_asked = std::mem::take(&mut self.is_asked) && self.has_sound && self.pause > 0;
        is_asked.then(|| Clip {
            samples: vec![0.0; self.pause],
            rate_hz: self.rate_hz,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_pieces_lose_their_own_silence_and_gain_the_pause() {
        let mut joiner = Joiner::new(1000);
        let mut sound = vec![0.0; 100];
        sound.extend(vec![0.5; 200]);
        sound.extend(vec![0.0; 300]);
        let first = joiner.push(&sound, 0.1);
        assert_eq!(joiner.push(&[0.0; 50], 0.3), None, "it is silent");
        let second = joiner.push(&sound, 0.2);
        let clip = Clip::joined(first.into_iter().chain(second)).unwrap();
        assert_eq!(clip.samples.len(), (30 + 200 + 30) * 2 + 100);
        let steps = clip.samples.windows(2).map(|w| (w[1] - w[0]).abs());
        assert!(
            steps.fold(0.0, f32::max) <= 0.5,
            "only the sound's own steps"
        );
        assert_eq!((clip.samples[0], *clip.samples.last().unwrap()), (0.0, 0.0));
    }

    #[test]
    fn silence_that_was_asked_for_is_exact_wherever_it_stands() {
        let mut joiner = Joiner::new(24_000);
        let sound = vec![0.5; 2_000];
        assert_eq!(joiner.finish(), None);
        joiner.silence(0.7);
        assert_eq!(joiner.finish(), None, "no piece had a sound");
        joiner.silence(0.7);
        let first = joiner.push(&sound, 0.3).unwrap().samples;
        assert_eq!(first.len(), 16_800 + 2_000);
        assert!(first[..16_800].iter().all(|s| *s == 0.0));
        joiner.silence(1.234);
        let second = joiner.push(&sound, 0.3).unwrap().samples;
        assert_eq!(second.len(), 29_616 + 2_000, "in place of the pause");
        assert_eq!(
            joiner.finish(),
            None,
            "a pause of the voice's own is not at the end"
        );
        joiner.silence(1.5);
        assert_eq!(joiner.finish().unwrap().samples, vec![0.0; 36_000]);
        assert_eq!(joiner.finish(), None);
    }
}

//! The two controls of preset voices.
//!
//! Owns the effect of `stability` and `similarity` on a row of a style table (128 values of timbre, 128 of prosody).

use crate::contract::Utterance;
use crate::tts::style::STYLE;

/// Values of timbre in a row; those of prosody follow.
const TIMBRE: usize = STYLE / 2;
/// How many times further from the voice's mean the prosody of a piece moves at stability 0.
const LIVELY: f32 = 3.0;
/// The share of a voice's difference from the mean of all voices that is left at similarity 0.
const FAINT: f32 = 0.25;
/// The share of that difference that is added at similarity 1.
const STRONG: f32 = 0.25;

/// Both controls as factors on differences; 1 changes nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StyleControls {
    /// On the difference of a piece's prosody from the voice's mean.
    liveliness: f32,
    /// On the difference of the voice's timbre from the mean of all voices.
    likeness: f32,
}

impl StyleControls {
    /// Returns the factors for the utterance's controls, both monotonic: `stability` 1 gives every piece the voice's
    /// mean prosody (0), 0.5 its own (1), 0 four times its difference; `similarity` 0 leaves a quarter of the voice's
    /// difference from all others, 0.75 leaves all of it, 1 adds a quarter.
    pub fn of(utterance: &Utterance) -> Self {
        let (plain_stability, plain_similarity) = {
            let plain = Utterance::default();
            (plain.stability, plain.similarity)
        };
        let lively = (plain_stability - utterance.stability) / plain_stability;
        let alike = utterance.similarity - plain_similarity;
        StyleControls {
            liveliness: 1.0
                + if lively > 0.0 {
                    LIVELY * lively
                } else {
                    lively
                },
            likeness: 1.0
                + match alike > 0.0 {
                    true => STRONG * alike / (1.0 - plain_similarity),
                    false => (1.0 - FAINT) * alike / plain_similarity,
                },
        }
    }

    /// Whether it changes nothing: then the row is used unchanged, bit for bit.
    pub fn is_plain(&self) -> bool {
        self.liveliness == 1.0 && self.likeness == 1.0
    }

    /// Returns `style` (`[256] f32`) with both factors applied. `middle` is the same row of all voices' mean, `rows`
    /// the voice's table.
    pub fn applied(&self, style: &[f32], middle: &[f32], rows: &[f32]) -> Vec<f32> {
        let count = (rows.len() / STYLE) as f32;
        let mean = |i: usize| rows.iter().skip(i).step_by(STYLE).sum::<f32>() / count;
        let towards = |from: f32, value: f32, factor: f32| match factor == 1.0 {
            true => value,
            false => from + factor * (value - from),
        };
        let timbre = (0..TIMBRE).map(|i| towards(middle[i], style[i], self.likeness));
        let prosody = (TIMBRE..STYLE).map(|i| towards(mean(i), style[i], self.liveliness));
        timbre.chain(prosody).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn controls(stability: f32, similarity: f32) -> StyleControls {
        StyleControls::of(&Utterance {
            stability,
            similarity,
            ..Utterance::default()
        })
    }

    #[test]
    fn defaults_are_plain_and_the_ends_are_as_documented() {
        assert!(controls(0.5, 0.75).is_plain());
        let (low, high) = (controls(0.0, 0.0), controls(1.0, 1.0));
        assert_eq!((low.liveliness, low.likeness), (4.0, 0.25));
        assert_eq!((high.liveliness, high.likeness), (0.0, 1.25));
        let steps: Vec<StyleControls> = (0..=20)
            .map(|i| controls(i as f32 / 20.0, i as f32 / 20.0))
            .collect();
        for pair in steps.windows(2) {
            assert!(pair[0].liveliness > pair[1].liveliness && pair[0].likeness < pair[1].likeness);
        }
    }

    #[test]
    fn timbre_goes_to_the_middle_and_prosody_to_the_voices_own_mean() {
        let style = vec![1.0; STYLE];
        let (middle, rows) = (
            vec![0.0; STYLE],
            [vec![1.0; STYLE], vec![3.0; STYLE]].concat(),
        );
        let made = controls(1.0, 0.0).applied(&style, &middle, &rows);
        assert_eq!((made[0], made[STYLE - 1]), (0.25, 2.0));
        assert_eq!(controls(0.5, 0.75).applied(&style, &middle, &rows), style);
    }
}

//! Where speech starts and ends, hop by hop, from the probabilities of the detector. No clock, no models.

use crate::engine::vad::{HOP, RATE_HZ};

/// How far below the threshold the probability falls when speech ends, as in Silero's own `get_speech_timestamps`.
const FALL: f32 = 0.15;
/// Hops with speech of the last few that start a turn: 0.1 s of 0.16 s. A click has fewer.
const LOUD_HOPS: u32 = 3;
const RECENT_HOPS: u32 = 5;

/// How turns are detected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TurnSettings {
    /// Probability, in [0, 1], from which a hop is speech.
    pub threshold: f32,
    /// Sound before the start of speech that belongs to it.
    pub padding_ms: u64,
    /// Silence that ends a turn.
    pub silence_ms: u64,
}

impl Default for TurnSettings {
    /// OpenAI's.
    fn default() -> Self {
        TurnSettings {
            threshold: 0.5,
            padding_ms: 300,
            silence_ms: 500,
        }
    }
}

/// What a hop changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnChange {
    /// Speech started `hops` hops ago, this one included.
    Started {
        hops: usize,
    },
    Ended,
}

/// The state of a sound's turns.
#[derive(Debug, Default)]
pub struct TurnDetector {
    speaking: bool,
    /// The last hops, the newest in the lowest bit: whether each had speech.
    recent: u32,
    quiet_hops: usize,
}

impl TurnDetector {
    /// Takes the probability of the next hop.
    pub fn hear(&mut self, probability: f32, settings: &TurnSettings) -> Option<TurnChange> {
        if self.speaking {
            match probability < settings.threshold - FALL {
                true => self.quiet_hops += 1,
                false => self.quiet_hops = 0,
            }
            let ends = self.quiet_hops >= hops(settings.silence_ms).max(1);
            if ends {
                *self = TurnDetector::default();
            }
            return ends.then_some(TurnChange::Ended);
        }
        let is_loud = probability >= settings.threshold;
        self.recent = (self.recent << 1 | u32::from(is_loud)) & ((1 << RECENT_HOPS) - 1);
        if self.recent.count_ones() < LOUD_HOPS {
            return None;
        }
        let hops = (u32::BITS - self.recent.leading_zeros()) as usize;
        *self = TurnDetector {
            speaking: true,
            ..TurnDetector::default()
        };
        Some(TurnChange::Started { hops })
    }

    /// Returns whether speech goes on.
    pub fn is_speaking(&self) -> bool {
        self.speaking
    }
}

/// Returns the hops of a time, rounded up.
pub fn hops(ms: u64) -> usize {
    (ms * u64::from(RATE_HZ) / 1_000).div_ceil(HOP as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The changes, each with the number of its hop.
    fn changes(probabilities: &[f32], settings: &TurnSettings) -> Vec<(usize, TurnChange)> {
        let mut turns = TurnDetector::default();
        let heard = probabilities.iter().enumerate();
        heard
            .filter_map(|(at, p)| Some((at, turns.hear(*p, settings)?)))
            .collect()
    }

    #[test]
    fn a_turn_starts_with_speech_and_ends_after_the_silence() {
        let mut p = vec![0.0; 100];
        p[10..30].fill(0.9);
        p[35..40].fill(0.4); // within the turn: above threshold − 0.15
        let found = changes(&p, &TurnSettings::default());
        let expected = [
            (12, TurnChange::Started { hops: 3 }),
            (55, TurnChange::Ended), // 16 hops of 32 ms after hop 39
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn clicks_are_no_turns_and_a_higher_threshold_wants_clearer_speech() {
        let mut p = vec![0.0; 60];
        p[5] = 0.9;
        p[6] = 0.9;
        p[20..50].fill(0.6);
        let settings = TurnSettings::default();
        assert_eq!(changes(&p, &settings)[0].0, 22);
        let clear = TurnSettings {
            threshold: 0.8,
            ..settings
        };
        assert_eq!(changes(&p, &clear), []);
        p[30..36].copy_from_slice(&[0.9, 0.1, 0.9, 0.1, 0.9, 0.9]);
        assert_eq!(
            changes(&p, &clear)[0],
            (34, TurnChange::Started { hops: 5 })
        );
    }
}

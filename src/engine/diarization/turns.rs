//! Turns pieces with voices into turns of numbered speakers.

/// Seconds of pause that a speaker may make within a turn.
const PAUSE_S: f64 = 0.3;
/// Shorter turns are dropped.
const TURN_S_MIN: f64 = 0.1;

/// The speech of one speaker; times in seconds from the start of the recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    pub start_s: f64,
    pub end_s: f64,
    /// 0 for the speaker who speaks first, and so on in the order of their first speech.
    pub speaker: usize,
}

/// Returns the turns of `spoken`, whose speakers are any numbers: ordered by their starts, those of one speaker apart from
/// each other, those of several possibly at the same time; speakers are numbered in the order of their first turns. And the numbers
/// that they had before, in that order.
pub fn turns(mut spoken: Vec<Turn>) -> (Vec<Turn>, Vec<usize>) {
    let by_start = |a: &Turn, b: &Turn| f64::total_cmp(&a.start_s, &b.start_s);
    spoken.sort_by(|a, b| a.speaker.cmp(&b.speaker).then(by_start(a, b)));
    let mut joined: Vec<Turn> = Vec::new();
    for turn in spoken {
        match joined.last_mut() {
            Some(last) if last.speaker == turn.speaker && turn.start_s - last.end_s <= PAUSE_S => {
                last.end_s = last.end_s.max(turn.end_s);
            }
            _ => joined.push(turn),
        }
    }
    joined.retain(|t| t.end_s - t.start_s >= TURN_S_MIN);
    joined.sort_by(by_start);
    let mut order: Vec<usize> = Vec::new();
    for turn in &mut joined {
        let known = order.iter().position(|s| *s == turn.speaker);
        turn.speaker = known.unwrap_or_else(|| {
            order.push(turn.speaker);
            order.len() - 1
        });
    }
    (joined, order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(spoken: &[(f64, f64, usize)]) -> Vec<(f64, f64, usize)> {
        let turn = |&(start_s, end_s, speaker): &(f64, f64, usize)| Turn {
            start_s,
            end_s,
            speaker,
        };
        let (made, order) = turns(spoken.iter().map(turn).collect());
        assert_eq!(
            order.len(),
            made.iter().map(|t| t.speaker + 1).max().unwrap_or(0)
        );
        made.iter()
            .map(|t| (t.start_s, t.end_s, t.speaker))
            .collect()
    }

    #[test]
    fn turns_may_overlap_and_short_pauses_stay_within_them() {
        let spoken = [(5.0, 8.0, 3), (0.0, 3.0, 7), (3.2, 6.0, 7), (8.5, 9.0, 3)];
        assert_eq!(
            found(&spoken),
            [(0.0, 6.0, 0), (5.0, 8.0, 1), (8.5, 9.0, 1)]
        );
    }

    #[test]
    fn speakers_are_numbered_by_their_first_turn_and_specks_are_none() {
        let spoken = [(1.0, 1.05, 4), (2.0, 3.0, 9), (4.0, 5.0, 2), (6.0, 7.0, 9)];
        assert_eq!(
            found(&spoken),
            [(2.0, 3.0, 0), (4.0, 5.0, 1), (6.0, 7.0, 0)]
        );
        assert!(found(&[]).is_empty());
    }
}

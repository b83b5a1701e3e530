//! Assigns the words of a transcript to the speakers of the turns.

use super::turns::Turn;
use crate::contract::{Segment, Transcript, Word};

/// One phrase of one speaker; times in seconds from the start of the recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Spoken {
    pub segment: Segment,
    /// As numbered in the turns; 0 where there are no turns.
    pub speaker: usize,
}

/// Returns the phrases of `transcript`, each split where the speaker changes, so that each has one speaker. A word
/// belongs to the speaker with most of its time, else to the nearest one. A phrase without words is not split.
pub fn attribute(transcript: &Transcript, turns: &[Turn]) -> Vec<Spoken> {
    let mut all = Vec::new();
    let turns = OrderedTurns::of(turns);
    for segment in &transcript.segments {
        if segment.words.is_empty() {
            all.push(Spoken {
                speaker: turns.speaker(segment.start_s, segment.end_s),
                segment: segment.clone(),
            });
            continue;
        }
        let mut runs: Vec<(usize, Vec<Word>)> = Vec::new();
        for word in &segment.words {
            let speaker = turns.speaker(word.start_s, word.end_s);
            match runs.last_mut() {
                Some((last, words)) if *last == speaker => words.push(word.clone()),
                _ => runs.push((speaker, vec![word.clone()])),
            }
        }
        let is_whole = runs.len() == 1;
        for (speaker, words) in runs {
            let segment = match is_whole {
                true => segment.clone(),
                false => Segment {
                    language: segment.language.clone(),
                    ..phrase(words)
                },
            };
            all.push(Spoken { segment, speaker });
        }
    }
    all
}

/// Returns `words`, at least one, as a phrase.
fn phrase(words: Vec<Word>) -> Segment {
    let texts: Vec<&str> = words.iter().map(|w| w.text.trim()).collect();
    Segment {
        start_s: words.first().map_or(0.0, |w| w.start_s),
        end_s: words.last().map_or(0.0, |w| w.end_s),
        text: texts.join(" "),
        words,
        ..Segment::default()
    }
}

/// Turns in the order of their starts.
struct OrderedTurns<'a> {
    turns: &'a [Turn],
    /// For each turn the one that ends last, of it and those before.
    last: Vec<usize>,
}

impl<'a> OrderedTurns<'a> {
    fn of(turns: &'a [Turn]) -> Self {
        let mut last: Vec<usize> = Vec::with_capacity(turns.len());
        for (at, turn) in turns.iter().enumerate() {
            let before = last
                .last()
                .copied()
                .filter(|before| turns[*before].end_s >= turn.end_s);
            last.push(before.unwrap_or(at));
        }
        OrderedTurns { turns, last }
    }

    /// Returns the speaker with most of the time from `start_s` to `end_s`, of several the one who began first, else the one
    /// nearest to its middle.
    fn speaker(&self, start_s: f64, end_s: f64) -> usize {
        let turns = self.turns;
        let middle = (start_s + end_s) / 2.0;
        let shared = |t: &Turn| t.end_s.min(end_s) - t.start_s.max(start_s);
        let away = |t: &Turn| (t.start_s - middle).max(middle - t.end_s).max(0.0);
        // Of the turns that are over, only the last one to end may be the nearest.
        let from = self
            .last
            .partition_point(|last| turns[*last].end_s < start_s);
        let before = from.checked_sub(1).map(|at| self.last[at]);
        let mut most: Option<(f64, usize)> = None;
        let mut nearest: Option<(f64, usize)> = None;
        for turn in before
            .into_iter()
            .chain(from..turns.len())
            .map(|at| &turns[at])
        {
            // Ordered by their starts: further turns are further away.
            if turn.start_s > end_s && nearest.is_some_and(|(near, _)| away(turn) > near) {
                break;
            }
            if shared(turn) >= 0.0 && most.is_none_or(|(before, _)| shared(turn) > before) {
                most = Some((shared(turn), turn.speaker));
            }
            if nearest.is_none_or(|(before, _)| away(turn) < before) {
                nearest = Some((away(turn), turn.speaker));
            }
        }
        most.or(nearest).map_or(0, |(_, speaker)| speaker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(start_s: f64, end_s: f64, speaker: usize) -> Turn {
        Turn {
            start_s,
            end_s,
            speaker,
        }
    }

    fn words(times: &[(f64, f64, &str)]) -> Vec<Word> {
        let word = |(start_s, end_s, text): &(f64, f64, &str)| Word {
            start_s: *start_s,
            end_s: *end_s,
            text: (*text).to_owned(),
        };
        times.iter().map(word).collect()
    }

    fn transcript(words: Vec<Word>) -> Transcript {
        Transcript {
            language: "en".to_owned(),
            seconds: 10.0,
            segments: vec![Segment {
                text: "as it was written".to_owned(),
                ..phrase(words)
            }],
        }
    }

    #[test]
    fn a_phrase_is_parted_where_the_speaker_changes() {
        let heard = transcript(words(&[
            (0.0, 0.5, "How"),
            (0.5, 1.1, "so?"),
            (1.3, 1.8, "Well,"),
            (2.0, 2.5, "look."),
        ]));
        let turns = [turn(0.0, 1.0, 0), turn(1.0, 3.0, 1)];
        let said = attribute(&heard, &turns);
        let said: Vec<(&str, usize, f64)> = said
            .iter()
            .map(|s| (s.segment.text.as_str(), s.speaker, s.segment.end_s))
            .collect();
        assert_eq!(said, [("How so?", 0, 1.1), ("Well, look.", 1, 2.5)]);
    }

    #[test]
    fn a_word_in_two_turns_belongs_to_the_one_with_more_of_it_and_else_to_the_first() {
        let turns = [turn(0.0, 5.0, 0), turn(1.0, 1.4, 1), turn(4.0, 8.0, 1)];
        let who = |start_s, end_s| OrderedTurns::of(&turns).speaker(start_s, end_s);
        assert_eq!((who(1.1, 1.3), who(3.5, 4.5), who(4.8, 6.0)), (0, 0, 1));
        assert_eq!((who(0.0, 9.0), who(9.0, 9.5)), (0, 1));
    }

    #[test]
    fn one_speakers_phrase_stays_as_it_is_and_stray_words_go_to_the_nearest() {
        let heard = transcript(words(&[(4.0, 4.4, "Yes"), (4.5, 4.9, "indeed.")]));
        let turns = [turn(0.0, 1.0, 0), turn(6.0, 7.0, 1)];
        let said = attribute(&heard, &turns);
        assert_eq!((said.len(), said[0].speaker), (1, 1));
        assert_eq!(said[0].segment.text, "as it was written");
        assert_eq!(attribute(&heard, &[])[0].speaker, 0);
        let mut bare = heard.clone();
        bare.segments[0].words.clear();
        assert_eq!(attribute(&bare, &turns).len(), 1);
    }
}

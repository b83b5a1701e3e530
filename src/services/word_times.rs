//! When the words of a text are said in its speech, as near as can be told without the model: in each piece by their phonemes, and by
//! the pauses that are heard in it.

use crate::engine::contract::PieceWord;

/// A word and its seconds in the sound.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedWord {
    /// As it is written, with the signs around it.
    pub text: String,
    pub start_s: f64,
    pub end_s: f64,
}

/// Sound whose samples are all below this level for [`PAUSE_S`] is a pause: 40 dB below full scale, where speech has -16 LUFS.
const SILENCE: f32 = 0.01;
const PAUSE_S: f64 = 0.07;
/// Steps of the search for pauses.
const STEP_S: f64 = 0.01;
/// How far from its estimate, as a part of the piece and in seconds, a pause is taken for that of a sign.
const FAR_PART: f64 = 0.12;
const FAR_S: f64 = 0.35;

/// Places the words of a piece in its sound, which starts `at_s` seconds into the whole.
pub fn placed(words: Vec<PieceWord>, sound: &[f32], rate_hz: u32, at_s: f64) -> Vec<PlacedWord> {
    let seconds = sound.len() as f64 / f64::from(rate_hz);
    let mut pauses = pauses(sound, rate_hz);
    let all: f64 = weight(&words);
    let mut made = Vec::with_capacity(words.len());
    // Words between two pauses share the time between them.
    let (mut begun_s, mut left) = (0.0, all);
    let mut run: Vec<PieceWord> = Vec::new();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let pauses_here = word.pauses && words.peek().is_some();
        run.push(word);
        if !pauses_here {
            continue;
        }
        let speech_s = seconds - begun_s - pauses.iter().map(|(from, to)| to - from).sum::<f64>();
        let about_s = begun_s + speech_s * weight(&run) / left.max(1.0);
        let far_s = FAR_S.max(FAR_PART * seconds);
        let distance = |pause: &(f64, f64)| (pause.0 - about_s).abs();
        let nearest =
            (pauses.iter().enumerate()).min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)));
        if let Some((number, &(from, to))) = nearest
            && distance(&(from, to)) < far_s
        {
            left -= weight(&run);
            spread(
                &mut made,
                std::mem::take(&mut run),
                (at_s + begun_s, at_s + from),
            );
            begun_s = to;
            pauses.drain(..=number);
        }
    }
    spread(&mut made, run, (at_s + begun_s, at_s + seconds));
    made
}

fn weight(words: &[PieceWord]) -> f64 {
    words.iter().map(|word| f64::from(word.weight)).sum()
}

/// Shares the time from `from` to `to` among words, by their weights.
fn spread(made: &mut Vec<PlacedWord>, words: Vec<PieceWord>, (from, to): (f64, f64)) {
    let all = weight(&words);
    let mut start_s = from;
    for word in words {
        let end_s = start_s + (to - from).max(0.0) * f64::from(word.weight) / all;
        made.push(PlacedWord {
            text: word.text,
            start_s,
            end_s,
        });
        start_s = end_s;
    }
}

/// The pauses within a sound, in seconds.
fn pauses(sound: &[f32], rate_hz: u32) -> Vec<(f64, f64)> {
    let step = ((f64::from(rate_hz) * STEP_S) as usize).max(1);
    let mut found = Vec::new();
    let mut since = None;
    for (number, part) in sound.chunks(step).enumerate() {
        let at_s = (number * step) as f64 / f64::from(rate_hz);
        let is_quiet = part.iter().all(|sample| sample.abs() < SILENCE);
        match (is_quiet, since) {
            (true, None) => since = Some(at_s),
            (false, Some(from)) => {
                // Not the silence before the first word.
                if at_s - from >= PAUSE_S && from > 0.0 {
                    found.push((from, at_s));
                }
                since = None;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str, weight: f32) -> PieceWord {
        PieceWord {
            text: text.to_owned(),
            weight,
            pauses: text.ends_with([',', '.']),
        }
    }

    fn sound(parts: &[(f64, f32)]) -> Vec<f32> {
        let part = |(seconds, level): &(f64, f32)| vec![*level; (seconds * 1000.0) as usize];
        parts.iter().flat_map(part).collect()
    }

    #[test]
    fn words_share_the_time_between_the_pauses_of_their_signs() {
        let words = vec![
            word("one", 1.0),
            word("two,", 3.0),
            word("three", 2.0),
            word("four.", 2.0),
        ];
        let sound = sound(&[(0.8, 0.3), (0.4, 0.0), (0.6, 0.3)]);
        let placed = placed(words, &sound, 1000, 10.0);
        let times: Vec<_> = placed
            .iter()
            .map(|w| ((w.start_s * 10.0).round(), (w.end_s * 10.0).round()))
            .collect();
        assert_eq!(
            times,
            [
                (100.0, 102.0),
                (102.0, 108.0),
                (112.0, 115.0),
                (115.0, 118.0)
            ]
        );
    }

    #[test]
    fn a_pause_far_from_a_sign_is_a_stop_within_a_word() {
        let words = vec![word("one,", 1.0), word("two", 9.0)];
        let sound = sound(&[(2.0, 0.3), (0.1, 0.0), (2.0, 0.3)]);
        let placed = placed(words, &sound, 1000, 0.0);
        assert!((placed[0].end_s - 0.41).abs() < 0.02, "{placed:?}");
        assert_eq!(placed[1].end_s, 4.1);
    }
}

//! Finds the speakers of a recording among known ones.

use super::voices::{SHORT_VOICE_S, reliability};

/// Likeness from which a speaker is a known one: the cosine, divided by that of one voice with as much speech as each has. Means
/// of 20 s and more of twelve people, mostly on the telephone, had 0.89 or more with the same speaker and up to 0.61 with another
/// (benches/runs/2026-11-30-cloning.md).
const KNOWN_ALIKE: f32 = 0.72;

/// What a speaker sounds like.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Voiceprint {
    /// The embedding, of length 1.
    pub direction: Vec<f32>,
    /// Seconds of speech that it is made of.
    pub speech_s: f32,
}

impl Voiceprint {
    /// The likeness of two voices: about 0.95 for one voice however much speech each has, at most 0.65 for two.
    fn likeness(&self, other: &Voiceprint) -> f32 {
        let pairs = self.direction.iter().zip(&other.direction);
        let cosine: f32 = pairs.map(|(a, b)| a * b).sum();
        (cosine / (reliability(self.speech_s) * reliability(other.speech_s)).sqrt()).min(1.0)
    }
}

/// Returns which of `known` each of `speakers` is; the most alike pairs are found first, and each of `known` is one speaker at
/// most. Who says less than 1.2 s (`SHORT_VOICE_S`) is not known by the voice.
pub fn recognize(speakers: &[Voiceprint], known: &[Voiceprint]) -> Vec<Option<usize>> {
    let mut found = vec![None; speakers.len()];
    let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
    let told = |(_, speaker): &(usize, &Voiceprint)| speaker.speech_s >= SHORT_VOICE_S;
    for (at, speaker) in speakers.iter().enumerate().filter(told) {
        let likeness = known.iter().map(|known| speaker.likeness(known));
        let alike = likeness
            .enumerate()
            .filter(|(_, alike)| *alike >= KNOWN_ALIKE);
        pairs.extend(alike.map(|(number, alike)| (alike, at, number)));
    }
    pairs.sort_by(|a, b| f32::total_cmp(&b.0, &a.0));
    for (_, at, number) in pairs {
        if found[at].is_none() && !found.contains(&Some(number)) {
            found[at] = Some(number);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speaker::unit;

    fn print(direction: [f32; 3]) -> Voiceprint {
        Voiceprint {
            direction: unit(direction.to_vec()),
            speech_s: 20.0,
        }
    }

    #[test]
    fn each_known_speaker_is_the_one_who_is_most_like_them() {
        let known = [print([1.0, 0.0, 0.0]), print([0.0, 1.0, 0.0])];
        let speakers = [
            print([1.0, 0.5, 0.0]),
            print([1.0, 0.1, 0.0]),
            print([0.0, 0.4, 1.0]),
            print([0.1, 1.0, 0.2]),
        ];
        assert_eq!(recognize(&speakers, &known), [None, Some(0), None, Some(1)]);
        assert_eq!(recognize(&speakers, &[]), [None; 4]);
        assert!(recognize(&[], &known).is_empty());
    }

    #[test]
    fn little_speech_is_as_alike_as_its_length_allows() {
        let known = print([1.0, 0.0, 0.0]);
        let heard = |speech_s: f32| Voiceprint {
            speech_s,
            ..print([0.6, 0.8, 0.0])
        };
        let found = |speech_s: f32| recognize(&[heard(speech_s)], std::slice::from_ref(&known))[0];
        assert_eq!((found(20.0), found(1.3)), (None, Some(0)));
        assert_eq!(found(1.0), None, "too little to be known");
    }
}

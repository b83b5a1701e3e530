//! Chooses among several translations of each sentence, so that all of them together fit the space.

/// One translation of a sentence.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    pub chars: usize,
    /// Mean of the logarithms of its tokens' probabilities.
    pub score: f32,
}

/// How much less likely a shorter translation may be, by that mean: each of its tokens by a fifth.
const SCORE_LOSS_MAX: f32 = 0.25;
/// The least saving of a shorter translation, as a divisor of the likeliest one's characters. Translations with the
/// same meaning in fewer words save more than a twelfth ("will" for "is going to"); of those that save less, about half
/// were wrong in a word in the examined samples.
const SAVING_PARTS_MAX: usize = 12;

/// Returns, for each sentence's choices (at least one), the number of the chosen one. The first of each while they fit
/// into `room` characters together; else the changes that cost least for each character that they save, one after the
/// other, until all fit or no change is left.
pub fn choose(sentences: &[Vec<Choice>], room: usize) -> Vec<usize> {
    let mut taken = vec![0; sentences.len()];
    loop {
        let chosen = sentences.iter().zip(&taken);
        let chars: usize = chosen.clone().map(|(choices, &at)| choices[at].chars).sum();
        if chars <= room {
            return taken;
        }
        let mut cheapest: Option<(f32, usize, usize)> = None;
        for (sentence, (choices, &at)) in chosen.enumerate() {
            let (now, first) = (choices[at], choices[0]);
            for (other, choice) in choices.iter().enumerate() {
                let saved = first.chars.saturating_sub(choice.chars);
                let is_worth_it = saved * SAVING_PARTS_MAX >= first.chars
                    && first.score - choice.score <= SCORE_LOSS_MAX;
                if choice.chars >= now.chars || !is_worth_it {
                    continue;
                }
                let cost = (now.score - choice.score) / (now.chars - choice.chars) as f32;
                if cheapest.is_none_or(|(least, ..)| cost < least) {
                    cheapest = Some((cost, sentence, other));
                }
            }
        }
        match cheapest {
            Some((_, sentence, other)) => taken[sentence] = other,
            None => return taken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(choices: &[(usize, f32)]) -> Vec<Choice> {
        let choice = |&(chars, score): &(usize, f32)| Choice { chars, score };
        choices.iter().map(choice).collect()
    }

    #[test]
    fn the_likeliest_are_taken_while_they_fit() {
        let two = [
            sentence(&[(20, -0.1), (10, -0.2)]),
            sentence(&[(30, -0.1), (29, -0.11)]),
        ];
        assert_eq!(choose(&two, 50), [0, 0]);
    }

    #[test]
    fn what_costs_least_for_a_character_is_shortened_first() {
        let two = [
            sentence(&[(20, -0.1), (10, -0.2)]),
            sentence(&[(30, -0.1), (24, -0.11), (10, -0.3)]),
        ];
        assert_eq!(choose(&two, 45), [0, 1]);
        assert_eq!(choose(&two, 34), [1, 1]);
        assert_eq!(choose(&two, 5), [1, 2], "as far as there is a choice");
    }

    #[test]
    fn one_that_is_much_less_likely_or_hardly_shorter_is_not_taken() {
        let one = [sentence(&[(20, -0.1), (10, -0.4), (18, -0.2)])];
        assert_eq!(choose(&one, 12), [2]);
        let nearly_as_long = [sentence(&[(20, -0.1), (19, -0.1)])];
        assert_eq!(choose(&nearly_as_long, 12), [0]);
        assert_eq!(choose(&[], 0), [0; 0]);
    }
}

use super::*;
use crate::English;

#[test]
fn what_looks_like_a_word_is_read_and_the_rest_is_spelled() {
    for word in ["blorptastic", "Okonkwo", "Mbappe", "strengths", "tsunami"] {
        assert!(pronounceable(word), "{word}");
    }
    for word in ["qzxwv", "brrrr", "xkcd", "hmmm", "aaaa", "ptkanga", "qtip"] {
        assert!(!pronounceable(word), "{word}");
    }
    assert_eq!(sounds("xkcd", Accent::American), "ˌɛkskˌAsˌidˈi");
    assert_eq!(sounds("Blorp's", Accent::American), "blˈɔɹps");
    assert_eq!(sounds("blargest", Accent::British), "blˈɑːʤɪst");
    assert_eq!(sounds("z", Accent::British), "zˈɛd");
}

/// Edits from `a` to `b` (Levenshtein).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let least = (before + usize::from(x != y))
                .min(row[j] + 1)
                .min(row[j + 1] + 1);
            before = std::mem::replace(&mut row[j + 1], least);
        }
    }
    row[b.len()]
}

/// The rules against misaki's own lexicon, which they were not made from: every 20th lower-case word
/// of more than three letters. Stress marks, and which flap or weak vowel it is, do not count.
#[test]
fn letter_rules_err_on_under_a_fifth_of_phonemes() {
    for accent in [Accent::American, Accent::British] {
        let golds = &English::shared(accent).pronouncer().lexicon.golds;
        let mut words: Vec<_> = golds
            .iter()
            .filter(|(w, _)| {
                w.len() > 3 && w.bytes().all(|b| b.is_ascii_lowercase()) && pronounceable(w)
            })
            .filter_map(|(w, p)| match p {
                misaki_rs::lexicon::PhonemeEntry::Simple(p) => Some((w, p)),
                _ => None,
            })
            .collect();
        words.sort();
        let plain = |s: &str| -> Vec<char> {
            s.replace(['ɾ', 'T', 'ʔ'], "t")
                .replace("ᵊ", "ə")
                .replace('ᵻ', "ɪ")
                .chars()
                .filter(|c| !"ˈˌː".contains(*c))
                .collect()
        };
        let (mut wrong, mut total, mut whole, mut stress, mut n) = (0, 0, 0, 0, 0);
        for (word, phonemes) in words.into_iter().step_by(20) {
            let got = sounds(word, accent);
            let (a, b) = (plain(&got), plain(phonemes));
            let edits = distance(&a, &b);
            wrong += edits;
            total += b.len();
            whole += usize::from(edits == 0);
            let at = |s: &str| {
                s.split('ˈ')
                    .next()
                    .unwrap_or("")
                    .chars()
                    .filter(|c| "AIOQWYaiuæɑɒɔəɛɜɪʊʌᵊᵻ".contains(*c))
                    .count()
            };
            stress += usize::from(at(&got) == at(phonemes));
            n += 1;
            if std::env::var_os("SHOW_WORDS").is_some() && edits > 0 {
                println!("{word}\t{got}\t{phonemes}");
            }
        }
        println!(
            "{accent:?}: {n} words, phoneme errors {wrong}/{total}, whole words {whole}, stress {stress}"
        );
        assert!(wrong * 5 < total, "{wrong} of {total}");
    }
}

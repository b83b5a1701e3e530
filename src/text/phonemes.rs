//! Phonemes that a user writes, in the alphabet that the voices are fed.
//!
//! Owns the conversion from the International Phonetic Alphabet, as dictionaries print it, to Kokoro's vocabulary, which
//! is that alphabet with one character for some pairs (`A` = eɪ, `I` = aɪ, `O` = oʊ, `Q` = əʊ, `W` = aʊ, `Y` = ɔɪ,
//! `ʤ` = dʒ, `ʧ` = tʃ) and its stress mark before the vowel, not before the syllable. What is in that vocabulary already
//! stays, so both notations are read alike.

use crate::g2p::english::{SILENT, VOCABULARY};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Marks of a sentence, which the vocabulary has and a pronunciation may not.
const MARKS: &str = "!\"(),.:;?—…“”";
const VOWELS: &str = "AIOQWYaeiouyæøœɐɑɒɔəɚɛɜɤɨɪɯʊʌᵊᵻꭧ";
/// Nasality: the only combining mark that the vocabulary has.
const NASAL: char = '\u{303}';
/// Spellings of the alphabet that the vocabulary writes otherwise; longer ones first.
#[rustfmt::skip]
const WRITTEN: [(&str, &str); 21] = [
    ("t͡ʃ", "ʧ"), ("d͡ʒ", "ʤ"), ("t͡s", "ʦ"), ("d͡z", "ʣ"), ("n̩", "ᵊn"), ("l̩", "ᵊl"), ("m̩", "ᵊm"),
    ("eɪ", "A"), ("aɪ", "I"), ("oʊ", "O"), ("əʊ", "Q"), ("aʊ", "W"), ("ɔɪ", "Y"), ("dʒ", "ʤ"), ("tʃ", "ʧ"),
    ("ɚ", "əɹ"), ("ɝ", "ɜɹ"), ("ɫ", "l"), ("ʍ", "hw"), ("g", "ɡ"), ("'", "ˈ"),
];

/// Returns `written` in Kokoro's vocabulary: letters, stress and length marks, and single spaces. Syllable dots, tie bars
/// and diacritics that no voice distinguishes are dropped. The error is the number of the first character that stands for no
/// sound that a voice knows, counted from 1; 0 when nothing in `written` has a sound.
pub(crate) fn phonemes(written: &str) -> Result<String, usize> {
    let written: String = written.nfc().collect();
    let mut out = String::with_capacity(written.len());
    let mut rest = written.trim();
    while let Some(c) = rest.chars().next() {
        if let Some((spelling, sounds)) = WRITTEN.iter().find(|(w, _)| rest.starts_with(w)) {
            out.push_str(sounds);
            rest = &rest[spelling.len()..];
            continue;
        }
        let before = written.trim().chars().count() - rest.chars().count();
        rest = &rest[c.len_utf8()..];
        match c {
            ':' | 'ˑ' => out.push('ː'),
            '.' | '|' | '‖' | '‿' | '\u{200D}' => {}
            c if c.is_whitespace() => out.push_str(if out.ends_with(' ') { "" } else { " " }),
            c if is_sound(c) => out.push(c),
            c => {
                let apart: Vec<char> = [c].into_iter().nfd().collect();
                let known = apart.iter().all(|&d| is_sound(d) || is_combining_mark(d));
                if !known {
                    return Err(before + 1);
                }
                out.extend(apart.into_iter().filter(|&d| is_sound(d)));
            }
        }
    }
    match out.contains(|c| !SILENT.contains(c)) {
        true => Ok(stressed_vowels(&out)),
        false => Err(0),
    }
}

/// Returns `phonemes` with each stress mark before the vowel of its syllable.
fn stressed_vowels(phonemes: &str) -> String {
    let mut out = String::with_capacity(phonemes.len());
    let mut rest = phonemes;
    while let Some(at) = rest.find(['ˈ', 'ˌ']) {
        let (before, from) = rest.split_at(at);
        let (mark, after) = from.split_at('ˈ'.len_utf8());
        let stop = after.find(|c| VOWELS.contains(c) || " ˈˌ".contains(c));
        let vowel = stop.filter(|&at| after[at..].starts_with(|c| VOWELS.contains(c)));
        let (consonants, later) = after.split_at(vowel.unwrap_or(0));
        out.extend([before, consonants, mark]);
        rest = later;
    }
    out + rest
}

fn is_sound(c: char) -> bool {
    (c == NASAL || !is_combining_mark(c)) && VOCABULARY.contains(c) && !MARKS.contains(c)
}

/// Returns `phonemes` as the voices of the language `code` know them: English has one r.
pub(crate) fn for_language(phonemes: &str, code: &str) -> String {
    match code == "pcm" || code.split(['-', '_']).next() == Some("en") {
        true => phonemes.replace('r', "ɹ"),
        false => phonemes.to_owned(),
    }
}

/// Returns `phonemes` with English's ending `'s`, said as the last sound wants it.
pub(crate) fn possessive(phonemes: &str) -> String {
    let ending = match phonemes.chars().last() {
        Some('s' | 'z' | 'ʃ' | 'ʒ' | 'ʧ' | 'ʤ') => "ᵻz",
        Some('p' | 't' | 'k' | 'f' | 'θ') => "s",
        _ => "z",
    };
    format!("{phonemes}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations_become_the_voices_alphabet() {
        for (written, read) in [
            ("kˈOkəɹO", "kˈOkəɹO"),
            ("təˈmeɪ.toʊ", "təmˈAtO"),
            ("ˌɪn.təˈnæʃ.nəl ˈstrɛŋθ", "ˌɪntənˈæʃnəl strˈɛŋθ"),
            ("ˈm ˈa", "ˈm ˈa"),
            ("d͡ʒɪf", "ʤɪf"),
            ("'tʃɜːrtʃ", "ʧˈɜːrʧ"),
            ("ˈbʌtn̩", "bˈʌtᵊn"),
            ("bõʒuʁ", "bo\u{303}ʒuʁ"),
            ("kɔ̃ɡɔ", "kɔ\u{303}ɡɔ"),
            ("ẹ̀kọ́", "eko"),
            ("çiç", "çiç"),
            ("ˈnjuː  ˈjɔrk", "njˈuː jˈɔrk"),
            ("a:", "aː"),
        ] {
            assert_eq!(phonemes(written).as_deref(), Ok(read), "{written}");
        }
    }

    #[test]
    fn what_is_no_sound_is_named() {
        for (written, wrong) in [
            ("k❓t", 2),
            ("ka5", 3),
            ("a(b)", 2),
            ("", 0),
            ("ˈ ː", 0),
            ("B", 1),
        ] {
            assert_eq!(phonemes(written), Err(wrong), "{written}");
        }
    }

    #[test]
    fn english_has_its_own_r_and_its_ending() {
        assert_eq!(for_language("kˈara", "en-gb"), "kˈaɹa");
        assert_eq!(for_language("kˈara", "es"), "kˈara");
        assert_eq!(possessive("ʤˈɔɹʤ"), "ʤˈɔɹʤᵻz");
        assert_eq!(possessive("kˈæt"), "kˈæts");
        assert_eq!(possessive("nˈɔɹə"), "nˈɔɹəz");
    }
}

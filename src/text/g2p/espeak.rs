//! Kokoro's phonemes in the spelling of espeak-ng, which Piper's voices were trained on.
//!
//! Owns the map between the two. Both are the International Phonetic Alphabet; Kokoro's has one character for some
//! pairs, and misaki's English leaves out the length that espeak-ng writes.

/// What stands for one or two characters of Kokoro's vocabulary; the longer ones first.
#[rustfmt::skip]
const SPELLED: [(&str, &str); 29] = [
    ("ˈɔɹ", "ˈoːɹ"), ("ˌɔɹ", "ˌoːɹ"),
    ("ɜɹ", "ɜː"), ("ɔɹ", "oːɹ"), ("ɑɹ", "ɑːɹ"), ("ᵊl", "əl"), ("ᵊn", "ən"), ("ˈi", "ˈiː"), ("ˌi", "ˌiː"), ("ju", "juː"),
    ("ˈu", "ˈuː"), ("ˌu", "ˌuː"), ("ˈɑ", "ˈɑː"), ("ˌɑ", "ˌɑː"), ("ˈɔ", "ˈɔː"), ("ˌɔ", "ˌɔː"), ("A", "eɪ"), ("I", "aɪ"),
    ("O", "oʊ"), ("Q", "əʊ"), ("W", "aʊ"), ("Y", "ɔɪ"), ("ʤ", "dʒ"), ("ʧ", "tʃ"), ("ʣ", "dz"), ("ʦ", "ts"), ("T", "ɾ"),
    ("S", "ss"), ("ᵊ", "ə"),
];

/// `phonemes` of Kokoro's vocabulary as espeak-ng writes them.
pub fn espeak(phonemes: &str) -> String {
    let mut out = String::with_capacity(2 * phonemes.len());
    let mut rest = phonemes;
    while let Some(c) = rest.chars().next() {
        let spelled = SPELLED.iter().find(|(ours, _)| rest.starts_with(ours));
        let (taken, said) = match spelled {
            Some((ours, theirs)) => (ours.len(), *theirs),
            None => (c.len_utf8(), &rest[..c.len_utf8()]),
        };
        // A vowel that has its length already.
        let long = said.ends_with('ː') && rest[taken..].starts_with('ː');
        out.push_str(if long {
            said.trim_end_matches('ː')
        } else {
            said
        });
        rest = &rest[taken..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::espeak;

    #[test]
    fn english_is_written_as_espeak_writes_it() {
        for (ours, theirs) in [
            ("həlˈO wˈɜɹld", "həlˈoʊ wˈɜːld"),
            ("mˈIt ʤˈʌʤ ʧˈɜɹʧ", "mˈaɪt dʒˈʌdʒ tʃˈɜːtʃ"),
            ("kˈɑɹ fˈɔɹ sˈi hˈæpi", "kˈɑːɹ fˈoːɹ sˈiː hˈæpi"),
            ("bˈɪɡ lˈɪTᵊl bˈɑːθ", "bˈɪɡ lˈɪɾəl bˈɑːθ"),
        ] {
            assert_eq!(espeak(ours), theirs);
        }
    }
}

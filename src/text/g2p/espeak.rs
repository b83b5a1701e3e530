//! Writes Kokoro's phonemes in the spelling of espeak-ng, which Piper's voices were trained with.
//!
//! Owns the map between the two spellings. Both are the International Phonetic Alphabet; Kokoro's has one character for
//! some pairs, and misaki's English leaves out the length marks that espeak-ng writes.

/// The spelling of one or two characters of Kokoro's vocabulary; longer entries first.
#[rustfmt::skip]
const SPELLED: [(&str, &str); 29] = [
    ("ˈɔɹ", "ˈoːɹ"), ("ˌɔɹ", "ˌoːɹ"),
    ("ɜɹ", "ɜː"), ("ɔɹ", "oːɹ"), ("ɑɹ", "ɑːɹ"), ("ᵊl", "əl"), ("ᵊn", "ən"), ("ˈi", "ˈiː"), ("ˌi", "ˌiː"), ("ju", "juː"),
    ("ˈu", "ˈuː"), ("ˌu", "ˌuː"), ("ˈɑ", "ˈɑː"), ("ˌɑ", "ˌɑː"), ("ˈɔ", "ˈɔː"), ("ˌɔ", "ˌɔː"), ("A", "eɪ"), ("I", "aɪ"),
    ("O", "oʊ"), ("Q", "əʊ"), ("W", "aʊ"), ("Y", "ɔɪ"), ("ʤ", "dʒ"), ("ʧ", "tʃ"), ("ʣ", "dz"), ("ʦ", "ts"), ("T", "ɾ"),
    ("S", "ss"), ("ᵊ", "ə"),
];

/// Returns `phonemes` of Kokoro's vocabulary as espeak-ng writes them.
pub fn espeak(phonemes: &str) -> String {
    let mut out = String::with_capacity(2 * phonemes.len());
    let mut rest = phonemes;
    while let Some(c) = rest.chars().next() {
        let spelled = SPELLED.iter().find(|(kokoro, _)| rest.starts_with(kokoro));
        let (taken, said) = match spelled {
            Some((kokoro, spelling)) => (kokoro.len(), *spelling),
            None => (c.len_utf8(), &rest[..c.len_utf8()]),
        };
        // The vowel has its length mark already.
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
        for (kokoro, spelling) in [
            ("həlˈO wˈɜɹld", "həlˈoʊ wˈɜːld"),
            ("mˈIt ʤˈʌʤ ʧˈɜɹʧ", "mˈaɪt dʒˈʌdʒ tʃˈɜːtʃ"),
            ("kˈɑɹ fˈɔɹ sˈi hˈæpi", "kˈɑːɹ fˈoːɹ sˈiː hˈæpi"),
            ("bˈɪɡ lˈɪTᵊl bˈɑːθ", "bˈɪɡ lˈɪɾəl bˈɑːθ"),
        ] {
            assert_eq!(espeak(kokoro), spelling);
        }
    }
}

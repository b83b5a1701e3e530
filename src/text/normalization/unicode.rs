//! Folds characters to those that the reader of English text knows.
//!
//! Owns the map from Unicode to the small set that the grammar of English reads: ASCII letters and digits, some marks,
//! symbols that have a name, the micro sign. Knows no words or numbers.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Scripts that are transliterated to Latin letters, in Unicode's order from а and from α.
const CYRILLIC: [&str; 32] = [
    "a", "b", "v", "g", "d", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t",
    "u", "f", "kh", "ts", "ch", "sh", "shch", "", "y", "", "e", "yu", "ya",
];
const GREEK: [&str; 25] = [
    "a", "v", "g", "d", "e", "z", "i", "th", "i", "k", "l", "m", "n", "x", "o", "p", "r", "s", "s",
    "t", "y", "f", "ch", "ps", "o",
];
const GREEK_NAMES: [&str; 25] = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
    "lambda", "mu", "nu", "xi", "omicron", "pi", "rho", "sigma", "sigma", "tau", "upsilon", "phi",
    "chi", "psi", "omega",
];
/// Decimal digits of other scripts: the code point of each zero.
const ZEROS: [u32; 8] = [0x660, 0x6F0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xBE6, 0xE50];

/// Returns the characters of `text` in the reader's set: without accents, compatibility forms resolved (full width,
/// ligatures), Cyrillic and Greek in Latin letters, quotes, dashes and spaces of one kind each, spaces collapsed,
/// control and invisible characters removed. Letters of other scripts stay; the caller has to refuse them.
pub fn fold(text: &str) -> Vec<char> {
    fold_keeping(text, &|_| false)
}

/// Returns what [`fold`] returns, with the words unchanged for which `keeps` is true; it is only asked about words with
/// accents, composed.
pub fn fold_keeping(text: &str, keeps: &dyn Fn(&str) -> bool) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len());
    let mut before = ' ';
    let text: String = text.nfc().collect();
    let mut kept = 0; // bytes up to which a word is kept
    let mut word_end = 0;
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        let after = rest.peek().map_or(' ', |(_, c)| *c);
        if at >= word_end && c.is_alphabetic() {
            word_end = word_at(&text, at);
            let word = &text[at..word_end];
            if !word.is_ascii() && keeps(word) {
                kept = word_end;
            }
        }
        if at < kept {
            out.push(c);
        } else if let Some(raised) = superscript(c) {
            let run = superscript(before).is_some();
            let alone = !run && superscript(after).is_none() && matches!(c, '²' | '³');
            if !run && !alone {
                out.push('^');
            }
            out.push(if alone { c } else { raised });
        } else if is_ohm(c, before, after) {
            out.extend("ohm".chars());
        } else if matches!(c, 'µ' | 'μ') && !before.is_alphabetic() && after.is_ascii_alphabetic()
        {
            out.push('µ');
        } else if is_greek(c) && !before.is_alphabetic() && !after.is_alphabetic() {
            out.push(' ');
            out.extend(GREEK_NAMES[greek(c)].chars());
            out.push(' ');
        } else {
            one(c, &mut out);
        }
        before = c;
    }
    out.dedup_by(|a, b| *a == ' ' && *b == ' ');
    out
}

/// Returns the byte after the word that starts at byte `at`. Words of more than 40 letters are cut.
fn word_at(text: &str, at: usize) -> usize {
    const LETTERS_MAX: usize = 40;
    let word = text[at..].char_indices();
    let mut letters = word.take_while(|(_, c)| c.is_alphabetic() || is_combining_mark(*c));
    let last = letters.by_ref().take(LETTERS_MAX).last();
    last.map_or(at + 1, |(k, c)| at + k + c.len_utf8())
}

/// Returns the character that a superscript raises.
fn superscript(c: char) -> Option<char> {
    Some(match c {
        '⁰' => '0',
        '¹' => '1',
        '²' => '2',
        '³' => '3',
        '⁴'..='⁹' => char::from(b'4' + (c as u32 - '⁴' as u32) as u8),
        '⁻' => '-',
        '⁺' => '+',
        'ⁿ' => 'n',
        _ => return None,
    })
}

/// Whether `c` is the sign of the unit ohm: after a figure, a blank after one, or a prefix.
fn is_ohm(c: char, before: char, after: char) -> bool {
    c == '\u{2126}'
        || c == 'Ω' && !after.is_alphabetic() && (before.is_ascii_digit() || "kM".contains(before))
}

/// Whether `c` is a letter, or resolves to letters, that [`fold`] cannot write in ASCII.
pub fn is_unread(c: char) -> bool {
    let mut letters = Vec::new();
    if !c.is_ascii() {
        one(c, &mut letters);
    }
    letters.iter().any(|l| l.is_alphabetic() && !l.is_ascii())
}

fn one(c: char, out: &mut Vec<char>) {
    let spelled = match c {
        '`' => "'",
        ' '..='~' => return out.push(c),
        '\t' | '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => return out.push(' '),
        _ if c.is_control() || is_invisible(c) || is_combining_mark(c) => return,
        _ if c.is_whitespace() => return out.push(' '),
        '“' | '”' | '—' | '…' | '£' | '€' | '₦' | '₵' | '₹' | '¥' | '₩' | '₽' | '₴' | '₺' | '₪'
        | '¢' | '‰' | '°' | '×' | '÷' | '±' | '–' | '•' | '§' | '©' | '≤' | '≥' | '≠' | '≈'
        | '→' | '√' | '∞' => {
            return out.push(c);
        }
        '„' | '‟' | '«' | '»' | '〝' | '〞' | '「' | '」' | '『' | '』' => "\"",
        '‘' | '’' | '‚' | '‛' | '‹' | '›' | '′' | 'ʼ' | 'ʻ' => "'",
        '‐' | '‑' | '‒' | '−' | '﹣' => "-",
        '―' | '⸺' => return out.push('—'),
        '。' | '．' | '।' | '۔' | '።' => ". ",
        '、' | '，' | '،' => ", ",
        '؟' => "?",
        '؛' => ";",
        '¿' | '¡' | '™' | '®' => "",
        '¼'..='¾' | '⅐'..='⅞' => {
            out.push(' ');
            let opened = [c].into_iter().nfkd();
            return out.extend(opened.map(|d| if d == '\u{2044}' { '/' } else { d }));
        }
        '\u{2044}' | '∕' => "/",
        '″' => "\"",
        '№' => "No. ",
        '²' | '³' => return out.push(c),
        'µ' => "micro",
        'ß' => "ss",
        'æ' => "ae",
        'Æ' => "Ae",
        'œ' => "oe",
        'Œ' => "Oe",
        'ø' => "o",
        'Ø' => "O",
        'đ' | 'ð' | 'ɗ' => "d",
        'Đ' | 'Ð' | 'Ɗ' => "D",
        'ł' => "l",
        'Ł' => "L",
        'þ' => "th",
        'Þ' => "Th",
        'ħ' => "h",
        'ı' => "i",
        'ŋ' => "ng",
        'Ŋ' => "Ng",
        'ɓ' => "b",
        'Ɓ' => "B",
        'ƙ' => "k",
        'Ƙ' => "K",
        'ƴ' => "y",
        'Ƴ' => "Y",
        'ə' | 'ɛ' | 'ǝ' => "e",
        'Ə' | 'Ɛ' | 'Ǝ' => "E",
        'ɔ' => "o",
        'Ɔ' => "O",
        'ё' => "yo",
        'Ё' => "Yo",
        'й' => "y",
        'Й' => "Y",
        'а'..='я' => CYRILLIC[c as usize - 'а' as usize],
        'А'..='Я' => return capital(CYRILLIC[c as usize - 'А' as usize], out),
        'і' | 'ї' => "i",
        'є' => "ye",
        'ґ' => "g",
        'α'..='ω' => GREEK[c as usize - 'α' as usize],
        'Α'..='Ω' => return capital(GREEK[c as usize - 'Α' as usize], out),
        _ => {
            if let Some(zero) = ZEROS.iter().find(|&&z| (z..z + 10).contains(&(c as u32))) {
                return out.extend(char::from_digit(c as u32 - zero, 10));
            }
            let opened = [c].into_iter().nfkd().filter(|d| !is_combining_mark(*d));
            for d in opened {
                if d == c || !d.is_ascii() && d.is_alphabetic() && !is_greek(d) {
                    out.push(d);
                } else {
                    one(d, out);
                }
            }
            return;
        }
    };
    out.extend(spelled.chars());
}

fn capital(spelled: &str, out: &mut Vec<char>) {
    let mut rest = spelled.chars();
    out.extend(rest.next().map(|c| c.to_ascii_uppercase()));
    out.extend(rest);
}

fn is_greek(c: char) -> bool {
    matches!(c, 'α'..='ω' | 'Α'..='Ρ' | 'Σ'..='Ω')
}

fn greek(c: char) -> usize {
    c as usize
        - if c >= 'α' {
            'α' as usize
        } else {
            'Α' as usize
        }
}

/// Zero-width and formatting characters: joiners, direction marks, variation selectors, soft
/// hyphen, byte-order mark, tags.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180B}'..='\u{180E}' | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::fold;

    fn folded(text: &str) -> String {
        fold(text).into_iter().collect()
    }

    #[test]
    fn accents_and_special_letters_become_plain_ones() {
        for (text, plain) in [
            ("Ìbàdàn", "Ibadan"),
            ("naïve café résumé", "naive cafe resume"),
            ("Ọlọ́run ẹ̀kọ́ ṣùgbọ́n", "Olorun eko sugbon"),
            ("ɓarawo ƙasa Straße Łódź", "barawo kasa Strasse Lodz"),
            ("ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
            ("ﬁne", "fine"),
            ("Привет", "Privet"),
            ("π and λόγος", " pi and logos"),
            ("٤٢", "42"),
        ] {
            assert_eq!(folded(text), plain);
        }
    }

    #[test]
    fn controls_and_invisible_characters_vanish() {
        assert_eq!(folded("a\0b\u{200B}c\u{FEFF}d\u{AD}e\u{7}"), "abcde");
        assert_eq!(folded("a \t\r\n\u{A0}b"), "a b");
    }
}

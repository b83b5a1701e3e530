//! Cuts text into sentences, and a sentence into two parts.
//!
//! Owns where speech may pause. Sentence ends are those of Unicode's annex 29 without the ones that a reader would not
//! make: after titles, initials and abbreviations, before a lower-case word, after a list's number, inside a wrapped
//! line. Knows no phonemes.

use crate::Pause;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// A sentence's position in its text, in bytes and without spaces around it, and the pause after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    pub range: Range<usize>,
    pub pause: Pause,
}

/// The abbreviations of a language that tell where its sentences end.
#[derive(Debug)]
pub struct SentenceStops {
    /// Abbreviations that the name or word they belong to always follows.
    pub leading: &'static [&'static str],
    /// Abbreviations that a figure follows, in lower case.
    pub before_figure: &'static [&'static str],
    /// Abbreviations that may end a sentence or stand within one: the next word decides.
    pub either: &'static [&'static str],
    /// Words that start a sentence rather than continue a name.
    pub starters: &'static [&'static str],
    /// Whether `leading` and `either` are in lower case and are written with capitals too.
    pub any_case: bool,
}

impl SentenceStops {
    fn lists(&self, list: &[&str], word: &str) -> bool {
        let capitals = word.len() > 1 && word.bytes().all(|b| b.is_ascii_uppercase());
        list.contains(&word)
            || self.any_case && list.contains(&word.to_lowercase().as_str())
            || capitals && list.iter().any(|known| known.eq_ignore_ascii_case(word))
    }
}

/// Those of English.
pub static ENGLISH: SentenceStops = SentenceStops {
    leading: &LEADING,
    before_figure: &BEFORE_FIGURE,
    either: &EITHER,
    starters: &STARTERS,
    any_case: false,
};

#[rustfmt::skip]
const LEADING: [&str; 34] = [
    "Dr", "Pt", "Mr", "Mrs", "Ms", "Prof", "Rev", "Hon", "Gen", "Col", "Capt", "Lt", "Sgt", "Gov", "Sen",
    "Rep", "Pres", "Engr", "Alh", "Barr", "Messrs", "Mme", "Mt", "Ft", "vs", "cf", "viz", "approx",
    "e.g", "i.e", "eg", "ie", "incl", "excl",
];
#[rustfmt::skip]
const BEFORE_FIGURE: [&str; 52] = [
    "no", "nos", "vol", "fig", "p", "pp", "ch", "sec", "art", "eq", "op", "ca", "c", "jan", "feb",
    "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "tel",
    "rm", "apt", "ste", "rte", "ext", "bldg", "hwy", "min", "max", "approx", "nr", "chap", "vols", "figs",
    "ver", "rev", "pt", "para", "ex", "rs", "exp", "mfg", "qty", "cap", "prev", "blk",
];
const EITHER: [&str; 12] = [
    "St", "Ave", "Rd", "Blvd", "Ltd", "Inc", "Corp", "Co", "Jr", "Sr", "Bros", "al",
];
#[rustfmt::skip]
const STARTERS: [&str; 58] = [
    "The", "This", "That", "These", "Those", "He", "She", "It", "They", "We", "You", "I", "In", "On",
    "At", "But", "And", "So", "Then", "There", "When", "While", "If", "As", "After", "Before", "His",
    "Her", "Its", "Their", "Our", "My", "Your", "What", "Why", "How", "Who", "Where", "A", "An", "No",
    "Yes", "Not", "For", "From", "To", "With", "Now", "Later", "However", "Is", "Are", "Was", "Do",
    "Did", "Please", "All", "Some",
];
const QUOTES: [char; 14] = [
    '"', '\'', '“', '”', '‘', '’', '«', '»', '(', ')', '[', ']', '*', '_',
];
/// Where a clause may end: before a space.
const CLAUSE_MARKS: [char; 9] = [',', ';', ':', '—', '–', '!', '?', '…', '.'];

/// Returns the sentences of English `text`; as `sentences_of`.
pub fn sentences(text: &str) -> Vec<Sentence> {
    sentences_of(text, &ENGLISH)
}

/// Returns the sentences of `text` in order, none empty. A blank line after one gives `Paragraph`, any other end
/// `Sentence`. A single line break ends a sentence unless the next line continues in lower case. Linear in the length
/// of `text`. `stops` are those of its language.
pub fn sentences_of(text: &str, stops: &SentenceStops) -> Vec<Sentence> {
    let mut out: Vec<Sentence> = Vec::new();
    let (mut start, mut end) = (0, 0); // of the sentence at hand, without the blanks around it
    let mut spoken = false; // it has a letter or a digit
    for (at, segment) in text.split_sentence_bound_indices() {
        let body = segment.trim();
        if body.is_empty() {
            continue;
        }
        let from = at + segment.len() - segment.trim_start().len();
        let speaks = body.contains(char::is_alphanumeric);
        let lines = text[end..from]
            .matches(['\n', '\u{85}', '\u{2028}'])
            .count()
            + 2 * text[end..from].matches('\u{2029}').count();
        let paragraph = lines > 1 && spoken;
        let parted = from > end; // "end.Next" is for the reader of words to part
        if paragraph
            || (spoken && speaks && parted && ends(&text[start..end], body, lines > 0, stops))
        {
            let pause = if paragraph {
                Pause::Paragraph
            } else {
                Pause::Sentence
            };
            out.push(Sentence {
                range: start..end,
                pause,
            });
            (start, spoken) = (from, false);
        } else if end == 0 {
            start = from;
        }
        spoken |= speaks;
        end = from + body.len();
    }
    if start < end {
        out.push(Sentence {
            range: start..end,
            pause: Pause::Paragraph,
        });
    }
    out
}

/// Whether `word`, with a capital, starts a sentence rather than continues a name.
pub(crate) fn is_starter(word: &str) -> bool {
    STARTERS.contains(&word)
}

/// Whether a reader ends a sentence between `before` and `after`, where Unicode does.
fn ends(before: &str, after: &str, line_break: bool, stops: &SentenceStops) -> bool {
    let next = after.trim_start_matches(QUOTES);
    let bare = before.trim_end_matches(QUOTES);
    let low = next.starts_with(char::is_lowercase);
    let Some(stem) = bare.strip_suffix('.') else {
        return !low;
    };
    if low {
        return false;
    }
    if stem.ends_with('.') {
        return true;
    }
    // No abbreviation is longer than this; of a longer word only the end is examined.
    let tail = stem
        .char_indices()
        .rev()
        .take(20)
        .last()
        .map_or(stem, |(i, _)| &stem[i..]);
    let word = tail
        .rsplit(|c: char| c.is_whitespace() || QUOTES.contains(&c) || c == '-')
        .next()
        .unwrap_or(tail);
    let roman = |c: char| "IVXLC".contains(c);
    let first = next
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or("");
    // "Vol. III, part 2"; a single letter with a stop is an initial.
    let initial = first.chars().nth(1).is_none() && next[first.len()..].starts_with('.');
    let pronoun = first == "I" && next[1..].trim_start().starts_with(char::is_lowercase);
    let numeral = !first.is_empty() && first.chars().all(roman) && !initial && !pronoun;
    let figure =
        next.starts_with(|c: char| c.is_ascii_digit()) || numeral && !next.starts_with("I.");
    // "Bldg. B", "batch no. L2024"
    let hyphened = next[first.len()..].starts_with('-')
        && next[first.len() + 1..].starts_with(|c: char| c.is_ascii_digit());
    let code =
        first.chars().nth(1).is_none() || first.contains(|c: char| c.is_ascii_digit()) || hyphened;
    let lettered = code && first.starts_with(char::is_uppercase) && !matches!(first, "I" | "A");
    // "siglo V a. C.", "R. 421-1"
    let era = matches!(word, "a" | "d") && next.starts_with("C.")
        || matches!(word, "av" | "apr" | "ap") && next.starts_with("J.");
    let paragraph = letters_only(word)
        && next
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .starts_with('-')
        && next.starts_with(|c: char| c.is_ascii_digit());
    let letters = word.replace('.', "");
    let initials = !letters.is_empty()
        && letters.chars().all(char::is_alphabetic)
        && word.split('.').all(|part| part.chars().count() <= 2)
        && (word.contains('.')
            || letters.chars().count() == 1 && letters.chars().all(char::is_uppercase));
    let list_item = before.len() <= 4
        && stem.chars().all(char::is_alphanumeric)
        && !line_break
        && (stem.chars().all(|c| c.is_ascii_digit()) || stem.chars().count() == 1);
    let noon = matches!(letters.to_ascii_lowercase().as_str(), "am" | "pm") && word.contains('.');
    let before_figure = || stops.before_figure.contains(&word.to_lowercase().as_str());
    if list_item
        || era
        || paragraph
        || stops.lists(stops.leading, word)
        || (figure || lettered) && before_figure()
    {
        false
    } else if noon {
        let zone = (2..5).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_uppercase());
        !(zone || first.ends_with("day"))
    } else if initials || stops.lists(stops.either, word) {
        stops.starters.contains(&first) || figure
    } else {
        true
    }
}

/// Whether `word` is one capital.
fn letters_only(word: &str) -> bool {
    word.chars().nth(1).is_none() && word.starts_with(char::is_uppercase)
}

/// Returns the ranges of two parts of `text`, and the pause between them: cut after a clause mark if one is in the
/// middle three fifths, else at a space, else inside the word. None when `text` has fewer than two characters. Neither
/// part has spaces around it, and `text` must have none either.
pub fn halves(text: &str) -> Option<(Range<usize>, Range<usize>, Pause)> {
    let middle = text.len() / 2;
    let fifth = text.len() / 5;
    let (mut clause, mut blank) = (None, None);
    let nearer = |best: Option<usize>, at: usize| {
        best.is_none_or(|b: usize| at.abs_diff(middle) < b.abs_diff(middle))
    };
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if c.is_whitespace() && at > 0 {
            if nearer(blank, at) {
                blank = Some(at);
            }
            if CLAUSE_MARKS.contains(&before)
                && (fifth..text.len() - fifth).contains(&at)
                && nearer(clause, at)
            {
                clause = Some(at);
            }
        }
        before = c;
    }
    let inside = || {
        let first = text.chars().next().map_or(0, char::len_utf8);
        let at = text.floor_char_boundary(middle).max(first);
        (at < text.len()).then_some(at)
    };
    let at = clause.or(blank).or_else(inside)?;
    let pause = if clause.is_some() {
        Pause::Clause
    } else {
        Pause::None
    };
    let first = text[..at].trim_end().len();
    let second = text.len() - text[at..].trim_start().len();
    Some((0..first, second..text.len(), pause))
}

/// Smallest number of characters of either part of a cut of [`opening`]: fewer do not sound like a clause.
const OPENING_CHARS_MIN: usize = 20;

/// Returns the ranges of the first part of `text` and of the rest: cut after the last clause mark within the first
/// `chars_max` characters. None when there is no such mark. `text` must have no spaces around it.
pub fn opening(text: &str, chars_max: usize) -> Option<(Range<usize>, Range<usize>)> {
    let latest = text.chars().count().saturating_sub(OPENING_CHARS_MIN);
    let mut cut = None;
    let mut before = ' ';
    for (count, (at, c)) in text.char_indices().enumerate() {
        if count > chars_max.min(latest) {
            break;
        }
        // A full stop within a sentence belongs to an abbreviation.
        if c.is_whitespace()
            && count >= OPENING_CHARS_MIN
            && before != '.'
            && CLAUSE_MARKS.contains(&before)
        {
            cut = Some(at);
        }
        before = c;
    }
    let at = cut?;
    let second = text.len() - text[at..].trim_start().len();
    Some((0..at, second..text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_a_reader_ends_them() {
        #[rustfmt::skip]
        let cases = [
            ("One. Two.", vec!["One.", "Two."]),
            ("Dr. Smith came. He sat.", vec!["Dr. Smith came.", "He sat."]),
            ("See e.g. The Times. Good.", vec!["See e.g. The Times.", "Good."]),
            ("It is 3.5 now. Yes.", vec!["It is 3.5 now.", "Yes."]),
            ("J. R. R. Tolkien wrote. I read.", vec!["J. R. R. Tolkien wrote.", "I read."]),
            ("He lives in the U.S. He likes it.", vec!["He lives in the U.S.", "He likes it."]),
            ("The U.S. Army came.", vec!["The U.S. Army came."]),
            ("\"Stop!\" he said. \"Go.\" She went.", vec!["\"Stop!\" he said.", "\"Go.\"", "She went."]),
            ("“Really?” she asked.", vec!["“Really?” she asked."]),
            ("Wait... what is it?", vec!["Wait... what is it?"]),
            ("Wait... What is it?", vec!["Wait...", "What is it?"]),
            ("(He left.) She stayed.", vec!["(He left.)", "She stayed."]),
            ("Title\n\nBody text.", vec!["Title", "Body text."]),
            ("A wrapped\nline goes on.", vec!["A wrapped\nline goes on."]),
            ("First line\nSecond line", vec!["First line", "Second line"]),
            ("See No. 5 now. Go.", vec!["See No. 5 now.", "Go."]),
            ("See Fig. 2. Then p. 10.", vec!["See Fig. 2.", "Then p. 10."]),
            ("See Vol. IX.", vec!["See Vol. IX."]),
            ("See Vol. III, part 2.", vec!["See Vol. III, part 2."]),
            ("By M. L. King Jr. He wrote it.", vec!["By M. L. King Jr.", "He wrote it."]),
            ("In Bldg. B, now.", vec!["In Bldg. B, now."]),
            ("Prices incl. VAT. Rs. 250 each.", vec!["Prices incl. VAT.", "Rs. 250 each."]),
            ("Take the apt. I like it.", vec!["Take the apt.", "I like it."]),
            ("At 9 a.m. Monday we met.", vec!["At 9 a.m. Monday we met."]),
            ("At 9 a.m. EST in Rm. 204.", vec!["At 9 a.m. EST in Rm. 204."]),
            ("MR. JONES, COME.", vec!["MR. JONES, COME."]),
            ("We met at 9 a.m. Bring tea.", vec!["We met at 9 a.m.", "Bring tea."]),
            ("1. First item", vec!["1. First item"]),
            ("Acme Inc. The firm grew.", vec!["Acme Inc.", "The firm grew."]),
            ("Acme Inc. Chairman Bob left.", vec!["Acme Inc. Chairman Bob left."]),
            ("Apples, pears, etc. Then more.", vec!["Apples, pears, etc.", "Then more."]),
            ("Go to example.com. Then log in.", vec!["Go to example.com.", "Then log in."]),
            ("Use Node.js and .NET now.", vec!["Use Node.js and .NET now."]),
            ("What?! No way!", vec!["What?!", "No way!"]),
            ("Hello! how are you?", vec!["Hello! how are you?"]),
            ("Martin Luther King Jr. spoke.", vec!["Martin Luther King Jr. spoke."]),
            ("On Jan. 5 we left. Then home.", vec!["On Jan. 5 we left.", "Then home."]),
            ("Plan B. Then plan C.", vec!["Plan B.", "Then plan C."]),
            ("Main St. He left.", vec!["Main St.", "He left."]),
            ("St. James is here.", vec!["St. James is here."]),
            ("He has a Ph.D. She has none.", vec!["He has a Ph.D.", "She has none."]),
            ("Prof. Lee vs. Mrs. Ann.", vec!["Prof. Lee vs. Mrs. Ann."]),
            ("It cost $5.50. Cheap!", vec!["It cost $5.50.", "Cheap!"]),
            ("Hi. 😀 Bye.", vec!["Hi.", "😀 Bye."]),
            ("Hi. ...", vec!["Hi. ..."]),
            ("  Hi.  ", vec!["Hi."]),
            ("No stop at all", vec!["No stop at all"]),
            ("One.\r\nTwo.\u{2029}Three.", vec!["One.", "Two.", "Three."]),
            ("", vec![]),
            (" \n\n ", vec![]),
        ];
        for (text, expected) in cases {
            let got: Vec<&str> = sentences(text)
                .into_iter()
                .map(|s| &text[s.range])
                .collect();
            assert_eq!(got, expected, "{text:?}");
        }
    }

    #[test]
    fn the_opening_ends_at_the_last_clause_mark_that_is_early_enough() {
        let text = "When the rain had stopped, Dr. Lee went out; she took the dog, which was old, with her.";
        let cut =
            |most: usize| opening(text, most).map(|(first, rest)| (&text[first], &text[rest]));
        let (first, rest) = cut(50).unwrap();
        assert_eq!(first, "When the rain had stopped, Dr. Lee went out;");
        assert_eq!(rest, "she took the dog, which was old, with her.");
        assert_eq!(cut(40).unwrap().0, "When the rain had stopped,");
        assert_eq!(cut(20), None, "no mark so early");
        assert!(
            cut(200).unwrap().1.starts_with("which"),
            "too little would be left"
        );
        assert_eq!(
            opening("No mark at all in this rather long sentence of ours", 30),
            None
        );
    }

    #[test]
    fn blank_line_is_a_paragraph_and_a_line_break_is_not() {
        let pauses: Vec<Pause> = sentences("One.\nTwo.\n \nThree. Four.")
            .into_iter()
            .map(|s| s.pause)
            .collect();
        assert_eq!(
            pauses,
            [
                Pause::Sentence,
                Pause::Paragraph,
                Pause::Sentence,
                Pause::Paragraph
            ]
        );
    }
}

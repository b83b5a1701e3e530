//! Turns written English into words: the spoken form of figures, symbols, abbreviations and addresses.
//!
//! Owns the reading of everything that is not a plain word, one sentence at a time. Its output are ASCII words and the
//! marks `, ; : . ! ? — … ( ) “ ”`, each word separated by a space. No run of word parts is longer than
//! `WORD_CHARS_MAX`, because the lexicon's cost grows with the square of such a run. Knows no phonemes.
//!
//! Left out without a sound: emoji and pictographs, symbols without a name here, markup signs
//! (`*` `_` `#` before a word, `>` at the start), the trademark signs.

use crate::Accent;
use crate::language::unreadable;
use crate::normalization::dates::month_of;
use crate::normalization::markup::bare;
use crate::normalization::number_expressions::NumberReader;
use crate::normalization::numbers::ordinal;
use crate::normalization::spoken::SpokenText;
use crate::normalization::unicode::{fold, is_unread};
use vocabox_base::fault::Fault;

/// Most characters of one word that are looked up in the lexicon at once.
pub(crate) const WORD_CHARS_MAX: usize = 40;
/// Hyphens that one word keeps.
const HYPHENS_MAX: usize = 3;

/// Words that begin with an apostrophe.
const ELIDED: [&str; 9] = [
    "tis", "twas", "em", "n", "til", "cause", "bout", "round", "s",
];

/// `Invalid` when `text` has letters of a script that English cannot read.
pub fn readable(text: &str) -> Result<(), Fault> {
    match text.chars().position(is_unread) {
        None => Ok(()),
        Some(before) => Err(unreadable(before, "English", "Latin, Greek and Cyrillic")),
    }
}

/// Returns the words of `text`, empty when nothing in it has a sound. Letters that [`readable`] refuses are left out.
pub fn normalize(text: &str, accent: Accent) -> String {
    let chars = fold(&bare(text));
    let mut reader = EnglishReader {
        c: &chars,
        i: 0,
        accent,
        line: SpokenText::default(),
        quoted: false,
    };
    while reader.i < chars.len() {
        reader.step();
    }
    reader.line.finish()
}

/// Reads one sentence from left to right.
pub(crate) struct EnglishReader<'a> {
    pub(crate) c: &'a [char],
    pub(crate) i: usize,
    pub(crate) accent: Accent,
    pub(crate) line: SpokenText,
    /// Whether a single quote is open.
    quoted: bool,
}

impl EnglishReader<'_> {
    /// Returns the character at `i`, a space beyond the end.
    pub(crate) fn at(&self, i: usize) -> char {
        self.c.get(i).copied().unwrap_or(' ')
    }

    fn before(&self) -> char {
        if self.i == 0 {
            ' '
        } else {
            self.at(self.i - 1)
        }
    }

    /// Appends `words`; `written` is the text that they read.
    pub(crate) fn say(&mut self, words: &str, written: &str) {
        self.line.say(words, written);
    }

    fn step(&mut self) {
        let (c, next, before) = (self.at(self.i), self.at(self.i + 1), self.before());
        let wordly = |c: char| c.is_ascii_alphanumeric();
        if before == ' ' && c.is_ascii_alphanumeric() && self.address() {
            return;
        }
        if c.is_ascii_alphabetic() {
            return self.word();
        }
        let money = "$£€₦₵₹¥₩".contains(c);
        if c.is_ascii_digit() || ((money || (c == '.' && !wordly(before))) && next.is_ascii_digit())
        {
            return self.figure();
        }
        self.i += 1;
        match c {
            ' ' => {}
            '\'' => self.apostrophe(next, before),
            '"' if !wordly(next) && !"$£€₦('".contains(next) => self.line.close('”', '“'),
            '"' | '“' => self.line.open('“'),
            '”' => self.line.close('”', '“'),
            '(' | '[' | '{' => self.line.open('('),
            ')' | ']' | '}' => self.line.close(')', '('),
            '.' if next == '.' || (next == ' ' && self.at(self.i + 1) == '.') => {
                while self.at(self.i) == '.'
                    || (self.at(self.i) == ' ' && self.at(self.i + 1) == '.')
                {
                    self.i += 1;
                }
                self.line.mark('…');
            }
            '.' if wordly(next) && !(next.is_ascii_uppercase() && before.is_ascii_lowercase()) => {
                self.say("dot", "")
            }
            '.' | ',' | ';' | ':' | '!' | '?' | '—' | '…' => self.line.mark(c),
            '-' | '–' | '/' if self.operator(c).is_some() => {
                let name = self.operator(c).unwrap_or_default();
                self.say(name, "");
            }
            '–' => self.line.mark('—'),
            '/' if before.is_ascii_digit() && next.is_ascii_alphabetic() => self.per(),
            '|' | '•' => self.line.mark(','),
            '-' => self.hyphen(next, before),
            '/' if before == ' ' && next == ' ' => self.line.mark(','),
            '*' if before.is_ascii_digit() && next.is_ascii_digit() => self.say("times", ""),
            '#' if next.is_ascii_digit() => self.say("number", ""),
            '#' if next.is_ascii_alphabetic() && before == ' ' && self.i > 1 => {
                self.say("hashtag", "")
            }
            '#' if before.is_ascii_alphabetic() => self.say("sharp", ""),
            '~' if next.is_ascii_digit() => self.say("about", ""),
            '<' | '>' if self.i == 1 || (before != ' ' && !next.is_ascii_digit()) => {}
            _ => {
                // Repeated signs are read once.
                if let Some(name) = name(c).filter(|_| before != c) {
                    self.say(name, "");
                }
            }
        }
    }

    fn apostrophe(&mut self, next: char, before: char) {
        let spaced = !before.is_ascii_alphanumeric() && !",.!?".contains(before);
        let word: String = self.c[self.i..]
            .iter()
            .take(6)
            .take_while(|c| c.is_ascii_alphabetic())
            .collect();
        if spaced && ELIDED.contains(&word.to_ascii_lowercase().as_str()) {
            self.i += word.len();
            let both = usize::from(self.at(self.i) == '\'');
            self.i += both;
            self.say(&format!("'{word}{}", &"'"[..both]), &word);
        } else if spaced && next.is_ascii_alphabetic() {
            self.quoted = true;
            self.line.open('“');
        } else if self.quoted && !spaced {
            self.quoted = false;
            self.line.close('”', '“');
        }
    }

    fn hyphen(&mut self, next: char, before: char) {
        let run = self.c[self.i..].iter().take_while(|&&c| c == '-').count();
        self.i += run;
        if run > 0 || (before == ' ' && next == ' ' && self.i > 1) {
            self.line.mark('—');
        } else if before.is_ascii_alphabetic() && next.is_ascii_alphabetic() {
            self.line.hyphen(WORD_CHARS_MAX, HYPHENS_MAX);
        } else if (next.is_ascii_digit() || "$£€₦.".contains(next))
            && !before.is_ascii_alphanumeric()
        {
            self.say("minus", "");
        }
    }

    fn word(&mut self) {
        let start = self.i;
        let inner = |i: usize| self.at(i) == '\'' && self.at(i + 1).is_ascii_alphabetic();
        let mut end = start;
        while self.at(end).is_ascii_alphabetic() || (end > start && inner(end)) {
            end += 1;
        }
        let word: String = self.c[start..end].iter().collect();
        if self.at(end) == '.' && (self.initials(&word, start) || self.abbreviation(&word, end)) {
            return;
        }
        self.i = end;
        let figure = self.line.last.ends_with(|c: char| c.is_ascii_digit());
        match word.as_str() {
            "x" if self.operator('x').is_some() => return self.say("times", ""),
            _ if self.coded_before(&word, end) => return,
            "am" | "AM" | "pm" | "PM" if figure => return self.say(&dotted(&word), &word),
            "w" if self.at(end) == '/' => {
                let without = self.at(end + 1) == 'o';
                self.i += if without { 2 } else { 1 };
                return self.say(if without { "without" } else { "with" }, &word);
            }
            _ => {}
        }
        if let Some(month) = self.month_beside_figure(&word, end) {
            return self.say(month, &word);
        }
        if let Some(said) = self.roman(&word) {
            return self.say(&said, &word);
        }
        let mut parts = word
            .as_bytes()
            .chunks(WORD_CHARS_MAX)
            .map(String::from_utf8_lossy);
        let glued = start > 0 && self.at(start - 1).is_ascii_digit();
        match parts.next() {
            // A letter next to a figure is read as a letter, never as the article.
            Some(one) if one.len() == 1 && (glued || self.at(end).is_ascii_digit()) => {
                self.say(&one.to_ascii_uppercase(), &word);
            }
            Some(first) => self.say(&untangle(&first), &word),
            None => {}
        }
        for part in parts {
            self.say(&untangle(&part), &word);
        }
    }

    /// Returns the reader of figures at this position.
    pub(crate) fn figures(&self) -> NumberReader<'_> {
        NumberReader {
            chars: self.c,
            accent: self.accent,
        }
    }

    fn figure(&mut self) {
        let figures = self.figures();
        let glued = self.i > 0 && self.before().is_ascii_alphabetic();
        let (mut words, end) = figures.read(self.i, glued);
        let written: String = self.c[self.i..end].iter().collect();
        let day = written.len() <= 2 && written.parse().is_ok_and(|d: u8| (1..=31).contains(&d));
        let month = month_of(&self.line.last).is_some();
        if let Some(day) = self.day(&written, end) {
            words = day;
        } else if day && month && !matches!(self.at(end), ':' | '%') {
            words = ordinal(&written, self.accent);
        }
        // "1 1/2": the fraction follows its whole number.
        if written.contains('/')
            && self.line.last.chars().all(|c| c.is_ascii_digit())
            && !self.line.last.is_empty()
        {
            words = format!("and {}", words.replacen("one half", "a half", 1));
        }
        self.i = end;
        self.say(&words, &written);
        // A date ends in a digit too, but "5/13/24 1/2" is no mixed number: keep whole numbers only.
        if written.contains(['/', ':', '-']) && !written.contains(':') {
            self.line.last.clear();
        }
    }
}

/// Returns letters as initials with full stops: "U.S." for "us".
pub(crate) fn dotted(letters: &str) -> String {
    letters
        .chars()
        .flat_map(|c| [c.to_ascii_uppercase(), '.'])
        .collect()
}

/// Returns `word` in lower case when it has many changes of case, and without apostrophes when it has more than two:
/// the lexicon splits a word at each of them, at a cost of the square of the parts.
pub(crate) fn untangle(word: &str) -> String {
    let bytes = word.as_bytes();
    let turns = bytes
        .windows(2)
        .filter(|w| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase())
        .count();
    let apostrophes = bytes.iter().filter(|&&b| b == b'\'').count();
    let word = if turns > 3 {
        word.to_ascii_lowercase()
    } else {
        word.to_string()
    };
    if apostrophes > 2 {
        word.replace('\'', "")
    } else {
        word
    }
}

/// Returns the spoken name of a sign, if it has one.
pub(crate) fn name(c: char) -> Option<&'static str> {
    Some(match c {
        '%' => "percent",
        '‰' => "per mille",
        '^' => "to the power of",
        '&' => "and",
        '@' => "at",
        '+' => "plus",
        '=' => "equals",
        '°' => "degrees",
        '×' => "times",
        '÷' => "divided by",
        '±' => "plus or minus",
        '<' => "less than",
        '>' => "greater than",
        '≤' => "at most",
        '≥' => "at least",
        '≠' => "is not equal to",
        '≈' => "about",
        '→' => "to",
        '√' => "square root of",
        '∞' => "infinity",
        '$' => "dollar",
        '£' => "pound",
        '€' => "euro",
        '₦' => "naira",
        '₵' => "cedi",
        '₹' => "rupee",
        '¥' => "yen",
        '₩' => "won",
        '§' => "section",
        '©' => "copyright",
        _ => return None,
    })
}

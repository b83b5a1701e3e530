//! Turns written text into words in a language that has a table.
//!
//! Owns the reading of figures, signs, abbreviations and capitals, a few sentences at a time. Knows no sounds. It
//! leaves out what the English reader leaves out: pictographs, signs without a name, markup.

use super::table::LanguageTable;
use crate::normalization::markup::bare;
use crate::normalization::spoken::SpokenText;
use crate::normalization::unicode::fold;
use unicode_normalization::UnicodeNormalization;

/// Most characters of one word that are rewritten at once.
const WORD_CHARS_MAX: usize = 40;
/// Most letters of a word in capitals that may be spelled.
const SHOUT_CHARS_MAX: usize = 5;
const MONEY: &str = "$£€₦₵₹¥₩";

/// Returns the characters of `text` that `table` reads: its own letters unchanged, all others folded.
fn characters(text: &str, table: &LanguageTable) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len());
    let mut others = String::new();
    for c in text.nfc() {
        let low = c.to_lowercase().next().unwrap_or(c);
        if table.own.contains(&low) && !c.is_ascii() {
            out.extend(fold(&std::mem::take(&mut others)));
            out.push(c);
        } else {
            others.push(c);
        }
    }
    out.extend(fold(&others));
    out
}

/// Returns the words of `text` with marks, in lower case except what is read as English; empty when nothing in it has a
/// sound.
pub fn words(text: &str, table: &LanguageTable) -> String {
    let chars = characters(&bare(text), table);
    let mut reader = TableReader {
        c: &chars,
        i: 0,
        table,
        line: SpokenText::default(),
    };
    while reader.i < chars.len() {
        reader.step();
    }
    reader.line.finish()
}

struct TableReader<'a> {
    c: &'a [char],
    i: usize,
    table: &'a LanguageTable,
    line: SpokenText,
}

impl TableReader<'_> {
    fn at(&self, i: usize) -> char {
        self.c.get(i).copied().unwrap_or(' ')
    }

    fn before(&self) -> char {
        match self.i {
            0 => ' ',
            i => self.at(i - 1),
        }
    }

    fn is_letter(&self, c: char) -> bool {
        c.is_alphabetic() || self.table.own.contains(&c)
    }

    fn step(&mut self) {
        let (c, next, before) = (self.at(self.i), self.at(self.i + 1), self.before());
        if self.is_letter(c) || (c == '\'' && self.table.own.contains(&c) && self.is_letter(next)) {
            return self.word();
        }
        if c.is_ascii_digit() || (MONEY.contains(c) && next.is_ascii_digit()) {
            return self.figure();
        }
        self.i += 1;
        let inside = |c: char| c.is_alphanumeric();
        match c {
            ' ' => {}
            '"' if inside(next) => self.line.open('“'),
            '"' | '”' => self.line.close('”', '“'),
            '“' => self.line.open('“'),
            '(' | '[' | '{' => self.line.open('('),
            ')' | ']' | '}' => self.line.close(')', '('),
            '.' if next == '.' => {
                while self.at(self.i) == '.' {
                    self.i += 1;
                }
                self.line.mark('…');
            }
            '.' if inside(next) && before.is_lowercase() && !next.is_uppercase() => self.sign(c),
            '.' | ',' | ';' | ':' | '!' | '?' | '—' | '…' => self.line.mark(c),
            '–' | '-' if before == ' ' && next == ' ' => self.line.mark('—'),
            '–' => self.line.mark('—'),
            '|' | '•' => self.line.mark(','),
            '-' if next.is_ascii_digit() && before == ' ' => {
                let minus = self.table.minus.clone();
                self.line.say(&minus, "");
            }
            '/' if !(inside(before) && inside(next)) => {}
            '-' | '\'' | '*' | '_' | '~' | '^' | '<' | '>' | '\\' => {}
            // Repeated signs are read once.
            _ if before != c => self.sign(c),
            _ => {}
        }
    }

    /// Appends the name of `c`, if it has one.
    fn sign(&mut self, c: char) {
        if let Some(name) = self.table.signs.get(&c) {
            self.line.say(name, "");
        }
    }

    fn word(&mut self) {
        let start = self.i;
        let mut end = start + 1;
        let inner = |i: usize| self.at(i) == '\'' && self.is_letter(self.at(i + 1));
        while self.is_letter(self.at(end)) || inner(end) {
            end += 1;
        }
        // An apostrophe may end a word where it is a letter (Italian po', Hausa ra').
        if self.at(end) == '\'' && self.table.own.contains(&'\'') {
            end += 1;
        }
        self.i = end;
        let written: String = self.c[start..end].iter().collect();
        let low = written.to_lowercase();
        if self.at(end) == '.'
            && let Some(words) = self.table.expand.get(&low)
        {
            self.i += 1;
            return self.line.say(words, &written);
        }
        let count = end - start;
        let vowel = low.chars().any(|c| self.is_vowel(c));
        let vowels = low.chars().filter(|&c| self.is_vowel(c)).count();
        let known = self.table.words.contains_key(&low) || self.table.weak.contains(&low);
        let shout = count > 1
            && count <= SHOUT_CHARS_MAX
            && written.chars().all(char::is_uppercase)
            && vowels < 2
            && count > 2 * vowels;
        // Letters next to a figure, single letters and letters without a vowel are read by their names.
        let glued = start > 0 && self.at(start - 1).is_ascii_digit();
        if !known && (shout || !vowel || (count == 1 && glued)) && self.spell(&low, &written) {
            return;
        }
        let is_english = self.table.latin_is_english && low.is_ascii();
        let letters: Vec<char> = match is_english {
            true => written.chars().collect(),
            false => low.chars().collect(),
        };
        for part in letters.chunks(WORD_CHARS_MAX) {
            self.line.say(&part.iter().collect::<String>(), &written);
        }
    }

    /// Whether `c` is a vowel letter; every letter of a script without capitals may be one.
    fn is_vowel(&self, c: char) -> bool {
        let plain = fold(&c.to_string()).first().copied().unwrap_or(c);
        !plain.is_ascii() || "aeiouy".contains(plain)
    }

    /// Appends the names of the letters, if each has one.
    fn spell(&mut self, low: &str, written: &str) -> bool {
        let letters: Vec<char> = fold(low).into_iter().filter(|&c| c != '\'').collect();
        let names: Option<Vec<&String>> = letters.iter().map(|c| self.table.names.get(c)).collect();
        let Some(names) = names.filter(|names| !names.is_empty()) else {
            return false;
        };
        for name in names {
            self.line.say(name, written);
        }
        true
    }

    fn digits(&self, i: usize) -> (String, usize) {
        let rest = self.c.get(i..).unwrap_or_default();
        let digits: String = rest.iter().take_while(|c| c.is_ascii_digit()).collect();
        let end = i + digits.len();
        (digits, end)
    }

    /// Reads a number with its groups, its fraction, money or an ordinal sign; two numbers at a colon or a dash are
    /// read separately.
    fn figure(&mut self) {
        let start = self.i;
        let before = self.before();
        let money = Some(self.at(start)).filter(|c| MONEY.contains(*c));
        let (mut whole, mut end) = self.digits(start + usize::from(money.is_some()));
        let grouped = |whole: &str, end: usize| {
            let (group, after) = self.digits(end + 1);
            let here = self.at(end) == self.table.group
                || (self.at(end) == ' ' && self.table.group == ' ');
            let hindi = group.len() == 2 && self.at(after) == self.table.group;
            (here && whole.len() <= 3 && (group.len() == 3 || hindi)).then_some((group, after))
        };
        let mut first = whole.clone();
        while let Some((group, after)) = grouped(&first, end) {
            whole.push_str(&group);
            (first, end) = (group, after);
        }
        let (part, after) = match self.at(end) {
            c if (c == self.table.point || c == '.') && before != '.' => self.digits(end + 1),
            _ => (String::new(), end),
        };
        let another = self.at(after) == '.' && self.at(after + 1).is_ascii_digit();
        let numbers = &self.table.numbers;
        let mut said = match before {
            '+' => numbers.one_by_one(&whole),
            _ => numbers.cardinal(&whole),
        };
        if !part.is_empty() && !another {
            said = format!(
                "{said} {} {}",
                self.table.said_point,
                numbers.one_by_one(&part)
            );
            end = after;
        } else if let Some(mark) = self.ordinal_mark(end) {
            if let Some(ordinal) = self.table.ordinals.get(&whole) {
                said.clone_from(ordinal);
            }
            end += mark;
        }
        let written: String = self.c[start..end].iter().collect();
        self.i = end;
        self.line.say(&said, &written);
        if let Some(name) = money.and_then(|c| self.table.signs.get(&c)) {
            self.line.say(name, "");
        }
        let next = self.at(self.i + 1);
        match self.at(self.i) {
            ':' | '.' | '/' if next.is_ascii_digit() => self.i += 1,
            '-' | '–' if next.is_ascii_digit() => {
                self.i += 1;
                let range = self.table.range.clone();
                self.line.say(&range, "");
            }
            _ => {}
        }
    }

    /// Returns the length in characters of the ordinal sign at `i`.
    fn ordinal_mark(&self, i: usize) -> Option<usize> {
        let dot = usize::from(self.at(i) == '.');
        let mark = self.table.ordinal.iter().find(|mark| {
            let end = mark
                .chars()
                .enumerate()
                .all(|(k, c)| self.at(i + dot + k) == c);
            end && !self.is_letter(self.at(i + dot + mark.chars().count()))
        })?;
        Some(dot + mark.chars().count())
    }
}

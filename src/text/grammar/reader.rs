//! Reads a line of tokens from left to right: expressions, words, marks.
//!
//! Owns which sign is a mark, which is said, and which is silent.

use crate::grammar::language::Grammar;
use crate::grammar::recognise::RECOGNISERS;
use crate::grammar::semiotic::Semiotic;
use crate::grammar::token::WrittenLine;
use crate::normalization::spoken::SpokenText;

/// Hyphens and characters that a word with hyphens keeps.
const HYPHENS_MAX: usize = 3;
const HYPHENED_CHARS_MAX: usize = 40;
const OPENING: [char; 3] = ['(', '[', '{'];
const CLOSING: [char; 3] = [')', ']', '}'];

/// Returns the words of `line` with marks, and the class of each expression that is not plain, in order.
pub fn read(line: &WrittenLine, grammar: &dyn Grammar) -> (String, Vec<(Semiotic, String)>) {
    let mut reader = LineReader {
        line,
        grammar,
        out: SpokenText::default(),
        found: Vec::new(),
        quoted: false,
    };
    let mut i = 0;
    while i < line.len() {
        i = reader.step(i).max(i + 1);
    }
    (reader.out.finish(), reader.found)
}

struct LineReader<'a> {
    line: &'a WrittenLine,
    grammar: &'a dyn Grammar,
    out: SpokenText,
    found: Vec<(Semiotic, String)>,
    /// Whether a single quote is open.
    quoted: bool,
}

impl LineReader<'_> {
    /// Reads what starts at `i` and returns the index after it.
    fn step(&mut self, i: usize) -> usize {
        let (line, grammar) = (self.line, self.grammar);
        let own = grammar.own(line, i);
        let found = own.or_else(|| RECOGNISERS.iter().find_map(|r| r(line, i, grammar)));
        if let Some(mut found) = found {
            found.words = grammar.settled(line, i, found.words);
            if !found.words.is_empty() {
                let written = line.joint(i, found.end);
                self.out.say(&found.words, &written);
            }
            self.found.push((found.class, found.words));
            return found.end;
        }
        if line.is_word(i) {
            let words = grammar.word(line, i);
            if !words.is_empty() {
                self.out.say(&words, line.text(i));
            }
            return i + 1;
        }
        if line.is_figure(i) {
            let words = grammar.one_by_one(line.text(i));
            self.out.say(&words, line.text(i));
            return i + 1;
        }
        self.sign(i)
    }

    fn sign(&mut self, i: usize) -> usize {
        let line = self.line;
        let c = line.sign(i);
        let (tight, gap) = (!line.gap(i + 1), line.gap(i));
        let next = line
            .text(i + 1)
            .chars()
            .next()
            .filter(|_| tight)
            .unwrap_or(' ');
        let before = line
            .before(i)
            .chars()
            .last()
            .filter(|_| !gap)
            .unwrap_or(' ');
        let wordly = char::is_alphanumeric;
        match c {
            '\'' => self.apostrophe(i, next, before),
            '"' if !wordly(next) && !"$£€₦('".contains(next) => self.out.close('”', '“'),
            '"' | '“' => self.out.open('“'),
            '”' => self.out.close('”', '“'),
            c if OPENING.contains(&c) => self.out.open('('),
            c if CLOSING.contains(&c) => self.out.close(')', '('),
            '.' if line.sign(i + 1) == '.' => {
                let mut end = i;
                while line.sign(end) == '.' {
                    end += 1;
                }
                self.out.mark('…');
                return end;
            }
            // The stop of an abbreviation: "sq. ft., built".
            '.' if ",;:".contains(next) => {}
            '.' if wordly(next) && !(next.is_uppercase() && before.is_lowercase()) => self.say(c),
            '.' | ',' | ';' | ':' | '!' | '?' | '—' | '…' | '।' => self.out.mark(c),
            '–' => self.out.mark('—'),
            '|' | '•' => self.out.mark(','),
            '-' => return self.hyphen(i, next, before),
            '/' if gap && !tight => self.out.mark(','),
            '/' if line.is_word(i + 1)
                && line.is_word(i.wrapping_sub(1))
                && !self.grammar.says_slash(line.before(i), line.text(i + 1)) => {}
            '~' if next.is_ascii_digit() => {
                if let Some(about) = self.grammar.tables().sign('≈') {
                    self.out.say(about, "");
                }
            }
            '*' | '_' | '`' | '~' | '\\' => {}
            '#' if !wordly(next) && !before.is_alphabetic() => {}
            '#' if !wordly(next) && line.text(i - 1).chars().nth(1).is_none() => {
                let sharp = self.grammar.tables().sign('♯').unwrap_or_default();
                self.out.say(sharp, "");
            }
            '<' | '>' if gap == tight && !line.is_figure(i + 1) => {}
            '<' | '>' if i == 0 && !line.is_figure(i + 1) => {}
            // A sign that is repeated is read once.
            _ if before != c => self.say(c),
            _ => {}
        }
        i + 1
    }

    /// Says the name of a sign, if it has one.
    fn say(&mut self, c: char) {
        if let Some(name) = self.grammar.tables().sign(c) {
            self.out.say(name, "");
        }
    }

    fn apostrophe(&mut self, i: usize, next: char, before: char) {
        let spaced = !before.is_alphanumeric() && !",.!?".contains(before);
        if spaced && self.line.is_word(i + 1) && next != ' ' {
            self.quoted = true;
            self.out.open('“');
        } else if self.quoted && !spaced {
            self.quoted = false;
            self.out.close('”', '“');
        }
    }

    fn hyphen(&mut self, i: usize, next: char, before: char) -> usize {
        let line = self.line;
        let mut end = i + 1;
        while line.joined(end) == '-' {
            end += 1;
        }
        if end > i + 1 || (before == ' ' && next == ' ' && i > 0) {
            self.out.mark('—');
        } else if before.is_alphabetic() && next.is_alphabetic() {
            self.out.hyphen(HYPHENED_CHARS_MAX, HYPHENS_MAX);
        }
        end
    }
}

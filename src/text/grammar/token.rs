//! Written text as tokens: words, figures and signs.
//!
//! Owns the cut into tokens and the questions that recognisers ask about neighbours. Knows no language.

use unicode_normalization::char::is_combining_mark;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Letters, with apostrophes between them.
    Word,
    /// ASCII digits.
    Figure,
    /// One character that is neither.
    Sign,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenToken {
    pub kind: TokenKind,
    pub text: String,
    /// Whether a blank stands before it; true at the start of the text.
    pub gap: bool,
}

/// The tokens of a sentence or a few. Positions beyond the end are allowed everywhere and have an empty text and a gap.
#[derive(Debug, Default)]
pub struct WrittenLine {
    tokens: Vec<WrittenToken>,
    /// Whether the whole text is in capitals: they say nothing about a word then.
    pub shouted: bool,
}

/// Most characters of one word; a longer run of letters is cut.
const WORD_CHARS_MAX: usize = 40;

impl WrittenLine {
    /// Cuts `chars`. `own` are further characters that the language's words are made of, such as an apostrophe at a
    /// word's end.
    pub fn of(chars: &[char], own: &dyn Fn(char) -> bool) -> Self {
        let letter = |c: char| c.is_alphabetic() || is_combining_mark(c);
        let at = |i: usize| chars.get(i).copied().unwrap_or(' ');
        let mut tokens = Vec::new();
        let (mut i, mut gap) = (0, true);
        while i < chars.len() {
            let c = chars[i];
            let start = i;
            if c == ' ' {
                (i, gap) = (i + 1, true);
                continue;
            }
            let kind = if c.is_ascii_digit() {
                while at(i).is_ascii_digit() {
                    i += 1;
                }
                TokenKind::Figure
            } else if letter(c) || (own(c) && letter(at(i + 1))) {
                i += 1;
                while i - start < WORD_CHARS_MAX
                    && (letter(at(i)) || own(at(i)) || (at(i) == '\'' && letter(at(i + 1))))
                {
                    i += 1;
                }
                TokenKind::Word
            } else {
                i += 1;
                TokenKind::Sign
            };
            tokens.push(WrittenToken {
                kind,
                text: chars[start..i].iter().collect(),
                gap,
            });
            gap = false;
        }
        let words = || tokens.iter().filter(|t| t.kind == TokenKind::Word);
        let low = words().any(|t| t.text.contains(char::is_lowercase));
        let capitals = words().filter(|t| t.text.chars().nth(1).is_some());
        let shouted = !low && capitals.count() > 1;
        WrittenLine { tokens, shouted }
    }

    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    fn token(&self, i: usize) -> Option<&WrittenToken> {
        #[cfg(test)]
        crate::steps::add(1);
        self.tokens.get(i)
    }

    /// The text of token `i`.
    pub fn text(&self, i: usize) -> &str {
        self.token(i).map_or("", |t| &t.text)
    }

    /// The text of the token before `i`.
    pub fn before(&self, i: usize) -> &str {
        i.checked_sub(1).map_or("", |i| self.text(i))
    }

    /// The text of token `i` in lower case.
    pub fn low(&self, i: usize) -> String {
        self.text(i).to_lowercase()
    }

    pub fn kind(&self, i: usize) -> Option<TokenKind> {
        self.token(i).map(|t| t.kind)
    }

    pub fn is_word(&self, i: usize) -> bool {
        self.kind(i) == Some(TokenKind::Word)
    }

    pub fn is_figure(&self, i: usize) -> bool {
        self.kind(i) == Some(TokenKind::Figure)
    }

    /// The sign at `i`; a blank where there is none.
    pub fn sign(&self, i: usize) -> char {
        match self.token(i) {
            Some(t) if t.kind == TokenKind::Sign => t.text.chars().next().unwrap_or(' '),
            _ => ' ',
        }
    }

    /// Whether a blank, or an end of the text, stands before token `i`.
    pub fn gap(&self, i: usize) -> bool {
        self.token(i).is_none_or(|t| t.gap)
    }

    /// The sign that touches the token before `i`; a blank where there is none.
    pub fn joined(&self, i: usize) -> char {
        if self.gap(i) { ' ' } else { self.sign(i) }
    }

    /// Whether a word or a figure touches token `i` from the left.
    pub fn glued_left(&self, i: usize) -> bool {
        !self.gap(i) && i > 0 && self.kind(i - 1) != Some(TokenKind::Sign)
    }

    /// Whether a word or a figure touches the token before `end` from the right.
    pub fn glued_right(&self, end: usize) -> bool {
        !self.gap(end) && self.kind(end) != Some(TokenKind::Sign)
    }

    /// Whether token `i` is a word that starts with a capital.
    pub fn capital(&self, i: usize) -> bool {
        self.is_word(i) && self.text(i).starts_with(char::is_uppercase)
    }

    /// The characters from `from` up to `end`, without blanks.
    pub fn joint(&self, from: usize, end: usize) -> String {
        (from..end).map(|i| self.text(i)).collect()
    }

    /// The index of the first token after `i` with a gap before it, at most `most` tokens on.
    pub fn run_end(&self, i: usize, most: usize) -> usize {
        let mut end = i + 1;
        while end < self.len() && !self.gap(end) && end - i < most {
            end += 1;
        }
        end
    }
}

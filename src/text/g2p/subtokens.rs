//! Cuts a token of the tagger into the parts that the lexicon is asked for: "iPhone" into "i" and "Phone".
//!
//! Owns where a token is cut: the pattern `SUBTOKEN_REGEX` of Misaki's `en.py`, without its branches for figures and
//! underscores, which the grammar never writes. Knows no sounds.

/// Returns the parts of `token`, in order. A single apostrophe between signs is in none of them.
pub fn subtokens(token: &str) -> Vec<&str> {
    let chars: Vec<(usize, char)> = token.char_indices().collect();
    let scan = TokenScan { chars: &chars };
    let byte = |at: usize| chars.get(at).map_or(token.len(), |(byte, _)| *byte);
    let (mut parts, mut at) = (Vec::new(), 0);
    while at < chars.len() {
        match scan.end_of_part(at) {
            Some(end) => {
                parts.push(&token[byte(at)..byte(end)]);
                at = end;
            }
            None => at += 1,
        }
    }
    match parts.is_empty() {
        true => vec![token],
        false => parts,
    }
}

/// The characters of a token, by index.
struct TokenScan<'a> {
    chars: &'a [(usize, char)],
}

impl TokenScan<'_> {
    fn is(&self, at: usize, class: impl Fn(char) -> bool) -> bool {
        self.chars.get(at).is_some_and(|(_, c)| class(*c))
    }

    /// Returns the index after the characters of `class` that start at `at`.
    fn run(&self, at: usize, class: impl Fn(char) -> bool) -> usize {
        let rest = self.chars[at..].iter();
        at + rest.take_while(|(_, c)| class(*c)).count()
    }

    /// Returns the index after the part that starts at `at`; none where no part starts.
    fn end_of_part(&self, at: usize) -> Option<usize> {
        let quotes = self.run(at, is_apostrophe);
        if quotes > at {
            let outer = at == 0 || quotes == self.chars.len();
            return match outer || quotes > at + 1 {
                true => Some(quotes),
                false => self.before_capital(at),
            };
        }
        let hyphens = self.run(at, |c| c == '-');
        if hyphens > at {
            return Some(hyphens);
        }
        if !self.is(at, char::is_alphabetic) {
            return Some(at + 1);
        }
        let capital = |at| self.is(at, char::is_uppercase);
        if capital(at) && capital(at + 1) && self.is(at + 2, char::is_lowercase) {
            return Some(at + 1);
        }
        Some(self.before_capital(at).unwrap_or_else(|| {
            let letters = self.run(at, char::is_alphabetic);
            self.elisions(letters).last().unwrap_or(letters)
        }))
    }

    /// Returns the first index after `at` where a capital follows a small letter within one word.
    fn before_capital(&self, at: usize) -> Option<usize> {
        let turn =
            |at: usize| self.is(at, char::is_lowercase) && self.is(at + 1, char::is_uppercase);
        (at..=self.run(at, char::is_alphabetic)).find_map(|letters| {
            let mut ends = std::iter::once(letters).chain(self.elisions(letters));
            ends.find(|&end| turn(end)).map(|end| end + 1)
        })
    }

    /// Returns the index after each apostrophe with a letter, of those that follow each other from `at`.
    fn elisions(&self, at: usize) -> impl Iterator<Item = usize> {
        let pairs = (at..).step_by(2);
        let pair =
            move |at: &usize| self.is(*at, is_apostrophe) && self.is(at + 1, char::is_alphabetic);
        pairs.take_while(pair).map(|at| at + 2)
    }
}

fn is_apostrophe(c: char) -> bool {
    "'‘’".contains(c)
}

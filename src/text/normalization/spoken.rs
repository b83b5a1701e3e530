//! The spoken text so far: words separated by spaces, and marks.
//!
//! Owns which marks may follow each other. Knows no language.

/// A line of words and the marks `, ; : . ! ? — … ( ) “ ”`.
#[derive(Default)]
pub struct SpokenText {
    out: String,
    /// The written form of the last word; empty after a mark.
    pub last: String,
}

impl SpokenText {
    /// Appends `words` after a space; `written` is the text that they read.
    pub fn say(&mut self, words: &str, written: &str) {
        if !self.out.is_empty() && !self.out.ends_with(['(', '“', '-', ' ']) {
            self.out.push(' ');
        }
        self.out.push_str(words);
        self.last = written.to_string();
    }

    /// Sets a mark after the last word; of several marks in a row the strongest stays.
    pub fn mark(&mut self, mark: char) {
        self.out.truncate(self.out.trim_end().len());
        let Some(last) = self.out.chars().last() else {
            return;
        };
        let (ends, pauses) = (['.', '!', '?', '…'], [',', ';', ':', '—']);
        match (last, mark) {
            ('!', '?') | ('?', '!') if !self.out.ends_with("?!") && !self.out.ends_with("!?") => {
                self.out.push(mark)
            }
            (l, _) if ends.contains(&l) || (pauses.contains(&l) && !ends.contains(&mark)) => {}
            (l, m) if pauses.contains(&l) || l == '(' || l == '“' => {
                self.out.pop();
                self.mark(m);
            }
            ('-', _) => {}
            (_, '—') => self.out.push_str(" —"),
            _ => self.out.push(mark),
        }
        self.last.clear();
    }

    /// Opens a bracket or a quote.
    pub fn open(&mut self, mark: char) {
        if !self.out.ends_with(mark) {
            self.say(&mark.to_string(), "");
        }
    }

    /// Closes a bracket or a quote; one without content is removed.
    pub fn close(&mut self, mark: char, opening: char) {
        self.out.truncate(self.out.trim_end().len());
        if self.out.ends_with(opening) {
            self.out.pop();
        } else if !self.out.is_empty() && !self.out.ends_with(mark) {
            self.out.push(mark);
        }
        self.last.clear();
    }

    /// Joins the next word to the last one by a hyphen, unless that word would have more than `chars_max` characters or
    /// `hyphens_max` hyphens.
    pub fn hyphen(&mut self, chars_max: usize, hyphens_max: usize) {
        let word = self.out.rsplit(' ').next().unwrap_or("");
        if word.len() < chars_max && word.matches('-').count() < hyphens_max {
            self.out.push('-');
        }
    }

    /// Returns the whole text.
    pub fn finish(self) -> String {
        self.out.trim().to_string()
    }
}

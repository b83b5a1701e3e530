//! Postal addresses in Hindi: their figures are read digit by digit.

use super::hindi::Hindi;
use super::language::Grammar;
use super::romance::found;
use super::semiotic::{Expression, Semiotic};
use super::token::WrittenLine;

impl Hindi {
    /// Whether the words of the line are those of a postal address.
    pub(super) fn is_address(&self, line: &WrittenLine) -> bool {
        (0..line.len().min(60)).any(|k| self.base.list("address", &line.low(k)))
    }

    /// Reads the figures, hyphens and slashes of a postal address.
    pub(super) fn in_address(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        if !line.is_figure(i) || line.glued_left(i) {
            return None;
        }
        let mark = self
            .base
            .tables
            .ordinal_marks
            .contains(&line.low(i + 1).as_str());
        if mark && !line.gap(i + 1) {
            return None;
        }
        let mut said = vec![self.digits(line.text(i))];
        let mut end = i + 1;
        while !line.gap(end) && end < line.len() {
            let name = match line.sign(end) {
                '-' => "हाइफ़न",
                '/' => "बटा",
                _ if line.is_figure(end) || line.is_word(end) && line.text(end).len() <= 2 => "",
                _ => break,
            };
            if !name.is_empty() && !line.is_figure(end + 1) {
                break;
            }
            said.push(name.to_string());
            if line.is_word(end) {
                said.push(self.letters(line.text(end)));
            } else if line.is_figure(end) {
                said.push(self.digits(line.text(end)));
            }
            end += 1;
        }
        if line.glued_right(end) {
            return None;
        }
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        found(Semiotic::Address, &said, end)
    }
}

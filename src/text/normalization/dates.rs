//! Times of day and dates written in figures.
//!
//! Owns the order of day and month in each accent and the reading of clock times.

use crate::Accent;
use crate::normalization::number_expressions::NumberReader;
use crate::normalization::numbers::{cardinal, ordinal, two, year};

/// The English names of the months.
#[rustfmt::skip]
const MONTHS: [&str; 12] = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
];
/// The abbreviations of months, and their names.
#[rustfmt::skip]
pub const SHORT_MONTHS: [(&str, &str); 10] = [
    ("Jan", "January"), ("Feb", "February"), ("Mar", "March"), ("Apr", "April"),
    ("Aug", "August"), ("Sept", "September"), ("Sep", "September"), ("Oct", "October"),
    ("Nov", "November"), ("Dec", "December"),
];

/// Returns the month that `word` names, in full or abbreviated.
pub fn month_of(word: &str) -> Option<&'static str> {
    let short = SHORT_MONTHS.iter().find(|(short, _)| *short == word);
    let full = short.map_or(word, |(_, full)| full);
    MONTHS.into_iter().find(|month| *month == full)
}

impl NumberReader<'_> {
    /// Reads "3:30", "10:05 pm", "12:00:30". None when it is no time of day.
    pub(crate) fn clock(&self, i: usize) -> Option<(String, usize)> {
        let (hour, colon) = self.digits(i);
        let (minute, mut end) = (self.at(colon) == ':').then(|| self.digits(colon + 1))?;
        if hour.len() > 2
            || minute.len() != 2
            || hour.parse::<u8>().ok()? > 24
            || minute.as_str() > "59"
        {
            return None;
        }
        let mut words = cardinal(&hour.parse::<u8>().ok()?.to_string(), self.accent);
        let (second, after) = if self.at(end) == ':' {
            self.digits(end + 1)
        } else {
            (String::new(), end)
        };
        let half = ["am", "pm", "AM", "PM", "a.m", "p.m"].iter().find(|h| {
            self.follows(end, h)
                .or_else(|| self.follows(end + 1, h).filter(|_| self.at(end) == ' '))
                .is_some()
        });
        match minute.as_str() {
            "00" if half.is_some() => {}
            "00" if hour.len() == 1 || ("01".."13").contains(&hour.as_str()) => {
                words.push_str(" o'clock")
            }
            "00" => words.push_str(" hundred"),
            m => words = format!("{words} {}", two(m)),
        }
        if second.len() == 2 {
            words = format!("{words} and {} seconds", two(&second));
            end = after;
        }
        Some((words, end))
    }

    /// Reads "2024-05-13", "5/13/24", "13.05.2024": month first in American English where the sign is a slash and the
    /// first number can be a month. None when it is no date.
    pub(crate) fn date(&self, i: usize) -> Option<(String, usize)> {
        let (a, p) = self.digits(i);
        let mark = self.at(p);
        let (b, q) = matches!(mark, '-' | '/' | '.').then(|| self.digits(p + 1))?;
        let (c, end) = (self.at(q) == mark).then(|| self.digits(q + 1))?;
        let number = |s: &str| s.parse::<usize>().unwrap_or(0);
        let (y, m, d) = match (a.len(), b.len(), c.len()) {
            (4, 1..=2, 1..=2) if mark != '.' => (a, number(&b), number(&c)),
            (1..=2, 1..=2, 4) | (1..=2, 1..=2, 2) if c.len() == 4 || mark == '/' => {
                let (first, second) = (number(&a), number(&b));
                let month_first = mark == '/' && self.accent == Accent::American && first <= 12;
                if month_first || second > 12 {
                    (c, first, second)
                } else {
                    (c, second, first)
                }
            }
            _ => return None,
        };
        if !(1..=12).contains(&m)
            || !(1..=31).contains(&d)
            || self.at(end).is_alphanumeric()
            || self.at(end) == mark
        {
            return None;
        }
        let y = match y.len() {
            2 if y.as_str() < "50" => format!("20{y}"),
            2 => format!("19{y}"),
            _ => y,
        };
        let (month, day, y) = (
            MONTHS[m - 1],
            ordinal(&d.to_string(), self.accent),
            year(&y, self.accent),
        );
        let words = match self.accent {
            Accent::American => format!("{month} {day}, {y}"),
            Accent::British => format!("the {day} of {month}, {y}"),
        };
        Some((words, end))
    }
}

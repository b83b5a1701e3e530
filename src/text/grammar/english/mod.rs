//! The grammar of English.

mod numbers;
mod tables;

use crate::Accent;
use crate::grammar::language::{Grammar, join};
use crate::grammar::tables::GrammarTables;
use crate::grammar::token::WrittenLine;
use crate::grammar::values::{CalendarDate, ClockTime, DayHalf, NumberForm, WrittenNumber};
use crate::normalization::english::dotted;
use crate::normalization::numbers::{one_by_one, two, year};

/// English of one accent.
pub struct EnglishGrammar {
    pub accent: Accent,
}

impl Grammar for EnglishGrammar {
    fn tables(&self) -> &GrammarTables {
        match self.accent {
            Accent::American => &tables::AMERICAN,
            Accent::British => &tables::BRITISH,
        }
    }

    fn cardinal(&self, digits: &str, _form: NumberForm) -> String {
        numbers::whole(digits, self.accent)
    }

    fn ordinal(&self, digits: &str, _form: NumberForm) -> String {
        numbers::ordinal_of(digits, self.accent)
    }

    fn one_by_one(&self, digits: &str) -> String {
        one_by_one(digits)
    }

    fn year(&self, digits: &str) -> String {
        year(digits, self.accent)
    }

    fn is_year(&self, _line: &WrittenLine, _i: usize, number: &WrittenNumber) -> bool {
        number.is_plain()
            && number.whole.len() == 4
            && ("1100".."2100").contains(&number.whole.as_str())
    }

    fn fraction(&self, over: &str, under: &str) -> String {
        let part = match under {
            "2" => "half".to_string(),
            "4" => "quarter".to_string(),
            under => self.ordinal(under, NumberForm::default()),
        };
        let over = self.cardinal(over, NumberForm::default());
        match over.as_str() {
            "one" => join(&[&over, &part]),
            _ => join(&[&over, &crate::normalization::numbers::plural(&part)]),
        }
    }

    fn time(&self, time: &ClockTime) -> String {
        let hour = self.cardinal(&time.hour.to_string(), NumberForm::default());
        let half = match time.half {
            Some(DayHalf::Morning) => "A.M.",
            Some(DayHalf::Afternoon) => "P.M.",
            None => "",
        };
        let minute = match time.minute {
            Some(0) | None if time.half.is_some() => String::new(),
            Some(0) if time.hour <= 12 => "o'clock".to_string(),
            Some(0) => "hundred".to_string(),
            Some(minute) => two(&format!("{minute:02}")),
            None => String::new(),
        };
        join(&[&hour, &minute, half, &time.zone])
    }

    fn date(&self, date: &CalendarDate) -> String {
        let month = date
            .month
            .map_or("", |m| self.tables().months[usize::from(m) - 1]);
        let day = date.day.map_or(String::new(), |d| {
            self.ordinal(&d.to_string(), NumberForm::default())
        });
        let year = date.year.as_deref().map_or(String::new(), |y| self.year(y));
        join(&[month, &day, &year])
    }

    fn word(&self, line: &WrittenLine, i: usize) -> String {
        line.text(i).to_string()
    }

    fn letters(&self, word: &str) -> String {
        dotted(word)
    }
}

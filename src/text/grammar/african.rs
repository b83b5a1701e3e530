//! Hausa, Igbo, Swahili, Yoruba and Zulu: numbers, money, dates, times and telephone numbers.
//!
//! Owns what these have in common: the unit stands before its number, and hours, months and days are named by words of
//! the language's file.

use super::language::{Grammar, join};
use super::semiotic::{Expression, Semiotic};
use super::text_base::answered_by_base;
use super::text_grammar::TextGrammar;
use super::token::WrittenLine;
use super::values::{
    CalendarDate, ClockTime, CountedNoun, DayHalf, MoneyAmount, NumberForm, NumberSpan,
};

pub struct African {
    pub base: TextGrammar,
}

impl African {
    fn plain(&self, n: u8) -> String {
        self.base.cardinal(&n.to_string(), NumberForm::default())
    }
}

impl Grammar for African {
    answered_by_base!();

    fn own(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        let (time, end) = super::romance::time(line, i, self, false)?;
        Some(Expression::new(Semiotic::Time, self.time(&time), end))
    }

    fn fraction(&self, over: &str, under: &str) -> String {
        self.base.fraction(over, under)
    }

    /// "naira ɗari biyar da kobo hamsin": the unit is named first.
    fn money(&self, money: &MoneyAmount) -> String {
        let tables = &self.base.tables;
        let unit = &money.currency.unit;
        let from = &money.span.from;
        let form = NumberForm::default();
        if let Some(magnitude) = money.magnitude {
            let count = self.span(&money.span, form);
            let scale = &magnitude.noun.many;
            return join(&[&unit.many, scale, &count]);
        }
        let cents = from
            .part
            .as_deref()
            .filter(|p| p.len() == 2 && money.span.to.is_none());
        if let (Some(cents), Some(hundredth)) = (cents, &money.currency.hundredth) {
            let small = cents.trim_start_matches('0');
            let zero = from.whole.bytes().all(|b| b == b'0');
            let counted = |noun: &CountedNoun, digits: &str| {
                join(&[&noun.many, &self.base.cardinal(digits, form)])
            };
            return match (zero, small) {
                (_, "") => counted(unit, &from.whole),
                (true, small) => counted(hundredth, small),
                (false, small) => join(&[
                    &counted(unit, &from.whole),
                    tables.and,
                    &counted(hundredth, small),
                ]),
            };
        }
        join(&[&unit.many, &self.span(&money.span, form)])
    }

    fn measure(&self, span: &NumberSpan, unit: &CountedNoun, _attributive: bool) -> String {
        join(&[&unit.many, &self.span(span, NumberForm::default())])
    }

    fn decimals(&self, digits: &str) -> String {
        self.base.one_by_one(digits).replace(',', "")
    }

    fn time(&self, time: &ClockTime) -> String {
        let word = |key: &str| self.base.said(key);
        let minute = match time.minute.filter(|m| *m > 0) {
            Some(minute) => join(&[word("minute"), &self.plain(minute)]),
            None => String::new(),
        };
        let half = match (time.half, time.hour) {
            (Some(DayHalf::Morning), _) => word("at-morning"),
            (Some(DayHalf::Afternoon), 7..=11) => word("at-night"),
            (Some(DayHalf::Afternoon), _) => word("at-afternoon"),
            (None, _) => "",
        };
        // Swahili counts the hours from six in the morning.
        let shift: u8 = if word("clock") == "shifted" { 6 } else { 0 };
        let hour = match (shift, time.hour) {
            (0, hour) => hour,
            (_, hour) => (hour + 24 - shift + 11) % 12 + 1,
        };
        join(&[word("hour"), &self.plain(hour), &minute, half, &time.zone])
    }

    fn date(&self, date: &CalendarDate) -> String {
        let word = |key: &str| self.base.said(key);
        let month = date
            .month
            .map_or("", |m| self.base.tables.months[usize::from(m) - 1]);
        let day = match date.day {
            Some(day) => join(&[word("day"), &self.plain(day)]),
            None => String::new(),
        };
        let year = match &date.year {
            Some(year) => join(&[word("year"), &self.year(year)]),
            None => String::new(),
        };
        join(&[&day, word("of-month"), month, &year])
    }
}

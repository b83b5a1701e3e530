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
    CalendarDate, ClockTime, CountedNoun, DayHalf, Gender, MoneyAmount, NumberForm, NumberSpan,
};

pub struct African {
    pub base: TextGrammar,
}

impl African {
    fn plain(&self, n: u8) -> String {
        self.base.cardinal(&n.to_string(), NumberForm::default())
    }

    fn minutes(&self, time: &ClockTime) -> String {
        let named = |key: &str| Some(self.base.said(key)).filter(|words| !words.is_empty());
        let half = named("half").filter(|_| time.minute == Some(30));
        let quarter = named("quarter").filter(|_| time.minute == Some(15));
        match (half.or(quarter), time.minute) {
            (Some(words), _) => words.to_string(),
            (None, None | Some(0)) => String::new(),
            (None, Some(minute)) => join(&[self.base.said("minute"), &self.plain(minute)]),
        }
    }

    fn half_of_day(&self, time: &ClockTime) -> &'static str {
        match (time.half, time.hour) {
            (None, _) => "",
            (Some(DayHalf::Morning), _) => self.base.said("at-morning"),
            (Some(DayHalf::Afternoon), 12 | 1..=3) => self.base.said("at-noon"),
            (Some(DayHalf::Afternoon), 4..=6) => self.base.said("at-afternoon"),
            (Some(DayHalf::Afternoon), _) => self.base.said("at-night"),
        }
    }
}

impl Grammar for African {
    answered_by_base!();

    fn own(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        if let Some(address) = super::web::bare(line, i, self) {
            return Some(address);
        }
        let (time, end) = super::romance::time(line, i, self, false)?;
        // "saa 3:30" is told by the language's own clock already, with the word for the hour before it.
        let words = match self.base.list("told", &line.before(i).to_lowercase()) {
            true => join(&[
                &self.plain(time.hour),
                &self.minutes(&time),
                self.half_of_day(&time),
            ]),
            false => self.time(&time),
        };
        Some(Expression::new(Semiotic::Time, words, end))
    }

    fn fraction(&self, over: &str, under: &str) -> String {
        self.base.fraction(over, under)
    }

    /// "naira ɗari biyar da kobo hamsin": the unit is named first.
    fn money(&self, money: &MoneyAmount) -> String {
        let tables = &self.base.tables;
        let unit = &money.currency.unit;
        let from = &money.span.from;
        let form = NumberForm::before(Gender::Masculine);
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
                let noun = if digits == "1" { &noun.one } else { &noun.many };
                join(&[noun, &self.base.cardinal(digits, form)])
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
        join(&[
            &self.counted(&money.span, unit),
            &self.span(&money.span, form),
        ])
    }

    fn measure(&self, span: &NumberSpan, unit: &CountedNoun, _attributive: bool) -> String {
        join(&[
            &self.counted(span, unit),
            &self.span(span, NumberForm::before(Gender::Masculine)),
        ])
    }

    fn decimals(&self, digits: &str) -> String {
        self.base.one_by_one(digits).replace(',', "")
    }

    fn time(&self, time: &ClockTime) -> String {
        // Swahili counts the hours from six in the morning.
        let shifted = self.base.said("clock") == "shifted";
        let hour = match shifted {
            true => (time.hour + 24 - 6 + 11) % 12 + 1,
            false => time.hour,
        };
        let half = match shifted && time.half.is_none() {
            true => match time.hour {
                4..=11 => self.base.said("at-morning"),
                12..=15 => self.base.said("at-noon"),
                16..=18 => self.base.said("at-afternoon"),
                _ => self.base.said("at-night"),
            },
            false => self.half_of_day(time),
        };
        let minutes = self.minutes(time);
        join(&[
            self.base.said("hour"),
            &self.plain(hour),
            &minutes,
            half,
            &time.zone,
        ])
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

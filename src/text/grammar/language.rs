//! What a language tells the grammar: its tables, and how it puts values into words.
//!
//! Owns the trait and the word order that most languages share. A language overrides what it says in another way.

use crate::grammar::semiotic::Expression;
use crate::grammar::tables::GrammarTables;
use crate::grammar::token::WrittenLine;
use crate::grammar::values::{
    CalendarDate, ClockTime, CountedNoun, Gender, MoneyAmount, NumberForm, NumberSpan,
    WrittenNumber,
};
use crate::segmentation::SentenceStops;
use std::borrow::Cow;

/// Digits of a run that are said without a pause.
const DIGITS_TOGETHER: usize = 5;

/// The grammar of one language. `digits` are ASCII digits, at least one, with leading zeros where they were written.
pub trait Grammar: Sync + Send {
    fn tables(&self) -> &GrammarTables;

    /// Returns the words of a whole number of any length.
    fn cardinal(&self, digits: &str, form: NumberForm) -> String;

    /// Returns "third" for "3".
    fn ordinal(&self, digits: &str, form: NumberForm) -> String;

    /// Whether `mark`, one of the tables' in lower case, is the mark of the ordinal of `digits`.
    fn takes_mark(&self, _digits: &str, _mark: &str) -> bool {
        true
    }

    /// Returns the words of `over`/`under`; `over` and `under` are not zero and have at most six digits.
    fn fraction(&self, over: &str, under: &str) -> String;

    /// Returns a time of day.
    fn time(&self, time: &ClockTime) -> String;

    /// Returns a date; at least two of its three parts are known, or a month and a year.
    fn date(&self, date: &CalendarDate) -> String;

    /// Returns what a word that no recogniser knows is said as: itself, its letters' names, another spelling. Empty:
    /// nothing is said.
    fn word(&self, line: &WrittenLine, i: usize) -> String;

    /// Returns what this language alone reads at `i`, before any recogniser is asked.
    fn own(&self, _line: &WrittenLine, _i: usize) -> Option<Expression> {
        None
    }

    /// Returns a Roman numeral of the value `n` at `i` in words, where `ordered` says that a word of the tables
    /// makes it an ordinal.
    fn roman(&self, _line: &WrittenLine, _i: usize, n: u32, ordered: bool) -> String {
        let form = NumberForm::default();
        match ordered {
            true => self.ordinal(&n.to_string(), form),
            false => self.cardinal(&n.to_string(), form),
        }
    }

    /// Whether the Roman numeral of the value `n` at `i` counts (`Some(false)`) or orders (`Some(true)`); `None` when it
    /// is no numeral there.
    fn is_roman(&self, line: &WrittenLine, i: usize, _n: u32) -> Option<bool> {
        let tables = self.tables();
        let before = line.before(i).to_lowercase();
        let is = |words: &[&str], word: &str| words.contains(&word);
        if is(tables.roman_ordered, &before)
            || is(tables.roman_after, &line.low(i + 1))
            || is(tables.rulers, &before) && i > 0 && line.capital(i - 1)
        {
            return Some(true);
        }
        is(tables.roman_before, &before).then_some(false)
    }

    /// Returns a measure with a fraction: "one and a half kilograms".
    fn fraction_measure(&self, whole: Option<&str>, fraction: &str, unit: &CountedNoun) -> String {
        let tables = self.tables();
        match whole {
            Some(whole) => join(&[whole, tables.and, fraction, tables.of, &unit.one]),
            None => join(&[fraction, tables.of, &unit.one]),
        }
    }

    /// Returns each digit's name, with a pause after every third of a long run.
    fn one_by_one(&self, digits: &str) -> String {
        let form = NumberForm::default();
        let names: Vec<String> = digits
            .chars()
            .map(|d| self.cardinal(&d.to_string(), form))
            .collect();
        let most = if names.len() > DIGITS_TOGETHER {
            3
        } else {
            DIGITS_TOGETHER
        };
        let groups: Vec<String> = names.chunks(most).map(|g| g.join(" ")).collect();
        groups.join(", ")
    }

    /// Returns the digits after a point.
    fn decimals(&self, digits: &str) -> String {
        self.one_by_one(digits).replace(',', "")
    }

    /// Returns a year of three or four digits.
    fn year(&self, digits: &str) -> String {
        self.cardinal(digits, NumberForm::default())
    }

    /// Whether `number`, a plain whole number without a neighbour that explains it, is a year.
    fn is_year(&self, _line: &WrittenLine, _i: usize, _number: &WrittenNumber) -> bool {
        false
    }

    /// Whether `number` names a thing rather than counts, and is read digit by digit: "account 1234567890".
    fn names(&self, _number: &WrittenNumber) -> bool {
        false
    }

    /// Returns a number with its sign and its part.
    fn number(&self, number: &WrittenNumber, form: NumberForm) -> String {
        let tables = self.tables();
        let whole = match number.whole.as_str() {
            "" => String::new(),
            whole => self.cardinal(whole, form),
        };
        let sign = if number.negative { tables.minus } else { "" };
        let (point, part) = match &number.part {
            Some(part) => (tables.point, self.decimals(part)),
            None => ("", String::new()),
        };
        join(&[sign, &whole, point, &part])
    }

    /// Returns the ends of a range, or the only number.
    fn span(&self, span: &NumberSpan, form: NumberForm) -> String {
        let from = self.number(&span.from, form);
        match &span.to {
            Some(to) => self.range(&from, &self.number(to, form)),
            None => from,
        }
    }

    /// Returns a range of two things in words.
    fn range(&self, from: &str, to: &str) -> String {
        join(&[from, self.tables().to, to])
    }

    /// Whether `word`, in lower case, after a figure and a slash is what the figure is counted by: "4/day".
    fn is_per(&self, _word: &str) -> bool {
        false
    }

    /// Returns the word between two lengths: "by".
    fn by(&self) -> &'static str {
        self.tables().operator('×').unwrap_or_default()
    }

    /// Whether `number` takes the singular of what it counts.
    fn takes_singular(&self, number: &WrittenNumber) -> bool {
        number.is_one()
    }

    /// Returns `noun` as `span` counts it, without the number.
    fn counted(&self, span: &NumberSpan, noun: &CountedNoun) -> String {
        let last = span.to.as_ref().unwrap_or(&span.from);
        match self.takes_singular(last) {
            true => noun.one.to_string(),
            false => noun.many.to_string(),
        }
    }

    /// Returns an amount of money: "five euros and fifty cents", "two million euros".
    fn money(&self, money: &MoneyAmount) -> String {
        self.plain_money(money)
    }

    /// Returns an amount of money as most languages say it.
    fn plain_money(&self, money: &MoneyAmount) -> String {
        let tables = self.tables();
        let unit = &money.currency.unit;
        let form = NumberForm::before(unit.gender);
        let from = &money.span.from;
        if let Some(magnitude) = money.magnitude {
            let count = self.span(&money.span, NumberForm::before(magnitude.noun.gender));
            let scale = self.counted(&money.span, &magnitude.noun);
            return join(&[&count, &scale, tables.of, &unit.many]);
        }
        let padded = from
            .part
            .as_ref()
            .filter(|p| p.len() == 1 && self.pads_hundredths());
        let padded = padded.map(|part| format!("{part}0"));
        let cents = padded.as_deref().or(from.part.as_deref());
        let cents = cents.filter(|p| p.len() == 2);
        if let (Some(cents), Some(hundredth), None) =
            (cents, &money.currency.hundredth, &money.span.to)
        {
            let big = WrittenNumber {
                part: None,
                ..from.clone()
            };
            let small = WrittenNumber {
                whole: cents.trim_start_matches('0').to_string(),
                ..WrittenNumber::default()
            };
            let one = |n: &WrittenNumber, noun: &CountedNoun| {
                let words = self.number(n, NumberForm::before(noun.gender));
                let span = NumberSpan {
                    from: n.clone(),
                    to: None,
                };
                join(&[&words, &self.counted(&span, noun)])
            };
            let zero = big.whole.bytes().all(|b| b == b'0');
            return match (small.whole.is_empty(), zero) {
                (true, _) => one(&big, unit),
                (false, true) => one(&small, hundredth),
                (false, false) => join(&[&one(&big, unit), tables.and, &one(&small, hundredth)]),
            };
        }
        join(&[
            &self.span(&money.span, form),
            &self.counted(&money.span, unit),
        ])
    }

    /// Returns a measure; `attributive` says that it describes the word after it ("a 10-inch pipe").
    fn measure(&self, span: &NumberSpan, unit: &CountedNoun, _attributive: bool) -> String {
        let number = self.span(span, NumberForm::before(unit.gender));
        join(&[&number, &self.counted(span, unit)])
    }

    /// Whether the expression that ends before `end` describes the word at `end`.
    fn is_attributive(&self, _line: &WrittenLine, _start: usize, _end: usize) -> bool {
        false
    }

    /// Returns the unit that `written` names: one of the tables, one with a prefix of the metric system, one squared or
    /// cubed, or two with a slash between them.
    fn unit(&self, written: &str) -> Option<CountedNoun> {
        let tables = self.tables();
        if let Some(unit) = tables.units.iter().find(|u| u.written.contains(&written)) {
            return Some(unit.noun.clone());
        }
        if let Some((over, under)) = written.split_once('/') {
            let (over, under) = (self.unit(over)?, self.unit(under)?);
            let per = |noun: &str| Cow::Owned(join(&[noun, tables.per, &under.one]));
            return Some(CountedNoun {
                one: per(&over.one),
                many: per(&over.many),
                gender: over.gender,
            });
        }
        for (signs, words) in [(["²", "2"], tables.square), (["³", "3"], tables.cubic)] {
            if let Some(base) = signs.iter().find_map(|s| written.strip_suffix(s)) {
                if base.contains('/') || base.ends_with(|c: char| c.is_numeric()) {
                    return None;
                }
                let unit = self.unit(base)?;
                let with = |noun: &str| Cow::Owned(words.replace("{}", noun));
                return Some(CountedNoun {
                    one: with(&unit.one),
                    many: with(&unit.many),
                    gender: unit.gender,
                });
            }
        }
        tables.prefixes.iter().find_map(|(prefix, said)| {
            let base = written.strip_prefix(prefix)?;
            let unit = tables
                .units
                .iter()
                .find(|u| u.prefixed && u.written.contains(&base))?;
            let with = |noun: &str| Cow::Owned(format!("{said}{noun}"));
            Some(CountedNoun {
                one: with(&unit.noun.one),
                many: with(&unit.noun.many),
                gender: unit.noun.gender,
            })
        })
    }

    /// Returns the groups of a telephone number, a pause after each.
    fn telephone(&self, groups: &[&str]) -> String {
        let said: Vec<String> = groups.iter().map(|g| self.one_by_one(g)).collect();
        said.join(", ")
    }

    /// Returns the names of the letters of `word`.
    fn letters(&self, word: &str) -> String;

    /// Returns the figures of a code such as "A380".
    fn code(&self, digits: &str) -> String {
        match digits.len() {
            0..=3 if !digits.starts_with('0') => self.cardinal(digits, NumberForm::default()),
            _ => self.one_by_one(digits),
        }
    }

    /// Whether the names of days are written in small letters.
    fn small_days(&self) -> bool {
        false
    }

    /// The gender that `number` takes before the word `noun`, in lower case.
    fn gender_with(&self, _number: &WrittenNumber, noun: &str) -> Option<Gender> {
        self.gender_of(noun)
    }

    /// Returns an ordinal that was written with `mark`, in lower case, after its digits.
    fn marked_ordinal(&self, digits: &str, _mark: &str) -> String {
        self.ordinal(digits, NumberForm::default())
    }

    /// Whether one digit after an amount's point stands for tens of its hundredths: "$0,1" is ten cents.
    fn pads_hundredths(&self) -> bool {
        false
    }

    /// The gender of the hours of a time.
    fn hour_gender(&self) -> Gender {
        Gender::Masculine
    }

    /// Returns the abbreviations that tell where sentences end; none where English's serve.
    fn stops(&self) -> Option<SentenceStops> {
        None
    }

    /// Returns the name of a letter, in lower case, in the language's own spelling.
    fn letter_name(&self, _letter: char) -> Option<&'static str> {
        None
    }

    /// Returns the words of an exponent after its base.
    fn power(&self, negative: bool, exponent: &str) -> String {
        let tables = self.tables();
        let to = tables.sign('^').unwrap_or_default();
        let sign = if negative { tables.minus } else { "" };
        let said = match exponent.bytes().all(|b| b.is_ascii_digit()) {
            true => self.cardinal(exponent, NumberForm::default()),
            false => self.letters(exponent),
        };
        join(&[to, sign, &said])
    }

    /// Returns two numbers with a colon between them that are no time: "16:9".
    fn ratio(&self, from: &str, to: &str) -> String {
        let form = NumberForm::default();
        self.range(&self.cardinal(from, form), &self.cardinal(to, form))
    }

    /// Whether `word` starts a sentence rather than continues a name after initials or an abbreviation.
    fn starts_sentence(&self, _word: &str) -> bool {
        false
    }

    /// Whether `word`, in lower case, is one that texts use for something else than an abbreviation ("sat", "sun").
    fn is_common_word(&self, _word: &str) -> bool {
        false
    }

    /// Whether the slash between two words is said by its name.
    fn says_slash(&self, _before: &str, _after: &str) -> bool {
        false
    }

    /// Returns the figures of an address.
    fn address_digits(&self, digits: &str) -> String {
        match digits.len() > 3
            && digits.ends_with("000")
            && digits.len() < 7
            && !digits.starts_with('0')
        {
            true => self.cardinal(digits, NumberForm::default()),
            false => self.one_by_one(digits).replace(',', ""),
        }
    }

    /// Returns what a run of letters within a code or an address is said as: its letters' names, or the word.
    fn code_word(&self, word: &str) -> String {
        self.letters(word)
    }

    /// Returns the words of an expression at `i` as they fit after the text before it.
    fn settled(&self, _line: &WrittenLine, _i: usize, words: String) -> String {
        words
    }

    /// The gender that a number before the word `noun` takes, where the language knows the word.
    fn gender_of(&self, _noun: &str) -> Option<Gender> {
        None
    }
}

/// Returns the parts that are not empty, with blanks between them.
pub fn join(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|p| !p.is_empty()).collect();
    parts.join(" ")
}

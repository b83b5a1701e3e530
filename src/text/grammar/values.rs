//! What expressions mean: the values that recognisers find and a language puts into words.
//!
//! Owns these values. Knows neither how they are written nor how they are said.

use std::borrow::Cow;

/// Text that is either in a table or made at run time.
pub type Words = Cow<'static, str>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gender {
    #[default]
    Masculine,
    Feminine,
    Neuter,
}

/// How a number's word agrees with its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NumberForm {
    pub gender: Gender,
    /// Whether the word that it counts follows: Spanish "un" and "primer", not "uno" and "primero".
    pub before_noun: bool,
    /// Whether the oblique case is meant, in languages that decline numbers.
    pub oblique: bool,
}

impl NumberForm {
    /// The form before a word of `gender`.
    pub fn before(gender: Gender) -> Self {
        NumberForm {
            gender,
            before_noun: true,
            oblique: false,
        }
    }
}

/// A word that numbers count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedNoun {
    pub one: Words,
    pub many: Words,
    pub gender: Gender,
}

impl CountedNoun {
    /// A word of a table.
    pub const fn of(one: &'static str, many: &'static str, gender: Gender) -> Self {
        CountedNoun {
            one: Cow::Borrowed(one),
            many: Cow::Borrowed(many),
            gender,
        }
    }
}

/// A number in decimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WrittenNumber {
    pub negative: bool,
    /// The digits before the point, without the signs between groups; empty in ".5".
    pub whole: String,
    /// The digits after the point.
    pub part: Option<String>,
    /// Whether signs between groups were written.
    pub grouped: bool,
}

impl WrittenNumber {
    /// Whether it is exactly 1.
    pub fn is_one(&self) -> bool {
        self.part.is_none() && self.whole.trim_start_matches('0') == "1"
    }

    /// Whether only digits were written.
    pub fn is_plain(&self) -> bool {
        !self.negative && !self.grouped && self.part.is_none()
    }
}

/// Something with a number that may be a range: "5" or "5-7".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NumberSpan {
    pub from: WrittenNumber,
    pub to: Option<WrittenNumber>,
}

/// An amount of money.
#[derive(Debug, Clone)]
pub struct MoneyAmount<'a> {
    pub span: NumberSpan,
    /// "million" and the like.
    pub magnitude: Option<&'a Magnitude>,
    pub currency: &'a Currency,
    /// Whether it describes the word after it: "a $20 bill".
    pub attributive: bool,
}

/// A currency.
#[derive(Debug, Clone)]
pub struct Currency {
    /// Its signs and codes as written before or after a number; a code is matched in capitals.
    pub written: &'static [&'static str],
    pub unit: CountedNoun,
    /// The hundredth.
    pub hundredth: Option<CountedNoun>,
}

/// A word for a power of ten after a number.
#[derive(Debug, Clone)]
pub struct Magnitude {
    /// As written in full: touching the number or after a blank.
    pub written: &'static [&'static str],
    /// Letters that touch the number ("10k", "2m"); those are matched only before words that can be counted and after
    /// money.
    pub letters: &'static [&'static str],
    pub noun: CountedNoun,
}

/// A unit of measure.
#[derive(Debug, Clone)]
pub struct MeasureUnit {
    pub written: &'static [&'static str],
    pub noun: CountedNoun,
    /// Whether the prefixes of the metric system may stand before it.
    pub prefixed: bool,
    /// Whether it is a word or initials too, and therefore has to touch the figure.
    pub touching: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayHalf {
    Morning,
    Afternoon,
}

/// A time of day, or a duration when `hour` is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClockTime {
    pub hour: u8,
    pub minute: Option<u8>,
    pub second: Option<u8>,
    pub half: Option<DayHalf>,
    /// A time zone in capitals: "EST".
    pub zone: String,
    /// Whether the hour was written with a leading zero.
    pub zero: bool,
}

/// A date.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CalendarDate {
    pub day: Option<u8>,
    /// 1 to 12.
    pub month: Option<u8>,
    pub year: Option<String>,
    /// Whether the day was written before the month.
    pub day_first: bool,
    /// Whether the month was written as a figure.
    pub figures: bool,
}

/// Where an abbreviation is read by its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AbbreviationPlace {
    /// Before a full stop.
    Stop,
    /// Before a full stop, in lower case: with a capital it is a name.
    LowStop,
    /// With or without a full stop.
    Always,
    /// Before a figure or a Roman numeral, with or without a full stop.
    BeforeFigure,
    /// After a figure, with or without a full stop.
    AfterFigure,
    /// Before a word with a capital, with or without a full stop.
    BeforeName,
    /// After a word with a capital, with or without a full stop.
    AfterName,
}

/// An abbreviation.
#[derive(Debug, Clone, Copy)]
pub struct WrittenAbbreviation {
    /// As written, without the last full stop; matched with its capitals, or with the first one raised.
    pub written: &'static str,
    pub said: &'static str,
    pub place: AbbreviationPlace,
}

//! What Spanish, French, Italian and Portuguese say in the same way, each with its own words.
//!
//! `romance` recognises what is said here.

use super::language::{Grammar, join};
use super::romance::{MixedFraction, degrees, era, found, lonely_roman, number_sign};
use super::romance_telephones::spaced_telephone;
use super::semiotic::{Expression, Semiotic};
use super::text_grammar::TextGrammar;
use super::token::WrittenLine;
use super::values::{CalendarDate, Gender, NumberForm, WrittenNumber};
use super::web;

/// The form of a number that counts a feminine noun.
pub const FEMININE: NumberForm = NumberForm {
    gender: Gender::Feminine,
    before_noun: true,
    oblique: false,
};

/// The words of signs that all four languages write alike.
pub struct SignWords {
    /// What "nº" stands for.
    pub number: &'static str,
    /// What "a.C." and "d.C." stand for; none where they are not written like that.
    pub eras: Option<[&'static str; 2]>,
}

/// Reads a number's sign, an era, degrees, an address without "www", a telephone number with blanks, and a Roman numeral
/// that is the whole text.
pub fn signs(
    line: &WrittenLine,
    i: usize,
    grammar: &dyn Grammar,
    words: &SignWords,
) -> Option<Expression> {
    if let Some(end) = number_sign(line, i) {
        return found(Semiotic::Abbreviation, &[words.number], end);
    }
    if line.low(i) == "nº" && line.gap(i + 1) {
        return found(Semiotic::Abbreviation, &[words.number], i + 1);
    }
    if let (Some([before, after]), Some((is_before, end))) = (words.eras, era(line, i)) {
        let era = if is_before { before } else { after };
        return found(Semiotic::Abbreviation, &[era], end);
    }
    // "3° piano": an ordinal before a noun; "20° e", "20° all'ombra" are degrees.
    let noun = line.text(i + 2);
    let long = noun.chars().nth(3).is_some() && !noun.contains('\'');
    let counted = line.is_word(i + 2) && line.gap(i + 2) && !line.capital(i + 2) && long;
    if line.is_figure(i) && line.gap(i) && line.joined(i + 1) == '°' && counted {
        let ordinal = grammar.marked_ordinal(line.text(i), "º");
        return found(Semiotic::Ordinal, &[&ordinal], i + 2);
    }
    if let Some(read) = degrees(line, i, grammar).or_else(|| web::bare(line, i, grammar)) {
        return Some(read);
    }
    if let Some((groups, end)) = spaced_telephone(line, i, grammar) {
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        return found(Semiotic::Telephone, &[&grammar.telephone(&groups)], end);
    }
    let n = lonely_roman(line, i)?;
    let words = grammar.ordinal(&n.to_string(), NumberForm::default());
    found(Semiotic::Roman, &[&words], 1)
}

/// Returns a date: the day, the month and the year with `of` between them; `first` is the first of a month.
pub fn date(grammar: &dyn Grammar, date: &CalendarDate, first: &str, of: &str) -> String {
    let month = date
        .month
        .map_or("", |m| grammar.tables().months[usize::from(m) - 1]);
    let day = match date.day {
        None => String::new(),
        Some(1) => first.to_string(),
        Some(day) => grammar.cardinal(&day.to_string(), NumberForm::default()),
    };
    let year = date
        .year
        .as_deref()
        .map_or(String::new(), |y| grammar.year(y));
    let of = |after: &str| if after.is_empty() { "" } else { of };
    join(&[&day, of(&day), month, of(&year), &year])
}

/// Returns the gender of `noun`: that of its ending, unless a list of the language has it. Feminine are those on `endings`.
pub fn gender_by_ending(base: &TextGrammar, noun: &str, endings: &[&str]) -> Gender {
    let is = |list: &str| base.list(list, noun);
    let feminine = endings.iter().any(|ending| noun.ends_with(ending)) || is("feminine");
    match noun {
        "" => Gender::Neuter,
        _ if is("function") || !noun.starts_with(char::is_alphabetic) => Gender::Neuter,
        _ if feminine && !is("masculine") => Gender::Feminine,
        _ => Gender::Masculine,
    }
}

/// Returns the gender of the noun after a number in Spanish and Portuguese: a number above one counts a plural.
pub fn gender_of_plural(
    grammar: &dyn Grammar,
    number: &WrittenNumber,
    noun: &str,
) -> Option<Gender> {
    let counts = number.is_one() || noun.ends_with('s') || matches!(noun, "mil" | "mi");
    match counts {
        true => grammar.gender_of(noun),
        false => Some(Gender::Neuter),
    }
}

/// What all four say of a fraction alike.
pub struct FractionWords {
    pub minus: &'static str,
    /// The whole number before the fraction; empty where there is none.
    pub whole: String,
    /// The word between them.
    pub joint: &'static str,
    pub is_half: bool,
    pub class: Semiotic,
}

impl FractionWords {
    /// Returns the words of `mixed`, whose unit has `gender`.
    pub fn of(base: &TextGrammar, mixed: &MixedFraction<'_>, gender: Gender) -> Self {
        let form = NumberForm::before(gender);
        FractionWords {
            minus: match mixed.negative {
                true => base.tables.minus,
                false => "",
            },
            whole: mixed
                .whole
                .map_or(String::new(), |whole| base.cardinal(whole, form)),
            joint: mixed.whole.map_or("", |_| base.whole),
            is_half: mixed.over == "1" && mixed.under == "2",
            class: match mixed.unit {
                Some(_) => Semiotic::Measure,
                None => Semiotic::Fraction,
            },
        }
    }
}

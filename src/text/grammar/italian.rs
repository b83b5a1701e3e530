//! What only Italian says in its own way.

use super::language::{Grammar, join};
use super::romance::{
    date_in_words, degrees, era, found, is_roman, lonely_roman, low_roman, mixed, number_sign,
    spaced_telephone, time,
};
use super::semiotic::{Expression, Semiotic};
use super::text_base::answered_by_base;
use super::text_grammar::TextGrammar;
use super::token::WrittenLine;
use super::values::{
    CalendarDate, ClockTime, CountedNoun, DayHalf, Gender, NumberForm, NumberSpan, WrittenNumber,
};

pub struct Italian {
    pub base: TextGrammar,
}

const FEMININE: NumberForm = NumberForm {
    gender: Gender::Feminine,
    before_noun: true,
    oblique: false,
};

impl Italian {
    fn plain(&self, n: u8) -> String {
        self.base.cardinal(&n.to_string(), NumberForm::default())
    }

    fn fraction_with_unit(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        let m = mixed(line, i, self)?;
        let gender = m.unit.as_ref().map_or(Gender::Neuter, |u| u.gender);
        let minus = if m.negative {
            self.base.tables.minus
        } else {
            ""
        };
        let half = m.over == "1" && m.under == "2";
        let whole = m
            .whole
            .map(|w| self.base.cardinal(w, NumberForm::before(gender)));
        let part = match half && whole.is_some() {
            true => "mezzo".to_string(),
            false => self.fraction(&m.over, &m.under),
        };
        let joint = if whole.is_some() { self.base.whole } else { "" };
        let words = match &m.unit {
            // "due chilometri e mezzo"
            Some(unit) if whole.is_some() => {
                let noun = if m.whole == Some("1") {
                    &unit.one
                } else {
                    &unit.many
                };
                [minus, &whole.unwrap_or_default(), noun, joint, &part].join(" ")
            }
            Some(unit) => join(&[minus, &part, "di", &unit.one]),
            None => join(&[minus, &whole.unwrap_or_default(), joint, &part]),
        };
        let class = match m.unit {
            Some(_) => Semiotic::Measure,
            None => Semiotic::Fraction,
        };
        found(class, &[words.trim()], m.end)
    }
}

impl Grammar for Italian {
    answered_by_base!();

    fn hour_gender(&self) -> Gender {
        Gender::Feminine
    }

    fn pads_hundredths(&self) -> bool {
        true
    }

    fn fraction(&self, over: &str, under: &str) -> String {
        self.base.fraction(over, under)
    }

    fn own(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        if let Some(end) = number_sign(line, i) {
            return found(Semiotic::Abbreviation, &["numero"], end);
        }
        if let Some((before, end)) = era(line, i) {
            let words = if before {
                "avanti cristo"
            } else {
                "dopo cristo"
            };
            return found(Semiotic::Abbreviation, &[words], end);
        }
        if let Some(degrees) = degrees(line, i, self) {
            return Some(degrees);
        }
        if let Some(address) = super::web::bare(line, i, self) {
            return Some(address);
        }
        if let Some((groups, end)) = spaced_telephone(line, i, self) {
            let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
            return found(Semiotic::Telephone, &[&self.telephone(&groups)], end);
        }
        if let Some(n) = lonely_roman(line, i) {
            let words = self.base.ordinal(&n.to_string(), NumberForm::default());
            return found(Semiotic::Roman, &[&words], 1);
        }
        if line.is_figure(i)
            && let Some(written) = date_in_words(line, i, self, &["di", "del"])
        {
            let words = self.date(&written.date);
            return Some(Expression::new(Semiotic::Date, words, written.end));
        }
        if line.low(i + 1) == "secolo"
            && let Some(n) = low_roman(line, i, true)
        {
            let words = self.base.ordinal(&n.to_string(), NumberForm::default());
            return found(Semiotic::Roman, &[&words], i + 1);
        }
        let before = line.before(i).to_lowercase();
        let hour_before = matches!(before.as_str(), "alle" | "ore" | "dalle" | "delle" | "le");
        if let Some((found_time, end)) = time(line, i, self, hour_before) {
            return Some(Expression::new(Semiotic::Time, self.time(&found_time), end));
        }
        self.fraction_with_unit(line, i)
    }

    fn decimals(&self, digits: &str) -> String {
        self.base.part_as_number(digits)
    }

    fn marked_ordinal(&self, digits: &str, mark: &str) -> String {
        let form = match mark {
            "ª" | "a" | "esima" | "esime" => FEMININE,
            _ => NumberForm::default(),
        };
        self.base.ordinal(digits, form)
    }

    fn is_roman(&self, line: &WrittenLine, i: usize, _n: u32) -> Option<bool> {
        is_roman(line, i, &self.base.tables)
    }

    fn roman(&self, line: &WrittenLine, i: usize, n: u32, ordered: bool) -> String {
        let before = line.before(i).to_lowercase();
        let papal = before.ends_with("papa");
        let after = line.low(i + 1);
        let feminine = before.ends_with('a') && !papal && before != "luca" && before != "andrea"
            || matches!(before.as_str(), "elisabetta" | "parte")
            || matches!(
                after.as_str(),
                "guerra" | "edizione" | "legislatura" | "olimpiade" | "repubblica"
            );
        let form = match feminine {
            true => FEMININE,
            false => NumberForm::default(),
        };
        match ordered {
            true => self.base.ordinal(&n.to_string(), form),
            false => self.base.cardinal(&n.to_string(), NumberForm::default()),
        }
    }

    fn measure(&self, span: &NumberSpan, unit: &CountedNoun, _attributive: bool) -> String {
        let number = self.span(span, NumberForm::before(unit.gender));
        let words = join(&[&number, &self.counted(span, unit)]);
        match words.strip_prefix("una ") {
            Some(noun) if noun.starts_with(['a', 'e', 'i', 'o', 'u']) => format!("un'{noun}"),
            _ => words,
        }
    }

    fn time(&self, time: &ClockTime) -> String {
        let hour = match time.hour {
            1 => "una".to_string(),
            0 => "zero".to_string(),
            hour => self.plain(hour),
        };
        if let Some(second) = time.second.filter(|s| *s > 0) {
            let minute = time.minute.unwrap_or(0);
            let minutes = if minute == 1 { "minuto" } else { "minuti" };
            let seconds = if second == 1 { "secondo" } else { "secondi" };
            let before = |n: u8| {
                self.base
                    .cardinal(&n.to_string(), NumberForm::before(Gender::Masculine))
            };
            return join(&[
                &hour,
                "e",
                &before(minute),
                minutes,
                "e",
                &before(second),
                seconds,
                &time.zone,
            ]);
        }
        let minute = match time.minute {
            None if time.half.is_none() && time.zone.is_empty() => match time.hour {
                1 => "ora".to_string(),
                _ => "ore".to_string(),
            },
            None | Some(0) => String::new(),
            Some(30) if time.hour <= 12 => "e mezza".to_string(),
            Some(30) => "e trenta".to_string(),
            Some(1) => "e un minuto".to_string(),
            Some(minute) => format!("e {} minuti", self.plain(minute)),
        };
        let half = match (time.half, time.hour) {
            (None, _) => "",
            (Some(DayHalf::Afternoon), 6..=11) => "di sera",
            (Some(DayHalf::Afternoon), _) => "del pomeriggio",
            (Some(DayHalf::Morning), _) => "di mattina",
        };
        join(&[&hour, &minute, half, &time.zone])
    }

    fn date(&self, date: &CalendarDate) -> String {
        let month = date
            .month
            .map_or("", |m| self.base.tables.months[usize::from(m) - 1]);
        let day = match date.day {
            None => String::new(),
            Some(1) => "primo".to_string(),
            Some(day) => self.plain(day),
        };
        let year = date.year.as_deref().map_or(String::new(), |y| self.year(y));
        join(&[&day, month, &year])
    }

    /// Only one has a gender.
    fn gender_with(&self, number: &WrittenNumber, noun: &str) -> Option<Gender> {
        match number.is_one() {
            true => self.gender_of(noun),
            false => Some(Gender::Neuter),
        }
    }

    fn gender_of(&self, noun: &str) -> Option<Gender> {
        let is = |list: &str| self.base.list(list, noun);
        let feminine =
            noun.ends_with('a') || noun.ends_with("ione") || noun.ends_with("tà") || is("feminine");
        Some(match noun {
            "" => Gender::Neuter,
            _ if is("function") || !noun.starts_with(char::is_alphabetic) => Gender::Neuter,
            _ if feminine && !is("masculine") => Gender::Feminine,
            _ => Gender::Masculine,
        })
    }

    fn code_word(&self, word: &str) -> String {
        let word = &*word.to_lowercase();
        if let Some(spelled) = self.base.said_word(word) {
            return spelled.to_string();
        }
        match self.base.list("servers", word) {
            true => word.to_string(),
            false => self.base.letters(word),
        }
    }
}

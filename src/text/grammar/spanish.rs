//! What only Spanish says in its own way.

use super::language::{Grammar, join};
use super::romance::{clock, date_in_words, figure, found, is_roman, low_roman, mixed};
use super::romance_telephones::local_telephone;
use super::romance_words::{
    self, FEMININE, FractionWords, SignWords, gender_by_ending, gender_of_plural, signs,
};
use super::semiotic::{Expression, Semiotic};
use super::text_base::answered_by_base;
use super::text_grammar::TextGrammar;
use super::token::WrittenLine;
use super::values::{CalendarDate, ClockTime, DayHalf, Gender, NumberForm, WrittenNumber};

const SIGNS: SignWords = SignWords {
    number: "número",
    eras: Some(["antes de cristo", "después de cristo"]),
};

pub struct Spanish {
    pub base: TextGrammar,
}

/// Eras that are written without stops after a year or a century.
const ERAS: [(&str, &str); 4] = [
    ("ac", "antes de cristo"),
    ("dc", "después de cristo"),
    ("aec", "antes de la era común"),
    ("ec", "era común"),
];

impl Spanish {
    /// Reads "12.15", where the words around say that it is a time, and other times.
    fn clock(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        let before = line.before(i).to_lowercase();
        let hour_before = matches!(before.as_str(), "las" | "la" | "hasta" | "desde");
        let alone = i == 0 && figure(line, 2, 2..=2, 59).is_some();
        clock(line, i, self, hour_before || alone)
    }

    fn fraction_with_unit(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        let m = mixed(line, i, self)?;
        let gender = m.unit.as_ref().map_or(Gender::Neuter, |u| u.gender);
        let said = FractionWords::of(&self.base, &m, gender);
        let part = match (said.is_half, m.whole) {
            (true, Some(_)) if gender == Gender::Feminine => "media".to_string(),
            (true, Some(_)) => "medio".to_string(),
            (true, None)
                if matches!(
                    line.text(m.end),
                    "hora" | "docena" | "jornada" | "libra" | "vuelta"
                ) =>
            {
                "media".to_string()
            }
            (true, None)
                if matches!(
                    line.text(m.end),
                    "kilo" | "litro" | "metro" | "día" | "año" | "siglo"
                ) =>
            {
                "medio".to_string()
            }
            _ => self.fraction(&m.over, &m.under),
        };
        let (unit, of) = match &m.unit {
            Some(unit) if said.is_half && m.whole.is_some() && m.whole != Some("1") => {
                (unit.many.as_ref(), "")
            }
            Some(unit) => (
                unit.one.as_ref(),
                if said.is_half && m.whole.is_some() {
                    ""
                } else {
                    "de"
                },
            ),
            None => ("", ""),
        };
        found(
            said.class,
            &[said.minus, &said.whole, said.joint, &part, of, unit],
            m.end,
        )
    }

    fn roman_in_small_letters(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        let before = line.before(i).to_lowercase();
        if matches!(
            before.as_str(),
            "siglo" | "siglos" | "año" | "capítulo" | "tomo"
        ) {
            let n = low_roman(line, i, before.starts_with("siglo"))?;
            let words = self.base.cardinal(&n.to_string(), NumberForm::default());
            return found(Semiotic::Roman, &[&words], i + 1);
        }
        if self.base.tables.rulers.contains(&before.as_str())
            && line.before(i).chars().all(char::is_lowercase)
        {
            let n = low_roman(line, i, false)?;
            let words = self.roman(line, i, n, true);
            return found(Semiotic::Roman, &[&words], i + 1);
        }
        None
    }

    /// Reads a degree sign as the mark of an ordinal where no scale of temperature follows.
    fn degree(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        if !line.is_figure(i) || line.sign(i + 1) != '°' || line.glued_left(i) {
            return None;
        }
        let scale = match line.low(i + 2).as_str() {
            "c" => "celsius",
            "f" => "fahrenheit",
            "k" => "kelvin",
            "" if !line.gap(i + 1) && i == 0 => {
                let words = self.base.ordinal(line.text(i), NumberForm::default());
                return found(Semiotic::Ordinal, &[&words], i + 2);
            }
            _ => return None,
        };
        let digits = line.text(i);
        let words = self
            .base
            .cardinal(digits, NumberForm::before(Gender::Masculine));
        let noun = if digits == "1" { "grado" } else { "grados" };
        found(Semiotic::Measure, &[&words, noun, scale], i + 3)
    }
}

impl Grammar for Spanish {
    answered_by_base!();

    fn hour_gender(&self) -> Gender {
        Gender::Feminine
    }

    fn fraction(&self, over: &str, under: &str) -> String {
        self.base.fraction(over, under)
    }

    fn own(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        if let Some(read) = signs(line, i, self, &SIGNS) {
            return Some(read);
        }
        if let Some((groups, end)) = local_telephone(line, i) {
            return found(Semiotic::Telephone, &[&self.telephone(&groups)], end);
        }
        if line.is_figure(i)
            && let Some(written) = date_in_words(line, i, self, &["de", "del"])
        {
            let mut words = self.date(&CalendarDate {
                year: None,
                ..written.date.clone()
            });
            if let Some(year) = &written.date.year {
                let of = if written.of == "del" { "del" } else { "de" };
                words = join(&[&words, of, &self.year(year)]);
            }
            return Some(Expression::new(Semiotic::Date, words, written.end));
        }
        // "EE. UU.", "EEUU"
        let twice = line.low(i) == "ee" && line.joined(i + 1) == '.' && line.low(i + 2) == "uu";
        if twice || line.low(i) == "eeuu" {
            let end = if twice { i + 3 } else { i + 1 };
            let stop = line.joined(end) == '.' && end + 1 < line.len();
            return found(
                Semiotic::Abbreviation,
                &["estados unidos"],
                end + usize::from(stop),
            );
        }
        let after_year = line.is_figure(i.wrapping_sub(1)) || romans_before(line, i);
        if let Some((_, words)) = ERAS
            .iter()
            .find(|(written, _)| after_year && line.low(i) == *written)
        {
            return found(Semiotic::Abbreviation, &[words], i + 1);
        }
        self.clock(line, i)
            .or_else(|| self.degree(line, i))
            .or_else(|| self.fraction_with_unit(line, i))
            .or_else(|| self.roman_in_small_letters(line, i))
    }

    fn number(&self, number: &WrittenNumber, form: NumberForm) -> String {
        let sign = if number.negative {
            self.base.tables.minus
        } else {
            ""
        };
        let Some(part) = &number.part else {
            return join(&[sign, &self.cardinal(&number.whole, form)]);
        };
        let whole_form = NumberForm {
            before_noun: false,
            ..form
        };
        let whole_form = match form.gender {
            Gender::Feminine => form,
            _ => whole_form,
        };
        let whole = match number.whole.as_str() {
            "" => "cero".to_string(),
            whole => self.cardinal(whole, whole_form),
        };
        join(&[
            sign,
            &whole,
            self.base.tables.point,
            &self.pairs(part, form),
        ])
    }

    fn decimals(&self, digits: &str) -> String {
        self.pairs(digits, NumberForm::default())
    }

    fn marked_ordinal(&self, digits: &str, mark: &str) -> String {
        let form = match mark {
            "ª" | "a" | "ra" | "da" | "ta" | "va" | "ma" | "na" | "era" => FEMININE,
            "er" => NumberForm::before(Gender::Masculine),
            _ => NumberForm::default(),
        };
        match mark {
            "avo" => format!(
                "{}avo",
                self.base
                    .cardinal(digits, form)
                    .trim_end_matches(['o', 'a'])
            ),
            _ => self.base.ordinal(digits, form),
        }
    }

    fn is_roman(&self, line: &WrittenLine, i: usize, _n: u32) -> Option<bool> {
        is_roman(line, i, &self.base.tables)
    }

    fn roman(&self, line: &WrittenLine, i: usize, n: u32, ordered: bool) -> String {
        let before = line.before(i).to_lowercase();
        let feminine = before.ends_with('a')
            || matches!(before.as_str(), "isabel" | "reina")
            || self.base.list("feminine-after", &line.low(i + 1));
        let form = match feminine {
            true => FEMININE,
            false => NumberForm::default(),
        };
        // "Luis XIV" is "catorce": rulers have ordinals up to ten.
        match ordered && n <= 10 {
            true => self.base.ordinal(&n.to_string(), form),
            false => self.base.cardinal(&n.to_string(), NumberForm::default()),
        }
    }

    fn pads_hundredths(&self) -> bool {
        true
    }

    fn time(&self, time: &ClockTime) -> String {
        let hour = match time.hour {
            0 => "cero".to_string(),
            hour => self.base.cardinal(&hour.to_string(), FEMININE),
        };
        let hours = if time.hour == 1 { "hora" } else { "horas" };
        if let Some(second) = time.second.filter(|s| *s > 0) {
            let minute = time.minute.unwrap_or(0);
            let minutes = if minute == 1 { "minuto" } else { "minutos" };
            let seconds = if second == 1 { "segundo" } else { "segundos" };
            let before = |n: u8| {
                self.base
                    .cardinal(&n.to_string(), NumberForm::before(Gender::Masculine))
            };
            return join(&[
                &hour,
                hours,
                &before(minute),
                minutes,
                "y",
                &before(second),
                seconds,
                &time.zone,
            ]);
        }
        let minute = match time.minute {
            None if !time.zero && time.zone.is_empty() && time.half.is_none() => hours.to_string(),
            None | Some(0) => String::new(),
            Some(15) => "y cuarto".to_string(),
            Some(30) => "y media".to_string(),
            Some(minute) => format!("y {}", self.base.plain(minute)),
        };
        let half = match (time.half, time.hour) {
            (None, _) => "",
            (Some(DayHalf::Afternoon), 12) => "del mediodía",
            (Some(DayHalf::Afternoon), 8..=11) | (Some(DayHalf::Morning), 12) => "de la noche",
            (Some(DayHalf::Afternoon), _) => "de la tarde",
            (Some(DayHalf::Morning), _) => "de la mañana",
        };
        join(&[&hour, &minute, half, &time.zone])
    }

    fn date(&self, date: &CalendarDate) -> String {
        romance_words::date(self, date, &self.base.plain(1), "de")
    }

    fn gender_with(&self, number: &WrittenNumber, noun: &str) -> Option<Gender> {
        gender_of_plural(self, number, noun)
    }

    fn gender_of(&self, noun: &str) -> Option<Gender> {
        Some(gender_by_ending(
            &self.base,
            noun,
            &["a", "as", "ión", "iones", "dad", "dades", "tud"],
        ))
    }

    fn code_word(&self, word: &str) -> String {
        self.base.code_word(word)
    }

    fn address_digits(&self, digits: &str) -> String {
        self.base.one_by_one(digits).replace(',', "")
    }
}

impl Spanish {
    /// Returns digits by twos, by ones where a zero leads; the last number in `form`.
    fn pairs(&self, digits: &str, form: NumberForm) -> String {
        let mut said = Vec::new();
        let mut rest = digits;
        while !rest.is_empty() {
            let (pair, after) = rest.split_at(rest.len().min(2));
            let last = after.is_empty();
            let form = if last { form } else { NumberForm::default() };
            match pair.starts_with('0') {
                true => {
                    let (zero, one) = pair.split_at(1);
                    said.push(self.base.cardinal(zero, NumberForm::default()));
                    if !one.is_empty() {
                        said.push(self.base.cardinal(one, form));
                    }
                }
                false => said.push(self.base.cardinal(pair, form)),
            }
            rest = after;
        }
        said.join(" ")
    }
}

/// Whether the word before `i` is a Roman numeral.
fn romans_before(line: &WrittenLine, i: usize) -> bool {
    super::recognise::romans::value(&line.before(i).to_uppercase()).is_some()
}

//! What only Portuguese says in its own way.

use super::language::{Grammar, join};
use super::romance::{
    date_in_words, degrees, era, found, is_roman, local_telephone, lonely_roman, low_roman, mixed,
    number_sign, spaced_telephone, time,
};
use super::semiotic::{Expression, Semiotic};
use super::text_base::answered_by_base;
use super::text_grammar::TextGrammar;
use super::token::WrittenLine;
use super::values::{CalendarDate, ClockTime, DayHalf, Gender, NumberForm, WrittenNumber};

pub struct Portuguese {
    pub base: TextGrammar,
}

const FEMININE: NumberForm = NumberForm {
    gender: Gender::Feminine,
    before_noun: true,
    oblique: false,
};

impl Portuguese {
    fn plain(&self, n: u8) -> String {
        self.base.cardinal(&n.to_string(), NumberForm::default())
    }

    fn fraction_with_unit(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        let m = mixed(line, i, self)?;
        let gender = m.unit.as_ref().map_or(Gender::Masculine, |u| u.gender);
        let minus = if m.negative {
            self.base.tables.minus
        } else {
            ""
        };
        let half = m.over == "1" && m.under == "2";
        let whole = m
            .whole
            .map(|w| self.base.cardinal(w, NumberForm::before(gender)));
        let part = match (half, gender, &m.unit) {
            (true, Gender::Feminine, Some(_)) => "meia".to_string(),
            (true, _, Some(_)) => "meio".to_string(),
            (true, ..) if matches!(line.text(m.end), "hora" | "dúzia" | "volta" | "xícara") => {
                "meia".to_string()
            }
            (true, ..)
                if m.whole.is_none()
                    && matches!(line.text(m.end), "quilo" | "litro" | "dia" | "século") =>
            {
                "meio".to_string()
            }
            _ => self.fraction(&m.over, &m.under),
        };
        let one = m.whole.is_none_or(|w| w == "1");
        let (unit, of) = match &m.unit {
            Some(unit) if half && !one => (unit.many.as_ref(), ""),
            Some(unit) => (unit.one.as_ref(), if half { "" } else { "de" }),
            None => ("", ""),
        };
        let joint = if whole.is_some() { self.base.whole } else { "" };
        let class = match m.unit {
            Some(_) => Semiotic::Measure,
            None => Semiotic::Fraction,
        };
        let whole = whole.unwrap_or_default();
        found(class, &[minus, &whole, joint, &part, of, unit], m.end)
    }
}

impl Grammar for Portuguese {
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
            return found(Semiotic::Abbreviation, &["número"], end);
        }
        if let Some((before, end)) = era(line, i) {
            let words = if before {
                "antes de cristo"
            } else {
                "depois de cristo"
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
        if let Some((groups, end)) = local_telephone(line, i) {
            return found(Semiotic::Telephone, &[&self.telephone(&groups)], end);
        }
        if let Some(n) = lonely_roman(line, i) {
            let words = self.base.ordinal(&n.to_string(), NumberForm::default());
            return found(Semiotic::Roman, &[&words], 1);
        }
        if line.is_figure(i)
            && let Some(written) = date_in_words(line, i, self, &["de", "do"])
        {
            let words = self.date(&written.date);
            return Some(Expression::new(Semiotic::Date, words, written.end));
        }
        let before = line.before(i).to_lowercase();
        if matches!(before.as_str(), "século" | "séculos") {
            let n = low_roman(line, i, true);
            if let Some(n) = n {
                let words = self.roman(line, i, n, true);
                return found(Semiotic::Roman, &[&words], i + 1);
            }
        }
        if matches!(before.as_str(), "ext" | "ramal")
            || before == "." && i > 1 && line.low(i - 2) == "ext"
        {
            let digits = line.text(i);
            if line.is_figure(i) && digits.len() < 6 {
                let words = self.base.one_by_one(digits);
                return found(Semiotic::Telephone, &[&words], i + 1);
            }
        }
        let hour_before = matches!(before.as_str(), "às" | "as" | "das" | "até" | "pelas");
        let alone = i == 0 && line.text(2).len() == 2;
        if let Some((found_time, end)) = time(line, i, self, hour_before || alone) {
            return Some(Expression::new(Semiotic::Time, self.time(&found_time), end));
        }
        self.fraction_with_unit(line, i)
    }

    fn marked_ordinal(&self, digits: &str, mark: &str) -> String {
        let form = match mark {
            "ª" | "a" | "as" | "ªs" => FEMININE,
            _ => NumberForm::default(),
        };
        self.base.ordinal(digits, form)
    }

    fn is_roman(&self, line: &WrittenLine, i: usize, _n: u32) -> Option<bool> {
        is_roman(line, i, &self.base.tables)
    }

    fn roman(&self, line: &WrittenLine, i: usize, n: u32, ordered: bool) -> String {
        let before = line.before(i).to_lowercase();
        let feminine = before.ends_with('a') && before != "papa" || before == "isabel";
        let form = match feminine {
            true => FEMININE,
            false => NumberForm::default(),
        };
        // Ordinals up to ten are said of rulers, popes and centuries.
        match ordered && n <= 10 {
            true => self.base.ordinal(&n.to_string(), form),
            false => self.base.cardinal(&n.to_string(), NumberForm::default()),
        }
    }

    fn decimals(&self, digits: &str) -> String {
        self.base.one_by_one(digits).replace(',', "")
    }

    fn time(&self, time: &ClockTime) -> String {
        let hour = match time.hour {
            0 => "zero".to_string(),
            hour => self.base.cardinal(&hour.to_string(), FEMININE),
        };
        let hours = if time.hour == 1 { "hora" } else { "horas" };
        let and = self.base.whole;
        let minute = match (time.minute, time.second) {
            (Some(minute), Some(second)) => {
                let minutes = if minute == 1 { "minuto" } else { "minutos" };
                let seconds = if second == 1 { "segundo" } else { "segundos" };
                join(&[
                    and,
                    &self.plain(minute),
                    minutes,
                    and,
                    &self.plain(second),
                    seconds,
                ])
            }
            (None | Some(0), _) => String::new(),
            (Some(minute), _) => join(&[and, &self.plain(minute)]),
        };
        let half = match (time.half, time.hour) {
            (None, _) => "",
            (Some(DayHalf::Afternoon), 7..=11) => "da noite",
            (Some(DayHalf::Afternoon), _) => "da tarde",
            (Some(DayHalf::Morning), _) => "da manhã",
        };
        join(&[&hour, hours, &minute, half, &time.zone])
    }

    fn date(&self, date: &CalendarDate) -> String {
        let month = date
            .month
            .map_or("", |m| self.base.tables.months[usize::from(m) - 1]);
        let day = match date.day {
            None => String::new(),
            Some(1) => self.base.ordinal("1", NumberForm::default()),
            Some(day) => self.plain(day),
        };
        let year = date.year.as_deref().map_or(String::new(), |y| self.year(y));
        let of = |after: bool| if after { "de" } else { "" };
        join(&[
            &day,
            of(!day.is_empty()),
            month,
            of(!year.is_empty()),
            &year,
        ])
    }

    /// A number above one counts a plural.
    fn gender_with(&self, number: &WrittenNumber, noun: &str) -> Option<Gender> {
        let counts = number.is_one() || noun.ends_with('s') || matches!(noun, "mil" | "mi");
        match counts {
            true => self.gender_of(noun),
            false => Some(Gender::Neuter),
        }
    }

    fn gender_of(&self, noun: &str) -> Option<Gender> {
        let is = |list: &str| self.base.list(list, noun);
        let feminine = noun.ends_with('a')
            || noun.ends_with("as")
            || noun.ends_with("ção")
            || noun.ends_with("ções")
            || noun.ends_with("dade")
            || noun.ends_with("dades")
            || is("feminine");
        Some(match noun {
            "" => Gender::Neuter,
            _ if is("function") || !noun.starts_with(char::is_alphabetic) => Gender::Neuter,
            _ if feminine && !is("masculine") => Gender::Feminine,
            _ => Gender::Masculine,
        })
    }

    fn code_word(&self, word: &str) -> String {
        let word = &*word.to_lowercase();
        match self.base.list("servers", word) {
            true => word.to_string(),
            false => self.base.letters(word),
        }
    }
}

//! What only Portuguese says in its own way.

use super::language::{Grammar, join};
use super::romance::{clock, date_in_words, found, is_roman, low_roman, mixed};
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
    eras: Some(["antes de cristo", "depois de cristo"]),
};

pub struct Portuguese {
    pub base: TextGrammar,
}

impl Portuguese {
    fn fraction_with_unit(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        let m = mixed(line, i, self)?;
        let gender = m.unit.as_ref().map_or(Gender::Masculine, |u| u.gender);
        let said = FractionWords::of(&self.base, &m, gender);
        let part = match (said.is_half, gender, &m.unit) {
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
            Some(unit) if said.is_half && !one => (unit.many.as_ref(), ""),
            Some(unit) => (unit.one.as_ref(), if said.is_half { "" } else { "de" }),
            None => ("", ""),
        };
        found(
            said.class,
            &[said.minus, &said.whole, said.joint, &part, of, unit],
            m.end,
        )
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
        if let Some(read) = signs(line, i, self, &SIGNS) {
            return Some(read);
        }
        if let Some((groups, end)) = local_telephone(line, i) {
            return found(Semiotic::Telephone, &[&self.telephone(&groups)], end);
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
        // "de 6/6 h": a dose every six hours.
        let digits = line.text(i);
        let repeated = line.is_figure(i) && line.joined(i + 1) == '/' && line.text(i + 2) == digits;
        if repeated && before == "de" && line.low(i + 3) == "h" {
            let said = self.base.cardinal(digits, FEMININE);
            return found(Semiotic::Time, &[&said, "em", &said, "horas"], i + 4);
        }
        // "em 12x": instalments.
        let sign = line.text(i + 1) == "x" && !line.gap(i + 1) && !line.glued_right(i + 2);
        if line.is_figure(i) && sign && !line.glued_left(i) {
            let said = self.base.cardinal(digits, FEMININE);
            let noun = if digits == "1" { "vez" } else { "vezes" };
            return found(Semiotic::Cardinal, &[&said, noun], i + 2);
        }
        if let Some(time) = clock(line, i, self, hour_before || alone) {
            return Some(time);
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
        let feminine = before.ends_with('a') && before != "papa"
            || before == "isabel"
            || self.base.list("feminine-after", &line.low(i + 1));
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

    fn by(&self) -> &'static str {
        "por"
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
                    &self.base.plain(minute),
                    minutes,
                    and,
                    &self.base.plain(second),
                    seconds,
                ])
            }
            (None | Some(0), _) => String::new(),
            (Some(minute), _) => join(&[and, &self.base.plain(minute)]),
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
        romance_words::date(
            self,
            date,
            &self.base.ordinal("1", NumberForm::default()),
            "de",
        )
    }

    fn gender_with(&self, number: &WrittenNumber, noun: &str) -> Option<Gender> {
        gender_of_plural(self, number, noun)
    }

    fn gender_of(&self, noun: &str) -> Option<Gender> {
        Some(gender_by_ending(
            &self.base,
            noun,
            &["a", "as", "ção", "ções", "dade", "dades"],
        ))
    }

    fn code_word(&self, word: &str) -> String {
        self.base.code_word(word)
    }
}

//! What only French says in its own way.

use super::language::{Grammar, join};
use super::recognise::romans;
use super::romance::{clock, date_in_words, era, figure, found, is_roman, mixed};
use super::romance_words::{self, FEMININE, FractionWords, SignWords, signs};
use super::semiotic::{Expression, Semiotic};
use super::text_base::answered_by_base;
use super::text_grammar::TextGrammar;
use super::token::WrittenLine;
use super::values::{
    CalendarDate, ClockTime, CountedNoun, DayHalf, Gender, MoneyAmount, NumberForm, WrittenNumber,
};

const SIGNS: SignWords = SignWords {
    number: "numéro",
    eras: None,
};

pub struct French {
    pub base: TextGrammar,
}

impl French {
    fn fraction_with_unit(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        let m = mixed(line, i, self)?;
        let gender = m.unit.as_ref().map_or(Gender::Neuter, |u| u.gender);
        let said = FractionWords::of(&self.base, &m, gender);
        let part = match said.is_half && m.whole.is_some() {
            true if gender == Gender::Feminine => "demie".to_string(),
            true => "demi".to_string(),
            false => self.fraction(&m.over, &m.under),
        };
        let words = match &m.unit {
            Some(unit) if m.whole.is_some() => {
                let noun = if m.whole == Some("1") {
                    &unit.one
                } else {
                    &unit.many
                };
                join(&[said.minus, &said.whole, noun, said.joint, &part])
            }
            Some(unit) => join(&[said.minus, &part, "de", &unit.one]),
            None => join(&[said.minus, &said.whole, said.joint, &part]),
        };
        found(said.class, &[&words], m.end)
    }

    /// Reads "17.06" and "les 17-18-19 mars".
    fn days(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        let tables = &self.base.tables;
        if line.glued_left(i) || ".,/-:".contains(line.joined(i.wrapping_sub(1))) && i > 0 {
            return None;
        }
        let day = figure(line, i, 1..=2, 31)?;
        let sign = line.joined(i + 1);
        if sign == '.'
            && line.text(i).len() == 2
            && let Some(month) = figure(line, i + 2, 2..=2, 12).filter(|m| *m > 0 && day > 0)
            && !line.gap(i + 2)
            && line.gap(i + 3)
        {
            let date = CalendarDate {
                day: Some(day as u8),
                month: Some(month as u8),
                day_first: true,
                figures: true,
                ..CalendarDate::default()
            };
            return found(Semiotic::Date, &[&self.date(&date)], i + 3);
        }
        if !matches!(sign, '/' | '-') {
            return None;
        }
        let mut days = vec![day];
        let mut end = i + 1;
        while line.joined(end) == sign && !line.gap(end + 1) {
            days.push(figure(line, end + 1, 1..=2, 31)?);
            end += 2;
        }
        let month = tables.month(&line.low(end)).filter(|_| line.gap(end))?;
        let last = days.pop().map(|d| d as u8);
        let first: Vec<String> = days.iter().map(|d| self.base.plain(*d as u8)).collect();
        let year = figure(line, end + 1, 4..=4, 2200).filter(|_| line.gap(end + 1));
        let date = CalendarDate {
            day: last,
            month: Some(month),
            year: year.map(|y| y.to_string()),
            day_first: true,
            figures: false,
        };
        let joint = if days.len() == 1 && sign == '-' {
            tables.to
        } else {
            ""
        };
        let end = end + 1 + usize::from(year.is_some());
        found(
            Semiotic::Date,
            &[&first.join(" "), joint, &self.date(&date)],
            end,
        )
    }

    /// Reads "24h/24" and "7j/7".
    fn around_the_clock(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        let noun = match line.text(i + 1) {
            "h" | "H" => "heures",
            "j" | "J" => "jours",
            _ => return None,
        };
        let digits = line.text(i);
        let tight = (i + 1..i + 4).all(|k| !line.gap(k));
        let same = line.sign(i + 2) == '/' && line.text(i + 3) == digits;
        let said = self.base.cardinal(digits, NumberForm::default());
        (line.is_figure(i) && tight && same && !line.glued_left(i))
            .then(|| found(Semiotic::Time, &[&said, noun, "sur", &said], i + 4))
            .flatten()
    }

    /// Reads "1m80".
    fn metres(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        let tight = !line.gap(i + 1) && !line.gap(i + 2) && !line.glued_left(i);
        let written = line.text(i + 1) == "m" && line.is_figure(i + 2) && line.is_figure(i);
        if !tight || !written || line.text(i + 2).len() != 2 || line.glued_right(i + 3) {
            return None;
        }
        let said = |digits| self.base.cardinal(digits, NumberForm::default());
        let noun = if line.text(i) == "1" {
            "mètre"
        } else {
            "mètres"
        };
        let words = [&said(line.text(i)), noun, &said(line.text(i + 2))];
        found(Semiotic::Measure, &words, i + 3)
    }

    /// Reads "XIXe", "Ier" and "IIème".
    fn marked_roman(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        let word = line.text(i);
        let capitals = word.chars().take_while(|c| "IVXLCDM".contains(*c)).count();
        let (numeral, mark) = word.split_at(capitals);
        // A single C, D, L or M with an "e" is a word.
        let written = numeral.len() > 1 || matches!(numeral, "I" | "V" | "X");
        let marked = written && self.base.tables.ordinal_marks.contains(&mark);
        let n = romans::value(numeral).filter(|_| marked)?;
        let words = self.marked_ordinal(&n.to_string(), mark);
        found(Semiotic::Roman, &[&words], i + 1)
    }
}

impl Grammar for French {
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
        if let Some((_, end)) = era(line, i).filter(|_| line.text(i) == "J") {
            return found(Semiotic::Abbreviation, &["jésus christ"], end);
        }
        // "av. J.-C."
        if matches!(line.low(i).as_str(), "av" | "apr" | "ap")
            && line.joined(i + 1) == '.'
            && let Some((_, end)) = era(line, i + 2)
        {
            let word = if line.low(i) == "av" {
                "avant"
            } else {
                "après"
            };
            return found(Semiotic::Abbreviation, &[word, "jésus christ"], end);
        }
        if let Some(read) = signs(line, i, self, &SIGNS) {
            return Some(read);
        }
        // "St-Denis", "Ste-Anne"
        let saint = match line.text(i) {
            "St" => "saint",
            "Ste" => "sainte",
            _ => "",
        };
        if !saint.is_empty() && line.joined(i + 1) == '-' && line.capital(i + 2) {
            return found(Semiotic::Abbreviation, &[saint], i + 2);
        }
        if line.is_word(i) && line.text(i).starts_with(|c| "IVXLCDM".contains(c)) {
            return self.marked_roman(line, i);
        }
        if !line.is_figure(i) && line.sign(i) != '-' {
            return None;
        }
        if let Some(written) = date_in_words(line, i, self, &["de"]) {
            let words = self.date(&written.date);
            return Some(Expression::new(Semiotic::Date, words, written.end));
        }
        // "6°" is a sixth where no scale of temperature follows.
        let scale = matches!(line.text(i + 2), "C" | "F" | "K" | "c" | "f") && !line.gap(i + 2);
        if line.is_figure(i)
            && line.joined(i + 1) == '°'
            && !scale
            && !line.glued_left(i)
            && i + 2 >= line.len()
        {
            let words = self.base.ordinal(line.text(i), NumberForm::default());
            return found(Semiotic::Ordinal, &[&words], i + 2);
        }
        if let Some(found) = self.days(line, i) {
            return Some(found);
        }
        self.around_the_clock(line, i)
            .or_else(|| clock(line, i, self, false))
            .or_else(|| self.metres(line, i))
            .or_else(|| self.fraction_with_unit(line, i))
    }

    fn by(&self) -> &'static str {
        "sur"
    }

    fn decimals(&self, digits: &str) -> String {
        self.base.part_as_number(digits)
    }

    /// Numbers below two take the singular: "1,5 million".
    fn takes_singular(&self, number: &WrittenNumber) -> bool {
        matches!(number.whole.trim_start_matches('0'), "" | "1")
    }

    fn marked_ordinal(&self, digits: &str, mark: &str) -> String {
        let form = match mark {
            "re" | "ère" | "ere" | "nde" => FEMININE,
            _ => NumberForm::default(),
        };
        match mark {
            "nd" if digits == "2" => "second".to_string(),
            "nde" if digits == "2" => "seconde".to_string(),
            "ers" => self.base.ordinal(digits, form) + "s",
            _ => self.base.ordinal(digits, form),
        }
    }

    fn is_roman(&self, line: &WrittenLine, i: usize, _n: u32) -> Option<bool> {
        is_roman(line, i, &self.base.tables)
    }

    fn roman(&self, line: &WrittenLine, i: usize, n: u32, ordered: bool) -> String {
        let before = line.before(i).to_lowercase();
        let after = line.low(i + 1);
        let named = |words: &[&str], word: &str| words.contains(&word);
        if named(self.base.tables.roman_after, &after) {
            let feminine = matches!(after.as_str(), "république" | "dynastie" | "législature");
            let form = if feminine {
                FEMININE
            } else {
                NumberForm::default()
            };
            return self.base.ordinal(&n.to_string(), form);
        }
        let form = match before.as_str() {
            "élisabeth" | "elisabeth" | "catherine" | "marie" | "margrethe" | "reine" => FEMININE,
            _ => NumberForm::default(),
        };
        match ordered && n == 1 {
            true => self.base.ordinal("1", form),
            false => self.base.cardinal(&n.to_string(), NumberForm::default()),
        }
    }

    fn telephone(&self, groups: &[&str]) -> String {
        // By twos, as the groups are written; a country's code and a single digit stay whole.
        let said: Vec<String> = groups
            .iter()
            .map(|group| match group.len() {
                1..=3 if !group.starts_with('0') => {
                    self.base.cardinal(group, NumberForm::default())
                }
                len => {
                    let odd = len % 2;
                    let (first, rest) = group.split_at(odd);
                    let pairs = (0..rest.len()).step_by(2).map(|k| &rest[k..k + 2]);
                    let parts: Vec<String> = std::iter::once(first)
                        .filter(|f| !f.is_empty())
                        .chain(pairs)
                        .map(|pair| self.base.cardinal(pair, NumberForm::default()))
                        .collect();
                    parts.join(", ")
                }
            })
            .collect();
        said.join(", ")
    }

    fn money(&self, money: &MoneyAmount) -> String {
        let unit = &money.currency.unit;
        let from = &money.span.from;
        if let Some(magnitude) = money.magnitude {
            let count = self.span(&money.span, NumberForm::before(magnitude.noun.gender));
            let scale = self.counted(&money.span, &magnitude.noun);
            let vowel = unit.many.starts_with(['a', 'e', 'i', 'o', 'u', 'y']);
            let of = if scale == "mille" {
                ""
            } else if vowel {
                "d'"
            } else {
                "de "
            };
            return join(&[&count, &scale, &format!("{of}{}", unit.many)]);
        }
        let cents = from
            .part
            .as_deref()
            .filter(|p| p.len() <= 2 && money.span.to.is_none());
        let (Some(cents), Some(hundredth)) = (cents, &money.currency.hundredth) else {
            let number = self.span(&money.span, NumberForm::before(unit.gender));
            return join(&[&number, &self.counted(&money.span, unit)]);
        };
        let cents = format!("{cents:0<2}");
        let small = cents.trim_start_matches('0');
        let counted = |digits: &str, noun: &CountedNoun| {
            let words = self.base.cardinal(digits, NumberForm::before(noun.gender));
            let noun = if matches!(digits, "0" | "1") {
                &noun.one
            } else {
                &noun.many
            };
            join(&[&words, noun])
        };
        let sign = if from.negative {
            self.base.tables.minus
        } else {
            ""
        };
        let zero = from.whole.bytes().all(|b| b == b'0');
        match (zero, small) {
            (_, "") => join(&[sign, &counted(&from.whole, unit)]),
            (true, small) => join(&[sign, &counted(small, hundredth)]),
            (false, small) => join(&[
                sign,
                &counted(&from.whole, unit),
                self.base.cents,
                &counted(small, hundredth),
            ]),
        }
    }

    fn time(&self, time: &ClockTime) -> String {
        let hour = match time.hour {
            0 => "zéro".to_string(),
            hour => self.base.cardinal(&hour.to_string(), FEMININE),
        };
        let hours = if time.hour < 2 { "heure" } else { "heures" };
        let minute = match time.minute {
            None | Some(0) => String::new(),
            Some(minute) => self.base.cardinal(&minute.to_string(), FEMININE),
        };
        let second = match time.second.filter(|s| *s > 0) {
            Some(second) => {
                let minutes = if time.minute.unwrap_or(0) < 2 {
                    "minute"
                } else {
                    "minutes"
                };
                let seconds = if second < 2 { "seconde" } else { "secondes" };
                let minute = if minute.is_empty() { "zéro" } else { "" };
                join(&[
                    minute,
                    minutes,
                    &self.base.cardinal(&second.to_string(), FEMININE),
                    seconds,
                ])
            }
            None => String::new(),
        };
        let half = match (time.half, time.hour) {
            (None, _) => "",
            (Some(DayHalf::Afternoon), 6..=11) => "du soir",
            (Some(DayHalf::Afternoon), _) => "de l'après-midi",
            (Some(DayHalf::Morning), _) => "du matin",
        };
        join(&[&hour, hours, &minute, &second, half, &time.zone])
    }

    fn date(&self, date: &CalendarDate) -> String {
        romance_words::date(self, date, "premier", "")
    }

    fn gender_of(&self, noun: &str) -> Option<Gender> {
        Some(
            match self.base.list("feminine", noun)
                || noun.ends_with("tions")
                || noun.ends_with("tion")
            {
                true => Gender::Feminine,
                false => Gender::Neuter,
            },
        )
    }

    fn code_word(&self, word: &str) -> String {
        self.base.code_word(word)
    }
}

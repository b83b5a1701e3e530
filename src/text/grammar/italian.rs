//! What only Italian says in its own way.

use super::language::{Grammar, join};
use super::romance::{clock, date_in_words, found, is_roman, low_roman, mixed};
use super::romance_words::{self, FEMININE, FractionWords, SignWords, gender_by_ending, signs};
use super::semiotic::{Expression, Semiotic};
use super::text_base::answered_by_base;
use super::text_grammar::TextGrammar;
use super::token::WrittenLine;
use super::values::{
    CalendarDate, ClockTime, CountedNoun, DayHalf, Gender, NumberForm, NumberSpan, WrittenNumber,
};

const SIGNS: SignWords = SignWords {
    number: "numero",
    eras: Some(["avanti cristo", "dopo cristo"]),
};

pub struct Italian {
    pub base: TextGrammar,
}

impl Italian {
    fn fraction_with_unit(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        let m = mixed(line, i, self)?;
        let gender = m.unit.as_ref().map_or(Gender::Neuter, |u| u.gender);
        let said = FractionWords::of(&self.base, &m, gender);
        let part = match said.is_half && m.whole.is_some() {
            true => "mezzo".to_string(),
            false => self.fraction(&m.over, &m.under),
        };
        let words = match &m.unit {
            // "due chilometri e mezzo"
            Some(unit) if m.whole.is_some() => {
                let noun = if m.whole == Some("1") {
                    &unit.one
                } else {
                    &unit.many
                };
                [said.minus, &said.whole, noun, said.joint, &part].join(" ")
            }
            Some(unit) => join(&[said.minus, &part, "di", &unit.one]),
            None => join(&[said.minus, &said.whole, said.joint, &part]),
        };
        found(said.class, &[words.trim()], m.end)
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
        if let Some(read) = signs(line, i, self, &SIGNS) {
            return Some(read);
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
        if let Some(time) = clock(line, i, self, hour_before) {
            return Some(time);
        }
        // "333 1234567": a mobile telephone.
        let mobile = line.text(i).len() == 3 && line.text(i).starts_with('3') && line.gap(i);
        let rest = line.is_figure(i + 1) && matches!(line.text(i + 1).len(), 6 | 7);
        if mobile && rest && line.is_figure(i) && line.gap(i + 1) && !line.glued_right(i + 2) {
            let words = self.telephone(&[line.text(i), line.text(i + 1)]);
            return found(Semiotic::Telephone, &[&words], i + 2);
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
            hour => self.base.plain(hour),
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
                1 => return "un'ora".into(),
                _ => "ore".to_string(),
            },
            None | Some(0) => String::new(),
            Some(30) if time.hour <= 12 => "e mezza".to_string(),
            Some(30) => "e trenta".to_string(),
            Some(1) => "e un minuto".to_string(),
            Some(minute) => format!("e {} minuti", self.base.plain(minute)),
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
        romance_words::date(self, date, "primo", "")
    }

    /// Only one has a gender.
    fn gender_with(&self, number: &WrittenNumber, noun: &str) -> Option<Gender> {
        match number.is_one() {
            true => self.gender_of(noun),
            false => Some(Gender::Neuter),
        }
    }

    /// "Uno" and "un'" before the words that take them: "uno studente", "un'ora".
    fn settled(&self, line: &WrittenLine, i: usize, words: String) -> String {
        let noun = line.low(i + 1);
        if line.text(i) != "1" || !line.gap(i + 1) {
            return words;
        }
        let mut letters = noun.chars();
        let (first, second) = (letters.next().unwrap_or(' '), letters.next().unwrap_or(' '));
        let vowel = |c: char| "aeiouàèéìòù".contains(c);
        let hard = first == 's' && !vowel(second)
            || matches!(first, 'z' | 'x' | 'y')
            || ["gn", "ps", "pn"]
                .iter()
                .any(|start| noun.starts_with(start));
        match words.as_str() {
            "un" if hard => "uno".into(),
            "una" if vowel(first) => "un'".into(),
            _ => words,
        }
    }

    fn gender_of(&self, noun: &str) -> Option<Gender> {
        Some(gender_by_ending(&self.base, noun, &["a", "ione", "tà"]))
    }

    fn code_word(&self, word: &str) -> String {
        self.base.code_word(word)
    }
}

//! The grammar of English.
//!
//! Owns how English puts values into words. `words` judges capitals, `own` reads what only English writes.

mod abbreviations;
mod amounts;
mod calendar;
mod calls;
mod codes;
mod currencies;
mod lengths;
pub(crate) mod numbers;
mod own;
mod places;
mod scores;
mod short_words;
mod tables;
mod units;
mod word_classes;
mod words;

use crate::Accent;
use crate::grammar::language::{Grammar, join};
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::tables::GrammarTables;
use crate::grammar::token::WrittenLine;
use crate::grammar::values::{
    CalendarDate, ClockTime, CountedNoun, DayHalf, MoneyAmount, NumberForm, NumberSpan,
    WrittenNumber,
};
use crate::normalization::markup::bare;
use crate::normalization::numbers::{one_by_one, plural, two, year};
use crate::normalization::unicode::fold_keeping;
use crate::segmentation::{is_starter, sentences};
use word_classes::{DETERMINERS, FUNCTION, PRICED};

/// What the grammar asks the lexicon.
pub trait WordList: Sync {
    /// Whether `word`, in lower case, has a pronunciation as a word.
    fn is_known(&self, word: &str) -> bool;

    /// Whether `word`, in capitals, is an acronym that is said as a word or in a way of its own.
    fn is_acronym(&self, word: &str) -> bool;

    /// Whether `word`, with its accents, has a pronunciation that the word without them has not.
    fn has_accents(&self, word: &str) -> bool;
}

/// English of one accent.
pub struct EnglishGrammar<'a> {
    pub accent: Accent,
    pub words: &'a dyn WordList,
}

impl<'a> EnglishGrammar<'a> {
    /// Returns the words of `text` with marks, and the expressions that were found; sentence by sentence.
    pub fn read(&self, text: &str) -> (String, Vec<(Semiotic, String)>) {
        let text = bare(text);
        let (mut out, mut found) = (String::new(), Vec::new());
        for sentence in sentences(&text) {
            let chars = fold_keeping(&text[sentence.range], &|word| self.words.has_accents(word));
            let line = WrittenLine::of(&chars, &|_| false);
            let (words, more) = crate::grammar::read(&line, self);
            if !out.is_empty() && !words.is_empty() {
                out.push(' ');
            }
            out.push_str(&words);
            found.extend(more);
        }
        (out, found)
    }

    fn is_function(&self, word: &str) -> bool {
        FUNCTION.contains(&word)
    }

    fn is_determiner(&self, word: &str) -> bool {
        DETERMINERS.contains(&word.to_lowercase().as_str())
    }

    /// Whether `word`, in lower case, looks like the plural of a noun.
    fn is_plural(&self, word: &str) -> bool {
        const OTHERS: [&str; 14] = [
            "was", "is", "has", "this", "its", "his", "plus", "across", "versus", "less", "always",
            "does", "vs", "as",
        ];
        let single = ["ss", "us", "is"].iter().any(|end| word.ends_with(end)); // "census"
        word.len() > 3 && word.ends_with('s') && !single && !OTHERS.contains(&word)
    }

    /// Returns an unknown word as the two known words that it is made of: "enterpriseservices".
    fn parted(&self, word: &str) -> Option<String> {
        const PART_MIN: usize = 5;
        if word.len() < 2 * PART_MIN || !word.is_ascii() || self.words.is_known(word) {
            return None;
        }
        let known = |part: &str| self.words.is_known(part);
        let at = (PART_MIN..=word.len() - PART_MIN)
            .rev()
            .find(|&at| known(&word[..at]) && known(&word[at..]))?;
        Some(join(&[&word[..at], &word[at..]]))
    }

    fn plain(&self, digits: &str) -> String {
        numbers::whole(digits, self.accent)
    }
}

impl Grammar for EnglishGrammar<'_> {
    fn tables(&self) -> &GrammarTables {
        match self.accent {
            Accent::American => &tables::AMERICAN,
            Accent::British => &tables::BRITISH,
        }
    }

    fn own(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        own::read(self, line, i)
    }

    fn word(&self, line: &WrittenLine, i: usize) -> String {
        let word = self.word_at(line, i).replace('µ', "micro");
        if word.is_ascii() || self.words.has_accents(&word) {
            return word;
        }
        // Letters of scripts that English cannot read are not said.
        word.chars().filter(char::is_ascii).collect()
    }

    fn cardinal(&self, digits: &str, _form: NumberForm) -> String {
        self.plain(digits)
    }

    fn names(&self, number: &WrittenNumber) -> bool {
        const COUNTED_DIGITS_MAX: usize = 8;
        let digits = number.whole.as_str();
        number.is_plain() && digits.len() > COUNTED_DIGITS_MAX && !digits.ends_with("000")
    }

    fn ordinal(&self, digits: &str, _form: NumberForm) -> String {
        numbers::ordinal(digits, self.accent)
    }

    fn takes_mark(&self, digits: &str, mark: &str) -> bool {
        let teen = digits.len() > 1 && digits[..digits.len() - 1].ends_with('1');
        let own = match digits.chars().last() {
            Some('1') if !teen => "st",
            Some('2') if !teen => "nd",
            Some('3') if !teen => "rd",
            _ => "th",
        };
        own == mark
    }

    fn one_by_one(&self, digits: &str) -> String {
        one_by_one(digits)
    }

    fn year(&self, digits: &str) -> String {
        year(digits, self.accent)
    }

    fn is_year(&self, line: &WrittenLine, i: usize, number: &WrittenNumber) -> bool {
        self.plausible_year(line, i, number)
    }

    /// Returns "one half", "three quarters", "two thirds"; "over" where the number is no part of a whole.
    fn fraction(&self, over: &str, under: &str) -> String {
        let part = match under {
            "1" => return join(&[&self.plain(over), "over", "one"]),
            "2" => "half".to_string(),
            "4" => "quarter".to_string(),
            under => numbers::ordinal(under, self.accent),
        };
        let (n, d): (u32, u32) = (over.parse().unwrap_or(0), under.parse().unwrap_or(0));
        let count = self.plain(over);
        match n {
            1 => join(&[&count, &part]),
            _ if n > d && (d > 12 || n > 20) => join(&[&count, "over", &self.plain(under)]),
            _ if part == "half" => join(&[&count, "halves"]),
            _ => join(&[&count, &plural(&part)]),
        }
    }

    fn fraction_measure(&self, whole: Option<&str>, fraction: &str, unit: &CountedNoun) -> String {
        let article =
            if unit.one.starts_with(['a', 'e', 'i', 'o', 'u', 'h']) && unit.one != "hectare" {
                "an"
            } else {
                "a"
            };
        match whole {
            Some(whole) => join(&[whole, "and", fraction, &unit.many]),
            None => join(&[fraction, "of", article, &unit.one]),
        }
    }

    fn time(&self, time: &ClockTime) -> String {
        let count = |n: u8, one: &str, many: &str| {
            join(&[&self.plain(&n.to_string()), if n == 1 { one } else { many }])
        };
        let half = match time.half {
            Some(DayHalf::Morning) => "AM",
            Some(DayHalf::Afternoon) => "PM",
            None => "",
        };
        if let (Some(minute), Some(second)) = (time.minute, time.second) {
            return join(&[
                &count(time.hour, "hour", "hours"),
                &count(minute, "minute", "minutes"),
                "and",
                &count(second, "second", "seconds"),
                half,
                &time.zone,
            ]);
        }
        let minute = match time.minute {
            Some(0) | None if time.half.is_some() => String::new(),
            Some(0) if (1..=12).contains(&time.hour) => "o'clock".to_string(),
            Some(0) if time.hour == 0 => "hundred hours".to_string(),
            Some(0) => "hundred".to_string(),
            Some(minute) => two(&format!("{minute:02}")),
            None => String::new(),
        };
        join(&[
            &self.plain(&time.hour.to_string()),
            &minute,
            half,
            &time.zone,
        ])
    }

    fn date(&self, date: &CalendarDate) -> String {
        let month = date
            .month
            .map_or("", |m| tables::MONTHS[usize::from(m) - 1]);
        let day = date.day.map_or(String::new(), |d| {
            numbers::ordinal(&d.to_string(), self.accent)
        });
        let year = date
            .year
            .as_deref()
            .map_or(String::new(), |y| match y.len() {
                2 if y < "50" => year(&format!("20{y}"), self.accent),
                2 => year(&format!("19{y}"), self.accent),
                _ => year(y, self.accent),
            });
        let day_first = date.day_first || date.figures && self.accent == Accent::British;
        let words = match (day.is_empty(), day_first) {
            (true, _) => month.to_string(),
            (false, true) => format!("the {day} of {month}"),
            (false, false) => format!("{month} {day}"),
        };
        let link = if year.is_empty() || day.is_empty() {
            ""
        } else {
            ","
        };
        join(&[&format!("{words}{link}"), &year])
    }

    fn money(&self, money: &MoneyAmount) -> String {
        amounts::money(self, money)
    }

    fn measure(&self, span: &NumberSpan, unit: &CountedNoun, attributive: bool) -> String {
        let count = self.span(span, NumberForm::default());
        match attributive {
            true => join(&[&count, &unit.one]),
            false => join(&[&count, &self.counted(span, unit)]),
        }
    }

    fn by(&self) -> &'static str {
        "by"
    }

    fn is_per(&self, word: &str) -> bool {
        const COUNTED: [&str; 14] = [
            "day", "week", "month", "year", "hour", "minute", "second", "night", "person", "item",
            "unit", "piece", "mile", "user",
        ];
        COUNTED.contains(&word)
    }

    fn is_attributive(&self, line: &WrittenLine, start: usize, end: usize) -> bool {
        let next = line.low(end);
        if !line.is_word(end) || !line.gap(end) || line.capital(end) || self.is_function(&next) {
            return false;
        }
        PRICED.contains(&next.as_str())
            || self.is_determiner(line.before(start)) && !next.ends_with("ly")
    }

    fn settled(&self, line: &WrittenLine, i: usize, words: String) -> String {
        let words = words.replace("and one half", "and a half");
        match words.strip_prefix("the ") {
            Some(rest) if line.before(i).eq_ignore_ascii_case("the") => rest.to_string(),
            _ => words,
        }
    }

    fn telephone(&self, groups: &[&str]) -> String {
        let first = groups.first().copied().unwrap_or_default();
        let digits: String = groups.concat();
        // A number of North America without marks.
        let split;
        let groups = if groups.len() == 1 && digits.len() == 11 && digits.starts_with('1') {
            split = vec![&digits[..1], &digits[1..4], &digits[4..7], &digits[7..]];
            &split[..]
        } else if groups.len() == 1 && digits.len() == 10 {
            split = vec![&digits[..3], &digits[3..6], &digits[6..]];
            &split[..]
        } else {
            groups
        };
        let said: Vec<String> = groups
            .iter()
            .enumerate()
            .map(|(k, group)| match *group {
                "800" | "900" if k < 2 && first.len() < 4 => self.plain(group),
                group => one_by_one(group),
            })
            .collect();
        said.join(", ")
    }

    fn code(&self, digits: &str) -> String {
        match digits.len() {
            1..=2 if !digits.starts_with('0') => self.plain(digits),
            3..=4 if !digits.starts_with('0') => self.in_pairs(digits),
            _ => one_by_one(digits).replace(',', ""),
        }
    }

    fn letters(&self, word: &str) -> String {
        let ascii = word.chars().filter(char::is_ascii_alphabetic);
        let letters = ascii.collect::<String>().to_uppercase();
        if self.words.is_acronym(&letters) && letters.len() < 5 {
            let letters: Vec<String> = letters.chars().map(String::from).collect();
            return letters.join(" ");
        }
        letters
    }

    fn code_word(&self, word: &str) -> String {
        if !word.is_ascii() {
            return self.letters(word);
        }
        let low = word.to_lowercase();
        if let Some(words) = self.parted(&low) {
            return words;
        }
        match low.as_str() {
            "com" | "org" | "net" | "edu" | "gov" | "info" | "co" if word == low => low,
            "jpg" | "jpeg" => "jpeg".into(),
            _ if low.len() > 3
                && (self.words.is_known(&low)
                    || crate::g2p::letter_to_sound::pronounceable(&low)) =>
            {
                words::untangled(word)
            }
            _ if low.len() == 3 && word == low && self.words.is_known(&low) => low,
            _ => self.letters(word),
        }
    }

    fn power(&self, negative: bool, exponent: &str) -> String {
        let said = match exponent.bytes().all(|b| b.is_ascii_digit()) {
            true => self.plain(exponent),
            false => self.letters(exponent),
        };
        match (negative, exponent) {
            (false, "2") => "squared".into(),
            (false, "3") => "cubed".into(),
            (true, _) => join(&["to the", "minus", &said]),
            (false, _) => join(&["to the power of", &said]),
        }
    }

    fn ratio(&self, from: &str, to: &str) -> String {
        let by = matches!(
            (from, to),
            ("16", "9") | ("4", "3") | ("21", "9") | ("16", "10") | ("9", "16")
        );
        join(&[
            &self.plain(from),
            if by { "by" } else { "to" },
            &self.plain(to),
        ])
    }

    fn roman(&self, line: &WrittenLine, i: usize, n: u32, ordered: bool) -> String {
        match ordered {
            true if tables::CENTURIES.contains(&line.low(i + 1).as_str()) => {
                numbers::ordinal(&n.to_string(), self.accent)
            }
            true => format!("the {}", numbers::ordinal(&n.to_string(), self.accent)),
            false if n >= 1000 => year(&n.to_string(), self.accent),
            false => self.plain(&n.to_string()),
        }
    }

    fn is_roman(&self, line: &WrittenLine, i: usize, n: u32) -> Option<bool> {
        tables::roman_by_context(line, i, n)
    }

    /// Whether both words are long: "upgrade slash update", but "he she" and "and or".
    fn says_slash(&self, before: &str, after: &str) -> bool {
        before.len() > 3 && after.len() > 3
    }

    fn starts_sentence(&self, word: &str) -> bool {
        is_starter(word)
    }

    fn is_common_word(&self, word: &str) -> bool {
        matches!(word, "sat" | "sun" | "wed" | "mon")
    }
}

#[cfg(test)]
mod tests;

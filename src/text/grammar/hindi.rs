//! What only Hindi says in its own way: quarters and halves, years by hundreds, addresses digit by digit, ordinals that
//! are written with their ending.

use super::language::{Grammar, join};
use super::romance::{figure, found};
use super::semiotic::{Expression, Semiotic};
use super::text_base::answered_by_base;
use super::text_grammar::TextGrammar;
use super::token::WrittenLine;
use super::values::{
    CalendarDate, ClockTime, CountedNoun, DayHalf, MoneyAmount, NumberForm, NumberSpan,
    WrittenNumber,
};

pub struct Hindi {
    pub base: TextGrammar,
}

/// English ordinals from the first on, as Hindi spells them.
#[rustfmt::skip]
const ENGLISH_ORDINALS: [&str; 20] = [
    "फ़र्स्ट", "सेकंड", "थर्ड", "फ़ोर्थ", "फ़िफ्थ", "सिक्स्थ", "सेवंथ", "एटथ", "नाइंथ", "टेंथ", "इलेवंथ", "ट्वेल्फ्थ",
    "थर्टींथ", "फोर्टींथ", "फिफ्टींथ", "सिक्स्टींथ", "सेवंटींथ", "एटींथ", "नाइंटींथ", "ट्वेंटिएथ",
];
/// Ordinals that are not their cardinal with an ending: what comes before the ending's last sign.
const STEMS: [(&str, &str); 5] = [
    ("1", "पहल"),
    ("2", "दूसर"),
    ("3", "तीसर"),
    ("4", "चौथ"),
    ("6", "छठ"),
];

impl Hindi {
    fn whole(&self, digits: &str) -> String {
        self.base.cardinal(digits, NumberForm::default())
    }

    fn plain(&self, n: u8) -> String {
        self.whole(&n.to_string())
    }

    pub(super) fn digits(&self, digits: &str) -> String {
        self.base.one_by_one(digits).replace(',', "")
    }

    /// Returns the words of a whole number and a quarter, a half or three quarters: "डेढ़", "ढाई", "साढ़े तीन".
    fn quarters(&self, whole: &str, over: &str, under: &str) -> Option<String> {
        let n: u64 = whole.parse().ok()?;
        Some(match (n, over, under) {
            (1, "1", "2") => "डेढ़".into(),
            (2, "1", "2") => "ढाई".into(),
            (0, "1", "2") => "आधा".into(),
            (0, ..) => return None,
            (_, "1", "2") => format!("साढ़े {}", self.whole(whole)),
            (1, "1", "4") => "सवा".into(),
            (_, "1", "4") => format!("सवा {}", self.whole(whole)),
            (_, "3", "4") => format!("पौने {}", self.whole(&(n + 1).to_string())),
            _ => return None,
        })
    }

    fn date_in_figures(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        if line.joined(i + 1) != '-'
            || line.gap(i + 2)
            || line.glued_left(i)
            || line.glued_right(i + 3)
        {
            return None;
        }
        let (a, b) = (
            figure(line, i, 2..=2, 99)?,
            figure(line, i + 2, 2..=4, 9999)?,
        );
        let month = |n: u16| {
            (1..=12)
                .contains(&n)
                .then(|| self.base.tables.months[usize::from(n) - 1])
        };
        if line.joined(i + 3) == '-'
            && let Some(year) = figure(line, i + 4, 4..=4, 2999)
            && !line.gap(i + 4)
            && b > 12
            && b <= 31
        {
            let year = self.year(&year.to_string());
            return found(
                Semiotic::Date,
                &[month(a)?, &self.plain(b as u8), &year],
                i + 5,
            );
        }
        if line.joined(i + 3) == '-' {
            return None;
        }
        // "पृ. 10-12": pages.
        if line.sign(i.wrapping_sub(1)) == '.' {
            return None;
        }
        match line.text(i + 2).len() {
            4 if (1000..2999).contains(&b) => found(
                Semiotic::Date,
                &[month(a)?, &self.year(&b.to_string())],
                i + 3,
            ),
            2 if (1..=31).contains(&a) => {
                found(Semiotic::Date, &[&self.plain(a as u8), month(b)?], i + 3)
            }
            _ => None,
        }
    }

    fn numbers(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        if !line.is_figure(i) || line.glued_left(i) {
            return None;
        }
        let digits = line.text(i);
        let sign = line.joined(i + 1);
        // "1.5 लाख"
        let scales = &self.base.tables.magnitudes;
        if sign == '.'
            && line.text(i + 2) == "5"
            && scales.iter().any(|m| m.written.contains(&line.text(i + 3)))
            && let Some(words) = self.quarters(digits, "1", "2")
        {
            return found(Semiotic::Decimal, &[&words], i + 3);
        }
        let tight = !line.gap(i + 2) && line.is_figure(i + 2);
        // "1920-26 तक"
        if sign == '-'
            && tight
            && digits.len() == 4
            && line.text(i + 2).len() == 2
            && matches!(line.text(i + 3), "तक" | "में" | "के" | "का" | "की")
        {
            let words = [&self.year(digits), "से", &self.whole(line.text(i + 2))];
            return found(Semiotic::Range, &words, i + 3);
        }
        // A mobile telephone in two groups, an area code with a point.
        let five = |k: usize| line.is_figure(k) && line.text(k).len() == 5;
        if five(i) && five(i + 1) && line.gap(i + 1) && digits.starts_with(['6', '7', '8', '9'])
            || sign == '.'
                && tight
                && digits.starts_with('0')
                && digits.len() > 2
                && line.text(i + 2).len() > 5
        {
            let end = if sign == '.' { i + 3 } else { i + 2 };
            let second = self.digits(line.text(end - 1));
            return found(Semiotic::Telephone, &[&self.digits(digits), &second], end);
        }
        // A postal code after the name of a state.
        if digits.len() == 6 && self.base.list("states", line.before(i)) && !line.glued_right(i + 1)
        {
            return found(Semiotic::Address, &[&self.digits(digits)], i + 1);
        }
        // "200x10"
        let sum = line.sign(i + 3) == '=';
        if matches!(line.text(i + 1), "x" | "X" | "×") && !line.gap(i + 1) && tight && !sum {
            let words = [&self.whole(digits), "बाई", &self.whole(line.text(i + 2))];
            return found(Semiotic::Measure, &words, i + 3);
        }
        None
    }

    /// Reads a telephone number with its country's code.
    fn international(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        let short = line.is_figure(i + 1) && line.text(i + 1).len() <= 3;
        if line.sign(i) != '+' || !short || line.gap(i + 1) {
            return None;
        }
        let mut said = vec![
            self.base.tables.plus.to_string(),
            self.digits(line.text(i + 1)),
        ];
        let mut end = i + 2;
        while end < i + 8
            && (line.is_figure(end) || line.sign(end) == '-' && line.is_figure(end + 1))
        {
            if line.is_figure(end) {
                said.push(self.digits(line.text(end)));
            }
            end += 1;
        }
        let total: usize = (i + 1..end).map(|k| line.text(k).len()).sum();
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        (total >= 8)
            .then(|| found(Semiotic::Telephone, &said, end))
            .flatten()
    }

    fn fraction_with_whole(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        let parts = |k: usize| {
            let slash = line.is_figure(k) && line.joined(k + 1) == '/' && line.is_figure(k + 2);
            let more = matches!(line.joined(k + 3), '/' | '-') && line.is_figure(k + 4);
            let fits = slash && !line.gap(k + 2) && !more && !line.glued_right(k + 3);
            fits.then(|| (line.text(k), line.text(k + 2), k + 3))
        };
        if line.glued_left(i) || !line.is_figure(i) {
            return None;
        }
        if line.gap(i + 1)
            && let Some((over, under, end)) = parts(i + 1)
        {
            let whole = line.text(i);
            let words = self.quarters(whole, over, under).unwrap_or_else(|| {
                join(&[
                    &self.whole(whole),
                    self.base.whole,
                    &self.fraction(over, under),
                ])
            });
            return found(Semiotic::Fraction, &[&words], end);
        }
        let (over, under, end) = parts(i)?;
        found(Semiotic::Fraction, &[&self.fraction(over, under)], end)
    }
}

impl Grammar for Hindi {
    answered_by_base!();

    fn fraction(&self, over: &str, under: &str) -> String {
        match (over, under) {
            ("1", "2") => "आधा".into(),
            ("1", "4") => "एक चौथाई".into(),
            ("3", "4") => "तीन चौथाई".into(),
            ("1", "3") => "एक तिहाई".into(),
            ("2", "3") => "दो तिहाई".into(),
            _ => join(&[&self.whole(over), self.base.over, &self.whole(under)]),
        }
    }

    fn own(&self, line: &WrittenLine, i: usize) -> Option<Expression> {
        if let Some(address) = super::web::bare(line, i, self) {
            return Some(address);
        }
        if line.text(i) == "ई" && line.joined(i + 1) == '.' {
            return match line.text(i + 2) {
                "पू" => found(
                    Semiotic::Abbreviation,
                    &["ईसा पूर्व"],
                    i + 3 + usize::from(line.joined(i + 3) == '.'),
                ),
                _ => found(Semiotic::Abbreviation, &["ईस्वी"], i + 2),
            };
        }
        if !line.is_figure(i) {
            return self.international(line, i);
        }
        // "1st" is no stone.
        let mark = line.low(i + 1);
        if matches!(mark.as_str(), "st" | "nd" | "rd" | "th")
            && !line.gap(i + 1)
            && !line.glued_left(i)
        {
            let words = self.marked_ordinal(line.text(i), &mark);
            return found(Semiotic::Ordinal, &[&words], i + 2);
        }
        // "9-5 बजे"
        let hours = line.joined(i + 1) == '-' && line.is_figure(i + 2) && line.text(i + 3) == "बजे";
        if hours && !line.gap(i + 2) && line.text(i).len() < 3 && line.text(i + 2).len() < 3 {
            let words = self.range(&self.whole(line.text(i)), &self.whole(line.text(i + 2)));
            return found(Semiotic::Time, &[&words, "बजे"], i + 4);
        }
        if let Some((time, end)) = super::romance::time(line, i, self, false) {
            // "3:30 बजे": the word for the hour is in the time.
            let hour = usize::from(line.text(end) == "बजे");
            return Some(Expression::new(
                Semiotic::Time,
                self.time(&time),
                end + hour,
            ));
        }
        let in_address = || {
            self.is_address(line)
                .then(|| self.in_address(line, i))
                .flatten()
        };
        self.date_in_figures(line, i)
            .or_else(|| self.numbers(line, i))
            .or_else(in_address)
            .or_else(|| self.fraction_with_whole(line, i))
    }

    fn decimals(&self, digits: &str) -> String {
        self.digits(digits)
    }

    fn telephone(&self, groups: &[&str]) -> String {
        let said: Vec<String> = groups.iter().map(|g| self.digits(g)).collect();
        said.join(" ")
    }

    fn marked_ordinal(&self, digits: &str, mark: &str) -> String {
        if mark.is_ascii() {
            let n: usize = digits.parse().unwrap_or(0);
            let english = n.checked_sub(1).and_then(|n| ENGLISH_ORDINALS.get(n));
            return english
                .map_or_else(|| format!("{}वाँ", self.whole(digits)), |w| (*w).to_string());
        }
        // The vowel sign at the end tells the gender and the number.
        let vowel = mark.chars().find(|c| "ाीे".contains(*c)).unwrap_or('ा');
        match STEMS.iter().find(|(n, _)| *n == digits) {
            Some((_, stem)) if !mark.starts_with('व') => format!("{stem}{vowel}"),
            _ => format!("{}{mark}", self.whole(digits)),
        }
    }

    fn year(&self, digits: &str) -> String {
        match digits.split_at_checked(2) {
            Some((century, rest)) if digits.len() == 4 && !century.ends_with('0') => {
                let rest = match rest.trim_start_matches('0') {
                    "" => String::new(),
                    rest => self.whole(rest),
                };
                join(&[&self.whole(century), "सौ", &rest])
            }
            _ => self.whole(digits),
        }
    }

    fn is_year(&self, line: &WrittenLine, i: usize, number: &WrittenNumber) -> bool {
        let year = |digits: &str| digits.len() == 4 && ("1100".."2200").contains(&digits);
        let four = number.is_plain() && year(&number.whole);
        // "1947-1950"
        let span = line.joined(i + 1) == '-'
            && year(line.text(i))
            && year(line.text(i + 2))
            && line.text(i) < line.text(i + 2);
        four && (span
            || self.base.list("after-year", line.text(i + 1))
            || self.base.list("before-year", line.before(i)))
    }

    /// Halves have words of their own: "डेढ़ लाख रुपए".
    fn money(&self, money: &MoneyAmount) -> String {
        let from = &money.span.from;
        let half = money.span.to.is_none() && from.part.as_deref() == Some("5") && !from.negative;
        if let (true, Some(scale)) = (half, money.magnitude)
            && let Some(count) = self.quarters(&from.whole, "1", "2")
        {
            return join(&[&count, &scale.noun.many, &money.currency.unit.many]);
        }
        self.plain_money(money)
    }

    fn measure(&self, span: &NumberSpan, unit: &CountedNoun, _attributive: bool) -> String {
        let half =
            span.to.is_none() && span.from.part.as_deref() == Some("5") && !span.from.negative;
        let whole = span.from.whole.as_str();
        if half
            && whole != "0"
            && let Some(words) = self.quarters(whole, "1", "2")
        {
            let noun = if unit.many == "वर्ष" {
                "साल"
            } else {
                &unit.many
            };
            return join(&[&words, noun]);
        }
        join(&[
            &self.span(span, NumberForm::default()),
            &self.counted(span, unit),
        ])
    }

    fn time(&self, time: &ClockTime) -> String {
        let half = match (time.half, time.hour) {
            (None, _) => "",
            (Some(DayHalf::Morning), _) => "सुबह",
            (Some(DayHalf::Afternoon), 12 | 1..=3) => "दोपहर",
            (Some(DayHalf::Afternoon), 4..=7) => "शाम",
            (Some(DayHalf::Afternoon), _) => "रात",
        };
        let hour = self.plain(time.hour);
        let minute = time
            .minute
            .filter(|m| *m > 0)
            .map(|m| format!("{} मिनट", self.plain(m)));
        let second = time
            .second
            .filter(|s| *s > 0)
            .map(|s| format!("{} सेकंड", self.plain(s)));
        let rest = join(&[
            minute.as_deref().unwrap_or(""),
            second.as_deref().unwrap_or(""),
        ]);
        match rest.is_empty() {
            true => join(&[half, &hour, "बजे", &time.zone]),
            false => join(&[half, &hour, "बजकर", &rest, &time.zone]),
        }
    }

    fn date(&self, date: &CalendarDate) -> String {
        let month = date
            .month
            .map_or("", |m| self.base.tables.months[usize::from(m) - 1]);
        let day = date.day.map_or(String::new(), |d| self.plain(d));
        let year = date.year.as_deref().map_or(String::new(), |y| self.year(y));
        join(&[&day, month, &year])
    }

    fn code_word(&self, word: &str) -> String {
        self.base.code_word(word)
    }

    fn code(&self, digits: &str) -> String {
        self.digits(digits)
    }
}

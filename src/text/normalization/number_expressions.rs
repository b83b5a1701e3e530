//! Figures in their context: money, measures, ranges, fractions, telephone numbers, codes.
//!
//! Owns how the signs around a run of digits are read; `numbers` has the words, `dates` reads times and dates. Knows
//! nothing of sentences.

use crate::Accent;
use crate::normalization::numbers::{ONES, cardinal, one_by_one, ordinal, plural, two, year};

/// Symbol, unit, units, hundredth, hundredths.
pub(crate) type Money = (char, &'static str, &'static str, &'static str, &'static str);
#[rustfmt::skip]
/// Currencies by their symbol, with the names of their units.
pub(crate) const MONEY: [Money; 8] = [
    ('$', "dollar", "dollars", "cent", "cents"),
    ('£', "pound", "pounds", "penny", "pence"),
    ('€', "euro", "euros", "cent", "cents"),
    ('₦', "naira", "naira", "kobo", "kobo"),
    ('₵', "cedi", "cedis", "pesewa", "pesewas"),
    ('₹', "rupee", "rupees", "paisa", "paise"),
    ('¥', "yen", "yen", "sen", "sen"),
    ('₩', "won", "won", "jeon", "jeon"),
];
/// Words that may follow an amount of money, longest first.
#[rustfmt::skip]
const MAGNITUDES: [(&str, &str); 13] = [
    ("thousand", "thousand"), ("trillion", "trillion"), ("million", "million"),
    ("billion", "billion"), ("bn", "billion"), ("mn", "million"), ("tn", "trillion"),
    ("k", "thousand"), ("K", "thousand"), ("m", "million"), ("M", "million"), ("b", "billion"),
    ("B", "billion"),
];
/// Written unit, singular, plural; a longer one before its own prefix.
#[rustfmt::skip]
pub(crate) const UNITS: [(&str, &str, &str); 48] = [
    ("km/h", "kilometer per hour", "kilometers per hour"),
    ("m/s", "meter per second", "meters per second"),
    ("km", "kilometer", "kilometers"), ("cm", "centimeter", "centimeters"),
    ("mm", "millimeter", "millimeters"), ("kg", "kilogram", "kilograms"),
    ("mg", "milligram", "milligrams"), ("ml", "milliliter", "milliliters"),
    ("mL", "milliliter", "milliliters"), ("lbs", "pound", "pounds"), ("lb", "pound", "pounds"),
    ("oz", "ounce", "ounces"), ("ft", "foot", "feet"), ("mi", "mile", "miles"),
    ("mph", "mile per hour", "miles per hour"), ("kph", "kilometer per hour", "kilometers per hour"),
    ("kB", "kilobyte", "kilobytes"), ("KB", "kilobyte", "kilobytes"),
    ("MB", "megabyte", "megabytes"), ("GB", "gigabyte", "gigabytes"),
    ("TB", "terabyte", "terabytes"), ("GHz", "gigahertz", "gigahertz"),
    ("MHz", "megahertz", "megahertz"), ("kHz", "kilohertz", "kilohertz"), ("Hz", "hertz", "hertz"),
    ("kWh", "kilowatt hour", "kilowatt hours"), ("kW", "kilowatt", "kilowatts"),
    ("MW", "megawatt", "megawatts"), ("mA", "milliamp", "milliamps"), ("ms", "millisecond", "milliseconds"),
    ("min", "minute", "minutes"), ("mins", "minute", "minutes"), ("sec", "second", "seconds"),
    ("secs", "second", "seconds"), ("hrs", "hour", "hours"), ("hr", "hour", "hours"),
    ("yrs", "year", "years"), ("°C", "degree Celsius", "degrees Celsius"),
    ("°F", "degree Fahrenheit", "degrees Fahrenheit"), ("°", "degree", "degrees"),
    ("¢", "cent", "cents"), ("in", "inch", "inches"), ("m", "meter", "meters"), ("g", "gram", "grams"),
    ("L", "liter", "liters"), ("l", "liter", "liters"), ("V", "volt", "volts"), ("W", "watt", "watts"),
];
/// Units that are words or initials too, and therefore must touch the figure.
const TOUCHING: [&str; 4] = ["in", "V", "W", "L"];
/// A figure in its text: its position and its reading.
pub struct NumberReader<'a> {
    pub chars: &'a [char],
    pub accent: Accent,
}

/// A number as written: digits before and after the point, and where it ends.
struct Amount {
    whole: String,
    part: Option<String>,
    grouped: bool,
    end: usize,
}

impl NumberReader<'_> {
    /// Returns the character at `i`, a space beyond the end.
    pub(crate) fn at(&self, i: usize) -> char {
        self.chars.get(i).copied().unwrap_or(' ')
    }

    /// Returns the run of digits at `i` and the index after it.
    pub(crate) fn digits(&self, i: usize) -> (String, usize) {
        let end = i + self.chars[i.min(self.chars.len())..]
            .iter()
            .take_while(|c| c.is_ascii_digit())
            .count();
        (self.chars[i.min(end)..end].iter().collect(), end)
    }

    /// Returns the index after `word` when it follows at `i` as a whole word.
    pub(crate) fn follows(&self, i: usize, word: &str) -> Option<usize> {
        let end = i + word.chars().count();
        let same = word.chars().enumerate().all(|(k, c)| self.at(i + k) == c);
        (same && !self.at(end).is_alphanumeric()).then_some(end)
    }

    fn amount(&self, i: usize) -> Amount {
        let (mut whole, mut end) = self.digits(i);
        let mut grouped = false;
        while self.at(end) == ','
            && (1..=3)
                .contains(&(whole.len() % 3 + if whole.len().is_multiple_of(3) { 3 } else { 0 }))
        {
            let (three, after) = self.digits(end + 1);
            if three.len() != 3 || (!grouped && whole.len() > 3) {
                break;
            }
            whole.push_str(&three);
            (grouped, end) = (true, after);
        }
        let mut part = None;
        if self.at(end) == '.' {
            let (digits, after) = self.digits(end + 1);
            if !digits.is_empty() {
                (part, end) = (Some(digits), after);
            }
        }
        Amount {
            whole,
            part,
            grouped,
            end,
        }
    }

    fn spoken(&self, a: &Amount) -> String {
        let whole = if a.whole.is_empty() {
            String::new()
        } else {
            cardinal(&a.whole, self.accent)
        };
        match &a.part {
            Some(part) => format!("{whole} point {}", one_by_one(part))
                .trim_start()
                .to_string(),
            None => whole,
        }
    }

    /// Returns the words for the figure that starts at `i` (a digit, a currency sign or a point before a digit) and the
    /// index after it. `glued` says that a letter precedes it directly, as in "A380", where only the digits are read.
    pub fn read(&self, i: usize, glued: bool) -> (String, usize) {
        if let Some(money) = MONEY.iter().find(|m| m.0 == self.at(i)) {
            return self.money(money, i + 1);
        }
        if glued {
            let (digits, mut end) = self.digits(i);
            let mut words = self.code(&digits);
            while self.at(end) == '.' && self.at(end + 1).is_ascii_digit() {
                let (digits, after) = self.digits(end + 1);
                words = format!("{words} point {}", self.code(&digits));
                end = after;
            }
            return (words, end);
        }
        self.clock(i)
            .or_else(|| self.date(i))
            .or_else(|| self.height(i))
            .or_else(|| self.telephone(i))
            .or_else(|| self.dotted(i))
            .or_else(|| self.fraction(i))
            .unwrap_or_else(|| self.plain(i))
    }

    fn code(&self, digits: &str) -> String {
        match digits.len() {
            3 if !digits.starts_with('0') && !digits.ends_with("00") => {
                format!(
                    "{} {}",
                    &ONES[usize::from(digits.as_bytes()[0] - b'0')],
                    two(&digits[1..])
                )
            }
            4 if !digits.starts_with('0') => year(digits, self.accent),
            0..=3 => cardinal(digits, self.accent),
            _ => one_by_one(digits),
        }
    }

    fn plain(&self, i: usize) -> (String, usize) {
        let a = self.amount(i);
        let next = self.at(a.end);
        let simple = a.part.is_none() && !a.grouped;
        if a.part.is_none() {
            for suffix in ["st", "nd", "rd", "th", "ST", "ND", "RD", "TH"] {
                if let Some(end) = self.follows(a.end, suffix) {
                    return (ordinal(&a.whole, self.accent), end);
                }
            }
        }
        if simple && (a.whole.len() == 4 || a.whole.len() == 2) && a.whole.ends_with('0') {
            let s = a.end + usize::from(next == '\'');
            if let Some(end) = self.follows(s, "s") {
                let words = if a.whole.len() == 4 {
                    year(&a.whole, self.accent)
                } else {
                    two(&a.whole)
                };
                return (plural(&words), end);
            }
        }
        if let Some(money) = MONEY.iter().find(|m| m.0 == next)
            && !self.at(a.end + 1).is_ascii_digit()
        {
            return (self.money(money, i).0, a.end + 1);
        }
        if let Some(coded) = self.coded_after(i, a.end) {
            return coded;
        }
        if let Some((unit, end)) = self.unit(&a) {
            return (format!("{} {unit}", self.spoken(&a)), end);
        }
        let words = if simple && self.is_year(&a.whole) {
            year(&a.whole, self.accent)
        } else {
            self.spoken(&a)
        };
        let spaced = next == ' ' && self.at(a.end + 1) == '–' && self.at(a.end + 2) == ' ';
        let from = a.end + if spaced { 3 } else { 1 };
        if (spaced || matches!(next, '-' | '–')) && self.at(from).is_ascii_digit() {
            let (to, end) = self.plain(from);
            return (format!("{words} to {to}"), end);
        }
        (words, a.end)
    }

    fn is_year(&self, digits: &str) -> bool {
        digits.len() == 4 && ("1100".."2100").contains(&digits)
    }

    fn unit(&self, a: &Amount) -> Option<(&'static str, usize)> {
        let spaced = self.at(a.end) == ' ';
        let one = a.whole == "1" && a.part.is_none();
        UNITS.iter().find_map(|&(written, singular, plural)| {
            if spaced && TOUCHING.contains(&written) {
                return None;
            }
            let end = self.follows(a.end + usize::from(spaced), written)?;
            Some((if one { singular } else { plural }, end))
        })
    }

    /// Returns the words for an amount of money whose number starts at `i`, and the index after it.
    pub(crate) fn money(
        &self,
        &(_, unit, units, cent, cents): &Money,
        i: usize,
    ) -> (String, usize) {
        let a = self.amount(i);
        let mut words = self.spoken(&a);
        let mut end = a.end;
        if matches!(self.at(end), '-' | '–') && self.at(end + 1).is_ascii_digit() {
            let b = self.amount(end + 1);
            words = format!("{words} to {}", self.spoken(&b));
            end = b.end;
        }
        let gap = usize::from(self.at(end) == ' ');
        for (written, said) in MAGNITUDES {
            if (gap == 0 || written.len() > 1)
                && let Some(after) = self.follows(end + gap, written)
            {
                return (format!("{words} {said} {units}"), after);
            }
        }
        if let Some(part) = a.part.as_deref().filter(|p| p.len() == 2 && end == a.end) {
            let hundredths = part.trim_start_matches('0');
            let small = format!(
                "{} {}",
                cardinal(hundredths, self.accent),
                if part == "01" { cent } else { cents }
            );
            let zero = a.whole.chars().all(|c| c == '0');
            let big = format!(
                "{} {}",
                cardinal(&a.whole, self.accent),
                if a.whole == "1" { unit } else { units }
            );
            return match (hundredths.is_empty(), zero) {
                (true, _) => (big, end),
                (false, true) => (small, end),
                (false, false) => (format!("{big} and {small}"), end),
            };
        }
        (
            format!("{words} {}", if words == "one" { unit } else { units }),
            end,
        )
    }

    /// Reads groups of digits with a mark of a telephone number: a plus, a leading zero, or three groups with hyphens;
    /// 7 to 15 digits together (ITU-T E.164 allows 15).
    fn telephone(&self, i: usize) -> Option<(String, usize)> {
        let mut groups = Vec::new();
        let (mut at, mut end, mut total, mut hyphens) = (i, i, 0, 0);
        while total <= 15 {
            let (digits, after) = self.digits(at);
            if digits.is_empty() {
                break;
            }
            total += digits.len();
            groups.push(digits);
            end = after;
            hyphens += usize::from(self.at(end) == '-');
            at = end
                + self.chars[end..]
                    .iter()
                    .take(2)
                    .take_while(|c| matches!(c, ' ' | '-' | '(' | ')'))
                    .count();
            if at == end {
                break;
            }
        }
        let before = if i > 0 { self.at(i - 1) } else { ' ' };
        let first = groups.first()?;
        let marked = matches!(before, '+' | '(')
            || first.starts_with('0')
            || (hyphens > 0 && first.len() == 3);
        let shaped = groups.len() >= 2 && groups.iter().skip(1).all(|g| (2..=5).contains(&g.len()));
        (marked && shaped && (7..=15).contains(&total) && !self.at(end).is_alphanumeric()).then(
            || {
                (
                    groups
                        .iter()
                        .map(|g| one_by_one(g))
                        .collect::<Vec<_>>()
                        .join(", "),
                    end,
                )
            },
        )
    }

    /// Reads "1.2.3" with "point", an internet address (four groups) with "dot".
    fn dotted(&self, i: usize) -> Option<(String, usize)> {
        let mut groups = Vec::new();
        let mut at = i;
        loop {
            let (digits, end) = self.digits(at);
            groups.push(digits);
            at = end;
            if self.at(end) != '.' || !self.at(end + 1).is_ascii_digit() {
                break;
            }
            at += 1;
        }
        let link = if groups.len() == 4 {
            " dot "
        } else {
            " point "
        };
        let read = |g: &String| {
            if g.len() > 2 {
                one_by_one(g)
            } else {
                cardinal(g, self.accent)
            }
        };
        (groups.len() > 2).then(|| (groups.iter().map(read).collect::<Vec<_>>().join(link), at))
    }

    fn fraction(&self, i: usize) -> Option<(String, usize)> {
        let (over, slash) = self.digits(i);
        let (under, end) = (self.at(slash) == '/').then(|| self.digits(slash + 1))?;
        if under.is_empty() || over.len() > 4 || under.len() > 4 || self.at(end).is_alphanumeric() {
            return None;
        }
        let (n, d): (u32, u32) = (over.parse().ok()?, under.parse().ok()?);
        let part = match d {
            2 => "half".into(),
            4 => "quarter".into(),
            3 | 5..=10 | 12 | 16 | 100 => ordinal(&under, self.accent),
            _ => {
                return Some((
                    format!(
                        "{} {}",
                        cardinal(&over, self.accent),
                        cardinal(&under, self.accent)
                    ),
                    end,
                ));
            }
        };
        let plain = cardinal(&over, self.accent);
        match n {
            1 => Some((format!("one {part}"), end)),
            _ if n < d && d != 2 => Some((format!("{plain} {}", plural(&part)), end)),
            _ => Some((format!("{plain} {}", cardinal(&under, self.accent)), end)),
        }
    }
}

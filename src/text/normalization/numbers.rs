//! Reads digits as words: cardinals, ordinals, years, digit by digit.
//!
//! Owns the words of a plain number; does not know its context. The lexicon never sees a digit.

use crate::Accent;

#[rustfmt::skip]
/// The words of 0 to 19.
pub const ONES: [&str; 20] = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
];
#[rustfmt::skip]
const TENS: [&str; 10] = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];
const SCALES: [&str; 5] = ["", "thousand", "million", "billion", "trillion"];
/// Numbers with more digits are read digit by digit.
const CARDINAL_DIGITS_MAX: usize = 15;

/// Returns the words of a whole number of decimal digits: "one hundred (and) five" up to 15 digits, digit by digit
/// beyond that or after a leading zero. British English has the "and".
pub fn cardinal(digits: &str, accent: Accent) -> String {
    if digits.len() > CARDINAL_DIGITS_MAX || (digits.len() > 1 && digits.starts_with('0')) {
        return one_by_one(digits);
    }
    let mut rest: u64 = digits.parse().unwrap_or(0);
    if rest == 0 {
        return ONES[0].into();
    }
    let and = accent == Accent::British;
    let mut groups = Vec::new();
    for scale in SCALES {
        let group = (rest % 1000) as usize;
        rest /= 1000;
        if group > 0 {
            let joined = scale.is_empty() && rest > 0 && group < 100 && and;
            let words = hundreds(group, and);
            let lead = if joined { "and " } else { "" };
            groups.push(format!("{lead}{words} {scale}").trim_end().to_string());
        }
    }
    groups.reverse();
    groups.join(" ")
}

fn hundreds(n: usize, and: bool) -> String {
    let (high, low) = (n / 100, n % 100);
    match (high, low) {
        (0, _) => below_hundred(low),
        (_, 0) => format!("{} hundred", ONES[high]),
        _ if and => format!("{} hundred and {}", ONES[high], below_hundred(low)),
        _ => format!("{} hundred {}", ONES[high], below_hundred(low)),
    }
}

/// Returns the words of 0 to 99.
pub fn below_hundred(n: usize) -> String {
    match n {
        0..20 => ONES[n].into(),
        _ if n.is_multiple_of(10) => TENS[n / 10].into(),
        _ => format!("{} {}", TENS[n / 10], ONES[n % 10]),
    }
}

/// Returns each digit's name; a comma's pause after every third of a long run.
pub fn one_by_one(digits: &str) -> String {
    let names: Vec<&str> = digits
        .chars()
        .filter_map(|c| c.to_digit(10))
        .map(|d| ONES[d as usize])
        .collect();
    let groups: Vec<String> = names
        .chunks(if names.len() > 5 { 3 } else { 5 })
        .map(|g| g.join(" "))
        .collect();
    groups.join(", ")
}

/// Returns "third" for "three": the last word of the cardinal takes its ordinal form.
pub fn ordinal_of_words(words: &str) -> String {
    let (head, last) = words.rsplit_once(' ').unwrap_or(("", words));
    let last = match last {
        "one" => "first".into(),
        "two" => "second".into(),
        "three" => "third".into(),
        "five" => "fifth".into(),
        "eight" => "eighth".into(),
        "nine" => "ninth".into(),
        "twelve" => "twelfth".into(),
        tens if tens.ends_with('y') => format!("{}ieth", &tens[..tens.len() - 1]),
        other => format!("{other}th"),
    };
    format!("{head} {last}").trim_start().to_string()
}

/// Returns the words of a year of four digits: "nineteen oh five", "two thousand (and) five", "twenty ten".
pub fn year(digits: &str, accent: Accent) -> String {
    let n: usize = digits.parse().unwrap_or(0);
    let (high, low) = (n / 100, n % 100);
    match low {
        _ if high % 10 == 0 && low < 10 => cardinal(digits, accent),
        0 => format!("{} hundred", below_hundred(high)),
        1..10 => format!("{} oh {}", below_hundred(high), ONES[low]),
        _ => format!("{} {}", below_hundred(high), below_hundred(low)),
    }
}

/// Returns the regular plural of a number's word.
pub fn plural(word: &str) -> String {
    match word.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if word.ends_with('x') => format!("{word}es"),
        None => format!("{word}s"),
    }
}

/// Returns the words of two digits: "oh five" for "05".
pub fn two(digits: &str) -> String {
    let n: usize = digits.parse().unwrap_or(0);
    if digits.len() == 2 && digits.starts_with('0') {
        format!("oh {}", ONES[n])
    } else {
        below_hundred(n)
    }
}

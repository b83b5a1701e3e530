//! Reads numbers as words by rules.
//!
//! Owns the notation, a small part of Unicode's rule-based number formats (CLDR, UTS 35). A rule has the smallest
//! number that it applies to and its words: `<` stands for the words of the quotient by its divisor, `>` for those of
//! the remainder, and `[ ]` encloses what is left out when nothing remains. The divisor is the largest power of ten up
//! to the rule's number, or stands after a slash: `60/20 soixante[ >]`.

/// Numbers with more digits are read digit by digit.
const CARDINAL_DIGITS_MAX: usize = 15;

#[derive(Debug)]
struct NumberRule {
    from: u64,
    divisor: u64,
    words: String,
}

/// The rules of one language.
#[derive(Debug, Default)]
pub struct Numbers {
    /// Sorted by `from`, ascending.
    rules: Vec<NumberRule>,
    /// Replacements after the rules: `uno mil` becomes `un mil`.
    joins: Vec<(String, String)>,
}

impl Numbers {
    /// Adds `line`: a rule, or `=written=said`. The error says what is wrong with it.
    pub fn add(&mut self, line: &str) -> Result<(), String> {
        let wrong = || format!("number rule {line:?} is not written like 20 twenty[ >]");
        if let Some(join) = line.strip_prefix('=') {
            let (written, said) = join.split_once('=').ok_or_else(wrong)?;
            self.joins.push((written.into(), said.into()));
            return Ok(());
        }
        let (number, words) = line.split_once(' ').ok_or_else(wrong)?;
        let (from, divisor) = match number.split_once('/') {
            Some((from, divisor)) => (from, divisor.parse().map_err(|_| wrong())?),
            None => (number, 0),
        };
        let from: u64 = from.parse().map_err(|_| wrong())?;
        let divisor = match divisor {
            0 => 10_u64.pow(from.max(1).ilog10()),
            divisor => divisor,
        };
        if divisor < 2 && words.contains(['<', '>']) {
            return Err(format!("number rule {line:?} would ask itself"));
        }
        if self.rules.last().is_some_and(|r| r.from >= from) {
            return Err(format!("number rule {line:?} is out of order"));
        }
        self.rules.push(NumberRule {
            from,
            divisor,
            words: words.into(),
        });
        Ok(())
    }

    /// Returns the words of a whole number in decimal digits: its cardinal up to 15 digits, digit by digit beyond that
    /// or after a leading zero.
    pub fn cardinal(&self, digits: &str) -> String {
        let zero = digits.len() > 1 && digits.starts_with('0');
        match digits.parse() {
            Ok(number) if digits.len() <= CARDINAL_DIGITS_MAX && !zero => {
                let mut words = self.of(number);
                for (written, said) in &self.joins {
                    words = words.replace(written, said);
                }
                words
            }
            _ => self.one_by_one(digits),
        }
    }

    /// Returns each digit's name; a comma's pause after every third of a long run.
    pub fn one_by_one(&self, digits: &str) -> String {
        let names: Vec<String> = digits
            .chars()
            .filter_map(|c| c.to_digit(10))
            .map(|d| self.of(u64::from(d)))
            .collect();
        let groups: Vec<String> = names
            .chunks(if names.len() > 5 { 3 } else { 5 })
            .map(|g| g.join(" "))
            .collect();
        groups.join(", ")
    }

    fn of(&self, number: u64) -> String {
        let next = self.rules.partition_point(|r| r.from <= number);
        let Some(rule) = next.checked_sub(1).map(|i| &self.rules[i]) else {
            return String::new();
        };
        let (times, rest) = (number / rule.divisor, number % rule.divisor);
        let mut out = String::new();
        let mut left_out = false;
        for c in rule.words.chars() {
            match c {
                '[' => left_out = rest == 0,
                ']' => left_out = false,
                _ if left_out => {}
                '<' => out.push_str(&self.of(times)),
                '>' => out.push_str(&self.of(rest)),
                c => out.push(c),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_quotient_and_remainder() {
        let mut n = Numbers::default();
        for line in [
            "0 nul",
            "1 en",
            "2 to",
            "3 tre",
            "10 ti[ >]",
            "20 tyve[ >]",
            "60/20 treds[ >]",
            "100 <hundred[ >]",
            "1000 < tusind[ >]",
            "=en tusind=tusind",
        ] {
            n.add(line).unwrap();
        }
        for (digits, words) in [
            ("0", "nul"),
            ("12", "ti to"),
            ("73", "treds ti tre"),
            ("203", "tohundred tre"),
            ("1001", "tusind en"),
            ("12000", "ti to tusind"),
            ("003", "nul nul tre"),
        ] {
            assert_eq!(n.cardinal(digits), words);
        }
        assert!(n.add("5 five").unwrap_err().contains("out of order"));
        assert!(n.add("x y").is_err());
        assert_eq!(n.one_by_one("1231231"), "en to tre, en to tre, en");
    }
}

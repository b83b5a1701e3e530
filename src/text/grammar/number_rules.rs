//! Reads numbers as words by rules.
//!
//! Owns the notation, a small part of Unicode's rule-based number formats (CLDR, UTS 35). A rule has the smallest
//! number that it applies to and its words:
//!
//! | sign | stands for |
//! | --- | --- |
//! | `<`, `<set<` | the words of the quotient by the rule's divisor, by the same set of rules or another |
//! | `>`, `>set>` | the words of the remainder |
//! | `=set=` | the words of the same number by another set |
//! | `[ ]`, `{ }` | what is left out when nothing remains, and when something remains |
//!
//! The divisor is the largest power of ten up to the rule's number, or stands after a slash: `60/20 soixante[ >]`.
//!
//! A line `%name` or `%name parent` starts a set; without a parent it is a child of the first one, which has no name; the
//! parent `-` is none. A set takes the rules of its parent for numbers that none of its own starts closer to. Lines `=written=said` replace
//! text in what the set and its children return; `_` stands for the edge of a word.

/// Digits of the largest number that is read as a whole.
const DIGITS_MAX: usize = 36;

#[derive(Debug)]
struct NumberRule {
    from: u128,
    divisor: u128,
    words: String,
}

/// The rules of one set.
#[derive(Debug, Default)]
struct RuleSet {
    name: String,
    parent: Option<usize>,
    /// Sorted by `from`, ascending.
    rules: Vec<NumberRule>,
    /// Replacements after the rules, with a blank for the edge of a word.
    joins: Vec<(String, String)>,
}

/// The rules of one language.
#[derive(Debug)]
pub struct NumberRules {
    sets: Vec<RuleSet>,
}

impl Default for NumberRules {
    fn default() -> Self {
        NumberRules {
            sets: vec![RuleSet::default()],
        }
    }
}

impl NumberRules {
    /// Adds `line`: a rule, a replacement or the start of a set. The error says what is wrong with it.
    pub fn add(&mut self, line: &str) -> Result<(), String> {
        let wrong = || format!("number rule {line:?} is not written like 20 twenty[ >]");
        if let Some(name) = line.strip_prefix('%') {
            let (name, parent) = name.split_once(' ').unwrap_or((name, ""));
            let parent = match parent {
                "-" => None,
                parent => Some(
                    self.set(parent)
                        .ok_or_else(|| format!("no set of numbers {parent}"))?,
                ),
            };
            self.sets.push(RuleSet {
                name: name.into(),
                parent,
                ..RuleSet::default()
            });
            return Ok(());
        }
        let set = self.sets.last_mut().ok_or_else(wrong)?;
        if let Some(join) = line.strip_prefix('=') {
            let (written, said) = join.split_once('=').ok_or_else(wrong)?;
            let edges = |text: &str| text.replace('_', " ");
            set.joins.push((edges(written), edges(said)));
            return Ok(());
        }
        let (number, words) = line.split_once(' ').ok_or_else(wrong)?;
        let (from, divisor) = match number.split_once('/') {
            Some((from, divisor)) => (from, divisor.parse().map_err(|_| wrong())?),
            None => (number, 0),
        };
        let from: u128 = from.parse().map_err(|_| wrong())?;
        let divisor = match divisor {
            0 => 10_u128.pow(from.max(1).ilog10()),
            divisor => divisor,
        };
        if divisor < 2 && words.contains(['<', '>']) {
            return Err(format!("number rule {line:?} would ask itself"));
        }
        if set.rules.last().is_some_and(|r| r.from >= from) {
            return Err(format!("number rule {line:?} is out of order"));
        }
        set.rules.push(NumberRule {
            from,
            divisor,
            words: words.into(),
        });
        Ok(())
    }

    fn set(&self, name: &str) -> Option<usize> {
        self.sets.iter().position(|s| s.name == name)
    }

    /// Whether there is a set `name`.
    pub fn has(&self, name: &str) -> bool {
        self.set(name).is_some()
    }

    /// Returns the words of a whole number in decimal digits by the set `name`, or by the first one where there is none
    /// of that name. None for more than 36 digits, and when no rule covers the number.
    pub fn words(&self, name: &str, digits: &str) -> Option<String> {
        let number = digits.parse().ok().filter(|_| digits.len() <= DIGITS_MAX)?;
        let set = self.set(name).unwrap_or(0);
        let words = self.of(set, number);
        let mut chain = vec![set];
        while let Some(parent) = chain.last().and_then(|&s| self.sets[s].parent) {
            chain.push(parent);
        }
        if !chain.contains(&0) {
            chain.push(0);
        }
        let mut words = format!(" {words} ");
        for (written, said) in chain.iter().rev().flat_map(|&s| &self.sets[s].joins) {
            words = words.replace(written, said);
        }
        let words = words.trim().to_string();
        (!words.is_empty()).then_some(words)
    }

    /// Returns the rule of `set` or of its parents that starts closest to `number`.
    fn rule(&self, set: usize, number: u128) -> Option<&NumberRule> {
        let mut best: Option<&NumberRule> = None;
        let mut at = Some(set);
        while let Some(set) = at {
            let rules = &self.sets[set].rules;
            let next = rules.partition_point(|r| r.from <= number);
            if let Some(rule) = next.checked_sub(1).map(|i| &rules[i])
                && best.is_none_or(|b| b.from < rule.from)
            {
                best = Some(rule);
            }
            at = self.sets[set].parent;
        }
        best
    }

    fn of(&self, set: usize, number: u128) -> String {
        let Some(rule) = self.rule(set, number) else {
            return String::new();
        };
        let (times, rest) = (number / rule.divisor, number % rule.divisor);
        let mut out = String::new();
        let mut left_out = false;
        let mut words = rule.words.as_str();
        while let Some(c) = words.chars().next() {
            words = &words[c.len_utf8()..];
            match c {
                '[' => left_out = rest == 0,
                '{' => left_out = rest != 0,
                ']' | '}' => left_out = false,
                '<' | '>' | '=' => {
                    let named = words
                        .split_once(c)
                        .filter(|(name, _)| self.has(name) && !name.is_empty());
                    let other = named.and_then(|(name, after)| {
                        words = after;
                        self.set(name)
                    });
                    // The first set has no name: "<<" and "==".
                    let other = other.or_else(|| {
                        words = words.strip_prefix(c)?;
                        Some(0)
                    });
                    let asked = match c {
                        '<' => times,
                        '>' => rest,
                        _ => number,
                    };
                    if !left_out {
                        out.push_str(&self.of(other.unwrap_or(set), asked));
                    }
                }
                _ if left_out => {}
                c => out.push(c),
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(lines: &[&str]) -> NumberRules {
        let mut n = NumberRules::default();
        for line in lines {
            n.add(line).unwrap();
        }
        n
    }

    #[test]
    fn rules_read_quotient_and_remainder() {
        let mut n = rules(&[
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
        ]);
        for (digits, words) in [
            ("0", "nul"),
            ("12", "ti to"),
            ("73", "treds ti tre"),
            ("203", "tohundred tre"),
            ("1001", "tusind en"),
            ("12000", "ti to tusind"),
        ] {
            assert_eq!(n.words("", digits).as_deref(), Some(words));
        }
        assert_eq!(n.words("", &"9".repeat(37)), None);
        assert!(n.add("5 five").unwrap_err().contains("out of order"));
        assert!(n.add("x y").is_err());
        assert!(n.add("%ordinal cardinals").is_err());
    }

    #[test]
    fn a_set_takes_what_it_lacks_from_its_parent() {
        let n = rules(&[
            "0 cero",
            "1 uno",
            "2 dos",
            "20 veinte",
            "30 treinta[ y >]",
            "200 doscientos[ >]",
            "1000 <before< mil[ >]",
            "%before",
            "1 un",
            "%feminine",
            "1 una",
            "200 doscientas[ >]",
            "%ordinal -",
            "0 ==avo",
            "20 vigésim{o}[o >]",
            "%ordinal-feminine ordinal",
            "=o_=a_",
        ]);
        for (set, digits, words) in [
            ("", "31", "treinta y uno"),
            ("before", "31", "treinta y un"),
            ("feminine", "231", "doscientas treinta y una"),
            ("feminine", "31001", "treinta y un mil una"),
            ("ordinal", "2", "dosavo"),
            ("ordinal-feminine", "20", "vigésima"),
            ("unknown", "2", "dos"),
        ] {
            assert_eq!(n.words(set, digits).as_deref(), Some(words));
        }
    }
}

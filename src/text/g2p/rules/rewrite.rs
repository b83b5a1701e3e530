//! Rewrite rules: each position of a character sequence is rewritten by the first rule that matches there.
//!
//! Owns the notation of a rule and how its context is tested. Knows no language.
//!
//! A rule is written `left[from]right to`: at a position where `from` stands between `left` and `right`, write `to` and
//! continue after `from`. The context is matched against the input, never against the output. In a context a character
//! stands for itself, `_` for the edge or a space, `<N>` for one character of class `N`, `<!N>` for one outside of it
//! or for the edge; `?` after an item makes it optional, `*` lets it repeat any number of times. `to` may be missing:
//! then `from` is silent. (The notation of the letter-to-sound rules of Elovitz et al. 1976, with named classes.)

use std::collections::HashMap;

/// Named sets of characters.
pub type Classes = HashMap<String, String>;

#[derive(Debug, Clone)]
enum Test {
    Is(char),
    Edge,
    In(String),
    NotIn(String),
}

#[derive(Debug, Clone)]
struct Item {
    test: Test,
    optional: bool,
    many: bool,
}

/// The items that must match on one side of a rule, nearest first.
#[derive(Debug)]
pub struct RuleContext(Vec<Item>);

impl RuleContext {
    /// Parses the context before a position. The error says what is wrong with `text`.
    pub fn before(text: &str, classes: &Classes) -> Result<Self, String> {
        let mut items = items(text, classes)?;
        items.reverse();
        Ok(RuleContext(items))
    }

    /// Returns the number of items.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the end of `row` matches.
    pub fn ends(&self, row: &[char]) -> bool {
        fits(
            &self.0,
            &|k| row.len().checked_sub(k + 1).map(|i| row[i]),
            0,
        )
    }
}

#[derive(Debug)]
struct RewriteRule {
    left: RuleContext,
    from: Vec<char>,
    right: RuleContext,
    to: String,
}

/// Rules in their order.
#[derive(Debug, Default)]
pub struct Rewrite {
    rules: HashMap<char, Vec<RewriteRule>>,
}

impl Rewrite {
    /// Adds the rule that `line` writes. The error says what is wrong with it.
    pub fn add(&mut self, line: &str, classes: &Classes) -> Result<(), String> {
        let wrong = |why: &str| format!("{why} in rule {line:?}");
        let (left, rest) = line.split_once('[').ok_or_else(|| wrong("no ["))?;
        let (from, rest) = rest.split_once(']').ok_or_else(|| wrong("no ]"))?;
        let (right, to) = rest.split_once(' ').unwrap_or((rest, ""));
        let rule = RewriteRule {
            left: RuleContext::before(left, classes).map_err(|e| wrong(&e))?,
            from: from.chars().collect(),
            right: RuleContext(items(right, classes).map_err(|e| wrong(&e))?),
            to: to.trim().replace('␣', " "),
        };
        let first = *rule.from.first().ok_or_else(|| wrong("nothing in [ ]"))?;
        self.rules.entry(first).or_default().push(rule);
        Ok(())
    }

    /// Returns the single characters that a rule without context rewrites.
    pub fn covered(&self) -> impl Iterator<Item = char> {
        let always =
            |r: &RewriteRule| r.left.0.is_empty() && r.right.0.is_empty() && r.from.len() == 1;
        let covered = self
            .rules
            .iter()
            .filter(move |(_, rules)| rules.iter().any(always));
        covered.map(|(c, _)| *c)
    }

    /// Returns `row` rewritten; characters that no rule matches stay.
    pub fn apply(&self, row: &str) -> String {
        let row: Vec<char> = row.chars().collect();
        let mut out = String::with_capacity(2 * row.len());
        let mut at = 0;
        while let Some(c) = row.get(at) {
            let fitting = self.rules.get(c).and_then(|rules| {
                rules.iter().find(|r| {
                    row[at..].starts_with(&r.from)
                        && r.left.ends(&row[..at])
                        && fits(&r.right.0, &|k| row.get(at + r.from.len() + k).copied(), 0)
                })
            });
            match fitting {
                Some(rule) => {
                    out.push_str(&rule.to);
                    at += rule.from.len();
                }
                None => {
                    out.push(*c);
                    at += 1;
                }
            }
        }
        out
    }
}

/// Whether `items` match the characters that `next` returns by their distance, from `at` on. Optional items are tried
/// with and without.
fn fits(items: &[Item], next: &dyn Fn(usize) -> Option<char>, at: usize) -> bool {
    #[cfg(test)]
    crate::steps::add(1);
    let Some((item, others)) = items.split_first() else {
        return true;
    };
    let c = next(at).filter(|&c| c != ' ');
    let one = match &item.test {
        Test::Is(wanted) => c == Some(*wanted),
        Test::Edge => c.is_none(),
        Test::In(set) => c.is_some_and(|c| set.contains(c)),
        Test::NotIn(set) => c.is_none_or(|c| !set.contains(c)),
    };
    // The edge is matched but not consumed.
    let after = at + usize::from(c.is_some());
    (one && item.many && c.is_some() && fits(items, next, after))
        || (one && fits(others, next, after))
        || (item.optional && fits(others, next, at))
}

/// The items of a context, in its order.
fn items(text: &str, classes: &Classes) -> Result<Vec<Item>, String> {
    let mut out: Vec<Item> = Vec::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let test = match c {
            '?' | '*' => {
                let item = out.last_mut().ok_or("a sign without its item")?;
                item.optional = true;
                item.many = c == '*';
                continue;
            }
            '_' => Test::Edge,
            '<' => {
                let name: String = rest.by_ref().take_while(|&c| c != '>').collect();
                let (negated, name) = match name.strip_prefix('!') {
                    Some(name) => (true, name),
                    None => (false, name.as_str()),
                };
                let set = classes.get(name).ok_or(format!("no class {name}"))?.clone();
                match negated {
                    true => Test::NotIn(set),
                    false => Test::In(set),
                }
            }
            c => Test::Is(c),
        };
        out.push(Item {
            test,
            optional: false,
            many: false,
        });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(lines: &[&str]) -> Rewrite {
        let classes = Classes::from([("V".into(), "aeiou".into())]);
        let mut rules = Rewrite::default();
        for line in lines {
            rules.add(line, &classes).unwrap();
        }
        rules
    }

    #[test]
    fn the_first_rule_that_fits_is_taken_and_context_is_not_consumed() {
        let r = rules(&["[ch] ʧ", "<V>[s]<V> z", "[s]_ x", "_[h]", "a<!V>*[e]_ E"]);
        for (row, out) in [
            ("chasa", "ʧaza"),
            ("sas", "sax"),
            ("haha", "aha"),
            ("hah hah", "ah ah"),
            ("alste", "alstE"),
            ("alaste", "alastE"),
            ("aloste", "aloste"),
        ] {
            assert_eq!(r.apply(row), out, "{row}");
        }
    }

    #[test]
    fn wrong_rules_are_refused_with_the_reason() {
        let mut rules = Rewrite::default();
        for (line, why) in [
            ("a b", "no ["),
            ("[a b", "no ]"),
            ("[] b", "nothing"),
            ("<W>[a] b", "no class W"),
            ("*[a] b", "a sign"),
        ] {
            let error = rules.add(line, &Classes::new()).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}

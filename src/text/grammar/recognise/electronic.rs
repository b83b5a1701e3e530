//! Addresses of the web and of e-mail.

use crate::grammar::language::Grammar;
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;

/// Most tokens of one address; a longer one is read in parts.
const TOKENS_MAX: usize = 200;

/// Top domains of names that are written without "www."; others are words too.
const DOMAINS: [&str; 16] = [
    "com", "org", "net", "edu", "gov", "io", "ai", "info", "biz", "dev", "app", "uk", "de", "ng",
    "br", "za",
];

/// Whether the tokens from `i` up to `end` are the name of a host, with a path or without: "x.org/a".
fn is_domain(line: &WrittenLine, i: usize, end: usize) -> bool {
    let label = |k: usize| line.is_word(k) || line.is_figure(k) || line.sign(k) == '-';
    let mut k = i;
    let mut dot = None;
    while k < end && (label(k) || line.sign(k) == '.') {
        if line.sign(k) == '.' {
            dot = Some(k);
        }
        k += 1;
    }
    let top =
        dot.is_some_and(|dot| dot + 2 == k && dot > i && DOMAINS.contains(&line.text(dot + 1)));
    top && line.text(i).chars().nth(1).is_some() && (k == end || matches!(line.sign(k), '/' | ':'))
}

/// Reads an address that starts at `i`: "me@x.org", "https://x.org/a", "www.x.org".
pub fn address(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    if !line.gap(i) && !matches!(line.before(i), "(" | "<" | "\"" | "“" | "[")
        || line.is_figure(i) && line.gap(i + 1)
    {
        return None;
    }
    let mut end = line.run_end(i, TOKENS_MAX);
    while end > i + 1 && ",.;:!?)\"”]>'…".contains(line.sign(end - 1)) {
        end -= 1;
    }
    let whole = line.joint(i, end);
    let mail = whole
        .split_once('@')
        .is_some_and(|(a, b)| !a.is_empty() && b.contains('.') && !b.contains('@'));
    let web = whole.contains("://")
        || whole.starts_with("www.")
        || whole.starts_with("localhost:")
        || is_domain(line, i, end);
    if !mail && !web {
        return None;
    }
    Some(said(line, i, end, grammar))
}

/// Returns the tokens from `i` up to `end` as an address: its words, figures and signs by their names.
pub fn said(line: &WrittenLine, i: usize, end: usize, grammar: &dyn Grammar) -> Expression {
    let tables = grammar.tables();
    let mut said = Vec::new();
    for k in i..end {
        let text = line.text(k);
        if line.is_figure(k) {
            said.push(grammar.address_digits(text));
        } else if line.is_word(k) {
            said.push(grammar.code_word(text));
        } else {
            let sign = line.sign(k);
            let own = tables.address_signs.iter().find(|(c, _)| *c == sign);
            let name = own.map(|(_, name)| *name).or_else(|| tables.sign(sign));
            said.extend(name.map(str::to_string));
        }
    }
    Expression::new(Semiotic::Electronic, said.join(" "), end)
}

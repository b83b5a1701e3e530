//! Addresses of the web and of e-mail.

use crate::grammar::language::Grammar;
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;

/// Most tokens of one address; a longer one is read in parts.
const TOKENS_MAX: usize = 200;

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
    let web = whole.contains("://") || whole.starts_with("www.");
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

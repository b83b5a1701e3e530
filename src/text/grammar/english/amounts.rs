//! English words of amounts of money.

use super::EnglishGrammar;
use crate::grammar::language::{Grammar, join};
use crate::grammar::values::{CountedNoun, MoneyAmount, NumberForm, WrittenNumber};

/// Returns an amount of money: trailing zeros beyond hundredths are left out, and other parts than hundredths are read
/// digit by digit.
pub fn money(grammar: &EnglishGrammar, money: &MoneyAmount) -> String {
    let unit = &money.currency.unit;
    let said = |n: &WrittenNumber| grammar.number(n, NumberForm::default());
    if money.magnitude.is_some() || money.attributive {
        let scale = money.magnitude.map_or("", |m| &m.noun.one);
        let unit = if money.attributive {
            &unit.one
        } else {
            &unit.many
        };
        return join(&[
            &grammar.span(&money.span, NumberForm::default()),
            scale,
            unit,
        ]);
    }
    let full = |number: &WrittenNumber| {
        let trimmed = number.part.as_deref().map(|part| {
            let short = part.trim_end_matches('0');
            let part = if short.is_empty() { "00" } else { part };
            &part[..short.len().max(2).min(part.len())]
        });
        let number = WrittenNumber {
            part: trimmed.map(str::to_string),
            ..number.clone()
        };
        let one = |digits: &str, noun: &CountedNoun, negative: bool| {
            let number = WrittenNumber {
                negative,
                whole: digits.to_string(),
                ..WrittenNumber::default()
            };
            let word = if number.is_one() {
                &noun.one
            } else {
                &noun.many
            };
            join(&[&said(&number), word])
        };
        match (trimmed, &money.currency.hundredth) {
            (Some(part), Some(hundredth)) if part.len() == 2 => {
                let zero = number.whole.bytes().all(|b| b == b'0');
                let small = part.trim_start_matches('0');
                match (small.is_empty(), zero) {
                    (true, _) => one(&number.whole, unit, number.negative),
                    (false, true) => one(small, hundredth, number.negative),
                    (false, false) => join(&[
                        &one(&number.whole, unit, number.negative),
                        "and",
                        &one(small, hundredth, false),
                    ]),
                }
            }
            (None, _) => one(&number.whole, unit, number.negative),
            _ => join(&[&said(&number), &unit.many]),
        }
    };
    match &money.span.to {
        Some(to) if money.span.from.part.is_some() || to.part.is_some() => {
            grammar.range(&full(&money.span.from), &full(to))
        }
        Some(to) => grammar.range(&said(&money.span.from), &full(to)),
        None => full(&money.span.from),
    }
}

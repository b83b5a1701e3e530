//! English words of amounts of money.

use super::EnglishGrammar;
use super::currencies::CURRENCIES;
use super::own::counted;
use crate::Accent;
use crate::grammar::language::{Grammar, join};
use crate::grammar::recognise::{money as amounts, numbers};
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;
use crate::grammar::values::{CountedNoun, MoneyAmount, NumberForm, NumberSpan, WrittenNumber};

/// "a $5-a-day habit": a price by the day.
pub fn by_the_day(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let currency = CURRENCIES
        .iter()
        .find(|c| c.written.contains(&line.text(i)))?;
    let (number, end) = numbers::number(line, i + 1, grammar.tables())?;
    let article = matches!(line.text(end + 1), "a" | "an") && !line.gap(end + 1);
    let fits = line.joined(end) == '-' && article && line.joined(end + 2) == '-';
    if !fits || !line.is_word(end + 3) || line.gap(end + 3) || line.glued_left(i) {
        return None;
    }
    let said = grammar.number(&number, NumberForm::default());
    let words = join(&[
        &said,
        &currency.unit.one,
        line.text(end + 1),
        line.text(end + 3),
    ]);
    Some(Expression::new(Semiotic::Money, words, end + 4))
}

/// "N2.5m", "R1,500": naira and rand by their letters, where the number can only be an amount.
pub fn lettered(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let code = match line.text(i) {
        "N" => "NGN",
        "R" => "ZAR",
        _ => return None,
    };
    if line.gap(i + 1) || !line.is_figure(i + 1) || line.glued_left(i) || !line.gap(i) {
        return None;
    }
    let currency = CURRENCIES.iter().find(|c| c.written.contains(&code))?;
    let (from, end) = numbers::number(line, i + 1, grammar.tables())?;
    let magnitude = amounts::magnitude(line, end, true, grammar);
    let (scale, end) = match magnitude {
        Some((found, after)) => (Some(found), after),
        None => (None, end),
    };
    let amount =
        from.grouped || scale.is_some() || from.part.as_ref().is_some_and(|p| p.len() == 2);
    (amount && !line.glued_right(end)).then(|| {
        let amount = MoneyAmount {
            span: NumberSpan { from, to: None },
            magnitude: scale,
            currency,
            attributive: false,
        };
        // The unit without its country: "naira", "rand".
        let words = money(grammar, &amount).replace("South African ", "");
        Expression::new(Semiotic::Money, words, end)
    })
}

/// "25,000/-": the dash that ends an amount is not said.
pub fn dash(_grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let dash = line.joined(i) == '/' && line.joined(i + 1) == '-' && line.gap(i + 2);
    let after = i > 0 && line.is_figure(i - 1);
    (dash && after).then(|| Expression::new(Semiotic::Money, "", i + 2))
}

/// "50p": pence; not the lines of a picture.
pub fn pence(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let digits = line.text(i);
    let letter = line.text(i + 1) == "p" && !line.gap(i + 1) && !line.glued_right(i + 2);
    let frames = grammar.accent == Accent::American && ["24", "25", "30", "60"].contains(&digits);
    let fits = line.is_figure(i) && digits.len() < 3 && !digits.starts_with('0') && letter;
    let alone = !line.glued_left(i) && line.joined(i) == ' ' && !frames;
    (fits && alone).then(|| {
        let words = counted(grammar, digits, "penny", "pence");
        Expression::new(Semiotic::Money, words, i + 2)
    })
}

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
        let none = number.whole.bytes().all(|b| b == b'0');
        let part = number.part.as_deref().map(|part| match part.len() {
            1 if none => format!("{part}0"), // "$.5"
            _ => part.to_string(),
        });
        let trimmed = part.as_deref().map(|part| {
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

//! Amounts of money, the sign or the code before or after the number.

use super::numbers::{DASHES, number, second, signed};
use crate::grammar::language::{Grammar, join};
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::tables::GrammarTables;
use crate::grammar::token::WrittenLine;
use crate::grammar::values::{Currency, Magnitude, MoneyAmount, NumberSpan, WrittenNumber};

/// Returns the currency that is written at `i` and the index after it.
fn currency<'a>(
    line: &WrittenLine,
    i: usize,
    grammar: &'a dyn Grammar,
) -> Option<(&'a Currency, usize)> {
    // The longest first: "US$" has two tokens, "R$" too.
    [2, 1].into_iter().find_map(|tokens| {
        if tokens == 2 && line.gap(i + 1) || i + tokens > line.len() {
            return None;
        }
        let written = line.joint(i, i + tokens);
        let currencies = &grammar.tables().currencies;
        let found = currencies
            .iter()
            .find(|c| c.written.contains(&written.as_str()))?;
        // "Rs. 500"
        let end = i + tokens;
        let word = line.is_word(end - 1) && !line.text(end - 1).starts_with(char::is_lowercase);
        let stop = word && line.joined(end) == '.' && line.is_figure(end + 1);
        Some((found, end + usize::from(stop && line.gap(end + 1))))
    })
}

/// Returns the number of an amount, with a comma before its hundredths too where the language writes a point: "EUR
/// 1.250,00".
fn amount(line: &WrittenLine, i: usize, tables: &GrammarTables) -> Option<(WrittenNumber, usize)> {
    let (mut number, end) = number(line, i, tables)?;
    let hundredths = line.is_figure(end + 1) && line.text(end + 1).len() == 2;
    let comma = line.joined(end) == ',' && !line.gap(end + 1) && hundredths;
    let ends = line.gap(end + 2) || !matches!(line.sign(end + 2), ',' | '.' | '%' | '-');
    let groups = number.part.as_ref().map(String::len);
    if !comma
        || !ends
        || tables.points.contains(&',')
        || number.grouped
        || groups.is_some_and(|n| n != 3)
    {
        return Some((number, end));
    }
    number.whole += number.part.as_deref().unwrap_or_default();
    number.part = Some(line.text(end + 1).to_string());
    Some((number, end + 2))
}

/// Returns the word for a power of ten after an amount that ends before `end`.
pub fn magnitude<'a>(
    line: &WrittenLine,
    end: usize,
    letters: bool,
    grammar: &'a dyn Grammar,
) -> Option<(&'a Magnitude, usize)> {
    if !line.is_word(end) || line.glued_right(end + 1) {
        return None;
    }
    let word = line.text(end);
    let low = word.to_lowercase();
    let found = grammar.tables().magnitudes.iter().find(|m| {
        // "15k", "15 k€"
        let tight = !line.gap(end) || "€$£".contains(line.joined(end + 1));
        m.written.contains(&low.as_str()) || letters && tight && m.letters.contains(&word)
    })?;
    Some((found, end + 1))
}

/// Reads "$5", "US$ 3.50", "€2 billones", "$10-$20", "NGN 400", "-$5".
pub fn sign_first(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let tables = grammar.tables();
    let minus = DASHES.contains(&line.sign(i)) && line.gap(i) && !line.gap(i + 1);
    let (currency, at) = self::currency(line, i + usize::from(minus), grammar)?;
    // "GBP/USD 1.27": a rate of exchange.
    let rate = i > 0 && !line.gap(i) && line.sign(i - 1) == '/';
    if line.glued_left(i) || rate {
        return None;
    }
    let (mut from, mut end) = amount(line, at, tables)?;
    from.negative = minus;
    // "$3-million deal"
    let hyphen =
        usize::from(line.joined(end) == '-' && line.is_word(end + 1) && !line.gap(end + 1));
    let (first, after_first) = magnitude(line, end + hyphen, true, grammar).unzip();
    let scaled = after_first.unwrap_or(end);
    let mut span = NumberSpan { from, to: None };
    if let Some((to, after)) = ending(line, scaled, currency, grammar) {
        span.to = Some(to);
        end = after;
    } else {
        end = scaled;
    }
    let last = match span.to {
        Some(_) => magnitude(line, end, true, grammar),
        None => None,
    };
    if let Some((_, after)) = last {
        end = after;
    }
    finish(
        line,
        i,
        span,
        first.or(last.map(|(m, _)| m)),
        currency,
        end,
        grammar,
    )
}

/// Returns the second amount of a range, with or without its sign.
fn ending(
    line: &WrittenLine,
    end: usize,
    currency: &Currency,
    grammar: &dyn Grammar,
) -> Option<(crate::grammar::values::WrittenNumber, usize)> {
    let tables = grammar.tables();
    if let Some(found) = second(line, end, tables) {
        return Some(found);
    }
    let (again, at) = self::currency(line, end + 1, grammar)?;
    let same = std::ptr::eq(again, currency) && DASHES.contains(&line.sign(end));
    // A blank stands on both sides of the dash or on none.
    if !same || line.gap(end) != line.gap(end + 1) {
        return None;
    }
    number(line, at, tables)
}

/// Reads "5 €", "3,50 $", "20 USD", "1 million dollars" is plain.
pub fn number_first(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let tables = grammar.tables();
    let (from, end) = signed(line, i, tables)?;
    let (to, end) = match second(line, end, tables) {
        Some((to, end)) => (Some(to), end),
        None => (None, end),
    };
    let (magnitude, end) = match magnitude(line, end, true, grammar) {
        Some((found, after)) => (Some(found), after),
        None => (None, end),
    };
    let (currency, end) = self::currency(line, end, grammar)?;
    // "5 $20": the sign belongs to the number that it touches.
    let other = line.gap(end - 1) && !line.gap(end) && line.is_figure(end);
    if other || line.glued_right(end) || line.glued_left(i) {
        return None;
    }
    finish(
        line,
        i,
        NumberSpan { from, to },
        magnitude,
        currency,
        end,
        grammar,
    )
}

fn finish(
    line: &WrittenLine,
    i: usize,
    span: NumberSpan,
    magnitude: Option<&Magnitude>,
    currency: &Currency,
    end: usize,
    grammar: &dyn Grammar,
) -> Option<Expression> {
    let money = MoneyAmount {
        span,
        magnitude,
        currency,
        attributive: grammar.is_attributive(line, i, end)
            || magnitude.is_some() && line.sign(end.wrapping_sub(2)) == '-' && line.is_word(end),
    };
    let mut words = grammar.money(&money);
    let mut end = end;
    // "$350/yr": a price by a unit.
    if line.joined(end) == '/'
        && line.is_word(end + 1)
        && !line.gap(end + 1)
        && !line.glued_right(end + 2)
    {
        let unit = grammar.unit(line.text(end + 1));
        let named = unit.map_or_else(|| grammar.word(line, end + 1), |u| u.one.to_string());
        words = join(&[&words, grammar.tables().per, &named]);
        end += 2;
    }
    Some(Expression::new(Semiotic::Money, words, end))
}

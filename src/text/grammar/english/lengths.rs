//! Feet and inches, squares, and units without a figure.

use super::EnglishGrammar;
use super::own::counted;
use crate::grammar::language::{Grammar, join};
use crate::grammar::recognise::{fractions, measures, numbers};
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;
use crate::grammar::values::{CountedNoun, NumberForm};

/// Tokens in which an open quotation is looked for.
const QUOTE_TOKENS: usize = 40;

/// "6'2\"", "5'10", "6 ft. 2 in.", "5 ft 3".
pub fn height(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let feet = line.text(i);
    if !line.is_figure(i) || line.glued_left(i) {
        return None;
    }
    let (at, short) = if line.joined(i + 1) == '\'' {
        (i + 2, true)
    } else if line.text(i + 1) == "ft" {
        (i + 2 + usize::from(line.joined(i + 2) == '.'), false)
    } else {
        return None;
    };
    let inches = line.text(at);
    let fits = line.is_figure(at) && inches.len() < 3 && inches.parse().is_ok_and(|n: u8| n < 12);
    if !fits || short && (feet.len() > 1 || line.gap(at)) {
        return None;
    }
    let mut end = at + 1;
    if line.joined(end) == '"' {
        end += 1;
    } else if line.text(end) == "in" {
        let stop = line.joined(end + 1) == '.' && end + 2 < line.len();
        end += 1 + usize::from(stop);
    } else if !short || line.glued_right(end) {
        return None;
    }
    let words = join(&[
        &counted(grammar, feet, "foot", "feet"),
        &counted(grammar, inches, "inch", "inches"),
    ]);
    Some(Expression::new(Semiotic::Measure, words, end))
}

/// "5'30\"": minutes and seconds, "6'": feet.
pub fn primes(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let (first, second) = (line.text(i), line.text(i + 2));
    if !line.is_figure(i) || line.glued_left(i) || line.joined(i + 1) != '\'' || first.len() > 2 {
        return None;
    }
    let both = line.is_figure(i + 2) && !line.gap(i + 2) && line.joined(i + 3) == '"';
    if both && second.len() == 2 && second < "60" {
        let words = join(&[
            &counted(grammar, first, "minute", "minutes"),
            &counted(grammar, second, "second", "seconds"),
        ]);
        return Some(Expression::new(Semiotic::Time, words, i + 4));
    }
    let alone = line.gap(i + 2) || matches!(line.sign(i + 2), ',' | '.' | ';' | ')');
    (alone && !open_quote(line, i)).then(|| {
        let words = counted(grammar, first, "foot", "feet");
        Expression::new(Semiotic::Measure, words, i + 2)
    })
}

/// "3-1/2\" pipe", "5-1/2 hours": a whole number and a fraction with a hyphen between them.
pub fn mixed(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let hyphen = line.is_figure(i) && line.joined(i + 1) == '-' && !line.gap(i + 2);
    let (over, under, end) = fractions::parts(line, i + 2).filter(|_| hyphen)?;
    let value = |digits: &str| digits.parse::<u32>().unwrap_or(0);
    if value(over) >= value(under) || value(under) > 64 || line.glued_left(i) {
        return None;
    }
    let whole = grammar.cardinal(line.text(i), NumberForm::default());
    let said = join(&[&whole, "and", &grammar.fraction(over, under)]);
    let (noun, end) = match (line.joined(end), line.text(end), line.joined(end + 1)) {
        ('"', ..) => ("inch", end + 1),
        (_, "in", '.') => ("inch", end + 2),
        _ => ("", end),
    };
    Some(Expression::new(
        Semiotic::Measure,
        join(&[&said, noun]),
        end,
    ))
}

/// Whether a single quote is open before `i`.
fn open_quote(line: &WrittenLine, i: usize) -> bool {
    (i.saturating_sub(QUOTE_TOKENS)..i).any(|k| line.sign(k) == '\'' && line.gap(k))
}

/// "a 10 in. pipe", "6 ft. tall", "10\"".
pub fn inches(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let (number, end) = numbers::number(line, i, grammar.tables())?;
    if line.glued_left(i) {
        return None;
    }
    let noun =
        |one: &'static str, many: &'static str| CountedNoun::of(one, many, Default::default());
    let stop = line.joined(end + 1) == '.';
    let (noun, after) = match line.text(end) {
        "in" if stop && line.gap(end) => (noun("inch", "inches"), end + 2),
        "ft" if stop => (noun("foot", "feet"), end + 2),
        "\"" if !line.gap(end) && !quoted(line, i) => (noun("inch", "inches"), end + 1),
        _ => return None,
    };
    let sentence = stop && (after >= line.len() || grammar.starts_sentence(line.text(after)));
    let described = line.is_word(after)
        && line.gap(after)
        && !sentence
        && !grammar.is_function(&line.low(after))
        && grammar.is_determiner(line.before(i));
    let unit = if number.is_one() || described {
        noun.one
    } else {
        noun.many
    };
    let words = join(&[&grammar.number(&number, NumberForm::default()), &unit]);
    Some(Expression::new(
        Semiotic::Measure,
        words,
        if sentence { after - 1 } else { after },
    ))
}

/// Whether a quotation is open before `i`.
fn quoted(line: &WrittenLine, i: usize) -> bool {
    let from = i.saturating_sub(QUOTE_TOKENS);
    (from..i).filter(|&k| line.sign(k) == '"').count() % 2 == 1
}

/// "100 sq ft": a square of a unit.
pub fn square(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let (span, end) = numbers::span(line, i, grammar.tables())?;
    let stop = usize::from(line.joined(end + 1) == '.');
    let words = match line.text(end) {
        "sq" => "square",
        "cu" => "cubic",
        _ => return None,
    };
    let (unit, end) = measures::unit(line, end + 1 + stop, grammar)?;
    if line.glued_left(i) {
        return None;
    }
    let count = grammar.span(&span, NumberForm::default());
    let words = join(&[&count, words, &grammar.counted(&span, &unit)]);
    Some(Expression::new(Semiotic::Measure, words, end))
}

/// "kg", "MHz" without a figure.
pub fn bare_unit(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    #[rustfmt::skip]
    const UNITS: [&str; 16] = [
        "kg", "km", "cm", "mm", "ml", "mL", "mg", "kHz", "MHz", "GHz", "kWh", "kW", "mph", "dB", "mAh", "kB",
    ];
    let written = line.text(i);
    let alone = UNITS.contains(&written) && !line.glued_left(i) && !line.glued_right(i + 1);
    let unit = grammar
        .unit(written)
        .filter(|_| alone && line.joined(i + 1) != '/')?;
    Some(Expression::new(
        Semiotic::Measure,
        unit.many.to_string(),
        i + 1,
    ))
}

/// "km/h" without a figure.
pub fn rate(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let tight =
        line.is_word(i) && line.joined(i + 1) == '/' && line.is_word(i + 2) && !line.gap(i + 2);
    if !tight
        || line.glued_left(i)
        || line.text(i).len() + line.text(i + 2).len() < 3
        || line.joined(i + 3) == '/'
    {
        return None;
    }
    let unit = grammar.unit(&line.joint(i, i + 3))?;
    (!line.glued_right(i + 3))
        .then(|| Expression::new(Semiotic::Measure, unit.many.to_string(), i + 3))
}

/// "oven at 350F", "T 37.5 C": a temperature without its degree, after a word that says so.
pub fn temperature(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    const WARM: [&str; 12] = [
        "temp",
        "temperature",
        "temperatures",
        "fever",
        "oven",
        "t",
        "preheat",
        "bake",
        "heat",
        "reached",
        "below",
        "above",
    ];
    const NEAR: usize = 5;
    let (span, end) = numbers::span(line, i, grammar.tables())?;
    let scale = match line.text(end) {
        "F" => "°F",
        "C" => "°C",
        _ => return None,
    };
    let last = span.to.as_ref().unwrap_or(&span.from);
    let warm = (i.saturating_sub(NEAR)..i).any(|k| WARM.contains(&line.low(k).as_str()));
    let fits = warm && (2..=3).contains(&last.whole.len()) && !line.glued_right(end + 1);
    let unit = grammar
        .unit(scale)
        .filter(|_| fits && !line.glued_left(i))?;
    let words = grammar.measure(&span, &unit, false);
    Some(Expression::new(Semiotic::Measure, words, end + 1))
}

//! Numbers: their digits with groups, point and sign; ordinals, ranges and plain cardinals.

use crate::grammar::language::Grammar;
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::tables::GrammarTables;
use crate::grammar::token::WrittenLine;
use crate::grammar::values::{NumberForm, NumberSpan, WrittenNumber};

/// Signs that may stand between the ends of a range.
pub const DASHES: [char; 2] = ['-', '–'];
/// Longest number that is read as a whole; a longer one is read digit by digit.
const DIGITS_MAX: usize = 33;

/// Returns the number that starts at `i` with a digit, or a point before a digit, and the index after it.
pub fn number(
    line: &WrittenLine,
    i: usize,
    tables: &GrammarTables,
) -> Option<(WrittenNumber, usize)> {
    let mut number = WrittenNumber::default();
    let mut end = i;
    if line.is_figure(i) {
        number.whole = line.text(i).to_string();
        end += 1;
        let mut used = None;
        while let Some((group, after)) = group(line, end, &number, used, tables) {
            used = Some(line.joined(end));
            number.whole.push_str(group);
            number.grouped = true;
            end = after;
        }
    }
    let point = line.sign(end);
    let here = tables.points.contains(&point) && (end == i || !line.gap(end));
    let again = line.joined(end + 2) == point && line.is_figure(end + 3) && !line.gap(end + 3);
    if here && line.is_figure(end + 1) && !line.gap(end + 1) && !again {
        number.part = Some(line.text(end + 1).to_string());
        end += 2;
    }
    (end > i).then_some((number, end))
}

/// Returns the digits of the next group at `end` and the index after it. All groups have the same sign before them.
fn group<'a>(
    line: &'a WrittenLine,
    end: usize,
    number: &WrittenNumber,
    used: Option<char>,
    tables: &GrammarTables,
) -> Option<(&'a str, usize)> {
    let whole = number.whole.len();
    let sign = line.joined(end);
    let blank = line.gap(end) && line.is_figure(end);
    let (sign, at) = if blank { (' ', end) } else { (sign, end + 1) };
    let same = used.is_none_or(|u| u == sign) && tables.groups.contains(&sign);
    let first = number.grouped || (whole <= 3 && !number.whole.starts_with('0'));
    // "4x100": a letter is no sign between groups.
    if !same || !first || !line.is_figure(at) || (!blank && (line.gap(at) || line.is_word(end))) {
        return None;
    }
    let digits = line.text(at).len();
    let pair = tables.pairs && digits == 2 && line.joined(at + 1) == sign;
    (digits == 3 || pair).then(|| (line.text(at), at + 1))
}

/// Returns the number at `i` with the sign before it. A minus is one when nothing touches it from the left.
pub fn signed(
    line: &WrittenLine,
    i: usize,
    tables: &GrammarTables,
) -> Option<(WrittenNumber, usize)> {
    let minus = DASHES.contains(&line.sign(i)) && line.gap(i) && !line.gap(i + 1);
    let (mut number, end) = number(line, i + usize::from(minus), tables)?;
    number.negative = minus;
    Some((number, end))
}

/// Returns the number or the range at `i`, and the index after it. Between the ends of a range there may be blanks on
/// both sides of an en dash.
pub fn span(line: &WrittenLine, i: usize, tables: &GrammarTables) -> Option<(NumberSpan, usize)> {
    let (from, end) = signed(line, i, tables)?;
    match second(line, end, tables) {
        Some((to, end)) => Some((NumberSpan { from, to: Some(to) }, end)),
        None => Some((NumberSpan { from, to: None }, end)),
    }
}

/// Returns the second end of a range after a dash at `end`.
pub fn second(
    line: &WrittenLine,
    end: usize,
    tables: &GrammarTables,
) -> Option<(WrittenNumber, usize)> {
    let dash = line.sign(end);
    let spaced = line.gap(end) && line.gap(end + 1) && dash == '–';
    if !DASHES.contains(&dash) || (!spaced && (line.gap(end) || line.gap(end + 1))) {
        return None;
    }
    // "24-0815" is a code.
    let padded =
        |n: &WrittenNumber| n.part.is_none() && n.whole.len() > 1 && n.whole.starts_with('0');
    number(line, end + 1, tables).filter(|(n, _)| line.is_figure(end + 1) && !padded(n))
}

/// Reads digits with a mark of an ordinal.
pub fn ordinal(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let tables = grammar.tables();
    let (number, end) = number(line, i, tables).filter(|(n, _)| n.part.is_none())?;
    let stop = usize::from(line.joined(end) == '.' && !line.gap(end + 1));
    let mark = line.low(end + stop);
    let marked = !line.gap(end)
        && tables.ordinal_marks.contains(&mark.as_str())
        && grammar.takes_mark(&number.whole, &mark);
    // "Terminal 2E": a capital is a letter.
    let written = line.text(end + stop);
    let letter = written.chars().all(char::is_uppercase) && written.chars().nth(1).is_none();
    let letter = letter && mark.starts_with(char::is_alphabetic) && mark != "º" && mark != "ª";
    (marked
        && (!letter || line.shouted)
        && !line.glued_right(end + stop + 1)
        && number.whole.len() <= DIGITS_MAX)
        .then(|| {
            let words = grammar.marked_ordinal(&number.whole, &mark);
            // "1er. grado": the stop of the mark within a sentence.
            let after = end + stop + 1;
            let small = line.text(after + 1).starts_with(char::is_lowercase);
            let dot = stop == 0 && line.joined(after) == '.' && line.gap(after + 1) && small;
            Expression::new(Semiotic::Ordinal, words, after + usize::from(dot))
        })
}

/// Reads two numbers with a dash between them: "10-20". Codes with dashes are `serials`.
pub fn range(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let (span, end) = span(line, i, grammar.tables())?;
    let to = span.to.as_ref()?;
    let again = DASHES.contains(&line.joined(end)) && line.is_figure(end + 1);
    let sum = line.sign(end) == '=' || i > 0 && line.sign(i - 1) == '=';
    if again || sum || line.glued_right(end) || line.glued_left(i) {
        return None;
    }
    let said = |n: &WrittenNumber| match grammar.is_year(line, i, n) {
        true => grammar.year(&n.whole),
        false => grammar.number(n, NumberForm::default()),
    };
    let words = grammar.range(&said(&span.from), &said(to));
    Some(Expression::new(Semiotic::Range, words, end))
}

/// Reads a number by itself.
pub fn cardinal(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let (number, end) = signed(line, i, grammar.tables())?;
    let class = match number.part {
        Some(_) => Semiotic::Decimal,
        None => Semiotic::Cardinal,
    };
    let words = if grammar.is_year(line, i, &number) {
        grammar.year(&number.whole)
    } else if number.whole.len() > DIGITS_MAX || grammar.names(&number) {
        grammar.one_by_one(&number.whole)
    } else {
        let form = match grammar.gender_with(&number, &line.low(end)) {
            Some(gender) => NumberForm::before(gender),
            None => NumberForm {
                before_noun: line.is_word(end),
                ..NumberForm::default()
            },
        };
        grammar.number(&number, form)
    };
    Some(Expression::new(class, words, end))
}

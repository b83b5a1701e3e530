//! Dates in figures ("2024-05-13", "5/13/24") and with the month's name ("13 May 2024", "May 13").

use super::numbers;
use crate::grammar::language::Grammar;
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;
use crate::grammar::values::CalendarDate;

/// Returns the number at `i` when it has as many digits as `digits` allows.
fn figure(line: &WrittenLine, i: usize, digits: std::ops::RangeInclusive<usize>) -> Option<u16> {
    let text = line.text(i);
    (line.is_figure(i) && digits.contains(&text.len()))
        .then(|| text.parse().ok())
        .flatten()
}

fn day(line: &WrittenLine, i: usize) -> Option<u8> {
    figure(line, i, 1..=2)
        .filter(|d| (1..=31).contains(d))
        .map(|d| d as u8)
}

/// Reads a month and a year in figures: "06/2024". After a name or a word for a number they name a paper: "Act 12/2024".
pub fn month_and_year(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    #[rustfmt::skip]
    const NUMBERS: [&str; 30] = [
        "no", "nos", "nr", "n", "nº", "num", "número", "numero", "numéro", "ref", "art", "lei", "ley", "loi", "legge", "law",
        "act", "circular", "order", "case", "file", "decree", "decreto", "décret", "bill", "invoice", "form", "regulamento",
        "reglamento", "directive",
    ];
    let month = figure(line, i, 2..=2).filter(|m| (1..=12).contains(m))?;
    let year = figure(line, i + 2, 4..=4).filter(|y| (1900..2100).contains(y))?;
    let slash = line.joined(i + 1) == '/' && !line.gap(i + 2) && line.joined(i + 3) != '/';
    let mark = usize::from(i > 1 && matches!(line.sign(i - 1), '.' | ':' | '°'));
    let before = i.checked_sub(1 + mark);
    let named = before.is_some_and(|k| {
        line.capital(k) && k > 0 && mark == 0 || NUMBERS.contains(&line.low(k).as_str())
    });
    let tight = i > 0 && !line.gap(i) && line.sign(i - 1) != '(';
    if !slash || named || tight || line.glued_right(i + 3) {
        return None;
    }
    let date = CalendarDate {
        month: Some(month as u8),
        year: Some(year.to_string()),
        figures: true,
        ..CalendarDate::default()
    };
    Some(Expression::new(Semiotic::Date, grammar.date(&date), i + 3))
}

/// Whether a day and a month in figures start at `i`, in a language that writes the day first: after the name of a day, or
/// where the numbers are no usual fraction ("14/11"); after "TA" they are a blood pressure.
pub fn is_day_and_month(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> bool {
    #[rustfmt::skip]
    const WEEKDAYS: [&str; 35] = [
        "lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo", "lundi", "mardi", "mercredi", "jeudi",
        "vendredi", "samedi", "dimanche", "lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica",
        "segunda", "terça", "quarta", "quinta", "sexta", "feira", "día", "dia", "giorno", "fecha", "date", "data", "monday",
        "friday",
    ];
    const PRESSURES: [&str; 4] = ["ta", "pa", "tension", "tensión"];
    const NEAR: usize = 4;
    let (Some(first), Some(second)) = (day(line, i), figure(line, i + 2, 1..=2)) else {
        return false;
    };
    let tight = line.joined(i + 1) == '/' && !line.gap(i + 2) && !line.glued_left(i);
    let alone = !line.glued_right(i + 3) && !matches!(line.joined(i + 3), '/' | '-' | '%');
    let comma = usize::from(i > 1 && line.sign(i - 1) == ',');
    let named = i > comma && WEEKDAYS.contains(&line.low(i - 1 - comma).as_str());
    let padded = line.text(i + 2).len() == 2 && line.text(i).len() == 2;
    let pressure = (i.saturating_sub(NEAR)..i).any(|k| PRESSURES.contains(&line.low(k).as_str()));
    let odd = first > 12 && padded && second > 2;
    let zero = padded && (line.text(i).starts_with('0') || line.text(i + 2).starts_with('0'));
    grammar.tables().day_first
        && (1..=12).contains(&second)
        && tight
        && alone
        && !pressure
        && (named || odd || zero)
}

/// Reads a day and a month in figures.
pub fn day_and_month(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    if !is_day_and_month(line, i, grammar) {
        return None;
    }
    let date = CalendarDate {
        day: day(line, i),
        month: figure(line, i + 2, 1..=2).map(|m| m as u8),
        day_first: true,
        figures: true,
        ..CalendarDate::default()
    };
    Some(Expression::new(Semiotic::Date, grammar.date(&date), i + 3))
}

/// Reads a day, a month's name and a year that touch each other: "05JAN2024".
fn in_one(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let day = day(line, i).filter(|_| !line.glued_left(i))?;
    let month = grammar.tables().month(&line.low(i + 1))?;
    let year = line.text(i + 2);
    let tight = !line.gap(i + 1) && !line.gap(i + 2) && !line.glued_right(i + 3);
    let fits = line.is_figure(i + 2) && matches!(year.len(), 2 | 4);
    let date = CalendarDate {
        day: Some(day),
        month: Some(month),
        year: Some(year.to_string()),
        day_first: true,
        figures: false,
    };
    (tight && fits).then(|| Expression::new(Semiotic::Date, grammar.date(&date), i + 3))
}

/// Reads three figures with the same sign between them.
pub fn in_figures(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    if let Some(first) = first_of_month(line, i, grammar) {
        return Some(first);
    }
    let sign = line.joined(i + 1);
    let tight = (i + 2..i + 5).all(|k| !line.gap(k));
    if !matches!(sign, '-' | '/' | '.') || line.joined(i + 3) != sign || !tight {
        return None;
    }
    let (a, b, c) = (line.text(i), line.text(i + 2), line.text(i + 4));
    let (first, second, third) = (
        figure(line, i, 1..=4)?,
        figure(line, i + 2, 1..=2)?,
        figure(line, i + 4, 1..=4)?,
    );
    let tables = grammar.tables();
    let day_first = tables.day_first;
    let (year, month, day) = match (a.len(), b.len(), c.len()) {
        (4, 1..=2, 1..=2) if sign != '.' => (a, second, third),
        (1..=2, 1..=2, 4) | (1..=2, 1..=2, 2)
            if c.len() == 4
                || sign == '/'
                || (sign == '-' || day_first && tables.groups.contains(&'.'))
                    && a.len() == 2
                    && b.len() == 2 =>
        {
            let month_first = !day_first && sign != '.' && first <= 12;
            match month_first || second > 12 {
                true => (c, first, second),
                false => (c, second, first),
            }
        }
        _ => return None,
    };
    let end = i + 5;
    if !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || line.glued_right(end)
        || line.glued_left(i)
        || line.joined(end) == sign && line.is_figure(end + 1)
    {
        return None;
    }
    let year = match year.len() {
        2 if year < "50" => format!("20{year}"),
        2 => format!("19{year}"),
        _ => year.to_string(),
    };
    let date = CalendarDate {
        day: Some(day as u8),
        month: Some(month as u8),
        year: Some(year),
        day_first: day == first,
        figures: true,
    };
    Some(Expression::new(Semiotic::Date, grammar.date(&date), end))
}

/// Reads "1º/05/2024": the first of a month with the mark of an ordinal.
fn first_of_month(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let mark = line.low(i + 1);
    let marked = line.text(i) == "1" && grammar.tables().ordinal_marks.contains(&mark.as_str());
    let tight = (i + 1..i + 6).all(|k| !line.gap(k)) && !line.glued_left(i);
    let month = figure(line, i + 3, 1..=2).filter(|m| (1..=12).contains(m))?;
    let year = figure(line, i + 5, 4..=4)?;
    let slashes = line.sign(i + 2) == '/' && line.sign(i + 4) == '/' && !line.glued_right(i + 6);
    let date = CalendarDate {
        day: Some(1),
        month: Some(month as u8),
        year: Some(year.to_string()),
        day_first: true,
        figures: true,
    };
    (marked && tight && slashes)
        .then(|| Expression::new(Semiotic::Date, grammar.date(&date), i + 6))
}

/// Reads a day and a month's name in either order, with a year or without, and a month's name with a year.
pub fn in_words(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    if let Some(found) = month_range(line, i, grammar).or_else(|| in_one(line, i, grammar)) {
        return Some(found);
    }
    let mut date = CalendarDate::default();
    let mut end = i;
    if let Some(first) = day_with_mark(line, i, grammar) {
        date.day = Some(first.0);
        date.day_first = true;
        end = first.1;
        if matches!(line.joined(end), '-' | '/') && !line.gap(end + 1) {
            end += 1;
        }
    }
    let (month, after) = month(line, end, grammar)?;
    date.month = Some(month);
    end = after;
    let mut last = end;
    if date.day.is_none() {
        let dash = usize::from(line.joined(end) == '-' && !line.gap(end + 1));
        if let Some((day, after)) = day_with_mark(line, end + dash, grammar)
            && !(matches!(line.joined(after), ':' | '%' | '/' | '.') && line.is_figure(after + 1))
            && line.joined(after) != '%'
        {
            // French "mar. 12 nov.": a day of the week, not March.
            if grammar.tables().month(&line.low(after)).is_some() && line.gap(after) {
                return None;
            }
            date.day = Some(day);
            end = after;
            last = after;
        }
    }
    let comma = usize::from(matches!(line.joined(end), ',' | '-' | '/') && line.is_figure(end + 1));
    if let Some(year) = figure(line, end + comma, 4..=4).filter(|y| (1000..2200).contains(y))
        && !line.glued_right(end + comma + 1)
        && line.joined(end + comma + 1) != ':'
    {
        date.year = Some(year.to_string());
        last = end + comma + 1;
    }
    if date.day.is_none() && date.year.is_none() || line.glued_right(last) {
        return None;
    }
    Some(Expression::new(Semiotic::Date, grammar.date(&date), last))
}

/// Reads "Mar-Apr", "Jan.–June".
fn month_range(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let (from, dash) = month(line, i, grammar)?;
    let tight = !line.gap(dash) && !line.gap(dash + 1) && line.capital(i) && line.capital(dash + 1);
    if !tight || !numbers::DASHES.contains(&line.sign(dash)) || line.glued_left(i) {
        return None;
    }
    let (to, end) = month(line, dash + 1, grammar)?;
    let name = |m: u8| grammar.tables().months[usize::from(m) - 1];
    (!line.glued_right(end))
        .then(|| Expression::new(Semiotic::Range, grammar.range(name(from), name(to)), end))
}

/// Returns the day at `i`, with the mark of an ordinal or without, and the index after it.
fn day_with_mark(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<(u8, usize)> {
    let day = day(line, i)?;
    let mark = line.low(i + 1);
    let marked = !line.gap(i + 1) && grammar.tables().ordinal_marks.contains(&mark.as_str());
    let end = i + 1 + usize::from(marked);
    (!line.glued_right(end) && !line.glued_left(i)).then_some((day, end))
}

/// Returns the month at `i`, with a stop or without, and the index after it.
fn month(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<(u8, usize)> {
    let month = grammar.tables().month(&line.low(i))?;
    let stop = line.joined(i + 1) == '.' && (line.is_figure(i + 2) || line.gap(i + 2));
    let short = line.text(i).chars().count() < 5;
    Some((
        month,
        i + 1 + usize::from(stop && short && i + 2 < line.len()),
    ))
}

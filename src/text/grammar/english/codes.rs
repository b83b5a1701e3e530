//! Signs of papers, prescriptions and programs: "12(b)(3)", "q6h", "an A-", "x >= 10", "T-10 minutes", "stage IIIb".

use super::EnglishGrammar;
use super::own::{counted, number_of};
use crate::grammar::language::{Grammar, join};
use crate::grammar::recognise::romans;
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;

/// Most brackets of one clause.
const BRACKETS_MAX: usize = 6;

/// "12(b)(3)", "401(k)": a clause of a law or a form, without the brackets.
pub fn clause(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    if !line.is_figure(i) || line.glued_left(i) || line.text(i).len() > 4 {
        return None;
    }
    let mut said = vec![grammar.code(line.text(i))];
    let mut end = i + 1;
    while said.len() <= BRACKETS_MAX && line.joined(end) == '(' && line.joined(end + 2) == ')' {
        let (text, tight) = (line.text(end + 1), !line.gap(end + 1));
        let letter = line.is_word(end + 1) && text.len() == 1
            || text.chars().all(|c| "ivx".contains(c)) && text.len() < 5;
        let figure = line.is_figure(end + 1) && text.len() < 3;
        match (tight, letter, figure) {
            (true, true, _) => said.push(grammar.letters(text)),
            (true, _, true) => said.push(number_of(grammar, text)),
            _ => break,
        }
        end += 3;
    }
    let words: Vec<&str> = said.iter().map(String::as_str).collect();
    (said.len() > 1 && !line.glued_right(end))
        .then(|| Expression::new(Semiotic::Serial, join(&words), end))
}

/// "q6h": every six hours.
pub fn dose(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let tight = !line.gap(i + 1) && !line.gap(i + 2) && !line.glued_right(i + 3);
    let q = matches!(line.text(i), "q" | "Q") && line.is_figure(i + 1) && tight;
    let (one, many) = match line.text(i + 2) {
        "h" | "hr" | "hrs" => ("hour", "hours"),
        "d" => ("day", "days"),
        "wk" => ("week", "weeks"),
        _ => return None,
    };
    q.then(|| {
        let words = join(&["every", &counted(grammar, line.text(i + 1), one, many)]);
        Expression::new(Semiotic::Measure, words, i + 3)
    })
}

/// "an A-": a grade.
pub fn grade(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let letter = matches!(line.text(i), "A" | "B" | "C" | "D");
    let before = line.before(i).to_lowercase();
    let given = matches!(
        before.as_str(),
        "a" | "an" | "grade" | "got" | "his" | "her" | "my"
    );
    let minus = line.joined(i + 1) == '-' && line.gap(i + 2);
    (letter && given && minus && line.gap(i)).then(|| {
        let words = join(&[line.text(i), grammar.tables().minus]);
        Expression::new(Semiotic::Letters, words, i + 2)
    })
}

/// "T-10 minutes".
pub fn countdown(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let unit = line.low(i + 3);
    let time = ["minute", "second", "hour", "day"].contains(&unit.trim_end_matches('s'));
    let fits = line.text(i) == "T" && line.joined(i + 1) == '-' && line.is_figure(i + 2) && time;
    fits.then(|| {
        let words = join(&["T minus", &number_of(grammar, line.text(i + 2))]);
        Expression::new(Semiotic::Serial, words, i + 3)
    })
}

/// "stage IIIb": a Roman numeral with a letter.
pub fn stage(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let word = line.text(i);
    let numeral = word.trim_end_matches(['a', 'b', 'c']);
    let letter = &word[numeral.len()..];
    let named = grammar.tables().roman_before;
    if letter.len() != 1 || !named.contains(&line.before(i).to_lowercase().as_str()) {
        return None;
    }
    let n = romans::value(numeral)?;
    let words = join(&[&number_of(grammar, &n.to_string()), &letter.to_uppercase()]);
    (!line.glued_right(i + 1)).then(|| Expression::new(Semiotic::Roman, words, i + 1))
}

/// ">=", "!=", "==", "&&": operators of programs.
pub fn operator(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let tables = grammar.tables();
    let sign = |c: char| tables.sign(c).unwrap_or_default();
    let words = match (line.sign(i), line.joined(i + 1)) {
        ('>', '=') => sign('≥'),
        ('<', '=') => sign('≤'),
        ('!', '=') => sign('≠'),
        ('=', '=') => sign('='),
        ('&', '&') => sign('&'),
        ('=' | '-', '>') if line.gap(i) && line.gap(i + 2) => sign('→'),
        _ => return None,
    };
    let more = |k: usize| !line.gap(k) && matches!(line.sign(k), '=' | '>' | '<' | '&');
    let again = i > 0 && more(i) && matches!(line.sign(i - 1), '=' | '>' | '<' | '&' | '!');
    (!more(i + 2) && !again).then(|| Expression::new(Semiotic::Formula, words, i + 2))
}

/// "three times a day x 7 days": the sign after a word.
pub fn times(_grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let sign = line.text(i) == "x" && line.gap(i) && i > 0 && line.is_word(i - 1);
    let letter = line.before(i).chars().nth(1).is_none();
    let count = line.is_figure(i + 1) && line.gap(i + 1) && line.is_word(i + 2);
    (sign && count && !letter).then(|| Expression::new(Semiotic::Formula, "times", i + 1))
}

/// "3 shifts/day": what is counted by the day.
pub fn rate(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let tight = line.joined(i) == '/' && line.is_word(i + 1) && !line.gap(i + 1);
    let counted = i > 1 && line.is_word(i - 1) && line.is_figure(i - 2);
    let by = grammar.is_per(&line.low(i + 1)) && !line.glued_right(i + 2);
    (tight && counted && by)
        .then(|| Expression::new(Semiotic::Measure, grammar.tables().per, i + 1))
}

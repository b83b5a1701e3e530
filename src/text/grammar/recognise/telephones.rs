//! Telephone numbers, and figures that are read digit by digit because of the word before them.

use crate::grammar::language::Grammar;
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;

/// ITU-T E.164 allows 15 digits; a card's number has up to 19.
const DIGITS_MAX: usize = 19;

/// Reads groups of digits with a mark of a telephone number: a plus, a leading zero, brackets, or three groups with
/// hyphens; 7 to 15 digits together.
pub fn read(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    by_word(line, i, grammar).or_else(|| by_shape(line, i, grammar))
}

/// Returns the groups of digits from `i` on, the index after them, and the signs between them.
pub fn groups(line: &WrittenLine, i: usize) -> (Vec<&str>, usize, String) {
    let (mut groups, mut signs) = (Vec::new(), String::new());
    let (mut at, mut end, mut total) = (i, i, 0);
    while line.is_figure(at) && total <= DIGITS_MAX {
        total += line.text(at).len();
        groups.push(line.text(at));
        at += 1;
        end = at;
        if line.gap(at) && line.sign(at) != '(' {
            if line.is_figure(at) {
                signs.push(' ');
                continue;
            }
            break;
        }
        let start = at;
        while matches!(line.sign(at), '-' | '(' | ')' | '.' | '–' | '/') && at - start < 2 {
            at += 1;
        }
        let closed = line.gap(at) && line.sign(at - 1) != ')';
        if at == start || closed || !line.is_figure(at) {
            break;
        }
        signs.extend((start..at).map(|k| line.sign(k)));
    }
    (groups, end, signs)
}

fn by_shape(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let plus = line.sign(i) == '+' && !line.gap(i + 1);
    let open = i + usize::from(plus);
    let bracket = line.sign(open) == '(' && line.is_figure(open + 1);
    let start = open + usize::from(bracket);
    if line.glued_left(i) {
        return None;
    }
    let (groups, end, signs) = groups(line, start);
    let total: usize = groups.iter().map(|g| g.len()).sum();
    let first = groups.first()?;
    let hyphens = signs.matches(['-', '–']).count();
    let dots = signs.matches('.').count();
    let marked = plus
        || signs.contains('(') && signs.contains(')') && first.len() < 3
        || bracket && line.sign(start + 1) == ')'
        || first.starts_with('0') && (!signs.contains(['.', '/']) || is_area(&groups, &signs))
        || hyphens > 1 && first.len() <= 4 && groups.len() >= 3
        || hyphens == 1 && first.len() == 3 && groups.len() == 2 && groups[1].len() == 4
        || dots == 2 && groups.len() == 3 && first.len() == 3 && groups[2].len() == 4;
    // "07700 900123", "06 12345678": one long group after the area's.
    let most = match first.starts_with('0') && groups.len() == 2 {
        true => 8,
        false => 5,
    };
    let marked = marked || is_long_row(&groups, &signs);
    let shaped = groups.len() >= 2 && groups.iter().skip(1).all(|g| (1..=most).contains(&g.len()));
    let alone = plus && groups.len() == 1;
    if !marked || !(shaped || alone) || !(7..=15).contains(&total) || line.glued_right(end) {
        return None;
    }
    let said = grammar.telephone(&groups);
    let words = match plus {
        true => format!("{} {said}", grammar.tables().plus),
        false => said,
    };
    Some(Expression::new(Semiotic::Telephone, words, end))
}

/// Whether groups with a leading zero and other signs than blanks are those of a telephone: "02/1234567",
/// "06.12.34.56.78".
fn is_area(groups: &[&str], signs: &str) -> bool {
    let slash = signs == "/" && groups.len() == 2 && groups[1].len() > 5;
    let pairs = groups.iter().all(|g| g.len() == 2) && signs == "....";
    slash || pairs
}

/// Whether groups with blanks between them are no number and no list of numbers: "1800 123 4567".
fn is_long_row(groups: &[&str], signs: &str) -> bool {
    let total: usize = groups.iter().map(|g| g.len()).sum();
    let grouped = groups.iter().skip(1).all(|g| g.len() == 3);
    let years = groups
        .iter()
        .all(|g| g.len() == 4 && ("1100".."2200").contains(g));
    let long = groups.iter().any(|g| g.len() > 3) && groups.iter().all(|g| g.len() > 1);
    (3..=4).contains(&groups.len())
        && (10..=12).contains(&total)
        && signs.chars().all(|c| c == ' ')
        && long
        && !grouped
        && !years
}

/// Reads figures after a word of the tables digit by digit.
fn by_word(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    let words = grammar.tables().digit_words;
    let named = |k: usize| {
        let Some(at) = i.checked_sub(k) else {
            return false;
        };
        let word = line.low(at);
        // "ending in 4821"
        let phrase = || format!("{} {word}", line.before(at).to_lowercase());
        words.contains(&word.as_str()) || words.contains(&phrase().as_str())
    };
    let marked = || matches!(line.sign(i.wrapping_sub(1)), ':' | '#' | '.') && named(2);
    if !line.is_figure(i) || line.glued_left(i) || !(line.gap(i) && named(1) || marked()) {
        return None;
    }
    let (groups, end, signs) = groups(line, i);
    let total: usize = groups.iter().map(|g| g.len()).sum();
    let parts = groups.len() < 3 && signs.contains(['.', '/']);
    if total < 3 || parts || line.glued_right(end) {
        return None;
    }
    let words = grammar.telephone(&groups);
    Some(Expression::new(Semiotic::Telephone, words, end))
}

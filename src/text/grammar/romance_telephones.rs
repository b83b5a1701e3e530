//! Telephone numbers as Spanish, French, Italian and Portuguese texts write them: with blanks, or two groups with a line.

use super::language::Grammar;
use super::token::WrittenLine;

/// Returns the two groups of digits of a local telephone number at `i`, and the index after it: "1234-5678",
/// "91234-5678". Two years with a line between them are none.
pub fn local_telephone(line: &WrittenLine, i: usize) -> Option<([&str; 2], usize)> {
    let (first, second) = (line.text(i), line.text(i + 2));
    let shaped = line.is_figure(i)
        && line.is_figure(i + 2)
        && matches!(first.len(), 4 | 5)
        && second.len() == 4;
    let tight = line.joined(i + 1) == '-' && !line.gap(i + 2);
    let year = |text: &str| text.len() == 4 && ("1000".."2200").contains(&text);
    let alone = !line.glued_left(i) && !line.glued_right(i + 3) && line.joined(i + 3) != '-';
    let after_dash =
        i > 0 && line.joined(i - 1) == '-' || i > 0 && !line.gap(i) && line.sign(i - 1) == '-';
    (shaped && tight && alone && !after_dash && !(year(first) && year(second)))
        .then_some(([first, second], i + 3))
}

/// Returns the groups of a telephone number with blanks between them, and the index after it: eight to eleven digits in
/// three groups or more that are not those of a number; of a number too after a word for a telephone.
pub fn spaced_telephone(
    line: &WrittenLine,
    i: usize,
    grammar: &dyn Grammar,
) -> Option<(Vec<String>, usize)> {
    if !line.is_figure(i) || !line.gap(i) {
        return None;
    }
    // "612 345 678", "900 123 456": nine digits that no noun follows.
    let joint =
        |k: usize| line.text(k).chars().nth(2).is_none() && grammar.unit(line.text(k)).is_none();
    let free = |k: usize| (!line.is_word(k) || joint(k)) && !"€$£%".contains(line.sign(k));
    let lengths = (i..i + 3).all(|k| line.is_figure(k) && line.text(k).len() == 3 && line.gap(k));
    let first = line.text(i).starts_with(|c| ('6'..='9').contains(&c));
    if lengths && first && !line.is_figure(i + 3) && free(i + 3) {
        return Some((
            (i..i + 3).map(|k| line.text(k).to_string()).collect(),
            i + 3,
        ));
    }
    let mut groups = Vec::new();
    let mut end = i;
    while line.is_figure(end) && line.gap(end) && line.text(end).len() <= 4 && end - i < 7 {
        groups.push(line.text(end).to_string());
        end += 1;
    }
    let total: usize = groups.iter().map(String::len).sum();
    let stop = usize::from(matches!(line.before(i), "." | ":"));
    let words = grammar.tables().digit_words;
    let named = i > stop && words.contains(&line.low(i - 1 - stop).as_str());
    let grouped = groups.iter().skip(1).all(|g| g.len() == 3);
    let shaped = groups.len() >= 3
        && (8..=11).contains(&total)
        && groups.iter().skip(1).all(|g| g.len() >= 2);
    (shaped
        && (named || !grouped)
        && !line.glued_right(end)
        && !(line.joined(end) == ',' && line.is_figure(end + 1) && !line.gap(end + 1)))
    .then_some((groups, end))
}

//! Two figures with a hyphen between them that are hours or the points of a game: "9-5", "won 3-2", "6-4, 3-6".

use super::EnglishGrammar;
use super::own::number_of;
use crate::grammar::language::{Grammar, join};
use crate::grammar::recognise::times;
use crate::grammar::semiotic::{Expression, Semiotic};
use crate::grammar::token::WrittenLine;

/// Words of games, in lower case.
#[rustfmt::skip]
const GAMES: [&str; 44] = [
    "won", "win", "wins", "winning", "beat", "beats", "beaten", "lost", "lose", "loses", "defeat", "defeated", "victory",
    "score", "scored", "scores", "goal", "goals", "draw", "drew", "tie", "tied", "lead", "leads", "led", "match", "game",
    "games", "set", "sets", "final", "finals", "innings", "penalties", "odds", "series", "record", "halftime", "equaliser",
    "equalizer", "league", "cup", "thrashed", "upset",
];
/// Words before the points of a game that is lost or was even.
const BEFORE_POINTS: [&str; 8] = [
    "lost", "lose", "loses", "beaten", "defeated", "drew", "trailed", "fell",
];
/// Tokens on each side in which a word of a game is looked for.
const NEAR: usize = 14;

/// Returns the two numbers of the pair at `i`.
fn pair(line: &WrittenLine, i: usize) -> Option<(&str, &str)> {
    let (from, to) = (line.text(i), line.text(i + 2));
    let tight = line.joined(i + 1) == '-' && line.is_figure(i + 2) && !line.gap(i + 2);
    let short = |text: &str| text.len() <= 3 && (text == "0" || !text.starts_with('0'));
    let alone = !line.glued_left(i)
        && !line.glued_right(i + 3)
        && !matches!(line.joined(i + 3), '-' | '%' | '/' | ':' | '=');
    (line.is_figure(i) && tight && alone && short(from) && short(to)).then_some((from, to))
}

fn is_game(line: &WrittenLine, i: usize) -> bool {
    let near = i.saturating_sub(NEAR)..(i + NEAR).min(line.len());
    near.into_iter()
        .any(|k| line.is_word(k) && GAMES.contains(&line.low(k).as_str()))
}

/// Reads hours of work ("9-5") as a range, and points as two numbers.
pub fn read(grammar: &EnglishGrammar, line: &WrittenLine, i: usize) -> Option<Expression> {
    let (from, to) = pair(line, i)?;
    let (a, b): (u32, u32) = (from.parse().ok()?, to.parse().ok()?);
    let said = |digits| number_of(grammar, digits);
    // "9-5 pm" is a time.
    if times::half(line, i + 3, grammar).is_some() {
        return None;
    }
    let hours = (7..=12).contains(&a) && (1..=6).contains(&b);
    let within = |k: usize| k < line.len() && pair(line, k).is_some();
    let listed = line.joined(i + 3) == ',' && within(i + 4)
        || i > 3 && line.joined(i - 1) == ',' && within(i - 4);
    if hours && !is_game(line, i) && !listed {
        let words = grammar.range(&said(from), &said(to));
        return Some(Expression::new(Semiotic::Range, words, i + 3));
    }
    let counted = line.is_word(i + 3) && grammar.is_plural(&line.low(i + 3));
    let points = a < b
        && !counted
        && (BEFORE_POINTS.contains(&line.before(i).to_lowercase().as_str())
            || listed && is_game(line, i));
    points.then(|| Expression::new(Semiotic::Serial, join(&[&said(from), &said(to)]), i + 3))
}

//! Removes markup that is not spoken: tags in angle brackets, targets of links, terminal colours, fences of code, marks of
//! pauses; and resolves HTML's names of characters.
//!
//! Owns what is removed before a text is read. The text within tags, links and fences stays.

/// Characters of the longest tag or target that is removed.
const MARKUP_CHARS_MAX: usize = 300;
/// The first character of a terminal's control sequence.
const ESCAPE: char = '\u{1b}';

/// Returns `text` without tags (`<speak>`, `<break time="1s"/>`, `</b>`), without the targets of links and pictures
/// (`[text](address)`) and without terminal colours. Everything else stays. Linear in the length of `text`.
pub fn bare(text: &str) -> String {
    let text = &fenceless(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['<', ']', '[', '&', ESCAPE]) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let passed = tag(from)
            .map(|n| (n, " "))
            .or(target(from).map(|n| (n, "]")))
            .or(colour(from).map(|n| (n, "")))
            .or(pause(from).map(|n| (n, " ")));
        if let Some((length, c)) = entity(from) {
            out.push(c);
            rest = &from[length..];
            continue;
        }
        let (length, stays) = passed.unwrap_or((1, &from[..1]));
        out.push_str(stays);
        rest = &from[length..];
    }
    out + rest
}

/// Returns `text` without the lines that open and close a block of code, and without backticks.
fn fenceless(text: &str) -> String {
    if !text.contains("```") {
        return text.to_string();
    }
    let fence = |line: &&str| {
        line.trim_start().starts_with("```") && !line.trim().trim_matches('`').contains(' ')
    };
    let lines = text.split_inclusive('\n').filter(|line| !fence(line));
    lines.collect::<String>().replace("```", " ")
}

/// Returns the bytes of a mark of a pause at the start of `text`: "[pause:1.5s]", "[pause 2s]".
fn pause(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("[pause")?;
    let length = inside.find(']').filter(|&n| n < 12)?;
    let value = inside[..length].trim_start_matches([':', ' ', '=']);
    let time = value.strip_suffix('s')?.trim_end_matches('m');
    time.parse::<f32>()
        .ok()
        .map(|_| "[pause".len() + length + 1)
}

/// Returns the bytes of a reference to a character at the start of `text` (HTML 5 §13.5), and the character.
fn entity(text: &str) -> Option<(usize, char)> {
    #[rustfmt::skip]
    const NAMED: [(&str, char); 34] = [
        ("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\''), ("nbsp", ' '), ("ensp", ' '),
        ("emsp", ' '), ("thinsp", ' '), ("shy", '\u{AD}'), ("ndash", '–'), ("mdash", '—'), ("hellip", '…'),
        ("lsquo", '‘'), ("rsquo", '’'), ("ldquo", '“'), ("rdquo", '”'), ("laquo", '«'), ("raquo", '»'),
        ("euro", '€'), ("pound", '£'), ("yen", '¥'), ("cent", '¢'), ("copy", '©'), ("reg", '®'), ("trade", '™'),
        ("deg", '°'), ("plusmn", '±'), ("times", '×'), ("divide", '÷'), ("frac12", '½'), ("eacute", 'é'),
        ("bull", '•'), ("middot", '·'),
    ];
    const NAME_CHARS_MAX: usize = 9;
    let inside = text.strip_prefix('&')?;
    let length = inside
        .char_indices()
        .take(NAME_CHARS_MAX)
        .find(|(_, c)| *c == ';')?
        .0;
    let name = &inside[..length];
    let c = match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
        None => NAMED.iter().find(|(known, _)| *known == name)?.1,
    };
    Some((length + 2, c))
}

/// Returns the bytes of the control sequence at the start of `text` (ECMA-48 §5.4): the introducer, parameters, a final
/// byte.
fn colour(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("\u{1b}[")?;
    let end = inside
        .char_indices()
        .take(MARKUP_CHARS_MAX)
        .find(|(_, c)| !(' '..='?').contains(c))?;
    ('@'..='~').contains(&end.1).then_some(2 + end.0 + 1)
}

/// Returns the bytes of the tag at the start of `text`: a name, a slash or a sign of a declaration follows the bracket.
fn tag(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('<')?;
    let name = inside.trim_start_matches('/');
    let named =
        name.starts_with(|c: char| c.is_ascii_alphabetic()) || inside.starts_with(['!', '?']);
    let end = inside
        .char_indices()
        .take(MARKUP_CHARS_MAX)
        .find(|(_, c)| "<>".contains(*c))?;
    let closed = end.1 == '>' && !inside[..end.0].ends_with(' ');
    // "x<y then y>x" compares: attributes have an equals sign.
    let attributes = name[..end.0.saturating_sub(inside.len() - name.len())].split_once(' ');
    let plain = attributes.is_none_or(|(_, rest)| rest.contains('=') || rest.trim() == "/");
    (named && closed && (plain || inside.starts_with(['!', '?']))).then_some(1 + end.0 + 1)
}

/// Returns the bytes of the link target at the start of `text`, its square bracket included.
fn target(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("](")?;
    let end = inside
        .char_indices()
        .take(MARKUP_CHARS_MAX)
        .find(|(_, c)| *c == ')')?
        .0;
    let address = &inside[..end];
    let links = address.contains(['/', '.', '#', ':', '@']) && !address.contains(' ');
    links.then_some(2 + end + 1)
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn tags_and_targets_go_and_comparisons_stay() {
        for (written, left) in [
            (
                "<speak>Hello <break time=\"500ms\"/>there</speak>",
                " Hello  there ",
            ),
            (
                "see [the page](https://a.org/b?c=1) now",
                "see [the page] now",
            ),
            ("![a cat](cat.png)", "![a cat]"),
            ("a < b and c > d", "a < b and c > d"),
            ("if x<y then y>x", "if x<y then y>x"),
            ("x<b>y</b>", "x y "),
            ("1<2 and 3>2", "1<2 and 3>2"),
            ("[note](see below)", "[note](see below)"),
            ("\u{1b}[1;31mred\u{1b}[0m and [0m", "red and [0m"),
            ("\u{1b}[", "\u{1b}["),
            ("\u{1b}é", "\u{1b}é"),
            ("<", "<"),
            ("[a](", "[a]("),
            (
                "fish &amp; chips&nbsp;shop &#39;s &#x41; &unknown; & &",
                "fish & chips shop 's A &unknown; & &",
            ),
            ("&lt;b&gt;", "<b>"),
            (
                "one[pause:1.5s]two [pause 300ms] [pause]",
                "one two   [pause]",
            ),
            ("Run:\n```sh\nls -l\n```\nDone.", "Run:\nls -l\nDone."),
        ] {
            assert_eq!(bare(written), left, "{written}");
        }
    }
}

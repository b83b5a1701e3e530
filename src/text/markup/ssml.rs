//! W3C's Speech Synthesis Markup Language 1.1, as far as it is of use.
//!
//! `break`, `say-as`, `sub`, `phoneme`, `prosody` (its rate), `p`, `s`, `lang` and `voice` are read; `metadata` is not
//! spoken; every other element speaks its text. `xml:lang` counts on `lang`, `voice`, `p` and `s`; on `speak`, which must
//! have it, it does not: the voice of the request says which language is read.

use super::xml::{check_alphabet, language, parse, place, text_of};
use super::{Manner, MarkupRun, MarkupScript, SayAs, inline, milliseconds};
use crate::phonemes::phonemes;
use roxmltree::Node;
use vocabox_base::fault::Fault;
use vocabox_base::limits::{MARKUP_DEPTH_MAX, PHONEMES_CHARS_MAX};

/// Milliseconds of a break of each strength. The specification leaves them open.
#[rustfmt::skip]
const STRENGTHS: [(&str, u64); 6] = [
    ("none", 0), ("x-weak", 100), ("weak", 200), ("medium", 400), ("strong", 700), ("x-strong", 1_000),
];
/// Factors of the rates that have a name.
#[rustfmt::skip]
const RATES: [(&str, f32); 6] = [
    ("x-slow", 0.5), ("slow", 0.8), ("medium", 1.0), ("default", 1.0), ("fast", 1.25), ("x-fast", 1.6),
];
/// Slowest and fastest factor that a text may ask for; the voice's own bounds are narrower.
const RATE_MIN: f32 = 0.1;
const RATE_MAX: f32 = 10.0;

/// Whether `text` is SSML: it starts with `<speak>`, perhaps after XML's declaration.
pub fn is_ssml(text: &str) -> bool {
    let mut text = text.trim_start_matches('\u{FEFF}').trim_start();
    if let Some(declared) = text.strip_prefix("<?xml ")
        && let Some((_, after)) = declared.split_once("?>")
    {
        text = after.trim_start();
    }
    let after = text.strip_prefix("<speak");
    after.is_some_and(|after| {
        after.starts_with(|c: char| c.is_ascii_whitespace() || ">/".contains(c))
    })
}

/// Appends the parts of the document `text` to `script`. Fault: `Invalid`, with a line and a column.
pub(super) fn read(text: &str, script: &mut MarkupScript) -> Result<(), Fault> {
    let document = parse(
        text.trim_start_matches('\u{FEFF}').trim_start(),
        "text, which starts with <speak>,",
    )?;
    children(document.root_element(), &Manner::default(), 1, script)
}

fn children(
    node: Node,
    manner: &Manner,
    depth: usize,
    script: &mut MarkupScript,
) -> Result<(), Fault> {
    for child in node.children() {
        if child.is_element() {
            element(child, manner, depth + 1, script)?;
        } else if let (true, Some(text)) = (child.is_text(), child.text()) {
            inline::read(&spaced(text), manner, script)?;
        }
    }
    Ok(())
}

/// `text` with one space in place of each run of white space: line breaks of XML mean nothing.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_whitespace() {
            false => out.push(c),
            true if !out.ends_with(' ') => out.push(' '),
            true => {}
        }
    }
    out
}

fn element(
    node: Node,
    manner: &Manner,
    depth: usize,
    script: &mut MarkupScript,
) -> Result<(), Fault> {
    let name = node.tag_name().name();
    let place = || format!("text, <{name:.20}> at {}", place(node));
    if depth > MARKUP_DEPTH_MAX {
        return Err(Fault::invalid(format!(
            "{}: more than {MARKUP_DEPTH_MAX} elements are within each other, which are accepted",
            place()
        )));
    }
    let wrong = |attribute: &str, accepted: &str| {
        Fault::invalid(format!(
            "{}: {attribute} is wrong; {accepted} is accepted",
            place()
        ))
    };
    let spoken_in = |manner: &Manner| match language(node).filter(|l| !l.trim().is_empty()) {
        Some(language) => Manner {
            language: Some(language.trim().to_lowercase()),
            ..manner.clone()
        },
        None => manner.clone(),
    };
    match name {
        "break" => {
            let time = node.attribute("time").map(str::trim);
            let strength = node.attribute("strength").unwrap_or("medium");
            let ms = match time {
                Some(time) => milliseconds(time)
                    .ok_or_else(|| wrong("time", "a time such as 500ms or 1.5s"))?,
                None => named(&STRENGTHS, strength).ok_or_else(|| {
                    wrong("strength", "none, x-weak, weak, medium, strong or x-strong")
                })?,
            };
            script.pause(ms, &place())
        }
        "say-as" => {
            let asked = node.attribute("interpret-as").unwrap_or_default();
            let text = spaced(&text_of(node));
            let run = match SayAs::parse(asked, node.attribute("format")) {
                Some(form) => MarkupRun::SayAs { text, form },
                None => MarkupRun::Text(text),
            };
            script.say(manner, run);
            Ok(())
        }
        "sub" => {
            let alias = node.attribute("alias").map(str::to_owned);
            let text = alias.unwrap_or_else(|| text_of(node));
            script.say(manner, MarkupRun::Text(spaced(&text)));
            Ok(())
        }
        "phoneme" => {
            check_alphabet(node.attribute("alphabet"), &place())?;
            let ph = node
                .attribute("ph")
                .ok_or_else(|| wrong("ph", "a pronunciation"))?;
            let sounds = phonemes(ph)
                .ok()
                .filter(|p| p.chars().count() <= PHONEMES_CHARS_MAX);
            let accepted = || {
                format!("a pronunciation of at most {PHONEMES_CHARS_MAX} sounds of the alphabet")
            };
            let phonemes = sounds.ok_or_else(|| wrong("ph", &accepted()))?;
            let written = spaced(text_of(node).trim());
            script.say(manner, MarkupRun::Fixed { written, phonemes });
            Ok(())
        }
        "prosody" => {
            let factor = match node.attribute("rate") {
                None => 1.0,
                Some(rate) => factor(rate.trim()).ok_or_else(|| {
                    wrong("rate", "a name such as slow, a percentage or a factor")
                })?,
            };
            let rate = (manner.rate * factor).clamp(RATE_MIN, RATE_MAX);
            children(
                node,
                &Manner {
                    rate,
                    ..manner.clone()
                },
                depth,
                script,
            )
        }
        "voice" => {
            let name = node
                .attribute("name")
                .and_then(|names| names.split_whitespace().next());
            let mut manner = spoken_in(manner);
            if let Some(name) = name {
                manner.voice = Some(name.to_owned());
                manner.language = language(node).map(str::to_lowercase);
            }
            children(node, &manner, depth, script)
        }
        "lang" => children(node, &spoken_in(manner), depth, script),
        "p" | "s" => {
            let end = if name == "p" { ".\n\n" } else { ".\n" };
            // What stood before it is a paragraph or a sentence of its own.
            if name == "p" {
                script.end("\n\n");
            }
            children(node, &spoken_in(manner), depth, script)?;
            script.end(end);
            Ok(())
        }
        "metadata" => Ok(()),
        _ => children(node, manner, depth, script),
    }
}

fn named<T: Copy>(names: &[(&str, T)], asked: &str) -> Option<T> {
    names
        .iter()
        .find(|(name, _)| *name == asked.trim())
        .map(|(_, value)| *value)
}

/// The factor that a `rate` means: a name, a percentage of the voice's own rate (with a sign: more or less than it), or the
/// factor itself.
fn factor(rate: &str) -> Option<f32> {
    let number = |text: &str| text.trim().parse::<f32>().ok().filter(|n| n.is_finite());
    let factor = match rate.strip_suffix('%') {
        _ if let Some(factor) = named(&RATES, rate) => factor,
        Some(percent) if percent.starts_with(['+', '-']) => 1.0 + number(percent)? / 100.0,
        Some(percent) => number(percent)? / 100.0,
        None => number(rate)?,
    };
    (factor > 0.0).then(|| factor.clamp(RATE_MIN, RATE_MAX))
}

//! Compares with the crate's own `G2P`, which parses its JSON and is slower to build.

use super::*;
use crate::g2p::english::English;
use crate::language::Language as _;
use misaki_rs::fallback::{Fallback, FallbackError};
use misaki_rs::{G2P, Language};
use std::path::Path;
use vocabox_base::random::SplitMix;

/// The letters of words that the lexicon lacks, as the crate asks for them.
struct Letters(Accent);

impl Fallback for Letters {
    fn phonemize(&self, word: &str) -> Result<String, FallbackError> {
        Ok(sounds(word, self.0))
    }
}

fn reference(accent: Accent) -> G2P {
    let language = match accent {
        Accent::American => Language::EnglishUS,
        Accent::British => Language::EnglishGB,
    };
    G2P::with_fallback(language, Some(Box::new(Letters(accent))))
}

/// Returns what differs between the two readings of `text`; empty when nothing does.
fn difference(english: &English, reference: &G2P, text: &str) -> String {
    let (_, tokens) = reference.g2p(text).expect("the letters never fail");
    let theirs: Vec<PronouncedWord> = tokens
        .into_iter()
        .map(|token| PronouncedWord {
            text: token.text,
            whitespace: token.whitespace,
            sounds: token.phonemes.unwrap_or_default(),
        })
        .collect();
    let ours = english.pronouncer().read(text);
    match ours == theirs {
        true => String::new(),
        false => format!("{text:?}\n  ours   {ours:?}\n  misaki {theirs:?}\n"),
    }
}

/// Where texts are: what people write about voices, dates, amounts, names, in English and in other languages.
const WRITINGS: [&str; 6] = [
    "README.md",
    "LICENSE",
    ".github",
    "benches/sentences",
    "src/docs",
    "src/text",
];

/// Of all lines, each so many is compared; as many as the variable `READ_EVERY` says.
const READ_EVERY: usize = 50;

/// Adds the lines of the texts in `path`.
fn add_lines(path: &Path, lines: &mut Vec<String>) {
    if path.is_dir() {
        let entries = path.read_dir().expect("a folder is read");
        let mut inner: Vec<_> = entries
            .map(|entry| entry.expect("it is read").path())
            .collect();
        inner.sort();
        inner.iter().for_each(|path| add_lines(path, lines));
    } else if path
        .extension()
        .is_none_or(|e| e == "md" || e == "txt" || e == "tsv")
    {
        let text = std::fs::read_to_string(path).expect("a text is read");
        lines.extend(text.lines().map(str::to_owned));
    }
}

#[test]
fn texts_are_read_as_misaki_reads_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut lines = Vec::new();
    for path in WRITINGS {
        add_lines(&root.join(path), &mut lines);
    }
    let step = std::env::var("READ_EVERY").map(|n| n.parse().expect("a number"));
    let step = step.unwrap_or(READ_EVERY);
    for accent in [Accent::American, Accent::British] {
        let (english, reference) = (English::shared(accent), reference(accent));
        let (mut wrong, mut read) = (String::new(), 0);
        for line in lines.iter().step_by(step) {
            let words = english.words(line);
            if words.is_empty() || english.readable(line).is_err() {
                continue;
            }
            let outside = |c: char| !c.is_alphabetic() && !" '-,;:.!?—…()“”".contains(c);
            assert!(!words.contains(outside), "the grammar writes {words:?}");
            wrong += &difference(english, &reference, &english.known_forms(&words).0);
            read += 1;
        }
        println!("{accent:?}: {read} lines");
        assert!(wrong.is_empty(), "{accent:?}: {wrong}");
        assert!(read > 150, "only {read} lines");
    }
}

/// Words that the steps treat by themselves, and what they are next to.
#[rustfmt::skip]
const WORDS: [&str; 76] = [
    "the", "The", "THE", "a", "A", "an", "AN", "to", "To", "TO", "in", "In", "IN", "am", "AM", "by", "used", "Used", "vs.",
    "I", "it", "don't", "can't", "I'm", "we'd've", "'em", "'cause", "James'", "dogs'", "boss's", "Austen's", "rock'n'roll",
    "O'Neill", "n't", "U.S.", "U.S", "a.m.", "e.g.", "Mr.", "Dr.", "Inc.", "K.", "etc.", "iPhone", "fooBar", "HTTPServer",
    "PDFs", "CEOs", "McDonald", "eBay's", "five-storied", "out-of-the-way", "Caucus-Race", "T-shirt", "x-ray", "re-read",
    "José-like", "blorptastic", "qzxwv", "Okonkwo's", "movin'", "walked", "running", "churches", "studies", "read",
    "live", "record", "ME", "NASA", "www", "hmm", "Shhh", "apple", "hour", "unit",
];
const SIGNS: [&str; 17] = [
    ",", ".", "!", "?", ";", ":", "…", "—", " —", "?!", "-", "--", "'", "(", ")", "“", "”",
];

#[test]
fn words_and_marks_in_any_order_are_read_as_misaki_reads_them() {
    const TEXTS: usize = 600;
    for accent in [Accent::American, Accent::British] {
        let (english, reference) = (English::shared(accent), reference(accent));
        let mut listed: Vec<&String> = english.pronouncer().lexicon.golds.keys().collect();
        listed.sort_unstable();
        let mut random = SplitMix::new(accent as u64);
        let mut below = |end: usize| random.below(end);
        let mut wrong = String::new();
        for _ in 0..TEXTS {
            let mut text = String::new();
            for _ in 0..1 + below(8) {
                match below(4) {
                    0 => text += listed[below(listed.len())],
                    _ => text += WORDS[below(WORDS.len())],
                }
                if below(3) == 0 {
                    text += SIGNS[below(SIGNS.len())];
                }
                if below(8) > 0 {
                    text.push(' ');
                }
                if below(9) == 0 {
                    text += SIGNS[below(SIGNS.len())];
                }
            }
            wrong += &difference(english, &reference, text.trim());
        }
        assert!(wrong.is_empty(), "{accent:?}: {wrong}");
    }
}

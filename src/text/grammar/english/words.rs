//! English words that are not said as they are spelled: capitals, letters, elisions, drawn-out words.
//!
//! Owns the decision whether letters in capitals are a word. In the words that it returns, a word in lower case or with
//! one capital is a word, one in capitals is said letter by letter unless the lexicon has it as an acronym, and a
//! single capital other than `I` is the name of the letter.

use super::EnglishGrammar;
use super::short_words;
use crate::g2p::letter_to_sound::pronounceable;
use crate::grammar::token::WrittenLine;

/// Abbreviations in capitals that are a word in lower case, and that are letters in a text that is not in capitals.
#[rustfmt::skip]
const LETTERS: [&str; 52] = [
    "US", "IT", "WHO", "AM", "PM", "AD", "ID", "ER", "DA", "BA", "MA", "PA", "AC", "DC", "LED", "LEDS", "ACT",
    "AG", "CIS", "ALS", "MS", "MAC", "IRA", "ICE", "IM", "PI", "TA", "OR", "HR", "PE", "RE", "SOS", "ASL", "ADD",
    "ATM", "CAT", "DOS", "EMS", "ETA", "GI", "HI", "LA", "MED", "MI", "OS", "PET", "UPS", "IPS", "CV", "ATP", "EAR",
    "APR",
];
/// Of these, words where they stand in a sentence that is not in capitals all the same.
const WORDS: [&str; 12] = [
    "ACT", "ICE", "RE", "LA", "MED", "PET", "CAT", "OR", "HI", "ADD", "MAC", "DOS",
];
/// Letters that have a plural in texts in capitals: "TVS".
const PLURALS: [&str; 14] = [
    "TV", "DVD", "CD", "PC", "CEO", "MP", "VIP", "ATM", "ID", "UFO", "NGO", "URL", "PDF", "SUV",
];
/// Words before a single letter that is a name of something: "Plan A", "vitamin A".
#[rustfmt::skip]
const NAMED: [&str; 34] = [
    "plan", "vitamin", "grade", "type", "hepatitis", "section", "group", "class", "team", "option", "letter",
    "part", "appendix", "exhibit", "figure", "table", "model", "series", "schedule", "block", "terminal", "gate",
    "line", "point", "level", "platform", "wing", "unit", "room", "size", "an", "category", "tier", "serie",
];
/// Words after the letter that show that it is no article.
#[rustfmt::skip]
const AFTER_LETTER: [&str; 18] = [
    "is", "was", "and", "or", "to", "are", "has", "in", "for", "on", "with", "works", "failed", "will", "of", "at",
    "by", "from",
];

/// Most letters of a word that is drawn out, and not a row of letters.
const DRAWN_OUT_MAX: usize = 20;

impl EnglishGrammar<'_> {
    /// Whether the lexicon has `word`, in lower case; short words must be in it as they are.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.words.is_known(word)
    }

    /// Returns what the word at `i` is said as.
    pub(super) fn word_at(&self, line: &WrittenLine, i: usize) -> String {
        let written = line.text(i);
        let glued = line.glued_left(i) || line.glued_right(i + 1);
        let word = untangled(written);
        if word.chars().nth(1).is_none() {
            return self.letter(line, i, &word, glued);
        }
        let capitals =
            !word.contains(|c: char| c.is_lowercase()) && word.contains(char::is_uppercase);
        if let Some(stem) = plural_of_capitals(&word) {
            return match line.shouted {
                true => self.capitals(line, i, &word),
                false => format!("{stem}s"),
            };
        }
        if capitals {
            return self.capitals(line, i, &word);
        }
        if let Some(said) = self.drawn_out(&word) {
            return said;
        }
        if is_formula(&word) && !self.knows(&word.to_lowercase()) {
            return word.to_uppercase();
        }
        let vowel = |c: char| "aeiouyAEIOUY".contains(c) || !c.is_ascii();
        if !word.contains(vowel)
            && !word.contains('\'')
            && word.len() < 6
            && !self.knows(&word.to_lowercase())
        {
            return word.to_uppercase();
        }
        word
    }

    /// Returns a single letter: an article, the pronoun or the letter's name.
    fn letter(&self, line: &WrittenLine, i: usize, word: &str, glued: bool) -> String {
        let before = line.before(i).to_lowercase();
        let next = line.low(i + 1);
        let word_follows = line.is_word(i + 1) && line.gap(i + 1)
            || matches!(line.sign(i + 1), '“' | '"' | '\'' | '(' | '$' | '£' | '€')
                && line.gap(i + 1)
            || line.is_figure(i + 1) && line.gap(i + 1);
        let named = NAMED.contains(&before.as_str());
        match word {
            "a" if !glued && word_follows && !(named && AFTER_LETTER.contains(&next.as_str())) => {
                "a".into()
            }
            "A" if !glued && word_follows && !named => {
                if line.is_word(i + 1) && next.len() == 1 && next != "i" && line.capital(i + 1) {
                    return "A".into(); // "A B C"
                }
                let first = i == 0 || !line.is_word(i - 1);
                let article = line.shouted || !AFTER_LETTER.contains(&next.as_str());
                if article && (first || line.shouted || line.capital(i + 1)) {
                    "a"
                } else {
                    "A"
                }
                .into()
            }
            "I" | "i" if !glued => "I".into(),
            "O" if !glued && (line.capital(i + 1) || line.sign(i + 1) == ',') => "oh".into(),
            other if other.is_ascii() => other.to_uppercase(),
            other => other.to_string(),
        }
    }

    /// Returns a word in capitals: a word, an acronym, or letters.
    fn capitals(&self, line: &WrittenLine, i: usize, word: &str) -> String {
        let low = word.to_lowercase();
        let (stem, possessive) = match word.strip_suffix("'S") {
            Some(stem) => (stem, "'s"),
            None => (word, ""),
        };
        let letters = || format!("{stem}{possessive}");
        if !word.is_ascii() {
            return low;
        }
        let short = stem.to_lowercase();
        let joined = matches!(line.joined(i + 1), '&' | '/')
            || i > 0 && !line.gap(i) && matches!(line.sign(i - 1), '&' | '/');
        let spelled = LETTERS.contains(&stem) || joined && stem.len() < 4;
        let acronym = self.words.is_acronym(stem);
        let asked = ["is", "are", "was", "were", "know", "knows", "guess", "see"];
        if stem == "WHO" && asked.contains(&line.before(i).to_lowercase().as_str()) {
            return low; // "who is WHO?"
        }
        let brief = (2..=3).contains(&stem.len()) && !stem.contains('\'');
        if brief && !line.shouted && !short_words::is_word(stem) {
            return letters();
        }
        // Words in capitals beside each other are stressed, not shortened: "IT IS OVER".
        let stressed = |k: usize| {
            let text = line.text(k);
            let capitals = text.len() > 1 && text.bytes().all(|b| b.is_ascii_uppercase());
            capitals
                && line.is_word(k)
                && self.knows(&text.to_lowercase())
                && !self.words.is_acronym(text)
                && !LETTERS.contains(&text)
                && (text.len() > 3 || short_words::is_word(text))
        };
        let beside =
            line.gap(i) && stressed(i.wrapping_sub(1)) || line.gap(i + 1) && stressed(i + 1);
        let hyphened = format!("{low}-{}", line.low(i + 2));
        let prefix = line.joined(i + 1) == '-' && self.knows(&hyphened);
        let suffix = i > 1
            && !line.gap(i)
            && line.sign(i - 1) == '-'
            && self.knows(&format!("{}-{low}", line.low(i - 2)));
        if prefix || suffix {
            return low;
        }
        if let Some(singular) = stem.strip_suffix('S')
            && line.shouted
            && PLURALS.contains(&singular)
        {
            return format!("{singular}s{possessive}");
        }
        if line.shouted || beside {
            let the_us = stem == "US" && line.before(i).eq_ignore_ascii_case("the");
            return match (self.knows(&low) || self.knows(&short)) && !the_us && !(joined && spelled)
            {
                true => low,
                false if acronym || stem.len() < 5 || !pronounceable(stem) => letters(),
                false => low,
            };
        }
        if spelled && !(WORDS.contains(&stem) && line.capital(i + 1) && line.is_word(i + 1))
            || acronym
        {
            return letters();
        }
        if self.knows(&low) || self.knows(&short) || stem.len() > 5 && pronounceable(stem) {
            return low;
        }
        letters()
    }

    /// Returns a word whose letters are repeated ("Nooooo") with as few as a known word has.
    fn drawn_out(&self, word: &str) -> Option<String> {
        let chars: Vec<char> = word.chars().collect();
        // "IIIb" is no drawn-out word.
        let mixed = chars[1..].iter().any(char::is_ascii_uppercase)
            && chars.iter().any(char::is_ascii_lowercase);
        if chars.len() > DRAWN_OUT_MAX || mixed {
            return None;
        }
        if !chars
            .windows(3)
            .any(|w| w[0].eq_ignore_ascii_case(&w[1]) && w[1].eq_ignore_ascii_case(&w[2]))
        {
            return None;
        }
        let squeezed = |most: usize| {
            let mut out = String::new();
            let mut run = 0;
            let mut last = ' ';
            for c in word.chars() {
                run = if c.eq_ignore_ascii_case(&last) {
                    run + 1
                } else {
                    1
                };
                last = c;
                if run <= most {
                    out.push(c);
                }
            }
            out
        };
        let (one, two) = (squeezed(1), squeezed(2));
        let known = |w: &String| self.knows(&w.to_lowercase());
        Some(if known(&one) || !known(&two) {
            one
        } else {
            two
        })
    }
}

/// Returns the capitals of "PDFs" or "PCs".
fn plural_of_capitals(word: &str) -> Option<&str> {
    let stem = word.strip_suffix('s')?;
    let capitals = stem.len() > 1 && stem.bytes().all(|b| b.is_ascii_uppercase());
    capitals.then_some(stem)
}

/// Whether `word` is a chemical formula without figures: "NaCl".
fn is_formula(word: &str) -> bool {
    #[rustfmt::skip]
    const ELEMENTS: [&str; 44] = [
        "H", "C", "N", "O", "F", "P", "S", "K", "I", "B", "V", "W", "U", "He", "Li", "Be", "Ne", "Na", "Mg", "Al",
        "Si", "Cl", "Ar", "Ca", "Ti", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Br", "Ag", "Sn", "Ba", "Pt", "Au",
        "Hg", "Pb", "Cs", "Ga", "As", "Se",
    ];
    let capitals = word.bytes().filter(u8::is_ascii_uppercase).count();
    if capitals < 2 || word.len() > 8 {
        return false;
    }
    let mut rest = word;
    while !rest.is_empty() {
        let two = rest.get(..2).filter(|e| ELEMENTS.contains(e));
        match two.or(rest.get(..1).filter(|e| ELEMENTS.contains(e))) {
            Some(element) => rest = &rest[element.len()..],
            None => return false,
        }
    }
    true
}

/// Returns `word` in lower case when it has many changes of case, and without apostrophes when it has more than two:
/// the lexicon splits a word at each of them, at a cost of the square of the parts.
pub fn untangled(word: &str) -> String {
    let bytes = word.as_bytes();
    let turns = bytes
        .windows(2)
        .filter(|w| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase())
        .count();
    let apostrophes = bytes.iter().filter(|&&b| b == b'\'').count();
    let word = if turns > 3 {
        word.to_ascii_lowercase()
    } else {
        word.to_string()
    };
    if apostrophes > 2 {
        word.replace('\'', "")
    } else {
        word
    }
}

//! English through the grammar: every kind of expression, by its class.

use crate::grammar::semiotic::Semiotic;
use crate::{Accent, English, Language};

fn english() -> &'static English {
    English::shared(Accent::American)
}

/// Returns `text` as two readings are compared: in lower case, without marks, hyphens and "and"; single letters in a row
/// together.
fn compared(text: &str) -> String {
    let low = text.to_lowercase().replace('.', "");
    let wordly = |c: char| c.is_alphanumeric() || c == '\'';
    let mut out = String::new();
    let mut letter = false;
    for word in low
        .split(|c| !wordly(c))
        .filter(|w| !w.is_empty() && *w != "and")
    {
        let single = word.chars().count() == 1;
        if !(out.is_empty() || single && letter) {
            out.push(' ');
        }
        out.push_str(word);
        letter = single;
    }
    out
}

/// Returns the lines of a table of cases, without its comments.
fn cases(table: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.split('\t').collect())
}

#[test]
fn every_kind_is_read_as_a_careful_reader_reads_it() {
    let mut wrong = Vec::new();
    let variants = cases(include_str!("cases/variants.tsv"));
    for case in cases(include_str!("cases/reading.tsv")).chain(variants) {
        let said = english().words(case[1]);
        if compared(&said) != compared(case[2]) {
            wrong.push(format!(
                "{}: {:?} is read {said:?}, not {:?}",
                case[0], case[1], case[2]
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn cases_of_another_normaliser_are_read_alike() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for case in cases(include_str!("cases/nemo.tsv")) {
        count += 1;
        let said = english().words(case[1]);
        if compared(&said) != compared(case[2]) {
            wrong.push(format!(
                "{}: {:?} is read {said:?}, not {:?}",
                case[0], case[1], case[2]
            ));
        }
    }
    assert!(count > 190 && wrong.is_empty(), "{}", wrong.join("\n"));
    let rejected: Vec<_> = cases(include_str!("cases/nemo_rejected.tsv")).collect();
    assert!(
        rejected.len() * 20 <= count + rejected.len(),
        "{} are rejected",
        rejected.len()
    );
    for case in rejected {
        assert!(
            case.len() == 4 && case[3].len() > 10,
            "{case:?} needs a reason"
        );
    }
}

#[test]
fn sounds_differ_where_words_do_not() {
    let mut wrong = Vec::new();
    for case in cases(include_str!("cases/sounds.tsv")) {
        let said = english().phonemes(case[0]).unwrap();
        let there = case[1].split(' ').all(|sounds| said.contains(sounds));
        if !there {
            wrong.push(format!(
                "{:?} sounds /{said}/, without /{}/",
                case[0], case[1]
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn classes_are_told_apart() {
    use Semiotic::*;
    for (text, class) in [
        ("12,000", Cardinal),
        ("21st", Ordinal),
        ("3.14", Decimal),
        ("3/4", Fraction),
        ("$5.50", Money),
        ("5 km", Measure),
        ("May 3, 2024", Date),
        ("3:30 pm", Time),
        ("10-20", Range),
        ("+1 555 123 4567", Telephone),
        ("5 St", Cardinal),
        ("me@x.org", Electronic),
        ("A380", Serial),
        ("Chapter XXI", Roman),
        ("approx.", Abbreviation),
        ("U.S.A.", Letters),
        ("2 x 3", Cardinal),
    ] {
        let (_, found) = english().grammar().read(text);
        assert_eq!(
            found.first().map(|(class, _)| *class),
            Some(class),
            "{text:?}: {found:?}"
        );
    }
}

#[test]
fn heteronyms_are_told_apart_by_their_sentences() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for case in cases(include_str!("../../g2p/heteronyms/cases.tsv")) {
        let [word, sounds, sentence] = case[..] else {
            panic!("{case:?}")
        };
        count += 1;
        let words = english().words(sentence);
        let at = words
            .split(' ')
            .position(|w| w.to_lowercase().trim_matches(|c: char| !c.is_alphabetic()) == word);
        let said = english().sounds(&words).unwrap();
        let said = said
            .split(' ')
            .nth(at.unwrap())
            .unwrap()
            .trim_matches(|c: char| ".,?!".contains(c));
        if said != sounds {
            wrong.push(format!(
                "{sentence:?}: {word} is said /{said}/, not /{sounds}/"
            ));
        }
    }
    // The tagger alone: 167 of 192. The last 62 sentences were written after the rules, which had 59 of them right.
    assert!(
        count >= 190 && wrong.len() * 50 <= count,
        "{}",
        wrong.join("\n")
    );
}

#[test]
fn british_sounds_of_the_same_words_are_british() {
    let british = English::shared(Accent::British);
    for (text, sounds) in [
        ("Have you read it? I want to read it.", "ɹˈiːd"),
        ("Clean the wound with water.", "wˈuːnd"),
        ("Polish the table.", "pˈɒlɪʃ"),
        ("Do not tear it apart.", "tˈɛː"),
        ("Send me a résumé.", "ɹˈɛzəmˌA"),
        ("It is close to José.", "klˈQs"),
    ] {
        let said = british.phonemes(text).unwrap();
        assert!(said.contains(sounds), "{text:?} sounds /{said}/");
    }
    assert_eq!(
        british.words("105 on 5/4/2024"),
        "one hundred and five on the fifth of April, twenty twenty four"
    );
}

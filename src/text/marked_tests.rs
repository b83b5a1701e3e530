use super::*;
use crate::{Graphemes, PHONEMES_MAX, language};

/// A text whose words in braces are said as what follows the bar.
fn marked(text: &str, code: &str) -> MarkedText {
    let mut marked = MarkedText::for_words_of(text);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        marked.push(before);
        let (inner, after) = after.split_once('}').unwrap();
        let (word, phonemes) = inner.split_once('|').unwrap();
        marked.push_fixed(word, phonemes, "spelled out", code);
        rest = after;
    }
    marked.push(rest);
    marked
}

fn said(text: &str, code: &str) -> String {
    let marked = marked(text, code);
    let pieces = marked.pieces(language(code).unwrap()).unwrap();
    let sounds: Vec<String> = pieces.map(|p| p.unwrap().phonemes).collect();
    sounds.join(" ")
}

#[test]
fn phonemes_take_the_place_of_the_words_sounds_in_every_language() {
    for code in [
        "en-us", "en-gb", "en_ng", "pcm", "es", "fr", "hi", "it", "pt-br", "ha", "sw", "yo", "ig",
        "zu",
    ] {
        let all = said("a {Nkechi|ŋkˈɛʧi} b {Obi|ˈobi}, {Ada|ˈada}. {X|zˈi}!", code);
        for sounds in ["ŋkˈɛʧi ", " ˈobi, ", "ˈada.", "zˈi!"] {
            assert!(all.contains(sounds), "{code}: {all}");
        }
        assert!(!all.contains("zil") && !all.contains("mu"), "{code}: {all}");
    }
}

#[test]
fn the_words_around_are_read_as_ever() {
    let english = language("en-us").unwrap();
    let plain = english
        .sounds(&english.words("We paid $5 for the"))
        .unwrap();
    let all = said("We paid $5 for the {tomato|təmˈɑtO}'s seeds.", "en-us");
    assert!(all.starts_with(&format!("{plain} təmˈɑtOz ")), "{all}");
    assert!(all.ends_with('.'), "{all}");
    assert_eq!(said("{Kokoro|kˈOkəɹO}", "en-us"), "kˈOkəɹO.");
    let joined = said(
        "a {pre|pɹˈi}-{post|pˈOst}-war {x|zˈi}{y|wˈI} (\"{z|zˈɛd}\")",
        "en-us",
    );
    assert!(
        joined.contains("pɹˈi pˈOst wˈɔɹ zˈi wˈI (“zˈɛd”)"),
        "{joined}"
    );
}

#[test]
fn pieces_have_the_users_own_text_and_stay_within_the_bound() {
    let text = "{Nkechi|ŋkˈɛʧi} came. {x|aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbb} ".repeat(40);
    let marked = marked(&text, "en-us");
    let pieces: Vec<_> = marked.pieces(language("en-us").unwrap()).unwrap().collect();
    for piece in pieces {
        let piece = piece.unwrap();
        assert!(!piece.text.to_lowercase().contains(STEM), "{}", piece.text);
        assert!(piece.phonemes.chars().count() <= PHONEMES_MAX);
    }
    assert!(marked.written().starts_with("Nkechi came. x Nkechi"));
    let counted = marked.seconds(language("en-us").unwrap());
    assert!(counted > 40.0 * 46.0 / CHARS_PER_S, "{counted}");
}

#[test]
fn a_voice_that_reads_letters_gets_the_spelling() {
    let marked = marked("say {nginx|ˈɛnʤɪn} now", "sw");
    let letters = Graphemes::of("sw");
    let piece = marked.pieces(&letters).unwrap().next().unwrap().unwrap();
    assert_eq!(piece.phonemes, "say spelled out now.");
    assert_eq!(piece.text, "say nginx now");
}

#[test]
fn a_text_that_has_the_made_up_word_keeps_it() {
    let text = "Zilomubababa is {b|bˈi}, zilomulo";
    let marked = marked(text, "en-us");
    assert_eq!(marked.written(), "Zilomubababa is b, zilomulo");
    let all = said(text, "en-us");
    assert!(all.contains("bˈi,"), "{all}");
    assert_eq!(marked.skipped(language("en-us").unwrap()), "");
}

#[test]
fn made_up_words_are_told_apart() {
    let mut marked = MarkedText::for_words_of("");
    for number in [0, 1, 69, 70, 4_899, 4_900, WORDS_MAX - 1] {
        let word = marked.word(number);
        assert_eq!(number_of(&word.as_bytes()[STEM.len()..]), Some(number));
    }
    marked.push_fixed("a", "a", "a", "es");
    assert_eq!(marked.find("zilomubababe"), None, "there is no such number");
}

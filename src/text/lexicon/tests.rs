use super::*;
use crate::language;

fn lexicon(lines: &str) -> Lexicon {
    Lexicon::from(parse(lines).unwrap())
}

/// What is read of `text`: its words with the phonemes in slashes.
fn read(lines: &str, text: &str, code: &str) -> String {
    let mut marked = MarkedText::for_words_of(text);
    lexicon(lines).apply(text, code, &mut marked).unwrap();
    let written = marked.identity();
    let (mut text, readings) = match written.split_once('\n') {
        Some((text, readings)) => (text.to_owned(), readings.to_owned()),
        None => (written, String::new()),
    };
    for (number, reading) in readings.lines().enumerate() {
        let phonemes = reading.split('\t').next().unwrap();
        let syllables = ["baba", "beba", "biba", "boba", "buba", "daba"];
        for stem in ["zilomu", "Zilomu"] {
            let word = format!("{stem}{}ba", syllables[number]);
            text = text.replace(&word, &format!("/{phonemes}/"));
        }
    }
    text
}

const LINES: &str = "\
# the user's own words
nginx\tengine x
Nkechi\t/ŋˈkɛtʃi/
New York\tnˈu jˈɔɹk
C++\tsee plus plus
tomato\ttəˈmɑːtəʊ|toe mah toe\ten-GB

Ada\t/ˈɑːda/
😀\tsmile
ọ̀rọ̀\tọrọ o\tyo
s\tess
";

#[test]
fn words_are_found_as_a_reader_finds_them() {
    for (text, as_read) in [
        (
            "Run nginx, NGINX and Nginx.",
            "Run engine x, engine x and engine x.",
        ),
        (
            "Nkechi's, NKECHI and nkechi",
            "/ŋkˈɛʧi/'s, /ŋkˈɛʧi/ and nkechi",
        ),
        ("Nkechi’s book", "/ŋkˈɛʧi/’s book"),
        (
            "New  York and New\nYork, Newyork",
            "/nˈu jˈɔɹk/ and /nˈu jˈɔɹk/, Newyork",
        ),
        ("C++ is not C+ or C.", "see plus plus is not C+ or C."),
        ("nginxes", "nginxes"),
        ("l'Ada d'Ada", "l' /ˈɑːda/ d' /ˈɑːda/"),
        ("fun 😀!", "fun smile!"),
        ("an s", "an ess"),
        ("it's", "it's"),
        ("", ""),
    ] {
        let got = read(LINES, text, "en-us");
        assert_eq!(
            got.replace("' /", "'/"),
            as_read.replace("' /", "'/"),
            "{text}"
        );
    }
}

#[test]
fn an_entry_of_a_language_is_for_its_voices() {
    let text = "A tomato, ọ̀rọ̀";
    assert!(read(LINES, text, "en-us").contains("/təmˈɑːtQ/"));
    assert!(read(LINES, text, "pcm").contains("/təmˈɑːtQ/"));
    assert_eq!(read(LINES, text, "es"), text);
    // The same word in its other composition.
    let apart: String = text.nfd().collect();
    assert!(read(LINES, &apart, "yo").contains("ọrọ o"));
}

#[test]
fn the_longest_and_the_exact_entry_go_first() {
    let lines = "new\tnoo\nnew york\tenn why\nus\tuss\nUS\tyou ess\n";
    assert_eq!(read(lines, "New York is new", "en-us"), "enn why is noo");
    assert_eq!(read(lines, "the US and us", "en-us"), "the you ess and uss");
    let twice = parse("a\tb\na\tc\n").unwrap();
    assert_eq!((twice.len(), twice[0].spelling.as_deref()), (1, Some("c")));
}

#[test]
fn lines_are_written_as_they_are_read() {
    let entries = parse(LINES).unwrap();
    assert_eq!(entries.len(), 9);
    assert_eq!(entries[1].phonemes.as_deref(), Some("ŋkˈɛʧi"));
    assert_eq!(entries[4].phonemes.as_deref(), Some("təmˈɑːtQ"));
    assert_eq!(entries[4].language.as_deref(), Some("en-gb"));
    assert_eq!(parse(&to_lines(&entries)).unwrap(), entries);
    let odd = parse("a\t|/b/\n#tag\thash tag\nb\t|c|d\n").unwrap();
    assert_eq!(odd[0].spelling.as_deref(), Some("/b/"));
    assert_eq!(odd[1].word, "#tag");
    assert_eq!(parse(&to_lines(&odd)).unwrap(), odd);
}

#[test]
fn a_wrong_line_is_named() {
    for (lines, named) in [
        ("a\tb\nword without a tab", "line 2"),
        (
            "a\t/k5/",
            "line 1 of the lexicon: phonemes have a sign at character 2",
        ),
        ("a\t", "phonemes and spelling are missing"),
        ("\tb", "word is missing"),
        ("a\tb\tc\td", "line 1"),
        ("a\t//", "line 1"),
        (&format!("{}\tb", "a".repeat(101)), "101 characters"),
        (&format!("a\t{}", "b".repeat(201)), "201 characters"),
        (&format!("a\t/{}/", "a".repeat(201)), "201 characters"),
    ] {
        let fault = parse(lines).unwrap_err();
        assert!(fault.sentence.contains(named), "{fault}");
    }
    let many: String = (0..=LEXICON_ENTRIES_MAX)
        .map(|n| format!("w{n}\tx\n"))
        .collect();
    let fault = parse(&many).unwrap_err();
    assert!(fault.sentence.contains("5001 entries"), "{fault}");
}

#[test]
fn pls_is_read() {
    let pls = r#"<?xml version="1.0" encoding="UTF-8"?>
<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon" alphabet="ipa" xml:lang="en-US">
  <lexeme><grapheme>Sepulveda</grapheme><grapheme>Sepúlveda</grapheme>
    <phoneme>sə</phoneme><phoneme prefer="true">səˈpʌlvɪdə</phoneme></lexeme>
  <lexeme><grapheme>W3C</grapheme><alias>World Wide Web Consortium</alias></lexeme>
  <lexeme xml:lang="fr"><grapheme>vélo</grapheme><phoneme alphabet="x-kokoro">velˈo</phoneme></lexeme>
</lexicon>"#;
    let entries = parse(pls).unwrap();
    let told: Vec<_> = entries
        .iter()
        .map(|e| {
            (
                e.word.as_str(),
                e.phonemes.as_deref(),
                e.language.as_deref(),
            )
        })
        .collect();
    let american = Some("en-us");
    assert_eq!(
        told,
        [
            ("Sepulveda", Some("səpˈʌlvɪdə"), american),
            ("Sepúlveda", Some("səpˈʌlvɪdə"), american),
            ("W3C", None, american),
            ("vélo", Some("velˈo"), Some("fr")),
        ]
    );
    assert_eq!(
        entries[2].spelling.as_deref(),
        Some("World Wide Web Consortium")
    );
    for (pls, named) in [
        ("<lexicon><lexeme>", "does not end"),
        ("<lexicon>\n<lexeme></lexicon>", "line 2, column 9"),
        (
            "<!DOCTYPE lexicon [<!ENTITY a \"b\">]><lexicon>&a;</lexicon>",
            "document type",
        ),
        ("<lexicon>&a;</lexicon>", "entity"),
        ("<speak>Hi</speak>", "<lexicon>"),
        (
            "<lexicon alphabet=\"x-sampa\"><lexeme><grapheme>a</grapheme><phoneme>a</phoneme></lexeme></lexicon>",
            "alphabet",
        ),
        (
            "<lexicon>\n <lexeme><grapheme>a</grapheme></lexeme></lexicon>",
            "line 2, column 2",
        ),
    ] {
        let fault = parse(pls).unwrap_err();
        assert!(fault.sentence.contains(named), "{fault}");
    }
}

#[test]
fn spellings_do_not_make_a_text_grow_without_bound() {
    let lines = format!("a\t{}", "b ".repeat(99));
    let text = "a ".repeat(2_500);
    let mut marked = MarkedText::for_words_of(&text);
    let fault = lexicon(&lines)
        .apply(&text, "en-us", &mut marked)
        .unwrap_err();
    assert!(fault.sentence.contains("20000"), "{fault}");
}

/// Five thousand entries that differ in capitals or in language only.
#[test]
fn entries_that_are_much_alike_take_no_time_of_their_own() {
    let word = "abcdefghijklm";
    let capitals = |n: usize| -> String {
        let bits = word.chars().enumerate().map(|(at, c)| (n >> at & 1, c));
        bits.map(|(bit, c)| if bit == 1 { c.to_ascii_uppercase() } else { c })
            .collect()
    };
    let cases: String = (1..5_000)
        .map(|n| format!("{}\t/a/\n", capitals(n)))
        .collect();
    let languages: String = (0..5_000).map(|n| format!("{word}\t/a/\tl{n}\n")).collect();
    let lexicons = [lexicon(&cases), lexicon(&languages)];
    let before = vocabox_base::cpu_time::of_thread();
    for lexicon in lexicons {
        let text = format!("{word} ").repeat(357);
        let mut marked = MarkedText::for_words_of(&text);
        lexicon.apply(&text, "en-us", &mut marked).unwrap();
        assert_eq!(marked.written(), text);
    }
    let used = vocabox_base::cpu_time::of_thread() - before;
    assert!(used.as_secs() < 2, "{used:?}");
}

#[test]
fn a_full_lexicon_and_a_hostile_text_take_time_by_their_length() {
    let full: String = (0..5_000).map(|n| format!("a a a{n} b\t/a/\n")).collect();
    let lexicon = lexicon(&full);
    let before = vocabox_base::cpu_time::of_thread();
    for text in [
        "a ".repeat(2_500),
        "'".repeat(5_000),
        "a'".repeat(2_500),
        "e\u{301}".repeat(2_500),
    ] {
        let mut marked = MarkedText::for_words_of(&text);
        lexicon.apply(&text, "en-us", &mut marked).unwrap();
        assert_eq!(marked.written(), text);
    }
    let used = vocabox_base::cpu_time::of_thread() - before;
    assert!(used.as_secs() < 4, "{used:?}");
    assert!(language("en-us").is_some());
}

#[test]
fn hostile_documents_take_time_by_their_length() {
    let before = vocabox_base::cpu_time::of_thread();
    let list =
        |count: usize, item: &dyn Fn(usize) -> String| (0..count).map(item).collect::<String>();
    for document in [
        format!("<lexicon{}/>", list(46_000, &|n| format!(" a{n}='b'"))),
        format!(
            "<lexicon{}/>",
            list(20_000, &|n| format!(" xmlns:a{n}='b{n}'"))
        ),
        format!(
            "<lexicon>{}",
            list(16_000, &|n| format!("<a xmlns:b{n}='c{n}'>"))
        ),
        format!("<lexicon>{}", "<a>".repeat(100_000)),
        format!("<lexicon {}", "<a '".repeat(100_000)),
        format!("<lexicon>{}", "<!--".repeat(100_000)),
        format!("<lexicon>{}", "<a b='".repeat(80_000)),
        format!(
            "<lexicon>{}</lexicon>",
            "<a b='c' d='e' f='g'/>".repeat(20_000)
        ),
        format!("<lexicon>{}</lexicon>", "&amp;".repeat(100_000)),
        format!(
            "<lexicon><lexeme>{}</lexeme></lexicon>",
            "<grapheme>a</grapheme>".repeat(20_000)
        ),
    ] {
        let _ = parse(&document);
    }
    let used = vocabox_base::cpu_time::of_thread() - before;
    assert!(used.as_secs() < 4, "{used:?}");
}

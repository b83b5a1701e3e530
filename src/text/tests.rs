use super::*;
use vocabox_base::random::SplitMix;

fn american() -> &'static English {
    English::shared(Accent::American)
}

fn said(text: &str) -> String {
    american().words(text)
}

fn check(pieces: &[Piece], of: &str) {
    assert!(!pieces.is_empty(), "{of:?}");
    for piece in pieces {
        let count = piece.phonemes.chars().count();
        assert!(
            (1..=PHONEMES_MAX).contains(&count),
            "{count} phonemes from {of:?}"
        );
        for c in piece.phonemes.chars() {
            assert!(ALPHABET.contains(c), "{c:?} from {of:?}");
        }
        assert!(
            of.contains(&piece.text),
            "a piece's text is the client's own: {:?}",
            piece.text
        );
    }
}

/// Every character that Kokoro has a token for.
pub fn vocabulary() -> String {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../models/kokoro/vocabulary.json"
    );
    let json = std::fs::read_to_string(path).expect("scripts/fetch-models kokoro was run");
    let pack: serde_json::Value = serde_json::from_str(&json).expect("the vocabulary is JSON");
    let tokens = pack["vocab"].as_object().expect("it has a table");
    tokens.keys().map(String::as_str).collect()
}

#[test]
fn alphabets_are_within_kokoros_vocabulary() {
    let vocabulary = vocabulary();
    for c in ALPHABET.chars().chain(VOCABULARY.chars()) {
        assert!(vocabulary.contains(c), "{c:?}");
    }
    let arrows = vocabulary.chars().filter(|c| !VOCABULARY.contains(*c));
    let mut arrows: Vec<char> = arrows.collect();
    arrows.sort();
    assert_eq!(arrows, ['→', '↓', '↗', '↘']);
}

#[test]
fn lexicon_words_stay_within_the_alphabet() {
    let text = "The quick brown fox jumps over the lazy dog, wanted roses, better butter, measure, church, oil, cow, button.";
    for accent in [Accent::American, Accent::British] {
        let pieces = speakable(text, English::shared(accent)).unwrap();
        check(&pieces, text);
        assert!(!pieces[0].phonemes.contains("  "));
    }
}

#[test]
fn writing_is_read_as_a_person_reads_it() {
    #[rustfmt::skip]
    let cases = [
        ("I have 1,234 apples", "I have one thousand two hundred thirty four apples"),
        ("In 1905 and 2005", "In nineteen oh five and two thousand five"),
        ("$5.50, €20 and ₦500", "five dollars and fifty cents, twenty euros and five hundred naira"),
        ("$3.5bn or $5 million", "three point five billion dollars or five million dollars"),
        ("$0.99 and $1", "ninety nine cents and one dollar"),
        ("at 3:30 pm or 10:05", "at three thirty PM or ten oh five"),
        ("3.14 and .5", "three point one four and point five"),
        ("pages 10-20", "pages ten to twenty"),
        ("2024-05-13", "May thirteenth, twenty twenty four"),
        ("May 13, 2024", "May thirteenth, twenty twenty four"),
        ("5 km, 1 kg, 20°C", "five kilometers, one kilogram, twenty degrees Celsius"),
        ("50% of R&D", "fifty percent of R and D"),
        ("Dr. Smith, e.g. at St. James St.", "Doctor Smith, for example at Saint James Street."),
        ("No. 5 and Fig. 2", "number five and figure two"),
        ("+1 (555) 123-4567", "plus one, five five five, one two three, four five six seven"),
        ("a.b@c.com", "A dot B at C dot com"),
        ("https://x.org/a-b", "HTTPS colon slash slash X dot org slash A dash B"),
        ("1/2 cup, 1 1/2 cups, 3/4", "one half cup, one and a half cups, three quarters"),
        ("the 1960s and '90s", "the nineteen sixties and nineties"),
        ("the 21st of the 3rd", "the twenty first of the third"),
        ("-40 and 24/7", "minus forty and twenty four seven"),
        ("World War II, Henry VIII", "World War two, Henry the eighth"),
        ("wait... what… no -- yes", "wait… what… no — yes"),
        ("‘single’ and “double”", "“single” and “double”"),
        ("don’t; it's James' book", "don't; it's James book"),
        ("[foo](/❓x/) <b>bar</b>", "(foo) bar"),
        ("mp3, H2O, A380, v2.0", "MP three, H two O, A three eighty, V two point zero"),
        ("he/she w/ w/o", "he she with without"),
        ("a\0b\u{200B}c", "abc"),
        ("really?! yes!!!!", "really?! yes!"),
        ("$$$$", "dollar"),
        ("C++ and C#", "C plus plus and C sharp"),
        ("US$20, 20 USD, NGN 400, 50¢", "twenty US dollars, twenty US dollars, four hundred naira, fifty cents"),
        ("25 Dec 2024, Feb 3", "the twenty fifth of December, twenty twenty four, February third"),
        ("He is 6'2\" or 5'10.", "He is six feet two inches or five feet ten inches."),
        ("10 - 4, 6 / 2, 2 x 3, x^2", "ten minus four, six divided by two, two times three, X squared"),
        ("$5/kg, 4/day", "five dollars per kilogram, four per day"),
        ("the XVIII century, Vol. IX", "the eighteenth century, volume nine"),
        ("5‰ of 100%", "five per mille of one hundred percent"),
        ("<speak>Hi <break time=\"1s\"/> there</speak>", "Hi there"),
        ("# Title\n**bold** [text](http://a.b/c)", "Title bold (text)"),
        ("see https://x.org/p?a=1#top", "see HTTPS colon slash slash X dot org slash P question mark A equals one hash top"),
        ("I love it 😀❤️!", "I love it!"),
        ("Привет, naïve Ọlọ́run", "Privet, naive Olorun"),
    ];
    let wrong: Vec<String> = cases
        .into_iter()
        .filter(|(written, read)| said(written) != *read)
        .map(|(written, read)| format!("{written:?}: {:?}, not {read:?}", said(written)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(
        English::shared(Accent::British).words("105 on 5/4/2024"),
        "one hundred and five on the fifth of April, twenty twenty four"
    );
}

#[test]
fn short_sentences_share_a_piece_and_paragraphs_do_not() {
    let text = "Yes. No. Perhaps.\n\nWho knows?";
    let pieces = speakable(text, american()).unwrap();
    let texts: Vec<&str> = pieces.iter().map(|p| p.text.as_str()).collect();
    assert_eq!(texts, ["Yes. No. Perhaps.", "Who knows?"]);
    assert_eq!(pieces[0].pause, Pause::Paragraph);
    assert_eq!(pieces[0].phonemes.matches('.').count(), 3);
}

#[test]
fn sentence_too_long_is_cut_at_clauses() {
    let text = format!(
        "{} end.",
        "the man walked over the hill, and then he saw the river; ".repeat(14)
    );
    let pieces = speakable(&text, american()).unwrap();
    check(&pieces, &text);
    assert!(pieces.len() > 1);
    assert!(
        pieces[..pieces.len() - 1]
            .iter()
            .all(|p| p.pause == Pause::Clause && p.text.ends_with([',', ';']))
    );
}

#[test]
fn word_of_3000_letters_is_spoken_in_parts() {
    let text = "banana".repeat(500);
    let pieces = speakable(&text, american()).unwrap();
    check(&pieces, &text);
    assert_eq!(pieces.iter().map(|p| p.text.len()).sum::<usize>(), 3000);
    assert!(
        pieces[..pieces.len() - 1]
            .iter()
            .all(|p| p.pause == Pause::None)
    );
}

#[test]
fn unknown_words_are_sounded_and_never_dropped() {
    for word in [
        "blorptastic",
        "Okonkwo",
        "Chukwuemeka",
        "Adaeze",
        "Nkechi",
        "Mbappe",
        "Gbagada",
        "Tinubu",
        "Wojciech",
        "Nguyen",
        "Xi'an",
        "qzxwv",
        "brrrr",
        "Vocabox",
        "kubernetes",
        "nginx",
        "tokio",
        "Zxqy's",
        "HTTPS",
        "XYZZY",
        "b4ckd00r",
        "x86-64",
        "foo_bar",
        "fooBarBaz",
        "pseudohypoparathyroidism",
        "Llanfairpwllgwyngyll",
        "zzz",
        "brrr",
        "Schtroumpf",
        "e",
        "w",
        "rhythmz",
        "O'Shaughnessyxq",
        "kwashiorkorish",
    ] {
        for accent in [Accent::American, Accent::British] {
            let english = English::shared(accent);
            let phonemes = english.phonemes(word).unwrap();
            assert!(
                phonemes.chars().all(|c| ALPHABET.contains(c)),
                "{word}: {phonemes}"
            );
            let vowels = phonemes
                .chars()
                .filter(|c| "AIOQWYaiuæɑɒɔəɛɜɪʊʌᵊᵻɐ".contains(*c))
                .count();
            assert!(vowels >= 1, "{word}: {phonemes}");
            for part in english.pronouncer().read(&english.words(word)) {
                let letters = part.text.contains(char::is_alphabetic);
                assert!(!letters || !part.sounds.is_empty(), "{word}: {part:?}");
            }
        }
    }
}

#[test]
fn nothing_to_speak_is_invalid() {
    for text in [
        "",
        "   ",
        "...",
        "😀😀 ❤",
        "\0\u{200B}",
        "“”",
        "---",
        "***",
        "!?!?",
    ] {
        let fault = speakable(text, american()).unwrap_err();
        assert_eq!(fault.kind, vocabox_base::fault::Kind::Invalid, "{text:?}");
        assert!(
            fault
                .sentence
                .starts_with("text has nothing that can be spoken"),
            "{text:?}"
        );
    }
    let fault = speakable("12 你好", american());
    assert!(fault.is_ok(), "what can be read is spoken");
    let fault = speakable("… 你好", american()).unwrap_err();
    assert!(fault.sentence.contains("at character 3"), "{fault}");
}

#[test]
fn hostile_texts_take_steps_by_their_length() {
    const STEPS_PER_CHAR_MAX: u64 = 6000;
    let mut worst = (0, String::new());
    american();
    let (word, line) = ("a".repeat(5000), "\u{202E}שלום ".repeat(800));
    for text in [
        word.clone(),
        " ".repeat(5000),
        ".".repeat(5000),
        "\"".repeat(5000),
        "'".repeat(5000),
        "(".repeat(5000),
        "-".repeat(5000),
        "\n".repeat(5000),
        "$".repeat(5000),
        ". ".repeat(2500),
        "😀".repeat(5000),
        line,
        "e\u{301}".repeat(2500),
        "\u{301}".repeat(5000),
        "a\n".repeat(50),
        "aB".repeat(300),
        "a-".repeat(300),
        "a.".repeat(300),
        "a'".repeat(300),
        "1.".repeat(200),
        "1".repeat(5000),
        "<a".repeat(2500),
        "](".repeat(2500),
        "www.".repeat(300),
        "@".repeat(5000),
        "[a](".repeat(300),
    ] {
        let used = crate::steps::of(|| {
            if let Ok(first) = pieces(&text, american()) {
                check(
                    &first.take(1).map(Result::unwrap).collect::<Vec<_>>(),
                    &text,
                );
            }
        });
        worst = worst.max((used / text.chars().count() as u64, format!("{text:.20}")));
    }
    assert!(worst.0 < STEPS_PER_CHAR_MAX, "{worst:?}");
}

#[test]
fn no_text_panics_or_leaves_the_alphabet() {
    let seeds = [
        "Dr. Smith paid $3.50 (or £2) on 5/13/24 at 3:30 p.m., e.g. for 1/2 kg of cafe\u{301}.",
        "“Hello,” she said… it's 50% off! www.a-b.com/x?y=1, me@x.org #1 -40°C & ₦5bn.",
        "J. R. R. Tolkien's '90s: U.S.A., II, XIV; 10-20, 1,234,567.89 +1 (555) 123-4567 \u{200B}\0😀",
        "naïve Ọlọ́run Привет λόγος ½ x² № 5 ™ [a](/b/) [c](+2) a_b aB'c'd -- — –",
    ];
    let odd: Vec<char> =
        "aZ09 .,;:!?'\"()[]-–—…/\\@#$%^&*_+=<>|~`€₦°²½é\u{301}\u{200D}\n\t\0你ب😀ﬁİßŉǆ"
            .chars()
            .collect();
    let mut dice = SplitMix::new(0x5EED);
    for round in 0..3000 {
        let mut text: Vec<char> = if round % 3 == 0 {
            Vec::new()
        } else {
            seeds[dice.below(seeds.len())].chars().collect()
        };
        for _ in 0..1 + dice.below(12) {
            let at = dice.below(text.len() + 1);
            match dice.below(3) {
                0 if at < text.len() => drop(text.remove(at)),
                1 if at < text.len() => text.truncate(at.max(3)),
                _ => text.insert(at, odd[dice.below(odd.len())]),
            }
        }
        let text: String = text.into_iter().collect();
        for accent in [Accent::American, Accent::British] {
            let words = English::shared(accent).words(&text);
            assert!(
                words
                    .chars()
                    .all(|c| c.is_ascii_alphabetic() || " ',;:.!?—…()“”-".contains(c)),
                "{words:?} from {text:?}"
            );
        }
        // The tagger makes this the slow part: every fourth text, both accents in turn.
        if round % 4 == 0 {
            let accent = if round % 8 == 0 {
                Accent::American
            } else {
                Accent::British
            };
            match speakable(&text, English::shared(accent)) {
                Ok(pieces) => check(&pieces, &text),
                Err(fault) => assert_eq!(
                    fault.kind,
                    vocabox_base::fault::Kind::Invalid,
                    "{fault} from {text:?}"
                ),
            }
        }
    }
}

#[test]
fn how_long_a_text_takes_is_told_from_its_words() {
    let english = language("en-us").unwrap();
    let prose = "It was the best of times, it was the worst of times. ".repeat(94);
    let a = seconds(&prose, english);
    assert!(
        (300.0..360.0).contains(&a),
        "{a} s of {} characters",
        prose.len()
    );
    let digits = seconds(&"7".repeat(5_000), english);
    assert!((1_400.0..2_200.0).contains(&digits), "{digits} s");
    let letters = seconds(&"a".repeat(5_000), english);
    assert!((200.0..800.0).contains(&letters), "{letters} s");
}

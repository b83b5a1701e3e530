use super::*;
use crate::languages::language;
use crate::{Piece, pieces, speakable};
use unicode_normalization::UnicodeNormalization;
use vocabox_base::random::SplitMix;

fn language_of(code: &str) -> &'static TableLanguage {
    TableLanguage::of(code).unwrap()
}

/// Words and the sounds that a reader of the language gives them.
#[rustfmt::skip]
const SOUNDS: &[(&str, &str)] = &[
    ("es", "casa kˈasa  gracias ɡɾˈaθjas  perro pˈero  pero pˈeɾo  calle kˈaʎe  niño nˈiɲo  guerra ɡˈera  pingüino piŋɡwˈino  \
        ciudad θjuðˈad  queso kˈeso  hoy ˈoɪ  examen eksˈamen  lección lekθjˈon  días dˈias  hueso wˈeso  que ke  canción kanθjˈon  \
        reloj relˈox  aire ˈIɾe  jamás xamˈas  chico ʧˈiko  yo ʝˈo"),
    ("it", "casa kˈaza  gatto ɡˈatːo  chiesa kjˈɛza  ciao ʧˈao  gnocchi ɲˈɔkːɪ  figlio fˈiʎo  scienza ʃˈɛnʦa  città ʧitːˈa  perché perkˈe  \
        acqua ˈakːwa  bellissimo bellˈiSimo  possibile poSˈibile  telefono telˈɛfono  giorno ʤˈorno  zucchero ʣˈukːero  pizza pˈiʦːa  \
        parlano pˈarlano  quando kwˈando  l'uomo lwˈɔmo  gli ʎɪ  \
        c'è ʧˈɛ  c'era ʧˈɛra  c'entra ʧˈentra  c'eravamo ʧeravˈamo  dell'anno dellˈanno  momento momˈento  nuovo nʊˈɔvo  tecnologia teknoloʤˈia"),
    ("pt-br", "casa kˈazæ  dia ʤˈiæ  noite nˈoɪʧy  coração kˌoɾasˈɐ̃ʊ̃  obrigado ˌobriɡˈadʊ  filho fˈiljʊ  carro kˈaxʊ  rio xˈiʊ  Brasil brazˈiʊ  \
        tempo tˈAmpʊ  mãe mˈɐ̃j  limões limˈõjs  você vosˈe  água ˈaɡwæ  gente ʒˈAŋʧy  chuva ʃˈuvæ  feliz felˈis  história istˈɔɾjæ  \
        fixo fˈiksʊ  sexo sˈɛksʊ  táxi tˈaksi  anexo ˌanˈeksʊ  próximo prˈɔsimʊ  texto tˈestʊ  caixa kˈIʃæ  exame ˌezˈɐ̃my  tranquilo trˌɐ̃ŋkwˈilʊ  \
        linguiça lˌiŋɡwˈisæ  cinquenta sˌiŋkwˈAŋtæ  sequência sˌekwˈAŋsjæ  pinguim piŋɡwˈiŋ  seguir seɡˈir  guerra ɡˈɛxæ  voltar vowtˈar  nacional nˌasionˈW"),
    ("fr", "bonjour bɔ̃ʒˈuʁ  oiseau wazˈo  feuille fˈœj  famille famˈij  ville vˈil  parlent pˈaʁl  vent vˈɑ̃  temps tˈɑ̃  femme fˈam  nation nasjˈɔ̃  \
        examen ɛɡzamˈɛ̃  montagne mɔ̃tˈaɲ  garçon ɡaʁsˈɔ̃  pain pˈɛ̃  brun bʁˈœ̃  loin lwˈɛ̃  poisson pwasˈɔ̃  poison pwazˈɔ̃  c'est sɛ  qu'il kil  peur pˈœʁ  \
        soixante swasˈɑ̃t  deuxième døzjˈɛm  travailler tʁavajˈe  meilleur mɛjˈœʁ  national nasjonˈal  faisait fəzˈɛ  intelligent ɛ̃tɛliʒˈɑ̃  affirment afˈiʁm  heureux øʁˈø  \
        jeune ʒˈœn  déjeuner deʒønˈe  autobus otobˈys  abus abˈy"),
    ("hi", "नमस्ते nəmˈʌsteː  लड़का lˈʌɽkaː  पानी pˈaːni  किताब kɪtˈaːb  समझना səmˈʌɟʰnaː  करना kˈʌɾnaː  हिंदी hˈĩdi  आँख ˈãkʰ  ज़रूरत zəɾˈuːɾət  \
        विज्ञान ʋɪɡjˈaːn  हूँ hˈũ  धर्म dʰˈʌrm  भारत bʰˈaːɾət"),
    ("sw", "watoto watˈoto  ng'ombe ŋˈombe  ngoma ŋɡˈoma  nyumba ɲˈumba  chakula ʧakˈula  dhahabu ðahˈabu  thelathini θelaθˈini  shule ʃˈule  mwalimu mwalˈimu"),
    ("ha", "ɓarawo baɾˈawo  ƙasa kˈasa  tsarki ʦˈaɾki  kwai kwˈI  'ya'ya jˈaja  gyaɗa ɡjˈada  shaida ʃˈIda  cika ʧˈika  yau jˈW  al'ada alˈada  nan nˈan  sanƙo sˈaŋko"),
    ("yo", "ọmọ ɔmɔ  ẹ̀kọ́ ɛkˈɔ  gbogbo ɡboɡbo  ọpẹ́ ɔkpˈɛ  ṣé ʃˈe  ìyàn ijã  ọ̀nà ɔna  ọgbọ́n ɔɡbˈɔ̃  ilé ilˈe"),
    ("ig", "igbo ˈiɡbo  ụlọ ˈʊlɔ  akwụkwọ akwˈʊkwɔ  nwa ŋwˈa  ọnụ ˈɔnʊ  ṅụọ ŋˈʊɔ  chineke ʧinˈeke  aghụghọ aɣˈʊɣɔ"),
    ("zu", "umuntu umˈuːntu  ngiyabonga ŋɡijabˈoːŋɡa  isikole isikˈoːle  hlala ʃlˈaːla  icici iʦˈiːʦi  ubhuti ubˈuːti  thanda tʰˈaːnda  tshela ʧˈeːla"),
];

/// Words that sound otherwise next to another one.
#[rustfmt::skip]
const PHRASES: &[(&str, &str, &str)] = &[
    ("fr", "dix ans, six heures, huit jours", "diz ˈɑ̃, siz ˈœʁ, yi ʒˈuʁ"),
    ("fr", "dix-sept, dix-neuf, j'en ai six", "dis sˈɛt, diz nˈœf, ʒɑ̃ ʒe sˈis"),
    ("fr", "tous les jours; ils sont tous là", "tu le ʒˈuʁ; il sɔ̃ tˈus lˈa"),
    ("fr", "les hommes, les héros, les onze", "lez ˈɔm, le eʁˈo, le ˈɔ̃z"),
    ("fr", "vingt et un, vingt-deux, quatre-vingt-deux", "vˈɛ̃t e œ̃, vˈɛ̃t dˈø, kˈatʁ vˈɛ̃ dˈø"),
    ("fr", "c'est un ami, un petit enfant", "sɛt œ̃n amˈi, œ̃ pətˈit ɑ̃fˈɑ̃"),
    ("es", "los dedos de la mano, un vaso", "los ðˈeðos ðe la mˈano, ˈum bˈaso"),
    ("pt-br", "os amigos, as casas, os dias", "ʊz ˌæmˈiɡʊs, as kˈazæs, ʊz ʤˈiæs"),
    ("it", "l'acqua e un po' di pane", "lˈakːwa e ʊn pˈɔ dɪ pˈane"),
];

#[test]
fn a_word_sounds_as_the_next_one_makes_it() {
    let mut wrong = Vec::new();
    for (code, phrase, sounds) in PHRASES {
        let language = language_of(code);
        let got = language.sounds(&language.words(phrase)).unwrap();
        if got != apart(sounds) {
            wrong.push(format!("{code}: {phrase} is {got}, not {sounds}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A number in digits, and in words where all of them are in the table's own spelling.
#[rustfmt::skip]
const NUMBERS: &[(&str, &[(&str, &str)])] = &[
    ("es", &[("0", "cero"), ("16", "dieciséis"), ("21000", "veintiún mil"), ("100", "cien"), ("115", "ciento quince"), ("1.999", "mil novecientos noventa y nueve"),
        ("2000000", "dos millones"), ("3,14", "tres coma catorce"), ("-5", "menos cinco"), ("20%", "veinte por ciento"), ("5 €", "cinco euros"), ("$7", "siete dólares"),
        ("3.º", "tercero"), ("10:30", "diez y media"), ("007", "cero cero siete")]),
    ("it", &[("21", "ventuno"), ("88", "ottantotto"), ("1984", "mille novecento ottantaquattro"), ("200", "duecento"), ("3,5", "tre virgola cinque")]),
    ("pt-br", &[("31", "trinta e um"), ("100", "cem"), ("145", "cento e quarenta e cinco"), ("2.500", "dois mil e quinhentos"), ("1ª", "primeira")]),
    ("fr", &[("71", "soixante et onze"), ("72", "soixante douze"), ("80", "quatre vingts"), ("99", "quatre vingt dix neuf"), ("21", "vingt et un"), ("1 234", "mille deux cent trente quatre"),
        ("2e", "deuxième"), ("1,5 €", "un euro et cinquante centimes")]),
    ("hi", &[("45", "पैंतालीस"), ("1,50,000", "एक लाख पचास हज़ार"), ("३४", "चौंतीस"), ("₹5", "पाँच रुपए")]),
    ("sw", &[("25", "ishirini na tano"), ("340", "mia tatu na arobaini"), ("2024", "elfu mbili na ishirini na nne")]),
    ("ha", &[("11", "goma sha ɗaya"), ("150", "ɗari da hamsin"), ("2000", "dubu biyu")]),
    ("yo", &[("15", "ẹ̀ẹ́dógún"), ("42", "ogójì lé èjì")]),
    ("ig", &[("35", "iri atọ na ise"), ("500", "narị ise")]),
    ("zu", &[("12", "ishumi na kubili"), ("₦3", "ama-naira amathathu")]),
];

#[test]
fn every_table_is_well_formed_and_reads_every_letter() {
    for (code, _) in TABLES {
        let table_language = language_of(code);
        let own = table_language
            .table
            .own
            .iter()
            .copied()
            .filter(|c| c.is_alphabetic());
        for letter in ('a'..='z').chain(own) {
            // A word of two, so that no letter stands where it is silent; h is silent in some languages.
            let word = format!("a{letter}a");
            let sounds = table_language.word(&word);
            let extra = sounds.chars().filter(|c| !SILENT.contains(*c)).count();
            let silent = letter == 'h' || "़्́̀̄ऽ".contains(letter);
            assert!(silent || extra > 1, "{code}: {word} is {sounds:?}");
        }
        let digits: Vec<String> = ('0'..='9')
            .map(|d| table_language.words(&d.to_string()))
            .collect();
        assert!(
            digits.iter().all(|name| !name.is_empty()),
            "{code}: {digits:?}"
        );
    }
}

#[test]
fn words_sound_as_the_language_spells_them() {
    let mut wrong = Vec::new();
    for (code, pairs) in SOUNDS {
        let mut pairs = pairs
            .split("  ")
            .map(str::trim)
            .filter(|p| !p.is_empty())
            .peekable();
        assert!(pairs.peek().is_some());
        for pair in pairs {
            let (word, sounds) = pair.split_once(' ').unwrap();
            let got = language_of(code)
                .sounds(&language_of(code).words(word))
                .unwrap();
            if got != apart(sounds) {
                wrong.push(format!("{code}: {word} is {got}, not {sounds}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn numbers_signs_and_money_are_said_in_the_language() {
    let mut wrong = Vec::new();
    for (code, pairs) in NUMBERS {
        for (written, said) in *pairs {
            let got = language_of(code).words(written);
            if got != composed(said) {
                wrong.push(format!("{code}: {written} is {got}, not {said}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// As `words` gives it.
fn composed(text: &str) -> String {
    text.nfc().collect()
}

#[test]
fn only_kokoros_vocabulary_is_written_and_nothing_is_dropped() {
    let vocabulary = crate::tests::vocabulary();
    for (code, _) in TABLES {
        let (table_language, own) = (language_of(code), own_sentences(code));
        let sentences = include_str!("../../../../benches/sentences/es.txt")
            .lines()
            .chain(own.lines());
        for line in sentences.chain([
            "Łódź Ærø ŋ ß Привет λόγος naïve 12:30 50% a@b.com http://x.org/?q=1 XKCD BBC tlhIngan",
        ]) {
            let words = table_language.words(line);
            for word in words
                .split([' ', '-'])
                .filter(|w| w.contains(char::is_alphabetic))
            {
                let core = word.trim_matches(|c: char| {
                    !c.is_alphabetic() && !table_language.table.own.contains(&c)
                });
                let sounds = table_language.sounds(core).unwrap();
                assert!(
                    sounds.contains(|c| !SILENT.contains(c)),
                    "{code}: {core} has no sound"
                );
                for c in sounds.chars() {
                    assert!(
                        vocabulary.contains(c),
                        "{code}: {c:?} in {sounds} of {core}"
                    );
                }
            }
        }
    }
}

fn own_sentences(code: &str) -> String {
    let path = format!(
        "{}/../../benches/sentences/{code}.txt",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn sentences_are_cut_and_marked_as_in_english() {
    let texts = |pieces: Vec<Piece>| pieces.into_iter().map(|p| p.text).collect::<Vec<_>>();
    let es = language("es").unwrap();
    let pieces = speakable("¿Qué tal? ¡Bien!\n\nAdiós", es).unwrap();
    assert!(
        pieces[0].phonemes.ends_with("bjˈen!"),
        "{}",
        pieces[0].phonemes
    );
    assert_eq!(texts(pieces), ["¿Qué tal? ¡Bien!", "Adiós"]);
    let hi = language("hi").unwrap();
    let pieces = speakable("यह घर है। वह दूर है।", hi).unwrap();
    assert_eq!(
        pieces[0].phonemes.matches('.').count(),
        2,
        "{}",
        pieces[0].phonemes
    );
}

#[test]
fn letters_of_another_script_are_refused_by_their_place() {
    for (code, text, place) in [
        ("es", "Hola नमस्ते", 6),
        ("hi", "नमस्ते 你好", 8),
        ("yo", "ẹ 你", 3),
    ] {
        let fault = language(code).unwrap().readable(text).unwrap_err();
        assert!(
            fault.sentence.contains(&format!("at character {place};")),
            "{fault}"
        );
    }
    assert!(speakable("मेरा laptop नया है", language("hi").unwrap()).is_ok());
    let nothing = speakable("😀 ... ???", language("ha").unwrap()).unwrap_err();
    assert!(
        nothing.sentence.starts_with("text has nothing"),
        "{nothing}"
    );
}

#[test]
fn hostile_texts_take_steps_by_their_length() {
    const STEPS_PER_CHAR_MAX: u64 = 4000;
    let mut worst = (0, String::new());
    English::shared(Accent::American);
    for text in [
        "a".repeat(5000),
        "á".repeat(5000),
        "1".repeat(5000),
        "'".repeat(5000),
        "a'".repeat(2500),
        "ạ́".repeat(2500),
        "-".repeat(5000),
        "1.".repeat(2500),
        "्".repeat(5000),
        "A.".repeat(2500),
    ] {
        for (code, _) in TABLES {
            let used = crate::steps::of(|| {
                if let Ok(mut pieces) = pieces(&text, language_of(code)) {
                    assert!(pieces.next().unwrap().is_ok());
                }
            });
            worst = worst.max((
                used / text.chars().count() as u64,
                format!("{code} {text:.10}"),
            ));
        }
    }
    assert!(worst.0 < STEPS_PER_CHAR_MAX, "{worst:?}");
}

#[test]
fn no_text_panics_or_leaves_the_vocabulary() {
    let odd: Vec<char> =
        "aZ09 .,;:!?'\"()[]-–—…/@#$%^&+=<>|~€₦°²½é\u{301}\u{200D}\n\t\0ẹn़्ंक你ب😀ﬁÇǆ"
            .chars()
            .collect();
    let mut dice = SplitMix::new(0x70_4E);
    for (code, _) in TABLES {
        let (table_language, own) = (language_of(code), own_sentences(code));
        let seeds: Vec<&str> = own.lines().collect();
        for _ in 0..300 {
            let mut text: Vec<char> = seeds[dice.below(seeds.len())].chars().collect();
            for _ in 0..1 + dice.below(10) {
                let at = dice.below(text.len() + 1);
                match dice.below(3) {
                    0 if at < text.len() => drop(text.remove(at)),
                    1 if at < text.len() => text.truncate(at.max(3)),
                    _ => text.insert(at, odd[dice.below(odd.len())]),
                }
            }
            let text: String = text.into_iter().collect();
            // Latin letters in Hindi go to English, whose own test covers them and whose tagger is slow.
            let words = table_language.words(&text);
            let words = match table_language.table.latin_is_english {
                true => words.replace(|c: char| c.is_ascii_alphabetic(), ""),
                false => words,
            };
            let sounds = table_language.sounds(&words).unwrap();
            assert!(
                sounds.chars().all(|c| VOCABULARY.contains(c)),
                "{code}: {sounds:?} from {text:?}"
            );
        }
    }
}

//! Cases of a public test suite and cases of our own, by class.

use crate::languages::language;
use unicode_normalization::UnicodeNormalization;
use vocabox_base::random::SplitMix;

const REJECTED: &str = include_str!("cases/rejected.tsv");
/// The cases of each language.
const SUITES: [(&str, &str); 5] = [
    ("es", include_str!("cases/es.tsv")),
    ("fr", include_str!("cases/fr.tsv")),
    ("hi", include_str!("cases/hi.tsv")),
    ("it", include_str!("cases/it.tsv")),
    ("pt-br", include_str!("cases/pt-br.tsv")),
];

fn lines(file: &str) -> impl Iterator<Item = &str> {
    file.lines()
        .filter(|l| !l.starts_with(';') && !l.is_empty())
}

/// Returns `text` as readings are compared: in lower case, without marks and hyphens, letters in a row as one word.
fn compared(text: &str) -> String {
    let text: String = text
        .nfkc()
        .collect::<String>()
        .to_lowercase()
        .nfc()
        .collect();
    let marks = |c: char| !(c.is_alphanumeric() || c == '\'' || "ािीुूृेैोौंँ़्ॉॅः".contains(c));
    let mut out = String::new();
    let mut letter_before = false;
    for word in text.split(marks).filter(|w| !w.is_empty()) {
        let letter = word.chars().count() == 1;
        let together = letter && letter_before;
        if !out.is_empty() && !together {
            out.push(' ');
        }
        out.push_str(word);
        letter_before = letter;
    }
    out
}

#[test]
fn the_suites_cases_are_said_as_it_expects() {
    let mut wrong = Vec::new();
    for (code, file) in SUITES {
        let mut count = 0;
        for line in lines(file) {
            let mut fields = line.split('\t');
            let mut field = || fields.next().expect("a line has three fields");
            let (class, written, said) = (field(), field(), field());
            let got = language(code).unwrap().words(written);
            let loose = matches!(class, "electronic" | "whitelist" | "time" | "telephone");
            let same = |said: &str| {
                let (said, got) = (compared(said), compared(&got));
                said == got || loose && said.replace(' ', "") == got.replace(' ', "")
            };
            if !said.split('~').any(same) {
                wrong.push(format!("{code}: {class} {written} is {got}, not {said}"));
            }
            count += 1;
        }
        let rejected = lines(REJECTED)
            .filter(|l| l.starts_with(&format!("{code}\t")))
            .count();
        assert!(
            20 * rejected <= count + rejected,
            "{code}: {rejected} of {count} are rejected"
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What careful readers say, by language and class.
#[rustfmt::skip]
const READINGS: &[(&str, &str, &str)] = &[
    ("it", "C'è un gatto. C'era una volta. C'entra poco.", "c'è un gatto. c'era una volta. c'entra poco."),
    ("it", "la 3ª volta", "la terza volta"),
    ("it", "1 euro", "un euro"),
    ("it", "il XXI secolo", "il ventunesimo secolo"),
    ("it", "alle 15:30", "alle quindici e trenta"),
    ("it", "5 km", "cinque chilometri"),
    ("it", "il 1° maggio 2023", "il primo maggio duemila ventitre"),
    ("it", "Luigi XIV, papa Giovanni XXIII", "luigi quattordicesimo, papa giovanni ventitreesimo"),
    ("it", "12,50 € e 50 m²", "dodici euro cinquanta centesimi e cinquanta metri quadrati"),
    ("it", "n. 5, pag. 12, n° 3", "numero cinque, pagina dodici, numero tre"),
    ("it", "tel. 06 1234 5678", "telefono zero sei, uno due tre quattro, cinque sei sette otto"),
    ("fr", "Mme Martin et Mlle Roy", "madame martin et mademoiselle roy"),
    ("fr", "le Dr Petit", "le docteur petit"),
    ("fr", "la 1re fois, n° 5", "la première fois, numéro cinq"),
    ("fr", "+33 6 12 34 56 78", "plus trente trois, six, douze, trente quatre, cinquante six, soixante dix huit"),
    ("fr", "01 42 68 53 00", "zéro un, quarante deux, soixante huit, cinquante trois, zéro zéro"),
    ("fr", "à 15h30", "à quinze heures trente"),
    ("fr", "au XIXe siècle", "au dix neuvième siècle"),
    ("fr", "Louis XIV, Napoléon Ier, Élisabeth II", "louis quatorze, napoléon premier, élisabeth deux"),
    ("fr", "21 pages, 200 €, 80 ans", "vingt et une pages, deux cents euros, quatre vingts ans"),
    ("fr", "12,50 €, 3,5 millions d'euros, 5 M€", "douze euros et cinquante centimes, trois virgule cinq millions d'euros, cinq millions d'euros"),
    ("fr", "le 1er mai 2023, le 02/03/2003", "le premier mai deux mille vingt trois, le deux mars deux mille trois"),
    ("fr", "Le roi est là. De 3 à 5.", "le roi est là. de trois à cinq."),
    ("es", "01/02/2023", "uno de febrero de dos mil veintitrés"),
    ("es", "21 años, 1 casa, 200 páginas, 1 millón", "veintiún años, una casa, doscientas páginas, un millón"),
    ("es", "el siglo XXI, Felipe VI, Isabel II", "el siglo veintiuno, felipe sexto, isabel segunda"),
    ("es", "1.234,56 €", "mil doscientos treinta y cuatro euros con cincuenta y seis céntimos"),
    ("es", "80 km/h", "ochenta kilómetros por hora"),
    ("es", "a las 15:30 h", "a las quince y media"),
    ("es", "nº 3, n.º 4", "número tres, número cuatro"),
    ("es", "La Sra. García vive en EE. UU. desde 2010.", "la señora garcía vive en estados unidos desde dos mil diez."),
    ("es", "31.201 casas y 500 libros", "treinta y una mil doscientas una casas y quinientos libros"),
    ("es", "el 3 de enero de 2023, 10-15 de mayo", "el tres de enero de dos mil veintitrés, diez a quince de mayo"),
    ("es", "tel. 91 123 45 67", "teléfono nueve uno, uno dos tres, cuatro cinco, seis siete"),
    ("es", "1/2 hora, 2 1/2 kg, -5 °C", "media hora, dos y medio kilogramos, menos cinco grados celsius"),
    ("es", "la FIFA y el PP", "la fifa y el P P"),
    ("pt-br", "R$ 25,50", "vinte e cinco reais e cinquenta centavos"),
    ("pt-br", "Dom Pedro II, século XXI", "dom pedro segundo, século vinte e um"),
    ("pt-br", "2 casas, 200 páginas, 2.002 pessoas", "duas casas, duzentas páginas, duas mil e duas pessoas"),
    ("pt-br", "25/12/2024, 1º de maio", "vinte e cinco de dezembro de dois mil e vinte e quatro, primeiro de maio"),
    ("pt-br", "91234-5678", "nove um dois três quatro, cinco seis sete oito"),
    ("pt-br", "fixo, sexo, tranquilo, linguiça, cinquenta", "fixo, sexo, tranquilo, linguiça, cinquenta"),
    ("pt-br", "R$ 3,5 milhões, 50 m²", "três vírgula cinco milhões de reais, cinquenta metros quadrados"),
    ("hi", "1947 में", "उन्नीस सौ सैंतालीस में"),
    ("hi", "5 kg", "पाँच किलोग्राम"),
    ("hi", "98765 43210", "नौ आठ सात छह पाँच चार तीन दो एक शून्य"),
    ("hi", "डॉ. शर्मा", "डॉक्टर शर्मा"),
    ("hi", "₹1,50,000, 1.5 लाख, 3½ किलो", "एक लाख पचास हज़ार रुपए, डेढ़ लाख, साढ़े तीन किलो"),
    ("hi", "15 अगस्त 1947", "पंद्रह अगस्त उन्नीस सौ सैंतालीस"),
    ("sw", "KSh 500, 20%", "shilingi mia tano, asilimia ishirini"),
    ("sw", "saa 3:30, 15:30", "saa tatu na nusu, saa tisa na nusu mchana"),
    ("sw", "12/03/2024", "tarehe kumi na mbili machi mwaka elfu mbili na ishirini na nne"),
    ("ha", "₦1,250.50", "naira dubu da ɗari biyu da hamsin da kobo hamsin"),
    ("ha", "3:30 pm, 12/03/2024", "ƙarfe uku da rabi na rana, ranar goma sha biyu ga watan maris shekara ta dubu biyu da ashirin da huɗu"),
    ("ha", "0803 123 4567", "sifili takwas sifili uku, ɗaya biyu uku, huɗu biyar shida bakwai"),
    ("yo", "₦500", "náírà ẹ̀ẹ́dẹ́gbẹ̀ta"),
    ("ig", "₦500, 12/03/2024", "naịra narị ise, ụbọchị iri na abụọ n'ọnwa maachị afọ puku abụọ na iri abụọ na anọ"),
    ("zu", "R500, R1", "amarandi angamakhulu amahlanu, irandi elilodwa"),
    ("zu", "082 123 4567", "iqanda isishiyagalombili kubili, kunye kubili kuthathu, kune kuhlanu isithupha isikhombisa"),
];

#[test]
fn each_class_is_said_as_its_language_says_it() {
    let mut wrong = Vec::new();
    for (code, written, said) in READINGS {
        let got = language(code).unwrap().words(written).to_lowercase();
        let said: String = said.to_lowercase().nfc().collect();
        if got != said {
            wrong.push(format!("{code}: {written} is\n{got}\nnot\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn variants_of_each_class_are_said_as_their_language_says_them() {
    let mut wrong = Vec::new();
    for line in lines(include_str!("cases/variants.tsv")) {
        let [code, class, written, said] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let got = language(code).unwrap().words(written);
        let said: String = said.nfc().collect();
        if got.trim_end_matches('.') != said.trim_end_matches('.') {
            wrong.push(format!("{code}: {class} {written} is\n{got}\nnot\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn abbreviations_do_not_end_a_sentence() {
    for (code, text, sentences) in [
        (
            "es",
            "La Sra. García vino. El Dr. López no. Etc. Luego se fue.",
            4,
        ),
        ("es", "Véase pág. 12. Fin.", 2),
        ("it", "Il sig. Rossi parla. La dott.ssa Bianchi tace.", 2),
        (
            "fr",
            "M. Dupont est là. Mme Roy aussi. J.-P. Martin vient.",
            3,
        ),
        ("pt-br", "O Sr. Silva chegou. A Profa. Ana saiu.", 2),
        ("hi", "डॉ. शर्मा आए। प्रो. वर्मा गए।", 2),
        ("ha", "Alh. Musa ya zo. Ya tafi.", 2),
        ("sw", "Bw. Juma alikuja. Aliondoka.", 2),
    ] {
        let stops = language(code).unwrap().stops();
        let got: Vec<&str> = crate::segmentation::sentences_of(text, stops)
            .into_iter()
            .map(|s| &text[s.range])
            .collect();
        assert_eq!(got.len(), sentences, "{code}: {got:?}");
    }
}

/// Numbers of every length, the genders and forms that a language has.
#[rustfmt::skip]
const NUMBERS: &[(&str, &str, &str)] = &[
    ("es", "1000000000000", "un billón"),
    ("es", "21.000.000", "veintiún millones"),
    ("es", "1.001.021", "un millón mil veintiuno"),
    ("fr", "80, 81, 200, 201, 200.000", "quatre vingts, quatre vingt un, deux cents, deux cent un, deux cent mille"),
    ("fr", "1 000 000 000 000", "un billion"),
    ("fr", "71e, 81e, 200e", "soixante et onzième, quatre vingt unième, deux centième"),
    ("it", "21, 28, 88, 108, 1.000.000", "ventuno, ventotto, ottantotto, cento otto, un milione"),
    ("it", "11º, 23º, 100º, 18ª", "undicesimo, ventitreesimo, centesimo, diciottesima"),
    ("pt-br", "1101, 1200, 21.000.000", "mil cento e um, mil e duzentos, vinte e um milhões"),
    ("pt-br", "1000000000000", "um trilhão"),
    ("hi", "100000, 10000000, 1000000000", "एक लाख, एक करोड़, एक अरब"),
    ("hi", "1ला, 2री, 6ठा, 21वें", "पहला, दूसरी, छठा, इक्कीसवें"),
    ("sw", "1000000000000", "trilioni moja"),
    ("ha", "1000000000", "biliyan ɗaya"),
    ("zu", "1000000", "isigidi"),
];

#[test]
fn numbers_of_every_length_have_words() {
    let mut wrong = Vec::new();
    for (code, written, said) in NUMBERS {
        let got = language(code).unwrap().words(written);
        let said: String = said.nfc().collect();
        if got != said {
            wrong.push(format!("{code}: {written} is {got}, not {said}"));
        }
        for digits in 1..40 {
            let long = "7".repeat(digits);
            let words = language(code).unwrap().words(&long);
            assert!(!words.is_empty() && !words.contains('7'), "{code}: {long}");
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn damaged_cases_are_read_without_a_fault() {
    let odd: Vec<char> = "09.,:/-–+°ºª€$₹'()%@\\&xXIVhmCM½² \u{301}ािé"
        .chars()
        .collect();
    let mut dice = SplitMix::new(0x16_03);
    for (code, file) in SUITES {
        let written: Vec<&str> = lines(file).filter_map(|l| l.split('\t').nth(1)).collect();
        let language = language(code).unwrap();
        for _ in 0..1500 {
            let mut text: Vec<char> = Vec::new();
            for _ in 0..1 + dice.below(3) {
                text.extend(written[dice.below(written.len())].chars());
                text.push(' ');
            }
            for _ in 0..dice.below(6) {
                let at = dice.below(text.len());
                match dice.below(3) {
                    0 => drop(text.remove(at)),
                    _ => text.insert(at, odd[dice.below(odd.len())]),
                }
                if text.is_empty() {
                    break;
                }
            }
            let text: String = text.into_iter().collect();
            let words = language.words(&text);
            assert!(
                !words.contains(|c: char| c.is_ascii_digit()),
                "{code}: {words:?} from {text:?}"
            );
        }
    }
}

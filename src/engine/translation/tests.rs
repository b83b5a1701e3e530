//! Real translators, and small ones in every layout of NLLB by both runtimes. The small graphs are those of
//! `scripts/models/tiny_translator.py`: they say each word of the source in the language whose token was
//! forced, if the source's token stood before it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::*;
use crate::contract::CancellationToken;
use crate::graph::device::Device;
use crate::graph::library;
use crate::graph::net::Net;
use crate::graph::ort::Ort;
use crate::graph::tract::TractNet;
use vocabox_base::fault::Kind;
use vocabox_pack::translate::{Tell, Translate as Settings};

type Load = fn(&Path) -> Arc<dyn Net>;

fn models() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("models")
}

fn ort() -> Ort {
    let pack = Pack::open(&models().join("onnxruntime")).unwrap();
    let packed = pack.path(pack.file("library", None).unwrap());
    let probed = library::find(None, Some(packed.shown())).unwrap();
    Ort::open(&probed.path, 2, Device::Cpu).unwrap()
}

fn by_ort(path: &Path) -> Arc<dyn Net> {
    Arc::new(ort().load(&path.into()).unwrap())
}

fn by_tract(path: &Path) -> Arc<dyn Net> {
    Arc::new(TractNet::load(&path.into()).unwrap())
}

fn tiny(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .join("scripts/models/tiny_translator")
        .join(name)
}

fn tokenizer() -> Tokenizer {
    Tokenizer::from_file(tiny("tokenizer.json")).unwrap()
}

fn settings(tell: Tell) -> Settings {
    let codes = ["en", "yo", "ha"].map(str::to_owned);
    let tokens = ["eng_Latn", "yor_Latn", "hau_Latn"].map(str::to_owned);
    Settings {
        from: codes.to_vec(),
        to: codes.to_vec(),
        tell,
        tokens: codes.into_iter().zip(tokens).collect(),
        start: 2,
        end: 2,
        never: vec![0, 1, 3],
        beams: 1,
    }
}

fn nllb(load: Load, decoder: &str, first: Option<&str>, beams: usize) -> TranslationEngine {
    let first = first.map(|name| load(&tiny(name)));
    let (tokenizer, settings) = (tokenizer(), settings(Tell::Both));
    TranslationEngine {
        decoder: MarianDecoder::new(load(&tiny("encoder.onnx")), load(&tiny(decoder)), first)
            .unwrap(),
        language_tokens: LanguageTokens::new(&settings, &tokenizer).unwrap(),
        tokenizer,
        beams,
    }
}

fn soon() -> CancellationToken {
    CancellationToken::until(Instant::now() + Duration::from_secs(120))
}

fn translated(
    engine: &dyn Engine<Task = TranslateTask, Output = Translation>,
    pair: (&str, &str),
    text: &str,
    room: Option<usize>,
) -> String {
    let task = TranslateTask {
        text: text.to_owned(),
        source: pair.0.to_owned(),
        target: pair.1.to_owned(),
        room,
    };
    engine.run(task, &soon()).unwrap().text
}

fn real(pack: &str) -> Arc<Translate> {
    let pack = Pack::open(&models().join(pack)).unwrap();
    let graphs = GraphLoader {
        ort: Some(ort()),
        idle: None,
    };
    build(&pack, &graphs).unwrap()
}

#[test]
fn every_layout_is_fed_the_forced_language_and_its_own_past_by_both_runtimes() {
    let layouts: [(&str, Load, &str, Option<&str>); 3] = [
        (
            "two graphs by tract",
            by_tract,
            "past.onnx",
            Some("first.onnx"),
        ),
        (
            "two graphs by ONNX Runtime",
            by_ort,
            "past.onnx",
            Some("first.onnx"),
        ),
        ("merged by ONNX Runtime", by_ort, "merged.onnx", None),
    ];
    for (what, load, decoder, first) in layouts {
        for beams in [1, 3] {
            let engine = nllb(load, decoder, first, beams);
            for (pair, text, expected) in [
                (("en", "yo"), "one three six", "ọ̀kan ẹ̀ta ẹ̀fà"),
                (("en", "ha"), "five", "biyar"),
                (
                    ("ha", "en"),
                    "uku uku uku uku uku",
                    "three three three three three",
                ),
            ] {
                let made = translated(&engine, pair, text, None);
                assert_eq!(made, expected, "{what}, {beams} beams");
            }
        }
    }
}

#[test]
fn of_likely_translations_one_that_fits_its_room_is_taken() {
    let engine = nllb(by_ort, "merged.onnx", None, 1);
    let fitted = |room| translated(&engine, ("en", "yo"), "one two one two", room);
    let plain = "ọ̀kan èjì ọ̀kan èjì";
    let chars = plain.chars().count();
    assert_eq!(fitted(None), plain);
    assert_eq!(fitted(Some(chars)), plain);
    let shorter = fitted(Some(chars - 1));
    assert!(
        ["èjì èjì ọ̀kan èjì", "ọ̀kan èjì èjì èjì"].contains(&&*shorter),
        "{shorter}"
    );
}

#[test]
fn languages_are_told_where_each_layout_wants_them() {
    let told = |tell: Tell| {
        let language_tokens = LanguageTokens::new(&settings(tell), &tokenizer()).unwrap();
        let told = language_tokens.told("en", "yo").unwrap();
        (told.around(&[4, 5]), told.begin)
    };
    let (english, yoruba) = (22, 23);
    assert_eq!(told(Tell::Nothing), (vec![4, 5, 2], vec![2]));
    assert_eq!(
        told(Tell::Both),
        (vec![english, 4, 5, 2], vec![2, yoruba as u32])
    );
    assert_eq!(
        told(Tell::BothBehind),
        (vec![4, 5, 2, english], vec![2, yoruba as u32])
    );
    assert_eq!(told(Tell::Target), (vec![yoruba, 4, 5, 2], vec![2]));
    let language_tokens = LanguageTokens::new(&settings(Tell::Both), &tokenizer()).unwrap();
    let fault = language_tokens.told("en", "zu").unwrap_err();
    assert_eq!(fault.kind, Kind::Missing);
    assert!(fault.sentence.contains("en into zu"), "{}", fault.sentence);
    let mut wrong = settings(Tell::Both);
    wrong.tokens = BTreeMap::from([("en".to_owned(), "eng".to_owned())]);
    assert!(LanguageTokens::new(&wrong, &tokenizer()).is_err());
}

#[test]
fn graphs_that_lack_a_cache_or_what_makes_it_are_refused() {
    let encoder = || by_tract(&tiny("encoder.onnx"));
    for (decoder, lacking) in [("first.onnx", "present"), ("past.onnx", "encoder.key")] {
        let refused = MarianDecoder::new(encoder(), by_tract(&tiny(decoder)), None);
        let fault = refused.err().unwrap();
        assert_eq!(fault.kind, Kind::Missing);
        assert!(fault.cause.unwrap().contains(lacking), "{decoder}");
    }
}

#[test]
fn real_translators_say_it_in_the_other_language() {
    let english = real("translate-pt-en");
    let say = |text: &str| translated(&*english, ("pt", "en"), text, None);
    assert_eq!(
        say("Amanhã vamos visitar o museu com os nossos amigos."),
        "Tomorrow we will visit the museum with our friends."
    );
    assert_eq!(
        say("O menino comprou três laranjas.  Depois a mãe voltou para casa.\n\n12:30 …"),
        "The boy bought three oranges.  Then the mother returned home.\n\n12:30 …",
        "what stands between sentences, and what has no letters, is kept"
    );
    let portuguese = real("translate-en-pt");
    let say = |text: &str| translated(&*portuguese, ("en", "pt"), text, None);
    assert_eq!(
        say("Good morning, how are you?"),
        "Bom dia, como você está?"
    );
    assert_eq!(
        say("We had everything before us, we had nothing before us."),
        "Tínhamos tudo diante de nós, não tínhamos nada diante de nós."
    );
}

#[test]
fn a_real_translation_is_shorter_where_there_is_less_room() {
    let engine = real("translate-pt-en");
    let text =
        "Eu não sei exatamente o que é que vai acontecer com a nossa empresa no próximo ano.";
    let plain = translated(&*engine, ("pt", "en"), text, None);
    let short = translated(&*engine, ("pt", "en"), text, Some(10));
    assert!(
        short.chars().count() < plain.chars().count(),
        "{short:?} {plain:?}"
    );
    assert!(short.contains("next year"), "{short}");
}

#[test]
fn very_long_and_looping_texts_end() {
    let engine = real("translate-pt-en");
    let long = "um homem e uma mulher foram ao mercado comprar pão e leite ".repeat(20);
    let made = translated(&*engine, ("pt", "en"), &long, None);
    assert!(made.matches("market").count() > 10, "{made}");
    let shout = "a".repeat(600);
    let made = translated(&*engine, ("pt", "en"), &shout, None);
    assert!(made.chars().count() < 4_000, "{}", made.len());
}

#[test]
fn a_deadline_ends_a_translation() {
    let engine = real("translate-pt-en");
    let task = TranslateTask {
        text: "Bom dia.".to_owned(),
        source: "pt".to_owned(),
        target: "en".to_owned(),
        room: None,
    };
    let late = CancellationToken::until(Instant::now());
    assert_eq!(engine.run(task, &late).unwrap_err().kind, Kind::Engine);
}

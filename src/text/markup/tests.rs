use super::*;
use crate::{Pause, language};
use vocabox_base::limits::MARKUP_DEPTH_MAX;

fn script(text: &str) -> Vec<MarkupPart> {
    parse(text, Notation::Script).unwrap()
}

/// The parts in one line: pauses as `‹ms›`, a manner that is not the text's own as `{voice language rate}`, phonemes in
/// slashes.
fn told(text: &str, notation: Notation) -> String {
    let mut out = String::new();
    for part in parse(text, notation).unwrap() {
        match part {
            MarkupPart::Pause { ms } => out.push_str(&format!("‹{ms}›")),
            MarkupPart::Speech(speech) => {
                let Manner {
                    voice,
                    language,
                    rate,
                } = &speech.manner;
                if speech.manner != Manner::default() {
                    let or_dash = |text: &Option<String>| text.clone().unwrap_or("-".to_owned());
                    out.push_str(&format!(
                        "{{{} {} {rate}}}",
                        or_dash(voice),
                        or_dash(language)
                    ));
                }
                for run in &speech.runs {
                    match run {
                        MarkupRun::Text(text) => out.push_str(text),
                        MarkupRun::Fixed { written, phonemes } => {
                            out.push_str(&format!("{written}/{phonemes}/"))
                        }
                        MarkupRun::SayAs { text, form } => {
                            out.push_str(&form.written(text, "en-us"))
                        }
                    }
                }
            }
        }
    }
    out
}

#[test]
fn text_that_only_looks_like_it_is_text() {
    for text in [
        "",
        "a < b and c > d",
        "x <speak>y</speak>",
        "<speaker>Hi</speaker>",
        "<b>bold</b> & more",
        "[a]",
        "[a](b)",
        "[link](https://x.org/a/b)",
        "[About us](/about/)",
        "[docs](/a-b/)",
        "[foo](/❓x/)",
        "[](/kˈæt/)",
        "[a](/a/b/)",
        "[a](/kˈæt)",
        "[a\nb](/kˈæt/)",
        "[pause]",
        "[pause for thought]",
        "[pause s]",
        "[pause 1]",
        "[pause -1s]",
        "[pause 1.5s",
        "[[[[",
    ] {
        assert_eq!(told(text, Notation::Script), text);
    }
    let only_a_script = "Wait [pause 1.5s] now";
    assert_eq!(told(only_a_script, Notation::Ssml), only_a_script);
    let no_ssml = "<speak>Hi</speak>";
    assert_eq!(told(no_ssml, Notation::Pronunciations), no_ssml);
}

#[test]
fn pronunciations_and_pauses_are_read_in_a_text() {
    for (text, read) in [
        ("[Kokoro](/kˈOkəɹO/) is", "Kokoro/kˈOkəɹO/ is"),
        ("a [tomato](/təˈmeɪtoʊ/).", "a tomato/təmˈAtO/."),
        ("[he](/hi/)", "he/hi/"),
        ("[田中](/tˈɑnɑkɑ/)さん", "田中/tˈɑnɑkɑ/さん"),
        ("[[x](/zˈi/)]", "[x/zˈi/]"),
        (
            "[pause 1.5s]Go[pause 500ms][pause 2 s]",
            "‹1500›Go‹500›‹2000›",
        ),
    ] {
        assert_eq!(told(text, Notation::Script), read);
    }
}

#[test]
fn ssml_is_read() {
    for (text, read) in [
        ("<speak>Hi.</speak>", "Hi."),
        (
            "  <?xml version=\"1.0\"?>\n<speak version=\"1.1\" xmlns=\"http://www.w3.org/2001/10/synthesis\" xml:lang=\"en-US\">\n Hi\n  there </speak>",
            " Hi there ",
        ),
        (
            "<speak>a<break time=\"1.5s\"/>b<break/>c<break strength='none'/><break time=' 20ms '/></speak>",
            "a‹1500›b‹400›c‹0›‹20›",
        ),
        ("<speak>R&amp;D &lt;b&gt; &#233;</speak>", "R&D <b> é"),
        (
            "<speak><sub alias=\"World Wide Web\">WWW</sub> <sub>x</sub></speak>",
            "World Wide Web x",
        ),
        (
            "<speak><phoneme alphabet=\"ipa\" ph=\"ˈkeɪt\">Kate</phoneme>, <phoneme alphabet='x-kokoro' ph='kˈAt'/></speak>",
            "Kate/kˈAt/, /kˈAt/",
        ),
        ("<speak>[x](/zˈi/)</speak>", "x/zˈi/"),
        (
            "<speak>a<prosody rate=\"50%\">b<prosody rate=\"+20%\">c</prosody></prosody></speak>",
            "a{- - 0.5}b{- - 0.6}c",
        ),
        (
            "<speak><prosody rate=\"x-fast\" pitch=\"high\">a</prosody><prosody rate='1.5'>b</prosody><prosody volume='loud'>c</prosody></speak>",
            "{- - 1.6}a{- - 1.5}bc",
        ),
        (
            "<speak>a <lang xml:lang=\"fr-FR\">le</lang> b</speak>",
            "a {- fr-fr 1}le b",
        ),
        (
            "<speak><voice name=\"am_adam\">a <lang xml:lang='es'>b</lang></voice></speak>",
            "{am_adam - 1}a {am_adam es 1}b",
        ),
        ("<speak><p>One</p><p>Two.</p></speak>", "One.\n\nTwo.\n\n"),
        (
            "<speak>Before<p><s>One</s> <s>Two!</s></p></speak>",
            "Before\n\nOne.\n Two!\n\n\n",
        ),
        (
            "<speak><emphasis level='strong'>a</emphasis><mark name='x'/><foo>b</foo><metadata>c</metadata><audio src='http://x/y.wav'>d</audio></speak>",
            "abd",
        ),
        (
            "<speak><say-as interpret-as=\"odd\">12</say-as></speak>",
            "12",
        ),
        ("<speak/>", ""),
    ] {
        assert_eq!(told(text, Notation::Ssml), read, "{text}");
    }
}

#[test]
fn wrong_ssml_is_refused_with_its_place() {
    let deep = format!(
        "<speak>{}{}</speak>",
        "<e>".repeat(MARKUP_DEPTH_MAX),
        "</e>".repeat(MARKUP_DEPTH_MAX)
    );
    let attributes: String = (0..65).map(|n| format!(" a{n}=''")).collect();
    let many_attributes = format!("<speak><!-- > --><a{attributes}/></speak>");
    let namespaces: String = (0..65).map(|n| format!("<a xmlns:b{n}='c'/>")).collect();
    let many_namespaces = format!("<speak>{namespaces}</speak>");
    let very_deep = format!("<speak>{}", "<e>".repeat(100_000));
    for (text, named) in [
        ("<speak>\n <b>x</speak>", "line 2, column 6"),
        ("<speak>a & b</speak>", "line 1, column 10"),
        ("<speak>&nbsp;</speak>", "entity"),
        ("<speak>", "does not end"),
        ("<speak>a</speak> b", "line 1, column"),
        ("<!DOCTYPE speak><speak>a</speak><", "a"),
        (
            "<speak><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>&b;</speak>",
            "line 1",
        ),
        (
            "<?xml version='1.0'?><!DOCTYPE speak [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><speak>&b;</speak>",
            "",
        ),
        ("<speak><break time=\"11s\"/></speak>", "11 s; at most 10 s"),
        ("<speak><break time=\"soon\"/></speak>", "time is wrong"),
        ("<speak><break time=\"1e9s\"/></speak>", "time is wrong"),
        (
            "<speak>\n<break strength=\"big\"/></speak>",
            "<break> at line 2, column 1: strength",
        ),
        ("<speak><prosody rate=\"-10\">a</prosody></speak>", "rate"),
        ("<speak><prosody rate=\"NaN\">a</prosody></speak>", "rate"),
        (
            "<speak><phoneme alphabet=\"x-sampa\" ph=\"a\">a</phoneme></speak>",
            "alphabet",
        ),
        (
            "<speak><phoneme alphabet=\"ipa\">a</phoneme></speak>",
            "ph is wrong",
        ),
        (
            "<speak><phoneme alphabet=\"ipa\" ph=\"4\">a</phoneme></speak>",
            "ph is wrong",
        ),
        (&deep, "32 elements"),
        (&very_deep, "does not end"),
        (&many_attributes, "64 attributes"),
        (&many_namespaces, "64 namespaces"),
    ] {
        match parse(text, Notation::Ssml) {
            Err(fault) => assert!(fault.sentence.contains(named), "{text:.80}: {fault}"),
            // What does not start with <speak> is text.
            Ok(_) => assert!(!is_ssml(text), "{text:.80}"),
        }
    }
}

#[test]
fn pauses_have_a_bound_each_and_together() {
    let pauses =
        |count: usize| format!("<speak>a{}</speak>", "<break time=\"10s\"/>".repeat(count));
    assert!(parse(&pauses(6), Notation::Ssml).is_ok());
    let fault = parse(&pauses(7), Notation::Ssml).unwrap_err();
    assert!(
        fault.sentence.contains("more than 60 s together"),
        "{fault}"
    );
    let fault = parse("a [pause 10.5s]", Notation::Script).unwrap_err();
    assert!(
        fault.sentence.contains("[pause 10.5s]: a pause of 10.5 s"),
        "{fault}"
    );
}

#[test]
fn a_text_is_said_in_the_form_that_was_asked_for() {
    for (form, text, code, said) in [
        ("characters", "Ab-1", "en-us", "A B dash one"),
        ("spell-out", "GmbH", "es", "G M B H"),
        ("characters", "a_7@", "fr", "A tiret bas sept arobase"),
        ("characters", "PAN", "hi", "पी ए एन"),
        (
            "cardinal",
            "1984",
            "en-us",
            "one thousand nine hundred eighty four",
        ),
        ("cardinal", "911", "en-gb", "nine hundred and eleven"),
        (
            "cardinal",
            "1,984",
            "en-us",
            "one thousand nine hundred eighty four",
        ),
        (
            "cardinal",
            "1984",
            "fr",
            "mille neuf cent quatre vingt quatre",
        ),
        ("cardinal", "1.984", "de", "1.984"),
        ("cardinal", "2.5", "en-us", "2.5"),
        ("ordinal", "21", "en-us", "twenty first"),
        ("ordinal", "21", "it", "ventunesimo"),
        ("ordinal", "1", "fr", "premier"),
        ("ordinal", "3", "hi", "तीसरा"),
        ("ordinal", "2", "sw", "pili"),
        ("digits", "0042", "en-us", "zero zero four two"),
        (
            "telephone",
            "+1 555-0199",
            "en-us",
            "plus one, five five five, zero one nine nine",
        ),
        (
            "telephone",
            "+34 612 34",
            "es",
            "más tres cuatro, seis uno dos, tres cuatro",
        ),
        ("date", "5/13/2024", "en-us", "5/13/2024"),
        ("time", "3:30 pm", "en-us", "3:30 pm"),
    ] {
        let form = SayAs::parse(form, None).unwrap();
        let words = form.written(text, code);
        assert_eq!(words.trim(), said, "{text}");
        // The reader of the language leaves these words as they are.
        if let Some(reader) =
            language(code).filter(|_| code != "en-us" && form != SayAs::Characters)
        {
            assert_eq!(reader.words(&words), said, "{text}");
        }
    }
    for (format, text, said) in [
        ("mdy", "5/13/2024", "2024-05-13"),
        ("dmy", "5.4.2024", "2024-04-05"),
        ("ymd", "2024/4/5", "2024-04-05"),
        ("dmy", "5/13/2024", "5/13/2024"),
        ("mdy", "soon", "soon"),
    ] {
        let form = SayAs::parse("date", Some(format)).unwrap();
        assert_eq!(form.written(text, "en-us").trim(), said, "{format}");
    }
}

#[test]
fn a_part_knows_the_silence_after_it() {
    let pause = |text: &str| match script(text).as_slice() {
        [MarkupPart::Speech(speech), ..] => speech.pause(),
        other => panic!("{other:?}"),
    };
    assert_eq!(pause("He said <"), Pause::None);
    assert_eq!(pause("He said, "), Pause::Clause);
    assert_eq!(pause("He left. "), Pause::Sentence);
    assert_eq!(pause("\"He left.\" "), Pause::Sentence);
    assert_eq!(pause("<speak><p>He left</p></speak>"), Pause::Paragraph);
}

#[test]
fn the_voice_does_not_fall_where_a_sentence_goes_on() {
    let read = |text: &str| {
        let mut texts = Vec::new();
        for part in parse(text, Notation::Ssml).unwrap() {
            if let MarkupPart::Speech(speech) = part {
                let marked = speech.marked("en-us", &Lexicon::default()).unwrap();
                texts.push(marked.written().into_owned());
            }
        }
        texts
    };
    let ssml = "<speak>The cat <break/>sat. <lang xml:lang='fr'>Oui</lang> it did <break/></speak>";
    assert_eq!(read(ssml), ["The cat,", "sat. ", "Oui,", " it did "]);
    assert_eq!(read("Yes "), ["Yes "]);
}

#[test]
fn hostile_markup_takes_time_by_its_length() {
    let before = vocabox_base::cpu_time::of_thread();
    for text in [
        "[".repeat(50_000),
        "[a](/".repeat(10_000),
        "[a](/ˈ".repeat(10_000),
        "[x](/zˈi/)".repeat(5_000),
        "[pause 1ms]".repeat(5_000),
        format!("<speak>{}</speak>", "<s>a</s>".repeat(5_000)),
        format!("<speak>{}</speak>", "<p/>".repeat(10_000)),
        format!(
            "<speak>{}</speak>",
            "<prosody rate='fast'>a</prosody>b".repeat(1_500)
        ),
        format!(
            "<speak {}>a</speak>",
            (0..1_000).map(|n| format!("a{n}='b' ")).collect::<String>()
        ),
    ] {
        let Ok(parts) = parse(&text, Notation::Script) else {
            continue;
        };
        for part in parts {
            if let MarkupPart::Speech(speech) = part {
                let marked = speech.marked("en-us", &Lexicon::default()).unwrap();
                marked.seconds(language("en-us").unwrap());
            }
        }
    }
    let used = vocabox_base::cpu_time::of_thread() - before;
    assert!(used.as_secs() < 10, "{used:?}");
}

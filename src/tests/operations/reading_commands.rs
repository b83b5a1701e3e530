//! `vocabox read`, `vocabox lexicon`, and pauses in the scripts of `vocabox speak`.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::support::server::{fed, run, stub_models, vocabox};

fn data(folder: &Path, args: &[&str]) -> Output {
    run(&[&["--data-dir", folder.to_str().unwrap()], args].concat())
}

fn printed(output: Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn lines(output: Output) -> Vec<Value> {
    printed(output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn read_prints_each_sentence_with_its_words_phonemes_and_skipped_letters() {
    let folder = tempfile::tempdir().unwrap();
    let read = |args: &[&str]| lines(data(folder.path(), &[&["read"], args].concat()));
    let text = "Dr. Lee paid $5. [Nkechi](/ŋˈkɛtʃi/) 田中 left!";
    let plain = read(&[text]);
    assert_eq!(
        plain,
        [
            json!({ "text": "Dr. Lee paid $5.", "words": "Doctor Lee paid five dollars.", "phonemes": null, "skipped": "" }),
            json!({ "text": "Nkechi 田中 left!", "words": "Nkechi left!", "phonemes": null, "skipped": "田中" }),
        ]
    );
    let with_phonemes = read(&[text, "--phonemes"]);
    let sounds = with_phonemes[1]["phonemes"].as_str().unwrap();
    assert!(
        sounds.starts_with("ŋkˈɛʧi ") && sounds.ends_with('!'),
        "{sounds}"
    );
    let french = read(&["--language", "fr-CA", "Il a 3 chats."]);
    assert_eq!(french[0]["words"], "il a trois chats.");
    let ssml = read(&["<speak>One <break time='1s'/><lang xml:lang='es'>2 gatos</lang></speak>"]);
    let words: Vec<&str> = ssml
        .iter()
        .map(|line| line["words"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["One,", "dos gatos"]);
    assert_eq!(
        read(&["你好"])[0],
        json!({ "text": "你好", "words": "", "phonemes": null, "skipped": "你好" })
    );
    assert!(
        !folder.path().join("store").exists(),
        "to read creates no store"
    );
    let unknown = data(folder.path(), &["read", "--language", "ja", "Hi."]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("en-gb"));
    let wrong = data(folder.path(), &["read", "<speak>\n<b></speak>"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("line 2, column 4"));
}

#[test]
fn the_command_line_has_a_lexicon_of_its_own_and_manages_those_of_accounts() {
    let folder = tempfile::tempdir().unwrap();
    let lexicon = |args: &[&str]| data(folder.path(), &[&["lexicon"], args].concat());
    let file = folder.path().join("words.tsv");
    std::fs::write(&file, "nginx\tengine x\nNkechi\t/ŋˈkɛtʃi/|Nkeh chee\ten\n").unwrap();
    let file = file.to_str().unwrap();
    let words = || lines(data(folder.path(), &["read", "nginx"]))[0]["words"].clone();
    assert_eq!(words(), "nginx");
    assert_eq!(
        printed(lexicon(&["import", file])),
        "The lexicon of the command line has 2 words.\n"
    );
    // A letter by itself is said by its name, which a capital stands for.
    assert_eq!(words(), "engine X");
    let exported = printed(lexicon(&["export"]));
    assert_eq!(
        exported,
        "nginx\tengine x\nNkechi\t/ŋkˈɛʧi/|Nkeh chee\ten\n"
    );
    let listed: Value = serde_json::from_str(&printed(lexicon(&["list", "--json"]))).unwrap();
    assert_eq!(
        listed[0],
        json!({ "word": "nginx", "spelling": "engine x" })
    );
    assert!(
        printed(lexicon(&["list"])).starts_with("WORD    PHONEMES  SPELLING   LANGUAGE\nnginx   -")
    );
    // An account has its own.
    let missing = lexicon(&["list", "--account", "ada"]);
    assert_eq!(missing.status.code(), Some(1));
    printed(data(folder.path(), &["account", "create", "ada"]));
    assert_eq!(printed(lexicon(&["export", "--account", "ada"])).trim(), "");
    let imported = printed(lexicon(&["import", file, "--account", "ada"]));
    assert_eq!(imported, "The lexicon of account ada has 2 words.\n");
    printed(lexicon(&["delete"]));
    assert_eq!(words(), "nginx");
    assert_eq!(printed(lexicon(&["export", "--account", "ada"])), exported);
    std::fs::write(file, "a\tb\nc").unwrap();
    let wrong = lexicon(&["import", file, "--account", "ada"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("line 2"));
    assert_eq!(
        printed(lexicon(&["export", "--account", "ada"])),
        exported,
        "it stays as it was"
    );
    std::fs::write(file, "a".repeat(512 * 1024 + 1)).unwrap();
    assert_eq!(lexicon(&["import", file]).status.code(), Some(1));
    assert_eq!(lexicon(&["import", "/nothing"]).status.code(), Some(2));
}

#[test]
fn a_script_has_pauses_and_the_words_of_the_lexicon() {
    let (folder, models) = (tempfile::tempdir().unwrap(), stub_models());
    let words = folder.path().join("words.tsv");
    std::fs::write(&words, "ok\tyesyes\n").unwrap();
    printed(data(
        folder.path(),
        &["lexicon", "import", words.to_str().unwrap()],
    ));
    let speak = |text: &str| {
        let args = [
            "--data-dir",
            folder.path().to_str().unwrap(),
            "--models-dir",
            models.path().to_str().unwrap(),
        ];
        fed(
            vocabox(&[&args[..], &["speak", "-", "-o", "-", "--format", "pcm"]].concat()),
            text,
        )
    };
    let output = speak("ok [pause 1.5s] 你 no [pause 500ms]");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("skipped, because no voice here reads them: 你"),
        "{said}"
    );
    // The stub speaks each character that it is given, the skipped one too.
    assert_eq!(
        output.stdout.len(),
        2 * (2_400 * (7 + 1 + 2) + 36_000 + 12_000)
    );
    let long = speak("ok [pause 11s]");
    assert_eq!(long.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&long.stderr).contains("at most 10 s"));
}

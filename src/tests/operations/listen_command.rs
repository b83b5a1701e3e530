//! `vocabox listen`: standard input → text while it arrives.

use std::io::Write;
use std::process::{Output, Stdio};
use std::thread;

use serde_json::Value;

use crate::support::server::{models, recording, vocabox};
use crate::support::wer::{assert_words, words};

/// What is said in the first seven seconds of two_cities.
const SAID: &str = "It was the best of times, it was the worst of times, it was the age of wisdom";

/// Runs the command to its end with these bytes on its standard input.
fn listen(args: &[&str], input: Vec<u8>) -> Output {
    let models = models();
    let all = [&["listen", "--models-dir", models.to_str().unwrap()], args].concat();
    let mut command = vocabox(&all);
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = pipes.stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The command may refuse its input and end.
    let writer = thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    output
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(recording(name)).unwrap()
}

fn printed(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_wav_file_and_raw_sound_are_heard_alike() {
    let wav = file("two_cities.wav");
    let seven_s = 44 + 7 * 96_000;
    let from_wav = printed(&listen(&["--language", "en"], wav[..seven_s].to_vec()));
    let raw = printed(&listen(
        &["--language", "en", "--rate", "48000"],
        wav[44..seven_s].to_vec(),
    ));
    assert_eq!(from_wav, raw);
    let said = words(&raw)[..words(SAID).len()].join(" ");
    assert_words(SAID, &said, 6.0);
    assert!(!raw.contains('\r') && raw.ends_with('\n'), "{raw:?}");
}

#[test]
fn events_tell_words_before_the_utterance_is_whole() {
    let law = file("two_cities.mulaw.wav");
    let at = law.windows(4).position(|four| four == b"data").unwrap() + 8;
    let args = [
        "--language",
        "en",
        "--json",
        "--rate",
        "16000",
        "--encoding",
        "mulaw",
    ];
    let lines = printed(&listen(&args, law[at..at + 7 * 16_000].to_vec()));
    let events: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events[0]["type"], "started");
    let completed = events.iter().filter(|e| e["type"] == "completed");
    let whole: Vec<&str> = completed
        .map(|e| e["transcript"].as_str().unwrap())
        .collect();
    let said = words(&whole.join(" "))[..words(SAID).len()].join(" ");
    assert_words(SAID, &said, 6.0);
    for utterance in 0..whole.len() {
        let of: Vec<&Value> = events
            .iter()
            .filter(|e| e["utterance"] == utterance)
            .collect();
        let last = of.last().unwrap();
        assert_eq!(last["type"], "completed");
        let told = of
            .iter()
            .filter_map(|e| e["text"].as_str())
            .collect::<String>();
        assert_words(last["transcript"].as_str().unwrap(), &told, 15.0);
    }
}

#[test]
fn what_cannot_be_heard_is_one_line_and_a_wrong_option_another() {
    let stereo = listen(&[], file("two_cities.stereo.wav"));
    assert_eq!(stereo.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&stereo.stderr);
    assert!(errors.contains("has 2 channels; 1 is accepted"), "{errors}");
    let language = listen(&["--language", "xx"], Vec::new());
    assert_eq!(language.status.code(), Some(2));
    assert_eq!(printed(&listen(&[], Vec::new())), "");
}

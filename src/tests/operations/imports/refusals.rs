//! What is no model, is not whole, or lacks what only the operator knows, is refused in one sentence.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{SCRIPT, Stick, VOICE_BYTES, root, tiny, voice, with_weights};

#[test]
fn what_only_the_operator_knows_is_asked_for_by_the_name_of_an_option() {
    let stick = Stick::new();
    let whisper = stick.whisper("w", &["encoder_model", "decoder_model_merged"]);
    assert!(stick.refused(&whisper, &[]).contains("--licence MIT"));
    stick.put("w/README.md", "---\nlicense: apache-2.0\n---\n");
    let shown = stick.imported(&whisper, &["--dry-run"]);
    assert!(
        shown.contains("licence    Apache-2.0") && shown.contains("decoder.onnx"),
        "{shown}"
    );
    assert_eq!(
        stick.packs(),
        ["onnxruntime", "silero-vad"],
        "a dry run writes nothing"
    );
    assert!(
        stick
            .refused(&whisper, &["--specialist"])
            .contains("--language yo,ha")
    );
    assert!(
        stick
            .refused(&whisper, &["--variant", "q4"])
            .contains("no variants")
    );
    assert!(
        stick
            .refused(&whisper, &["--name", "../x"])
            .contains("--name whisper-small")
    );
    let mms = stick.copy(&root().join("src/tests/data/mms.onnx"), "voice/model.onnx");
    stick.put("voice/tokens.txt", "a 10\n_ 0\n");
    let asked = stick.refused(mms.parent().unwrap(), &["--licence", "MIT"]);
    assert!(asked.contains("--language yo"), "{asked}");
    let kokoro = stick.copy_all(&tiny("kokoro"), "k");
    stick.put("k/voices/af_one.bin", voice());
    fs::remove_file(kokoro.join("tokenizer.json")).unwrap();
    let asked = stick.refused(&kokoro, &["--licence", "MIT"]);
    assert!(asked.contains("--vocabulary config.json"), "{asked}");
}

#[test]
fn what_no_engine_runs_is_refused_with_the_reason_and_leaves_nothing() {
    let stick = Stick::new();
    let licence = ["--licence", "MIT"];
    let refused = |path: &Path| stick.refused(path, &licence);
    assert!(refused(&tiny("silero_4.onnx")).contains("before version 5"));
    assert!(refused(&tiny("no_cache.onnx")).contains("without a key-value cache"));
    let lookup = root().join("src/tests/data/lookup.onnx");
    assert!(refused(&lookup).contains("no engine here is fed by"));
    let lone = refused(&tiny("whisper/onnx/decoder_model.onnx"));
    assert!(lone.contains("one graph of several"), "{lone}");
    // A model that computes nonsense: the same script, with other words in it.
    let other = stick.whisper("other", &["encoder_model", "decoder_model_merged"]);
    let tokenizer = fs::read_to_string(other.join("tokenizer.json")).unwrap();
    let mut wrong = tokenizer.clone();
    for word in SCRIPT.split(' ') {
        wrong = wrong.replace(&format!("Ġ{word}\""), &format!("Ġx{word}\""));
    }
    stick.put("other/tokenizer.json", wrong);
    let told = refused(&other);
    assert!(
        told.contains("does not run") && told.contains("xtrain"),
        "{told}"
    );
    // Without a detector of speech, no transcriber can be tried.
    fs::remove_file(stick.models.path().join("silero-vad")).unwrap();
    stick.put("other/tokenizer.json", tokenizer);
    assert!(refused(&other).contains("fetch-models silero-vad"));
}

#[test]
fn hostile_files_are_refused_in_one_sentence() {
    let stick = Stick::new();
    let licence = ["--licence", "MIT"];
    let graph = tiny("silero_5.onnx");
    let whole = fs::read(&graph).unwrap();
    for end in [0, 1, 20, whole.len() / 2, whole.len() - 1] {
        let cut = stick.put("cut.onnx", &whole[..end]);
        stick.refused(&cut, &licence);
    }
    let huge = stick.put(
        "huge.onnx",
        [vec![7 << 3 | 2], vec![0xff; 8], vec![0x7f]].concat(),
    );
    assert!(stick.refused(&huge, &licence).contains("cut off"));
    for (location, reason) in [
        ("../secret", "no file beside it"),
        ("/etc/passwd", "no file beside it"),
        ("weights/x", "no file beside it"),
        ("lacking", "is missing"),
    ] {
        let escaping = stick.put("escaping.onnx", with_weights(&graph, location));
        let told = stick.refused(&escaping, &licence);
        assert!(told.contains(reason), "{location}: {told}");
    }
    let kokoro = stick.copy_all(&tiny("kokoro"), "k");
    for (name, content, reason) in [
        ("af_x.bin", vec![0; VOICE_BYTES - 4], "a voice has 522240"),
        ("af_x.bin", vec![0xff; VOICE_BYTES], "no style"),
        (
            "af_x.pt",
            b"\x80\x02cos\nsystem\n(S'true'\ntR.".to_vec(),
            "old format",
        ),
        ("af_x.npz", b"PK\x05\x06".to_vec(), "no zip file"),
    ] {
        let path = stick.put(&format!("k/voices/{name}"), content);
        let told = stick.refused(&kokoro, &licence);
        assert!(told.contains(reason), "{name}: {told}");
        fs::remove_file(path).unwrap();
    }
    symlink("/etc/passwd", kokoro.join("config.json")).unwrap();
    assert!(
        stick
            .refused(&kokoro, &licence)
            .contains("link to a file outside")
    );
    let nothing = stick.files.path().join("nothing");
    stick.refused(&nothing, &licence);
}

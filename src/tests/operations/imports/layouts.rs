//! Models in the layouts of others become packs, and servers use them.

use std::fs;

use serde_json::json;

use super::{SCRIPT, Stick, root, tiny, voice};
use crate::support::server::{Server, models};

#[test]
fn every_layout_of_a_whisper_is_imported_and_transcribes() {
    let stick = Stick::new();
    for (name, graphs, more) in [
        (
            "merged",
            &["encoder_model", "decoder_model_merged"][..],
            &[][..],
        ),
        (
            "past",
            &["encoder_model", "decoder_model", "decoder_with_past_model"],
            &[],
        ),
        (
            "halves",
            &["encoder_model_fp16", "decoder_model_merged_fp16"],
            &[],
        ),
        (
            "mixed",
            &["encoder_model", "decoder_model_merged_fp16"],
            &["--variant", "fp16"],
        ),
        (
            "linked",
            &["encoder_model", "decoder_model_merged"],
            &["--link"],
        ),
    ] {
        let folder = stick.whisper(&format!("whisper-{name}"), graphs);
        let said = stick.imported(&folder, &[&["--licence", "MIT"], more].concat());
        assert!(said.contains(SCRIPT), "{name}: {said}");
        let pack = format!("whisper-{name}");
        let heard = stick.transcribed(&["--transcribe-pack", &pack]);
        assert!(heard.contains(SCRIPT), "{name}: {heard}");
        let manifest = stick.manifest(&pack);
        assert_eq!(manifest["languages"], json!(["en"]), "{name}");
        assert_eq!(manifest["engine"], "whisper");
        let is_linked = stick
            .models
            .path()
            .join(&pack)
            .join("encoder.onnx")
            .is_symlink();
        assert_eq!(is_linked, name == "linked");
    }
    assert!(stick.run(&["models", "verify"]).status.success());
}

#[test]
fn voices_of_others_speak() {
    let stick = Stick::new();
    let kokoro = stick.copy_all(&tiny("kokoro"), "kokoro-tiny");
    for name in ["af_one", "bm_two", "zf_three"] {
        stick.put(&format!("kokoro-tiny/voices/{name}.bin"), voice());
    }
    let said = stick.imported(&kokoro, &["--licence", "Apache-2.0"]);
    assert!(said.contains("voice af_one spoke"), "{said}");
    let manifest = stick.manifest("kokoro-tiny");
    let voices = manifest["voices"].as_array().unwrap();
    let spoken: Vec<_> = voices
        .iter()
        .map(|v| (&v["id"], &v["language"], &v["gender"]))
        .collect();
    let one = (&json!("af_one"), &json!("en-us"), &json!("female"));
    let two = (&json!("bm_two"), &json!("en-gb"), &json!("male"));
    assert_eq!(spoken, [one, two], "no reader reads Chinese");

    let graph = stick.copy(
        &root().join("src/tests/data/piper.onnx"),
        "en_US-tiny-low.onnx",
    );
    let config = json!({
        "audio": { "sample_rate": 16000 },
        "espeak": { "voice": "en-us" },
        "num_speakers": 2,
        "speaker_id_map": { "ann": 0, "bob": 1 },
        "phoneme_id_map": { "^": [1], "_": [0], "$": [2], " ": [3], "h": [20], "ə": [59], "l": [24], "o": [27], "s": [31], "d": [17] },
    });
    stick.put("en_US-tiny-low.onnx.json", config.to_string());
    stick.imported(&graph, &["--licence", "MIT", "--name", "piper-tiny"]);
    let voices = stick.manifest("piper-tiny")["voices"].clone();
    assert_eq!(voices[1]["id"], "piper_tiny_1");
    assert_eq!(
        (&voices[1]["name"], &voices[1]["speaker"]),
        (&json!("bob"), &json!(1))
    );

    let mms = stick.copy(
        &root().join("src/tests/data/mms.onnx"),
        "mms-tts-yor/model.onnx",
    );
    stick.put(
        "mms-tts-yor/tokens.txt",
        "' 3\n  9\na 10\nb 11\nẹ 12\nm 14\nr 15\nd 16\ni 17\no 18\n_ 0\n",
    );
    stick.imported(mms.parent().unwrap(), &["--licence", "CC-BY-NC-4.0"]);
    let manifest = stick.manifest("mms-tts-yor");
    assert_eq!(manifest["languages"], json!(["yo"]), "by its name");

    for (voice, text) in [
        ("bm_two", "Hello."),
        ("piper_tiny_0", "Hello, hello, hello, hello."),
        ("mms_tts_yor", "Abẹ, abẹ, abẹ, abẹ."),
    ] {
        let path = stick.path("made.wav");
        let path = path.to_str().unwrap();
        let spoken = stick.run(&["speak", text, "--voice", voice, "-o", path]);
        let said = String::from_utf8(spoken.stderr).unwrap();
        assert!(spoken.status.success(), "{voice}: {said}");
        assert!(fs::metadata(path).unwrap().len() > 3_000, "{voice}");
    }
}

#[test]
fn translators_and_listeners_of_others_are_imported() {
    let stick = Stick::new();
    let from = root().join("scripts/models/tiny_translator");
    for (file, name) in [
        ("encoder.onnx", "encoder_model.onnx"),
        ("first.onnx", "decoder_model.onnx"),
        ("past.onnx", "decoder_with_past_model.onnx"),
        ("tokenizer.json", "tokenizer.json"),
    ] {
        stick.copy(&from.join(file), &format!("nllb/{name}"));
    }
    let config = json!({ "decoder_start_token_id": 2, "eos_token_id": 2, "pad_token_id": 1, "bos_token_id": 0 });
    stick.put("nllb/generation_config.json", config.to_string());
    let nllb = stick.files.path().join("nllb");
    stick.imported(
        &nllb,
        &[
            "--licence",
            "CC-BY-NC-4.0",
            "--from",
            "en",
            "--to",
            "yor,ha",
        ],
    );
    let manifest = stick.manifest("nllb");
    assert_eq!(manifest["engine"], "nllb");
    let translate = &manifest["translate"];
    assert_eq!(
        (&translate["from"], &translate["to"]),
        (&json!(["en"]), &json!(["yo", "ha"]))
    );
    assert_eq!(translate["tokens"]["yo"], "yor_Latn");
    assert_eq!(translate["never"], json!([0, 1, 3]));

    let silero = stick.imported(&tiny("silero_5.onnx"), &["--licence", "MIT"]);
    assert!(
        silero.contains("in place of silero-vad: `vocabox models default silero-vad`"),
        "{silero}"
    );
    let speaker = stick.imported(&tiny("speaker.onnx"), &["--licence", "MIT"]);
    assert!(speaker.contains("192 values"), "{speaker}");
    assert_eq!(stick.manifest("speaker")["kind"], "embed");
}

#[test]
fn real_models_are_recognised_without_their_manifests() {
    let stick = Stick::new();
    for (pack, more, engine) in [
        ("whisper-tiny-en", &[][..], "whisper"),
        ("piper-en-us-joe", &[], "vits"),
        ("speaker-campplus", &[], "campplus"),
        ("speaker-ge2e", &[], "ge2e"),
        ("segmentation-pyannote", &[], "pyannote"),
        ("silero-vad", &[], "silero"),
        ("kokoro", &["--variant", "published"], "kokoro"),
    ] {
        let name = format!("renamed-{pack}");
        for entry in fs::read_dir(models().join(pack)).unwrap() {
            let entry = entry.unwrap();
            let base = entry.file_name().into_string().unwrap();
            if base != "pack.toml" && !base.starts_with('.') {
                match entry.path().is_dir() {
                    true => drop(stick.copy_all(&entry.path(), &format!("{name}/{base}"))),
                    false => drop(stick.copy(&entry.path(), &format!("{name}/{base}"))),
                }
            }
        }
        let folder = stick.files.path().join(&name);
        stick.imported(
            &folder,
            &[&["--licence", "MIT", "--link", "--name", &name], more].concat(),
        );
        assert_eq!(stick.manifest(&name)["engine"], engine);
    }
    let server = Server::launch(stick.models.path(), &[]);
    let client = server.client();
    let text = "The train to London leaves at nine tomorrow.";
    for voice in ["renamed_piper_en_us_joe", "bf_emma"] {
        let body = json!({ "text": text, "voice_id": voice });
        let spoken = client.post_json("/voice/tts", &body);
        assert_eq!(spoken.status, 200, "{voice}");
        let answer = client.post_form("/voice/stt", &spoken.body, &[]);
        let heard = answer.json()["transcript"].as_str().unwrap().to_lowercase();
        // A Piper voice varies from run to run, and the smallest Whisper mishears a word of it now and then.
        let words = ["train", "to", "london", "leaves", "tomorrow"];
        let right = words.iter().filter(|word| heard.contains(**word)).count();
        assert!(right >= 4, "{voice}: {heard}");
    }
}

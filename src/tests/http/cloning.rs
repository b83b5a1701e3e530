//! Cloned voices: accepted and refused recordings, ownership, and the state after a power cut.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::voice::{samples, speak, wav};
use crate::support::client::{Client, HttpAnswer};
use crate::support::server::{Server, json as command, link, models, recording, sha256};

/// Number of values of a style table, and of voices of the stub.
const TABLE: usize = 510 * 256;
const STOCK: usize = 8;
/// Voices that are left in Kokoro's pack: enough for a clone, and for a direction of liveliness.
const KOKORO: usize = 10;
/// Longest time in which the server measures its stock voices, or searches one voice, on a busy machine.
pub const LONG: Duration = Duration::from_secs(400);

/// A pack of the stub engine whose voices have tables, and the packs that cloning needs beside it.
pub fn cloning_models() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["segmentation-pyannote", "speaker-campplus", "onnxruntime"] {
        link(folder.path(), name);
    }
    let pack = folder.path().join("stub-speak");
    std::fs::create_dir(&pack).unwrap();
    let mut manifest = "name = \"stub-speak\"\nkind = \"speak\"\nengine = \"stub-speak\"\nruntime = \"tract\"\ntitle = \"\"\n\
        description = \"\"\nlicence = \"\"\norigin = \"\"\ndefault = false\nlanguages = [\"en\"]\n"
        .to_owned();
    let mut voices = String::new();
    for n in 0..STOCK {
        let id = if n == 0 {
            "af_heart".to_owned()
        } else {
            format!("voice{n}")
        };
        let values = (0..TABLE).map(|at| ((at * (n + 3)) % 97) as f32 / 97.0);
        let bytes: Vec<u8> = values.flat_map(f32::to_le_bytes).collect();
        manifest.push_str(&format!(
            "[[files]]\nrole = \"{}\"\npath = \"{id}.bin\"\nsize = {}\nsha256 = \"{}\"\n",
            if n == 0 { "model" } else { "voice" },
            bytes.len(),
            sha256(&bytes)
        ));
        voices.push_str(&format!(
            "[[voices]]\nid = \"{id}\"\nname = \"{id}\"\nlanguage = \"en-us\"\ngender = \"female\"\ndescription = \"\"\nfile = \"{id}.bin\"\n"
        ));
        std::fs::write(pack.join(format!("{id}.bin")), bytes).unwrap();
    }
    std::fs::write(pack.join("pack.toml"), manifest + &voices).unwrap();
    folder
}

/// The first seconds of a reading.
pub fn reader() -> Vec<u8> {
    let all = samples(&std::fs::read(recording("two_cities.wav")).unwrap());
    let part = all.iter().take(12 * 48_000);
    wav(48_000, part.map(|s| f32::from(*s) / 32_768.0))
}

/// Starts a server with these models and waits until it has measured its stock voices, so that cloning is not refused.
pub fn launch(models: &Path, options: &[&str]) -> Server {
    let server = Server::launch(models, options);
    wait_measured(&server);
    server
}

/// Waits until a server that was just started has measured its stock voices; returns the line that says so.
pub fn wait_measured(server: &Server) -> String {
    const SAID: &str = "stock voices measured";
    // Those that came with the pack may be known before it listens.
    let early = server.first_lines.lines().find(|line| line.contains(SAID));
    let later = || server.logged_within(SAID, LONG).pop().unwrap();
    early.map_or_else(later, str::to_owned)
}

/// The manifest with each voice of so many, and at most `count` of them.
fn some_voices(manifest: &str, each: usize, count: usize) -> String {
    let mut parts = manifest.split("[[voices]]");
    let files = parts.next().unwrap().to_owned();
    let voices = parts.skip(1).step_by(each).take(count);
    files + &voices.map(|v| format!("[[voices]]{v}")).collect::<String>()
}

/// A models folder with Kokoro reduced to few voices, and all other packs.
pub fn few_voices() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for pack in std::fs::read_dir(models()).unwrap().map(Result::unwrap) {
        if pack.path().is_dir() && pack.file_name() != "kokoro" {
            link(folder.path(), pack.file_name().to_str().unwrap());
        }
    }
    // Every fifth voice, which covers most languages and both genders.
    kokoro_with(folder.path(), |manifest| some_voices(manifest, 5, KOKORO));
    folder
}

/// Kokoro's pack in `folder` with what `edit` makes of its manifest.
fn kokoro_with(folder: &Path, edit: impl Fn(&str) -> String) {
    let (whole, few) = (models().join("kokoro"), folder.join("kokoro"));
    std::fs::create_dir(&few).unwrap();
    for file in std::fs::read_dir(&whole).unwrap().map(Result::unwrap) {
        if file.file_name() != "pack.toml" {
            std::os::unix::fs::symlink(file.path(), few.join(file.file_name())).unwrap();
        }
    }
    let manifest = std::fs::read_to_string(whole.join("pack.toml")).unwrap();
    std::fs::write(few.join("pack.toml"), edit(&manifest)).unwrap();
}

/// One server with Kokoro that has measured its voices, shared by tests, each of which has its own account.
pub fn kokoro() -> &'static Server {
    static SHARED: OnceLock<(Server, TempDir)> = OnceLock::new();
    let (server, _) = SHARED.get_or_init(|| {
        let models = few_voices();
        (launch(models.path(), &[]), models)
    });
    server
}

/// Sends a request to clone.
pub fn clone(client: &Client, file: &[u8], fields: &[(&str, &str)]) -> HttpAnswer {
    client.post_form("/voice/clone", file, fields)
}

fn cloned(client: &Client, name: &str) -> Value {
    let answer = clone(client, &reader(), &[("name", name)]);
    assert_eq!(
        answer.status,
        200,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    answer.json()
}

fn say(client: &Client, voice: &str, more: Value) -> HttpAnswer {
    let mut body = json!({ "text": "Good morning to all of you.", "voice_id": voice });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    client.post_json("/voice/tts", &body)
}

fn delete(client: &Client, voice: &str) -> HttpAnswer {
    client.send(
        "DELETE",
        &format!("/voice/voices/{voice}"),
        None,
        Vec::new(),
    )
}

/// Ids of the account's clones.
fn listed(client: &Client) -> BTreeSet<String> {
    let body = client.get("/voice/voices?category=cloned").json();
    let voices = body["voices"].as_array().unwrap().iter();
    voices
        .map(|v| v["voice_id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_clone_speaks_for_its_account_until_it_is_deleted() {
    let server = kokoro();
    let client = server.new_account("the reader's");
    let made = cloned(&client, "The reader");
    let id = made["voice_id"].as_str().unwrap();
    assert!(
        id.starts_with("cloned_") && made["status"] == "ready",
        "{made}"
    );
    assert_eq!(
        (&made["name"], &made["description"]),
        (&json!("The reader"), &json!(""))
    );
    let likeness = &made["likeness"];
    let nearest = likeness["nearest_voice_id"].as_str().unwrap();
    assert!(
        client
            .get("/voice/voices")
            .body
            .windows(nearest.len())
            .any(|w| w == nearest.as_bytes())
    );
    assert!(likeness["score"].as_f64().unwrap() < 1.0 && likeness["is_stock_voice"].is_boolean());
    let preview = made["preview_url"].as_str().unwrap();
    assert!(
        preview.starts_with("data:audio/wav;base64,UklGR"),
        "{}",
        &preview[..40]
    );
    let row = client
        .get("/voice/voices?category=cloned&language=en")
        .json();
    let row = row["voices"]
        .as_array()
        .unwrap()
        .iter()
        .find(|v| v["voice_id"] == id)
        .cloned();
    assert_eq!(row.unwrap()["name"], "The reader");
    let history = client.get("/voice/history?feature=clone&limit=1").json();
    assert_eq!(
        (
            &history["items"][0]["voice_id"],
            &history["items"][0]["status"]
        ),
        (&json!(id), &json!("ok"))
    );

    let spoken = say(&client, id, json!({}));
    assert_eq!(
        spoken.status,
        200,
        "{}",
        String::from_utf8_lossy(&spoken.body)
    );
    let metadata: Value = serde_json::from_str(spoken.header("x-vox-metadata").unwrap()).unwrap();
    assert_eq!(
        (&metadata["voice_id"], &metadata["voice_name"]),
        (&json!(id), &json!("The reader"))
    );
    let french = json!({ "language": "fr", "text": "Bonjour à tous." });
    let answer = say(&client, id, french);
    let said = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status, 200, "{said}");
    assert_eq!(say(&client, id, json!({ "language": "xx" })).status, 400);

    let other = server.new_account("a stranger's");
    assert!(listed(&other).is_empty());
    assert_eq!(say(&other, id, json!({})).status, 404);
    assert_eq!(delete(&other, id).status, 404);

    assert_eq!(delete(&client, "af_nicole").status, 400);
    assert_eq!(delete(&client, "nobody").status, 404);
    assert_eq!(
        delete(&client, id).json(),
        json!({ "status": "deleted", "voice_id": id })
    );
    assert_eq!(delete(&client, id).status, 404);
    assert_eq!(say(&client, id, json!({})).status, 404);
    assert!(!listed(&client).contains(id));
    assert!(!server.data.join("voices").join(id).exists());
}

#[test]
fn controls_change_how_a_clone_speaks_and_their_plain_values_do_not() {
    let server = kokoro();
    let client = server.new_account("controlling");
    let made = cloned(&client, "Controlled");
    let id = made["voice_id"].as_str().unwrap();
    // Before that, the voice may get a better table between two requests, and its first table may be that of a stock
    // voice.
    server.logged_within(&format!("voice {id}: likeness"), LONG);
    let spoken = |more: Value| samples(&say(&client, id, more).body);
    let plain = spoken(json!({}));
    assert!(plain.len() > 24_000, "{}", plain.len());
    let same = spoken(json!({ "exaggeration": 0.5, "cfg_weight": 1.0 }));
    assert!(same == plain, "the plain values");
    let flat = spoken(json!({ "exaggeration": 0.0 }));
    let near = spoken(json!({ "cfg_weight": 0.0 }));
    assert!(flat != plain && near != plain && flat != near);
}

#[test]
fn what_is_not_one_persons_speech_is_refused_with_its_reason() {
    let client = kokoro().new_account("refused");
    let silence = wav(16_000, std::iter::repeat_n(0.0, 10 * 16_000));
    let all = samples(&std::fs::read(recording("two_cities.wav")).unwrap());
    let sound: Vec<f32> = all.iter().map(|s| f32::from(*s) / 32_768.0).collect();
    let short = wav(48_000, sound[..2 * 48_000].iter().copied());
    let loud = sound[..10 * 48_000]
        .iter()
        .map(|s| (s * 300.0).clamp(-1.0, 1.0));
    let overdriven = wav(48_000, loud);
    // A woman's voice, then the reader at the same sample rate.
    let text = "We could see the mountains clearly from the window of our hotel, and the children played in the garden.";
    let woman = samples(&speak(text));
    let woman = woman.iter().map(|s| f32::from(*s) / 32_768.0);
    let man = sound[..10 * 48_000].iter().step_by(2).map(|s| s * 3.0);
    let two = wav(24_000, woman.chain(man));
    for (file, why) in [
        (silence, "no speech"),
        (short, "s of speech; 3 to 60 s are accepted"),
        (overdriven, "overdriven"),
        (two, "2 speakers"),
        (b"hello".repeat(100), "file is text, which is no recording"),
        (Vec::new(), "file is empty"),
    ] {
        let answer = clone(&client, &file, &[("name", "Refused")]);
        assert_eq!(answer.status, 400, "{why}");
        assert!(answer.detail().contains(why), "{why}: {}", answer.detail());
    }
    let long = "n".repeat(101);
    for (fields, why) in [
        (vec![], "name is missing"),
        (vec![("name", " ")], "name is blank"),
        (vec![("name", long.as_str())], "name has 101"),
        (vec![("name", "a"), ("language", "xx")], "language"),
    ] {
        let answer = client.post_form("/voice/clone", &reader(), &fields);
        assert_eq!(answer.status, 400, "{why}");
        assert!(answer.detail().contains(why), "{why}: {}", answer.detail());
    }
}

#[test]
fn an_operators_bound_and_wish_for_consent_are_kept() {
    let models = cloning_models();
    let server = launch(
        models.path(),
        &["--clones-max", "2", "--require-clone-consent"],
    );
    let client = server.client();
    let file = reader();
    for unsure in [vec![("name", "a")], vec![("name", "a"), ("consent", "no")]] {
        let answer = clone(&client, &file, &unsure);
        assert_eq!(answer.status, 400);
        assert!(
            answer.detail().contains("consent=true"),
            "{}",
            answer.detail()
        );
    }
    let agreed = [("name", "a"), ("consent", "true")];
    for _ in 0..2 {
        assert_eq!(clone(&client, &file, &agreed).status, 200);
    }
    let answer = clone(&client, &file, &agreed);
    assert_eq!(answer.status, 400);
    assert!(answer.detail().contains("at most 2"), "{}", answer.detail());
    // Another account may have two voices, too.
    let other = server.new_account("other");
    assert_eq!(clone(&other, &file, &agreed).status, 200);
    let first = listed(&client).pop_first().unwrap();
    assert_eq!(delete(&client, &first).status, 200);
    assert_eq!(clone(&client, &file, &agreed).status, 200);
    command(
        &server.data,
        &["account", "delete", "other", "--history", "keep"],
    );
    assert_eq!(folders(&server.data), listed(&client));
}

/// Names of the voices' folders.
fn folders(data: &Path) -> BTreeSet<String> {
    let folders = std::fs::read_dir(data.join("voices")).unwrap();
    folders
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn a_power_cut_leaves_no_voice_without_files_and_no_files_without_a_voice() {
    let models = cloning_models();
    let server = Arc::new(launch(models.path(), &[]));
    let (answered, answers) = mpsc::channel();
    let deleted: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let busy = {
        let (server, deleted) = (server.clone(), deleted.clone());
        thread::spawn(move || {
            let client = server.client();
            // The client panics when the server is killed during a request.
            let _ = catch_unwind(AssertUnwindSafe(|| {
                for number in 0.. {
                    let made = cloned(&client, "cut");
                    let id = made["voice_id"].as_str().unwrap().to_owned();
                    answered.send(id.clone()).unwrap();
                    if number % 2 == 1 && delete(&client, &id).status == 200 {
                        deleted.lock().unwrap().insert(id);
                    }
                }
            }));
        })
    };
    let mut made: BTreeSet<String> = (0..3).map(|_| answers.recv().unwrap()).collect();
    server.kill();
    busy.join().unwrap();
    made.extend(answers.try_iter());
    let again = Server::again(&server.data, &server.key, models.path(), &[]);
    let client = again.client();
    let there = listed(&client);
    let deleted = deleted.lock().unwrap().clone();
    // Every acknowledged voice exists, and every acknowledged deletion holds; one deletion may have been
    // unacknowledged.
    assert!(
        made.difference(&deleted)
            .filter(|id| !there.contains(*id))
            .count()
            <= 1
    );
    assert!(there.is_disjoint(&deleted));
    assert_eq!(folders(&again.data), there);
    for id in &there {
        assert_eq!(say(&client, id, json!({})).status, 200, "{id}");
        assert_eq!(delete(&client, id).status, 200);
    }
}

#[test]
fn the_measurements_that_the_pack_comes_with_are_those_of_its_voices() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "segmentation-pyannote",
        "speaker-campplus",
        "speaker-ge2e",
        "silero-vad",
        "onnxruntime",
    ] {
        link(folder.path(), name);
    }
    const LISTED: &str = "role = \"measurements\"";
    kokoro_with(folder.path(), str::to_owned);
    let server = Server::launch(folder.path(), &[]);
    assert!(wait_measured(&server).contains("all 54"));
    server.stop();
    std::fs::remove_dir_all(folder.path().join("kokoro")).unwrap();
    kokoro_with(folder.path(), |manifest| {
        assert!(manifest.contains(LISTED));
        some_voices(&manifest.replace(LISTED, "role = \"unused\""), 20, 2)
    });
    let server = launch(folder.path(), &[]);
    let read =
        |path: &Path| -> Value { serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap() };
    let shipped = read(&models().join("kokoro/stock-voices.json"));
    let fresh = read(&server.data.join("stock-voices.json"));
    let voices = fresh["voices"].as_array().unwrap();
    assert_eq!(voices.len(), 2);
    for voice in voices {
        let all = shipped["voices"].as_array().unwrap();
        let same = all.iter().find(|v| v[0] == voice[0]).unwrap();
        for band in ["wide", "narrow"] {
            let direction = |v: &Value| -> Vec<f64> {
                serde_json::from_value(v[1][band]["direction"].clone()).unwrap()
            };
            let (a, b) = (direction(voice), direction(same));
            let cosine: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            assert!(cosine > 0.97, "{band}: {cosine}");
        }
    }
}

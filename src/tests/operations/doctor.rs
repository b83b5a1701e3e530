//! `vocabox doctor`: what it finds on machines in good and in bad order.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::operations::durability;
use crate::support::namespace::{Namespaces, SmallDisk, is_inside, must};
use crate::support::server::{
    Server, bare_models, json as command, link, models, new_data, stub_models, vocabox,
};

/// What the doctor found, and its exit code.
pub struct Diagnosis {
    code: i32,
    told: Value,
}

impl Diagnosis {
    /// Of a machine with this data folder and these models.
    #[track_caller]
    pub fn of(data: &Path, models: &Path, options: &[&str]) -> Diagnosis {
        let mut doctor = vocabox(&["doctor", "--json", "--data-dir"]);
        doctor.arg(data).arg("--models-dir").arg(models);
        if !options.contains(&"--listen") {
            doctor.args(["--listen", "127.0.0.1:0"]);
        }
        let ran = doctor.args(options).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        let told = serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{said}"));
        let diagnosis = Diagnosis {
            code: ran.status.code().expect("no signal ends it"),
            told,
        };
        let worst = diagnosis
            .all()
            .iter()
            .map(|f| f["severity"].as_str().unwrap());
        let worst = worst.max_by_key(|s| ["ok", "warn", "fail"].iter().position(|w| w == s));
        assert_eq!(diagnosis.told["worst"], json!(worst));
        let codes = [("ok", 0), ("warn", 1), ("fail", 2)];
        assert!(
            codes.contains(&(worst.unwrap(), diagnosis.code)),
            "{}",
            diagnosis.told
        );
        diagnosis
    }

    fn all(&self) -> &Vec<Value> {
        self.told["findings"].as_array().unwrap()
    }

    /// The severities and findings of a subject.
    fn about(&self, subject: &str) -> Vec<(String, String)> {
        let of = self.all().iter().filter(|f| f["subject"] == subject);
        let text = |finding: &'_ Value, field: &str| finding[field].as_str().unwrap().to_owned();
        of.map(|f| (text(f, "severity"), text(f, "found")))
            .collect()
    }

    /// Checks that a finding of the subject has this severity, contains `words`, and says what to do unless it is ok.
    #[track_caller]
    fn has(&self, subject: &str, severity: &str, words: &str) {
        let is_it = |f: &&Value| {
            let found = f["found"].as_str().unwrap();
            f["subject"] == subject && f["severity"] == severity && found.contains(words)
        };
        let finding = self.all().iter().find(is_it);
        let finding = finding.unwrap_or_else(|| panic!("{subject}, {words}: {:#}", self.told));
        assert_eq!(finding["remedy"].is_null(), severity == "ok", "{finding}");
    }
}

/// A models folder with links to these packs.
fn packs(names: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    names.iter().for_each(|name| link(folder.path(), name));
    folder
}

#[test]
fn a_machine_in_good_order_speaks_hears_and_has_no_failures() {
    let (_folder, data, _) = new_data();
    let models = packs(&["kokoro", "whisper-base", "silero-vad", "onnxruntime"]);
    let found = Diagnosis::of(&data, models.path(), &[]);
    for (subject, words) in [
        ("onnxruntime", "1."),
        ("device", "no CUDA: this ONNX Runtime has none"),
        (
            "pack kokoro",
            "variant fused, its manifest's for processors",
        ),
        ("pack whisper-base", "files as listed"),
        ("clock", "it shows 20"),
        ("store", "1 accounts, 1 keys"),
        ("permissions", "only this user"),
        ("address", "is free: no server runs"),
        ("exposure", "from this machine only"),
        ("speaking", "real-time factor"),
        ("hearing", "lazy dog"),
    ] {
        // A test's machine may be slow.
        let slow =
            ["speaking", "hearing"].contains(&subject) && found.about(subject)[0].0 == "warn";
        found.has(subject, if slow { "warn" } else { "ok" }, words);
    }
    let factors = &found.told["real_time_factors"];
    for name in ["speak", "transcribe"] {
        let factor = factors[name].as_f64().unwrap();
        assert!(factor > 0.001 && factor < 50.0, "{factors}");
    }
    assert!(
        found.all().iter().all(|f| f["severity"] != "fail"),
        "{:#}",
        found.told
    );
    // For people: the same, with what to do.
    let mut doctor = vocabox(&[
        "doctor",
        "--skip-self-test",
        "--listen",
        "0.0.0.0:0",
        "--data-dir",
    ]);
    let ran = doctor
        .arg(&data)
        .arg("--models-dir")
        .arg(models.path())
        .output()
        .unwrap();
    let table = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(ran.status.code(), Some(1), "{table}");
    let line = |start: &str| table.lines().position(|line| line.starts_with(start));
    assert!(line("OK    pack kokoro").is_some(), "{table}");
    let warned = line("WARN  exposure").unwrap_or_else(|| panic!("{table}"));
    assert!(
        table
            .lines()
            .nth(warned + 1)
            .unwrap()
            .contains("→ listen on 127.0.0.1"),
        "{table}"
    );
    assert!(
        table.lines().last().unwrap().contains("looked at: "),
        "{table}"
    );
}

#[test]
fn missing_packs_and_files_are_named_with_what_to_do() {
    let (_folder, data, _) = new_data();
    let skip = ["--skip-self-test"];
    let none = Diagnosis::of(&data, &bare_models(), &skip);
    assert_eq!(none.code, 2);
    none.has("packs", "fail", "none that speaks or transcribes");
    none.has("speak", "warn", "/voice/tts answers 503");
    let silent = packs(&["whisper-base", "silero-vad", "onnxruntime"]);
    let found = Diagnosis::of(&data, silent.path(), &[]);
    found.has("speak", "warn", "no pack that speaks is fetched");
    found.has("self-test", "warn", "nothing that speaks");
    // A pack of which a file was deleted.
    let partly = packs(&["kokoro", "onnxruntime"]);
    let whole = models().join("whisper-base");
    let pack = partly.path().join("whisper-base");
    fs::create_dir(&pack).unwrap();
    for entry in fs::read_dir(&whole).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "tokenizer.json" {
            symlink(entry.path(), pack.join(entry.file_name())).unwrap();
        }
    }
    let found = Diagnosis::of(&data, partly.path(), &skip);
    assert_eq!(found.code, 2);
    found.has("pack whisper-base", "fail", "tokenizer.json is missing");
    found.has("transcribe", "fail", "no pack that detects speech");
    let gone = Diagnosis::of(&data, Path::new("/nonexistent"), &skip);
    gone.has("packs", "fail", "/nonexistent");
}

#[test]
fn a_wrong_library_and_a_device_that_is_not_there_are_failures() {
    let (folder, data, _) = new_data();
    let text = folder.path().join("text.so");
    fs::write(&text, "this is no library").unwrap();
    let models = packs(&["kokoro", "onnxruntime"]);
    let library = ["--onnxruntime-lib", text.to_str().unwrap()];
    let found = Diagnosis::of(&data, models.path(), &library);
    assert_eq!(found.code, 2);
    found.has("onnxruntime", "fail", "does not load");
    assert!(found.about("device").is_empty() && found.about("speaking").is_empty());
    let found = Diagnosis::of(&data, models.path(), &["--device", "cuda"]);
    found.has("device", "fail", "cannot be used");
    assert_eq!(found.code, 2);
}

#[test]
fn without_a_store_or_a_key_it_says_how_to_make_one_and_makes_none() {
    let folder = tempfile::tempdir().unwrap();
    let (data, models) = (folder.path().join("data"), stub_models());
    let found = Diagnosis::of(&data, models.path(), &["--skip-self-test"]);
    found.has("store", "warn", "there is none in");
    assert!(!data.exists());
    command(&data, &["account", "create", "a"]);
    let found = Diagnosis::of(&data, models.path(), &["--skip-self-test"]);
    found.has("keys", "warn", "every request gets 401");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    let open = Diagnosis::of(&data, models.path(), &["--skip-self-test"]);
    open.has("permissions", "warn", "mode 755");
}

#[test]
fn beside_a_running_server_it_asks_that_and_changes_nothing() {
    let models = stub_models();
    let server = Server::launch(models.path(), &[]);
    let listen = server.addr.to_string();
    let options = ["--listen", &listen];
    let found = Diagnosis::of(&server.data, models.path(), &options);
    let answers = format!("vocabox answers on {listen} (process {})", server.pid());
    found.has("address", "ok", &answers);
    found.has("ready", "ok", "\"status\":\"ready\"");
    found.has("store", "ok", "1 keys");
    assert_eq!(server.client().get("/readyz").status, 200);
    // What it finds of another folder, and of another program.
    let (_folder, other, _) = new_data();
    let found = Diagnosis::of(&other, models.path(), &options);
    found.has("address", "warn", "with another data folder");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let other_program = std::thread::spawn({
        let taken = taken.try_clone().unwrap();
        move || drop(taken.accept())
    });
    let address = taken.local_addr().unwrap().to_string();
    let found = Diagnosis::of(
        &other,
        models.path(),
        &["--listen", &address, "--skip-self-test"],
    );
    found.has("address", "fail", "nothing answers there");
    other_program.join().unwrap();
    let elsewhere = Diagnosis::of(&server.data, models.path(), &["--skip-self-test"]);
    elsewhere.has(
        "address",
        "warn",
        "serves this data folder at another address",
    );
}

#[test]
fn what_is_exposed_is_told() {
    let (_folder, data, _) = new_data();
    let models = stub_models();
    let exposed = |options: &[&str]| {
        let options = [&["--skip-self-test"], options].concat();
        Diagnosis::of(&data, models.path(), &options)
    };
    let all = exposed(&[
        "--listen",
        "0.0.0.0:0",
        "--metrics",
        "all",
        "--wyoming",
        "0.0.0.0:1",
        "--cors-origin",
        "*",
        "--log-content",
    ]);
    for words in [
        "unencrypted",
        "/metrics",
        "Wyoming has no keys",
        "any origin",
        "written to the log",
        "1 keys may have any number",
    ] {
        all.has("exposure", "warn", words);
    }
    let bounded = [
        "--listen",
        "0.0.0.0:0",
        "--trusted-proxy",
        "10.0.0.1",
        "--concurrent-per-key",
        "4",
    ];
    exposed(&bounded).has("exposure", "ok", "through proxies");
}

#[test]
fn a_full_and_a_read_only_disk_are_failures() {
    let name = "a_full_and_a_read_only_disk_are_failures";
    if !is_inside(Namespaces::Mounts, module_path!(), name) {
        return;
    }
    let (disk, models) = (SmallDisk::mount(32), stub_models());
    let data = disk.path().join("data");
    durability::new_key(&data, "test", "60");
    let skip = ["--skip-self-test"];
    let found = Diagnosis::of(&data, models.path(), &skip);
    found.has("disk", "warn", "--spool-bytes");
    found.has("store", "ok", "1 keys");
    disk.fill(100 << 10);
    let found = Diagnosis::of(&data, models.path(), &skip);
    assert_eq!(found.code, 2);
    found.has("disk", "fail", "/readyz answers 503");
    disk.clear();
    disk.make_read_only();
    let found = Diagnosis::of(&data, models.path(), &skip);
    assert_eq!(found.code, 2);
    found.has("store", "fail", "cannot be written");
}

#[test]
fn an_old_processor_is_told_by_the_features_that_it_lacks() {
    let name = "an_old_processor_is_told_by_the_features_that_it_lacks";
    if !is_inside(Namespaces::Mounts, module_path!(), name) {
        return;
    }
    let (folder, data, _) = new_data();
    let models = stub_models();
    let list = folder.path().join("cpuinfo");
    let processor = |flags: &str| {
        let text =
            format!("processor\t: 0\nmodel name\t: A processor\nflags\t\t: fpu sse2 {flags}\n");
        fs::write(&list, text).unwrap();
        Diagnosis::of(&data, models.path(), &["--skip-self-test"])
    };
    fs::write(&list, "").unwrap();
    must(&format!("mount --bind {} /proc/cpuinfo", list.display()));
    processor("ssse3 sse4_2").has("processor", "warn", "without AVX2");
    processor("avx2 fma").has("processor", "ok", "AVX2, FMA; 8-bit products without VNNI");
    processor("avx2 fma avx512_vnni").has(
        "processor",
        "ok",
        "AVX-512 VNNI; 8-bit products in one step",
    );
}

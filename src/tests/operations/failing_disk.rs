//! A disk whose reads or writes fail while the server runs, and a store that clients fill.

use std::fs;
use std::path::PathBuf;

use serde_json::json;
use tempfile::TempDir;

use super::durability::new_key;
use crate::dubbing::jobs::{job, over, stubs};
use crate::dubbing::render::{order, rendered, taken};
use crate::http::voice::wav;
use crate::support::client::{Client, HttpAnswer};
use crate::support::process::{spooled, until};
use crate::support::server::{END, Server, json as command, stub_models, vocabox};
use crate::support::shim;

/// A server whose disk fails when the test says so.
struct Failing {
    server: Server,
    control: PathBuf,
    models: TempDir,
    _folder: TempDir,
}

impl Failing {
    fn start(options: &[&str]) -> Failing {
        let folder = tempfile::tempdir().unwrap();
        let (data, control) = (folder.path().join("data"), folder.path().join("control"));
        fs::write(&control, "-").unwrap();
        let shim = shim::build("failing_disk", folder.path());
        let models = stubs();
        let key = new_key(&data, "test", "100000");
        let variable = ("FAILING_DISK", control.as_path());
        Failing {
            server: Server::preloaded(&data, &key, models.path(), &shim, variable, options),
            control,
            models,
            _folder: folder,
        }
    }

    /// Makes calls of this kind fail: `w`, `r`, `m`, or none for `-`.
    fn fail(&self, kind: &str) {
        fs::write(&self.control, kind).unwrap();
    }
}

fn speak(client: &Client, text: &str) -> HttpAnswer {
    client.post_json("/voice/tts", &json!({ "text": text }))
}

fn sound(seconds: u32) -> Vec<u8> {
    wav(
        16_000,
        (0..16_000 * seconds).map(|n| (n as f32 * 0.05).sin() * 0.3),
    )
}

/// Checks that the answer tells what is refused, and no path.
fn told(answer: &HttpAnswer) {
    let said = answer.detail();
    let names = ["disk", "store", "no room"];
    assert!(names.iter().any(|name| said.contains(name)), "{said}");
    assert!(!said.contains('/'), "{said}");
}

#[test]
fn what_a_failing_disk_does_not_take_is_503_and_all_is_well_when_it_recovers() {
    let failing = Failing::start(&[]);
    let client = failing.server.client();
    assert_eq!(speak(&client, "Before.").status, 200);
    // A job that runs while the disk fails waits for it.
    let hold = failing.models.path().join("stub-speak/hold");
    fs::write(&hold, "").unwrap();
    let mut lines = order();
    let line = json!({ "start": 0.0, "end": 1.0, "text": "hold", "speaker": "SPEAKER_00" });
    lines[0].1 = json!([line]).to_string();
    let id = taken(&client, &sound(2), &lines);
    until("the job", || job(&client, &id)["status"] == "processing");

    failing.fail("w");
    for _ in 0..3 {
        let refused = speak(&client, "While it fails.");
        assert_eq!(refused.status, 503);
        told(&refused);
    }
    let ready = client.get("/readyz");
    assert_eq!(ready.status, 503);
    told(&ready);
    for refused in [
        client.post_form("/voice/stt", &sound(60), &[]),
        client.send(
            "POST",
            "/voice/dub/render",
            Some("multipart/form-data; boundary=b"),
            crate::dubbing::render::form(&sound(2), &order()),
        ),
        client.send(
            "PUT",
            "/voice/lexicon",
            Some("text/plain"),
            b"nginx\tengine x\n".to_vec(),
        ),
    ] {
        assert_eq!(refused.status, 503);
        told(&refused);
    }
    assert_eq!(client.get("/healthz").status, 200);
    for path in ["/voice/voices", "/voice/history"] {
        let answer = client.get(path);
        // A token that is spent is noted ahead, a quarter of a minute's at once: that may fail as well.
        match answer.status {
            200 => {}
            status => {
                assert_eq!(status, 503, "{path}");
                told(&answer);
            }
        }
    }
    failing.fail("-");
    fs::remove_file(&hold).unwrap();
    until("recovery", || client.get("/readyz").status == 200);
    let ended = over(&client, &id);
    assert_eq!(ended["status"], "done", "{ended}");
    assert_eq!(speak(&client, "Afterwards.").status, 200);
    assert_eq!(spooled(&failing.server), 0);
    let page = client.get("/voice/history?limit=200&feature=tts").json();
    let items = page["items"].as_array().unwrap().iter();
    let texts: Vec<_> = items.map(|item| item["text"].clone()).collect();
    assert_eq!(texts, ["Afterwards.", "Before."]);
}

#[test]
fn what_cannot_be_read_is_a_fault_without_paths_and_all_is_well_when_the_disk_recovers() {
    let failing = Failing::start(&[]);
    let client = failing.server.client();
    assert_eq!(speak(&client, "Before.").status, 200);
    let id = rendered(&client, &sound(1), &order());
    let before = client.get(&format!("/voice/dub/jobs/{id}")).json();

    failing.fail("r");
    let history = client.get("/voice/history");
    assert_eq!(history.status, 500);
    assert!(!history.detail().contains('/'), "{}", history.detail());
    for path in ["/healthz", "/voice/voices"] {
        assert_eq!(client.get(path).status, 200, "{path}");
    }
    failing.fail("-");
    assert_eq!(
        client.get("/voice/history?feature=tts").json()["items"][0]["text"],
        "Before."
    );
    assert_eq!(client.get(&format!("/voice/dub/jobs/{id}")).json(), before);
}

#[test]
fn a_store_whose_root_page_was_not_written_says_so_until_the_server_starts_again() {
    let failing = Failing::start(&[]);
    let client = failing.server.client();
    assert_eq!(speak(&client, "Before.").status, 200);
    failing.fail("m");
    let refused = speak(&client, "While it fails.");
    assert_eq!(refused.status, 503);
    told(&refused);
    failing.fail("-");
    // LMDB does not know what is on the disk, and takes nothing more in this process.
    let refused = speak(&client, "Afterwards.");
    assert_eq!(refused.status, 503);
    told(&refused);
    let ready = client.get("/readyz");
    assert_eq!(ready.status, 503);
    assert!(ready.detail().contains("start"), "{}", ready.detail());
    let Failing { server, models, .. } = &failing;
    let (data, key) = (server.data.clone(), server.key.clone());
    assert_eq!(server.stop(), Some(0));
    let again = Server::again(&data, &key, models.path(), &[]);
    let client = again.client();
    assert_eq!(speak(&client, "Once more.").status, 200);
    let page = client.get("/voice/history?feature=tts").json();
    assert_eq!(page["items"][0]["text"], "Once more.");
}

#[test]
fn with_a_watchdog_a_store_that_failed_for_good_ends_the_process_for_its_supervisor() {
    let failing = Failing::start(&["--watchdog"]);
    failing.fail("m");
    let refused = speak(&failing.server.client(), "While it fails.");
    assert_eq!(refused.status, 503);
    let line = failing.server.logged("the store has failed");
    assert!(line.contains("the process ends"), "{line}");
    assert_eq!(failing.server.ended_within(END), Some(1));
}

#[test]
fn clients_cannot_fill_the_store_so_far_that_its_operator_cannot_make_room() {
    let models = stub_models();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let key = new_key(&data, "test", "100000");
    let start = |mib: u32| {
        let size = (mib << 20).to_string();
        Server::again(&data, &key, models.path(), &["--store-bytes", &size])
    };
    let server = start(16);
    let client = server.client();
    let line = |n| format!("word{n}\t{}\n", "spelling ".repeat(10));
    let lexicon: String = (0..4_900).map(line).collect();
    let put = |client: &Client| {
        let body = lexicon.clone().into_bytes();
        client.send("PUT", "/voice/lexicon", Some("text/plain"), body)
    };
    assert_eq!(put(&client).status, 200);
    let refused = (0..8).find_map(|n| {
        let answer = put(&server.new_account(&format!("account{n}")));
        (answer.status != 200).then_some((n, answer))
    });
    let (accounts, refused) = refused.expect("lexicons have a share of the store");
    assert_eq!(refused.status, 503);
    told(&refused);
    // One that is there may be replaced.
    assert_eq!(put(&client).status, 200);
    assert_eq!(client.get("/readyz").status, 200);
    // The command line keeps to the server's bound, and makes room beside it.
    let file = folder.path().join("lexicon.txt");
    fs::write(&file, &lexicon).unwrap();
    let import = |account: &str| {
        let mut import = vocabox(&["lexicon", "import"]);
        import.arg(&file).args(["--account", account]);
        import.arg("--data-dir").arg(&data);
        import.output().unwrap()
    };
    let account = format!("account{accounts}");
    let output = import(&account);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("no room for the lexicon"), "{said}");
    command(&data, &["account", "delete", "test", "--history", "purge"]);
    assert!(import(&account).status.success());
    assert_eq!(server.stop(), Some(0));
    // A larger store has more room.
    let server = start(64);
    let more = server.new_account("more");
    assert_eq!(put(&more).status, 200);
}

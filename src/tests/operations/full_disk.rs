//! A disk without room, and one that cannot be written: what has to be kept is refused with a sentence, all else is served,
//! and once there is room again, so is everything.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::durability::new_key;
use crate::dubbing::jobs::{job, over, stubs};
use crate::dubbing::render::{order, rendered, taken};
use crate::http::cloning::{self, cloning_models};
use crate::http::voice::wav;
use crate::support::client::{Client, HttpAnswer};
use crate::support::namespace::{Namespaces, SmallDisk, is_inside};
use crate::support::process::{spooled, until};
use crate::support::server::{Server, bare_models, run, stub_models, vocabox};

const DISK_FULL: &str = "The disk of the store is full: its operator has to make room.";
/// Generations after which the pages that the store has free are surely used up.
const MANY: usize = 2_000;

fn speak(client: &Client, text: &str) -> HttpAnswer {
    client.post_json("/voice/tts", &json!({ "text": text }))
}

/// A server with its data folder on `disk`.
fn serve_on(disk: &SmallDisk, models: &Path) -> Server {
    let data = disk.path().join("data");
    let key = new_key(&data, "test", "100000");
    Server::again(&data, &key, models, &[])
}

fn files_in(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

/// A tone at 16 kHz.
fn sound(seconds: u32) -> Vec<u8> {
    wav(
        16_000,
        (0..16_000 * seconds).map(|n| (n as f32 * 0.05).sin() * 0.3),
    )
}

#[test]
fn history_on_a_full_disk_loses_nothing_acknowledged_and_goes_on_when_there_is_room() {
    if !is_inside(
        Namespaces::Mounts,
        module_path!(),
        "history_on_a_full_disk_loses_nothing_acknowledged_and_goes_on_when_there_is_room",
    ) {
        return;
    }
    let (disk, models) = (SmallDisk::mount(32), stub_models());
    let server = serve_on(&disk, models.path());
    let client = server.client();
    assert_eq!(speak(&client, "Before.").status, 200);
    disk.fill(0);
    let mut acknowledged = 1;
    let refused = (0..MANY).find_map(|_| match speak(&client, "On the full disk.") {
        answer if answer.status == 200 => {
            acknowledged += 1;
            None
        }
        answer => Some(answer),
    });
    let refused = refused.expect("the disk is full");
    assert_eq!((refused.status, refused.detail()), (503, DISK_FULL.into()));
    let total = || client.get("/voice/history?limit=1").json()["total"].clone();
    assert_eq!(total(), acknowledged);
    let ready = client.get("/readyz");
    assert_eq!(ready.status, 503);
    assert!(ready.detail().contains("full"), "{}", ready.detail());
    for path in ["/healthz", "/voice/voices"] {
        assert_eq!(client.get(path).status, 200, "{path}");
    }
    disk.clear();
    until("room", || client.get("/readyz").status == 200);
    assert_eq!(speak(&client, "Afterwards.").status, 200);
    assert_eq!(total(), acknowledged + 1);
    assert_eq!(server.stop(), Some(0));
    let again = Server::again(&server.data, &server.key, models.path(), &[]);
    let page = again.client().get("/voice/history?limit=1").json();
    assert_eq!(page["total"], acknowledged + 1);
    assert_eq!(page["items"][0]["text"], "Afterwards.");
}

#[test]
fn uploads_that_the_disk_has_no_room_for_are_503_and_leave_nothing() {
    if !is_inside(
        Namespaces::Mounts,
        module_path!(),
        "uploads_that_the_disk_has_no_room_for_are_503_and_leave_nothing",
    ) {
        return;
    }
    let (disk, models) = (SmallDisk::mount(32), stub_models());
    let server = serve_on(&disk, models.path());
    let client = server.client();
    let (small, large) = (sound(2), sound(60));
    let transcribe = |file: &[u8]| client.post_form("/voice/stt", file, &[]);
    disk.fill(1 << 20);
    let refused = transcribe(&large);
    assert_eq!(refused.status, 503);
    let sentence = "There is no room for large bodies just now. Try again.";
    assert_eq!(refused.detail(), sentence);
    assert!(refused.header("retry-after").is_some());
    assert_eq!(spooled(&server), 0);
    // What fits into memory needs no disk but that of its history item.
    assert_eq!(transcribe(&small).status, 200);
    disk.clear();
    assert_eq!(transcribe(&large).status, 200);
    assert_eq!(spooled(&server), 0);
}

#[test]
fn a_clone_that_the_disk_has_no_room_for_is_503_and_leaves_nothing() {
    if !is_inside(
        Namespaces::Mounts,
        module_path!(),
        "a_clone_that_the_disk_has_no_room_for_is_503_and_leaves_nothing",
    ) {
        return;
    }
    let (disk, models) = (SmallDisk::mount(48), cloning_models());
    let server = serve_on(&disk, models.path());
    cloning::wait_measured(&server);
    let client = server.client();
    let clone = || cloning::clone(&client, &cloning::reader(), &[("name", "reader")]);
    // Room for the upload, and not for the voice's 2.5 MB.
    disk.fill(2 << 20);
    let refused = clone();
    let said = String::from_utf8_lossy(&refused.body).into_owned();
    assert_eq!(refused.status, 503, "{said}");
    assert!(said.contains("disk") && said.contains("full"), "{said}");
    assert_eq!(files_in(&server.data.join("voices")), 0);
    let clones = || client.get("/voice/voices?category=cloned").json()["voices"].clone();
    assert_eq!(clones(), json!([]));
    disk.clear();
    let made = clone();
    assert_eq!(made.status, 200, "{}", String::from_utf8_lossy(&made.body));
    let id = made.json()["voice_id"].clone();
    assert_eq!(clones()[0]["voice_id"], id);
    let body = json!({ "text": "Well.", "voice_id": id });
    assert_eq!(client.post_json("/voice/tts", &body).status, 200);
}

#[test]
fn a_dubbing_job_on_a_full_disk_says_so_and_the_next_is_done_when_there_is_room() {
    if !is_inside(
        Namespaces::Mounts,
        module_path!(),
        "a_dubbing_job_on_a_full_disk_says_so_and_the_next_is_done_when_there_is_room",
    ) {
        return;
    }
    let (disk, models) = (SmallDisk::mount(48), stubs());
    let server = serve_on(&disk, models.path());
    let client = server.client();
    // The upload of 1.9 MB fits, and the new track of 5.8 MB does not.
    disk.fill(6 << 20);
    let id = taken(&client, &sound(60), &order());
    let done = over(&client, &id);
    assert_eq!(
        (&done["status"], &done["result"]),
        (&json!("error"), &Value::Null)
    );
    let full = "The disk of this server is full: its operator has to make room.";
    assert_eq!(done["error"], full);
    // It gives its room back.
    until("room", || !server.data.join("jobs").join(&id).exists());
    disk.clear();
    disk.fill(0);
    // Nothing at all can be written: the job is refused, or waits and is told as failed once there is room.
    let body = crate::dubbing::render::form(&sound(2), &order());
    let kind = Some("multipart/form-data; boundary=b");
    let refused = client.send("POST", "/voice/dub/render", kind, body);
    assert_eq!(refused.status, 503);
    assert!(refused.detail().contains("full"), "{}", refused.detail());
    disk.clear();
    rendered(&client, &sound(60), &order());
    assert_eq!(job(&client, &id)["status"], "error", "it is still known");
}

#[test]
fn a_server_that_finds_a_full_or_a_read_only_disk_says_so_and_does_not_start() {
    if !is_inside(
        Namespaces::Mounts,
        module_path!(),
        "a_server_that_finds_a_full_or_a_read_only_disk_says_so_and_does_not_start",
    ) {
        return;
    }
    let refused = |data: &Path, says: &str| {
        let mut command = vocabox(&["serve", "--listen", "127.0.0.1:0", "--log-level", "error"]);
        let command = command.arg("--data-dir").arg(data);
        let output = command
            .arg("--models-dir")
            .arg(bare_models())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(says), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    };
    let disk = SmallDisk::mount(32);
    disk.fill(0);
    refused(&disk.path().join("new"), "full");
    disk.clear();
    let data = disk.path().join("data");
    new_key(&data, "test", "60");
    disk.fill(0);
    refused(&data, "No space left");
    disk.clear();
    disk.make_read_only();
    refused(&data, "cannot be written");
    refused(&disk.path().join("new"), "cannot be written");
    let output = run(&[
        "--data-dir",
        data.to_str().unwrap(),
        "account",
        "create",
        "x",
    ]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("cannot be written"), "{said}");
}

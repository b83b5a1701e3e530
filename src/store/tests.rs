//! The store's guarantees, on a real disk and with a real second process.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Barrier};
use std::thread;

use super::*;
use crate::codec::item_key;
use vocabox_base::fault::Kind;
use vocabox_base::limits::HISTORY_PAGE_MAX;

pub(crate) fn open() -> (tempfile::TempDir, Arc<Store>) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    (dir, store)
}

pub(crate) fn account(store: &Store, name: &str) -> AccountId {
    store.create_account(name, 60, true, None).unwrap().id
}

/// Whether a file of `dir` or of its folders contains `text`.
pub(crate) fn contains(dir: &Path, text: &str) -> bool {
    std::fs::read_dir(dir).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return contains(&path, text);
        }
        let bytes = std::fs::read(path).unwrap();
        let mut parts = bytes.windows(text.len());
        parts.any(|part| part == text.as_bytes())
    })
}

pub(crate) fn item(feature: Feature, text: &str) -> HistoryItem {
    HistoryItem {
        id: ItemId::new(),
        feature,
        status: Status::Ok,
        created_at: Utc::now(),
        key_name: "laptop".into(),
        voice_id: None,
        language: Some("yo".into()),
        text: Some(text.into()),
        duration_seconds: Some(1.25),
        character_count: Some(text.chars().count() as u64),
        engine: Some("kokoro".into()),
        model: None,
        latency_ms: Some(80),
    }
}

/// Everything that `account` has of `feature`, page by page.
pub(crate) fn all(store: &Store, account: AccountId, feature: Option<Feature>) -> Vec<HistoryItem> {
    let mut items = Vec::new();
    loop {
        let page = store.page(account, 7, items.len(), feature).unwrap();
        if page.items.is_empty() {
            assert_eq!(page.total, items.len() as u64);
            return items;
        }
        items.extend(page.items);
    }
}

#[test]
fn pages_are_newest_first_and_of_one_account() {
    let (_dir, store) = open();
    let accounts = ["ada", "bisi", "chidi"].map(|name| account(&store, name));
    let mut expected = [const { Vec::new() }; 3];
    for i in 0..120_usize {
        // 3 and 4 are coprime, and every account meets every feature; chidi has no dubs.
        let (owner, feature) = (i % 3, Feature::ALL[i % 4]);
        if owner == 2 && feature == Feature::Dub {
            continue;
        }
        let item = item(feature, &format!("number {i}"));
        store.append(accounts[owner], &item).unwrap();
        expected[owner].insert(0, item);
    }
    for (account, expected) in accounts.into_iter().zip(expected) {
        assert_eq!(all(&store, account, None), expected);
        for feature in Feature::ALL {
            let of_feature: Vec<_> = expected
                .iter()
                .filter(|item| item.feature == feature)
                .cloned()
                .collect();
            assert_eq!(all(&store, account, Some(feature)), of_feature);
        }
    }
    let dubs = store.page(accounts[2], 50, 0, Some(Feature::Dub)).unwrap();
    assert_eq!((dubs.items.len(), dubs.total), (0, 0));
    let beyond = store.page(accounts[0], 50, 1_000, None).unwrap();
    assert_eq!((beyond.items.len(), beyond.total), (0, 40));
}

#[test]
fn a_page_has_a_bound() {
    let (_dir, store) = open();
    let ada = account(&store, "ada");
    let batch: Vec<_> = (0..=HISTORY_PAGE_MAX)
        .map(|_| item(Feature::Tts, "a"))
        .collect();
    thread::scope(|scope| {
        for item in &batch {
            scope.spawn(|| store.append(ada, item).unwrap());
        }
    });
    let page = store.page(ada, usize::MAX, 0, None).unwrap();
    assert_eq!(page.items.len(), HISTORY_PAGE_MAX);
    assert_eq!(page.total, batch.len() as u64);
}

#[test]
fn a_deleted_item_is_gone_from_every_list_and_count() {
    let (_dir, store) = open();
    let (ada, bisi) = (account(&store, "ada"), account(&store, "bisi"));
    let items: Vec<_> = (0..12)
        .map(|i| item(Feature::ALL[i % 4], &format!("number {i}")))
        .collect();
    for item in &items {
        store.append(ada, item).unwrap();
    }
    let not_found = |account, id| {
        let fault = store.delete_item(account, id).unwrap_err();
        assert_eq!(fault.kind, Kind::NotFound);
        assert!(fault.sentence.contains(&id.to_string()), "{fault}");
    };
    not_found(bisi, items[5].id);
    not_found(ada, ItemId::new());
    store.delete_item(ada, items[5].id).unwrap();
    not_found(ada, items[5].id);
    let mut left = items.clone();
    left.remove(5);
    left.reverse();
    assert_eq!(all(&store, ada, None), left);
    for feature in Feature::ALL {
        let of_feature: Vec<_> = (left.iter())
            .filter(|item| item.feature == feature)
            .cloned()
            .collect();
        assert_eq!(all(&store, ada, Some(feature)), of_feature);
    }
}

#[test]
fn history_is_the_contracts_json() {
    let (_dir, store) = open();
    let ada = account(&store, "ada");
    let mut made = item(Feature::Stt, "ẹ káàárọ̀");
    made.status = Status::Error;
    store.append(ada, &made).unwrap();
    let page = store.page(ada, 1, 0, None).unwrap();
    let json = serde_json::to_value(&page.items[0]).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "id": made.id.to_string(), "feature": "stt", "status": "error",
            "created_at": made.created_at.to_string(), "key_name": "laptop", "voice_id": null,
            "language": "yo", "text": "ẹ káàárọ̀", "duration_seconds": 1.25, "character_count": 9,
            "engine": "kokoro", "model": null, "latency_ms": 80,
        })
    );
    assert!(made.created_at.to_string().ends_with('Z'));
}

#[test]
fn a_failing_write_takes_none_of_its_company_with_it() {
    let (_dir, store) = open();
    let ada = account(&store, "ada");
    let twice = item(Feature::Dub, "twice");
    store.append(ada, &twice).unwrap();
    let start = Barrier::new(32);
    thread::scope(|scope| {
        for writer in 0..16 {
            let (store, start) = (&store, &start);
            scope.spawn(move || {
                start.wait();
                for i in 0..50 {
                    let item = item(Feature::Tts, &format!("{writer}:{i}"));
                    store.append(ada, &item).unwrap();
                }
            });
            let twice = &twice;
            scope.spawn(move || {
                start.wait();
                for _ in 0..10 {
                    let fault = store.append(ada, twice).unwrap_err();
                    assert_eq!(fault.kind, Kind::Internal);
                    let fault = store.create_account("ada", 60, true, None).unwrap_err();
                    assert_eq!(fault.kind, Kind::Invalid);
                }
            });
        }
    });
    let texts: HashSet<_> = all(&store, ada, Some(Feature::Tts))
        .into_iter()
        .map(|item| item.text)
        .collect();
    assert_eq!(texts.len(), 16 * 50);
    assert_eq!(all(&store, ada, None).len(), 16 * 50 + 1);
}

#[test]
fn a_full_history_is_a_fault_and_the_store_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    // The eighth that history may not take has to hold a whole commit's copies of pages.
    let store = Store::open_sized(dir.path(), Some(8 * 1024 * 1024), Clock::of_machine()).unwrap();
    let ada = account(&store, "ada");
    let text = "x".repeat(4_000);
    let append = || store.append(ada, &item(Feature::Tts, &text));
    let start = Barrier::new(8);
    let until_full = || {
        start.wait();
        let mut kept = 0;
        loop {
            match append() {
                Ok(()) => kept += 1,
                Err(fault) => {
                    assert_eq!(fault.kind, Kind::Missing);
                    assert!(fault.sentence.contains("full"), "{fault}");
                    return kept;
                }
            }
        }
    };
    let kept: usize = thread::scope(|scope| {
        let writers: Vec<_> = (0..8).map(|_| scope.spawn(until_full)).collect();
        writers.into_iter().map(|w| w.join().unwrap()).sum()
    });
    assert!(kept > 50, "{kept}");
    assert_eq!(all(&store, ada, None).len(), kept);
    // Everything else can still be written, so that space can be freed.
    store.check_writable().unwrap();
    account(&store, "bisi");
    let (_, key) = store
        .create_key("ada", "k", KeyEnv::Live, KeyLimits::default())
        .unwrap();
    assert!(store.take_token(key.key_id, 60).unwrap().granted);
    let oldest = all(&store, ada, None).pop().unwrap();
    store.delete_item(ada, oldest.id).unwrap();
    append().unwrap();
    assert!(append().is_err());
    store.delete_account("ada", HistoryFate::Purge).unwrap();
    assert_eq!(store.purge_deleted().unwrap(), kept as u64);
    let bisi = store.account("bisi").unwrap().id;
    store.append(bisi, &item(Feature::Tts, &text)).unwrap();
}

#[test]
fn a_full_map_is_a_fault_and_the_store_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_sized(dir.path(), Some(256 * 1024), Clock::of_machine()).unwrap();
    let mut made = 0;
    let fault = loop {
        match store.create_account(&format!("{made:0>100}"), 60, true, None) {
            Ok(_) => made += 1,
            Err(fault) => break fault,
        }
    };
    assert_eq!(fault.kind, Kind::Missing);
    assert!(fault.sentence.contains("store is full"), "{fault}");
    assert!(made > 50, "{made}");
    assert_eq!(store.accounts().unwrap().len(), made);
    drop(store);
    // A larger map solves it.
    let store = Store::serve(dir.path(), StoreBounds::default()).unwrap();
    account(&store, "ada");
    assert_eq!(store.accounts().unwrap().len(), made + 1);
}

#[test]
fn a_closed_store_refuses_writes_and_still_reads() {
    let (_dir, store) = open();
    let ada = account(&store, "ada");
    store.check_writable().unwrap();
    store.close();
    store.close();
    let fault = store.append(ada, &item(Feature::Tts, "a")).unwrap_err();
    assert_eq!(fault.kind, Kind::Missing);
    assert_eq!(store.accounts().unwrap().len(), 1);
}

#[test]
fn a_folder_that_cannot_be_used_is_named_to_the_operator_only() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    for place in [file, PathBuf::from("/proc/vocabox")] {
        let Err(fault) = Store::open(&place) else {
            panic!("{} was opened", place.display());
        };
        assert_eq!(fault.kind, Kind::Missing);
        let place = place.display().to_string();
        assert!(!fault.sentence.contains(&place));
        assert!(fault.cause.unwrap().contains(&place));
    }
}

#[test]
fn one_server_at_a_time_has_a_data_folder() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::serve(dir.path(), StoreBounds::default()).unwrap();
    account(&store, "ada");
    let Err(fault) = Store::serve(dir.path(), StoreBounds::default()) else {
        panic!("a second server was let in");
    };
    assert_eq!(fault.kind, Kind::Missing);
    assert!(
        fault
            .sentence
            .starts_with("Another vocabox serves this data folder")
    );
    let folder = dir.path().display().to_string();
    assert!(fault.cause.unwrap().contains(&folder));
    let output = other_process("serve", dir.path()).wait_with_output();
    let said = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(said.contains("Another vocabox serves"), "{said}");
    // The command line is no server.
    let output = other_process("key", dir.path()).wait_with_output();
    assert!(output.unwrap().status.success());
    drop(store);
    let store = Store::serve(dir.path(), StoreBounds::default()).unwrap();
    assert_eq!(store.keys(Some("ada")).unwrap().len(), 1);
}

#[test]
fn files_are_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data");
    let _store = Store::serve(&data_dir, StoreBounds::default()).unwrap();
    for (path, mode) in [
        ("", 0o700),
        ("serve.lock", 0o600),
        ("store", 0o700),
        ("store/data.mdb", 0o600),
    ] {
        let found = std::fs::metadata(data_dir.join(path)).unwrap();
        assert_eq!(found.permissions().mode() & 0o777, mode, "{path}");
    }
}

#[test]
fn no_acknowledged_item_is_lost_to_a_kill() {
    let (dir, store) = open();
    let ada = account(&store, "ada");
    drop(store);
    for kill_after in [1, 60, 300] {
        let mut child = other_process("append", dir.path());
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut acknowledged: Vec<String> = lines.by_ref().take(kill_after).flatten().collect();
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(lines.map_while(Result::ok));
        assert!(acknowledged.len() >= kill_after);

        let store = Store::open(dir.path()).unwrap();
        let txn = store.env.read_txn().unwrap();
        for line in acknowledged {
            // The last line may be cut: it was never acknowledged.
            let Ok(id) = line.parse() else { continue };
            let found = store.tables.history.get(&txn, &item_key(ada, id));
            assert!(found.unwrap().is_some(), "{line} is lost");
        }
        drop(txn);
        let features = Feature::ALL.map(|feature| all(&store, ada, Some(feature)).len());
        assert_eq!(features.iter().sum::<usize>(), all(&store, ada, None).len());
    }
}

#[test]
fn another_process_may_change_keys_meanwhile() {
    let (dir, store) = open();
    account(&store, "ada");
    let child = other_process("key", dir.path());
    let output = child.wait_with_output().unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    let secret: Secret = printed.lines().next().unwrap().parse().unwrap();
    let (key, _) = store.find_key(&secret).unwrap().unwrap();
    assert_eq!(key.name, "from elsewhere");

    let child = other_process("revoke", dir.path());
    assert!(child.wait_with_output().unwrap().status.success());
    let (key, _) = store.find_key(&secret).unwrap().unwrap();
    assert!(key.revoked_at.is_some());
}

const OTHER_PROCESS: &str = "VOCABOX_TEST_OTHER_PROCESS";

/// Starts this test binary again, to do `what` on the store in `data_dir`; it prints to its standard error.
fn other_process(what: &str, data_dir: &Path) -> Child {
    let (_, module) = module_path!().split_once("::").unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture"])
        .arg(format!("{module}::in_the_other_process"))
        .env(OTHER_PROCESS, format!("{what} {}", data_dir.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "the other process of the tests above"]
fn in_the_other_process() {
    let Ok(order) = std::env::var(OTHER_PROCESS) else {
        return;
    };
    let (what, data_dir) = order.split_once(' ').unwrap();
    let say = |line: String| {
        let line = line + "\n";
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    };
    if what == "serve" {
        let served = Store::serve(Path::new(data_dir), StoreBounds::default());
        return say(served.map_or_else(|fault| fault.to_string(), |_| "served".into()));
    }
    let store = Store::open(Path::new(data_dir)).unwrap();
    match what {
        "append" => thread::scope(|scope| {
            let ada = store.account("ada").unwrap().id;
            for feature in Feature::ALL {
                let store = &store;
                scope.spawn(move || {
                    loop {
                        let item = item(feature, "until the end");
                        store.append(ada, &item).unwrap();
                        say(item.id.to_string());
                    }
                });
            }
        }),
        "key" => {
            let made =
                store.create_key("ada", "from elsewhere", KeyEnv::Live, KeyLimits::default());
            say(made.unwrap().0.reveal().to_string());
        }
        "revoke" => {
            let key = store.keys(Some("ada")).unwrap().remove(0);
            store.revoke_key(key.key_id).unwrap();
        }
        _ => panic!("{what}"),
    }
}

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use vocabox_base::fault::Fault;

use super::manifest::BackupManifest;
use super::{Snapshot, archive, restore};
use crate::tests::{account, all, contains, item};
use crate::voices::tests::voice;
use crate::{
    AccountId, ClonedVoice, Feature, HistoryFate, ItemId, LexiconEntry, Store, StoreBounds,
};

fn back_up(store: &Store, data: &Path, file: &Path) -> BackupManifest {
    let snapshot = Snapshot::take(store, data, "0.0.0", true).unwrap();
    archive::write(&snapshot, file, &mut |_, _| {}).unwrap();
    let manifest = snapshot.manifest().clone();
    snapshot.remove();
    manifest
}

fn restored(file: &Path, data: &Path, replace: bool) -> Result<BackupManifest, Fault> {
    restore::restore(file, data, replace, &mut |_, _| {})
}

fn add(store: &Store, account: AccountId, name: &str) -> ClonedVoice {
    store
        .add_voice(account, voice(name), b"table", b"clip", 1000)
        .unwrap()
}

fn ids(store: &Store, account: AccountId) -> BTreeSet<ItemId> {
    all(store, account, None)
        .iter()
        .map(|item| item.id)
        .collect()
}

#[test]
fn what_was_done_before_a_backup_is_in_it_while_others_write_and_delete() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let store = Store::serve(&data, StoreBounds::default()).unwrap();
    let (ada, bisi) = (account(&store, "ada"), account(&store, "bisi"));
    let is_over = AtomicBool::new(false);
    let run = |work: &dyn Fn()| {
        while !is_over.load(Ordering::Relaxed) {
            work();
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| run(&|| drop(store.append(ada, &item(Feature::Tts, "a text of ada")))));
        scope.spawn(|| {
            run(&|| {
                let voice = add(&store, bisi, "short-lived");
                store.delete_voice(bisi, voice.id).unwrap();
            });
        });
        scope.spawn(|| {
            run(&|| {
                let carla = account(&store, "carla");
                store
                    .append(carla, &item(Feature::Stt, "a text of carla"))
                    .unwrap();
                store.delete_account("carla", HistoryFate::Purge).unwrap();
            });
        });
        for number in 0..10 {
            let kept = add(&store, bisi, "kept");
            let before = ids(&store, ada);
            let file = dir.path().join(format!("{number}.tar"));
            back_up(&store, &data, &file);
            let after = ids(&store, ada);
            let other = dir.path().join(format!("restored-{number}"));
            restored(&file, &other, false).unwrap();
            let copy = Store::serve(&other, StoreBounds::default()).unwrap();
            let found = ids(&copy, ada);
            assert!(before.is_subset(&found) && found.is_subset(&after));
            for item in all(&copy, ada, None) {
                assert_eq!(item.text.as_deref(), Some("a text of ada"));
            }
            let voices = copy.voices(bisi).unwrap();
            assert!(voices.contains(&kept));
            assert_eq!(copy.voice_file(kept.id, &kept.clip).unwrap(), b"clip");
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(!data.join("backup/store").exists());
}

#[test]
fn a_backup_has_keys_lexicons_and_voices_but_nothing_of_a_purged_account() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("b.tar"));
    let store = Store::open(&data).unwrap();
    let (ada, gone) = (account(&store, "ada"), account(&store, "gone"));
    let (secret, key) = store
        .create_key("ada", "k", crate::KeyEnv::Live, crate::KeyLimits::default())
        .unwrap();
    let entry = LexiconEntry {
        word: "Lagos".to_owned(),
        phonemes: None,
        spelling: Some("lay gos".to_owned()),
        language: None,
    };
    store.put_lexicon(Some(ada), vec![entry.clone()]).unwrap();
    store.put_lexicon(None, vec![entry.clone()]).unwrap();
    let voice = add(&store, ada, "reader");
    let of_gone = add(&store, gone, "of a purged account");
    store
        .append(gone, &item(Feature::Tts, "nothing of this"))
        .unwrap();
    store.delete_account("gone", HistoryFate::Purge).unwrap();
    let manifest = back_up(&store, &data, &file);
    let has = |part: &str| {
        manifest
            .files
            .iter()
            .any(|file| file.path.to_string_lossy().contains(part))
    };
    assert!(has(&format!("secrets/{ada}/")) && !has(&format!("secrets/{gone}/")));
    assert!(has(&voice.id.to_string()) && !has(&of_gone.id.to_string()));
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );

    let other = dir.path().join("other");
    assert_eq!(restored(&file, &other, false).unwrap(), manifest);
    assert!(!contains(&other, "nothing of this"));
    let copy = Store::open(&other).unwrap();
    assert_eq!(
        copy.find_key(&secret).unwrap().unwrap().0.key_id,
        key.key_id
    );
    for owner in [Some(ada), None] {
        assert_eq!(
            copy.lexicon(owner).unwrap().unwrap().entries,
            std::slice::from_ref(&entry)
        );
    }
    assert_eq!(copy.voices(ada).unwrap(), [voice]);
    assert!(copy.account("gone").is_err());
}

#[test]
fn an_interrupted_backup_is_continued_and_keeps_its_moment() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("b.tar"));
    let store = Store::open(&data).unwrap();
    let ada = account(&store, "ada");
    let voice = add(&store, ada, "reader");
    let snapshot = Snapshot::take(&store, &data, "0.0.0", true).unwrap();
    archive::write(&snapshot, &file, &mut |_, _| {}).unwrap();
    let whole = fs::read(&file).unwrap();
    let manifest = snapshot.manifest().clone();
    drop(snapshot);
    // Made after that moment, and deleted.
    store.delete_voice(ada, voice.id).unwrap();
    let part = archive::unfinished(&file);
    for length in [
        0,
        1,
        511,
        700,
        whole.len() / 2,
        whole.len() - 1,
        whole.len(),
    ] {
        fs::remove_file(&file).unwrap();
        fs::write(&part, &whole[..length]).unwrap();
        let left = Snapshot::left(&data, true).unwrap().unwrap();
        assert_eq!(*left.manifest(), manifest);
        archive::write(&left, &file, &mut |_, _| {}).unwrap();
        assert!(fs::read(&file).unwrap() == whole, "continued at {length}");
    }
    assert!(
        Snapshot::left(&data, false).unwrap().is_none(),
        "with jobs, which are not asked for"
    );
    // What an interruption damaged is found when the file is read back.
    fs::remove_file(&file).unwrap();
    fs::write(&part, &whole).unwrap();
    OpenOptions::new()
        .write(true)
        .open(&part)
        .unwrap()
        .write_at(b"?", whole.len() as u64 - 2000)
        .unwrap();
    let left = Snapshot::left(&data, true).unwrap().unwrap();
    let fault = archive::write(&left, &file, &mut |_, _| {}).unwrap_err();
    assert!(fault.sentence.contains("damaged"), "{fault}");
    assert!(!file.exists());
}

#[test]
fn a_restore_replaces_only_when_told_and_never_under_a_server() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("b.tar"));
    let store = Store::open(&data).unwrap();
    account(&store, "ada");
    back_up(&store, &data, &file);
    let fault = archive::refuse_existing(&file).unwrap_err();
    assert!(fault.sentence.contains("exists already"), "{fault}");
    account(&store, "bisi");
    drop(store);
    let fault = restored(&file, &data, false).unwrap_err();
    assert!(fault.sentence.contains("--replace"), "{fault}");
    let server = Store::serve(&data, StoreBounds::default()).unwrap();
    let fault = restored(&file, &data, true).unwrap_err();
    assert!(fault.sentence.contains("Another vocabox serves"), "{fault}");
    assert!(server.account("bisi").is_ok());
    drop(server);
    fs::create_dir_all(data.join("spoken/1")).unwrap();
    restored(&file, &data, true).unwrap();
    assert!(
        !data.join("spoken").exists(),
        "of an account of the former data"
    );
    let store = Store::open(&data).unwrap();
    assert!(store.account("ada").is_ok() && store.account("bisi").is_err());
    assert!(!data.join("restore").exists());
}

#[test]
fn an_interrupted_restore_keeps_the_folder_closed_until_it_is_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("b.tar"));
    let store = Store::open(&data).unwrap();
    let ada = account(&store, "ada");
    store.append(ada, &item(Feature::Tts, "sealed")).unwrap();
    let voice = add(&store, ada, "reader");
    back_up(&store, &data, &file);
    account(&store, "bisi");
    drop(store);
    // In the middle of unpacking, and of the exchange.
    for moved in [&[][..], &["voices"], &["voices", "secrets"]] {
        fs::create_dir_all(data.join("restore/former")).unwrap();
        for name in moved {
            fs::rename(data.join(name), data.join("restore/former").join(name)).unwrap();
        }
        let Err(fault) = Store::open(&data) else {
            panic!("it was opened")
        };
        assert!(
            fault.sentence.contains("repeat `vocabox restore`"),
            "{fault}"
        );
        restored(&file, &data, false).unwrap();
        let store = Store::open(&data).unwrap();
        assert_eq!(store.voices(ada).unwrap(), std::slice::from_ref(&voice));
        assert!(store.account("bisi").is_err());
    }
}

#[test]
fn a_damaged_or_foreign_or_newer_backup_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("b.tar"));
    let store = Store::open(&data).unwrap();
    let ada = account(&store, "ada");
    add(&store, ada, "reader");
    back_up(&store, &data, &file);
    let whole = fs::read(&file).unwrap();
    let refusal = |bytes: &[u8]| {
        let other = dir.path().join("other");
        let _ = fs::remove_dir_all(&other);
        let damaged = dir.path().join("damaged.tar");
        fs::write(&damaged, bytes).unwrap();
        let fault = restored(&damaged, &other, false).unwrap_err();
        assert!(!other.join("store/data.mdb").exists(), "{fault}");
        fault.sentence
    };
    for bytes in [&b""[..], b"not a tar file", &[0; 4096]] {
        assert!(refusal(bytes).contains("not a backup that this program knows"));
    }
    assert!(refusal(&whole[..whole.len() / 2]).contains("damaged"));
    let mut changed = whole.clone();
    let last = changed.len() - 2000;
    changed[last] ^= 1;
    assert!(refusal(&changed).contains("damaged"));
    // Numbers of one digit keep the length.
    let text = |from: &str, to: &str| {
        let at = whole
            .windows(from.len())
            .position(|part| part == from.as_bytes())
            .unwrap();
        let mut changed = whole.clone();
        changed[at..at + to.len()].copy_from_slice(to.as_bytes());
        changed
    };
    assert!(refusal(&text("\"layout\":8", "\"layout\":9")).contains("use vocabox 0.0.0"));
    assert!(refusal(&text("\"path\":\"voices/", "\"path\":\"../ices/")).contains("not a backup"));
}

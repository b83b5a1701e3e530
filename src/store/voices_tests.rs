use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::tests::{account, contains, open};
use crate::{HistoryFate, StoreBounds};

pub(crate) fn voice(name: &str) -> ClonedVoice {
    ClonedVoice {
        id: VoiceId::new(),
        name: name.to_owned(),
        description: String::new(),
        created_at: Utc::now(),
        style: style(),
        clip: String::new(),
        consent: None,
    }
}

fn style() -> ClonedStyle {
    ClonedStyle {
        nearest: "af_heart".to_owned(),
        language: "en-us".to_owned(),
        table: String::new(),
        pace: 1.0,
        score: 0.7,
        is_stock: false,
        refined: false,
    }
}

/// Every file of voices, as `folder/file`.
fn files(data: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let Ok(folders) = std::fs::read_dir(data.join("voices")) else {
        return found;
    };
    for folder in folders.map(Result::unwrap) {
        for file in std::fs::read_dir(folder.path())
            .unwrap()
            .map(Result::unwrap)
        {
            let names = [folder.file_name(), file.file_name()].map(|n| n.into_string().unwrap());
            found.insert(names.join("/"));
        }
    }
    found
}

fn named(voice: &ClonedVoice) -> BTreeSet<String> {
    [&voice.style.table, &voice.clip, LABEL]
        .map(|file| format!("{}/{file}", voice.id))
        .into()
}

#[test]
fn a_voice_is_its_accounts_alone() {
    let (dir, store) = open();
    let (ada, bisi) = (account(&store, "ada"), account(&store, "bisi"));
    let made = store
        .add_voice(ada, voice("Me"), b"table", b"clip", 2)
        .unwrap();
    assert_eq!(store.voice(ada, made.id).unwrap(), made);
    assert_eq!(store.voices(ada).unwrap(), std::slice::from_ref(&made));
    assert_eq!(
        store.voice_file(made.id, &made.style.table).unwrap(),
        b"table"
    );
    assert_eq!(store.voice_file(made.id, &made.clip).unwrap(), b"clip");
    assert_eq!(store.voice(bisi, made.id).unwrap_err().kind, Kind::NotFound);
    assert_eq!(
        store.delete_voice(bisi, made.id).unwrap_err().kind,
        Kind::NotFound
    );
    assert!(store.voices(bisi).unwrap().is_empty());
    assert_eq!(files(dir.path()), named(&made));
    assert_eq!(made.id.to_string().parse(), Ok(made.id));
    for wrong in [
        "cloned_",
        "af_heart",
        "cloned_../../etc",
        &made.id.to_string()[..20],
    ] {
        assert!(wrong.parse::<VoiceId>().is_err(), "{wrong}");
    }
}

#[test]
fn one_too_many_is_refused_and_leaves_nothing() {
    let (dir, store) = open();
    let ada = account(&store, "ada");
    let made = store.add_voice(ada, voice("1"), b"a", b"b", 1).unwrap();
    assert_eq!(
        store.check_voice_room(ada, 1).unwrap_err().kind,
        Kind::Invalid
    );
    let fault = store.add_voice(ada, voice("2"), b"c", b"d", 1).unwrap_err();
    assert!(
        fault.kind == Kind::Invalid && fault.sentence.contains("at most 1"),
        "{fault}"
    );
    assert_eq!(files(dir.path()), named(&made));
    store.delete_voice(ada, made.id).unwrap();
    assert_eq!(store.voice(ada, made.id).unwrap_err().kind, Kind::NotFound);
    assert!(files(dir.path()).is_empty());
    store.add_voice(ada, voice("3"), b"c", b"d", 1).unwrap();
}

#[test]
fn a_better_style_replaces_the_old_one_and_its_file() {
    let (dir, store) = open();
    let ada = account(&store, "ada");
    let made = store
        .add_voice(ada, voice("Me"), b"first", b"clip", 9)
        .unwrap();
    assert_eq!(store.unrefined_voices().unwrap(), [(ada, made.id)]);
    let better = ClonedStyle {
        score: 0.9,
        refined: true,
        ..style()
    };
    store
        .restyle_voice(ada, made.id, better.clone(), Some(b"second"))
        .unwrap();
    let now = store.voice(ada, made.id).unwrap();
    assert_eq!(
        store.voice_file(made.id, &now.style.table).unwrap(),
        b"second"
    );
    assert_eq!((now.style.score, &now.clip), (0.9, &made.clip));
    assert_eq!(files(dir.path()), named(&now));
    assert!(store.unrefined_voices().unwrap().is_empty());
    let gone = store.voice_file(made.id, &made.style.table).unwrap_err();
    assert_eq!(gone.kind, Kind::NotFound);
    // The same table again, or none: the file stays.
    store
        .restyle_voice(ada, made.id, better.clone(), Some(b"second"))
        .unwrap();
    store
        .restyle_voice(ada, made.id, better.clone(), None)
        .unwrap();
    assert_eq!(files(dir.path()), named(&now));
    // Deleted meanwhile: nothing comes back.
    store.delete_voice(ada, made.id).unwrap();
    let fault = store
        .restyle_voice(ada, made.id, better, Some(b"third"))
        .unwrap_err();
    assert_eq!(fault.kind, Kind::NotFound);
    assert!(files(dir.path()).is_empty());
}

#[test]
fn a_deleted_account_takes_its_voices_along() {
    let (dir, store) = open();
    let (ada, bisi) = (account(&store, "ada"), account(&store, "bisi"));
    let adas = store.add_voice(ada, voice("a"), b"a", b"b", 9).unwrap();
    let bisis = store.add_voice(bisi, voice("b"), b"a", b"b", 9).unwrap();
    store.delete_account("ada", HistoryFate::Keep).unwrap();
    assert_eq!(store.voice(ada, adas.id).unwrap_err().kind, Kind::NotFound);
    assert_eq!(files(dir.path()), named(&bisis));
    let fault = store.add_voice(ada, voice("c"), b"a", b"b", 9).unwrap_err();
    assert_eq!(fault.kind, Kind::Unauthorized);
    assert_eq!(files(dir.path()), named(&bisis));
}

#[test]
fn a_server_removes_what_a_power_cut_left_and_keeps_the_rest() {
    let (dir, store) = open();
    let ada = account(&store, "ada");
    let made = store
        .add_voice(ada, voice("Me"), b"table", b"clip", 9)
        .unwrap();
    // Killed before the record was written; after a new table, before its record; after a record was deleted.
    let lost = VoiceId::new();
    store.voice_files.put_by_hash(lost, b"lost").unwrap();
    store.voice_files.put_by_hash(made.id, b"newer").unwrap();
    let folder = dir.path().join("voices").join(made.id.to_string());
    std::fs::write(folder.join("half.new"), b"ha").unwrap();
    drop(store);
    let store = Store::serve(dir.path(), StoreBounds::default()).unwrap();
    assert_eq!(files(dir.path()), named(&made));
    assert_eq!(
        store.voice_file(made.id, &made.style.table).unwrap(),
        b"table"
    );
}

#[test]
fn a_damaged_file_is_found_out() {
    let (dir, store) = open();
    let ada = account(&store, "ada");
    let made = store
        .add_voice(ada, voice("Me"), b"table", b"clip", 9)
        .unwrap();
    let folder = dir.path().join("voices").join(made.id.to_string());
    std::fs::write(folder.join(&made.style.table), b"tabla").unwrap();
    let fault = store.voice_file(made.id, &made.style.table).unwrap_err();
    assert_eq!(fault.kind, Kind::Internal);
}

#[test]
fn what_an_account_said_of_a_deleted_voice_is_in_no_file() {
    let (dir, store) = open();
    let (ada, bisi) = (account(&store, "ada"), account(&store, "bisi"));
    let labelled = |account, name: &str, description: &str| {
        let mut voice = voice(name);
        voice.description = description.to_owned();
        let made = store.add_voice(account, voice, b"table", b"clip", 2);
        made.unwrap().id
    };
    let id = labelled(ada, "Doctor Quill", "recorded in ward seven");
    labelled(ada, "Nurse Ember", "");
    labelled(bisi, "Porter Flint", "");
    let names = ["Doctor Quill", "ward seven", "Nurse Ember", "Porter Flint"];
    let found = || names.map(|name| contains(dir.path(), name));
    assert_eq!(found(), [true; 4]);
    store.delete_voice(ada, id).unwrap();
    assert_eq!(found(), [false, false, true, true]);
    store.delete_account("ada", HistoryFate::Keep).unwrap();
    assert_eq!(found(), [false, false, false, true]);
}

#[test]
fn a_voice_of_layout_6_has_its_name_in_its_record() {
    let (_dir, store) = open();
    let ada = account(&store, "ada");
    let made = store.add_voice(ada, voice("Me"), b"table", b"clip", 2);
    let made = made.unwrap();
    let (tables, key) = (store.tables, voice_key(ada, made.id));
    let write = store.write(move |txn| {
        let mut record = tables.voices.get(txn, &key)?.unwrap();
        record.label = Some(VoiceLabel {
            name: "Before".to_owned(),
            description: "then".to_owned(),
            consent: None,
        });
        tables.voices.put(txn, &key, &record)
    });
    write.unwrap();
    store.voice_files.remove(made.id, LABEL);
    let restyled = store.restyle_voice(ada, made.id, style(), None);
    restyled.unwrap();
    let voice = store.voice(ada, made.id).unwrap();
    let said = (voice.name.as_str(), voice.description.as_str());
    assert_eq!(said, ("Before", "then"));
}

//! The layout version of the databases, and the upgrades from older versions.
//!
//! A change of layout increments [`VERSION`] and appends one step to [`STEPS`]; a step that has been released is never
//! edited.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use heed::{RoTxn, RwTxn};

use crate::codec::{account_of, bytes_key};
use crate::lmdb::Env;
use crate::{Meta, Tables};
use vocabox_base::fault::Fault;

/// The layout that this program reads and writes.
pub(crate) const VERSION: u64 = 8;
/// `STEPS[i]` upgrades version `i + 1` to `i + 2`.
const STEPS: [Step; VERSION as usize - 1] = [to_2, to_3, to_4, to_5, to_6, to_7, to_8];

const VERSION_KEY: &str = "schema_version";

type Step = fn(&mut RwTxn<'_>, Tables) -> Result<(), Fault>;

/// Version 2 adds cloned voices, in a database of their own that is created when missing. The number keeps older
/// programs from opening the store, which would delete an account and leave its voices.
fn to_2(_: &mut RwTxn<'_>, _: Tables) -> Result<(), Fault> {
    Ok(())
}

/// Version 3 adds dubbing jobs, in a database of their own; the number keeps older programs from opening the store for
/// the same reason.
fn to_3(_: &mut RwTxn<'_>, _: Tables) -> Result<(), Fault> {
    Ok(())
}

/// Version 4 has a limit of concurrent generations in the record of a key, which is none in an older record; the new
/// number keeps older programs away: they would ignore the limit, and drop it when they note a key's use.
fn to_4(_: &mut RwTxn<'_>, _: Tables) -> Result<(), Fault> {
    Ok(())
}

/// Version 5 has the bytes of each account's history among its counts.
fn to_5(txn: &mut RwTxn<'_>, tables: Tables) -> Result<(), Fault> {
    let mut bytes = BTreeMap::new();
    for entry in tables.history.iter(txn)? {
        let (key, value) = entry?;
        if let Some(account) = account_of(key) {
            *bytes.entry(account).or_insert(0) += value.len() as u64;
        }
    }
    for (account, bytes) in bytes {
        (tables.history_counts).put(txn, &bytes_key(account), &bytes)?;
    }
    Ok(())
}

/// Version 6 adds lexicons, in a database of their own; the number keeps older programs away for the reason of version 2.
fn to_6(_: &mut RwTxn<'_>, _: Tables) -> Result<(), Fault> {
    Ok(())
}

/// Version 7 keeps the names of cloned voices in files and seals lexicons; the number keeps older programs away, which would
/// find neither. Records of older programs stay as they are until they are written again.
fn to_7(_: &mut RwTxn<'_>, _: Tables) -> Result<(), Fault> {
    Ok(())
}

/// Version 8 adds named speakers, in a database of their own; the number keeps older programs away for the reason of version 2.
fn to_8(_: &mut RwTxn<'_>, _: Tables) -> Result<(), Fault> {
    Ok(())
}

/// Checks that this program can read the databases. Fault: `Missing` when a newer program wrote them.
pub(crate) fn check(txn: &RoTxn<'_>, meta: Meta<'_>) -> Result<(), Fault> {
    pending(meta.get(txn, VERSION_KEY)?, &STEPS).map(drop)
}

/// Before databases of an older layout are upgraded, copies them to the file `layout-N.mdb` of `dir`, the folder of the store, and removes
/// what an earlier upgrade has kept. Faults: as [`check`], and `Missing` when the disk has no room for the copy.
pub(crate) fn keep_former(env: &Env, dir: &Path, meta: Meta<'_>) -> Result<(), Fault> {
    let found = meta.get(&*env.read_txn()?, VERSION_KEY)?;
    let (Some(version), false) = (found, pending(found, &STEPS)?.is_empty()) else {
        return Ok(());
    };
    let kept = |version: u64| dir.join(format!("layout-{version}.mdb"));
    let fresh = dir.join("layout.new");
    env.copy_to_file(&fresh)?;
    for former in 1..version {
        let _ = fs::remove_file(kept(former));
    }
    fs::rename(fresh, kept(version)).map_err(Fault::disk)?;
    log::info!(
        "the store is converted from layout {version} to {VERSION}; the former one is kept in {}",
        kept(version).display()
    );
    Ok(())
}

/// Upgrades the databases to [`VERSION`], all in `txn`; an empty store starts there. Fault: as [`check`].
pub(crate) fn run(txn: &mut RwTxn<'_>, tables: Tables) -> Result<(), Fault> {
    lift(txn, tables, &STEPS)
}

/// Returns the steps that a store of version `found` still needs. Fault: as [`check`].
fn pending(found: Option<u64>, steps: &[Step]) -> Result<&[Step], Fault> {
    let newest = steps.len() as u64 + 1;
    match found {
        None => Ok(&[]),
        Some(version) => version
            .checked_sub(1)
            .and_then(|done| steps.get(done as usize..))
            .ok_or_else(|| {
                Fault::missing(format!(
                    "The store has layout {version}; this program knows 1 to {newest}. Use the version of vocabox that wrote it, or a newer one."
                ))
            }),
    }
}

fn lift(txn: &mut RwTxn<'_>, tables: Tables, steps: &[Step]) -> Result<(), Fault> {
    let found = tables.meta.get(txn, VERSION_KEY)?;
    for step in pending(found, steps)? {
        step(txn, tables)?;
    }
    let newest = steps.len() as u64 + 1;
    match found == Some(newest) {
        true => Ok(()),
        false => tables.meta.put(txn, VERSION_KEY, &newest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Json, item_key};
    use crate::tests::{account, all, item};
    use crate::{Feature, Key, KeyEnv, KeyLimits, Store};

    #[test]
    fn an_older_layout_is_lifted_one_step_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let meta = store.tables.meta;
        let mut txn = store.env.write_txn().unwrap();
        let steps: [Step; 2] = [
            |_, _| Err(Fault::invalid("version 1 is not what is there")),
            |_, _| Err(Fault::invalid("lifted from 2 to 3")),
        ];
        meta.put(&mut txn, VERSION_KEY, &2).unwrap();
        let fault = lift(&mut txn, store.tables, &steps).unwrap_err();
        assert_eq!(fault.sentence, "lifted from 2 to 3");

        let steps: [Step; 2] = [|_, _| Ok(()), |_, _| Ok(())];
        lift(&mut txn, store.tables, &steps).unwrap();
        assert_eq!(meta.get(&txn, VERSION_KEY).unwrap(), Some(3));
    }

    #[test]
    fn a_key_of_layout_3_is_read_and_has_no_limit_of_concurrent_generations() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.create_account("ada", 60, true, None).unwrap();
        let limits = KeyLimits {
            rpm: Some(5),
            concurrent: Some(2),
        };
        let (secret, key) = store.create_key("ada", "k", KeyEnv::Live, limits).unwrap();
        let id = key.key_id.0;
        let (meta, records) = (
            store.tables.meta,
            store
                .tables
                .keys
                .remap_data_type::<Json<serde_json::Value>>(),
        );
        store
            .write(move |txn| {
                let mut record = records.get(txn, &id)?.unwrap();
                let field = record.as_object_mut().unwrap().remove("concurrent");
                assert_eq!(field, Some(2.into()));
                records.put(txn, &id, &record)?;
                meta.put(txn, VERSION_KEY, &3)
            })
            .unwrap();
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        let (found, _) = store.find_key(&secret).unwrap().unwrap();
        let expected = Key {
            concurrent: None,
            ..key
        };
        assert_eq!(found, expected);
        let txn = store.env.read_txn().unwrap();
        let layout = store.tables.meta.get(&txn, VERSION_KEY).unwrap();
        assert_eq!(layout, Some(VERSION));
    }

    #[test]
    fn a_history_of_layout_4_is_read_and_its_bytes_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let (ada, bisi) = (account(&store, "ada"), account(&store, "bisi"));
        let items = ["one", "twenty"].map(|text| item(Feature::Tts, text));
        let json = items.clone().map(|item| serde_json::to_vec(&item).unwrap());
        let bytes: usize = json.iter().map(Vec::len).sum();
        for item in &items {
            store.append(ada, item).unwrap();
        }
        // As that layout had them: not sealed, and without a count of bytes.
        let (tables, ids) = (store.tables, items.clone().map(|item| item.id));
        let write = store.write(move |txn| {
            for (id, json) in ids.iter().zip(&json) {
                tables.history.put(txn, &item_key(ada, *id), json)?;
            }
            tables.history_counts.delete(txn, &bytes_key(ada))?;
            tables.meta.put(txn, VERSION_KEY, &4)
        });
        write.unwrap();
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        let [one, twenty] = items;
        assert_eq!(all(&store, ada, None), [twenty.clone(), one.clone()]);
        // The former layout was kept: it is read, and converted, once more.
        let again = tempfile::tempdir().unwrap();
        std::fs::create_dir(again.path().join("store")).unwrap();
        let kept = "store/layout-4.mdb";
        let moved = again.path().join("store/data.mdb");
        std::fs::copy(dir.path().join(kept), moved).unwrap();
        let former = Store::open(again.path()).unwrap();
        assert_eq!(all(&former, ada, None), [twenty, one]);
        assert!(again.path().join(kept).exists());
        let txn = store.env.read_txn().unwrap();
        let held = store.tables.held(&txn, ada).unwrap();
        assert_eq!((held.items, held.bytes), (2, bytes as u64));
        let held = store.tables.held(&txn, bisi).unwrap();
        assert_eq!((held.items, held.bytes), (0, 0));
    }

    #[test]
    fn a_newer_layout_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let meta = store.tables.meta;
        assert_eq!(
            meta.get(&store.env.read_txn().unwrap(), VERSION_KEY)
                .unwrap(),
            Some(VERSION)
        );
        for unknown in [0, VERSION + 1, u64::MAX] {
            store
                .write(move |txn| meta.put(txn, VERSION_KEY, &unknown))
                .unwrap();
            let mut txn = store.env.write_txn().unwrap();
            let fault = run(&mut txn, store.tables).unwrap_err();
            assert!(fault.sentence.contains("layout"), "{fault}");
        }
        drop(store);
        let Err(fault) = Store::open(dir.path()) else {
            panic!("a newer layout was opened");
        };
        assert!(
            fault.sentence.contains("this program knows 1 to 8"),
            "{fault}"
        );
    }
}

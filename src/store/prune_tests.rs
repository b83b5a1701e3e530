use std::path::Path;
use std::thread;

use super::*;
use crate::tests::{account, all, contains, item, open};
use crate::{Feature, HistoryFate, HistoryItem, ItemId, StoreBounds};
use vocabox_base::fault::Kind;

/// An item that was made at `made_at`.
fn item_of(feature: Feature, made_at: Utc) -> HistoryItem {
    let made_at = made_at.ms_since(Utc::EPOCH);
    let random = ItemId::new().to_string();
    // As RFC 9562 lays it out: 48 bits of time, then the version and what is random.
    let id = format!(
        "{:08x}-{:04x}{}",
        made_at >> 16,
        made_at & 0xffff,
        &random[13..]
    );
    HistoryItem {
        id: id.parse().unwrap(),
        ..item(feature, "old")
    }
}

fn of_count(items_max: u64) -> Retention {
    Retention {
        items_max,
        ..Retention::default()
    }
}

fn of_days(days: u32) -> Retention {
    Retention {
        days_max: Some(days),
        ..Retention::default()
    }
}

fn bounds(retention: Retention) -> StoreBounds {
    StoreBounds {
        retention,
        ..StoreBounds::default()
    }
}

/// Returns once `account` has `total` items, while the pruner works in parallel.
fn wait_for(store: &Store, account: AccountId, total: u64) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let txn = store.env.read_txn().unwrap();
        let left = store.tables.items(&txn, account, None).unwrap();
        drop(txn);
        if left == total {
            return;
        }
        assert!(Instant::now() < deadline, "{left} items stay, not {total}");
        thread::yield_now();
    }
}

fn append_many(store: &Store, account: AccountId, items: &[HistoryItem]) {
    thread::scope(|scope| {
        for part in items.chunks(items.len().div_ceil(32)) {
            scope.spawn(move || {
                part.iter()
                    .for_each(|item| store.append(account, item).unwrap());
            });
        }
    });
}

/// That the totals are those of the items which are really there; how many they are.
fn check_counts(store: &Store, account: AccountId) -> usize {
    let every = all(store, account, None).len();
    let features = Feature::ALL.map(|feature| all(store, account, Some(feature)).len());
    assert_eq!(features.iter().sum::<usize>(), every);
    every
}

#[test]
fn the_newest_are_kept_and_counted_by_steps_of_a_bound() {
    let (_dir, store) = open();
    let (ada, bisi) = (account(&store, "ada"), account(&store, "bisi"));
    let items: Vec<_> = (0..600)
        .map(|i| item(Feature::ALL[i % 3], &format!("number {i}")))
        .collect();
    append_many(&store, ada, &items);
    store.append(bisi, &item(Feature::Tts, "bisi's")).unwrap();
    let pruning = store.pruning();
    let step = || pruning.prune_some(ada, of_count(50), Utc::now()).unwrap();
    assert_eq!([step(), step(), step(), step()], [256, 256, 38, 0]);
    let newest: Vec<_> = items.iter().rev().take(50).cloned().collect();
    assert_eq!(all(&store, ada, None), newest);
    assert_eq!(check_counts(&store, ada), 50);
    assert_eq!(check_counts(&store, bisi), 1);
}

#[test]
fn the_old_go_by_the_time_in_their_ids() {
    let (_dir, store) = open();
    let ada = account(&store, "ada");
    let now = Utc::now();
    let day = |days| now.days_before(days);
    for made_at in [day(400), day(31), day(30), day(30).ms_after(1), now] {
        store.append(ada, &item_of(Feature::Stt, made_at)).unwrap();
    }
    let pruning = store.pruning();
    let pruned = |days| pruning.prune_some(ada, of_days(days), now).unwrap();
    assert_eq!((pruned(365), check_counts(&store, ada)), (1, 4));
    // An item of exactly this age is removed, one that is a millisecond younger stays.
    assert_eq!((pruned(30), check_counts(&store, ada)), (2, 2));
    assert_eq!((pruned(1), check_counts(&store, ada)), (1, 1));
    assert_eq!(pruned(1), 0);
    // A clock that went back to 1970 makes nothing old.
    assert_eq!(pruning.prune_some(ada, of_days(1), Utc::EPOCH).unwrap(), 0);
}

#[test]
fn a_server_keeps_its_bound_while_items_come_in() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::serve(dir.path(), bounds(of_count(100))).unwrap();
    let accounts = ["ada", "bisi"].map(|name| account(&store, name));
    let items: Vec<_> = (0..1_000).map(|i| item(Feature::ALL[i % 4], "a")).collect();
    thread::scope(|scope| {
        for account in accounts {
            let (store, items) = (&store, &items);
            scope.spawn(move || append_many(store, account, items));
        }
    });
    for account in accounts {
        wait_for(&store, account, 100);
        assert_eq!(check_counts(&store, account), 100);
    }
    store
        .append(accounts[0], &item(Feature::Dub, "last"))
        .unwrap();
    wait_for(&store, accounts[0], 100);
    let newest = &all(&store, accounts[0], None)[0];
    assert_eq!(newest.text.as_deref(), Some("last"));
}

#[test]
fn a_server_finds_at_its_start_what_became_too_old_also_of_deleted_accounts() {
    let (dir, store) = open();
    let (ada, bisi) = (account(&store, "ada"), account(&store, "bisi"));
    let old = Utc::now().days_before(40);
    for account in [ada, bisi] {
        let items: Vec<_> = (0..300).map(|_| item_of(Feature::Tts, old)).collect();
        append_many(&store, account, &items);
        store.append(account, &item(Feature::Tts, "new")).unwrap();
    }
    store.delete_account("bisi", HistoryFate::Keep).unwrap();
    drop(store);
    let store = Store::serve(dir.path(), bounds(of_days(30))).unwrap();
    for account in [ada, bisi] {
        wait_for(&store, account, 1);
        assert_eq!(check_counts(&store, account), 1);
    }
}

/// A store with two accounts of 700 items each, of which `ada` is deleted.
fn deleted(fate: HistoryFate) -> (tempfile::TempDir, [AccountId; 2]) {
    let (dir, store) = open();
    let accounts = ["ada", "bisi"].map(|name| account(&store, name));
    for account in accounts {
        let items: Vec<_> = (0..700).map(|i| item(Feature::ALL[i % 4], "a")).collect();
        append_many(&store, account, &items);
    }
    store.delete_account("ada", fate).unwrap();
    (dir, accounts)
}

fn marks(store: &Store) -> u64 {
    let txn = store.env.read_txn().unwrap();
    store.tables.purges.len(&txn).unwrap()
}

fn reopen(dir: &Path) -> Arc<Store> {
    Store::open(dir).unwrap()
}

#[test]
fn a_purge_leaves_nothing_of_the_account_and_all_of_the_others() {
    let (dir, [ada, bisi]) = deleted(HistoryFate::Purge);
    let store = reopen(dir.path());
    assert_eq!(marks(&store), 1);
    assert_eq!(store.purge_deleted().unwrap(), 700);
    assert_eq!((marks(&store), check_counts(&store, ada)), (0, 0));
    assert_eq!(check_counts(&store, bisi), 700);
    assert_eq!(store.purge_deleted().unwrap(), 0);
    // Not even an empty count.
    let txn = store.env.read_txn().unwrap();
    let mut counts = store.tables.history_counts.iter(&txn).unwrap();
    assert!(counts.all(|count| account_of(count.unwrap().0) == Some(bisi)));
}

#[test]
fn a_purge_that_was_cut_is_finished_by_the_next_server() {
    let (dir, [ada, bisi]) = deleted(HistoryFate::Purge);
    let store = reopen(dir.path());
    assert_eq!(store.pruning().purge_some(ada).unwrap(), 256);
    drop(store);
    let store = Store::serve(dir.path(), StoreBounds::default()).unwrap();
    wait_for(&store, ada, 0);
    store.close();
    assert_eq!(marks(&store), 0);
    assert_eq!(check_counts(&store, bisi), 700);
}

#[test]
fn kept_history_is_nobodys_and_grows_no_more() {
    let (dir, [ada, _]) = deleted(HistoryFate::Keep);
    let store = reopen(dir.path());
    assert_eq!(store.purge_deleted().unwrap(), 0);
    assert_eq!(check_counts(&store, ada), 700);
    let again = account(&store, "ada");
    assert_ne!(again, ada);
    assert_eq!(check_counts(&store, again), 0);
    // A request that was running when the account was deleted.
    let fault = store.append(ada, &item(Feature::Tts, "late")).unwrap_err();
    assert_eq!(fault.kind, Kind::Unauthorized);
    assert_eq!(check_counts(&store, ada), 700);
}

#[test]
fn a_kept_history_is_purged_when_the_operator_says_so() {
    let (dir, [ada, bisi]) = deleted(HistoryFate::Keep);
    let store = reopen(dir.path());
    assert_eq!(store.purge_kept().unwrap(), 1);
    assert_eq!(store.purge_deleted().unwrap(), 700);
    assert_eq!((marks(&store), check_counts(&store, ada)), (0, 0));
    assert_eq!(check_counts(&store, bisi), 700);
    assert_eq!(store.purge_kept().unwrap(), 0);
}

/// What the items of `account` take.
fn bytes(store: &Store, account: AccountId) -> u64 {
    let txn = store.env.read_txn().unwrap();
    store.tables.held(&txn, account).unwrap().bytes
}

#[test]
fn the_newest_that_fit_are_kept() {
    let (_dir, store) = open();
    let (ada, bisi) = (account(&store, "ada"), account(&store, "bisi"));
    for number in 0..40 {
        let text = number.to_string().repeat(500);
        store.append(ada, &item(Feature::Tts, &text)).unwrap();
        store.append(bisi, &item(Feature::Tts, &text)).unwrap();
    }
    let (before, newest) = (all(&store, ada, None), bytes(&store, ada) / 40);
    let retention = Retention {
        bytes_max: 10 * newest,
        ..Retention::default()
    };
    let pruning = store.pruning();
    let removed = pruning.prune_some(ada, retention, Utc::now()).unwrap();
    assert!((29..=32).contains(&removed), "{removed}");
    assert!(bytes(&store, ada) <= retention.bytes_max);
    assert_eq!(all(&store, ada, None), before[..40 - removed]);
    assert_eq!(check_counts(&store, bisi), 40);
    let removed = pruning.prune_some(ada, retention, Utc::now()).unwrap();
    assert_eq!(removed, 0);
    let newest = all(&store, ada, None);
    newest
        .iter()
        .for_each(|item| store.delete_item(ada, item.id).unwrap());
    assert_eq!(bytes(&store, ada), 0);
}

#[test]
fn an_account_that_fills_the_store_loses_its_own_oldest_items() {
    let dir = tempfile::tempdir().unwrap();
    let bounds = StoreBounds {
        bytes_max: 8 * 1024 * 1024,
        ..StoreBounds::default()
    };
    let store = Store::serve(dir.path(), bounds).unwrap();
    let (ada, bisi) = (account(&store, "ada"), account(&store, "bisi"));
    let small: Vec<_> = (0..10).map(|_| item(Feature::Tts, "small")).collect();
    append_many(&store, bisi, &small);
    let text = "x".repeat(4_000);
    // Twice what fits.
    for _ in 0..2_000 {
        store.append(ada, &item(Feature::Tts, &text)).unwrap();
    }
    let left = check_counts(&store, ada);
    assert!((200..1_700).contains(&left), "{left}");
    assert_eq!(check_counts(&store, bisi), 10);
}

#[test]
fn no_text_of_the_history_can_be_read_from_the_disk_and_none_at_all_after_a_purge() {
    let (dir, store) = open();
    let (ada, bisi) = (account(&store, "ada"), account(&store, "bisi"));
    let said = item(Feature::Tts, "my knee hurts");
    store.append(ada, &said).unwrap();
    store
        .append(bisi, &item(Feature::Tts, "so does mine"))
        .unwrap();
    let sealed = {
        let txn = store.env.read_txn().unwrap();
        let key = crate::codec::item_key(ada, said.id);
        store
            .tables
            .history
            .get(&txn, &key)
            .unwrap()
            .unwrap()
            .to_vec()
    };
    assert!(
        contains(dir.path(), "bisi"),
        "the search finds what is there"
    );
    assert!(!contains(dir.path(), "knee") && !contains(dir.path(), "mine"));
    let json = store
        .seals
        .opener(ada)
        .unwrap()
        .open(said.id, &sealed)
        .unwrap();
    assert!(String::from_utf8(json).unwrap().contains("knee"));
    // Nor is the secret of another account of any use.
    let others = store.seals.opener(bisi).unwrap();
    assert_eq!(
        others.open(said.id, &sealed).unwrap_err().kind,
        Kind::Internal
    );
    store.delete_account("ada", HistoryFate::Purge).unwrap();
    let opener = store.seals.opener(ada).unwrap();
    assert_eq!(
        opener.open(said.id, &sealed).unwrap_err().kind,
        Kind::Internal
    );
    let kept = all(&store, bisi, None);
    assert_eq!(kept[0].text.as_deref(), Some("so does mine"));
}

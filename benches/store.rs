//! The store on this machine's disk: the cost of a request's key, token and history item, with a history of a million
//! items (`VOCABOX_BENCH_ITEMS` for another number).

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use vocabox::admit::bucket;
use vocabox::admit::key::authenticate;
use vocabox::limits::RPM_MAX;
use vocabox::store::{
    AccountId, Feature, HistoryItem, ItemId, KeyEnv, KeyLimits, Retention, Status, Store,
    StoreBounds, Utc,
};

/// Opens a store as a server does, with unlimited history.
fn open() -> (tempfile::TempDir, Arc<Store>, AccountId) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let retention = Retention {
        items_max: u64::MAX,
        bytes_max: u64::MAX,
        ..Retention::default()
    };
    let bounds = StoreBounds {
        retention,
        ..StoreBounds::default()
    };
    let store = Store::serve(dir.path(), bounds).expect("a store");
    let account = store.create_account("bench", RPM_MAX, true, None);
    (dir, store, account.expect("an account").id)
}

/// The history item of a sentence of 120 characters.
fn item(number: u64) -> HistoryItem {
    HistoryItem {
        id: ItemId::new(),
        feature: Feature::ALL[number as usize % Feature::ALL.len()],
        status: Status::Ok,
        created_at: Utc::now(),
        key_name: "bench".into(),
        voice_id: Some("af_heart".into()),
        language: Some("en".into()),
        text: Some("a".repeat(120)),
        duration_seconds: Some(7.5),
        character_count: Some(120),
        engine: Some("kokoro".into()),
        model: Some("kokoro-82m".into()),
        latency_ms: Some(900),
    }
}

/// Appends `items` items from `threads` threads; returns the total time, and that of each append.
fn append(
    store: &Store,
    account: AccountId,
    threads: u64,
    items: u64,
) -> (Duration, Vec<Duration>) {
    let start = Instant::now();
    let each = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    (thread..items)
                        .step_by(threads as usize)
                        .map(|number| {
                            let start = Instant::now();
                            store.append(account, &item(number)).expect("an append");
                            start.elapsed()
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| thread.join().expect("a thread");
        threads.into_iter().flat_map(join).collect()
    });
    (start.elapsed(), each)
}

fn keys(c: &mut Criterion) {
    let (_dir, store, _) = open();
    let secrets: Vec<_> = (0..1000)
        .map(|_| store.create_key("bench", "bench", KeyEnv::Live, KeyLimits::default()))
        .map(|made| format!("Bearer {}", made.expect("a key").0.reveal()))
        .collect();
    let now = Utc::now();
    let mut turn = secrets.iter().cycle();
    c.bench_function("key_check_of_1000_keys", |b| {
        b.iter(|| authenticate(&store, turn.next().map(String::as_str), now).expect("a caller"));
    });
    let unknown = format!("Bearer satryx_live_{}", "0".repeat(64));
    c.bench_function("key_check_unknown", |b| {
        b.iter(|| authenticate(&store, Some(black_box(&unknown)), now).expect_err("a refusal"));
    });
    let callers: Vec<_> = (secrets.iter())
        .map(|secret| authenticate(&store, Some(secret), now).expect("a caller"))
        .collect();
    let mut turn = callers.iter().cycle();
    let mut take = || bucket::take(&store, turn.next().expect("a caller")).expect("a token");
    // The first call of a key waits for the disk.
    callers.iter().for_each(|_| {
        take();
    });
    c.bench_function("bucket_take_of_1000_keys", |b| b.iter(&mut take));
    let one = &callers[0];
    c.bench_function("bucket_look", |b| {
        b.iter(|| bucket::peek(&store, one).expect("a level"));
    });
}

fn history(c: &mut Criterion) {
    let items = std::env::var("VOCABOX_BENCH_ITEMS")
        .map_or(1_000_000, |items| items.parse().expect("a number of items"));
    let (dir, store, account) = open();
    let (took, _) = append(&store, account, 64, items);
    eprintln!("{items} items were appended by 64 threads in {took:.1?}");

    let mut group = c.benchmark_group(format!("history_page_of_50_in_{items}_items"));
    for (name, offset, feature) in [
        ("newest", 0, None),
        ("newest_of_feature", 0, Some(Feature::Stt)),
        ("offset_100000", 100_000, None),
        ("offset_100000_of_feature", 100_000, Some(Feature::Stt)),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| store.page(account, 50, offset, feature).expect("a page"));
        });
    }
    group.finish();

    let mut group = c.benchmark_group(format!("history_append_to_{items}_items"));
    group.throughput(Throughput::Elements(1));
    for threads in [1, 16, 64] {
        group.bench_function(format!("{threads}_threads"), |b| {
            b.iter_custom(|items| append(&store, account, threads, items).0);
        });
        let (_, each) = append(&store, account, threads, 4_096);
        eprintln!("one append of {threads} threads: {}", quantiles(each));
    }
    group.finish();

    drop(store);
    let start = Instant::now();
    let retention = Retention {
        items_max: items / 2,
        ..Retention::default()
    };
    let bounds = StoreBounds {
        retention,
        ..StoreBounds::default()
    };
    let store = Store::serve(dir.path(), bounds).expect("a store");
    let (_, each) = append(&store, account, 16, 4_096);
    let total = || store.page(account, 1, 0, None).expect("a page").total;
    let while_pruned = total() > items / 2;
    eprintln!(
        "one append of 16 threads while history is pruned ({while_pruned}): {}",
        quantiles(each)
    );
    while total() > items / 2 {
        std::thread::yield_now();
    }
    eprintln!("half of the items were pruned in {:.1?}", start.elapsed());
}

fn quantiles(mut each: Vec<Duration>) -> String {
    each.sort();
    let at = |part: usize| each[each.len() * part / 100];
    format!("p50 {:?}, p99 {:?}", at(50), at(99))
}

criterion_group!(benches, keys, history);
criterion_main!(benches);

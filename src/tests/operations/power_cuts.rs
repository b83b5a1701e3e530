//! Power cuts, on a disk that loses what was not synced (`tests/data/lossy_disk.rs`).

use std::collections::HashSet;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use super::durability::{Caller, new_key, random, read_history};
use crate::support::server::{Server, stub_models};
use crate::support::shim;

/// How often the power is cut; `VOCABOX_CUTS` overrides it.
const CUTS: usize = 10;
/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// Clients generate; the process is killed at a random moment; then the disk takes back writes that were not synced: at
/// every other cut all, else some sectors of them.
#[test]
fn power_cuts_lose_nothing_acknowledged_and_leave_a_store_that_opens() {
    let cuts = std::env::var("VOCABOX_CUTS").map_or(CUTS, |n| n.parse().expect("a number"));
    let folder = tempfile::tempdir().unwrap();
    let (data, stubs) = (folder.path().join("data"), stub_models());
    let disk = LossyDisk::build(folder.path());
    let key = new_key(&data, "generating", "100000");
    let mut known = HashSet::new();
    let (mut acknowledged, mut lost) = (0, 0);
    let records = ("LOSSY_RECORDS", &*disk.records);
    let start = || Server::preloaded(&data, &key, stubs.path(), &disk.shim, records, &[]);
    let mut server = start();
    for cut in 0..cuts {
        let (ack, acks) = mpsc::channel();
        let of_round: Vec<String> = thread::scope(|scope| {
            for _ in 0..3 {
                let (ack, caller) = (ack.clone(), Caller::new(server.addr, &key));
                scope.spawn(move || caller.generate_until_killed(&ack));
            }
            drop(ack);
            let mut of_round: Vec<String> = acks.iter().take(1 + random() % 60).collect();
            server.kill();
            of_round.extend(acks);
            of_round
        });
        lost += disk.lose(&data, cut.is_multiple_of(2));
        server = start();
        read_history(&server, &mut known);
        for id in &of_round {
            assert!(known.contains(id), "{id} is lost after {cut} cuts");
        }
        acknowledged += of_round.len();
    }
    println!(
        "{cuts} cuts: {acknowledged} items acknowledged, {lost} bytes of unsynced writes lost"
    );
}

struct LossyDisk {
    shim: PathBuf,
    records: PathBuf,
}

impl LossyDisk {
    fn build(folder: &Path) -> LossyDisk {
        LossyDisk {
            shim: shim::build("lossy_disk", folder),
            records: folder.join("records"),
        }
    }

    /// Takes back the writes that were not synced, the last first; returns how many bytes.
    fn lose(&self, data: &Path, all: bool) -> usize {
        let store = File::options()
            .write(true)
            .open(data.join("store/data.mdb"));
        let (store, records) = (store.unwrap(), fs::read(&self.records).unwrap_or_default());
        let mut rest = &records[..];
        let mut replaced = Vec::new();
        // The last record may be cut off: then its write did not start.
        while let Some((head, after)) = rest.split_first_chunk::<16>() {
            let offset = u64::from_le_bytes(*head.first_chunk().unwrap());
            let bytes = u64::from_le_bytes(*head.last_chunk().unwrap()) as usize;
            let Some((bytes, after)) = after.split_at_checked(bytes) else {
                break;
            };
            replaced.push((offset, bytes));
            rest = after;
        }
        let mut lost = 0;
        for (offset, bytes) in replaced.into_iter().rev() {
            for (number, sector) in bytes.chunks(SECTOR).enumerate() {
                if all || random().is_multiple_of(2) {
                    let at = offset + (number * SECTOR) as u64;
                    store.write_all_at(sector, at).unwrap();
                    lost += sector.len();
                }
            }
        }
        File::create(&self.records).unwrap();
        lost
    }
}

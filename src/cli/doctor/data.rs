//! The data folder: who may enter it, and the store in it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use super::finding::{Findings, size};
use crate::store::{Store, StoreSize};

/// The part of the size that it may grow to, in percent, from which the store is nearly full.
const FULL_PERCENT: u64 = 90;

/// What was found in the data folder.
#[derive(Default)]
pub struct FoundData {
    pub store: Option<Arc<Store>>,
    pub size: Option<StoreSize>,
    /// The process that serves the folder.
    pub server: Option<u32>,
}

/// Looks at the data folder. One that is not there yet is not made.
pub fn look(findings: &mut Findings, data_dir: &Path) -> FoundData {
    permissions(findings, data_dir);
    let server = Store::server_of(data_dir);
    let subject = "store";
    if !Store::is_in(data_dir) {
        let found = format!("there is none in {}", data_dir.display());
        let remedy =
            "make an account: `vocabox account create NAME`; or name the folder by --data-dir";
        findings.warn(subject, found, remedy);
        return FoundData {
            server,
            ..FoundData::default()
        };
    }
    let opened = Store::open(data_dir).and_then(|store| {
        store.check_writable()?;
        Ok((store.size()?, store))
    });
    let (found, store) = match opened {
        Ok(opened) => opened,
        Err(fault) => {
            let remedy =
                "make the folder writable for the server's user, make room, or restore a backup";
            findings.fail(subject, fault.to_string(), remedy);
            return FoundData {
                server,
                ..FoundData::default()
            };
        }
    };
    let told = format!(
        "{} of at most {}, writable; {} accounts, {} keys, {} history items, {} cloned voices, {} jobs",
        size(found.file_bytes),
        size(found.map_bytes),
        found.accounts,
        found.keys,
        found.history_items,
        found.voices,
        found.jobs
    );
    match found.file_bytes * 100 >= found.map_bytes * FULL_PERCENT {
        true => findings.warn(
            subject,
            told,
            "raise --store-bytes, or keep less history (--history-bytes)",
        ),
        false => findings.ok(subject, told),
    }
    if found.keys == 0 {
        let remedy = "make one: `vocabox key create --account NAME --name TEXT`";
        findings.warn("keys", "there is none: every request gets 401", remedy);
    }
    FoundData {
        store: Some(store),
        size: Some(found),
        server,
    }
}

/// Looks at the owner and the mode of the data folder and of what is secret in it.
fn permissions(findings: &mut Findings, data_dir: &Path) {
    let subject = "permissions";
    let own = rustix::process::geteuid().as_raw();
    for folder in ["", "store", "secrets", "voices"] {
        let path = data_dir.join(folder);
        let Ok(there) = fs::metadata(&path) else {
            continue;
        };
        let path = path.display();
        if there.mode() & 0o077 != 0 {
            let found = format!(
                "other users of the machine may enter {path} (mode {:o})",
                there.mode() & 0o777
            );
            return findings.warn(subject, found, format!("chmod 700 {path}"));
        }
        if there.uid() != own {
            let found = format!(
                "{path} belongs to user {}, and this is user {own}",
                there.uid()
            );
            let remedy = "run commands as the user of the server (sudo -u)";
            return findings.warn(subject, found, remedy);
        }
    }
    if data_dir.exists() {
        findings.ok(subject, "only this user may enter the data folder");
    }
}

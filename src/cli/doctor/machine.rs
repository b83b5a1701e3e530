//! The machine: memory, disk, open files, clock.

use std::fs;
use std::path::Path;

use rustix::process::{Resource, getrlimit};
use vocabox_base::{disk, groups};

use super::finding::{Findings, size};
use crate::config;
use crate::limits::DISK_BYTES_MIN;
use crate::store::Utc;

/// The time before which no build of this program was made.
const BUILT_AFTER: &str = "2026-11-01T00:00:00Z";
/// Open files of a connection, and those beside all of them.
const FILES_A_CONNECTION: u64 = 5;
const FILES_BESIDE: u64 = 256;

/// Bytes of memory that may be had now: what the machine has free, and what the control groups of this process leave.
pub fn free_memory() -> Option<u64> {
    let machine = meminfo("MemAvailable:");
    let group = groups::memory_bytes_max();
    match (machine, group) {
        (Some(machine), Some(group)) => Some(machine.min(group)),
        (machine, group) => machine.or(group),
    }
}

/// Looks at memory, of which the packs need so many bytes.
pub fn memory(findings: &mut Findings, need: u64) {
    let subject = "memory";
    let (Some(total), Some(free)) = (meminfo("MemTotal:"), free_memory()) else {
        return findings.warn(subject, "/proc/meminfo does not tell it", "mount /proc");
    };
    let bound = match groups::memory_bytes_max() {
        Some(bytes) => format!(
            "; the control group of this process may have {}",
            size(bytes)
        ),
        None => String::new(),
    };
    let found = format!(
        "{} of {} can be had{bound}; the packs need about {}",
        size(free),
        size(total),
        size(need)
    );
    match groups::memory_bytes_max().unwrap_or(total).min(total) < need {
        true => findings.fail(
            subject,
            found,
            "add memory, raise MemoryMax or --memory, or fetch fewer or smaller packs",
        ),
        false if free < need => findings.warn(
            subject,
            found,
            "a server that runs already has its part of it; otherwise end other programs",
        ),
        false => findings.ok(subject, found),
    }
}

/// Looks at the disk of `data_dir`, or of the first folder above it that is there.
pub fn disk(findings: &mut Findings, data_dir: &Path, options: &config::Serve) {
    let subject = "disk";
    let above = |path: &&Path| path.exists();
    let whole = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    let folder = whole.ancestors().find(above).unwrap_or(Path::new("/"));
    let free = match disk::free_bytes(folder) {
        Ok(free) => free,
        Err(error) => {
            let found = format!("{} does not tell its free room: {error}", folder.display());
            return findings.fail(subject, found, "repair or mount the disk");
        }
    };
    let found = format!("{} free for {}", size(free), data_dir.display());
    let kept = options
        .edge
        .spool_bytes
        .saturating_add(options.dub.dub_disk);
    if free < DISK_BYTES_MIN {
        let found = format!(
            "{found}: /readyz answers 503 below {}",
            size(DISK_BYTES_MIN)
        );
        findings.fail(
            subject,
            found,
            "make room, or move the data folder (--data-dir)",
        );
    } else if free < options.edge.spool_bytes {
        let spool = size(options.edge.spool_bytes);
        let found = format!("{found}, and uploads under way may take {spool} (--spool-bytes)");
        findings.warn(
            subject,
            found,
            "make room, or lower --spool-bytes and --dub-disk",
        );
    } else {
        let found = format!("{found}; uploads and dubbing jobs may take {}", size(kept));
        findings.ok(subject, found);
    }
}

/// Looks at how many files a process may have open.
pub fn open_files(findings: &mut Findings, options: &config::Serve) {
    let subject = "open files";
    let limit = getrlimit(Resource::Nofile);
    let connections = options.edge.connections as u64;
    let need = connections * FILES_A_CONNECTION + 2 * options.handlers() as u64 + FILES_BESIDE;
    let Some(most) = limit.maximum else {
        return findings.ok(subject, "no limit");
    };
    let found =
        format!("{most} may be open, {need} with {connections} connections (--connections)");
    match most < need {
        true => findings.warn(
            subject,
            format!("{found}: the server takes fewer connections"),
            format!("raise LimitNOFILE or `ulimit -n` to {need}, or lower --connections"),
        ),
        false => findings.ok(subject, found),
    }
}

/// Looks at the clock.
pub fn clock(findings: &mut Findings) {
    let now = Utc::now();
    let remedy = "set the clock, and have a time service keep it";
    match now.to_string().as_str() < BUILT_AFTER {
        true => {
            let found = format!(
                "it shows {now}, before this program was made: keys do not expire in time, and the log's times are wrong"
            );
            findings.fail("clock", found, remedy);
        }
        false => findings.ok("clock", format!("it shows {now}")),
    }
}

/// The bytes of a line of `/proc/meminfo`.
fn meminfo(name: &str) -> Option<u64> {
    let listed = fs::read_to_string("/proc/meminfo").ok()?;
    let line = listed.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

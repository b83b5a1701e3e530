//! Resources of the server's process, as the kernel counts them.

use std::fs;
use std::sync::Once;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::raw::PATIENCE;
use crate::support::server::Server;

/// Resident memory in bytes.
pub fn resident(server: &Server) -> u64 {
    status_bytes(server, "VmRSS:")
}

/// The most resident memory since [`reset_peak`], in bytes.
pub fn peak(server: &Server) -> u64 {
    status_bytes(server, "VmHWM:")
}

/// Sets the peak to what is resident now (`man 5 proc_pid_clear_refs`).
pub fn reset_peak(server: &Server) {
    fs::write(format!("/proc/{}/clear_refs", server.pid()), "5").unwrap();
}

fn status_bytes(server: &Server, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix(name));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() * 1024
}

/// Processor time of all its threads.
pub fn processor_time(server: &Server) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", server.pid())).unwrap();
    // The name, in parentheses, may contain spaces, so fields are counted from its end. User and system time are fields
    // 14 and 15 (proc(5)), in ticks.
    let fields: Vec<&str> = stat[stat.rfind(')').unwrap()..].split(' ').collect();
    let ticks = |n: usize| fields[n].parse::<u64>().unwrap();
    let per_second = rustix::param::clock_ticks_per_second();
    Duration::from_millis((ticks(12) + ticks(13)) * 1_000 / per_second)
}

/// Number of connections, each of which has a thread.
pub fn connections(server: &Server) -> usize {
    threads(server, "connection")
}

/// Number of its threads that have this name.
pub fn threads(server: &Server, named: &str) -> usize {
    let threads = fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap();
    let name = |thread: fs::DirEntry| fs::read_to_string(thread.path().join("comm"));
    threads
        // A thread may end while it is read.
        .filter_map(|thread| name(thread.ok()?).ok())
        .filter(|name| name.trim() == named)
        .count()
}

/// The numbers of its open file descriptors.
pub fn files(server: &Server) -> Vec<u64> {
    let open = fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap();
    let name = |file: fs::DirEntry| file.file_name().into_string().unwrap();
    open.map(|file| name(file.unwrap()).parse().unwrap())
        .collect()
}

/// Number of open unlinked files in the spool folder.
pub fn spooled(server: &Server) -> usize {
    let spool = server.data.join("spool");
    let open = fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap();
    open.filter_map(|file| fs::read_link(file.ok()?.path()).ok())
        .filter(|to| to.starts_with(&spool))
        .count()
}

/// The pause between two looks at something that is awaited: looking without one takes a processor from what is awaited.
pub const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Waits until `holds` returns true; fails after some time with `what`.
#[track_caller]
pub fn until(what: &str, holds: impl FnMut() -> bool) {
    until_within(PATIENCE, what, holds);
}

/// As [`until`], for what may take as long as `most`.
#[track_caller]
pub fn until_within(most: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < most, "{what} has not come");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Raises this process's limit of open files to the hard limit: attacks need a thousand.
pub fn raise_own_files() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let maximum = getrlimit(Resource::Nofile).maximum;
        let raised = Rlimit {
            current: maximum,
            maximum,
        };
        setrlimit(Resource::Nofile, raised).unwrap();
    });
}

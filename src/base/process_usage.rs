//! What this process uses of the machine, as the kernel counts it in `/proc/self`.

use std::fs;
use std::sync::OnceLock;

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

static STARTED_S: OnceLock<f64> = OnceLock::new();

/// What a process uses; 0 where the kernel does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ProcessUsage {
    pub resident_bytes: u64,
    /// Processor seconds of all threads, in the program and in the kernel.
    pub cpu_s: f64,
    pub open_files: u64,
    /// Files that it may have open; none without a bound.
    pub open_files_max: Option<u64>,
    /// Seconds since 1970 when it was started, by the machine's clock as it was when this was first asked: a clock that is set
    /// or corrected afterwards must not look like a new start.
    pub started_s: f64,
}

impl ProcessUsage {
    /// Returns what this process uses now.
    pub fn now() -> Self {
        let text = |name: &str| fs::read_to_string(name).unwrap_or_default();
        let (resident_pages, cpu_ticks, started_ticks) =
            read_stat(&text("/proc/self/stat")).unwrap_or_default();
        let ticks_a_second = clock_ticks_per_second() as f64;
        let open_files = fs::read_dir("/proc/self/fd").map_or(0, |all| all.count() as u64);
        let started_s = || booted_s() + started_ticks as f64 / ticks_a_second;
        ProcessUsage {
            resident_bytes: resident_pages * page_size() as u64,
            cpu_s: cpu_ticks as f64 / ticks_a_second,
            // Reading the folder opens it.
            open_files: open_files.saturating_sub(1),
            open_files_max: getrlimit(Resource::Nofile).current,
            started_s: *STARTED_S.get_or_init(started_s),
        }
    }
}

/// Seconds since 1970 when the machine was started.
fn booted_s() -> f64 {
    let seconds = |clock| {
        let time = clock_gettime(clock);
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    };
    seconds(ClockId::Realtime) - seconds(ClockId::Boottime)
}

/// Resident pages, and ticks of the processor time and of the start since boot, of a line of `/proc/…/stat` (proc(5)).
fn read_stat(line: &str) -> Option<(u64, u64, u64)> {
    // The name of the program may have spaces and brackets; the third field follows the last bracket.
    let (_, rest) = line.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some((field(24)?, field(14)? + field(15)?, field(22)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernel_is_read_whatever_the_program_is_called() {
        let line = "7 (a) b (c) S 1 7 7 0 -1 4194560 900 0 0 0 150 50 0 0 20 0 4 0 360 9000 321 18446744073709551615 1";
        assert_eq!(read_stat(line), Some((321, 200, 360)));
        assert_eq!(read_stat("nonsense"), None);
        assert_eq!(read_stat("7 (a) S 1"), None);
    }

    #[test]
    fn this_process_uses_memory_time_and_files_and_was_started_before_now() {
        let before = ProcessUsage::now();
        assert!(before.resident_bytes > 1 << 20, "{before:?}");
        let now = clock_gettime(ClockId::Realtime).tv_sec as f64;
        let age_s = now - before.started_s;
        assert!((-2.0..86_400.0 * 7.0).contains(&age_s), "{age_s}");
        let held: Vec<_> = (0..9)
            .map(|_| fs::File::open("/dev/null").unwrap())
            .collect();
        let after = ProcessUsage::now();
        assert!(after.open_files >= 9, "{after:?}");
        assert!(after.cpu_s >= before.cpu_s);
        assert_eq!(after.started_s, before.started_s);
        drop(held);
    }
}

//! Bounds the threads: tiny_http's accept thread does not survive a thread that cannot be started, so the connections
//! must never need more threads than the process may have. Containers and service managers often allow few.

use std::path::{Path, PathBuf};

use rustix::process::{Resource, getrlimit, getuid};

use crate::EdgeError;
use vocabox_base::groups;

/// Threads of one connection with a running request: its own, and tiny_http's while it reads the ticket.
const PER_CONNECTION: u64 = 2;
/// For the store, dubbing, cloning, signals, and other processes that share the limit.
const REST: u64 = 64;

/// Returns as many connections as the limits on threads allow beside `handlers` and `beside` other threads, at most
/// `wanted`. The error says that
/// not even one for each handler fits.
pub(crate) fn connections(
    wanted: usize,
    handlers: usize,
    beside: usize,
) -> Result<usize, EdgeError> {
    let of_group = room(Path::new(groups::MOUNT), &groups::listed());
    // The limit counts the threads of all processes of this user, and applies to all users but root.
    let of_user = match getuid().is_root() {
        true => None,
        false => getrlimit(Resource::Nproc).current,
    };
    let have = of_group.into_iter().chain(of_user).min();
    let have = have.unwrap_or(u64::MAX).saturating_sub(beside as u64);
    fit(wanted as u64, handlers as u64, have)
}

fn fit(wanted: u64, handlers: u64, have: u64) -> Result<usize, EdgeError> {
    let taken = handlers + REST;
    let fitting = (have.saturating_sub(taken) / PER_CONNECTION).min(wanted);
    let fewest = handlers.min(wanted);
    if fitting < fewest {
        let need = fewest * PER_CONNECTION + taken;
        return Err(EdgeError::Threads { have, need });
    }
    Ok(fitting as usize)
}

/// Returns the threads that may still be started in the control groups of this process, which `listed` lists; none where
/// nothing limits them. `mount` is where they are mounted.
fn room(mount: &Path, listed: &str) -> Option<u64> {
    let left = |group: &PathBuf| {
        let number = |name| groups::number(group, name);
        Some(number("pids.max")?.saturating_sub(number("pids.current")?))
    };
    (groups::folders(mount, listed, "pids").iter())
        .filter_map(left)
        .min()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_tightest_group_counts_in_both_versions() {
        let mount = tempfile::tempdir().unwrap();
        let group = |path: &str, max: &str, current: &str| {
            let group = mount.path().join(path);
            fs::create_dir_all(&group).unwrap();
            fs::write(group.join("pids.max"), max).unwrap();
            fs::write(group.join("pids.current"), current).unwrap();
        };
        let room = |groups: &str| room(mount.path(), groups);
        assert_eq!(room("0::/a/b\n4:memory:/x\n"), None);
        group("a/b", "max\n", "7\n");
        assert_eq!(room("0::/a/b"), None);
        group("a", "1000\n", "100\n");
        assert_eq!(room("0::/a/b"), Some(900));
        group("a/b", "50\n", "60\n");
        assert_eq!(room("0::/a/b"), Some(0));
        group("pids/c", "300\n", "1\n");
        assert_eq!(room("8:pids:/c\n0::/"), Some(299));
        // In a container that sees its host's path.
        group("", "20\n", "2\n");
        assert_eq!(room("0::/host/of/it"), Some(18));
        assert_eq!(room("nonsense"), None);
    }

    #[test]
    fn connections_fit_into_the_limit_or_there_are_none() {
        assert_eq!(fit(1_024, 42, u64::MAX).unwrap(), 1_024);
        assert_eq!(fit(1_024, 42, 1_024).unwrap(), (1_024 - 42 - 64) / 2);
        assert_eq!(fit(1_024, 42, 190).unwrap(), 42);
        let none = fit(1_024, 42, 189).unwrap_err();
        assert!(none.to_string().contains("needs 190"), "{none}");
    }
}

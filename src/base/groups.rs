//! The control groups that this process is in, and all above them (cgroups(7)), in both versions: containers and service
//! managers bound threads and memory by them.

use std::fs;
use std::path::{Path, PathBuf};

/// Where control groups are mounted.
pub const MOUNT: &str = "/sys/fs/cgroup";

/// Bounds above this are none: the first version writes a number of pages close to 2^63 for it.
const NONE_ABOVE: u64 = 1 << 60;

/// Returns what `/proc/self/cgroup` lists; nothing where it cannot be read.
pub fn listed() -> String {
    fs::read_to_string("/proc/self/cgroup").unwrap_or_default()
}

/// Returns the folders of the groups in `listed` that `controller` bounds, and of those above them. `mount` is where they are
/// mounted.
pub fn folders(mount: &Path, listed: &str, controller: &str) -> Vec<PathBuf> {
    let of_line = |line: &str| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, group) = (fields.next()?, fields.next()?);
        let root = match controllers {
            "" => mount.to_owned(),
            _ if controllers.split(',').any(|c| c == controller) => mount.join(controllers),
            _ => return None,
        };
        let group = root.join(group.trim_start_matches('/'));
        // A container sees its own group as the root, whatever the host calls it.
        let above = group.ancestors().filter(|g| g.starts_with(&root));
        let above = above.map(Path::to_owned);
        Some(above.chain([root.clone()]).collect::<Vec<_>>())
    };
    listed.lines().filter_map(of_line).flatten().collect()
}

/// Returns the number in the file `name` of a group; none where there is none, or no bound.
pub fn number(group: &Path, name: &str) -> Option<u64> {
    let text = fs::read_to_string(group.join(name)).ok()?;
    text.trim().parse().ok().filter(|n| *n < NONE_ABOVE)
}

/// Returns the most memory in bytes that the groups of this process may have; none where nothing bounds it.
pub fn memory_bytes_max() -> Option<u64> {
    memory_bound(Path::new(MOUNT), &listed())
}

fn memory_bound(mount: &Path, listed: &str) -> Option<u64> {
    let groups = folders(mount, listed, "memory");
    let bounds = groups
        .iter()
        .flat_map(|group| ["memory.max", "memory.limit_in_bytes"].map(|name| number(group, name)));
    bounds.flatten().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_bound_on_memory_counts_in_both_versions() {
        let mount = std::env::temp_dir().join(format!("vocabox-groups-{}", std::process::id()));
        let put = |path: &str, text: &str| {
            let path = mount.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let bound = |listed: &str| memory_bound(&mount, listed);
        assert_eq!(bound("0::/a/b\n4:memory:/x\n"), None);
        put("a/b/memory.max", "max\n");
        assert_eq!(bound("0::/a/b"), None);
        put("a/memory.max", "1000\n");
        assert_eq!(bound("0::/a/b"), Some(1_000));
        put("memory/c/memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(bound("8:memory:/c\n0::/"), None);
        put("memory/memory.limit_in_bytes", "500\n");
        assert_eq!(bound("8:memory:/c\n0::/a/b"), Some(500));
        assert_eq!(bound("8:cpu,memory:/c"), None, "not mounted there");
        assert_eq!(bound("nonsense"), None);
        fs::remove_dir_all(&mount).unwrap();
    }
}

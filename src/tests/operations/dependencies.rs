//! What is pinned exactly has been read: `scripts/dependencies.md` has a line of that version. Licences, advisories and
//! duplicates are checked by `cargo deny` in `scripts/test`.

use std::collections::BTreeSet;
use std::path::Path;

/// Names and versions of the dependencies that `manifest` pins with `=`.
fn pinned(manifest: &str) -> BTreeSet<(String, String)> {
    let manifest: toml::Table = manifest.parse().unwrap();
    let dependencies = manifest["workspace"]["dependencies"].as_table().unwrap();
    let version = |told: &toml::Value| {
        let text = told.as_str().or_else(|| told.get("version")?.as_str())?;
        text.strip_prefix('=').map(str::to_owned)
    };
    dependencies
        .iter()
        .filter_map(|(name, told)| Some((name.clone(), version(told)?)))
        .collect()
}

/// Names and versions in the table of `review`.
fn reviewed(review: &str) -> BTreeSet<(String, String)> {
    let rows = review.lines().filter(|line| line.starts_with("| "));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    cells
        .skip(2)
        .map(|cells| (cells[1].to_owned(), cells[2].to_owned()))
        .collect()
}

#[test]
fn what_is_pinned_has_been_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let pinned = pinned(&read("Cargo.toml"));
    assert!(pinned.len() > 15, "{pinned:?}");
    assert_eq!(pinned, reviewed(&read("scripts/dependencies.md")));
}

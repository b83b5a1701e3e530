//! Every dependency may be distributed within one binary under Apache-2.0: `scripts/licences.toml` lists the accepted
//! licences.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Whether one of the alternatives of an SPDX expression has only `accepted` licences. Exceptions (`WITH`) only add
/// permissions; `/` is an older form of `OR`.
fn is_accepted(expression: &str, accepted: &[&str]) -> bool {
    let spaced = expression.replace('/', " OR ").replace(['(', ')'], " ");
    // Each part of an AND is checked separately; no dependency has an OR within an AND for which that would be wrong.
    spaced.split(" AND ").all(|part| {
        part.split(" OR ").any(|one| {
            let licence = one.split(" WITH ").next().unwrap().trim();
            accepted.contains(&licence)
        })
    })
}

#[test]
fn every_dependency_is_under_an_accepted_licence() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = std::fs::read_to_string(root.join("scripts/licences.toml")).unwrap();
    let list: toml::Table = list.parse().unwrap();
    let accepted: Vec<&str> = list["accepted"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l.as_str().unwrap())
        .collect();
    // Dependencies of other systems are not fetched.
    let system = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1"])
        .args(["--filter-platform", &system])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "only {} packages", packages.len());
    for package in packages {
        let name = format!(
            "{} {}",
            package["name"].as_str().unwrap(),
            package["version"].as_str().unwrap()
        );
        let named = || list["named"].get(&name)?.as_str();
        let licence = package["license"].as_str().or_else(named).unwrap_or("none");
        assert!(is_accepted(licence, &accepted), "{name} is under {licence}");
    }
}

#[test]
fn copyleft_is_not_accepted_unless_there_is_a_choice() {
    let accepted = ["MIT", "Apache-2.0", "Unicode-3.0"];
    for good in [
        "MIT",
        "MIT/Apache-2.0",
        "MIT OR LGPL-2.1-or-later",
        "(MIT OR GPL-3.0) AND Unicode-3.0",
    ] {
        assert!(is_accepted(good, &accepted), "{good}");
    }
    for bad in ["GPL-3.0", "none", "MIT AND AGPL-3.0", "MPL-2.0"] {
        assert!(!is_accepted(bad, &accepted), "{bad}");
    }
}

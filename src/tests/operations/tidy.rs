//! Rules of the source tree: which modules may use which, which file may name which library, and how long a file may
//! be.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The server's modules, and the modules that each may use. For the crates, the compiler enforces this: each names in
/// its `Cargo.toml` those that it uses.
const MAY_USE: &[(&str, &[&str])] = &[
    ("capability", &["limits", "pack"]),
    ("metrics", &[]),
    ("scheduler", &["limits", "fault", "engine", "store"]),
    (
        "services",
        &[
            "limits",
            "memory",
            "fault",
            "audio",
            "text",
            "engine",
            "pack",
            "store",
            "scheduler",
            "capability",
        ],
    ),
    (
        "clone",
        &[
            "limits",
            "fault",
            "audio",
            "pack",
            "engine",
            "store",
            "scheduler",
            "services",
        ],
    ),
    (
        "dub",
        &[
            "limits",
            "fault",
            "audio",
            "provenance",
            "media",
            "text",
            "engine",
            "pack",
            "store",
            "scheduler",
            "services",
            "clone",
        ],
    ),
    ("admit", &["address", "limits", "fault", "store"]),
    (
        "api",
        &[
            "address",
            "limits",
            "memory",
            "fault",
            "audio",
            "provenance",
            "text",
            "pack",
            "store",
            "engine",
            "edge",
            "request",
            "admit",
            "scheduler",
            "services",
            "clone",
            "dub",
            "capability",
            "metrics",
        ],
    ),
    (
        "wyoming",
        &[
            "limits", "fault", "audio", "text", "store", "edge", "api", "services",
        ],
    ),
    (
        "import",
        &[
            "limits", "fault", "audio", "text", "engine", "pack", "services",
        ],
    ),
    ("docs", &[]),
    ("config", &["address", "limits", "capability"]),
    (
        "app",
        &[
            "limits",
            "memory",
            "fault",
            "pack",
            "provenance",
            "store",
            "engine",
            "admit",
            "scheduler",
            "services",
            "clone",
            "dub",
            "api",
            "wyoming",
            "edge",
            "config",
            "capability",
            "metrics",
        ],
    ),
    (
        "cli",
        &[
            "limits",
            "fault",
            "audio",
            "provenance",
            "text",
            "pack",
            "store",
            "request",
            "engine",
            "scheduler",
            "services",
            "dub",
            "config",
            "app",
            "docs",
            "end",
            "import",
            "capability",
        ],
    ),
];

/// Libraries, each with the only file or folder of its crate that may name it.
const NAMED_BY: &[(&str, &str)] = &[
    ("ort", "engine/graph/ort"),
    ("tract_onnx", "engine/graph/tract.rs"),
    ("tiny_http", "edge/inner/"),
    ("tungstenite", "edge/"),
    ("timestretch", "audio/dsp/time_stretch.rs"),
    ("syom", "audio/"),
    ("oxideav_ac3", "audio/decode/codecs/ac3.rs"),
    ("oxideav_core", "audio/decode/codecs/ac3.rs"),
    ("flacenc", "audio/encode/"),
    ("rusty_mp3", "audio/encode/"),
    ("mp4_atom", "media/mp4/"),
    ("mkv_element", "media/webm/"),
    ("c2pa", "provenance/credentials/"),
    ("p256", "provenance/credentials/"),
    ("x509_cert", "provenance/credentials/"),
    ("clap", "cli/"),
    ("prometheus_client", "metrics/"),
];

const LINES_MAX: usize = 450;

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(&path, found),
                false => found.push(path),
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    let name = |p: &PathBuf| p.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
    files
        .iter()
        // Graphs for the tests, and the sentence that imported models hear, are not text.
        .filter(|p| p.extension().is_none_or(|e| e != "onnx" && e != "opus"))
        .map(|p| (name(p), fs::read_to_string(p).unwrap()))
        .collect()
}

/// The modules of the crate that a line of code names.
fn named_modules(line: &str) -> Vec<&str> {
    let code = line.split("//").next().unwrap();
    code.match_indices("crate::")
        .map(|(at, found)| {
            let rest = &code[at + found.len()..];
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            &rest[..end]
        })
        .collect()
}

#[test]
fn modules_use_only_what_lies_below_them() {
    let mut seen = 0;
    for (file, text) in sources() {
        let module = file.split(['/', '.']).next().unwrap();
        let Some((_, allowed)) = MAY_USE.iter().find(|(m, _)| *m == module) else {
            continue;
        };
        for line in text.lines() {
            for used in named_modules(line) {
                seen += 1;
                assert!(
                    used == module || allowed.contains(&used),
                    "{file} uses {used}: {line}"
                );
            }
        }
    }
    assert!(seen > 50, "only {seen} uses were found");
}

#[test]
fn each_library_is_named_in_its_own_place_only() {
    for (library, place) in NAMED_BY {
        let mut in_place = 0;
        for (file, text) in sources().iter().filter(|(f, _)| !f.starts_with("tests/")) {
            let names = text.lines().filter(|line| {
                let code = line.split("//").next().unwrap();
                code.contains(&format!("use {library}::"))
                    || code.contains(&format!(" {library}::"))
            });
            let count = names.count();
            let is_config = *library == "clap" && (file.starts_with("config") || file == "main.rs");
            match file.starts_with(place) || is_config {
                true => in_place += count,
                false => assert_eq!(count, 0, "{file} names {library}, which belongs to {place}"),
            }
        }
        assert!(in_place > 0, "{place} no longer names {library}");
    }
}

#[test]
fn no_file_outgrows_one_idea() {
    for (file, text) in sources().into_iter().filter(|(f, _)| f.ends_with(".rs")) {
        let lines = text.lines().count();
        assert!(
            lines <= LINES_MAX,
            "{file} has {lines} lines; {LINES_MAX} at the most"
        );
    }
}

/// The name of the type that a line defines, if it defines one.
fn defined_type(line: &str) -> Option<&str> {
    let code = line.trim_start();
    let code = match code.strip_prefix("pub") {
        Some(rest) => rest.split_once(' ').map_or("", |(_, rest)| rest),
        None => code,
    };
    let (keyword, rest) = code.split_once(' ')?;
    let name = rest.split(|c: char| !c.is_alphanumeric()).next()?;
    ["struct", "enum", "trait", "union"]
        .contains(&keyword)
        .then_some(name)
        .filter(|name| !name.is_empty())
}

#[test]
fn a_type_name_has_one_meaning_in_the_whole_tree() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, text) in sources() {
        let is_test = file.starts_with("tests/") || file.contains("/tests/");
        if is_test || file.ends_with("tests.rs") {
            continue;
        }
        let own = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for name in own.lines().filter_map(defined_type) {
            places
                .entry(name.to_owned())
                .or_default()
                .push(file.clone());
        }
    }
    assert!(places.len() > 400, "only {} types were found", places.len());
    for (name, files) in places {
        assert!(
            files.len() == 1,
            "{name} is defined in {}",
            files.join(", ")
        );
    }
}

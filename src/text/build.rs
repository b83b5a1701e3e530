//! Writes Misaki's lexicons of American and British English into one compressed table, so that the program need not hold and
//! parse their JSON. `g2p/lexicon_table.rs` says what a line of the table has, and reads it.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::{env, fs};

use misaki_rs::data;
use misaki_rs::lexicon::PhonemeEntry;

/// zstd levels: 3 takes no time, and a third more bytes than 19.
const LEVEL: i32 = 19;
const DEBUG_LEVEL: i32 = 3;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let lists = [
        data::load_us_gold(),
        data::load_us_silver(),
        data::load_gb_gold(),
        data::load_gb_silver(),
    ];
    let words: BTreeSet<&str> = lists.iter().flatten().map(|(word, _)| &**word).collect();
    let (mut table, mut before) = (String::new(), "");
    for word in words {
        let same = before.chars().zip(word.chars()).take_while(|(a, b)| a == b);
        let shared: usize = same.map(|(a, _)| a.len_utf8()).sum();
        let mut fields = lists.each_ref().map(|list| written(list, word));
        for rank in 0..2 {
            if !fields[rank].is_empty() && fields[rank] == fields[rank + 2] {
                fields[rank + 2] = "=".to_owned();
            }
        }
        table += &format!("{shared}\t{}\t{}\n", &word[shared..], fields.join("\t"));
        before = word;
    }
    let debug = env::var("PROFILE").is_ok_and(|profile| profile == "debug");
    let level = if debug { DEBUG_LEVEL } else { LEVEL };
    let compressed =
        zstd::encode_all(table.as_bytes(), level).expect("zstd compresses from memory");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("lexicons.zst"), compressed).expect("OUT_DIR is writable");
}

/// Returns the field of `word` in a line.
fn written(list: &HashMap<String, PhonemeEntry>, word: &str) -> String {
    let field = match list.get(word) {
        None => return String::new(),
        Some(PhonemeEntry::Simple(sounds)) => {
            assert!(!sounds.is_empty() && !sounds.contains('='), "{word}");
            sounds.clone()
        }
        Some(PhonemeEntry::Tagged(by_tag)) => {
            let mut parts: Vec<String> = by_tag
                .iter()
                .map(|(tag, sounds)| {
                    let sounds = sounds.as_deref().unwrap_or_default();
                    assert!(!sounds.contains(' ') && !tag.contains(['=', ' ']), "{word}");
                    format!("{tag}={sounds}")
                })
                .collect();
            parts.sort_unstable();
            parts.join(" ")
        }
    };
    assert!(!field.contains(['\t', '\n']) && field != "=", "{word}");
    field
}

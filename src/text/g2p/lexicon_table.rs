//! Reads Misaki's lexicons of both accents from the table that `build.rs` makes of them.
//!
//! Owns the reading of the table: a word a line, in order, with the bytes that it shares with the word before and the rest
//! of it; then the entry of each lexicon (American gold and silver, British gold and silver), after a tab each. An entry is empty where the
//! lexicon lacks the word, `=` where it is the one of the American lexicon of the same rank, else sounds, or `TAG=SOUNDS` for
//! each part of speech, with a space between, and without the sounds where the word has none as that part of speech. The
//! table is compressed: 1.6 MB in place of 12.6 MB of JSON.

use crate::Accent;
use misaki_rs::Language;
use misaki_rs::lexicon::{Lexicon, PhonemeEntry};
use std::collections::HashMap;

static TABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/lexicons.zst"));
/// Entries of the largest lexicon, about.
const ENTRIES: usize = 110_000;

/// Returns the lexicon of `accent`; a word with a capital has the stress `cap_stresses.0`, one in capitals `cap_stresses.1`.
pub fn lexicon(accent: Accent, cap_stresses: (f64, f64)) -> Lexicon {
    let table = zstd::decode_all(TABLE).expect("build.rs compressed it");
    let table = std::str::from_utf8(&table).expect("build.rs wrote UTF-8");
    let (lang, british) = match accent {
        Accent::American => (Language::EnglishUS, false),
        Accent::British => (Language::EnglishGB, true),
    };
    let mut golds = HashMap::with_capacity(ENTRIES);
    let mut silvers = HashMap::with_capacity(ENTRIES);
    let mut word = String::new();
    for line in table.lines() {
        let mut fields = line.split('\t');
        let mut next = || fields.next().expect("a line has six fields");
        let shared = next().parse().expect("a number of bytes");
        word.truncate(shared);
        word.push_str(next());
        let (american, own) = ([next(), next()], [next(), next()]);
        for (rank, list) in [&mut golds, &mut silvers].into_iter().enumerate() {
            let field = match own[rank] {
                _ if !british => american[rank],
                "=" => american[rank],
                other => other,
            };
            if let Some(entry) = entry(field) {
                list.insert(word.clone(), entry);
            }
        }
    }
    Lexicon {
        lang,
        cap_stresses,
        golds,
        silvers,
    }
}

/// Returns the entry that `field` stands for.
fn entry(field: &str) -> Option<PhonemeEntry> {
    if !field.contains('=') {
        return (!field.is_empty()).then(|| PhonemeEntry::Simple(field.to_owned()));
    }
    let by_tag = field.split(' ').filter_map(|part| part.split_once('='));
    let sounds = |sounds: &str| (!sounds.is_empty()).then(|| sounds.to_owned());
    let by_tag = by_tag.map(|(tag, written)| (tag.to_owned(), sounds(written)));
    Some(PhonemeEntry::Tagged(by_tag.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use misaki_rs::data;
    use std::collections::BTreeMap;

    type Sounds<'a> = BTreeMap<&'a str, Option<&'a str>>;

    /// Sounds by part of speech.
    fn by_tag(entry: &PhonemeEntry) -> Sounds<'_> {
        match entry {
            PhonemeEntry::Simple(sounds) => BTreeMap::from([("", Some(&**sounds))]),
            PhonemeEntry::Tagged(sounds) => {
                let sounds = sounds.iter();
                sounds.map(|(tag, s)| (&**tag, s.as_deref())).collect()
            }
        }
    }

    /// The words of a lexicon with their sounds.
    fn written(list: &HashMap<String, PhonemeEntry>) -> BTreeMap<&str, Sounds<'_>> {
        list.iter()
            .map(|(word, entry)| (&**word, by_tag(entry)))
            .collect()
    }

    #[test]
    fn the_table_has_every_entry_of_misakis_lexicons() {
        for (accent, golds, silvers) in [
            (
                Accent::American,
                data::load_us_gold(),
                data::load_us_silver(),
            ),
            (
                Accent::British,
                data::load_gb_gold(),
                data::load_gb_silver(),
            ),
        ] {
            let lexicon = lexicon(accent, (0.5, 2.0));
            assert!(golds.len() > 80_000 && silvers.len() > 80_000);
            assert!(written(&lexicon.golds) == written(&golds), "{accent:?}");
            assert!(written(&lexicon.silvers) == written(&silvers), "{accent:?}");
        }
    }
}

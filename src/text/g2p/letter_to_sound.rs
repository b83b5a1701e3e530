//! Pronounces words that no lexicon has: by letter-to-sound rules with a stress, or by the names of their letters.
//!
//! Owns the rules (`letter_to_sound.txt`) and the test for pronounceable words. Works on one word at a time, in
//! misaki's alphabet; knows no lexicon.

use crate::Accent;
use crate::normalization::numbers::one_by_one;
use std::sync::LazyLock;

const VOWELS: &str = "AIOQWYaiuæɑɒɔəɛɜɪʊʌᵊᵻE";
/// Vowels that never carry a stress.
const WEAK: &str = "əᵊᵻE";
/// Vowels that make a syllable heavy by themselves.
const LONG: &str = "AIOWYiuɑɔɜ";
/// Consonants that may begin an English syllable together; a few from names (ng, mb, kp, gb, ts).
const ONSETS: &str = " bl br ch chr cl cr dh dr dw fl fr gb gh gl gn gr gw kh kl km kn kp kr kw mb mc mn mp nd ng nj nk nt nw ny \
    nz pf ph phl phr pl pn pr ps pt rh sc sch schl schm schn schr schw scl scr sf sh shr sk skl skr sl sm sn sp \
    sph spl spr sq squ sr st str sv sw sz tch th thr thw tr ts tsh tw tz vl vr wh wr zh zl zw ";
/// Most consonants in a row of a pronounceable word.
const CONSONANTS_MAX: usize = 5;

struct LetterRule {
    left: Vec<u8>,
    letters: Vec<u8>,
    right: Vec<u8>,
    sounds: &'static str,
}

/// The rules of each first letter, in order.
static RULES: LazyLock<Vec<Vec<LetterRule>>> = LazyLock::new(|| {
    let mut rules: Vec<Vec<LetterRule>> = (0..26).map(|_| Vec::new()).collect();
    for line in include_str!("letter_to_sound.txt")
        .lines()
        .filter(|l| l.contains('[') && !l.starts_with(';'))
    {
        let (left, rest) = line.split_once('[').expect("a rule has [");
        let (letters, rest) = rest.split_once(']').expect("a rule has ]");
        let (right, sounds) = rest.split_once(' ').expect("a rule has sounds");
        rules[usize::from(letters.as_bytes()[0] - b'a')].push(LetterRule {
            left: left.bytes().rev().collect(),
            letters: letters.bytes().collect(),
            right: right.bytes().collect(),
            sounds: sounds.trim(),
        });
    }
    rules
});

/// Returns the sounds of `word`: its parts at hyphens and other signs are read by rule when they look pronounceable,
/// else letter by letter, and figures digit by digit. Empty only when `word` has no ASCII letter or digit. Never fails.
pub fn sounds(word: &str, accent: Accent) -> String {
    let (stem, possessive) = match word.strip_suffix("'s").or_else(|| word.strip_suffix("'S")) {
        Some(stem) if !stem.is_empty() => (stem, true),
        _ => (word, false),
    };
    let mut parts = Vec::new();
    for part in stem
        .replace('\'', "")
        .split(|c: char| !c.is_ascii_alphanumeric())
    {
        let digits = part.starts_with(|c: char| c.is_ascii_digit());
        let turn = part
            .find(|c: char| c.is_ascii_digit() != digits)
            .unwrap_or(part.len());
        let (first, rest) = part.split_at(turn);
        if digits {
            let names = one_by_one(first).replace(',', "");
            parts.extend(names.split(' ').map(|name| by_rule(name, accent)));
        } else if !first.is_empty() {
            parts.push(letters_or_rule(first, accent));
        }
        if !rest.is_empty() {
            parts.push(sounds(rest, accent));
        }
    }
    let mut said = parts.join(" ");
    if possessive {
        said.push_str(match said.chars().last() {
            Some('p' | 't' | 'k' | 'f' | 'θ') => "s",
            Some('s' | 'z' | 'ʃ' | 'ʒ' | 'ʧ' | 'ʤ') if accent == Accent::British => "ɪz",
            Some('s' | 'z' | 'ʃ' | 'ʒ' | 'ʧ' | 'ʤ') => "ᵻz",
            _ => "z",
        });
    }
    said
}

fn letters_or_rule(word: &str, accent: Accent) -> String {
    let shout = word.bytes().all(|b| b.is_ascii_uppercase()) && word.len() < 5;
    if word.len() > 1 && !shout && pronounceable(word) {
        by_rule(&word.to_ascii_lowercase(), accent)
    } else {
        spelled(word, accent)
    }
}

/// Whether `word` has the shape of a word: a vowel, an onset that English or a name may have, no long row of consonants
/// and none of one letter.
pub fn pronounceable(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let vowel = |c: char| "aeiouy".contains(c);
    let onset: String = word.chars().take_while(|&c| !vowel(c)).collect();
    let rows = word.split(vowel).map(str::len).max().unwrap_or(0);
    let same = word
        .as_bytes()
        .windows(3)
        .any(|w| w[0] == w[1] && w[1] == w[2]);
    let odd = word.contains("qz")
        || word.contains("jq")
        || word
            .as_bytes()
            .windows(2)
            .any(|w| w[0] == b'q' && !b"uaio".contains(&w[1]));
    onset.len() < word.len()
        && (onset.len() < 2 || ONSETS.contains(&format!(" {onset} ")))
        && rows <= CONSONANTS_MAX
        && !same
        && !odd
}

/// Returns the names of the letters, with the last one stressed, as misaki reads "FBI".
pub fn spelled(word: &str, accent: Accent) -> String {
    const NAMES: [&str; 26] = [
        "A",
        "bi",
        "si",
        "di",
        "i",
        "ɛf",
        "ʤi",
        "Aʧ",
        "I",
        "ʤA",
        "kA",
        "ɛl",
        "ɛm",
        "ɛn",
        "O",
        "pi",
        "kju",
        "ɑɹ",
        "ɛs",
        "ti",
        "ju",
        "vi",
        "dʌbᵊlju",
        "ɛks",
        "wI",
        "zi",
    ];
    let letters: Vec<u8> = word.bytes().filter(u8::is_ascii_alphabetic).collect();
    let last = letters.len().saturating_sub(1);
    let name = |(i, letter): (usize, &u8)| {
        let plain = match letter.to_ascii_lowercase() {
            b'z' if accent == Accent::British => "zɛd",
            other => NAMES[usize::from(other - b'a')],
        };
        let mark = if i == last { 'ˈ' } else { 'ˌ' };
        let vowel = plain.find(|c| VOWELS.contains(c)).unwrap_or(0);
        format!("{}{mark}{}", &plain[..vowel], &plain[vowel..])
    };
    // A pause after every third letter of a long row.
    let names: Vec<String> = letters.iter().enumerate().map(name).collect();
    let said: Vec<String> = names.chunks(3).map(|group| group.concat()).collect();
    localise(&said.join(if names.len() > 5 { " " } else { "" }), accent)
}

/// Returns the sounds of a lower-case word by the rules, with one primary stress.
pub fn by_rule(word: &str, accent: Accent) -> String {
    let letters = word.as_bytes();
    let mut plain = String::new();
    let mut i = 0;
    while i < letters.len() {
        let rules = letters[i]
            .checked_sub(b'a')
            .and_then(|n| RULES.get(usize::from(n)));
        let fits = |r: &&LetterRule| {
            letters[i..].starts_with(&r.letters)
                && left(&r.left, &letters[..i])
                && right(&r.right, &letters[i + r.letters.len()..])
        };
        match rules.and_then(|rules| rules.iter().find(fits)) {
            Some(rule) => {
                if rule.sounds != "-" {
                    plain.push_str(rule.sounds);
                }
                i += rule.letters.len();
            }
            None => i += 1,
        }
    }
    localise(&stressed(&plain, word), accent)
}

fn vowel(b: u8) -> bool {
    b"aeiouy".contains(&b)
}

fn sibilant(b: u8) -> bool {
    b"scgzxj".contains(&b)
}

/// `pattern` is reversed: its first sign is next to the current letters.
fn left(pattern: &[u8], before: &[u8]) -> bool {
    let Some((&sign, rest)) = pattern.split_first() else {
        return true;
    };
    let last = before.last().copied();
    let shorter = |n: usize| &before[..before.len() - n];
    let one = |fits: bool| fits && left(rest, shorter(1));
    match sign {
        b'_' => last.is_none() && left(rest, before),
        b'#' => {
            let n = before.iter().rev().take_while(|&&b| vowel(b)).count();
            n > 0 && left(rest, shorter(n))
        }
        b':' => left(
            rest,
            shorter(before.iter().rev().take_while(|&&b| !vowel(b)).count()),
        ),
        b'^' => one(last.is_some_and(|b| !vowel(b))),
        b'.' => one(last.is_some_and(|b| b"bdvgjlmnrwz".contains(&b))),
        b'+' => one(last.is_some_and(|b| b"eiy".contains(&b))),
        b'&' => one(last.is_some_and(sibilant)),
        b'@' if before.ends_with(b"th") || before.ends_with(b"ch") || before.ends_with(b"sh") => {
            left(rest, shorter(2))
        }
        b'@' => one(last.is_some_and(|b| b"tsrdlznj".contains(&b))),
        letter => one(last == Some(letter)),
    }
}

fn right(pattern: &[u8], after: &[u8]) -> bool {
    let Some((&sign, rest)) = pattern.split_first() else {
        return true;
    };
    let one = |fits: bool| fits && right(rest, &after[1..]);
    let first = after.first().copied();
    match sign {
        b'_' => after.is_empty(),
        b'#' => {
            let n = after.iter().take_while(|&&b| vowel(b)).count();
            n > 0 && right(rest, &after[n..])
        }
        b':' => right(
            rest,
            &after[after.iter().take_while(|&&b| !vowel(b)).count()..],
        ),
        b'^' => one(first.is_some_and(|b| !vowel(b))),
        b'.' => one(first.is_some_and(|b| b"bdvgjlmnrwz".contains(&b))),
        b'+' => one(first.is_some_and(|b| b"eiy".contains(&b))),
        b'&' => one(first.is_some_and(sibilant)),
        b'%' => [
            &b"e"[..],
            b"es",
            b"ed",
            b"er",
            b"ers",
            b"ing",
            b"ely",
            b"est",
        ]
        .contains(&after),
        letter => one(first == Some(letter)),
    }
}

/// Returns `plain` with its stress: before the suffix for -tion, -ic, -ity and similar ones; on the second last
/// syllable when it is heavy or the word ends as names do (-a, -i, -o, -u), else on the third last. A full vowel two or
/// more syllables earlier gets a secondary stress; weak vowels are reduced.
fn stressed(plain: &str, word: &str) -> String {
    let mut sounds: Vec<char> = plain.chars().collect();
    let nuclei: Vec<usize> = (0..sounds.len())
        .filter(|&i| VOWELS.contains(sounds[i]))
        .collect();
    let n = nuclei.len();
    if n == 0 {
        return plain.to_string();
    }
    let heavy = |k: usize| {
        let end = nuclei.get(k + 1).copied().unwrap_or(sounds.len());
        let coda = &sounds[nuclei[k] + 1..end];
        let onset = matches!(coda, [.., 'ɹ' | 'l' | 'j' | 'w']);
        LONG.contains(sounds[nuclei[k]]) || coda.len() > 1 + usize::from(onset)
    };
    let ends = |suffixes: &[&str]| suffixes.iter().any(|s| word.ends_with(s));
    // Suffixes that do not move the stress.
    let neutral = usize::from(
        n > 2
            && !word.ends_with("ically")
            && ends(&[
                "ing", "ings", "ly", "ness", "less", "ful", "ish", "ism", "er", "ers", "able",
            ]),
    );
    let n_word = n - neutral;
    let back = neutral
        + if ends(&["ee", "eer", "ese", "ette", "esque", "oon"]) {
            0
        } else if ends(&[
            "tion", "sion", "cian", "tions", "sions", "ic", "ics", "cial", "tial", "cious",
            "tious", "geous", "gion",
        ]) || n_word == 2
        {
            1
        } else if ends(&[
            "ity", "ical", "ically", "ities", "ian", "ians", "ious", "eous", "ial", "ium", "ify",
            "logy", "graphy", "meter", "ate", "ates", "ated", "ize", "ized", "izes", "ary", "ory",
        ]) {
            2
        } else if ends(&["a", "i", "o", "u"]) || (n_word > 2 && heavy(n_word - 2)) {
            1
        } else {
            2
        };
    let wanted = n - 1 - back.min(n - 1);
    let main = (0..=wanted)
        .rev()
        .chain(wanted + 1..n)
        .find(|&k| !WEAK.contains(sounds[nuclei[k]]))
        .unwrap_or(wanted);
    let second = (main >= 2)
        .then_some(0)
        .filter(|&k| !WEAK.contains(sounds[nuclei[k]]));
    for (k, &at) in nuclei.iter().enumerate() {
        let weak = k != main && Some(k) != second;
        sounds[at] = match sounds[at] {
            'ɜ' if weak => 'ə',
            'ʌ' | 'æ' | 'ɒ' | 'ɛ' if weak && k > 0 => 'ə',
            'ə' if k == main => 'ʌ',
            other => other,
        };
    }
    let mut out = String::new();
    for (i, &sound) in sounds.iter().enumerate() {
        if i == nuclei[main] {
            out.push('ˈ');
        } else if second.is_some_and(|k| i == nuclei[k]) {
            out.push('ˌ');
        }
        out.push(sound);
    }
    out
}

/// Converts the rules' common sounds to American or British ones: British drops ɹ except before a vowel, lengthens and
/// rounds; American merges ɒ with ɑ and flaps only what the rules mark.
pub(crate) fn localise(sounds: &str, accent: Accent) -> String {
    if accent == Accent::American {
        return sounds
            .replace('E', "ə")
            .replace('ɒ', "ɑ")
            .replace("əl", "ᵊl")
            .replace("æɹ", "ɛɹ");
    }
    let chars: Vec<char> = sounds.chars().collect();
    let is_vowel = |i: usize| {
        let next = if matches!(chars.get(i), Some('ˈ' | 'ˌ')) {
            i + 1
        } else {
            i
        };
        chars.get(next).is_some_and(|&c| VOWELS.contains(c))
    };
    let mut out = String::new();
    for (i, &c) in chars.iter().enumerate() {
        let rhotic = chars.get(i + 1) == Some(&'ɹ');
        match c {
            'ɹ' if !is_vowel(i + 1) => {}
            'ɪ' if rhotic && !is_vowel(i + 2) => out.push_str("ɪə"),
            'ɛ' if rhotic => out.push_str("ɛː"),
            'ʊ' if rhotic => out.push_str("ɔː"),
            'i' if i + 1 == chars.len() => out.push('i'),
            'ɑ' | 'ɔ' | 'ɜ' | 'i' | 'u' => out.extend([c, 'ː']),
            'æ' => out.push('a'),
            'O' => out.push('Q'),
            'T' => out.push('t'),
            'ᵻ' | 'E' => out.push('ɪ'),
            'l' if out.ends_with('ə') => {
                out.pop();
                out.push_str("ᵊl");
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
#[path = "letter_to_sound_tests.rs"]
mod tests;

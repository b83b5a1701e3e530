//! Words of one spelling and two pronunciations, where misaki's tagger often fails and the neighbours decide.
//!
//! Owns rules for single words, by the words beside them and in their sentence. A word without a matching rule is left to
//! the tagger. `heteronyms.tsv` has the pairs that they are measured on.

use crate::Accent;

/// A word in its sentence.
struct Neighbours<'a> {
    words: &'a [&'a str],
    i: usize,
}

/// Words further than this from the word say nothing about it.
const REACH: usize = 12;

#[rustfmt::skip]
const ARTICLES: [&str; 14] = [
    "a", "an", "the", "this", "my", "your", "his", "her", "its", "our", "their", "another", "some", "no",
];
#[rustfmt::skip]
const AUXILIARIES: [&str; 34] = [
    "to", "will", "would", "can", "could", "should", "must", "may", "might", "shall", "don't", "didn't", "doesn't",
    "won't", "can't", "couldn't", "wouldn't", "shouldn't", "let's", "please", "i'll", "you'll", "we'll", "they'll",
    "he'll", "she'll", "it'll", "do", "does", "did", "cannot", "never", "i'd", "we'd",
];
const PRONOUNS: [&str; 7] = ["i", "you", "we", "they", "he", "she", "it"];
const OBJECTS: [&str; 8] = ["it", "them", "him", "her", "me", "us", "this", "that"];
const HAVE: [&str; 12] = [
    "have", "has", "had", "having", "haven't", "hasn't", "hadn't", "i've", "you've", "we've",
    "they've", "ever",
];
const BE: [&str; 8] = ["is", "are", "was", "were", "be", "been", "being", "get"];

impl Neighbours<'_> {
    /// The word `offset` places on, in lower case without marks; empty beyond the sentence.
    fn at(&self, offset: isize) -> String {
        let word = self
            .i
            .checked_add_signed(offset)
            .and_then(|k| self.words.get(k));
        let between = match offset {
            ..0 => self.i.saturating_add_signed(offset)..self.i,
            _ => self.i..self.i.saturating_add_signed(offset).min(self.words.len()),
        };
        let ended = self.words[between]
            .iter()
            .any(|w| w.ends_with(['.', '!', '?', ';', ':']));
        let bare = |w: &&str| {
            w.trim_matches(|c: char| !c.is_alphanumeric())
                .to_lowercase()
        };
        word.filter(|_| !ended).map(bare).unwrap_or_default()
    }

    fn before(&self, words: &[&str]) -> bool {
        words.contains(&self.at(-1).as_str())
    }

    fn after(&self, words: &[&str]) -> bool {
        words.contains(&self.at(1).as_str())
    }

    /// Whether one of the `n` words before is in `words`.
    fn lately(&self, n: isize, words: &[&str]) -> bool {
        (1..=n).any(|k| words.contains(&self.at(-k).as_str()))
    }

    /// Whether one of `words` is near in the text.
    fn near(&self, words: &[&str]) -> bool {
        let from = self.i.saturating_sub(REACH);
        let to = (self.i + REACH).min(self.words.len());
        self.words[from..to].iter().any(|w| {
            let w = w
                .trim_matches(|c: char| !c.is_alphanumeric())
                .to_lowercase();
            words.contains(&w.as_str())
        })
    }

    fn is_first(&self) -> bool {
        self.at(-1).is_empty()
    }

    /// Whether a mark follows the word.
    fn is_last(&self) -> bool {
        self.at(1).is_empty() || self.words[self.i].ends_with([',', '.', '!', '?', ';', ':'])
    }

    /// Whether the word stands where a verb does: after an auxiliary, or first before an object.
    fn is_verb(&self) -> bool {
        self.before(&AUXILIARIES)
            || self.is_first() && (self.after(&ARTICLES) || self.after(&OBJECTS))
            || self.lately(2, &AUXILIARIES) && self.at(-1).ends_with("ly")
    }
}

/// Returns the sounds of the word at `i` where a rule decides.
pub fn sounds(words: &[&str], i: usize, accent: Accent) -> Option<String> {
    let here = Neighbours { words, i };
    let sounds = choose(&here)?;
    Some(match accent {
        Accent::American => sounds.to_string(),
        Accent::British => sounds
            .replace('O', "Q")
            .replace("ɑlɪʃ", "ɒlɪʃ")
            .replace("ɪɹ", "ɪə")
            .replace("ɛɹ", "ɛː"),
    })
}

fn choose(here: &Neighbours) -> Option<&'static str> {
    let first_or = |a: bool, yes, no| Some(if a { yes } else { no });
    match here.at(0).as_str() {
        "minute" => {
            const TINY: [&str; 36] = [
                "crack",
                "cracks",
                "detail",
                "details",
                "amount",
                "amounts",
                "particle",
                "particles",
                "quantity",
                "quantities",
                "difference",
                "differences",
                "trace",
                "traces",
                "piece",
                "pieces",
                "change",
                "changes",
                "fragment",
                "fragments",
                "hole",
                "holes",
                "creature",
                "creatures",
                "drop",
                "drops",
                "dose",
                "doses",
                "scratch",
                "speck",
                "grain",
                "grains",
                "variation",
                "variations",
                "fraction",
                "insects",
            ];
            let degree = here.before(&["so", "very", "how", "extremely", "most", "in", "too"])
                && !here.after(&["i"]);
            (here.after(&TINY) || degree && here.is_last() && !here.before(&["in"]))
                .then_some("mInˈut")
        }
        "bass" => {
            const FISH: [&str; 24] = [
                "fish",
                "fishing",
                "fished",
                "caught",
                "catch",
                "lake",
                "river",
                "pond",
                "sea",
                "striped",
                "largemouth",
                "smallmouth",
                "boat",
                "hook",
                "grilled",
                "fillet",
                "fried",
                "trout",
                "angler",
                "anglers",
                "bait",
                "rod",
                "eat",
                "ate",
            ];
            first_or(
                here.near(&FISH) && !here.after(&["guitar", "player", "line", "drum"]),
                "bˈæs",
                "bˈAs",
            )
        }
        "lead" => {
            const METAL: [&str; 34] = [
                "poisoning",
                "pipe",
                "pipes",
                "paint",
                "paints",
                "pencil",
                "pencils",
                "acid",
                "bullet",
                "bullets",
                "weight",
                "weights",
                "free",
                "ore",
                "mine",
                "mines",
                "exposure",
                "shielding",
                "contamination",
                "glass",
                "balloon",
                "apron",
                "content",
                "levels",
                "oxide",
                "solder",
                "crystal",
                "shot",
                "sinker",
                "based",
                "batteries",
                "battery",
                "roof",
                "smelter",
            ];
            const METALS: [&str; 10] = [
                "copper", "zinc", "tin", "mercury", "arsenic", "cadmium", "silver", "gold", "iron",
                "metal",
            ];
            let made = here.before(&["of", "from", "with"])
                && here.near(&[
                    "made", "pipes", "traces", "levels", "amounts", "coffin", "lined", "weights",
                ]);
            let listed = here.near(&METALS) && !here.is_verb();
            let heavy = here.before(&["as"]) && here.near(&["heavy"]);
            let unleaded = here.before(&["molten", "liquid", "contain", "contains", "containing"]);
            first_or(
                here.after(&METAL) && !here.is_verb() || made || listed || heavy || unleaded,
                "lˈɛd",
                "lˈid",
            )
        }
        "bow" => {
            let ship = here.near(&["ship", "ship's", "stern", "boat", "vessel", "deck", "ferry"]);
            let bend = here.lately(
                3,
                &[
                    "take", "took", "taking", "takes", "gave", "made", "deep", "low", "polite",
                    "final",
                ],
            ) && !here.near(&["violin", "ribbon", "hair", "cello"]);
            let verb = here.is_verb()
                || here.after(&[
                    "down", "before", "out", "to", "low", "his", "her", "their", "your",
                ]) && !here.before(&ARTICLES);
            let weapon = here.after(&["and", "tie", "ties", "hunter", "hunting"]) && !ship;
            first_or((ship || bend || verb) && !weapon, "bˈW", "bˈO")
        }
        "polish" => {
            let capital = here.words[here.i]
                .trim_matches(|c: char| !c.is_alphabetic())
                .starts_with('P');
            let verb = here.is_verb() || here.after(&["off", "up"]);
            let people = capital
                && !(here.is_first()
                    && (here.after(&ARTICLES)
                        || here.after(&OBJECTS)
                        || here.after(&["all", "each", "every"])));
            first_or(people && !verb, "pˈOlɪʃ", "pˈɑlɪʃ")
        }
        "read" => {
            const PAST: [&str; 9] = [
                "yesterday",
                "ago",
                "last",
                "earlier",
                "once",
                "already",
                "previously",
                "then",
                "had",
            ];
            const HABIT: [&str; 12] = [
                "always",
                "often",
                "usually",
                "every",
                "sometimes",
                "daily",
                "normally",
                "generally",
                "rarely",
                "tomorrow",
                "now",
                "today",
            ];
            let perfect = here.lately(4, &HAVE) && !here.before(&["to"]) || here.lately(2, &BE);
            let aux = here.before(&AUXILIARIES)
                || here.lately(3, &AUXILIARIES) && here.lately(2, &PRONOUNS) && !here.near(&PAST)
                || here.lately(2, &AUXILIARIES)
                    && here.before(&["not", "also", "even", "always", "carefully"]);
            let third = here.before(&["he", "she", "it", "who"]);
            let plural = here.before(&["i", "you", "we", "they", "people", "children"]);
            if perfect && !here.before(&AUXILIARIES) {
                Some("ɹˈɛd")
            } else if aux || here.is_first() {
                Some("ɹˈid")
            } else if third || here.near(&PAST[..8]) {
                Some("ɹˈɛd")
            } else if plural && here.near(&HABIT) {
                Some("ɹˈid")
            } else {
                None
            }
        }
        "wind" => {
            let way = here.after(&[
                "down", "up", "through", "around", "along", "back", "its", "their",
            ]) && !here.before(&ARTICLES)
                && !here.before(&["strong", "cold", "of", "and"]);
            let noun = here.before(&ARTICLES)
                || here.before(&[
                    "strong", "cold", "of", "high", "north", "south", "west", "east",
                ]);
            match (
                way || here.is_verb() && !here.after(&["power", "energy", "turbines", "farms"]),
                noun,
            ) {
                (_, true) => Some("wˈɪnd"),
                (true, _) => Some("wˈInd"),
                _ => None,
            }
        }
        word @ ("tear" | "tears") => {
            const CRYING: [&str; 18] = [
                "eye", "eyes", "cheek", "cheeks", "cry", "cried", "crying", "gas", "duct", "ducts",
                "drop", "shed", "sad", "wept", "wiped", "face", "burst", "joy",
            ];
            let rip = here.is_verb()
                || here.after(&[
                    "up", "apart", "off", "through", "open", "into", "it", "them", "the",
                ]) && !here.before(&ARTICLES)
                    && !here.before(&["in", "to", "into", "of", "with"])
                || here.before(&["and"]) && here.near(&["wear"])
                || word == "tear"
                    && here.before(&ARTICLES)
                    && here.after(&["in", "on"])
                    && !here.near(&CRYING)
                || word == "tears" && here.before(&["he", "she", "it", "who"]);
            match (word, rip && !here.after(&["gas"])) {
                ("tear", true) => Some("tˈɛɹ"),
                ("tear", false) => Some("tˈɪɹ"),
                (_, true) => Some("tˈɛɹz"),
                (_, false) => None,
            }
        }
        "live" => {
            const SHOWN: [&str; 36] = [
                "music",
                "show",
                "shows",
                "concert",
                "concerts",
                "stream",
                "streams",
                "streaming",
                "broadcast",
                "coverage",
                "performance",
                "performances",
                "audience",
                "band",
                "bands",
                "recording",
                "album",
                "wire",
                "wires",
                "event",
                "events",
                "tv",
                "television",
                "ammunition",
                "animals",
                "bait",
                "updates",
                "chat",
                "feed",
                "session",
                "version",
                "demo",
                "birth",
                "births",
                "entertainment",
                "action",
            ];
            let shown = here.after(&SHOWN) && !here.before(&AUXILIARIES)
                || here.before(&[
                    "go",
                    "goes",
                    "went",
                    "going",
                    "broadcast",
                    "streamed",
                    "recorded",
                    "performed",
                    "perform",
                    "aired",
                    "airing",
                    "watch",
                    "appear",
                    "it's",
                    "sing",
                    "sang",
                    "playing",
                    "play",
                ]);
            let dwell = here.before(&PRONOUNS)
                || here.before(&AUXILIARIES)
                || here.before(&["who", "people"]);
            match (shown, dwell) {
                (true, _) => Some("lˈIv"),
                (_, true) => Some("lˈɪv"),
                _ if here.after(&[
                    "here", "there", "in", "with", "near", "alone", "together", "at",
                ]) && !here.before(&BE)
                    && !here.before(&ARTICLES) =>
                {
                    Some("lˈɪv")
                }
                _ => None,
            }
        }
        "close" => {
            let near_by = here.after(&[
                "to",
                "by",
                "friend",
                "friends",
                "enough",
                "call",
                "range",
                "together",
                "relationship",
                "race",
                "eye",
                "attention",
                "look",
                "up",
                "relative",
                "relatives",
            ]) && !here.is_verb()
                || here.before(&[
                    "very", "so", "too", "as", "how", "pretty", "come", "comes", "came", "stay",
                    "stayed", "stand", "stood", "keep", "kept", "get", "got", "getting", "draw",
                    "really", "quite", "not", "be", "is", "was", "are", "were",
                ]) && !here.after(&ARTICLES);
            let asked = here.is_last()
                && here.lately(4, &["does", "do", "did"])
                && !here.before(&["how", "so", "very", "come", "get"]);
            let shut = asked
                || here.is_verb() && !here.after(&["to", "enough", "by"])
                || here.lately(1, &["the", "a"]) && here.after(&["of"]);
            match (shut, near_by) {
                (true, _) => Some("klˈOz"),
                (_, true) => Some("klˈOs"),
                _ if here.before(&ARTICLES) && !here.is_last() => Some("klˈOs"),
                _ => None,
            }
        }
        "row" => {
            let quarrel = here.after(&["about", "over", "with", "broke", "erupted", "between"])
                && here.before(&[
                    "a",
                    "terrible",
                    "huge",
                    "blazing",
                    "big",
                    "political",
                    "the",
                    "furious",
                    "diplomatic",
                ])
                || here.before(&["blazing", "terrible", "furious", "diplomatic"]);
            first_or(quarrel, "ɹˈW", "ɹˈO")
        }
        "sow" => {
            let pig = here.before(&ARTICLES) || here.near(&["piglets", "pig", "boar", "litter"]);
            first_or(pig && !here.before(&AUXILIARIES), "sˈW", "sˈO")
        }
        "dove" => {
            let dived = here.after(&[
                "into",
                "in",
                "off",
                "under",
                "down",
                "for",
                "to",
                "deep",
                "headfirst",
            ]) && !here.before(&ARTICLES)
                && !here.before(&["white"]);
            first_or(dived, "dˈOv", "dˈʌv")
        }
        "wound" => {
            let turned = here.after(&[
                "up", "around", "down", "through", "tightly", "its", "back", "round", "the",
            ]) && !here.before(&ARTICLES)
                && !here.is_verb();
            first_or(turned, "wˈWnd", "wˈund")
        }
        "resume" => {
            let paper = here.before(&[
                "a",
                "the",
                "my",
                "your",
                "his",
                "her",
                "their",
                "our",
                "updated",
                "good",
                "strong",
                "impressive",
                "new",
            ]);
            first_or(paper, "ɹˈɛzəmˌA", "ɹəzˈum")
        }
        "invalid" => {
            let ill = here.after(&[
                "mother", "father", "wife", "husband", "son", "daughter", "brother", "sister",
                "chair",
            ]) || here.before(&["an", "the"]) && here.is_last();
            ill.then_some("ˈɪnvəlɪd")
        }
        "entrance" => {
            let charm = here.is_verb()
                || here.before(&["songs", "stories", "dancers", "they"])
                    && (here.after(&ARTICLES) || here.after(&OBJECTS));
            charm.then_some("ɪntɹˈæns")
        }
        "extract" => {
            let juice = here.before(&[
                "vanilla", "almond", "yeast", "malt", "plant", "herbal", "an", "the", "this",
                "lemon", "mint", "green", "leaf",
            ]);
            first_or(
                juice && !here.before(&AUXILIARIES),
                "ˈɛkstɹˌækt",
                "ɪkstɹˈækt",
            )
        }
        "contract" => {
            let verb = here.is_verb()
                || here.after(&["when", "as", "and"])
                    && here.near(&["expand", "cool", "muscles", "muscle", "metals", "cold"]);
            verb.then_some("kəntɹˈækt")
        }
        "content"
            if here.before(&[
                "seems",
                "seem",
                "felt",
                "feel",
                "looks",
                "looked",
                "is",
                "was",
                "are",
                "were",
                "quite",
                "very",
                "perfectly",
            ]) && (here.is_last() || here.after(&["with", "to"])) =>
        {
            Some("kəntˈɛnt")
        }
        "desert" if here.before(&["who"]) || here.is_verb() => Some("dəzˈɜɹt"),
        _ => None,
    }
}

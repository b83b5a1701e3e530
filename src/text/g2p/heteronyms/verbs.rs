//! Verbs with another reading: a tense of their own, a noun or an adjective.

use super::{ARTICLES, AUXILIARIES, BE, HAVE, Neighbours, OBJECTS, PRONOUNS};

/// Returns the sounds of the word where a rule decides.
pub fn choose(here: &Neighbours) -> Option<&'static str> {
    let first_or = |a: bool, yes, no| Some(if a { yes } else { no });
    match here.at(0).as_str() {
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
            first_or(people && !verb, "pˈOlɪʃ", "pˈɒlɪʃ")
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

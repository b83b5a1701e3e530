//! Words that name two things, or a thing and its quality: "lead", "bass", "tear".

use super::{ARTICLES, AUXILIARIES, Neighbours};

/// Returns the sounds of the word where a rule decides.
pub fn choose(here: &Neighbours) -> Option<&'static str> {
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
        _ => None,
    }
}

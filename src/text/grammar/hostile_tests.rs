//! No text panics, whatever it is made of, and long runs of one sign take steps by their length; `benches/reading.rs` has
//! their times.

use crate::{Accent, English, Language, language, steps};
use vocabox_base::random::SplitMix;

const SIGNS: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~–—…£€₦°²³½µΩ×÷±§©™“”‘’«»¿¡№‰′″⁄−⁻①Ⅷ";
/// A few characters of each of many scripts, their digits and combining marks among them.
const SCRIPTS: &str = "aZßéñøœþŊḿΩяЖҐ֍אבגمبت٠١٩۴अआक्ष०१९বাংলা০৯ਪੰਜਾਬੀ੫ગુજ૩ଓଡ଼தமிழ்௧తెల౨ಕನ್೩മല൨සිංไทย๒ລາວ໓བོད༤မြန်၅ქართულიአማርኛ፩ᏣᎳᎩ\
    ᐃᓄᒃខ្មែរ៤ᠮᠣᠩ᠗漢字かなカナ한국어ㄅ𝔘𝟙𐍈𒀀😀👩‍👩‍👧🇳🇬\u{200D}\u{202E}\u{FEFF}\u{301}\u{E0041}ﷺﬁ";
const PARTS: [&str; 40] = [
    "$",
    "€5",
    "1",
    "0",
    "12",
    "2024",
    "999999999999999999999999999999999999999999",
    "1,000",
    "3.5",
    "1/2",
    "10-20",
    "5:30",
    "pm",
    "a.m.",
    "Dr.",
    "St.",
    "XIV",
    "I",
    "A",
    "B-52",
    "km/h",
    "m2",
    "%",
    "°C",
    "@",
    "www.",
    "://",
    ".com",
    "x",
    "=",
    "^",
    "-",
    "–",
    "'s",
    "th",
    "US",
    "Jan",
    "Mon",
    " ",
    "\n",
];

/// Returns a random text of up to 40 pieces.
fn random(dice: &mut SplitMix) -> String {
    let signs: Vec<char> = SIGNS.chars().collect();
    let scripts: Vec<char> = SCRIPTS.chars().collect();
    let mut text = String::new();
    for _ in 0..1 + dice.below(40) {
        match dice.below(6) {
            0 => text.push(signs[dice.below(signs.len())]),
            1 => text.push(scripts[dice.below(scripts.len())]),
            2 => text.push(char::from_u32(dice.below(0x11_0000) as u32).unwrap_or(' ')),
            3 => text.push_str(&dice.below(10_000).to_string()),
            _ => text.push_str(PARTS[dice.below(PARTS.len())]),
        }
        if dice.below(3) == 0 {
            text.push(' ');
        }
    }
    text
}

#[test]
fn random_texts_of_all_scripts_are_read_without_a_fault() {
    let mut dice = SplitMix::new(0xBADC0DE);
    for _ in 0..10_000 {
        let text = random(&mut dice);
        for accent in [Accent::American, Accent::British] {
            let words = English::shared(accent).words(&text);
            let plain = |c: char| c.is_ascii_alphabetic() || " ',;:.!?—…()“”-".contains(c);
            assert!(words.chars().all(plain), "{words:?} from {text:?}");
        }
    }
}

/// How many times more steps the second half of a text may take than the second quarter does for each character; with work
/// that grows with the square, it would be twice.
const GROWTH_MAX: f64 = 1.5;

#[test]
fn runs_of_one_sign_take_steps_by_their_length() {
    let english = language("en-us").unwrap();
    let others = ["es", "fr", "it", "pt-br", "hi", "sw"].map(|code| language(code).unwrap());
    let growth = |reader: &dyn Language, unit: &str| {
        // The first quarter is longer than the longest run of tokens that is read at once.
        let [quarter, half, whole] = [1, 2, 4].map(|times| {
            let text = unit.repeat(times * 450 / unit.chars().count());
            steps::of(|| drop(reader.words(&text))) as f64
        });
        (whole - half) / (2.0 * (half - quarter).max(1.0))
    };
    let mut worst = (0.0, String::new());
    let signs = SIGNS.chars().chain(SCRIPTS.chars()).map(String::from);
    let parts = PARTS.iter().map(|part| (*part).to_string());
    for part in signs.chain(parts) {
        let units = ["", " ", "1", "a"].map(|after| format!("{part}{after}"));
        let of_english = units.iter().map(|unit| (english, unit));
        for (reader, unit) in of_english.chain(others.map(|other| (other, &units[0]))) {
            let growth = growth(reader, unit);
            if growth > worst.0 {
                worst = (growth, unit.clone());
            }
        }
    }
    assert!(worst.0 < GROWTH_MAX, "{worst:?}");
}

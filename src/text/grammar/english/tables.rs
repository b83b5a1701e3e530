//! The tables of English, and where a Roman numeral is one.

use super::abbreviations::ABBREVIATIONS;
use super::currencies::{CURRENCIES, MAGNITUDES};
use super::units;
use crate::Accent;
use crate::grammar::tables::GrammarTables;
use crate::grammar::token::WrittenLine;
use crate::grammar::values::MeasureUnit;

#[rustfmt::skip]
pub const MONTHS: [&str; 12] = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
];

pub static AMERICAN: GrammarTables = tables(Accent::American, &units::AMERICAN);
pub static BRITISH: GrammarTables = tables(Accent::British, &units::BRITISH);

/// Words after a numeral that orders.
pub const CENTURIES: [&str; 4] = ["century", "centuries", "dynasty", "c"];

#[rustfmt::skip]
const fn tables(accent: Accent, units: &'static [MeasureUnit]) -> GrammarTables {
    GrammarTables {
        points: &['.'],
        groups: &[',', ' ', '\''],
        pairs: true,
        point: "point",
        minus: "minus",
        plus: "plus",
        to: "to",
        and: "and",
        per: "per",
        of: "",
        square: "square {}",
        cubic: "cubic {}",
        currencies: &CURRENCIES,
        magnitudes: &MAGNITUDES,
        units,
        prefixes: &units::PREFIXES,
        months: MONTHS,
        short_months: &[
            ("jan", 1), ("feb", 2), ("mar", 3), ("apr", 4), ("jun", 6), ("jul", 7), ("aug", 8), ("sep", 9),
            ("sept", 9), ("oct", 10), ("nov", 11), ("dec", 12),
        ],
        days: &[
            ("mon", "Monday"), ("tue", "Tuesday"), ("tues", "Tuesday"), ("wed", "Wednesday"), ("weds", "Wednesday"),
            ("thu", "Thursday"), ("thur", "Thursday"), ("thurs", "Thursday"), ("fri", "Friday"), ("sat", "Saturday"),
            ("sun", "Sunday"),
        ],
        day_first: matches!(accent, Accent::British),
        morning: &["am"],
        afternoon: &["pm"],
        hour_marks: &[],
        digit_words: &[
            "call", "dial", "text", "code", "zip", "zipcode", "postcode", "pin", "card", "phone", "telephone", "tel",
            "fax", "mobile", "cell", "otp", "passcode", "password", "isbn", "issn", "extension", "account", "acct",
            "ssn", "imei", "serial", "iban", "whatsapp", "sms", "ext", "ending in", "ends in", "ending with", "mrn",
        ],
        roman_before: &[
            "chapter", "act", "scene", "part", "book", "volume", "vol", "section", "article", "phase", "stage",
            "level", "grade", "type", "class", "war", "title", "appendix", "figure", "table", "bowl", "mark", "canto",
            "episode", "season", "apollo", "iphone", "schedule", "psalm", "sonnet", "symphony", "rocky", "fantasy", "group",
        ],
        roman_after: &CENTURIES,
        roman_ordered: &[],
        rulers: &[
            "henry", "elizabeth", "charles", "george", "edward", "james", "william", "richard", "louis", "philip",
            "paul", "benedict", "pius", "catherine", "leo", "john", "gregory", "innocent", "clement", "alexander",
            "nicholas", "frederick", "napoleon", "ivan", "peter", "francis", "ferdinand", "alfonso", "ramses",
            "ptolemy", "mary", "anne", "stephen", "urban", "julius", "sixtus", "boniface", "celestine", "haakon",
            "olav", "carl", "gustav", "christian", "margrethe", "juan", "felipe", "carlos", "albert", "leopold",
            "baudouin", "wilhelm", "otto", "theodosius", "constantine", "justinian", "amenhotep", "thutmose",
            "xerxes", "darius", "cyrus", "mehmed", "selim", "murad", "suleiman", "rama", "naruhito", "selassie",
        ],
        abbreviations: &ABBREVIATIONS,
        signs: &[
            ('%', "percent"), ('‰', "per mille"), ('^', "to the power of"), ('&', "and"), ('@', "at"), ('+', "plus"),
            ('=', "equals"), ('°', "degrees"), ('×', "times"), ('÷', "divided by"), ('±', "plus or minus"),
            ('<', "less than"), ('>', "greater than"), ('≤', "at most"), ('≥', "at least"), ('≠', "is not equal to"),
            ('≈', "about"), ('→', "to"), ('√', "square root of"), ('∞', "infinity"), ('$', "dollar"), ('£', "pound"),
            ('€', "euro"), ('₦', "naira"), ('₵', "cedi"), ('₹', "rupee"), ('¥', "yen"), ('₩', "won"), ('§', "section"),
            ('©', "copyright"), ('.', "dot"), ('/', "slash"), ('²', "squared"), ('³', "cubed"), ('#', "hash"), ('♯', "sharp"), ('¢', "cents"),
        ],
        operators: &[
            ('-', "minus"), ('–', "minus"), ('/', "divided by"), ('×', "times"), ('*', "times"), ('+', "plus"),
            ('=', "equals"), ('÷', "divided by"),
        ],
        address_signs: &[
            ('.', "dot"), ('/', "slash"), (':', "colon"), ('-', "dash"), ('_', "underscore"), ('?', "question mark"),
            ('#', "hash"), ('~', "tilde"), ('\\', "backslash"), ('!', "exclamation mark"), (',', "comma"),
        ],
        ordinal_marks: &["st", "nd", "rd", "th"],
    }
}

/// Whether the numeral of the value `n` at `i` counts (`Some(false)`) or orders (`Some(true)`) because of the words
/// around it; `None` when it is no numeral.
pub fn roman_by_context(line: &WrittenLine, i: usize, n: u32) -> Option<bool> {
    const TITLES: [&str; 12] = [
        "king", "queen", "pope", "emperor", "empress", "tsar", "czar", "kaiser", "sultan",
        "prince", "duke", "pharaoh",
    ];
    /// Words after "I" that make it the pronoun.
    const PRONOUN: [&str; 16] = [
        "am", "have", "think", "love", "do", "don't", "will", "would", "can", "know", "want",
        "saw", "said", "like", "hope", "mean",
    ];
    let numeral = line.text(i).trim_end_matches("'s");
    // "Vol. IX": the stop belongs to the word before.
    let stop = usize::from(i > 1 && line.sign(i - 1) == '.');
    let before = line.before(i - stop).to_lowercase();
    let next = line.low(i + 1);
    let name = i > 0 && line.capital(i - 1) && line.gap(i);
    let titled = i > 1 && TITLES.contains(&line.low(i - 2).as_str()) && name;
    let ruler = name && (AMERICAN.rulers.contains(&before.as_str()) || titled);
    if line.shouted
        || line.gap(i + 1) && PRONOUN.contains(&next.as_str())
        || line.joined(i + 1) == '\''
    {
        return None;
    }
    if CENTURIES[..3].contains(&next.as_str()) {
        return Some(true);
    }
    if AMERICAN.roman_before.contains(&before.as_str()) && i > 0 {
        let letter = numeral.len() == 1 && !matches!(numeral, "I" | "V" | "X");
        return (!letter).then_some(false);
    }
    if ruler {
        let letter =
            numeral.len() == 1 && !matches!(numeral, "I" | "V" | "X") || before == "mary" && n > 3;
        return (!letter).then_some(true);
    }
    let usual = numeral.len() > 1
        && !matches!(
            numeral,
            "CD" | "CC"
                | "CV"
                | "DC"
                | "DI"
                | "MC"
                | "MD"
                | "MI"
                | "MM"
                | "MIX"
                | "CI"
                | "CM"
                | "LI"
                | "DIM"
                | "XL"
                | "DL"
                | "ML"
                | "LC"
                | "CL"
                | "DX"
                | "LL"
                | "DVD"
                | "MV"
                | "MX"
                | "CX"
                | "LV"
                | "CIV"
        );
    // A row of four signs and more is no other word: "MCMXCIX".
    let long = numeral.len() > 3
        && !matches!(
            numeral,
            "CIVIC" | "MILD" | "MIMIC" | "VIVID" | "LIVID" | "CIVIL"
        );
    // "40 mEq KCl IV": into a vein.
    let dosed = (i.saturating_sub(4)..i).any(|k| line.is_figure(k));
    let alone = usual && line.len() == 1 && numeral.len() > 2;
    if alone {
        return Some(false);
    }
    if usual && (name && n < 100 && (numeral != "IV" || !line.is_word(i + 1) && !dosed) || long) {
        return Some(false);
    }
    None
}

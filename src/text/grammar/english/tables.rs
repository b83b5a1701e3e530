//! The tables of English.

use crate::grammar::tables::GrammarTables;
use crate::grammar::values::{CountedNoun, Currency, Gender, Magnitude, MeasureUnit};

const fn noun(one: &'static str, many: &'static str) -> CountedNoun {
    CountedNoun::of(one, many, Gender::Neuter)
}

const fn currency(
    written: &'static [&'static str],
    unit: CountedNoun,
    hundredth: Option<CountedNoun>,
) -> Currency {
    Currency {
        written,
        unit,
        hundredth,
    }
}

static CURRENCIES: [Currency; 3] = [
    currency(
        &["$"],
        noun("dollar", "dollars"),
        Some(noun("cent", "cents")),
    ),
    currency(
        &["£"],
        noun("pound", "pounds"),
        Some(noun("penny", "pence")),
    ),
    currency(
        &["€", "EUR"],
        noun("euro", "euros"),
        Some(noun("cent", "cents")),
    ),
];

static MAGNITUDES: [Magnitude; 4] = [
    Magnitude {
        written: &["thousand"],
        letters: &["k", "K"],
        noun: noun("thousand", "thousand"),
    },
    Magnitude {
        written: &["million", "mn", "mm"],
        letters: &["m", "M"],
        noun: noun("million", "million"),
    },
    Magnitude {
        written: &["billion", "bn"],
        letters: &["b", "B"],
        noun: noun("billion", "billion"),
    },
    Magnitude {
        written: &["trillion", "tn"],
        letters: &["t", "T"],
        noun: noun("trillion", "trillion"),
    },
];

static UNITS: [MeasureUnit; 2] = [
    MeasureUnit {
        written: &["m"],
        noun: noun("meter", "meters"),
        prefixed: true,
        touching: false,
    },
    MeasureUnit {
        written: &["g"],
        noun: noun("gram", "grams"),
        prefixed: true,
        touching: false,
    },
];

pub static AMERICAN: GrammarTables = tables(false);
pub static BRITISH: GrammarTables = tables(true);

const fn tables(day_first: bool) -> GrammarTables {
    GrammarTables {
        points: &['.'],
        groups: &[',', ' ', '\''],
        pairs: false,
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
        units: &UNITS,
        prefixes: &[("k", "kilo"), ("c", "centi"), ("m", "milli")],
        months: [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
        short_months: &[("jan", 1), ("feb", 2)],
        days: &[("mon", "Monday")],
        day_first,
        morning: &["am"],
        afternoon: &["pm"],
        hour_marks: &[],
        digit_words: &["call", "dial"],
        roman_before: &["chapter"],
        roman_after: &["century"],
        roman_ordered: &[],
        rulers: &["henry"],
        abbreviations: &[],
        signs: &[('%', "percent"), ('&', "and")],
        operators: &[],
        address_signs: &[('.', "dot")],
        ordinal_marks: &["st", "nd", "rd", "th"],
    }
}

#[cfg(test)]
mod tests {
    use crate::grammar::english::EnglishGrammar;
    use crate::grammar::{read, token::WrittenLine};

    fn said(text: &str) -> String {
        let chars: Vec<char> = text.chars().collect();
        let line = WrittenLine::of(&chars, &|_| false);
        read(
            &line,
            &EnglishGrammar {
                accent: crate::Accent::American,
            },
        )
        .0
    }

    #[test]
    fn classes_are_read() {
        for (text, words) in [
            (
                "I have 1,234 apples.",
                "I have one thousand two hundred thirty four apples.",
            ),
            (
                "$5.50, £20 and $10-$20",
                "five dollars and fifty cents, twenty pounds and ten to twenty dollars",
            ),
            (
                "$4.9bn €5 million",
                "four point nine billion dollars five million euros",
            ),
            (
                "at 3:30 pm or 10:05, 9am-5pm",
                "at three thirty P.M. or ten oh five, nine A.M. to five P.M.",
            ),
            ("5 kg 3 km2", "five kilograms three square kilometers"),
        ] {
            assert_eq!(said(text), words);
        }
    }
}

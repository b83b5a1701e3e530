//! The currencies that English texts name by a sign or a code, and the words for powers of ten.

use crate::grammar::values::{CountedNoun, Currency, Gender, Magnitude};

pub const fn noun(one: &'static str, many: &'static str) -> CountedNoun {
    CountedNoun::of(one, many, Gender::Neuter)
}

const CENT: Option<CountedNoun> = Some(noun("cent", "cents"));

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

/// Codes of ISO 4217 and the usual signs.
#[rustfmt::skip]
pub static CURRENCIES: [Currency; 38] = [
    currency(&["$"], noun("dollar", "dollars"), CENT),
    currency(&["US$", "USD", "U$"], noun("US dollar", "US dollars"), CENT),
    currency(&["C$", "CA$", "CAD"], noun("Canadian dollar", "Canadian dollars"), CENT),
    currency(&["A$", "AU$", "AUD"], noun("Australian dollar", "Australian dollars"), CENT),
    currency(&["NZ$", "NZD"], noun("New Zealand dollar", "New Zealand dollars"), CENT),
    currency(&["HK$", "HKD"], noun("Hong Kong dollar", "Hong Kong dollars"), CENT),
    currency(&["S$", "SGD"], noun("Singapore dollar", "Singapore dollars"), CENT),
    currency(&["R$", "BRL"], noun("Brazilian real", "Brazilian reais"), Some(noun("centavo", "centavos"))),
    currency(&["MXN", "MX$"], noun("Mexican peso", "Mexican pesos"), Some(noun("centavo", "centavos"))),
    currency(&["£"], noun("pound", "pounds"), Some(noun("penny", "pence"))),
    currency(&["GBP"], noun("British pound", "British pounds"), Some(noun("penny", "pence"))),
    currency(&["€", "EUR"], noun("euro", "euros"), CENT),
    currency(&["₦", "NGN"], noun("naira", "naira"), Some(noun("kobo", "kobo"))),
    currency(&["₵"], noun("cedi", "cedis"), Some(noun("pesewa", "pesewas"))),
    currency(&["GH₵", "GHS"], noun("Ghanaian cedi", "Ghanaian cedis"), Some(noun("pesewa", "pesewas"))),
    currency(&["₹", "Rs"], noun("rupee", "rupees"), Some(noun("paisa", "paise"))),
    currency(&["INR"], noun("Indian rupee", "Indian rupees"), Some(noun("paisa", "paise"))),
    currency(&["PKR"], noun("Pakistani rupee", "Pakistani rupees"), Some(noun("paisa", "paise"))),
    currency(&["¥"], noun("yen", "yen"), Some(noun("sen", "sen"))),
    currency(&["JPY"], noun("Japanese yen", "Japanese yen"), Some(noun("sen", "sen"))),
    currency(&["CNY", "RMB"], noun("yuan", "yuan"), Some(noun("fen", "fen"))),
    currency(&["₩"], noun("won", "won"), None),
    currency(&["KRW"], noun("Korean won", "Korean won"), None),
    currency(&["CHF"], noun("Swiss franc", "Swiss francs"), CENT),
    currency(&["SEK"], noun("Swedish krona", "Swedish kronor"), None),
    currency(&["NOK"], noun("Norwegian krone", "Norwegian kroner"), None),
    currency(&["DKK"], noun("Danish krone", "Danish kroner"), None),
    currency(&["PLN"], noun("Polish zloty", "Polish zloty"), None),
    currency(&["CZK"], noun("Czech koruna", "Czech koruna"), None),
    currency(&["RUB", "₽"], noun("ruble", "rubles"), Some(noun("kopek", "kopeks"))),
    currency(&["UAH", "₴"], noun("hryvnia", "hryvnia"), None),
    currency(&["TRY", "₺"], noun("Turkish lira", "Turkish lira"), None),
    currency(&["ILS", "₪"], noun("shekel", "shekels"), None),
    currency(&["ZAR"], noun("South African rand", "South African rand"), CENT),
    currency(&["KSh", "KSH", "Ksh", "KES"], noun("Kenyan shilling", "Kenyan shillings"), CENT),
    currency(&["TZS", "TSh"], noun("Tanzanian shilling", "Tanzanian shillings"), CENT),
    currency(&["UGX", "USh"], noun("Ugandan shilling", "Ugandan shillings"), CENT),
    currency(&["¢"], noun("cent", "cents"), None),
];

const fn magnitude(
    written: &'static [&'static str],
    letters: &'static [&'static str],
    word: &'static str,
) -> Magnitude {
    Magnitude {
        written,
        letters,
        noun: noun(word, word),
    }
}

pub static MAGNITUDES: [Magnitude; 7] = [
    magnitude(&["hundred"], &[], "hundred"),
    magnitude(&["thousand"], &["k", "K"], "thousand"),
    magnitude(
        &["million", "mn", "mil", "mln", "mio"],
        &["m", "M", "MM"],
        "million",
    ),
    magnitude(&["billion", "bn", "bln"], &["b", "B"], "billion"),
    magnitude(&["lakh", "lakhs"], &[], "lakh"),
    magnitude(&["crore", "crores"], &[], "crore"),
    magnitude(&["trillion", "tn", "trn"], &["t", "T"], "trillion"),
];

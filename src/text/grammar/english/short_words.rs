//! Short words that texts stress by capitals, and short names that are said as words.
//!
//! Owns which two or three capitals in a sentence of small letters are a word: all others are letters ("RA", "DOB").

/// Words of two and three letters, in capitals.
#[rustfmt::skip]
const WORDS: [&str; 236] = [
    "AH", "AN", "AS", "AT", "BE", "BY", "DO", "EH", "EX", "GO", "HA", "HE", "IF", "IN", "IS", "ME", "MR", "MY", "NO", "OF",
    "OH", "OK", "ON", "OR", "SO", "TO", "UH", "UM", "UP", "WE", "YO",
    "ACE", "AGE", "AGO", "AID", "AIR", "ALL", "AND", "ANY", "APP", "ART", "ASK", "ATE", "BAD", "BAG", "BAN", "BAR", "BED",
    "BEE", "BET", "BIG", "BIN", "BIT", "BOX", "BOY", "BUG", "BUS", "BUT", "BUY", "BYE", "CAB", "CAN", "CAP", "CAR", "COW",
    "CRY", "CUP", "CUT", "DAD", "DAY", "DID", "DIE", "DIG", "DOG", "DRY", "DUE", "EAT", "EGG", "END", "EYE", "FAN", "FAR",
    "FAT", "FEE", "FEW", "FIT", "FIX", "FLY", "FOR", "FOX", "FUN", "FUR", "GAS", "GET", "GOD", "GOT", "GUN", "GUY", "HAD",
    "HAS", "HAT", "HER", "HEY", "HIM", "HIS", "HIT", "HOT", "HOW", "HUG", "ILL", "INN", "ITS", "JOB", "JOY", "KEY", "KID",
    "LAW", "LAY", "LEG", "LET", "LIE", "LIP", "LOT", "LOW", "MAD", "MAN", "MAP", "MAX", "MAY", "MEN", "MET", "MIX", "MOM",
    "MRS", "MUM", "NET", "NEW", "NOR", "NOT", "NOW", "NUT", "ODD", "OFF", "OIL", "OLD", "ONE", "OUR", "OUT", "OWN", "PAY",
    "PEN", "PER", "PIG", "POP", "POT", "PUT", "RAN", "RAT", "RAW", "RED", "RID", "ROW", "RUN", "SAD", "SAW", "SAY", "SEA",
    "SEE", "SET", "SEX", "SHE", "SHY", "SIR", "SIT", "SIX", "SKY", "SON", "SUN", "TAX", "TEA", "TEN", "THE", "TIE", "TIP",
    "TOE", "TOO", "TOP", "TOY", "TRY", "TWO", "USE", "VAN", "VIA", "WAR", "WAS", "WAY", "WET", "WHO", "WHY", "WIN", "WOW",
    "YES", "YET", "YOU", "ZOO",
    "CAM", "COP", "DIN", "FAB", "GEL", "GIF", "GYM", "HEX", "HUB", "ISO", "JAR", "KIT", "LAB", "LAN", "LOG", "MOD", "MOB", "PIN",
    "PIP", "POD", "PUB", "RAM", "RAP", "ROM", "SIM", "TAB", "TAG", "VET", "WAN", "WEB", "ZIP",
];

/// Whether `capitals`, two or three, are a word.
pub fn is_word(capitals: &str) -> bool {
    WORDS.contains(&capitals)
}

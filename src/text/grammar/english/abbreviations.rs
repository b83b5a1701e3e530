//! The abbreviations of English texts and their words.

use crate::grammar::values::{AbbreviationPlace as Place, WrittenAbbreviation};

const fn abbreviation(
    written: &'static str,
    said: &'static str,
    place: Place,
) -> WrittenAbbreviation {
    WrittenAbbreviation {
        written,
        said,
        place,
    }
}

/// Abbreviations; of several with the same writing the first one whose place fits is read.
#[rustfmt::skip]
pub static ABBREVIATIONS: [WrittenAbbreviation; 203] = [
    // Titles.
    abbreviation("Mr", "Mister", Place::Always), abbreviation("Mrs", "Missus", Place::Always),
    abbreviation("Ms", "Miz", Place::Always), abbreviation("Messrs", "Messieurs", Place::Always),
    abbreviation("Mme", "Madame", Place::Always), abbreviation("Mlle", "Mademoiselle", Place::Always),
    abbreviation("Dr", "Doctor", Place::BeforeName), abbreviation("Drs", "Doctors", Place::BeforeName),
    abbreviation("Dr", "Drive", Place::AfterName), abbreviation("Dr", "Doctor", Place::Stop),
    abbreviation("Prof", "Professor", Place::Always), abbreviation("Rev", "revision", Place::BeforeFigure), abbreviation("Rev", "Reverend", Place::Stop),
    abbreviation("Rev", "Reverend", Place::BeforeName), abbreviation("Hon", "Honorable", Place::Stop),
    abbreviation("Fr", "Father", Place::Stop), abbreviation("Sr", "Sister", Place::BeforeName),
    abbreviation("Gen", "General", Place::Stop), abbreviation("Maj", "Major", Place::Stop),
    abbreviation("Col", "Colonel", Place::Stop), abbreviation("Capt", "Captain", Place::Always),
    abbreviation("Cmdr", "Commander", Place::Always), abbreviation("Cdr", "Commander", Place::Stop),
    abbreviation("Adm", "Admiral", Place::Stop), abbreviation("Lt", "Lieutenant", Place::Always),
    abbreviation("Sgt", "Sergeant", Place::Always), abbreviation("Cpl", "Corporal", Place::Always),
    abbreviation("Pvt", "Private", Place::Always), abbreviation("Pfc", "Private First Class", Place::Always),
    abbreviation("Gov", "Governor", Place::Stop), abbreviation("Sen", "Senator", Place::Stop),
    abbreviation("Rep", "Representative", Place::Stop), abbreviation("Pres", "President", Place::Stop),
    abbreviation("Amb", "Ambassador", Place::Stop), abbreviation("Insp", "Inspector", Place::Stop),
    abbreviation("Det", "Detective", Place::Stop), abbreviation("Supt", "Superintendent", Place::Stop),
    abbreviation("Engr", "Engineer", Place::Always), abbreviation("Alh", "Alhaji", Place::Stop),
    abbreviation("Barr", "Barrister", Place::Stop), abbreviation("Arch", "Architect", Place::Stop),
    abbreviation("WWII", "World War two", Place::Always), abbreviation("WWI", "World War one", Place::Always),
    abbreviation("Jr", "Junior", Place::Always), abbreviation("Sr", "Senior", Place::Stop),
    abbreviation("Esq", "Esquire", Place::Stop), abbreviation("Bros", "Brothers", Place::Stop),
    // Months that stand without a day.
    abbreviation("Jan", "January", Place::Stop), abbreviation("Feb", "February", Place::Stop),
    abbreviation("Apr", "April", Place::Stop), abbreviation("Jun", "June", Place::Stop),
    abbreviation("Jul", "July", Place::Stop), abbreviation("Aug", "August", Place::Stop),
    abbreviation("Sept", "September", Place::Stop), abbreviation("Oct", "October", Place::Stop),
    abbreviation("Nov", "November", Place::Stop), abbreviation("Dec", "December", Place::Stop),
    // Streets and places.
    abbreviation("Ave", "Avenue", Place::Always), abbreviation("Av", "Avenue", Place::AfterName),
    abbreviation("Blvd", "Boulevard", Place::Always), abbreviation("Rd", "Road", Place::Always),
    abbreviation("Ln", "Lane", Place::Always), abbreviation("Ct", "Court", Place::AfterName),
    abbreviation("Ct", "Court", Place::Stop), abbreviation("Pl", "Place", Place::AfterName),
    abbreviation("Sq", "Square", Place::AfterName), abbreviation("Terr", "Terrace", Place::Always),
    abbreviation("Cir", "Circle", Place::AfterName), abbreviation("Pkwy", "Parkway", Place::Always),
    abbreviation("Expy", "Expressway", Place::Always), abbreviation("Expwy", "Expressway", Place::Always),
    abbreviation("Fwy", "Freeway", Place::Always), abbreviation("Hwy", "Highway", Place::Always),
    abbreviation("Tpke", "Turnpike", Place::Always), abbreviation("Rte", "Route", Place::Always),
    abbreviation("Rt", "Route", Place::BeforeFigure), abbreviation("Apt", "Apartment", Place::Stop),
    abbreviation("Apt", "Apartment", Place::BeforeFigure), abbreviation("Ste", "Suite", Place::BeforeFigure),
    abbreviation("Bldg", "Building", Place::Always), abbreviation("Fl", "Floor", Place::Stop),
    abbreviation("Rm", "Room", Place::BeforeFigure), abbreviation("Mt", "Mount", Place::BeforeName),
    abbreviation("Mt", "Mount", Place::Stop), abbreviation("Mtn", "Mountain", Place::Always),
    abbreviation("Mts", "Mountains", Place::Always), abbreviation("Ft", "Fort", Place::BeforeName),
    abbreviation("Pt", "Point", Place::BeforeName), abbreviation("Univ", "University", Place::Always),
    abbreviation("Natl", "National", Place::Always), abbreviation("Intl", "International", Place::Always),
    abbreviation("Int'l", "International", Place::Always), abbreviation("Nat'l", "National", Place::Always),
    // Firms.
    abbreviation("Ltd", "Limited", Place::Always), abbreviation("Inc", "Incorporated", Place::Stop),
    abbreviation("Inc", "Incorporated", Place::AfterName), abbreviation("Corp", "Corporation", Place::Always),
    abbreviation("Co", "Company", Place::Stop), abbreviation("Assn", "Association", Place::Always),
    abbreviation("mfg", "manufactured", Place::BeforeFigure),
    abbreviation("Mfg", "Manufacturing", Place::Always), abbreviation("Dept", "Department", Place::Always),
    abbreviation("Govt", "Government", Place::Always), abbreviation("Div", "Division", Place::Stop),
    // Books and figures.
    abbreviation("No", "number", Place::BeforeFigure), abbreviation("Nos", "numbers", Place::BeforeFigure),
    abbreviation("Nr", "number", Place::BeforeFigure), abbreviation("Vol", "volume", Place::BeforeFigure),
    abbreviation("Vols", "volumes", Place::BeforeFigure), abbreviation("Fig", "figure", Place::BeforeFigure),
    abbreviation("Figs", "figures", Place::BeforeFigure), abbreviation("p", "page", Place::BeforeFigure),
    abbreviation("pp", "pages", Place::BeforeFigure), abbreviation("pg", "page", Place::BeforeFigure),
    abbreviation("Ch", "chapter", Place::BeforeFigure), abbreviation("Chap", "chapter", Place::BeforeFigure),
    abbreviation("Sec", "section", Place::BeforeFigure), abbreviation("Art", "article", Place::BeforeFigure),
    abbreviation("Eq", "equation", Place::BeforeFigure), abbreviation("Pt", "part", Place::BeforeFigure),
    abbreviation("Para", "paragraph", Place::BeforeFigure), abbreviation("Ex", "example", Place::BeforeFigure),
    abbreviation("Ext", "extension", Place::BeforeFigure), abbreviation("Ext", "extension", Place::Stop),
    abbreviation("Ed", "edition", Place::AfterFigure), abbreviation("ed", "edition", Place::AfterFigure),
    abbreviation("Tel", "telephone", Place::BeforeFigure), abbreviation("Tel", "telephone", Place::Stop),
    abbreviation("Ref", "reference", Place::Stop), abbreviation("ver", "version", Place::BeforeFigure),
    abbreviation("ca", "circa", Place::BeforeFigure), abbreviation("c", "circa", Place::BeforeFigure),
    // Words.
    abbreviation("etc", "etcetera", Place::Always), abbreviation("vs", "versus", Place::Always),
    abbreviation("v", "versus", Place::Stop), abbreviation("viz", "namely", Place::Stop),
    abbreviation("cf", "compare", Place::Always), abbreviation("al", "al", Place::Stop),
    abbreviation("e.g", "for example", Place::Always), abbreviation("eg", "for example", Place::Always),
    abbreviation("i.e", "that is", Place::Always), abbreviation("ie", "that is", Place::Always),
    abbreviation("approx", "approximately", Place::Always), abbreviation("appt", "appointment", Place::Always),
    abbreviation("est", "established", Place::BeforeFigure), abbreviation("est", "estimated", Place::Stop),
    abbreviation("min", "minimum", Place::Stop), abbreviation("max", "maximum", Place::LowStop),
    abbreviation("max", "maximum", Place::BeforeFigure), abbreviation("aka", "A K A", Place::Always),
    abbreviation("exp", "expires", Place::BeforeFigure),
    abbreviation("qty", "quantity", Place::Always), abbreviation("pcs", "pieces", Place::Always),
    abbreviation("pt", "patient", Place::LowStop), abbreviation("pts", "patients", Place::LowStop),
    abbreviation("p.a", "per annum", Place::Always), abbreviation("wks", "weeks", Place::Always),
    abbreviation("b/c", "because", Place::Always), abbreviation("y/o", "year old", Place::Always),
    abbreviation("f/u", "follow up", Place::Always), abbreviation("prev", "previous", Place::Stop),
    abbreviation("acct", "account", Place::Stop), abbreviation("Blk", "Block", Place::BeforeFigure),
    abbreviation("Reg", "registration", Place::Stop), abbreviation("pkg", "package", Place::Stop),
    abbreviation("pkgs", "packages", Place::Stop), abbreviation("tab", "tablet", Place::AfterFigure),
    abbreviation("tabs", "tablets", Place::AfterFigure), abbreviation("ea", "each", Place::AfterFigure),
    abbreviation("min", "minimum", Place::BeforeFigure), abbreviation("avg", "average", Place::Always),
    abbreviation("temp", "temperature", Place::Stop), abbreviation("misc", "miscellaneous", Place::Always),
    abbreviation("dept", "department", Place::Always), abbreviation("govt", "government", Place::Always),
    abbreviation("gov't", "government", Place::Always), abbreviation("mgr", "manager", Place::Always),
    abbreviation("asst", "assistant", Place::Always), abbreviation("assoc", "associate", Place::Stop),
    abbreviation("blvd", "boulevard", Place::Always), abbreviation("hwy", "highway", Place::Always),
    abbreviation("rd", "road", Place::Stop), abbreviation("ave", "avenue", Place::Stop),
    abbreviation("tel", "telephone", Place::Stop), abbreviation("incl", "including", Place::Always),
    abbreviation("excl", "excluding", Place::Always), abbreviation("yr", "year", Place::Stop),
    abbreviation("yrs", "years", Place::Always), abbreviation("hr", "hour", Place::Stop),
    abbreviation("hrs", "hours", Place::Always), abbreviation("mins", "minutes", Place::Always),
    abbreviation("secs", "seconds", Place::Always), abbreviation("lbs", "pounds", Place::Always),
    abbreviation("oz", "ounces", Place::Stop), abbreviation("tsp", "teaspoon", Place::Always),
    abbreviation("tbsp", "tablespoon", Place::Always), abbreviation("sq", "square", Place::Always),
    abbreviation("cu", "cubic", Place::Stop), abbreviation("b", "born", Place::BeforeFigure),
    abbreviation("c/o", "care of", Place::Always), abbreviation("w/o", "without", Place::Always),
    abbreviation("w/", "with", Place::Always), abbreviation("dob", "date of birth", Place::Stop),
];

/// Names of the states and other parts of the United States by their postal codes.
#[rustfmt::skip]
pub static STATES: [(&str, &str); 52] = [
    ("AL", "Alabama"), ("AK", "Alaska"), ("AZ", "Arizona"), ("AR", "Arkansas"), ("CA", "California"),
    ("CO", "Colorado"), ("CT", "Connecticut"), ("DE", "Delaware"), ("FL", "Florida"), ("GA", "Georgia"),
    ("HI", "Hawaii"), ("ID", "Idaho"), ("IL", "Illinois"), ("IN", "Indiana"), ("IA", "Iowa"),
    ("KS", "Kansas"), ("KY", "Kentucky"), ("LA", "Louisiana"), ("ME", "Maine"), ("MD", "Maryland"),
    ("MA", "Massachusetts"), ("MI", "Michigan"), ("MN", "Minnesota"), ("MS", "Mississippi"),
    ("MO", "Missouri"), ("MT", "Montana"), ("NE", "Nebraska"), ("NV", "Nevada"), ("NH", "New Hampshire"),
    ("NJ", "New Jersey"), ("NM", "New Mexico"), ("NY", "New York"), ("NC", "North Carolina"),
    ("ND", "North Dakota"), ("OH", "Ohio"), ("OK", "Oklahoma"), ("OR", "Oregon"), ("PA", "Pennsylvania"),
    ("RI", "Rhode Island"), ("SC", "South Carolina"), ("SD", "South Dakota"), ("TN", "Tennessee"),
    ("TX", "Texas"), ("UT", "Utah"), ("VT", "Vermont"), ("VA", "Virginia"), ("WA", "Washington"),
    ("WV", "West Virginia"), ("WI", "Wisconsin"), ("WY", "Wyoming"), ("DC", "D C"), ("PR", "Puerto Rico"),
];

/// Words, in lower case, that end a street's name.
#[rustfmt::skip]
pub static STREETS: [&str; 40] = [
    "st", "street", "ave", "av", "avenue", "rd", "road", "blvd", "boulevard", "ln", "lane", "ct", "court",
    "pl", "place", "sq", "square", "dr", "drive", "ter", "terr", "terrace", "cir", "circle", "pkwy",
    "parkway", "expy", "expwy", "expressway", "hwy", "highway", "fwy", "way", "close", "crescent", "row",
    "alley", "broadway", "pike", "plaza",
];

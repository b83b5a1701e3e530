//! The units of measure that English texts write short.

use super::currencies::noun;
use crate::grammar::values::{CountedNoun, MeasureUnit};

const fn unit(written: &'static [&'static str], noun: CountedNoun) -> MeasureUnit {
    MeasureUnit {
        written,
        noun,
        prefixed: false,
        touching: false,
    }
}

/// A unit that takes the prefixes of the metric system.
const fn metric(written: &'static [&'static str], noun: CountedNoun) -> MeasureUnit {
    MeasureUnit {
        written,
        noun,
        prefixed: true,
        touching: false,
    }
}

/// A unit with the prefixes of the metric system whose sign is a letter in other places too.
const fn letter(written: &'static [&'static str], noun: CountedNoun) -> MeasureUnit {
    MeasureUnit {
        written,
        noun,
        prefixed: true,
        touching: true,
    }
}

/// A unit that is a word or initials too.
const fn touching(written: &'static [&'static str], noun: CountedNoun) -> MeasureUnit {
    MeasureUnit {
        written,
        noun,
        prefixed: false,
        touching: true,
    }
}

/// The prefixes of the metric system.
pub static PREFIXES: [(&str, &str); 12] = [
    ("da", "deca"),
    ("k", "kilo"),
    ("K", "kilo"),
    ("M", "mega"),
    ("G", "giga"),
    ("T", "tera"),
    ("h", "hecto"),
    ("d", "deci"),
    ("c", "centi"),
    ("m", "milli"),
    ("µ", "micro"),
    ("n", "nano"),
];

macro_rules! metres {
    ($meter:literal, $meters:literal, $liter:literal, $liters:literal) => {
        [
            // Before the unit of the same letters that takes prefixes: "+5 bps", "5 kbps".
            unit(&["bps"], noun("basis point", "basis points")),
            metric(&["m"], noun($meter, $meters)),
            metric(&["l", "L"], noun($liter, $liters)),
            metric(&["g"], noun("gram", "grams")),
            metric(&["Hz"], noun("hertz", "hertz")),
            metric(&["W"], noun("watt", "watts")),
            metric(&["V"], noun("volt", "volts")),
            letter(&["J"], noun("joule", "joules")),
            letter(&["N"], noun("newton", "newtons")),
            metric(&["Pa"], noun("pascal", "pascals")),
            metric(&["ohm"], noun("ohm", "ohms")),
            letter(&["B"], noun("byte", "bytes")),
            metric(&["bit", "bits"], noun("bit", "bits")),
            metric(&["cal"], noun("calorie", "calories")),
            metric(&["mol"], noun("mole", "moles")),
            metric(&["eV"], noun("electron volt", "electron volts")),
            metric(&["Wh"], noun("watt hour", "watt hours")),
            metric(&["Ah"], noun("amp hour", "amp hours")),
            metric(
                &["bps", "b/s", "bit/s"],
                noun("bit per second", "bits per second"),
            ),
            metric(&["Sv"], noun("sievert", "sieverts")),
            metric(&["Bq"], noun("becquerel", "becquerels")),
            metric(&["dB", "db"], noun("decibel", "decibels")),
            metric(&["px"], noun("pixel", "pixels")),
            touching(&["A"], noun("amp", "amps")),
            unit(&["amp", "amps"], noun("amp", "amps")),
            unit(&["mA"], noun("milliamp", "milliamps")),
            unit(&["µA"], noun("microamp", "microamps")),
            touching(&["F"], noun("farad", "farads")),
            unit(&["mbps"], noun("megabit per second", "megabits per second")),
            unit(&["gbps"], noun("gigabit per second", "gigabits per second")),
            unit(&["kbps"], noun("kilobit per second", "kilobits per second")),
            unit(&["mcg", "ug"], noun("microgram", "micrograms")),
            unit(&["µm"], noun("micrometer", "micrometers")),
            unit(&["cc"], noun("cc", "cc")),
            unit(&["KiB"], noun("kibibyte", "kibibytes")),
            unit(&["MiB"], noun("mebibyte", "mebibytes")),
            unit(&["GiB"], noun("gibibyte", "gibibytes")),
            unit(&["TiB"], noun("tebibyte", "tebibytes")),
            unit(
                &["N·m", "Nm"],
                noun(concat!("newton ", $meter), concat!("newton ", $meters)),
            ),
            unit(&["ga"], noun("gauge", "gauge")),
            unit(
                &["m/s²", "m/s2", "m/s^2"],
                noun(
                    concat!($meter, " per second squared"),
                    concat!($meters, " per second squared"),
                ),
            ),
            unit(&["ha"], noun("hectare", "hectares")),
            unit(&["t"], noun("ton", "tons")),
            unit(&["lb", "lbs"], noun("pound", "pounds")),
            unit(&["oz"], noun("ounce", "ounces")),
            unit(&["fl oz"], noun("fluid ounce", "fluid ounces")),
            unit(&["ft"], noun("foot", "feet")),
            unit(&["yd", "yds"], noun("yard", "yards")),
            unit(&["mi"], noun("mile", "miles")),
            unit(&["sqft"], noun("square foot", "square feet")),
            unit(&["ac"], noun("acre", "acres")),
            unit(&["gal"], noun("gallon", "gallons")),
            unit(&["qt"], noun("quart", "quarts")),
            unit(&["pt"], noun("pint", "pints")),
            unit(&["tsp", "tsps"], noun("teaspoon", "teaspoons")),
            unit(&["tbsp", "tbs", "Tbsp"], noun("tablespoon", "tablespoons")),
            unit(&["mph", "MPH"], noun("mile per hour", "miles per hour")),
            unit(&["mpg"], noun("mile per gallon", "miles per gallon")),
            unit(
                &["kph", "kmh", "km/h"],
                noun(
                    concat!("kilo", $meter, " per hour"),
                    concat!("kilo", $meters, " per hour"),
                ),
            ),
            unit(
                &["rpm"],
                noun("revolution per minute", "revolutions per minute"),
            ),
            unit(&["fps"], noun("frame per second", "frames per second")),
            unit(&["bpm"], noun("beat per minute", "beats per minute")),
            unit(&["ppm"], noun("part per million", "parts per million")),
            unit(&["ppb"], noun("part per billion", "parts per billion")),
            unit(
                &["psi"],
                noun("pound per square inch", "pounds per square inch"),
            ),
            unit(&["hp", "HP"], noun("horsepower", "horsepower")),
            unit(
                &["lb-ft", "ft-lb", "lb·ft", "ft·lb"],
                noun("foot pound", "foot pounds"),
            ),
            unit(&["atm"], noun("atmosphere", "atmospheres")),
            unit(&["bar"], noun("bar", "bar")),
            unit(&["mbar"], noun("millibar", "millibars")),
            unit(
                &["mmHg"],
                noun("millimeter of mercury", "millimeters of mercury"),
            ),
            metric(&["IU"], noun("international unit", "international units")),
            metric(&["Eq"], noun("equivalent", "equivalents")),
            unit(&["BTU"], noun("B T U", "B T Us")),
            unit(&["MP"], noun("megapixel", "megapixels")),
            unit(&["dpi"], noun("dot per inch", "dots per inch")),
            unit(&["ppi"], noun("pixel per inch", "pixels per inch")),
            unit(&["s", "sec", "secs"], noun("second", "seconds")),
            unit(&["ms", "msec"], noun("millisecond", "milliseconds")),
            unit(&["µs"], noun("microsecond", "microseconds")),
            unit(&["ns"], noun("nanosecond", "nanoseconds")),
            unit(&["min", "mins"], noun("minute", "minutes")),
            unit(&["h", "hr", "hrs"], noun("hour", "hours")),
            unit(&["wk", "wks"], noun("week", "weeks")),
            unit(&["mo", "mos"], noun("month", "months")),
            unit(&["yr", "yrs"], noun("year", "years")),
            unit(&["°C", "℃"], noun("degree Celsius", "degrees Celsius")),
            unit(
                &["°F", "℉"],
                noun("degree Fahrenheit", "degrees Fahrenheit"),
            ),
            unit(&["°"], noun("degree", "degrees")),
            unit(&["%"], noun("percent", "percent")),
            unit(&["‰"], noun("per mille", "per mille")),
            touching(&["in", "\""], noun("inch", "inches")),
            touching(&["d"], noun("day", "days")),
        ]
    };
}

pub static AMERICAN: [MeasureUnit; 93] = metres!("meter", "meters", "liter", "liters");
pub static BRITISH: [MeasureUnit; 93] = metres!("metre", "metres", "litre", "litres");

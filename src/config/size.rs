//! Sizes in bytes, as an operator writes them.

use std::fmt;
use std::str::FromStr;

/// A number of bytes, written `65536`, `64KiB`, `100MiB` or `2GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

/// Largest first, so that a size is shown in the largest unit that divides it.
const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unit = UNITS.iter().find_map(|(unit, bytes)| {
            let count = text.strip_suffix(unit)?;
            Some((count.trim_end(), *bytes))
        });
        let (count, bytes) = unit.unwrap_or((text, 1));
        let all_digits = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
        let count = count.parse::<u64>().ok().filter(|_| all_digits);
        count
            .and_then(|count| count.checked_mul(bytes))
            .map(Size)
            .ok_or_else(|| {
                format!("{text} is no size; a number of bytes, KiB, MiB or GiB is, as in 100MiB")
            })
    }
}

impl From<Size> for u64 {
    fn from(Size(bytes): Size) -> u64 {
        bytes
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |(_, bytes): &&(&str, u64)| self.0 > 0 && self.0.is_multiple_of(*bytes);
        match UNITS.iter().find(whole) {
            Some((unit, bytes)) => write!(f, "{}{unit}", self.0 / bytes),
            None => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_shown_and_nothing_else_is() {
        for (text, bytes) in [
            ("0", 0),
            ("65537", 65_537),
            ("64KiB", 65_536),
            ("100 MiB", 100 << 20),
            ("2GiB", 2 << 30),
        ] {
            let size: Size = text.parse().unwrap();
            assert_eq!(size, Size(bytes));
            assert_eq!(size.to_string().parse(), Ok(size));
        }
        assert_eq!(Size(2 << 30).to_string(), "2GiB");
        assert_eq!(Size((2 << 30) + 1024).to_string(), "2097153KiB");
        for wrong in [
            "",
            "KiB",
            "-1",
            "+1",
            "1.5MiB",
            "1MB",
            "1k",
            "99999999999GiB",
        ] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }
}

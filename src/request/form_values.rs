//! The values of a form's fields: truth values, choices and whole numbers.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::form::Form;
use vocabox_base::fault::Fault;

impl Form {
    /// The field `name` as a truth value: true, false, 1, 0, yes, no, on or off in any case; `default` when
    /// it is absent or empty.
    ///
    /// Faults: `Invalid` for any other value.
    pub fn boolean(&self, name: &str, default: bool) -> Result<bool, Fault> {
        let Some(value) = self.text(name) else {
            return Ok(default);
        };
        match value.trim().to_ascii_lowercase().as_str() {
            "" => Ok(default),
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(Fault::invalid(format!(
                "{name} is not a boolean; true, false, 1, 0, yes, no, on and off are accepted"
            ))),
        }
    }

    /// The field `name` as one of `choices`, in any case; the first of them when it is absent or empty.
    ///
    /// Faults: `Invalid` for any other value.
    pub fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<T, Fault> {
        let value = self.text(name).unwrap_or_default().trim();
        let known = |choice: &&(&str, T)| value.is_empty() || choice.0.eq_ignore_ascii_case(value);
        let found = choices.iter().find(known);
        found.map(|(_, chosen)| *chosen).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            Fault::invalid(format!(
                "{name} is not known; accepted are {}",
                names.join(", ")
            ))
        })
    }

    /// The field `name` as a number in `range`; none when it is absent or empty.
    ///
    /// Faults: `Invalid` for any other value.
    pub fn real(&self, name: &str, range: RangeInclusive<f32>) -> Result<Option<f32>, Fault> {
        self.number(name, "a number", range)
    }

    /// The field `name` as a whole number in `range`; none when it is absent or empty.
    ///
    /// Faults: `Invalid` for any other value.
    pub fn whole(&self, name: &str, range: RangeInclusive<usize>) -> Result<Option<usize>, Fault> {
        self.number(name, "a whole number", range)
    }

    fn number<T: FromStr + PartialOrd + Display>(
        &self,
        name: &str,
        kind: &str,
        range: RangeInclusive<T>,
    ) -> Result<Option<T>, Fault> {
        let value = self.text(name).unwrap_or_default().trim();
        if value.is_empty() {
            return Ok(None);
        }
        let number = value.parse().ok().filter(|number| range.contains(number));
        number.map(Some).ok_or_else(|| {
            Fault::invalid(format!(
                "{name} is not {kind} from {} to {}",
                range.start(),
                range.end()
            ))
        })
    }
}

//! The declaration of one option: its kind, range and default, and how text or a value of the file is parsed.
//!
//! An option is declared once, by [`super::settings!`]. Its flag, its environment variable, its key in the file, its check,
//! its line of `--help` and its row in the documents derive from that declaration.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::choice::{HistoryText, LogFormat, LogLevel};
use super::size::Size;
use crate::address::Network;
use crate::limits::Movable;

/// The declaration of one option.
#[derive(Debug)]
pub struct OptionSpec {
    /// The option's key in the file: lower-case words joined by `_`.
    pub name: &'static str,
    pub kind: OptionKind,
    pub preset: Preset,
    /// What the option does, in a sentence without a full stop and without the default.
    pub help: &'static str,
}

/// The kind of an option's values.
#[derive(Debug, Clone, Copy)]
pub enum OptionKind {
    /// Any text; with the name of the value in `--help`.
    Text(&'static str),
    /// Several texts: the flag may be given again, flag and variable separate them by commas, and the file has an
    /// array. With the name of the value in `--help`.
    Texts(&'static str),
    /// Several addresses or networks ([`Network`]), given as [`OptionKind::Texts`] are.
    Networks,
    /// An address and a port, or what `listen_address` reads as one.
    Address,
    /// True or false; the flag alone means true.
    Switch,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A count.
    Count(Movable),
    /// A number of seconds.
    Seconds(Movable),
    /// A number of bytes, [`Size`].
    Size(Movable),
}

/// The default of an option.
#[derive(Debug, Clone, Copy)]
pub enum Preset {
    /// The default of the kind: that of its [`Movable`]; false for a switch; an empty list for texts.
    OfKind,
    /// This text, read as if an operator had written it.
    Value(&'static str),
    /// No value; the text says what that means.
    Unset(&'static str),
}

/// The value of an option.
#[derive(Debug, Clone, PartialEq)]
pub enum OptionValue {
    Text(String),
    Texts(Vec<String>),
    Switch(bool),
    Number(u64),
}

impl OptionSpec {
    /// The flag, without the two hyphens.
    pub fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// The environment variable.
    pub fn variable(&self) -> String {
        format!("VOCABOX_{}", self.name.to_uppercase())
    }

    /// The default in words; none for a switch.
    pub fn default_told(&self) -> Option<String> {
        match (self.preset, self.kind) {
            (Preset::Value(text) | Preset::Unset(text), _) => Some(text.to_owned()),
            (
                Preset::OfKind,
                OptionKind::Count(range) | OptionKind::Seconds(range) | OptionKind::Size(range),
            ) => Some(self.kind.number_told(range.default)),
            (Preset::OfKind, OptionKind::Texts(_) | OptionKind::Networks) => {
                Some("none".to_owned())
            }
            (Preset::OfKind, _) => None,
        }
    }

    /// The accepted values in words; none unless they are a range or a choice.
    pub fn accepted_told(&self) -> Option<String> {
        match self.kind {
            OptionKind::Count(range) | OptionKind::Seconds(range) | OptionKind::Size(range) => {
                Some(format!(
                    "{} to {}",
                    self.kind.number_told(range.min),
                    self.kind.number_told(range.max)
                ))
            }
            OptionKind::Choice(words) => Some(words.join(", ")),
            OptionKind::Switch => Some("true, false".to_owned()),
            _ => None,
        }
    }

    /// The default value, if there is one. The error says why the declared default cannot be read.
    pub(super) fn preset_value(&self) -> Result<Option<OptionValue>, String> {
        match (self.preset, self.kind) {
            (Preset::Unset(_), _) => Ok(None),
            (Preset::Value(text), kind) => kind.read(text).map(Some),
            (
                Preset::OfKind,
                OptionKind::Count(range) | OptionKind::Seconds(range) | OptionKind::Size(range),
            ) => Ok(Some(OptionValue::Number(range.default))),
            (Preset::OfKind, OptionKind::Texts(_) | OptionKind::Networks) => {
                Ok(Some(OptionValue::Texts(Vec::new())))
            }
            (Preset::OfKind, OptionKind::Switch) => Ok(Some(OptionValue::Switch(false))),
            (Preset::OfKind, OptionKind::Text(_) | OptionKind::Address | OptionKind::Choice(_)) => {
                Ok(None)
            }
        }
    }

    /// Checks that a number is within the range. The error is one line that says what is accepted.
    pub(super) fn check(&self, value: &OptionValue) -> Result<(), String> {
        match (self.kind, value) {
            (
                OptionKind::Count(range) | OptionKind::Seconds(range) | OptionKind::Size(range),
                OptionValue::Number(number),
            ) => self.check_within(*number, range.min, range.max),
            _ => Ok(()),
        }
    }

    /// Checks that `number` is `min` to `max`.
    pub(super) fn check_within(&self, number: u64, min: u64, max: u64) -> Result<(), String> {
        match (min..=max).contains(&number) {
            true => Ok(()),
            false => Err(format!(
                "option {} is {}; {} to {} is accepted",
                self.name,
                self.kind.number_told(number),
                self.kind.number_told(min),
                self.kind.number_told(max)
            )),
        }
    }
}

impl OptionKind {
    /// Parses `text` of a flag or a variable. The error says what is accepted.
    pub(super) fn read(self, text: &str) -> Result<OptionValue, String> {
        match self {
            // A script whose variable is empty would otherwise write into the folder where it runs.
            OptionKind::Text(name) if text.trim().is_empty() => Err(format!("{name} is blank")),
            OptionKind::Text(_) => Ok(OptionValue::Text(text.to_owned())),
            OptionKind::Texts(_) => Ok(OptionValue::Texts(vec![text.to_owned()])),
            OptionKind::Networks => match text.parse::<Network>() {
                Ok(_) => Ok(OptionValue::Texts(vec![text.to_owned()])),
                Err(sentence) => Err(sentence),
            },
            OptionKind::Address => match listen_address(text) {
                Some(address) => Ok(OptionValue::Text(address.to_string())),
                None => Err(format!(
                    "{text} is no address; an IP address and a port are, as in 127.0.0.1:8080, localhost:8080, or :8080 for all IPv4 addresses"
                )),
            },
            OptionKind::Switch => match text {
                "true" => Ok(OptionValue::Switch(true)),
                "false" => Ok(OptionValue::Switch(false)),
                _ => Err(format!("{text} is neither true nor false")),
            },
            OptionKind::Choice(words) => match words.contains(&text) {
                true => Ok(OptionValue::Text(text.to_owned())),
                false => Err(format!("{text} is none of {}", words.join(", "))),
            },
            OptionKind::Count(_) | OptionKind::Seconds(_) => match text.parse() {
                Ok(number) => Ok(OptionValue::Number(number)),
                Err(_) => Err(format!("{text} is no whole number")),
            },
            OptionKind::Size(_) => text.parse().map(|size: Size| OptionValue::Number(size.0)),
        }
    }

    /// Converts a value of the file. The error says what is accepted.
    pub(super) fn read_toml(self, value: &toml::Value) -> Result<OptionValue, String> {
        match (self, value) {
            (OptionKind::Texts(_) | OptionKind::Networks, toml::Value::Array(texts)) => {
                let texts = texts.iter().map(|text| match text {
                    toml::Value::String(text) => self.read(text).map(|_| text.clone()),
                    other => Err(format!("{other} is no text")),
                });
                texts.collect::<Result<_, _>>().map(OptionValue::Texts)
            }
            (OptionKind::Switch, toml::Value::Boolean(is_on)) => Ok(OptionValue::Switch(*is_on)),
            (
                OptionKind::Count(_) | OptionKind::Seconds(_) | OptionKind::Size(_),
                toml::Value::Integer(number),
            ) => {
                let negative = format!("{number} is less than 0");
                (*number)
                    .try_into()
                    .map(OptionValue::Number)
                    .map_err(|_| negative)
            }
            (
                OptionKind::Text(_)
                | OptionKind::Address
                | OptionKind::Choice(_)
                | OptionKind::Size(_),
                toml::Value::String(text),
            ) => self.read(text),
            (kind, other) => Err(format!("{other} is given; {kind} is accepted")),
        }
    }

    /// A number of this kind, formatted for an operator.
    fn number_told(self, number: u64) -> String {
        match self {
            OptionKind::Size(_) => Size(number).to_string(),
            _ => number.to_string(),
        }
    }

    /// The name of the value in `--help`; none for a switch.
    pub(super) fn value_name(self) -> Option<String> {
        match self {
            OptionKind::Text(name) | OptionKind::Texts(name) => Some(name.to_owned()),
            OptionKind::Networks => Some("CIDR".to_owned()),
            OptionKind::Address => Some("ADDR:PORT".to_owned()),
            OptionKind::Switch => None,
            OptionKind::Choice(words) => Some(words.join("|")),
            OptionKind::Count(_) | OptionKind::Seconds(_) => Some("N".to_owned()),
            OptionKind::Size(_) => Some("SIZE".to_owned()),
        }
    }
}

/// Reads an address to listen on: an IP address and a port; `localhost` as 127.0.0.1, and no host, or `*`, as every IPv4
/// address of the machine. Other names are not looked up: the server asks no name server.
fn listen_address(text: &str) -> Option<SocketAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let (host, port) = text.rsplit_once(':')?;
    let address = match host {
        "" | "*" => Ipv4Addr::UNSPECIFIED,
        host if host.eq_ignore_ascii_case("localhost") => Ipv4Addr::LOCALHOST,
        _ => return None,
    };
    let is_number = port.bytes().all(|b| b.is_ascii_digit());
    let port = port.parse().ok().filter(|_| is_number)?;
    Some(SocketAddr::from((address, port)))
}

impl fmt::Display for OptionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OptionKind::Text(_) | OptionKind::Address | OptionKind::Choice(_) => "a text",
            OptionKind::Texts(_) | OptionKind::Networks => "an array of texts",
            OptionKind::Switch => "true or false",
            OptionKind::Count(_) | OptionKind::Seconds(_) => "a whole number",
            OptionKind::Size(_) => "a number of bytes or a text such as \"64KiB\"",
        })
    }
}

/// A type that a field of a settings struct may have.
pub(super) trait FromValue: Sized {
    /// Converts an option's value to the field's type. None if the declared kind does not match this type, which the
    /// test of all declarations finds.
    fn from_value(value: Option<OptionValue>) -> Option<Self>;
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Option<OptionValue>) -> Option<Self> {
        match value {
            None => Some(None),
            set => T::from_value(set).map(Some),
        }
    }
}

impl FromValue for bool {
    fn from_value(value: Option<OptionValue>) -> Option<Self> {
        match value? {
            OptionValue::Switch(is_on) => Some(is_on),
            _ => None,
        }
    }
}

impl FromValue for Duration {
    fn from_value(value: Option<OptionValue>) -> Option<Self> {
        u64::from_value(value).map(Duration::from_secs)
    }
}

impl FromValue for Vec<String> {
    fn from_value(value: Option<OptionValue>) -> Option<Self> {
        match value? {
            OptionValue::Texts(texts) => Some(texts),
            _ => None,
        }
    }
}

impl FromValue for Vec<Network> {
    fn from_value(value: Option<OptionValue>) -> Option<Self> {
        let texts = Vec::<String>::from_value(value)?;
        texts.iter().map(|text| text.parse().ok()).collect()
    }
}

macro_rules! from_number {
    ($($number:ty),+) => {$(
        impl FromValue for $number {
            fn from_value(value: Option<OptionValue>) -> Option<Self> {
                match value? {
                    OptionValue::Number(number) => number.try_into().ok(),
                    _ => None,
                }
            }
        }
    )+};
}
from_number!(u32, u64, usize);

macro_rules! from_text {
    ($($text:ty),+) => {$(
        impl FromValue for $text {
            fn from_value(value: Option<OptionValue>) -> Option<Self> {
                match value? {
                    OptionValue::Text(text) => text.parse().ok(),
                    _ => None,
                }
            }
        }
    )+};
}
from_text!(
    String,
    PathBuf,
    SocketAddr,
    LogLevel,
    LogFormat,
    HistoryText
);

//! The options as they are in force, each with its value and where it comes from: a file that `--config` reads.

use std::fmt::{self, Write};

use serde::Serialize;

use super::option::{OptionKind, OptionSpec, OptionValue};
use super::settings::{GivenOptions, OptionSource, SettingsGroup};
use super::size::Size;
use super::{
    Common, CommonSettings, DubSettings, EdgeSettings, ModelSettings, ServeFlags, ServeSettings,
};

/// Options that a running server takes from its file and variables when it is told to; all others need a new start.
pub const RELOADED: [&str; 7] = [
    "log_level",
    "log_content",
    "clones_max",
    "require_clone_consent",
    "public_catalog",
    "cors_origin",
    "mark_synthetic",
];

/// One option in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OptionInForce {
    pub name: &'static str,
    /// None where it is unset.
    pub value: Option<toml::Value>,
    pub source: OptionSource,
    /// Whether a running server takes it when it is told to.
    pub reloaded: bool,
    /// What no value means.
    #[serde(skip)]
    unset: Option<String>,
}

/// All options in force, by section.
pub struct OptionsInForce(Vec<(&'static str, Vec<OptionInForce>)>);

impl OptionsInForce {
    /// Resolves all options of `serve`. The error is one line for the operator.
    pub fn resolve(common: &Common, flags: &ServeFlags) -> Result<Self, String> {
        common.serve(flags)?;
        let file = &common.file;
        Ok(OptionsInForce(vec![
            section::<ServeSettings>(&flags.server.given(file))?,
            section::<ModelSettings>(&flags.models.given(file))?,
            section::<EdgeSettings>(&flags.edge.given(file))?,
            section::<DubSettings>(&flags.dub.given(file))?,
            section::<CommonSettings>(&common.flags.flags.given(file))?,
        ]))
    }

    /// All options, in the order of the documents.
    pub fn all(&self) -> impl Iterator<Item = &OptionInForce> {
        self.0.iter().flat_map(|(_, options)| options)
    }
}

impl fmt::Display for OptionsInForce {
    /// Writes a file for `--config`; the comments tell where each value comes from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (title, options)) in self.0.iter().enumerate() {
            let between = if number == 0 { "" } else { "\n\n" };
            write!(f, "{between}# {title}")?;
            for option in options {
                f.write_char('\n')?;
                write!(f, "{option}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for OptionInForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name;
        match (&self.value, self.source) {
            (Some(value), OptionSource::Default) => write!(f, "{name} = {value}"),
            (Some(value), OptionSource::Flag) => write!(f, "{name} = {value}  # by a flag"),
            (Some(value), OptionSource::Variable) => write!(f, "{name} = {value}  # by a variable"),
            (Some(value), OptionSource::File) => write!(f, "{name} = {value}  # by the file"),
            (None, _) => write!(f, "# {name}: {}", self.unset.as_deref().unwrap_or("unset")),
        }
    }
}

fn section<G: SettingsGroup>(
    given: &GivenOptions<'_>,
) -> Result<(&'static str, Vec<OptionInForce>), String> {
    let in_force = |spec: &OptionSpec| {
        let (value, source) = given.value(spec)?;
        Ok(OptionInForce {
            name: spec.name,
            value: value.map(|value| written(spec.kind, value)),
            source,
            reloaded: RELOADED.contains(&spec.name),
            unset: spec.default_told(),
        })
    };
    let options = G::OPTIONS
        .iter()
        .map(in_force)
        .collect::<Result<_, String>>()?;
    Ok((G::SECTION, options))
}

/// A value as the file has it.
fn written(kind: OptionKind, value: OptionValue) -> toml::Value {
    match (kind, value) {
        (OptionKind::Size(_), OptionValue::Number(bytes)) => {
            toml::Value::String(Size(bytes).to_string())
        }
        (_, OptionValue::Number(number)) => {
            toml::Value::Integer(number.try_into().unwrap_or(i64::MAX))
        }
        (_, OptionValue::Text(text)) => toml::Value::String(text),
        (_, OptionValue::Switch(is_on)) => toml::Value::Boolean(is_on),
        (_, OptionValue::Texts(texts)) => texts.into_iter().collect::<Vec<_>>().into(),
    }
}

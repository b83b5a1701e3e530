//! Groups of options: the macro that declares one, its flags on the command line, and the order in which flags,
//! variables, the file and the defaults apply.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use clap::builder::{StringValueParser, TypedValueParser, ValueParser};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde::Serialize;

use super::option::{FromValue, OptionKind, OptionSpec, OptionValue};

/// The options of one part of the program, and the struct of their values.
pub trait SettingsGroup: Sized {
    /// Heading in `--help` and the documents.
    const SECTION: &'static str;
    /// Whether every command takes the options, before or after its name.
    const GLOBAL: bool = false;
    const OPTIONS: &'static [OptionSpec];

    /// Resolves the options to their values. The error is one line that names the option, the file if it was read
    /// there, and what is accepted.
    fn settle(given: &GivenOptions<'_>) -> Result<Self, String>;
}

/// Declares a group of options, each once: `name: Type = kind, preset;` below its help. The struct has one field for
/// each option.
macro_rules! settings {
    (
        $(#[doc = $what:literal])+
        pub struct $group:ident in $section:literal $(, global = $global:literal)? {
            $(
                $(#[doc = $help:literal])+
                $name:ident: $type:ty = $kind:expr $(, $preset:expr)?;
            )+
        }
    ) => {
        $(#[doc = $what])+
        #[derive(Debug, Clone)]
        pub struct $group {
            $($(#[doc = $help])+ pub $name: $type,)+
        }

        impl $crate::config::settings::SettingsGroup for $group {
            const SECTION: &'static str = $section;
            $(const GLOBAL: bool = $global;)?
            const OPTIONS: &'static [$crate::config::option::OptionSpec] = &[
                $($crate::config::option::OptionSpec {
                    name: stringify!($name),
                    kind: $kind,
                    preset: $crate::config::settings::settings!(@preset $($preset)?),
                    help: concat!($($help),+),
                },)+
            ];

            fn settle(given: &$crate::config::settings::GivenOptions<'_>) -> Result<Self, String> {
                let mut specs = Self::OPTIONS.iter();
                Ok($group {
                    $($name: given.settled(specs.next(), stringify!($name))?,)+
                })
            }
        }
    };
    (@preset) => { $crate::config::option::Preset::OfKind };
    (@preset $preset:expr) => { $preset };
}
pub(super) use settings;

/// Where the value of an option comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OptionSource {
    Flag,
    Variable,
    File,
    Default,
}

/// An option that was given as a flag or a variable.
#[derive(Debug, Clone)]
struct GivenTexts {
    texts: Vec<String>,
    source: OptionSource,
}

/// The options of a group that were given as flags or variables.
#[derive(Debug)]
pub struct Flags<G> {
    given: BTreeMap<&'static str, GivenTexts>,
    group: PhantomData<G>,
}

impl<G> Clone for Flags<G> {
    fn clone(&self) -> Self {
        Flags {
            given: self.given.clone(),
            group: PhantomData,
        }
    }
}

impl<G> Default for Flags<G> {
    /// No options.
    fn default() -> Self {
        Flags {
            given: BTreeMap::new(),
            group: PhantomData,
        }
    }
}

impl<G: SettingsGroup> Flags<G> {
    /// Adds the option `name`, as if its flag had been given with `text`. A name that is not an option of the group
    /// changes nothing.
    pub fn with(mut self, name: &str, text: impl Into<String>) -> Self {
        if let Some(spec) = G::OPTIONS.iter().find(|spec| spec.name == name) {
            let texts = vec![text.into()];
            let source = OptionSource::Flag;
            self.given.insert(spec.name, GivenTexts { texts, source });
        }
        self
    }

    /// These options, and those of `file`, which they override.
    pub(super) fn given<'a>(&'a self, file: &'a ConfigFile) -> GivenOptions<'a> {
        GivenOptions {
            given: &self.given,
            file,
        }
    }
}

impl<G: SettingsGroup> clap::FromArgMatches for Flags<G> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Flags::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for spec in G::OPTIONS {
            if let Some(texts) = matches.get_many::<String>(spec.name) {
                let source = match matches.value_source(spec.name) {
                    Some(ValueSource::EnvVariable) => OptionSource::Variable,
                    _ => OptionSource::Flag,
                };
                let texts = texts.cloned().collect();
                self.given.insert(spec.name, GivenTexts { texts, source });
            }
        }
        Ok(())
    }
}

impl<G: SettingsGroup> clap::Args for Flags<G> {
    fn augment_args(command: Command) -> Command {
        G::OPTIONS.iter().fold(command, |command, spec| {
            let argument = argument(spec).help_heading(G::SECTION);
            command.arg(argument.global(G::GLOBAL))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn argument(spec: &'static OptionSpec) -> Arg {
    let help = spec.help.trim_start();
    let help = match spec.default_told() {
        Some(default) => format!("{help} [default: {default}]"),
        None => help.to_owned(),
    };
    let kind = spec.kind;
    let checked = move |text: String| kind.read(&text).map(|_| text);
    let mut argument = Arg::new(spec.name)
        .long(spec.flag())
        .env(spec.variable())
        .help(help)
        .value_parser(ValueParser::new(StringValueParser::new().try_map(checked)));
    if let Some(name) = kind.value_name() {
        argument = argument.value_name(name);
    }
    match kind {
        OptionKind::Texts(_) | OptionKind::Networks => {
            argument.action(ArgAction::Append).value_delimiter(',')
        }
        OptionKind::Switch => argument.num_args(0..=1).default_missing_value("true"),
        _ => argument,
    }
}

/// The file of `--config`, read.
#[derive(Debug, Clone, Default)]
pub(super) struct ConfigFile {
    pub(super) table: toml::Table,
    /// The file's name at the start of messages; empty without a file.
    pub(super) place: String,
}

/// The options of a group that were given, by flag, variable or file.
pub struct GivenOptions<'a> {
    given: &'a BTreeMap<&'static str, GivenTexts>,
    file: &'a ConfigFile,
}

impl GivenOptions<'_> {
    /// Whether the option was given.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.given.contains_key(name) || self.file.table.contains_key(name)
    }

    /// Resolves the option to its value: that of its flag, else of its variable, else of the file, else the default.
    /// The error is one line for the operator.
    pub(super) fn settled<T: FromValue>(
        &self,
        spec: Option<&OptionSpec>,
        name: &str,
    ) -> Result<T, String> {
        let spec = spec.ok_or_else(|| format!("option {name} is not declared"))?;
        let (value, source) = self.value(spec)?;
        let place = match source {
            OptionSource::File => self.file.place.as_str(),
            _ => "",
        };
        if let Some(value) = &value {
            spec.check(value).map_err(|e| format!("{place}{e}"))?;
        }
        T::from_value(value).ok_or_else(|| format!("option {name} has no value of its type"))
    }

    /// The value of an option, not yet compared with its range, and where it comes from. The error is one line for the operator.
    pub(super) fn value(
        &self,
        spec: &OptionSpec,
    ) -> Result<(Option<OptionValue>, OptionSource), String> {
        match (self.given.get(spec.name), self.file.table.get(spec.name)) {
            (Some(given), _) => Ok((Some(read_all(spec.kind, &given.texts)?), given.source)),
            (None, Some(value)) => {
                let told = |e| format!("{}option {}: {e}", self.file.place, spec.name);
                let value = spec.kind.read_toml(value).map_err(told)?;
                Ok((Some(value), OptionSource::File))
            }
            (None, None) => Ok((spec.preset_value()?, OptionSource::Default)),
        }
    }
}

fn read_all(kind: OptionKind, texts: &[String]) -> Result<OptionValue, String> {
    match (kind, texts) {
        (OptionKind::Texts(_) | OptionKind::Networks, texts) => {
            Ok(OptionValue::Texts(texts.to_vec()))
        }
        (kind, [.., last]) => kind.read(last),
        (_, []) => kind.read(""),
    }
}

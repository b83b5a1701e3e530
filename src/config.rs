//! Options: where each may be set, and how its value is resolved.
//!
//! A flag overrides its environment variable, the variable overrides the file of `--config`, and the file overrides the
//! default. Each option is declared once, in the group of the part that uses it: [`CommonSettings`], [`ModelSettings`],
//! [`ServeSettings`], [`EdgeSettings`], [`DubSettings`].

mod choice;
mod common;
mod dub;
mod edge;
mod option;
mod serve;
mod settings;
mod size;
mod told;

use std::path::{Path, PathBuf};

use clap::Args;

pub use self::choice::{HistoryText, LogFormat, LogLevel};
pub use self::common::{CommonSettings, ModelSettings};
pub use self::dub::DubSettings;
pub use self::edge::EdgeSettings;
pub use self::option::{OptionKind, OptionSpec, Preset};
pub use self::serve::ServeSettings;
use self::settings::ConfigFile;
pub use self::settings::{Flags, OptionSource, SettingsGroup};
pub use self::size::Size;
pub use self::told::{OptionInForce, OptionsInForce, RELOADED};
use crate::capability::Capability;
use crate::limits;

/// Threads of a session of realtime transcription beside that of its connection.
const THREADS_OF_A_SESSION: usize = 2;

/// Options of every command.
#[derive(Debug, Clone, Default, Args)]
pub struct CommonFlags {
    /// TOML file with any option as `name = value`, `-` written as `_`
    #[arg(
        long,
        global = true,
        env = "VOCABOX_CONFIG",
        value_name = "FILE",
        help_heading = CommonSettings::SECTION
    )]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub flags: Flags<CommonSettings>,
}

/// The values of the common options, and the file of `--config`, in which other options may be set.
#[derive(Debug, Clone)]
pub struct Common {
    pub settings: CommonSettings,
    /// Whether the data folder was named, and is not the default.
    pub has_data_dir: bool,
    flags: CommonFlags,
    file: ConfigFile,
}

/// Options of a command that runs models.
#[derive(Debug, Clone)]
pub struct Models {
    pub models_dir: PathBuf,
    pub settings: ModelSettings,
    /// Cores that this process may use.
    pub cores: usize,
}

/// Options of the server.
#[derive(Debug, Clone)]
pub struct Serve {
    pub data_dir: PathBuf,
    /// Whether all speech is marked as made by a machine.
    pub mark_synthetic: bool,
    /// The key that signs marked sound.
    pub c2pa_key: Option<PathBuf>,
    pub models: Models,
    pub server: ServeSettings,
    pub edge: EdgeSettings,
    pub dub: DubSettings,
}

/// The options of `serve` that were given as flags or variables.
#[derive(Debug, Clone, Default, Args)]
pub struct ServeFlags {
    #[command(flatten)]
    pub server: Flags<ServeSettings>,
    #[command(flatten)]
    pub models: Flags<ModelSettings>,
    #[command(flatten)]
    pub edge: Flags<EdgeSettings>,
    #[command(flatten)]
    pub dub: Flags<DubSettings>,
}

/// A group of options, for lists of all options.
#[derive(Debug, Clone, Copy)]
pub struct OptionSection {
    pub title: &'static str,
    pub options: &'static [OptionSpec],
}

/// All groups, in the order of the documents.
pub const SECTIONS: [OptionSection; 5] = [
    section::<ServeSettings>(),
    section::<ModelSettings>(),
    section::<EdgeSettings>(),
    section::<DubSettings>(),
    section::<CommonSettings>(),
];

const fn section<G: SettingsGroup>() -> OptionSection {
    OptionSection {
        title: G::SECTION,
        options: G::OPTIONS,
    }
}

impl Common {
    /// Reads the file of `--config` and resolves the common options. The error is one line for the operator.
    pub fn resolve(flags: &CommonFlags) -> Result<Self, String> {
        let file = match &flags.config {
            None => ConfigFile::default(),
            Some(path) => read(path)?,
        };
        let given = flags.flags.given(&file);
        let (settings, has_data_dir) = (CommonSettings::settle(&given)?, given.is_set("data_dir"));
        Ok(Common {
            settings,
            has_data_dir,
            flags: flags.clone(),
            file,
        })
    }

    /// Reads the file of `--config` again. The error is one line for the operator.
    pub fn again(&self) -> Result<Self, String> {
        Common::resolve(&self.flags)
    }

    /// Resolves the model options. The error is one line for the operator.
    pub fn models(&self, flags: &Flags<ModelSettings>) -> Result<Models, String> {
        Ok(Models {
            models_dir: self.settings.models_dir.clone(),
            settings: ModelSettings::settle(&flags.given(&self.file))?,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
        })
    }

    /// Resolves the options of `serve`, and checks that connections suffice for all handlers. The error is one line for
    /// the operator.
    pub fn serve(&self, flags: &ServeFlags) -> Result<Serve, String> {
        let serve = Serve {
            data_dir: self.settings.data_dir.clone(),
            mark_synthetic: self.settings.mark_synthetic,
            c2pa_key: self.settings.c2pa_key.clone(),
            models: self.models(&flags.models)?,
            server: ServeSettings::settle(&flags.server.given(&self.file))?,
            edge: EdgeSettings::settle_all(&flags.edge.given(&self.file))?,
            dub: DubSettings::settle(&flags.dub.given(&self.file))?,
        };
        if serve.handlers() > serve.edge.connections {
            return Err(format!(
                "lanes {} and queue {} need {} connections, and connections is {}: raise it, or lower them",
                serve.models.lanes(),
                serve.server.queue,
                serve.handlers(),
                serve.edge.connections
            ));
        }
        Ok(serve)
    }
}

impl Models {
    /// Steps that compute at once.
    pub fn lanes(&self) -> usize {
        let cores = self.cores.min(limits::LANES.max as usize);
        self.settings.lanes.unwrap_or(cores)
    }
}

impl Serve {
    /// Threads that make the pieces of the texts of all speaking requests.
    pub fn speech_threads(&self) -> usize {
        let pieces = self.models.lanes().min(limits::PIECES_SIDE_BY_SIDE_MAX);
        self.places() * pieces
    }

    /// Threads that hear and transcribe in all sessions of realtime transcription.
    pub fn realtime_threads(&self) -> usize {
        self.server.realtime_sessions * THREADS_OF_A_SESSION
    }

    /// Requests of each capability that may be in the server: those that compute and those that wait.
    pub fn places(&self) -> usize {
        self.models.lanes() + self.server.queue
    }

    /// Threads that answer. Every request that has a place holds one, of every capability, and so does every new dubbing
    /// job; the rest is for requests that need no place.
    pub fn handlers(&self) -> usize {
        let requests = Capability::with_requests().count() * self.places();
        requests + limits::INTAKES_MAX + limits::HANDLERS_RESERVE
    }
}

fn read(path: &Path) -> Result<ConfigFile, String> {
    let place = format!("--config {}: ", path.display());
    let told = |e: &dyn std::fmt::Display| format!("{place}{e}");
    let text = std::fs::read_to_string(path).map_err(|e| told(&e))?;
    // Some editors begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let table: toml::Table = text
        .parse()
        .map_err(|e: toml::de::Error| told(&e.message()))?;
    let options = || SECTIONS.iter().flat_map(|section| section.options);
    let is_known = |key: &&String| options().any(|spec| spec.name == key.as_str());
    match table.keys().find(|key| !is_known(key)) {
        Some(key) => {
            let known: Vec<_> = options().map(|spec| spec.name).collect();
            Err(told(&format!(
                "unknown key {key}; known are {}",
                known.join(", ")
            )))
        }
        None => Ok(ConfigFile { table, place }),
    }
}

#[cfg(test)]
#[path = "config/tests.rs"]
mod tests;

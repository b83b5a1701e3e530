//! Options: where each may be set, and what they come to.
//!
//! A flag goes before its environment variable, that before the file of `--config`, that before the default. The
//! structs here and in `edge` are the only list: the command line, the variables, the file's keys and the checks derive
//! from it.

mod dub;
mod edge;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Command, ValueEnum};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use self::dub::{Dub, DubOptions};
pub use self::edge::{EdgeOptions, EdgeSettings};
use crate::limits;

/// How much is logged; each level has those before it.
#[derive(Debug, Clone, Copy, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What history keeps of a text that was spoken or heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HistoryText {
    On,
    /// Its length only.
    Off,
}

/// Options of every command.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
pub struct CommonOptions {
    /// TOML file with any option as `name = value`, `-` written as `_`
    #[arg(long, global = true, env = "VOCABOX_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Folder of accounts, keys, history and spooled uploads [default: data]
    #[arg(long, global = true, env = "VOCABOX_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Folder of model packs [default: models]
    #[arg(long, global = true, env = "VOCABOX_MODELS_DIR", value_name = "DIR")]
    pub models_dir: Option<PathBuf>,
    /// How much is logged, to standard error [default: info]
    #[arg(long, global = true, env = "VOCABOX_LOG_LEVEL", value_name = "LEVEL")]
    pub log_level: Option<LogLevel>,
    /// How a line of the log looks [default: text]
    #[arg(long, global = true, env = "VOCABOX_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
}

/// Options of every command that runs models.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
pub struct ModelOptions {
    /// ONNX Runtime library to use in place of the embedded one
    #[arg(long, env = "VOCABOX_ONNXRUNTIME_LIB", value_name = "FILE")]
    pub onnxruntime_lib: Option<PathBuf>,
    /// What runs the models: auto, cpu, cuda or cuda:N. cuda refuses to start where it cannot be used; auto takes the
    /// CPU then [default: auto]
    #[arg(long, env = "VOCABOX_DEVICE", value_name = "DEVICE")]
    pub device: Option<String>,
    /// Pack that speaks [default: all that are fetched]
    #[arg(long, env = "VOCABOX_SPEAK_PACK", value_name = "PACK")]
    pub speak_pack: Option<String>,
    /// Pack that transcribes [default: the first fetched one by name]
    #[arg(long, env = "VOCABOX_TRANSCRIBE_PACK", value_name = "PACK")]
    pub transcribe_pack: Option<String>,
    /// Compute threads of each worker's models [default: one pool for all, as large as the machine has cores]
    #[arg(long, env = "VOCABOX_THREADS_PER_WORKER", value_name = "N")]
    pub threads_per_worker: Option<usize>,
    /// Texts that are followed at once while transcribing, of which the likeliest is taken: slower [default: 1]
    #[arg(long, env = "VOCABOX_BEAM", value_name = "N")]
    pub beam: Option<usize>,
}

/// Options of `serve`.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
pub struct ServeOptions {
    /// Address and port to listen on; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(long, env = "VOCABOX_LISTEN", value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// Workers for each of speaking, transcribing and translating, each with its own copy of the model [default: 1]
    #[arg(long, env = "VOCABOX_WORKERS", value_name = "N")]
    pub workers: Option<usize>,
    /// Requests that may wait for each kind of worker; further ones are told to come back [default: 16]
    #[arg(long, env = "VOCABOX_QUEUE", value_name = "N")]
    pub queue: Option<usize>,
    /// Seconds that generations under way get when the server is told to stop; until they are over it answers what needs
    /// no worker and refuses new ones [default: 30]
    #[arg(long, env = "VOCABOX_DRAIN_SECONDS", value_name = "N")]
    pub drain_seconds: Option<u64>,
    /// History items that each account keeps; the oldest make room [default: 1000000]
    #[arg(long, env = "VOCABOX_HISTORY_MAX", value_name = "N")]
    pub history_max: Option<u64>,
    /// Days that a history item is kept [default: for ever, as far as --history-max allows]
    #[arg(long, env = "VOCABOX_HISTORY_DAYS", value_name = "N")]
    pub history_days: Option<u32>,
    /// Whether history keeps texts and transcripts, or their lengths only [default: on]
    #[arg(long, env = "VOCABOX_HISTORY_TEXT", value_name = "on|off")]
    pub history_text: Option<HistoryText>,
    /// Origin whose pages may call the box from a browser, like `https://app.example.org`; may be given again; * is any
    /// [default: none]
    #[arg(
        long,
        env = "VOCABOX_CORS_ORIGIN",
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cors_origin: Vec<String>,
    /// Cloned voices that each account may have [default: 50]
    #[arg(long, env = "VOCABOX_CLONES_MAX", value_name = "N")]
    pub clones_max: Option<usize>,
    /// Clone only for whoever says, by the form field consent, that the speaker agreed
    #[arg(long, env = "VOCABOX_REQUIRE_CLONE_CONSENT", num_args = 0..=1, default_missing_value = "true")]
    pub require_clone_consent: Option<bool>,
    /// Write texts and transcripts to the log (never keys)
    #[arg(long, env = "VOCABOX_LOG_CONTENT", num_args = 0..=1, default_missing_value = "true")]
    pub log_content: Option<bool>,
}

/// What the common options come to.
#[derive(Debug, Clone)]
pub struct Common {
    pub data_dir: PathBuf,
    pub models_dir: PathBuf,
    pub log_level: LogLevel,
    pub log_format: LogFormat,
    file: toml::Table,
    file_path: Option<PathBuf>,
}

/// What the model options come to.
#[derive(Debug, Clone)]
pub struct Models {
    pub models_dir: PathBuf,
    pub onnxruntime_lib: Option<PathBuf>,
    pub device: String,
    pub speak_pack: Option<String>,
    pub transcribe_pack: Option<String>,
    pub threads_per_worker: Option<usize>,
    pub beam: usize,
    pub cores: usize,
}

/// What the options of `serve` come to.
#[derive(Debug, Clone)]
pub struct Serve {
    pub data_dir: PathBuf,
    pub models: Models,
    pub listen: SocketAddr,
    pub workers: usize,
    pub queue: usize,
    pub edge: EdgeSettings,
    pub dub: Dub,
    pub drain_seconds: u64,
    pub history_max: u64,
    pub history_days: Option<u32>,
    pub history_text: bool,
    pub cors_origins: Vec<String>,
    pub clones_max: usize,
    pub require_clone_consent: bool,
    pub log_content: bool,
}

impl From<LogLevel> for log::LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => log::LevelFilter::Error,
            LogLevel::Warn => log::LevelFilter::Warn,
            LogLevel::Info => log::LevelFilter::Info,
            LogLevel::Debug => log::LevelFilter::Debug,
            LogLevel::Trace => log::LevelFilter::Trace,
        }
    }
}

impl Common {
    /// Reads the file of `--config` and settles the common options. The error is one line for the operator.
    pub fn resolve(flags: &CommonOptions) -> Result<Self, String> {
        let file = match &flags.config {
            None => toml::Table::new(),
            Some(path) => read(path)?,
        };
        let options = layer(flags, &file, flags.config.as_deref())?;
        Ok(Common {
            data_dir: options.data_dir.unwrap_or_else(|| "data".into()),
            models_dir: options.models_dir.unwrap_or_else(|| "models".into()),
            log_level: options.log_level.unwrap_or(LogLevel::Info),
            log_format: options.log_format.unwrap_or(LogFormat::Text),
            file,
            file_path: flags.config.clone(),
        })
    }

    /// Settles the model options.
    pub fn models(&self, flags: &ModelOptions) -> Result<Models, String> {
        let options = layer(flags, &self.file, self.file_path.as_deref())?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        if let Some(n) = options.threads_per_worker {
            within("threads_per_worker", n, 1, 1024)?;
        }
        Ok(Models {
            models_dir: self.models_dir.clone(),
            onnxruntime_lib: options.onnxruntime_lib,
            device: options.device.unwrap_or_else(|| "auto".to_owned()),
            speak_pack: options.speak_pack,
            transcribe_pack: options.transcribe_pack,
            threads_per_worker: options.threads_per_worker,
            beam: within("beam", options.beam.unwrap_or(1), 1, limits::BEAM_MAX)?,
            cores,
        })
    }

    /// Settles the options of the edge.
    pub fn edge(&self, flags: &EdgeOptions) -> Result<EdgeSettings, String> {
        layer(flags, &self.file, self.file_path.as_deref())?.settle()
    }

    /// Settles the options of dubbing.
    pub fn dub(&self, flags: &DubOptions) -> Result<Dub, String> {
        layer(flags, &self.file, self.file_path.as_deref())?.settle()
    }

    /// Settles the options of `serve`.
    pub fn serve(
        &self,
        models: Models,
        edge: EdgeSettings,
        dub: Dub,
        flags: &ServeOptions,
    ) -> Result<Serve, String> {
        let options = layer(flags, &self.file, self.file_path.as_deref())?;
        let serve = Serve {
            data_dir: self.data_dir.clone(),
            models,
            listen: options.listen.unwrap_or(([127, 0, 0, 1], 8080).into()),
            workers: within(
                "workers",
                options.workers.unwrap_or(1),
                1,
                limits::WORKERS_MAX,
            )?,
            queue: within("queue", options.queue.unwrap_or(16), 1, limits::QUEUE_MAX)?,
            edge,
            dub,
            drain_seconds: options.drain_seconds.unwrap_or(30),
            history_max: options
                .history_max
                .unwrap_or(limits::HISTORY_ITEMS_MAX)
                .max(1),
            history_days: options.history_days.map(|days| days.max(1)),
            history_text: options.history_text != Some(HistoryText::Off),
            cors_origins: options.cors_origin,
            clones_max: within(
                "clones_max",
                options.clones_max.unwrap_or(limits::CLONES_MAX),
                0,
                limits::CLONES_MOST,
            )?,
            require_clone_consent: options.require_clone_consent.unwrap_or(false),
            log_content: options.log_content.unwrap_or(false),
        };
        if serve.handlers() > serve.edge.connections {
            return Err(format!(
                "workers {} and queue {} need {} connections, and connections is {}: raise it, or lower them",
                serve.workers,
                serve.queue,
                serve.handlers(),
                serve.edge.connections
            ));
        }
        Ok(serve)
    }
}

impl Serve {
    /// Threads that answer. Every request that waits for a worker holds one, of all three kinds of workers; the rest is for
    /// requests that do not wait.
    pub fn handlers(&self) -> usize {
        3 * (self.workers + self.queue) + limits::HANDLERS_RESERVE
    }
}

fn within(name: &str, value: usize, min: usize, max: usize) -> Result<usize, String> {
    match (min..=max).contains(&value) {
        true => Ok(value),
        false => Err(format!(
            "option {name} is {value}; {min} to {max} is accepted"
        )),
    }
}

fn read(path: &Path) -> Result<toml::Table, String> {
    let told = |e: &dyn std::fmt::Display| format!("--config {}: {e}", path.display());
    let text = std::fs::read_to_string(path).map_err(|e| told(&e))?;
    let table: toml::Table = text
        .parse()
        .map_err(|e: toml::de::Error| told(&e.message()))?;
    let known = [
        keys::<CommonOptions>(),
        keys::<ModelOptions>(),
        keys::<ServeOptions>(),
        keys::<EdgeOptions>(),
        keys::<DubOptions>(),
    ]
    .concat();
    match table.keys().find(|key| !known.contains(key)) {
        Some(key) => Err(told(&format!(
            "unknown key {key}; known are {}",
            known.join(", ")
        ))),
        None => Ok(table),
    }
}

/// The names of a group of options, as the file's keys.
fn keys<T: Args>() -> Vec<String> {
    T::augment_args(Command::new(""))
        .get_arguments()
        .map(|a| a.get_id().to_string())
        .filter(|id| id != "config")
        .collect()
}

/// `flags` where they are set, else what `file` says.
fn layer<T>(flags: &T, file: &toml::Table, path: Option<&Path>) -> Result<T, String>
where
    T: Args + Serialize + DeserializeOwned,
{
    let known = keys::<T>();
    let mut table = file.clone();
    table.retain(|key, _| known.iter().any(|k| k == key));
    let set = toml::Table::try_from(flags).map_err(|e| e.to_string())?;
    table.extend(set);
    table.try_into().map_err(|e: toml::de::Error| {
        let place = path.map_or(String::new(), |p| format!("--config {}: ", p.display()));
        format!("{place}{}", e.to_string().trim_end())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serve(common: &Common, flags: &ServeOptions) -> Result<Serve, String> {
        let models = common.models(&ModelOptions::default())?;
        let edge = common.edge(&EdgeOptions::default())?;
        let dub = common.dub(&DubOptions::default())?;
        common.serve(models, edge, dub, flags)
    }

    fn file(text: &str) -> (tempfile::TempDir, CommonOptions) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("box.toml");
        std::fs::write(&path, text).unwrap();
        let flags = CommonOptions {
            config: Some(path),
            ..CommonOptions::default()
        };
        (folder, flags)
    }

    #[test]
    fn a_flag_goes_before_the_file_and_the_file_before_the_default() {
        let (_folder, mut flags) = file(
            "data_dir = \"from-file\"\nqueue = 3\nlisten = \"0.0.0.0:9\"\naudio_bytes = \"5MiB\"\njson_bytes = 70000",
        );
        let common = Common::resolve(&flags).unwrap();
        assert_eq!(
            (common.data_dir.to_str(), common.models_dir.to_str()),
            (Some("from-file"), Some("models"))
        );
        flags.data_dir = Some("from-flag".into());
        let common = Common::resolve(&flags).unwrap();
        assert_eq!(common.data_dir.to_str(), Some("from-flag"));
        let flags = ServeOptions {
            queue: Some(5),
            ..ServeOptions::default()
        };
        let served = serve(&common, &flags).unwrap();
        assert_eq!(
            (served.queue, served.workers, served.listen.port()),
            (5, 1, 9)
        );
        assert_eq!(
            (served.edge.audio_bytes, served.edge.json_bytes),
            (5 << 20, 70_000)
        );
        let flags = EdgeOptions {
            audio_bytes: Some("6MiB".parse().unwrap()),
            ..EdgeOptions::default()
        };
        assert_eq!(common.edge(&flags).unwrap().audio_bytes, 6 << 20);
    }

    #[test]
    fn wrong_files_are_refused_with_key_place_and_fix() {
        for (text, reason) in [
            ("qeue = 3", "unknown key qeue"),
            ("queue = \"many\"", "queue"),
            ("queue = 0", "1 to"),
            ("head_bytes = 1", "4KiB to 64KiB"),
            ("head_bytes = \"big\"", "big is no size"),
            ("json_bytes = -1", "such as"),
            ("queue = 800", "raise it, or lower them"),
            ("log_level = \"loud\"", "log_level"),
            ("= 3", "box.toml"),
        ] {
            let (_folder, flags) = file(text);
            let error = Common::resolve(&flags)
                .and_then(|common| serve(&common, &ServeOptions::default()))
                .unwrap_err();
            assert!(error.contains(reason), "{reason}: {error}");
        }
    }
}

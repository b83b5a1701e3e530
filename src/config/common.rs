//! Options of every command, and of every command that runs models.

use std::path::PathBuf;

use super::choice::{LogFormat, LogLevel};
use super::option::{OptionKind, Preset};
use super::settings::settings;
use crate::limits;

settings! {
    /// Options of every command.
    pub struct CommonSettings in "For every command", global = true {
        /// Folder of accounts, keys, history, clones, jobs and spooled uploads
        data_dir: PathBuf = OptionKind::Text("DIR"), Preset::Value("data");
        /// Folder of model packs
        models_dir: PathBuf = OptionKind::Text("DIR"), Preset::Value("models");
        /// How much is logged, to standard error; each level includes those before it
        log_level: LogLevel = OptionKind::Choice(LogLevel::NAMES), Preset::Value("info");
        /// Format of the log: text, or one JSON object a line
        log_format: LogFormat = OptionKind::Choice(LogFormat::NAMES), Preset::Value("text");
        /// Mark all speech as made by a machine, in the metadata of its file and by the header X-AI-Generated; speech of
        /// cloned voices and dubbed sound always is
        mark_synthetic: bool = OptionKind::Switch;
        /// Private key and certificate, as `vocabox c2pa create` makes them, by which marked sound in WAV, MP3 and MP4 is signed
        /// (C2PA), if the program was built with it
        c2pa_key: Option<PathBuf> = OptionKind::Text("FILE"), Preset::Unset("nothing is signed");
    }
}

settings! {
    /// Options of running models.
    pub struct ModelSettings in "Models" {
        /// ONNX Runtime library to use instead of the embedded one
        onnxruntime_lib: Option<PathBuf> = OptionKind::Text("FILE"), Preset::Unset("the embedded one");
        /// Device that runs the models: auto, cpu, cuda or cuda:N. If CUDA cannot be used, cuda refuses to start and
        /// auto uses the CPU
        device: String = OptionKind::Text("DEVICE"), Preset::Value("auto");
        /// Pack that speaks
        speak_pack: Option<String> = OptionKind::Text("PACK"), Preset::Unset("all that are fetched");
        /// Pack that transcribes; fetched packs of other engines than Whisper transcribe the languages that they list
        transcribe_pack: Option<String> = OptionKind::Text("PACK"), Preset::Unset("the first fetched Whisper pack by name");
        /// Steps of requests that compute at once
        lanes: Option<usize> = OptionKind::Count(limits::LANES), Preset::Unset("as many as the machine has cores");
        /// Compute threads that the steps share
        threads: Option<usize> = OptionKind::Count(limits::THREADS), Preset::Unset("as many as the machine has cores");
        /// Width of the beam search while transcribing; wider is slower
        beam: usize = OptionKind::Count(limits::BEAM);
    }
}

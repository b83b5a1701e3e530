//! The command line: one file a command; each calls the services and modules that the server uses.

pub mod account;
mod account_transfer;
mod ask;
pub mod backup;
pub mod config;
pub mod content_key;
pub mod diarize;
pub mod docs;
pub mod doctor;
pub mod dub;
mod embed;
mod endings;
mod error;
pub mod history;
pub mod inspect;
pub mod job;
pub mod key;
pub mod lexicon;
pub mod listen;
mod listen_head;
mod log_queue;
mod logging;
mod manual;
pub mod models;
mod output;
pub mod read;
pub mod ready;
pub mod reload;
pub mod serve;
mod service_manager;
pub mod speak;
pub mod transcribe;
pub mod verify;
pub mod voice;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::config::{Common, CommonFlags};
use crate::engine::graph::heap;
pub use error::CliError;
pub use logging::log_panic;

/// A voice service in one file: speaks and transcribes over HTTP, on premises.
///
/// Every option can also be set as VOCABOX_… in the environment or in the TOML file of --config. A flag overrides the
/// environment, and the environment overrides the file.
#[derive(Debug, Parser)]
#[command(
    name = "vocabox",
    version,
    after_help = "First steps:\n  \
    scripts/fetch-models                                fetch the models\n  \
    vocabox account create demo                         create an account\n  \
    vocabox key create --account demo --name laptop     create its first key\n  \
    vocabox serve                                       answer on 127.0.0.1:8080"
)]
pub struct Cli {
    #[command(flatten)]
    common: CommonFlags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(Box<serve::ServeArgs>),
    Account(account::AccountArgs),
    Key(key::KeyArgs),
    History(history::HistoryArgs),
    Job(job::JobArgs),
    Voice(voice::VoiceArgs),
    Lexicon(lexicon::LexiconArgs),
    Models(models::ModelsArgs),
    Speak(speak::SpeakArgs),
    Read(read::ReadArgs),
    Transcribe(transcribe::TranscribeArgs),
    Listen(listen::ListenArgs),
    Diarize(diarize::DiarizeArgs),
    Dub(Box<dub::DubArgs>),
    Inspect(inspect::InspectArgs),
    C2pa(content_key::C2paArgs),
    Config(Box<config::ConfigArgs>),
    Reload(reload::ReloadArgs),
    Backup(backup::BackupArgs),
    Restore(backup::RestoreArgs),
    Doctor(Box<doctor::DoctorArgs>),
    Ready(Box<ready::ReadyArgs>),
    Verify(verify::VerifyArgs),
    Completions(manual::CompletionsArgs),
    Man(manual::ManArgs),
    Docs(docs::DocsArgs),
}

/// Parses the process's command line and runs it. Environment variables of options that are blank count as not set.
pub fn run() -> ExitCode {
    let (message, code) = match Cli::try_parse() {
        Ok(cli) => match dispatch(cli) {
            Ok(()) | Err(CliError::PipeClosed) => (None, ExitCode::SUCCESS),
            Err(CliError::Told(code)) => (None, ExitCode::from(code)),
            Err(CliError::Usage(message)) => (Some(message), ExitCode::from(2)),
            Err(CliError::Failed(message)) => (Some(message), ExitCode::FAILURE),
        },
        Err(refused) => return usage(&refused),
    };
    if let Some(message) = message {
        // The error is one line, even if a library's message has several.
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        logging::say(&format!("vocabox: {message}"));
    }
    logging::finish();
    code
}

/// Prints what clap has to say: a help or the version, which were asked for, or what is wrong with the command line.
fn usage(refused: &clap::Error) -> ExitCode {
    let written = refused.print();
    match (refused.kind(), written) {
        (ErrorKind::DisplayHelp | ErrorKind::DisplayVersion, Ok(())) => ExitCode::SUCCESS,
        (ErrorKind::DisplayHelp | ErrorKind::DisplayVersion, Err(error)) => {
            match output::unwritten(error) {
                CliError::PipeClosed => ExitCode::SUCCESS,
                _ => ExitCode::FAILURE,
            }
        }
        _ => ExitCode::from(2),
    }
}

fn dispatch(cli: Cli) -> Result<(), CliError> {
    let common = Common::resolve(&cli.common).map_err(CliError::Usage)?;
    let is_server = matches!(cli.command, Command::Serve(_));
    if is_server {
        // Also before the log has its thread, which would take a heap beyond the bound.
        heap::fix_bounds();
    }
    logging::start(&common, is_server)
        .map_err(|e| CliError::Failed(format!("no thread can be started for the log: {e}")))?;
    match cli.command {
        Command::Serve(args) => serve::run(&args, &common),
        Command::Account(args) => account::run(args, &common.settings.data_dir),
        Command::Key(args) => key::run(args, &common.settings.data_dir),
        Command::History(args) => history::run(args, &common.settings.data_dir),
        Command::Job(args) => job::run(args, &common.settings.data_dir),
        Command::Voice(args) => voice::run(args, &common.settings.data_dir),
        Command::Lexicon(args) => lexicon::run(args, &common.settings.data_dir),
        Command::Models(args) => models::run(args, &common),
        Command::Speak(args) => speak::run(args, &common),
        Command::Read(args) => read::run(args, &common),
        Command::Transcribe(args) => transcribe::run(args, &common),
        Command::Listen(args) => listen::run(args, &common),
        Command::Diarize(args) => diarize::run(args, &common),
        Command::Dub(args) => dub::run(*args, &common),
        Command::Inspect(args) => inspect::run(args),
        Command::C2pa(args) => content_key::run(args),
        Command::Config(args) => config::run(&args, &common),
        Command::Reload(_) => reload::run(&common.settings.data_dir),
        Command::Backup(args) => backup::back_up(args, &common.settings.data_dir),
        Command::Restore(args) => backup::restore(args, &common.settings.data_dir),
        Command::Doctor(args) => doctor::run(&args, &common),
        Command::Ready(args) => ready::run(&args, &common),
        Command::Verify(args) => verify::run(&args),
        Command::Completions(args) => manual::completions(&args),
        Command::Man(args) => manual::man(&args),
        Command::Docs(args) => docs::run(args),
    }
}

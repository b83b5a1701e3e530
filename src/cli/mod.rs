//! The command line: one file a command; each calls the services and modules that the server uses.

pub mod account;
pub mod diarize;
pub mod docs;
pub mod dub;
mod error;
pub mod history;
pub mod key;
pub mod lexicon;
mod logging;
pub mod models;
mod output;
pub mod read;
pub mod serve;
pub mod speak;
pub mod transcribe;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Common, CommonFlags};
pub use error::CliError;

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
    Lexicon(lexicon::LexiconArgs),
    Models(models::ModelsArgs),
    Speak(speak::SpeakArgs),
    Read(read::ReadArgs),
    Transcribe(transcribe::TranscribeArgs),
    Diarize(diarize::DiarizeArgs),
    Dub(Box<dub::DubArgs>),
    Docs(docs::DocsArgs),
}

/// Runs the process's command line.
pub fn run(cli: Cli) -> ExitCode {
    let result = Common::resolve(&cli.common)
        .map_err(CliError::Usage)
        .and_then(|common| {
            let is_server = matches!(cli.command, Command::Serve(_));
            logging::start(&common, is_server);
            match cli.command {
                Command::Serve(args) => serve::run(&args, &common),
                Command::Account(args) => account::run(args, &common.settings.data_dir),
                Command::Key(args) => key::run(args, &common.settings.data_dir),
                Command::History(args) => history::run(args, &common.settings.data_dir),
                Command::Lexicon(args) => lexicon::run(args, &common.settings.data_dir),
                Command::Models(args) => models::run(args, &common.settings.models_dir),
                Command::Speak(args) => speak::run(args, &common),
                Command::Read(args) => read::run(args, &common),
                Command::Transcribe(args) => transcribe::run(args, &common),
                Command::Diarize(args) => diarize::run(args, &common),
                Command::Dub(args) => dub::run(*args, &common),
                Command::Docs(args) => docs::run(args),
            }
        });
    let (message, code) = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(CliError::Usage(message)) => (message, 2),
        Err(CliError::Failed(message)) => (message, 1),
    };
    // The error is one line, even if a library's message has several.
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    eprintln!("vocabox: {message}");
    ExitCode::from(code)
}

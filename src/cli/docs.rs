//! `vocabox docs`: the documents for users, as plain text.

use clap::builder::{PossibleValue, PossibleValuesParser};

use super::CliError;
use super::output::print;
use crate::docs::{TOPICS, topic};

/// Show a document, or without a topic the list of documents.
#[derive(Debug, clap::Args)]
pub struct DocsArgs {
    /// Which document to show
    #[arg(value_parser = topics())]
    topic: Option<String>,
}

/// The topics that the command line accepts; clap refuses others with a list of these and exit code 2.
fn topics() -> PossibleValuesParser {
    let value = |topic: &crate::docs::Topic| PossibleValue::new(topic.name).help(topic.about);
    TOPICS.iter().map(value).collect::<Vec<_>>().into()
}

/// Prints a document, or one line about each. Errors: standard output cannot be written; a reader that closed the pipe
/// early is not an error.
pub fn run(args: DocsArgs) -> Result<(), CliError> {
    match args.topic.as_deref().and_then(topic) {
        Some(topic) => print(topic.text.trim_end()),
        None => print(&list()),
    }
}

/// The topics, one a line.
fn list() -> String {
    let widest = TOPICS.iter().map(|t| t.name.len()).max().unwrap_or(0);
    let lines = TOPICS
        .iter()
        .map(|t| format!("{:widest$}  {}", t.name, t.about));
    lines.collect::<Vec<_>>().join("\n")
}

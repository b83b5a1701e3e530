//! `vocabox inspect`: whether a file says that a machine made its sound.

use std::fs::File;
use std::path::PathBuf;

use clap::Args;
use clap::builder::FalseyValueParser;
use serde::Serialize;

use super::CliError;
use super::output::{print, to_json};
use crate::audio::mark::source_types;

/// Tell whether a file says that a machine made its sound.
///
/// It looks for the IPTC's digital source type, by which this program marks cloned, dubbed and, with --mark-synthetic, all speech, and
/// which other programs write as XMP or C2PA. A file without one may still be synthetic: marks get lost when files are converted.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A recording, a film or a picture
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print one JSON object
    #[arg(long, env = "VOCABOX_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
}

/// What is found in a file.
#[derive(Serialize)]
struct Inspected {
    file: PathBuf,
    digital_source_types: Vec<&'static str>,
    is_marked_synthetic: bool,
}

/// Prints what the file says.
pub fn run(args: InspectArgs) -> Result<(), CliError> {
    let types = File::open(&args.file)
        .and_then(source_types)
        .map_err(|error| {
            CliError::Usage(format!("{} cannot be read: {error}", args.file.display()))
        })?;
    // trainedAlgorithmicMedia, compositeWithTrainedAlgorithmicMedia, compositeSynthetic, algorithmicMedia.
    let is_synthetic = |name: &&str| {
        let name = name.to_ascii_lowercase();
        name.contains("algorithmicmedia") || name.contains("synthetic")
    };
    let found = Inspected {
        is_marked_synthetic: types.iter().any(is_synthetic),
        digital_source_types: types,
        file: args.file,
    };
    print(&match (args.json, found.is_marked_synthetic) {
        (true, _) => to_json(&found)?,
        (false, true) => format!(
            "{} says that a machine made it or a part of it: {}.",
            found.file.display(),
            found.digital_source_types.join(", ")
        ),
        (false, false) => format!("{} has no mark of synthetic speech.", found.file.display()),
    })
}

//! `vocabox inspect`: whether a file says that a machine made its sound, and who signed that.

use std::fs::{self, File};
use std::io::Seek;
use std::path::PathBuf;

use clap::Args;
use clap::builder::FalseyValueParser;
use serde::Serialize;

use super::CliError;
use super::output::{print, to_json};
use crate::audio::mark::source_types;
use crate::provenance::{self, CheckedManifest, has_manifest};

/// Tell whether a file says that a machine made its sound, and who signed that.
///
/// It looks for the IPTC's digital source type, by which this program marks cloned, dubbed and, with --mark-synthetic, all speech, and
/// which other programs write as XMP or C2PA. A file without one may still be synthetic: marks get lost when files are converted. A
/// program that was built with C2PA also checks content credentials: who signed the file, and whether it was changed since.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A recording, a film or a picture
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Certificates of issuers whose signers are trusted, as PEM
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
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
    /// Null for a file without content credentials.
    c2pa: Option<FoundManifest>,
}

/// The content credentials of a file.
#[derive(Serialize)]
struct FoundManifest {
    /// Whether this build checks them.
    checked: bool,
    #[serde(flatten)]
    manifest: Option<CheckedManifest>,
}

/// Prints what the file says.
pub fn run(args: InspectArgs) -> Result<(), CliError> {
    let unread =
        |error| CliError::Usage(format!("{} cannot be read: {error}", args.file.display()));
    let types = File::open(&args.file).and_then(source_types);
    let types = types.map_err(unread)?;
    // trainedAlgorithmicMedia, compositeWithTrainedAlgorithmicMedia, compositeSynthetic, algorithmicMedia.
    let is_synthetic = |name: &&str| {
        let name = name.to_ascii_lowercase();
        name.contains("algorithmicmedia") || name.contains("synthetic")
    };
    let found = Inspected {
        is_marked_synthetic: types.iter().any(is_synthetic),
        digital_source_types: types,
        c2pa: manifest(&args)?,
        file: args.file,
    };
    print(&match args.json {
        true => to_json(&found)?,
        false => told(&found),
    })
}

/// The content credentials of the file.
fn manifest(args: &InspectArgs) -> Result<Option<FoundManifest>, CliError> {
    let unread = |path: &PathBuf, error| {
        CliError::Usage(format!("{} cannot be read: {error}", path.display()))
    };
    let mut file = File::open(&args.file).map_err(|e| unread(&args.file, e))?;
    let is_there = has_manifest(&file).map_err(|e| unread(&args.file, e))?;
    if !provenance::is_built() && args.trust.is_none() {
        return Ok(is_there.then_some(FoundManifest {
            checked: false,
            manifest: None,
        }));
    }
    let trust = args.trust.as_ref();
    let trust = trust.map(|path| fs::read_to_string(path).map_err(|e| unread(path, e)));
    file.rewind().map_err(|e| unread(&args.file, e))?;
    let manifest = provenance::check(&mut file, trust.transpose()?.as_deref());
    let manifest = manifest.map_err(CliError::usage)?;
    Ok(manifest.map(|manifest| FoundManifest {
        checked: true,
        manifest: Some(manifest),
    }))
}

/// What was found, in sentences.
fn told(found: &Inspected) -> String {
    let file = found.file.display();
    let mark = match found.is_marked_synthetic {
        true => format!(
            "{file} says that a machine made it or a part of it: {}.",
            found.digital_source_types.join(", ")
        ),
        false => format!("{file} has no mark of synthetic speech."),
    };
    let Some(credentials) = &found.c2pa else {
        return mark;
    };
    let Some(manifest) = &credentials.manifest else {
        return format!(
            "{mark}\nIt has content credentials, which this program does not check: it was built without C2PA."
        );
    };
    let or_unknown = |name: &Option<String>| name.clone().unwrap_or_else(|| "(unknown)".to_owned());
    let signed = format!(
        "Signed by {}, made by {}: {}.",
        or_unknown(&manifest.signed_by),
        or_unknown(&manifest.made_by),
        manifest.digital_source_types.join(", ")
    );
    let signature = match manifest.signature_valid {
        true => "The signature is valid.".to_owned(),
        false => "The signature is NOT valid.".to_owned(),
    };
    let content = match manifest.content_unchanged {
        true => "The content is what was signed.",
        false => "The content is NOT what was signed.",
    };
    let signer = match manifest.signer_trusted {
        true => "The signer is trusted.",
        false => {
            "The signer is unknown: --trust names the certificates of issuers that are trusted."
        }
    };
    let problems = match manifest.problems.is_empty() {
        true => String::new(),
        false => format!("\nProblems: {}.", manifest.problems.join(", ")),
    };
    format!("{mark}\n{signed}\n{signature} {content}\n{signer}{problems}")
}

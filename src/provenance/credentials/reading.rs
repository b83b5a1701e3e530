//! What a manifest says, and whether it holds.

use std::io::{Read, Seek, SeekFrom};

use c2pa::validation_results::StatusCodes;
use c2pa::{Manifest, Reader};
use vocabox_base::fault::Fault;

use super::offline;
use crate::CheckedManifest;

/// Starts of files, each at a place, and the type by which the library knows them.
const TYPES: [(usize, &[u8], &str); 9] = [
    (8, b"WAVE", "audio/wav"),
    (8, b"WEBP", "image/webp"),
    (8, b"AVI ", "video/avi"),
    (4, b"ftyp", "video/mp4"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG", "image/png"),
    (0, b"II*\0", "image/tiff"),
];
/// Bytes that tell a file's type.
const HEAD_BYTES: u64 = 12;
/// The code of a signer whose certificate no trusted issuer signed.
const UNKNOWN: &str = "signingCredential.untrusted";
const TRUSTED: &str = "signingCredential.trusted";
const SIGNED: &str = "claimSignature.validated";
/// Codes of content that is what was signed, by what the signature binds.
const UNCHANGED: [&str; 3] = [
    "assertion.dataHash.match",
    "assertion.bmffHash.match",
    "assertion.boxesHash.match",
];

/// As [`crate::check`].
pub fn check(
    file: &mut (impl Read + Seek + Send),
    trust: Option<&str>,
) -> Result<Option<CheckedManifest>, Fault> {
    let Some(file_type) = type_of(file).map_err(Fault::disk)? else {
        return Ok(None);
    };
    let reader = Reader::from_context(offline(trust)?).with_stream(file_type, file);
    let reader = match reader {
        Ok(reader) => reader,
        Err(c2pa::Error::JumbfNotFound) => return Ok(None),
        Err(error) => return Ok(Some(unread(&error))),
    };
    let Some(manifest) = reader.active_manifest() else {
        return Ok(None);
    };
    let none = StatusCodes::default();
    let results = reader.validation_results();
    let codes = results.and_then(|found| found.active_manifest());
    let codes = codes.unwrap_or(&none);
    let holds = |code: &str| codes.success().iter().any(|found| found.code() == code);
    let mut problems: Vec<String> = codes
        .failure()
        .iter()
        .map(|found| found.code().to_owned())
        .filter(|code| code != UNKNOWN)
        .collect();
    problems.dedup();
    let fails = |start: &str| problems.iter().any(|code| code.starts_with(start));
    Ok(Some(CheckedManifest {
        signed_by: manifest.issuer().or_else(|| manifest.common_name()),
        made_by: made_by(manifest),
        digital_source_types: source_types(manifest),
        signature_valid: holds(SIGNED) && !fails("claimSignature") && !fails("signingCredential"),
        content_unchanged: UNCHANGED.iter().any(|code| holds(code))
            && !problems.iter().any(|code| code.ends_with("mismatch")),
        signer_trusted: holds(TRUSTED),
        problems,
    }))
}

/// What is told of a manifest that the library cannot read.
fn unread(error: &c2pa::Error) -> CheckedManifest {
    CheckedManifest {
        signed_by: None,
        made_by: None,
        digital_source_types: Vec::new(),
        signature_valid: false,
        content_unchanged: false,
        signer_trusted: false,
        problems: vec![error.to_string()],
    }
}

/// The type of a file by its first bytes; none for one that has no manifests. The file is read from its start afterwards.
fn type_of(file: &mut (impl Read + Seek)) -> std::io::Result<Option<&'static str>> {
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    let known = TYPES
        .iter()
        .find(|(at, start, _)| head.get(*at..).is_some_and(|rest| rest.starts_with(start)));
    Ok(known.map(|known| known.2))
}

/// The first program that the manifest names, with its version.
fn made_by(manifest: &Manifest) -> Option<String> {
    let program = manifest.claim_generator_info.as_ref()?.first()?;
    Some(match &program.version {
        Some(version) => format!("{} {version}", program.name),
        None => program.name.clone(),
    })
}

/// The names of the digital source types of all actions, each once.
fn source_types(manifest: &Manifest) -> Vec<String> {
    let assertions = manifest.assertions().iter();
    let actions = assertions.filter(|found| found.label().starts_with("c2pa.actions"));
    let mut names = Vec::new();
    for assertion in actions {
        let Ok(value) = assertion.value() else {
            continue;
        };
        let actions = value["actions"].as_array().into_iter().flatten();
        for source in actions.filter_map(|action| action["digitalSourceType"].as_str()) {
            let name = source.rsplit('/').next().unwrap_or(source).to_owned();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

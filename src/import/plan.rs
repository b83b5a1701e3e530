//! The pack that will be made: its manifest without sizes and hashes, and where its files come from.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::ImportError;
use super::files::{SourceFile, SourceFiles};
use super::graphs::SourceGraph;
use crate::engine::graph::net::TensorSpec;
use crate::limits::PACK_NAME_CHARS_MAX;
use crate::pack::manifest::{Manifest, WEIGHTS};

/// A pack that is to be made.
#[derive(Debug)]
pub struct ImportPlan {
    /// Its `files` are empty: they are hashed while they are copied.
    pub manifest: Manifest,
    pub files: Vec<PlannedFile>,
    /// What the operator should know, a sentence each.
    pub notes: Vec<String>,
}

/// A file of the pack.
#[derive(Debug)]
pub struct PlannedFile {
    pub role: String,
    /// Path in the pack's folder.
    pub path: String,
    pub content: PlannedContent,
    pub inputs: BTreeMap<String, String>,
    pub outputs: BTreeMap<String, String>,
}

/// Where the content of a file comes from.
#[derive(Debug)]
pub enum PlannedContent {
    /// A file that is copied or linked.
    File(PathBuf, u64),
    /// Content that was made of the files.
    Bytes(Vec<u8>),
}

impl PlannedContent {
    /// Bytes of the content.
    pub fn size(&self) -> u64 {
        match self {
            PlannedContent::File(_, size) => *size,
            PlannedContent::Bytes(bytes) => bytes.len() as u64,
        }
    }
}

impl PlannedFile {
    /// A file that is taken as it is.
    pub(super) fn copy(role: &str, path: &str, file: &SourceFile) -> PlannedFile {
        PlannedFile {
            role: role.to_owned(),
            path: path.to_owned(),
            content: PlannedContent::File(file.path.clone(), file.size),
            inputs: BTreeMap::new(),
            outputs: BTreeMap::new(),
        }
    }

    /// A file that is made.
    pub(super) fn made(role: &str, path: &str, bytes: Vec<u8>) -> PlannedFile {
        PlannedFile {
            role: role.to_owned(),
            path: path.to_owned(),
            content: PlannedContent::Bytes(bytes),
            inputs: BTreeMap::new(),
            outputs: BTreeMap::new(),
        }
    }
}

/// Returns the files of a graph: the graph as `path`, and those that have its weights, under the names by which it finds them.
/// Errors: it names a file elsewhere, which is missing, or has a type that no manifest can write.
pub(super) fn graph_files(
    role: &str,
    path: &str,
    graph: &SourceGraph,
    files: &SourceFiles,
) -> Result<Vec<PlannedFile>, ImportError> {
    let name = &graph.file.name;
    let refused = |why: String| ImportError::Refused(format!("{name}: {why}"));
    let texts = |side: &[TensorSpec]| {
        let text = |spec: &TensorSpec| Ok((spec.name.clone(), tensor_text(spec)?));
        side.iter().map(text).collect::<Result<_, String>>()
    };
    let signature = &graph.head.signature;
    let mut planned = vec![PlannedFile {
        inputs: texts(&signature.inputs).map_err(&refused)?,
        outputs: texts(&signature.outputs).map_err(&refused)?,
        ..PlannedFile::copy(role, path, &graph.file)
    }];
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    for location in &graph.head.external {
        let parts: Vec<Component<'_>> = Path::new(location).components().collect();
        let plain = match parts.as_slice() {
            [Component::Normal(only)] => only.to_str(),
            _ => None,
        };
        let Some(plain) = plain else {
            return Err(refused(format!(
                "its weights are said to be in {location:?}, which is no file beside it"
            )));
        };
        let wanted = match folder {
            "" => plain.to_owned(),
            _ => format!("{folder}/{plain}"),
        };
        let beside = files.files.iter().find(|f| f.name == wanted);
        let beside = beside
            .ok_or_else(|| refused(format!("the file with its weights, {wanted}, is missing")))?;
        planned.push(PlannedFile::copy(WEIGHTS, plain, beside));
    }
    Ok(planned)
}

/// The files of a decoder, and of the graph for its first tokens where that is another one.
pub(super) fn decoder_files(
    decoder: &SourceGraph,
    first: Option<&SourceGraph>,
    files: &SourceFiles,
) -> Result<Vec<PlannedFile>, ImportError> {
    let mut planned = graph_files("decoder", "decoder.onnx", decoder, files)?;
    if let Some(first) = first {
        let first = graph_files("decoder-first", "decoder-first.onnx", first, files)?;
        planned.extend(first);
    }
    Ok(planned)
}

/// A tensor as a manifest writes it; open sizes are `?`'s names.
fn tensor_text(spec: &TensorSpec) -> Result<String, String> {
    let unknown = || format!("{} is of a type that no engine feeds", spec.name);
    let dtype = spec.dtype.name().ok_or_else(unknown)?;
    let open = |at: usize| format!("n{at}");
    let dims = spec.dims.iter().enumerate();
    let dims: Vec<String> = dims
        .map(|(at, dim)| dim.map_or_else(|| open(at), |n| n.to_string()))
        .collect();
    Ok(format!("{dtype}[{}]", dims.join(",")))
}

/// Returns the name of the pack: `asked`, or one that is made of `stem`. Errors: it cannot be a folder's.
pub(super) fn pack_name(asked: Option<&str>, stem: &str) -> Result<String, ImportError> {
    if let Some(name) = asked {
        let is_right = is_pack_name(name);
        return match is_right {
            true => Ok(name.to_owned()),
            false => Err(ImportError::Asked(format!(
                "--name is {name:?}; a pack's name has small letters, digits, - and _, starts with a letter or digit, and \
                 has up to {PACK_NAME_CHARS_MAX} characters, as in --name whisper-small"
            ))),
        };
    }
    let mut name = String::new();
    for c in stem.to_lowercase().chars() {
        match c.is_ascii_alphanumeric() {
            true => name.push(c),
            false if name.ends_with('-') || name.is_empty() => {}
            false => name.push('-'),
        }
    }
    name.truncate(PACK_NAME_CHARS_MAX);
    let name = name.trim_end_matches('-').to_owned();
    match is_pack_name(&name) {
        true => Ok(name),
        false => Err(ImportError::Asked(
            "the pack needs a name: give one, as in --name whisper-small".to_owned(),
        )),
    }
}

/// Whether a pack may be called `name`.
pub fn is_pack_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= PACK_NAME_CHARS_MAX
        && name.starts_with(is_plain)
        && name.chars().all(|c| is_plain(c) || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_of_what_is_there_or_asked_for() {
        for (stem, name) in [
            ("whisper-base.en", "whisper-base-en"),
            ("en_US-joe-medium", "en-us-joe-medium"),
            ("  Größe (2)", "gr-e-2"),
        ] {
            assert_eq!(pack_name(None, stem).unwrap(), name);
        }
        assert!(
            pack_name(None, "…")
                .unwrap_err()
                .to_string()
                .contains("--name")
        );
        assert_eq!(pack_name(Some("a_b-1"), "x").unwrap(), "a_b-1");
        for wrong in ["", "../x", "A", ".a", "-a", &"a".repeat(65)] {
            assert!(pack_name(Some(wrong), "x").is_err(), "{wrong}");
        }
    }
}

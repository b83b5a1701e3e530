//! `pack.toml`, parsed strictly: an unknown key, a path outside the folder or a voice without its file is an error.

use std::collections::{BTreeMap, HashSet};
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use super::PackError;
use super::translate::Translate;

/// The role of files with weights that a graph names: ONNX Runtime looks for them beside the graph's file.
pub const WEIGHTS: &str = "weights";

/// What a pack is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PackKind {
    /// Text → sound.
    Speak,
    /// Sound → text.
    Transcribe,
    /// Sound → where there is speech.
    Detect,
    /// Sound → embedding of its speaker.
    Embed,
    /// Sound → another embedding of its speaker, by which cloning compares voices as well.
    Compare,
    /// Sound → which of a few speakers talk at each moment.
    Segment,
    /// Text → text in another language.
    Translate,
    /// Sound and two tones → sound in the other tone.
    Convert,
    /// The ONNX Runtime library.
    Runtime,
    /// Recordings for the tests.
    Audio,
}

/// The library that runs a pack's graphs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Runtime {
    Ort,
    Tract,
}

/// A whole manifest. The keys are described for operators in `models/README.md`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub name: String,
    pub kind: PackKind,
    /// The name of a row of `engine::ENGINES`, or `none`.
    pub engine: String,
    pub runtime: Option<Runtime>,
    pub title: String,
    pub description: String,
    pub licence: String,
    pub origin: String,
    /// Whether `scripts/fetch-models` fetches the pack without being told its name.
    pub default: bool,
    pub sample_rate_hz: Option<u32>,
    #[serde(default)]
    pub languages: Vec<String>,
    /// The variant that is loaded unless another is configured.
    pub variant: Option<String>,
    /// The variant that is loaded on a CUDA device, when it is another one.
    pub cuda_variant: Option<String>,
    pub files: Vec<FileEntry>,
    #[serde(default)]
    pub voices: Vec<Voice>,
    /// The inputs of a graph of engine `vits`.
    pub vits: Option<Vits>,
    /// The settings of a translator.
    pub translate: Option<Translate>,
    /// How the spectrogram of a tone-colour converter is made.
    pub tone: Option<Tone>,
    /// The addresses of the files: read by scripts/fetch-models only.
    #[serde(default, skip_serializing)]
    pub sources: Vec<toml::Table>,
    /// The steps that make the files: read by scripts/fetch-models only.
    #[serde(default, skip_serializing)]
    pub steps: Vec<toml::Table>,
}

/// One file of a pack.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// The name by which an engine looks it up.
    pub role: String,
    /// Which of several files with this role it is.
    pub variant: Option<String>,
    /// Relative to the pack's folder.
    pub path: String,
    pub size: u64,
    /// Lower-case hex.
    pub sha256: String,
    /// Tensor name → type and sizes, for example `f32[1,256]`; a name in place of a size leaves it open.
    #[serde(default)]
    pub inputs: BTreeMap<String, String>,
    #[serde(default)]
    pub outputs: BTreeMap<String, String>,
}

impl FileEntry {
    /// Whether the file is loaded with `variant`: it is of that variant, or of none.
    pub fn is_of(&self, variant: Option<&str>) -> bool {
        self.variant.is_none() || self.variant.as_deref() == variant
    }
}

/// The inputs that a VITS graph expects.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Vits {
    pub reads: Reads,
    pub blanks: Blanks,
    /// Spread of the sound around its mean, 0 to 2.
    pub noise: f32,
    /// Spread of the durations, 0 to 2.
    pub noise_duration: f32,
    /// Factor on the duration of every sound, 0.25 to 4.
    pub length: f32,
}

/// The spectrogram of a tone-colour converter: magnitudes of centred windows (Hann).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tone {
    /// Samples of one window and of its transform, and samples from one window to the next.
    pub window_samples: usize,
    pub hop_samples: usize,
}

/// What a VITS graph has tokens for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reads {
    /// The text's own letters, in lower case.
    Letters,
    /// The International Phonetic Alphabet as espeak-ng writes it.
    Phonemes,
}

/// Where a VITS graph wants its blank token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Blanks {
    None,
    /// Before, between and after all tokens: token 0 (MMS-TTS).
    Around,
    /// After `^` and every token but the last, `$`: token `_` (Piper).
    Between,
}

/// How the catalog groups a voice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// Made by the authors of the weights.
    #[default]
    Premade,
    /// A voice of the hosted catalog for an African language.
    Vocabusta,
}

/// A voice that a pack can speak with. Several may share a file: the same speaker in other languages.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Voice {
    pub id: String,
    pub name: String,
    pub language: String,
    pub gender: String,
    pub description: String,
    #[serde(default)]
    pub category: Category,
    /// Number of the speaker in a graph of several (engine `vits`).
    pub speaker: Option<i64>,
    /// Path of one of the pack's files.
    pub file: String,
}

impl Manifest {
    /// Reads and checks the manifest at `path`.
    pub fn read(path: &Path) -> Result<Self, PackError> {
        let refused = |why: String| PackError::Manifest {
            path: path.to_owned(),
            why,
        };
        let text = std::fs::read_to_string(path).map_err(|e| refused(e.to_string()))?;
        Self::parse(&text).map_err(refused)
    }

    /// Parses and checks the text of a manifest. The error says what is wrong and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let manifest: Manifest = toml::from_str(text).map_err(|e| {
            let line = e
                .span()
                .map_or(0, |s| text[..s.start].matches('\n').count() + 1);
            format!("line {line}: {}", e.message())
        })?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), String> {
        if self.files.is_empty() {
            return Err("lists no files".to_owned());
        }
        let mut paths = HashSet::new();
        for file in &self.files {
            let inside = Path::new(&file.path)
                .components()
                .all(|c| matches!(c, Component::Normal(_)));
            if file.path.is_empty() || !inside {
                return Err(format!(
                    "file path {:?} leaves the pack's folder",
                    file.path
                ));
            }
            if !paths.insert(file.path.as_str()) {
                return Err(format!("file path {:?} is listed twice", file.path));
            }
            let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
            if file.sha256.len() != 64 || !file.sha256.bytes().all(is_hex) {
                return Err(format!(
                    "sha256 of {:?} is not 64 lower-case hex digits",
                    file.path
                ));
            }
            for spec in file.inputs.values().chain(file.outputs.values()) {
                TensorText::parse(spec)?;
            }
        }
        if let Some(vits) = &self.vits {
            let spreads = [
                ("noise", vits.noise),
                ("noise_duration", vits.noise_duration),
            ];
            let bounded = spreads.map(|(key, value)| (key, value, 0.0, 2.0));
            for (key, value, min, max) in
                bounded
                    .into_iter()
                    .chain([("length", vits.length, 0.25, 4.0)])
            {
                if !(min..=max).contains(&value) {
                    return Err(format!(
                        "vits: {key} is {value}; {min} to {max} is accepted"
                    ));
                }
            }
        }
        if let Some(translate) = &self.translate {
            translate.check()?;
        }
        let mut ids = HashSet::new();
        for voice in &self.voices {
            if !ids.insert(voice.id.as_str()) {
                return Err(format!("voice {:?} is listed twice", voice.id));
            }
            if !paths.contains(voice.file.as_str()) {
                return Err(format!(
                    "voice {:?} names {:?}, which is no listed file",
                    voice.id, voice.file
                ));
            }
        }
        Ok(())
    }
}

/// A tensor as a manifest writes it: `f32[1,256]`, with names where a size is open.
#[derive(Debug, PartialEq, Eq)]
pub struct TensorText {
    pub dtype: String,
    pub dims: Vec<Option<usize>>,
}

impl TensorText {
    /// Parses `dtype[dims]`; no brackets or empty ones mean a scalar.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("tensor {text:?} is not written like f32[1,256]");
        let (dtype, dims) = match text.split_once('[') {
            None => (text, ""),
            Some((dtype, rest)) => (dtype, rest.strip_suffix(']').ok_or_else(wrong)?),
        };
        if !matches!(dtype, "f32" | "f16" | "i64" | "i32" | "bool") {
            return Err(wrong());
        }
        let dims = dims
            .split(',')
            .map(str::trim)
            .filter(|d| !d.is_empty())
            .map(|d| match d.parse() {
                Ok(size) => Ok(Some(size)),
                Err(_) if d.chars().all(|c| c.is_alphanumeric() || "_+".contains(c)) => Ok(None),
                Err(_) => Err(wrong()),
            })
            .collect::<Result<_, _>>()?;
        Ok(TensorText {
            dtype: dtype.to_owned(),
            dims,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        name = "tiny"
        kind = "speak"
        engine = "kokoro"
        runtime = "ort"
        title = "Tiny"
        description = "A test."
        licence = "MIT"
        origin = "here"
        default = false
        sample_rate_hz = 24000
        languages = ["en-us"]

        [[files]]
        role = "model"
        path = "a/model.onnx"
        size = 3
        sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        inputs = { tokens = "i64[1,T]" }

        [[voices]]
        id = "v"
        name = "V"
        language = "en-us"
        gender = "female"
        description = ""
        file = "a/model.onnx"
    "#;

    #[test]
    fn a_good_manifest_parses() {
        let manifest = Manifest::parse(GOOD).unwrap();
        assert_eq!(manifest.kind, PackKind::Speak);
        assert_eq!(manifest.files[0].inputs["tokens"], "i64[1,T]");
        assert_eq!(manifest.voices[0].category, Category::Premade);
    }

    #[test]
    fn voices_may_share_a_file_and_name_their_category() {
        let more = r#"
        [[voices]]
        id = "w"
        name = "W"
        language = "ha"
        gender = "female"
        description = ""
        category = "vocabusta"
        file = "a/model.onnx"
        "#;
        let manifest = Manifest::parse(&format!("{GOOD}{more}")).unwrap();
        assert_eq!(manifest.voices[1].file, manifest.voices[0].file);
        assert_eq!(manifest.voices[1].category, Category::Vocabusta);
    }

    #[test]
    fn wrong_manifests_are_refused_with_the_reason() {
        let cases = [
            ("size = 3", "size = 3\nsizes = 4", "sizes"),
            (
                "a/model.onnx\"\n        size",
                "../model.onnx\"\n        size",
                "leaves the pack's folder",
            ),
            ("ba7816bf", "BA7816BF", "lower-case hex"),
            ("i64[1,T]", "i65[1,T]", "i65"),
            ("file = \"a/model.onnx\"", "file = \"b\"", "no listed file"),
            ("kind = \"speak\"", "kind = \"sing\"", "sing"),
            (
                "gender = \"female\"",
                "gender = \"female\"\n        category = \"cloned\"",
                "cloned",
            ),
            ("licence = \"MIT\"", "", "licence"),
            (
                "[[voices]]",
                "[vits]\nreads = \"letters\"\nblanks = \"around\"\nnoise = 3\nnoise_duration = 0.8\nlength = 1\n[[voices]]",
                "noise is 3; 0 to 2",
            ),
        ];
        for (from, to, reason) in cases {
            assert!(GOOD.contains(from), "{from}");
            let error = Manifest::parse(&GOOD.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(reason), "{reason}: {error}");
        }
    }

    #[test]
    fn tensors_are_read_as_written() {
        let tensor = TensorText::parse("f32[B,8,past_plus_seq,64]").unwrap();
        assert_eq!(tensor.dims, [None, Some(8), None, Some(64)]);
        assert_eq!(TensorText::parse("i64").unwrap().dims, []);
        assert!(TensorText::parse("f32[1").is_err());
    }
}

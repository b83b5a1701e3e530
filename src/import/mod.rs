//! Model files that others published → a pack of this server.
//!
//! Owns what is known of published layouts: which files belong together, which part each has, and what only the operator knows.
//! The inputs and outputs of graphs decide what a file is; names only tell variants apart. Nothing is taken that was not run:
//! the engine that the server uses speaks, hears or translates a sentence with the files before the pack gets its name.
//!
//! | file | one idea |
//! | --- | --- |
//! | `files` | the files of a folder that may be taken |
//! | `graphs` | what each graph of them is, and which variants there are |
//! | `plan` | the pack that will be made: its manifest, and where its files come from |
//! | `card` | what a model card says: licence, languages |
//! | `recognizers` | Whisper |
//! | `translators` | Marian, M2M100, NLLB |
//! | `piper_and_mms` | VITS voices |
//! | `kokoro` | Kokoro with its voices |
//! | `listeners` | speech detectors, speaker encoders, segmenters |
//! | `foreign` | what no engine loads, and what to do about it |
//! | `archive` | entries of a zip file |
//! | `voice_tables` | Kokoro's voices in `.bin`, `.npz` and `.pt` |
//! | `codes` | codes of languages as models write them |
//! | `staging` | a folder that becomes a pack at once or not at all |
//! | `trial` | whether a pack runs |

mod archive;
mod card;
mod codes;
mod files;
mod foreign;
mod graphs;
mod kokoro;
mod listeners;
mod piper_and_mms;
mod plan;
mod recognizers;
mod staging;
mod translators;
mod trial;
mod voice_tables;

use std::path::PathBuf;

use thiserror::Error;

use crate::engine::VitsLayout;
use crate::fault::Fault;
use crate::pack::manifest::{Manifest, PackKind, Runtime};
use files::SourceFiles;
use graphs::SourceGraphs;
pub use plan::{ImportPlan, PlannedContent, PlannedFile};
pub use staging::{Abandon, Staged, Staging, clear_abandoned, remove};
pub use trial::{Trial, TrialSound};

/// Why nothing was imported; each is one sentence for the operator.
#[derive(Debug, Error)]
pub enum ImportError {
    /// Something that only the operator knows is missing: the sentence names the option and has an example.
    #[error("{0}")]
    Asked(String),
    /// The files are not those of a model that is loaded here, or not whole.
    #[error("{0}")]
    Refused(String),
    /// The disk, or the models folder.
    #[error("{0}")]
    Disk(String),
    /// The model does not run.
    #[error("the model does not run: {0}")]
    Trial(Fault),
    #[error("interrupted: nothing was imported")]
    Interrupted,
}

/// What the operator says of the files.
#[derive(Debug, Clone, Default)]
pub struct ImportRequest {
    pub path: PathBuf,
    pub name: Option<String>,
    pub title: Option<String>,
    pub licence: Option<String>,
    pub origin: Option<String>,
    /// Codes: of a voice, or those that a transcriber hears.
    pub languages: Vec<String>,
    /// Of a translator.
    pub from: Vec<String>,
    pub to: Vec<String>,
    pub gender: Option<String>,
    pub variant: Option<String>,
    /// The characters of a Kokoro and their numbers, where they do not come with it.
    pub vocabulary: Option<PathBuf>,
    /// Whether a transcriber takes the languages that it lists, and no others.
    pub specialist: bool,
}

/// Returns the pack that the files of `request` make. `kokoro` is the vocabulary of an installed Kokoro, which all have in
/// common. Errors: nothing in the files is known, or something is missing; one sentence each.
pub fn plan(request: &ImportRequest, kokoro: Option<&[u8]>) -> Result<ImportPlan, ImportError> {
    let files = SourceFiles::read(&request.path)?;
    let graphs = SourceGraphs::read(&files, request.variant.as_deref())?;
    let kind = graphs.kind(&files)?;
    let context = ImportContext {
        request,
        files: &files,
        card: card::ModelCard::read(&files)?,
        // A folder of one voice is called anything, the voice's graph like the voice.
        stem: match kind {
            graphs::ModelKind::Vits(VitsLayout::Piper { .. }) => graphs.stem(),
            _ => files.stem.clone(),
        },
    };
    let mut plan = match kind {
        graphs::ModelKind::Kokoro => kokoro::plan(&context, &graphs, kokoro)?,
        graphs::ModelKind::Vits(layout) => piper_and_mms::plan(&context, &graphs, layout)?,
        graphs::ModelKind::Transcriber => recognizers::plan(&context, &graphs)?,
        graphs::ModelKind::Translator => translators::plan(&context, &graphs)?,
        graphs::ModelKind::Listener(role) => listeners::plan(&context, &graphs, role)?,
    };
    plan.notes.splice(0..0, graphs.notes);
    Ok(plan)
}

/// What the recognition of a model goes by.
struct ImportContext<'a> {
    request: &'a ImportRequest,
    files: &'a SourceFiles,
    card: card::ModelCard,
    /// What the pack is called unless the operator names it.
    stem: String,
}

impl ImportContext<'_> {
    /// The licence of the weights. Errors: neither the operator nor the model card tells it.
    fn licence(&self) -> Result<String, ImportError> {
        let told = self.request.licence.clone().or(self.card.licence.clone());
        told.ok_or_else(|| {
            ImportError::Asked(
                "the files do not tell the licence of the weights: give it, as in --licence MIT or --licence \
                 LicenseRef-unstated"
                    .to_owned(),
            )
        })
    }

    /// A manifest with what all have in common. Errors: those of [`ImportContext::licence`], and a name that no pack may have.
    fn manifest(
        &self,
        (kind, engine): (PackKind, &str),
        description: &str,
        rate_hz: Option<u32>,
    ) -> Result<Manifest, ImportError> {
        let name = plan::pack_name(self.request.name.as_deref(), &self.stem)?;
        let title = self.request.title.clone();
        let origin = self.request.origin.clone().or(self.card.origin.clone());
        let path = self.request.path.display();
        Ok(Manifest {
            title: title.unwrap_or_else(|| self.stem.clone()),
            name,
            kind,
            engine: engine.to_owned(),
            runtime: Some(Runtime::Ort),
            description: description.to_owned(),
            licence: self.licence()?,
            origin: origin.unwrap_or_else(|| format!("imported from {path}")),
            default: false,
            sample_rate_hz: rate_hz,
            languages: Vec::new(),
            variant: None,
            cuda_variant: None,
            files: Vec::new(),
            voices: Vec::new(),
            vits: None,
            translate: None,
            tone: None,
            sources: Vec::new(),
            steps: Vec::new(),
        })
    }
}

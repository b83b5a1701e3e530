//! Models of one graph that hear and do not write: speech detectors, speaker encoders, segmenters.

use super::graphs::SourceGraphs;
use super::plan::{ImportPlan, graph_files};
use super::{ImportContext, ImportError};
use crate::engine::recognition::GraphRole;
use crate::pack::manifest::PackKind;

const RATE_HZ: u32 = 16_000;
/// Values of the embedding of CAM++, with which the thresholds of diarization were set.
const CAMPPLUS_VALUES: usize = 192;

pub(super) fn plan(
    context: &ImportContext<'_>,
    graphs: &SourceGraphs,
    role: GraphRole,
) -> Result<ImportPlan, ImportError> {
    let graph = graphs.one(|_| true)?;
    let graph = graph.ok_or_else(|| ImportError::Refused("the graph is missing".to_owned()))?;
    let (of, description) = match role {
        GraphRole::Silero => (
            (PackKind::Detect, "silero"),
            "Finds the speech in a recording.",
        ),
        GraphRole::Speaker { .. } => (
            (PackKind::Embed, "campplus"),
            "Tells speakers apart: filter banks of 80 bands to an embedding.",
        ),
        GraphRole::Ge2e => (
            (PackKind::Compare, "ge2e"),
            "A second opinion on how alike two voices are.",
        ),
        GraphRole::Pyannote => (
            (PackKind::Segment, "pyannote"),
            "Tells which of up to three speakers talk in ten seconds.",
        ),
        _ => {
            return Err(ImportError::Refused(
                "the graph is one of several".to_owned(),
            ));
        }
    };
    let mut notes = Vec::new();
    if let GraphRole::Speaker { values } = role
        && values != Some(CAMPPLUS_VALUES)
    {
        notes.push(
            "diarization compares embeddings by thresholds that were set with CAM++: with another encoder they may be wrong"
                .to_owned(),
        );
    }
    Ok(ImportPlan {
        manifest: context.manifest(of, description, Some(RATE_HZ))?,
        files: graph_files("model", "model.onnx", graph, context.files)?,
        notes,
    })
}

//! The labels of metrics. Their values are names of this program's own tables and of its packs, never what a client sends: so
//! the number of time series has a bound.

use prometheus_client::encoding::EncodeLabelSet;

/// Program and library.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct BuildLabels {
    pub version: &'static str,
    /// Version of ONNX Runtime; `none` where no pack needs it.
    pub onnxruntime: String,
    /// Processor architecture and system.
    pub target: String,
}

/// A pack in use.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PackLabels {
    pub engine: String,
    pub pack: String,
    pub device: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AnswerLabels {
    /// Name of the endpoint; [`super::NO_ROUTE`] where a request was refused before it had one.
    pub route: &'static str,
    pub status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RouteLabels {
    pub route: &'static str,
}

/// A capability, whose requests share places, or [`super::LANES`], which all of them share.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PoolLabels {
    pub pool: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ClassLabels {
    pub class: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct WorkLabels {
    pub work: &'static str,
}

/// An engine, by the name that its packs call it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct EngineLabels {
    pub engine: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct SoundLabels {
    pub direction: &'static str,
    pub engine: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ReasonLabels {
    pub reason: &'static str,
}

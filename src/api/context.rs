//! What handlers use, made once by `app`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::body_caps::BodyCaps;
use super::drain::DrainGate;
use super::metrics_page::MetricsReaders;
use super::models::PackRow;
use super::policy::CurrentPolicy;
use crate::admit::concurrency::KeyConcurrency;
use crate::admit::failed_keys::FailedKeys;
use crate::admit::operator::OperatorKey;
use crate::audio::encode::Format;
use crate::audio::mark::SyntheticMark;
use crate::clone::Cloning;
use crate::dub::jobs::Dubbing;
use crate::engine::graph::device::Device;
use crate::fault::Fault;
use crate::metrics::Metrics;
use crate::provenance::ContentSigner;
use crate::services::Services;
use crate::services::lexicons::Lexicons;
use crate::services::named_speakers::NamedSpeakers;
use crate::services::previews::Previews;
use crate::services::self_test::SelfTests;
use crate::services::voices::VoiceCatalog;
use crate::store::Store;
use vocabox_base::budget::Budget;

/// What handlers use: services, store and settings. `app` makes it once.
pub struct Context {
    pub store: Arc<Store>,
    /// The voices that can be spoken; empty while no pack that speaks is fetched.
    pub voices: Arc<VoiceCatalog>,
    pub services: Services,
    /// Whether the models compute.
    pub self_tests: Arc<SelfTests>,
    /// The pronunciations of the accounts.
    pub lexicons: Lexicons,
    /// The speakers whom the accounts have named.
    pub named_speakers: NamedSpeakers,
    /// Samples of the stock voices, each spoken once.
    pub previews: Previews,
    /// None while a pack that cloning needs is not fetched.
    pub cloning: Option<Arc<Cloning>>,
    /// Settings that may change while the server runs.
    pub policy: CurrentPolicy,
    /// How long a step of an engine may run before it counts as hanging.
    pub step_max: Duration,
    /// Bytes of the speech that requests hold until their answers are made.
    pub sound_memory: Arc<Budget>,
    /// Folder of the unlinked files that hold large bodies.
    pub spool_dir: PathBuf,
    /// None while a pack that dubbing needs is not fetched.
    pub dubbing: Option<Dubbing>,
    pub body_caps: BodyCaps,
    /// What the server counts and measures of itself.
    pub metrics: Arc<Metrics>,
    /// Who may read it.
    pub metrics_readers: MetricsReaders,
    /// The device that runs the models.
    pub device: Device,
    /// The packs that are loaded.
    pub packs: Vec<PackRow>,
    /// Whether history items keep texts and transcripts.
    pub history_text: bool,
    /// Counts the generations under way; closed once the server is told to stop.
    pub drain: Arc<DrainGate>,
    /// Counts the generations of each key that are under way.
    pub concurrency: KeyConcurrency,
    /// Counts the requests with a wrong key of each address.
    pub failed_keys: FailedKeys,
    /// The key of the operator; none where the server has no endpoints for one.
    pub operator_key: Option<OperatorKey>,
    /// Signs marked sound; none where the operator has no key for it.
    pub signer: Option<Arc<ContentSigner>>,
}

impl Context {
    /// The whole sound `file`, signed if it is marked, its format has a place for that and the operator has a key. Faults:
    /// `Internal` when it cannot be signed: nothing is sent without the signature that others expect.
    pub fn signed(
        &self,
        format: Format,
        file: Vec<u8>,
        mark: Option<SyntheticMark>,
    ) -> Result<Vec<u8>, Fault> {
        match (&self.signer, mark) {
            (Some(signer), Some(mark)) => signer.sign_whole(format, file, mark),
            _ => Ok(file),
        }
    }
}

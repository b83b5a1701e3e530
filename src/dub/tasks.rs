//! What each kind of job does: from the files that it was sent with to its result.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use super::analyze::{self, AnalysisRequest};
use super::render::{self, RenderFiles, WriteFile};
use super::request::{AnalyzeRecord, RenderRequest};
use super::result::{AnalysisResult, JobResult, RenderResult};
use super::services::DubServices;
use super::sound;
use crate::engine::contract::CancellationToken;
use crate::engine::diarization::ANY_SPEAKERS;
use crate::fault::{Fault, Kind};
use crate::provenance::ContentSigner;
use crate::store::{AccountId, Job, JobId, JobRoom, Store};

/// Name of the file that a job works on, and of what a render is to make of it ([`RenderRequest`]).
pub const INPUT: &str = "input";
pub const REQUEST: &str = "asked.json";

/// What jobs work with.
pub struct JobContext {
    pub services: DubServices,
    /// Signs what renders make; none where the operator has no key for it.
    pub signer: Option<Arc<ContentSigner>>,
    /// Whether history keeps what was heard and spoken.
    pub history_text: bool,
    /// How many bytes the files of all jobs may have.
    pub room: JobRoom,
}

/// What a job has made.
pub struct JobOutput {
    pub result: JobResult,
    pub text: String,
    pub language: String,
    pub seconds: f64,
}

/// Tells how far a job is, 0 to 1.
pub type Progress<'a> = dyn FnMut(f64) -> Result<(), Fault> + 'a;

/// Who says what, when. Faults: those of reading, of the engines and of `cancellation`.
pub fn analyze(
    context: &JobContext,
    store: &Store,
    account: AccountId,
    job: &Job,
    progress: &mut Progress<'_>,
    cancellation: &CancellationToken,
) -> Result<JobOutput, Fault> {
    let record: AnalyzeRecord =
        serde_json::from_value(job.request.clone()).map_err(Fault::internal)?;
    let services = &context.services;
    let file = || store.job_files().open(job.job_id, INPUT);
    let track = services.track(&file, &record.sound(), cancellation)?;
    let heard = record.sound().of_track(track.number);
    let AnalyzeRecord {
        language,
        diarize,
        speakers,
        ..
    } = record;
    let request = AnalysisRequest {
        language,
        diarize,
        speakers: speakers.map_or(ANY_SPEAKERS, |(least, most)| least..=most),
        into_english: true,
        account: Some(account),
    };
    let open = || sound::open(file()?, &heard, sound::SPEECH_RATE_HZ);
    let analysis = analyze::analyze(services, &open, request, progress, cancellation)?;
    let texts: Vec<&str> = (analysis.lines.iter())
        .map(|l| l.segment.text.as_str())
        .collect();
    Ok(JobOutput {
        text: texts.join(" "),
        language: analysis.language.clone(),
        seconds: analysis.seconds,
        result: JobResult::Analysis(AnalysisResult::of(analysis, &track, diarize)),
    })
}

/// The same file speaking another language. Faults: those of [`render::render`], `Missing` when nothing speaks or the files have
/// no room.
pub fn render(
    context: &JobContext,
    store: &Store,
    account: AccountId,
    job: &Job,
    progress: &mut Progress<'_>,
    cancellation: &CancellationToken,
) -> Result<JobOutput, Fault> {
    let none = || Fault::missing("No engine for speech is installed on this server.");
    let voices = context.services.voices.as_ref().ok_or_else(none)?;
    let folder = JobFolder {
        store,
        signer: context.signer.as_deref(),
        account,
        id: job.job_id,
        room: context.room,
        cancellation,
    };
    let id = job.job_id;
    let request = store.job_files().open(id, REQUEST)?;
    let mut request: RenderRequest =
        serde_json::from_reader(std::io::BufReader::new(request)).map_err(Fault::internal)?;
    let file = || store.job_files().open(id, INPUT);
    match (context.services).track(&file, &request.sound(), cancellation) {
        Ok(track) => request.audio_track = Some(track.number),
        // A film without sound gets its first.
        Err(fault) if fault.kind == Kind::Invalid => {}
        Err(fault) => return Err(fault),
    }
    let rendered = render::render(
        voices,
        Some(account),
        &request,
        &folder,
        progress,
        cancellation,
    )?;
    let counts = rendered.counts;
    log::info!(
        "dubbing job {id}: {} lines spoken, {} taken from earlier ones",
        counts.spoken,
        counts.reused
    );
    let texts: Vec<&str> = request.segments.iter().map(|s| s.text.as_str()).collect();
    Ok(JobOutput {
        text: texts.join(" "),
        language: request.language,
        seconds: rendered.seconds,
        result: JobResult::Render(RenderResult::of(request.segments, rendered, id)),
    })
}

/// Time until what the store refused is tried again; a job that is deleted meanwhile ends that much later.
const AGAIN: Duration = Duration::from_secs(1);

/// The files of a job that renders.
struct JobFolder<'a> {
    store: &'a Store,
    signer: Option<&'a ContentSigner>,
    account: AccountId,
    id: JobId,
    room: JobRoom,
    cancellation: &'a CancellationToken,
}

impl RenderFiles for JobFolder<'_> {
    fn open(&self) -> Result<File, Fault> {
        self.store.job_files().open(self.id, INPUT)
    }

    fn reserve(&self, bytes: u64) -> Result<(), Fault> {
        loop {
            let fault = match (self.store).size_job(self.account, self.id, bytes, self.room) {
                Err(fault) if fault.kind == Kind::Missing => fault,
                sized => return sized,
            };
            self.cancellation.check()?;
            let id = self.id;
            log::error!("the size of dubbing job {id} waits for the store: {fault}");
            std::thread::sleep(AGAIN);
        }
    }

    fn scratch(&self) -> Result<File, Fault> {
        self.store.job_files().scratch(self.id)
    }

    fn signer(&self) -> Option<&ContentSigner> {
        self.signer
    }

    fn make(&self, name: &str, write: &mut WriteFile<'_>) -> Result<(), Fault> {
        self.store.job_files().make(self.id, name, write)
    }
}

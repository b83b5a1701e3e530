//! What each kind of job does: from the files that it was sent with to its result.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::analyze::{self, Analysis, Listen};
use super::cast::Stage;
use super::lines::Line;
use super::render::{self, Order, Rendered, Segment};
use super::sound;
use crate::audio::encode::Codec;
use crate::engine::contract::{CancellationToken, Word, millis};
use crate::engine::diarization::{self, Diarize};
use crate::fault::Fault;
use crate::media;
use crate::store::{AccountId, Job, JobRoom, Store};
use crate::work::kept::Kept;

/// Name of the file that a job works on, and of what a render is to make of it ([`Asked`]).
pub const INPUT: &str = "input";
pub const ASKED: &str = "asked.json";

/// What jobs work with.
pub struct Crew {
    /// Loads what tells who speaks when.
    pub diarizer: Box<dyn Fn() -> Result<Box<Diarize>, Fault> + Send + Sync>,
    pub listen: Box<Listen>,
    /// Whether lines in a language are written in English too: where nothing else translates them.
    pub wants_english: Box<dyn Fn(&str) -> bool + Send + Sync>,
    /// What transcribes calls itself, and its model, as history shows them.
    pub engine: String,
    pub model: String,
    /// None while no pack that speaks is fetched.
    pub speaks: Option<Speaks>,
    /// Whether history keeps what was heard and spoken.
    pub history_text: bool,
    /// How many bytes the files of all jobs may have.
    pub room: JobRoom,
}

/// What speaks for those who are dubbed.
pub struct Speaks {
    pub stage: Arc<dyn Stage>,
    /// Lines that were spoken before.
    pub kept: Arc<Kept>,
    pub engine: String,
    pub model: String,
}

/// What a job has made.
pub struct Made {
    pub result: Value,
    pub text: String,
    pub language: String,
    pub seconds: f64,
}

/// A render as it was asked for: the file [`ASKED`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    pub segments: Vec<Said>,
    pub voice_map: BTreeMap<String, String>,
    pub language: String,
    pub keep_background: bool,
    /// Orders from before there was a choice name none: they are in Opus.
    #[serde(default)]
    pub audio_codec: Codec,
}

/// A line as the API has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    pub id: Value,
    pub start: f64,
    pub end: f64,
    pub text: String,
    pub speaker: String,
}

/// Tells how far a job is, 0 to 1.
pub type Progress<'a> = dyn FnMut(f64) -> Result<(), Fault> + 'a;

/// Who says what, when. Faults: those of reading, of the engines and of `cancellation`.
pub fn analyze(
    crew: &Crew,
    store: &Store,
    job: &Job,
    progress: &mut Progress<'_>,
    cancellation: &CancellationToken,
) -> Result<Made, Fault> {
    let open = || store.job_files().open(job.job_id, INPUT);
    // Of a damaged film the sound may be whole.
    let picture = media::inspect(open()?).ok().flatten();
    let language = job.request["language"].as_str().map(str::to_owned);
    let parted = job.request["diarize"].as_bool().unwrap_or(true);
    let means = analyze::Means {
        diarize: &mut *(crew.diarizer)()?,
        listen: &crew.listen,
        wants_english: &crew.wants_english,
        progress,
    };
    let open = || sound::open(open()?, picture.as_ref(), analyze::RATE_HZ);
    let analysis = analyze::analyze(&open, language, parted, means, cancellation)?;
    let texts: Vec<&str> = (analysis.lines.iter())
        .map(|l| l.segment.text.as_str())
        .collect();
    Ok(Made {
        text: texts.join(" "),
        language: analysis.language.clone(),
        seconds: analysis.seconds,
        result: told(&analysis, parted),
    })
}

/// An analysis as the API gives it.
fn told(analysis: &Analysis, parted: bool) -> Value {
    let word =
        |w: &Word| json!({ "word": w.text, "start": millis(w.start_s), "end": millis(w.end_s) });
    let line = |(id, line): (usize, &Line)| {
        let Line {
            segment,
            speaker,
            english,
        } = line;
        let mut told = json!({
            "id": id,
            "start": millis(segment.start_s),
            "end": millis(segment.end_s),
            "text": segment.text,
            "language": analysis.language,
            "speaker": diarization::name(*speaker),
            "words": segment.words.iter().map(word).collect::<Vec<_>>(),
        });
        if let Some(text) = english {
            told["text_en"] = text.as_str().into();
        }
        told
    };
    json!({
        "language": analysis.language,
        "duration_seconds": millis(analysis.seconds),
        "segments": analysis.lines.iter().enumerate().map(line).collect::<Vec<_>>(),
        "speakers": analysis.speakers,
        "diarized": parted,
    })
}

/// The same file speaking another language. Faults: those of [`render::render`], `Missing` when nothing speaks or the files have
/// no room.
pub fn render(
    crew: &Crew,
    store: &Store,
    account: AccountId,
    job: &Job,
    progress: &mut Progress<'_>,
    cancellation: &CancellationToken,
) -> Result<Made, Fault> {
    let none = || Fault::missing("No engine for speech is installed on this box.");
    let speaks = crew.speaks.as_ref().ok_or_else(none)?;
    let (files, id) = (store.job_files(), job.job_id);
    let asked = files.open(id, ASKED)?;
    let asked: Asked =
        serde_json::from_reader(std::io::BufReader::new(asked)).map_err(Fault::internal)?;
    let order = Order {
        segments: asked.segments.iter().map(segment).collect(),
        voices: asked.voice_map,
        language: asked.language.clone(),
        keep_background: asked.keep_background,
        codec: asked.audio_codec,
    };
    let means = render::Means {
        stage: &*speaks.stage,
        kept: &speaks.kept,
        account: Some(account),
        open: &|| files.open(id, INPUT),
        size: &|bytes| store.size_job(account, id, bytes, crew.room),
        scratch: &|| files.scratch(id),
        make: &|name: &str, write: &mut dyn FnMut(&mut File) -> Result<(), Fault>| {
            files.make(id, name, write)
        },
        progress,
    };
    let rendered = render::render(&order, means, cancellation)?;
    let counts = rendered.counts;
    log::info!(
        "dubbing job {id}: {} lines spoken, {} taken from earlier ones",
        counts.spoken,
        counts.reused
    );
    let texts: Vec<&str> = asked.segments.iter().map(|s| s.text.as_str()).collect();
    Ok(Made {
        text: texts.join(" "),
        language: asked.language,
        seconds: rendered.seconds,
        result: rendered_as_told(&asked.segments, &rendered, id),
    })
}

fn segment(said: &Said) -> Segment {
    Segment {
        id: said.id.clone(),
        start_s: said.start,
        end_s: said.end,
        text: said.text.clone(),
        speaker: said.speaker.clone(),
    }
}

/// A render as the API gives it.
fn rendered_as_told(segments: &[Said], rendered: &Rendered, id: impl std::fmt::Display) -> Value {
    let url = |what: &str| format!("/voice/dub/jobs/{id}/{what}");
    let line = |(said, line): (&Said, &render::Line)| {
        json!({
            "id": said.id,
            "start": said.start,
            "end": said.end,
            "text": said.text,
            "speaker": said.speaker,
            "voice_id": line.voice_id,
            "fit_ratio": millis(line.fit_ratio),
            "truncated": line.truncated,
            "spoken_start": millis(line.start_s),
            "spoken_end": millis(line.end_s),
        })
    };
    json!({
        "video_url": rendered.has_picture.then(|| url("video")),
        "audio_url": url("audio"),
        "subtitles_url": url("subtitles"),
        "duration_seconds": millis(rendered.seconds),
        "segments": segments.iter().zip(&rendered.lines).map(line).collect::<Vec<_>>(),
        "lines_spoken": rendered.counts.spoken,
        "lines_reused": rendered.counts.reused,
    })
}

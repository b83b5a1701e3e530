//! The thread that transcribes what the ear of a session hands over, and tells the words.

use std::sync::Arc;
use std::time::Duration;

use super::policy::Agreement;
use super::queue::{FinalJob, LiveQueue, ScribeTask, StretchJob};
use super::{CompletedUtterance, LiveEvent, LiveTranscription, RATE_HZ};
use crate::audio::pcm::Clip;
use crate::engine::contract::{CancellationToken, Transcript};
use crate::fault::Fault;
use crate::scheduler::LaneShare;
use crate::services::transcription::{Recording, TranscriptionRequest};

/// Characters of the text before a cut that the model is told.
const TOLD_CHARS: usize = 200;
/// How long a transcription before the end that was refused counts at the least, so that it is not tried again at once.
const REFUSED: Duration = Duration::from_secs(1);

/// The scribe of one session.
pub struct Scribe {
    service: Arc<LiveTranscription>,
    queue: Arc<LiveQueue>,
    share: LaneShare,
    /// The utterance that is transcribed, and what was told of it.
    current: Option<u64>,
    agreement: Agreement,
    /// Whether words of the utterance were told, and whether some of this stretch of it.
    has_told: bool,
    has_told_stretch: bool,
    /// Texts of the utterance's earlier stretches, and the languages in them.
    texts: Vec<String>,
    languages: Vec<String>,
    fault: Option<Fault>,
    /// The end of the last text, which was cut.
    before: String,
}

impl Scribe {
    /// Returns the scribe of a session that starts.
    pub fn new(service: Arc<LiveTranscription>, queue: Arc<LiveQueue>, share: LaneShare) -> Self {
        Scribe {
            service,
            queue,
            share,
            current: None,
            agreement: Agreement::default(),
            has_told: false,
            has_told_stretch: false,
            texts: Vec::new(),
            languages: Vec::new(),
            fault: None,
            before: String::new(),
        }
    }

    /// Transcribes until the session ends.
    pub fn run(mut self) {
        while let Some(task) = self.queue.scribe_task() {
            match task {
                ScribeTask::Partial(job, token) => self.partial(job, &token),
                ScribeTask::Final(job, token) => {
                    let samples = job.stretch.samples.len();
                    self.finish(job, &token);
                    self.queue.freed(samples);
                }
            }
        }
        self.queue.tell(LiveEvent::Finished);
    }

    fn partial(&mut self, job: StretchJob, token: &CancellationToken) {
        self.turn_to(job.utterance);
        let begun = self.queue.age();
        let utterance = job.utterance;
        let heard = self.transcribe(job, 1, token);
        let ended = self.queue.age();
        match heard {
            Ok(heard) => {
                self.queue.partial_ran(begun, ended);
                let new = self.agreement.hear(&heard.text());
                self.tell(utterance, new);
            }
            // It was only a first look.
            Err(_) => self.queue.partial_ran(begun, ended.max(begun + REFUSED)),
        }
    }

    fn finish(&mut self, job: FinalJob, token: &CancellationToken) {
        let utterance = job.stretch.utterance;
        self.turn_to(utterance);
        let language = job.stretch.options.language.clone();
        let beams = self.service.transcription.beams;
        let heard = match job.has_speech {
            true => self.transcribe(job.stretch, beams, token).map(Some),
            false => Ok(None),
        };
        let agreement = std::mem::take(&mut self.agreement);
        match heard {
            Ok(heard) => {
                let text = heard.as_ref().map(Transcript::text).unwrap_or_default();
                let new = agreement.finish(&text);
                self.tell(utterance, new);
                self.before = ending(&text);
                if let Some(heard) = heard.filter(|_| !text.is_empty()) {
                    self.texts.push(text);
                    for code in heard.languages() {
                        if !self.languages.iter().any(|known| known == code) {
                            self.languages.push(code.to_owned());
                        }
                    }
                }
            }
            Err(fault) => self.fault = self.fault.take().or(Some(fault)),
        }
        self.has_told_stretch = false;
        let Some(seconds) = job.ends else {
            return;
        };
        let recognizer = self.service.transcription.recognizer(language.as_deref());
        let model = recognizer.name.clone();
        self.queue.tell(match self.fault.take() {
            Some(fault) => LiveEvent::Failed {
                utterance,
                model,
                fault,
            },
            None => LiveEvent::Completed(CompletedUtterance {
                utterance,
                text: self.texts.join(" "),
                seconds,
                languages: std::mem::take(&mut self.languages),
                model,
                took: job.since.elapsed(),
            }),
        });
    }

    /// Forgets the utterance before this one.
    fn turn_to(&mut self, utterance: u64) {
        if self.current == Some(utterance) {
            return;
        }
        self.current = Some(utterance);
        self.agreement = Agreement::default();
        (self.has_told, self.has_told_stretch) = (false, false);
        self.texts.clear();
        self.languages.clear();
        self.fault = None;
    }

    /// Tells words, with a space between two stretches.
    fn tell(&mut self, utterance: u64, new: String) {
        if new.is_empty() {
            return;
        }
        let text = match self.has_told && !self.has_told_stretch {
            true => format!(" {new}"),
            false => new,
        };
        (self.has_told, self.has_told_stretch) = (true, true);
        self.queue.tell(LiveEvent::Words { utterance, text });
    }

    fn transcribe(
        &self,
        job: StretchJob,
        beams: usize,
        token: &CancellationToken,
    ) -> Result<Transcript, Fault> {
        let language = job.options.language.clone();
        let mut hints = job.options.hints.clone();
        if job.follows && !self.before.is_empty() {
            let prompt = hints.prompt.into_iter().chain([self.before.clone()]);
            hints.prompt = Some(prompt.collect::<Vec<_>>().join(" "));
        }
        let recognizer = self.service.transcription.recognizer(language.as_deref());
        let request = TranscriptionRequest {
            recording: Recording::Clip(Clip {
                samples: job.samples,
                rate_hz: RATE_HZ,
            }),
            language,
            into_english: false,
            words: false,
            scores: false,
            temperature: 0.0,
            beams,
            hints,
        };
        recognizer.transcribe(request, &self.share, token)
    }
}

/// Returns the last words of a text.
fn ending(text: &str) -> String {
    let from = text.chars().count().saturating_sub(TOLD_CHARS);
    let end: String = text.chars().skip(from).collect();
    match (from, end.split_once(' ')) {
        (1.., Some((_, words))) => words.to_owned(),
        _ => end,
    }
}

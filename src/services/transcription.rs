//! Sound → text: a pack for every language, and others for the languages that they list.

use std::sync::Arc;

use super::speech_finder::SpeechFinder;
use super::{Capacity, ModelName, caught};
use crate::audio::pcm::{Clip, ClipReader, Samples};
use crate::engine::contract::{
    CancellationToken, Segment, Steps, Transcribe, TranscribeTask, Transcribing, Transcript,
};
use crate::fault::Fault;
use crate::limits;
use crate::scheduler::LaneShare;
use crate::scheduler::estimates::Work;
use crate::scheduler::lanes::{Lanes, Task};
use crate::scheduler::places::Places;

/// Seconds that a recording is expected to last whose length is not known before it is read.
const USUAL_SECONDS: f64 = 30.0;

/// The engine that takes any language.
pub const GENERAL: &str = "whisper";

/// All that transcribes.
pub struct TranscriptionService {
    /// One for each request that runs or waits.
    pub places: Places,
    /// Hypotheses that the search of a request follows.
    pub beams: usize,
    /// Chooses the sound track of a film.
    pub finder: SpeechFinder,
    general: Recognizer,
    specialists: Vec<Recognizer>,
}

/// A pack that transcribes.
pub struct Recognizer {
    engine: Arc<dyn Transcribe>,
    lanes: Arc<Lanes>,
    pub name: ModelName,
    /// Samples a second of what it reads.
    pub rate_hz: u32,
    /// Codes of the languages that it knows.
    pub languages: Vec<String>,
    is_specialist: bool,
}

/// What a pack that transcribes says of itself.
pub struct RecognizerSettings {
    pub name: ModelName,
    pub rate_hz: u32,
    pub languages: Vec<String>,
}

/// A recording to transcribe, and how.
pub struct TranscriptionRequest {
    pub recording: Recording,
    /// Code of the language, none to detect it.
    pub language: Option<String>,
    /// Whether to write in English what was said in another language.
    pub into_english: bool,
    /// Whether to tell when each word was said.
    pub words: bool,
    /// Whether to tell how likely each phrase is.
    pub scores: bool,
    /// 0 to 1: 0 for the likeliest text, above for texts that are sampled.
    pub temperature: f32,
    /// Hypotheses that the search follows; 1 is the fastest.
    pub beams: usize,
    /// What the client tells of the recording beforehand.
    pub hints: TranscriptionHints,
}

/// What a client tells of a recording, so that its words are spelled as it spells them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TranscriptionHints {
    /// Text that could come before the recording.
    pub prompt: Option<String>,
    /// Names and rare words that may be said.
    pub keywords: Vec<String>,
}

impl TranscriptionHints {
    /// Returns the hints of a text and of words separated by commas or lines. Faults: `Invalid` when the text, a word or the
    /// number of words is above its bound.
    pub fn new(prompt: Option<&str>, keywords: Option<&str>) -> Result<Self, Fault> {
        let prompt = prompt.map(str::trim).filter(|text| !text.is_empty());
        let chars = prompt.map_or(0, |text| text.chars().count());
        if chars > limits::PROMPT_CHARS_MAX {
            return Err(Fault::invalid(format!(
                "prompt has {chars} characters; at most {} are accepted",
                limits::PROMPT_CHARS_MAX
            )));
        }
        let words = keywords.unwrap_or_default().split([',', '\n', ';']);
        let words = words.map(|word| word.split_whitespace().collect::<Vec<_>>().join(" "));
        let mut kept: Vec<String> = Vec::new();
        for word in words.filter(|word| !word.is_empty()) {
            let chars = word.chars().count();
            if chars > limits::KEYWORD_CHARS_MAX {
                return Err(Fault::invalid(format!(
                    "keywords has a word of {chars} characters; at most {} are accepted",
                    limits::KEYWORD_CHARS_MAX
                )));
            }
            if kept.contains(&word) {
                continue;
            }
            if kept.len() == limits::KEYWORDS_MAX {
                return Err(Fault::invalid(format!(
                    "keywords has more than the {} different words that are accepted",
                    limits::KEYWORDS_MAX
                )));
            }
            kept.push(word);
        }
        Ok(TranscriptionHints {
            prompt: prompt.map(str::to_owned),
            keywords: kept,
        })
    }
}

/// Mono sound at the recognizer's rate.
pub enum Recording {
    /// Read as it is transcribed.
    Stream(Box<dyn Samples>),
    /// Held whole.
    Clip(Clip),
}

impl Recognizer {
    /// Returns a recognizer that has `engine` transcribe.
    pub fn new(
        settings: RecognizerSettings,
        engine: Arc<dyn Transcribe>,
        capacity: &Capacity,
    ) -> Self {
        Recognizer {
            engine,
            lanes: Arc::clone(&capacity.lanes),
            name: settings.name,
            rate_hz: settings.rate_hz,
            languages: settings.languages,
            is_specialist: false,
        }
    }

    /// Returns what is said in a recording. Faults: `Busy` when it could not start before the deadline of `cancellation`;
    /// `Engine` when the engine failed or did not finish before that; `Cancelled`; `Invalid` for what cannot be decoded;
    /// `Missing` when the model cannot write English.
    pub fn transcribe(
        &self,
        request: TranscriptionRequest,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<Transcript, Fault> {
        let mut stream = self.stream(request, share, cancellation)?;
        // The lane is kept from window to window: a step that lets all others go first must not come between.
        caught(|| {
            let seat = stream.task.seat();
            seat.next()?;
            while stream.transcribing.next(&seat)?.is_some() {}
            Ok(())
        })?;
        Ok(stream.end())
    }

    /// Returns what is said in a recording, window by window. Faults: as [`Recognizer::transcribe`].
    pub fn stream(
        &self,
        request: TranscriptionRequest,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<TranscriptStream, Fault> {
        // A specialist was made for the code that it was chosen by, whatever its model calls it.
        let code = request.language.clone().filter(|_| self.is_specialist);
        let seconds = match &request.recording {
            Recording::Stream(_) => USUAL_SECONDS,
            Recording::Clip(clip) => clip.seconds(),
        };
        let task = TranscribeTask {
            audio: match request.recording {
                Recording::Stream(audio) => audio,
                Recording::Clip(clip) => Box::new(ClipReader::from(clip)),
            },
            language: request.language,
            into_english: request.into_english,
            words: request.words,
            scores: request.scores,
            temperature: request.temperature,
            beams: request.beams,
            prompt: request.hints.prompt,
            keywords: request.hints.keywords,
        };
        let lane_task = (self.lanes).enter(share, Work::Transcribe, seconds, cancellation)?;
        Ok(TranscriptStream {
            transcribing: caught(|| self.engine.begin(task))?,
            task: lane_task,
            code,
        })
    }
}

/// A recording that is being transcribed. Dropping it ends the task.
pub struct TranscriptStream {
    transcribing: Box<dyn Transcribing>,
    task: Task,
    /// The code of the language of all phrases, where the engine may call it otherwise.
    code: Option<String>,
}

impl TranscriptStream {
    /// Returns the phrases of the next window, which nothing that follows changes; none at the end. Faults: those of
    /// [`Recognizer::transcribe`].
    pub fn phrases(&mut self) -> Result<Option<Vec<Segment>>, Fault> {
        let heard = caught(|| {
            let seat = self.task.seat();
            seat.next()?;
            let heard = self.transcribing.next(&seat)?;
            Ok(heard.map(<[Segment]>::to_vec))
        });
        let mut heard = heard?;
        for segment in heard.iter_mut().flatten() {
            name_language(&mut segment.language, self.code.as_ref());
        }
        Ok(heard)
    }

    /// Returns all phrases.
    pub fn end(self) -> Transcript {
        self.task.finished();
        let mut transcript = self.transcribing.end();
        name_language(&mut transcript.language, self.code.as_ref());
        for segment in &mut transcript.segments {
            name_language(&mut segment.language, self.code.as_ref());
        }
        transcript
    }
}

fn name_language(language: &mut String, code: Option<&String>) {
    if let Some(code) = code {
        language.clone_from(code);
    }
}

impl TranscriptionService {
    /// Of a pack for all languages and of others, each for the languages that it lists. `capacity` is that of each.
    pub fn new(
        general: Recognizer,
        specialists: Vec<Recognizer>,
        finder: SpeechFinder,
        capacity: &Capacity,
        beams: usize,
    ) -> Self {
        let specialist = |recognizer| Recognizer {
            is_specialist: true,
            ..recognizer
        };
        TranscriptionService {
            places: Places::new(capacity.places),
            beams,
            finder,
            general,
            specialists: specialists.into_iter().map(specialist).collect(),
        }
    }

    /// The recognizer for any language.
    pub fn general(&self) -> &Recognizer {
        &self.general
    }

    /// The recognizer for the language `code`: the specialist that lists it, else the general one.
    pub fn recognizer(&self, code: Option<&str>) -> &Recognizer {
        let lists = |r: &&Recognizer| r.languages.iter().any(|known| Some(known.as_str()) == code);
        self.specialists.iter().find(lists).unwrap_or(&self.general)
    }

    /// Codes of all languages that are known here.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        let all = std::iter::once(&self.general).chain(&self.specialists);
        all.flat_map(|r| &r.languages).map(String::as_str)
    }

    /// Codes of the languages that the general recognizer can write in English.
    pub fn writes_english_from(&self) -> &[String] {
        match self.general.name.engine == GENERAL {
            true => &self.general.languages,
            false => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_told_apart_and_bounded() {
        let told = TranscriptionHints::new(
            Some(" "),
            Some("Okonkwo,  apixaban ,\nPort\tHarcourt, Okonkwo,,"),
        );
        let told = told.unwrap();
        assert_eq!(told.prompt, None);
        assert_eq!(told.keywords, ["Okonkwo", "apixaban", "Port Harcourt"]);
        let refused = |prompt: &str, keywords: &str| {
            let hints = TranscriptionHints::new(Some(prompt), Some(keywords));
            hints.unwrap_err().to_string()
        };
        assert!(
            refused(&"a".repeat(1_001), "").contains("prompt has 1001 characters; at most 1000")
        );
        assert!(refused("", &"a".repeat(61)).contains("a word of 61 characters; at most 60"));
        let many: Vec<String> = (0..101).map(|n| n.to_string()).collect();
        assert!(
            refused("", &many.join(",")).contains("keywords has more than the 100 different words")
        );
    }
}

//! A recording on its way from a form to its text and its speakers: what all endpoints that transcribe do.
//!
//! An endpoint reads its own form, says here what it wants to hear, and renders what was heard.

use std::ops::RangeInclusive;

use super::split_channels::{ChannelTranscripts, LabelledSegment, split_sides};
use super::{Call, Context};
use crate::audio::decode::TrackChoice;
use crate::audio::{self, HeardTrack, Sound, SoundRequest};
use crate::dub::request::language_codes;
use crate::edge::message::{Body, BodySource};
use crate::engine::contract::{Transcript, millis};
use crate::engine::diarization::Diarized;
use crate::engine::speaker;
use crate::fault::Fault;
use crate::limits;
use crate::request::sound_fields::BareSound;
use crate::request::spoken_language::spoken_language;
use crate::services::speakers::SpeakerService;
use crate::services::transcription::{
    Recognizer, Recording, TranscriptStream, TranscriptionHints, TranscriptionRequest,
    TranscriptionService,
};
use crate::store::{Feature, ItemId};

/// A recording, and what is to be heard of it.
pub struct RecordingRequest {
    pub file: Body,
    /// The language that is spoken, as the client tells it.
    pub language: Option<String>,
    pub into_english: bool,
    pub hints: TranscriptionHints,
    pub temperature: f32,
    pub words: bool,
    /// Whether to tell how likely each phrase is.
    pub scores: bool,
    /// The number of the sound track, from 1 on; chosen if it is none.
    pub audio_track: Option<usize>,
    pub bare: Option<BareSound>,
    /// Whether each of two channels is a speaker of its own.
    pub is_split: bool,
    /// How many speakers may be told apart; none to tell none apart.
    pub speakers: Option<RangeInclusive<usize>>,
}

/// A recording that is open.
pub struct RecordingToHear<'a> {
    transcription: &'a TranscriptionService,
    pub recognizer: &'a Recognizer,
    /// The sound track that is heard.
    pub track: HeardTrack,
    speakers: Option<(&'a SpeakerService, RangeInclusive<usize>)>,
    file: BodySource,
    sound: SoundRequest,
    /// Code of the language, none to detect it.
    language: Option<String>,
    /// The first channel or all of them, opened.
    first: Option<Sound>,
    sides: usize,
    is_split: bool,
    into_english: bool,
    words: bool,
    scores: bool,
    temperature: f32,
    hints: TranscriptionHints,
}

impl<'a> RecordingToHear<'a> {
    /// Opens a recording and begins the generation of `call`. Faults: `Missing` without the engines that are needed, `Invalid` for
    /// a language that is not known and a file that cannot be decoded, and those of the services.
    pub fn open(
        context: &'a Context,
        call: &mut Call,
        asked: RecordingRequest,
    ) -> Result<Self, Fault> {
        let transcription = context.services.transcription.as_deref().ok_or_else(|| {
            Fault::missing("No engine for transcription is installed on this server.")
        })?;
        let speakers = match (asked.speakers, context.services.speakers.as_deref()) {
            (None, _) => None,
            (Some(count), Some(service)) => Some((service, count)),
            (Some(_), None) => {
                return Err(Fault::missing(
                    "No engine that tells speakers apart is installed on this server.",
                ));
            }
        };
        let known: Vec<&str> = transcription.languages().collect();
        let language = spoken_language(asked.language.as_deref().unwrap_or("auto"), &known)?;
        let recognizer = match asked.into_english {
            false => transcription.recognizer(language.as_deref()),
            // Specialists do not declare that they know English.
            true => transcription.general(),
        };
        let sound = SoundRequest {
            track: TrackChoice {
                number: asked.audio_track,
                languages: language_codes(language.as_deref()),
            },
            bare: asked.bare,
            side: None,
        };
        let file = asked.file.into_source();
        let open = |sound: &SoundRequest, rate_hz| opened(&file, sound, rate_hz);
        let finder = &transcription.finder;
        let track = finder.track(&sound, &open, &call.share()?, &call.cancellation)?;
        let sound = sound.of_track(track.number);
        let side = asked.is_split.then_some(0);
        let first = opened(&file, &of_side(&sound, side), recognizer.rate_hz)?;
        let sides = split_sides(asked.is_split, first.channels)?;
        call.begin(Feature::Stt, &recognizer.name)?;
        Ok(RecordingToHear {
            transcription,
            recognizer,
            track,
            speakers,
            file,
            sound,
            language,
            first: Some(first),
            sides,
            is_split: asked.is_split,
            into_english: asked.into_english,
            words: asked.words,
            scores: asked.scores,
            temperature: asked.temperature,
            hints: asked.hints,
        })
    }

    /// Transcribes the recording, channel by channel if they are split; the segments are those of the transcript, with
    /// each channel as a speaker. Faults: those of the service.
    pub fn transcribe(&mut self, call: &Call) -> Result<(Transcript, Vec<LabelledSegment>), Fault> {
        let mut heard = ChannelTranscripts::default();
        for side in 0..self.sides {
            // Both sides of a call speak the language that was detected in the first words.
            let language = self.language.clone().or(heard.language());
            let request = self.request(side, language)?;
            let (share, cancellation) = (call.share()?, &call.cancellation);
            heard.add((self.recognizer).transcribe(request, &share, cancellation)?);
        }
        Ok(heard.merged())
    }

    /// Begins to transcribe the recording, whose channels are mixed. Faults: those of the service.
    pub fn stream(&mut self, call: &Call) -> Result<TranscriptStream, Fault> {
        let request = self.request(0, self.language.clone())?;
        let (share, cancellation) = (call.share()?, &call.cancellation);
        self.recognizer.stream(request, &share, cancellation)
    }

    /// Tells who speaks when; none unless the request asks for it. Faults: those of the service.
    pub fn diarize(&self, call: &Call) -> Result<Option<Diarized>, Fault> {
        let Some((service, count)) = &self.speakers else {
            return Ok(None);
        };
        let sound = opened(&self.file, &self.sound, speaker::RATE_HZ)?.samples;
        let (share, cancellation) = (call.share()?, &call.cancellation);
        let heard = service.diarize(sound, count.clone(), &share, cancellation)?;
        Ok(Some(heard))
    }

    fn request(
        &mut self,
        side: usize,
        language: Option<String>,
    ) -> Result<TranscriptionRequest, Fault> {
        let sound = match self.first.take() {
            Some(first) => first,
            None => {
                let side = self.is_split.then_some(side);
                opened(
                    &self.file,
                    &of_side(&self.sound, side),
                    self.recognizer.rate_hz,
                )?
            }
        };
        Ok(TranscriptionRequest {
            recording: Recording::Stream(sound.samples),
            language,
            into_english: self.into_english,
            words: self.words,
            scores: self.scores,
            temperature: self.temperature,
            beams: self.transcription.beams,
            hints: self.hints.clone(),
        })
    }
}

/// Puts what was heard into the history item of `call`; returns the item's id. Faults: those of [`Call::item`].
pub fn note(call: &mut Call, transcript: &Transcript, text: &str) -> Result<ItemId, Fault> {
    let item = call.item()?;
    item.duration_seconds = Some(millis(transcript.seconds));
    item.character_count = Some(text.chars().count() as u64);
    item.language = Some(transcript.language.clone());
    item.text = Some(text.to_owned());
    Ok(item.id)
}

fn opened(file: &BodySource, sound: &SoundRequest, rate_hz: u32) -> Result<Sound, Fault> {
    audio::open_sound(file.reader(), sound, rate_hz, limits::AUDIO_SECONDS_MAX)
}

fn of_side(sound: &SoundRequest, side: Option<usize>) -> SoundRequest {
    SoundRequest {
        side,
        ..sound.clone()
    }
}

//! `POST /v1/audio/transcriptions` and `/v1/audio/translations`: a recording → its text, or its text in English.

use super::known_speakers::{LetteredSpeakers, voiceprints};
use super::transcript_answers::{
    OpenAiTranscriptAnswer, TranscriptExtras, diarized, plain, verbose,
};
use super::transcript_events::{self, SpeakersHeard};
use crate::api::call::PLAIN_TEXT;
use crate::api::recording_to_hear::{RecordingRequest, RecordingToHear, note};
use crate::api::{Call, Context, Reply};
use crate::engine::contract::Transcript;
use crate::engine::diarization::{ANY_SPEAKERS, attribute};
use crate::fault::Fault;
use crate::request::openai_transcription::{
    KNOWN_SPEAKER_REFERENCES, OpenAiTranscriptFormat, OpenAiTranscriptionForm,
    OpenAiTranslationForm,
};
use crate::services::rendering::subtitles;
use crate::services::transcription::TranscriptionHints;
use crate::text::subtitles::SubtitleLayout;

/// The name of the endpoint that transcribes.
pub const TRANSCRIPTIONS: &str = "openai_transcriptions";

/// Transcribes a recording. Faults: `Invalid` for a wrong form, and those of [`RecordingToHear`]; once events are sent, a fault
/// is one of them.
pub fn transcribe(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let form = call.long_form(&context.spool_dir, KNOWN_SPEAKER_REFERENCES)?;
    let asked = OpenAiTranscriptionForm::read(form)?;
    let hints = TranscriptionHints::new(asked.prompt.as_deref(), Some(&asked.spelled()))?;
    let format = asked.response_format;
    let is_diarized = format == OpenAiTranscriptFormat::Diarized;
    let extras = TranscriptExtras {
        translates: false,
        words: asked.words,
        logprobs: asked.logprobs,
    };
    let request = RecordingRequest {
        language: asked.spoken(),
        into_english: false,
        hints,
        temperature: asked.temperature,
        words: is_timed(format, extras),
        scores: extras.logprobs || format == OpenAiTranscriptFormat::Verbose,
        audio_track: None,
        bare: None,
        is_split: false,
        speakers: is_diarized.then_some(ANY_SPEAKERS),
        file: asked.file,
    };
    let mut recording = RecordingToHear::open(context, call, request)?;
    let speakers = match is_diarized {
        false => None,
        true => {
            let prints = voiceprints(context, call, asked.known_speaker_references)?;
            let known = asked.known_speaker_names.into_iter().zip(prints).collect();
            let heard = recording.diarize(call)?.unwrap_or_default();
            let account = call.identity()?.account.id;
            let named = (context.named_speakers).among(account, &heard, known)?;
            Some(SpeakersHeard {
                turns: heard.turns,
                names: LetteredSpeakers::new(named),
            })
        }
    };
    if asked.stream {
        let stream = recording.stream(call)?;
        return transcript_events::reply(stream, speakers, extras.logprobs, call, TRANSCRIPTIONS);
    }
    let (transcript, _) = recording.transcribe(call)?;
    let Some(speakers) = speakers else {
        return rendered(call, &transcript, format, extras);
    };
    let phrases = attribute(&transcript, &speakers.turns);
    let answer = diarized(phrases, speakers.names, transcript.seconds);
    note(call, &transcript, answer.text())?;
    Reply::json(&OpenAiTranscriptAnswer::Diarized(answer))
}

/// Translates a recording into English. Faults: as [`transcribe`], and `Missing` where the model cannot translate.
pub fn translate(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let form = call.form(&context.spool_dir)?;
    let asked = OpenAiTranslationForm::read(form)?;
    let format = asked.response_format;
    let extras = TranscriptExtras {
        translates: true,
        words: false,
        logprobs: false,
    };
    let request = RecordingRequest {
        language: None,
        into_english: true,
        hints: TranscriptionHints::new(asked.prompt.as_deref(), None)?,
        temperature: asked.temperature,
        words: is_timed(format, extras),
        scores: format == OpenAiTranscriptFormat::Verbose,
        audio_track: None,
        bare: None,
        is_split: false,
        speakers: None,
        file: asked.file,
    };
    let mut recording = RecordingToHear::open(context, call, request)?;
    let (transcript, _) = recording.transcribe(call)?;
    rendered(call, &transcript, format, extras)
}

/// Whether words need times: subtitles and speakers are told by them.
fn is_timed(format: OpenAiTranscriptFormat, extras: TranscriptExtras) -> bool {
    match format {
        OpenAiTranscriptFormat::Subtitles(_) | OpenAiTranscriptFormat::Diarized => true,
        OpenAiTranscriptFormat::Verbose => extras.words,
        OpenAiTranscriptFormat::Json | OpenAiTranscriptFormat::Text => false,
    }
}

/// The answer to a request that does not tell speakers apart.
fn rendered(
    call: &mut Call,
    transcript: &Transcript,
    format: OpenAiTranscriptFormat,
    extras: TranscriptExtras,
) -> Result<Reply, Fault> {
    let text = transcript.text();
    note(call, transcript, &text)?;
    match format {
        OpenAiTranscriptFormat::Text => Ok(Reply::text(PLAIN_TEXT, text + "\n")),
        OpenAiTranscriptFormat::Subtitles(format) => {
            let file = subtitles(transcript, format, SubtitleLayout::default());
            Ok(Reply::text(format.content_type(), file))
        }
        OpenAiTranscriptFormat::Verbose => {
            let answer = verbose(transcript, extras)?;
            Reply::json(&OpenAiTranscriptAnswer::Verbose(answer))
        }
        OpenAiTranscriptFormat::Json | OpenAiTranscriptFormat::Diarized => {
            Reply::json(&OpenAiTranscriptAnswer::Plain(plain(transcript, extras)))
        }
    }
}

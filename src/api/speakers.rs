//! `GET` and `PUT /voice/speakers`, `DELETE /voice/speakers/{speaker_id}`: the speakers whom the account has named, and who have
//! these names in its transcripts and analyses from then on.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Call, Context, Reply};
use crate::audio::decode;
use crate::clone::reference::{self, Others};
use crate::engine::contract::millis;
use crate::engine::diarization::ANY_SPEAKERS;
use crate::fault::{Fault, Kind};
use crate::limits;
use crate::request::named_speaker::SpeakerForm;
use crate::store::{NamedSpeaker, SpeakerId, Utc};

/// The speakers whom the account has named, in the order of their names.
#[derive(Serialize, JsonSchema)]
pub struct SpeakersAnswer {
    #[schemars(length(max = limits::NAMED_SPEAKERS_MAX))]
    speakers: Vec<SpeakerAnswer>,
}

/// A speaker with a name.
#[derive(Serialize, JsonSchema)]
pub struct SpeakerAnswer {
    name: String,
    speaker_id: String,
    /// Seconds of speech by which the speaker is known.
    speech_seconds: f64,
    #[schemars(with = "String", extend("format" = "date-time"))]
    updated_at: Utc,
}

impl From<NamedSpeaker> for SpeakerAnswer {
    fn from(speaker: NamedSpeaker) -> Self {
        SpeakerAnswer {
            speaker_id: speaker.id.to_string(),
            name: speaker.name,
            speech_seconds: millis(f64::from(speaker.speech_s)),
            updated_at: speaker.updated_at,
        }
    }
}

/// A speaker that was deleted.
#[derive(Serialize, JsonSchema)]
pub struct DeletedSpeaker {
    speaker_id: String,
    #[schemars(extend("const" = "deleted"))]
    status: &'static str,
}

/// Answers with the speakers of the account.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let account = call.identity()?.account.id;
    let speakers = context.named_speakers.list(account)?.into_iter();
    Reply::json(&SpeakersAnswer {
        speakers: speakers.map(SpeakerAnswer::from).collect(),
    })
}

/// Names the speaker of a recording. Faults: `Invalid` for a wrong form, a recording that is not 3 to 60 s of one person's speech,
/// or an account that has named as many as are accepted; `Missing` without the packs that tell speakers apart; and those of the
/// services.
pub fn put(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let form = call.form(&context.spool_dir)?;
    let asked = SpeakerForm::read(form, context.policy.get().require_clone_consent)?;
    let service = context.services.speakers.as_ref().ok_or_else(|| {
        Fault::missing("No engine that tells speakers apart is installed on this server.")
    })?;
    let account = call.identity()?.account.id;
    let reader = asked.file.into_reader();
    let recording = decode::open(reader, limits::CLONE_SECONDS_MAX)?;
    let (share, cancellation) = (call.share()?, &call.cancellation);
    let diarize = |sound| service.diarize(sound, ANY_SPEAKERS, &share, cancellation);
    let is_said = |clip| service.is_said(clip, &share, cancellation);
    let speech = reference::speech(Box::new(recording), Others::Refused, diarize, is_said)?;
    let direction = service.embed(speech.clip, &share, cancellation)?;
    let speech_s = speech.quality.speech_s;
    let named = (context.named_speakers).name(account, asked.name, direction, speech_s)?;
    Reply::json(&SpeakerAnswer::from(named))
}

/// Deletes a speaker of the account. Faults: `NotFound` when it has none of this id.
pub fn delete(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let account = call.identity()?.account.id;
    let none = || Fault::new(Kind::NotFound, "There is no such speaker.");
    let id: SpeakerId = call.param.parse().map_err(|_| none())?;
    context.named_speakers.delete(account, id)?;
    Reply::json(&DeletedSpeaker {
        speaker_id: id.to_string(),
        status: "deleted",
    })
}

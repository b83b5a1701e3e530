//! `POST /voice/clone`: a recording of a speaker → a voice of the account.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Call, Context, Reply};
use crate::admit::key::Identity;
use crate::audio::decode;
use crate::audio::encode::Format;
use crate::audio::mark::SyntheticMark;
use crate::clone::CloneLabel;
use crate::clone::quality::Quality;
use crate::clone::reference::Others;
use crate::engine::contract::millis;
use crate::fault::Fault;
use crate::limits;
use crate::request::cloning::CloneForm;
use crate::services::clones::not_installed;
use crate::store::{ClonedStyle, Feature, Utc, VoiceConsent};

/// What a request declares by `consent=true`.
const AGREED: &str = "The speaker agreed to be cloned.";

/// How well the recording suits. Little noise, no clipping and some 20 s of speech make the best clones.
#[derive(Serialize, JsonSchema)]
struct RecordingQuality {
    /// Share of the sound that is clipped.
    #[schemars(range(min = 0, max = 1))]
    clipping: f64,
    /// The level of the speech above that of the noise in its pauses, in decibels.
    #[schemars(range(min = 0, max = 60))]
    snr_db: f64,
    /// Seconds of speech that were used.
    speech_seconds: f64,
}

impl RecordingQuality {
    fn of(quality: Quality) -> Self {
        let rounded = |value: f64, step: f64| (value / step).round() * step;
        RecordingQuality {
            clipping: millis(f64::from(quality.clipping)),
            snr_db: rounded(f64::from(quality.snr_db), 0.5),
            speech_seconds: millis(quality.speech_s),
        }
    }
}

/// What the voice is made of, as far as it is known by now: for less than a minute the server looks for a better one.
#[derive(Serialize, JsonSchema)]
struct CloneLikeness {
    /// Whether the voice is the nearest stock voice itself, at the pace of the recording: no blend was found that is more alike.
    is_stock_voice: bool,
    /// The stock voice that it is most made of.
    nearest_voice_id: String,
    /// By the server's own measure, 1 at most. Values of different recordings cannot be compared.
    score: f64,
}

impl CloneLikeness {
    fn of(style: &ClonedStyle) -> Self {
        CloneLikeness {
            is_stock_voice: style.is_stock,
            nearest_voice_id: style.nearest.clone(),
            score: millis(f64::from(style.score)),
        }
    }
}

/// The voice that was made.
#[derive(Serialize, JsonSchema)]
pub struct CloneAnswer {
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Utc,
    description: String,
    likeness: CloneLikeness,
    name: String,
    /// A WAV as a `data:` URL.
    preview_url: String,
    quality: RecordingQuality,
    #[schemars(extend("const" = "ready"))]
    status: &'static str,
    voice_id: String,
}

/// Refuses an account with as many voices as allowed. Faults: `Invalid`.
pub fn check_head(context: &Context, identity: &Identity, _declared: u64) -> Result<(), Fault> {
    match &context.cloning {
        Some(cloning) => cloning.check_room(identity.account.id, context.policy.get().clones_max),
        None => Ok(()),
    }
}

/// Clones the voice of a recording. Faults: `Invalid` for a wrong form, a recording that is not 3 to 60 s of one
/// person's speech, or an account with as many voices as allowed; `Missing` without the packs that cloning needs; and
/// those of the services.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let form = call.form(&context.spool_dir)?;
    let asked = CloneForm::read(form, context.policy.get().require_clone_consent)?;
    let both = context
        .services
        .speech
        .as_deref()
        .zip(context.cloning.as_deref());
    let (speech, cloning) = both.ok_or_else(not_installed)?;
    let reader = context.voices.reader(&asked.language)?;
    let account = call.identity()?.account.id;
    cloning.check_room(account, context.policy.get().clones_max)?;
    let recording = decode::open(asked.file.into_reader(), limits::CLONE_SECONDS_MAX)?;

    call.begin(Feature::Clone, &speech.name)?;
    let fresh = cloning.hear(
        Box::new(recording),
        Others::Refused,
        &call.share()?,
        &call.cancellation,
    )?;
    let quality = RecordingQuality::of(fresh.quality);
    call.item()?.duration_seconds = Some(fresh.recording_s);
    let identity = call.identity()?;
    let consent = asked.consent.then(|| VoiceConsent {
        declared_at: Utc::now(),
        key_id: identity.key.key_id,
        key_name: identity.key.name.clone(),
        sentence: match asked.consent_text.trim() {
            "" => AGREED.to_owned(),
            words => words.to_owned(),
        },
    });
    let label = CloneLabel {
        consent,
        name: asked.name,
        description: asked.description,
        language: reader.language.clone(),
    };
    let (voice, preview) = cloning.keep(account, label, fresh, context.policy.get().clones_max)?;
    let preview = context.signed(Format::Wav, preview, Some(SyntheticMark::Speech))?;
    let item = call.item()?;
    item.voice_id = Some(voice.id.to_string());
    item.language = Some(voice.style.language.clone());
    Reply::json(&CloneAnswer {
        created_at: voice.created_at,
        preview_url: format!("data:audio/wav;base64,{}", BASE64_STANDARD.encode(preview)),
        likeness: CloneLikeness::of(&voice.style),
        quality,
        status: "ready",
        voice_id: voice.id.to_string(),
        description: voice.description,
        name: voice.name,
    })
}

//! `POST /voice/tts` and its stream: a text to speak.

use crate::json::{AnyText, BoundedNumber, Fraction, NonBlankText, SpeedFactor, request};
use vocabox_base::fault::Fault;
use vocabox_base::limits;

/// The hosted API's default voice.
const VOICE: &str = "af_heart";

request! {
    /// A text to speak.
    pub struct SpeechFields {
        /// The text to speak; not blank.
        text: NonBlankText<{ limits::TEXT_CHARS_MAX }>,
        /// Id of a voice of `GET /voice/voices`, or a blend of several.
        #[schemars(extend("default" = VOICE))]
        voice_id: Option<AnyText>,
        /// Speaking rate, as a factor of the voice's own rate.
        #[schemars(extend("default" = 1.0))]
        speed: Option<BoundedNumber<SpeedFactor>>,
        stability: Option<BoundedNumber<Fraction>>,
        similarity: Option<BoundedNumber<Fraction>>,
        /// Language in which a cloned voice reads the text.
        language: Option<AnyText>,
        /// How far the pitch of a cloned voice moves.
        exaggeration: Option<BoundedNumber<Fraction>>,
        /// How closely a cloned voice follows its recording.
        cfg_weight: Option<BoundedNumber<Fraction>>,
    }
}

/// A text and how it is to be spoken, within the bounds.
#[derive(Debug)]
pub struct SpeechParameters {
    /// Not blank.
    pub text: String,
    /// Id of a voice, or a blend of several.
    pub voice_id: String,
    /// Speaking rate, as a factor of the voice's own rate.
    pub speed: f32,
    /// The factor by which the sound is to be faster than that; 1 for sound as it is made.
    pub tempo: f64,
    /// 0 to 1, as the other fractions; none for the engine's default.
    pub stability: Option<f32>,
    pub similarity: Option<f32>,
    /// Code of the language in which a cloned voice reads the text.
    pub language: Option<String>,
    pub exaggeration: Option<f32>,
    pub cfg_weight: Option<f32>,
}

impl SpeechFields {
    /// The parameters, each within its bounds. Faults: `Invalid` for a field that is not.
    pub fn checked(self) -> Result<SpeechParameters, Fault> {
        let text = self.text.take()?.into_string();
        let speed = self.speed.take()?;
        let language = self.language.take()?.map(AnyText::into_string);
        let exaggeration = self.exaggeration.take()?;
        let cfg_weight = self.cfg_weight.take()?;
        let voice_id = self.voice_id.take()?.map(AnyText::into_string);
        if let Some(chars) = voice_id.as_ref().map(|id| id.chars().count())
            && chars > limits::VOICE_ID_CHARS_MAX
        {
            return Err(Fault::invalid(format!(
                "voice_id has {chars} characters; at most {} are accepted",
                limits::VOICE_ID_CHARS_MAX
            )));
        }
        let narrow = |number: Option<f64>| number.map(|number| number as f32);
        Ok(SpeechParameters {
            text,
            voice_id: voice_id.unwrap_or(VOICE.to_owned()),
            speed: speed.unwrap_or(1.0) as f32,
            tempo: 1.0,
            stability: narrow(self.stability.take()?),
            similarity: narrow(self.similarity.take()?),
            language,
            exaggeration: narrow(exaggeration),
            cfg_weight: narrow(cfg_weight),
        })
    }
}

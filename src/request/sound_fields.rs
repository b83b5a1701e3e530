//! The form fields that say which sound of a recording is meant.

use schemars::JsonSchema;

use super::form::Form;
use vocabox_audio::decode::BareCoding;
use vocabox_base::fault::Fault;
use vocabox_base::limits;

/// Samples a second of sound without a head, where a request does not tell them.
const BARE_RATE_HZ: u32 = 8_000;

/// The coding of a recording without a head, and its samples a second.
pub type BareSound = (BareCoding, u32);

/// How the channels of a recording become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum ChannelMode {
    /// Mixed.
    Mix,
    /// Each of two by itself, as a speaker of its own.
    Split,
}

/// The coding of a recording without a head: a schema, because `BareCoding::NAMES` is what is read.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum RawEncoding {
    MuLaw,
    ALaw,
    S16Le,
    Gsm,
}

/// The field `audio_track`: none where it is absent or empty. Faults: `Invalid` for anything but a number from 1 on.
pub fn audio_track(form: &Form) -> Result<Option<usize>, Fault> {
    number(form, "audio_track", 1..=limits::MOVIE_TRACKS_MAX)
}

/// The field `channels`. Faults: `Invalid` for another value.
pub fn channel_mode(form: &Form) -> Result<ChannelMode, Fault> {
    match form.text("channels").unwrap_or_default().trim() {
        "" | "mix" => Ok(ChannelMode::Mix),
        "split" => Ok(ChannelMode::Split),
        other => Err(Fault::invalid(format!(
            "channels is {other:?}; mix and split are accepted"
        ))),
    }
}

/// The field `raw_encoding`: none where it is absent or empty. Faults: `Invalid` for another value.
pub fn raw_encoding(form: &Form) -> Result<Option<BareCoding>, Fault> {
    let coding = form.text("raw_encoding").unwrap_or_default().trim();
    let names = || BareCoding::NAMES.map(|(name, _)| name).join(", ");
    let known = BareCoding::NAMES
        .into_iter()
        .find(|(name, _)| *name == coding);
    match (coding, known) {
        ("", _) => Ok(None),
        (_, Some((_, coding))) => Ok(Some(coding)),
        _ => Err(Fault::invalid(format!(
            "raw_encoding is {coding:?}; {} are accepted",
            names()
        ))),
    }
}

/// The field `raw_sample_rate`. Faults: `Invalid` for anything but a rate that is accepted.
pub fn raw_sample_rate(form: &Form) -> Result<u32, Fault> {
    let rates = limits::AUDIO_RATE_HZ_MIN as usize..=limits::AUDIO_RATE_HZ_MAX as usize;
    let rate_hz = number(form, "raw_sample_rate", rates)?;
    Ok(rate_hz.map_or(BARE_RATE_HZ, |rate_hz| rate_hz as u32))
}

/// A whole number in `range`; none where the field is absent or empty.
fn number(
    form: &Form,
    name: &str,
    range: std::ops::RangeInclusive<usize>,
) -> Result<Option<usize>, Fault> {
    let Some(text) = form
        .text(name)
        .map(str::trim)
        .filter(|text| !text.is_empty())
    else {
        return Ok(None);
    };
    let number = text.parse().ok().filter(|number| range.contains(number));
    let (least, most) = (range.start(), range.end());
    number.map(Some).ok_or_else(|| {
        Fault::invalid(format!(
            "{name} is {text:?}; a whole number from {least} to {most} is accepted"
        ))
    })
}

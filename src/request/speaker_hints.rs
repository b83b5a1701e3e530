//! What a request knows of the number of speakers in its recording.

use std::ops::RangeInclusive;

use schemars::JsonSchema;

use super::form::Form;
use vocabox_base::fault::Fault;
use vocabox_base::limits::SPEAKERS_TOLD_MAX;

/// How many speakers a recording has, as far as it is known.
#[derive(Debug, Clone, Copy, JsonSchema)]
pub struct SpeakerHints {
    /// The number of speakers, if it is known. Excludes the other two.
    #[schemars(default, range(min = 1, max = SPEAKERS_TOLD_MAX))]
    num_speakers: Option<usize>,
    /// The least number of speakers.
    #[schemars(default, range(min = 1, max = SPEAKERS_TOLD_MAX))]
    min_speakers: Option<usize>,
    /// The greatest number of speakers.
    #[schemars(default, range(min = 1, max = SPEAKERS_TOLD_MAX))]
    max_speakers: Option<usize>,
}

impl SpeakerHints {
    /// The hints in `form`. Faults: `Invalid` for a number out of its bounds, and for numbers that contradict each other.
    pub fn read(form: &Form) -> Result<Self, Fault> {
        let hints = SpeakerHints {
            num_speakers: number(form, "num_speakers")?,
            min_speakers: number(form, "min_speakers")?,
            max_speakers: number(form, "max_speakers")?,
        };
        if hints.num_speakers.is_some() && hints.min_speakers.or(hints.max_speakers).is_some() {
            return Err(Fault::invalid(
                "num_speakers says how many speakers there are; min_speakers and max_speakers are not accepted beside it",
            ));
        }
        match (hints.min_speakers, hints.max_speakers) {
            (Some(least), Some(most)) if least > most => Err(Fault::invalid(format!(
                "min_speakers is {least} and max_speakers is {most}; at most as many are accepted as the second"
            ))),
            _ => Ok(hints),
        }
    }

    /// The numbers of speakers that are possible, `any` where nothing is known.
    pub fn range(&self, any: RangeInclusive<usize>) -> RangeInclusive<usize> {
        let least = self.num_speakers.or(self.min_speakers);
        let most = self.num_speakers.or(self.max_speakers);
        least.unwrap_or(*any.start())..=most.unwrap_or(*any.end())
    }
}

/// The field `name` as a number of speakers; none where it is absent or empty.
fn number(form: &Form, name: &str) -> Result<Option<usize>, Fault> {
    let text = form.text(name).unwrap_or("").trim();
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.parse().ok();
    let number = number.filter(|n| (1..=SPEAKERS_TOLD_MAX).contains(n));
    number.map(Some).ok_or_else(|| {
        Fault::invalid(format!(
            "{name} is no number of speakers; 1 to {SPEAKERS_TOLD_MAX} are accepted"
        ))
    })
}

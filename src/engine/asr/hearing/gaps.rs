//! Hears again what a window's phrases leave out.

use std::ops::Range;

use super::{Hearing, UNCOVERED_MIN, options, sound};
use crate::asr::RATE_HZ;
use crate::asr::transcribe_window::WindowText;
use crate::asr::window::{SNAP, Window};
use crate::contract::Steps;
use vocabox_base::fault::Fault;

impl Hearing {
    /// Hears again, each by itself, the parts of the window with speech that no phrase covers, before the segment `first` and
    /// between those from there on: now and then the model leaves out a sentence whose beginning is missing, one that is said
    /// again in the same words, and one that is much quieter than the others.
    pub(super) fn hear_gaps(
        &mut self,
        window: &Window,
        first: usize,
        steps: &dyn Steps,
    ) -> Result<(), Fault> {
        let sample = |seconds: f64| ((seconds * f64::from(RATE_HZ)) as usize).min(window.end);
        let mut end = window.start;
        for phrase in self.segments.split_off(first) {
            let gap = end..sample(phrase.start_s);
            if self.windows.speech_in(gap.clone()) >= UNCOVERED_MIN {
                self.hear_gap(window, gap, steps)?;
            }
            end = sample(phrase.end_s).max(end);
            self.segments.push(phrase);
        }
        Ok(())
    }

    /// Hears a part of the window by itself, from pause to pause; what is said becomes the last segments.
    fn hear_gap(
        &mut self,
        window: &Window,
        gap: Range<usize>,
        steps: &dyn Steps,
    ) -> Result<(), Fault> {
        // Phrases end and start within half a second of their times.
        let start = match gap.start > window.start {
            true => (self.windows).quietest_in(gap.start..gap.end.min(gap.start + SNAP)),
            false => gap.start,
        };
        let end = (self.windows).quietest_in(gap.end.saturating_sub(SNAP).max(start)..gap.end);
        let missed = self.windows.speech_in(start..end);
        if missed < UNCOVERED_MIN {
            return Ok(());
        }
        steps.next()?;
        let part = Window {
            start,
            end,
            samples: window.samples[start - window.start..end - window.start].to_vec(),
        };
        let frames = self.transcriber.listen(&part.samples, false)?;
        let language = self.spoken.as_ref();
        let sound = sound(&part, missed, language);
        let options = options(&self.options, &part, language, &[]);
        let heard = self.transcriber.text(sound, frames, options, steps)?;
        let WindowText::Heard(heard) = heard else {
            return Ok(());
        };
        let spoken = self.options.phrases(sound.language);
        (self.transcriber).phrases(&heard, &part, spoken, &mut self.segments)?;
        Ok(())
    }
}

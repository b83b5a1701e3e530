//! A recording → its phrases: hears window after window, and again what a window's text does not cover.

mod gaps;

use std::ops::Range;

use super::align::Frames;
use super::belief;
use super::context::PromptContext;
use super::decoding::DecodeOptions;
use super::phrases::PhraseOptions;
use super::search::SpokenLanguage;
use super::transcribe_window::{FRAME_SAMPLES, WindowSound, WindowText, WindowTranscriber};
use super::window::{Window, Windows};
use super::{ENGLISH, RATE_HZ};
use crate::contract::{Segment, Steps, Transcribing, Transcript};
use vocabox_base::fault::Fault;
use vocabox_text::subtitles::ends_sentence;

/// Speech before, between or after a window's phrases that is heard again: 1.5 s, since the model's timestamps are that wrong
/// at times.
const UNCOVERED_MIN: usize = RATE_HZ as usize * 3 / 2;
/// A window is heard again from the end of its text on if the text covers at least this part of it: a sixth.
const COVERED_PARTS_MIN: usize = 6;
/// The least stretch whose language is told: 4 s. Of those in which the language changes, the least part: 1.2 s.
const STRETCH_MIN: usize = RATE_HZ as usize * 4;
const SENTENCE_MIN: usize = RATE_HZ as usize * 6 / 5;
/// The probability from which a stretch is in another language than the one before, and that which the latter then has at
/// most.
const OTHER_MIN: f32 = 0.6;
const SAME_MAX: f32 = 0.25;
/// A stretch has two languages where the one that is spoken so far has a lower probability, and it and another one together
/// a higher one; then it is told part by part. A sound that is hard to tell has many languages: ten words of a Spanish
/// speaker were lost by taking it for two. A part of another language lasts 2 s or more, because those of a word or two are
/// told wrongly.
const CLEAR_MIN: f32 = 0.9;
const PART_MIN: usize = RATE_HZ as usize * 2;

/// Speech of a window from which on it is heard again in halves where its text is much too short, 8 s, and the least part of
/// the speech that a text lasts which is not: of many sentences in the same words the model writes one now and then, and ends.
/// Half of 8 s is still enough speech for a short text to be doubted (`belief`). Run: `benches/runs/2026-11-30-recordings.md`.
const HALVED_MIN: usize = RATE_HZ as usize * 8;
const COVERED_OF_SPEECH_MIN: usize = 4;

/// How a recording is heard.
pub struct HearingOptions {
    /// The language that is spoken; detected if it is none.
    pub language: Option<SpokenLanguage>,
    pub into_english: bool,
    pub words: bool,
    pub scores: bool,
    pub temperature: f32,
    pub beams: usize,
}

/// A recording that is being heard.
pub struct Hearing {
    transcriber: WindowTranscriber,
    windows: Windows,
    options: HearingOptions,
    /// The language of the last stretch.
    spoken: Option<SpokenLanguage>,
    context: PromptContext,
    segments: Vec<Segment>,
}

impl Hearing {
    /// Returns the hearing of `windows`, of which nothing was heard yet.
    pub fn new(
        transcriber: WindowTranscriber,
        windows: Windows,
        context: PromptContext,
        options: HearingOptions,
    ) -> Self {
        Hearing {
            transcriber,
            windows,
            spoken: options.language.clone(),
            options,
            context,
            segments: Vec::new(),
        }
    }

    fn hear(&mut self, mut window: Window, steps: &dyn Steps) -> Result<(), Fault> {
        steps.next()?;
        let mut frames = self.transcriber.listen(&window.samples, false)?;
        if self.options.language.is_none()
            && let Some(cut) = self.tell_language(&window, frames, steps)?
        {
            window.cut(cut);
            steps.next()?;
            frames = self.transcriber.listen(&window.samples, false)?;
        }
        let speech = self.windows.speech_in(window.start..window.end);
        let language = self.spoken.as_ref();
        let sound = sound(&window, speech, language);
        let code = sound.language.to_owned();
        let prompt = self.context.tokens();
        let options = options(&self.options, &window, language, &prompt);
        let heard = match self.transcriber.text(sound, frames, options, steps)? {
            WindowText::Heard(heard) => heard,
            WindowText::TooShort if speech >= HALVED_MIN => return self.hear_half(window, steps),
            WindowText::TooShort | WindowText::Nothing => {
                self.windows.pass(&window);
                return Ok(());
            }
        };
        let first = self.segments.len();
        let spoken = self.options.phrases(&code);
        let used = (self.transcriber).phrases(&heard, &window, spoken, &mut self.segments)?;
        if speech >= HALVED_MIN && self.covered(first) < speech / COVERED_OF_SPEECH_MIN {
            self.segments.truncate(first);
            return self.hear_half(window, steps);
        }
        self.hear_gaps(&window, first, steps)?;
        // The model may name a time in the silence after the sound.
        let covered = used.position.map_or(window.end, |at| at.min(window.end));
        let last = self.segments.last().filter(|_| self.segments.len() > first);
        let told = last.map_or(window.end, |s| (s.end_s * f64::from(RATE_HZ)) as usize);
        let uncovered = self.windows.speech_in(told.min(window.end)..window.end);
        // A text that covers next to nothing is no reason to hear the rest again, and again.
        let least = (RATE_HZ as usize).max((window.end - window.start) / COVERED_PARTS_MIN);
        match uncovered >= UNCOVERED_MIN && told > window.start + least {
            true => self.windows.resume(&window, told.min(covered)),
            false if used.position.is_some() => self.windows.resume(&window, covered),
            false => self.windows.pass(&window),
        }
        let is_sure = heard.temperature <= belief::CONDITION_TEMPERATURE_MAX;
        let last = self.segments[first..].last();
        match last.filter(|last| is_sure && !ends_sentence(&last.text)) {
            Some(_) => self.context.push(&heard.decoded.tokens[..used.tokens]),
            None => self.context.forget(),
        }
        Ok(())
    }

    /// Hears the first half of the window; the next one starts with the other.
    fn hear_half(&mut self, mut window: Window, steps: &dyn Steps) -> Result<(), Fault> {
        window.cut(self.windows.middle(&window));
        self.hear(window, steps)
    }

    /// Returns the samples that the segments from `first` on last.
    fn covered(&self, first: usize) -> usize {
        let segments = self.segments[first..].iter();
        let seconds: f64 = segments
            .map(|segment| segment.end_s - segment.start_s)
            .sum();
        (seconds * f64::from(RATE_HZ)) as usize
    }

    /// Tells the language at the window's start; returns the position at which another one starts, if one does.
    fn tell_language(
        &mut self,
        window: &Window,
        frames: Frames,
        steps: &dyn Steps,
    ) -> Result<Option<usize>, Fault> {
        let ends = self
            .windows
            .stretches(window.start..window.end, STRETCH_MIN);
        let is_one = ends.len() == 1;
        let (mut before, mut start) = (window.start, window.start);
        for end in ends {
            let part = (!is_one).then_some(start..end);
            let told = self.languages(window, frames, part, steps)?;
            let Some(likeliest) = likeliest(&told) else {
                return Ok(None);
            };
            let same = self.spoken.as_ref();
            let same = same.and_then(|s| told.iter().find(|t| t.token == s.token));
            let is_other = same.is_none_or(|same| {
                likeliest.probability >= OTHER_MIN && same.probability <= SAME_MAX
            });
            if is_other && start > window.start {
                let other = likeliest.token;
                let switch = self.switch(window, frames, before..start, other, steps)?;
                return Ok(Some(switch));
            }
            match (is_other, same) {
                (false, Some(same)) => {
                    // The likeliest stretch speaks for the window.
                    let before = if start > window.start {
                        self.likely()
                    } else {
                        0.0
                    };
                    let probability = before.max(same.probability);
                    self.spoken = Some(SpokenLanguage {
                        probability,
                        ..same.clone()
                    });
                }
                _ => {
                    if self.spoken.is_some() {
                        self.context.forget();
                    }
                    self.spoken = Some(likeliest.clone());
                }
            }
            let spoken = self.spoken.as_ref().map(|spoken| spoken.token);
            if let Some(spoken) = spoken
                && let Some(other) = second(&told, spoken)
                && let Some(switch) =
                    self.switch_within(window, frames, start..end, (spoken, other), steps)?
            {
                return Ok(Some(switch));
            }
            (before, start) = (start, end);
        }
        Ok(None)
    }

    /// Returns where a stretch changes to the `other` language or back from it, if one part of it is in that language. Where the
    /// window starts with that part, the other language becomes the one that is spoken.
    fn switch_within(
        &mut self,
        window: &Window,
        frames: Frames,
        stretch: Range<usize>,
        (spoken, other): (u32, u32),
        steps: &dyn Steps,
    ) -> Result<Option<usize>, Fault> {
        // Parts next to each other of one language are told as one.
        let mut runs: Vec<(Range<usize>, u32)> = Vec::new();
        let mut start = stretch.start;
        for end in self.windows.stretches(stretch, SENTENCE_MIN) {
            let told = self.languages(window, frames, Some(start..end), steps)?;
            let token = likeliest(&told).map_or(spoken, |likeliest| likeliest.token);
            match runs.last_mut() {
                Some((run, same)) if *same == token => run.end = end,
                _ => runs.push((start..end, token)),
            }
            start = end;
        }
        runs.retain(|(run, token)| *token == other && run.len() >= PART_MIN);
        for (run, _) in runs {
            let told = self.languages(window, frames, Some(run.clone()), steps)?;
            let told = told.into_iter().find(|told| told.token == other);
            let Some(told) = told.filter(|told| told.probability >= CLEAR_MIN) else {
                continue;
            };
            if run.start > window.start {
                return Ok(Some(run.start));
            }
            self.context.forget();
            self.spoken = Some(told);
            return Ok(Some(run.end));
        }
        Ok(None)
    }

    fn likely(&self) -> f32 {
        self.spoken.as_ref().map_or(0.0, |s| s.probability)
    }

    /// Returns where the language `other` starts, which is spoken after the stretch: at its end, or in a pause within it.
    fn switch(
        &mut self,
        window: &Window,
        frames: Frames,
        stretch: Range<usize>,
        other: u32,
        steps: &dyn Steps,
    ) -> Result<usize, Fault> {
        let ends = self.windows.stretches(stretch.clone(), SENTENCE_MIN);
        let mut switch = stretch.end;
        for n in (1..ends.len()).rev() {
            let told = self.languages(window, frames, Some(ends[n - 1]..ends[n]), steps)?;
            if likeliest(&told).is_none_or(|likeliest| likeliest.token != other) {
                break;
            }
            switch = ends[n - 1];
        }
        Ok(switch)
    }

    /// Returns the languages with their probabilities in a part of the window, or in all of it.
    fn languages(
        &mut self,
        window: &Window,
        frames: Frames,
        part: Option<Range<usize>>,
        steps: &dyn Steps,
    ) -> Result<Vec<SpokenLanguage>, Fault> {
        steps.next()?;
        let at = |position: usize| position - window.start;
        let part = part.map(|part| {
            at(part.start) / FRAME_SAMPLES..at(part.end).div_ceil(FRAME_SAMPLES).min(frames.all)
        });
        self.transcriber.languages(frames, part)
    }
}

impl HearingOptions {
    /// What the phrases of a window in this language are to have.
    fn phrases<'a>(&self, language: &'a str) -> PhraseOptions<'a> {
        PhraseOptions {
            language,
            words: self.words,
            scores: self.scores,
        }
    }
}

impl Transcribing for Hearing {
    fn next(&mut self, steps: &dyn Steps) -> Result<Option<&[Segment]>, Fault> {
        let Some(window) = self.windows.next(steps)? else {
            return match self.windows.samples_read() {
                0 => Err(Fault::invalid(
                    "file holds no sound: it decodes to 0 samples",
                )),
                _ => Ok(None),
            };
        };
        let first = self.segments.len();
        self.hear(window, steps)?;
        Ok(Some(&self.segments[first..]))
    }

    fn end(self: Box<Self>) -> Transcript {
        let language = longest_spoken(&self.segments);
        let language = language.or(self.spoken.map(|language| language.code));
        Transcript {
            language: language.unwrap_or_else(|| ENGLISH.to_owned()),
            seconds: self.windows.samples_read() as f64 / f64::from(RATE_HZ),
            segments: self.segments,
        }
    }
}

/// Returns the language of most seconds of the segments.
fn longest_spoken(segments: &[Segment]) -> Option<String> {
    let mut seconds: Vec<(&str, f64)> = Vec::new();
    for segment in segments {
        let lasts_s = segment.end_s - segment.start_s;
        match seconds
            .iter_mut()
            .find(|(code, _)| *code == segment.language)
        {
            Some((_, all_s)) => *all_s += lasts_s,
            None => seconds.push((&segment.language, lasts_s)),
        }
    }
    // The first of equals.
    let longest = seconds.iter().rev().max_by(|a, b| a.1.total_cmp(&b.1));
    longest.map(|(code, _)| (*code).to_owned())
}

/// The sound of a window with so many samples of speech, in the language that is spoken.
fn sound<'a>(
    window: &'a Window,
    speech: usize,
    spoken: Option<&'a SpokenLanguage>,
) -> WindowSound<'a> {
    WindowSound {
        samples: &window.samples,
        speech_s: speech as f64 / f64::from(RATE_HZ),
        language: spoken.map_or(ENGLISH, |l| &l.code),
        language_probability: spoken.map_or(1.0, |l| l.probability),
    }
}

/// How a window is decoded at first.
fn options<'a>(
    hearing: &HearingOptions,
    window: &Window,
    spoken: Option<&SpokenLanguage>,
    prompt: &'a [u32],
) -> DecodeOptions<'a> {
    DecodeOptions {
        language: spoken.map(|l| l.token),
        into_english: hearing.into_english,
        prompt,
        temperature: hearing.temperature,
        beams: match hearing.temperature > 0.0 {
            true => 1,
            false => hearing.beams,
        },
        attend: true,
        seed: window.start as u64,
    }
}

fn likeliest(told: &[SpokenLanguage]) -> Option<&SpokenLanguage> {
    told.iter()
        .max_by(|a, b| a.probability.total_cmp(&b.probability))
}

/// Returns the other language of a stretch that was told as two of them, of which `spoken` is one.
fn second(told: &[SpokenLanguage], spoken: u32) -> Option<u32> {
    let same = told.iter().find(|t| t.token == spoken)?.probability;
    let others = told.iter().filter(|t| t.token != spoken);
    let other = others.max_by(|a, b| a.probability.total_cmp(&b.probability))?;
    let are_two = same < CLEAR_MIN && same + other.probability >= CLEAR_MIN;
    are_two.then_some(other.token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_has_two_languages_only_where_two_are_likely() {
        let told = |probabilities: &[f32]| -> Vec<SpokenLanguage> {
            let language = |(token, probability): (usize, &f32)| SpokenLanguage {
                code: token.to_string(),
                token: token as u32,
                probability: *probability,
            };
            probabilities.iter().enumerate().map(language).collect()
        };
        assert_eq!(second(&told(&[0.55, 0.02, 0.43]), 0), Some(2));
        assert_eq!(second(&told(&[0.2, 0.1, 0.75]), 0), Some(2));
        assert_eq!(second(&told(&[0.97, 0.01, 0.02]), 0), None, "it is one");
        assert_eq!(
            second(&told(&[0.1, 0.16, 0.15, 0.2]), 0),
            None,
            "hard to tell"
        );
        assert_eq!(second(&told(&[0.5, 0.5]), 7), None);
    }
}

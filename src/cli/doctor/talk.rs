//! The self-test: a sentence is spoken and heard, and how long that takes.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::finding::{Findings, size};
use super::machine::free_memory;
use super::packs::opened_to_talk;
use crate::config;
use crate::fault::Fault;
use crate::services::self_test::{deadline, heard, spoken};

/// Some three seconds of speech, in words that transcripts write alike.
const SENTENCE: &str = "The quick brown fox jumps over the lazy dog, and then it sleeps.";
/// Of these words, the part that has to be heard.
const HEARD_MIN: f64 = 0.6;
/// Computing takes less than the sound lasts on any machine that can serve: beyond this, clients wait.
const FACTOR_MAX: f64 = 1.0;

/// Real-time factors: seconds of computing for a second of sound. None where there is no pack for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct TalkFactors {
    pub speak: Option<f64>,
    pub transcribe: Option<f64>,
}

/// Has the packs speak and hear a sentence; `memory_need` are the bytes that they take. Beside a server that serves already, the
/// figures are those of a machine with that load.
pub fn test(findings: &mut Findings, models: &config::Models, memory_need: u64) -> TalkFactors {
    let subject = "self-test";
    if let Some(free) = free_memory().filter(|free| *free < memory_need) {
        let found = format!(
            "not run: {} of memory can be had, and the packs need {}",
            size(free),
            size(memory_need)
        );
        findings.warn(
            subject,
            found,
            "add memory, or look at /readyz of the server, which tests its models itself",
        );
        return TalkFactors::default();
    }
    match talked(findings, models) {
        Ok(factors) => factors,
        Err(fault) => {
            findings.fail(
                subject,
                fault.to_string(),
                "repair what is wrong above, or report it with `vocabox doctor --bundle`",
            );
            TalkFactors::default()
        }
    }
}

fn talked(findings: &mut Findings, models: &config::Models) -> Result<TalkFactors, Fault> {
    let installation = opened_to_talk(models)?;
    let mut factors = TalkFactors::default();
    if installation.speak.is_none() {
        findings.warn(
            "self-test",
            "not run: there is nothing that speaks",
            "fetch a pack that speaks",
        );
        return Ok(factors);
    }
    let catalog = installation.voice_catalog(None);
    let speech = installation.start_speech(&installation.command_capacity())?;
    let say = || spoken(&speech, &catalog, SENTENCE, &deadline());
    // The first run of a model also lays out its memory.
    say()?;
    let (took, clip) = timed(say)?;
    let factor = took.as_secs_f64() / clip.seconds();
    let told = format!(
        "{:.1} s of speech in {:.2} s: real-time factor {factor:.2}",
        clip.seconds(),
        took.as_secs_f64()
    );
    judge(findings, "speaking", told, factor);
    factors.speak = Some(factor);
    if installation.transcribe.is_none() {
        return Ok(factors);
    }
    let recognizer = installation.start_recognizer_for(Some("en"))?;
    let hear = || heard(&recognizer, clip.clone(), Some("en"), &deadline());
    hear()?;
    let (took, transcript) = timed(hear)?;
    let factor = took.as_secs_f64() / clip.seconds();
    let text = transcript.text();
    let told = format!(
        "{text:?} in {:.2} s: real-time factor {factor:.2}",
        took.as_secs_f64()
    );
    match share_heard(&text) < HEARD_MIN {
        true => {
            let found = format!("{SENTENCE:?} was heard as {told}");
            findings.fail(
                "hearing",
                found,
                "run scripts/fetch-models --repair, and compare with another machine",
            );
        }
        false => judge(findings, "hearing", told, factor),
    }
    factors.transcribe = Some(factor);
    Ok(factors)
}

fn judge(findings: &mut Findings, subject: &str, told: String, factor: f64) {
    match factor > FACTOR_MAX {
        true => findings.warn(
            subject,
            format!("{told}, slower than the sound plays"),
            "look at the processor above, and at other programs that use it now",
        ),
        false => findings.ok(subject, told),
    }
}

fn timed<T>(run: impl FnOnce() -> Result<T, Fault>) -> Result<(Duration, T), Fault> {
    let begun = Instant::now();
    let made = run()?;
    Ok((begun.elapsed(), made))
}

/// The share of the words of [`SENTENCE`] that are in `text`.
fn share_heard(text: &str) -> f64 {
    let words = |text: &str| -> Vec<String> {
        let bare = |word: &str| {
            word.chars()
                .filter(|c| c.is_alphanumeric())
                .collect::<String>()
        };
        text.split_whitespace()
            .map(|word| bare(word).to_lowercase())
            .collect()
    };
    let (said, text) = (words(SENTENCE), words(text));
    let found = said.iter().filter(|word| text.contains(word)).count();
    found as f64 / said.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_heard_is_compared_word_by_word() {
        assert_eq!(share_heard(SENTENCE), 1.0);
        assert_eq!(
            share_heard("the QUICK, brown fox jumps over the lazy dog and then it sleeps"),
            1.0
        );
        assert!(share_heard("a quick round box") < HEARD_MIN);
        assert_eq!(share_heard(""), 0.0);
    }
}

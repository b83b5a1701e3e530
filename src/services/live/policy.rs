//! Which words of an utterance that still goes on are told, and when it is transcribed again: LocalAgreement-2 (Macháček et
//! al. 2023, "Turning Whisper into Real-Time Transcription System"). No clock, no threads, no models.
//!
//! Words on which two transcriptions in succession agree are told, and nothing that was told is taken back: so what was told
//! may differ from the final transcript, which counts.

use std::time::Duration;

/// The least time between the starts of two transcriptions of an utterance.
const EVERY_MIN: Duration = Duration::from_millis(500);
/// How many times as long as the last transcription took the next one waits, from start to start: at most half of a lane's
/// time goes into what is still said, and less under load, when each takes longer.
const EVERY_TIMES: u32 = 2;

/// When an utterance is transcribed again, as times since any one moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cadence {
    due: Duration,
}

impl Cadence {
    /// Notes that a transcription ran, or was given up, from `begun` to `ended`, waiting included.
    pub fn ran(&mut self, begun: Duration, ended: Duration) {
        let took = ended.saturating_sub(begun);
        self.due = begun + EVERY_MIN.max(took * EVERY_TIMES);
    }

    /// Returns when the next transcription may start.
    pub fn due(&self) -> Duration {
        self.due
    }
}

/// A word as it is written: what precedes it, its letters, and the marks that end it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct WrittenWord {
    /// Whether a space stands before it; scripts without spaces have none.
    spaced: bool,
    /// With marks that open it, such as a quotation mark.
    core: String,
    /// Marks that depend on what follows: a full stop becomes a comma.
    marks: String,
}

impl WrittenWord {
    /// Whether two transcriptions have the same word here, whatever its case and marks.
    fn is_same(&self, other: &WrittenWord) -> bool {
        folded(&self.core) == folded(&other.core)
    }
}

/// What was told of one utterance, and its last transcription.
#[derive(Debug, Default)]
pub struct Agreement {
    told: Vec<WrittenWord>,
    /// Whether the marks of the last word that was told are not told yet.
    owes_marks: bool,
    last: Vec<WrittenWord>,
}

impl Agreement {
    /// Takes the next transcription; returns what it and the one before agree on beyond what was told, to be appended to
    /// that. Empty if there is nothing new.
    pub fn hear(&mut self, text: &str) -> String {
        let heard = words(text);
        let pairs = self.last.iter().zip(&heard);
        let agreed = pairs.take_while(|(a, b)| a.is_same(b)).count();
        let settled = agreed
            .min(self.last.len().saturating_sub(1))
            .min(heard.len().saturating_sub(1));
        let new = self.tell(&heard, agreed, settled);
        self.last = heard;
        new
    }

    /// Takes the final transcription; returns its rest, to be appended to what was told, if that is how it starts. Empty
    /// otherwise: what was told stands then, and differs.
    pub fn finish(mut self, text: &str) -> String {
        let heard = words(text);
        let is_start = self.told.len() <= heard.len()
            && self.told.iter().zip(&heard).all(|(a, b)| a.is_same(b));
        match is_start {
            true => self.tell(&heard, heard.len(), heard.len()),
            false => String::new(),
        }
    }

    /// Tells the first `agreed` words of `heard`; the marks after the first `settled` of them are certain.
    fn tell(&mut self, heard: &[WrittenWord], agreed: usize, settled: usize) -> String {
        let mut new = String::new();
        let told = self.told.len();
        if let Some(last) = self.told.last()
            && self.owes_marks
            && told <= settled
            && heard[told - 1].is_same(last)
        {
            new.push_str(&heard[told - 1].marks);
            self.owes_marks = false;
        }
        for (at, word) in heard.iter().enumerate().take(agreed).skip(told) {
            if word.spaced && at > 0 {
                new.push(' ');
            }
            new.push_str(&word.core);
            self.owes_marks = at >= settled;
            if !self.owes_marks {
                new.push_str(&word.marks);
            }
            self.told.push(word.clone());
        }
        new
    }
}

/// Returns the letters and digits of a word, in lower case.
fn folded(word: &str) -> String {
    let letters = word.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// Returns the words of a text; each character of a script without spaces is one.
fn words(text: &str) -> Vec<WrittenWord> {
    let mut found: Vec<WrittenWord> = Vec::new();
    for written in text.split_whitespace() {
        let mut spaced = true;
        let mut part = String::new();
        for c in written.chars() {
            let splits = is_unspaced(c) && part.chars().any(char::is_alphanumeric);
            let follows = part.chars().last().is_some_and(is_unspaced) && c.is_alphanumeric();
            if splits || follows {
                found.push(word(&std::mem::take(&mut part), spaced));
                spaced = false;
            }
            part.push(c);
        }
        found.push(word(&part, spaced));
    }
    found
}

fn word(written: &str, spaced: bool) -> WrittenWord {
    let core = written.trim_end_matches(|c: char| !c.is_alphanumeric());
    // A dash by itself has no letters.
    let core = if core.is_empty() { written } else { core };
    WrittenWord {
        spaced,
        core: core.to_owned(),
        marks: written[core.len()..].to_owned(),
    }
}

/// Whether a letter belongs to a script that is written without spaces: Thai to Lao, Burmese, Khmer, Japanese and Chinese.
fn is_unspaced(c: char) -> bool {
    matches!(
        c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
            | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
    ) && c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told after each of these transcriptions, the last of which is the final one.
    fn told(texts: &[&str]) -> Vec<String> {
        let mut agreement = Agreement::default();
        let (end, texts) = texts.split_last().unwrap();
        let mut told: Vec<String> = texts.iter().map(|text| agreement.hear(text)).collect();
        told.push(agreement.finish(end));
        told
    }

    #[test]
    fn words_are_told_once_two_transcriptions_agree_on_them() {
        let texts = [
            "It was.",
            "It was the bell.",
            "It was the best of times.",
            "it was the best of times, it was the",
            "It was the best of times, it was the worst of times.",
        ];
        let expected = [
            "",
            "It was",
            " the",
            " best of times",
            ", it was the worst of times.",
        ];
        assert_eq!(told(&texts), expected);
        assert_eq!(told(&texts).concat(), texts[4]);
    }

    #[test]
    fn what_was_told_is_never_taken_back() {
        let texts = [
            "A b c d",
            "A b c d",
            "A x c d e f",
            "A x c d e f",
            "A x c d e f.",
        ];
        // From the fifth word on two agree again; the final one starts otherwise.
        assert_eq!(told(&texts), ["", "A b c d", "", " e f", ""]);
    }

    #[test]
    fn an_utterance_without_any_partial_transcription_is_told_whole() {
        assert_eq!(told(&["“Yes,” she said."]), ["“Yes,” she said."]);
        assert_eq!(told(&["", ""]), ["", ""]);
        assert_eq!(
            told(&["Yes", "", "", "Yes, sir."]),
            ["", "", "", "Yes, sir."]
        );
    }

    #[test]
    fn scripts_without_spaces_are_compared_letter_by_letter() {
        let texts = [
            "今天天气",
            "今天天很好。",
            "今天天很好。",
            "今天天很好。 OK",
        ];
        assert_eq!(told(&texts), ["", "今天天", "很好", "。 OK"]);
    }

    #[test]
    fn the_next_transcription_waits_twice_as_long_as_the_last_took() {
        let at = Duration::from_millis;
        let mut cadence = Cadence::default();
        assert_eq!(cadence.due(), at(0));
        cadence.ran(at(100), at(200));
        assert_eq!(cadence.due(), at(600), "half a second at the least");
        cadence.ran(at(600), at(1_600));
        assert_eq!(cadence.due(), at(2_600));
    }
}

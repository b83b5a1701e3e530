//! How long steps and tasks take, learned from those that ended.

/// The kind of a step or a task; each kind has its own figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Units: seconds of sound.
    Speak,
    /// Units: seconds of the recording, as for `Diarize` and `Embed`.
    Transcribe,
    /// Units: characters.
    Translate,
    Diarize,
    Embed,
    /// Units: as for `Transcribe`.
    FindSpeech,
}

impl Work {
    /// All kinds, in the order of their declaration.
    pub const ALL: [Work; 6] = [
        Work::Speak,
        Work::Transcribe,
        Work::Translate,
        Work::Diarize,
        Work::Embed,
        Work::FindSpeech,
    ];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Work::Speak => "speak",
            Work::Transcribe => "transcribe",
            Work::Translate => "translate",
            Work::Diarize => "diarize",
            Work::Embed => "embed",
            Work::FindSpeech => "find_speech",
        }
    }
}

/// How much of the last value a new one replaces: a value counts for about the last eight.
const NEW_SHARE: f64 = 0.125;

/// Figures of each kind.
#[derive(Debug)]
pub struct Estimates {
    kinds: [Estimate; 6],
    /// Seconds of all steps that ended.
    ran_s: [f64; 6],
}

#[derive(Debug, Clone, Copy)]
struct Estimate {
    step_s: f64,
    unit_s: f64,
}

impl Default for Estimates {
    /// Before anything ran: about what two cores of 2021 do (benches/runs/2026-11-25-dubbing.md), corrected from then on.
    fn default() -> Self {
        let estimate = |step_s, unit_s| Estimate { step_s, unit_s };
        Estimates {
            kinds: [
                estimate(0.8, 0.25),
                estimate(0.1, 0.1),
                estimate(0.1, 0.01),
                estimate(0.1, 0.03),
                estimate(0.1, 0.03),
                estimate(0.1, 0.01),
            ],
            ran_s: [0.0; 6],
        }
    }
}

impl Estimates {
    /// Returns the expected seconds of a step of `work`.
    pub fn step_s(&self, work: Work) -> f64 {
        self.kinds[work as usize].step_s
    }

    /// Returns the expected seconds of a task of `work` with so many units.
    pub fn task_s(&self, work: Work, units: f64) -> f64 {
        self.kinds[work as usize].unit_s * units
    }

    /// Notes the seconds that a step took.
    pub fn step_took(&mut self, work: Work, seconds: f64) {
        blend(&mut self.kinds[work as usize].step_s, seconds);
        self.ran_s[work as usize] += seconds;
    }

    /// Returns the seconds of all steps of `work` that ended.
    pub fn ran_s(&self, work: Work) -> f64 {
        self.ran_s[work as usize]
    }

    /// Notes the seconds that a whole task took.
    pub fn task_took(&mut self, work: Work, units: f64, seconds: f64) {
        if units > 0.0 {
            blend(&mut self.kinds[work as usize].unit_s, seconds / units);
        }
    }
}

fn blend(value: &mut f64, new: f64) {
    *value += NEW_SHARE * (new - *value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_follow_what_was_measured_each_kind_for_itself() {
        let mut estimates = Estimates::default();
        let before = estimates.step_s(Work::Embed);
        for _ in 0..100 {
            estimates.step_took(Work::Speak, 3.0);
            estimates.task_took(Work::Speak, 10.0, 5.0);
            estimates.task_took(Work::Speak, 0.0, 5.0);
        }
        assert!((estimates.step_s(Work::Speak) - 3.0).abs() < 0.01);
        assert!((estimates.task_s(Work::Speak, 20.0) - 10.0).abs() < 0.01);
        assert_eq!(estimates.step_s(Work::Embed), before);
        assert_eq!(
            Work::ALL.map(|work| estimates.ran_s(work))[..2],
            [300.0, 0.0]
        );
    }
}

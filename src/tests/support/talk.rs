//! Conversations with known turns, and the errors of turns that were found. Shared with the diarization bench.

use vocabox::audio::dsp::resample::resample_clip;
use vocabox::audio::pcm::Clip;
use vocabox::engine::contract::{CancellationToken, Speak, Utterance, speak_whole};
use vocabox::engine::diarization::Turn;

use super::dice::Dice;

/// Sample rate of conversations.
pub const RATE_HZ: u32 = 16_000;
/// Seconds around each true boundary that are not counted, as in NIST's md-eval.
const COLLAR_S: f64 = 0.25;

/// A speaker, and sentences of that voice.
pub struct TalkSpeaker {
    pub sentences: Vec<Vec<f32>>,
}

/// A conversation: its sound at 16 kHz, and the true turns.
#[derive(Default)]
pub struct Talk {
    pub samples: Vec<f32>,
    pub turns: Vec<Turn>,
}

/// Speaks a sentence: 16 kHz, without the silence around it.
pub fn say(
    engine: &dyn Speak,
    voice: &str,
    text: &str,
    cancellation: &CancellationToken,
) -> Vec<f32> {
    let utterance = Utterance {
        text: text.into(),
        voice: voice.to_owned(),
        ..Utterance::default()
    };
    cut(at_16_khz(
        speak_whole(engine, &utterance, cancellation).unwrap(),
    ))
}

/// Resamples a clip to 16 kHz.
pub fn at_16_khz(clip: Clip) -> Vec<f32> {
    resample_clip(&clip, RATE_HZ).unwrap().samples
}

/// `samples` from the first to the last audible one.
pub fn cut(mut samples: Vec<f32>) -> Vec<f32> {
    let is_sound = |s: &f32| s.abs() > 0.01;
    let end = samples.iter().rposition(is_sound).map_or(0, |at| at + 1);
    samples.truncate(end);
    let start = samples.iter().position(is_sound).unwrap_or(0);
    samples.split_off(start)
}

/// `seconds` of conversation between `speakers`: turns of one to three sentences, pauses of 0.2 to 0.9 s, and a
/// different loudness for each speaker.
pub fn talk(speakers: &[&TalkSpeaker], seconds: f64, dice: &mut Dice) -> Talk {
    let gains: Vec<f32> = speakers
        .iter()
        .map(|_| 0.5 + 0.1 * dice.below(8) as f32)
        .collect();
    let mut talk = Talk::default();
    let (mut last, mut turn) = (usize::MAX, 0);
    while (talk.samples.len() as f64) < seconds * f64::from(RATE_HZ) {
        // All speakers speak, at the start one after the other.
        let speaker = match turn < speakers.len() {
            true => turn,
            false => dice.below(speakers.len()),
        };
        if speaker == last && speakers.len() > 1 {
            continue;
        }
        (last, turn) = (speaker, turn + 1);
        let pause = RATE_HZ as usize * (2 + dice.below(8)) / 10;
        talk.samples.resize(talk.samples.len() + pause, 0.0);
        let start_s = talk.samples.len() as f64 / f64::from(RATE_HZ);
        let sentences = &speakers[speaker].sentences;
        for sentence in 0..1 + dice.below(3) {
            let pause = if sentence == 0 {
                0
            } else {
                RATE_HZ as usize / 4
            };
            talk.samples.resize(talk.samples.len() + pause, 0.0);
            let said = &sentences[dice.below(sentences.len())];
            talk.samples.extend(said.iter().map(|s| s * gains[speaker]));
        }
        talk.turns.push(Turn {
            start_s,
            end_s: talk.samples.len() as f64 / f64::from(RATE_HZ),
            speaker,
        });
    }
    // Quiet noise, because no recording is digitally silent.
    talk.samples
        .iter_mut()
        .for_each(|s| *s += (dice.below(1_000) as f32 / 1_000.0 - 0.5) * 1e-3);
    talk
}

/// Shares of the time of speech: missed, found where there is none, and assigned to the wrong speaker.
#[derive(Debug, Clone, Copy)]
pub struct Errors {
    pub missed: f64,
    pub false_alarm: f64,
    pub confusion: f64,
}

impl Errors {
    /// The diarization error rate: the sum of all three.
    pub fn all(&self) -> f64 {
        self.missed + self.false_alarm + self.confusion
    }
}

/// The errors of `found`, outside the collar, for the best mapping between the speakers of both. Where several speak at once,
/// each counts.
pub fn errors(truth: &[Turn], found: &[Turn]) -> Errors {
    const LOOK_S: f64 = 0.01;
    let all = || truth.iter().chain(found);
    let looks = (all().fold(0.0, |end: f64, t| end.max(t.end_s)) / LOOK_S) as usize;
    let look = |time: f64| ((time / LOOK_S).round().max(0.0) as usize).min(looks);
    // Who speaks at each look.
    let speaking = |turns: &[Turn]| {
        let mut at: Vec<Vec<usize>> = vec![Vec::new(); looks];
        for turn in turns {
            for who in &mut at[look(turn.start_s)..look(turn.end_s)] {
                who.push(turn.speaker);
            }
        }
        at
    };
    let mut counts = vec![true; looks];
    for boundary in truth.iter().flat_map(|t| [t.start_s, t.end_s]) {
        counts[look(boundary - COLLAR_S)..look(boundary + COLLAR_S)].fill(false);
    }
    let count = |turns: &[Turn]| turns.iter().map(|t| t.speaker + 1).max().unwrap_or(0);
    let mut together = vec![vec![0_u32; count(found)]; count(truth)];
    let (mut speech, mut both, mut missed, mut extra) = (0, 0, 0, 0);
    let (true_ones, found_ones) = (speaking(truth), speaking(found));
    for ((true_ones, found_ones), _) in (true_ones.iter().zip(&found_ones))
        .zip(&counts)
        .filter(|(_, c)| **c)
    {
        let (a, b) = (true_ones.len() as u32, found_ones.len() as u32);
        speech += a;
        both += a.min(b);
        missed += a.saturating_sub(b);
        extra += b.saturating_sub(a);
        for true_one in true_ones {
            for found_one in found_ones {
                together[*true_one][*found_one] += 1;
            }
        }
    }
    let right = best(&together, 0, &mut vec![false; count(found)]);
    let share = |looks: u32| f64::from(looks) / f64::from(speech.max(1));
    Errors {
        missed: share(missed),
        false_alarm: share(extra),
        confusion: share(both - right),
    }
}

/// The longest correct time of any mapping of the speakers from `from` on.
fn best(together: &[Vec<u32>], from: usize, taken: &mut Vec<bool>) -> u32 {
    let Some(row) = together.get(from) else {
        return 0;
    };
    let mut most = best(together, from + 1, taken);
    for (found, time) in row.iter().enumerate() {
        if !taken[found] {
            taken[found] = true;
            most = most.max(time + best(together, from + 1, taken));
            taken[found] = false;
        }
    }
    most
}

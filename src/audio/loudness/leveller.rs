//! Brings speech to one loudness, whatever the voice and however loud its model is.
//!
//! Reaches EBU R 128's integrated loudness of [`LOUDNESS_LUFS`] piece by piece as the speech is made, so that a stream
//! and a whole file get the same samples. Gain changes only in the silence between pieces; `limiter` holds down peaks
//! above the ceiling.

use ebur128::{EbuR128, Mode};

use crate::loudness::limiter;

/// The target loudness: that of podcasts and voice assistants (AES TD1008 has −16 LUFS for speech on the net).
pub const LOUDNESS_LUFS: f64 = -16.0;
/// The highest true peak, in dBTP. Meters differ by tenths of a decibel, and 16 bits round: this keeps the peak below
/// −1.
const PEAK_DB: f64 = -1.2;
/// Largest gain: breath and noise of a quiet piece are no speech.
const GAIN_DB_MAX: f64 = 20.0;
/// How far the whole may deviate from the target before a piece compensates for it. Within that, pieces keep the
/// loudness that the voice gave them, relative to each other.
const STRAY_DB: f64 = 0.5;
/// How much louder or quieter than the target a piece may become to compensate for those before it.
const LOUDER_DB: f64 = 1.5;
const QUIETER_DB: f64 = 3.0;
/// Quieter than this is silence (R 128's absolute gate).
const SILENCE_LUFS: f64 = -70.0;
/// What is this far below the rest is not counted (R 128's relative gate), as a factor of power.
const GATE: f64 = 0.1;
/// Blocks of R 128 last 400 ms. Shorter sound than this is measured as if it were repeated.
const MEASURED_S_MIN: f64 = 1.5;
/// A meter also counts the pauses around pieces. A sentence has about this much of them; whether other words follow a
/// single word is not known, so it gets a share of its own length, between the values for a word alone and among
/// others.
const PAUSE_S_MAX: f64 = 0.25;
const PAUSE_PART: f64 = 0.125;
/// The limiter lowers loudness too: this many rounds less one restore it, from this much and up to that.
const ROUNDS: usize = 3;
const GIVEN_BACK_DB_MIN: f64 = 0.2;
const GIVEN_BACK_DB_MAX: f64 = 6.0;

/// Brings the pieces of one speech, in their order, to one loudness.
pub struct Leveller {
    rate_hz: u32,
    /// The loudness of the pieces as they came, and as they left.
    heard: LoudnessHistory,
    made: LoudnessHistory,
}

impl Leveller {
    /// Returns a leveller for pieces of `rate_hz`.
    pub fn new(rate_hz: u32) -> Self {
        Leveller {
            rate_hz,
            heard: LoudnessHistory::default(),
            made: LoudnessHistory::default(),
        }
    }

    /// Brings `piece`, the speech between two silences, to the loudness at which everything so far reaches
    /// [`LOUDNESS_LUFS`], with no true peak above −1 dBTP. Silence is left unchanged. Later pieces change nothing here.
    pub fn level(&mut self, piece: &mut [f32]) {
        let Some(own) = lufs(piece, self.rate_hz) else {
            return;
        };
        let seconds = piece.len() as f64 / f64::from(self.rate_hz);
        self.heard.push(seconds, own);
        let plain = LOUDNESS_LUFS - self.heard.lufs();
        let (least, most) = self.made.bounds(seconds);
        let wanted = (own + plain).clamp(least, most).min(own + GAIN_DB_MAX);
        let raw = piece.to_vec();
        let mut gain_db = wanted - own;
        let loudest = factor(gain_db + GIVEN_BACK_DB_MAX);
        let peaks = limiter::peaks(&raw, factor(PEAK_DB) / loudest);
        let mut got = wanted;
        for _ in 0..ROUNDS {
            let gain = factor(gain_db);
            let held = limiter::held(&raw, &peaks, self.rate_hz, factor(PEAK_DB) / gain);
            let sound = held.as_deref().unwrap_or(&raw);
            piece.iter_mut().zip(sound).for_each(|(p, s)| *p = s * gain);
            if held.is_none() {
                got = wanted;
                break;
            }
            got = lufs(piece, self.rate_hz).unwrap_or(wanted);
            if got > wanted - GIVEN_BACK_DB_MIN {
                break;
            }
            gain_db = (gain_db + wanted - got).min(wanted - own + GIVEN_BACK_DB_MAX);
        }
        self.made.push(seconds, got);
    }
}

/// The lengths and loudnesses of pieces; each represents its blocks of R 128.
#[derive(Default)]
struct LoudnessHistory {
    /// Seconds, and power (10^(LUFS / 10)).
    pieces: Vec<(f64, f64)>,
}

impl LoudnessHistory {
    fn push(&mut self, seconds: f64, lufs: f64) {
        self.pieces.push((seconds, 10f64.powf(lufs / 10.0)));
    }

    /// Returns the loudness of all pieces but those far below the rest. There is at least one.
    fn lufs(&self) -> f64 {
        let mean = |floor: f64| {
            let loud = self.pieces.iter().filter(|(_, power)| *power >= floor);
            let (seconds, energy) = loud.fold((0.0, 0.0), |(s, e), (seconds, power)| {
                (s + seconds, e + seconds * power)
            });
            energy / seconds
        };
        10.0 * mean(GATE * mean(0.0)).log10()
    }

    /// Returns the lowest and the highest loudness that a further piece of `seconds` may have, so that the whole does
    /// not deviate.
    fn bounds(&self, seconds: f64) -> (f64, f64) {
        let (before, energy) = self
            .pieces
            .iter()
            .fold((0.0, 0.0), |(s, e), (seconds, power)| {
                (s + seconds, e + seconds * power)
            });
        let bound = |stray: f64| {
            let aim = 10f64.powf((LOUDNESS_LUFS + stray) / 10.0);
            let power = (aim * (before + seconds) - energy) / seconds;
            10.0 * power.max(f64::MIN_POSITIVE).log10()
        };
        let least = bound(-STRAY_DB).min(LOUDNESS_LUFS + LOUDER_DB);
        let most = bound(STRAY_DB).max(LOUDNESS_LUFS - QUIETER_DB);
        (least, most)
    }
}

/// Returns R 128's integrated loudness of `sound` and the pause after it; none for silence.
fn lufs(sound: &[f32], rate_hz: u32) -> Option<f64> {
    if sound.is_empty() {
        return None;
    }
    let mut meter = EbuR128::new(1, rate_hz, Mode::I).ok()?;
    let pause = PAUSE_S_MAX * f64::from(rate_hz);
    let pause = pause.min(PAUSE_PART * sound.len() as f64);
    let pause = vec![0.0f32; pause as usize];
    let least = (MEASURED_S_MIN * f64::from(rate_hz)) as usize;
    let mut samples = 0;
    while samples == 0 || samples < least {
        meter.add_frames_f32(sound).ok()?;
        meter.add_frames_f32(&pause).ok()?;
        samples += sound.len() + pause.len();
    }
    meter.loudness_global().ok().filter(|l| *l > SILENCE_LUFS)
}

/// Returns decibels as a factor of amplitude.
fn factor(db: f64) -> f32 {
    10f64.powf(db / 20.0) as f32
}

#[cfg(test)]
#[path = "leveller_tests.rs"]
mod tests;

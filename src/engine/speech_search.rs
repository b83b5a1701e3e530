//! Whether something is said in a recording, by its first minutes.

use vocabox_audio::pcm::Samples;
use vocabox_base::fault::Fault;

use crate::contract::{Engine, Steps};
use crate::vad::{HOP, RATE_HZ, Silero};

/// Seconds of a recording that are searched: the titles of a film may last two minutes.
const SEARCHED_S: usize = 180;
/// Seconds of speech that are found, all together: less may be a sound that only resembles it.
const SPEECH_S: f64 = 2.0;
/// The probability from which on a hop counts as speech (`get_speech_timestamps`: threshold).
const SPEECH_FROM: f32 = 0.5;
/// Hops of one step of the scheduler: about 10 s of sound.
const STEP_HOPS: usize = 10 * RATE_HZ as usize / HOP;

/// Searches recordings, mono at [`RATE_HZ`], for speech.
pub struct SpeechSearch {
    detector: Silero,
}

impl SpeechSearch {
    /// Returns a search by `detector`.
    pub fn new(detector: Silero) -> Self {
        SpeechSearch { detector }
    }
}

impl Engine for SpeechSearch {
    type Task = Box<dyn Samples>;
    type Output = bool;

    fn run(&self, mut recording: Self::Task, steps: &dyn Steps) -> Result<bool, Fault> {
        let mut detector = self.detector.fork();
        let needed = (SPEECH_S * f64::from(RATE_HZ) / HOP as f64).ceil() as usize;
        let (mut samples, mut found) = (Vec::with_capacity(HOP), 0);
        for hop in 0..SEARCHED_S * RATE_HZ as usize / HOP {
            if hop % STEP_HOPS == STEP_HOPS - 1 {
                steps.next()?;
            }
            samples.clear();
            while samples.len() < HOP {
                let missing = HOP - samples.len();
                if recording.read(&mut samples, missing)? == 0 {
                    return Ok(false);
                }
            }
            if detector.step(&samples)? >= SPEECH_FROM {
                found += 1;
            }
            if found >= needed {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

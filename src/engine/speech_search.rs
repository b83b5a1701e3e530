//! Whether something is said in a recording, by its first minutes.

use vocabox_audio::pcm::Samples;
use vocabox_base::fault::Fault;

use crate::contract::{Engine, Steps};
use crate::level;
use crate::vad::{HOP, RATE_HZ, SPEECH_FROM, Silero};

/// Seconds of a recording that are searched: the titles of a film may last two minutes.
const SEARCHED_S: usize = 180;
/// Seconds of speech that are found, all together: less may be a sound that only resembles it.
const SPEECH_S: f64 = 2.0;
/// Hops of one step of the scheduler, which are heard at one gain: about 10 s of sound.
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
        let (mut samples, mut levels, mut found) = (Vec::new(), Vec::new(), 0);
        for _ in 0..SEARCHED_S * RATE_HZ as usize / HOP / STEP_HOPS {
            steps.next()?;
            samples.clear();
            let mut missing = STEP_HOPS * HOP;
            while missing > 0 {
                // A block of a sparse track may lie far ahead.
                steps.check()?;
                match recording.read(&mut samples, missing)? {
                    0 => break,
                    read => missing -= read,
                }
            }
            // As loud as the detector knows speech, whatever the level of the recording.
            let first = levels.len();
            levels.extend(samples.chunks(HOP).map(level::rms));
            let loudest = levels[first..].iter().copied().fold(0.0, f32::max);
            let gain = level::gain(loudest, level::noise_floor(&levels));
            for hop in samples.chunks_exact(HOP) {
                if detector.step_raised(hop, gain)? >= SPEECH_FROM {
                    found += 1;
                }
            }
            if found >= needed {
                return Ok(true);
            }
            if missing > 0 {
                break;
            }
        }
        Ok(false)
    }
}

//! Who speaks when: speech detection → windows of 1.6 s → speaker embeddings → pieces of one voice → groups of them → turns.
//!
//! The number of speakers is not given: groups that are less similar to each other than each is to itself are different
//! speakers. Overlapping speech is not separated: the louder speaker has the turn. The recording is read once, piece by
//! piece; an hour leaves some 10 MB in memory.

mod attribute;
pub mod cluster;
mod stretches;
mod turns;
mod voices;

use std::ops::Range;
use std::sync::Arc;

pub use attribute::{Spoken, attribute};
pub use turns::Turn;

use crate::contract::{Engine, Steps};
use crate::graph::loader::GraphLoader;
use crate::speaker::{self, HOP_SAMPLES, MELS, RATE_HZ, Speaker, WINDOW};
use crate::vad::{self, Silero};
use stretches::{LOUDNESS_SAMPLES, Stretches};
use turns::Stretch;
use vocabox_audio::pcm::Samples;
use vocabox_base::fault::Fault;
use vocabox_pack::Pack;
use voices::WindowEmbedding;

/// Hops from one window to the next: 0.4 s.
const STEP: usize = 40;
/// Hops after a stretch's last window that justify one more window: 0.1 s.
const REST_MIN: usize = 10;
const WINDOW_SAMPLES: usize = WINDOW * HOP_SAMPLES;

/// Diarizes: sound at 16 kHz → who speaks when.
pub type Diarize = dyn Engine<Task = Box<dyn Samples>, Output = Diarized>;

/// The turns of the speakers of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Diarized {
    /// Length of the recording in seconds.
    pub seconds: f64,
    /// The number of speakers.
    pub speakers: usize,
    /// Ordered, not overlapping.
    pub turns: Vec<Turn>,
    /// Where there is speech, in samples at 16 kHz: ordered, not touching.
    pub speech: Vec<Range<usize>>,
}

/// Returns the name of the speaker with this number, as the API gives it.
pub fn name(speaker: usize) -> String {
    format!("SPEAKER_{speaker:02}")
}

/// The detector and the encoder.
struct Diarizer {
    detector: Silero,
    speaker: Speaker,
}

/// Builds the diarizer from the pack of a speaker encoder and that of a speech detector.
pub fn build(pack: &Pack, detector: &Pack, graphs: &GraphLoader) -> Result<Arc<Diarize>, Fault> {
    Ok(Arc::new(Diarizer {
        detector: vad::build(detector, graphs)?,
        speaker: Speaker::of(pack, graphs)?,
    }))
}

impl Engine for Diarizer {
    type Task = Box<dyn Samples>;
    type Output = Diarized;

    /// Faults: `Invalid` for sound that is not at 16 kHz, and those of reading it.
    fn run(&self, audio: Box<dyn Samples>, steps: &dyn Steps) -> Result<Diarized, Fault> {
        if audio.rate_hz() != RATE_HZ {
            return Err(Fault::invalid("the recording must be at 16000 Hz"));
        }
        let mut stretches = Stretches::new(audio, self.detector.fork());
        let mut speech: Vec<Range<usize>> = Vec::new();
        let mut embeddings: Vec<WindowEmbedding> = Vec::new();
        while let Some((start, samples)) = stretches.next(steps)? {
            let features = self.speaker.features(samples);
            let starts = starts(features.len() / MELS);
            let windows: Vec<Vec<f32>> = starts
                .iter()
                .map(|hop| speaker::window(&features, samples, *hop))
                .collect();
            let directions = self.speaker.directions(&windows, steps)?;
            for (hop, direction) in starts.into_iter().zip(directions) {
                // A stretch that is shorter than a window is used as a whole.
                let middle = (hop * HOP_SAMPLES + WINDOW_SAMPLES / 2)
                    .min(samples.len() - WINDOW_SAMPLES.min(samples.len()) / 2);
                embeddings.push(WindowEmbedding {
                    stretch: speech.len(),
                    middle_s: seconds(start + middle),
                    direction,
                });
            }
            speech.push(start..start + samples.len());
        }
        let length_s = seconds(stretches.samples_read());
        let loudness = stretches.into_loudness();
        let at = |t: f64| (t * f64::from(RATE_HZ)) as usize / LOUDNESS_SAMPLES;
        let loud = |t: f64| loudness.get(at(t)).copied().unwrap_or(0.0);
        let turns = turns::turns(&scored(&speech, &embeddings), loud);
        Ok(Diarized {
            seconds: length_s,
            speakers: turns.iter().map(|t| t.speaker + 1).max().unwrap_or(0),
            turns,
            speech,
        })
    }
}

fn seconds(samples: usize) -> f64 {
    samples as f64 / f64::from(RATE_HZ)
}

/// Returns the starts of the windows of a stretch of `hops`: every `STEP`, and one more that ends with it.
fn starts(hops: usize) -> Vec<usize> {
    let last = hops.saturating_sub(WINDOW);
    let mut starts: Vec<usize> = (0..=last).step_by(STEP).collect();
    if last % STEP >= REST_MIN {
        starts.push(last);
    }
    starts
}

/// Returns the stretches of `speech` with the similarity of each of their windows to each speaker.
fn scored(speech: &[Range<usize>], embeddings: &[WindowEmbedding]) -> Vec<Stretch> {
    let voices = voices::voices(embeddings);
    let mut all: Vec<Stretch> = speech
        .iter()
        .map(|range| Stretch {
            time_s: seconds(range.start)..seconds(range.end),
            windows: Vec::new(),
        })
        .collect();
    for embedding in embeddings {
        let scores = voices
            .iter()
            .map(|v| v.cosine(&embedding.direction))
            .collect();
        all[embedding.stretch]
            .windows
            .push((embedding.middle_s, scores));
    }
    all
}

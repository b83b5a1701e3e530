//! Who speaks when: local segmentation in overlapping windows → streams → pieces → speaker embeddings → voices → turns.
//!
//! The number of speakers is that of the voices that are less alike than pieces of one voice are, unless a request says more.
//! Where several speak at once, each has a turn. The recording is read once, window by window; an hour leaves some 2 MB in
//! memory.
//!
//! | file | one idea |
//! | --- | --- |
//! | `listening` | reads a recording, window by window |
//! | `stitching` | windows → streams whose speakers keep their numbers |
//! | `pieces` | a stream → pieces of one voice |
//! | `voices` | embeddings of pieces → voices |
//! | `cluster` | weighted vectors → groups |
//! | `turns` | pieces with voices → turns |
//! | `known` | voices of a recording → known speakers |
//! | `attribute` | words and turns → phrases of one speaker |

mod attribute;
pub mod cluster;
mod known;
mod listening;
mod pieces;
mod stitching;
mod turns;
mod voices;

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

pub use attribute::{Spoken, attribute};
pub use known::{Voiceprint, recognize};
pub use turns::Turn;

use crate::contract::{Engine, Steps};
use crate::graph::loader::GraphLoader;
use crate::segmentation::{self, FRAME_SAMPLES, RATE_HZ, Segmenter};
use crate::speaker::Speaker;
use listening::{Listening, first_sample};
use vocabox_audio::pcm::Samples;
use vocabox_base::fault::Fault;
use vocabox_pack::Pack;
use voices::EmbeddedPiece;

/// Seconds of a pause within a stretch of speech: transcription needs phrases and not words.
const PAUSE_S: f64 = 0.5;
/// Least seconds of a stretch of speech.
const SPEECH_S_MIN: f64 = 0.2;

/// Sound at 16 kHz, and what is known of its speakers.
pub struct DiarizeTask {
    pub audio: Box<dyn Samples>,
    /// Least and greatest number of speakers.
    pub speakers: RangeInclusive<usize>,
}

/// Any number of speakers.
pub const ANY_SPEAKERS: RangeInclusive<usize> = 1..=usize::MAX;

/// Diarizes: sound at 16 kHz → who speaks when.
pub type Diarize = dyn Engine<Task = DiarizeTask, Output = Diarized>;

/// The turns of the speakers of a recording.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Diarized {
    /// Length of the recording in seconds.
    pub seconds: f64,
    /// The number of speakers.
    pub speakers: usize,
    /// Ordered by their starts; those of several speakers may overlap.
    pub turns: Vec<Turn>,
    /// What each speaker sounds like.
    pub voiceprints: Vec<Voiceprint>,
    /// Where there is speech, in samples at 16 kHz: ordered, not touching.
    pub speech: Vec<Range<usize>>,
}

impl Diarized {
    /// Returns where only `speaker` speaks, in seconds: ordered, not touching.
    pub fn alone(&self, speaker: usize) -> Vec<Range<f64>> {
        let mut alone = Vec::new();
        for turn in self.turns.iter().filter(|t| t.speaker == speaker) {
            let mut from_s = turn.start_s;
            for other in self.turns.iter().filter(|t| t.speaker != speaker) {
                if other.end_s <= from_s || other.start_s >= turn.end_s {
                    continue;
                }
                if other.start_s > from_s {
                    alone.push(from_s..other.start_s);
                }
                from_s = other.end_s;
            }
            if turn.end_s > from_s {
                alone.push(from_s..turn.end_s);
            }
        }
        alone
    }
}

/// Returns the name of the speaker with this number, as the API gives it.
pub fn name(speaker: usize) -> String {
    format!("SPEAKER_{speaker:02}")
}

/// The segmenter and the encoder.
struct Diarizer {
    segmenter: Segmenter,
    speaker: Speaker,
}

/// Builds the diarizer from the pack of a speaker encoder and that of a segmenter.
pub fn build(pack: &Pack, segmenter: &Pack, graphs: &GraphLoader) -> Result<Arc<Diarize>, Fault> {
    Ok(Arc::new(Diarizer {
        segmenter: segmentation::build(segmenter, graphs)?,
        speaker: Speaker::of(pack, graphs)?,
    }))
}

impl Engine for Diarizer {
    type Task = DiarizeTask;
    type Output = Diarized;

    /// Faults: `Invalid` for sound that is not at 16 kHz, and those of reading it.
    fn run(&self, task: DiarizeTask, steps: &dyn Steps) -> Result<Diarized, Fault> {
        if task.audio.rate_hz() != RATE_HZ {
            return Err(Fault::invalid("the recording must be at 16000 Hz"));
        }
        let mut listening = Listening::new(task.audio, &self.segmenter);
        let mut pieces: Vec<EmbeddedPiece> = Vec::new();
        let mut active: Vec<Range<usize>> = Vec::new();
        while let Some(heard) = listening.next(steps)? {
            for part in heard {
                active.push(part.piece.frames.clone());
                let clean_frames = part.piece.clean_frames();
                if let Some(direction) = self.speaker.direction(&part.samples, steps)? {
                    pieces.push(EmbeddedPiece {
                        stream: part.piece.stream,
                        start_s: seconds(first_sample(part.piece.frames.start)),
                        end_s: seconds(first_sample(part.piece.frames.end)),
                        clean_s: seconds(clean_frames * FRAME_SAMPLES) as f32,
                        direction,
                    });
                }
            }
        }
        let length = listening.samples_read();
        pieces.sort_by(|a, b| f64::total_cmp(&a.start_s, &b.start_s));
        let voices = voices::voices(&pieces, &task.speakers, steps)?;
        let spoken = pieces.iter().zip(&voices).map(|(piece, voice)| Turn {
            start_s: piece.start_s,
            end_s: piece.end_s.min(seconds(length)),
            speaker: *voice,
        });
        let (turns, order) = turns::turns(spoken.collect());
        let of = |voice: &usize| voices::voiceprint(&pieces, &voices, *voice);
        Ok(Diarized {
            seconds: seconds(length),
            speakers: order.len(),
            voiceprints: order.iter().map(of).collect(),
            turns,
            speech: stretches(active, length),
        })
    }
}

fn seconds(samples: usize) -> f64 {
    samples as f64 / f64::from(RATE_HZ)
}

/// Returns the stretches of speech, in samples of a recording of `length`, of frames in which a stream is active.
fn stretches(mut active: Vec<Range<usize>>, length: usize) -> Vec<Range<usize>> {
    let samples = |s: f64| (s * f64::from(RATE_HZ)) as usize;
    active.sort_by_key(|frames| frames.start);
    let mut all: Vec<Range<usize>> = Vec::new();
    for frames in active {
        let (start, end) = (
            first_sample(frames.start),
            first_sample(frames.end).min(length),
        );
        match all.last_mut() {
            Some(last) if start <= last.end + samples(PAUSE_S) => last.end = last.end.max(end),
            _ => all.push(start..end),
        }
    }
    all.retain(|stretch| stretch.len() >= samples(SPEECH_S_MIN));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_speaks_alone_is_told_from_who_is_overlapped() {
        let turn = |(start_s, end_s, speaker)| Turn {
            start_s,
            end_s,
            speaker,
        };
        let turns = [(0.0, 6.0, 0), (2.0, 3.0, 1), (5.0, 8.0, 1), (9.0, 10.0, 0)];
        let heard = Diarized {
            turns: turns.into_iter().map(turn).collect(),
            ..Diarized::default()
        };
        assert_eq!(heard.alone(0), [0.0..2.0, 3.0..5.0, 9.0..10.0]);
        assert_eq!(heard.alone(1), [6.0..8.0]);
    }

    #[test]
    fn stretches_bridge_short_pauses_and_drop_specks() {
        let frames = pieces::frames;
        let active = vec![
            frames(3.0)..frames(4.0),
            frames(1.0)..frames(2.8),
            frames(10.0)..frames(10.1),
            frames(20.0)..frames(30.0),
        ];
        let found = stretches(active, 21 * RATE_HZ as usize);
        let at = |s: f64| first_sample(frames(s));
        assert_eq!(found, [at(1.0)..at(4.0), at(20.0)..21 * RATE_HZ as usize]);
    }
}

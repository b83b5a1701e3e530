//! Recordings whose channels are speakers, as of telephone calls.

use crate::engine::contract::{Segment, Transcript};
use crate::engine::diarization;
use crate::fault::Fault;

/// A segment and the name of its speaker.
pub type LabelledSegment = (Segment, Option<String>);

/// How many times a recording of so many channels is transcribed. Fault: `Invalid` for one that has no two sides.
pub fn split_sides(is_split: bool, channels: usize) -> Result<usize, Fault> {
    match (is_split, channels) {
        (false, _) => Ok(1),
        (true, 1 | 2) => Ok(channels),
        (true, _) => Err(Fault::invalid(format!(
            "channels is split; the recording has {channels} channels, and 1 or 2 are accepted"
        ))),
    }
}

/// The transcripts of a recording's channels.
#[derive(Default)]
pub struct ChannelTranscripts(Vec<Transcript>);

impl ChannelTranscripts {
    /// Adds that of the next channel.
    pub fn add(&mut self, transcript: Transcript) {
        self.0.push(transcript);
    }

    /// The language of the first one that has words.
    pub fn language(&self) -> Option<String> {
        let spoken = self
            .0
            .iter()
            .find(|transcript| !transcript.segments.is_empty());
        spoken.map(|transcript| transcript.language.clone())
    }

    /// All in one, in the order of their times, and the same segments with each channel as a speaker.
    pub fn merged(self) -> (Transcript, Vec<LabelledSegment>) {
        let mut merged = Transcript {
            language: self.language().unwrap_or_default(),
            seconds: 0.0,
            segments: Vec::new(),
        };
        let mut all = Vec::new();
        for (channel, transcript) in self.0.into_iter().enumerate() {
            if merged.language.is_empty() {
                merged.language = transcript.language;
            }
            merged.seconds = transcript.seconds.max(merged.seconds);
            let speaker = Some(diarization::name(channel));
            all.extend(
                transcript
                    .segments
                    .into_iter()
                    .map(|segment| (segment, speaker.clone())),
            );
        }
        all.sort_by(|a: &LabelledSegment, b| a.0.start_s.total_cmp(&b.0.start_s));
        merged.segments = all.iter().map(|(segment, _)| segment.clone()).collect();
        (merged, all)
    }
}

//! Reads a recording once, window by window, and returns its pieces with their sound. Holds some 20 s in memory.

use super::pieces::{SpeakerPiece, SpeakerPieces};
use super::stitching::{STEP, Stitching};
use crate::contract::Steps;
use crate::segmentation::{
    Activity, FIRST_SAMPLE, FRAME_SAMPLES, FRAMES, SPEAKERS, Segmenter, WINDOW_SAMPLES,
};
use vocabox_audio::pcm::Samples;
use vocabox_base::fault::Fault;

/// A window without a sample above this level (−70 dBFS) is not looked at: the model can hear voices in the last bits of
/// silence.
const SILENCE: f32 = 3e-4;

/// A recording that is being read.
pub struct Listening<'a> {
    audio: Box<dyn Samples>,
    segmenter: &'a Segmenter,
    /// Samples from `base` on.
    buffer: Vec<f32>,
    base: usize,
    /// Samples that were read.
    read: usize,
    ended: bool,
    /// Windows that were looked at.
    windows: usize,
    stitching: Stitching,
    pieces: SpeakerPieces,
    /// Frames that the pieces have taken.
    taken: usize,
}

/// A piece, and the sound of its clean frames; of all its frames where hardly any is clean.
pub struct HeardPiece {
    pub piece: SpeakerPiece,
    pub samples: Vec<f32>,
}

/// Least clean frames by which a piece is embedded, 0.3 s.
const CLEAN_MIN: usize = super::pieces::frames(0.3);

impl<'a> Listening<'a> {
    /// Returns the pieces of `audio`, which must be at 16 kHz.
    pub fn new(audio: Box<dyn Samples>, segmenter: &'a Segmenter) -> Self {
        Listening {
            audio,
            segmenter,
            buffer: Vec::new(),
            base: 0,
            read: 0,
            ended: false,
            windows: 0,
            stitching: Stitching::default(),
            pieces: SpeakerPieces::default(),
            taken: 0,
        }
    }

    /// Returns the samples of the recording that were read so far.
    pub fn samples_read(&self) -> usize {
        self.read
    }

    /// Returns the pieces that end in the next 5 s; none at the end of the recording. Faults: those of reading, of the
    /// segmenter and of `steps`.
    pub fn next(&mut self, steps: &dyn Steps) -> Result<Option<Vec<HeardPiece>>, Fault> {
        let start = self.windows * STEP * FRAME_SAMPLES;
        let is_over = self.ended
            && self.windows > 0
            && start + WINDOW_SAMPLES - STEP * FRAME_SAMPLES >= self.read;
        if is_over {
            return Ok(None);
        }
        self.fill(start + WINDOW_SAMPLES, steps)?;
        let from = (start - self.base).min(self.buffer.len());
        let until = (from + WINDOW_SAMPLES).min(self.buffer.len());
        let sound = &self.buffer[from..until];
        let activity = match sound.iter().any(|s| s.abs() > SILENCE) {
            true => {
                let mut window = sound.to_vec();
                window.resize(WINDOW_SAMPLES, 0.0);
                self.segmenter.window(&window, steps)?
            }
            false => vec![[0.0; SPEAKERS]; FRAMES],
        };
        self.windows += 1;
        let mut activity = self.stitching.add(activity);
        let start = self.windows * STEP * FRAME_SAMPLES;
        let is_last = self.ended && start + WINDOW_SAMPLES - STEP * FRAME_SAMPLES >= self.read;
        let mut ended = Vec::new();
        if is_last {
            activity.extend(std::mem::take(&mut self.stitching).finish());
        }
        for frame in activity {
            ended.extend(self.take(frame));
        }
        if is_last {
            ended.extend(std::mem::take(&mut self.pieces).finish());
        }
        let heard = ended.into_iter().map(|piece| self.heard(piece)).collect();
        if !is_last {
            let needed = first_sample(self.pieces.needed_from()).min(start);
            let done = (needed - self.base).min(self.buffer.len());
            self.buffer.drain(..done);
            self.base = needed;
        }
        Ok(Some(heard))
    }

    /// Gives the next frame to the pieces; frames after the end of the recording have no speech.
    fn take(&mut self, activity: Activity) -> Vec<SpeakerPiece> {
        let is_inside = first_sample(self.taken) + FRAME_SAMPLES / 2 < self.read;
        self.taken += 1;
        match is_inside {
            true => self.pieces.add(activity),
            false => self.pieces.add([0.0; SPEAKERS]),
        }
    }

    /// Reads until the sample `until` of the recording, or its end.
    fn fill(&mut self, until: usize, steps: &dyn Steps) -> Result<(), Fault> {
        while !self.ended && self.base + self.buffer.len() < until {
            steps.check()?;
            let missing = until - self.base - self.buffer.len();
            let got = self.audio.read(&mut self.buffer, missing)?;
            self.read += got;
            self.ended = got == 0;
        }
        Ok(())
    }

    fn heard(&self, piece: SpeakerPiece) -> HeardPiece {
        let ranges = match piece.clean_frames() >= CLEAN_MIN {
            true => piece.clean.as_slice(),
            false => std::slice::from_ref(&piece.frames),
        };
        let mut samples = Vec::new();
        for frames in ranges {
            let at = |frame: usize| (first_sample(frame) - self.base).min(self.buffer.len());
            samples.extend_from_slice(&self.buffer[at(frames.start)..at(frames.end)]);
        }
        HeardPiece { piece, samples }
    }
}

/// Returns the sample of the recording at which a frame starts.
pub fn first_sample(frame: usize) -> usize {
    FIRST_SAMPLE + frame * FRAME_SAMPLES
}

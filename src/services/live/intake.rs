//! Bytes of sound as they arrive → samples at the rate of a session, piece by piece.

use super::RATE_HZ;
use crate::audio::dsp::resample::Feed;
use crate::audio::g711::{a_law, mu_law};
use crate::fault::Fault;

/// Bytes that are read at once, a tenth of a second at the highest usual rate: the piece that they make has less than the half
/// second that a session takes.
const PIECE_BYTES: usize = 9_600;

/// How samples are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveCoding {
    /// 16 bits, the lower byte first.
    Linear,
    MuLaw,
    ALaw,
}

/// Sound of one channel on its way into a session.
pub struct SoundIntake {
    coding: LiveCoding,
    rate_hz: u32,
    feed: Feed,
    bytes: Vec<u8>,
    /// How many of them are read.
    at: usize,
    /// Samples that the session has not taken.
    piece: Vec<f32>,
}

impl SoundIntake {
    /// Returns an intake of sound with so many samples a second. Faults: `Internal` when the rate is 0.
    pub fn new(coding: LiveCoding, rate_hz: u32) -> Result<Self, Fault> {
        Ok(SoundIntake {
            coding,
            rate_hz,
            feed: Feed::new(rate_hz, RATE_HZ, 1)?,
            bytes: Vec::new(),
            at: 0,
            piece: Vec::new(),
        })
    }

    /// Adds bytes, which may end within a sample.
    pub fn add(&mut self, bytes: Vec<u8>) {
        self.bytes.drain(..self.at);
        self.at = 0;
        match self.bytes.is_empty() {
            true => self.bytes = bytes,
            false => self.bytes.extend(bytes),
        }
    }

    /// Returns the next piece, empty when there is none. Faults: `Internal`.
    pub fn piece(&mut self) -> Result<&[f32], Fault> {
        while self.piece.is_empty() {
            let most = self.bytes.len().min(self.at + PIECE_BYTES);
            let block = &self.bytes[self.at..most];
            let samples: Vec<f32> = match self.coding {
                LiveCoding::Linear => {
                    let pairs = block.chunks_exact(2);
                    let sample = |pair: &[u8]| i16::from_le_bytes([pair[0], pair[1]]);
                    pairs
                        .map(|pair| f32::from(sample(pair)) / 32_768.0)
                        .collect()
                }
                LiveCoding::MuLaw => block.iter().map(|byte| mu_law(*byte)).collect(),
                LiveCoding::ALaw => block.iter().map(|byte| a_law(*byte)).collect(),
            };
            if samples.is_empty() {
                break;
            }
            self.at += samples.len() * self.coding.bytes();
            self.feed.push(&samples, &mut self.piece)?;
        }
        Ok(&self.piece)
    }

    /// Drops the piece, which the session has taken.
    pub fn taken(&mut self) {
        self.piece.clear();
        if self.at + self.coding.bytes() > self.bytes.len() {
            // A long message need not be kept for half a sample.
            self.bytes = self.bytes.split_off(self.at);
            self.at = 0;
        }
    }

    /// Makes a piece of what the filter of the resampler holds back: the sound ends here, or goes on anew. Every piece before was
    /// taken. Faults: `Internal`.
    pub fn flush(&mut self) -> Result<(), Fault> {
        let mut feed = Feed::new(self.rate_hz, RATE_HZ, 1)?;
        std::mem::swap(&mut feed, &mut self.feed);
        feed.finish(&mut self.piece)
    }

    /// Drops all that was not taken. Faults: `Internal`.
    pub fn clear(&mut self) -> Result<(), Fault> {
        *self = SoundIntake::new(self.coding, self.rate_hz)?;
        Ok(())
    }
}

impl LiveCoding {
    fn bytes(self) -> usize {
        match self {
            LiveCoding::Linear => 2,
            LiveCoding::MuLaw | LiveCoding::ALaw => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(intake: &mut SoundIntake) -> Vec<f32> {
        let mut all = Vec::new();
        while !intake.piece().unwrap().is_empty() {
            assert!(intake.piece().unwrap().len() <= RATE_HZ as usize / 2);
            all.extend_from_slice(intake.piece().unwrap());
            intake.taken();
        }
        all
    }

    #[test]
    fn sound_is_the_same_in_whatever_parts_it_comes() {
        let tone = |n: usize| (n as f32 * 0.05).sin() * 0.5;
        let samples: Vec<i16> = (0..48_000).map(|n| (tone(n) * 32_767.0) as i16).collect();
        let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
        let whole = |parts: usize| {
            let mut intake = SoundIntake::new(LiveCoding::Linear, 24_000).unwrap();
            let mut all = Vec::new();
            for part in bytes.chunks(parts) {
                intake.add(part.to_vec());
                all.extend(taken(&mut intake));
            }
            intake.flush().unwrap();
            all.extend(taken(&mut intake));
            all
        };
        let (first, second) = (whole(bytes.len()), whole(777));
        assert_eq!(first.len(), 32_000);
        assert_eq!(first, second);
        let at = |n: usize| (n as f32 * 0.075).sin() * 0.5;
        assert!((8_000..9_000).all(|n| (first[n] - at(n)).abs() < 1e-3));
    }

    #[test]
    fn what_is_cleared_is_gone() {
        let mut intake = SoundIntake::new(LiveCoding::MuLaw, 8_000).unwrap();
        intake.add(vec![0x80; 8_001]);
        assert!(!intake.piece().unwrap().is_empty());
        intake.clear().unwrap();
        assert!(taken(&mut intake).is_empty());
        intake.add(vec![0xFF; 4_000]);
        assert!(taken(&mut intake).iter().all(|sample| *sample == 0.0));
    }
}

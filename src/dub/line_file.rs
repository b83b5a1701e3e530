//! Spoken lines in a temporary file until they are mixed, so that hours of lines take no memory.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};

use super::original::RATE_HZ;
use crate::audio::Clip;
use crate::fault::Fault;

/// Largest 16-bit sample.
const FULL_SCALE: f32 = 32_767.0;

/// The lines, as 16-bit samples at [`RATE_HZ`].
pub struct LineFile {
    file: File,
    /// For each line, the offset of its first byte and its number of samples.
    index: Vec<(u64, u64)>,
    end: u64,
}

impl LineFile {
    /// No lines yet; `file`, which must be empty, will hold them.
    pub fn new(file: File) -> Self {
        LineFile {
            file,
            index: Vec::new(),
            end: 0,
        }
    }

    /// Adds the next line. Faults: those of [`Fault::disk`].
    pub fn add(&mut self, samples: &[f32]) -> Result<(), Fault> {
        let bytes: Vec<u8> = samples
            .iter()
            .flat_map(|s| ((s.clamp(-1.0, 1.0) * FULL_SCALE) as i16).to_le_bytes())
            .collect();
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.end)).map_err(Fault::disk)?;
        file.write_all(&bytes).map_err(Fault::disk)?;
        self.index.push((self.end, samples.len() as u64));
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Number of samples of line `number`.
    pub fn samples(&self, number: usize) -> u64 {
        self.index.get(number).map_or(0, |line| line.1)
    }

    /// The sound of line `number`; empty if there is no such line. Faults: those of [`Fault::disk`].
    pub fn get(&self, number: usize) -> Result<Clip, Fault> {
        let (from, samples) = self.index.get(number).copied().unwrap_or_default();
        let mut file = &self.file;
        file.seek(SeekFrom::Start(from)).map_err(Fault::disk)?;
        let mut bytes = vec![0; 2 * samples as usize];
        BufReader::new(file)
            .read_exact(&mut bytes)
            .map_err(Fault::disk)?;
        let sample = |b: &[u8]| f32::from(i16::from_le_bytes([b[0], b[1]])) / FULL_SCALE;
        Ok(Clip {
            samples: bytes.chunks_exact(2).map(sample).collect(),
            rate_hz: RATE_HZ,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_in_any_order() {
        let mut waiting = LineFile::new(tempfile::tempfile().unwrap());
        waiting.add(&[0.5, -0.5]).unwrap();
        waiting.add(&[]).unwrap();
        assert!(waiting.get(1).unwrap().samples.is_empty());
        waiting.add(&[1.0, 2.0, -2.0]).unwrap();
        let last = waiting.get(2).unwrap().samples;
        assert_eq!(last, [1.0, 1.0, -1.0]);
        let first = waiting.get(0).unwrap().samples;
        assert!((first[0] - 0.5).abs() < 1e-4 && (first[1] + 0.5).abs() < 1e-4);
        assert_eq!((waiting.samples(2), waiting.samples(9)), (3, 0));
    }
}

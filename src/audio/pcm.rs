//! Samples and their rate: what every other part of the server hands around.

use vocabox_base::fault::Fault;

/// Mono sound held whole: samples in [−1, 1] at `rate_hz`.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    pub samples: Vec<f32>,
    pub rate_hz: u32,
}

impl Clip {
    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate_hz)
    }

    /// `pieces` of one rate after one another; none when there are none.
    pub fn joined(pieces: impl IntoIterator<Item = Clip>) -> Option<Clip> {
        let pieces: Vec<Clip> = pieces.into_iter().collect();
        let rate_hz = pieces.first()?.rate_hz;
        let length = pieces.iter().map(|piece| piece.samples.len()).sum();
        // At its size from the start: minutes of speech would leave as much again behind while it grows.
        let mut samples = Vec::with_capacity(length);
        pieces
            .into_iter()
            .for_each(|piece| samples.extend(piece.samples));
        Some(Clip { samples, rate_hz })
    }
}

/// Mono sound that is read piece by piece, so that a long recording is never whole in memory.
pub trait Samples: Send {
    /// Samples a second of what [`Samples::read`] gives.
    fn rate_hz(&self) -> u32;

    /// Appends up to `most` samples in [−1, 1] to `out` and returns how many; 0 only at the end.
    ///
    /// Faults: `Invalid` when the recording turns out to be undecodable or longer than is accepted.
    fn read(&mut self, out: &mut Vec<f32>, most: usize) -> Result<usize, Fault>;
}

/// A clip read from its start.
pub struct ClipReader {
    clip: Clip,
    at: usize,
}

impl From<Clip> for ClipReader {
    fn from(clip: Clip) -> Self {
        ClipReader { clip, at: 0 }
    }
}

impl Samples for ClipReader {
    fn rate_hz(&self) -> u32 {
        self.clip.rate_hz
    }

    fn read(&mut self, out: &mut Vec<f32>, most: usize) -> Result<usize, Fault> {
        let end = self.clip.samples.len().min(self.at + most);
        out.extend_from_slice(&self.clip.samples[self.at..end]);
        let read = end - self.at;
        self.at = end;
        Ok(read)
    }
}

/// Reads `samples` to the end. Bounded only by what the source bounds: see `decode::open`'s `most_seconds`.
///
/// Faults: those of [`Samples::read`].
pub fn read_all(samples: &mut dyn Samples) -> Result<Clip, Fault> {
    let mut all = Vec::new();
    while samples.read(&mut all, 1 << 16)? > 0 {}
    Ok(Clip {
        samples: all,
        rate_hz: samples.rate_hz(),
    })
}

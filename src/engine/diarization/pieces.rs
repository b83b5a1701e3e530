//! Cuts the activity of each stream into pieces: a few seconds without a pause, of one voice as far as the segmentation can
//! tell.
//!
//! Pieces are short because a stream may change its speaker at a pause, and long enough for an embedding. Memory does not
//! grow with the recording.

use std::ops::Range;

use crate::segmentation::{Activity, FRAME_SAMPLES, RATE_HZ, SPEAKERS};

/// Probability from which a speaker speaks.
const ACTIVE: f32 = 0.5;
/// Frames of a pause within a piece: 0.25 s.
const PAUSE: usize = frames(0.25);
/// Frames of a piece that is not the rest of a longer run: 4 s.
const LENGTH_MAX: usize = frames(4.0);

/// Frames of this many seconds, rounded down.
pub const fn frames(seconds: f64) -> usize {
    (seconds * RATE_HZ as f64) as usize / FRAME_SAMPLES
}

/// Some seconds of one stream; frames from the start of the recording.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeakerPiece {
    pub stream: usize,
    pub frames: Range<usize>,
    /// Where no other stream is active: ordered, not touching.
    pub clean: Vec<Range<usize>>,
}

impl SpeakerPiece {
    /// Returns the number of clean frames.
    pub fn clean_frames(&self) -> usize {
        self.clean.iter().map(ExactSizeIterator::len).sum()
    }

    /// Splits the piece at `frame`, inside it; returns the part before.
    fn split(&mut self, frame: usize) -> SpeakerPiece {
        let before = SpeakerPiece {
            stream: self.stream,
            frames: self.frames.start..frame,
            clean: within(&self.clean, 0..frame),
        };
        self.frames.start = frame;
        self.clean = within(&self.clean, frame..usize::MAX);
        before
    }
}

fn within(ranges: &[Range<usize>], bounds: Range<usize>) -> Vec<Range<usize>> {
    let cut = |r: &Range<usize>| r.start.max(bounds.start)..r.end.min(bounds.end);
    ranges.iter().map(cut).filter(|r| !r.is_empty()).collect()
}

/// The pieces that are still open, one a stream at most.
#[derive(Default)]
pub struct SpeakerPieces {
    frame: usize,
    open: [Option<SpeakerPiece>; SPEAKERS],
}

impl SpeakerPieces {
    /// Takes the activity of the next frame; returns the pieces that ended before it.
    pub fn add(&mut self, activity: Activity) -> Vec<SpeakerPiece> {
        let active = activity.map(|a| a > ACTIVE);
        let count = active.iter().filter(|a| **a).count();
        let frame = self.frame;
        self.frame += 1;
        let mut ended = Vec::new();
        for (stream, slot) in self.open.iter_mut().enumerate() {
            let others = count - usize::from(active[stream]);
            if let Some(piece) = slot {
                // Another voice in a pause ends the piece: what follows may be the voice after it.
                let is_interrupted = others > 0 && piece.frames.end < frame;
                if is_interrupted || frame - piece.frames.end > PAUSE {
                    ended.extend(slot.take().into_iter().flat_map(halves));
                }
            }
            if !active[stream] {
                continue;
            }
            let piece = slot.get_or_insert_with(|| SpeakerPiece {
                stream,
                frames: frame..frame,
                clean: Vec::new(),
            });
            piece.frames.end = frame + 1;
            if others == 0 {
                match piece.clean.last_mut() {
                    Some(last) if last.end == frame => last.end += 1,
                    _ => piece.clean.push(frame..frame + 1),
                }
            }
            if piece.frames.len() >= 2 * LENGTH_MAX {
                let until = piece.frames.start + LENGTH_MAX;
                ended.push(piece.split(until));
            }
        }
        ended
    }

    /// Returns the first frame that an open piece has.
    pub fn needed_from(&self) -> usize {
        let open = self.open.iter().flatten();
        open.map(|p| p.frames.start).min().unwrap_or(self.frame)
    }

    /// Returns the pieces that are open at the end.
    pub fn finish(self) -> Vec<SpeakerPiece> {
        self.open.into_iter().flatten().flat_map(halves).collect()
    }
}

/// Returns the piece, in two halves where it is longer than `LENGTH_MAX`.
fn halves(mut piece: SpeakerPiece) -> Vec<SpeakerPiece> {
    match piece.frames.len() {
        0..=LENGTH_MAX => vec![piece],
        length => {
            let first = piece.split(piece.frames.start + length / 2);
            vec![first, piece]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces of streams that are active in these frames, and the least frame that was needed after each frame.
    fn cut(spans: &[(usize, Range<usize>)], length: usize) -> Vec<SpeakerPiece> {
        let mut pieces = SpeakerPieces::default();
        let mut all = Vec::new();
        for frame in 0..length {
            let mut activity = [0.0; SPEAKERS];
            for (stream, span) in spans {
                if span.contains(&frame) {
                    activity[*stream] = 0.9;
                }
            }
            all.extend(pieces.add(activity));
            assert!(frame - pieces.needed_from().min(frame) < 2 * LENGTH_MAX);
        }
        all.extend(pieces.finish());
        all
    }

    #[test]
    fn a_short_pause_stays_in_a_piece_unless_another_speaks_in_it() {
        let found = cut(&[(0, 10..50), (0, 60..100)], 200);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].frames.clone(), found[0].clean_frames()),
            (10..100, 80)
        );
        assert_eq!(cut(&[(0, 10..50), (0, 60..100), (1, 52..58)], 200).len(), 3);
        let found = cut(&[(0, 10..50), (0, 50 + PAUSE + 1..100)], 200);
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn overlapped_frames_are_not_clean() {
        let found = cut(&[(0, 0..100), (1, 80..150)], 160);
        let clean =
            |piece: &SpeakerPiece| (piece.stream, piece.clean[0].clone(), piece.clean.len());
        let clean: Vec<_> = found.iter().map(clean).collect();
        assert_eq!(clean, [(0, 0..80, 1), (1, 100..150, 1)]);
    }

    #[test]
    fn long_speech_is_cut_and_no_part_is_tiny() {
        let found = cut(&[(2, 5..5 + 5 * LENGTH_MAX + 7)], 7 * LENGTH_MAX);
        let lengths: Vec<usize> = found.iter().map(|p| p.frames.len()).collect();
        assert_eq!(lengths.iter().sum::<usize>(), 5 * LENGTH_MAX + 7);
        let whole = LENGTH_MAX / 2..=LENGTH_MAX;
        assert!(lengths.iter().all(|l| whole.contains(l)), "{lengths:?}");
        assert!(
            found
                .windows(2)
                .all(|w| w[0].frames.end == w[1].frames.start)
        );
    }
}

//! Speech cut at pauses, so that tasks are short.

use std::ops::Range;

/// Most samples of a stretch, unless speech continues for longer without a pause: 30 s at 16 kHz. Recognizers work in
/// windows of 30 s, and a request waits for one stretch at most.
const LENGTH_MAX: usize = 30 * 16_000;
/// Samples of silence that are kept around speech, if there are as many: 0.3 s.
const AROUND: usize = 16_000 * 3 / 10;

/// Stretches that hold all of `speech` (ordered, not touching, in samples at 16 kHz) of a recording of `length`
/// samples; each holds as many regions as fit. They are ordered and do not overlap.
pub fn stretches(speech: &[Range<usize>], length: usize) -> Vec<Range<usize>> {
    let mut all: Vec<Range<usize>> = Vec::new();
    for (at, region) in speech.iter().enumerate() {
        // Each side of a pause gets at most half of it.
        let before = match at {
            0 => region.start,
            _ => (region.start - speech[at - 1].end) / 2,
        };
        let after = match speech.get(at + 1) {
            None => length.saturating_sub(region.end),
            Some(next) => (next.start - region.end) / 2,
        };
        let start = region.start - before.min(AROUND);
        let end = region.end + after.min(AROUND);
        match all.last_mut() {
            Some(last) if end - last.start <= LENGTH_MAX => last.end = end,
            _ => all.push(start..end),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_hold_all_speech_and_end_at_pauses() {
        let s = |at: usize| at * 16_000;
        let speech = [
            s(1)..s(10),
            s(11)..s(28),
            s(30)..s(55),
            s(55) + 1_000..s(100),
        ];
        let found = stretches(&speech, s(101));
        let around = AROUND;
        assert_eq!(
            found,
            [
                s(1) - around..s(28) + around,
                s(30) - around..s(55) + 500,
                s(55) + 500..s(100) + around,
            ]
        );
        assert!(stretches(&[], 5).is_empty());
        assert_eq!(
            stretches(&speech[..1], s(11))[0],
            s(1) - around..s(10) + around
        );
    }
}

//! Damaged recordings of every format: an answer or a refusal, never a panic, and soon. The corpus is that of `scripts/fuzz`.

use std::io::Cursor;
use std::path::Path;
use std::time::{Duration, Instant};

use vocabox::audio::{self, pcm};
use vocabox::fault::Kind;

/// Damages of each file.
const ROUNDS: usize = 150;
/// Longest that a file of some KiB may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest recording that is accepted.
const SECONDS_MAX: f64 = 60.0;

/// Numerical Recipes' generator: the same damages each time.
pub struct Dice(pub u32);

impl Dice {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize % bound.max(1)
    }
}

/// Breaks `whole` off, changes bytes, mostly near its start where its tables are, puts extremes where lengths may stand, or
/// repeats a stretch.
pub fn damaged(whole: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut file = whole.to_vec();
    match dice.below(4) {
        0 => file.truncate(dice.below(whole.len())),
        1 => {
            for _ in 0..=dice.below(12) {
                let at = dice.below(file.len().min(400));
                file[at] = dice.below(256) as u8;
            }
        }
        2 => {
            let extremes = [0x00, 0x7f, 0x80, 0xff];
            let at = dice.below(file.len().saturating_sub(8));
            let count = [2, 4, 8][dice.below(3)];
            file[at..at + count].fill(extremes[dice.below(4)]);
        }
        _ => {
            let from = dice.below(file.len());
            let stretch = file[from..(from + dice.below(2_000)).min(file.len())].to_vec();
            let at = dice.below(file.len());
            file.splice(at..at, stretch);
        }
    }
    file
}

#[test]
fn damaged_recordings_are_decoded_or_refused_and_soon() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/fuzz/corpus/decode");
    let mut names: Vec<_> = std::fs::read_dir(&corpus)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    assert!(names.len() >= 20, "{names:?}");
    let (mut heard, mut refused) = (0, 0);
    for (seed, path) in names.iter().enumerate() {
        let whole = std::fs::read(path).unwrap();
        let decode = |file: Vec<u8>| {
            let mut sound = audio::open_speech(Cursor::new(file), 16_000, SECONDS_MAX)?;
            pcm::read_all(sound.as_mut())
        };
        let sound = decode(whole.clone()).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert!(
            (0.2..0.35).contains(&sound.seconds()),
            "{}: {} s",
            path.display(),
            sound.seconds()
        );
        let mut dice = Dice(seed as u32);
        for round in 0..ROUNDS {
            let file = damaged(&whole, &mut dice);
            let begun = Instant::now();
            let made = std::panic::catch_unwind(|| decode(file));
            let took = begun.elapsed();
            let what = format!("{}, round {round}", path.display());
            assert!(took < PATIENCE, "{what} took {took:?}");
            match made.unwrap_or_else(|_| panic!("{what} panicked")) {
                Ok(clip) => {
                    heard += 1;
                    assert!(clip.samples.iter().all(|x| x.is_finite()), "{what}");
                    assert!(clip.seconds() <= SECONDS_MAX + 1.0, "{what}");
                }
                Err(fault) => {
                    refused += 1;
                    assert_eq!(fault.kind, Kind::Invalid, "{what}: {fault}");
                }
            }
        }
    }
    println!("{heard} heard, {refused} refused");
    assert!(
        heard > 300 && refused > 300,
        "{heard} heard, {refused} refused"
    );
}

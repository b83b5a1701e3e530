//! Lines that were spoken, by all that decides how they sound: what did not change since the last render is not spoken again.

use std::io::Cursor;

use super::cast::{Role, Stage};
use super::fit;
use crate::audio::{Clip, decode, encode, pcm};
use crate::engine::contract::{Utterance, Watch};
use crate::fault::Fault;
use crate::limits;
use crate::text;
use crate::work::kept::Kept;

/// Raised when a change of ours makes lines sound otherwise.
const MAKING: &str = "1";
/// A line is spoken again when the speed that it needs is off by more than this from the one that it was given: less is made
/// good by stretching, and nobody hears it.
const OFF_MAX: f32 = 0.1;
/// Speeds are those of a scale of such steps, so that small changes of a line's room change nothing.
const STEP: f32 = 0.05;

/// A line as it was spoken.
#[derive(Debug)]
pub struct Spoken {
    pub clip: Clip,
    /// The speed that it was asked for with.
    pub speed: f32,
}

/// Counts of lines.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Spoken now.
    pub spoken: usize,
    /// Taken from what was spoken before.
    pub reused: usize,
}

/// Has `text` spoken by `role` so that it lasts about `own_s` seconds, or takes what was spoken so before. Faults: those of
/// [`Stage::say`].
pub fn line(
    stage: &dyn Stage,
    kept: &Kept,
    role: &Role,
    text: &str,
    own_s: f64,
    counts: &mut Counts,
    watch: &Watch,
) -> Result<Spoken, Fault> {
    let guess_s = text::language(&role.language).map_or(own_s, |l| text::seconds(text, l));
    let guess_s = guess_s / f64::from(role.utterance.speed);
    let speed = stepped(fit::speed(guess_s, own_s));
    let clip = said(stage, kept, role, text, speed, counts, watch)?;
    // Now it is known how long it takes.
    let natural_s = fit::spoken_s(&clip) * f64::from(speed);
    let needed = stepped(fit::speed(natural_s, own_s));
    if natural_s == 0.0 || (needed - speed).abs() <= OFF_MAX {
        return Ok(Spoken { clip, speed });
    }
    let clip = said(stage, kept, role, text, needed, counts, watch)?;
    Ok(Spoken {
        clip,
        speed: needed,
    })
}

fn stepped(speed: f32) -> f32 {
    ((speed / STEP).round() * STEP).clamp(fit::SPEED_MIN, fit::SPEED_MAX)
}

fn said(
    stage: &dyn Stage,
    kept: &Kept,
    role: &Role,
    text: &str,
    speed: f32,
    counts: &mut Counts,
    watch: &Watch,
) -> Result<Clip, Fault> {
    let mut is_new = false;
    let wav = kept.find_or_make(&name(role, text, speed), watch, || {
        is_new = true;
        let utterance = Utterance {
            text: text.to_owned(),
            speed: (role.utterance.speed * speed)
                .clamp(limits::SPEED_MIN as f32, limits::SPEED_MAX as f32),
            ..role.utterance.clone()
        };
        let clip = stage.say(&utterance, watch)?;
        encode::wav(&clip.samples, clip.rate_hz)
    })?;
    match is_new {
        true => counts.spoken += 1,
        false => counts.reused += 1,
    }
    let mut decoder = decode::open(Cursor::new(wav), limits::AUDIO_SECONDS_MAX)?;
    pcm::read_all(&mut decoder)
}

/// The name of the file: a hash of all that decides how the line sounds.
fn name(role: &Role, text: &str, speed: f32) -> String {
    let mut hash = blake3::Hasher::new();
    let speed = speed.to_bits().to_string();
    let version = env!("CARGO_PKG_VERSION");
    for part in [version, MAKING, &role.identity, &speed, text] {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    format!("{}.wav", hash.finalize().to_hex())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::store::AccountId;
    use crate::work::kept::Room;

    /// Says everything within that many seconds at speed 1, and notes the speeds.
    struct Toy(f64, Mutex<Vec<f32>>);

    impl Stage for Toy {
        fn say(&self, utterance: &Utterance, _: &Watch) -> Result<Clip, Fault> {
            self.1.lock().unwrap().push(utterance.speed);
            let count = (24_000.0 * self.0 / f64::from(utterance.speed)) as usize;
            let samples = (0..count).map(|n| 0.3 * (n as f32 * 0.1).sin()).collect();
            Ok(Clip {
                samples,
                rate_hz: 24_000,
            })
        }

        fn voice(&self, _: Option<AccountId>, _: &str, _: &str) -> Result<Role, Fault> {
            unreachable!("the role is there")
        }

        fn imitate(&self, _: &Clip, _: &str, _: &Watch) -> Result<Role, Fault> {
            unreachable!("the role is there")
        }

        fn stock(&self, _: &str) -> Vec<Role> {
            Vec::new()
        }
    }

    #[test]
    fn a_line_is_spoken_at_the_speed_that_it_needs_and_once_only() {
        let folder = tempfile::tempdir().unwrap();
        let room = Room {
            files_max: 99,
            bytes_max: 1 << 30,
        };
        let kept = Kept::open(folder.path().join("spoken"), room).unwrap();
        let watch = Watch::until(Instant::now() + Duration::from_secs(60));
        let toy = Toy(2.6, Mutex::default());
        let mut role = Role {
            voice_id: "a".to_owned(),
            utterance: Utterance::default(),
            language: "en-us".to_owned(),
            gender: String::new(),
            identity: "a".to_owned(),
        };
        let mut counts = Counts::default();
        let mut say = |role: &Role, text: &str, own_s: f64| {
            let before = counts;
            let spoken = line(&toy, &kept, role, text, own_s, &mut counts, &watch).unwrap();
            let (new, old) = (counts.spoken - before.spoken, counts.reused - before.reused);
            ((100.0 * spoken.speed).round() as u32, new, old)
        };
        // Some 25 letters: it should take less than 2 s, and takes 2.6.
        let text = "Good morning, all of you.";
        assert_eq!(say(&role, text, 2.02), (130, 2, 0));
        assert_eq!(say(&role, text, 2.02), (130, 0, 2));
        assert_eq!(say(&role, text, 2.03), (130, 0, 2), "speeds go by steps");
        assert_eq!(say(&role, "Good evening, all of you.", 2.02).1, 2);
        role.identity = "b".to_owned();
        assert_eq!(say(&role, text, 2.02).1, 2, "another voice");
        let speeds = toy.1.into_inner().unwrap();
        assert!(
            speeds.iter().all(|s| (0.8..=1.35).contains(s)),
            "{speeds:?}"
        );
    }
}

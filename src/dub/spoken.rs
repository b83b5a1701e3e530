//! Lines that were spoken, by all that decides how they sound: what did not change since the last render is not spoken again.

use std::collections::HashMap;
use std::io::Cursor;

use super::cast::{Role, Stage};
use super::fit;
use crate::audio::{Clip, decode, encode, pcm};
use crate::engine::contract::{CancellationToken, Utterance};
use crate::fault::Fault;
use crate::limits;
use crate::text;
use crate::work::kept::Kept;

/// Raised when a change of ours makes lines sound otherwise.
const MAKING: &str = "2";
/// A line is spoken again when the speed that it needs is off by more than this from the one that it was given: less is made
/// good by stretching, and nobody hears it.
const OFF_MAX: f32 = 0.1;
/// Rooms that differ by less than this part are one: small changes of a line's times change nothing.
const ROOM_STEP: f64 = 0.05;

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

/// Has the lines of one render spoken, and learns how long each role takes.
pub struct Speaking<'a> {
    stage: &'a dyn Stage,
    kept: &'a Kept,
    /// By the role's identity.
    paces: HashMap<String, Pace>,
    counts: Counts,
}

/// Seconds that texts were guessed to take, and those that they took.
#[derive(Debug, Default)]
struct Pace {
    guessed_s: f64,
    took_s: f64,
}

impl Pace {
    /// By how much the guess of a text is to be multiplied.
    fn factor(&self) -> f64 {
        match self.guessed_s > 0.0 && self.took_s > 0.0 {
            true => self.took_s / self.guessed_s,
            false => 1.0,
        }
    }
}

impl<'a> Speaking<'a> {
    /// Lines are spoken by `stage`, or taken from `kept`.
    pub fn new(stage: &'a dyn Stage, kept: &'a Kept) -> Self {
        Speaking {
            stage,
            kept,
            paces: HashMap::new(),
            counts: Counts::default(),
        }
    }

    /// How many lines there were.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// `text` by `role`, so that it lasts about `own_s` seconds. Faults: those of [`Stage::say`].
    pub fn line(
        &mut self,
        role: &Role,
        text: &str,
        own_s: f64,
        cancellation: &CancellationToken,
    ) -> Result<Spoken, Fault> {
        let guess_s = text::language(&role.language).map_or(own_s, |l| text::seconds(text, l));
        let guess_s = guess_s / f64::from(role.utterance.speed);
        let factor = self.paces.get(&role.identity).map_or(1.0, Pace::factor);
        let mut is_new = false;
        let kept = self
            .kept
            .find_or_make(&name(role, text, own_s), cancellation, || {
                is_new = true;
                self.spoken(role, text, factor * guess_s, own_s, cancellation)?
                    .to_bytes()
            })?;
        let spoken = Spoken::from_bytes(&kept)?;
        match is_new {
            true => self.counts.spoken += 1,
            false => self.counts.reused += 1,
        }
        let pace = self.paces.entry(role.identity.clone()).or_default();
        pace.guessed_s += guess_s;
        pace.took_s += spoken.natural_s();
        Ok(spoken)
    }

    /// Speaks a line that is guessed to take `guess_s` at speed 1, and once more where the guess was too far off.
    fn spoken(
        &self,
        role: &Role,
        text: &str,
        guess_s: f64,
        own_s: f64,
        cancellation: &CancellationToken,
    ) -> Result<Spoken, Fault> {
        let say = |speed: f32| {
            let utterance = Utterance {
                text: text.to_owned(),
                speed: (role.utterance.speed * speed)
                    .clamp(limits::SPEED_MIN as f32, limits::SPEED_MAX as f32),
                ..role.utterance.clone()
            };
            let clip = self.stage.say(&utterance, cancellation)?;
            Ok(Spoken { clip, speed })
        };
        let spoken = say(fit::speed(guess_s, own_s))?;
        let needed = fit::speed(spoken.natural_s(), own_s);
        match spoken.natural_s() == 0.0 || (needed - spoken.speed).abs() <= OFF_MAX {
            true => Ok(spoken),
            false => say(needed),
        }
    }
}

impl Spoken {
    /// Seconds that the line would take at speed 1.
    fn natural_s(&self) -> f64 {
        fit::spoken_s(&self.clip) * f64::from(self.speed)
    }

    /// The speed, then a WAV.
    fn to_bytes(&self) -> Result<Vec<u8>, Fault> {
        let mut bytes = self.speed.to_le_bytes().to_vec();
        bytes.extend(encode::wav(&self.clip.samples, self.clip.rate_hz)?);
        Ok(bytes)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        let (speed, wav) = bytes
            .split_first_chunk()
            .ok_or_else(|| Fault::internal("a kept line is empty"))?;
        let mut decoder = decode::open(Cursor::new(wav.to_vec()), limits::AUDIO_SECONDS_MAX)?;
        Ok(Spoken {
            clip: pcm::read_all(&mut decoder)?,
            speed: f32::from_le_bytes(*speed),
        })
    }
}

/// The name of the file: a hash of all that decides how the line sounds.
fn name(role: &Role, text: &str, own_s: f64) -> String {
    let mut hash = blake3::Hasher::new();
    let room = (own_s.ln() / ROOM_STEP).round().to_string();
    let version = env!("CARGO_PKG_VERSION");
    for part in [version, MAKING, &role.identity, &room, text] {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    format!("{}.line", hash.finalize().to_hex())
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
        fn say(&self, utterance: &Utterance, _: &CancellationToken) -> Result<Clip, Fault> {
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

        fn imitate(&self, _: &Clip, _: &str, _: &CancellationToken) -> Result<Role, Fault> {
            unreachable!("the role is there")
        }

        fn stock(&self, _: &str) -> Vec<Role> {
            Vec::new()
        }
    }

    fn role(identity: &str) -> Role {
        Role {
            voice_id: "a".to_owned(),
            utterance: Utterance::default(),
            language: "en-us".to_owned(),
            gender: String::new(),
            identity: identity.to_owned(),
        }
    }

    fn kept(folder: &tempfile::TempDir) -> Kept {
        let room = Room {
            files_max: 99,
            bytes_max: 1 << 30,
        };
        Kept::open(folder.path().join("spoken"), room).unwrap()
    }

    fn cancellation() -> CancellationToken {
        CancellationToken::until(Instant::now() + Duration::from_secs(60))
    }

    // Some 25 letters: they should take less than 2 s.
    const TEXT: &str = "Good morning, all of you.";

    #[test]
    fn a_line_has_the_speed_that_it_needs_and_is_spoken_by_one_render_only() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, toy) = (kept(&folder), Toy(2.6, Mutex::default()));
        let mut speaking = Speaking::new(&toy, &kept);
        let speed = |spoken: Spoken| (100.0 * spoken.speed).round() as u32;
        let mut say = |role: &Role, text: &str, own_s: f64| {
            let spoken = speaking.line(role, text, own_s, &cancellation()).unwrap();
            (speed(spoken), speaking.counts())
        };
        let counts = |spoken, reused| Counts { spoken, reused };
        assert_eq!(say(&role("a"), TEXT, 2.02), (129, counts(1, 0)));
        assert_eq!(say(&role("a"), TEXT, 2.02), (129, counts(1, 1)));
        assert_eq!(
            say(&role("a"), TEXT, 2.03).1,
            counts(1, 2),
            "as good as the same room"
        );
        assert_eq!(say(&role("a"), TEXT, 2.6).1, counts(2, 2), "another room");
        assert_eq!(say(&role("a"), "Good evening, all.", 2.02).1, counts(3, 2));
        assert_eq!(say(&role("b"), TEXT, 2.02).1, counts(4, 2), "another voice");
        let speeds = toy.1.into_inner().unwrap();
        assert!(
            speeds.iter().all(|s| (0.8..=1.35).contains(s)),
            "{speeds:?}"
        );
    }

    #[test]
    fn a_voice_that_is_slower_than_others_is_spoken_twice_once() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, toy) = (kept(&folder), Toy(2.6, Mutex::default()));
        let mut speaking = Speaking::new(&toy, &kept);
        for morning in ["Good morning, all of you.", "Good evening, all of you."] {
            speaking
                .line(&role("a"), morning, 2.02, &cancellation())
                .unwrap();
        }
        // What was kept tells the next render as much.
        let mut later = Speaking::new(&toy, &kept);
        for evening in ["Good evening, all of you.", "Good tidings, all of you."] {
            later
                .line(&role("a"), evening, 2.02, &cancellation())
                .unwrap();
        }
        assert_eq!(toy.1.into_inner().unwrap().len(), 2 + 1 + 1);
    }
}

//! Speaks lines, and keeps them under a hash of everything that determines their sound: lines that did not change since
//! an earlier render are not spoken again.

use std::collections::HashMap;
use std::io::Cursor;

use super::fit;
use super::voices::{DubVoice, folder_of};
use crate::audio::{Clip, decode, encode, pcm};
use crate::engine::contract::{CancellationToken, Utterance};
use crate::fault::Fault;
use crate::limits;
use crate::scheduler::LaneShare;
use crate::services::file_cache::FileCache;
use crate::services::speech::SpeechService;
use crate::store::AccountId;
use crate::text::lexicon::Lexicon;
use crate::text::markup::{MarkupPart, Notation, parse};
use crate::text::{self, MarkedText};

/// Version of the code that speaks lines; a change that alters their sound raises it.
const MAKING: &str = "2";
/// A line is spoken a second time if the speed that it needed differs by more than this from the speed that was used;
/// smaller differences are compensated by time stretching, which is not audible.
const OFF_MAX: f32 = 0.1;
/// Lengths are rounded to steps of this share, so that small changes of a line's times do not speak it again.
const ROOM_STEP: f64 = 0.05;

/// A spoken line.
#[derive(Debug)]
pub struct LineSpeech {
    pub clip: Clip,
    /// The speed that it was synthesized with.
    pub speed: f32,
}

/// Numbers of lines of a render.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct LineCounts {
    /// Lines that were spoken.
    pub spoken: usize,
    /// Lines that were taken from earlier renders.
    pub reused: usize,
}

/// Speaks the lines of one render, and learns the speaking rate of each voice.
pub struct LineSpeaker<'a> {
    speech: &'a SpeechService,
    kept: &'a FileCache,
    /// Where in it the lines of this account are.
    folder: String,
    /// The pronunciations of this account.
    lexicon: Lexicon,
    /// Speaking rates, by the voice's identity.
    paces: HashMap<String, SpeakingRate>,
    counts: LineCounts,
}

/// Estimated and actual seconds of the lines that a voice spoke.
#[derive(Debug, Default)]
struct SpeakingRate {
    guessed_s: f64,
    took_s: f64,
}

impl SpeakingRate {
    /// The factor that corrects estimates of this voice.
    fn factor(&self) -> f64 {
        match self.guessed_s > 0.0 && self.took_s > 0.0 {
            true => self.took_s / self.guessed_s,
            false => 1.0,
        }
    }
}

impl<'a> LineSpeaker<'a> {
    /// Speaks lines by `speech`, with the pronunciations of `lexicon`, and reuses those of `account` in `kept`.
    pub fn new(
        speech: &'a SpeechService,
        kept: &'a FileCache,
        account: Option<AccountId>,
        lexicon: Lexicon,
    ) -> Self {
        LineSpeaker {
            speech,
            kept,
            folder: folder_of(account),
            lexicon,
            paces: HashMap::new(),
            counts: LineCounts::default(),
        }
    }

    /// The numbers of lines so far.
    pub fn counts(&self) -> LineCounts {
        self.counts
    }

    /// Speaks `text` by `voice` so that it lasts about `own_s` seconds, or takes it from an earlier render. Faults:
    /// those of [`SpeechService::synthesize`], and `Invalid` when the lexicon makes the line too long.
    pub fn line(
        &mut self,
        voice: &DubVoice,
        text: &str,
        own_s: f64,
        cancellation: &CancellationToken,
    ) -> Result<LineSpeech, Fault> {
        let text = self.marked(text, &voice.language)?;
        let guess_s = text::language(&voice.language).map_or(own_s, |l| text.seconds(l));
        let guess_s = guess_s / f64::from(voice.utterance.speed);
        let factor = self
            .paces
            .get(&voice.identity)
            .map_or(1.0, SpeakingRate::factor);
        let mut is_new = false;
        let kept = self.kept.find_or_make(
            &name(&self.folder, voice, &text.identity(), own_s),
            cancellation,
            || {
                is_new = true;
                self.spoken(voice, &text, factor * guess_s, own_s, cancellation)?
                    .to_bytes()
            },
        )?;
        let spoken = LineSpeech::from_bytes(&kept)?;
        match is_new {
            true => self.counts.spoken += 1,
            false => self.counts.reused += 1,
        }
        let pace = self.paces.entry(voice.identity.clone()).or_default();
        pace.guessed_s += guess_s;
        pace.took_s += spoken.natural_s();
        Ok(spoken)
    }

    /// The line with the pronunciations that it has itself, and those of the lexicon.
    fn marked(&self, text: &str, language: &str) -> Result<MarkedText, Fault> {
        match parse(text, Notation::Pronunciations)?.as_slice() {
            [MarkupPart::Speech(speech)] => speech.marked(language, &self.lexicon),
            // The notation has neither pauses nor voices.
            _ => Err(Fault::internal("a line has several parts")),
        }
    }

    /// Speaks a line that is estimated to last `guess_s` at speed 1; a second time if the estimate was too far off.
    fn spoken(
        &self,
        voice: &DubVoice,
        text: &MarkedText,
        guess_s: f64,
        own_s: f64,
        cancellation: &CancellationToken,
    ) -> Result<LineSpeech, Fault> {
        let say = |speed: f32| {
            let utterance = Utterance {
                text: text.clone(),
                speed: (voice.utterance.speed * speed)
                    .clamp(limits::SPEED_MIN as f32, limits::SPEED_MAX as f32),
                ..voice.utterance.clone()
            };
            let clip = (self.speech).synthesize(utterance, &LaneShare::idle(), cancellation)?;
            Ok(LineSpeech { clip, speed })
        };
        let spoken = say(fit::speed(guess_s, own_s))?;
        let needed = fit::speed(spoken.natural_s(), own_s);
        match spoken.natural_s() == 0.0 || (needed - spoken.speed).abs() <= OFF_MAX {
            true => Ok(spoken),
            false => say(needed),
        }
    }
}

impl LineSpeech {
    /// Seconds that the line would last at speed 1.
    fn natural_s(&self) -> f64 {
        fit::spoken_s(&self.clip) * f64::from(self.speed)
    }

    /// The content of the cache file: the speed (f32, little-endian), then a WAV file.
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
        Ok(LineSpeech {
            clip: pcm::read_all(&mut decoder)?,
            speed: f32::from_le_bytes(*speed),
        })
    }
}

/// The name of the cache file: a hash of everything that determines how the line sounds.
fn name(folder: &str, voice: &DubVoice, text: &str, own_s: f64) -> String {
    let mut hash = blake3::Hasher::new();
    let room = (own_s.ln() / ROOM_STEP).round().to_string();
    let version = env!("CARGO_PKG_VERSION");
    for part in [version, MAKING, &voice.identity, &room, text] {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    format!("{folder}/{}.line", hash.finalize().to_hex())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, Instant};

    use super::*;
    use crate::engine::contract::{Speak, SpeechPiece, SpeechPieces};
    use crate::scheduler::lanes::Lanes;
    use crate::services::file_cache::CacheLimits;
    use crate::services::{Capacity, ModelName};

    /// An engine that speaks any text in this many seconds at speed 1, and records the speeds.
    struct Toy(f64, Arc<Mutex<Vec<f32>>>);

    impl Speak for Toy {
        fn pieces<'a>(&'a self, utterance: &'a Utterance) -> Result<SpeechPieces<'a>, Fault> {
            self.1.lock().unwrap().push(utterance.speed);
            let count = (24_000.0 * self.0 / f64::from(utterance.speed)) as usize;
            let sound = move || (0..count).map(|n| 0.3 * (n as f32 * 0.1).sin()).collect();
            let piece = SpeechPiece {
                make: Box::new(move |_| Ok(sound())),
                pause_s: 0.0,
                about_s: self.0 as f32,
                words: Vec::new(),
            };
            Ok(SpeechPieces {
                rate_hz: 24_000,
                pieces: Box::new(std::iter::once(Ok(piece))),
            })
        }
    }

    /// A service that speaks any text in `seconds` at speed 1, and the speeds that it was called with.
    fn toy(seconds: f64) -> (SpeechService, Arc<Mutex<Vec<f32>>>) {
        let speeds = Arc::new(Mutex::default());
        let capacity = Capacity {
            lanes: Lanes::new(1),
            places: 4,
        };
        let engine = Arc::new(Toy(seconds, Arc::clone(&speeds)));
        let speech = SpeechService::new(ModelName::default(), engine, &capacity);
        (speech, speeds)
    }

    fn voice(identity: &str) -> DubVoice {
        DubVoice {
            voice_id: "a".to_owned(),
            utterance: Utterance::default(),
            language: "en-us".to_owned(),
            gender: String::new(),
            identity: identity.to_owned(),
        }
    }

    fn kept(folder: &tempfile::TempDir) -> FileCache {
        let room = CacheLimits {
            files_max: 99,
            bytes_max: 1 << 30,
        };
        FileCache::open(folder.path().join("spoken"), room).unwrap()
    }

    fn cancellation() -> CancellationToken {
        CancellationToken::until(Instant::now() + Duration::from_secs(60))
    }

    // About 25 characters, estimated to last less than 2 s.
    const TEXT: &str = "Good morning, all of you.";

    #[test]
    fn a_line_has_the_speed_that_it_needs_and_is_spoken_by_one_render_only() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, (toy, speeds)) = (kept(&folder), toy(2.6));
        let mut speaking = LineSpeaker::new(&toy, &kept, None, Lexicon::default());
        let speed = |spoken: LineSpeech| (100.0 * spoken.speed).round() as u32;
        let mut say = |voice: &DubVoice, text: &str, own_s: f64| {
            let spoken = speaking.line(voice, text, own_s, &cancellation()).unwrap();
            (speed(spoken), speaking.counts())
        };
        let counts = |spoken, reused| LineCounts { spoken, reused };
        assert_eq!(say(&voice("a"), TEXT, 2.02), (129, counts(1, 0)));
        assert_eq!(say(&voice("a"), TEXT, 2.02), (129, counts(1, 1)));
        assert_eq!(
            say(&voice("a"), TEXT, 2.03).1,
            counts(1, 2),
            "as good as the same room"
        );
        assert_eq!(say(&voice("a"), TEXT, 2.6).1, counts(2, 2), "another room");
        assert_eq!(say(&voice("a"), "Good evening, all.", 2.02).1, counts(3, 2));
        assert_eq!(
            say(&voice("b"), TEXT, 2.02).1,
            counts(4, 2),
            "another voice"
        );
        let speeds = speeds.lock().unwrap();
        assert!(
            speeds.iter().all(|s| (0.8..=1.35).contains(s)),
            "{speeds:?}"
        );
    }

    #[test]
    fn a_changed_lexicon_speaks_again_the_lines_with_its_words_only() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, (toy, _)) = (kept(&folder), toy(2.0));
        let lines = ["Good morning, Ada.", "Good morning, [Obi](/ˈobi/)."];
        let render = |words: &str| {
            let lexicon = Lexicon::from(crate::text::lexicon::parse(words).unwrap());
            let mut speaking = LineSpeaker::new(&toy, &kept, None, lexicon);
            for line in lines {
                speaking
                    .line(&voice("a"), line, 2.02, &cancellation())
                    .unwrap();
            }
            speaking.counts()
        };
        let counts = |spoken, reused| LineCounts { spoken, reused };
        assert_eq!(render(""), counts(2, 0));
        assert_eq!(render("Obi\tOh bee\nBisi\tBee see\n"), counts(0, 2));
        assert_eq!(render("Ada\t/ˈɑdə/\n"), counts(1, 1));
        assert_eq!(render("Ada\t/ˈadə/\n"), counts(1, 1));
        assert_eq!(render("Ada\t/ˈɑdə/\n"), counts(0, 2));
        assert_eq!(
            render("Ada\t/ˈɑdə/\tfr\n"),
            counts(0, 2),
            "for another language"
        );
    }

    #[test]
    fn a_voice_that_is_slower_than_others_is_spoken_twice_once() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, (toy, speeds)) = (kept(&folder), toy(2.6));
        let mut speaking = LineSpeaker::new(&toy, &kept, None, Lexicon::default());
        for morning in ["Good morning, all of you.", "Good evening, all of you."] {
            speaking
                .line(&voice("a"), morning, 2.02, &cancellation())
                .unwrap();
        }
        // A later render learns the speaking rate from reused lines, too.
        let mut later = LineSpeaker::new(&toy, &kept, None, Lexicon::default());
        for evening in ["Good evening, all of you.", "Good tidings, all of you."] {
            later
                .line(&voice("a"), evening, 2.02, &cancellation())
                .unwrap();
        }
        assert_eq!(speeds.lock().unwrap().len(), 2 + 1 + 1);
    }
}

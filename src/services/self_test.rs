//! Whether the models compute: a tiny inference of each capability, at the start and whenever an engine has failed since.
//!
//! A model that is loaded may still fail: its device may be lost, or its memory. A server whose models fail is not ready, and
//! is tested again until they compute.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::Services;
use super::speech::SpeechService;
use super::transcription::{Recognizer, Recording, TranscriptionHints, TranscriptionRequest};
use super::voices::{VoiceCatalog, speaks};
use crate::audio::dsp::resample::resample_clip;
use crate::audio::pcm::Clip;
use crate::capability::Capability;
use crate::engine::contract::{CancellationToken, Transcript, TranslateTask};
use crate::fault::{Fault, Kind};
use crate::limits::{SELF_TEST_EVERY_MS, SELF_TEST_SECONDS_MAX};
use crate::scheduler::LaneShare;

/// The language of the text, and the text for voices of all others, whose numbers are read in their language.
const ENGLISH: &str = "en";
const WORDS: &str = "One, two, three.";
const NUMBERS: &str = "1, 2, 3.";
/// A word that many languages have; numbers alone are not given to a model that translates.
const WORD: &str = "Radio.";
/// Samples a second of the encoders of speakers.
const SPEAKER_HZ: u32 = 16_000;
/// A sample of silence is below this; voices are above.
const SILENCE: f32 = 1e-4;

/// Tests the capabilities of a server, and knows which of them fail.
pub struct SelfTests {
    services: Services,
    voices: Arc<VoiceCatalog>,
    state: Mutex<TestState>,
    due: Condvar,
}

#[derive(Default)]
struct TestState {
    /// By name of the capability, those whose last test failed.
    failed: BTreeMap<&'static str, Fault>,
    /// Capabilities that an engine has failed for since their last test.
    suspected: Vec<Capability>,
    /// What the last test of speech spoke.
    spoken: Option<Clip>,
}

impl SelfTests {
    /// Tests everything that has a pack, and starts the thread that tests again. A test that fails is no fault of this: it makes
    /// the server not ready. Faults: `Internal` when the thread cannot be started.
    pub fn start(services: Services, voices: Arc<VoiceCatalog>) -> Result<Arc<Self>, Fault> {
        let tests = Arc::new(SelfTests {
            services,
            voices,
            state: Mutex::default(),
            due: Condvar::new(),
        });
        for capability in Capability::ALL {
            tests.test(*capability);
        }
        let own = Arc::clone(&tests);
        let thread = thread::Builder::new().name("self-test".to_owned());
        thread
            .spawn(move || own.test_again())
            .map_err(Fault::internal)?;
        Ok(tests)
    }

    /// Faults: `Missing` while a capability's last test has failed.
    pub fn check(&self) -> Result<(), Fault> {
        match self.lock().failed.first_key_value() {
            None => Ok(()),
            Some((name, fault)) => {
                let sentence = format!(
                    "The models of the capability {name} do not compute: the server's log has the reason."
                );
                Err(Fault::missing(sentence).because(fault))
            }
        }
    }

    /// Has a capability tested again, because an engine failed on a request for it.
    pub fn suspect(&self, capability: Capability) {
        let mut state = self.lock();
        if !state.suspected.contains(&capability) {
            state.suspected.push(capability);
            drop(state);
            self.due.notify_all();
        }
    }

    /// Tests what is suspected and what has failed, with a pause between two rounds: requests that fail one after the other
    /// cause no more tests than one in the time of the pause.
    fn test_again(&self) -> ! {
        loop {
            let mut state = self.lock();
            let due = loop {
                let mut due = std::mem::take(&mut state.suspected);
                let is_failed = |c: &&Capability| state.failed.contains_key(c.row().name);
                due.extend(Capability::ALL.iter().filter(is_failed));
                if !due.is_empty() {
                    break due;
                }
                state = self.due.wait(state).unwrap_or_else(PoisonError::into_inner);
            };
            drop(state);
            for capability in due {
                self.test(capability);
            }
            thread::sleep(Duration::from_millis(SELF_TEST_EVERY_MS));
        }
    }

    /// Tests a capability, and notes whether it failed.
    fn test(&self, capability: Capability) {
        let name = capability.row().name;
        let cancellation = deadline();
        let begun = Instant::now();
        let tested = self.computed(capability, &cancellation);
        let took_s = begun.elapsed().as_secs_f64();
        let mut state = self.lock();
        match tested {
            Ok(false) => {}
            Ok(true) => {
                let was_failed = state.failed.remove(name).is_some();
                match was_failed {
                    true => log::warn!("the models of {name} compute again"),
                    false => log::info!("the models of {name} compute: self-test in {took_s:.2} s"),
                }
            }
            // A busy or stopping server, and a voice that cannot read the text, prove nothing.
            Err(fault) if is_inconclusive(&fault, &cancellation) => {
                log::info!("the self-test of {name} had no result: {fault}");
            }
            Err(fault) => {
                log::error!("the models of {name} do not compute: {fault}");
                state.failed.insert(name, fault);
            }
        }
    }

    /// Runs a tiny inference of a capability; false where it has no pack. Faults: those of the services.
    fn computed(
        &self,
        capability: Capability,
        cancellation: &CancellationToken,
    ) -> Result<bool, Fault> {
        let services = &self.services;
        let share = LaneShare::command();
        match capability {
            Capability::Speak => match &services.speech {
                Some(speech) => {
                    let clip = spoken(speech, &self.voices, WORDS, cancellation)?;
                    self.lock().spoken = Some(clip);
                    Ok(true)
                }
                None => Ok(false),
            },
            Capability::Transcribe => match &services.transcription {
                Some(transcription) => {
                    // Without a voice a tone, which the detector of speech hears, and the recognizer does not.
                    let sound = self.lock().spoken.clone().unwrap_or_else(tone);
                    heard(transcription.general(), sound, None, cancellation).map(|_| true)
                }
                None => Ok(false),
            },
            Capability::Translate => match &services.translation {
                Some(translation) => {
                    for translator in &translation.translators {
                        let (source, target) = translator.pair();
                        let task = TranslateTask {
                            text: WORD.to_owned(),
                            source: source.to_owned(),
                            target: target.to_owned(),
                            room: None,
                        };
                        translator.translate(task, &share, cancellation)?;
                    }
                    Ok(true)
                }
                None => Ok(false),
            },
            Capability::Diarize => match &services.speakers {
                Some(speakers) => {
                    let embedding = speakers.embed(tone(), &share, cancellation)?;
                    match embedding.iter().all(|value| value.is_finite()) {
                        true => Ok(true),
                        false => Err(Fault::engine("the embedding of a speaker has no numbers")),
                    }
                }
                None => Ok(false),
            },
        }
    }

    /// No code that can panic runs under this lock, so a poisoned one is whole.
    fn lock(&self) -> MutexGuard<'_, TestState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time that a test may take.
pub fn deadline() -> CancellationToken {
    CancellationToken::until(Instant::now() + Duration::from_secs(SELF_TEST_SECONDS_MAX))
}

/// Whether a fault says nothing of the models: the server is busy or stops, the test was not done in time, or the voice does
/// not read the text.
fn is_inconclusive(fault: &Fault, cancellation: &CancellationToken) -> bool {
    let is_busy = matches!(
        fault.kind,
        Kind::Busy { .. } | Kind::Cancelled | Kind::Invalid
    );
    is_busy || cancellation.left().is_zero()
}

/// Returns `text`, which is English, spoken by an English voice; another voice says some numbers instead. Faults: those of
/// [`SpeechService::synthesize`]; `Engine` also for silence, `Missing` without a voice.
pub fn spoken(
    speech: &SpeechService,
    voices: &VoiceCatalog,
    text: &str,
    cancellation: &CancellationToken,
) -> Result<Clip, Fault> {
    let english = voices.stock().iter().find(|v| speaks(&v.language, ENGLISH));
    let (voice, text) = match (english, voices.stock().first()) {
        (Some(voice), _) => (voice, text),
        (None, Some(voice)) => (voice, NUMBERS),
        (None, None) => return Err(Fault::missing("No voice can be spoken.")),
    };
    let mut utterance = voices.resolve(None, &voice.id, None)?.utterance();
    utterance.text = text.into();
    let clip = speech.synthesize(utterance, &LaneShare::command(), cancellation)?;
    match clip.samples.iter().any(|sample| sample.abs() > SILENCE) {
        true => Ok(clip),
        false => Err(Fault::engine("the engine spoke silence")),
    }
}

/// Returns what is said in `sound`. Faults: those of [`Recognizer::transcribe`].
pub fn heard(
    recognizer: &Recognizer,
    sound: Clip,
    language: Option<&str>,
    cancellation: &CancellationToken,
) -> Result<Transcript, Fault> {
    let request = TranscriptionRequest {
        recording: Recording::Clip(resample_clip(&sound, recognizer.rate_hz)?),
        language: language.map(str::to_owned),
        into_english: false,
        words: false,
        scores: false,
        temperature: 0.0,
        beams: 1,
        hints: TranscriptionHints::default(),
    };
    recognizer.transcribe(request, &LaneShare::command(), cancellation)
}

/// A second of a tone.
fn tone() -> Clip {
    let sample = |n: u32| (n as f32 * 0.1).sin() * 0.3;
    Clip {
        samples: (0..SPEAKER_HZ).map(sample).collect(),
        rate_hz: SPEAKER_HZ,
    }
}

//! Whether a pack runs: the engine that the server uses speaks, hears, translates or compares a sentence with it.

use std::any::Any;
use std::fs::File;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use super::ImportError;
use crate::audio::dsp::resample::resample_clip;
use crate::audio::open_speech;
use crate::audio::pcm::{Clip, ClipReader, read_all};
use crate::engine::contract::{
    CancellationToken, Embed, Speak, Transcribe, TranscribeTask, Translate, TranslateTask,
    Utterance, speak_whole, transcribe_whole,
};
use crate::engine::graph::loader::GraphLoader;
use crate::engine::segmentation::{FRAMES, Segmenter, WINDOW_SAMPLES};
use crate::engine::vad::{HOP, SPEECH_FROM, Silero};
use crate::engine::{self, Build};
use crate::fault::Fault;
use crate::limits::TRIAL_SECONDS_MAX;
use crate::pack::Pack;
use crate::pack::manifest::Voice;
use crate::services::previews::sample_sentence;

/// A short sentence in English, spoken by a stock voice of Kokoro: Opus, 24 kHz.
const SENTENCE: &[u8] = include_bytes!("sentence.opus");
/// Its words.
const WORDS: [&str; 8] = [
    "the", "train", "to", "london", "leaves", "at", "nine", "tomorrow",
];
const ENGLISH: &str = "en";
/// Sample rate of what models hear.
const RATE_HZ: u32 = 16_000;
/// Longest recording of the operator's that is heard.
const SECONDS_MAX: f64 = 60.0;
/// Sound whose root mean square is less is silence.
const SILENCE_RMS: f32 = 1e-3;
/// A sentence lasts between these.
const SPOKEN_SECONDS: std::ops::Range<f64> = 0.2..60.0;
/// A text that is spoken where no sentence of the language is known, in Latin letters.
const ANY_TEXT: &str = "Mama, radio.";

/// What models hear in a trial: 16 kHz.
pub struct TrialSound {
    clip: Clip,
    /// What is said in it, where that is known.
    words: &'static [&'static str],
}

/// What came of a trial.
#[derive(Debug)]
pub struct Trial {
    /// A sentence for the operator.
    pub told: String,
}

impl TrialSound {
    /// The sound of the operator's recording, else the program's own sentence. Errors: it cannot be read.
    pub fn open(own: Option<&Path>) -> Result<Self, ImportError> {
        let refused = |path: &Path, why: String| {
            ImportError::Asked(format!("--sample {}: {why}", path.display()))
        };
        let Some(path) = own else {
            let clip = open_speech(Cursor::new(SENTENCE), RATE_HZ, SECONDS_MAX)
                .and_then(|mut samples| read_all(&mut *samples));
            return Ok(TrialSound {
                clip: clip.map_err(ImportError::Trial)?,
                words: &WORDS,
            });
        };
        let file = File::open(path).map_err(|e| refused(path, e.to_string()))?;
        let clip =
            open_speech(file, RATE_HZ, SECONDS_MAX).and_then(|mut samples| read_all(&mut *samples));
        Ok(TrialSound {
            clip: clip.map_err(|fault| refused(path, fault.to_string()))?,
            words: &[],
        })
    }
}

impl Trial {
    /// Runs `pack`. `detector` is the installed pack that detects speech, which transcribers need, and `hearer` an installed one
    /// that transcribes, which hears what is spoken. Errors: it does not load, does not compute, or computes nonsense.
    pub fn run(
        pack: &Pack,
        graphs: &GraphLoader,
        sound: &TrialSound,
        detector: Option<&Pack>,
        hearer: Option<&Pack>,
    ) -> Result<Trial, ImportError> {
        let cancellation =
            CancellationToken::until(Instant::now() + Duration::from_secs(TRIAL_SECONDS_MAX));
        // Files of others may make a library panic: that is no crash of this program, but a reason.
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let told = tried(pack, graphs, sound, (detector, hearer), &cancellation)?;
            Ok(Trial { told })
        }));
        match ran {
            Ok(ran) => ran.map_err(ImportError::Trial),
            Err(panic) => Err(ImportError::Trial(Fault::engine(message(&*panic)))),
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or(panic.downcast_ref::<&str>().copied());
    format!("a library failed: {}", text.unwrap_or("without a word"))
}

fn tried(
    pack: &Pack,
    graphs: &GraphLoader,
    sound: &TrialSound,
    (detector, hearer): (Option<&Pack>, Option<&Pack>),
    steps: &CancellationToken,
) -> Result<String, Fault> {
    match engine::of(pack)? {
        Build::Speak(build) => {
            let engine = build(pack, graphs)?;
            let hear = |clip: &Clip| heard_back(clip, graphs, (detector, hearer), steps);
            spoken(&*engine, pack, steps, &hear)
        }
        Build::Transcribe(build) => {
            let detector = detector.ok_or_else(no_detector)?;
            let engine = build(pack, detector, graphs)?;
            let is_english = pack.manifest.languages.iter().any(|l| l == ENGLISH);
            let words = if is_english { sound.words } else { &[] };
            let text = heard(&*engine, sound.clip.clone(), steps)?;
            check_words(&text, words)?;
            Ok(format!("it heard {text:?}"))
        }
        Build::Translate(build) => translated(&*build(pack, graphs)?, pack, steps),
        Build::Detect(build) => detected(build(pack, graphs)?, &sound.clip),
        Build::Embed(build) => embedded(&*build(pack, graphs)?, &sound.clip, steps),
        Build::Segment(build) => segmented(&build(pack, graphs)?, &sound.clip, steps),
        Build::Convert(_) => Err(Fault::missing("converters of voices are not imported")),
    }
}

fn no_detector() -> Fault {
    Fault::missing(
        "a transcriber needs a pack that detects speech, and none is there: fetch one (scripts/fetch-models silero-vad) or \
         import one (vocabox models import silero_vad.onnx --licence MIT)",
    )
}

/// Has the first voice speak a sentence.
fn spoken(
    engine: &dyn Speak,
    pack: &Pack,
    steps: &CancellationToken,
    hear: &dyn Fn(&Clip) -> Option<String>,
) -> Result<String, Fault> {
    let voices = &pack.manifest.voices;
    let english = voices.iter().find(|v| v.language.starts_with(ENGLISH));
    let voice = english.or(voices.first());
    let voice = voice.ok_or_else(|| Fault::missing("the pack has no voice"))?;
    let mut refusal = None;
    for text in texts(pack, voice) {
        let utterance = Utterance {
            text: text.as_str().into(),
            voice: voice.id.clone(),
            ..Utterance::default()
        };
        let begun = Instant::now();
        let clip = match speak_whole(engine, &utterance, steps) {
            // The voice has no letters for this text.
            Err(fault) if fault.kind == crate::fault::Kind::Invalid => {
                refusal = Some(fault);
                continue;
            }
            clip => clip?,
        };
        check_sound(&clip)?;
        let (seconds, took) = (clip.seconds(), begun.elapsed().as_secs_f64());
        let back = match sample_sentence(&voice.language) {
            Some(sentence) if sentence == text && voice.language.starts_with(ENGLISH) => {
                hear(&clip)
            }
            _ => None,
        };
        let back = back.map_or(String::new(), |heard| {
            format!(", in which the installed transcriber hears {heard:?}")
        });
        return Ok(format!(
            "voice {} spoke {seconds:.1} s in {took:.1} s{back}",
            voice.id
        ));
    }
    Err(refusal.unwrap_or_else(|| Fault::engine("nothing was spoken")))
}

/// Texts to try a voice with: a sentence of its language, a few letters, those that the pack has tokens for.
fn texts(pack: &Pack, voice: &Voice) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    texts.extend(sample_sentence(&voice.language).map(str::to_owned));
    texts.push(ANY_TEXT.to_owned());
    if let Ok(file) = pack.file("tokens", None)
        && let Ok(tokens) = pack.path(file).read()
    {
        let tokens = String::from_utf8_lossy(&tokens);
        texts.push(
            tokens
                .chars()
                .filter(|c| c.is_alphabetic())
                .take(12)
                .collect(),
        );
    }
    texts
}

fn check_sound(clip: &Clip) -> Result<(), Fault> {
    let samples = &clip.samples;
    if !samples.iter().all(|s| s.is_finite()) {
        return Err(Fault::engine(
            "it speaks no numbers (NaN): a variant in 32 bits may do better",
        ));
    }
    if !SPOKEN_SECONDS.contains(&clip.seconds()) {
        return Err(Fault::engine(format!(
            "it spoke {:.2} s for a sentence",
            clip.seconds()
        )));
    }
    let power = samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32;
    match power.sqrt() > SILENCE_RMS {
        true => Ok(()),
        false => Err(Fault::engine("it spoke silence")),
    }
}

/// What an installed transcriber hears; none where there is none, or it fails, which says nothing of the voice.
fn heard_back(
    clip: &Clip,
    graphs: &GraphLoader,
    (detector, hearer): (Option<&Pack>, Option<&Pack>),
    steps: &CancellationToken,
) -> Option<String> {
    let Build::Transcribe(build) = engine::of(hearer?).ok()? else {
        return None;
    };
    let engine = build(hearer?, detector?, graphs).ok()?;
    heard(&*engine, resample_clip(clip, RATE_HZ).ok()?, steps).ok()
}

fn heard(engine: &dyn Transcribe, clip: Clip, steps: &CancellationToken) -> Result<String, Fault> {
    let task = TranscribeTask {
        audio: Box::new(ClipReader::from(clip)),
        language: None,
        into_english: false,
        words: false,
        scores: false,
        temperature: 0.0,
        beams: 1,
        prompt: None,
        keywords: Vec::new(),
    };
    let text = transcribe_whole(engine, task, steps)?.text();
    match text.trim().is_empty() {
        true => Err(Fault::engine("it heard nothing in a sentence")),
        false => Ok(text.trim().to_owned()),
    }
}

/// Half of the words must be right: what is damaged or of another model writes none of them.
fn check_words(text: &str, words: &[&str]) -> Result<(), Fault> {
    let lower = text.to_lowercase();
    let heard: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    let right = words.iter().filter(|word| heard.contains(*word)).count();
    match 2 * right >= words.len() {
        true => Ok(()),
        false => Err(Fault::engine(format!(
            "it heard {text:?} where {:?} was said",
            words.join(" ")
        ))),
    }
}

fn translated(engine: &Translate, pack: &Pack, steps: &CancellationToken) -> Result<String, Fault> {
    let settings = pack.manifest.translate.as_ref();
    let settings = settings.ok_or_else(|| Fault::missing("the pack has no pair of languages"))?;
    let pairs = settings
        .from
        .iter()
        .flat_map(|from| settings.to.iter().map(move |to| (from, to)));
    let pairs: Vec<_> = pairs.filter(|(from, to)| from != to).collect();
    let english = pairs.iter().find(|(from, _)| *from == ENGLISH);
    let pair = english.or(pairs.first());
    let (from, to) = pair.ok_or_else(|| Fault::missing("the pack has no pair of languages"))?;
    let task = TranslateTask {
        text: sample_sentence(from).unwrap_or(ANY_TEXT).to_owned(),
        source: (*from).clone(),
        target: (*to).clone(),
        room: None,
    };
    let text = engine.run(task, steps)?.text;
    match text.contains(char::is_alphanumeric) {
        true => Ok(format!(
            "it translated a sentence from {from} into {to}: {text:?}"
        )),
        false => Err(Fault::engine(format!(
            "it translated a sentence to {text:?}"
        ))),
    }
}

/// Quiet noise, in which no one speaks.
fn noise(samples: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..samples).map(|_| 0.02 * next()).collect()
}

fn detected(detector: Silero, clip: &Clip) -> Result<String, Fault> {
    let share = |samples: &[f32]| -> Result<f32, Fault> {
        let mut own = detector.fork();
        let hops: Vec<&[f32]> = samples.chunks_exact(HOP).collect();
        let mut speech = 0;
        for hop in &hops {
            speech += usize::from(own.step(hop)? >= SPEECH_FROM);
        }
        Ok(100.0 * speech as f32 / hops.len().max(1) as f32)
    };
    let (said, noisy) = (share(&clip.samples)?, share(&noise(2 * RATE_HZ as usize))?);
    match said >= 30.0 && noisy <= 10.0 {
        true => Ok(format!(
            "it found speech in {said:.0} % of a sentence and in {noisy:.0} % of noise"
        )),
        false => Err(Fault::engine(format!(
            "it found speech in {said:.0} % of a sentence and in {noisy:.0} % of noise"
        ))),
    }
}

fn embedded(engine: &Embed, clip: &Clip, steps: &CancellationToken) -> Result<String, Fault> {
    let embed = |samples: &[f32]| {
        let clip = Clip {
            samples: samples.to_vec(),
            rate_hz: RATE_HZ,
        };
        let values = engine.run(clip, steps)?;
        match values.iter().all(|v| v.is_finite()) {
            true => Ok(values),
            false => Err(Fault::engine("an embedding has no numbers")),
        }
    };
    let (first, second) = clip.samples.split_at(clip.samples.len() / 2);
    let all = [
        embed(first)?,
        embed(second)?,
        embed(&noise(2 * RATE_HZ as usize))?,
    ];
    let like = |a: usize, b: usize| -> f32 { all[a].iter().zip(&all[b]).map(|(a, b)| a * b).sum() };
    let (own, other) = (like(0, 1), like(0, 2));
    let told = format!(
        "it embeds a speaker as {} values; two halves of a sentence are alike by {own:.2}, and noise by {other:.2}",
        all[0].len()
    );
    match own > other {
        true => Ok(told),
        false => Err(Fault::engine(told)),
    }
}

fn segmented(
    segmenter: &Segmenter,
    clip: &Clip,
    steps: &CancellationToken,
) -> Result<String, Fault> {
    // The sentence from the start, and silence after it.
    let mut samples = clip.samples.clone();
    samples.resize(WINDOW_SAMPLES, 0.0);
    let frames = segmenter.window(&samples, steps)?;
    if frames.len() != FRAMES {
        return Err(Fault::engine(format!(
            "it makes {} frames of ten seconds; {FRAMES} are read",
            frames.len()
        )));
    }
    let end = FRAMES * clip.samples.len().min(WINDOW_SAMPLES) / WINDOW_SAMPLES;
    let talking = |frames: &[crate::engine::segmentation::Activity]| {
        let any = |f: &&crate::engine::segmentation::Activity| f.iter().any(|p| *p > 0.5);
        100 * frames.iter().filter(any).count() / frames.len().max(1)
    };
    let (said, silent) = (
        talking(&frames[..end]),
        talking(&frames[(end + FRAMES / 10).min(FRAMES)..]),
    );
    let told = format!("it found a speaker in {said} % of a sentence and in {silent} % of silence");
    match said >= 30 && silent <= 20 {
        true => Ok(told),
        false => Err(Fault::engine(told)),
    }
}

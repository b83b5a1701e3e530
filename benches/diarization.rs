//! Who speaks when, on conversations with known turns: `cargo bench --bench diarization`.
//!
//! Conversations of about 90 s between one to four of nine voices (eight of Kokoro and a reader), and one of an hour
//! between four, which is generated while it is read, so that the memory is that of diarization. Prints a table of
//! errors, the number of conversations with the right count of speakers, the real-time factor and the peak memory.
//! Sentences are kept in the target folder for later runs.
//!
//! Needs the fetched packs (scripts/fetch-models --all).

#[path = "../src/tests/support/dice.rs"]
mod dice;
#[path = "../src/tests/support/talk.rs"]
mod talk;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dice::Dice;
use talk::{RATE_HZ, Talk, TalkSpeaker, at_16_khz, cut, errors, say};
use vocabox::app::Installation;
use vocabox::audio::pcm::{Clip, ClipReader, Samples, read_all};
use vocabox::audio::{decode, encode};
use vocabox::capability::Capability;
use vocabox::config::{Common, CommonFlags, Flags};
use vocabox::engine::contract::CancellationToken;
use vocabox::engine::diarization::{ANY_SPEAKERS, Diarize, DiarizeTask, Diarized, Turn};
use vocabox::fault::Fault;

const VOICES: &[&str] = &[
    "af_heart",
    "am_michael",
    "bf_emma",
    "bm_george",
    "am_onyx",
    "af_nova",
    "am_fenrir",
    "bf_alice",
];
const SENTENCES: usize = 6;
/// Conversations: one to four speak in turn.
const TALKS: usize = 32;
const SPEAKERS_MAX: usize = 4;
const TALK_S: f64 = 90.0;
const HOUR_S: f64 = 3_600.0;

fn cancellation() -> CancellationToken {
    CancellationToken::until(Instant::now() + Duration::from_secs(3_600))
}

fn read(path: &Path) -> Option<Clip> {
    let file = std::fs::File::open(path).ok()?;
    read_all(&mut decode::open(file, 600.0).ok()?).ok()
}

/// The voices, whose sentences are spoken at first use, and the reader.
fn speakers(installation: &Installation, models: &Path) -> Vec<TalkSpeaker> {
    let kept = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sentences");
    std::fs::create_dir_all(&kept).expect("a folder");
    let lines = include_str!("sentences/en.txt").lines().collect::<Vec<_>>();
    let mut engine = None;
    let mut all: Vec<TalkSpeaker> = Vec::new();
    for (number, voice) in VOICES.iter().enumerate() {
        let mut sentences = Vec::new();
        for n in 0..SENTENCES {
            let path = kept.join(format!("{voice}-{n}.wav"));
            let clip = read(&path).unwrap_or_else(|| {
                let engine =
                    engine.get_or_insert_with(|| installation.build_speak().expect("it loads"));
                let text = lines[(number * SENTENCES + n) % lines.len()];
                let samples = say(&**engine, voice, text, &cancellation());
                let wav = encode::wav(&samples, RATE_HZ).expect("a WAV");
                std::fs::write(&path, wav).expect("it is kept");
                Clip {
                    samples,
                    rate_hz: RATE_HZ,
                }
            });
            sentences.push(clip.samples);
        }
        all.push(TalkSpeaker { sentences });
    }
    let reader =
        read(&models.join("test-speech/two_cities.wav")).expect("scripts/fetch-models --all");
    let reader = at_16_khz(reader);
    // Pauses of the reader (seconds).
    let pauses = [0.0, 6.1, 12.0, 17.4, 21.2, 28.2, 33.0];
    let part = |pair: &[f64]| {
        let at = |s: f64| (s * f64::from(RATE_HZ)) as usize;
        cut(reader[at(pair[0])..at(pair[1])].to_vec())
    };
    all.push(TalkSpeaker {
        sentences: pauses.windows(2).map(part).collect(),
    });
    all
}

/// Conversations of some minutes, one after the other, each generated when the one before has been read.
struct Hour<'a> {
    speakers: Vec<&'a TalkSpeaker>,
    dice: Dice,
    now: ClipReader,
    made_s: f64,
    turns: std::sync::mpsc::Sender<Vec<Turn>>,
}

impl Samples for Hour<'_> {
    fn rate_hz(&self) -> u32 {
        RATE_HZ
    }

    fn read(&mut self, out: &mut Vec<f32>, most: usize) -> Result<usize, Fault> {
        let got = self.now.read(out, most)?;
        if got > 0 || self.made_s >= HOUR_S {
            return Ok(got);
        }
        let Talk { samples, mut turns } = talk::talk(&self.speakers, 120.0, &mut self.dice);
        for turn in &mut turns {
            turn.start_s += self.made_s;
            turn.end_s += self.made_s;
        }
        self.made_s += samples.len() as f64 / f64::from(RATE_HZ);
        self.turns.send(turns).map_err(Fault::internal)?;
        self.now = Clip {
            samples,
            rate_hz: RATE_HZ,
        }
        .into();
        self.now.read(out, most)
    }
}

/// Time since the clock was made: wall-clock time, and processor time of all cores, which depends less on other load.
struct Clock {
    begun: Instant,
    computed_s: f64,
}

impl Clock {
    fn new() -> Self {
        Clock {
            begun: Instant::now(),
            computed_s: computed_s(),
        }
    }

    /// Wall-clock and processor time divided by `seconds` of sound.
    fn factors(&self, seconds: f64) -> (f64, f64) {
        let wall = self.begun.elapsed().as_secs_f64();
        (wall / seconds, (computed_s() - self.computed_s) / seconds)
    }
}

fn computed_s() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The value of a line of /proc/self/status in MiB.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let value = status
        .lines()
        .find_map(|l| l.strip_prefix(line)?.strip_prefix(':'));
    let kib = value.and_then(|v| v.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.expect("a size") / 1024
}

/// Prints the errors of the turns that were found. Returns the share of confusion.
fn row(name: &str, truth: &[Turn], found: &Diarized, rtf: (f64, f64)) -> f64 {
    let e = errors(truth, &found.turns);
    let speakers = truth.iter().map(|t| t.speaker + 1).max().unwrap_or(0);
    let percent = |share: f64| 100.0 * share;
    println!(
        "| {name} | {speakers} | {} | {:.1} % | {:.1} % | {:.1} % | {:.1} % | {:.4} | {:.4} |",
        found.speakers,
        percent(e.missed),
        percent(e.false_alarm),
        percent(e.confusion),
        percent(e.all()),
        rtf.0,
        rtf.1,
    );
    e.confusion
}

fn task(audio: Box<dyn Samples>) -> DiarizeTask {
    DiarizeTask {
        audio,
        speakers: ANY_SPEAKERS,
    }
}

fn talks(engine: &Diarize, speakers: &[TalkSpeaker]) {
    let (mut dice, mut right, mut confusions) = (Dice(7), 0, Vec::new());
    println!(
        "| conversation | speakers | found | missed | false alarm | confusion | error | real-time factor | computing |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for number in 0..TALKS {
        let count = 1 + number % SPEAKERS_MAX;
        let mut who: Vec<&TalkSpeaker> = Vec::new();
        while who.len() < count {
            let one = &speakers[dice.below(speakers.len())];
            if !who.iter().any(|known| std::ptr::eq(*known, one)) {
                who.push(one);
            }
        }
        let Talk { samples, turns } = talk::talk(&who, TALK_S, &mut dice);
        let begun = Clock::new();
        let clip = Clip {
            samples,
            rate_hz: RATE_HZ,
        };
        let found = engine
            .run(task(Box::new(ClipReader::from(clip))), &cancellation())
            .expect("it hears");
        let rtf = begun.factors(found.seconds);
        right += usize::from(found.speakers == count);
        confusions.push(row(&format!("{}", number + 1), &turns, &found, rtf));
    }
    println!(
        "count right on {right} of {TALKS}; confusion {:.2} % on average, {:.1} % at most",
        100.0 * confusions.iter().sum::<f64>() / TALKS as f64,
        100.0 * confusions.iter().copied().fold(0.0, f64::max)
    );
}

fn hour(engine: &Diarize, speakers: &'static [TalkSpeaker]) {
    let (turns, made) = std::sync::mpsc::channel();
    let hour = Hour {
        speakers: speakers.iter().take(4).collect(),
        dice: Dice(3),
        now: Clip {
            samples: Vec::new(),
            rate_hz: RATE_HZ,
        }
        .into(),
        made_s: 0.0,
        turns,
    };
    let before = memory("VmRSS");
    let begun = Clock::new();
    let found = engine
        .run(task(Box::new(hour)), &cancellation())
        .expect("it hears");
    let rtf = begun.factors(found.seconds);
    let truth: Vec<Turn> = made.iter().flatten().collect();
    row("an hour", &truth, &found, rtf);
    println!(
        "memory: {before} MiB before, {} MiB at the peak",
        memory("VmHWM")
    );
}

fn main() {
    let common = CommonFlags {
        flags: Flags::default().with("models_dir", concat!(env!("CARGO_MANIFEST_DIR"), "/models")),
        ..CommonFlags::default()
    };
    let models = Common::resolve(&common).and_then(|c| c.models(&Flags::default()));
    let models = models.expect("sound options");
    let capabilities = [Capability::Speak, Capability::Diarize];
    let installation = Installation::open(&models, &capabilities).expect("packs are fetched");
    // The speakers of the long conversation must live as long as the program.
    let speakers: &'static [TalkSpeaker] = speakers(&installation, &models.models_dir).leak();
    let engine = installation.build_diarize().expect("it loads");
    talks(&*engine, speakers);
    hour(&*engine, speakers);
}

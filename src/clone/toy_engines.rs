//! A probe without models, and stock voices with synthetic style tables, for the tests of this folder.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::catalog::StockVoice;
use super::probe::VoiceProbe;
use crate::audio::{Clip, Samples};
use crate::engine::contract::{CancellationToken, Engine, SpeakTask};
use crate::engine::diarization::{Diarize, Diarized};
use crate::engine::speaker::unit;
use crate::engine::tts::style::TABLE;
use crate::fault::Fault;
use crate::services::speakers::SpeakerService;
use crate::services::speech::SpeechService;
use crate::services::{Capacity, ModelName};

const RATE_HZ: u32 = 16_000;

/// Speaks a tone whose frequency and amplitude follow the first value of the style table; calls the function first.
struct ToneVoice<F>(Arc<F>);

impl<F: Fn() + Send + Sync> Engine for ToneVoice<F> {
    type Task = SpeakTask;
    type Output = ();

    fn run(&mut self, mut task: SpeakTask, _: &CancellationToken) -> Result<(), Fault> {
        (self.0)();
        let style_table = task.utterance.style.map(|style| style.style_table);
        let value = style_table.map_or(0.0, |style_table| style_table.rows[0]);
        let step = 0.05 + 0.01 * value;
        let tone = |n: usize| (0.1 + 0.05 * value) * (n as f32 * step).sin();
        (task.outlet)(Clip {
            samples: (0..8_000).map(tone).collect(),
            rate_hz: RATE_HZ,
        })
    }
}

/// Embeds a sound by its loudness and its zero crossings.
struct ToneEmbedder;

impl Engine for ToneEmbedder {
    type Task = Clip;
    type Output = Vec<f32>;

    fn run(&mut self, clip: Clip, _: &CancellationToken) -> Result<Vec<f32>, Fault> {
        let loud = clip.samples.iter().map(|s| s.abs()).sum::<f32>() / 8_000.0;
        let pairs = clip.samples.windows(2);
        let crossings = pairs.filter(|p| (p[0] < 0.0) != (p[1] < 0.0)).count();
        Ok(unit(vec![1.0, 10.0 * loud, crossings as f32 / 100.0]))
    }
}

/// Never called in these tests.
struct NoDiarizer;

impl Engine for NoDiarizer {
    type Task = Box<dyn Samples>;
    type Output = Diarized;

    fn run(&mut self, _: Box<dyn Samples>, _: &CancellationToken) -> Result<Diarized, Fault> {
        Err(Fault::internal("nothing is diarized here"))
    }
}

/// A probe with one worker each; the worker that speaks calls `before` first.
pub fn probe(before: impl Fn() + Send + Sync + 'static) -> VoiceProbe {
    let before = Arc::new(before);
    let capacity = Capacity {
        workers: 1,
        queue: 3,
    };
    let speech = SpeechService::start(ModelName::default(), capacity, move || {
        Ok(Box::new(ToneVoice(before.clone())))
    });
    let diarize = || Ok(Box::new(NoDiarizer) as Box<Diarize>);
    let speakers = SpeakerService::start(capacity, diarize, || Ok(Box::new(ToneEmbedder)));
    VoiceProbe {
        speech: Arc::new(speech.unwrap()),
        speakers: Arc::new(speakers.unwrap()),
        reader: "reader".to_owned(),
    }
}

/// `count` voices, whose tables are files of `folder`.
pub fn voices(folder: &Path, count: usize) -> Vec<StockVoice> {
    let voice = |n: usize| {
        let path = folder.join(format!("voice{n}.bin"));
        // Every value is the voice's number plus a small part that keeps the voices' places apart.
        let values = (0..TABLE).map(|at| n as f32 + ((at * (n + 3)) % 97) as f32 / 970.0);
        let bytes: Vec<u8> = values.flat_map(f32::to_le_bytes).collect();
        fs::write(&path, bytes).unwrap();
        StockVoice {
            id: format!("voice{n}"),
            path,
            sha256: format!("{n:064}"),
        }
    };
    (0..count).map(voice).collect()
}

//! A probe without models, and stock voices with synthetic style tables, for the tests of this folder.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use sha2::Digest;

use super::catalog::StockVoice;
use super::probe::VoiceProbe;
use crate::audio::Clip;
use crate::engine::contract::{Engine, Speak, SpeechPiece, SpeechPieces, Steps, Utterance};
use crate::engine::diarization::{DiarizeTask, Diarized};
use crate::engine::speaker::unit;
use crate::engine::tts::kokoro::TableFile;
use crate::engine::tts::style::TABLE;
use crate::fault::Fault;
use crate::scheduler::lanes::Lanes;
use crate::services::speakers::{SpeakerEncoders, SpeakerService};
use crate::services::speech::SpeechService;
use crate::services::{Capacity, ModelName};

const RATE_HZ: u32 = 16_000;

/// Speaks a tone whose frequency and amplitude follow the first value of the style table; calls the function first.
struct ToneVoice<F>(Arc<F>);

impl<F: Fn() + Send + Sync> Speak for ToneVoice<F> {
    fn pieces<'a>(&'a self, utterance: &'a Utterance) -> Result<SpeechPieces<'a>, Fault> {
        let make = |_: &dyn Steps| {
            (self.0)();
            let style = utterance.style.as_ref();
            let value = style.map_or(0.0, |style| style.style_table.rows[0]);
            let step = 0.05 + 0.01 * value;
            let tone = |n: usize| (0.1 + 0.05 * value) * (n as f32 * step).sin();
            Ok((0..8_000).map(tone).collect())
        };
        let piece = SpeechPiece {
            make: Box::new(make),
            pause_s: 0.0,
            about_s: 0.5,
            words: Vec::new(),
        };
        Ok(SpeechPieces {
            rate_hz: RATE_HZ,
            pieces: Box::new(std::iter::once(Ok(piece))),
        })
    }
}

/// Embeds a sound by its loudness and its zero crossings.
struct ToneEmbedder;

impl Engine for ToneEmbedder {
    type Task = Clip;
    type Output = Vec<f32>;

    fn run(&self, clip: Clip, _: &dyn Steps) -> Result<Vec<f32>, Fault> {
        let loud = clip.samples.iter().map(|s| s.abs()).sum::<f32>() / 8_000.0;
        let pairs = clip.samples.windows(2);
        let crossings = pairs.filter(|p| (p[0] < 0.0) != (p[1] < 0.0)).count();
        Ok(unit(vec![1.0, 10.0 * loud, crossings as f32 / 100.0]))
    }
}

/// Never called in these tests.
struct NoDiarizer;

impl Engine for NoDiarizer {
    type Task = DiarizeTask;
    type Output = Diarized;

    fn run(&self, _: DiarizeTask, _: &dyn Steps) -> Result<Diarized, Fault> {
        Err(Fault::internal("nothing is diarized here"))
    }
}

/// A probe with one lane; `before` runs before each sound is made.
pub fn probe(before: impl Fn() + Send + Sync + 'static) -> VoiceProbe {
    let capacity = Capacity {
        lanes: Lanes::new(1),
        places: 4,
    };
    let voice = Arc::new(ToneVoice(Arc::new(before)));
    let speech = SpeechService::new(ModelName::default(), voice, &capacity);
    let encoders = SpeakerEncoders {
        embed: Arc::new(ToneEmbedder),
        compare: None,
    };
    let speakers = SpeakerService::new(Arc::new(NoDiarizer), encoders, None, &capacity);
    VoiceProbe {
        speech: Arc::new(speech),
        speakers: Arc::new(speakers),
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
        fs::write(&path, &bytes).unwrap();
        let hash = sha2::Sha256::digest(bytes);
        StockVoice {
            id: format!("voice{n}"),
            table: TableFile {
                file: path.as_path().into(),
                sha256: hash.iter().map(|b| format!("{b:02x}")).collect(),
            },
        }
    };
    (0..count).map(voice).collect()
}

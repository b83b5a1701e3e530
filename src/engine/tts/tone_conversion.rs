//! A tone-colour converter: one voice's speech in the tone of another.
//!
//! For weights like those of OpenVoice (Qin et al. 2023, arXiv 2312.01479), in two graphs: `extract` makes a tone of a
//! spectrogram (`[1, hops, bins] f32` → `[1, 256] f32`), `convert` makes sound of sound and two tones (`audio [1, N]`,
//! `source [1, 256]`, `target [1, 256]` → `[…, M]`). No pack fetches such weights: this was run only with the small
//! graphs of the tests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use realfft::RealFftPlanner;

use crate::contract::{Example, Speak, SpeechPiece, SpeechPieces, Utterance};
use crate::graph::loader::{GraphLoader, refused};
use crate::graph::net::{Input, Net};
use vocabox_audio::Clip;
use vocabox_audio::dsp::resample::resample_clip;
use vocabox_base::fault::Fault;
use vocabox_pack::manifest::Tone as Settings;
use vocabox_pack::{Pack, PackError};

/// Tones of examples that the cache keeps.
const KEPT: usize = 64;

/// The converter.
pub struct ToneConverter {
    extract: Arc<dyn Net>,
    convert: Arc<dyn Net>,
    rate_hz: u32,
    settings: Settings,
    /// Cached tones by the names of their examples, the most recently used at the end.
    known: Mutex<VecDeque<(String, Vec<f32>)>>,
}

/// Builds the converter of `pack`. Faults: `Missing` when the manifest lacks `[tone]` or a rate, or a graph cannot be loaded.
pub fn build(pack: &Pack, graphs: &GraphLoader) -> Result<ToneConverter, Fault> {
    let wrong = |why: &str| {
        refused(PackError::Manifest {
            path: pack.folder.join("pack.toml"),
            why: why.to_owned(),
        })
    };
    let settings = pack.manifest.tone;
    let settings = settings.ok_or_else(|| wrong("engine tone needs [tone]"))?;
    if settings.window_samples < 2 || settings.hop_samples == 0 {
        return Err(wrong("[tone] has a length of 0"));
    }
    let rate_hz = pack.manifest.sample_rate_hz;
    Ok(ToneConverter {
        extract: graphs.load(pack, "extract")?,
        convert: graphs.load(pack, "convert")?,
        rate_hz: rate_hz.ok_or_else(|| wrong("engine tone needs sample_rate_hz"))?,
        settings,
        known: Mutex::default(),
    })
}

impl ToneConverter {
    /// Returns `inner`, whose speech is converted to the tone of the task's example where it has one.
    pub fn over(self, inner: Arc<dyn Speak>) -> Arc<dyn Speak> {
        Arc::new(Toned {
            inner,
            converter: self,
        })
    }

    /// Returns the tone of `clip`.
    pub fn of(&self, clip: &Clip) -> Result<Vec<f32>, Fault> {
        let clip = resample_clip(clip, self.rate_hz)?;
        let (values, shape) = self.spectrogram(&clip.samples);
        let output = output(&*self.extract)?;
        let input = [("spectrogram", Input::Floats(&shape, &values))];
        let made = self.extract.run(&input, &[&output])?;
        Ok(made[0].floats()?.to_vec())
    }

    fn of_example(&self, example: &Example) -> Result<Vec<f32>, Fault> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let take = || {
            let mut known = known();
            let at = known.iter().position(|(name, _)| *name == example.name)?;
            known.remove(at)
        };
        let entry = match take() {
            Some(entry) => entry,
            None => (example.name.clone(), self.of(&example.speech)?),
        };
        let tone = entry.1.clone();
        let mut known = known();
        known.push_back(entry);
        if known.len() > KEPT {
            known.pop_front();
        }
        Ok(tone)
    }

    /// Returns `clip`, whose tone is `source`, in the tone `target`, at its own rate.
    pub fn converted(&self, clip: &Clip, source: &[f32], target: &[f32]) -> Result<Clip, Fault> {
        let own = resample_clip(clip, self.rate_hz)?;
        let output = output(&*self.convert)?;
        let (sound, tone) = ([1, own.samples.len()], [1, source.len()]);
        let inputs = [
            ("audio", Input::Floats(&sound, &own.samples)),
            ("source", Input::Floats(&tone, source)),
            ("target", Input::Floats(&tone, target)),
        ];
        let made = self.convert.run(&inputs, &[&output])?;
        let samples = made[0]
            .floats()?
            .iter()
            .map(|s| s.clamp(-1.0, 1.0))
            .collect();
        let made = Clip {
            samples,
            rate_hz: self.rate_hz,
        };
        resample_clip(&made, clip.rate_hz)
    }

    /// Returns magnitudes `[1, hops, bins]` of windows centred on each hop, with silence around.
    fn spectrogram(&self, samples: &[f32]) -> (Vec<f32>, [usize; 3]) {
        let (size, hop) = (self.settings.window_samples, self.settings.hop_samples);
        let fft = RealFftPlanner::<f32>::new().plan_fft_forward(size);
        let (mut frame, mut spectrum) = (fft.make_input_vec(), fft.make_output_vec());
        let window = |n: usize| 0.5 - 0.5 * (std::f32::consts::TAU * n as f32 / size as f32).cos();
        let hops = 1 + samples.len() / hop;
        let mut values = Vec::with_capacity(hops * spectrum.len());
        for number in 0..hops {
            for (n, slot) in frame.iter_mut().enumerate() {
                let at = (number * hop + n).checked_sub(size / 2);
                *slot = at.and_then(|at| samples.get(at)).unwrap_or(&0.0) * window(n);
            }
            // The plan can refuse lengths only, and these are its own.
            let done = fft.process(&mut frame, &mut spectrum);
            debug_assert!(done.is_ok());
            values.extend(spectrum.iter().map(|bin| bin.norm()));
        }
        (values, [1, hops, spectrum.len()])
    }
}

/// Returns the name of a graph's first output.
fn output(net: &dyn Net) -> Result<String, Fault> {
    let first = net.signature().outputs.first();
    first
        .map(|o| o.name.clone())
        .ok_or_else(|| Fault::engine("the graph has no output"))
}

/// An engine that speaks, followed by the converter.
struct Toned {
    inner: Arc<dyn Speak>,
    converter: ToneConverter,
}

impl Speak for Toned {
    fn pieces<'a>(&'a self, utterance: &'a Utterance) -> Result<SpeechPieces<'a>, Fault> {
        let SpeechPieces { rate_hz, pieces } = self.inner.pieces(utterance)?;
        let example = utterance.style.as_ref().and_then(|s| s.example.as_ref());
        let Some(example) = example else {
            return Ok(SpeechPieces { rate_hz, pieces });
        };
        // The first piece, which is made before the others, gives the speaking voice's own tone.
        let source: Arc<OnceLock<Vec<f32>>> = Arc::default();
        let convert = move |piece: SpeechPiece<'a>| {
            let source = Arc::clone(&source);
            let make = piece.make;
            SpeechPiece {
                make: Box::new(move |steps| {
                    let samples = make(steps)?;
                    let clip = Clip { samples, rate_hz };
                    steps.next()?;
                    let target = self.converter.of_example(example)?;
                    let own = match source.get() {
                        Some(own) => own,
                        None => {
                            let own = self.converter.of(&clip)?;
                            source.get_or_init(|| own)
                        }
                    };
                    Ok(self.converter.converted(&clip, own, &target)?.samples)
                }),
                ..piece
            }
        };
        Ok(SpeechPieces {
            rate_hz,
            pieces: Box::new(pieces.map(move |piece| piece.map(&convert))),
        })
    }
}

#[cfg(test)]
#[path = "tone_conversion_tests.rs"]
mod tests;

//! A recording in its own channels, at most two, at a chosen rate.

use std::io::{Read, Seek};

use crate::decode::decoder::{self, Decoder};
use crate::decode::downmix::Width;
use crate::decode::selection::{HeardTrack, SoundRequest};
use crate::dsp::resample::Stage;
use crate::pcm::Samples;
use vocabox_base::fault::Fault;

/// A recording of one or two channels that is read piece by piece: memory does not grow with its length.
pub struct StereoReader {
    decoder: Decoder,
    rate_hz: u32,
    /// None when the rates are equal: samples pass through untouched.
    stage: Option<Stage>,
}

impl StereoReader {
    /// Opens the recording in `source` at `rate_hz`: mono and stereo unchanged, more channels mixed to stereo
    /// (`downmix`). Cuts, late starts, damage and `most_seconds` are handled as in [`decoder::open`].
    ///
    /// Faults: those of [`decoder::open`]; `Internal` when the rate is 0.
    pub fn open<S>(source: S, rate_hz: u32, most_seconds: f64) -> Result<Self, Fault>
    where
        S: Read + Seek + Send + Sync + 'static,
    {
        StereoReader::open_sound(source, &SoundRequest::default(), rate_hz, most_seconds)
    }

    /// As [`StereoReader::open`], of what `request` asks for, but for its side. Faults: those of [`decoder::open_sound`].
    pub fn open_sound<S>(
        source: S,
        request: &SoundRequest,
        rate_hz: u32,
        most_seconds: f64,
    ) -> Result<Self, Fault>
    where
        S: Read + Seek + Send + Sync + 'static,
    {
        let decoder = decoder::open_as(source, request, Width::UpToTwo, most_seconds)?;
        let stage = match decoder.rate_hz() == rate_hz {
            true => None,
            false => Some(Stage::new(decoder.rate_hz(), rate_hz, decoder.channels())?),
        };
        Ok(StereoReader {
            decoder,
            rate_hz,
            stage,
        })
    }

    /// Returns 1 or 2.
    pub fn channels(&self) -> usize {
        self.decoder.channels()
    }

    /// Returns the sound track that is heard.
    pub fn heard(&self) -> &HeardTrack {
        self.decoder.heard()
    }

    /// Returns the frames a second of what [`StereoReader::read`] gives.
    pub fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// Appends up to `most` interleaved frames in [−1, 1] to `out` and returns how many; 0 only at the end.
    ///
    /// Faults: those of [`Samples::read`].
    pub fn read(&mut self, out: &mut Vec<f32>, most: usize) -> Result<usize, Fault> {
        let decoder = &mut self.decoder;
        match &mut self.stage {
            None => decoder.read_frames(out, most),
            Some(stage) => stage.read(
                &mut |input, most| decoder.read_frames(input, most),
                out,
                most,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::resample::resample_clip;
    use crate::encode::{self, WavWriter};
    use crate::pcm::{Clip, read_all};
    use std::io::Cursor;

    const LENGTH: usize = 20_011;

    /// Another sound for each number, of whole 16-bit samples.
    fn sound(number: usize) -> Vec<f32> {
        let step = 0.01 * (number + 1) as f32;
        let sample = |n: usize| (0.5 * (n as f32 * step).sin() * 32_768.0).round() / 32_768.0;
        (0..LENGTH).map(sample).collect()
    }

    fn interleaved(channels: &[Vec<f32>]) -> Vec<f32> {
        let frame = |n: usize| channels.iter().map(move |c| c[n]);
        (0..LENGTH).flat_map(frame).collect()
    }

    fn wav(channels: &[Vec<f32>], rate_hz: u32) -> Cursor<Vec<u8>> {
        let mut file = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut file, rate_hz, channels.len()).unwrap();
        writer.push(&interleaved(channels)).unwrap();
        writer.finish().unwrap();
        Cursor::new(file.into_inner())
    }

    /// All channels of `file` at `rate_hz`, read in pieces of odd lengths.
    fn read(file: Cursor<Vec<u8>>, rate_hz: u32) -> Vec<Vec<f32>> {
        let mut wide = StereoReader::open(file, rate_hz, 60.0).unwrap();
        assert_eq!(wide.rate_hz(), rate_hz);
        let (mut frames, mut most) = (Vec::new(), 1);
        loop {
            let before = frames.len();
            let given = wide.read(&mut frames, most).unwrap();
            assert_eq!(frames.len() - before, given * wide.channels());
            if given == 0 {
                break;
            }
            most = most * 7 % 9_973 + 1;
        }
        let channel = |at| frames.iter().skip(at).step_by(wide.channels());
        (0..wide.channels())
            .map(|at| channel(at).copied().collect())
            .collect()
    }

    #[test]
    fn stereo_comes_back_sample_by_sample_on_its_sides() {
        let sides = [sound(0), sound(1)];
        assert!(read(wav(&sides, 48_000), 48_000) == sides);
        // Its mono is the mean.
        let mono = read_all(&mut decoder::open(wav(&sides, 48_000), 60.0).unwrap()).unwrap();
        let mean = sides[0]
            .iter()
            .zip(&sides[1])
            .map(|(l, r)| 0.5 * l + 0.5 * r);
        assert!(mono.samples == mean.collect::<Vec<f32>>());
        let resampled = sides.map(|samples| {
            let clip = Clip {
                samples,
                rate_hz: 44_100,
            };
            resample_clip(&clip, 48_000).unwrap().samples
        });
        let sides = [sound(0), sound(1)];
        assert!(read(wav(&sides, 44_100), 48_000) == resampled);
    }

    #[test]
    fn mono_is_the_same_as_it_is_elsewhere_bit_for_bit() {
        let file = encode::wav(&sound(3), 22_050).unwrap();
        for rate_hz in [22_050, 48_000] {
            let speech = crate::open_speech(Cursor::new(file.clone()), rate_hz, 60.0);
            let speech = read_all(speech.unwrap().as_mut()).unwrap();
            assert!(read(Cursor::new(file.clone()), rate_hz) == [speech.samples]);
        }
    }

    #[test]
    fn surround_is_mixed_to_stereo() {
        let channels: Vec<Vec<f32>> = (0..6).map(sound).collect();
        // A plain head tells no places; this one has them (front left, right, centre, low, and two behind).
        let spec = hound::WavSpec {
            channels: 6,
            sample_rate: 48_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
        for sample in interleaved(&channels) {
            writer.write_sample((sample * 32_768.0) as i16).unwrap();
        }
        writer.finalize().unwrap();
        let sides = read(Cursor::new(file.into_inner()), 48_000);
        assert_eq!(sides.len(), 2);
        for (side, front, behind) in [(0, 0, 4), (1, 1, 5)] {
            for n in (0..LENGTH).step_by(97) {
                let part = std::f32::consts::FRAC_1_SQRT_2;
                let sum = channels[front][n] + part * (channels[2][n] + channels[behind][n]);
                let expected = sum / (1.0 + 2.0 * part);
                assert!((sides[side][n] - expected).abs() < 1e-5, "{side}, {n}");
            }
        }
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let fault = StereoReader::open(wav(&[sound(0), sound(1)], 16_000), 48_000, 1.0).err();
        assert!(fault.unwrap().sentence.starts_with("audio lasts 1.3 s"));
    }
}

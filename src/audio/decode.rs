//! A recording → mono samples at its own rate, packet by packet: memory does not grow with its length.
//!
//! The format is told by content, never by name. WAV, AIFF, FLAC, MP3, ADTS, MP4 (AAC, ALAC, MP3, Opus,
//! PCM), Matroska/WebM and Ogg (Vorbis, Opus, FLAC) are read by symphonia; Opus packets by `opus`.
//! Priming and padding are cut as the file says (LAME tags, Ogg positions, Opus pre-skip, MP4 edit lists,
//! Matroska's codec delay), so that sample 0 is the recording's start. Left as they are: Matroska's
//! DiscardPadding (some milliseconds at the end) and a Matroska track that starts later than the file.
//!
//! What is cut or damaged is heard as far as it is there; where a Matroska file lost some seconds they are silent, so that
//! later times stay true. Files joined to one (MP3, ADTS, Ogg, Matroska) are heard to the last, but for parts of another rate
//! than the first.

use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::errors::Error;
use symphonia::core::formats::FormatReader;
use symphonia::core::formats::well_known::FORMAT_ID_MKV;
use symphonia::core::packet::Packet;

use super::container;
use super::edits::{self, Edit};
use super::pcm::Samples;
use super::track::{self, TrackDecoder, undecodable};
use crate::fault::Fault;
use crate::limits::{AUDIO_CHANNELS_MAX, AUDIO_RATE_HZ_MAX, AUDIO_RATE_HZ_MIN};

/// Seconds that a file may make us decode and then cut away, beyond twice what it may give.
const CUT_SECONDS_MAX: f64 = 60.0;

/// Longest codec delay that is believed.
const EARLY_SECONDS_MAX: f64 = 1.0;

/// Silence that is put where a Matroska file's times leap ahead of its sound: less is its players' to smooth over, more is
/// taken for a damaged time.
const LOST_SECONDS: std::ops::Range<f64> = 0.25..60.0;

/// Damaged packets in a row behind which nothing more is expected.
const DAMAGED_MAX: usize = 1000;

/// Samples of silence, before a track that starts late, that are made at a time.
const SILENCE_SAMPLES: u64 = 1 << 14;

/// A recording being decoded: [`Samples`] at its own rate.
pub struct Decoder {
    format: Box<dyn FormatReader>,
    track_id: u32,
    track: TrackDecoder,
    rate_hz: u32,
    most_seconds: f64,
    told_seconds: Option<f64>,
    /// Mono samples of the last packet; those before `at` were handed out.
    ready: Vec<f32>,
    at: usize,
    /// Silence still to be given before the track, samples still to be cut, samples that may follow.
    gap: u64,
    cut: u64,
    keep: u64,
    /// Seconds by which the first packet starts before the track does.
    early_s: f64,
    /// The file's time of the first sample decoded, where packets have times.
    zero_s: Option<f64>,
    /// Packets in a row that the container could not give.
    damaged: usize,
    /// Samples decoded, and samples given out of them or of silence.
    decoded: u64,
    given: u64,
    ended: bool,
}

/// The recording in `source`, opened at its first audio track that can be decoded.
///
/// `most_seconds` is the longest recording to accept; where the file tells its length reliably, a longer
/// one is refused here, otherwise by [`Samples::read`] once it is passed.
///
/// Faults: `Invalid` when the source is empty, is no media file, has no audio track, or none that can be
/// decoded, or claims a rate or channels beyond `limits`; `Internal` when it cannot be read.
pub fn open<S>(mut source: S, most_seconds: f64) -> Result<Decoder, Fault>
where
    S: Read + Seek + Send + Sync + 'static,
{
    let bytes = source.seek(SeekFrom::End(0)).map_err(Fault::internal)?;
    if bytes == 0 {
        return Err(Fault::invalid("file is empty"));
    }
    let edits = edits::read(&mut source, bytes);
    let format = container::open(source, bytes)?;
    let (chosen, track) = track::choose(format.as_ref())?;
    let told_seconds = container::told_seconds(format.as_ref(), chosen, bytes);
    if let Some(seconds) = told_seconds
        && seconds > most_seconds
    {
        return Err(too_long(Some(seconds), most_seconds));
    }
    let track_id = chosen.id;
    let edit = edits.into_iter().find(|edit| edit.track_id == track_id);
    let mut decoder = Decoder {
        format,
        track_id,
        track,
        rate_hz: 0,
        most_seconds,
        told_seconds,
        ready: Vec::new(),
        at: 0,
        gap: 0,
        cut: 0,
        keep: u64::MAX,
        early_s: 0.0,
        zero_s: None,
        damaged: 0,
        decoded: 0,
        given: 0,
        ended: false,
    };
    // Only a decoded packet tells the true rate.
    while decoder.rate_hz == 0 {
        if !decoder.decode_packet()? {
            return Err(undecodable("no packet could be decoded"));
        }
    }
    decoder.edit(edit);
    decoder.trim()?;
    Ok(decoder)
}

impl Decoder {
    /// How long the recording is, where the file tells it reliably.
    pub fn told_seconds(&self) -> Option<f64> {
        self.told_seconds
    }

    /// Sets what is to be cut, kept and put before, now that the rate is known.
    fn edit(&mut self, edit: Option<Edit>) {
        let samples = |seconds: f64| (seconds * f64::from(self.rate_hz)).round().max(0.0) as u64;
        match edit {
            // In MP4 the edit list stands for the Opus pre-skip too.
            Some(edit) => {
                self.gap = samples(edit.gap_s);
                self.cut = samples(edit.cut_s);
                self.keep = edit.keep_s.map_or(u64::MAX, samples);
            }
            None => self.cut = self.track.pre_skip().unwrap_or(samples(self.early_s)),
        }
    }

    /// Decodes the next packet of the track onto `ready`, which has been used up. False at the end.
    fn decode_packet(&mut self) -> Result<bool, Fault> {
        self.ready.clear();
        self.at = 0;
        let packet = match self.format.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => return Ok(false),
            // Chained Ogg: another logical stream follows.
            Err(Error::ResetRequired) => return self.start_again(),
            Err(Error::IoError(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
                return Err(Fault::internal(error));
            }
            Err(Error::DecodeError(_)) if self.damaged < DAMAGED_MAX => {
                self.damaged += 1;
                return Ok(true);
            }
            // A file that breaks off is taken as far as it goes.
            Err(_) => return Ok(false),
        };
        self.damaged = 0;
        if packet.track_id != self.track_id {
            return Ok(true);
        }
        // A packet that cannot be decoded is skipped, like one of another rate than the first.
        let Some(rate_hz) = self.track.decode(&packet, &mut self.ready) else {
            return Ok(true);
        };
        if self.rate_hz == 0 {
            self.rate_hz = check(rate_hz, self.track.channels())?;
            self.early_s = self.early(&packet);
        }
        if rate_hz != self.rate_hz {
            self.ready.clear();
        } else if !self.ready.is_empty() {
            self.fill(&packet);
        }
        Ok(true)
    }

    /// Puts silence in the place of what was lost before `packet`, whose samples are in `ready`.
    fn fill(&mut self, packet: &Packet) {
        let (Some(time_s), rate_hz) = (self.time_s(packet), f64::from(self.rate_hz)) else {
            return;
        };
        let here_s = self.decoded as f64 / rate_hz;
        let lost_s = time_s - *self.zero_s.get_or_insert(time_s - here_s) - here_s;
        if LOST_SECONDS.contains(&lost_s) {
            self.gap = (lost_s * rate_hz) as u64;
            self.decoded += self.gap;
        }
    }

    /// When a packet of Matroska begins, in its file's time; elsewhere the packets follow each other.
    fn time_s(&self, packet: &Packet) -> Option<f64> {
        if self.format.format_info().format != FORMAT_ID_MKV {
            return None;
        }
        let mut tracks = self.format.tracks().iter();
        let base = tracks.find(|track| track.id == self.track_id)?.time_base?;
        Some(base.calc_time(packet.pts)?.as_secs_f64())
    }

    /// Seconds by which `packet`, a track's first, starts before its track does: Matroska's codec delay, to
    /// its milliseconds. Elsewhere, and for Vorbis, the decoder has already cut what starts early.
    fn early(&self, packet: &Packet) -> f64 {
        if self.track.is_vorbis() {
            return 0.0;
        }
        let start_s = self.time_s(packet).unwrap_or(0.0);
        (-start_s).clamp(0.0, EARLY_SECONDS_MAX)
    }

    /// Goes on with the logical stream that follows.
    fn start_again(&mut self) -> Result<bool, Fault> {
        let Ok((chosen, track)) = track::choose(self.format.as_ref()) else {
            return Ok(false);
        };
        self.track_id = chosen.id;
        self.cut += track.pre_skip().unwrap_or(0);
        self.track = track;
        Ok(true)
    }

    /// Applies cuts, the end and the bound to the packet in `ready`.
    fn trim(&mut self) -> Result<(), Fault> {
        let fresh = self.ready.len() as u64;
        self.decoded += fresh;
        let cut = self.cut.min(fresh);
        self.cut -= cut;
        self.at += cut as usize;
        let kept = (fresh - cut).min(self.keep);
        self.keep -= kept;
        self.ready.truncate(self.at + kept as usize);
        self.ended |= self.keep == 0;
        self.give(kept)
    }

    /// Counts `samples` towards the bound.
    fn give(&mut self, samples: u64) -> Result<(), Fault> {
        let rate = f64::from(self.rate_hz);
        self.given += samples;
        let given_s = self.given as f64 / rate;
        let decoded_s = self.decoded as f64 / rate;
        // A file can also make us decode for hours what it then has us cut away.
        if given_s > self.most_seconds || decoded_s > 2.0 * self.most_seconds + CUT_SECONDS_MAX {
            return Err(too_long(None, self.most_seconds));
        }
        Ok(())
    }

    /// Makes more samples ready; there may be none. False at the end.
    fn advance(&mut self) -> Result<bool, Fault> {
        if self.ended {
            return Ok(false);
        }
        if !self.decode_packet()? {
            self.ended = true;
            return Ok(false);
        }
        self.trim()?;
        Ok(true)
    }
}

impl Samples for Decoder {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn read(&mut self, out: &mut Vec<f32>, most: usize) -> Result<usize, Fault> {
        let before = out.len();
        let room = |out: &Vec<f32>| most - (out.len() - before);
        while room(out) > 0 {
            if self.gap > 0 {
                let silence = self.gap.min(room(out) as u64).min(SILENCE_SAMPLES);
                self.gap -= silence;
                self.give(silence)?;
                out.resize(out.len() + silence as usize, 0.0);
            } else if self.at < self.ready.len() {
                let ready = &self.ready[self.at..];
                let taken = ready.len().min(room(out));
                out.extend_from_slice(&ready[..taken]);
                self.at += taken;
            } else if !self.advance()? {
                break;
            }
        }
        Ok(out.len() - before)
    }
}

/// `rate_hz`, when it and the channels are within what is accepted.
fn check(rate_hz: u32, channels: usize) -> Result<u32, Fault> {
    if !(AUDIO_RATE_HZ_MIN..=AUDIO_RATE_HZ_MAX).contains(&rate_hz) {
        return Err(Fault::invalid(format!(
            "audio has {rate_hz} samples a second; {AUDIO_RATE_HZ_MIN} to {AUDIO_RATE_HZ_MAX} are accepted"
        )));
    }
    if channels > AUDIO_CHANNELS_MAX {
        return Err(Fault::invalid(format!(
            "audio has {channels} channels; at most {AUDIO_CHANNELS_MAX} are accepted"
        )));
    }
    Ok(rate_hz)
}

fn too_long(seconds: Option<f64>, most_seconds: f64) -> Fault {
    Fault::invalid(match seconds {
        Some(seconds) => {
            format!("audio lasts {seconds:.1} s; at most {most_seconds:.1} s is accepted")
        }
        None => {
            format!("audio lasts more than {most_seconds:.1} s, which is the most that is accepted")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::encode;
    use crate::audio::pcm::{Clip, read_all};
    use crate::fault::Kind;
    use opus_pure::{Application, OggOpusWriter, OpusEncoder, OpusHead};
    use std::io::Cursor;

    fn tone(samples: usize) -> Vec<f32> {
        (0..samples)
            .map(|n| 0.5 * (n as f32 * 0.05).sin())
            .collect()
    }

    fn decode(file: Vec<u8>, most_seconds: f64) -> Result<Clip, Fault> {
        read_all(&mut open(Cursor::new(file), most_seconds)?)
    }

    /// An Ogg Opus file of `packets` packets of 20 ms.
    fn opus(packets: usize) -> Vec<u8> {
        let mut encoder = OpusEncoder::new(48_000, 1, Application::Voip).unwrap();
        let head = OpusHead::for_encoder(&encoder, 48_000);
        let mut writer = OggOpusWriter::new(Vec::new(), head).unwrap();
        let mut packet = vec![0; 4_000];
        for frame in tone(960 * packets).chunks_exact(960) {
            let bytes = encoder.encode(frame, 960, &mut packet).unwrap();
            writer.write_packet(&packet[..bytes]).unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn wav_comes_back_exactly() {
        let file = encode::wav(&tone(10_000), 22_050).unwrap();
        let clip = decode(file.clone(), 1.0).unwrap();
        assert_eq!((clip.rate_hz, clip.samples.len()), (22_050, 10_000));
        assert_eq!(encode::wav(&clip.samples, clip.rate_hz).unwrap(), file);
    }

    #[test]
    fn opus_is_decoded_and_its_start_cut() {
        let clip = decode(opus(50), 1.5).unwrap();
        assert_eq!(clip.rate_hz, 48_000);
        let skip = OpusHead::for_encoder(
            &OpusEncoder::new(48_000, 1, Application::Voip).unwrap(),
            48_000,
        )
        .pre_skip;
        assert_eq!(clip.samples.len(), 48_000 - usize::from(skip));
    }

    #[test]
    fn too_long_is_refused_at_once_or_while_reading() {
        let wav = encode::wav(&tone(32_000), 16_000).unwrap();
        let fault = open(Cursor::new(wav), 1.5).err().unwrap();
        assert_eq!(
            fault.sentence,
            "audio lasts 2.0 s; at most 1.5 s is accepted"
        );
        assert!(
            decode(opus(100), 1.5)
                .unwrap_err()
                .sentence
                .starts_with("audio lasts more than 1.5 s")
        );
    }

    #[test]
    fn what_is_no_sound_is_told_apart() {
        assert_eq!(
            decode(Vec::new(), 1.0).unwrap_err().sentence,
            "file is empty"
        );
        for file in [
            vec![0; 5_000],
            b"hello ".repeat(900),
            encode::wav(&[], 16_000).unwrap(),
        ] {
            let fault = decode(file, 1.0).unwrap_err();
            assert_eq!(fault.kind, Kind::Invalid);
            assert!(
                fault
                    .sentence
                    .starts_with("file could not be decoded as audio")
            );
        }
        let mut slow = encode::wav(&tone(100), 16_000).unwrap();
        slow[24..28].copy_from_slice(&100u32.to_le_bytes());
        assert!(
            decode(slow, 9.0)
                .unwrap_err()
                .sentence
                .starts_with("audio has 100 samples a second")
        );
    }

    /// Flipped bytes, cuts and runs of ones: an answer or a refusal, never a panic, and samples in range.
    #[test]
    fn rubbish_never_panics() {
        let mut state = 7u32;
        let mut random = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % below
        };
        for whole in [encode::wav(&tone(3_000), 16_000).unwrap(), opus(10)] {
            for round in 0..300 {
                let mut file = whole.clone();
                file.truncate(if round % 3 == 0 {
                    random(whole.len())
                } else {
                    whole.len()
                });
                for _ in 0..random(9) {
                    let at = random(file.len().clamp(1, 200)).min(file.len().saturating_sub(1));
                    file.iter_mut()
                        .skip(at)
                        .take(1)
                        .for_each(|byte| *byte = random(256) as u8);
                }
                if let Ok(clip) = decode(file, 60.0) {
                    assert!(clip.samples.iter().all(|x| (-1.0..=1.0).contains(x)));
                }
            }
        }
    }
}

//! One track's packets → mono samples: which track, which decoder, and how its channels are mixed.

use symphonia::core::audio::Channels;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP3, CODEC_ID_OPUS, CODEC_ID_VORBIS};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::formats::well_known::FORMAT_ID_ISOMP4;
use symphonia::core::formats::{FormatReader, Track};
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

use super::downmix;
use super::opus::{self, OpusTrack};
use crate::fault::Fault;

/// What every refusal of a file names.
const ACCEPTED: &str = "accepted are WAV, AIFF, FLAC, MP3, AAC, M4A/MP4, Ogg, Opus and WebM/MKV";

/// A decoder for one track, with its mono mix and the buffers that this takes.
pub struct TrackDecoder {
    codec: Codec,
    /// The channels that `weights` were made for.
    channels: Channels,
    weights: Vec<f32>,
    interleaved: Vec<f32>,
    /// The packets' time from which on what they would have cut is kept.
    keeps_from: Option<i64>,
}

enum Codec {
    Symphonia(Box<dyn AudioDecoder>),
    Opus(Box<OpusTrack>),
}

/// The first audio track of `format` for which there is a decoder, and that decoder.
///
/// Faults: `Invalid` when there is no audio track, or none that can be decoded.
pub fn choose(format: &dyn FormatReader) -> Result<(&Track, TrackDecoder), Fault> {
    let in_mp4 = format.format_info().format == FORMAT_ID_ISOMP4;
    let mut seen = false;
    for track in format.tracks() {
        let Some(CodecParameters::Audio(params)) = &track.codec_params else {
            continue;
        };
        seen = true;
        if let Some(mut decoder) = TrackDecoder::new(params, in_mp4) {
            if params.codec == CODEC_ID_MP3 {
                decoder.keeps_from = Some(told_end(track));
            }
            return Ok((track, decoder));
        }
    }
    Err(match seen {
        true => undecodable("no decoder for any audio track"),
        false => Fault::invalid(format!("file has no audio track; {ACCEPTED}")),
    })
}

/// Where the part that an MP3's first frame tells of ends. What follows was joined to it, and would be cut as padding; so
/// would what a mere estimate of its length leaves out.
fn told_end(track: &Track) -> i64 {
    let (Some(_), Some(padding), Some(samples)) = (track.delay, track.padding, track.num_frames)
    else {
        return i64::MIN;
    };
    i64::try_from(samples).map_or(i64::MAX, |samples| {
        samples.saturating_add(i64::from(padding))
    })
}

/// The refusal of a file that makes no sound; `cause` is for the log.
pub fn undecodable(cause: impl std::fmt::Display) -> Fault {
    Fault::invalid(format!("file could not be decoded as audio; {ACCEPTED}")).because(cause)
}

impl TrackDecoder {
    fn new(params: &AudioCodecParameters, in_mp4: bool) -> Option<Self> {
        let codec = if params.codec == CODEC_ID_OPUS {
            let head = params.extra_data.as_deref()?;
            Codec::Opus(Box::new(OpusTrack::new(head, in_mp4)?))
        } else {
            let decoder = symphonia::default::get_codecs()
                .make_audio_decoder(params, &AudioDecoderOptions::default());
            Codec::Symphonia(decoder.ok()?)
        };
        Some(TrackDecoder {
            codec,
            channels: Channels::None,
            weights: Vec::new(),
            interleaved: Vec::new(),
            keeps_from: None,
        })
    }

    /// Appends the mono samples of `packet`, without the priming and padding that it declares, and returns
    /// their rate; None when it cannot be decoded.
    pub fn decode(&mut self, packet: &Packet, mono: &mut Vec<f32>) -> Option<u32> {
        match &mut self.codec {
            Codec::Symphonia(decoder) => {
                let mut packet = packet.as_packet_ref();
                if self.keeps_from.is_some_and(|from| packet.pts.get() >= from) {
                    packet.trim_start = Duration::ZERO;
                    packet.trim_end = Duration::ZERO;
                }
                if decoder.decode_ref(&packet).is_err() {
                    self.keeps_from?;
                    // What is joined to an MP3 may have other channels, for which its decoder must be made anew.
                    let mut other = symphonia::default::get_codecs()
                        .make_audio_decoder(decoder.codec_params(), &Default::default())
                        .ok()?;
                    other.decode_ref(&packet).ok()?;
                    *decoder = other;
                }
                let buffer = decoder.last_decoded();
                let spec = buffer.spec();
                if *spec.channels() != self.channels {
                    self.channels = spec.channels().clone();
                    self.weights = downmix::weights(&self.channels);
                }
                buffer.copy_to_vec_interleaved(&mut self.interleaved);
                mix(&self.interleaved, &self.weights, mono);
                Some(spec.rate()).filter(|_| !self.weights.is_empty())
            }
            Codec::Opus(track) => {
                if self.weights.is_empty() {
                    self.weights = downmix::vorbis_weights(track.channels());
                }
                let before = mono.len();
                mix(track.decode(&packet.data)?, &self.weights, mono);
                let padding = packet.trim_end.get().min((mono.len() - before) as u64);
                mono.truncate(mono.len() - padding as usize);
                Some(opus::RATE_HZ)
            }
        }
    }

    /// Channels of the last packet that was decoded.
    pub fn channels(&self) -> usize {
        self.weights.len()
    }

    /// Samples at the start that only warm up the decoder; none where the packets themselves tell.
    pub fn pre_skip(&self) -> Option<u64> {
        match &self.codec {
            Codec::Opus(track) => Some(track.pre_skip()),
            Codec::Symphonia(_) => None,
        }
    }

    /// Whether this is Vorbis, whose decoder gives nothing for the first packet.
    pub fn is_vorbis(&self) -> bool {
        match &self.codec {
            Codec::Symphonia(decoder) => decoder.codec_params().codec == CODEC_ID_VORBIS,
            Codec::Opus(_) => false,
        }
    }
}

/// Appends the weighted sum of each frame, in [−1, 1]; what is not finite becomes silence.
fn mix(interleaved: &[f32], weights: &[f32], mono: &mut Vec<f32>) {
    let bounded = |x: f32| {
        if x.is_finite() {
            x.clamp(-1.0, 1.0)
        } else {
            0.0
        }
    };
    match weights {
        [] => (),
        [_] => mono.extend(interleaved.iter().map(|x| bounded(*x))),
        _ => mono.extend(
            interleaved
                .chunks_exact(weights.len())
                .map(|frame| bounded(frame.iter().zip(weights).map(|(x, w)| x * w).sum())),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_weighed_and_kept_in_range() {
        let mut mono = Vec::new();
        mix(
            &[1.0, 0.5, -4.0, -3.0, f32::NAN, 0.0, f32::INFINITY, 1.0],
            &[0.5, 0.5],
            &mut mono,
        );
        assert_eq!(mono, [0.75, -1.0, 0.0, 0.0]);
        mix(&[2.0], &[1.0], &mut mono);
        mix(&[2.0], &[], &mut mono);
        assert_eq!(mono.len(), 5);
    }
}

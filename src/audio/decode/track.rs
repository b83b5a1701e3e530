//! Chooses one track and its decoder, and decodes its packets to samples of the requested channels.

use symphonia::core::audio::Channels;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP3, CODEC_ID_OPUS, CODEC_ID_VORBIS};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::formats::well_known::FORMAT_ID_ISOMP4;
use symphonia::core::formats::{FormatReader, Track};
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

use crate::decode::downmix::{Mix, Width};
use crate::decode::opus::{self, OpusTrack};
use vocabox_base::fault::Fault;

/// What every refusal of a file names.
const ACCEPTED: &str = "accepted are WAV, AIFF, FLAC, MP3, AAC, M4A/MP4, Ogg, Opus and WebM/MKV";

/// A decoder for one track, with the mix of its channels and its buffers.
pub struct TrackDecoder {
    codec: PacketDecoder,
    width: Width,
    /// The channels that `mix` was made for.
    channels: Channels,
    mix: Mix,
    interleaved: Vec<f32>,
    /// The packets' time from which on the samples that their padding would cut are kept.
    keeps_from: Option<i64>,
}

enum PacketDecoder {
    Symphonia(Box<dyn AudioDecoder>),
    Opus(Box<OpusTrack>),
}

/// Returns the first audio track of `format` that has a decoder, and that decoder, which gives channels of `width`.
///
/// Faults: `Invalid` when there is no audio track, or none that can be decoded.
pub fn choose(format: &dyn FormatReader, width: Width) -> Result<(&Track, TrackDecoder), Fault> {
    let in_mp4 = format.format_info().format == FORMAT_ID_ISOMP4;
    let mut seen = false;
    for track in format.tracks() {
        let Some(CodecParameters::Audio(params)) = &track.codec_params else {
            continue;
        };
        seen = true;
        if let Some(mut decoder) = TrackDecoder::new(params, in_mp4, width) {
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

/// Returns where the part that an MP3's first frame describes ends. Audio that was appended to it would be cut as
/// padding, and so would everything beyond a mere estimate of the length.
fn told_end(track: &Track) -> i64 {
    let (Some(_), Some(padding), Some(samples)) = (track.delay, track.padding, track.num_frames)
    else {
        return i64::MIN;
    };
    i64::try_from(samples).map_or(i64::MAX, |samples| {
        samples.saturating_add(i64::from(padding))
    })
}

/// Returns the refusal of a file without decodable sound; `cause` is for the log.
pub fn undecodable(cause: impl std::fmt::Display) -> Fault {
    Fault::invalid(format!("file could not be decoded as audio; {ACCEPTED}")).because(cause)
}

impl TrackDecoder {
    fn new(params: &AudioCodecParameters, in_mp4: bool, width: Width) -> Option<Self> {
        let codec = if params.codec == CODEC_ID_OPUS {
            let head = params.extra_data.as_deref()?;
            PacketDecoder::Opus(Box::new(OpusTrack::new(head, in_mp4)?))
        } else {
            let decoder = symphonia::default::get_codecs()
                .make_audio_decoder(params, &AudioDecoderOptions::default());
            PacketDecoder::Symphonia(decoder.ok()?)
        };
        let mut decoder = TrackDecoder {
            width,
            channels: Channels::None,
            mix: Mix::vorbis(0, width),
            interleaved: Vec::new(),
            keeps_from: None,
            codec,
        };
        if let PacketDecoder::Opus(track) = &decoder.codec {
            decoder.mix = Mix::vorbis(track.channels(), width);
            decoder.width = decoder.mix.width().unwrap_or(width);
        }
        Some(decoder)
    }

    /// Appends the frames of `packet`, interleaved, without the priming and padding that it declares, and returns
    /// their rate; None when it cannot be decoded.
    pub fn decode(&mut self, packet: &Packet, frames: &mut Vec<f32>) -> Option<u32> {
        match &mut self.codec {
            PacketDecoder::Symphonia(decoder) => {
                let mut packet = packet.as_packet_ref();
                if self.keeps_from.is_some_and(|from| packet.pts.get() >= from) {
                    packet.trim_start = Duration::ZERO;
                    packet.trim_end = Duration::ZERO;
                }
                if decoder.decode_ref(&packet).is_err() {
                    self.keeps_from?;
                    // Audio appended to an MP3 may have other channels, for which its decoder must be made anew.
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
                    self.mix = Mix::new(&self.channels, self.width);
                    self.width = self.mix.width().unwrap_or(self.width);
                }
                buffer.copy_to_vec_interleaved(&mut self.interleaved);
                self.mix.append(&self.interleaved, frames);
                Some(spec.rate()).filter(|_| self.mix.inputs() > 0)
            }
            PacketDecoder::Opus(track) => {
                let (before, channels) = (frames.len(), self.mix.outputs());
                self.mix.append(track.decode(&packet.data)?, frames);
                let made = (frames.len() - before) / channels;
                let padding = packet.trim_end.get().min(made as u64) as usize;
                frames.truncate(frames.len() - padding * channels);
                Some(opus::RATE_HZ)
            }
        }
    }

    /// Returns how the last decoded packet was mixed.
    pub fn mix(&self) -> &Mix {
        &self.mix
    }

    /// Returns the channels that this decoder gives, which do not change after the first decoded packet.
    pub fn width(&self) -> Width {
        self.width
    }

    /// Returns the samples at the start that only warm up the decoder; none where the packets declare them.
    pub fn pre_skip(&self) -> Option<u64> {
        match &self.codec {
            PacketDecoder::Opus(track) => Some(track.pre_skip()),
            PacketDecoder::Symphonia(_) => None,
        }
    }

    /// Whether this is Vorbis, whose decoder gives nothing for the first packet.
    pub fn is_vorbis(&self) -> bool {
        match &self.codec {
            PacketDecoder::Symphonia(decoder) => decoder.codec_params().codec == CODEC_ID_VORBIS,
            PacketDecoder::Opus(_) => false,
        }
    }
}

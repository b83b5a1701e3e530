//! Decodes the packets of one track to samples of the requested channels.

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_AC3, CODEC_ID_EAC3, CODEC_ID_MP3, CODEC_ID_OPUS, CODEC_ID_VORBIS,
};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::formats::Track;
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

use crate::decode::antiphase::Antiphase;
use crate::decode::codecs::PlacedTrack;
use crate::decode::codecs::aac::{self, AacTrack};
use crate::decode::codecs::ac3::Ac3Track;
use crate::decode::codecs::gsm::{CODEC_ID_GSM, CODEC_ID_GSM_MS, GsmDecoder};
use crate::decode::codecs::opus::{self, OpusTrack};
use crate::decode::downmix::{Mix, Width};
use vocabox_base::limits::AUDIO_CHANNELS_MAX;

/// A decoder for one track, with the mix of its channels and its buffers.
pub struct TrackDecoder {
    codec: PacketDecoder,
    width: Width,
    /// The channels that `mix` was made for.
    channels: Channels,
    mix: Mix,
    antiphase: Antiphase,
    interleaved: Vec<f32>,
    /// The packets' time from which on the samples that their padding would cut are kept.
    keeps_from: Option<i64>,
}

enum PacketDecoder {
    Symphonia(Box<dyn AudioDecoder>),
    Opus(Box<OpusTrack>),
    Placed(Box<dyn PlacedTrack>),
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

impl TrackDecoder {
    /// Returns a decoder of `params` for `track`, which gives channels of `width`; none when there is none.
    pub fn new(
        track: &Track,
        params: &AudioCodecParameters,
        in_mp4: bool,
        width: Width,
    ) -> Option<Self> {
        // ADTS has no configuration beside its frames.
        let counted = params.channels.as_ref().map_or(0, Channels::count);
        // Decoders make room for the channels that a head claims.
        if counted > AUDIO_CHANNELS_MAX {
            return None;
        }
        let surround = params
            .sample_rate
            .and_then(|rate_hz| aac::surround(rate_hz, counted));
        let config = match (&params.extra_data, &surround) {
            (None, Some(surround)) if params.codec == CODEC_ID_AAC => Some(&surround[..]),
            (config, _) => config.as_deref(),
        };
        let codec = match params.codec {
            CODEC_ID_OPUS => PacketDecoder::Opus(Box::new(OpusTrack::new(config?, in_mp4)?)),
            CODEC_ID_AC3 | CODEC_ID_EAC3 => PacketDecoder::Placed(Box::new(Ac3Track::new()?)),
            CODEC_ID_GSM => PacketDecoder::Placed(Box::new(GsmDecoder::new(false))),
            CODEC_ID_GSM_MS => PacketDecoder::Placed(Box::new(GsmDecoder::new(true))),
            CODEC_ID_AAC if config.is_some_and(aac::is_complex) => {
                PacketDecoder::Placed(Box::new(AacTrack::new(config?)?))
            }
            _ => {
                let decoder = symphonia::default::get_codecs()
                    .make_audio_decoder(params, &AudioDecoderOptions::default());
                PacketDecoder::Symphonia(decoder.ok()?)
            }
        };
        let mut decoder = TrackDecoder {
            width,
            channels: Channels::None,
            mix: Mix::vorbis(0, width),
            antiphase: Antiphase::default(),
            interleaved: Vec::new(),
            keeps_from: (params.codec == CODEC_ID_MP3).then(|| told_end(track)),
            codec,
        };
        match &decoder.codec {
            PacketDecoder::Opus(track) => decoder.set_mix(Mix::vorbis(track.channels(), width)),
            PacketDecoder::Placed(track) => decoder.set_mix(Mix::placed(track.places(), width)),
            _ => {}
        }
        Some(decoder)
    }

    /// Mixes by `mix` from now on. What the first sound was mixed to stays.
    fn set_mix(&mut self, mix: Mix) {
        if self.width == Width::UpToTwo {
            self.width = mix.width().unwrap_or(self.width);
        }
        self.mix = mix;
    }

    /// Appends the frames of `packet`, interleaved, without the priming and padding that it declares, and returns
    /// their rate; None when it cannot be decoded.
    pub fn decode(&mut self, packet: &Packet, frames: &mut Vec<f32>) -> Option<u32> {
        let mut interleaved = std::mem::take(&mut self.interleaved);
        interleaved.clear();
        let rate_hz = self.unmixed(packet, &mut interleaved);
        if rate_hz.is_some() {
            self.append(&interleaved, frames);
        }
        self.interleaved = interleaved;
        rate_hz.filter(|_| self.mix.inputs() > 0)
    }

    /// Puts the packet's frames in their own channels into `interleaved`, for which `mix` is right afterwards.
    fn unmixed(&mut self, packet: &Packet, interleaved: &mut Vec<f32>) -> Option<u32> {
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
                let rate_hz = spec.rate();
                let changed = (*spec.channels() != self.channels).then(|| spec.channels().clone());
                buffer.copy_to_vec_interleaved(interleaved);
                if let Some(channels) = changed {
                    self.set_mix(Mix::new(&channels, self.width));
                    self.channels = channels;
                }
                Some(rate_hz)
            }
            PacketDecoder::Opus(track) => {
                interleaved.extend_from_slice(track.decode(&packet.data)?);
                let (channels, padding) = (track.channels(), packet.trim_end.get());
                let kept = (interleaved.len() / channels) as u64;
                interleaved.truncate(kept.saturating_sub(padding) as usize * channels);
                Some(opus::RATE_HZ)
            }
            PacketDecoder::Placed(track) => {
                interleaved.extend_from_slice(track.decode(&packet.data)?);
                let rate_hz = track.rate_hz();
                if self.mix.inputs() == 0 {
                    let mix = Mix::placed(track.places(), self.width);
                    self.set_mix(mix);
                }
                Some(rate_hz)
            }
        }
    }

    /// Appends the mix of `interleaved`.
    fn append(&mut self, interleaved: &[f32], frames: &mut Vec<f32>) {
        if self.width != Width::One || self.mix.inputs() != 2 {
            return self.mix.append(interleaved, frames);
        }
        let finite = |x: &f32| if x.is_finite() { *x } else { 0.0 };
        let finite: Vec<f32> = interleaved.iter().map(finite).collect();
        let before = frames.len();
        self.antiphase.append(&finite, frames);
        frames[before..]
            .iter_mut()
            .for_each(|x| *x = x.clamp(-1.0, 1.0));
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
            _ => None,
        }
    }

    /// Whether this is Vorbis, whose decoder gives nothing for the first packet.
    pub fn is_vorbis(&self) -> bool {
        match &self.codec {
            PacketDecoder::Symphonia(decoder) => decoder.codec_params().codec == CODEC_ID_VORBIS,
            _ => false,
        }
    }
}

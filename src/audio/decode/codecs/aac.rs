//! AAC that symphonia refuses: more than two channels, and HE-AAC that declares itself. syom decodes it.

use super::PlacedTrack;
use crate::decode::formats::elementary::AAC_RATES_HZ;
use symphonia::core::audio::Position;
use syom::{AacError, Channel, ChannelMode, DecodeOptions, Decoder, Frame};

/// Number of the object type of low complexity, which alone symphonia decodes (ISO/IEC 14496-3 §1.5.1.1).
const LOW_COMPLEXITY: u8 = 2;

/// Whether a decoder's configuration is beyond what symphonia decodes.
pub fn is_complex(config: &[u8]) -> bool {
    let [first, second, ..] = config else {
        return false;
    };
    let channels = second >> 3 & 15;
    first >> 3 != LOW_COMPLEXITY || !(1..=2).contains(&channels)
}

/// Returns the configuration of low complexity with this many channels, three to eight, as ADTS declares them; none for
/// other numbers and rates.
pub fn surround(rate_hz: u32, channels: usize) -> Option<[u8; 2]> {
    let number = match channels {
        3..=6 => channels as u8,
        8 => 7,
        _ => return None,
    };
    let rate = AAC_RATES_HZ.iter().position(|known| *known == rate_hz)? as u8;
    Some([LOW_COMPLEXITY << 3 | rate >> 1, rate << 7 | number << 3])
}

/// A decoder of the access units of one track.
pub struct AacTrack {
    decoder: Decoder,
    config: Vec<u8>,
    rate_hz: u32,
    places: Vec<Option<Position>>,
    interleaved: Vec<f32>,
}

impl AacTrack {
    /// Returns a decoder for the track of this configuration; none when it is of a kind that is not decoded.
    pub fn new(config: &[u8]) -> Option<Self> {
        // What is refused by length is refused elsewhere: this decoder only turns packets into samples.
        let options = DecodeOptions::unbounded().with_channel_mode(ChannelMode::Split);
        Some(AacTrack {
            decoder: Decoder::from_asc(config, options).ok()?,
            config: config.to_vec(),
            rate_hz: 0,
            places: Vec::new(),
            interleaved: Vec::new(),
        })
    }
}

impl PlacedTrack for AacTrack {
    fn decode(&mut self, packet: &[u8]) -> Option<&[f32]> {
        let AacTrack {
            decoder,
            config,
            rate_hz,
            places,
            interleaved,
        } = self;
        interleaved.clear();
        let decoded = decoder.decode_au(packet, |frame: Frame<'_>| {
            let channels = frame.planar.len();
            if *rate_hz == 0 {
                *rate_hz = frame.sample_rate;
                places.extend(frame.meta.labels().map(place));
                places.resize(channels, None);
            }
            if frame.sample_rate == *rate_hz && channels == places.len() {
                let at = |n: usize| frame.planar.iter().map(move |plane| plane[n]);
                interleaved.extend((0..frame.samples).flat_map(at));
            }
            Ok::<(), AacError>(())
        });
        if decoded.is_err() {
            decoder.reset();
            decoder.set_asc(config).ok()?;
            return None;
        }
        Some(interleaved)
    }

    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn places(&self) -> &[Option<Position>] {
        &self.places
    }
}

fn place(channel: Channel) -> Option<Position> {
    Some(match channel {
        Channel::FrontLeft => Position::FRONT_LEFT,
        Channel::FrontRight => Position::FRONT_RIGHT,
        Channel::FrontCenter => Position::FRONT_CENTER,
        Channel::Lfe => Position::LFE1,
        Channel::BackLeft => Position::REAR_LEFT,
        Channel::BackRight => Position::REAR_RIGHT,
        Channel::BackCenter => Position::REAR_CENTER,
        Channel::SideLeft => Position::SIDE_LEFT,
        Channel::SideRight => Position::SIDE_RIGHT,
        _ => return None,
    })
}

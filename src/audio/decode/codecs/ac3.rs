//! AC-3 and E-AC-3 (Dolby Digital, ATSC A/52), the sound of cameras, broadcasts and discs. oxideav-ac3 decodes it.

use oxideav_core::{CodecId, CodecParameters, Decoder, Frame, Packet, TimeBase};
use symphonia::core::audio::Position;

use super::PlacedTrack;
use crate::decode::formats::elementary::{FrameHead, Syntax};

/// A decoder of the frames of one track.
pub struct Ac3Track {
    decoder: Box<dyn Decoder>,
    rate_hz: u32,
    places: Vec<Option<Position>>,
    interleaved: Vec<f32>,
}

impl Ac3Track {
    /// Returns a decoder; none when the crate makes none.
    pub fn new() -> Option<Self> {
        let params = CodecParameters::audio(CodecId::new("ac3"));
        Some(Ac3Track {
            decoder: oxideav_ac3::decoder::make_decoder(&params).ok()?,
            rate_hz: 0,
            places: Vec::new(),
            interleaved: Vec::new(),
        })
    }
}

impl PlacedTrack for Ac3Track {
    fn decode(&mut self, packet: &[u8]) -> Option<&[f32]> {
        let head = FrameHead::read(Syntax::Ac3, packet)?;
        let base = TimeBase::new(1, i64::from(head.rate_hz));
        let sent = self
            .decoder
            .send_packet(&Packet::new(0, base, packet.to_vec()));
        let made = sent.and_then(|()| self.decoder.receive_frame());
        let Ok(Frame::Audio(frame)) = made else {
            // Nothing but its state is lost by a reset.
            let _ = self.decoder.reset();
            return None;
        };
        let samples = frame.data.first()?;
        let channels = samples.len() / 2 / (frame.samples.max(1) as usize);
        if self.places.is_empty() {
            self.places = places(channels)?;
            self.rate_hz = head.rate_hz;
        }
        if channels != self.places.len() || head.rate_hz != self.rate_hz {
            return None;
        }
        let sample = |b: &[u8]| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32_768.0;
        self.interleaved.clear();
        self.interleaved.extend(samples.chunks_exact(2).map(sample));
        Some(&self.interleaved)
    }

    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn places(&self) -> &[Option<Position>] {
        &self.places
    }
}

/// Returns the places of so many channels in the order of WAV, as they are decoded; none for no channels or too many.
fn places(channels: usize) -> Option<Vec<Option<Position>>> {
    let known: &[Position] = match channels {
        1 => &[Position::FRONT_CENTER],
        2 => &[Position::FRONT_LEFT, Position::FRONT_RIGHT],
        3 => &[
            Position::FRONT_LEFT,
            Position::FRONT_RIGHT,
            Position::FRONT_CENTER,
        ],
        5 => &[
            Position::FRONT_LEFT,
            Position::FRONT_RIGHT,
            Position::FRONT_CENTER,
            Position::SIDE_LEFT,
            Position::SIDE_RIGHT,
        ],
        6 => &[
            Position::FRONT_LEFT,
            Position::FRONT_RIGHT,
            Position::FRONT_CENTER,
            Position::LFE1,
            Position::SIDE_LEFT,
            Position::SIDE_RIGHT,
        ],
        4 | 7..=16 => return Some(vec![None; channels]),
        _ => return None,
    };
    Some(known.iter().copied().map(Some).collect())
}

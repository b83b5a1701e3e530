//! Codecs that symphonia does not decode, or only in part.
//!
//! | file | one idea |
//! | --- | --- |
//! | `opus` | Opus packets |
//! | `aac` | AAC of more than two channels, and HE-AAC |
//! | `ac3` | AC-3 and E-AC-3 |
//! | `gsm` | GSM 06.10 |

pub mod aac;
pub mod ac3;
pub mod gsm;
pub mod opus;

use symphonia::core::audio::Position;

/// A decoder of the packets of one track that knows the places of its channels.
pub trait PlacedTrack: Send {
    /// Returns the frames of one packet, interleaved; none when it cannot be decoded. Damage to one does not end the track.
    fn decode(&mut self, packet: &[u8]) -> Option<&[f32]>;

    /// Returns the samples a second of each channel; 0 before it is known.
    fn rate_hz(&self) -> u32;

    /// Returns the channels, each with its place where that is known; none before they are known.
    fn places(&self) -> &[Option<Position>];
}

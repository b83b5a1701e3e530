//! The codecs of a film's sound.

use serde::{Deserialize, Serialize};

use super::aac;
use super::packets;
use vocabox_base::fault::Fault;

/// A codec of a film's sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// Every container takes it.
    #[default]
    Opus,
    /// AAC-LC, for players without Opus; in MP4 only.
    Aac,
}

impl Codec {
    /// Returns the codec called `name`, in any case; Opus when it is empty. Fault: `Invalid` for any other name.
    pub fn parse(name: &str) -> Result<Codec, Fault> {
        match name.trim().to_ascii_lowercase().as_str() {
            "opus" | "" => Ok(Codec::Opus),
            "aac" => Ok(Codec::Aac),
            _ => Err(Fault::invalid(
                "audio_codec is neither opus nor aac, which are accepted",
            )),
        }
    }

    /// Returns the samples of one packet at 48 kHz.
    pub fn packet_samples(self) -> u32 {
        match self {
            Codec::Opus => packets::PACKET_SAMPLES,
            Codec::Aac => aac::PACKET_SAMPLES,
        }
    }
}

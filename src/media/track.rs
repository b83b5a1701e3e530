//! The new sound: encoded packets in a scratch file, so that hours of them cost no memory, and their description for
//! containers.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use vocabox_audio::encode::{AacPackets, Codec, OPUS_RATE_HZ, OpusPackets};
use vocabox_audio::mark::SyntheticMark;
use vocabox_base::fault::Fault;

/// An encoder of one of the codecs.
enum Packets {
    Opus(Box<OpusPackets>),
    Aac(Box<AacPackets>),
}

/// Encodes sound of one or two channels into a track, piece by piece.
pub struct TrackWriter {
    packets: Packets,
    channels: u8,
    scratch: BufWriter<File>,
    sizes: Vec<u16>,
    frames: u64,
}

impl TrackWriter {
    /// Returns a writer of a track of `channels` (1 or 2) in `codec` that is kept in `scratch`, an empty file that
    /// nothing else uses (best an unlinked one).
    ///
    /// Faults: `Internal` when the encoder cannot be made.
    pub fn new(scratch: File, channels: usize, codec: Codec) -> Result<Self, Fault> {
        Ok(TrackWriter {
            packets: match codec {
                Codec::Opus => Packets::Opus(OpusPackets::new(OPUS_RATE_HZ, channels)?.into()),
                Codec::Aac => Packets::Aac(AacPackets::new(channels)?.into()),
            },
            channels: channels as u8,
            scratch: BufWriter::new(scratch),
            sizes: Vec::new(),
            frames: 0,
        })
    }

    /// Adds whole interleaved `frames` at 48 kHz in [−1, 1]; beyond that they are clamped. Fault: `Internal` when the scratch
    /// is full.
    pub fn push(&mut self, frames: &[f32]) -> Result<(), Fault> {
        self.frames += (frames.len() / usize::from(self.channels)) as u64;
        let made = match &mut self.packets {
            Packets::Opus(packets) => packets.push(frames)?,
            Packets::Aac(packets) => packets.push(frames)?,
        };
        self.keep(made)
    }

    /// Returns the track of everything that was pushed. `language` is that of its speech, three letters of ISO 639-2
    /// (`und` when it is not known).
    ///
    /// Faults: `Internal` when the scratch is full.
    pub fn finish(mut self, language: &str) -> Result<SoundTrack, Fault> {
        let made = match &mut self.packets {
            Packets::Opus(packets) => packets.finish()?,
            Packets::Aac(packets) => packets.finish()?,
        };
        self.keep(made)?;
        let (codec, pre_skip, config) = match &self.packets {
            Packets::Opus(packets) => (Codec::Opus, packets.pre_skip(), Vec::new()),
            Packets::Aac(packets) => (Codec::Aac, packets.pre_skip(), packets.config().to_vec()),
        };
        let known = language.len() == 3 && language.bytes().all(|b| b.is_ascii_lowercase());
        Ok(SoundTrack {
            codec,
            config,
            pre_skip,
            packets: self
                .scratch
                .into_inner()
                .map_err(|error| Fault::disk(error.into_error()))?,
            channels: self.channels,
            sizes: self.sizes,
            samples: self.frames,
            language: if known { language } else { "und" }.to_owned(),
            mark: None,
            manifest: Vec::new(),
        })
    }

    fn keep(&mut self, packets: Vec<Vec<u8>>) -> Result<(), Fault> {
        for packet in packets {
            self.scratch.write_all(&packet).map_err(Fault::disk)?;
            // Opus: at most 1275 bytes in 20 ms (RFC 6716 §3.4); AAC: 768 for each channel (ISO/IEC 14496-3 §4.5.3).
            self.sizes.push(packet.len() as u16);
        }
        Ok(())
    }
}

/// A sound track: packets of [`Codec::packet_samples`], of which a decoder drops the first [`SoundTrack::pre_skip`]
/// samples of each channel and everything after [`SoundTrack::samples`] more.
#[derive(Debug)]
pub struct SoundTrack {
    codec: Codec,
    config: Vec<u8>,
    packets: File,
    channels: u8,
    sizes: Vec<u16>,
    pre_skip: u16,
    samples: u64,
    language: String,
    mark: Option<SyntheticMark>,
    manifest: Vec<u8>,
}

impl SoundTrack {
    /// The same track, whose film is marked as made by a machine.
    pub fn marked(self, mark: SyntheticMark) -> Self {
        SoundTrack {
            mark: Some(mark),
            ..self
        }
    }

    /// The same track, whose film has `manifest`, a whole box, between its boxes `ftyp` and `moov`, if it is MP4.
    pub fn with_manifest(self, manifest: Vec<u8>) -> Self {
        SoundTrack { manifest, ..self }
    }

    /// Returns the box of [`SoundTrack::with_manifest`]; empty without one.
    pub fn manifest(&self) -> &[u8] {
        &self.manifest
    }

    /// Returns the mark of the film.
    pub fn mark(&self) -> Option<SyntheticMark> {
        self.mark
    }

    /// Returns the packets' codec.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Returns the AudioSpecificConfig of AAC; empty for Opus.
    pub fn config(&self) -> &[u8] {
        &self.config
    }

    /// Returns 1 or 2.
    pub fn channels(&self) -> u8 {
        self.channels
    }

    /// Returns the samples at 48 kHz that only warm up the decoder.
    pub fn pre_skip(&self) -> u16 {
        self.pre_skip
    }

    /// Returns the audible samples of each channel at 48 kHz.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Returns the audible seconds.
    pub fn seconds(&self) -> f64 {
        self.samples as f64 / f64::from(OPUS_RATE_HZ)
    }

    /// Returns three letters of ISO 639-2.
    pub fn language(&self) -> &str {
        &self.language
    }

    /// Returns the bytes of each packet.
    pub fn sizes(&self) -> &[u16] {
        &self.sizes
    }

    /// Returns the samples of the last packet that belong to the sound or its warm-up; all samples of the other packets
    /// do.
    pub fn last_packet_samples(&self) -> u32 {
        let packet = u64::from(self.codec.packet_samples());
        let before = (self.sizes.len() as u64).saturating_sub(1) * packet;
        let end = u64::from(self.pre_skip) + self.samples;
        end.saturating_sub(before).clamp(1, packet) as u32
    }

    /// Returns a reader of the packets from the first one on.
    pub fn read(&self) -> Result<impl Read + use<'_>, Fault> {
        let mut file = &self.packets;
        file.seek(SeekFrom::Start(0)).map_err(Fault::internal)?;
        Ok(BufReader::with_capacity(64 * 1024, file))
    }
}

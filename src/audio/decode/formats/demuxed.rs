//! Formats whose packets this crate finds by itself, given to the decoders by symphonia's interface of a format.

use std::io;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::errors::{Error, Result, SeekErrorKind};
use symphonia::core::formats::{
    FormatId, FormatInfo, FormatReader, MediaInfo, SeekMode, SeekTo, SeekedTo, Track,
};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::{Metadata, MetadataLog};
use symphonia::core::packet::Packet;
use symphonia::core::units::TimeBase;

/// Finds the packets of a recording, one after the other.
pub trait PacketSource: Send + Sync {
    /// Returns the next packet of any sound track; none at the end, which includes the place where a file breaks off.
    fn next(&mut self) -> io::Result<Option<Packet>>;
}

/// A recording of such a format.
pub struct Demuxed {
    info: FormatInfo,
    media: MediaInfo,
    tracks: Vec<Track>,
    metadata: MetadataLog,
    packets: Box<dyn PacketSource>,
}

impl Demuxed {
    /// Returns a recording of `tracks` in `format`, called `name`, with `packets`.
    pub fn new(
        format: FormatId,
        name: &'static str,
        tracks: Vec<Track>,
        packets: impl PacketSource + 'static,
    ) -> Self {
        Demuxed {
            info: FormatInfo {
                format,
                short_name: name,
                long_name: name,
            },
            media: MediaInfo::from_tracks(&tracks),
            tracks,
            metadata: MetadataLog::default(),
            packets: Box::new(packets),
        }
    }
}

/// Returns the track of number `id` with sound of `params`, whose packets' times count `units` a second.
pub fn sound_track(id: u32, params: AudioCodecParameters, units: u32) -> Track {
    let mut track = Track::new(id);
    track.with_codec_params(CodecParameters::Audio(params));
    if let Some(base) = TimeBase::try_from_recip(units) {
        track.with_time_base(base);
    }
    track
}

impl FormatReader for Demuxed {
    fn format_info(&self) -> &FormatInfo {
        &self.info
    }

    fn media_info(&self) -> &MediaInfo {
        &self.media
    }

    fn metadata(&mut self) -> Metadata<'_> {
        self.metadata.metadata()
    }

    fn seek(&mut self, _: SeekMode, _: SeekTo) -> Result<SeekedTo> {
        // Recordings are read from their start to their end.
        Err(Error::SeekError(SeekErrorKind::Unseekable))
    }

    fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    fn next_packet(&mut self) -> Result<Option<Packet>> {
        self.packets.next().map_err(Error::IoError)
    }

    fn into_inner<'s>(self: Box<Self>) -> MediaSourceStream<'s>
    where
        Self: 's,
    {
        MediaSourceStream::new(Box::new(io::Cursor::new([])), Default::default())
    }
}

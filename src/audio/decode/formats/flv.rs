//! FLV (Adobe Flash Video File Format 10.1, annex E): tags of sound and pictures, one after the other.

use std::collections::VecDeque;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use symphonia::core::audio::{Channels, Position};
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::formats::well_known::FORMAT_ID_FLV;
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

use crate::decode::formats::FoundFormat;
use crate::decode::formats::demuxed::{Demuxed, PacketSource, sound_track};
use crate::decode::formats::elementary::{FrameHead, Syntax};
use crate::decode::input::FileSpan;

/// Tags that are examined before the first sound.
const LOOK_TAGS_MAX: usize = 10_000;
/// Times count milliseconds.
const UNITS: u32 = 1_000;
const SOUND_TAG: u8 = 8;

/// Whether a file that starts with `head` is one.
pub fn is_flv(head: &[u8]) -> bool {
    head.starts_with(b"FLV\x01")
}

/// Finds the sound in `input`, which starts with `head`.
pub fn open(input: &FileSpan, head: &[u8]) -> io::Result<FoundFormat> {
    let Some(first) = head.get(5..9).and_then(|bytes| bytes.try_into().ok()) else {
        return Ok(FoundFormat::Damaged(
            "it is an FLV file that breaks off in its head",
        ));
    };
    // After the head's length, that of the tag before the first one.
    let from = u64::from(u32::from_be_bytes(first)) + 4;
    let mut tags = Tags::new(input, from);
    for _ in 0..LOOK_TAGS_MAX {
        let Some(tag) = tags.next_tag()? else { break };
        if tag.kind != SOUND_TAG || tag.data.is_empty() {
            continue;
        }
        let params = match params(&tag.data) {
            Ok(Some(params)) => params,
            Ok(None) => continue,
            Err(name) => return Ok(FoundFormat::Codec(name.to_owned())),
        };
        let track = sound_track(0, params, UNITS);
        let made = Demuxed::new(FORMAT_ID_FLV, "FLV", vec![track], Tags::new(input, from));
        return Ok(FoundFormat::Format(Box::new(made)));
    }
    Ok(FoundFormat::Damaged("it is an FLV file without sound"))
}

/// Returns a decoder's parameters by the content of a sound tag; none when a later tag will tell. Error: the name of a codec
/// that is not read.
fn params(data: &[u8]) -> Result<Option<AudioCodecParameters>, &'static str> {
    let flags = data[0];
    let rate_hz = [5_512, 11_025, 22_050, 44_100][usize::from(flags >> 2 & 3)];
    let (is_wide, is_stereo) = (flags & 2 != 0, flags & 1 != 0);
    let mut params = AudioCodecParameters::new();
    params
        .with_sample_rate(rate_hz)
        .with_channels(match is_stereo {
            true => Channels::Positioned(Position::FRONT_LEFT | Position::FRONT_RIGHT),
            false => Channels::Positioned(Position::FRONT_CENTER),
        });
    match flags >> 4 {
        0 | 3 if is_wide => params.for_codec(CODEC_ID_PCM_S16LE),
        0 | 3 => params.for_codec(CODEC_ID_PCM_U8),
        2 | 14 => {
            let Some(head) = FrameHead::read(Syntax::Mpeg, &data[1..]) else {
                return Ok(None);
            };
            return Ok(Some(head.params()));
        }
        7 => params.for_codec(CODEC_ID_PCM_ALAW).with_sample_rate(8_000),
        8 => params.for_codec(CODEC_ID_PCM_MULAW).with_sample_rate(8_000),
        // The decoder's configuration comes in a tag of its own.
        10 => match data {
            [_, 0, config @ ..] if config.len() >= 2 => params
                .for_codec(CODEC_ID_AAC)
                .with_extra_data(config.to_vec().into()),
            _ => return Ok(None),
        },
        1 => return Err("ADPCM of Flash"),
        4..=6 => return Err("Nellymoser"),
        9 => return Err("a codec of Enhanced FLV"),
        11 => return Err("Speex"),
        _ => return Err("a codec of an unknown number"),
    };
    params.with_max_frames_per_packet(PLAIN_BYTES_MAX as u64);
    Ok(Some(params))
}

/// Bytes of a packet of PCM.
const PLAIN_BYTES_MAX: usize = 1 << 16;

struct Tag {
    kind: u8,
    time: i64,
    data: Vec<u8>,
}

struct Tags {
    input: BufReader<FileSpan>,
    /// Further packets of the last tag.
    rest: VecDeque<Packet>,
}

impl Tags {
    fn new(input: &FileSpan, from: u64) -> Self {
        let mut start = input.clone();
        // A seek of an input fails only beyond all numbers.
        let _ = start.seek(SeekFrom::Start(from));
        Tags {
            input: BufReader::with_capacity(1 << 16, start),
            rest: VecDeque::new(),
        }
    }

    /// Returns the next tag, whole or as far as the file goes; none at the end. Only sound has content.
    fn next_tag(&mut self) -> io::Result<Option<Tag>> {
        let mut head = [0; 11];
        match self.input.read_exact(&mut head) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let [kind, l0, l1, l2, t0, t1, t2, t3, ..] = head;
        let length = u32::from_be_bytes([0, l0, l1, l2]);
        let time = i64::from(i32::from_be_bytes([t3, t0, t1, t2]));
        let kind = kind & 0x1F;
        let mut data = Vec::new();
        if kind == SOUND_TAG {
            (&mut self.input)
                .take(u64::from(length))
                .read_to_end(&mut data)?;
            // The length of this tag once more.
            self.input.seek_relative(4)?;
        } else {
            self.input.seek_relative(i64::from(length) + 4)?;
        }
        Ok(Some(Tag { kind, time, data }))
    }
}

impl PacketSource for Tags {
    fn next(&mut self) -> io::Result<Option<Packet>> {
        if let Some(packet) = self.rest.pop_front() {
            return Ok(Some(packet));
        }
        while let Some(tag) = self.next_tag()? {
            let is_plain = tag
                .data
                .first()
                .is_some_and(|flags| matches!(flags >> 4, 0 | 3 | 7 | 8));
            let is_aac = tag.data.first().is_some_and(|flags| flags >> 4 == 10);
            let sound = match (tag.kind, &tag.data[..]) {
                (SOUND_TAG, [_, 1, unit @ ..]) if is_aac => unit,
                (SOUND_TAG, [_, sound @ ..]) if !is_aac => sound,
                _ => continue,
            };
            // A tag may have 16 MB of samples.
            let most = if is_plain {
                PLAIN_BYTES_MAX
            } else {
                usize::MAX
            };
            for piece in sound.chunks(most) {
                let packet = Packet::new(0, tag.time.into(), Duration::from(0u64), piece.to_vec());
                self.rest.push_back(packet);
            }
            if let Some(packet) = self.rest.pop_front() {
                return Ok(Some(packet));
            }
        }
        Ok(None)
    }
}

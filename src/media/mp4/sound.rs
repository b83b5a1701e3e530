//! Writes the new sound as a track of a movie: Opus by its mapping for MP4 ("Encapsulation of Opus in ISO Base Media
//! File Format", 0.8.1), AAC by ISO/IEC 14496-14 §5.6.

use mp4_atom::esds::{DecoderConfig, DecoderSpecific, EsDescriptor, SLConfig};
use mp4_atom::{
    AnySampleGroupEntry, Audio, Co64, Codec, Dinf, Dops, Dref, Edts, Elst, ElstEntry, Esds, FourCC,
    Hdlr, Mdhd, Mdia, Minf, Mp4a, Opus, Sbgp, SbgpEntry, Sgpd, SgpdEntry, Smhd, Stbl, Stsc,
    StscEntry, Stsd, Stsz, StszSamples, Stts, SttsEntry, Tkhd, Trak, Url,
};

use super::boxes::encoded;
use super::tables::Chunk;
use crate::track::SoundTrack;
use vocabox_audio::encode::{Codec as Coded, OPUS_RATE_HZ};
use vocabox_base::fault::Fault;

/// Packets of one chunk: half a second, between chunks of the picture.
const CHUNK_PACKETS: usize = 25;
/// Packets to decode before a seek target: 80 ms (§4.3.6 of the mapping), as the negative distance that the group
/// `roll` has.
const ROLL_PACKETS: i16 = -4;
/// Sound by ISO/IEC 14496-3, and the kind of its stream (ISO/IEC 14496-1 §7.2.6.6).
const MPEG4_AUDIO: u8 = 0x40;
const AUDIO_STREAM: u8 = 5;

/// Returns the track's chunks, with positions within its packets.
pub fn chunks(track: &SoundTrack) -> Vec<Chunk> {
    let mut from = 0;
    let chunk = |(i, sizes): (usize, &[u16])| {
        let bytes = sizes.iter().map(|size| u64::from(*size)).sum();
        let chunk = Chunk {
            from,
            bytes,
            time: (i * CHUNK_PACKETS) as u64 * u64::from(track.codec().packet_samples()),
        };
        from += bytes;
        chunk
    };
    track
        .sizes()
        .chunks(CHUNK_PACKETS)
        .enumerate()
        .map(chunk)
        .collect()
}

/// Returns the track's length in units of `movie_scale` a second, rounded up.
pub fn duration(track: &SoundTrack, movie_scale: u32) -> u64 {
    let scaled = u128::from(track.samples()) * u128::from(movie_scale);
    scaled.div_ceil(u128::from(OPUS_RATE_HZ)) as u64
}

/// Returns the box `trak` of number `id`, with its chunks at `places`.
///
/// Fault: `Internal` when mp4-atom refuses it.
pub fn trak(
    track: &SoundTrack,
    id: u32,
    movie_scale: u32,
    places: &[u64],
) -> Result<Vec<u8>, Fault> {
    let packets = track.sizes().len() as u32;
    let duration = duration(track, movie_scale);
    let mut durations = vec![SttsEntry {
        sample_count: packets.saturating_sub(1),
        sample_delta: track.codec().packet_samples(),
    }];
    durations.push(SttsEntry {
        sample_count: 1,
        sample_delta: track.last_packet_samples(),
    });
    durations.retain(|entry| entry.sample_count > 0);
    let mut runs = vec![StscEntry {
        first_chunk: 1,
        samples_per_chunk: CHUNK_PACKETS as u32,
        sample_description_index: 1,
    }];
    let rest = packets % CHUNK_PACKETS as u32;
    if rest > 0 {
        let last = StscEntry {
            first_chunk: places.len() as u32,
            samples_per_chunk: rest,
            sample_description_index: 1,
        };
        match places.len() {
            1 => runs[0] = last,
            _ => runs.push(last),
        }
    }
    let (sgpd, sbgp) = match track.codec() {
        Coded::Opus => roll(packets),
        Coded::Aac => Default::default(),
    };
    let stbl = Stbl {
        stsd: Stsd {
            codecs: vec![description(track)],
        },
        stts: Stts { entries: durations },
        stsc: Stsc { entries: runs },
        stsz: Stsz {
            samples: StszSamples::Different {
                sizes: track.sizes().iter().map(|size| u32::from(*size)).collect(),
            },
        },
        co64: Some(Co64 {
            entries: places.to_vec(),
        }),
        sgpd,
        sbgp,
        ..Default::default()
    };
    encoded(&Trak {
        tkhd: Tkhd {
            track_id: id,
            duration,
            alternate_group: 1,
            enabled: true,
            in_movie: true,
            volume: 1.into(),
            ..Default::default()
        },
        edts: Some(Edts {
            elst: Some(Elst {
                entries: vec![ElstEntry {
                    segment_duration: duration,
                    media_time: Some(u64::from(track.pre_skip())),
                    media_rate: 1.into(),
                }],
            }),
        }),
        mdia: Mdia {
            mdhd: Mdhd {
                timescale: OPUS_RATE_HZ,
                duration: u64::from(track.pre_skip()) + track.samples(),
                language: track.language().to_owned(),
                ..Default::default()
            },
            hdlr: Hdlr {
                handler: FourCC::new(b"soun"),
                name: "SoundHandler".to_owned(),
            },
            minf: Minf {
                smhd: Some(Smhd::default()),
                dinf: Dinf {
                    dref: Dref {
                        entries: vec![Url::default().into()],
                    },
                },
                stbl,
                ..Default::default()
            },
        },
        ..Default::default()
    })
}

/// Returns the sample description, which configures the decoder.
fn description(track: &SoundTrack) -> Codec {
    let audio = Audio {
        data_reference_index: 1,
        channel_count: track.channels().into(),
        sample_size: 16,
        sample_rate: (OPUS_RATE_HZ as u16).into(),
    };
    match track.codec() {
        Coded::Opus => Codec::Opus(Opus {
            audio,
            dops: Dops {
                output_channel_count: track.channels(),
                pre_skip: track.pre_skip(),
                input_sample_rate: OPUS_RATE_HZ,
                output_gain: 0,
                channel_mapping: None,
            },
            btrt: None,
        }),
        Coded::Aac => Codec::Mp4a(Mp4a {
            audio,
            esds: Esds {
                es_desc: EsDescriptor {
                    // 0 in a file: the track has a number of its own (ISO/IEC 14496-14 §3.1.2).
                    es_id: 0,
                    dec_config: DecoderConfig {
                        object_type_indication: MPEG4_AUDIO,
                        stream_type: AUDIO_STREAM,
                        max_bitrate: most_bits(track),
                        dec_specific: Some(DecoderSpecific {
                            raw: track.config().to_vec(),
                            ..Default::default()
                        }),
                        // An average of 0 means that the rate varies.
                        ..Default::default()
                    },
                    sl_config: SLConfig {},
                    ..Default::default()
                },
            },
            btrt: None,
            taic: None,
        }),
    }
}

/// Returns the bits of the largest second.
fn most_bits(track: &SoundTrack) -> u32 {
    let second = OPUS_RATE_HZ.div_ceil(track.codec().packet_samples()) as usize;
    let bits = |sizes: &[u16]| sizes.iter().map(|size| 8 * u32::from(*size)).sum();
    track.sizes().chunks(second).map(bits).max().unwrap_or(0)
}

/// Returns one group with all `packets`, which declares the pre-roll.
fn roll(packets: u32) -> (Vec<Sgpd>, Vec<Sbgp>) {
    let roll = FourCC::new(b"roll");
    let sgpd = Sgpd {
        grouping_type: roll,
        default_length: Some(2),
        default_group_description_index: None,
        static_group_description: false,
        static_mapping: false,
        essential: false,
        entries: vec![SgpdEntry {
            description_length: Some(2),
            entry: AnySampleGroupEntry::UnknownGroupingType(
                roll,
                ROLL_PACKETS.to_be_bytes().to_vec(),
            ),
        }],
    };
    let sbgp = Sbgp {
        grouping_type: roll,
        grouping_type_parameter: None,
        entries: vec![SbgpEntry {
            sample_count: packets,
            group_description_index: 1,
        }],
    };
    (vec![sgpd], vec![sbgp])
}

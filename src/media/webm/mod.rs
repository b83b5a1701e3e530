//! Writes WebM and Matroska: copied blocks stay unchanged, in clusters of the same times; the sound goes between them.
//!
//! | file | one idea |
//! | --- | --- |
//! | `element` | elements, read and written |
//! | `scan` | tracks, times, blocks |
//! | `clusters` | the copy's clusters |

mod clusters;
mod element;
mod scan;

use std::fs::File;
use std::io::{Read, Seek};

use mkv_element::prelude::{
    Attachments, Audio, Channels, Chapters, CodecDelay, CodecId, CodecPrivate, Crc32, Cues,
    Duration, Element as Known, FlagDefault, FlagLacing, Info, Language, SamplingFrequency,
    Seek as SeekTo, SeekHead, SeekId, SeekPosition, SeekPreRoll, Segment, SimpleTag, Tag, TagName,
    TagString, TagTrackUid, Tags, Targets, TrackEntry, TrackNumber, TrackType, TrackUid, Tracks,
    Void,
};

use self::clusters::{Clusters, Output};
use self::element::{Element, children, encoded, wrap};
use self::scan::{Scan, ScanEvent};
use super::source::Source;
use super::track::SoundTrack;
use super::{Container, Picture, damaged, no_picture};
use vocabox_audio::encode::OPUS_RATE_HZ;
use vocabox_audio::mark::SyntheticMark;
use vocabox_base::fault::Fault;

/// Elements with chapters or attachments that are copied: a file has at most one of each.
const OTHERS_MAX: usize = 8;
/// Top-level elements whose positions the seek head lists, and for which it has space.
const SEEK_HEADS_MAX: usize = 6;
const SEEK_BYTES: usize = 256;
/// Nanoseconds to decode before a seek target (RFC 7845 §4.6).
const PRE_ROLL_NS: u64 = 80_000_000;

/// As [`super::inspect`].
pub fn inspect<R: Read + Seek>(source: &mut Source<R>) -> Result<Option<Picture>, Fault> {
    let scan = Scan::read(source)?;
    Ok(scan.picture().map(|first| Picture {
        container: Container::Webm,
        duration_s: scan.end_s(),
        width: first.size.0,
        height: first.size.1,
        has_sound: scan.has_sound(),
    }))
}

/// As [`super::replace_audio`].
pub fn replace_audio<R: Read + Seek>(
    source: &mut Source<R>,
    sound: &SoundTrack,
    replaced: Option<u32>,
    out: &mut File,
) -> Result<(), Fault> {
    let mut scan = Scan::read(source)?;
    scan.remove_sound(replaced.map(u64::from));
    let picture = scan.picture().ok_or_else(no_picture)?.number;
    let (number, uid) = place(&scan);
    let stays = |track: u64| {
        let mut known = scan.tracks.iter().filter(|t| t.number == track);
        known.next().is_some_and(|track| !track.is_gone)
    };
    let mut out = Output::new(out);
    // The EBML header, which stands before the segment, declares the document type.
    out.copy(source, 0, scan.segment)?;
    let segment = out.open::<Segment>()?;
    let mut places: Vec<(u64, u64)> = Vec::new();
    let seek_at = out.at();
    out.put(&void(SEEK_BYTES))?;
    places.push((Info::ID.as_encoded(), out.at() - segment));
    out.put(&info(&scan, sound)?)?;
    places.push((Tracks::ID.as_encoded(), out.at() - segment));
    out.put(&tracks(&scan, sound, number, uid)?)?;

    let clock = scan.clock();
    let mut clusters = Clusters::new(sound, sound.read()?, number, scan.scale_ns, segment);
    // A cluster is only started once there is a block for it.
    let mut next = None;
    let (mut told_tags, mut others) = (None, Vec::new());
    scan::each(source, (scan.from, scan.to), |source, element, seen| {
        match seen {
            ScanEvent::Cluster(time) => next = Some(time - clock),
            ScanEvent::Block(head) if stays(head.track) => {
                let time = head.time - clock;
                if let Some(start) = next.take() {
                    clusters.start(&mut out, start)?;
                }
                clusters.sound_until(&mut out, time)?;
                if head.track == picture && head.is_key {
                    clusters.cue(&out, picture, time);
                }
                out.copy(source, element.from, element.end()?)?;
            }
            ScanEvent::Other if element.is::<Tags>() && told_tags.is_none() => {
                told_tags = tags(source, element, &scan)?;
            }
            ScanEvent::Other if element.is::<Chapters>() || element.is::<Attachments>() => {
                others.push(*element);
                if others.len() > OTHERS_MAX {
                    return Err(damaged("it has too many lists of chapters and attachments"));
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    let cues = clusters.finish(&mut out)?;
    if !cues.cue_point.is_empty() {
        places.push((Cues::ID.as_encoded(), out.at() - segment));
        out.put(&encoded(&cues)?)?;
    }
    if let Some(mark) = sound.mark() {
        told_tags.get_or_insert_default().extend(tag_of(mark)?);
    }
    if let Some(tags) = told_tags.map(|tags| wrap::<Tags>(&[&tags])) {
        places.push((Tags::ID.as_encoded(), out.at() - segment));
        out.put(&tags)?;
    }
    for element in others {
        let id = match element.is::<Chapters>() {
            true => Chapters::ID,
            false => Attachments::ID,
        };
        places.push((id.as_encoded(), out.at() - segment));
        out.copy(source, element.from, element.end()?)?;
    }
    let mut seek = seek_head(&places)?;
    seek.extend(void(SEEK_BYTES - seek.len()));
    out.patch(seek_at, &seek)?;
    out.close(segment)?;
    out.flush()
}

/// Returns the sound's number and id: those of the first removed sound, so that references to it refer to the new one.
fn place(scan: &Scan) -> (u8, u64) {
    let gone = scan.tracks.iter().find(|track| track.is_gone);
    let kept = || scan.tracks.iter().filter(|track| !track.is_gone);
    // The number has one byte in each block. There are fewer tracks than that.
    let free = (1..127u8).find(|n| kept().all(|track| track.number != u64::from(*n)));
    let number = gone.and_then(|t| u8::try_from(t.number).ok());
    let number =
        number.filter(|n| (1..127).contains(n) && kept().all(|t| t.number != u64::from(*n)));
    let number = number.or(free).unwrap_or(126);
    let uid = gone.map(|t| t.uid).filter(|uid| *uid > 0);
    let unused = (1..).find(|uid| kept().all(|track| track.uid != *uid));
    (number, uid.or(unused).unwrap_or(1))
}

/// Returns the content of the original's `Info` with another duration.
fn info(scan: &Scan, sound: &SoundTrack) -> Result<Vec<u8>, Fault> {
    let mut made = Vec::new();
    for child in children(&scan.info)? {
        if !(child.is::<Duration>() || child.is::<Crc32>() || child.is::<Void>()) {
            made.extend(child.whole);
        }
    }
    let seconds = scan.end_s().max(sound.seconds());
    made.extend(encoded(&Duration(seconds / scan.tick_s()))?);
    Ok(wrap::<Info>(&[&made]))
}

/// Returns the entries of the copied tracks, and the sound's.
fn tracks(scan: &Scan, sound: &SoundTrack, number: u8, uid: u64) -> Result<Vec<u8>, Fault> {
    let mut made = Vec::new();
    let new = new_track(sound, number, uid)?;
    // Players that know no default take the first sound track.
    let first = scan.tracks.iter().position(|track| track.is_sound);
    for (at, track) in scan.tracks.iter().enumerate() {
        if Some(at) == first {
            made.extend(&new);
        }
        match (track.is_gone, track.is_sound) {
            (true, _) => {}
            (false, true) => made.extend(not_default(&track.entry)?),
            (false, false) => made.extend(&track.entry),
        }
    }
    if first.is_none() {
        made.extend(&new);
    }
    Ok(wrap::<Tracks>(&[&made]))
}

/// Returns the entry of a sound track as one that is heard only when it is chosen.
fn not_default(entry: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut made = Vec::new();
    for whole in children(entry)? {
        for part in children(whole.body)? {
            if !(part.is::<FlagDefault>() || part.is::<Crc32>()) {
                made.extend(part.whole);
            }
        }
    }
    made.extend(encoded(&FlagDefault(0))?);
    Ok(wrap::<TrackEntry>(&[&made]))
}

/// Returns the sound's entry.
fn new_track(sound: &SoundTrack, number: u8, uid: u64) -> Result<Vec<u8>, Fault> {
    let pre_skip = sound.pre_skip();
    // RFC 7845 §5.1: version 1, and at the end the mapping family for one or two channels.
    let mut head = b"OpusHead\x01".to_vec();
    head.push(sound.channels());
    head.extend(pre_skip.to_le_bytes());
    head.extend(OPUS_RATE_HZ.to_le_bytes());
    head.extend([0, 0, 0]);
    encoded(&TrackEntry {
        track_number: TrackNumber(u64::from(number)),
        track_uid: TrackUid(uid),
        track_type: TrackType(2),
        flag_lacing: FlagLacing(0),
        language: Language(sound.language().to_owned()),
        codec_id: CodecId("A_OPUS".to_owned()),
        codec_private: Some(CodecPrivate(head.into())),
        codec_delay: CodecDelay(u64::from(pre_skip) * 1_000_000_000 / u64::from(OPUS_RATE_HZ)),
        seek_pre_roll: SeekPreRoll(PRE_ROLL_NS),
        audio: Some(Audio {
            sampling_frequency: SamplingFrequency(f64::from(OPUS_RATE_HZ)),
            channels: Channels(sound.channels().into()),
            ..Default::default()
        }),
        ..Default::default()
    })
}

/// Returns the content of `element`, the tags, except those of removed sound; none when none is left.
fn tags<R: Read + Seek>(
    source: &mut Source<R>,
    element: &Element,
    scan: &Scan,
) -> Result<Option<Vec<u8>>, Fault> {
    let told = scan::content(source, element)?;
    let gone = |uid| scan.tracks.iter().any(|t| t.is_gone && t.uid == uid);
    let mut made = Vec::new();
    for tag in children(&told)?.iter().filter(|child| child.is::<Tag>()) {
        let mut of_gone = false;
        for part in children(tag.body)?.iter().filter(|c| c.is::<Targets>()) {
            for target in children(part.body)? {
                of_gone |= target.is::<TagTrackUid>() && gone(target.number()?);
            }
        }
        if !of_gone {
            made.extend(tag.whole);
        }
    }
    Ok((!made.is_empty()).then_some(made))
}

/// A tag of the whole file with a mark.
fn tag_of(mark: SyntheticMark) -> Result<Vec<u8>, Fault> {
    let fields = [
        ("COMMENT", mark.sentence()),
        (SyntheticMark::FIELD, mark.source_type()),
    ];
    let fields = fields.map(|(name, value)| SimpleTag {
        tag_name: TagName(name.to_owned()),
        tag_string: Some(TagString(value.to_owned())),
        ..Default::default()
    });
    encoded(&Tag {
        simple_tag: fields.into(),
        ..Default::default()
    })
}

/// Returns a seek head with the (id, position in the segment) of the first few elements.
fn seek_head(places: &[(u64, u64)]) -> Result<Vec<u8>, Fault> {
    let seek = places.iter().take(SEEK_HEADS_MAX).map(|(id, place)| {
        let bytes = id.to_be_bytes();
        let id: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
        SeekTo {
            crc32: None,
            void: None,
            seek_id: SeekId(id.into()),
            seek_position: SeekPosition(*place),
        }
    });
    encoded(&SeekHead {
        seek: seek.collect(),
        ..Default::default()
    })
}

/// Returns an empty element of `bytes` bytes, at least 9.
fn void(bytes: usize) -> Vec<u8> {
    wrap::<Void>(&[&vec![0; bytes - 9]])
}

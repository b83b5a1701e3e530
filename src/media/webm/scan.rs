//! The first pass over a file: its tracks, its time scale, and when its picture ends. It reads block headers, no
//! frames.

use std::io::{Read, Seek};

use mkv_element::io::blocking_impl::ReadFrom;
use mkv_element::prelude::{
    Attachments, Block, BlockDuration, BlockGroup, Chapters, Cluster, Cues, DefaultDuration, Ebml,
    Info, PixelHeight, PixelWidth, ReferenceBlock, SeekHead, Segment, SimpleBlock, Tags, Timestamp,
    TimestampScale, TrackEntry, TrackNumber, TrackType, TrackUid, Tracks, VInt64, Video,
};

use super::element::{Child, Element, children};
use crate::damaged;
use crate::source::Source;
use vocabox_base::fault::Fault;
use vocabox_base::limits::{
    MOVIE_ELEMENT_BYTES_MAX, MOVIE_ELEMENTS_MAX, MOVIE_SECONDS_MAX, MOVIE_TRACKS_MAX,
};

/// Nanoseconds of a tick where the file does not declare it (Matroska, `TimestampScale`).
const SCALE_NS: u64 = 1_000_000;
/// Seconds from which on a file's first time is treated as a clock's: the copy then starts at 0.
const CLOCK_SECONDS_MIN: f64 = 10.0;

/// One track of a file.
#[derive(Debug)]
pub struct WebmTrack {
    pub number: u64,
    pub uid: u64,
    pub is_picture: bool,
    pub is_sound: bool,
    /// Whether it is not copied.
    pub is_gone: bool,
    /// Pixels of a picture track.
    pub size: (Option<u32>, Option<u32>),
    /// The `TrackEntry` as it stands in the file.
    pub entry: Vec<u8>,
    /// Ticks of each frame, where the track declares them.
    frame: Option<f64>,
    first: Option<i64>,
    last: i64,
    before_last: i64,
    end: f64,
}

/// The result of the first pass.
pub struct Scan {
    /// Where the segment's content starts and ends; the EBML header stands before the segment.
    pub from: u64,
    pub to: u64,
    /// The segment's first byte.
    pub segment: u64,
    /// The content of `Info`.
    pub info: Vec<u8>,
    /// Nanoseconds of a tick.
    pub scale_ns: u64,
    pub tracks: Vec<WebmTrack>,
    /// Ticks at which the first cluster starts.
    first: Option<i64>,
}

/// One block of a cluster: its element, and its header's fields.
#[derive(Debug, Clone, Copy)]
pub struct BlockHead {
    pub track: u64,
    /// Ticks from the file's start.
    pub time: i64,
    pub is_key: bool,
    duration: Option<u64>,
}

/// What [`each`] finds in a segment.
pub enum ScanEvent {
    /// The start of a cluster, with its time in ticks.
    Cluster(i64),
    /// A block, with its group if it has one.
    Block(BlockHead),
    /// Any other element at the segment's top level.
    Other,
}

/// Visits the segment's content between `from` and `to`: `see` gets each element and what it is.
///
/// Faults: `Invalid` when the file is damaged or has more elements than are accepted.
pub fn each<R: Read + Seek>(
    source: &mut Source<R>,
    (from, to): (u64, u64),
    mut see: impl FnMut(&mut Source<R>, &Element, ScanEvent) -> Result<(), Fault>,
) -> Result<(), Fault> {
    source.go(from)?;
    // The end of the open cluster if it is known, and the cluster's time.
    let (mut cluster, mut time) = (None, None);
    let mut seen = 0;
    let mut count = |more: u64| {
        seen += more;
        match seen <= MOVIE_ELEMENTS_MAX {
            true => Ok(()),
            false => Err(Fault::invalid(format!(
                "file has more than {MOVIE_ELEMENTS_MAX} elements, which are accepted"
            ))),
        }
    };
    // A single byte is no element: what is left where a file breaks off.
    while to.saturating_sub(source.at()) > 1 {
        count(1)?;
        if let Some(Some(end)) = cluster
            && source.at() >= end
        {
            (cluster, time) = (None, None);
        }
        let element = Element::read(source, cluster.flatten().unwrap_or(to))?;
        if element.is::<Cluster>() {
            cluster = Some(element.size.map(|size| element.body + size));
            time = None;
            continue;
        }
        if cluster == Some(None) && is_of_segment(&element) {
            (cluster, time) = (None, None);
        }
        let end = element.end()?;
        if cluster.is_none() {
            see(source, &element, ScanEvent::Other)?;
        } else if element.is::<Timestamp>() {
            let told = source.take(end - element.body, 8, "a time")?;
            let ticks = told.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
            // Leaves headroom for the times of blocks.
            let ticks = i64::try_from(ticks).ok().filter(|t| *t < i64::MAX / 2);
            let ticks =
                ticks.ok_or_else(|| damaged("the time of a cluster is beyond all films"))?;
            time = Some(ticks);
            see(source, &element, ScanEvent::Cluster(ticks))?;
        } else if element.is::<SimpleBlock>() || element.is::<BlockGroup>() {
            let base = time.ok_or_else(|| damaged("a block stands in no cluster"))?;
            let head = match element.is::<SimpleBlock>() {
                true => simple(source, base, end)?,
                false => group(source, base, end, &mut count)?,
            };
            see(source, &element, ScanEvent::Block(head))?;
        }
        source.go(end)?;
    }
    Ok(())
}

/// Whether the element ends a cluster of unknown size.
fn is_of_segment(element: &Element) -> bool {
    element.is::<Info>()
        || element.is::<Tracks>()
        || element.is::<Cues>()
        || element.is::<SeekHead>()
        || element.is::<Tags>()
        || element.is::<Chapters>()
        || element.is::<Attachments>()
}

/// Reads the header of a block: the track's number, two bytes of time relative to the cluster's, flags.
fn simple<R: Read + Seek>(source: &mut Source<R>, base: i64, end: u64) -> Result<BlockHead, Fault> {
    let track = VInt64::read_from(source)
        .map_err(|error| damaged("a block names no track").because(error))?;
    let mut rest = [0; 3];
    source.fill(&mut rest)?;
    if source.at() > end {
        return Err(damaged("a block is too short for its head"));
    }
    Ok(BlockHead {
        track: track.value,
        time: base + i64::from(i16::from_be_bytes([rest[0], rest[1]])),
        is_key: rest[2] & 0x80 != 0,
        duration: None,
    })
}

fn group<R: Read + Seek>(
    source: &mut Source<R>,
    base: i64,
    end: u64,
    count: &mut impl FnMut(u64) -> Result<(), Fault>,
) -> Result<BlockHead, Fault> {
    let (mut head, mut duration, mut refers) = (None, None, false);
    while source.at() < end {
        count(1)?;
        let inner = Element::read(source, end)?;
        let inner_end = inner.end()?;
        if inner.is::<Block>() {
            head = Some(simple(source, base, inner_end)?);
        } else if inner.is::<BlockDuration>() {
            let told = source.take(inner_end - inner.body, 8, "a duration")?;
            duration = Some(told.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)));
        } else if inner.is::<ReferenceBlock>() {
            refers = true;
        }
        source.go(inner_end)?;
    }
    let head = head.ok_or_else(|| damaged("a group has no block"))?;
    Ok(BlockHead {
        is_key: !refers,
        duration,
        ..head
    })
}

impl Scan {
    /// Reads the file in `source`. Faults: `Invalid` when the file is damaged or beyond `limits`.
    pub fn read<R: Read + Seek>(source: &mut Source<R>) -> Result<Scan, Fault> {
        source.go(0)?;
        let bytes = source.length();
        let head = Element::read(source, bytes)?;
        let mut segment = head;
        for _ in 0..16 {
            if segment.is::<Segment>() {
                break;
            }
            source.go(segment.end()?)?;
            segment = Element::read(source, bytes)?;
        }
        if !head.is::<Ebml>() || !segment.is::<Segment>() {
            return Err(damaged("it has no segment"));
        }
        let to = segment.size.map_or(bytes, |size| segment.body + size);
        let mut scan = Scan {
            from: segment.body,
            to,
            segment: segment.from,
            info: Vec::new(),
            scale_ns: SCALE_NS,
            tracks: Vec::new(),
            first: None,
        };
        each(source, (segment.body, to), |source, element, seen| {
            match seen {
                ScanEvent::Cluster(time) => {
                    scan.first = Some(scan.first.map_or(time, |first| first.min(time)));
                }
                ScanEvent::Block(head) => scan.meet(&head),
                ScanEvent::Other if element.is::<Info>() && scan.info.is_empty() => {
                    scan.info = content(source, element)?;
                }
                ScanEvent::Other if element.is::<Tracks>() && scan.tracks.is_empty() => {
                    let told = content(source, element)?;
                    scan.tracks = tracks(&told)?;
                }
                _ => {}
            }
            Ok(())
        })?;
        for child in children(&scan.info)? {
            if child.is::<TimestampScale>() {
                scan.scale_ns = child.number()?;
            }
        }
        if !(1..=1_000_000_000).contains(&scan.scale_ns) {
            return Err(damaged("its scale of time is 0, or longer than a second"));
        }
        if scan.end_s() > MOVIE_SECONDS_MAX {
            return Err(damaged("its picture would last more than a day"));
        }
        Ok(scan)
    }

    /// Records a block's times.
    fn meet(&mut self, head: &BlockHead) {
        let Some(track) = self.tracks.iter_mut().find(|t| t.number == head.track) else {
            return;
        };
        let time = head.time;
        if track.first.is_none_or(|_| time > track.last) {
            track.before_last = track.first.map_or(time, |_| track.last);
            track.last = time;
        } else if time < track.last {
            track.before_last = track.before_last.max(time);
        }
        track.first = Some(track.first.map_or(time, |first| first.min(time)));
        if let Some(duration) = head.duration {
            track.end = track.end.max(time as f64 + duration as f64);
        }
    }

    /// Returns the seconds of a tick.
    pub fn tick_s(&self) -> f64 {
        self.scale_ns as f64 / 1e9
    }

    /// Returns the first picture track that has frames.
    pub fn picture(&self) -> Option<&WebmTrack> {
        self.tracks
            .iter()
            .find(|track| track.is_picture && track.first.is_some())
    }

    /// Returns the ticks that are subtracted from all times: those of a clock, which are no part of the film; else 0.
    pub fn clock(&self) -> i64 {
        match self.first {
            Some(first) if first as f64 * self.tick_s() >= CLOCK_SECONDS_MIN => first,
            _ => 0,
        }
    }

    /// Returns the seconds from the copy's start to the end of its picture.
    pub fn end_s(&self) -> f64 {
        let shown = self
            .tracks
            .iter()
            .filter(|track| track.is_picture && track.first.is_some());
        let end = shown.fold(0.0, |end, track| track.end(self.scale_ns).max(end));
        (end - self.clock() as f64).max(0.0) * self.tick_s()
    }

    /// Whether there is a sound track.
    pub fn has_sound(&self) -> bool {
        self.tracks.iter().any(|track| track.is_sound)
    }

    /// Leaves the sound track of this number out of the copy, or all of them.
    pub fn remove_sound(&mut self, number: Option<u64>) {
        let sounds = self.tracks.iter_mut().filter(|track| track.is_sound);
        for track in sounds {
            track.is_gone = number.is_none_or(|number| track.number == number);
        }
    }
}

impl WebmTrack {
    fn read(entry: Child) -> Result<WebmTrack, Fault> {
        let mut track = WebmTrack {
            number: 0,
            uid: 0,
            is_picture: false,
            is_sound: false,
            is_gone: false,
            size: (None, None),
            entry: entry.whole.to_vec(),
            frame: None,
            first: None,
            last: 0,
            before_last: 0,
            end: 0.0,
        };
        for child in children(entry.body)? {
            if child.is::<TrackNumber>() {
                track.number = child.number()?;
            } else if child.is::<TrackUid>() {
                track.uid = child.number()?;
            } else if child.is::<TrackType>() {
                track.is_picture = child.number()? == 1;
                track.is_sound = child.number()? == 2;
            } else if child.is::<DefaultDuration>() {
                track.frame = Some(child.number()? as f64);
            } else if child.is::<Video>() {
                for inner in children(child.body)? {
                    let pixels = || inner.number().map(|n| u32::try_from(n).ok());
                    if inner.is::<PixelWidth>() {
                        track.size.0 = pixels()?;
                    } else if inner.is::<PixelHeight>() {
                        track.size.1 = pixels()?;
                    }
                }
            }
        }
        Ok(track)
    }

    /// Returns when its last frame ends, in ticks: by the block's or the track's duration, else after as long as the
    /// frame before.
    fn end(&self, scale_ns: u64) -> f64 {
        let frame = match self.frame {
            Some(ns) => ns / scale_ns as f64,
            None => (self.last - self.before_last) as f64,
        };
        match self.end > self.last as f64 {
            true => self.end,
            false => self.last as f64 + frame,
        }
    }
}

/// Returns the tracks that the content of `Tracks` lists.
fn tracks(told: &[u8]) -> Result<Vec<WebmTrack>, Fault> {
    let entries = children(told)?;
    let entries = entries.iter().filter(|child| child.is::<TrackEntry>());
    if entries.clone().count() > MOVIE_TRACKS_MAX {
        return Err(Fault::invalid(format!(
            "file has more than {MOVIE_TRACKS_MAX} tracks, which are accepted"
        )));
    }
    entries.map(|entry| WebmTrack::read(*entry)).collect()
}

/// Returns the content of an element that is kept in memory.
pub fn content<R: Read + Seek>(
    source: &mut Source<R>,
    element: &Element,
) -> Result<Vec<u8>, Fault> {
    source.go(element.body)?;
    source.take(
        element.end()? - element.body,
        MOVIE_ELEMENT_BYTES_MAX,
        "one head",
    )
}

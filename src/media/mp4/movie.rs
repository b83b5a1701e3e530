//! Reads a movie's header and its fragments: which tracks stay, where their samples lie, and when they are shown.

use std::io::{Read, Seek};

use mp4_atom::{Elst, Mdhd, Mvhd, Tfhd, Tkhd, Trex};

use super::boxes::{self, BoxSlice, u32_at};
use super::fragments::Gathered;
use super::layout::{SampleLayout, layout, other_sound};
use super::tables::{Chunk, SampleTables, check_count};
use crate::damaged;
use crate::source::Source;
use vocabox_base::fault::Fault;
use vocabox_base::limits::{
    MOVIE_FRAGMENT_BYTES_MAX, MOVIE_HEAD_BYTES_MAX, MOVIE_SECONDS_MAX, MOVIE_TRACKS_MAX,
};

/// Seconds from which on the time of a fragmented movie's first sample is treated as a clock's, not as the film's: the
/// movie then starts with that sample.
const CLOCK_SECONDS_MIN: f64 = 10.0;

/// One track of a movie.
pub struct Mp4Track {
    /// The number of its `trak` box in the movie header.
    pub index: usize,
    pub id: u32,
    pub kind: TrackKind,
    /// Units a second of its times.
    pub scale: u32,
    /// Pixels of a picture track.
    pub size: Option<(u32, u32)>,
    /// Whether it is copied, if it has samples.
    is_kept: bool,
    edits: Vec<mp4_atom::ElstEntry>,
    samples: SampleLayout,
}

/// The kind of a track, by its handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrackKind {
    Picture,
    Sound,
    /// Subtitles, chapters, time codes: copied.
    Other,
}

/// How a track's samples are placed on the movie's time line.
pub struct Showing {
    /// The edit list to write; none to keep the track's own.
    pub edits: Option<Vec<mp4_atom::ElstEntry>>,
    /// When the track ends, in the movie's time scale.
    pub end: u64,
}

/// A movie whose header and fragments were read.
pub struct Movie {
    /// The content of `moov`.
    pub head: Vec<u8>,
    /// Units a second of the movie's time.
    pub scale: u32,
    pub is_fragmented: bool,
    pub tracks: Vec<Mp4Track>,
}

impl Movie {
    /// Reads the movie in `source`, of which the sound tracks that `keeps` takes are copied. Faults: `Invalid` when the
    /// file is damaged, encrypted or beyond `limits`.
    pub fn read<R: Read + Seek>(
        source: &mut Source<R>,
        keeps: &dyn Fn(u32) -> bool,
    ) -> Result<Movie, Fault> {
        let mut head = None;
        boxes::each_of_file(source, |source, found| {
            if found.kind == *b"moov" && head.is_none() {
                let bytes = found.to - found.body;
                head = Some(source.take(bytes, MOVIE_HEAD_BYTES_MAX, "tables")?);
            }
            Ok(())
        })?;
        let head = head.ok_or_else(|| damaged("it has no head (moov)"))?;
        let mut movie = Movie {
            scale: 0,
            is_fragmented: false,
            tracks: Vec::new(),
            head: Vec::new(),
        };
        movie.read_head(&head, source.length(), keeps)?;
        movie.head = head;
        if movie.is_fragmented {
            movie.read_fragments(source)?;
        }
        for track in movie.tracks.iter().filter(|t| t.kind == TrackKind::Picture) {
            let seconds = track.end() as f64 / f64::from(track.scale);
            if seconds > MOVIE_SECONDS_MAX {
                return Err(damaged("its picture would last more than a day"));
            }
        }
        Ok(movie)
    }

    fn read_head(
        &mut self,
        head: &[u8],
        bytes: u64,
        keeps: &dyn Fn(u32) -> bool,
    ) -> Result<(), Fault> {
        let parts = boxes::parts(head)?;
        let mut defaults = Vec::new();
        for part in &parts {
            match &part.kind {
                b"cmov" => return Err(damaged("its head is compressed (cmov)")),
                b"mvhd" => self.scale = part.decode::<Mvhd>()?.timescale,
                b"mvex" => {
                    self.is_fragmented = true;
                    for inner in part.parts()?.iter().filter(|p| p.kind == *b"trex") {
                        defaults.push(inner.decode::<Trex>()?);
                    }
                }
                _ => {}
            }
        }
        if self.scale == 0 {
            return Err(damaged("its head tells no time scale (mvhd)"));
        }
        let tracks = parts.iter().filter(|part| part.kind == *b"trak");
        if tracks.clone().count() > MOVIE_TRACKS_MAX {
            return Err(Fault::invalid(format!(
                "file has more than {MOVIE_TRACKS_MAX} tracks, which are accepted"
            )));
        }
        let mut count = 0;
        for (index, part) in tracks.enumerate() {
            let mut track = Mp4Track::read(index, *part)?;
            let stbl = part.need(b"mdia")?.need(b"minf")?.need(b"stbl")?;
            let is_other_sound = track.kind == TrackKind::Sound && keeps(track.id);
            if is_other_sound && !self.is_fragmented {
                track.samples = other_sound(stbl, bytes);
            } else if track.kind != TrackKind::Sound || self.is_fragmented {
                let tables = SampleTables::read(stbl)?;
                count += tables.as_ref().map_or(0, SampleTables::count);
                check_count(count)?;
                let own = defaults.iter().find(|d| d.track_id == track.id).cloned();
                track.samples = layout(tables.as_ref(), self.is_fragmented, own, bytes)?;
            }
            track.is_kept = track.kind != TrackKind::Sound || is_other_sound;
            if self.tracks.iter().any(|other| other.id == track.id) {
                return Err(damaged("two tracks have one number"));
            }
            self.tracks.push(track);
        }
        Ok(())
    }

    fn read_fragments<R: Read + Seek>(&mut self, source: &mut Source<R>) -> Result<(), Fault> {
        boxes::each_of_file(source, |source, found| {
            if found.kind != *b"moof" {
                return Ok(());
            }
            let bytes = found.to - found.body;
            let fragment = source.take(bytes, MOVIE_FRAGMENT_BYTES_MAX, "one fragment's tables")?;
            let mut follows = found.from;
            for traf in boxes::parts(&fragment)? {
                if traf.kind != *b"traf" {
                    continue;
                }
                let head: Tfhd = traf.need(b"tfhd")?.decode()?;
                let track = self.tracks.iter_mut().find(|t| t.id == head.track_id);
                if let Some(SampleLayout::Fragments(gathered)) = track.map(|t| &mut t.samples) {
                    follows = gathered.add(traf, &head, found.from, follows)?;
                }
            }
            let count: usize = self.tracks.iter().map(Mp4Track::count).sum();
            if count as u64 > source.length() {
                return Err(damaged("it has more frames than bytes"));
            }
            check_count(count)
        })
    }

    /// Returns the tracks that are copied: those with samples, except the sound that is replaced.
    pub fn kept(&self) -> impl Iterator<Item = &Mp4Track> {
        self.tracks
            .iter()
            .filter(|t| t.is_kept && !t.chunks().is_empty())
    }

    /// Returns the first picture track with samples.
    pub fn picture(&self) -> Option<&Mp4Track> {
        self.kept().find(|track| track.kind == TrackKind::Picture)
    }

    /// Returns the offset in seconds that the times of all first fragments share and that is a clock's time, not the
    /// film's.
    pub fn clock_s(&self) -> f64 {
        let starts = self.tracks.iter().filter_map(Mp4Track::start_s);
        match starts.reduce(f64::min) {
            Some(start) if start >= CLOCK_SECONDS_MIN => start,
            _ => 0.0,
        }
    }

    /// Whether there is a sound track.
    pub fn has_sound(&self) -> bool {
        self.tracks.iter().any(|t| t.kind == TrackKind::Sound)
    }
}

impl Mp4Track {
    fn read(index: usize, trak: BoxSlice) -> Result<Mp4Track, Fault> {
        let head: Tkhd = trak.need(b"tkhd")?.decode()?;
        let media = trak.need(b"mdia")?;
        let scale = media.need(b"mdhd")?.decode::<Mdhd>()?.timescale;
        // After version, flags and a number. Read by hand, because QuickTime's names after it are no C strings.
        let handler = media.need(b"hdlr")?.body.get(8..12);
        if scale == 0 {
            return Err(damaged("a track has no time scale (mdhd)"));
        }
        let kind = match handler {
            Some(b"vide") => TrackKind::Picture,
            Some(b"soun" | b"hint") => TrackKind::Sound,
            _ => TrackKind::Other,
        };
        let edits = match trak.find(b"edts")? {
            Some(part) => match part.find(b"elst")? {
                Some(list) => list.table::<Elst>(4)?.entries,
                None => Vec::new(),
            },
            None => Vec::new(),
        };
        let size = match kind {
            TrackKind::Picture => picture(media)?,
            _ => None,
        };
        Ok(Mp4Track {
            index,
            id: head.track_id,
            kind,
            scale,
            size,
            is_kept: false,
            edits,
            samples: SampleLayout::None,
        })
    }

    /// Returns where the track's samples lie.
    pub fn chunks(&self) -> &[Chunk] {
        match &self.samples {
            SampleLayout::Head(chunks, _) => chunks,
            SampleLayout::Fragments(gathered) => gathered.chunks(),
            SampleLayout::None => &[],
        }
    }

    /// Returns the tables that were gathered from fragments.
    pub fn gathered(&self) -> Option<&Gathered> {
        match &self.samples {
            SampleLayout::Fragments(gathered) => Some(gathered),
            _ => None,
        }
    }

    fn count(&self) -> usize {
        self.gathered().map_or(0, Gathered::count)
    }

    /// Returns when the track's first fragment is decoded, in seconds.
    fn start_s(&self) -> Option<f64> {
        let first = self.gathered()?.first()?;
        Some(first as f64 / f64::from(self.scale))
    }

    /// Returns when its last sample is no longer shown, relative to its first one's decoding, in its own time scale.
    fn end(&self) -> u64 {
        match &self.samples {
            SampleLayout::Head(_, end) => *end,
            SampleLayout::Fragments(gathered) => gathered.ends().1,
            SampleLayout::None => 0,
        }
    }

    /// Returns the place of the track on the time line of a movie that starts `clock_s` after its fragments' time 0.
    ///
    /// Faults: `Invalid` for an edit list that cannot be kept when fragments become tables.
    pub fn showing(&self, movie_scale: u32, clock_s: f64) -> Result<Showing, Fault> {
        let to_movie = |units: u64| {
            let scaled = u128::from(units) * u128::from(movie_scale);
            u64::try_from(scaled.div_ceil(u128::from(self.scale))).unwrap_or(u64::MAX)
        };
        let told: u64 = self
            .edits
            .iter()
            .fold(0, |sum, edit| sum.saturating_add(edit.segment_duration));
        let bounded = |end: u64| match end as f64 / f64::from(movie_scale) <= MOVIE_SECONDS_MAX {
            true => Ok(end),
            false => Err(damaged("a track would last more than a day")),
        };
        let Some(first) = self.gathered().and_then(Gathered::first) else {
            // An edit without a duration would have no effect; use the whole track.
            let end = match told {
                0 => to_movie(self.end()),
                told => told,
            };
            return Ok(Showing {
                edits: None,
                end: bounded(end)?,
            });
        };
        // Tables count from the first sample, fragments from an arbitrary time: the difference goes into the edit list.
        let clock = (clock_s * f64::from(self.scale)).round() as u64;
        let late = first.saturating_sub(clock);
        let shown: Vec<_> = self
            .edits
            .iter()
            .filter(|e| e.media_time.is_some())
            .collect();
        if shown.len() > 1 {
            return match late {
                0 => Ok(Showing {
                    edits: None,
                    end: bounded(told)?,
                }),
                _ => Err(damaged(
                    "it has fragments, a late start and a list of edits",
                )),
            };
        }
        let empty: u64 = self
            .edits
            .iter()
            .filter(|edit| edit.media_time.is_none())
            .fold(0, |sum, edit| sum.saturating_add(edit.segment_duration));
        let cut = shown.first().and_then(|edit| edit.media_time).unwrap_or(0);
        // The track's time that the cut leaves at its start, and the empty time before it.
        let (cut, gap) = (cut.saturating_sub(late), late.saturating_sub(cut));
        let gap = empty.saturating_add(
            (u128::from(gap) * u128::from(movie_scale) / u128::from(self.scale)) as u64,
        );
        // A duration of 0 stands for everything that the fragments add (§8.6.6).
        let there = to_movie(self.end().saturating_sub(cut));
        let is_cut = self.gathered().is_some_and(Gathered::is_cut);
        let duration = match shown.first().map_or(0, |edit| edit.segment_duration) {
            0 => there,
            told if is_cut => told.min(there),
            told => told,
        };
        let end = bounded(gap.saturating_add(duration))?;
        let entry = |duration, start| mp4_atom::ElstEntry {
            segment_duration: duration,
            media_time: start,
            media_rate: 1.into(),
        };
        let mut edits = Vec::new();
        if gap > 0 {
            edits.push(entry(gap, None));
        }
        if gap > 0 || cut > 0 || !shown.is_empty() {
            edits.push(entry(duration, Some(cut)));
        }
        Ok(Showing {
            edits: Some(edits),
            end,
        })
    }
}

/// Returns the pixels of a picture by its first description. Fault: `Invalid` when it is encrypted, or in another file.
fn picture(media: BoxSlice) -> Result<Option<(u32, u32)>, Fault> {
    let information = media.need(b"minf")?;
    if let Some(part) = information.find(b"dinf")?
        && let Some(list) = part.find(b"dref")?
    {
        // After version, flags and a count; the lowest flag says "in this file".
        for place in boxes::parts(list.body.get(8..).unwrap_or_default())? {
            if u32_at(place.body, 0)? & 1 == 0 {
                return Err(damaged("its picture lies in another file"));
            }
        }
    }
    let descriptions = information.need(b"stbl")?.need(b"stsd")?;
    let entries = boxes::parts(descriptions.body.get(8..).unwrap_or_default())?;
    if entries.iter().any(|e| matches!(&e.kind, b"encv" | b"drmi")) {
        return Err(Fault::invalid(
            "file is encrypted; send it without protection",
        ));
    }
    let Some(first) = entries.first() else {
        return Ok(None);
    };
    // §12.1.3.2: 24 bytes, then width and height in 16 bits each.
    let both = u32_at(first.body, 24).unwrap_or(0);
    let (width, height) = (both >> 16, both & 0xFFFF);
    Ok((width > 0 && height > 0).then_some((width, height)))
}

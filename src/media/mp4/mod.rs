//! Writes MP4 from MP4 and MOV: the `moov` box first, then all samples in the order of their times, sound between
//! pictures.
//!
//! A copied track is unchanged except the table of its chunks' positions. The tracks of a fragmented file get tables in
//! place of their fragments, and the start of the fragments' times goes into the edit list.
//!
//! | file | one idea |
//! | --- | --- |
//! | `boxes` | boxes as slices |
//! | `movie` | the movie header and the fragments → tracks |
//! | `layout` | tables or fragments → where samples lie |
//! | `tables` | sample tables → chunks |
//! | `fragments` | fragments → sample tables |
//! | `sound` | the new track's box |
//! | `user_data` | what the film says of itself |

mod boxes;
mod fragments;
mod layout;
mod movie;
mod sound;
mod tables;
mod user_data;

use std::fs::File;
use std::io::{BufWriter, Read, Seek, Write};

use mp4_atom::{Co64, Edts, Elst};

use self::boxes::{BoxSlice, HeaderBox, encoded, with_duration, wrap};
use self::movie::{Movie, Mp4Track, Showing, TrackKind};
use self::tables::Chunk;
use super::source::Source;
use super::track::SoundTrack;
use super::{Container, Picture, damaged, no_picture};
use vocabox_audio::encode::OPUS_RATE_HZ;
use vocabox_base::fault::Fault;

/// Bytes of the header of a box whose size has 64 bits.
const LONG_HEAD_BYTES: u64 = 16;

/// As [`super::inspect`].
pub fn inspect<R: Read + Seek>(source: &mut Source<R>) -> Result<Option<Picture>, Fault> {
    let movie = Movie::read(source, &|_| false)?;
    let Some(first) = movie.picture() else {
        return Ok(None);
    };
    check_places(&movie, source.length())?;
    let mut end = 0;
    for track in movie.kept().filter(|t| t.kind == TrackKind::Picture) {
        end = end.max(track.showing(movie.scale, movie.clock_s())?.end);
    }
    Ok(Some(Picture {
        container: Container::Mp4,
        duration_s: end as f64 / f64::from(movie.scale),
        width: first.size.map(|size| size.0),
        height: first.size.map(|size| size.1),
        has_sound: movie.has_sound(),
    }))
}

/// As [`super::replace_audio`].
pub fn replace_audio<R: Read + Seek>(
    source: &mut Source<R>,
    sound: &SoundTrack,
    replaced: Option<u32>,
    out: &mut File,
) -> Result<(), Fault> {
    let movie = Movie::read(source, &|id| {
        replaced.is_some_and(|replaced| id != replaced)
    })?;
    movie.picture().ok_or_else(no_picture)?;
    check_places(&movie, source.length())?;
    let plan = Plan::new(&movie, sound, replaced)?;
    let mut out = BufWriter::new(out);
    let mut write = |bytes: &[u8]| out.write_all(bytes).map_err(Fault::disk);
    write(&plan.front()?)?;
    write(&plan.head(&plan.places)?)?;
    write(&1u32.to_be_bytes())?;
    write(b"mdat")?;
    write(&(plan.bytes() + LONG_HEAD_BYTES).to_be_bytes())?;
    let mut packets = sound.read()?;
    for (lane, i) in plan.order() {
        let chunk = plan.lanes[lane].chunks[i];
        match lane < plan.lanes.len() - 1 {
            true => {
                source.go(chunk.from)?;
                source.copy(chunk.bytes, &mut out)?;
            }
            false => {
                let copied = std::io::copy(&mut (&mut packets).take(chunk.bytes), &mut out);
                if copied.map_err(Fault::disk)? != chunk.bytes {
                    return Err(Fault::internal("the scratch of the new sound was cut"));
                }
            }
        }
    }
    out.flush().map_err(Fault::disk)
}

/// Checks where the copied samples lie. Fault: `Invalid` when they lie outside the file of `bytes`, or overlap: the copy would
/// be larger.
fn check_places(movie: &Movie, bytes: u64) -> Result<(), Fault> {
    let mut all: u64 = 0;
    for chunk in movie.kept().flat_map(Mp4Track::chunks) {
        all = all.saturating_add(chunk.bytes);
        if chunk.from.saturating_add(chunk.bytes) > bytes {
            return Err(damaged("it is cut off, or points behind its end"));
        }
    }
    match all > bytes {
        true => Err(damaged("its frames lie over one another")),
        false => Ok(()),
    }
}

/// The chunks of one track, and its time scale.
struct Lane<'a> {
    chunks: std::borrow::Cow<'a, [Chunk]>,
    scale: u32,
}

/// The layout of the output: the copied tracks, then the sound, and the position of each chunk.
struct Plan<'a> {
    movie: &'a Movie,
    sound: &'a SoundTrack,
    replaced: Option<u32>,
    kept: Vec<(&'a Mp4Track, Showing)>,
    lanes: Vec<Lane<'a>>,
    places: Vec<Vec<u64>>,
}

impl<'a> Plan<'a> {
    /// Faults: those of [`Mp4Track::showing`].
    fn new(movie: &'a Movie, sound: &'a SoundTrack, replaced: Option<u32>) -> Result<Self, Fault> {
        let mut kept = Vec::new();
        let mut lanes = Vec::new();
        for track in movie.kept() {
            kept.push((track, track.showing(movie.scale, movie.clock_s())?));
            lanes.push(Lane {
                chunks: track.chunks().into(),
                scale: track.scale,
            });
        }
        lanes.push(Lane {
            chunks: sound::chunks(sound).into(),
            scale: OPUS_RATE_HZ,
        });
        let places = lanes
            .iter()
            .map(|lane| vec![0; lane.chunks.len()])
            .collect();
        let mut plan = Plan {
            movie,
            sound,
            replaced,
            kept,
            lanes,
            places,
        };
        // The size of the header does not depend on the chunks' positions: each has 64 bits.
        let head = plan.front()?.len() + plan.head(&plan.places)?.len();
        let mut at = head as u64 + LONG_HEAD_BYTES;
        let mut places = std::mem::take(&mut plan.places);
        for (lane, i) in plan.order() {
            places[lane][i] = at;
            at += plan.lanes[lane].chunks[i].bytes;
        }
        plan.places = places;
        Ok(plan)
    }

    /// Returns the bytes of all chunks.
    fn bytes(&self) -> u64 {
        let chunks = self.lanes.iter().flat_map(|lane| lane.chunks.iter());
        chunks.map(|chunk| chunk.bytes).sum()
    }

    /// Returns the chunks as (lane, number) in the order of their times.
    fn order(&self) -> impl Iterator<Item = (usize, usize)> + use<'_, 'a> {
        let mut next = vec![0; self.lanes.len()];
        std::iter::from_fn(move || {
            let time = |lane: usize| {
                let chunk = self.lanes[lane].chunks.get(next[lane])?;
                Some(chunk.time as f64 / f64::from(self.lanes[lane].scale))
            };
            let waiting = (0..self.lanes.len()).filter_map(|lane| Some((lane, time(lane)?)));
            let (lane, _) = waiting.min_by(|a, b| a.1.total_cmp(&b.1))?;
            next[lane] += 1;
            Some((lane, next[lane] - 1))
        })
    }

    /// Returns what lies before the box `moov`.
    fn front(&self) -> Result<Vec<u8>, Fault> {
        Ok([&self.brand()?, self.sound.manifest()].concat())
    }

    /// Returns the box `ftyp`.
    fn brand(&self) -> Result<Vec<u8>, Fault> {
        encoded(&mp4_atom::Ftyp {
            major_brand: (*b"isom").into(),
            minor_version: 0x200,
            compatible_brands: vec![
                (*b"isom").into(),
                (*b"iso2").into(),
                (*b"avc1").into(),
                (*b"mp41").into(),
            ],
        })
    }

    /// Returns the box `moov`, with chunks at `places`.
    fn head(&self, places: &[Vec<u64>]) -> Result<Vec<u8>, Fault> {
        let scale = self.movie.scale;
        let (mut made, mut told) = (Vec::new(), Vec::new());
        let (sound_places, kept_places) = places.split_last().ok_or_else(no_picture)?;
        let ends = self.kept.iter().map(|(_, showing)| showing.end);
        let end = ends.fold(sound::duration(self.sound, scale), u64::max);
        let mut index = 0;
        let mut new = Some(sound::trak(
            self.sound,
            self.sound_id(),
            scale,
            sound_places,
        )?);
        let is_sound = |index: usize| {
            let mut tracks = self.movie.tracks.iter();
            tracks.any(|t| t.index == index && t.kind == TrackKind::Sound)
        };
        for part in boxes::parts(&self.movie.head)? {
            match &part.kind {
                b"mvhd" => {
                    let mut head = with_duration(part, HeaderBox::Movie, end)?;
                    let next = self.sound_id().max(self.kept_id_max()).saturating_add(1);
                    let at = head.len() - 4;
                    head[at..].copy_from_slice(&next.to_be_bytes());
                    made.extend(head);
                }
                b"trak" => {
                    // Players that know no default take the first sound track.
                    if is_sound(index) {
                        made.extend(new.take().unwrap_or_default());
                    }
                    let kept = self.kept.iter().position(|(t, _)| t.index == index);
                    if let Some(kept) = kept {
                        let (track, showing) = &self.kept[kept];
                        made.extend(kept_track(part, track, showing, &kept_places[kept])?);
                    }
                    index += 1;
                }
                // Boxes about fragments, removed elementary streams, protection, and free space.
                b"mvex" | b"iods" | b"pssh" | b"free" | b"skip" => {}
                b"udta" if self.sound.mark().is_some() => told.extend(part.body),
                _ => made.extend(part.whole),
            }
        }
        made.extend(new.unwrap_or_default());
        if let Some(mark) = self.sound.mark() {
            made.extend(user_data::marked(&told, mark)?);
        }
        Ok(wrap(b"moov", &[&made]))
    }

    fn kept_id_max(&self) -> u32 {
        self.kept
            .iter()
            .map(|(track, _)| track.id)
            .max()
            .unwrap_or(0)
    }

    /// Returns the number of the removed sound track, or of the first, so that references to it refer to the new one; else a free
    /// number.
    fn sound_id(&self) -> u32 {
        let gone = self
            .movie
            .tracks
            .iter()
            .find(|t| t.kind == TrackKind::Sound && self.replaced.is_none_or(|id| t.id == id));
        let free = || (1..).find(|id| self.kept.iter().all(|(track, _)| track.id != *id));
        gone.map(|track| track.id).or_else(free).unwrap_or(1)
    }
}

/// Returns the box `trak` of a copied track, with chunks at `places`.
fn kept_track(
    trak: BoxSlice,
    track: &Mp4Track,
    showing: &Showing,
    places: &[u64],
) -> Result<Vec<u8>, Fault> {
    let fragmented = track.gathered();
    let mut made = Vec::new();
    for part in trak.parts()? {
        match &part.kind {
            b"tkhd" if fragmented.is_some() || track.kind == TrackKind::Sound => {
                let mut head = match fragmented {
                    Some(_) => with_duration(part, HeaderBox::Track, showing.end)?,
                    None => part.whole.to_vec(),
                };
                if track.kind == TrackKind::Sound {
                    disable(&mut head, part.whole.len() - part.body.len());
                }
                made.extend(head);
                if let Some(edits) = showing.edits.as_ref().filter(|edits| !edits.is_empty()) {
                    made.extend(encoded(&Edts {
                        elst: Some(Elst {
                            entries: edits.clone(),
                        }),
                    })?);
                }
            }
            b"edts" if showing.edits.is_some() => {}
            b"mdia" => {
                let mut media = Vec::new();
                for part in part.parts()? {
                    match (&part.kind, fragmented) {
                        (b"mdhd", Some(gathered)) => {
                            media.extend(with_duration(part, HeaderBox::Media, gathered.ends().0)?);
                        }
                        (b"minf", _) => media.extend(kept_information(part, track, places)?),
                        _ => media.extend(part.whole),
                    }
                }
                made.extend(wrap(b"mdia", &[&media]));
            }
            _ => made.extend(part.whole),
        }
    }
    Ok(wrap(b"trak", &[&made]))
}

/// Makes the track of this `tkhd`, whose content starts at `body`, one that is heard only when it is chosen (§8.3.2: the
/// lowest flag).
fn disable(head: &mut [u8], body: usize) {
    if let Some(flags) = head.get_mut(body + 3) {
        *flags &= !1;
    }
}

/// Returns the box `minf` of a copied track.
fn kept_information(minf: BoxSlice, track: &Mp4Track, places: &[u64]) -> Result<Vec<u8>, Fault> {
    let mut made = Vec::new();
    for part in minf.parts()? {
        if part.kind != *b"stbl" {
            made.extend(part.whole);
            continue;
        }
        let mut tables = Vec::new();
        for part in part.parts()? {
            match (&part.kind, track.gathered()) {
                // Positions of chunks, and of encryption or other metadata of samples.
                (b"stco" | b"co64" | b"saio" | b"saiz", _) => {}
                // Of a fragmented track only the descriptions are still valid.
                (kind, Some(_)) if !matches!(kind, b"stsd" | b"sgpd") => {}
                _ => tables.extend(part.whole),
            }
        }
        match track.gathered() {
            Some(gathered) => tables.extend(gathered.tables(places)?),
            None => tables.extend(encoded(&Co64 {
                entries: places.to_vec(),
            })?),
        }
        made.extend(wrap(b"stbl", &[&tables]));
    }
    Ok(wrap(b"minf", &[&made]))
}

//! Reads from an MP4's edit lists what to cut from the start of a track, or to put before it.
//!
//! symphonia reads edit lists but does not apply them, so that AAC keeps its 1024 or 2112 samples of priming and a
//! track that starts late starts at once. This module reads only what the correction needs (ISO/IEC 14496-12 §8.6.6:
//! `elst`, and the time scales that it uses), bounded at every level.

use std::io::{self, Read, Seek};

use crate::decode::mp4_boxes::{Span, children, descend, find, full_box, movie, u32_be, u64_be};

/// Entries of one edit list that are read.
const ENTRIES_MAX: usize = 64;

/// One track's edit, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edit {
    /// The track's number in the file.
    pub track_id: u32,
    /// Silence before the track starts.
    pub gap_s: f64,
    /// What is cut from its start.
    pub cut_s: f64,
    /// Seconds that are kept after the cut; none when the list does not say, or has several pieces.
    pub keep_s: Option<f64>,
}

/// Returns the edits of the tracks in `source`: none when it is no MP4 or nothing is to be edited. The position of
/// `source` afterwards is unspecified.
pub fn read<S: Read + Seek>(source: &mut S, bytes: u64) -> Vec<Edit> {
    // The demuxer refuses what cannot be read here.
    tracks(source, bytes).unwrap_or_default()
}

fn tracks<S: Read + Seek>(source: &mut S, bytes: u64) -> io::Result<Vec<Edit>> {
    let mut edits = Vec::new();
    let Some(movie) = movie(source, bytes)? else {
        return Ok(edits);
    };
    let parts = children(source, movie, None)?;
    let Some((_, head)) = parts.iter().find(|(kind, _)| kind == b"mvhd") else {
        return Ok(edits);
    };
    let movie_scale = timescale(source, *head)?;
    for (_, track) in parts.iter().filter(|(kind, _)| kind == b"trak") {
        if let Ok(Some(edit)) = track_edit(source, *track, movie_scale) {
            edits.push(edit);
        }
    }
    Ok(edits)
}

fn track_edit<S: Read + Seek>(
    source: &mut S,
    track: Span,
    movie_scale: f64,
) -> io::Result<Option<Edit>> {
    let Some(head) = find(source, track, b"tkhd")? else {
        return Ok(None);
    };
    let Some(list) = descend(source, track, &[b"edts", b"elst"])? else {
        return Ok(None);
    };
    let Some(media) = descend(source, track, &[b"mdia", b"mdhd"])? else {
        return Ok(None);
    };
    let version = full_box(source, head)?;
    source.seek_relative(if version == 1 { 16 } else { 8 })?;
    let track_id = u32_be(source)?;
    let media_scale = timescale(source, media)?;

    let version = full_box(source, list)?;
    let entries = (u32_be(source)? as usize).min(ENTRIES_MAX);
    let (mut gap, mut pieces) = (0.0, Vec::new());
    for _ in 0..entries {
        let (duration, start) = match version {
            1 => (u64_be(source)? as f64, u64_be(source)? as i64),
            _ => (
                f64::from(u32_be(source)?),
                i64::from(u32_be(source)? as i32),
            ),
        };
        u32_be(source)?; // the rate of play
        match start {
            ..0 if pieces.is_empty() => gap += duration,
            ..0 => (),
            _ => pieces.push((duration, start as f64)),
        }
    }
    let Some((duration, start)) = pieces.first().copied() else {
        return Ok(None);
    };
    // A duration of 0 stands for everything that fragments will add.
    let keep_s = (pieces.len() == 1 && duration > 0.0).then(|| duration / movie_scale);
    Ok(Some(Edit {
        track_id,
        gap_s: gap / movie_scale,
        cut_s: start / media_scale,
        keep_s,
    }))
}

/// Returns the time scale in an `mvhd` or `mdhd`: units a second, at least 1.
fn timescale<S: Read + Seek>(source: &mut S, head: Span) -> io::Result<f64> {
    let version = full_box(source, head)?;
    source.seek_relative(if version == 1 { 16 } else { 8 })?;
    Ok(f64::from(u32_be(source)?.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::mp4_boxes::boxed;
    use std::io::Cursor;

    /// Version 0 of a head: flags, two dates, then `number` (a track's id or a time scale).
    fn head(number: u32) -> Vec<u8> {
        let mut out = vec![0; 12];
        out.extend_from_slice(&number.to_be_bytes());
        out
    }

    fn movie(entries: &[(u32, i32)]) -> Vec<u8> {
        let mut list = vec![0; 4];
        list.extend_from_slice(&(entries.len() as u32).to_be_bytes());
        for (duration, start) in entries {
            list.extend_from_slice(&duration.to_be_bytes());
            list.extend_from_slice(&start.to_be_bytes());
            list.extend_from_slice(&[0, 1, 0, 0]);
        }
        let track = [
            boxed(b"tkhd", &head(2)),
            boxed(b"edts", &boxed(b"elst", &list)),
            boxed(b"mdia", &boxed(b"mdhd", &head(48_000))),
        ];
        let movie = [
            boxed(b"mvhd", &head(1_000)),
            boxed(b"trak", &track.concat()),
        ];
        [
            boxed(b"ftyp", b"M4A "),
            boxed(b"mdat", &[7; 99]),
            boxed(b"moov", &movie.concat()),
        ]
        .concat()
    }

    fn edits(file: Vec<u8>) -> Vec<Edit> {
        let bytes = file.len() as u64;
        read(&mut Cursor::new(file), bytes)
    }

    #[test]
    fn priming_and_a_late_start_are_read() {
        let edit = edits(movie(&[(1_300, -1), (2_000, 1_024)]))[0];
        assert_eq!(edit.track_id, 2);
        assert_eq!(edit.gap_s, 1.3);
        assert_eq!(edit.cut_s, 1_024.0 / 48_000.0);
        assert_eq!(edit.keep_s, Some(2.0));
    }

    #[test]
    fn several_pieces_keep_all_that_follows() {
        let edit = edits(movie(&[(500, 0), (500, 96_000)]))[0];
        assert_eq!((edit.gap_s, edit.cut_s, edit.keep_s), (0.0, 0.0, None));
    }

    #[test]
    fn rubbish_has_no_edits() {
        let whole = movie(&[(1_300, -1), (2_000, 1_024)]);
        for end in 0..whole.len() {
            edits(whole[..end].to_vec());
        }
        assert!(edits(b"RIFF\xff\xff\xff\xffWAVEfmt ".to_vec()).is_empty());
        assert!(edits(vec![0; 4096]).is_empty());
        assert!(edits(Vec::new()).is_empty());
    }
}

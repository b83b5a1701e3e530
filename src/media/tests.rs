//! Containers made to do harm get an `Invalid` fault, soon, and cost little memory.

use std::fs::File;
use std::io::Cursor;
use std::time::Duration;

use super::*;
use vocabox_base::cpu_time;
use vocabox_base::fault::Kind;

/// Processor time that refusing a file may take: a hundred times the usual time.
const WORK_MAX: Duration = Duration::from_secs(5);

fn boxed(kind: &[u8; 4], contents: &[&[u8]]) -> Vec<u8> {
    let content = contents.concat();
    let mut made = (content.len() as u32 + 8).to_be_bytes().to_vec();
    made.extend(kind);
    made.extend(content);
    made
}

/// A box with version and flags 0, of 32-bit numbers.
fn table(kind: &[u8; 4], numbers: &[u32]) -> Vec<u8> {
    let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_be_bytes()).collect();
    boxed(kind, &[&[0; 4], &bytes])
}

/// The head of a movie with 1000 units a second.
fn movie_head() -> Vec<u8> {
    let mut numbers = vec![0; 24];
    numbers[2] = 1_000;
    table(b"mvhd", &numbers)
}

/// A track of number `id` with these tables, of 1000 units a second.
fn picture_track(id: u32, tables: &[Vec<u8>]) -> Vec<u8> {
    let mut head = vec![0; 20];
    head[2] = id;
    let entry = boxed(b"avc1", &[&[0; 24], &[0, 64, 0, 48], &[0; 50]]);
    let stsd = boxed(b"stsd", &[&[0; 4], &1u32.to_be_bytes(), &entry]);
    let mut tables = tables.to_vec();
    tables.insert(0, stsd);
    let media = [
        table(b"mdhd", &[0, 0, 1_000, 0, 0x55C4_0000]),
        boxed(b"hdlr", &[&[0; 8], b"vide", &[0; 13]]),
        boxed(b"minf", &[&boxed(b"stbl", &[&tables.concat()])]),
    ];
    let media = boxed(b"mdia", &[&media.concat()]);
    boxed(b"trak", &[&table(b"tkhd", &head), &media])
}

/// A film with one track of these tables, 1000 bytes of samples from byte 16 on.
fn film(tables: &[Vec<u8>], more: &[Vec<u8>]) -> Vec<u8> {
    let mut head = vec![movie_head(), picture_track(1, tables)];
    head.extend(more.iter().cloned());
    [
        boxed(b"ftyp", &[b"isom", &[0; 4]]),
        boxed(b"mdat", &[&[7; 1_000]]),
        boxed(b"moov", &[&head.concat()]),
    ]
    .concat()
}

/// Ten frames of 100 bytes and 40 ms, in one chunk.
fn ten_frames() -> Vec<Vec<u8>> {
    vec![
        table(b"stts", &[1, 10, 40]),
        table(b"stsc", &[1, 1, 10, 1]),
        table(b"stsz", &[100, 10]),
        table(b"stco", &[1, 24]),
    ]
}

/// [`ten_frames`] with `changed` in the place of the table of its kind.
fn ten_frames_but(changed: Vec<u8>) -> Vec<Vec<u8>> {
    let mut tables = ten_frames();
    let same = tables.iter_mut().find(|t| t[4..8] == changed[4..8]);
    *same.unwrap() = changed;
    tables
}

pub fn sound(seconds: f64) -> SoundTrack {
    let mut writer = TrackWriter::new(tempfile::tempfile().unwrap(), 1, Codec::Opus).unwrap();
    let samples = vec![0.1; (seconds * 48_000.0) as usize];
    writer.push(&samples).unwrap();
    writer.finish("eng").unwrap()
}

/// Returns the length of the result for `file`, or the fault.
fn replaced(file: &[u8]) -> Result<u64, Fault> {
    replaced_by(file, &sound(0.4))
}

fn replaced_by(file: &[u8], sound: &SoundTrack) -> Result<u64, Fault> {
    let mut out: File = tempfile::tempfile().unwrap();
    replace_audio(Cursor::new(file), sound, None, &mut out)?;
    Ok(out.metadata().unwrap().len())
}

/// Asserts that `file` is refused, soon, by a sentence with `word`.
fn refused(file: &[u8], word: &str) {
    let before = cpu_time::of_thread();
    let fault = replaced(file).unwrap_err();
    assert_eq!(fault.kind, Kind::Invalid, "{fault}");
    assert!(fault.sentence.contains(word), "{fault} does not say {word}");
    assert!(fault.sentence.starts_with("file "), "{fault}");
    let used = cpu_time::of_thread() - before;
    assert!(used < WORK_MAX, "{word}: {used:?}");
}

#[test]
fn a_plain_film_is_taken() {
    let file = film(&ten_frames(), &[]);
    let picture = inspect(Cursor::new(&file)).unwrap().unwrap();
    assert_eq!(picture.duration_s, 0.4);
    assert_eq!((picture.width, picture.height), (Some(64), Some(48)));
    let length = replaced(&file).unwrap();
    assert!((1_500..12_000).contains(&length), "{length}");
}

#[test]
fn sizes_of_boxes_beyond_the_file_are_refused() {
    for size in [u64::MAX, 1 << 63, (1 << 63) - 1, 1 << 40] {
        let long = [&[0, 0, 0, 1][..], b"mdat", &size.to_be_bytes()].concat();
        let plain = film(&ten_frames(), &[]);
        refused(&[&long[..], &plain].concat(), "cut off");
        // Behind the head, it is where the film breaks off.
        replaced(&[&plain[..], &long].concat()).unwrap();
        let mut inner = 1u32.to_be_bytes().to_vec();
        inner.extend(b"udta");
        inner.extend(size.to_be_bytes());
        refused(
            &film(&ten_frames(), &[inner]),
            "larger than what it lies in",
        );
    }
}

#[test]
fn the_rest_of_a_box_behind_a_size_of_0_swallows_nothing() {
    let mut tables = ten_frames();
    tables.push(b"\0\0\0\0free\0\0".to_vec());
    let file = film(&tables, &[]);
    let mut out = tempfile::tempfile().unwrap();
    replace_audio(Cursor::new(&file), &sound(0.4), None, &mut out).unwrap();
    assert_eq!(inspect(out).unwrap().unwrap().duration_s, 0.4);
}

#[test]
fn tables_that_are_there_twice_are_refused() {
    let mut tables = ten_frames();
    tables.push(table(b"stsz", &[50, 10]));
    refused(&film(&tables, &[]), "twice");
}

#[test]
fn tables_that_claim_too_much_are_refused() {
    let huge = u32::MAX;
    refused(
        &film(&ten_frames_but(table(b"stsz", &[1, huge])), &[]),
        "2000000",
    );
    refused(
        &film(&ten_frames_but(table(b"stsz", &[0, huge])), &[]),
        "2000000",
    );
    refused(
        &film(&ten_frames_but(table(b"stco", &[huge, 24])), &[]),
        "2000000",
    );
    refused(
        &film(&ten_frames_but(table(b"stsz", &[0, 1_999_999])), &[]),
        "stsz",
    );
    refused(
        &film(&ten_frames_but(table(b"stsz", &[100, 1_999_999])), &[]),
        "place",
    );
    refused(
        &film(&ten_frames_but(table(b"stsc", &[1, 1, 0, 1])), &[]),
        "place",
    );
    refused(
        &film(&ten_frames_but(table(b"stsc", &[1, 7, huge, 1])), &[]),
        "chunks",
    );
    refused(
        &film(&ten_frames_but(table(b"stco", &[1, huge])), &[]),
        "no picture",
    );
    refused(
        &film(&ten_frames_but(table(b"stts", &[1, 10, huge])), &[]),
        "a day",
    );
    // Ten chunks that are one and the same: ten times the file.
    let mut over = ten_frames_but(table(b"stsz", &[1_000, 10]));
    over[1] = table(b"stsc", &[1, 1, 1, 1]);
    over[3] = table(b"stco", &[[10].as_slice(), &[24; 10]].concat());
    refused(&film(&over, &[]), "over one another");
}

#[test]
fn many_tracks_are_refused() {
    let tracks = vec![picture_track(2, &ten_frames()); 16_000];
    refused(&film(&ten_frames(), &tracks), "64 tracks");
    let tiny = vec![boxed(b"trak", &[]); 100_000];
    refused(&film(&ten_frames(), &tiny), "too many boxes");
    refused(
        &film(&ten_frames(), &[picture_track(1, &ten_frames())]),
        "one number",
    );
}

/// `moof` of one run for track 1, whose only fields are these.
fn fragment(start: u32, count: u32) -> Vec<u8> {
    let traf = [
        // The base is the fragment; frames of 40 ms and 100 bytes by default.
        boxed(
            b"tfhd",
            &[
                &0x0002_0018u32.to_be_bytes(),
                &1u32.to_be_bytes(),
                &40u32.to_be_bytes(),
                &100u32.to_be_bytes(),
            ],
        ),
        table(b"tfdt", &[start]),
        boxed(
            b"trun",
            &[
                &1u32.to_be_bytes(),
                &count.to_be_bytes(),
                &84u32.to_be_bytes(),
            ],
        ),
    ];
    boxed(b"moof", &[&boxed(b"traf", &[&traf.concat()])])
}

fn fragmented(fragments: &[(u32, u32)]) -> Vec<u8> {
    let empty = [
        table(b"stts", &[0]),
        table(b"stsc", &[0]),
        table(b"stsz", &[0, 0]),
        table(b"stco", &[0]),
    ];
    let extends = boxed(b"mvex", &[&table(b"trex", &[1, 1, 0, 0, 0])]);
    let mut file = film(&empty, &[extends]);
    for (start, count) in fragments {
        let moof = fragment(*start, *count);
        assert_eq!(moof.len() + 8, 84);
        file.extend(moof);
        file.extend(boxed(
            b"mdat",
            &[&vec![9; 100 * (*count).min(100) as usize]],
        ));
    }
    file
}

#[test]
fn fragments_become_tables() {
    let file = fragmented(&[(0, 10), (400, 5), (600, 5)]);
    let picture = inspect(Cursor::new(&file)).unwrap().unwrap();
    assert_eq!(picture.duration_s, 0.8);
    replaced(&file).unwrap();
    // A gap makes the frame before it longer; a fragment that starts early cuts it.
    let gap = fragmented(&[(0, 10), (1_000, 5)]);
    assert_eq!(inspect(Cursor::new(&gap)).unwrap().unwrap().duration_s, 1.2);
    let early = fragmented(&[(0, 10), (380, 5)]);
    assert_eq!(
        inspect(Cursor::new(&early)).unwrap().unwrap().duration_s,
        0.58
    );
    refused(&fragmented(&[(0, 10), (300, 5)]), "go back");
}

#[test]
fn the_time_of_a_clock_is_no_part_of_the_film() {
    let late = fragmented(&[(2_000, 10)]);
    assert_eq!(
        inspect(Cursor::new(&late)).unwrap().unwrap().duration_s,
        2.4
    );
    let clock = fragmented(&[(3_600_000, 10)]);
    assert_eq!(
        inspect(Cursor::new(&clock)).unwrap().unwrap().duration_s,
        0.4
    );
}

#[test]
fn fragments_that_claim_too_much_are_refused() {
    refused(&fragmented(&[(0, u32::MAX)]), "2000000");
    // All but a hundred lie behind the file's end: there it breaks off.
    let whole = inspect(Cursor::new(fragmented(&[(0, 100)]))).unwrap();
    for count in [200, 1_999_999] {
        let cut = fragmented(&[(0, count)]);
        assert_eq!(inspect(Cursor::new(&cut)).unwrap(), whole);
        replaced(&cut).unwrap();
    }
    replaced(&fragmented(&[(0, 10), (400, 2_000_000)])).unwrap();
}

#[test]
fn hidden_pictures_are_refused_by_their_reason() {
    let mut encrypted = film(&ten_frames(), &[]);
    let at = encrypted.windows(4).position(|w| w == b"avc1").unwrap();
    encrypted[at..at + 4].copy_from_slice(b"encv");
    refused(&encrypted, "encrypted");
    refused(&film(&ten_frames(), &[boxed(b"cmov", &[])]), "compressed");
    let no_head = [boxed(b"ftyp", &[b"isom"]), boxed(b"mdat", &[&[0; 50]])].concat();
    refused(&no_head, "moov");
}

/// An element with its size in one byte, or in eight.
fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    let mut made = id.to_vec();
    match content.len() {
        0..=126 => made.push(0x80 | content.len() as u8),
        long => made.extend((long as u64 | 1 << 56).to_be_bytes()),
    }
    made.extend(content);
    made
}

const EBML: &[u8] = b"\x1A\x45\xDF\xA3";
const SEGMENT: &[u8] = b"\x18\x53\x80\x67";
const TRACKS: &[u8] = b"\x16\x54\xAE\x6B";
const CLUSTER: &[u8] = b"\x1F\x43\xB6\x75";

fn entry(number: u8) -> Vec<u8> {
    let content = [
        element(b"\xD7", &[number]),
        element(b"\x73\xC5", &[number]),
        element(b"\x83", &[1]),
        element(b"\x86", b"V_VP8"),
    ];
    element(b"\xAE", &content.concat())
}

/// A film of these tracks, and frames of track 1 at these ticks after the cluster's time.
fn matroska(tracks: &[u8], time: u64, frames: &[i16]) -> Vec<u8> {
    let blocks = frames.iter().flat_map(|frame| {
        let head = frame.to_be_bytes();
        element(
            b"\xA3",
            &[&[0x81, head[0], head[1], 0x80], [5; 30].as_slice()].concat(),
        )
    });
    let mut cluster = element(b"\xE7", &time.to_be_bytes());
    cluster.extend(blocks);
    let segment = [element(TRACKS, tracks), element(CLUSTER, &cluster)].concat();
    [
        element(EBML, &element(b"\x42\x82", b"webm")),
        element(SEGMENT, &segment),
    ]
    .concat()
}

#[test]
fn a_plain_matroska_is_taken_and_a_clock_left_out() {
    for time in [0, 3_600_000] {
        let file = matroska(&entry(1), time, &[0, 40, 80, 120]);
        let picture = inspect(Cursor::new(&file)).unwrap().unwrap();
        assert!((picture.duration_s - 0.16).abs() < 1e-9, "{picture:?}");
        replaced(&file).unwrap();
    }
}

#[test]
fn elements_that_claim_too_much_are_refused() {
    let plain = matroska(&entry(1), 0, &[0, 40]);
    let mut huge = plain.clone();
    huge.extend(b"\xA3\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFE");
    // Nothing is read after the segment; within it, it is where the film breaks off.
    replaced(&huge).unwrap();
    let at = plain.windows(4).position(|w| w == SEGMENT).unwrap();
    huge[at + 4..at + 5].copy_from_slice(&[0xFF]);
    replaced(&huge).unwrap();
    refused(&matroska(&entry(1).repeat(100_000), 0, &[0]), "64 tracks");
    refused(&matroska(&vec![0xEC; 5_000_000], 0, &[0]), "4194304");
    refused(&matroska(&entry(1), u64::MAX, &[0]), "beyond all films");
    refused(&matroska(&entry(1), 0, &[])[..40], "no picture");
}

#[test]
fn a_flood_of_empty_elements_is_refused() {
    let void = [0xEC, 0x80].repeat(vocabox_base::limits::MOVIE_ELEMENTS_MAX as usize + 10);
    let segment = [element(TRACKS, &entry(1)), void].concat();
    let file = [element(EBML, b""), element(SEGMENT, &segment)].concat();
    refused(&file, "8000000");
}

#[test]
fn every_cut_is_refused_or_has_no_picture() {
    let sound = sound(0.1);
    for whole in [
        film(&ten_frames(), &[]),
        fragmented(&[(0, 10), (400, 5)]),
        matroska(&entry(1), 0, &[0, 40, 80]),
    ] {
        for end in 0..whole.len() {
            match replaced_by(&whole[..end], &sound) {
                Ok(_) => {}
                Err(fault) => assert_eq!(fault.kind, Kind::Invalid, "{end}: {fault}"),
            }
        }
    }
}

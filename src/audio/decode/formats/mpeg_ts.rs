//! MPEG transport streams (ISO/IEC 13818-1): the sound of the first program, of files (.ts), cameras (.mts, .m2ts: four
//! bytes before each packet) and broadcasts (sixteen after it).

use std::collections::VecDeque;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use symphonia::core::common::FourCc;
use symphonia::core::formats::{FormatId, Track};
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

use crate::decode::formats::FoundFormat;
use crate::decode::formats::demuxed::{Demuxed, PacketSource, sound_track};
use crate::decode::formats::elementary::{FrameHead, SoundFrame, Splitter, Syntax};
use crate::decode::formats::pes::{self, UNITS};
use crate::decode::input::FileSpan;

pub const FORMAT_ID_TS: FormatId = FormatId::new(FourCc::new(*b"m2ts"));
const PACKET_BYTES: usize = 188;
const SYNC: u8 = 0x47;
/// Bytes from one packet to the next: plain, with a time code, with error correction.
const STRIDES: [usize; 3] = [188, 192, 204];
/// Packets in step that a start needs, and bytes in which it is looked for.
const STEPS: usize = 5;
/// Bytes of the file in which the programs, and the first frames of their sound, are looked for.
const LOOK_BYTES_MAX: u64 = 1 << 24;
/// Sound streams that are kept apart, and bytes of a table.
const STREAMS_MAX: usize = 32;
const TABLE_BYTES_MAX: usize = 4096;

/// Where packets start, and how far they are apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TsSteps {
    from: usize,
    stride: usize,
}

/// Returns the steps of a stream that starts with `head`, perhaps in the middle of a packet; none when it is none.
pub fn steps(head: &[u8]) -> Option<TsSteps> {
    let is_start = |from: usize, stride: usize| {
        let places = head.iter().skip(from).step_by(stride);
        let seen = places.clone().take(STEPS).count();
        seen == STEPS.min(places.len()) && seen >= 2 && places.take(STEPS).all(|byte| *byte == SYNC)
    };
    let stride_at = |from: usize| STRIDES.into_iter().find(|stride| is_start(from, *stride));
    // A short file must be in step from its first packet on.
    let looks = if head.len() > STEPS * STRIDES[2] {
        STRIDES[2]
    } else {
        5
    };
    let found = (0..looks.min(head.len())).find_map(|from| Some((from, stride_at(from)?)));
    found.map(|(from, stride)| TsSteps { from, stride })
}

/// What a program's table says of a sound stream.
struct TsStream {
    id: u16,
    coding: StreamCoding,
    language: Option<String>,
    first: Option<FrameHead>,
    /// When the next frame is presented, from the start of the first stream.
    at: i64,
    /// Bytes of the current packet that are left, where it tells.
    left: Option<usize>,
}

/// How a stream is coded.
enum StreamCoding {
    Frames(Splitter),
    /// In a codec of this name, which is not read.
    Unread(&'static str),
    /// The table does not tell; the first packet that starts with a frame does.
    Private,
}

/// Finds the sound in `input`, whose packets have these `steps`.
pub fn open(input: &FileSpan, steps: TsSteps) -> io::Result<FoundFormat> {
    let mut sound = TsSound::new(input, steps);
    while sound.at < LOOK_BYTES_MAX && sound.streams.is_empty() && sound.step()? {}
    let is_open = |stream: &TsStream| {
        !matches!(stream.coding, StreamCoding::Unread(_)) && stream.first.is_none()
    };
    while sound.at < LOOK_BYTES_MAX && sound.streams.iter().any(is_open) && sound.step()? {
        sound.ready.clear();
    }
    let name = |stream: &TsStream| match stream.coding {
        StreamCoding::Unread(name) => Some(name),
        _ => None,
    };
    let names: Vec<&str> = sound.streams.iter().filter_map(name).collect();
    let tracks: Vec<Track> = sound.streams.iter().filter_map(track).collect();
    if tracks.is_empty() {
        return Ok(match (sound.has_program, names.is_empty()) {
            (true, false) => FoundFormat::Codec(names.join(", ")),
            (true, true) => {
                FoundFormat::Damaged("it is an MPEG transport stream whose program has no sound")
            }
            (false, _) => FoundFormat::Damaged(
                "it is an MPEG transport stream without a list of its programs",
            ),
        });
    }
    let mut again = TsSound::new(input, steps);
    again.base = sound.base;
    again.is_based = true;
    let made = Demuxed::new(FORMAT_ID_TS, "MPEG-TS", tracks, again);
    Ok(FoundFormat::Format(Box::new(made)))
}

fn track(stream: &TsStream) -> Option<Track> {
    let mut track = sound_track(u32::from(stream.id), stream.first?.params(), UNITS);
    if let Some(language) = &stream.language {
        track.with_language(language);
    }
    Some(track)
}

/// The packets of all sound streams of the first program.
struct TsSound {
    input: BufReader<FileSpan>,
    steps: TsSteps,
    /// Bytes that were read.
    at: u64,
    program: Option<u16>,
    has_program: bool,
    table: Vec<u8>,
    streams: Vec<TsStream>,
    /// The first time of any stream.
    base: Option<i64>,
    is_based: bool,
    ready: VecDeque<Packet>,
    is_over: bool,
}

impl TsSound {
    fn new(input: &FileSpan, steps: TsSteps) -> Self {
        let mut start = input.clone();
        // A seek of an input fails only beyond all numbers.
        let _ = start.seek(SeekFrom::Start(steps.from as u64));
        TsSound {
            input: BufReader::with_capacity(1 << 16, start),
            steps,
            at: 0,
            program: None,
            has_program: false,
            table: Vec::new(),
            streams: Vec::new(),
            base: None,
            is_based: false,
            ready: VecDeque::new(),
            is_over: false,
        }
    }

    /// Reads one packet of the transport stream. Returns false at the end.
    fn step(&mut self) -> io::Result<bool> {
        let mut packet = [0; STRIDES[2]];
        let packet = &mut packet[..self.steps.stride];
        loop {
            let mut filled = 0;
            while filled < packet.len() {
                match self.input.read(&mut packet[filled..])? {
                    0 => break,
                    read => filled += read,
                }
            }
            self.at += filled as u64;
            if filled < PACKET_BYTES {
                self.finish();
                return Ok(false);
            }
            if packet[0] == SYNC {
                break;
            }
            // Out of step: on from the next byte that may start a packet.
            let next = packet[1..filled].iter().position(|byte| *byte == SYNC);
            let skip = next.map_or(filled, |at| at + 1);
            self.input.seek_relative(skip as i64 - filled as i64)?;
        }
        let packet: &[u8; PACKET_BYTES] = packet.first_chunk().expect("188 bytes");
        self.take(packet);
        Ok(true)
    }

    fn take(&mut self, packet: &[u8; PACKET_BYTES]) {
        let id = u16::from_be_bytes([packet[1] & 0x1F, packet[2]]);
        let (is_start, control) = (packet[1] & 0x40 != 0, packet[3] >> 4 & 3);
        let adaptation = if control & 2 != 0 {
            usize::from(packet[4]) + 1
        } else {
            0
        };
        let payload = packet.get(4 + adaptation..).filter(|_| control & 1 != 0);
        // Damaged, scrambled or empty ones.
        let Some(payload) = payload.filter(|_| packet[1] & 0x80 == 0 && packet[3] >> 6 == 0) else {
            return;
        };
        match id {
            0 => self.programs(payload, is_start),
            id if Some(id) == self.program => self.streams(payload, is_start),
            id => self.piece(id, payload, is_start),
        }
    }

    /// Reads the list of programs, and takes the first one.
    fn programs(&mut self, payload: &[u8], is_start: bool) {
        let Some(section) = section(payload).filter(|_| is_start && self.program.is_none()) else {
            return;
        };
        // Program 0 is the network's information.
        let programs = section.get(8..).unwrap_or_default().chunks_exact(4);
        let first = programs.into_iter().find(|p| p[..2] != [0, 0]);
        self.program = first.map(|p| u16::from_be_bytes([p[2] & 0x1F, p[3]]));
    }

    /// Reads the program's table, which may lie in several packets.
    fn streams(&mut self, payload: &[u8], is_start: bool) {
        if self.has_program {
            return;
        }
        if is_start {
            self.table.clear();
        } else if self.table.is_empty() {
            return;
        }
        self.table.extend_from_slice(payload);
        let table = std::mem::take(&mut self.table);
        let Some(section) = section(&table) else {
            self.table = table;
            self.table.truncate(TABLE_BYTES_MAX);
            return;
        };
        // The check sum is at the end.
        let section = &section[..section.len().saturating_sub(4)];
        let about = section
            .get(10..12)
            .map_or(0, |b| usize::from(u16::from_be_bytes([b[0] & 0xF, b[1]])));
        let mut rest = section.get(12 + about..).unwrap_or_default();
        while let [kind, p0, p1, l0, l1, more @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([l0 & 0xF, *l1])).min(more.len());
            let (about, after) = more.split_at(length);
            if let Some(coding) = coding(*kind, about)
                && self.streams.len() < STREAMS_MAX
            {
                self.streams.push(TsStream {
                    id: u16::from_be_bytes([p0 & 0x1F, *p1]),
                    coding,
                    language: descriptor(about, 0x0A).and_then(language),
                    first: None,
                    at: 0,
                    left: None,
                });
            }
            rest = after;
        }
        self.has_program = true;
    }

    /// Takes the piece of a stream that a packet holds.
    fn piece(&mut self, id: u16, payload: &[u8], is_start: bool) {
        let head = is_start.then(|| pes::head(payload)).flatten();
        if let Some(time) = head
            .as_ref()
            .and_then(|head| head.time)
            .filter(|_| !self.is_based)
        {
            let is_earlier = |base: i64| pes::unwrapped(time, base) < 0;
            if self.base.is_none_or(is_earlier) {
                self.base = Some(time);
            }
        }
        let base = self.base.unwrap_or(0);
        let Some(stream) = self.streams.iter_mut().find(|stream| stream.id == id) else {
            return;
        };
        let (mut content, mut time) = (payload, None);
        if let Some(head) = head {
            content = payload.get(head.head_bytes..).unwrap_or_default();
            stream.left = head.content_bytes;
            time = head.time.map(|time| pes::unwrapped(time, base));
        } else if is_start {
            return;
        }
        if let Some(left) = &mut stream.left {
            content = &content[..content.len().min(*left)];
            *left -= content.len();
        }
        if is_start && matches!(stream.coding, StreamCoding::Private) {
            stream.recognise(content);
        }
        stream.push(content, time, false, &mut self.ready);
    }

    /// Gives what waits for more.
    fn finish(&mut self) {
        if !std::mem::replace(&mut self.is_over, true) {
            for stream in &mut self.streams {
                stream.push(&[], None, true, &mut self.ready);
            }
        }
    }
}

impl TsStream {
    /// Tells the coding by the start of a packet's content: a frame, which another one follows as far as the packet has it.
    fn recognise(&mut self, content: &[u8]) {
        let is_start = |syntax: &Syntax| {
            let Some(head) = FrameHead::read(*syntax, content) else {
                return false;
            };
            let next = content.get(head.bytes..).filter(|next| next.len() >= 7);
            next.is_none_or(|next| FrameHead::read(*syntax, next).is_some())
        };
        if let Some(syntax) = Syntax::ALL.into_iter().find(is_start) {
            self.coding = StreamCoding::Frames(Splitter::new(syntax));
        }
    }

    fn push(
        &mut self,
        piece: &[u8],
        time: Option<i64>,
        is_last: bool,
        ready: &mut VecDeque<Packet>,
    ) {
        let StreamCoding::Frames(splitter) = &mut self.coding else {
            return;
        };
        splitter.push(piece, time);
        while let Some(SoundFrame { head, data, time }) = splitter.next(is_last) {
            self.first.get_or_insert(head);
            self.at = time.unwrap_or(self.at);
            let lasts = u64::from(head.samples) * u64::from(UNITS) / u64::from(head.rate_hz.max(1));
            let packet = Packet::new(
                u32::from(self.id),
                self.at.into(),
                Duration::from(lasts),
                data,
            );
            self.at = self.at.saturating_add_unsigned(lasts);
            ready.push_back(packet);
        }
    }
}

impl PacketSource for TsSound {
    fn next(&mut self) -> io::Result<Option<Packet>> {
        while self.ready.is_empty() && !self.is_over {
            self.step()?;
        }
        Ok(self.ready.pop_front())
    }
}

/// Returns the section at the start of a payload, with its head; none while it is not whole.
fn section(payload: &[u8]) -> Option<&[u8]> {
    let section = payload.get(1 + usize::from(*payload.first()?)..)?;
    let length = u16::from_be_bytes([section.get(1)? & 0xF, *section.get(2)?]);
    section.get(..3 + usize::from(length))
}

/// Returns how a stream of this type is coded; none when it is no sound. The types are those of ISO/IEC 13818-1, ATSC A/52 and
/// Blu-ray.
fn coding(kind: u8, about: &[u8]) -> Option<StreamCoding> {
    let has = |tag: u8| descriptor(about, tag).is_some();
    let registered = |name: &[u8]| descriptor(about, 0x05).is_some_and(|d| d.starts_with(name));
    let frames = |syntax| StreamCoding::Frames(Splitter::new(syntax));
    Some(match kind {
        0x03 | 0x04 => frames(Syntax::Mpeg),
        0x0F => frames(Syntax::Adts),
        0x11 => StreamCoding::Unread("AAC in LATM"),
        0x80 if registered(b"HDMV") => StreamCoding::Unread("PCM of Blu-ray"),
        0x81 | 0x84 | 0x87 | 0xA1 => frames(Syntax::Ac3),
        0x82 | 0x85 | 0x86 | 0x8A | 0xA2 => StreamCoding::Unread("DTS"),
        0x83 => StreamCoding::Unread("TrueHD"),
        0x06 if has(0x6A) || has(0x7A) || registered(b"AC-3") || registered(b"EAC3") => {
            frames(Syntax::Ac3)
        }
        0x06 if has(0x7C) => frames(Syntax::Adts),
        0x06 if has(0x7B) || registered(b"DTS") => StreamCoding::Unread("DTS"),
        0x06 if registered(b"Opus") => StreamCoding::Unread("Opus in MPEG-TS"),
        0x06 if registered(b"BSSD") => StreamCoding::Unread("SMPTE 302M"),
        // Subtitles and data have descriptors; cameras' sound may have none.
        0x06 if about.is_empty() => StreamCoding::Private,
        _ => return None,
    })
}

/// Returns the content of the first descriptor with this tag.
fn descriptor(mut about: &[u8], tag: u8) -> Option<&[u8]> {
    while let [found, length, rest @ ..] = about {
        let content = rest.get(..usize::from(*length))?;
        if *found == tag {
            return Some(content);
        }
        about = &rest[content.len()..];
    }
    None
}

fn language(content: &[u8]) -> Option<String> {
    let letters = content.get(..3)?;
    let is_code = letters.iter().all(u8::is_ascii_alphabetic);
    is_code.then(|| String::from_utf8_lossy(letters).to_lowercase())
}

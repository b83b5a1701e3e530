//! Files that are nothing but frames of sound (.ac3, or a stream in a WAV file).

use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::common::FourCc;
use symphonia::core::formats::FormatId;
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

use crate::decode::formats::FoundFormat;
use crate::decode::formats::demuxed::{Demuxed, PacketSource, sound_track};
use crate::decode::formats::elementary::{SoundFrame, Splitter, Syntax};
use crate::decode::input::FileSpan;

const FORMAT_ID_FRAMES: FormatId = FormatId::new(FourCc::new(*b"frms"));
/// Bytes that are read at a time.
const PIECE_BYTES: usize = 1 << 15;

/// Finds the frames of `syntax` in `input`.
pub fn open(input: &FileSpan, syntax: Syntax) -> io::Result<FoundFormat> {
    let Some(first) = BareFrames::new(input, syntax)?.next_frame()? else {
        return Ok(FoundFormat::Damaged("it has no frames of sound"));
    };
    let track = sound_track(0, first.head.params(), first.head.rate_hz);
    let frames = BareFrames::new(input, syntax)?;
    let made = Demuxed::new(FORMAT_ID_FRAMES, "frames", vec![track], frames);
    Ok(FoundFormat::Format(Box::new(made)))
}

struct BareFrames {
    input: FileSpan,
    splitter: Splitter,
    is_over: bool,
    at: i64,
}

impl BareFrames {
    fn new(input: &FileSpan, syntax: Syntax) -> io::Result<Self> {
        let mut input = input.clone();
        input.seek(SeekFrom::Start(0))?;
        Ok(BareFrames {
            input,
            splitter: Splitter::new(syntax),
            is_over: false,
            at: 0,
        })
    }

    fn next_frame(&mut self) -> io::Result<Option<SoundFrame>> {
        loop {
            if let Some(frame) = self.splitter.next(self.is_over) {
                return Ok(Some(frame));
            }
            if self.is_over {
                return Ok(None);
            }
            let mut piece = vec![0; PIECE_BYTES];
            let count = self.input.read(&mut piece)?;
            self.is_over = count == 0;
            self.splitter.push(&piece[..count], None);
        }
    }
}

impl PacketSource for BareFrames {
    fn next(&mut self) -> io::Result<Option<Packet>> {
        let Some(SoundFrame { head, data, .. }) = self.next_frame()? else {
            return Ok(None);
        };
        let lasts = u64::from(head.samples);
        let packet = Packet::new(0, self.at.into(), Duration::from(lasts), data);
        self.at = self.at.saturating_add_unsigned(lasts);
        Ok(Some(packet))
    }
}

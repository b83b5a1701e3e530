//! Opens the container of a recording, recognised by content, and what it says of its sound tracks.

use symphonia::core::audio::Channels;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::CODEC_ID_NULL_AUDIO;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_AAC, CODEC_ID_DCA, CODEC_ID_SPEEX};
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::well_known::{
    FORMAT_ID_ADTS, FORMAT_ID_FLAC, FORMAT_ID_ISOMP4, FORMAT_ID_MKV, FORMAT_ID_MP1, FORMAT_ID_MP2,
    FORMAT_ID_MP3, FORMAT_ID_WAVE,
};
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackFlags};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use crate::decode::edit_lists::{self, Edit};
use crate::decode::formats::elementary::{FrameHead, Syntax};
use crate::decode::formats::telephony::{self, BareCoding};
use crate::decode::formats::{FoundFormat, au, avi, bare_frames, caf, flv, foreign, mpeg_ts, wave};
use crate::decode::input::FileSpan;
use crate::decode::refusals::{DAMAGED, undecodable, unopened, unread_codec, unread_format};
use crate::decode::shield::shielded;
use crate::decode::sound_facts::{self, SoundFacts};
use crate::decode::{repair, tags};
use vocabox_base::fault::Fault;

/// Bytes of the start by which formats are recognised.
const HEAD_BYTES: usize = 4096;

/// How the times of packets count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// They do not: packets follow each other.
    None,
    /// From the start of the file, unless they start so late that they are a clock's.
    FromZero,
    /// From the first time of any track, which is 0.
    FromFirst,
}

/// An open recording.
pub struct Opened {
    pub format: Box<dyn FormatReader>,
    /// Of the sound tracks, in the order of the file.
    pub sounds: Vec<SoundFacts>,
    pub edits: Vec<Edit>,
    pub times: Times,
    /// Bytes of a bare stream of frames, most of which must be frames: damage is skipped in it, and so would be a file
    /// of another kind.
    pub stream_bytes: Option<u64>,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Opens the recording in `input`; `bare` is the coding of a file without a head, and its rate. A cut or damaged file is
/// opened as far as it can be repaired.
///
/// Faults: `Invalid` when the format is not supported, or damaged where the format is recognised; `Internal` when the
/// source cannot be read.
pub fn open(input: &FileSpan, bare: Option<(BareCoding, u32)>) -> Result<Opened, Fault> {
    if let Some((coding, rate_hz)) = bare {
        return opened(input, telephony::open(input, coding, rate_hz));
    }
    let input = tags::skipped(input.clone()).map_err(Fault::internal)?;
    let input = tags::without_end(input).map_err(Fault::internal)?;
    let head = input.start(HEAD_BYTES).map_err(Fault::internal)?;
    let part = shielded(|| known(&input, &head)).ok_or_else(|| undecodable(DAMAGED))?;
    match part.map_err(Fault::internal)? {
        Some(part) => opened(&input, part),
        None => match foreign::format(&head) {
            Some(found) => Err(unread_format(found)),
            None => probed(&input),
        },
    }
}

/// Opens a format that this crate reads by itself; none when it is none of them.
fn known(input: &FileSpan, head: &[u8]) -> std::io::Result<Option<FoundFormat>> {
    Ok(Some(if wave::is_wave(head) {
        wave::open(input, head)?
    } else if avi::is_avi(head) {
        avi::open(input)?
    } else if flv::is_flv(head) {
        flv::open(input, head)?
    } else if au::is_au(head) {
        au::open(input, head)
    } else if let Some(steps) = mpeg_ts::steps(head) {
        mpeg_ts::open(input, steps)?
    } else if FrameHead::read(Syntax::Ac3, head).is_some() {
        FoundFormat::Stream(input.clone(), Syntax::Ac3)
    } else if telephony::is_gsm(head) {
        telephony::open(input, BareCoding::Gsm, 0)
    } else {
        return caf::open(input, head);
    }))
}

fn opened(input: &FileSpan, part: FoundFormat) -> Result<Opened, Fault> {
    match part {
        FoundFormat::Format(format) => {
            let times = match format.format_info().format {
                mpeg_ts::FORMAT_ID_TS => Times::FromFirst,
                _ => Times::FromZero,
            };
            Ok(Opened {
                sounds: sounds(format.as_ref()),
                format,
                edits: Vec::new(),
                times,
                stream_bytes: None,
                bytes: input.length(),
            })
        }
        FoundFormat::Stream(part, Syntax::Mpeg | Syntax::Adts) => probed(&part),
        FoundFormat::Stream(part, syntax) => {
            let frames = bare_frames::open(&part, syntax).map_err(Fault::internal)?;
            let mut made = opened(&part, frames)?;
            made.stream_bytes = Some(part.length());
            Ok(made)
        }
        FoundFormat::Codec(name) => Err(unread_codec(&name)),
        FoundFormat::Damaged(why) => Err(undecodable(why)),
    }
}

/// Opens a format that symphonia reads.
fn probed(input: &FileSpan) -> Result<Opened, Fault> {
    let mut source = input.part(0, u64::MAX);
    let bytes = source.length();
    let repair = repair::read(&mut source, bytes);
    if repair.lacks_index {
        return Err(Fault::invalid(
            "file breaks off before its index (moov), which is at its end and says where the sound is: nothing of it can be heard",
        ));
    }
    if let Some(why) = repair.refusal {
        return Err(undecodable(why));
    }
    let edits = edit_lists::read(&mut source, bytes);
    let facts = sound_facts::read(&mut source, bytes);
    let source = Box::new(input.patched(repair.patches));
    let probed = shielded(|| {
        symphonia::default::get_probe().probe(
            &Hint::new(),
            MediaSourceStream::new(source, Default::default()),
            FormatOptions::default(),
            MetadataOptions::default(),
        )
    });
    let format = probed
        .ok_or_else(|| undecodable(DAMAGED))?
        .map_err(|cause| unopened(&cause))?;
    let id = format.format_info().format;
    let is_stream = [FORMAT_ID_ADTS, FORMAT_ID_MP1, FORMAT_ID_MP2, FORMAT_ID_MP3].contains(&id);
    Ok(Opened {
        sounds: match facts.is_empty() {
            true => sounds(format.as_ref()),
            false => facts,
        },
        format,
        edits,
        times: match id {
            FORMAT_ID_MKV | FORMAT_ID_ISOMP4 => Times::FromZero,
            _ => Times::None,
        },
        stream_bytes: is_stream.then_some(bytes),
        bytes,
    })
}

/// Returns what a format's tracks say of themselves.
fn sounds(format: &dyn FormatReader) -> Vec<SoundFacts> {
    let tracks = format.tracks().iter();
    let sounds = tracks.filter(|t| matches!(t.codec_params, Some(CodecParameters::Audio(_))));
    sounds
        .map(|track| SoundFacts {
            id: track.id,
            codec: track.codec_params.as_ref().and_then(codec_name),
            params: None,
            language: track.language.clone(),
            is_default: track.flags.contains(TrackFlags::DEFAULT),
        })
        .collect()
}

/// Returns the name of a codec that is not decoded.
fn codec_name(params: &CodecParameters) -> Option<String> {
    let known = match params.audio()?.codec {
        CODEC_ID_AAC => "AAC of a kind",
        CODEC_ID_SPEEX => "Speex",
        CODEC_ID_DCA => "DTS",
        _ => return None,
    };
    Some(known.to_owned())
}

impl Opened {
    /// Returns the length of `track` that the file declares, where that is reliable; MP3 and ADTS only estimate it.
    pub fn told_seconds(&self, track: &Track) -> Option<f64> {
        let params = track.codec_params.as_ref()?.audio()?;
        let seconds = track
            .time_base?
            .calc_duration(track.duration?)?
            .as_secs_f64();
        let is_told = match self.format.format_info().format {
            FORMAT_ID_FLAC | FORMAT_ID_ISOMP4 | FORMAT_ID_MKV | FORMAT_ID_WAVE => true,
            // Of formats that this crate reads, the sizes in bytes are checked.
            _ => self.times != Times::None && track.num_frames.is_some(),
        };
        let channels = params.channels.as_ref().map_or(1, Channels::count);
        (is_told && channels > 0 && params.codec != CODEC_ID_NULL_AUDIO).then_some(seconds)
    }
}

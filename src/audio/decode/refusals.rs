//! What a client is told of a file that is not read: what the file is, what is accepted, and how to convert it.

use std::fmt::Display;

use symphonia::core::audio::Channels;
use symphonia::core::errors::Error;
use symphonia::core::formats::FormatReader;

use crate::decode::formats::foreign::ForeignFormat;
use crate::decode::sound_facts::SoundFacts;
use vocabox_base::fault::Fault;

/// The formats that are read: in every refusal.
const ACCEPTED: &str = "accepted are WAV, AIFF, AU, CAF, FLAC, MP3, AAC, M4A/MP4, Ogg, Opus, WebM/MKV, AVI, FLV, MPEG-TS, AC-3 and GSM";
/// What helps with other sound.
const REMEDY: &str = "`ffmpeg -i FILE sound.wav` converts most other sound";

/// Returns the refusal of a file without decodable sound. `found` continues "as audio: ".
pub fn undecodable(found: impl Display) -> Fault {
    Fault::invalid(format!(
        "file could not be decoded as audio: {found}; {ACCEPTED}; {REMEDY}"
    ))
}

/// Returns the refusal of a file whose format is none of those that are read.
pub fn unread_format(ForeignFormat { name, has_sound }: ForeignFormat) -> Fault {
    Fault::invalid(match has_sound {
        true => format!("file is {name}, which is not read here; {ACCEPTED}; {REMEDY}"),
        false => format!("file is {name}, which is no recording; {ACCEPTED}"),
    })
}

/// Returns the refusal of a recording whose sound is in a codec of this `name`.
pub fn unread_codec(name: &str) -> Fault {
    Fault::invalid(format!(
        "sound is in {name}, which is not read here; {ACCEPTED}; {REMEDY}"
    ))
}

/// Returns the refusal of a file without a sound track.
pub fn soundless(format: &dyn FormatReader) -> Fault {
    Fault::invalid(format!(
        "file has no audio track: it is {} without sound",
        format.format_info().long_name
    ))
}

/// Returns the refusal of what the demuxers do not open.
pub fn unopened(cause: &Error) -> Fault {
    let found = match cause {
        Error::Unsupported(_) => "its format is not recognized",
        _ => DAMAGED,
    };
    undecodable(found).because(cause)
}

/// Of a file on which a demuxer or a decoder gave up.
pub const DAMAGED: &str = "its structure is damaged";

/// Returns what a file is whose sound track has no packet that could be decoded, as in "as audio: …".
pub fn without_packets(format: &dyn FormatReader, sound: Option<&SoundFacts>) -> String {
    let track = format
        .tracks()
        .iter()
        .find(|track| Some(track.id) == sound.map(|s| s.id));
    let params = track.and_then(|track| track.codec_params.as_ref()?.audio());
    let codec = params.and_then(|params| {
        let known = symphonia::default::get_codecs().get_audio_decoder(params.codec);
        known.map(|decoder| decoder.codec.info.long_name)
    });
    let codec = sound.and_then(|sound| sound.codec.as_deref()).or(codec);
    let channels = params.and_then(|params| params.channels.as_ref().map(Channels::count));
    let of_sound = match (codec, channels) {
        (Some(codec), Some(channels)) => format!(" with {codec} (channels: {channels})"),
        (Some(codec), None) => format!(" with {codec}"),
        _ => String::new(),
    };
    let name = format.format_info().long_name;
    format!("it is {name}{of_sound}, and no packet of its sound could be decoded")
}

//! `GET /voice/dub/jobs/{job_id}/video|audio|subtitles`: the files that a render made, whole or by range (RFC 9110
//! §14).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use schemars::JsonSchema;

use super::dub::id;
use super::message::{Head, Part};
use super::tts::AI_GENERATED;
use super::{Call, Context, FileSection, Reply};
use crate::dub::render::{AUDIO, SRT, VIDEO, VTT};
use crate::fault::{Fault, Kind};
use crate::store::{JobKind, JobStatus};
use crate::text::subtitles::SubtitleFormat;

/// The content types of films.
const MP4: &str = "video/mp4";
const WEBM: &str = "video/webm";
const MATROSKA: &str = "video/x-matroska";
pub const FILM_TYPES: &[&str] = &[MP4, WEBM, MATROSKA];

/// Bytes at the start of a Matroska or WebM file that contain its document type.
const HEAD_BYTES: u64 = 64;

/// The dubbed film. Faults: `NotFound` if the account has no such job, or the job has no film (yet); `OutOfRange` for a
/// range after the end.
pub fn video(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let mut file = open(context, call, VIDEO)?;
    let mut head = Vec::new();
    let read = file.by_ref().take(HEAD_BYTES).read_to_end(&mut head);
    read.map_err(Fault::disk)?;
    let is_matroska = head.windows(8).any(|w| w == b"matroska");
    let content_type = match (head.starts_with(b"\x1A\x45\xDF\xA3"), is_matroska) {
        (true, true) => MATROSKA,
        (true, false) => WEBM,
        _ => MP4,
    };
    send(call, file, content_type, VIDEO)
}

/// The new sound track. Faults: as [`video`].
pub fn audio(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let file = open(context, call, AUDIO)?;
    send(call, file, "audio/wav", AUDIO)
}

/// The query of a request for subtitles.
#[derive(JsonSchema)]
pub struct SubtitlesQuery {
    /// Upper and lower case are the same.
    #[schemars(default = "srt", extend("enum" = ["srt", "vtt"]))]
    format: String,
}

fn srt() -> String {
    "srt".to_owned()
}

impl SubtitlesQuery {
    /// Reads a URL's query, whose first `format` counts.
    fn read(query: &str) -> Self {
        let mut query = form_urlencoded::parse(query.as_bytes());
        let format = query.find(|(name, _)| name == "format");
        SubtitlesQuery {
            format: format.map_or(srt(), |(_, value)| value.to_ascii_lowercase()),
        }
    }
}

/// The lines as subtitles, `?format=srt` or `vtt`. Faults: as [`video`], `Invalid` for another format.
pub fn subtitles(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let asked = SubtitlesQuery::read(&call.head.query);
    let (name, format) = match asked.format.as_str() {
        "srt" => (SRT, SubtitleFormat::Srt),
        "vtt" => (VTT, SubtitleFormat::Vtt),
        _ => return Err(Fault::invalid("format is neither srt nor vtt")),
    };
    let file = open(context, call, name)?;
    send(call, file, format.content_type(), name)
}

fn open(context: &Context, call: &Call, name: &str) -> Result<File, Fault> {
    let id = id(call)?;
    let job = context.store.job(call.identity()?.account.id, id)?;
    if job.kind != JobKind::Render {
        return Err(Fault::not_found("job_id names no render; it has no files"));
    }
    if job.status != JobStatus::Done {
        return Err(Fault::not_found(
            "The job is not done; GET /voice/dub/jobs/{job_id} tells how far it is.",
        ));
    }
    let files = context.store.job_files();
    files.open(id, name).map_err(|fault| match fault.kind {
        Kind::NotFound if name == VIDEO => {
            Fault::not_found("The job has no video: what was sent has no picture.")
        }
        _ => fault,
    })
}

/// The answer with `file`, or with the range of it that the request asks for.
fn send(
    call: &Call,
    mut file: File,
    content_type: &'static str,
    name: &str,
) -> Result<Reply, Fault> {
    let whole = file.metadata().map_err(Fault::disk)?.len();
    // The job's id and the file's name identify the content: the files of a job that is done never change.
    let tag = format!("\"{}-{name}\"", call.param);
    let (from, bytes) = match range(&call.head, &tag, whole) {
        ByteRange::Whole => (0, whole),
        ByteRange::Part(from, bytes) => (from, bytes),
        ByteRange::Nothing => {
            return Err(Fault::new(
                Kind::OutOfRange { bytes: whole },
                format!("Range names no byte of the file, which has {whole}"),
            ));
        }
    };
    file.seek(SeekFrom::Start(from)).map_err(Fault::disk)?;
    let mut headers = vec![
        ("Accept-Ranges", "bytes".to_owned()),
        ("ETag", tag),
        ("Cache-Control", "private, max-age=3600".to_owned()),
    ];
    if [VIDEO, AUDIO].contains(&name) {
        headers.push((AI_GENERATED, "true".to_owned()));
    }
    if bytes < whole {
        let last = from + bytes - 1;
        headers.push(("Content-Range", format!("bytes {from}-{last}/{whole}")));
    }
    Ok(Reply {
        content_type,
        headers,
        body: Vec::new(),
        rest: None,
        file: Some(FileSection {
            part: Part {
                file,
                bytes,
                after: "",
            },
            whole,
        }),
        is_unchanged: false,
    })
}

/// The bytes of a file that a request asks for.
#[derive(Debug, PartialEq, Eq)]
enum ByteRange {
    Whole,
    /// First byte and number of bytes; fewer than the file has.
    Part(u64, u64),
    Nothing,
}

/// The range that a request asks for of a file with `whole` bytes and the entity tag `tag`. A header that is no byte
/// range, or names several, stands for the whole file, which RFC 9110 §14.2 allows.
fn range(head: &Head, tag: &str, whole: u64) -> ByteRange {
    let is_other = |named: &str| named.trim() != tag;
    let Some(asked) = head.header("range") else {
        return ByteRange::Whole;
    };
    if head.header("if-range").is_some_and(is_other) {
        return ByteRange::Whole;
    }
    let Some((first, last)) = asked
        .trim()
        .strip_prefix("bytes=")
        .and_then(|spec| spec.trim().split_once('-'))
    else {
        return ByteRange::Whole;
    };
    let number = |text: &str| match text.bytes().all(|b| b.is_ascii_digit()) {
        // A number that does not fit is larger than any file, as `u64::MAX` is.
        true if !text.is_empty() => Some(text.parse().unwrap_or(u64::MAX)),
        _ => None,
    };
    let (from, end) = match (number(first), number(last)) {
        (Some(from), Some(last)) if from <= last => (from, last.saturating_add(1).min(whole)),
        (Some(from), None) if last.is_empty() => (from, whole),
        (None, Some(count)) if first.is_empty() => (whole.saturating_sub(count), whole),
        _ => return ByteRange::Whole,
    };
    match (from < end, from == 0 && end == whole) {
        (false, _) => ByteRange::Nothing,
        (true, true) => ByteRange::Whole,
        (true, false) => ByteRange::Part(from, end - from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Instant;

    fn asked(headers: &[(&str, &str)]) -> ByteRange {
        let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        let head = Head {
            method: "GET".to_owned(),
            path: "/".to_owned(),
            query: String::new(),
            headers: headers.iter().map(owned).collect(),
            declared_bytes: Some(0),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            received: Instant::now(),
        };
        range(&head, "\"a\"", 1_000)
    }

    #[test]
    fn ranges_are_those_of_the_standard() {
        for (text, expected) in [
            ("bytes=0-499", ByteRange::Part(0, 500)),
            ("bytes=500-999", ByteRange::Part(500, 500)),
            ("bytes=-500", ByteRange::Part(500, 500)),
            ("bytes=9500-", ByteRange::Nothing),
            ("bytes=1000-", ByteRange::Nothing),
            ("bytes=-0", ByteRange::Nothing),
            ("bytes=999-", ByteRange::Part(999, 1)),
            ("bytes=0-", ByteRange::Whole),
            ("bytes=0-99999999999999999999999", ByteRange::Whole),
            ("bytes=1-99999999999999999999999", ByteRange::Part(1, 999)),
            ("bytes=-99999999999999999999999", ByteRange::Whole),
            ("bytes=5-4", ByteRange::Whole),
            ("bytes=0-0,-1", ByteRange::Whole),
            ("bytes=a-b", ByteRange::Whole),
            ("bytes=-", ByteRange::Whole),
            ("pages=1-2", ByteRange::Whole),
        ] {
            assert_eq!(asked(&[("range", text)]), expected, "{text}");
        }
    }

    #[test]
    fn a_part_of_something_else_is_not_sent() {
        let range = ("range", "bytes=0-0");
        assert_eq!(
            asked(&[range, ("if-range", "\"a\"")]),
            ByteRange::Part(0, 1)
        );
        assert_eq!(asked(&[range, ("if-range", "\"b\"")]), ByteRange::Whole);
        assert_eq!(asked(&[]), ByteRange::Whole);
    }
}

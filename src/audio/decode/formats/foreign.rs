//! The names of formats that are not read, so that a refusal says what came. A search for sound in them would find
//! nonsense: bytes of pictures and archives look like frames of MP3 now and then.

/// Where a format's mark stands, the mark, and the format's name as in "file is …".
type Mark = (usize, &'static [u8], &'static str);

/// Formats of sound, most of which other programs convert.
const OF_SOUND: &[Mark] = &[
    (0, b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", "ASF (WMV, WMA)"),
    (0, b"\x00\x00\x01\xBA", "an MPEG program stream (MPG, VOB)"),
    (0, b".RMF", "RealMedia"),
    (0, b".ra\xFD", "RealAudio"),
    (0, b"#!AMR-WB", "AMR-WB"),
    (0, b"#!AMR", "AMR"),
    (0, b"#!SILK_V3", "SILK"),
    (1, b"#!SILK_V3", "SILK"),
    (0, b"\x7F\xFE\x80\x01", "DTS"),
    (0, b"\xFE\x7F\x01\x80", "DTS"),
    (0, b"wvpk", "WavPack"),
    // The first packet of an Ogg stream.
    (28, b"Speex   ", "Speex in Ogg"),
    (0, b"MAC ", "Monkey's Audio"),
    (0, b"TTA1", "True Audio"),
    (0, b"MPCK", "Musepack"),
    (0, b"MP+", "Musepack"),
    (0, b"ajkg", "Shorten"),
    (0, b"OFR ", "OptimFROG"),
    (0, b"DSD ", "DSD"),
    (0, b"FRM8", "DSD"),
    (0, b"NIST_1A", "NIST SPHERE"),
    (0, b"Creative Voice File", "VOC"),
    (0, b"\x56\xE0", "LATM"),
];

/// Formats of other things.
const WITHOUT_SOUND: &[Mark] = &[
    (0, b"\x00\x00\x01\xB3", "MPEG video"),
    (0, b"FORM", "an IFF file without AIFF sound"),
    (0, b"MThd", "MIDI"),
    (0, b"\xFF\xD8\xFF", "a JPEG picture"),
    (0, b"\x89PNG\r\n", "a PNG picture"),
    (0, b"GIF8", "a GIF picture"),
    (8, b"WEBPVP8", "a WebP picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (0, b"%PDF-", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"Rar!\x1A\x07", "a RAR archive"),
    (0, b"7z\xBC\xAF\x27\x1C", "a 7z archive"),
    (0, b"\x1F\x8B\x08", "a gzip archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xFD7zXZ\0", "an XZ archive"),
    (0, b"\x28\xB5\x2F\xFD", "a Zstandard archive"),
    (0, b"\x7FELF", "a program"),
    (0, b"#EXTM3U", "a playlist"),
    (0, b"[playlist]", "a playlist"),
    (0, b"SQLite format 3", "a database"),
];

/// What a file is that is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForeignFormat {
    /// As in "file is …".
    pub name: &'static str,
    pub has_sound: bool,
}

/// Returns what a file that starts with `head` is; none when it may be sound that is read.
pub fn format(head: &[u8]) -> Option<ForeignFormat> {
    let is_there = |(at, mark, _): &&Mark| {
        let start = head.get(*at..);
        start.is_some_and(|start| start.starts_with(mark))
    };
    // What symphonia reads starts with the same four letters as other IFF files.
    let is_aiff = matches!(head.get(8..12), Some(b"AIFF" | b"AIFC"));
    if head.starts_with(b"FORM") && is_aiff {
        return None;
    }
    let found = |marks: &[Mark], has_sound| {
        let (.., name) = *marks.iter().find(is_there)?;
        Some(ForeignFormat { name, has_sound })
    };
    let text = ForeignFormat {
        name: "text",
        has_sound: false,
    };
    found(OF_SOUND, true)
        .or_else(|| found(WITHOUT_SOUND, false))
        .or_else(|| is_text(head).then_some(text))
}

/// Whether these are characters of a text in UTF-8, the last of which may be cut off: often the answer of another server that
/// was sent in place of the recording.
fn is_text(head: &[u8]) -> bool {
    let text = match str::from_utf8(head) {
        Ok(text) => text,
        Err(cut) if cut.error_len().is_none() => {
            str::from_utf8(&head[..cut.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let is_written = |c: char| !c.is_control() || c.is_whitespace();
    !text.is_empty() && text.chars().all(is_written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_named_and_sound_is_not() {
        let named = |head: &[u8]| format(head).map(|found| (found.name, found.has_sound));
        assert_eq!(named(b"#!AMR-WB\n"), Some(("AMR-WB", true)));
        assert_eq!(named(b"#!AMR\n"), Some(("AMR", true)));
        let picture = b"RIFF\x10\0\0\0WEBPVP8 ";
        assert_eq!(named(picture), Some(("a WebP picture", false)));
        for text in [&b"<html>"[..], "naïve".as_bytes(), &"naï".as_bytes()[..3]] {
            assert_eq!(named(text), Some(("text", false)));
        }
        for sound in [
            &b"RIFF\x10\0\0\0WAVEfmt "[..],
            b"FORM\0\0\0\x10AIFCFVER",
            b"\xFF\xFB\x90\x64",
            b"OggS\0\x02",
            b"fLaC\0\0\0\x22",
            b"",
        ] {
            assert_eq!(format(sound), None);
        }
    }
}

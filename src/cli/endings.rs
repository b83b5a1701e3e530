//! The endings of files' names: a file must not be called what it is not, such as a WAV file `x.m4a`.

use std::path::Path;

use super::CliError;
use crate::audio::encode::Format;
use crate::dub::mux::Container;

/// Endings of sound and films; a name with another ending, or none, may hold anything.
const MEDIA: [&str; 40] = [
    "3g2", "3gp", "aac", "ac3", "aif", "aiff", "alac", "amr", "ape", "au", "avi", "caf", "eac3",
    "flac", "flv", "gsm", "m2ts", "m4a", "m4b", "m4v", "mka", "mkv", "mov", "mp2", "mp3", "mp4",
    "mpeg", "mpg", "mts", "oga", "ogg", "ogv", "opus", "pcm", "spx", "ts", "wav", "webm", "wma",
    "wmv",
];

/// Endings of films in MP4, and in Matroska.
const MP4: [&str; 4] = ["3gp", "m4v", "mov", "mp4"];
const MATROSKA: [&str; 2] = ["mkv", "webm"];

/// The ending of a path, in lower case.
fn ending(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}

fn is_media(ending: &str) -> bool {
    MEDIA.contains(&ending)
}

/// The format in which speech is written to the file `path`: `asked`, else that of the path's ending, else WAV. Errors: the
/// ending says another format than `asked`, or one that this build does not write.
pub(super) fn speech_format(asked: Option<Format>, path: &Path) -> Result<Format, CliError> {
    let shown = path.display();
    let ending = ending(path).unwrap_or_default();
    match (Format::parse(&ending), asked) {
        (Ok(own), None) => Ok(own),
        (Ok(own), Some(asked)) if own == asked => Ok(own),
        (Err(_), asked) if !is_media(&ending) => Ok(asked.unwrap_or(Format::Wav)),
        (_, Some(asked)) => Err(CliError::Usage(format!(
            "--format is {}, and {shown} has the ending of another format",
            asked.name()
        ))),
        (Err(_), None) => Err(CliError::Usage(format!(
            "{shown} has the ending of a format that this program does not write; {} are written",
            Format::ALL.map(Format::name).join(", ")
        ))),
    }
}

/// Checks that `path` may be the name of a film in this container, or of a recording (a WAV file) without one. Errors: its
/// ending says otherwise.
pub(super) fn check_dubbed(film: Option<Container>, path: &Path) -> Result<(), CliError> {
    let (what, endings) = match film {
        Some(Container::Mp4) => ("an MP4 file", &MP4[..]),
        Some(Container::Webm) => ("a Matroska or WebM file, as the original is", &MATROSKA[..]),
        None => (
            "a WAV file, because the original has no picture",
            &["wav"][..],
        ),
    };
    match ending(path) {
        Some(ending) if is_media(&ending) && !endings.contains(&ending.as_str()) => {
            Err(CliError::Usage(format!(
                "{} has the ending of something else: the output is {what}, and may end in .{}",
                path.display(),
                endings.join(" or .")
            )))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_speech_is_written_under_the_name_of_another_format() {
        let format = |asked, path: &str| speech_format(asked, Path::new(path)).ok();
        for (path, written) in [
            ("a.wav", Format::Wav),
            ("a.WAV", Format::Wav),
            ("a.flac", Format::Flac),
            ("a.opus", Format::Opus),
            ("a.ogg", Format::Opus),
            ("a.pcm", Format::Pcm),
            ("a.raw", Format::Pcm),
            ("a.mp3", Format::Mp3),
            ("a.AAC", Format::Aac),
            ("a", Format::Wav),
            ("a.txt", Format::Wav),
            ("-", Format::Wav),
        ] {
            assert_eq!(format(None, path), Some(written), "{path}");
        }
        for path in ["a.m4a", "a.MP4", "a.aiff", "a.wma", "a.webm"] {
            assert_eq!(format(None, path), None, "{path}");
        }
        assert_eq!(format(Some(Format::Flac), "a.wav"), None);
        assert_eq!(format(Some(Format::Flac), "a.mp4"), None);
        assert_eq!(format(Some(Format::Flac), "a.sound"), Some(Format::Flac));
        assert_eq!(format(Some(Format::Flac), "-"), Some(Format::Flac));
    }

    #[test]
    fn no_film_is_written_under_the_name_of_another_container() {
        let is_fine = |film, path: &str| check_dubbed(film, Path::new(path)).is_ok();
        for (film, fine, wrong) in [
            (
                Some(Container::Mp4),
                ["a.mp4", "a.MOV", "a"],
                ["a.mkv", "a.wav"],
            ),
            (
                Some(Container::Webm),
                ["a.mkv", "a.webm", "a.new"],
                ["a.mp4", "a.avi"],
            ),
            (None, ["a.wav", "a", "a.dubbed"], ["a.mp3", "a.mp4"]),
        ] {
            assert!(fine.iter().all(|path| is_fine(film, path)), "{film:?}");
            assert!(!wrong.iter().any(|path| is_fine(film, path)), "{film:?}");
        }
    }
}

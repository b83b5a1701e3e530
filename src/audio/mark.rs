//! The mark of sound that a machine made, in the metadata of its file: the IPTC's digital source type, which C2PA and readers of
//! photographs use too (<https://cv.iptc.org/newscodes/digitalsourcetype/>).

use std::io::{self, Read};

/// What was made by a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyntheticMark {
    /// All of it.
    Speech,
    /// A part of it, as a dubbed film.
    Part,
}

/// What each mark is called, and what it says to people.
const MARKS: [(SyntheticMark, &str, &str); 2] = [
    (
        SyntheticMark::Speech,
        "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
        "This speech was made by a machine (vocabox).",
    ),
    (
        SyntheticMark::Part,
        "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia",
        "The speech in this recording was made by a machine (vocabox).",
    ),
];

/// The start of all digital source types, without the scheme: some programs write `https`.
const ROOT: &[u8] = b"://cv.iptc.org/newscodes/digitalsourcetype/";
/// The names of the digital source types: in files, anything may follow a name without a sign between.
const NAMES: [&str; 19] = [
    "algorithmicMedia",
    "algorithmicallyEnhanced",
    "composite",
    "compositeCapture",
    "compositeSynthetic",
    "compositeWithTrainedAlgorithmicMedia",
    "computationalCapture",
    "dataDrivenMedia",
    "digitalArt",
    "digitalCapture",
    "digitalCreation",
    "humanEdits",
    "minorHumanEdits",
    "negativeFilm",
    "positiveFilm",
    "print",
    "screenCapture",
    "trainedAlgorithmicMedia",
    "virtualRecording",
];
/// Characters of the longest name.
const NAME_MAX: usize = 64;
/// Bytes that are read at once.
const BLOCK: usize = 1 << 20;

impl SyntheticMark {
    /// The name of the field that holds [`SyntheticMark::source_type`].
    pub const FIELD: &str = "DIGITALSOURCETYPE";

    /// The digital source type, an address.
    pub fn source_type(self) -> &'static str {
        MARKS[self as usize].1
    }

    /// A sentence for people.
    pub fn sentence(self) -> &'static str {
        MARKS[self as usize].2
    }

    /// The sentence and the source type in one field.
    pub fn comment(self) -> String {
        format!(
            "{} {}: {}",
            self.sentence(),
            Self::FIELD,
            self.source_type()
        )
    }
}

/// The names of all digital source types in a file of any format, each once, such as `trainedAlgorithmicMedia`: what this program writes,
/// and what others write as XMP or C2PA. Errors: those of reading.
pub fn source_types(mut file: impl Read) -> io::Result<Vec<&'static str>> {
    let mut found = Vec::new();
    let mut window = Vec::new();
    loop {
        let read = file.by_ref().take(BLOCK as u64).read_to_end(&mut window)?;
        let is_end = read == 0;
        let mut from = 0;
        while let Some(at) = find(&window[from..], ROOT) {
            let name = &window[from + at + ROOT.len()..];
            if name.len() < NAME_MAX && !is_end {
                // The rest of the name may be in the next block.
                break;
            }
            let known = NAMES
                .iter()
                .filter(|known| name.starts_with(known.as_bytes()));
            if let Some(known) = known.max_by_key(|known| known.len())
                && !found.contains(known)
            {
                found.push(known);
            }
            from += at + ROOT.len();
        }
        if is_end {
            return Ok(found);
        }
        let kept = (window.len().saturating_sub(ROOT.len() + NAME_MAX)).max(from);
        window.drain(..kept);
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|found| found == part)
}

const _: () = assert!(MARKS[0].0 as usize == 0 && MARKS[1].0 as usize == 1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_types_are_found_wherever_blocks_end() {
        let (one, two) = (SyntheticMark::Speech, SyntheticMark::Part);
        for before in [
            0,
            1,
            BLOCK - 40,
            BLOCK - 100,
            BLOCK - 1,
            BLOCK,
            3 * BLOCK - 60,
        ] {
            let mut file = vec![b'a'; before];
            file.extend(one.source_type().bytes().chain(*b"\0\0"));
            file.extend(vec![0; 200]);
            file.extend(two.source_type().bytes());
            let names = source_types(&file[..]).unwrap();
            assert_eq!(
                names,
                [
                    "trainedAlgorithmicMedia",
                    "compositeWithTrainedAlgorithmicMedia"
                ],
                "{before}"
            );
        }
        assert!(
            source_types(&b"http://cv.iptc.org/newscodes/digitalsourcetype/"[..])
                .unwrap()
                .is_empty()
        );
        assert!(source_types(&[0; 10][..]).unwrap().is_empty());
    }
}

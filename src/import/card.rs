//! What the model card says: the head of a `README.md` as Hugging Face has it, between lines of `---`.

use super::ImportError;
use super::files::SourceFiles;

/// Bytes of a card that are looked at.
const HEAD_BYTES: usize = 64 * 1024;

/// The fields of a card that a pack has.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ModelCard {
    pub licence: Option<String>,
    /// Where the model comes from.
    pub origin: Option<String>,
}

impl ModelCard {
    /// Reads the card among `files`; empty where there is none.
    pub fn read(files: &SourceFiles) -> Result<Self, ImportError> {
        match files.called("README.md") {
            Some(card) => Ok(Self::parse(&card.text()?)),
            None => Ok(Self::default()),
        }
    }

    /// Only simple fields of one line are read, which these are.
    fn parse(text: &str) -> Self {
        let mut card = Self::default();
        let mut lines = text.lines().take(HEAD_BYTES / 80);
        if lines.next().map(str::trim_end) != Some("---") {
            return card;
        }
        for line in lines {
            if line.trim_end() == "---" {
                break;
            }
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim().trim_matches(['"', '\'']);
            let is_plain = !value.is_empty() && !value.starts_with(['[', '{', '|', '>']);
            match key {
                "license" if is_plain => card.licence = Some(spdx(value)),
                "base_model" if is_plain => card.origin = Some(value.to_owned()),
                _ => {}
            }
        }
        card
    }
}

/// The SPDX identifier of a licence that Hugging Face writes in small letters.
fn spdx(licence: &str) -> String {
    const KNOWN: [&str; 14] = [
        "Apache-2.0",
        "MIT",
        "CC0-1.0",
        "CC-BY-2.0",
        "CC-BY-3.0",
        "CC-BY-4.0",
        "CC-BY-SA-4.0",
        "CC-BY-NC-4.0",
        "CC-BY-NC-SA-4.0",
        "CC-BY-NC-ND-4.0",
        "BSD-3-Clause",
        "GPL-3.0",
        "AGPL-3.0",
        "MPL-2.0",
    ];
    let known = KNOWN.iter().find(|k| k.eq_ignore_ascii_case(licence));
    known.map_or_else(|| format!("LicenseRef-{licence}"), |k| (*k).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_card_tells_licence_and_origin() {
        let card = "---\nlanguage:\n- en\nlicense: apache-2.0\nbase_model: \"openai/whisper-base\"\n---\nlicense: mit\n";
        let read = ModelCard::parse(card);
        assert_eq!(read.licence.as_deref(), Some("Apache-2.0"));
        assert_eq!(read.origin.as_deref(), Some("openai/whisper-base"));
        assert_eq!(
            ModelCard::parse("---\nlicense: other\n").licence.as_deref(),
            Some("LicenseRef-other")
        );
        for none in ["", "# A model\nlicense: mit", "---\nlicense:\n- mit\n---"] {
            assert_eq!(ModelCard::parse(none), ModelCard::default());
        }
    }
}

//! What a film says of itself: its box `udta`.

use vocabox_audio::mark::SyntheticMark;
use vocabox_base::fault::Fault;

use super::boxes::{parts, wrap};

/// The tag of a comment, which players show.
const COMMENT: &[u8; 4] = b"\xa9cmt";
/// QuickTime's code of English.
const ENGLISH: [u8; 2] = [0, 0];

/// The box `udta` of a film that had the content `told` there, with the mark as its comment: in iTunes' list of tags, or, where the
/// film has such a list of its own, as QuickTime's text beside it. Fault: `Invalid` for a damaged content.
pub fn marked(told: &[u8], mark: SyntheticMark) -> Result<Vec<u8>, Fault> {
    let text = mark.comment();
    let is_kept = |kind: &[u8; 4]| *kind != *COMMENT && *kind != *b"free";
    let mut kept = Vec::new();
    let mut has_tags = false;
    for part in parts(told)?.iter().filter(|part| is_kept(&part.kind)) {
        has_tags |= part.kind == *b"meta";
        kept.extend(part.whole);
    }
    let comment = match has_tags {
        true => {
            let length = (text.len() as u16).to_be_bytes();
            wrap(COMMENT, &[&length, &ENGLISH, text.as_bytes()])
        }
        false => tags(&text),
    };
    Ok(wrap(b"udta", &[&kept, &comment]))
}

/// A box `meta` with a comment, as iTunes writes it.
fn tags(text: &str) -> Vec<u8> {
    const UTF_8: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 0];
    let handler = wrap(b"hdlr", &[&[0; 8], b"mdirappl", &[0; 9]]);
    let data = wrap(b"data", &[&UTF_8, text.as_bytes()]);
    let list = wrap(b"ilst", &[&wrap(COMMENT, &[&data])]);
    wrap(b"meta", &[&[0; 4], &handler, &list])
}

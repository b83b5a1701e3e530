//! Lines → subtitles: SubRip (SRT) and WebVTT (W3C, "WebVTT: The Web Video Text Tracks Format").
//!
//! At most two rows of 42 characters, broken between words, which broadcasters and streaming services require for Latin
//! script. A longer text is shown in parts, each for a time in proportion to its share of the text.

use unicode_segmentation::UnicodeSegmentation;

/// Most characters (grapheme clusters) of a row, and most rows at a time.
const ROW_CHARS_MAX: usize = 42;
const ROWS_MAX: usize = 2;

/// A text, and the seconds from the start between which it is said.
#[derive(Debug, Clone, PartialEq)]
pub struct Cue {
    pub start_s: f64,
    pub end_s: f64,
    pub text: String,
}

/// `cues` as a SubRip file, without those that have no text. SubRip has no escapes: its arrow (`-->`) within a text
/// becomes `→`.
pub fn srt(cues: &[Cue]) -> String {
    let mut file = String::new();
    for (n, part) in cues.iter().flat_map(parts).enumerate() {
        let rows = part.rows.join("\n").replace("-->", "→");
        let (start, end) = (clock(part.start_ms, ','), clock(part.end_ms, ','));
        file += &format!("{}\n{start} --> {end}\n{rows}\n\n", n + 1);
    }
    file
}

/// `cues` as a WebVTT file, without those that have no text; markup within texts is escaped.
pub fn vtt(cues: &[Cue]) -> String {
    let mut file = "WEBVTT\n\n".to_owned();
    for part in cues.iter().flat_map(parts) {
        let rows = part.rows.join("\n");
        let rows = rows.replace('&', "&amp;");
        let rows = rows.replace('<', "&lt;").replace('>', "&gt;");
        let (start, end) = (clock(part.start_ms, '.'), clock(part.end_ms, '.'));
        file += &format!("{start} --> {end}\n{rows}\n\n");
    }
    file
}

/// A part of a cue that is shown at once.
struct Caption {
    start_ms: u64,
    end_ms: u64,
    rows: Vec<String>,
}

/// `cue` in parts of at most [`ROWS_MAX`] rows; none for a cue without text.
fn parts(cue: &Cue) -> Vec<Caption> {
    let rows = rows(&cue.text);
    let chars = |rows: &[String]| rows.iter().map(|r| r.chars().count()).sum::<usize>();
    let all = chars(&rows).max(1) as f64;
    let start_s = if cue.start_s.is_finite() {
        cue.start_s.max(0.0)
    } else {
        0.0
    };
    let lasts_s = (cue.end_s - start_s).max(0.0);
    let lasts_s = if lasts_s.is_finite() { lasts_s } else { 0.0 };
    let ms = |shown: usize| ((start_s + lasts_s * shown as f64 / all) * 1_000.0).round() as u64;
    let mut shown = 0;
    let mut parts: Vec<Caption> = Vec::new();
    for rows in rows.chunks(ROWS_MAX) {
        let start_ms = parts.last().map_or(ms(shown), |before| before.end_ms);
        shown += chars(rows);
        parts.push(Caption {
            start_ms,
            // Players drop captions without duration.
            end_ms: ms(shown).max(start_ms + 1),
            rows: rows.to_vec(),
        });
    }
    parts
}

/// `text` in rows, broken at spaces; a word that is longer than a row (as in scripts without spaces) is broken where
/// the row is full.
fn rows(text: &str) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    let mut row = String::new();
    let mut length = 0;
    let spaced = text.replace(|c: char| c.is_control(), " ");
    for word in spaced.split_whitespace() {
        let chars: Vec<&str> = word.graphemes(true).collect();
        for (n, piece) in chars.chunks(ROW_CHARS_MAX).enumerate() {
            let space = usize::from(n == 0 && length > 0);
            if length > 0 && length + space + piece.len() > ROW_CHARS_MAX {
                rows.push(std::mem::take(&mut row));
                length = 0;
            } else if space == 1 {
                row.push(' ');
                length += 1;
            }
            row.push_str(&piece.concat());
            length += piece.len();
        }
    }
    if length > 0 {
        rows.push(row);
    }
    rows
}

/// Hours (two digits or more), minutes, seconds, and `point` before the milliseconds.
fn clock(ms: u64, point: char) -> String {
    let (s, ms) = (ms / 1_000, ms % 1_000);
    format!(
        "{:02}:{:02}:{:02}{point}{ms:03}",
        s / 3_600,
        s / 60 % 60,
        s % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cue(start_s: f64, end_s: f64, text: &str) -> Cue {
        Cue {
            start_s,
            end_s,
            text: text.to_owned(),
        }
    }

    #[test]
    fn both_formats_are_written_as_players_read_them() {
        let cues = [
            cue(0.5, 2.0, "Good morning."),
            cue(3_661.25, 3_662.75, "Até logo!"),
        ];
        assert_eq!(
            srt(&cues),
            "1\n00:00:00,500 --> 00:00:02,000\nGood morning.\n\n2\n01:01:01,250 --> 01:01:02,750\nAté logo!\n\n"
        );
        assert_eq!(
            vtt(&cues),
            "WEBVTT\n\n00:00:00.500 --> 00:00:02.000\nGood morning.\n\n01:01:01.250 --> 01:01:02.750\nAté logo!\n\n"
        );
        assert_eq!(
            (srt(&[]), vtt(&[])),
            (String::new(), "WEBVTT\n\n".to_owned())
        );
    }

    #[test]
    fn long_texts_break_between_words_and_are_shown_in_parts() {
        let text = "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of \
                    foolishness, it was the epoch of belief";
        let all = parts(&cue(10.0, 20.0, text));
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].start_ms, all[1].end_ms), (10_000, 20_000));
        assert_eq!(all[0].end_ms, all[1].start_ms);
        let rows: Vec<String> = all.iter().flat_map(|p| p.rows.clone()).collect();
        assert_eq!(rows.join(" "), text);
        assert!(all.iter().all(|p| p.rows.len() <= ROWS_MAX));
        assert!(
            rows.iter().all(|r| r.chars().count() <= ROW_CHARS_MAX),
            "{rows:?}"
        );
        // Each part is shown in proportion to its share of the text.
        let share = (all[0].end_ms - 10_000) as f64 / 10_000.0;
        let chars: usize = all[0].rows.iter().map(String::len).sum();
        assert!(
            (share - chars as f64 / text.len() as f64).abs() < 0.02,
            "{share}"
        );
    }

    #[test]
    fn words_longer_than_a_row_are_cut_between_characters() {
        let text = "今".repeat(50) + " ok";
        assert_eq!(rows(&text), ["今".repeat(42), "今".repeat(8) + " ok"]);
        let flags = "👩‍👩‍👧".repeat(43);
        assert_eq!(rows(&flags)[1], "👩‍👩‍👧");
        let exact = "a".repeat(42);
        assert_eq!(rows(&format!("{exact} {exact}")), [exact.clone(), exact]);
    }

    #[test]
    fn no_text_breaks_the_file() {
        let text = "a --> b\r\n\r\n2\n<b>R&D</b>\u{0} &amp;";
        let shown = vtt(&[cue(0.0, 1.0, text)]);
        assert_eq!(
            shown,
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\na --&gt; b 2 &lt;b&gt;R&amp;D&lt;/b&gt; &amp;amp;\n\n"
        );
        let shown = srt(&[cue(0.0, 1.0, text)]);
        assert_eq!(
            shown,
            "1\n00:00:00,000 --> 00:00:01,000\na → b 2 <b>R&D</b> &amp;\n\n"
        );
        assert_eq!(srt(&[cue(0.0, 1.0, " \n\t")]), "");
    }

    #[test]
    fn times_that_are_none_show_for_a_moment() {
        for (start_s, end_s) in [
            (2.0, 1.0),
            (2.0, 2.0),
            (2.0, f64::NAN),
            (2.0, f64::INFINITY),
        ] {
            let all = parts(&cue(start_s, end_s, "Yes."));
            assert_eq!((all[0].start_ms, all[0].end_ms), (2_000, 2_001), "{end_s}");
        }
        assert_eq!(parts(&cue(-1.0, 1.0, "Yes."))[0].start_ms, 0);
        assert_eq!(parts(&cue(f64::NAN, 1.0, "Yes."))[0].start_ms, 0);
        assert!(srt(&[cue(360_000.0, 360_001.0, "x")]).contains("100:00:00,000 -->"));
    }
}

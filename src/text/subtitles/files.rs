//! Captions → files: SubRip (SRT) and WebVTT (W3C, "WebVTT: The Web Video Text Tracks Format").

use super::Caption;

/// Returns a SubRip file. SubRip has no escapes: its arrow (`-->`) within a text becomes `→`.
pub fn srt(captions: &[Caption]) -> String {
    let mut file = String::new();
    for (n, caption) in captions.iter().enumerate() {
        let lines = caption.lines.join("\n").replace("-->", "→");
        let (start, end) = (clock(caption.start_ms, ','), clock(caption.end_ms, ','));
        file += &format!("{}\n{start} --> {end}\n{lines}\n\n", n + 1);
    }
    file
}

/// Returns a WebVTT file; markup within texts is escaped.
pub fn vtt(captions: &[Caption]) -> String {
    let mut file = "WEBVTT\n\n".to_owned();
    for caption in captions {
        let lines = caption.lines.join("\n").replace('&', "&amp;");
        let lines = lines.replace('<', "&lt;").replace('>', "&gt;");
        let (start, end) = (clock(caption.start_ms, '.'), clock(caption.end_ms, '.'));
        file += &format!("{start} --> {end}\n{lines}\n\n");
    }
    file
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
    use crate::subtitles::{SubtitleLayout, TimedText, captions};

    fn shown(start_s: f64, end_s: f64, text: &str) -> Vec<Caption> {
        let spoken = TimedText {
            start_s,
            end_s,
            text: text.to_owned(),
            words: Vec::new(),
        };
        captions(&[spoken], SubtitleLayout::default())
    }

    #[test]
    fn both_formats_are_written_as_players_read_them() {
        let mut all = shown(0.5, 2.0, "Good morning.");
        all.extend(shown(3_661.25, 3_662.75, "Até logo!"));
        assert_eq!(
            srt(&all),
            "1\n00:00:00,500 --> 00:00:02,000\nGood morning.\n\n2\n01:01:01,250 --> 01:01:02,750\nAté logo!\n\n"
        );
        assert_eq!(
            vtt(&all),
            "WEBVTT\n\n00:00:00.500 --> 00:00:02.000\nGood morning.\n\n01:01:01.250 --> 01:01:02.750\nAté logo!\n\n"
        );
        assert_eq!(
            (srt(&[]), vtt(&[])),
            (String::new(), "WEBVTT\n\n".to_owned())
        );
        assert!(srt(&shown(360_000.0, 360_001.0, "x")).contains("100:00:00,000 -->"));
    }

    #[test]
    fn no_text_breaks_the_file() {
        let text = "a --> b\r\n\r\n2\n<b>R&D</b>\u{0} &amp;";
        let all = shown(0.0, 1.0, text);
        assert_eq!(
            vtt(&all),
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.529\na --&gt; b 2 &lt;b&gt;R&amp;D&lt;/b&gt; &amp;amp;\n\n"
        );
        assert_eq!(
            srt(&all),
            "1\n00:00:00,000 --> 00:00:01.529\na → b 2 <b>R&D</b> &amp;\n\n"
                .replace("1.529", "1,529")
        );
    }
}

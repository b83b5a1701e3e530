//! A hundred random recordings keep the rules of subtitles.

use vocabox_base::random::SplitMix;

use super::width::columns;
use super::{Caption, SpokenWord, SubtitleLayout, TimedText, captions, srt};

const TEXTS: [&str; 5] = [
    "The factory stopped work when the power failed, and nobody knew why. A crow dropped a nut on the road and waited. \
     Yes. Heavy trucks are not allowed to cross the wooden bridge; the guide warned us about the loose stones ahead.",
    "Der Nahverkehrsverbund bestätigt die Donaudampfschifffahrtsgesellschaftskapitänsmütze nicht. Sehr gut! Und dann? \
     Im Rechtsschutzversicherungsgesellschaftengesetz steht davon nichts.",
    "今日はとても天気がいいので、みんなで公園に行きました。それから、Wi-Fiのある店で昼ごはんを食べて、三時に帰りました。楽しかった！",
    "שלום לכולם, אני שמח לראות אתכם כאן היום. Linux היא מערכת הפעלה חופשית, וכל אחד יכול להשתמש בה.",
    "مرحبا بكم في هذا البرنامج الجديد، سنتحدث اليوم عن الطقس والزراعة في البلاد. شكرا لكم.",
];

/// Speech of the words of a text, in turns with pauses, at a random pace.
fn spoken(random: &mut SplitMix) -> Vec<TimedText> {
    let mut below = |bound: u64| random.bits() % bound;
    let mut at = below(5_000) as f64 / 1_000.0;
    let word_s = 0.12 + below(400) as f64 / 1_000.0;
    let mut all = Vec::new();
    for _ in 0..3 + below(6) {
        let text = TEXTS[below(TEXTS.len() as u64) as usize];
        let words: Vec<&str> = text.split_whitespace().collect();
        let from = below(words.len() as u64) as usize;
        let start_s = at;
        let mut said = Vec::new();
        for word in &words[from..] {
            // Words without spaces take their time, too.
            let lasts_s = word_s * (word.chars().count() as f64 / 6.0).max(0.5);
            said.push(SpokenWord {
                start_s: at,
                end_s: at + lasts_s,
                text: (*word).to_owned(),
            });
            at += lasts_s
                + if below(6) == 0 {
                    below(900) as f64 / 1_000.0
                } else {
                    0.0
                };
        }
        all.push(TimedText {
            start_s,
            end_s: said.last().map_or(start_s, |w| w.end_s),
            text: words[from..].join(" "),
            words: said,
        });
        at += below(3_000) as f64 / 1_000.0;
    }
    all
}

/// The seconds until the next caption: a caption is not shown for longer.
fn room_s(all: &[Caption], at: usize) -> f64 {
    let next = all.get(at + 1).map_or(u64::MAX, |next| next.start_ms);
    (next - all[at].start_ms) as f64 / 1_000.0
}

#[test]
fn a_hundred_random_recordings_keep_the_rules() {
    let mut random = SplitMix::new(23);
    let layout = SubtitleLayout::default();
    for number in 0..100 {
        let speech = spoken(&mut random);
        let all = captions(&speech, layout);
        let mut latest_ms = 0;
        let mut shown = String::new();
        for (at, caption) in all.iter().enumerate() {
            let lasts_s = (caption.end_ms - caption.start_ms) as f64 / 1_000.0;
            let width: usize = caption.lines.iter().map(|line| columns(line)).sum();
            assert!(
                caption.start_ms >= latest_ms,
                "{number}: {caption:?} overlaps"
            );
            assert!(
                (1..=2).contains(&caption.lines.len()),
                "{number}: {caption:?}"
            );
            // The mark of direction has no width.
            let bare = |line: &String| columns(&line.replace('\u{200f}', ""));
            assert!(
                caption
                    .lines
                    .iter()
                    .map(bare)
                    .all(|w| (1..=42).contains(&w)),
                "{number}: {caption:?}"
            );
            assert!(lasts_s <= 7.0, "{number}: {caption:?}");
            // Shorter, or faster to read, only where the next one follows at once.
            let hurried = lasts_s < 0.999 || width as f64 / lasts_s > 17.5;
            assert!(
                !hurried || lasts_s > room_s(&all, at) - 0.002 || lasts_s > 6.99,
                "{number}: {caption:?}"
            );
            latest_ms = caption.end_ms;
            shown.extend(caption.lines.iter().map(String::as_str));
        }
        let bare = |text: &str| text.replace(|c: char| c.is_whitespace() || c == '\u{200f}', "");
        let said: String = speech.iter().map(|s| bare(&s.text)).collect();
        assert_eq!(bare(&shown), said, "nothing is lost");
        assert_eq!(srt(&all).matches(" --> ").count(), all.len());
    }
}

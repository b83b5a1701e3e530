//! The time that each line of a script has.

use super::request::ScriptLine;
use crate::fault::Fault;

/// Characters in a second from which on a line can never be spoken in its time: four times as many as the fastest speech
/// has that is made of a line.
const CHARS_PER_SECOND_MAX: f64 = 110.0;
/// Characters of a line that is never refused, however short its time: a word.
const CHARS_FREE: usize = 30;

/// The seconds of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LineRoom {
    /// From its start to its end, or to the end of the film.
    pub own_s: f64,
    /// To the start of the next line that it may not be heard with: of the same speaker, or after its own end. Its own where
    /// another speaker is still speaking then.
    pub room_s: f64,
}

impl LineRoom {
    /// Returns the time of line `number` of `lines`, which are in the order of their starts, in a film of `seconds`.
    pub fn of(lines: &[ScriptLine], number: usize, seconds: f64) -> LineRoom {
        let line = &lines[number];
        let end_s = line.end_s.min(seconds);
        let is_apart = |next: &&ScriptLine| next.speaker == line.speaker || next.start_s >= end_s;
        let next = lines[number + 1..].iter().find(is_apart);
        let is_under = |other: &ScriptLine| other.start_s < end_s && other.end_s > end_s;
        let others = lines[..number].iter().chain(&lines[number + 1..]);
        let is_busy = others
            .take_while(|other| other.start_s < end_s)
            .any(is_under);
        let free_s = match is_busy {
            true => end_s,
            false => next.map_or(seconds, |next| next.start_s),
        };
        LineRoom {
            own_s: end_s - line.start_s,
            room_s: free_s.min(next.map_or(seconds, |next| next.start_s)) - line.start_s,
        }
    }
}

/// Whether there is anything to say in a text. Dots, dashes and notes stand for silence.
pub fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// Checks that each line can be spoken in its time at all, in a film of `seconds`. Fault: `Invalid`, before anything is
/// spoken.
pub fn check(lines: &[ScriptLine], seconds: f64) -> Result<(), Fault> {
    for (number, line) in lines.iter().enumerate() {
        let room_s = LineRoom::of(lines, number, seconds).room_s.max(0.0);
        let chars = line.text.chars().filter(|c| c.is_alphanumeric()).count();
        if chars > CHARS_FREE && chars as f64 > room_s * CHARS_PER_SECOND_MAX {
            return Err(Fault::invalid(format!(
                "segments[{number}].text has {chars} letters and {room_s:.1} s; at most {:.0} can be spoken in it",
                (room_s * CHARS_PER_SECOND_MAX)
                    .floor()
                    .max(CHARS_FREE as f64)
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(speaker: &str, start_s: f64, end_s: f64) -> ScriptLine {
        ScriptLine {
            id: 0.into(),
            start_s,
            end_s,
            text: "Good morning.".to_owned(),
            speaker: speaker.to_owned(),
        }
    }

    #[test]
    fn a_line_ends_before_the_next_one_and_with_the_film() {
        let lines = [
            line("a", 1.0, 2.0),
            line("a", 4.0, 5.0),
            line("b", 11.0, 12.5),
        ];
        let room = |number| {
            let room = LineRoom::of(&lines, number, 12.0);
            (room.own_s, room.room_s)
        };
        assert_eq!(room(0), (1.0, 3.0));
        assert_eq!(room(1), (1.0, 7.0));
        assert_eq!(room(2), (1.0, 1.0));
    }

    #[test]
    fn lines_of_other_speakers_may_be_heard_at_once() {
        let lines = [
            line("a", 0.0, 5.0),
            line("b", 3.0, 6.0),
            line("a", 8.0, 9.0),
            line("b", 8.5, 8.8),
        ];
        let room = |number| {
            let room = LineRoom::of(&lines, number, 12.0);
            (room.own_s, room.room_s)
        };
        // The second is still heard when the first ends.
        assert_eq!(room(0), (5.0, 5.0));
        assert_eq!(room(1), (3.0, 5.0));
        assert_eq!(room(2), (1.0, 4.0));
        assert_eq!(room(3).1, 8.8 - 8.5);
    }

    #[test]
    fn dots_dashes_and_notes_are_nothing_to_say() {
        for text in ["...", "…", "♪♪", "—", " ", "!?", "（。）"] {
            assert!(!has_words(text), "{text}");
        }
        for text in ["7", "a", "今日", "♪ la ♪"] {
            assert!(has_words(text), "{text}");
        }
    }

    #[test]
    fn what_can_never_be_said_in_its_time_is_refused() {
        let mut long = line("a", 11.0, 12.0);
        long.text = "word ".repeat(900);
        let sentence = check(&[line("a", 0.0, 0.01), long.clone()], 12.0)
            .unwrap_err()
            .sentence;
        assert_eq!(
            sentence,
            "segments[1].text has 3600 letters and 1.0 s; at most 110 can be spoken in it"
        );
        // The pause after it counts.
        assert!(check(&[long], 60.0).is_ok());
        let mut silent = line("a", 0.0, 1.0);
        silent.text = "… ".repeat(2_000);
        assert!(check(&[silent], 12.0).is_ok());
    }
}

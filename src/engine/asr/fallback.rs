//! Decides whether a decoded text is accepted, and how to decode again when it is not.
//!
//! Source: github.com/openai/whisper, `whisper/transcribe.py`: `decode_with_fallback` and its defaults.

use super::decoding::Decoded;

/// Temperatures that are tried in this order.
pub const TEMPERATURES: [f32; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];
/// A text decoded at a higher temperature than this is not the prompt of the next window.
pub const CONDITION_TEMPERATURE_MAX: f32 = 0.5;

/// A text that compresses better than this repeats itself (compression_ratio_threshold).
const COMPRESSION_MAX: f32 = 2.4;
/// A text whose tokens are less likely than this on average is a guess (logprob_threshold).
const LOGPROB_MIN: f32 = -1.0;
/// From this probability on, the window is silence (no_speech_threshold).
const NO_SPEECH_MIN: f32 = 0.6;
/// zlib's own default.
const COMPRESSION_LEVEL: u8 = 6;

/// The judgement of a decoded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Believed,
    /// The model detected no speech and its text is unlikely.
    Silence,
    /// A loop or a guess: decode again.
    Doubted,
}

/// Judges `decoded`, which reads `text`.
pub fn judge(decoded: &Decoded, text: &str) -> Verdict {
    let is_guess = decoded.logprob < LOGPROB_MIN;
    if is_guess && decoded.no_speech > NO_SPEECH_MIN {
        return Verdict::Silence;
    }
    match is_guess || !decoded.ended || compression(text) > COMPRESSION_MAX {
        true => Verdict::Doubted,
        false => Verdict::Believed,
    }
}

/// Returns, of tries that are all doubted, the likeliest of those that ended by themselves, because a speaker may
/// really repeat a phrase; none when all of them ran until their token limit.
pub fn least_doubted(tries: Vec<(Decoded, f32)>) -> Option<(Decoded, f32)> {
    let ended = tries.into_iter().filter(|(decoded, _)| decoded.ended);
    ended.max_by(|(a, _), (b, _)| a.logprob.total_cmp(&b.logprob))
}

/// Returns how many times shorter zlib makes the text.
fn compression(text: &str) -> f32 {
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(text.as_bytes(), COMPRESSION_LEVEL);
    text.len() as f32 / packed.len() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(logprob: f32, no_speech: f32, ended: bool) -> Decoded {
        Decoded {
            logprob,
            no_speech,
            ended,
            ..Decoded::default()
        }
    }

    #[test]
    fn loops_guesses_and_silence_are_told_apart() {
        let plain = "The train leaves at a quarter to eight in the morning.";
        assert_eq!(judge(&decoded(-0.3, 0.9, true), plain), Verdict::Believed);
        assert_eq!(judge(&decoded(-1.2, 0.9, true), plain), Verdict::Silence);
        assert_eq!(judge(&decoded(-1.2, 0.1, true), plain), Verdict::Doubted);
        assert_eq!(judge(&decoded(-0.3, 0.1, false), plain), Verdict::Doubted);
        let repeated = "the same season, ".repeat(20);
        assert_eq!(
            judge(&decoded(-0.1, 0.1, true), &repeated),
            Verdict::Doubted
        );
    }

    #[test]
    fn the_likeliest_try_that_ended_is_taken_in_doubt() {
        let tries = vec![
            (decoded(-0.1, 0.0, false), 0.0),
            (decoded(-1.5, 0.0, true), 0.2),
            (decoded(-1.1, 0.0, true), 0.4),
        ];
        assert_eq!(least_doubted(tries).unwrap().1, 0.4);
        assert!(least_doubted(vec![(decoded(-0.1, 0.0, false), 0.0)]).is_none());
    }
}

//! Speech that is sent while it is made: as the bytes of its format, or as server-sent events with parts of them and, if they are
//! asked for, with the words of each part.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::detail::ErrorShape;
use super::events::{EVENT_STREAM, event, fault_event};
use super::timed_speech::TimedSpeechWord;
use super::{Call, Reply};
use crate::audio::dsp::resample::resample_clip;
use crate::audio::dsp::time_stretch::stretch;
use crate::audio::encode::{self, Format, Stream};
use crate::audio::mark::SyntheticMark;
use crate::audio::pcm::Clip;
use crate::fault::Fault;
use crate::request::openai_speech::SoundCarrier;
use crate::services::speech::{SpeechStream, no_sound};
use crate::services::word_times::PlacedWord;

/// How speech is sent.
pub struct SoundSending {
    pub format: Format,
    pub mark: Option<SyntheticMark>,
    pub carrier: SoundCarrier,
    /// Whether events tell the words.
    pub words: bool,
    /// How many times as fast the sound is sent as it is made, at its own pitch.
    pub tempo: f64,
    /// Seconds of the first piece that are sent before the rest of it.
    pub first_s: f64,
    /// The shape of an event that tells a fault, and the endpoint that it names.
    pub shape: ErrorShape,
    pub id: &'static str,
    /// The data of the last event, by the seconds of sound.
    pub done: Box<dyn Fn(f64) -> Value + Send>,
}

/// The answer that sends the sound of `stream`; it begins once the first piece is made. Faults: those of the stream until then, and
/// of the encoder.
pub fn reply(
    call: &mut Call,
    mut stream: SpeechStream,
    sending: SoundSending,
    headers: Vec<(&'static str, String)>,
) -> Result<Reply, Fault> {
    let SoundSending {
        format,
        carrier,
        tempo,
        shape,
        id,
        ..
    } = sending;
    let first = faster(stream.piece()?.ok_or_else(no_sound)?, tempo)?;
    let mut sound = CarriedSound {
        encoder: Some(encode::stream(format, first.rate_hz, sending.mark)?),
        carrier,
        seconds: 0.0,
        words: sending.words.then(VecDeque::new),
        done: sending.done,
    };
    sound.expect(stream.words(), tempo);
    let (first, rest) = divided(first, sending.first_s);
    let mut waiting = Some(rest).filter(|rest| !rest.samples.is_empty());
    let body = sound.part(&first)?;
    call.item()?.duration_seconds = Some(sound.seconds);
    let mut next = move |call: &mut Call| {
        if sound.encoder.is_none() {
            return Ok(None);
        }
        let piece = match waiting.take() {
            Some(rest) => rest,
            None => match stream.piece()? {
                Some(piece) => faster(piece, tempo)?,
                None => return sound.end().map(Some),
            },
        };
        sound.expect(stream.words(), tempo);
        let part = sound.part(&piece)?;
        call.item()?.duration_seconds = Some(sound.seconds);
        Ok(Some(part))
    };
    let source = move |call: &mut Call| {
        if call.told.is_some() {
            return Ok(None);
        }
        next(call).or_else(|fault| match carrier {
            SoundCarrier::Bytes => Err(fault),
            SoundCarrier::Events => {
                let told = fault_event(&fault, shape, Some(id))?;
                call.told = Some(fault);
                Ok(Some(told))
            }
        })
    };
    Ok(Reply {
        content_type: match carrier {
            SoundCarrier::Bytes => format.content_type(),
            SoundCarrier::Events => EVENT_STREAM,
        },
        headers,
        body,
        rest: Some(Box::new(source)),
        file: None,
        is_unchanged: false,
    })
}

/// Sound on its way into the answer.
struct CarriedSound {
    /// None once it is finished.
    encoder: Option<Box<dyn Stream>>,
    carrier: SoundCarrier,
    /// Seconds of sound so far.
    seconds: f64,
    /// Words of it that are still to be told, if they are asked for.
    words: Option<VecDeque<TimedSpeechWord>>,
    done: Box<dyn Fn(f64) -> Value + Send>,
}

impl CarriedSound {
    /// Keeps words until the part is sent in which they start.
    fn expect(&mut self, words: Vec<PlacedWord>, tempo: f64) {
        if let Some(waiting) = &mut self.words {
            let timed = |word| TimedSpeechWord::of(word, tempo);
            waiting.extend(words.into_iter().map(timed));
        }
    }

    /// The part of the answer for a piece.
    fn part(&mut self, piece: &Clip) -> Result<Vec<u8>, Fault> {
        self.seconds += piece.seconds();
        let encoder = self.encoder.as_mut().ok_or_else(no_sound)?;
        let bytes = encoder.push(&piece.samples)?;
        self.carried(bytes)
    }

    /// The last part.
    fn end(&mut self) -> Result<Vec<u8>, Fault> {
        let encoder = self.encoder.take().ok_or_else(no_sound)?;
        let bytes = encoder.finish()?;
        let mut part = self.carried(bytes)?;
        if self.carrier == SoundCarrier::Events {
            part.extend(event(&(self.done)(self.seconds))?);
        }
        Ok(part)
    }

    fn carried(&mut self, bytes: Vec<u8>) -> Result<Vec<u8>, Fault> {
        let begun = |word: &TimedSpeechWord| word.start <= self.seconds;
        let words = self.words.as_mut().map(|waiting| {
            let count = waiting.iter().take_while(|word| begun(word)).count();
            waiting.drain(..count).collect::<Vec<_>>()
        });
        match self.carrier {
            SoundCarrier::Bytes => Ok(bytes),
            SoundCarrier::Events if bytes.is_empty() && words.iter().flatten().next().is_none() => {
                Ok(Vec::new())
            }
            SoundCarrier::Events => {
                let mut delta = json!({
                    "type": "speech.audio.delta",
                    "audio": BASE64_STANDARD.encode(bytes),
                });
                if let Some(words) = words {
                    delta["words"] = json!(words);
                }
                event(&delta)
            }
        }
    }
}

/// The first `seconds` of a piece, and what follows.
fn divided(mut piece: Clip, seconds: f64) -> (Clip, Clip) {
    let at = (seconds * f64::from(piece.rate_hz)) as usize;
    let rest = Clip {
        samples: piece.samples.split_off(at.min(piece.samples.len())),
        rate_hz: piece.rate_hz,
    };
    (piece, rest)
}

/// A piece, `tempo` times as fast at its own pitch and rate, and never louder than full scale.
fn faster(piece: Clip, tempo: f64) -> Result<Clip, Fault> {
    if tempo == 1.0 {
        return Ok(piece);
    }
    let mut made = resample_clip(&stretch(&piece, tempo)?, piece.rate_hz)?;
    let peak = made
        .samples
        .iter()
        .fold(1.0_f32, |peak, x| peak.max(x.abs()));
    made.samples.iter_mut().for_each(|x| *x /= peak);
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_of_another_tempo_has_its_own_rate_and_stays_within_full_scale() {
        let samples = (0..24_000).map(|n| (n as f32 * 0.05).sin()).collect();
        let piece = Clip {
            samples,
            rate_hz: 24_000,
        };
        for (tempo, seconds) in [(0.5, 2.0), (2.0, 0.5)] {
            let made = faster(piece.clone(), tempo).unwrap();
            assert_eq!(made.rate_hz, 24_000);
            assert!(
                (made.seconds() - seconds).abs() < 0.001,
                "{}",
                made.seconds()
            );
            assert!(made.samples.iter().all(|x| x.abs() <= 1.0));
        }
    }
}

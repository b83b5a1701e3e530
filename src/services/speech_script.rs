//! What is to be spoken: utterances one after another, by one voice or several, with silence between them.
//!
//! Owns the order of the pieces, and one sample rate for all of them: that of the first voice.

use std::collections::VecDeque;
use std::slice::Iter;

use crate::audio::dsp::resample::resample_clip;
use crate::audio::pcm::Clip;
use crate::engine::contract::{Speak, SpeechPiece, SpeechPieces, Utterance};
use crate::fault::{Fault, Kind};
use crate::text::CHARS_PER_S;

/// Utterances and silences in their order. Between two utterances there is at most one silence.
#[derive(Debug, Clone, Default)]
pub struct SpeechScript {
    items: Vec<ScriptItem>,
}

#[derive(Debug, Clone)]
enum ScriptItem {
    Say(Utterance),
    Silence { seconds: f64 },
}

/// A piece of a script that was read.
pub enum ScriptPiece<'a> {
    Sound(SpeechPiece<'a>),
    /// Silence of exactly this length, in place of what belongs after the piece before.
    Silence {
        seconds: f64,
    },
}

/// The pieces of a script, in order.
pub struct ScriptPieces<'a> {
    /// Samples a second of their sound.
    pub rate_hz: u32,
    pub pieces: Box<dyn Iterator<Item = Result<ScriptPiece<'a>, Fault>> + Send + 'a>,
}

impl From<Utterance> for SpeechScript {
    fn from(utterance: Utterance) -> Self {
        SpeechScript {
            items: vec![ScriptItem::Say(utterance)],
        }
    }
}

impl SpeechScript {
    /// Appends an utterance.
    pub fn say(&mut self, utterance: Utterance) {
        self.items.push(ScriptItem::Say(utterance));
    }

    /// Whether a cloned voice speaks in it.
    pub fn has_clone(&self) -> bool {
        self.utterances().any(|utterance| utterance.style.is_some())
    }

    /// Appends silence; it adds to silence before it.
    pub fn rest(&mut self, more_s: f64) {
        match self.items.last_mut() {
            Some(ScriptItem::Silence { seconds }) => *seconds += more_s,
            _ => self.items.push(ScriptItem::Silence { seconds: more_s }),
        }
    }

    /// The utterances.
    pub fn utterances(&self) -> impl Iterator<Item = &Utterance> {
        self.items.iter().filter_map(|item| match item {
            ScriptItem::Say(utterance) => Some(utterance),
            ScriptItem::Silence { .. } => None,
        })
    }

    /// About how many seconds it lasts, by its characters as they are written: digits take longer.
    pub fn about_seconds(&self) -> f64 {
        let seconds = |item: &ScriptItem| match item {
            ScriptItem::Silence { seconds } => *seconds,
            ScriptItem::Say(utterance) => {
                utterance.text.chars() as f64 / CHARS_PER_S / f64::from(utterance.speed)
            }
        };
        self.items.iter().map(seconds).sum()
    }

    /// Reads the script into its pieces. An utterance that has nothing to say is left out. Faults: those of
    /// [`Speak::pieces`] for the first utterance that has something to say, `Invalid` when none has; a later one's come as
    /// items.
    pub fn pieces<'a>(&'a self, engine: &'a dyn Speak) -> Result<ScriptPieces<'a>, Fault> {
        let mut items = self.items.iter();
        let mut before = VecDeque::new();
        let mut refused = None;
        for item in items.by_ref() {
            let utterance = match item {
                ScriptItem::Say(utterance) => utterance,
                ScriptItem::Silence { seconds } => {
                    before.push_back(ScriptPiece::Silence { seconds: *seconds });
                    continue;
                }
            };
            match engine.pieces(utterance) {
                Ok(SpeechPieces { rate_hz, pieces }) => {
                    let source = ScriptSource {
                        engine,
                        rate_hz,
                        before,
                        current: Some(pieces),
                        is_first: true,
                        items,
                    };
                    return Ok(ScriptPieces {
                        rate_hz,
                        pieces: Box::new(source),
                    });
                }
                Err(fault) if fault.kind == Kind::Invalid => refused = refused.or(Some(fault)),
                Err(fault) => return Err(fault),
            }
        }
        Err(refused.unwrap_or_else(|| Fault::invalid("text has nothing that can be spoken")))
    }
}

type PieceIterator<'a> = Box<dyn Iterator<Item = Result<SpeechPiece<'a>, Fault>> + Send + 'a>;

/// Reads one utterance after another, each when its pieces are asked for.
struct ScriptSource<'a> {
    engine: &'a dyn Speak,
    rate_hz: u32,
    before: VecDeque<ScriptPiece<'a>>,
    current: Option<PieceIterator<'a>>,
    /// Whether `current` is the first utterance.
    is_first: bool,
    items: Iter<'a, ScriptItem>,
}

impl<'a> Iterator for ScriptSource<'a> {
    type Item = Result<ScriptPiece<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(silence) = self.before.pop_front() {
            return Some(Ok(silence));
        }
        loop {
            match self.current.as_mut().and_then(Iterator::next) {
                Some(Ok(piece)) => return Some(Ok(ScriptPiece::Sound(piece))),
                // A voice found that it can say nothing of it.
                Some(Err(fault)) if fault.kind == Kind::Invalid && !self.is_first => {}
                Some(Err(fault)) => return Some(Err(fault)),
                None => {}
            }
            self.current = None;
            self.is_first = false;
            match self.items.next()? {
                ScriptItem::Silence { seconds } => {
                    return Some(Ok(ScriptPiece::Silence { seconds: *seconds }));
                }
                ScriptItem::Say(utterance) => match self.engine.pieces(utterance) {
                    Ok(pieces) => self.current = Some(at_rate(pieces, self.rate_hz)),
                    Err(fault) if fault.kind == Kind::Invalid => {}
                    Err(fault) => return Some(Err(fault)),
                },
            }
        }
    }
}

/// The pieces, whose sound is brought to `rate_hz`.
fn at_rate(pieces: SpeechPieces<'_>, rate_hz: u32) -> PieceIterator<'_> {
    let own_hz = pieces.rate_hz;
    match own_hz == rate_hz {
        true => pieces.pieces,
        false => Box::new((pieces.pieces).map(move |p| p.map(|p| resampled(p, own_hz, rate_hz)))),
    }
}

fn resampled(piece: SpeechPiece<'_>, own_hz: u32, rate_hz: u32) -> SpeechPiece<'_> {
    let make = piece.make;
    SpeechPiece {
        make: Box::new(move |steps| {
            let samples = make(steps)?;
            let clip = Clip {
                samples,
                rate_hz: own_hz,
            };
            Ok(resample_clip(&clip, rate_hz)?.samples)
        }),
        ..piece
    }
}

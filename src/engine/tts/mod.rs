//! Text to speech: the models, and the controls of a voice's sound.
//!
//! | file | one idea |
//! | --- | --- |
//! | `kokoro` | Kokoro-82M: phonemes and a voice's style → speech |
//! | `vits` | VITS: letters or phonemes → speech |
//! | `router` | several packs as one engine: a task goes to the pack that has its voice |
//! | `blend` | blends of voices |
//! | `style` | the sound of a cloned voice |
//! | `style_controls` | the effect of `stability` and `similarity` |
//! | `tone_conversion` | one voice's speech in the tone of another |
//! | `joiner` | pieces of speech as one sound |

pub mod blend;
pub mod joiner;
pub mod kokoro;
pub mod router;
pub mod style;
mod style_controls;
pub mod tone_conversion;
pub(crate) mod vits;

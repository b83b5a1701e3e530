//! Text to speech: the models and how a voice is told to sound.
//!
//! | file | one idea |
//! | --- | --- |
//! | `kokoro` | Kokoro-82M: phonemes and a voice's style → speech |
//! | `vits` | VITS: letters or phonemes → speech |
//! | `router` | several packs as one engine: a task goes to the pack that has its voice |
//! | `blend` | voices mixed |
//! | `style` | the sound of a voice that no pack has |
//! | `style_controls` | what `stability` and `similarity` do |
//! | `tone_conversion` | what one voice said, in the tone of another |
//! | `joiner` | pieces of speech as one sound |

pub mod blend;
mod joiner;
pub mod kokoro;
pub mod router;
pub mod style;
mod style_controls;
pub mod tone_conversion;
pub(crate) mod vits;

//! Words → phonemes (grapheme to phoneme).
//!
//! | file | one idea |
//! | --- | --- |
//! | `english` | English by misaki's lexicon |
//! | `heteronyms` | words of one spelling and two pronunciations |
//! | `letter_to_sound` | sounds for words that no lexicon has |
//! | `nigerian` | English as it is spoken in Nigeria, and Nigerian Pidgin |
//! | `rules` | languages whose spelling determines their sounds, each by a table in `tables/` |
//! | `graphemes` | text for voices that read letters |
//! | `espeak` | the same phonemes in the spelling of espeak-ng |

pub(crate) mod english;
pub(crate) mod espeak;
pub(crate) mod graphemes;
mod heteronyms;
pub(crate) mod letter_to_sound;
pub(crate) mod nigerian;
pub(crate) mod rules;

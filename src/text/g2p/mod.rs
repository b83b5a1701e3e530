//! Words → phonemes (grapheme to phoneme).
//!
//! | file | one idea |
//! | --- | --- |
//! | `english` | English: words with sounds of their own, and the others by `pronouncer` |
//! | `pronouncer` | words by Misaki's lexicon and the part of speech |
//! | `subtokens` | the parts of a token that the lexicon is asked for |
//! | `spoken_word` | the sounds of a word of several parts |
//! | `lexicon_table` | Misaki's lexicons in the program |
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
mod lexicon_table;
pub(crate) mod nigerian;
mod pronouncer;
pub(crate) mod rules;
mod spoken_word;
mod subtokens;

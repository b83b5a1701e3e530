//! Signal processing: rates, spectra and measurements of a voice. Knows no format.
//!
//! | file | one idea |
//! | --- | --- |
//! | `resample` | any rate → any rate, exact length, streaming |
//! | `filter_bank` | Kaldi's log-mel filter banks, for speaker encoders |
//! | `mel` | mel spectra, for every recipe the packs name |
//! | `mel_recipe` | the parameters of one spectrum |
//! | `mel_bands` | the mel scale's filters |
//! | `pitch` | how high a voice is, and how far it moves |
//! | `spectrum` | how bright it sounds |
//! | `speaking_rate` | how many syllables it speaks in a second |
//! | `time_stretch` | speech at another pace and its own pitch |

pub mod filter_bank;
pub mod mel;
mod mel_bands;
mod mel_recipe;
pub mod pitch;
pub mod resample;
pub mod speaking_rate;
pub mod spectrum;
pub mod time_stretch;

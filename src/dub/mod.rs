//! Dubbing: the same picture, speaking another language.
//!
//! | folder | one idea |
//! | --- | --- |
//! | `mux` | a file with a picture → the same file with another sound track |

pub mod mux;

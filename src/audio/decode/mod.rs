//! Recordings of any common format → samples.
//!
//! | file | one idea |
//! | --- | --- |
//! | `decoder` | a recording → samples at its own rate, packet by packet |
//! | `stereo` | the same in one channel or two, at a rate of choice |
//! | `track` | one track's packets → samples: which track, which decoder |
//! | `container` | which format this is, and how long it claims to be |
//! | `patch` | bytes that are read in the place of others |
//! | `repair` | what a cut or damaged file says of itself → patches, so that it says what is there |
//! | `matroska` | the same for Matroska and WebM |
//! | `video_tracks` | patches over what the demuxer would refuse a film for |
//! | `mp4_boxes` | the boxes of an MP4, found in place |
//! | `edit_lists` | what an MP4 says to cut or to shift |
//! | `downmix` | how much each channel counts in mono and in stereo |
//! | `shield` | panics of other projects' demuxers and decoders |
//! | `opus` | Opus packets, which symphonia does not decode |

mod container;
mod decoder;
mod downmix;
mod edit_lists;
mod matroska;
mod mp4_boxes;
pub(crate) mod opus;
mod patch;
mod repair;
mod shield;
mod stereo;
mod track;
mod video_tracks;

pub use decoder::{Decoder, check_dense, open};
pub use shield::is_shielded;
pub use stereo::StereoReader;

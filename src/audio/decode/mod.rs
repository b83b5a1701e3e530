//! Recordings of any common format → samples.
//!
//! | file | one idea |
//! | --- | --- |
//! | `decoder` | a recording → samples at its own rate, packet by packet |
//! | `bounds` | what a recording may claim |
//! | `other_rate` | a part with another rate than the first |
//! | `stereo` | the same in one channel or two, at a rate of choice |
//! | `timeline` | where packets lie in the time of their file |
//! | `selection` | which sound track is heard |
//! | `track` | one track's packets → samples |
//! | `codecs` | packets that symphonia does not decode |
//! | `container` | which format this is, and how long it claims to be |
//! | `formats` | formats that symphonia does not read |
//! | `input` | the bytes of a recording, with patches over them |
//! | `tags` | what stands around the sound and is none |
//! | `patch` | bytes that are read in the place of others |
//! | `repair` | what a cut or damaged file says of itself → patches, so that it says what is there |
//! | `matroska` | the same for Matroska and WebM |
//! | `video_tracks` | patches over what the demuxer would refuse a film for |
//! | `quicktime_sound` | the same for descriptions of sound |
//! | `fragment_runs` | counts in fragments that cannot be |
//! | `sound_facts` | what a film says of its sound tracks |
//! | `mp4_tracks`, `matroska_tracks` | the same, in these formats |
//! | `mp4_boxes` | the boxes of an MP4, found in place |
//! | `edit_lists` | what an MP4 says to cut or to shift |
//! | `downmix` | how much each channel counts in mono and in stereo |
//! | `antiphase` | two channels that cancel each other |
//! | `shield` | panics of other projects' demuxers and decoders |

mod antiphase;
mod bounds;
pub(crate) mod codecs;
mod container;
mod decoder;
mod downmix;
mod edit_lists;
mod formats;
mod fragment_runs;
mod input;
mod matroska;
mod matroska_tracks;
mod mp4_boxes;
mod mp4_tracks;
mod other_rate;
mod patch;
mod quicktime_sound;
mod refusals;
mod repair;
mod selection;
mod shield;
mod sound_facts;
mod stereo;
mod tags;
mod timeline;
mod track;
mod video_tracks;

pub use bounds::check_dense;
pub use decoder::{Decoder, open, open_sound};
pub use formats::telephony::BareCoding;
pub use matroska::mended as mended_matroska;
pub use patch::Patched;
pub use selection::{HeardTrack, SoundRequest, TrackChoice};
pub use shield::is_shielded;
pub use stereo::StereoReader;

#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod sound_tests;

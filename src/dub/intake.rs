//! Checks of files before a job is accepted, so that a client learns at once what cannot be done.

use std::fs::File;

use super::request::RenderRequest;
use super::{line_room, mux};
use crate::audio::{self, SoundRequest};
use crate::fault::{Fault, Kind};
use crate::limits;

/// Seconds by which the last line may end after the end of the file.
const LATE_S: f64 = 1.0;

/// Opens the client's file, from its start.
pub type OpenInput<'a> = dyn FnMut() -> Result<File, Fault> + 'a;

/// Checks that a recording can be decoded and, if it is a film, copied with another sound. Returns its length in seconds, or
/// the most that it may be where the file does not tell it. Faults: `Invalid` when it cannot: what a render would refuse is
/// not analyzed.
pub fn check_recording(input: &mut OpenInput<'_>, request: &SoundRequest) -> Result<f64, Fault> {
    let told_s = match audio::decode::open_sound(input()?, request, limits::AUDIO_SECONDS_MAX) {
        Ok(decoder) => decoder.told_seconds(),
        Err(fault) => return Err(no_sound(fault, input()?)),
    };
    mux::inspect(input()?)?;
    told_s.map_or_else(|| untold(input), Ok)
}

/// Checks that a film can be rendered, and returns its length, as [`check_recording`].
///
/// Faults: `Invalid` for a file that cannot be read, whose container does not take sound in the request's codec, or that ends
/// before its last line; or for a line that cannot be spoken in its time.
pub fn check_film(input: &mut OpenInput<'_>, request: &RenderRequest) -> Result<f64, Fault> {
    let seconds = check_length(input, request)?;
    line_room::check(&request.segments, seconds)?;
    Ok(seconds)
}

/// As [`check_film`], without a look at the text of each line.
fn check_length(input: &mut OpenInput<'_>, request: &RenderRequest) -> Result<f64, Fault> {
    let picture = mux::inspect(input()?)?;
    if let Some(picture) = &picture {
        mux::check_codec(picture.container, request.audio_codec)?;
    }
    let ends = request.segments.iter().map(|line| line.end_s);
    let last_s = ends.fold(0.0, f64::max);
    let shown_s = picture.as_ref().map_or(0.0, |p| p.duration_s);
    let most_s = limits::AUDIO_SECONDS_MAX;
    audio::decode::check_dense(shown_s, bytes(&input()?)?)?;
    if shown_s > most_s {
        return Err(Fault::invalid(format!(
            "file lasts {shown_s:.0} s; at most {most_s:.0} s are accepted"
        )));
    }
    let sound_s = match picture.as_ref().is_some_and(|p| !p.has_sound) {
        true => Some(0.0),
        false => match audio::decode::open_sound(input()?, &request.sound(), most_s) {
            Ok(decoder) => decoder.told_seconds(),
            Err(fault) => return Err(no_sound(fault, input()?)),
        },
    };
    match sound_s.map(|s| s.max(shown_s)) {
        Some(end_s) if last_s > end_s + LATE_S => Err(Fault::invalid(format!(
            "segments end at {last_s} s; the file ends at {end_s:.3} s"
        ))),
        Some(end_s) => Ok(end_s),
        None => untold(input),
    }
}

/// The most seconds that a file without a length may have.
fn untold(input: &mut OpenInput<'_>) -> Result<f64, Fault> {
    let seconds = bytes(&input()?)? as f64 * limits::UNTOLD_SECONDS_A_BYTE;
    Ok(seconds.min(limits::AUDIO_SECONDS_MAX))
}

fn bytes(file: &File) -> Result<u64, Fault> {
    file.metadata()
        .map(|data| data.len())
        .map_err(Fault::internal)
}

/// The fault of a film without readable sound: a more precise one than `fault` if there is one.
fn no_sound(fault: Fault, film: File) -> Fault {
    let picture = mux::inspect(film).ok().flatten();
    let why = match picture.map(|picture| picture.has_sound) {
        Some(false) => "file has a picture and no sound track",
        Some(true) => {
            "file has a picture and a sound track, but its container or the format of its sound is not read here; \
             MP4 with H.264 and AAC is, for one"
        }
        None => return fault,
    };
    match fault.kind {
        Kind::Invalid => Fault::invalid(why).because(fault),
        _ => fault,
    }
}

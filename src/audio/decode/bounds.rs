//! What a recording may claim: rates, channels, lengths.

use crate::decode::refusals::undecodable;
use vocabox_base::fault::Fault;
use vocabox_base::limits::{
    AUDIO_CHANNELS_MAX, AUDIO_RATE_HZ_MAX, AUDIO_RATE_HZ_MIN, MEDIA_BYTES_A_SECOND_MIN,
    MEDIA_FREE_SECONDS,
};

/// Least share of a bare stream of frames that must be frames.
const FRAMES_SHARE_MIN: f64 = 0.5;

/// Returns `rate_hz` when it and the channel count are within the bounds. Fault: `Invalid` when they are not.
pub fn check(rate_hz: u32, channels: usize) -> Result<u32, Fault> {
    if !(AUDIO_RATE_HZ_MIN..=AUDIO_RATE_HZ_MAX).contains(&rate_hz) {
        return Err(Fault::invalid(format!(
            "audio has {rate_hz} samples a second; {AUDIO_RATE_HZ_MIN} to {AUDIO_RATE_HZ_MAX} are accepted"
        )));
    }
    check_channels(channels)?;
    Ok(rate_hz)
}

/// Fault: `Invalid` for more channels than are accepted.
pub fn check_channels(channels: usize) -> Result<(), Fault> {
    match channels > AUDIO_CHANNELS_MAX {
        true => Err(Fault::invalid(format!(
            "audio has {channels} channels; at most {AUDIO_CHANNELS_MAX} are accepted"
        ))),
        false => Ok(()),
    }
}

/// Checks that a file of `bytes` bytes may have `seconds` of sound or film. Fault: `Invalid` for one whose packets lie so far
/// apart that it is mostly claimed silence.
pub fn check_dense(seconds: f64, bytes: u64) -> Result<(), Fault> {
    let most = MEDIA_FREE_SECONDS + bytes as f64 / MEDIA_BYTES_A_SECOND_MIN;
    match seconds > most {
        true => Err(Fault::invalid(format!(
            "file has {bytes} bytes and claims {seconds:.1} s; at most {most:.1} s are accepted in so small a file"
        ))),
        false => Ok(()),
    }
}

/// Checks at its end that a bare stream of frames was one: `decoded` of its `bytes`. Fault: `Invalid` when most of it was none:
/// what was not read is no recording of silence.
pub fn check_read(decoded: u64, bytes: Option<u64>) -> Result<(), Fault> {
    match bytes {
        Some(bytes) if (decoded as f64) < bytes as f64 * FRAMES_SHARE_MIN => Err(undecodable(
            format!("only {decoded} of its {bytes} bytes are frames of sound"),
        )),
        _ => Ok(()),
    }
}

/// Returns the refusal of a recording of so many seconds, or of more than is accepted.
pub fn too_long(seconds: Option<f64>, most_seconds: f64) -> Fault {
    Fault::invalid(match seconds {
        Some(seconds) => {
            format!("audio lasts {seconds:.1} s; at most {most_seconds:.1} s is accepted")
        }
        None => {
            format!("audio lasts more than {most_seconds:.1} s, which is the most that is accepted")
        }
    })
}

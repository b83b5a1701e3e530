//! Steps of requests that compute in one thread: `times` takes their time, `instructions` counts what they execute.

mod kernels;
mod numbers;
mod reading;
mod requests;
mod sound;
mod step;

use step::Step;

/// Channels of Kokoro's last stage, which has 4800 rows a second.
const CHANNELS: usize = 128;

/// All steps, on this many `rows` of a tensor and `seconds` of sound.
pub fn all(rows: usize, seconds: usize) -> Vec<Step> {
    let kernels = kernels::all(rows, CHANNELS).into_iter();
    let mut steps: Vec<Step> = kernels.map(|(step, _)| step).collect();
    steps.extend(sound::all(seconds));
    steps.extend(reading::all());
    steps.extend(requests::all());
    steps
}

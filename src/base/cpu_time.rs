//! Processor time: how long a thread has computed. Other programs on the machine do not change it.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Returns the processor time that the calling thread has used since its start. It serves for bounds on work that must
/// hold on a busy machine too, where the elapsed time says little.
pub fn of_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.try_into().unwrap_or_default(),
        time.tv_nsec.try_into().unwrap_or_default(),
    )
}

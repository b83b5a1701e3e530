//! Where the packets of a track lie in the time of their file.

use crate::decode::container::Times;

/// Seconds of silence that fill a gap between the times of packets and their sound. A shorter gap is left to players to
/// smooth over. A longer one is treated as a damaged time, except where times are sums of durations.
const LOST_SECONDS: std::ops::Range<f64> = 0.25..60.0;

/// Seconds from which on the first time of a file is a clock's, and no part of the recording.
const CLOCK_SECONDS_MIN: f64 = 10.0;

/// The times of a file's packets, as far as they were read.
pub struct Timeline {
    times: Times,
    /// Whether times are sums of durations, as in MP4.
    are_sums: bool,
    /// The earliest time of any track before the first decoded packet, and that packet's time.
    clock_s: Option<f64>,
    first_s: Option<f64>,
    /// The file's time of the first decoded sample.
    zero_s: Option<f64>,
}

impl Timeline {
    /// Returns a timeline on which nothing was read.
    pub fn new(times: Times, are_sums: bool) -> Self {
        Timeline {
            times,
            are_sums,
            clock_s: None,
            first_s: None,
            zero_s: None,
        }
    }

    /// Whether the times of packets count.
    pub fn counts(&self) -> bool {
        self.times != Times::None
    }

    /// Notes a packet of any track before the first decoded one.
    pub fn see(&mut self, time_s: f64) {
        self.clock_s = Some(self.clock_s.map_or(time_s, |clock_s| clock_s.min(time_s)));
    }

    /// Notes the first decoded packet.
    pub fn begin(&mut self, time_s: f64) {
        self.first_s = Some(time_s);
    }

    /// Returns the seconds from the start of the file to the first decoded sample; negative where that comes before.
    pub fn late_s(&self) -> f64 {
        let (Some(first_s), Some(clock_s)) = (self.first_s, self.clock_s) else {
            return 0.0;
        };
        match self.times {
            Times::None => 0.0,
            Times::FromZero if clock_s >= CLOCK_SECONDS_MIN => first_s - clock_s,
            Times::FromZero | Times::FromFirst => first_s,
        }
    }

    /// Returns the seconds that were lost before a packet of this time, before which `here_s` seconds were decoded; none when
    /// nothing was.
    pub fn lost_s(&mut self, time_s: f64, here_s: f64) -> Option<f64> {
        let lost_s = time_s - *self.zero_s.get_or_insert(time_s - here_s) - here_s;
        let is_long = self.are_sums && lost_s >= LOST_SECONDS.end;
        (LOST_SECONDS.contains(&lost_s) || is_long).then_some(lost_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(times: Times, seen: &[f64], first_s: f64) -> Timeline {
        let mut made = Timeline::new(times, false);
        seen.iter().for_each(|time_s| made.see(*time_s));
        made.begin(first_s);
        made
    }

    #[test]
    fn a_late_start_counts_from_the_file_or_from_a_clock() {
        let late = |times, seen: &[f64], first_s| timeline(times, seen, first_s).late_s();
        assert_eq!(late(Times::FromZero, &[0.0, 1.5], 1.5), 1.5);
        assert_eq!(late(Times::FromZero, &[3.0], 3.0), 3.0);
        assert_eq!(
            late(Times::FromZero, &[5_000.25, 5_000.0, 5_001.0], 5_001.0),
            1.0
        );
        assert_eq!(late(Times::FromZero, &[-0.02], -0.02), -0.02);
        assert_eq!(late(Times::FromFirst, &[20.0], 20.0), 20.0);
        assert_eq!(late(Times::None, &[5.0], 5.0), 0.0);
        assert_eq!(Timeline::new(Times::FromZero, true).late_s(), 0.0);
    }

    #[test]
    fn gaps_are_lost_time_but_for_short_and_damaged_ones() {
        for (are_sums, gap_s, expected) in [
            (false, 0.1, None),
            (false, 2.0, Some(2.0)),
            (false, 100.0, None),
            (true, 100.0, Some(100.0)),
            (false, -1.0, None),
        ] {
            let mut made = Timeline::new(Times::FromZero, are_sums);
            assert_eq!(made.lost_s(7.0, 0.0), None);
            assert_eq!(made.lost_s(12.0 + gap_s, 5.0), expected, "{gap_s}");
        }
    }
}

//! What is measured when the page is asked for, such as the length of queues.

use vocabox_base::process_usage::ProcessUsage;

use super::labels::{ClassLabels, PoolLabels, WorkLabels};
use super::{LANES, Metrics};

/// The places of a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeasuredPool {
    pub name: &'static str,
    pub taken: usize,
    pub places: usize,
}

/// A server at a moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServerMeasurements {
    pub is_ready: bool,
    pub pools: Vec<MeasuredPool>,
    pub lanes: usize,
    pub lanes_busy: usize,
    /// Steps of requests and of idle work that wait for a lane.
    pub waiting: usize,
    pub waiting_idle: usize,
    /// Seconds on lanes since the start, by kind of work.
    pub lane_seconds: Vec<(&'static str, f64)>,
    pub realtime_sessions: usize,
    /// None where the store cannot be read, as the disk below.
    pub store: Option<MeasuredStore>,
    pub data_free_bytes: Option<u64>,
    pub process: ProcessUsage,
}

/// The store at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeasuredStore {
    pub file_bytes: u64,
    pub map_bytes: u64,
    pub history_items: u64,
}

impl Metrics {
    /// Sets all that was measured.
    pub(super) fn take(&self, now: &ServerMeasurements) {
        self.ready.set(i64::from(now.is_ready));
        for pool in &now.pools {
            let labels = PoolLabels { pool: pool.name };
            self.queue_depth
                .get_or_create(&labels)
                .set(pool.taken as i64);
            self.queue_places
                .get_or_create(&labels)
                .set(pool.places as i64);
        }
        let lanes = PoolLabels { pool: LANES };
        self.workers.get_or_create(&lanes).set(now.lanes as i64);
        self.workers_busy
            .get_or_create(&lanes)
            .set(now.lanes_busy as i64);
        for (class, waiting) in [("request", now.waiting), ("idle", now.waiting_idle)] {
            let gauge = self.steps_waiting.get_or_create(&ClassLabels { class });
            gauge.set(waiting as i64);
        }
        for &(work, seconds) in &now.lane_seconds {
            let sum = self.lane_seconds.get_or_create(&WorkLabels { work });
            set(&sum, seconds);
        }
        self.realtime_sessions.set(now.realtime_sessions as i64);
        if let Some(store) = now.store {
            self.store_bytes.set(store.file_bytes as i64);
            self.store_map_bytes.set(store.map_bytes as i64);
            self.history_items.set(store.history_items as i64);
        }
        if let Some(bytes) = now.data_free_bytes {
            self.data_free_bytes.set(bytes as i64);
        }
        let process = now.process;
        self.resident_bytes.set(process.resident_bytes as i64);
        set(&self.cpu_seconds, process.cpu_s);
        self.open_fds.set(process.open_files as i64);
        self.max_fds
            .set(process.open_files_max.unwrap_or(i64::MAX as u64) as i64);
        self.start_time.set(process.started_s);
    }
}

/// Sets a sum that is kept elsewhere. Of two pages that are made at once, the older must not set it back.
fn set(sum: &super::Sum, seconds: f64) {
    // Bits of numbers that are not negative are in the order of the numbers.
    let bits = seconds.max(0.0).to_bits();
    sum.inner()
        .fetch_max(bits, std::sync::atomic::Ordering::Relaxed);
}

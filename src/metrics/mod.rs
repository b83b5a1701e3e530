//! What the server counts and measures of itself: each metric is declared once, in [`Metrics`], with its name, its labels and
//! what it means. It knows neither requests nor services: they tell it numbers.
//!
//! | file | one idea |
//! | --- | --- |
//! | `labels` | the labels of metrics |
//! | `page` | the text that Prometheus reads |
//! | `measured` | what is measured when the page is asked for, such as the length of queues |

mod labels;
mod measured;
mod page;

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use self::labels::{
    AnswerLabels, BuildLabels, ClassLabels, EngineLabels, PackLabels, PoolLabels, ReasonLabels,
    RouteLabels, SoundLabels, WorkLabels,
};
pub use self::measured::{MeasuredPool, MeasuredStore, ServerMeasurements};
pub use self::page::PageFormat;

/// The route of a request that was refused before it had an endpoint.
pub const NO_ROUTE: &str = "none";
/// The pool of the lanes.
const LANES: &str = "lanes";

/// A sum of parts, such as seconds.
type Sum = Counter<f64, AtomicU64>;
/// A value with a fraction.
type Value = Gauge<f64, AtomicU64>;
/// Distributions, one for each set of labels.
type Spread<L> = Family<L, Histogram, fn() -> Histogram>;

/// Upper bounds in seconds of the durations of requests: a status is answered within milliseconds, a recording within
/// minutes.
const REQUEST_S: [f64; 11] = [
    0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0,
];
/// Upper bounds in seconds of what a client waits for, until its work or its sound starts.
const WAIT_S: [f64; 10] = [0.01, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 10.0, 60.0];

fn request_spread() -> Histogram {
    Histogram::new(REQUEST_S)
}

fn wait_spread() -> Histogram {
    Histogram::new(WAIT_S)
}

/// Declares the metrics, each once: what it means, its field with the type of its labels, its name, and how it starts.
/// The names of counters get the suffix `_total`.
macro_rules! metrics {
    ($(#[doc = $help:literal] $field:ident: $kind:ty = $name:literal, $made:expr;)+) => {
        /// All metrics of a server.
        pub struct Metrics {
            registry: Registry,
            $(#[doc = $help] $field: $kind,)+
        }

        impl Default for Metrics {
            fn default() -> Self {
                let mut registry = Registry::default();
                $(
                    let $field: $kind = $made;
                    registry.register($name, $help.trim(), $field.clone());
                )+
                Metrics { registry, $($field,)+ }
            }
        }
    };
}

metrics! {
    /// Program and ONNX Runtime; always 1
    build_info: Family<BuildLabels, Gauge> = "vocabox_build_info", Family::default();
    /// Packs in use, each with its engine and the device that runs it; always 1
    engine_info: Family<PackLabels, Gauge> = "vocabox_engine_info", Family::default();
    /// Whether /readyz answers 200
    ready: Gauge = "vocabox_ready", Gauge::default();

    /// Answered requests by endpoint and status; sessions of realtime transcription count at their end, with 101
    requests: Family<AnswerLabels, Counter> = "vocabox_requests", Family::default();
    /// Seconds from a request's head to the end of its answer, by endpoint for those that compute, others together as "other"
    request_duration: Spread<RouteLabels> = "vocabox_request_duration_seconds",
        Family::new_with_constructor(request_spread as fn() -> Histogram);
    /// Refused requests: rate 429, queue 503 with Retry-After, size 413 and 431, auth 401
    rejected: Family<ReasonLabels, Counter> = "vocabox_rejected", Family::default();

    /// Seconds that a request waited for lanes, by the capability that it needs
    queue_wait: Spread<PoolLabels> = "vocabox_queue_wait_seconds",
        Family::new_with_constructor(wait_spread as fn() -> Histogram);
    /// Requests that have a place, computing or waiting, by the capability that they need
    queue_depth: Family<PoolLabels, Gauge> = "vocabox_queue_depth", Family::default();
    /// Places of requests, computing or waiting, by the capability that they need
    queue_places: Family<PoolLabels, Gauge> = "vocabox_queue_places", Family::default();
    /// Lanes: steps of models that may compute at once
    workers: Family<PoolLabels, Gauge> = "vocabox_workers", Family::default();
    /// Lanes that compute a step
    workers_busy: Family<PoolLabels, Gauge> = "vocabox_workers_busy", Family::default();
    /// Steps that wait for a lane, of requests and of idle work such as dubbing
    steps_waiting: Family<ClassLabels, Gauge> = "vocabox_steps_waiting", Family::default();
    /// Seconds that lanes computed, by kind of work, for requests, jobs and the server itself
    lane_seconds: Family<WorkLabels, Sum> = "vocabox_lane_seconds", Family::default();

    /// Seconds from a request's head to the first sound of its answer, by the engine that speaks
    first_audio: Spread<EngineLabels> = "vocabox_time_to_first_audio_seconds",
        Family::new_with_constructor(wait_spread as fn() -> Histogram);
    /// Seconds of sound that requests had spoken (out) or heard (in), by engine
    audio_seconds: Family<SoundLabels, Sum> = "vocabox_audio_seconds", Family::default();
    /// Seconds on lanes of requests that speak or transcribe, by engine: divided by those of sound, the real-time factor
    engine_seconds: Family<EngineLabels, Sum> = "vocabox_engine_seconds", Family::default();
    /// Characters of text that requests had spoken
    characters: Counter = "vocabox_characters", Counter::default();

    /// Open sessions of realtime transcription
    realtime_sessions: Gauge = "vocabox_realtime_sessions", Gauge::default();
    /// Seconds from the end of an utterance to its whole text, in sessions of realtime transcription
    realtime_lag: Histogram = "vocabox_realtime_lag_seconds", wait_spread();

    /// Bytes of the store's file
    store_bytes: Gauge = "vocabox_store_bytes", Gauge::default();
    /// Bytes that the store may grow to
    store_map_bytes: Gauge = "vocabox_store_map_bytes", Gauge::default();
    /// Items of the histories of all accounts
    history_items: Gauge = "vocabox_history_items", Gauge::default();
    /// Free bytes of the disk of the data folder
    data_free_bytes: Gauge = "vocabox_data_free_bytes", Gauge::default();

    /// Resident memory in bytes
    resident_bytes: Gauge = "process_resident_memory_bytes", Gauge::default();
    /// Processor time in seconds, of program and kernel
    cpu_seconds: Sum = "process_cpu_seconds", Sum::default();
    /// Open files
    open_fds: Gauge = "process_open_fds", Gauge::default();
    /// Files that may be open
    max_fds: Gauge = "process_max_fds", Gauge::default();
    /// Start of the process in seconds since 1970
    start_time: Value = "process_start_time_seconds", Value::default();
}

/// Why a request was refused that another one may be accepted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    Rate,
    Queue,
    Size,
    Auth,
}

/// An answered request.
#[derive(Debug, Clone, Copy)]
pub struct AnsweredRequest {
    /// Name of the endpoint, if the request has one.
    pub route: &'static str,
    pub status: u16,
    /// The route that its duration counts for; none where that says nothing, as for sessions.
    pub timed_as: Option<&'static str>,
    pub took: Duration,
    /// The capability that it needed, and how long it waited for lanes, where it computed.
    pub waited: Option<(&'static str, Duration)>,
    pub rejection: Option<Rejection>,
}

/// Which way sound went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// It was spoken.
    Out,
    /// It was heard.
    In,
}

/// What a request had an engine do.
#[derive(Debug)]
pub struct Generated<'a> {
    pub engine: &'a str,
    pub direction: Direction,
    pub seconds: f64,
    /// Characters that were spoken.
    pub characters: u64,
    /// Time on lanes.
    pub ran: Duration,
}

impl Metrics {
    /// Sets what stays as it is while the server runs: the version of ONNX Runtime, and the engine, the name and the device of
    /// each pack in use.
    pub fn describe(&self, onnxruntime: Option<&str>, packs: &[(&str, &str, String)]) {
        let labels = BuildLabels {
            version: env!("CARGO_PKG_VERSION"),
            onnxruntime: onnxruntime.unwrap_or("none").to_owned(),
            target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        };
        self.build_info.get_or_create(&labels).set(1);
        for (engine, pack, device) in packs {
            let labels = PackLabels {
                engine: (*engine).to_owned(),
                pack: (*pack).to_owned(),
                device: device.clone(),
            };
            self.engine_info.get_or_create(&labels).set(1);
        }
    }

    /// Counts an answered request.
    pub fn answered(&self, request: AnsweredRequest) {
        let AnsweredRequest { route, status, .. } = request;
        let labels = AnswerLabels { route, status };
        self.requests.get_or_create(&labels).inc();
        if let Some(route) = request.timed_as {
            let spread = self.request_duration.get_or_create(&RouteLabels { route });
            spread.observe(request.took.as_secs_f64());
        }
        if let Some((pool, waited)) = request.waited {
            let spread = self.queue_wait.get_or_create(&PoolLabels { pool });
            spread.observe(waited.as_secs_f64());
        }
        if let Some(rejection) = request.rejection {
            let reason = match rejection {
                Rejection::Rate => "rate",
                Rejection::Queue => "queue",
                Rejection::Size => "size",
                Rejection::Auth => "auth",
            };
            let counter = self.rejected.get_or_create(&ReasonLabels { reason });
            counter.inc();
        }
    }

    /// Counts what was generated.
    pub fn generated(&self, made: &Generated<'_>) {
        let engine = made.engine.to_owned();
        let direction = match made.direction {
            Direction::Out => "out",
            Direction::In => "in",
        };
        let labels = SoundLabels { direction, engine };
        let sum = self.audio_seconds.get_or_create(&labels);
        sum.inc_by(made.seconds.max(0.0));
        drop(sum);
        let engine = labels.engine;
        let sum = self.engine_seconds.get_or_create(&EngineLabels { engine });
        sum.inc_by(made.ran.as_secs_f64());
        self.characters.inc_by(made.characters);
    }

    /// Notes how long after its head a request got its first sound.
    pub fn first_audio(&self, engine: &str, after: Duration) {
        let engine = engine.to_owned();
        let spread = self.first_audio.get_or_create(&EngineLabels { engine });
        spread.observe(after.as_secs_f64());
    }

    /// Notes how long after its end an utterance of a session was text.
    pub fn realtime_lag(&self, lag: Duration) {
        self.realtime_lag.observe(lag.as_secs_f64());
    }
}

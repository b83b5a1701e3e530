//! `GET /metrics`: what the server counts and measures of itself, as Prometheus reads it.

use super::message::Head;
use super::{Call, Context, Reply, health};
use crate::address::Network;
use crate::capability::Capability;
use crate::fault::{Fault, Kind};
use crate::metrics::{MeasuredPool, MeasuredStore, PageFormat, ServerMeasurements};
use vocabox_base::disk;
use vocabox_base::process_usage::ProcessUsage;

/// Media types of the page.
pub const PAGE_TYPES: &[&str] = &["application/openmetrics-text", "text/plain"];

/// Headers by which a proxy tells of its client.
const FORWARDED: [&str; 5] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-real-ip",
    "via",
];

/// Who may read the metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetricsReaders {
    Off,
    /// Programs of this machine.
    Loopback,
    All,
    /// Programs of this machine, and clients with addresses in these networks.
    Networks(Vec<Network>),
}

impl MetricsReaders {
    /// Reads the option `metrics`. The error is a sentence for the operator.
    pub fn parse(text: &str) -> Result<Self, String> {
        let networks = || text.split(',').map(|network| network.trim().parse());
        match text {
            "off" => Ok(MetricsReaders::Off),
            "loopback" => Ok(MetricsReaders::Loopback),
            "all" => Ok(MetricsReaders::All),
            _ => match networks().collect::<Result<Vec<Network>, String>>() {
                Ok(networks) => Ok(MetricsReaders::Networks(networks)),
                Err(_) => Err(format!(
                    "option metrics is {text:?}; loopback, off, all, or addresses and networks separated by commas are \
                     accepted, as in 10.0.0.7,10.1.0.0/16"
                )),
            },
        }
    }

    /// Faults: `NotFound` where metrics are off, `Forbidden` for a client that may not read them.
    fn admit(&self, head: &Head) -> Result<(), Fault> {
        let is_admitted = match self {
            MetricsReaders::Off => {
                return Err(Fault::not_found(
                    "There is no such endpoint on this server.",
                ));
            }
            MetricsReaders::All => true,
            MetricsReaders::Loopback => is_local(head),
            MetricsReaders::Networks(networks) => {
                let peer = head.peer;
                is_local(head) || networks.iter().any(|network| network.contains(peer))
            }
        };
        match is_admitted {
            true => Ok(()),
            false => Err(Fault::new(
                Kind::Forbidden,
                "Metrics are for programs of this machine only; the server's option --metrics names others.",
            )),
        }
    }
}

/// Whether a request comes from a program of this machine itself. One with a header of a proxy comes from elsewhere, also where
/// the proxy is on this machine.
fn is_local(head: &Head) -> bool {
    let is_forwarded = FORWARDED.iter().any(|name| head.header(name).is_some());
    head.peer.to_canonical().is_loopback() && !is_forwarded
}

/// Sends the page. Faults: `NotFound` where metrics are off, `Forbidden` for a client that may not read them.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    context.metrics_readers.admit(&call.head)?;
    let format = PageFormat::accepted(call.head.header("accept").unwrap_or_default());
    let page = context.metrics.page(&measured(context), format);
    let page = page.map_err(Fault::internal)?;
    Ok(Reply::text(format.content_type(), page))
}

/// The server at this moment.
fn measured(context: &Context) -> ServerMeasurements {
    let services = &context.services;
    let pool = |capability: &Capability| {
        let places = services.places(*capability)?;
        Some(MeasuredPool {
            name: capability.row().name,
            taken: places.taken(),
            places: places.count(),
        })
    };
    let lanes = services.lanes.usage();
    let ran_s = services.lanes.ran_s().into_iter();
    let live = services.live.as_ref();
    let store = context.store.size().ok();
    ServerMeasurements {
        is_ready: health::check(context).is_ok(),
        pools: Capability::ALL.iter().filter_map(pool).collect(),
        lanes: lanes.lanes,
        lanes_busy: lanes.running,
        waiting: lanes.waiting,
        waiting_idle: lanes.waiting_idle,
        lane_seconds: ran_s.map(|(work, s)| (work.name(), s)).collect(),
        realtime_sessions: live.map_or(0, |live| live.sessions.taken()),
        store: store.map(|size| MeasuredStore {
            file_bytes: size.file_bytes,
            map_bytes: size.map_bytes,
            history_items: size.history_items,
        }),
        data_free_bytes: disk::free_bytes(&context.spool_dir).ok(),
        process: ProcessUsage::now(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::api::{BEFORE_ROUTING, ENDPOINTS, Endpoint};
    use crate::metrics::{AnsweredRequest, Direction, Generated, Metrics, NO_ROUTE, Rejection};

    fn head(peer: &str, headers: &[&str]) -> Head {
        let header = |name: &&str| ((*name).to_owned(), "127.0.0.1".to_owned());
        Head {
            method: "GET".to_owned(),
            path: "/metrics".to_owned(),
            query: String::new(),
            headers: headers.iter().map(header).collect(),
            declared_bytes: Some(0),
            peer: peer.parse().unwrap(),
            received: Instant::now(),
        }
    }

    fn reads(option: &str, peer: &str, headers: &[&str]) -> bool {
        let readers = MetricsReaders::parse(option).unwrap();
        readers.admit(&head(peer, headers)).is_ok()
    }

    #[test]
    fn the_loopback_reads_metrics_and_what_a_proxy_passes_on_does_not() {
        for peer in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(reads("loopback", peer, &[]), "{peer}");
            for header in FORWARDED {
                assert!(!reads("loopback", peer, &[header]), "{peer} {header}");
                assert!(!reads("10.0.0.0/8", peer, &[header]), "{peer} {header}");
            }
        }
        assert!(!reads("loopback", "10.0.0.7", &[]));
        assert!(!reads("off", "127.0.0.1", &[]));
        assert!(reads("all", "203.0.113.9", &["x-forwarded-for"]));
    }

    /// However many requests of however many kinds there were: a scrape every few seconds must cost next to nothing.
    #[test]
    fn a_page_after_every_status_of_every_endpoint_weighs_less_than_50_kib() {
        let metrics = Metrics::default();
        let engines = [
            "whisper",
            "kokoro",
            "vits",
            "vocabanga",
            "marian",
            "openvoice",
        ];
        let packs = engines.map(|engine| (engine, "a-pack-with-a-long-name", "cuda:0".to_owned()));
        metrics.describe(Some("1.32.0"), &packs);
        let rejections = [
            Rejection::Rate,
            Rejection::Queue,
            Rejection::Size,
            Rejection::Auth,
        ];
        let none = BEFORE_ROUTING.iter().map(|status| (None, *status));
        let routes = ENDPOINTS.iter().flat_map(|e| {
            let all = e.statuses().into_iter().chain([400, 408, 499, 503]);
            all.map(move |status| (Some(e), status))
        });
        for (endpoint, status) in routes.chain(none) {
            for rejection in rejections {
                metrics.answered(AnsweredRequest {
                    route: endpoint.map_or(NO_ROUTE, Endpoint::counted_as),
                    status,
                    timed_as: endpoint.and_then(Endpoint::timed_as),
                    // Long sums.
                    took: Duration::from_secs_f64(1_234.567_891),
                    waited: Some((Capability::Transcribe.row().name, Duration::from_millis(3))),
                    rejection: Some(rejection),
                });
            }
        }
        for engine in engines {
            metrics.first_audio(engine, Duration::from_millis(123));
            for direction in [Direction::Out, Direction::In] {
                metrics.generated(&Generated {
                    engine,
                    direction,
                    seconds: 123_456.789_012,
                    characters: u64::from(u32::MAX),
                    ran: Duration::from_secs_f64(12_345.678_901),
                });
            }
        }
        let now = ServerMeasurements {
            process: ProcessUsage::now(),
            ..ServerMeasurements::default()
        };
        let page = metrics.page(&now, PageFormat::Plain).unwrap();
        assert!(page.contains("route=\"metrics\",status=\"403\""));
        assert!(page.len() < 50 << 10, "{} bytes", page.len());
    }

    #[test]
    fn networks_are_added_to_the_loopback() {
        let option = "10.0.0.7, 10.1.0.0/16";
        for peer in ["127.0.0.1", "10.0.0.7", "10.1.2.3"] {
            assert!(reads(option, peer, &[]), "{peer}");
        }
        assert!(!reads(option, "10.0.0.8", &[]));
        for wrong in ["", "loopback,off", "here", "10.0.0.0/33"] {
            let sentence = MetricsReaders::parse(wrong).unwrap_err();
            assert!(sentence.contains("10.1.0.0/16"), "{sentence}");
        }
    }
}

//! The text that Prometheus reads.

use std::fmt;

use prometheus_client::encoding::text::encode;

use super::{Metrics, ServerMeasurements};

/// How the page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageFormat {
    /// OpenMetrics 1.0, which Prometheus asks for since 2.5 of 2018.
    OpenMetrics,
    /// Prometheus' own older format, as `promtool check metrics` reads it.
    Plain,
}

impl PageFormat {
    pub const OPEN_METRICS: &'static str =
        "application/openmetrics-text; version=1.0.0; charset=utf-8";
    pub const PLAIN: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// The format for a client that sends this `Accept`: the older one only where it is named and OpenMetrics is not.
    pub fn accepted(accept: &str) -> Self {
        let names = |media: &str| accept.to_ascii_lowercase().contains(media);
        match names("text/plain") && !names("application/openmetrics-text") {
            true => PageFormat::Plain,
            false => PageFormat::OpenMetrics,
        }
    }

    /// Its content type.
    pub fn content_type(self) -> &'static str {
        match self {
            PageFormat::OpenMetrics => PageFormat::OPEN_METRICS,
            PageFormat::Plain => PageFormat::PLAIN,
        }
    }
}

impl Metrics {
    /// Returns all metrics, with what was measured now. The error says that one cannot be written.
    pub fn page(&self, now: &ServerMeasurements, format: PageFormat) -> Result<String, fmt::Error> {
        self.take(now);
        let mut page = String::new();
        encode(&mut page, &self.registry)?;
        Ok(match format {
            PageFormat::OpenMetrics => page,
            PageFormat::Plain => plain(&page),
        })
    }
}

/// An OpenMetrics page in the older format, which names counters as their samples are named and has no line for the end.
fn plain(page: &str) -> String {
    let mut written = String::with_capacity(page.len() + 1_024);
    // Help comes before the type, which says whether it is a counter's.
    let mut help = None;
    for line in page.lines() {
        if let Some(of) = line.strip_prefix("# HELP ") {
            help = Some(of);
        } else if let Some(of) = line.strip_prefix("# TYPE ") {
            let suffix = if of.ends_with(" counter") {
                "_total"
            } else {
                ""
            };
            for (word, of) in [("HELP", help.take()), ("TYPE", Some(of))] {
                if let Some((name, rest)) = of.and_then(|of| of.split_once(' ')) {
                    written.push_str(&format!("# {word} {name}{suffix} {rest}\n"));
                }
            }
        } else if line != "# EOF" {
            written.push_str(line);
            written.push('\n');
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{AnsweredRequest, Direction, Generated, MeasuredPool, Rejection};
    use std::time::Duration;

    fn used() -> (Metrics, ServerMeasurements) {
        let metrics = Metrics::default();
        metrics.describe(
            Some("1.32.0"),
            &[("kokoro", "kokoro-82m", "cpu".to_owned())],
        );
        metrics.answered(AnsweredRequest {
            route: "tts",
            status: 429,
            timed_as: Some("tts"),
            took: Duration::from_millis(20),
            waited: Some(("speak", Duration::from_millis(7))),
            rejection: Some(Rejection::Rate),
        });
        metrics.generated(&Generated {
            engine: "kokoro",
            direction: Direction::Out,
            seconds: 1.5,
            characters: 12,
            ran: Duration::from_millis(500),
        });
        metrics.first_audio("kokoro", Duration::from_millis(150));
        metrics.realtime_lag(Duration::from_millis(600));
        let now = ServerMeasurements {
            is_ready: true,
            pools: vec![MeasuredPool {
                name: "speak",
                taken: 3,
                places: 18,
            }],
            lanes: 2,
            lane_seconds: vec![("speak", 2.5)],
            ..ServerMeasurements::default()
        };
        (metrics, now)
    }

    #[test]
    fn a_page_has_what_was_told_with_its_labels_and_ends_as_the_standard_asks() {
        let (metrics, now) = used();
        let page = metrics.page(&now, PageFormat::OpenMetrics).unwrap();
        for line in [
            "# TYPE vocabox_requests counter",
            r#"vocabox_requests_total{route="tts",status="429"} 1"#,
            r#"vocabox_request_duration_seconds_bucket{le="0.005",route="tts"} 0"#,
            r#"vocabox_request_duration_seconds_bucket{le="0.025",route="tts"} 1"#,
            r#"vocabox_rejected_total{reason="rate"} 1"#,
            r#"vocabox_queue_depth{pool="speak"} 3"#,
            r#"vocabox_queue_places{pool="speak"} 18"#,
            r#"vocabox_workers{pool="lanes"} 2"#,
            r#"vocabox_audio_seconds_total{direction="out",engine="kokoro"} 1.5"#,
            r#"vocabox_engine_seconds_total{engine="kokoro"} 0.5"#,
            r#"vocabox_lane_seconds_total{work="speak"} 2.5"#,
            "vocabox_characters_total 12",
            "vocabox_ready 1",
        ] {
            let has = page.lines().any(|l| l == line);
            assert!(has, "{line} is not in\n{page}");
        }
        assert!(page.ends_with("# EOF\n"));
    }

    #[test]
    fn the_older_format_names_counters_as_their_samples() {
        let (metrics, now) = used();
        let page = metrics.page(&now, PageFormat::Plain).unwrap();
        assert!(page.contains("# TYPE vocabox_requests_total counter\n"));
        assert!(page.contains("# HELP vocabox_requests_total Answered requests"));
        assert!(page.contains("# TYPE vocabox_ready gauge\n") && !page.contains("# EOF"));
        for (accept, format) in [
            ("", PageFormat::OpenMetrics),
            ("*/*", PageFormat::OpenMetrics),
            (
                "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
                PageFormat::OpenMetrics,
            ),
            ("text/plain;version=0.0.4", PageFormat::Plain),
        ] {
            assert_eq!(PageFormat::accepted(accept), format, "{accept}");
        }
    }

    #[test]
    fn an_older_measurement_does_not_set_a_sum_back() {
        let (metrics, now) = used();
        let older = ServerMeasurements {
            lane_seconds: vec![("speak", 1.0)],
            ..now.clone()
        };
        metrics.page(&now, PageFormat::OpenMetrics).unwrap();
        let page = metrics.page(&older, PageFormat::OpenMetrics).unwrap();
        assert!(page.contains("vocabox_lane_seconds_total{work=\"speak\"} 2.5\n"));
    }
}

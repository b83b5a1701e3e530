//! What clients may hold, send and cost: the options of the front door.
//!
//! Each has a default that is safe on a machine that faces a network, and a range outside of which the box would
//! not work or not be safe. Both are in `limits`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::limits::{self, Movable};

/// Options of the front door.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Bounds on clients")]
pub struct EdgeOptions {
    /// Connections of all clients together, a thread and up to five open files each; fewer when the process may open
    /// too few files [default: 1024]
    #[arg(long, env = "VOCABOX_CONNECTIONS", value_name = "N")]
    pub connections: Option<u64>,
    /// Connections of one client address; one more makes the one leave that waits longest without a request. Raise it
    /// to --connections behind a proxy, which is one address [default: 256]
    #[arg(long, env = "VOCABOX_CONNECTIONS_PER_ADDRESS", value_name = "N")]
    pub connections_per_address: Option<u64>,
    /// Size of a request's line and headers; larger ones get 431 [default: 16KiB]
    #[arg(long, env = "VOCABOX_HEAD_BYTES", value_name = "SIZE")]
    pub head_bytes: Option<Size>,
    /// Seconds for a request's line and headers to come whole; slower ones get 408 [default: 5]
    #[arg(long, env = "VOCABOX_HEAD_SECONDS", value_name = "N")]
    pub head_seconds: Option<u64>,
    /// Seconds that a connection may be silent between two requests before it is closed; keep it above that of a proxy
    /// in front [default: 15]
    #[arg(long, env = "VOCABOX_IDLE_SECONDS", value_name = "N")]
    pub idle_seconds: Option<u64>,
    /// Size of a JSON body; larger ones get 413 [default: 1MiB]
    #[arg(long, env = "VOCABOX_JSON_BYTES", value_name = "SIZE")]
    pub json_bytes: Option<Size>,
    /// Size of an uploaded recording with its form; larger ones get 413 [default: 100MiB]
    #[arg(long, env = "VOCABOX_AUDIO_BYTES", value_name = "SIZE")]
    pub audio_bytes: Option<Size>,
    /// Size of an uploaded video or recording to dub with its form; larger ones get 413 [default: 1GiB]
    #[arg(long, env = "VOCABOX_VIDEO_BYTES", value_name = "SIZE")]
    pub video_bytes: Option<Size>,
    /// Bytes a second that a client has to send of its body, and to take of its answer, on average after five seconds;
    /// slower bodies get 408 [default: 8KiB]
    #[arg(long, env = "VOCABOX_UPLOAD_RATE", value_name = "SIZE")]
    pub upload_rate: Option<Size>,
    /// Seconds that a body may take however fast it comes; raise it with --audio-bytes for slow networks [default: 600]
    #[arg(long, env = "VOCABOX_UPLOAD_SECONDS", value_name = "N")]
    pub upload_seconds: Option<u64>,
    /// Seconds that a client may take no byte of its answer before it is cut off [default: 5]
    #[arg(long, env = "VOCABOX_WRITE_SECONDS", value_name = "N")]
    pub write_seconds: Option<u64>,
    /// Seconds that a client may take for all of its answer [default: 600]
    #[arg(long, env = "VOCABOX_ANSWER_SECONDS", value_name = "N")]
    pub answer_seconds: Option<u64>,
    /// Size of all bodies and answers together that are held in memory; those over 1 MiB, and what comes once this is
    /// full, wait on the disk [default: 64MiB]
    #[arg(long, env = "VOCABOX_MEMORY_BYTES", value_name = "SIZE")]
    pub memory_bytes: Option<Size>,
    /// Size of all bodies and answers together that wait in spool/ of the data folder; what comes once this is full
    /// gets 503 [default: 2GiB]
    #[arg(long, env = "VOCABOX_SPOOL_BYTES", value_name = "SIZE")]
    pub spool_bytes: Option<Size>,
}

/// What the options of the front door come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    pub connections: usize,
    pub connections_per_address: usize,
    pub head_bytes: usize,
    pub head: Duration,
    pub idle: Duration,
    pub json_bytes: u64,
    pub audio_bytes: u64,
    pub video_bytes: u64,
    /// Bytes a second.
    pub upload_rate: u64,
    pub upload: Duration,
    pub write: Duration,
    pub answer: Duration,
    pub memory_bytes: u64,
    pub spool_bytes: u64,
}

impl EdgeOptions {
    /// The options within their bounds, the defaults where there is none. The error is one line for the operator.
    pub fn settle(&self) -> Result<Edge, String> {
        let size = |name, given: Option<Size>, bound: &Movable| {
            settle(name, given.map(|s| s.0), bound, |n| Size(n).to_string())
        };
        let count = |name, given, bound: &Movable| settle(name, given, bound, |n| n.to_string());
        let seconds =
            |name, given, bound: &Movable| count(name, given, bound).map(Duration::from_secs);

        let connections = count("connections", self.connections, &limits::CONNECTIONS)?;
        // A default follows what was asked for, it does not stand in its way.
        let per_address = Movable {
            default: limits::CONNECTIONS_PER_ADDRESS.default.min(connections),
            max: connections,
            ..limits::CONNECTIONS_PER_ADDRESS
        };
        let asked = self.connections_per_address;
        let connections_per_address = count("connections_per_address", asked, &per_address)?;
        let audio_bytes = size("audio_bytes", self.audio_bytes, &limits::AUDIO_BYTES)?;
        let video_bytes = size("video_bytes", self.video_bytes, &limits::VIDEO_BYTES)?;
        let spool_bytes = size("spool_bytes", self.spool_bytes, &limits::SPOOL_BYTES)?;
        for (name, bytes) in [("audio_bytes", audio_bytes), ("video_bytes", video_bytes)] {
            if spool_bytes < bytes {
                return Err(format!(
                    "option spool_bytes is {}, less than the {} that one upload may have ({name}): raise it, or lower that",
                    Size(spool_bytes),
                    Size(bytes)
                ));
            }
        }
        Ok(Edge {
            connections: connections as usize,
            connections_per_address: connections_per_address as usize,
            head_bytes: size("head_bytes", self.head_bytes, &limits::HEAD_BYTES)? as usize,
            head: seconds("head_seconds", self.head_seconds, &limits::HEAD_SECONDS)?,
            idle: seconds("idle_seconds", self.idle_seconds, &limits::IDLE_SECONDS)?,
            json_bytes: size("json_bytes", self.json_bytes, &limits::JSON_BYTES)?,
            audio_bytes,
            video_bytes,
            upload_rate: size("upload_rate", self.upload_rate, &limits::UPLOAD_RATE)?,
            upload: seconds(
                "upload_seconds",
                self.upload_seconds,
                &limits::UPLOAD_SECONDS,
            )?,
            write: seconds("write_seconds", self.write_seconds, &limits::WRITE_SECONDS)?,
            answer: seconds(
                "answer_seconds",
                self.answer_seconds,
                &limits::ANSWER_SECONDS,
            )?,
            memory_bytes: size("memory_bytes", self.memory_bytes, &limits::MEMORY_BYTES)?,
            spool_bytes,
        })
    }
}

/// `given`, or the default of `bound`. The error says what is accepted, sizes and numbers as `told` writes them.
pub(super) fn settle(
    name: &str,
    given: Option<u64>,
    bound: &Movable,
    told: impl Fn(u64) -> String,
) -> Result<u64, String> {
    let value = given.unwrap_or(bound.default);
    match (bound.min..=bound.max).contains(&value) {
        true => Ok(value),
        false => Err(format!(
            "option {name} is {}; {} to {} is accepted",
            told(value),
            told(bound.min),
            told(bound.max)
        )),
    }
}

/// A number of bytes, as an operator writes it: `65536`, `64KiB`, `100MiB`, `2GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

/// Largest first, so that a size is shown in the largest unit that tells it exactly.
const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unit = UNITS.iter().find_map(|(unit, bytes)| {
            let count = text.strip_suffix(unit)?;
            Some((count.trim_end(), *bytes))
        });
        let (count, bytes) = unit.unwrap_or((text, 1));
        let all_digits = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
        let count = count.parse::<u64>().ok().filter(|_| all_digits);
        count
            .and_then(|count| count.checked_mul(bytes))
            .map(Size)
            .ok_or_else(|| {
                format!("{text} is no size; a number of bytes, KiB, MiB or GiB is, as in 100MiB")
            })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |(_, bytes): &&(&str, u64)| self.0 > 0 && self.0.is_multiple_of(*bytes);
        match UNITS.iter().find(whole) {
            Some((unit, bytes)) => write!(f, "{}{unit}", self.0 / bytes),
            None => write!(f, "{}", self.0),
        }
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A TOML file may say `65536` or `"64KiB"`.
impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "a number of bytes, or a text such as \"64KiB\", is accepted"
        )]
        enum Written {
            Number(u64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(bytes) => Ok(Size(bytes)),
            Written::Text(text) => text.parse().map_err(de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Command;

    #[test]
    fn sizes_are_read_as_they_are_shown_and_nothing_else_is() {
        for (text, bytes) in [
            ("0", 0),
            ("65537", 65_537),
            ("64KiB", 65_536),
            ("100 MiB", 100 << 20),
            ("2GiB", 2 << 30),
        ] {
            let size: Size = text.parse().unwrap();
            assert_eq!(size, Size(bytes));
            assert_eq!(size.to_string().parse(), Ok(size));
        }
        assert_eq!(Size(2 << 30).to_string(), "2GiB");
        assert_eq!(Size((2 << 30) + 1024).to_string(), "2097153KiB");
        for wrong in [
            "",
            "KiB",
            "-1",
            "+1",
            "1.5MiB",
            "1MB",
            "1k",
            "99999999999GiB",
        ] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_help_and_the_readme_tell_the_defaults_that_hold() {
        let edge = EdgeOptions::default().settle().unwrap();
        let size = |bytes: u64| Size(bytes).to_string();
        let whole = |seconds: Duration| seconds.as_secs().to_string();
        let holds = [
            ("connections", edge.connections.to_string()),
            (
                "connections_per_address",
                edge.connections_per_address.to_string(),
            ),
            ("head_bytes", size(edge.head_bytes as u64)),
            ("head_seconds", whole(edge.head)),
            ("idle_seconds", whole(edge.idle)),
            ("json_bytes", size(edge.json_bytes)),
            ("audio_bytes", size(edge.audio_bytes)),
            ("video_bytes", size(edge.video_bytes)),
            ("upload_rate", size(edge.upload_rate)),
            ("upload_seconds", whole(edge.upload)),
            ("write_seconds", whole(edge.write)),
            ("answer_seconds", whole(edge.answer)),
            ("memory_bytes", size(edge.memory_bytes)),
            ("spool_bytes", size(edge.spool_bytes)),
        ];
        let command = EdgeOptions::augment_args(Command::new("serve"));
        let told: Vec<(String, String)> = command
            .get_arguments()
            .map(|a| (a.get_id().to_string(), a.get_help().unwrap().to_string()))
            .collect();
        assert_eq!(told.len(), holds.len());
        // Its columns are padded.
        let text = include_str!("../docs/options.md").split_whitespace();
        let text = text.collect::<Vec<_>>().join(" ");
        for ((id, help), (name, default)) in told.iter().zip(holds) {
            assert_eq!(id, name);
            let row = format!("| `--{}` | {default} |", name.replace('_', "-"));
            assert!(text.contains(&row), "options.md has no {row}");
            assert!(
                help.contains(&format!("[default: {default}]")),
                "{id}: {help}"
            );
        }
    }

    #[test]
    fn bounds_that_cannot_hold_are_refused_with_what_is_accepted() {
        let refused = |change: &dyn Fn(&mut EdgeOptions)| {
            let mut options = EdgeOptions::default();
            change(&mut options);
            options.settle().unwrap_err()
        };
        let error = refused(&|o| o.head_bytes = Some(Size(1)));
        assert_eq!(error, "option head_bytes is 1; 4KiB to 64KiB is accepted");
        let error = refused(&|o| o.head_seconds = Some(0));
        assert_eq!(error, "option head_seconds is 0; 1 to 60 is accepted");
        let error = refused(&|o| {
            o.connections = Some(100);
            o.connections_per_address = Some(101);
        });
        assert!(error.contains("1 to 100"), "{error}");
        let error = refused(&|o| o.audio_bytes = Some(Size(4 << 30)));
        assert!(error.contains("spool_bytes is 2GiB"), "{error}");

        let few = EdgeOptions {
            connections: Some(100),
            ..EdgeOptions::default()
        };
        assert_eq!(few.settle().unwrap().connections_per_address, 100);
    }
}

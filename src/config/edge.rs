//! Bounds on clients: connections, sizes, times and rates.
//!
//! Each option has a default that is safe on a machine that faces a network, and a range outside of which the server
//! would not work or would not be safe. Both are in `limits`.

use std::time::Duration;

use super::option::OptionKind;
use super::settings::{GivenOptions, SettingsGroup, settings};
use super::size::Size;
use crate::address::Network;
use crate::limits;

settings! {
    /// What clients may hold, send and cost.
    pub struct EdgeSettings in "Bounds on clients" {
        /// Connections of all clients together, each with a thread and up to five open files; fewer if the process may
        /// open too few files
        connections: usize = OptionKind::Count(limits::CONNECTIONS);
        /// Connections of one client address; one more closes the one that has waited longest without a request. Those of a
        /// --trusted-proxy are not bounded by address; behind another proxy, raise it to --connections
        connections_per_address: usize = OptionKind::Count(limits::CONNECTIONS_PER_ADDRESS);
        /// Requests with a wrong key that one client address may send in a minute; further ones get 429 in place of 401.
        /// Valid keys of the same address, as behind a proxy, are not affected
        failed_keys: u32 = OptionKind::Count(limits::FAILED_KEYS);
        /// Address or network of a proxy that tells its client's address in X-Forwarded-For (or, without that, in
        /// Forwarded), for the log and the bounds of one address; may be given again. Name only proxies that append to
        /// this header themselves: any other client could choose its address
        trusted_proxy: Vec<Network> = OptionKind::Networks;
        /// Size of a request's line and headers; larger ones get 431
        head_bytes: usize = OptionKind::Size(limits::HEAD_BYTES);
        /// Seconds for a request's line and headers to arrive; slower ones get 408
        head_seconds: Duration = OptionKind::Seconds(limits::HEAD_SECONDS);
        /// Seconds that a connection may be silent between two requests before it is closed; keep it above that of a proxy
        /// in front
        idle_seconds: Duration = OptionKind::Seconds(limits::IDLE_SECONDS);
        /// Size of a JSON body; larger ones get 413
        json_bytes: u64 = OptionKind::Size(limits::JSON_BYTES);
        /// Size of an uploaded recording with its form; larger ones get 413
        audio_bytes: u64 = OptionKind::Size(limits::AUDIO_BYTES);
        /// Size of an uploaded video or recording to dub with its form; larger ones get 413
        video_bytes: u64 = OptionKind::Size(limits::VIDEO_BYTES);
        /// Bytes a second at which a client must send its body and read its answer, on average after five seconds;
        /// slower bodies get 408
        upload_rate: u64 = OptionKind::Size(limits::UPLOAD_RATE);
        /// Seconds that a whole body may take; raise it with --audio-bytes for slow networks
        upload_seconds: Duration = OptionKind::Seconds(limits::UPLOAD_SECONDS);
        /// Seconds that a client may read no byte of its answer before its connection is closed
        write_seconds: Duration = OptionKind::Seconds(limits::WRITE_SECONDS);
        /// Seconds that a client may take to read its whole answer
        answer_seconds: Duration = OptionKind::Seconds(limits::ANSWER_SECONDS);
        /// Size of all bodies and answers together that are held in memory; those over 1 MiB, and all others once this
        /// is full, wait on the disk
        memory_bytes: u64 = OptionKind::Size(limits::MEMORY_BYTES);
        /// Size of all speech that requests hold in memory until their answers are made, streamed answers excepted; further
        /// requests get 503
        sound_bytes: u64 = OptionKind::Size(limits::SOUND_BYTES);
        /// Size of all bodies and answers together that wait in spool/ of the data folder; further ones get 503. An account
        /// that is alone may have all but a quarter, and beside others half, and one largest body at any rate
        spool_bytes: u64 = OptionKind::Size(limits::SPOOL_BYTES);
    }
}

impl EdgeSettings {
    /// Returns the size of the largest body.
    pub fn body_bytes(&self) -> u64 {
        self.json_bytes.max(self.audio_bytes).max(self.video_bytes)
    }

    /// Resolves the group, and checks bounds that options set for each other. The error is one line for the operator.
    pub(super) fn settle_all(given: &GivenOptions<'_>) -> Result<Self, String> {
        let mut edge = EdgeSettings::settle(given)?;
        let name = "connections_per_address";
        if !given.is_set(name) {
            // A default must not make a smaller --connections an error.
            edge.connections_per_address = edge.connections_per_address.min(edge.connections);
        } else if edge.connections_per_address > edge.connections {
            return Err(format!(
                "option {name} is {}; 1 to {} is accepted, which is what connections is",
                edge.connections_per_address, edge.connections
            ));
        }
        let uploads = [
            ("audio_bytes", edge.audio_bytes),
            ("video_bytes", edge.video_bytes),
        ];
        for (name, bytes) in uploads {
            if edge.spool_bytes < bytes {
                return Err(format!(
                    "option spool_bytes is {}, less than the {} that one upload may have ({name}): raise it, or lower that",
                    Size(edge.spool_bytes),
                    Size(bytes)
                ));
            }
        }
        Ok(edge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::{ConfigFile, Flags};

    fn settled(options: &[(&str, &str)]) -> Result<EdgeSettings, String> {
        let flags = options
            .iter()
            .fold(Flags::<EdgeSettings>::default(), |flags, (name, text)| {
                flags.with(name, *text)
            });
        EdgeSettings::settle_all(&flags.given(&ConfigFile::default()))
    }

    #[test]
    fn bounds_that_cannot_hold_are_refused_with_what_is_accepted() {
        let refused = |options: &[(&str, &str)]| settled(options).unwrap_err();
        let error = refused(&[("head_bytes", "1")]);
        assert_eq!(error, "option head_bytes is 1; 4KiB to 64KiB is accepted");
        let error = refused(&[("head_seconds", "0")]);
        assert_eq!(error, "option head_seconds is 0; 1 to 60 is accepted");
        let error = refused(&[("connections", "100"), ("connections_per_address", "101")]);
        assert!(error.contains("1 to 100"), "{error}");
        let error = refused(&[("audio_bytes", "4GiB")]);
        assert!(error.contains("spool_bytes is 2GiB"), "{error}");
        let few = settled(&[("connections", "100")]).unwrap();
        assert_eq!(few.connections_per_address, 100);
    }
}

//! Options of `serve` that are neither about connections nor about dubbing.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::choice::HistoryText;
use super::option::{OptionKind, Preset};
use super::settings::settings;
use crate::limits;

settings! {
    /// Options of the server: address, queue, history, accounts and log content.
    pub struct ServeSettings in "Server" {
        /// Address and port to listen on; port 0 picks a free one
        listen: SocketAddr = OptionKind::Address, Preset::Value("127.0.0.1:8080");
        /// Requests that may wait for each of speaking, transcribing, translating and cloning, beside those that compute;
        /// further ones get 503 with Retry-After
        queue: usize = OptionKind::Count(limits::QUEUE);
        /// Generations of one key that may be under way at once; further ones are refused with 429
        concurrent_per_key: Option<u32> = OptionKind::Count(limits::CONCURRENT), Preset::Unset("no limit");
        /// Sessions of realtime transcription at once, each with a connection and two threads; further ones are refused with
        /// 503. An account that is alone may have all but a quarter, and beside others half
        realtime_sessions: usize = OptionKind::Count(limits::REALTIME_SESSIONS);
        /// Seconds that generations under way have left to finish after the server is told to stop; meanwhile it refuses new
        /// ones and answers all other requests
        drain_seconds: u64 = OptionKind::Seconds(limits::DRAIN_SECONDS);
        /// Seconds after which one step of a model counts as hanging, so that /readyz answers 503
        step_seconds: u64 = OptionKind::Seconds(limits::STEP_SECONDS);
        /// Seconds after which a model that no request used gives its memory back; the next request that needs it loads it again
        unload_after: Option<u64> = OptionKind::Seconds(limits::UNLOAD_SECONDS), Preset::Unset("never");
        /// End the process with exit code 1 when a step of a model hangs or the store has failed for good, for a supervisor to
        /// start it again
        watchdog: bool = OptionKind::Switch;
        /// History items that each account keeps; beyond that the oldest are deleted
        history_max: u64 = OptionKind::Count(limits::HISTORY_ITEMS);
        /// Size of each account's history; beyond that the oldest items are deleted
        history_bytes: u64 = OptionKind::Size(limits::HISTORY_BYTES);
        /// Days that a history item is kept
        history_days: Option<u32> = OptionKind::Count(limits::HISTORY_DAYS),
            Preset::Unset("for ever, as far as its other bounds allow");
        /// Whether history keeps texts and transcripts, or their lengths only
        history_text: HistoryText = OptionKind::Choice(HistoryText::NAMES), Preset::Value("on");
        /// Size that the store may grow to: address space until it is used. When all histories together have three
        /// quarters of it, the largest loses its oldest items
        store_bytes: usize = OptionKind::Size(limits::STORE_BYTES);
        /// Origin whose pages may call the server from a browser, such as `https://app.example.org`; may be given
        /// again; * is any origin
        cors_origin: Vec<String> = OptionKind::Texts("ORIGIN");
        /// Address and port to listen on for Wyoming clients, such as Home Assistant; the protocol has no keys, so all that
        /// reach it speak and transcribe as the key of wyoming_key
        wyoming: Option<SocketAddr> = OptionKind::Address, Preset::Unset("off");
        /// Id of the key (`vocabox key list`) of Wyoming clients: its account, its limits, its history
        wyoming_key: Option<String> = OptionKind::Text("KEY_ID"), Preset::Unset("none");
        /// Cloned voices that each account may have
        clones_max: usize = OptionKind::Count(limits::CLONES);
        /// Answer the lists of models and stock voices under /v1 without a key, as Open WebUI asks for them; clones are
        /// listed only with a key
        public_catalog: bool = OptionKind::Switch;
        /// Clone only for requests whose form field consent says that the speaker agreed
        require_clone_consent: bool = OptionKind::Switch;
        /// Clients that may read /metrics: loopback (programs of this machine; what comes through a proxy does not count),
        /// off, all, or addresses and networks beside the loopback, separated by commas, as in 10.0.0.7,10.1.0.0/16
        metrics: String = OptionKind::Text("CLIENTS"), Preset::Value("loopback");
        /// File with the key of the operator, of at least 32 characters, which only its owner and its group may read: with
        /// it, the endpoints below /admin and the view Operator of the console create, limit and revoke accounts and keys
        admin_key_file: Option<PathBuf> = OptionKind::Text("FILE"), Preset::Unset("no such endpoints");
        /// Write texts and transcripts to the log (never keys)
        log_content: bool = OptionKind::Switch;
    }
}

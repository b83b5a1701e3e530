//! Options of `serve` that are neither about connections nor about dubbing.

use std::net::SocketAddr;

use super::HistoryText;
use super::option::{OptionKind, Preset};
use super::settings::settings;
use crate::limits;

settings! {
    /// What the server does for its accounts, and with how many workers.
    pub struct ServeSettings in "Server" {
        /// Address and port to listen on; port 0 picks a free one
        listen: SocketAddr = OptionKind::Address, Preset::Value("127.0.0.1:8080");
        /// Workers for each of speaking, transcribing and translating, each with its own copy of the model
        workers: usize = OptionKind::Count(limits::WORKERS);
        /// Requests that may wait for each kind of worker; further ones are told to come back
        queue: usize = OptionKind::Count(limits::QUEUE);
        /// Generations of one key that may be under way at once; further ones are told to come back
        concurrent_per_key: Option<u32> = OptionKind::Count(limits::CONCURRENT), Preset::Unset("no limit");
        /// Seconds that generations under way get when the server is told to stop; until they are over it answers what needs
        /// no worker and refuses new ones
        drain_seconds: u64 = OptionKind::Seconds(limits::DRAIN_SECONDS);
        /// History items that each account keeps; the oldest make room
        history_max: u64 = OptionKind::Count(limits::HISTORY_ITEMS);
        /// Days that a history item is kept
        history_days: Option<u32> = OptionKind::Count(limits::HISTORY_DAYS),
            Preset::Unset("for ever, as far as --history-max allows");
        /// Whether history keeps texts and transcripts, or their lengths only
        history_text: HistoryText = OptionKind::Choice(HistoryText::NAMES), Preset::Value("on");
        /// Origin whose pages may call the server from a browser, like `https://app.example.org`; may be given again; * is
        /// any
        cors_origin: Vec<String> = OptionKind::Texts("ORIGIN");
        /// Cloned voices that each account may have
        clones_max: usize = OptionKind::Count(limits::CLONES);
        /// Clone only for requests that say, by the form field consent, that the speaker agreed
        require_clone_consent: bool = OptionKind::Switch;
        /// Write texts and transcripts to the log (never keys)
        log_content: bool = OptionKind::Switch;
    }
}

//! The bounds of live transcription: its sessions, their messages and their sound. [`limits`](crate::limits) has them, too.

use crate::limits::{MIB, Movable};

/// Sessions of all accounts at once; each has a connection and two threads.
pub const REALTIME_SESSIONS: Movable = Movable {
    min: 1,
    default: 16,
    max: 1_024,
};
/// Bytes of the base64 of one append: OpenAI's bound, 245 s of 16-bit sound at 24 kHz.
pub const REALTIME_AUDIO_BYTES_MAX: usize = 15 * MIB as usize;
/// Bytes of a whole message with such an append, and of any other message.
pub const REALTIME_MESSAGE_BYTES_MAX: usize = REALTIME_AUDIO_BYTES_MAX + 64 * 1024;
pub const REALTIME_EVENT_BYTES_MAX: usize = 64 * 1024;
/// Seconds of silence of the client, without a message or a ping, after which its session ends.
pub const REALTIME_IDLE_SECONDS_MAX: u64 = 60;
/// Seconds between two pings of the server, so that proxies keep the connection.
pub const REALTIME_PING_SECONDS: u64 = 20;
/// Seconds that a session lasts at most: OpenAI's bound.
pub const REALTIME_SECONDS_MAX: u64 = 3_600;
/// Milliseconds of sound without which a commit is refused: OpenAI's bound.
pub const COMMIT_MS_MIN: u64 = 100;
/// Seconds of sound that are transcribed at once; longer speech is cut, in a pause if there is one in its last third.
pub const UTTERANCE_SECONDS_MAX: usize = 15;
/// Seconds of sound that may wait to be searched for speech, and to be transcribed: when as much waits, the client is not
/// read from.
pub const LIVE_SOUND_SECONDS_MAX: usize = 8;
pub const LIVE_FINALS_SECONDS_MAX: usize = 45;
/// Seconds that the transcription of an utterance may take, waiting included, and that one before its end may take.
pub const LIVE_FINAL_SECONDS_MAX: u64 = 300;
pub const LIVE_PARTIAL_SECONDS_MAX: u64 = 10;
/// Bounds of what a client sets for the detection of turns, in milliseconds.
pub const TURN_PADDING_MS_MAX: u64 = 2_000;
pub const TURN_SILENCE_MS_MIN: u64 = 100;
pub const TURN_SILENCE_MS_MAX: u64 = 10_000;

const _: () = assert!(UTTERANCE_SECONDS_MAX < LIVE_FINALS_SECONDS_MAX);

//! Every bound in one place. A name ends in the unit and then `max` or `min`.
//!
//! Anything whose size a client can choose has a bound here. Bounds that an operator may change are [`Movable`], and
//! `config` has an option for each; the others are fixed.

pub use crate::import_limits::*;
pub use crate::live_limits::*;
pub use crate::operator_limits::*;
pub use crate::self_test_limits::*;
pub use crate::speaker_limits::*;
pub use crate::store_limits::*;
pub use crate::wyoming_limits::*;

/// A bound that an operator may change: its default and its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Movable {
    pub min: u64,
    pub default: u64,
    pub max: u64,
}

const KIB: u64 = 1024;
pub(crate) const MIB: u64 = 1024 * KIB;
pub(crate) const GIB: u64 = 1024 * MIB;

/// Characters (Unicode scalar values) of one text to speak: the hosted API's bound.
pub const TEXT_CHARS_MAX: usize = 5_000;
/// Seconds of sound that one text may make, estimated from its words: 5000 characters of prose at half speed make less,
/// 5000 digits more. Two cores make this much within `SPEAK_SECONDS_MAX`, at 0.33 s of computing per second of sound.
pub const SPEECH_SECONDS_MAX: f64 = 800.0;
/// Slowest and fastest speaking rate, as a factor: the hosted API's bounds.
pub const SPEED_MIN: f64 = 0.5;
pub const SPEED_MAX: f64 = 2.0;
/// The bounds of the speaking rate where the sound is stretched beyond those: OpenAI's.
pub const WIDE_SPEED_MIN: f64 = 0.25;
pub const WIDE_SPEED_MAX: f64 = 4.0;
/// Characters of a pronunciation and of another spelling of a word, and of the word: a long name in full.
pub const PHONEMES_CHARS_MAX: usize = 200;
pub const SPELLING_CHARS_MAX: usize = 200;
pub const LEXICON_WORD_CHARS_MAX: usize = 100;
/// Entries of a lexicon: it is read and sorted anew for each text; with as many, `vocabox read` took some 25 ms of
/// processor time more than without.
pub const LEXICON_ENTRIES_MAX: usize = 5_000;
/// Bytes of a lexicon as it is sent: 100 for each entry.
pub const LEXICON_BYTES_MAX: u64 = 512 * KIB;
/// Characters of one text after its words were replaced by other spellings of a lexicon: four times the text.
pub const RESPELLED_CHARS_MAX: usize = 4 * TEXT_CHARS_MAX;
/// Milliseconds of one pause in a text, and of all its pauses.
pub const PAUSE_MS_MAX: u64 = 10_000;
pub const PAUSES_MS_MAX: u64 = 60_000;
/// Elements of SSML within each other.
pub const MARKUP_DEPTH_MAX: usize = 32;
/// Attributes of one element of SSML or of a lexicon, and declarations of namespaces in a document: the parser compares each
/// with all others.
pub const XML_ATTRIBUTES_MAX: usize = 64;
pub const XML_NAMESPACES_MAX: usize = 64;
/// Letters that metadata names of those that were skipped: 768 bytes as `\uXXXX\uXXXX`.
pub const SKIPPED_CHARS_MAX: usize = 64;
/// Voice previews that the cache keeps, some 150 KB each.
pub const PREVIEWS_MAX: usize = 512;
/// Voices of one blend, and the weight of each voice.
pub const BLEND_VOICES_MAX: usize = 5;
pub const BLEND_WEIGHT_MIN: f32 = 0.1;
pub const BLEND_WEIGHT_MAX: f32 = 10.0;

/// Bytes of a request's line and headers: twice the most that browsers send. Each connection has a buffer of that size.
pub const HEAD_BYTES: Movable = Movable {
    min: 4 * KIB,
    default: 16 * KIB,
    max: 64 * KIB,
};
/// Headers of one request.
pub const HEADERS_MAX: usize = 64;
/// Empty lines that are ignored before a request. RFC 9112 §2.2 asks servers to ignore at least one.
pub const EMPTY_LINES_MAX: usize = 4;
/// Seconds from the first byte of a connection (or its acceptance) to the end of a head.
pub const HEAD_SECONDS: Movable = Movable {
    min: 1,
    default: 5,
    max: 60,
};
/// Seconds that a kept-alive connection may be silent before its next head.
pub const IDLE_SECONDS: Movable = Movable {
    min: 1,
    default: 15,
    max: 3_600,
};
/// Seconds that a client may take no byte of its answer.
pub const WRITE_SECONDS: Movable = Movable {
    min: 1,
    default: 5,
    max: 600,
};
/// Seconds that a client may take for all of its answer, whatever its rate.
pub const ANSWER_SECONDS: Movable = Movable {
    min: 1,
    default: 600,
    max: 86_400,
};
/// Seconds that a client may take no byte of an answer that is sent while it is made, and seconds that the server waits
/// for it in total. Players fill their buffers and read on when part of them was played, so no minimum rate applies.
pub const STREAM_STALL_SECONDS_MAX: u64 = 60;
pub const STREAM_SECONDS_MAX: u64 = 1_800;
/// Bytes a second that an upload (and the reading of an answer) must reach on average, after a grace of
/// `UPLOAD_GRACE_MS`.
pub const UPLOAD_RATE: Movable = Movable {
    min: 1,
    default: 8 * KIB,
    max: 16 * MIB,
};
pub const UPLOAD_GRACE_MS: u64 = 5_000;
/// Seconds that any upload may last, whatever its rate, so that no client holds a slot for hours.
pub const UPLOAD_SECONDS: Movable = Movable {
    min: 1,
    default: 600,
    max: 86_400,
};
/// Milliseconds without progress after which the server may close the connection of a client that neither sends its
/// body nor takes its answer, to admit another client.
pub const STALL_MS: u64 = 1_000;
/// Seconds of silence before the kernel probes whether a client's machine is still reachable, and between two probes;
/// after `PROBES` unanswered probes the connection is closed.
pub const PROBE_AFTER_SECONDS: u64 = 30;
pub const PROBE_EVERY_SECONDS: u64 = 10;
pub const PROBES: u32 = 3;
/// Bytes of a body that are kept in memory; a larger one is spooled to an unlinked file.
pub const BODY_MEMORY_BYTES_MAX: usize = MIB as usize;
/// Bytes of all bodies and answers that are kept in memory; what exceeds them is spooled, however small it is.
pub const MEMORY_BYTES: Movable = Movable {
    min: MIB,
    default: 64 * MIB,
    max: 64 * GIB,
};
/// Bytes of all speech that requests hold until their answers are made, as the length of their texts tells beforehand.
pub const SOUND_BYTES: Movable = Movable {
    min: 128 * MIB,
    default: 512 * MIB,
    max: 64 * GIB,
};
/// Bytes of a frame of such speech: its sample, and half as much while it is encoded.
pub const SOUND_FRAME_BYTES: f64 = 6.0;
/// Bytes of address space that a server keeps for the time when it can get no more: more than any single block that it
/// allocates, such as the sound of the longest text.
pub const MEMORY_RESERVE_BYTES: usize = 128 * MIB as usize;
/// Bytes of an unread body that are read and dropped after a refusal, so that the answer is not lost to a reset.
pub const DRAIN_BYTES_MAX: usize = MIB as usize;
pub const DRAIN_MS: u64 = 1_000;

/// Bytes of a JSON body.
pub const JSON_BYTES: Movable = Movable {
    min: 64 * KIB,
    default: MIB,
    max: 16 * MIB,
};
/// Bytes of an uploaded recording, its form included.
pub const AUDIO_BYTES: Movable = Movable {
    min: 64 * KIB,
    default: 100 * MIB,
    max: 4 * GIB,
};
/// Bytes of all spooled bodies and answers together.
pub const SPOOL_BYTES: Movable = Movable {
    min: MIB,
    default: 2 * GIB,
    max: 1024 * GIB,
};
/// Fields of one multipart form: clients of OpenAI's API send each keyword as one. Bytes of a field that is not a file, and of
/// all of them together but for the long ones.
pub const FORM_FIELDS_MAX: usize = 128;
pub const FORM_FIELD_BYTES_MAX: usize = 64 * 1024;
pub const FORM_TEXT_BYTES_MAX: usize = 2 * MIB as usize;
/// Bytes of the form fields that may be long, those of one name together: the segments of four hours, with their words, have as
/// many, and so have four recordings of 10 s in base64.
pub const FORM_LONG_FIELD_BYTES_MAX: usize = 8 * MIB as usize;

/// Seconds of one recording to transcribe.
pub const AUDIO_SECONDS_MAX: f64 = 4.0 * 3600.0;
/// Seconds of a recording whose file does not tell its length count as this many for each of its bytes: 8 kbit/s.
pub const UNTOLD_SECONDS_A_BYTE: f64 = 0.001;
/// A file may claim so many seconds of sound or film, and one more for each `MEDIA_BYTES_A_SECOND_MIN` of its bytes: packets
/// at sparse times cost the client nothing and the server what the silence between them costs. Opus sends more when it
/// sends nothing (DTX: a packet each 400 ms, RFC 6716 2.1.9, with 8 bytes around it at the least).
pub const MEDIA_FREE_SECONDS: f64 = 600.0;
pub const MEDIA_BYTES_A_SECOND_MIN: f64 = 20.0;
/// Sample rates and channels that a recording may claim.
pub const AUDIO_RATE_HZ_MIN: u32 = 4_000;
pub const AUDIO_RATE_HZ_MAX: u32 = 384_000;
pub const AUDIO_CHANNELS_MAX: usize = 32;

/// Seconds of a recording to clone, and of the speech in it; the speech bounds are those of the hosted API. Whatever
/// its rate, the server holds a recording at 16 kHz (at most 19 MB, up to twice that while it grows), one at a time;
/// the request keeps only its speech (some 4 MB).
pub const CLONE_SECONDS_MAX: f64 = 300.0;
pub const CLONE_SPEECH_SECONDS_MIN: f64 = 3.0;
pub const CLONE_SPEECH_SECONDS_MAX: f64 = 60.0;
/// Characters of the description of a cloned voice.
pub const CLONE_DESCRIPTION_CHARS_MAX: usize = 1_000;
/// Cloned voices of an account: each is 2.5 MB on the disk.
pub const CLONES: Movable = Movable {
    min: 0,
    default: 50,
    max: 100_000,
};
/// Style tables of cloned voices that the cache keeps, half a MiB each.
pub const CLONE_SHEETS_MAX: usize = 64;
/// Cloned voices whose search state stays in memory while the search waits for its turn, some 150 KB each; searches of
/// further voices start again from the beginning.
pub const CLONE_ATTEMPTS_MAX: usize = 16;
/// Seconds that cloning a voice may take, queueing included.
pub const CLONE_SECONDS_WAIT_MAX: u64 = 120;

/// Sound tracks that are searched for speech where a file prefers none.
pub const TRACKS_SEARCHED_MAX: usize = 8;
/// Tracks of a film to dub, and its frames, subtitles included: four hours at 120 a second.
pub const MOVIE_TRACKS_MAX: usize = 64;
pub const MOVIE_SAMPLES_MAX: usize = 2_000_000;
/// Bytes of the head of a film in MP4, and of one fragment's. Four hours at 60 frames a second take 11 MB.
pub const MOVIE_HEAD_BYTES_MAX: u64 = 32 * MIB;
pub const MOVIE_FRAGMENT_BYTES_MAX: u64 = 2 * MIB;
/// Boxes of an MP4 file itself: two a frame at the worst.
pub const MOVIE_BOXES_MAX: usize = 2 * MOVIE_SAMPLES_MAX;
/// Elements of a WebM or Matroska file, and bytes of each element that is read into memory. A block with a duration
/// takes four elements.
pub const MOVIE_ELEMENTS_MAX: u64 = 4 * MOVIE_SAMPLES_MAX as u64;
pub const MOVIE_ELEMENT_BYTES_MAX: u64 = 4 * MIB;
/// Seconds of a film; a file that claims more is treated as damaged.
pub const MOVIE_SECONDS_MAX: f64 = 24.0 * 3600.0;

/// Hypotheses that transcription may follow at once.
pub const BEAM: Movable = Movable {
    min: 1,
    default: 1,
    max: 16,
};

/// Connections of all clients together (a thread each, with a small stack).
pub const CONNECTIONS: Movable = Movable {
    min: 16,
    default: 1_024,
    max: 4_096,
};
/// Connections of one client address. In IPv6 a 64-bit network counts as one address, because one client has all of it.
pub const CONNECTIONS_PER_ADDRESS: Movable = Movable {
    min: 1,
    default: 256,
    max: CONNECTIONS.max,
};
/// Requests with a wrong key that one address may send in a minute, at once or spread. The default is one a second: a client
/// that was not told of its new key still learns why it is refused, and one that tries keys does not.
pub const FAILED_KEYS: Movable = Movable {
    min: 1,
    default: 60,
    max: 100_000,
};
/// Counters of wrong keys, eight bytes each: addresses beyond them share one with another address.
pub const FAILED_KEYS_COUNTERS: usize = 16_384;
/// Bytes of a connection thread's stack.
pub const CONNECTION_STACK_BYTES: usize = 256 * 1024;
/// Handler threads that stay free for health, voices and history when the slots of all long requests are taken.
pub const HANDLERS_RESERVE: usize = 8;
/// Characters of a client's own request id.
pub const REQUEST_ID_CHARS_MAX: usize = 64;
/// Bytes of the value of the `X-Vox-Metadata` header, so that its line stays below 2 KiB: many proxies hold a whole head in
/// 4 KiB. Its texts are cut to fit.
pub const METADATA_BYTES_MAX: usize = 2_000;
/// Characters of the id of a voice, or of a blend of several. Headers and history repeat it.
pub const VOICE_ID_CHARS_MAX: usize = 200;

/// Steps that compute at once, and requests of one capability that may wait beside them. The default of lanes counts only
/// where the machine does not tell its cores.
pub const LANES: Movable = Movable {
    min: 1,
    default: 1,
    max: 64,
};
pub const QUEUE: Movable = Movable {
    min: 1,
    default: 16,
    max: 1_024,
};
/// Compute threads that all steps share. The default counts only where the machine does not tell its cores.
pub const THREADS: Movable = Movable {
    min: 1,
    default: 1,
    max: 1_024,
};
/// Bytes of the log that wait for a slow reader of standard error: some 3000 requests. Lines beyond them are dropped.
pub const LOG_BYTES_MAX: usize = MIB as usize;
/// Milliseconds that the end of the process waits for the rest of the log to be written.
pub const LOG_FLUSH_MS: u64 = 1_000;
/// Seconds that running generations get to finish when the server is told to stop.
pub const DRAIN_SECONDS: Movable = Movable {
    min: 0,
    default: 30,
    max: 86_400,
};
/// Seconds after which a step of an engine counts as hanging. The longest wait for one was 2.4 s on two cores
/// (2026-11-30-fairness).
pub const STEP_SECONDS: Movable = Movable {
    min: 1,
    default: 300,
    max: 86_400,
};
/// Pieces of one text that are made at once at the most: each has a thread.
pub const PIECES_SIDE_BY_SIDE_MAX: usize = 8;
/// Seconds of a stream's sound that are made before the client takes them.
pub const SPEECH_AHEAD_SECONDS: f64 = 10.0;
/// Seconds that speaking one text may take, queueing included; a stream may take as much longer as its sound lasts.
pub const SPEAK_SECONDS_MAX: u64 = 300;
/// Seconds that transcribing one recording may take, queueing included.
pub const TRANSCRIBE_SECONDS_MAX: u64 = 3_600;

/// Seconds that translating all of one request's segments may take, queueing included.
pub const TRANSLATE_SECONDS_MAX: u64 = 600;

/// Characters of the text that a client tells before a recording, number of the names that it lists, and characters of
/// each: the model takes 223 tokens, of about four characters each.
pub const PROMPT_CHARS_MAX: usize = 1_000;
pub const KEYWORDS_MAX: usize = 100;
pub const KEYWORD_CHARS_MAX: usize = 60;
/// Characters of a line of subtitles, and lines that are shown at a time.
pub const LINE_CHARS_MIN: usize = 10;
pub const LINE_CHARS_MAX: usize = 200;
pub const SUBTITLE_LINES_MAX: usize = 10;

/// Bytes of a language code: BCP 47 recommends at least 35 (RFC 5646, 4.4.1).
pub const LANGUAGE_BYTES_MAX: usize = 35;
/// Segments of one recording to translate, and characters of each: a film has about 1500, of some 40 characters.
pub const SEGMENTS_MAX: usize = 2_000;
pub const SEGMENT_CHARS_MAX: usize = 5_000;
/// Lines of a script to dub that may be heard at once: each of them is held in memory.
pub const SEGMENTS_AT_ONCE_MAX: usize = 8;
/// Largest start or end of a segment, in seconds from the start of its recording: more than a day.
pub const SEGMENT_SECONDS_MAX: f64 = 100_000.0;
/// Spoken lines of films that the cache keeps for the next render, and their bytes: 50 KB for each second.
pub const SPOKEN_FILES_MAX: usize = 20_000;
pub const SPOKEN_BYTES_MAX: u64 = GIB;
/// Bytes of an uploaded video, its form included.
pub const VIDEO_BYTES: Movable = Movable {
    min: 64 * KIB,
    default: GIB,
    max: 16 * GIB,
};
/// Files of new dubbing jobs that are taken over and checked at once: each holds a handler, and reads up to
/// `VIDEO_BYTES`.
pub const INTAKES_MAX: usize = 4;
/// Seconds that this may take for one file.
pub const INTAKE_SECONDS_MAX: u64 = 300;
/// Dubbing jobs that are queued or run, of all accounts together.
pub const JOBS: Movable = Movable {
    min: 1,
    default: 100,
    max: 10_000,
};
/// Dubbing jobs that are stored, finished ones included, for each that may be queued.
pub const JOBS_KEPT: u64 = 10;
/// Bytes of the files of all dubbing jobs.
pub const DUB_DISK_BYTES: Movable = Movable {
    min: MIB,
    default: 20 * GIB,
    max: 1024 * GIB,
};
/// Hours that a dubbing job is kept after it has finished.
pub const JOB_HOURS: Movable = Movable {
    min: 1,
    default: 24,
    max: 24 * 365,
};
/// Hours of sound that an account's queued and running dubbing jobs may have together.
pub const DUB_HOURS: Movable = Movable {
    min: 1,
    default: 24,
    max: 100_000,
};
/// Seconds that one dubbing job may run.
pub const JOB_SECONDS_MAX: u64 = 24 * 3_600;
/// How often one dubbing job may be begun. A stop of the server does not count; the end of its process during the job does.
pub const JOB_ATTEMPTS_MAX: u32 = 2;

/// History items that an account keeps; the default takes some hundred MB of the store.
pub const HISTORY_ITEMS: Movable = Movable {
    min: 1,
    default: 1_000_000,
    max: 1_000_000_000,
};
/// Bytes of the history items that an account keeps, as JSON.
pub const HISTORY_BYTES: Movable = Movable {
    min: 64 * KIB,
    default: GIB,
    max: 1024 * GIB,
};
/// Bytes that the disk of the data folder must have left for the server to be ready: several history items of the longest
/// texts.
pub const DISK_BYTES_MIN: u64 = MIB;
/// Days that the clock may be behind the newest item of a store for new items to follow it in the order of history: set back
/// further, it corrects a time that was quite wrong.
pub const ORDER_AHEAD_DAYS_MAX: u32 = 7;
/// Days that a history item is kept, when age removes items.
pub const HISTORY_DAYS: Movable = Movable {
    min: 1,
    default: 365,
    max: 36_500,
};
/// Items of one page of history.
pub const HISTORY_PAGE_MAX: usize = 200;
/// Characters of one item's text; a longer transcript is cut there, so that a page stays below a few MiB.
pub const HISTORY_TEXT_CHARS_MAX: usize = 20_000;
/// Furthest `offset` into the history.
pub const HISTORY_OFFSET_MAX: usize = 100_000;
/// Characters of an account's or a key's name.
pub const NAME_CHARS_MAX: usize = 100;
/// Calls a minute of an account or a key.
pub const RPM_MAX: u32 = 100_000;
/// Generations of a key that may be under way at once, where the operator sets such a limit: each has a connection.
pub const CONCURRENT: Movable = Movable {
    min: 1,
    default: 1,
    max: CONNECTIONS.max,
};

/// Token buckets in memory, about 150 bytes each: keys that called within the last minute. Each shard has a lock.
pub const BUCKETS_MAX: usize = 262_144;
pub const BUCKET_SHARDS: usize = 64;
/// Token bucket records that join one group commit.
pub const BUCKET_RECORDS_MAX: usize = 256;

const _: () = assert!(HEAD_BYTES.max < BODY_MEMORY_BYTES_MAX as u64);
const _: () = assert!(BODY_MEMORY_BYTES_MAX as u64 <= MEMORY_BYTES.min);
// The longest text at the highest rate of a pack that speaks.
const _: () = assert!(SPEECH_SECONDS_MAX * 24_000.0 * SOUND_FRAME_BYTES <= SOUND_BYTES.min as f64);
const _: () = assert!(CONNECTIONS_PER_ADDRESS.default < CONNECTIONS.default);
const _: () =
    assert!(AUDIO_BYTES.default < SPOOL_BYTES.default && AUDIO_BYTES.max < SPOOL_BYTES.max);
const _: () =
    assert!(VIDEO_BYTES.default < SPOOL_BYTES.default && VIDEO_BYTES.max < SPOOL_BYTES.max);
const _: () = assert!(JSON_BYTES.min as usize >= TEXT_CHARS_MAX * 12); // every character as \uXXXX\uXXXX
const _: () = assert!(METADATA_BYTES_MAX as u64 <= HEAD_BYTES.min);
const _: () = assert!(STORE_FREE_PARTS < STORE_SPARE_PARTS);
// What is never cut: an id of six bytes a character, and the rest.
const _: () = assert!(VOICE_ID_CHARS_MAX * 6 + 400 <= METADATA_BYTES_MAX);
const _: () = assert!(PAUSE_MS_MAX <= PAUSES_MS_MAX);
const _: () = assert!(HISTORY_OFFSET_MAX as u64 <= HISTORY_ITEMS.default);
const _: () = assert!(BUCKETS_MAX.is_multiple_of(BUCKET_SHARDS));
const _: () = assert!(COMMIT_ITEMS_MAX < COMMIT_QUEUE_MAX && COMMIT_WAIT_MS < STORE_WAIT_MS);
// A thread for each connection and at most as many handlers (checked in `config`), and the command line's readers.
const _: () = assert!(2 * CONNECTIONS.max < STORE_READERS_MAX as u64);

//! The bounds of files that others made and that `vocabox models import` reads. [`limits`](crate::limits) has them, too.

use crate::limits::MIB;

/// Files of a folder, and folders below folders, that are looked through.
pub const IMPORT_FILES_MAX: usize = 10_000;
pub const IMPORT_DEPTH_MAX: usize = 4;
/// Bytes of a text that is read whole: the largest tokenizers in use, of 250,000 tokens, have 33 MiB.
pub const IMPORT_TEXT_BYTES_MAX: u64 = 64 * MIB;
/// Fields of a graph's file that are looked at; the graphs of large models have some hundred thousand.
pub const GRAPH_FIELDS_MAX: u64 = 20_000_000;
/// Graphs within graphs (branches of an `If`).
pub const GRAPH_DEPTH_MAX: usize = 8;
/// Inputs and outputs of a graph, sizes of a tensor, and bytes of a name or of an entry of the graph's metadata.
pub const GRAPH_TENSORS_MAX: usize = 4096;
pub const GRAPH_DIMS_MAX: usize = 64;
pub const GRAPH_TEXT_BYTES_MAX: u64 = 64 * 1024;
/// Entries of an archive of voices, and bytes of one when it is unpacked: a voice has half a MiB.
pub const VOICE_ENTRIES_MAX: usize = 1024;
pub const VOICE_BYTES_MAX: u64 = 4 * MIB;
/// Voices of one pack; a Piper graph of LibriTTS has 904.
pub const PACK_VOICES_MAX: usize = 2048;
/// Characters of a pack's name.
pub const PACK_NAME_CHARS_MAX: usize = 64;
/// Seconds that the trial of an imported pack may compute.
pub const TRIAL_SECONDS_MAX: u64 = 600;

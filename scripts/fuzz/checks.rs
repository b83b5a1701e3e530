//! What must hold for any input, by target: each function takes an input, and panics when something is wrong. The fuzzers
//! call them, and so does the test suite with the small files of `corpus` and `found`
//! (`src/tests/engines/fuzzed.rs`). The targets `http`, `requests` and `form` check what is private to its crate: their
//! functions are in `src/edge/fuzzing.rs` and `src/request/fuzzing.rs`.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use opus_pure::{MAX_PACKET_SAMPLES, OpusDecoder, OpusMSDecoder};
use tokenizers::Tokenizer;
use vocabox_audio::encode::Codec;
use vocabox_audio::pcm;
use vocabox_base::fault::Kind;
use vocabox_media::{SoundTrack, TrackWriter};
use vocabox_pack::manifest::Manifest;

/// Longest recording that is decoded.
const SECONDS_MAX: f64 = 60.0;
/// Bytes that may be written beyond a film's size: the sound, and tables that replace a more compact form.
const FILM_MORE_BYTES: u64 = 200_000;

/// The codes of all languages that are read aloud; a text's first byte chooses one: `a` the first, and so on.
pub const LANGUAGES: [&str; 14] = [
    "en-us", "en-gb", "en_ng", "pcm", "es", "fr", "ha", "hi", "ig", "it", "pt-br", "sw", "yo", "zu",
];

/// Decodes any bytes as a recording: finite sound within its bound, or a refusal.
pub fn decode(input: &[u8]) {
    let opened = vocabox_audio::open_speech(Cursor::new(input.to_vec()), 16_000, SECONDS_MAX);
    match opened.and_then(|mut sound| pcm::read_all(sound.as_mut())) {
        Ok(clip) => {
            assert!(clip.samples.iter().all(|x| x.is_finite()));
            assert!(clip.seconds() <= SECONDS_MAX + 1.0, "{}", clip.seconds());
        }
        Err(fault) => assert_eq!(fault.kind, Kind::Invalid, "{fault}"),
    }
}

/// Gives a film of any bytes another sound track: a film that is hardly larger, or a refusal.
pub fn mux(input: &[u8]) {
    let mut out = tempfile::tempfile().unwrap();
    match vocabox_media::replace_audio(Cursor::new(input), sound(), None, &mut out) {
        Ok(()) => {
            let length = out.metadata().unwrap().len();
            assert!(
                length <= 40 * input.len() as u64 + FILM_MORE_BYTES,
                "{length}"
            );
            assert!(vocabox_media::inspect(out).unwrap().is_some());
        }
        Err(fault) => assert_eq!(fault.kind, Kind::Invalid, "{fault}"),
    }
}

fn sound() -> &'static SoundTrack {
    static SOUND: OnceLock<SoundTrack> = OnceLock::new();
    SOUND.get_or_init(|| {
        let mut writer = TrackWriter::new(tempfile::tempfile().unwrap(), 1, Codec::Opus).unwrap();
        writer.push(&[0.1; 24_000]).unwrap();
        writer.finish("eng").unwrap()
    })
}

/// Decodes Opus packets: the first byte is the number of channels (three and more are several streams), then each packet
/// follows its length in two bytes, big-endian. Every packet gives finite samples of at most 120 ms, or an error.
pub fn opus(input: &[u8]) {
    let Some((first, mut rest)) = input.split_first() else {
        return;
    };
    let channels = usize::from(first % 8) + 1;
    let mut one = OpusDecoder::new(48_000, channels.min(2)).unwrap();
    let mut many = (channels > 2).then(|| OpusMSDecoder::new(48_000, channels, 1).unwrap());
    let mut samples = vec![0.0f32; MAX_PACKET_SAMPLES * channels];
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
        let (packet, after) = after.split_at(length);
        rest = after;
        let frames = match &mut many {
            Some(many) => many.decode(packet, MAX_PACKET_SAMPLES, &mut samples),
            None => one.decode(packet, MAX_PACKET_SAMPLES, &mut samples),
        };
        if let Ok(frames) = frames {
            assert!(frames <= MAX_PACKET_SAMPLES, "{frames}");
            assert!(samples[..frames * channels].iter().all(|x| x.is_finite()));
        }
    }
}

/// Parses a manifest. What is accepted is accepted again when it is written and read, and names no file outside its
/// folder.
pub fn pack(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Ok(manifest) = Manifest::parse(text) else {
        return;
    };
    for file in &manifest.files {
        // Two dots within a name, as in `voice..bin`, are no way out.
        let path = Path::new("models/pack").join(&file.path);
        assert!(path.starts_with("models/pack") && !path.iter().any(|part| part == ".."));
    }
    let written = toml::to_string(&manifest).expect("a manifest can be written");
    Manifest::parse(&written).expect("a written manifest is accepted");
}

/// Reads a text aloud as far as phonemes: pieces that a voice takes, of the text itself, or a refusal.
pub fn text(input: &[u8]) {
    let Some((first, text)) = input.split_first() else {
        return;
    };
    let code = LANGUAGES[usize::from(first.wrapping_sub(b'a')) % LANGUAGES.len()];
    let text = String::from_utf8_lossy(text);
    let language = vocabox_text::language(code).expect("the language is known");
    let mut end = 0;
    for sentence in vocabox_text::sentences(&text) {
        let range = sentence.range;
        assert!(range.start >= end && text.get(range.clone()).is_some());
        end = range.end;
    }
    assert!(vocabox_text::seconds(&text, language).is_finite());
    match vocabox_text::speakable(&text, language) {
        Ok(pieces) => {
            assert!(!pieces.is_empty());
            for piece in pieces {
                let count = piece.phonemes.chars().count();
                assert!((1..=vocabox_text::PHONEMES_MAX).contains(&count), "{count}");
                let known = |c: char| vocabox_text::VOCABULARY.contains(c);
                assert!(piece.phonemes.chars().all(known), "{:?}", piece.phonemes);
                assert!(text.contains(&piece.text));
            }
        }
        Err(fault) => assert_eq!(fault.kind, Kind::Invalid, "{fault}"),
    }
}

/// Cuts a text into the tokens of every translator and recognizer that is there, and joins them again.
pub fn tokenizer(input: &[u8]) {
    static ALL: OnceLock<Vec<Tokenizer>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let read = |path: PathBuf| Tokenizer::from_file(path).expect("the tokenizer can be read");
        tokenizer_files().into_iter().map(read).collect()
    });
    let text = String::from_utf8_lossy(input);
    for tokenizer in all {
        let Ok(encoded) = tokenizer.encode_fast(text.as_ref(), false) else {
            continue;
        };
        let ids = encoded.get_ids();
        // The engine bounds a text by its tokens only: none may make many.
        assert!(ids.len() <= 8 * text.len() + 8, "{} tokens", ids.len());
        let known = tokenizer.get_vocab_size(true) as u32;
        assert!(ids.iter().all(|id| *id < known));
        // Joined text may be longer: an unknown character becomes the name of the token for unknown ones.
        tokenizer.decode(ids, true).expect("tokens can be joined");
    }
}

/// The tiny tokenizer of the tests, and those of the packs that are fetched.
fn tokenizer_files() -> Vec<PathBuf> {
    let root = [".", "../..", "../../../.."]
        .iter()
        .map(Path::new)
        .find(|root| root.join("scripts/models/tiny_translator").is_dir())
        .expect("run this in the repository");
    let mut files = vec![root.join("scripts/models/tiny_translator/tokenizer.json")];
    for pack in std::fs::read_dir(root.join("models")).unwrap() {
        let file = pack.unwrap().path().join("tokenizer.json");
        files.extend(file.is_file().then_some(file));
    }
    files.sort();
    files
}

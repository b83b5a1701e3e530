//! `POST /voice/tts`: a text → speech, a WAV file by default.

use schemars::JsonSchema;
use serde::Serialize;

use super::message::Head;
use super::timed_speech::{TimedSpeechAnswer, WordsQuery};
use super::{Call, Context, Reply};
use crate::audio::encode::{self, Format};
use crate::audio::mark::SyntheticMark;
use crate::engine::contract::Utterance;
use crate::engine::tts::style::Style;
use crate::fault::{Fault, Kind};
use crate::limits;
use crate::request::json;
use crate::request::speech::{SpeechFields, SpeechParameters};
use crate::services::reading::TextReading;
use crate::services::speech::SpeechService;
use crate::services::speech_script::SpeechScript;
use crate::services::voices::ResolvedVoice;
use crate::store::{AccountId, Feature, ItemId, Utc};
use crate::text::MarkedText;
use crate::text::markup::Notation;
use vocabox_base::budget::Share;

/// The memory of speech that is answered in JSON, beside that of its sound alone.
const TIMED_MEMORY: f64 = 2.0;

/// The header of an answer with sound that is marked as made by a machine.
pub const AI_GENERATED: &str = "X-AI-Generated";

/// Speaks a text. Faults: `Invalid` for a field out of its bounds, `NotFound` for an unknown voice, `Missing` without a
/// pack that speaks, and those of the service.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let (parameters, format) = read(call)?;
    let WordsQuery { word_timestamps } = WordsQuery::read(&call.head)?;
    let sending = match word_timestamps {
        true => Sending::Timed,
        false => Sending::Whole,
    };
    let request = begin(context, call, parameters, format, sending)?;
    let share = call.share()?;
    let spoken = (request.speech).synthesize_words(request.script, &share, &call.cancellation);
    let (clip, words) = spoken?;
    let memory = request.memory;
    call.item()?.duration_seconds = Some(clip.seconds());
    let metadata = request.metadata.header(Some(clip.seconds()))?;
    let file = encode::whole(request.format, &clip.samples, clip.rate_hz, request.mark)?;
    let file = context.signed(request.format, file, request.mark)?;
    let mut reply = match word_timestamps {
        true => Reply::json(&TimedSpeechAnswer::new(
            format,
            &file,
            clip.seconds(),
            words,
        ))?,
        false => Reply {
            content_type: format.content_type(),
            headers: Vec::new(),
            body: file,
            rest: None,
            file: None,
            is_unchanged: false,
        },
    };
    reply.headers = headers(Some(metadata), request.mark);
    drop(memory);
    Ok(reply)
}

/// A checked request for speech.
pub struct SpeechRequest<'a> {
    pub speech: &'a SpeechService,
    pub script: SpeechScript,
    pub format: Format,
    pub metadata: Metadata,
    /// The mark that its sound gets.
    pub mark: Option<SyntheticMark>,
    /// The memory that the sound may take until the answer is made; none for an answer that is sent while it is made.
    pub memory: Option<Share>,
}

/// The headers of sound with this `X-Vox-Metadata` and this mark.
pub fn headers(
    metadata: Option<String>,
    mark: Option<SyntheticMark>,
) -> Vec<(&'static str, String)> {
    let metadata = metadata.map(|json| ("X-Vox-Metadata", json));
    let mark = mark.map(|_| (AI_GENERATED, "true".to_owned()));
    metadata.into_iter().chain(mark).collect()
}

/// How the answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    Whole,
    /// Whole, in JSON with the times of its words.
    Timed,
    WhileMade,
}

/// Reads the body and the format. Faults: `Invalid` for a field out of its bounds.
pub fn read(call: &mut Call) -> Result<(SpeechParameters, Format), Fault> {
    let body = call.take_body();
    let parameters = json::object::<SpeechFields>(&call.head, body)?.checked()?;
    Ok((parameters, format(&call.head)?))
}

/// Checks what is asked for and begins a generation. Faults: those of [`handle`] except those of the service.
pub fn begin<'a>(
    context: &'a Context,
    call: &mut Call,
    parameters: SpeechParameters,
    format: Format,
    sending: Sending,
) -> Result<SpeechRequest<'a>, Fault> {
    let SpeechParameters {
        text,
        voice_id,
        speed,
        tempo,
        stability,
        similarity,
        language,
        exaggeration,
        cfg_weight,
    } = parameters;
    let speech = context
        .services
        .speech
        .as_ref()
        .ok_or_else(|| Fault::missing("No engine for speech is installed on this server."))?;
    let account = call.identity()?.account.id;
    let language = language.as_deref();
    let voice = (context.voices).resolve(Some(account), &voice_id, language)?;
    let default = Utterance::default();
    let (slowest, fastest) = (limits::SPEED_MIN as f32, limits::SPEED_MAX as f32);
    let utterance = |voice: &ResolvedVoice<'_>, rate: f32| {
        let plain = voice.utterance();
        Utterance {
            text: MarkedText::default(),
            speed: (speed * rate).clamp(slowest, fastest) * plain.speed,
            stability: stability.unwrap_or(default.stability),
            similarity: similarity.unwrap_or(default.similarity),
            style: plain.style.map(|style| Style {
                exaggeration,
                cfg_weight,
                ..style
            }),
            voice: plain.voice,
        }
    };
    let reading = TextReading {
        catalog: &context.voices,
        account: Some(account),
        lexicon: &context.lexicons.of(Some(account))?,
        notation: Notation::Ssml,
        voice: &voice_id,
        language,
        utterance: &utterance,
    };
    let read = reading.read(&text)?;
    let seconds = read.seconds / f64::from(speed) / tempo;
    check_length(seconds)?;
    let memory = match sending {
        Sending::Whole => Some(hold(context, account, seconds, voice.origin.rate_hz)?),
        // The file is there twice more, in base64: as it is encoded and in the answer.
        Sending::Timed => {
            let seconds = TIMED_MEMORY * seconds;
            Some(hold(context, account, seconds, voice.origin.rate_hz)?)
        }
        Sending::WhileMade => None,
    };

    call.begin(Feature::Tts, &voice.origin.name)?;
    let character_count = text.chars().count();
    let item = call.item()?;
    item.voice_id = Some(voice_id.clone());
    item.language = Some(voice.reader.language.clone());
    item.character_count = Some(character_count as u64);
    item.text = Some(text.clone());
    let metadata = Metadata {
        id: item.id,
        voice_id,
        voice_name: voice.name,
        character_count,
        text,
        duration_seconds: None,
        sample_rate: read.rate_hz,
        created_at: item.created_at,
        skipped: shortened(read.skipped),
    };
    let is_marked = context.policy.get().mark_synthetic || read.script.has_clone();
    Ok(SpeechRequest {
        mark: is_marked.then_some(SyntheticMark::Speech),
        speech,
        script: read.script,
        format,
        metadata,
        memory,
    })
}

/// Refuses a text whose speech would take longer than a request may, at once instead of after minutes.
fn check_length(seconds: f64) -> Result<(), Fault> {
    match seconds > limits::SPEECH_SECONDS_MAX {
        true => Err(Fault::invalid(format!(
            "text takes about {seconds:.0} s to say at this speed, with its figures and signs as words; \
             at most {} s are accepted: send it in parts",
            limits::SPEECH_SECONDS_MAX
        ))),
        false => Ok(()),
    }
}

/// Reserves the memory that so much sound takes until its answer is made. Faults: `Busy` when other requests hold too much,
/// or the account its share.
fn hold(context: &Context, account: AccountId, seconds: f64, rate_hz: u32) -> Result<Share, Fault> {
    let bytes = seconds * f64::from(rate_hz) * limits::SOUND_FRAME_BYTES;
    let mut memory = context.sound_memory.share(Some(account.number()));
    let busy = Kind::Busy { retry_after_s: 10 };
    match memory.grow(bytes as u64) {
        true => Ok(memory),
        false => Err(Fault::new(
            busy,
            "Too much speech is being made for answers in one piece. Try again, or use /voice/tts/stream.",
        )),
    }
}

/// The first of the letters that were skipped, as many as the header has room for.
fn shortened(mut skipped: String) -> String {
    if let Some((end, _)) = skipped.char_indices().nth(limits::SKIPPED_CHARS_MAX) {
        skipped.truncate(end);
        skipped.push('…');
    }
    skipped
}

/// The query of a request for speech; an extension of the hosted API.
#[derive(JsonSchema)]
pub struct FormatQuery {
    /// Upper and lower case are the same; without `format`, the header `Accept` decides.
    #[schemars(with = "Option<String>", extend("enum" = Format::ALL.map(Format::name)))]
    format: Option<Format>,
}

impl FormatQuery {
    /// Reads a URL's query, whose first `format` counts. Faults: `Invalid` for a format that this build does not write.
    fn read(query: &str) -> Result<Self, Fault> {
        let mut query = form_urlencoded::parse(query.as_bytes());
        let asked = query.find(|(name, _)| name == "format");
        let format = asked.map(|(_, name)| Format::parse(&name)).transpose()?;
        Ok(FormatQuery { format })
    }
}

/// The format of the answer's sound: `?format=`, else the first type in `Accept` that this build writes, else WAV.
/// Faults: `Invalid` for a `format` that it does not write.
fn format(head: &Head) -> Result<Format, Fault> {
    if let Some(format) = FormatQuery::read(&head.query)?.format {
        return Ok(format);
    }
    let accepted = head.header("accept").unwrap_or("").split(',');
    let mut known = accepted.filter_map(|range| {
        let media_type = range.split(';').next().unwrap_or("").trim();
        let is_it = |format: &Format| format.content_type().eq_ignore_ascii_case(media_type);
        Format::ALL.into_iter().find(is_it)
    });
    Ok(known.next().unwrap_or(Format::Wav))
}

/// The `X-Vox-Metadata` header.
#[derive(Serialize)]
pub struct Metadata {
    id: ItemId,
    voice_id: String,
    voice_name: String,
    text: String,
    /// Null in streamed answers, whose length is not known at the start.
    duration_seconds: Option<f64>,
    sample_rate: u32,
    character_count: usize,
    created_at: Utc,
    /// Letters of the text that no voice of it can read, which are left out; absent where there are none.
    #[serde(skip_serializing_if = "String::is_empty")]
    skipped: String,
}

impl Metadata {
    /// ASCII JSON of at most `METADATA_BYTES_MAX`. Where it would be longer, the text is cut, then what was skipped, then the
    /// voice's name, each as far as needed; what is cut ends in `…`. The other fields are whole. Faults: `Internal` if they
    /// alone are too long.
    pub fn header(mut self, duration_seconds: Option<f64>) -> Result<String, Fault> {
        self.duration_seconds = duration_seconds;
        let cuttable: [fn(&mut Self) -> &mut String; 3] =
            [|m| &mut m.text, |m| &mut m.skipped, |m| &mut m.voice_name];
        let mut json = self.json()?;
        for field in cuttable {
            while let Some(excess) = json.len().checked_sub(limits::METADATA_BYTES_MAX)
                && excess > 0
                && cut(field(&mut self), excess)
            {
                json = self.json()?;
            }
        }
        match json.len() > limits::METADATA_BYTES_MAX {
            true => Err(Fault::internal("the metadata of a speech is too long")),
            false => Ok(json),
        }
    }

    fn json(&self) -> Result<String, Fault> {
        Ok(ascii(
            &serde_json::to_string(self).map_err(Fault::internal)?,
        ))
    }
}

/// The mark at the end of what was cut.
const CUT: char = '…';

/// Cuts a part of `text` that has not too many bytes for `excess` bytes of a header to go; false if there was nothing left
/// to cut.
fn cut(text: &mut String, excess: usize) -> bool {
    let bare = text.strip_suffix(CUT).unwrap_or(text);
    let chars = bare.chars().count();
    if chars == 0 {
        return false;
    }
    // No character takes more than 12 bytes (a pair of \uXXXX), so cutting this many characters never cuts too much; the
    // mark takes one more the first time.
    let keep = chars.saturating_sub(excess.div_ceil(12) + 1);
    *text = bare.chars().take(keep).chain([CUT]).collect();
    true
}

/// JSON with all characters outside ASCII as `\uXXXX`, in pairs beyond the basic plane: header values are ASCII.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut units = [0; 2];
    for c in json.chars() {
        // DEL is ASCII but not visible.
        if c.is_ascii() && c != '\x7f' {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(text: &str) -> Metadata {
        Metadata {
            id: ItemId::new(),
            voice_id: "af_heart".to_owned(),
            voice_name: "Heart".to_owned(),
            text: text.to_owned(),
            duration_seconds: None,
            sample_rate: 24_000,
            character_count: text.chars().count(),
            created_at: Utc::now(),
            skipped: String::new(),
        }
    }

    #[test]
    fn skipped_letters_are_named_within_a_bound() {
        assert!(!metadata("Hi.").header(None).unwrap().contains("skipped"));
        let all: String = ('\u{20000}'..'\u{20100}').collect();
        let metadata = Metadata {
            skipped: shortened(all.clone()),
            text: String::new(),
            ..metadata("")
        };
        let header = metadata.header(Some(1.5)).unwrap();
        let back: serde_json::Value = serde_json::from_str(&header).unwrap();
        let named: String = all.chars().take(limits::SKIPPED_CHARS_MAX).collect();
        assert_eq!(back["skipped"], format!("{named}…"));
    }

    #[test]
    fn the_longest_fields_are_cut_in_their_order_and_ids_are_whole() {
        let astral = |n: usize| "\u{20000}".repeat(n);
        let longest = Metadata {
            voice_id: "x".repeat(limits::VOICE_ID_CHARS_MAX),
            voice_name: astral(limits::NAME_CHARS_MAX),
            skipped: astral(limits::SKIPPED_CHARS_MAX) + "…",
            ..metadata(&astral(5_000))
        };
        let header = longest.header(Some(1.5)).unwrap();
        assert!(header.len() <= limits::METADATA_BYTES_MAX);
        assert!(header.len() > limits::METADATA_BYTES_MAX - 40);
        let back: serde_json::Value = serde_json::from_str(&header).unwrap();
        assert_eq!(
            (&back["text"], &back["character_count"]),
            (&"…".into(), &5_000.into())
        );
        assert_eq!(
            back["voice_id"].as_str().unwrap().len(),
            limits::VOICE_ID_CHARS_MAX
        );
        // What the text did not give, the skipped letters do; the name is whole.
        let name = back["voice_name"].as_str().unwrap();
        assert_eq!(name.chars().count(), limits::NAME_CHARS_MAX);
        let skipped = back["skipped"].as_str().unwrap();
        assert!(skipped.ends_with('…') && skipped.chars().count() < limits::SKIPPED_CHARS_MAX);
        let too_long = Metadata {
            voice_id: "x".repeat(limits::METADATA_BYTES_MAX),
            ..metadata("Hi.")
        };
        assert!(too_long.header(None).is_err());
    }

    #[test]
    fn the_metadata_header_is_ascii_and_reads_back() {
        let header = metadata("naïve 🎙 \u{7f}\n").header(Some(1.5)).unwrap();
        assert!(
            header.bytes().all(|b| (0x20..0x7f).contains(&b)),
            "{header}"
        );
        let back: serde_json::Value = serde_json::from_str(&header).unwrap();
        assert_eq!(back["text"], "naïve 🎙 \u{7f}\n");
    }

    #[test]
    fn a_long_text_is_cut_to_the_headers_bound_and_the_count_is_not() {
        for text in ["a".repeat(5_000), "é".repeat(5_000), "🎙".repeat(5_000)] {
            let header = metadata(&text).header(Some(1.5)).unwrap();
            assert!(
                header.len() <= limits::METADATA_BYTES_MAX
                    && header.len() > limits::METADATA_BYTES_MAX - 40
            );
            let back: serde_json::Value = serde_json::from_str(&header).unwrap();
            assert!(back["text"].as_str().unwrap().ends_with('…'));
            assert_eq!(back["character_count"], 5_000);
        }
    }
}

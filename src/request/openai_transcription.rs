//! `POST /v1/audio/transcriptions` and `POST /v1/audio/translations`: a recording, as clients of OpenAI's API send it.

use schemars::JsonSchema;

use crate::form::{Form, file_schema};
use crate::transcription::temperature;
use vocabox_base::fault::Fault;
use vocabox_base::limits::{KNOWN_SPEAKERS_MAX, NAME_CHARS_MAX, PROMPT_CHARS_MAX};
use vocabox_edge::message::Body;
use vocabox_text::subtitles::SubtitleFormat;

/// The field whose values may be long: recordings of speakers.
pub const KNOWN_SPEAKER_REFERENCES: &str = "known_speaker_references";

/// Names of models that have this in them tell speakers apart.
const DIARIZES: &str = "diarize";

/// A recording to transcribe. Fields that are not listed have no effect.
#[derive(Debug, JsonSchema)]
pub struct OpenAiTranscriptionForm {
    #[schemars(schema_with = "file_schema")]
    pub file: Body,
    /// Any name; the server transcribes with the packs that it has. One that contains `diarize` tells speakers apart, and answers
    /// with `diarized_json` unless another format is asked for.
    pub model: Option<String>,
    /// The language that is spoken: a code, a BCP 47 tag or an English name; detected if it is absent.
    pub language: Option<String>,
    /// Languages that may be spoken: a single one is as `language`.
    #[schemars(rename = "languages[]")]
    pub languages: Option<Vec<String>>,
    /// Names and rare words that may be said.
    #[schemars(rename = "keywords[]")]
    pub keywords: Option<Vec<String>>,
    /// The same, in one text, separated by commas or lines.
    pub hotwords: Option<String>,
    /// Text that could come before the recording: the transcript is spelled like it.
    #[schemars(length(max = PROMPT_CHARS_MAX))]
    pub prompt: Option<String>,
    /// What the answer is.
    #[schemars(
        with = "Option<String>",
        extend("enum" = ["json", "text", "srt", "verbose_json", "vtt", "diarized_json"], "default" = "json")
    )]
    pub response_format: OpenAiTranscriptFormat,
    /// 0 writes the likeliest text; above, tokens are sampled, the more freely the higher.
    #[schemars(with = "Option<f32>", range(min = 0, max = 1), extend("default" = 0))]
    pub temperature: f32,
    /// `logprobs` adds the tokens and how likely each is to `json` and to events.
    #[schemars(rename = "include[]", with = "Option<Vec<String>>")]
    pub logprobs: bool,
    /// `word` adds the times of words to `verbose_json`, which always has those of segments.
    #[schemars(rename = "timestamp_granularities[]", with = "Option<Vec<String>>")]
    pub words: bool,
    /// Whether the answer is server-sent events, sent while the recording is heard.
    #[schemars(default)]
    pub stream: bool,
    /// Has no effect: the server always finds speech by itself.
    pub chunking_strategy: Option<String>,
    /// Names of speakers, each of whom has a recording in `known_speaker_references[]`.
    #[schemars(rename = "known_speaker_names[]", with = "Option<Vec<String>>", length(max = KNOWN_SPEAKERS_MAX))]
    pub known_speaker_names: Vec<String>,
    /// Data URLs with 2 to 10 s of the speech of each.
    #[schemars(rename = "known_speaker_references[]", with = "Option<Vec<String>>", length(max = KNOWN_SPEAKERS_MAX))]
    pub known_speaker_references: Vec<String>,
}

/// A recording to translate into English. Fields that are not listed have no effect.
#[derive(Debug, JsonSchema)]
pub struct OpenAiTranslationForm {
    #[schemars(schema_with = "file_schema")]
    pub file: Body,
    /// Any name.
    pub model: Option<String>,
    /// English text that could come before the recording.
    #[schemars(length(max = PROMPT_CHARS_MAX))]
    pub prompt: Option<String>,
    /// What the answer is.
    #[schemars(with = "Option<String>", extend("enum" = ["json", "text", "srt", "verbose_json", "vtt"], "default" = "json"))]
    pub response_format: OpenAiTranscriptFormat,
    /// 0 writes the likeliest text; above, tokens are sampled, the more freely the higher.
    #[schemars(with = "Option<f32>", range(min = 0, max = 1), extend("default" = 0))]
    pub temperature: f32,
}

/// What the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenAiTranscriptFormat {
    Json,
    Text,
    Subtitles(SubtitleFormat),
    Verbose,
    Diarized,
}

/// Those of a translation are all but the last.
const FORMATS: [(&str, OpenAiTranscriptFormat); 6] = [
    ("json", OpenAiTranscriptFormat::Json),
    ("text", OpenAiTranscriptFormat::Text),
    (
        "srt",
        OpenAiTranscriptFormat::Subtitles(SubtitleFormat::Srt),
    ),
    ("verbose_json", OpenAiTranscriptFormat::Verbose),
    (
        "vtt",
        OpenAiTranscriptFormat::Subtitles(SubtitleFormat::Vtt),
    ),
    ("diarized_json", OpenAiTranscriptFormat::Diarized),
];

impl OpenAiTranscriptionForm {
    /// Faults: `Invalid` for a field that is not accepted.
    pub fn read(mut form: Form) -> Result<Self, Fault> {
        let text = |name: &str| form.text(name).map(str::to_owned);
        let model = text("model");
        let diarizes =
            (model.as_deref()).is_some_and(|m| m.to_ascii_lowercase().contains(DIARIZES));
        let is_told = form
            .text("response_format")
            .is_some_and(|told| !told.trim().is_empty());
        let response_format = match diarizes && !is_told {
            true => OpenAiTranscriptFormat::Diarized,
            false => form.choice("response_format", &FORMATS)?,
        };
        let [_, words] = chosen(&form, "timestamp_granularities", ["segment", "word"])?;
        let [logprobs] = chosen(&form, "include", ["logprobs"])?;
        let (names, mut references) = known_speakers(&form)?;
        if response_format != OpenAiTranscriptFormat::Diarized {
            // They may be large, and are not heard.
            references.clear();
        }
        Ok(OpenAiTranscriptionForm {
            model,
            language: text("language"),
            languages: Some(owned(form.list("languages"))),
            keywords: Some(owned(form.list("keywords"))),
            hotwords: text("hotwords"),
            prompt: text("prompt"),
            response_format,
            temperature: temperature(&form)?,
            logprobs,
            words,
            stream: form.boolean("stream", false)?,
            chunking_strategy: text("chunking_strategy"),
            known_speaker_names: names,
            known_speaker_references: references,
            file: form.take_file()?,
        })
    }

    /// The language that is spoken, if the client tells one.
    pub fn spoken(&self) -> Option<String> {
        let told = self
            .language
            .as_deref()
            .filter(|told| !told.trim().is_empty());
        let single = match self.languages.as_deref() {
            Some([single]) => Some(single.as_str()),
            _ => None,
        };
        told.or(single).map(str::to_owned)
    }

    /// The words that may be said, separated by lines.
    pub fn spelled(&self) -> String {
        let keywords = self.keywords.iter().flatten().chain(&self.hotwords);
        keywords.map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

impl OpenAiTranslationForm {
    /// Faults: `Invalid` for a field that is not accepted.
    pub fn read(mut form: Form) -> Result<Self, Fault> {
        let text = |name: &str| form.text(name).map(str::to_owned);
        Ok(OpenAiTranslationForm {
            model: text("model"),
            prompt: text("prompt"),
            response_format: form.choice("response_format", &FORMATS[..5])?,
            temperature: temperature(&form)?,
            file: form.take_file()?,
        })
    }
}

/// Which of `choices` the list `name` has. Fault: `Invalid` where it has another one.
fn chosen<const N: usize>(form: &Form, name: &str, choices: [&str; N]) -> Result<[bool; N], Fault> {
    let values: Vec<&str> = form
        .list(name)
        .iter()
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    match values.iter().all(|value| choices.contains(value)) {
        true => Ok(choices.map(|choice| values.contains(&choice))),
        false => Err(Fault::invalid(format!(
            "{name} has a value that is not known; accepted are {}",
            choices.join(", ")
        ))),
    }
}

/// The names of known speakers, and a data URL for each. Fault: `Invalid` where there are too many, or not as many of both.
fn known_speakers(form: &Form) -> Result<(Vec<String>, Vec<String>), Fault> {
    let names = form.list("known_speaker_names");
    let references = form.list(KNOWN_SPEAKER_REFERENCES);
    if names.len() > KNOWN_SPEAKERS_MAX {
        return Err(Fault::invalid(format!(
            "known_speaker_names has {} names; at most {KNOWN_SPEAKERS_MAX} are accepted",
            names.len()
        )));
    }
    if names.len() != references.len() {
        return Err(Fault::invalid(format!(
            "known_speaker_references has {} recordings for {} known_speaker_names; one for each is accepted",
            references.len(),
            names.len()
        )));
    }
    let is_wrong =
        |name: &&str| name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control);
    if names.iter().any(is_wrong) {
        return Err(Fault::invalid(format!(
            "known_speaker_names has a name of more than {NAME_CHARS_MAX} characters, or with a control character"
        )));
    }
    Ok((owned(names), owned(references)))
}

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use vocabox_base::cancellation::CancellationToken;

    fn form(fields: &[(&str, &str)]) -> Form {
        let mut body = String::new();
        for (name, value) in fields.iter().chain(&[("file", "RIFF")]) {
            body += &format!(
                "--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
        }
        body += "--b--\r\n";
        let in_a_minute = CancellationToken::until(Instant::now() + Duration::from_secs(60));
        let kind = Some("multipart/form-data; boundary=b");
        let folder = std::env::temp_dir();
        let body = Body::Memory(body.into_bytes());
        Form::parse(kind, body, &folder, KNOWN_SPEAKER_REFERENCES, &in_a_minute).unwrap()
    }

    fn read(fields: &[(&str, &str)]) -> Result<OpenAiTranscriptionForm, String> {
        OpenAiTranscriptionForm::read(form(fields)).map_err(|fault| fault.sentence)
    }

    #[test]
    fn what_clients_send_is_taken_with_openais_defaults() {
        let plain = read(&[
            ("language", ""),
            ("response_format", ""),
            ("temperature", ""),
            ("backend", "x"),
        ]);
        let plain = plain.unwrap();
        assert_eq!((plain.model.as_deref(), plain.spoken()), (None, None));
        assert_eq!(plain.response_format, OpenAiTranscriptFormat::Json);
        assert!(!plain.stream && !plain.words && !plain.logprobs && plain.temperature == 0.0);
        for stream in ["true", "True", "1"] {
            assert!(read(&[("stream", stream)]).unwrap().stream, "{stream}");
        }
        for name in ["timestamp_granularities[]", "timestamp_granularities"] {
            assert!(
                read(&[(name, "word"), (name, "segment")]).unwrap().words,
                "{name}"
            );
            assert!(!read(&[(name, "segment")]).unwrap().words, "{name}");
        }
        assert!(read(&[("include[]", "logprobs")]).unwrap().logprobs);
        assert_eq!(read(&[("temperature", "0.4")]).unwrap().temperature, 0.4);
        for strategy in [
            ("chunking_strategy", "auto"),
            (
                "chunking_strategy",
                r#"{"type":"server_vad","threshold":0.4}"#,
            ),
            ("chunking_strategy[type]", "server_vad"),
        ] {
            assert!(read(&[strategy]).is_ok());
        }
    }

    #[test]
    fn a_model_that_diarizes_answers_with_speakers_unless_another_format_is_asked_for() {
        let format = |fields: &[(&str, &str)]| read(fields).unwrap().response_format;
        let model = ("model", "gpt-4o-transcribe-diarize");
        assert_eq!(format(&[model]), OpenAiTranscriptFormat::Diarized);
        assert_eq!(
            format(&[model, ("response_format", "json")]),
            OpenAiTranscriptFormat::Json
        );
        assert_eq!(
            format(&[("response_format", "VTT")]),
            OpenAiTranscriptFormat::Subtitles(SubtitleFormat::Vtt)
        );
    }

    #[test]
    fn languages_and_keywords_come_in_each_spelling() {
        let spoken = |fields: &[(&str, &str)]| read(fields).unwrap().spoken();
        assert_eq!(spoken(&[("languages[]", "pt")]).as_deref(), Some("pt"));
        assert_eq!(
            spoken(&[("languages[]", "pt"), ("language", "en-US")]).as_deref(),
            Some("en-US")
        );
        assert_eq!(spoken(&[("languages", "pt"), ("languages", "en")]), None);
        let told = [
            ("keywords[]", "Okonkwo"),
            ("keywords", "Enugu, Aba"),
            ("hotwords", "Jos"),
        ];
        assert_eq!(read(&told).unwrap().spelled(), "Okonkwo\nEnugu, Aba\nJos");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let name = ("known_speaker_names[]", "Ann");
        for (fields, why) in [
            (
                vec![("response_format", "docx")],
                "response_format is not known",
            ),
            (
                vec![("temperature", "2")],
                "temperature is not a number from 0 to 1",
            ),
            (
                vec![("temperature", "NaN")],
                "temperature is not a number from 0 to 1",
            ),
            (
                vec![("include[]", "images")],
                "include has a value that is not known; accepted are logprobs",
            ),
            (
                vec![("timestamp_granularities[]", "letter")],
                "timestamp_granularities has a value",
            ),
            (vec![("stream", "maybe")], "stream is not a boolean"),
            (
                vec![name],
                "known_speaker_references has 0 recordings for 1 known_speaker_names",
            ),
            (
                vec![name; 5],
                "known_speaker_names has 5 names; at most 4 are accepted",
            ),
        ] {
            let sentence = read(&fields).unwrap_err();
            assert!(sentence.starts_with(why), "{sentence}");
        }
        let diarized = OpenAiTranslationForm::read(form(&[("response_format", "diarized_json")]));
        assert!(
            diarized
                .unwrap_err()
                .sentence
                .ends_with("text, srt, verbose_json, vtt")
        );
    }
}

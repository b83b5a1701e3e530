//! `POST /voice/dub/translate`: the segments of a recording, to be said in another language.

use serde::{Serialize, Serializer};

use crate::json::{
    BoundedList, BoundedNumber, BoundedText, LanguageCode, RawFields, SegmentSeconds,
    WithRawFields, item, request,
};
use crate::languages::TARGETS;
use vocabox_base::fault::Fault;
use vocabox_base::limits;

request! {
    /// Segments to translate.
    pub struct TranslateFields {
        /// The language to translate into, with or without a region.
        #[schemars(extend("examples" = TARGETS))]
        target_language: LanguageCode,
        /// The language of all segments.
        source_language: Option<LanguageCode>,
        /// Another name of `source_language`, which an analysis uses; `source_language` takes precedence.
        language: Option<LanguageCode>,
        segments: BoundedList<WithRawFields<SegmentFields>, 0, { limits::SEGMENTS_MAX }>,
    }
}

request! {
    /// A segment of a recording. All other fields are returned unchanged.
    #[schemars(extend("additionalProperties" = true))]
    pub struct SegmentFields {
        text: BoundedText<{ limits::SEGMENT_CHARS_MAX }>,
        /// The segment in English, as an analysis wrote it.
        text_en: Option<BoundedText<{ limits::SEGMENT_CHARS_MAX }>>,
        /// The segment's own language.
        language: Option<LanguageCode>,
        /// Seconds from the start of the recording.
        start: Option<BoundedNumber<SegmentSeconds>>,
        end: Option<BoundedNumber<SegmentSeconds>>,
    }
}

/// The request's fields, checked.
#[derive(Debug)]
pub struct TranslateRequest {
    /// The language to translate into, one of [`TARGETS`].
    pub target: String,
    /// The language of all segments.
    pub source: Option<String>,
    pub segments: Vec<SourceSegment>,
}

impl TranslateFields {
    /// The request, each field within its bounds. Faults: `Invalid` for a field that is not.
    pub fn checked(self) -> Result<TranslateRequest, Fault> {
        let target = target(self.target_language.take()?)?;
        let (named, heard) = (self.source_language.take()?, self.language.take()?);
        let items = self.segments.take()?.into_iter().enumerate();
        let segments = items.map(|(at, given)| item("segments", at, given, segment));
        Ok(TranslateRequest {
            target,
            source: named.flatten().or(heard.flatten()),
            segments: segments.collect::<Result<_, _>>()?,
        })
    }
}

/// One segment of the request. Written, it is as it came, but for its text.
#[derive(Debug, Default)]
pub struct SourceSegment {
    /// All fields of the segment, which the answer repeats.
    pub kept: RawFields,
    pub text: String,
    /// The text of the answer; none to repeat the segment's own.
    pub translation: Option<String>,
    /// The segment's own language; an extension of the hosted API.
    pub language: Option<String>,
    /// The segment in English, as an analysis wrote it; an extension of the hosted API.
    pub text_en: Option<String>,
    /// Seconds from the start of the recording, as is `end_s`.
    pub start_s: Option<f64>,
    pub end_s: Option<f64>,
}

impl Serialize for SourceSegment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.translation.as_deref();
        self.kept.serialize_with(text, serializer)
    }
}

fn segment(segment: WithRawFields<SegmentFields>) -> Result<SourceSegment, Fault> {
    let WithRawFields { fields, kept } = segment;
    fields.text.check_kind()?;
    fields.text_en.check_kind()?;
    let (text, english) = (fields.text.take()?, fields.text_en.take()?);
    Ok(SourceSegment {
        kept,
        text: text.into_string(),
        translation: None,
        language: fields.language.take()?.flatten(),
        text_en: english
            .filter(|t| !t.is_blank())
            .map(BoundedText::into_string),
        start_s: fields.start.take()?,
        end_s: fields.end.take()?,
    })
}

fn target(asked: Option<String>) -> Result<String, Fault> {
    match asked {
        Some(code) if TARGETS.contains(&code.as_str()) => Ok(code),
        _ => Err(Fault::invalid(format!(
            "target_language is none of {}",
            TARGETS.join(", ")
        ))),
    }
}

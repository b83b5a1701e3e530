//! `POST /voice/dub/translate`: the segments of a recording → the same segments in another language.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::languages::TARGETS;
use super::request::{
    BoundedList, BoundedNumber, BoundedText, LanguageCode, RawFields, SegmentSeconds,
    WithRawFields, item, object, request,
};
use super::{Call, Context, Reply};
use crate::dub::fit::room_chars;
use crate::engine::contract::TranslateTask;
use crate::fault::{Fault, Kind};
use crate::limits;
use crate::services::translation::{Translator, route};
use crate::store::Feature;

/// The language that an analysis may have translated into already (`text_en`).
const ENGLISH: &str = "en";

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

/// The segments in another language.
#[derive(Serialize, JsonSchema)]
pub struct TranslateAnswer {
    #[schemars(with = "Vec<SegmentFields>")]
    segments: Vec<SourceSegment>,
    target_language: String,
}

/// Translates. Faults: `Invalid` for a field out of its bounds or a source language that is neither given nor implied,
/// `Missing` without a translator for a pair of languages, and those of the service.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let body = call.take_body();
    let TranslateRequest {
        target,
        source,
        mut segments,
    } = read(object(&call.head, body)?)?;
    let translation = context.services.translation.as_deref();
    let mut tasks: Vec<(&Translator, TranslateTask)> = Vec::new();
    // Numbers of the segments to translate; and numbers and texts of those whose English the analysis wrote.
    let (mut asked, mut at) = (Vec::new(), Vec::new());
    for (number, segment) in segments.iter().enumerate() {
        let own = source.as_ref().or(segment.language.as_ref());
        let (source, translator) = match route(translation, own, &target) {
            // Without a translator into English, the recognizer's own translation is used.
            Err(fault) if fault.kind == Kind::Missing && target == ENGLISH => {
                at.push((number, segment.text_en.clone().ok_or(fault)?));
                continue;
            }
            route => route?,
        };
        let Some(translator) = translator.filter(|_| !segment.text.trim().is_empty()) else {
            continue;
        };
        let task = TranslateTask {
            text: segment.text.clone(),
            room: room(segment, segments.get(number + 1)),
            target: target.clone(),
            source,
        };
        tasks.push((translator, task));
        asked.push(number);
    }
    if segments.is_empty() {
        route(translation, source.as_ref(), &target)?;
    }
    if let Some((first, _)) = tasks.first() {
        call.begin(Feature::Dub, &first.name)?;
        let chars = tasks.iter().map(|(_, task)| task.text.chars().count());
        let item = call.item()?;
        item.language = Some(target.clone());
        item.character_count = Some(chars.sum::<usize>() as u64);
    }
    let mut texts: Vec<String> = Vec::with_capacity(tasks.len());
    for (translator, task) in tasks {
        let translated = translator.translate(task, &call.share()?, &call.cancellation)?;
        texts.push(translated.text);
    }
    if !texts.is_empty() {
        call.item()?.text = Some(texts.join("\n"));
    }
    for (number, text) in asked.into_iter().zip(texts).chain(at) {
        segments[number].translation = Some(text);
    }
    Reply::json(&TranslateAnswer {
        segments,
        target_language: target,
    })
}

/// The request's fields, checked.
pub(super) struct TranslateRequest {
    target: String,
    /// The language of all segments.
    source: Option<String>,
    pub(super) segments: Vec<SourceSegment>,
}

pub(super) fn read(fields: TranslateFields) -> Result<TranslateRequest, Fault> {
    let target = target(fields.target_language.take()?)?;
    let (named, heard) = (fields.source_language.take()?, fields.language.take()?);
    let items = fields.segments.take()?.into_iter().enumerate();
    let segments = items.map(|(at, given)| item("segments", at, given, segment));
    Ok(TranslateRequest {
        target,
        source: named.flatten().or(heard.flatten()),
        segments: segments.collect::<Result<_, _>>()?,
    })
}

/// One segment of the request.
pub(super) struct SourceSegment {
    /// All fields of the segment, which the answer repeats.
    kept: RawFields,
    text: String,
    /// The text of the answer; none to repeat the segment's own.
    translation: Option<String>,
    /// The segment's own language; an extension of the hosted API.
    language: Option<String>,
    /// The segment in English, as an analysis wrote it; an extension of the hosted API.
    text_en: Option<String>,
    start_s: Option<f64>,
    end_s: Option<f64>,
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

/// Characters that can be spoken between the start of `segment` and the later of its own end and the start of `next`;
/// none if `segment` has no times.
fn room(segment: &SourceSegment, next: Option<&SourceSegment>) -> Option<usize> {
    let (start, end) = (segment.start_s?, segment.end_s?);
    Some(room_chars(start, end, next.and_then(|n| n.start_s)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_has_room_until_the_next_begins() {
        let at = |start: f64, end: f64| {
            let json = format!(r#"{{"text":"a","start":{start},"end":{end}}}"#);
            let given = serde_json::from_str(&json).unwrap();
            item("segments", 0, given, segment).unwrap()
        };
        let (one, two) = (at(1.0, 2.0), at(3.0, 4.0));
        assert_eq!(room(&one, Some(&two)), Some(32));
        assert_eq!(room(&one, None), Some(16));
        assert_eq!(room(&two, Some(&one)), Some(16), "in no order");
        let mut open = at(1.0, 2.0);
        open.end_s = None;
        assert_eq!(room(&open, None), None);
    }
}

//! `POST /voice/dub/translate`: the segments of a recording → the same segments in another language.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Call, Context, Reply};
use crate::dub::fit::room_chars;
use crate::engine::contract::TranslateTask;
use crate::fault::{Fault, Kind};
use crate::request::json;
use crate::request::translation::{
    SegmentFields, SourceSegment, TranslateFields, TranslateRequest,
};
use crate::services::translation::{Translator, route};
use crate::store::Feature;

/// The language that an analysis may have translated into already (`text_en`).
const ENGLISH: &str = "en";

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
    } = json::object::<TranslateFields>(&call.head, body)?.checked()?;
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
        let at = |start: f64, end: f64| SourceSegment {
            start_s: Some(start),
            end_s: Some(end),
            ..SourceSegment::default()
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

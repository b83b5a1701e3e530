//! `POST /voice/dub/translate`: the segments of a recording → the same in another language.

use serde_json::{Map, Value, json};

use super::fields::{number, object, string};
use super::languages::{TARGETS, code};
use super::{Call, Context, Reply};
use crate::dub::fit::room_chars;
use crate::engine::contract::TranslateTask;
use crate::fault::{Fault, Kind};
use crate::limits;
use crate::services::Priority;
use crate::services::translation::{TranslatorPool, route};
use crate::store::Feature;

/// The one that an analysis may have written already.
const ENGLISH: &str = "en";

/// Translates. Faults: `Invalid` for a field out of its bounds, or when it cannot be known from which language, `Missing`
/// without a translator for a pair of languages, and what the service refuses.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let body = call.take_body();
    let mut object = object(&call.head, body)?;
    let target = target(&object)?;
    let source = source(&object)?;
    let mut segments = segments(&mut object)?;
    let translation = context.translation.as_ref();
    let mut tasks: Vec<(&TranslatorPool, TranslateTask)> = Vec::new();
    // The numbers of those that are asked for, and the texts of those that are there already.
    let (mut asked, mut at) = (Vec::new(), Vec::new());
    for (number, segment) in segments.iter().enumerate() {
        let own = source.as_ref().or(segment.language.as_ref());
        let (source, translator) = match route(translation, own, &target) {
            // What transcribed it has translated it as well.
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
        let done = translator.translate(task, Priority::Interactive, &call.cancellation)?;
        call.queued += done.queued;
        call.ran += done.ran;
        texts.push(done.output.text);
    }
    if !texts.is_empty() {
        call.item()?.text = Some(texts.join("\n"));
    }
    for (number, text) in asked.into_iter().zip(texts).chain(at) {
        segments[number]
            .fields
            .insert("text".to_owned(), text.into());
    }
    let segments: Vec<Value> = segments.into_iter().map(|s| s.fields.into()).collect();
    Reply::json(&json!({ "segments": segments, "target_language": target }))
}

/// One segment of the request.
struct SourceSegment {
    /// All of it: what is not known here is given back as it came.
    fields: Map<String, Value>,
    text: String,
    /// Its own language (ours).
    language: Option<String>,
    /// What an analysis wrote of it in English (ours).
    text_en: Option<String>,
    start_s: Option<f64>,
    end_s: Option<f64>,
}

/// The segments, checked and taken out of the request.
fn segments(object: &mut Map<String, Value>) -> Result<Vec<SourceSegment>, Fault> {
    let most = limits::SEGMENTS_MAX;
    let list = match object.remove("segments") {
        Some(Value::Array(list)) => list,
        None => return Err(Fault::invalid("segments is missing")),
        Some(_) => return Err(Fault::invalid("segments is not an array")),
    };
    if list.len() > most {
        return Err(Fault::invalid(format!(
            "segments has {} items; at most {most} are accepted",
            list.len()
        )));
    }
    let numbered = list.into_iter().enumerate();
    let read = |(at, value): (usize, Value)| match value {
        Value::Object(fields) => segment(fields).map_err(|mut fault| {
            fault.sentence = format!("segments[{at}].{}", fault.sentence);
            fault
        }),
        _ => Err(Fault::invalid(format!("segments[{at}] is not an object"))),
    };
    numbered.map(read).collect()
}

fn segment(fields: Map<String, Value>) -> Result<SourceSegment, Fault> {
    let most = limits::SEGMENT_CHARS_MAX;
    let text = string(&fields, "text")?.ok_or_else(|| Fault::invalid("text is missing"))?;
    let english = string(&fields, "text_en")?;
    for (name, text) in [("text", Some(text)), ("text_en", english)] {
        let chars = text.map_or(0, |t| t.chars().count());
        if chars > most {
            return Err(Fault::invalid(format!(
                "{name} has {chars} characters; at most {most} are accepted"
            )));
        }
    }
    let seconds = |name: &str| number(&fields, name, 0.0, limits::SEGMENT_SECONDS_MAX);
    Ok(SourceSegment {
        text: text.to_owned(),
        language: string(&fields, "language")?.and_then(code),
        text_en: english.filter(|t| !t.trim().is_empty()).map(str::to_owned),
        start_s: seconds("start")?,
        end_s: seconds("end")?,
        fields,
    })
}

fn target(object: &Map<String, Value>) -> Result<String, Fault> {
    let asked = string(object, "target_language")?
        .ok_or_else(|| Fault::invalid("target_language is missing"))?;
    match code(asked) {
        Some(code) if TARGETS.contains(&code.as_str()) => Ok(code),
        _ => Err(Fault::invalid(format!(
            "target_language is none of {}",
            TARGETS.join(", ")
        ))),
    }
}

/// The language of all segments, if it is said (ours): `source_language`, or `language` as the analysis calls it.
fn source(object: &Map<String, Value>) -> Result<Option<String>, Fault> {
    let named = string(object, "source_language")?.and_then(code);
    let heard = string(object, "language")?.and_then(code);
    Ok(named.or(heard))
}

/// Characters that can be said from the start of `segment` until that of the `next`, or its own end where that is later.
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
            let fields = json!({ "text": "a", "start": start, "end": end });
            segment(fields.as_object().unwrap().clone()).unwrap()
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

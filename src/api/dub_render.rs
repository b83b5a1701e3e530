//! `POST /voice/dub/render`: a recording or a video and its lines in another language → a job that makes the same file
//! speak it.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;

use serde_json::{Map, Value, json};

use super::dub::{jobs, take_on, unheard};
use super::dub_translate::{TARGETS, code};
use super::fields::{number, string};
use super::form::Form;
use super::speech::Speaking;
use super::{Call, Context, Reply};
use crate::audio;
use crate::audio::encode::Codec;
use crate::dub::cast::no_voice;
use crate::dub::tasks::{ASKED, Asked, Said};
use crate::fault::Fault;
use crate::limits;
use crate::media;
use crate::store::{Job, JobKind};

/// Whoever speaks where nobody is named.
const SPEAKER: &str = "SPEAKER_00";
/// Seconds by which lines may touch: times are rounded.
const TOUCH_S: f64 = 0.001;
/// Seconds by which the last line may end after the file does.
const LATE_S: f64 = 1.0;

/// Takes a render on. Faults: `Invalid` for a field out of its bounds or a file that cannot be read, `NotFound` for an unknown
/// voice, `Missing` without the packs that it needs, `Busy` when as many jobs are kept as may be.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let body = call.take_body();
    let content_type = call.head.header("content-type");
    let mut form = Form::parse_long(content_type, body, &context.spool_dir, "segments")?;
    let segments = segments(form.text("segments"))?;
    let voice_map = voice_map(form.text("voice_map"))?;
    let keep_background = form.boolean("keep_background", true)?;
    let audio_codec = Codec::parse(form.text("audio_codec").unwrap_or_default())?;
    let speaking = context.speaking.as_deref();
    let language = language(form.text("target_language"), &voice_map, speaking)?;
    let file = form
        .take_file()
        .ok_or_else(|| Fault::invalid("file is missing"))?;
    if file.is_empty() {
        return Err(Fault::invalid("file is empty"));
    }
    let identity = call.identity()?;
    let account = identity.account.id;
    let none = || Fault::missing("No engine for speech is installed on this box.");
    let stage = jobs(context)?.stage.as_ref().ok_or_else(none)?;
    for voice_id in voice_map.values() {
        stage.voice(Some(account), voice_id, &language)?;
    }
    let is_named = |said: &Said| voice_map.contains_key(&said.speaker);
    if !segments.iter().all(is_named) && stage.stock(&language).is_empty() {
        return Err(no_voice(&language));
    }
    let request = json!({ "target_language": language, "keep_background": keep_background });
    // The film again, with another sound; what else there will be is known when the job begins.
    let bytes = 2 * file.len();
    let job = Job::new(JobKind::Render, &identity.key.name, request, bytes);
    let last_s = segments.last().map_or(0.0, |said| said.end);
    let asked = Asked {
        segments,
        voice_map,
        language,
        keep_background,
        audio_codec,
    };
    let asked = serde_json::to_vec(&asked).map_err(Fault::internal)?;
    let id = job.job_id;
    take_on(context, account, job, file, |input| {
        check_file(input, last_s, audio_codec)?;
        let files = context.store.job_files();
        files.put(id, ASKED, &mut &asked[..]).map(drop)
    })
}

/// What cannot be done is told now, not by a job that fails. Faults: `Invalid` for a file that cannot be read, does not take sound
/// in `codec`, or ends before the lines do.
fn check_file(
    input: &mut dyn FnMut() -> Result<File, Fault>,
    last_s: f64,
    codec: Codec,
) -> Result<(), Fault> {
    let picture = media::inspect(input()?)?;
    if let Some(picture) = &picture {
        media::check_codec(picture.container, codec)?;
    }
    let shown_s = picture.as_ref().map_or(0.0, |p| p.duration_s);
    let most_s = limits::AUDIO_SECONDS_MAX;
    if shown_s > most_s {
        return Err(Fault::invalid(format!(
            "file lasts {shown_s:.0} s; at most {most_s:.0} s are accepted"
        )));
    }
    let sound_s = match picture.as_ref().is_some_and(|p| !p.has_sound) {
        true => Some(0.0),
        false => match audio::decode::open(input()?, most_s) {
            Ok(decoder) => decoder.told_seconds(),
            Err(fault) => return Err(unheard(fault, input()?)),
        },
    };
    let late_s = picture.map_or(0.0, |p| p.sound_late_s);
    match sound_s.map(|s| (s + late_s).max(shown_s)) {
        Some(end_s) if last_s > end_s + LATE_S => Err(Fault::invalid(format!(
            "segments end at {last_s} s; the file ends at {end_s:.3} s"
        ))),
        _ => Ok(()),
    }
}

/// The lines, checked: in order, one after the other.
fn segments(json: Option<&str>) -> Result<Vec<Said>, Fault> {
    let json = json.ok_or_else(|| Fault::invalid("segments is missing"))?;
    let list: Value = serde_json::from_str(json)
        .map_err(|e| Fault::invalid(format!("segments is not valid JSON: {e}")))?;
    let Value::Array(list) = list else {
        return Err(Fault::invalid("segments is not an array"));
    };
    let (count, most) = (list.len(), limits::SEGMENTS_MAX);
    if !(1..=most).contains(&count) {
        return Err(Fault::invalid(format!(
            "segments has {count} items; 1 to {most} are accepted"
        )));
    }
    let mut all: Vec<Said> = Vec::with_capacity(count);
    let mut ids = HashSet::new();
    for (at, value) in list.into_iter().enumerate() {
        let Value::Object(fields) = value else {
            return Err(Fault::invalid(format!("segments[{at}] is not an object")));
        };
        let said = segment(&fields, at).map_err(|mut fault| {
            fault.sentence = format!("segments[{at}].{}", fault.sentence);
            fault
        })?;
        if !ids.insert(said.id.to_string()) {
            return Err(Fault::invalid(format!(
                "segments[{at}].id is {}, as that of another segment is",
                said.id
            )));
        }
        if let Some(before) = all.last()
            && said.start < before.end - TOUCH_S
        {
            return Err(Fault::invalid(format!(
                "segments[{at}].start is {}, before the segment ahead of it ends at {}",
                said.start, before.end
            )));
        }
        all.push(said);
    }
    Ok(all)
}

fn segment(fields: &Map<String, Value>, at: usize) -> Result<Said, Fault> {
    let time = |name: &str| {
        let seconds = number(fields, name, 0.0, limits::SEGMENT_SECONDS_MAX)?;
        seconds.ok_or_else(|| Fault::invalid(format!("{name} is missing")))
    };
    let (start, end) = (time("start")?, time("end")?);
    if end <= start {
        return Err(Fault::invalid(format!(
            "end is {end}; more than its start, {start}, is accepted"
        )));
    }
    let text = string(fields, "text")?.ok_or_else(|| Fault::invalid("text is missing"))?;
    let (chars, most) = (text.chars().count(), limits::SEGMENT_CHARS_MAX);
    if chars > most {
        return Err(Fault::invalid(format!(
            "text has {chars} characters; at most {most} are accepted"
        )));
    }
    let speaker = string(fields, "speaker")?.unwrap_or(SPEAKER);
    name("speaker", speaker)?;
    let id = match fields.get("id") {
        None | Some(Value::Null) => at.into(),
        Some(Value::Number(id)) => Value::Number(id.clone()),
        Some(Value::String(id)) => {
            name("id", id)?;
            id.clone().into()
        }
        Some(_) => {
            return Err(Fault::invalid(
                "id is neither a number nor a string, which are accepted",
            ));
        }
    };
    Ok(Said {
        id,
        start,
        end,
        text: text.to_owned(),
        speaker: speaker.to_owned(),
    })
}

/// Faults: `Invalid` for a name that is longer than names are.
fn name(field: &str, value: &str) -> Result<(), Fault> {
    let (chars, most) = (value.chars().count(), limits::NAME_CHARS_MAX);
    match chars > most {
        true => Err(Fault::invalid(format!(
            "{field} has {chars} characters; at most {most} are accepted"
        ))),
        false => Ok(()),
    }
}

/// Voices by speaker.
fn voice_map(json: Option<&str>) -> Result<BTreeMap<String, String>, Fault> {
    let Some(json) = json.filter(|json| !json.trim().is_empty()) else {
        return Ok(BTreeMap::new());
    };
    let wrong = |e| {
        Fault::invalid(format!(
            "voice_map is no JSON object of speakers and the ids of their voices: {e}"
        ))
    };
    let map: Option<BTreeMap<String, String>> = serde_json::from_str(json).map_err(wrong)?;
    let map = map.unwrap_or_default();
    let (count, most) = (map.len(), limits::SPEAKERS_MAX);
    match count > most {
        true => Err(Fault::invalid(format!(
            "voice_map has {count} speakers; at most {most} are accepted"
        ))),
        false => Ok(map),
    }
}

/// The language of the lines: the one that is asked for, else that of the first voice, else English. Faults: `Invalid` for one
/// that the API does not dub into and no voice of this box speaks.
fn language(
    asked: Option<&str>,
    voice_map: &BTreeMap<String, String>,
    speaking: Option<&Speaking>,
) -> Result<String, Fault> {
    let Some(code) = asked.and_then(code) else {
        let first = voice_map.values().next();
        let voice = first.and_then(|id| speaking?.spoken(id).ok());
        return Ok(voice.map_or("en".to_owned(), |voice| voice.first.language.clone()));
    };
    let is_spoken = speaking.is_some_and(|s| s.voices_of(&code).next().is_some());
    match TARGETS.contains(&code.as_str()) || is_spoken {
        true => Ok(code),
        false => Err(Fault::invalid(format!(
            "target_language is none of {}, and no voice of this box speaks it",
            TARGETS.join(", ")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(list: Value) -> String {
        segments(Some(&list.to_string())).unwrap_err().sentence
    }

    #[test]
    fn lines_are_in_order_and_named_once() {
        let line = |start: f64, end: f64, id: i32| json!({ "start": start, "end": end, "text": "a", "id": id });
        let fine = json!([line(0.0, 1.0, 1), line(1.0, 2.0, 2)]);
        let read = segments(Some(&fine.to_string())).unwrap();
        assert_eq!((read[1].start, read[1].speaker.as_str()), (1.0, SPEAKER));
        assert!(why(json!([])).contains("1 to"));
        assert!(why(json!({})).contains("not an array"));
        assert!(why(json!([1])).contains("segments[0] is not an object"));
        assert!(why(json!([line(1.0, 2.0, 1), line(0.0, 1.0, 2)])).contains("segments[1].start"));
        assert!(why(json!([line(0.0, 1.5, 1), line(1.0, 2.0, 2)])).contains("ends at 1.5"));
        assert!(why(json!([line(0.0, 1.0, 1), line(1.0, 2.0, 1)])).contains("segments[1].id is 1"));
        assert!(why(json!([line(2.0, 1.0, 1)])).contains("segments[0].end is 1"));
        assert!(why(json!([line(-1.0, 1.0, 1)])).contains("segments[0].start"));
        assert!(why(json!([{ "start": 0.0, "end": 1.0 }])).contains("text is missing"));
        assert!(
            segments(Some("["))
                .unwrap_err()
                .sentence
                .contains("not valid JSON")
        );
        assert!(segments(None).unwrap_err().sentence.contains("missing"));
    }

    #[test]
    fn voices_are_strings_by_speaker() {
        assert!(voice_map(Some("")).unwrap().is_empty());
        assert!(voice_map(Some("null")).unwrap().is_empty());
        assert_eq!(voice_map(Some(r#"{"a":"b"}"#)).unwrap()["a"], "b");
        for wrong in ["[]", r#"{"a":1}"#, "{"] {
            assert!(
                voice_map(Some(wrong))
                    .unwrap_err()
                    .sentence
                    .starts_with("voice_map")
            );
        }
    }
}

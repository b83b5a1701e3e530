//! `POST /voice/dub/render`: a recording or a video and its lines in another language → a job that makes the same file
//! with these lines spoken.

use std::collections::{BTreeMap, HashSet};

use schemars::JsonSchema;

use super::dub::{TakenJob, check_room, dubbing, intake, new_file};
use super::form::{Form, file_schema, on};
use super::languages::{TARGETS, code};
use super::message::Body;
use super::request::{
    BoundedList, BoundedNumber, BoundedText, FieldValue, LineId, SegmentSeconds, form_field, item,
    request,
};
use super::sound_fields::audio_track;
use super::{Call, Context, Reply};
use crate::admit::key::Identity;
use crate::audio::encode::Codec;
use crate::dub::request::{RenderRecord, RenderRequest, ScriptLine};
use crate::fault::Fault;
use crate::limits;
use crate::services::voices::VoiceCatalog;
use crate::store::{Job, JobKind};

/// The speaker of a line without a `speaker`.
const SPEAKER: &str = "SPEAKER_00";
/// Seconds by which a line may overlap the next, because clients round times.
const TOUCH_S: f64 = 0.001;

/// A recording or a video, and its lines in another language.
#[derive(JsonSchema)]
pub struct RenderForm {
    /// The file that was analyzed.
    #[schemars(schema_with = "file_schema")]
    file: Body,
    #[schemars(with = "BoundedList<LineFields, 1, { limits::SEGMENTS_MAX }>")]
    segments: Vec<ScriptLine>,
    #[schemars(default, extend("maxProperties" = limits::SPEAKERS_MAX))]
    voice_map: BTreeMap<String, String>,
    /// The language of the lines.
    #[schemars(with = "Option<String>")]
    target_language: String,
    /// Whether the original sound is kept, quieter under the lines.
    #[schemars(default = "on")]
    keep_background: bool,
    /// Codec of the film's new sound.
    #[schemars(with = "Option<String>")]
    audio_codec: Codec,
    /// The number of the sound track to replace, from 1 on, as in the analysis; the others stay.
    #[schemars(range(min = 1, max = { limits::MOVIE_TRACKS_MAX }))]
    audio_track: Option<usize>,
}

request! {
    /// A line to speak.
    pub struct LineFields {
        /// Seconds from the start of the file.
        start: BoundedNumber<SegmentSeconds>,
        /// Seconds from the start of the file; greater than `start`.
        end: BoundedNumber<SegmentSeconds>,
        text: BoundedText<{ limits::SEGMENT_CHARS_MAX }>,
        #[schemars(extend("default" = SPEAKER))]
        speaker: Option<BoundedText<{ limits::NAME_CHARS_MAX }>>,
        /// The client's name for the line; by default the line's number.
        id: Option<LineId>,
    }
}

impl RenderForm {
    /// Faults: `Invalid` for a field that is not accepted.
    fn read(mut form: Form, catalog: &VoiceCatalog) -> Result<Self, Fault> {
        let segments = read_segments(form.text("segments"))?;
        let voice_map = voice_map(form.text("voice_map"))?;
        Ok(RenderForm {
            keep_background: form.boolean("keep_background", on())?,
            audio_codec: Codec::parse(form.text("audio_codec").unwrap_or_default())?,
            target_language: language(form.text("target_language"), &voice_map, catalog)?,
            audio_track: audio_track(&form)?,
            file: form.take_file()?,
            segments,
            voice_map,
        })
    }
}

/// As [`super::dub::check_head`], for the original and a film of about the same size.
pub fn check_head(context: &Context, identity: &Identity, declared: u64) -> Result<(), Fault> {
    check_room(context, identity, JobKind::Render, 2 * declared)
}

/// Accepts a job that renders. Faults: `Invalid` for a field out of its bounds or a file that cannot be read,
/// `NotFound` for an unknown voice, `Missing` without the packs that a render needs, `Busy` if the server already keeps
/// as many jobs as allowed.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let _intake = intake(context, call)?;
    let form = Form::of_long(call, &context.spool_dir, "segments")?;
    let RenderForm {
        file,
        segments,
        voice_map,
        target_language: language,
        keep_background,
        audio_codec,
        audio_track,
    } = RenderForm::read(form, &context.voices)?;
    let identity = call.identity()?;
    let account = identity.account.id;
    let none = || Fault::missing("No engine for speech is installed on this server.");
    let dubbing = dubbing(context)?;
    dubbing
        .voices()
        .ok_or_else(none)?
        .check(account, &segments, &voice_map, &language)?;
    let record = RenderRecord {
        target_language: &language,
        keep_background,
    };
    let record = serde_json::to_value(record).map_err(Fault::internal)?;
    // The original and a film of about the same size; the job reserves the exact size when it starts.
    let bytes = 2 * file.len();
    let job = Job::new(JobKind::Render, &identity.key.name, record, bytes);
    let request = RenderRequest {
        segments,
        voice_map,
        language,
        keep_background,
        audio_codec,
        audio_track,
    };
    let id = job.job_id;
    dubbing.submit_render(account, job, new_file(file), &request)?;
    Reply::json(&TakenJob { job_id: id })
}

/// The checked lines of the form field `segments`.
pub(super) fn read_segments(json: Option<&str>) -> Result<Vec<ScriptLine>, Fault> {
    segments(form_field::<
        BoundedList<LineFields, 1, { limits::SEGMENTS_MAX }>,
    >("segments", json)?)
}

/// Checks each line, that the lines are in order, and that those of one speaker do not overlap.
fn segments(list: Vec<FieldValue<LineFields>>) -> Result<Vec<ScriptLine>, Fault> {
    let mut all: Vec<ScriptLine> = Vec::with_capacity(list.len());
    let mut ids = HashSet::new();
    // Lines that are not over: they are mixed.
    let mut open: Vec<(String, f64)> = Vec::new();
    for (at, given) in list.into_iter().enumerate() {
        let said = item("segments", at, given, |fields| segment(fields, at))?;
        if !ids.insert(said.id.to_string()) {
            return Err(Fault::invalid(format!(
                "segments[{at}].id is {}, as that of another segment is",
                said.id
            )));
        }
        open.retain(|(_, end_s)| said.start_s < end_s - TOUCH_S);
        if let Some((_, end_s)) = open.iter().find(|(speaker, _)| *speaker == said.speaker) {
            return Err(Fault::invalid(format!(
                "segments[{at}].start is {}, before the segment ahead of it ends at {end_s}",
                said.start_s
            )));
        }
        if let Some(before) = all.last().filter(|before| said.start_s < before.start_s) {
            return Err(Fault::invalid(format!(
                "segments[{at}].start is {}, before the segment ahead of it starts at {}",
                said.start_s, before.start_s
            )));
        }
        if open.len() == limits::SEGMENTS_AT_ONCE_MAX {
            return Err(Fault::invalid(format!(
                "segments[{at}] is spoken while {} others are; at most {} are mixed",
                open.len(),
                limits::SEGMENTS_AT_ONCE_MAX
            )));
        }
        open.push((said.speaker.clone(), said.end_s));
        all.push(said);
    }
    Ok(all)
}

fn segment(fields: LineFields, at: usize) -> Result<ScriptLine, Fault> {
    let (start, end) = (fields.start.take()?, fields.end.take()?);
    if end <= start {
        return Err(Fault::invalid(format!(
            "end is {end}; more than its start, {start}, is accepted"
        )));
    }
    let text = fields.text.take()?.into_string();
    let speaker = fields.speaker.take()?;
    Ok(ScriptLine {
        start_s: start,
        end_s: end,
        text,
        speaker: speaker.map_or(SPEAKER.to_owned(), BoundedText::into_string),
        id: fields.id.take()?.unwrap_or(at.into()),
    })
}

/// Voices by speaker. All entries are parsed before they are counted: the field has at most `FORM_FIELD_BYTES_MAX`
/// bytes.
pub(super) fn voice_map(json: Option<&str>) -> Result<BTreeMap<String, String>, Fault> {
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

/// The language of the lines: the requested one, else that of the first voice in `voice_map`, else English. Faults:
/// `Invalid` for a language that is no target of the API and that no voice of this server speaks.
fn language(
    asked: Option<&str>,
    voice_map: &BTreeMap<String, String>,
    catalog: &VoiceCatalog,
) -> Result<String, Fault> {
    let Some(code) = asked.and_then(code) else {
        let first = voice_map.values().next();
        // A clone reads several languages, so it implies none: `resolve` without an account finds no clones.
        let voice = first.and_then(|id| catalog.resolve(None, id, None).ok());
        return Ok(voice.map_or("en".to_owned(), |voice| voice.reader.language.clone()));
    };
    let is_spoken = catalog.reading(&code).next().is_some();
    match TARGETS.contains(&code.as_str()) || is_spoken {
        true => Ok(code),
        false => Err(Fault::invalid(format!(
            "target_language is none of {}, and no voice of this server speaks it",
            TARGETS.join(", ")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn why(list: Value) -> String {
        read_segments(Some(&list.to_string())).unwrap_err().sentence
    }

    #[test]
    fn lines_are_in_order_and_named_once() {
        let line = |start: f64, end: f64, id: i32| json!({ "start": start, "end": end, "text": "a", "id": id });
        let fine = json!([line(0.0, 1.0, 1), line(1.0, 2.0, 2)]);
        let read = read_segments(Some(&fine.to_string())).unwrap();
        assert_eq!((read[1].start_s, read[1].speaker.as_str()), (1.0, SPEAKER));
        assert!(why(json!([])).contains("1 to"));
        assert!(why(json!({})).contains("not an array"));
        assert!(why(json!([1])).contains("segments[0] is not an object"));
        assert!(why(json!([line(1.0, 2.0, 1), line(0.0, 1.0, 2)])).contains("segments[1].start"));
        assert!(why(json!([line(0.0, 1.5, 1), line(1.0, 2.0, 2)])).contains("ends at 1.5"));
        assert!(why(json!([line(0.0, 1.0, 1), line(1.0, 2.0, 1)])).contains("segments[1].id is 1"));
        assert!(why(json!([line(2.0, 1.0, 1)])).contains("segments[0].end is 1"));
        // Speakers may interrupt each other, in order and not all at once.
        let by = |start: f64, end: f64, speaker: String| json!({ "start": start, "end": end, "text": "a", "speaker": speaker });
        let two = json!([
            by(0.0, 3.0, "a".into()),
            by(1.0, 2.0, "b".into()),
            by(3.0, 4.0, "a".into())
        ]);
        assert_eq!(read_segments(Some(&two.to_string())).unwrap().len(), 3);
        let back = json!([by(1.0, 3.0, "a".into()), by(0.5, 2.0, "b".into())]);
        assert!(why(back).contains("before the segment ahead of it starts at 1"));
        let many = |count: usize| Value::from_iter((0..count).map(|n| by(0.0, 9.0, n.to_string())));
        let most = limits::SEGMENTS_AT_ONCE_MAX;
        assert!(read_segments(Some(&many(most).to_string())).is_ok());
        assert!(why(many(most + 1)).contains("are mixed"));
        assert!(why(json!([line(-1.0, 1.0, 1)])).contains("segments[0].start"));
        assert!(why(json!([{ "start": 0.0, "end": 1.0 }])).contains("text is missing"));
        assert!(
            read_segments(Some("["))
                .unwrap_err()
                .sentence
                .contains("not valid JSON")
        );
        assert!(
            read_segments(None)
                .unwrap_err()
                .sentence
                .contains("missing")
        );
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

//! `POST /voice/dub/render`: a recording or a video, and its lines in another language.

use std::collections::{BTreeMap, HashSet};

use schemars::JsonSchema;

use crate::form::{Form, file_schema, on};
use crate::json::{
    BoundedList, BoundedNumber, BoundedText, FieldValue, LineId, SegmentSeconds, form_field, item,
    request,
};
use crate::sound_fields::audio_track;
use vocabox_audio::encode::Codec;
use vocabox_base::fault::Fault;
use vocabox_base::limits;
use vocabox_edge::message::Body;
use vocabox_text::script_line::ScriptLine;

/// The speaker of a line without a `speaker`.
const SPEAKER: &str = "SPEAKER_00";
/// Seconds by which a line may overlap the next, because clients round times.
const TOUCH_S: f64 = 0.001;

/// A recording or a video, and its lines in another language.
#[derive(JsonSchema)]
pub struct RenderForm {
    /// The file that was analyzed.
    #[schemars(schema_with = "file_schema")]
    pub file: Body,
    #[schemars(with = "BoundedList<LineFields, 1, { limits::SEGMENTS_MAX }>")]
    pub segments: Vec<ScriptLine>,
    #[schemars(default, extend("maxProperties" = limits::SPEAKERS_MAX))]
    pub voice_map: BTreeMap<String, String>,
    /// The language of the lines.
    #[schemars(with = "Option<String>")]
    pub target_language: String,
    /// Whether the original sound is kept, quieter under the lines.
    #[schemars(default = "on")]
    pub keep_background: bool,
    /// Codec of the film's new sound.
    #[schemars(with = "Option<String>")]
    pub audio_codec: Codec,
    /// The number of the sound track to replace, from 1 on, as in the analysis; the others stay.
    #[schemars(range(min = 1, max = { limits::MOVIE_TRACKS_MAX }))]
    pub audio_track: Option<usize>,
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
    /// Reads a form; `language` finds the language of the lines by the field `target_language` and the voices by speaker.
    /// Faults: `Invalid` for a field that is not accepted, and those of `language`.
    pub fn read(
        mut form: Form,
        language: impl FnOnce(Option<&str>, &BTreeMap<String, String>) -> Result<String, Fault>,
    ) -> Result<Self, Fault> {
        let segments = read_segments(form.text("segments"))?;
        let voice_map = voice_map(form.text("voice_map"))?;
        Ok(RenderForm {
            keep_background: form.boolean("keep_background", on())?,
            audio_codec: Codec::parse(form.text("audio_codec").unwrap_or_default())?,
            target_language: language(form.text("target_language"), &voice_map)?,
            audio_track: audio_track(&form)?,
            file: form.take_file()?,
            segments,
            voice_map,
        })
    }
}

/// The checked lines of the form field `segments`.
pub(crate) fn read_segments(json: Option<&str>) -> Result<Vec<ScriptLine>, Fault> {
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
pub(crate) fn voice_map(json: Option<&str>) -> Result<BTreeMap<String, String>, Fault> {
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

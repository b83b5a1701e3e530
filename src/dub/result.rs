//! What comes of a job, as `GET /voice/dub/jobs/{job_id}` gives it. Its JSON is a file of the job.
//!
//! Fields are in the order of their names, as in all answers. Times are seconds from the start of the file, to a millisecond.

use std::iter::zip;

use schemars::JsonSchema;
use serde::Serialize;

use super::analyze::Analysis;
use super::lines::TranscriptLine;
use super::render::{Rendered, RenderedLine};
use super::request::{LineName, ScriptLine};
use crate::audio::HeardTrack;
use crate::engine::contract::{Word, millis};
use crate::engine::diarization;
use crate::store::JobId;

/// What came of a job.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum JobResult {
    Analysis(AnalysisResult),
    Render(RenderResult),
}

/// Who says what, when.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AnalysisResult {
    /// The number of the sound track among those of the file, from 1 on.
    audio_track: usize,
    /// Whether speakers were told apart.
    diarized: bool,
    duration_seconds: f64,
    /// The language that is spoken.
    language: String,
    /// In order, not overlapping.
    segments: Vec<AnalyzedSegment>,
    /// All who speak, in the order in which they begin.
    speakers: Vec<String>,
}

/// What one speaker says in one go.
#[derive(Debug, Serialize, JsonSchema)]
struct AnalyzedSegment {
    end: f64,
    /// Its number among the segments.
    id: usize,
    language: String,
    speaker: String,
    start: f64,
    text: String,
    /// The same in English, where the recognizer wrote that too.
    #[serde(skip_serializing_if = "Option::is_none")]
    text_en: Option<String>,
    words: Vec<AnalyzedWord>,
}

/// A word of a segment.
#[derive(Debug, Serialize, JsonSchema)]
struct AnalyzedWord {
    end: f64,
    start: f64,
    word: String,
}

/// The file that speaks another language.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RenderResult {
    audio_url: String,
    duration_seconds: f64,
    /// Lines that were taken from earlier renders.
    lines_reused: usize,
    lines_spoken: usize,
    /// As they were sent.
    segments: Vec<RenderedSegment>,
    subtitles_url: String,
    /// None where the file has no picture.
    video_url: Option<String>,
}

/// A line that was sent, and what became of it.
#[derive(Debug, Serialize, JsonSchema)]
struct RenderedSegment {
    end: f64,
    /// How long the line is at its own pace, as a part of its room.
    fit_ratio: f64,
    id: LineName,
    speaker: String,
    spoken_end: f64,
    spoken_start: f64,
    start: f64,
    text: String,
    /// Whether its end, or all of it, is missing.
    truncated: bool,
    /// None where nothing of it could be spoken.
    voice_id: Option<String>,
}

impl AnalysisResult {
    /// Of an analysis of this sound track, in which speakers were told apart, or not.
    pub fn of(analysis: Analysis, track: &HeardTrack, diarized: bool) -> Self {
        let Analysis {
            language,
            seconds,
            lines,
            speakers,
        } = analysis;
        let lines = lines.into_iter().enumerate();
        AnalysisResult {
            audio_track: track.number,
            diarized,
            duration_seconds: millis(seconds),
            segments: lines
                .map(|(id, l)| analyzed(id, l, &language, &speakers))
                .collect(),
            language,
            speakers,
        }
    }
}

fn analyzed(
    id: usize,
    line: TranscriptLine,
    language: &str,
    speakers: &[String],
) -> AnalyzedSegment {
    let speaker = speakers.get(line.speaker).cloned();
    let word = |word: Word| AnalyzedWord {
        end: millis(word.end_s),
        start: millis(word.start_s),
        word: word.text,
    };
    AnalyzedSegment {
        end: millis(line.segment.end_s),
        id,
        language: language.to_owned(),
        speaker: speaker.unwrap_or_else(|| diarization::name(line.speaker)),
        start: millis(line.segment.start_s),
        text: line.segment.text,
        text_en: line.english,
        words: line.segment.words.into_iter().map(word).collect(),
    }
}

impl RenderResult {
    /// Of these lines, what was `rendered` of them, and the job whose files it is in.
    pub fn of(segments: Vec<ScriptLine>, rendered: Rendered, id: JobId) -> Self {
        let url = |what: &str| format!("/voice/dub/jobs/{id}/{what}");
        let segments = zip(segments, rendered.lines).map(|(said, line)| segment(said, line));
        RenderResult {
            audio_url: url("audio"),
            duration_seconds: millis(rendered.seconds),
            lines_reused: rendered.counts.reused,
            lines_spoken: rendered.counts.spoken,
            segments: segments.collect(),
            subtitles_url: url("subtitles"),
            video_url: rendered.has_picture.then(|| url("video")),
        }
    }
}

fn segment(said: ScriptLine, line: RenderedLine) -> RenderedSegment {
    RenderedSegment {
        end: said.end_s,
        fit_ratio: millis(line.fit_ratio),
        id: said.id,
        speaker: said.speaker,
        spoken_end: millis(line.end_s),
        spoken_start: millis(line.start_s),
        start: said.start_s,
        text: said.text,
        truncated: line.truncated,
        voice_id: line.voice_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dub::line_speech::LineCounts;
    use crate::engine::contract::Segment;
    use serde_json::{Value, json};

    /// The JSON of a result, whose fields are in the order of their names.
    fn json_of(result: &JobResult) -> Value {
        let tree = serde_json::to_value(result).unwrap();
        assert_eq!(serde_json::to_string(result).unwrap(), tree.to_string());
        tree
    }

    #[test]
    fn an_analysis_says_who_says_what_when() {
        let line = |english: Option<&str>| TranscriptLine {
            segment: Segment {
                start_s: 0.12345,
                end_s: 2.0,
                text: "Olá.".to_owned(),
                words: vec![Word {
                    text: "Olá.".to_owned(),
                    start_s: 0.12345,
                    end_s: 2.0,
                }],
                ..Segment::default()
            },
            speaker: 1,
            english: english.map(str::to_owned),
        };
        let analysis = Analysis {
            language: "pt".to_owned(),
            seconds: 2.5,
            lines: vec![line(Some("Hello.")), line(None)],
            speakers: vec!["SPEAKER_01".to_owned()],
        };
        let track = HeardTrack {
            number: 2,
            count: 3,
            id: 5,
            alike: vec![2],
            language: None,
        };
        let told = json_of(&JobResult::Analysis(AnalysisResult::of(
            analysis, &track, true,
        )));
        assert_eq!(told["audio_track"], 2);
        let first = json!({
            "end": 2.0, "id": 0, "language": "pt", "speaker": "SPEAKER_01", "start": 0.123, "text": "Olá.",
            "text_en": "Hello.", "words": [{ "end": 2.0, "start": 0.123, "word": "Olá." }],
        });
        assert_eq!(told["segments"][0], first);
        assert_eq!(told["segments"][1]["id"], 1);
        assert!(told["segments"][1].get("text_en").is_none());
        assert_eq!(
            (&told["diarized"], &told["duration_seconds"]),
            (&json!(true), &json!(2.5))
        );
    }

    #[test]
    fn a_render_says_what_became_of_each_line() {
        let line = |id: LineName| ScriptLine {
            id,
            start_s: 1.0,
            end_s: 2.0,
            text: "Hi.".to_owned(),
            speaker: "a".to_owned(),
        };
        let spoken = |voice_id: Option<&str>| RenderedLine {
            voice_id: voice_id.map(str::to_owned),
            fit_ratio: 0.98765,
            truncated: false,
            start_s: 1.0,
            end_s: 1.98765,
        };
        let rendered = Rendered {
            seconds: 3.0,
            has_picture: false,
            lines: vec![spoken(Some("af_heart")), spoken(None)],
            counts: LineCounts {
                spoken: 1,
                reused: 0,
            },
        };
        let lines = vec![line(7_usize.into()), line(LineName::Text("7".to_owned()))];
        let id = JobId::new();
        let told = json_of(&JobResult::Render(RenderResult::of(lines, rendered, id)));
        let first = json!({
            "end": 2.0, "fit_ratio": 0.988, "id": 7, "speaker": "a", "spoken_end": 1.988, "spoken_start": 1.0,
            "start": 1.0, "text": "Hi.", "truncated": false, "voice_id": "af_heart",
        });
        assert_eq!(told["segments"][0], first);
        assert_eq!(
            (&told["segments"][1]["id"], &told["segments"][1]["voice_id"]),
            (&json!("7"), &Value::Null)
        );
        assert_eq!(told["audio_url"], format!("/voice/dub/jobs/{id}/audio"));
        assert_eq!(told["video_url"], Value::Null);
    }
}

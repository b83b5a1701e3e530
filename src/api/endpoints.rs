//! The only list of endpoints: a new one is its file, what it reads of a body in the crate `request`, and its row here.

use super::call::PLAIN_TEXT;
use super::openai::transcript_answers::OpenAiTranscriptAnswer;
use super::openai::{models as named_models, speech, transcriptions, voices as named_voices};
use super::timed_speech::{TimedSpeechAnswer, TimedSpeechQuery, WordsQuery};
use super::{BodyKind, Endpoint};
use super::{admin_accounts, admin_keys};
use super::{clone, dub, dub_files, dub_jobs, dub_render, dub_translate, health, history, lexicon};
use super::{console, docs_page, metrics_page, models, openapi};
use super::{preview, realtime, speakers, stt, tts, tts_stream, voices};
use crate::audio::encode::Format;
use crate::capability::Capability::{Diarize, Speak, Transcribe, Translate};
use crate::limits;
use crate::request::analysis::AnalyzeForm;
use crate::request::cloning::CloneForm;
use crate::request::lexicon::LexiconFields;
use crate::request::named_speaker::SpeakerForm;
use crate::request::openai_speech::OpenAiSpeechFields;
use crate::request::openai_transcription::{OpenAiTranscriptionForm, OpenAiTranslationForm};
use crate::request::operator::{AccountChangeFields, NewAccountFields, NewKeyFields};
use crate::request::render::RenderForm;
use crate::request::speech::SpeechFields;
use crate::request::transcription::TranscribeForm;
use crate::request::translation::TranslateFields;
use crate::text::subtitles::SubtitleFormat;

/// Media types of answers that are not JSON.
const SOUND: &[&str] = &Format::CONTENT_TYPES;
const WAV: &[&str] = &["audio/wav"];
const SUBTITLES: &[&str] = &SubtitleFormat::CONTENT_TYPES;
const TEXTS: &[&str] = &[PLAIN_TEXT, SUBTITLES[0], SUBTITLES[1]];

/// Every endpoint of the server.
#[rustfmt::skip]
pub const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("tts", "/voice/tts", tts::handle)
        .about("speak a text")
        .example(r#"{"text": "Good morning.", "voice_id": "af_heart"}"#).sends(SOUND)
        .entitled().query::<TimedSpeechQuery>().json::<SpeechFields>().needs(Speak).answers::<TimedSpeechAnswer>().also(&[404]),
    Endpoint::post(tts_stream::TTS_STREAM, "/voice/tts/stream", tts_stream::handle)
        .about("speak a text, sent while it is made")
        .example(r#"{"text": "Good morning.", "voice_id": "bf_emma", "speed": 1.1}"#).sends(SOUND).sends_events()
        .entitled().query::<TimedSpeechQuery>().json::<SpeechFields>().needs(Speak).also(&[404]),
    Endpoint::post("stt", "/voice/stt", stt::handle)
        .about("transcribe a recording")
        .example(r#"{"language": "en", "response_format": "json"}"#).sends(TEXTS)
        .entitled().form::<TranscribeForm>(BodyKind::Audio).needs(Transcribe).answers::<stt::TranscribeAnswer>(),
    Endpoint::post("clone", "/voice/clone", clone::handle)
        .about("make a voice from a recording")
        .example(r#"{"name": "The reader"}"#)
        .entitled().form::<CloneForm>(BodyKind::Audio).needs(Diarize)
        .answers::<clone::CloneAnswer>().checks_head(clone::check_head),
    Endpoint::post("dub_analyze", "/voice/dub/analyze", dub::analyze)
        .about("job: who says what, and when")
        .example(r#"{"language": "en", "diarize": "true"}"#)
        .entitled().form::<AnalyzeForm>(BodyKind::Video).answers::<dub::TakenJob>()
        .checks_head(dub::check_head).deadline_s(limits::INTAKE_SECONDS_MAX),
    Endpoint::post("dub_translate", "/voice/dub/translate", dub_translate::handle)
        .about("translate segments")
        .example(r#"{"segments": [{"start": 0, "end": 2, "text": "Good morning."}], "target_language": "en"}"#)
        .entitled().json::<TranslateFields>().needs(Translate).answers::<dub_translate::TranslateAnswer>(),
    Endpoint::post("dub_render", "/voice/dub/render", dub_render::handle)
        .about("job: the same file in another language")
        .example(r#"{"segments": "[{\"start\": 0, \"end\": 2, \"text\": \"Good morning.\"}]", "target_language": "en"}"#)
        .entitled().form::<RenderForm>(BodyKind::Video).answers::<dub::TakenJob>()
        .checks_head(dub_render::check_head).deadline_s(limits::INTAKE_SECONDS_MAX).also(&[404]),
    Endpoint::get("dub_jobs", "/voice/dub/jobs", dub_jobs::list)
        .about("the account's jobs")
        .entitled().query::<dub_jobs::JobsQuery>().answers::<dub_jobs::JobsAnswer>().also(&[400]),
    Endpoint::get("dub_job", "/voice/dub/jobs/{job_id}", dub::job)
        .about("progress and result of a job")
        .entitled().free().answers::<dub::JobAnswer>().also(&[404]),
    Endpoint::delete("dub_job_delete", "/voice/dub/jobs/{job_id}", dub::delete)
        .about("stop a job, delete its files")
        .entitled().answers::<dub::DeletedJob>().also(&[404]),
    Endpoint::get("dub_video", "/voice/dub/jobs/{job_id}/video", dub_files::video)
        .about("the dubbed film").sends(dub_files::FILM_TYPES)
        .entitled().also(&[206, 404, 416]),
    Endpoint::get("dub_audio", "/voice/dub/jobs/{job_id}/audio", dub_files::audio)
        .about("the film's sound as a WAV file").sends(WAV)
        .entitled().also(&[206, 404, 416]),
    Endpoint::get("dub_subtitles", "/voice/dub/jobs/{job_id}/subtitles", dub_files::subtitles)
        .about("the film's lines as SRT or WebVTT").sends(SUBTITLES)
        .entitled().query::<dub_files::SubtitlesQuery>().also(&[206, 400, 404, 416]),
    Endpoint::get("voices", "/voice/voices", voices::handle)
        .about("voices and languages")
        .query::<voices::VoicesQuery>().answers::<voices::VoicesAnswer>(),
    // The preview exists in nearly all cases; the handler takes a place only if it has to make one.
    Endpoint::get("voice_preview", "/voice/voices/{voice_id}/preview", preview::handle)
        .about("a sample of a voice").sends(WAV)
        .deadline_s(limits::SPEAK_SECONDS_MAX).also(&[404, 502]),
    Endpoint::delete("voice_delete", "/voice/voices/{voice_id}", voices::delete)
        .about("delete a cloned voice")
        .answers::<voices::DeletedVoice>().also(&[400, 404]),
    Endpoint::get("models", "/voice/models", models::handle)
        .about("packs in use, their licences").answers::<models::PacksAnswer>(),
    Endpoint::get("lexicon", "/voice/lexicon", lexicon::handle)
        .about("pronunciations of the account").answers::<lexicon::LexiconAnswer>(),
    Endpoint::put("lexicon_put", "/voice/lexicon", lexicon::put)
        .about("replace the pronunciations")
        .example(r#"{"entries": [{"word": "Lagos", "phonemes": "lˈeɪɡɑs"}]}"#)
        .lexicon::<LexiconFields>().answers::<lexicon::LexiconAnswer>(),
    Endpoint::delete("lexicon_delete", "/voice/lexicon", lexicon::delete)
        .about("delete the pronunciations").answers::<lexicon::DeletedLexicon>(),
    Endpoint::get("speakers", "/voice/speakers", speakers::handle)
        .about("named speakers of the account").answers::<speakers::SpeakersAnswer>(),
    Endpoint::put("speakers_put", "/voice/speakers", speakers::put)
        .about("name a speaker")
        .example(r#"{"name": "The reader"}"#)
        .entitled().form::<SpeakerForm>(BodyKind::Audio).needs(Diarize).answers::<speakers::SpeakerAnswer>(),
    Endpoint::delete("speakers_delete", "/voice/speakers/{speaker_id}", speakers::delete)
        .about("delete a named speaker")
        .answers::<speakers::DeletedSpeaker>().also(&[404]),
    Endpoint::get("history", "/voice/history", history::list)
        .about("what the account has generated")
        .query::<history::HistoryQuery>().answers::<history::HistoryAnswer>().also(&[400]),
    Endpoint::delete("history_delete", "/voice/history/{item_id}", history::delete)
        .about("delete an item of the history")
        .answers::<history::DeletedItem>().also(&[404]),
    Endpoint::post(speech::SPEECH, "/v1/audio/speech", speech::handle)
        .about("speech, sent while it is made")
        .example(r#"{"model": "tts-1", "input": "Good morning.", "voice": "nova"}"#).sends(SOUND).sends_events()
        .entitled().query::<WordsQuery>().json::<OpenAiSpeechFields>().needs(Speak),
    Endpoint::post(transcriptions::TRANSCRIPTIONS, "/v1/audio/transcriptions", transcriptions::transcribe)
        .about("the text of a recording, whole or while it is heard")
        .example(r#"{"model": "whisper-1", "language": "en"}"#).sends(TEXTS).sends_events()
        .entitled().form::<OpenAiTranscriptionForm>(BodyKind::Audio).needs(Transcribe)
        .answers::<OpenAiTranscriptAnswer>(),
    Endpoint::post("openai_translations", "/v1/audio/translations", transcriptions::translate)
        .about("the text of a recording in English")
        .example(r#"{"model": "whisper-1"}"#).sends(TEXTS)
        .entitled().form::<OpenAiTranslationForm>(BodyKind::Audio).needs(Transcribe)
        .answers::<OpenAiTranscriptAnswer>(),
    Endpoint::get("openai_models", "/v1/models", named_models::list)
        .about("the packs in use, and names of OpenAI's, which are accepted").catalog().answers::<named_models::ModelsAnswer>(),
    Endpoint::get("openai_model", "/v1/models/{model_id}", named_models::one)
        .about("a model, or 404")
        .catalog().answers::<named_models::ModelRow>().also(&[404]),
    Endpoint::get("openai_audio_models", "/v1/audio/models", named_models::list)
        .about("the models, for Open WebUI")
        .catalog().answers::<named_models::ModelsAnswer>(),
    Endpoint::get("openai_voices", "/v1/audio/voices", named_voices::handle)
        .about("the voices")
        .catalog().answers::<named_voices::NamedVoicesAnswer>(),
    Endpoint::socket("realtime", "/v1/realtime", realtime::converse)
        .about("realtime transcription")
        .entitled().query::<realtime::RealtimeQuery>().needs(Transcribe),
    Endpoint::get("openapi", "/openapi.json", openapi::handle)
        .about("this API as OpenAPI 3.1")
        .open().answers::<openapi::OpenApiDocument>(),
    Endpoint::get("docs", "/docs", docs_page::handle)
        .about("a page to try the API")
        .open().sends(&["text/html"]),
    Endpoint::get("console", "/", console::page)
        .about("the console, a page for people")
        .open().sends(console::PAGE_TYPES).also(&[304]),
    Endpoint::get("console_file", "/console/{file}", console::file)
        .about("its other files")
        .open().sends(console::FILE_TYPES).also(&[304, 404]),
    Endpoint::get("healthz", "/healthz", health::live)
        .about("the process is alive").open().answers::<health::LiveAnswer>(),
    Endpoint::get("readyz", "/readyz", health::ready)
        .about("models loaded, store writable").open().answers::<health::ReadyAnswer>().also(&[503]),
    Endpoint::get("admin_accounts", "/admin/accounts", admin_accounts::list)
        .about("list the accounts").operator().answers::<admin_accounts::AccountsAnswer>(),
    Endpoint::post("admin_account_create", "/admin/accounts", admin_accounts::create)
        .about("create an account")
        .example(r#"{"name": "clinic", "rpm": 120}"#)
        .operator().json::<NewAccountFields>().answers::<admin_accounts::AccountRow>(),
    Endpoint::patch("admin_account_change", "/admin/accounts/{name}", admin_accounts::change)
        .about("change an account")
        .example(r#"{"rpm": 60, "expires": "2030-01-31T00:00:00Z", "quota_clones": "default"}"#)
        .operator().json::<AccountChangeFields>().answers::<admin_accounts::AccountRow>(),
    Endpoint::delete("admin_account_delete", "/admin/accounts/{name}", admin_accounts::delete)
        .about("delete an account and its keys")
        .operator().query::<admin_accounts::DeletionQuery>().answers::<admin_accounts::DeletedAccountAnswer>().also(&[400]),
    Endpoint::get("admin_keys", "/admin/keys", admin_keys::list)
        .about("list the keys")
        .operator().query::<admin_keys::KeysQuery>().answers::<admin_keys::KeysAnswer>(),
    Endpoint::post("admin_key_create", "/admin/keys", admin_keys::create)
        .about("create a key, shown this once")
        .example(r#"{"account": "clinic", "name": "ward 3"}"#)
        .operator().json::<NewKeyFields>().answers::<admin_keys::CreatedKeyAnswer>(),
    Endpoint::delete("admin_key_revoke", "/admin/keys/{key_id}", admin_keys::revoke)
        .about("revoke a key").operator().answers::<admin_keys::KeyRow>().also(&[400]),
    // It needs no key: `--metrics` says who may read it.
    Endpoint::get("metrics", "/metrics", metrics_page::handle)
        .about("counts and times").open().sends(metrics_page::PAGE_TYPES).also(&[403, 404]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::detail::ErrorAnswer;
    use schemars::{SchemaGenerator, schema_for};
    use serde_json::{Value, json};

    fn of(id: &str) -> &'static Endpoint {
        ENDPOINTS.iter().find(|e| e.id == id).unwrap()
    }

    /// The schema of what the endpoint `id` reads (of its body if it has one, else of its query), with references
    /// resolved.
    fn request(id: &str) -> Value {
        let mut generator = SchemaGenerator::default();
        let read = of(id).request.or(of(id).query).unwrap();
        let schema = read(&mut generator);
        let definitions = json!(generator.take_definitions(true));
        resolved(schema.as_value(), &definitions)
    }

    fn resolved(schema: &Value, definitions: &Value) -> Value {
        match schema {
            Value::Object(fields) => match fields.get("$ref").and_then(Value::as_str) {
                Some(named) => {
                    let name = named.rsplit('/').next().unwrap();
                    resolved(&definitions[name], definitions)
                }
                None => fields
                    .iter()
                    .map(|(k, v)| (k.clone(), resolved(v, definitions)))
                    .collect(),
            },
            Value::Array(items) => items.iter().map(|v| resolved(v, definitions)).collect(),
            other => other.clone(),
        }
    }

    #[test]
    fn every_endpoint_has_a_schema_of_its_json_and_of_its_body() {
        let not_json = [
            "tts_stream",
            "openai_speech",
            "dub_video",
            "dub_audio",
            "dub_subtitles",
            "voice_preview",
            "docs",
            "console",
            "console_file",
            "realtime",
            "metrics",
        ];
        for endpoint in ENDPOINTS {
            let is_json = !not_json.contains(&endpoint.id);
            assert_eq!(endpoint.answer.is_some(), is_json, "{}", endpoint.id);
            let has_body = endpoint.body != BodyKind::None;
            assert_eq!(endpoint.request.is_some(), has_body, "{}", endpoint.id);
            let all = [endpoint.query, endpoint.request, endpoint.answer];
            for schema in all.iter().flatten() {
                let mut generator = SchemaGenerator::default();
                let schema = schema(&mut generator);
                let named = schema.get("$ref").and_then(Value::as_str).unwrap();
                let definitions = generator.take_definitions(true);
                let whole = &definitions[named.rsplit('/').next().unwrap()];
                assert_eq!(whole["type"], "object", "{}", endpoint.id);
                assert!(whole["description"].is_string(), "{}", endpoint.id);
            }
        }
        assert_eq!(
            schema_for!(ErrorAnswer).get("required"),
            Some(&json!(["detail"]))
        );
    }

    /// A description of the API has one list of all schemas.
    #[test]
    fn the_schemas_of_all_endpoints_fit_together_and_every_field_has_a_type() {
        let mut generator = SchemaGenerator::default();
        for endpoint in ENDPOINTS {
            for schema in [endpoint.query, endpoint.request, endpoint.answer] {
                schema.map(|schema| schema(&mut generator));
            }
        }
        generator.subschema_for::<ErrorAnswer>();
        let (mut types, mut fields) = (0, 0);
        for (name, schema) in generator.take_definitions(true) {
            types += 1;
            // Of two types with one name the second gets a number.
            assert!(!name.ends_with(|c: char| c.is_ascii_digit()), "{name}");
            let properties = schema.get("properties").and_then(Value::as_object);
            for (field, told) in properties.into_iter().flatten() {
                fields += 1;
                let says = ["type", "$ref", "anyOf"].map(|key| told.get(key).is_some());
                assert!(says.contains(&true), "{name}.{field}: {told}");
            }
        }
        assert!(types > 25 && fields > 100, "{types} types, {fields} fields");
    }

    #[test]
    fn a_job_that_is_done_has_an_analysis_or_a_render() {
        let mut generator = SchemaGenerator::default();
        generator.subschema_for::<dub::JobAnswer>();
        let definitions = json!(generator.take_definitions(true));
        let schema = resolved(&definitions["JobAnswer"], &definitions);
        let result = &schema["properties"]["result"]["anyOf"];
        let fields = |of: &Value| of["properties"].as_object().map(|all| all.keys().count());
        assert_eq!(fields(&result[0]["anyOf"][0]), Some(6), "{schema}");
        let render = &result[0]["anyOf"][1]["properties"];
        assert_eq!(
            render["segments"]["items"]["required"]
                .as_array()
                .map(Vec::len),
            Some(9)
        );
        assert_eq!(result[1]["type"], "null");
    }

    #[test]
    fn the_bounds_of_schemas_are_those_of_the_limits() {
        let bounds = [
            ("tts", "/text/maxLength", json!(limits::TEXT_CHARS_MAX)),
            ("tts", "/speed/minimum", json!(limits::SPEED_MIN)),
            ("tts", "/speed/maximum", json!(limits::SPEED_MAX)),
            ("tts", "/stability/maximum", json!(1.0)),
            (
                "dub_translate",
                "/segments/maxItems",
                json!(limits::SEGMENTS_MAX),
            ),
            (
                "dub_translate",
                "/segments/items/properties/text/maxLength",
                json!(limits::SEGMENT_CHARS_MAX),
            ),
            (
                "dub_translate",
                "/segments/items/properties/text_en/maxLength",
                json!(limits::SEGMENT_CHARS_MAX),
            ),
            (
                "dub_translate",
                "/segments/items/properties/start/maximum",
                json!(limits::SEGMENT_SECONDS_MAX),
            ),
            ("dub_render", "/segments/minItems", json!(1)),
            (
                "dub_render",
                "/segments/maxItems",
                json!(limits::SEGMENTS_MAX),
            ),
            (
                "dub_render",
                "/segments/items/properties/end/maximum",
                json!(limits::SEGMENT_SECONDS_MAX),
            ),
            (
                "dub_render",
                "/segments/items/properties/speaker/maxLength",
                json!(limits::NAME_CHARS_MAX),
            ),
            (
                "dub_render",
                "/voice_map/maxProperties",
                json!(limits::SPEAKERS_MAX),
            ),
            ("clone", "/name/maxLength", json!(limits::NAME_CHARS_MAX)),
            (
                "clone",
                "/description/maxLength",
                json!(limits::CLONE_DESCRIPTION_CHARS_MAX),
            ),
            ("history", "/limit/maximum", json!(limits::HISTORY_PAGE_MAX)),
            (
                "history",
                "/offset/maximum",
                json!(limits::HISTORY_OFFSET_MAX),
            ),
        ];
        for (id, field, bound) in bounds {
            let schema = request(id);
            let told = schema["properties"].pointer(field);
            assert_eq!(told, Some(&bound), "{id}{field}: {schema}");
        }
        for (id, required) in [
            ("tts", json!(["text"])),
            ("dub_translate", json!(["segments", "target_language"])),
            ("dub_render", json!(["file", "segments"])),
            ("clone", json!(["file", "name"])),
            ("stt", json!(["file"])),
            ("history", Value::Null),
        ] {
            let mut told = request(id)["required"].clone();
            if let Value::Array(names) = &mut told {
                names.sort_by_key(|name| name.to_string());
            }
            assert_eq!(told, required, "{id}");
        }
    }

    #[test]
    fn a_row_says_how_long_its_work_may_take() {
        for (id, seconds) in [
            ("tts", limits::SPEAK_SECONDS_MAX),
            ("stt", limits::TRANSCRIBE_SECONDS_MAX),
            ("clone", limits::CLONE_SECONDS_WAIT_MAX),
            ("dub_translate", limits::TRANSLATE_SECONDS_MAX),
            ("voice_preview", limits::SPEAK_SECONDS_MAX),
            ("history", 30),
        ] {
            assert_eq!(of(id).deadline.as_secs(), seconds, "{id}");
        }
    }
}

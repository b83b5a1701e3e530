//! The only list of endpoints: a new one is its file (parse and render) and its row here.

use super::{BodyKind, Endpoint};
use super::{clone, dub, dub_files, dub_render, dub_translate, health, history, preview};
use super::{stt, tts, tts_stream, voices};
use crate::limits;

/// Every endpoint of the server.
#[rustfmt::skip]
pub const ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("tts", "/voice/tts", tts::handle)
        .entitled().json().speaks().also(&[404]),
    Endpoint::post("tts_stream", "/voice/tts/stream", tts_stream::handle)
        .entitled().json().speaks().also(&[404]),
    Endpoint::post("stt", "/voice/stt", stt::handle)
        .entitled().form(BodyKind::Audio).transcribes(),
    // What was cloned is spoken to be heard.
    Endpoint::post("clone", "/voice/clone", clone::handle)
        .entitled().form(BodyKind::Audio).speaks().deadline_s(limits::CLONE_SECONDS_WAIT_MAX),
    Endpoint::post("dub_analyze", "/voice/dub/analyze", dub::analyze)
        .entitled().form(BodyKind::Video),
    Endpoint::post("dub_translate", "/voice/dub/translate", dub_translate::handle)
        .entitled().json().translates(),
    Endpoint::post("dub_render", "/voice/dub/render", dub_render::handle)
        .entitled().form(BodyKind::Video).also(&[404]),
    Endpoint::get("dub_job", "/voice/dub/jobs/{job_id}", dub::job)
        .entitled().free().also(&[404]),
    Endpoint::delete("dub_job_delete", "/voice/dub/jobs/{job_id}", dub::delete)
        .entitled().also(&[404]),
    Endpoint::get("dub_video", "/voice/dub/jobs/{job_id}/video", dub_files::video)
        .entitled().also(&[206, 404, 416]),
    Endpoint::get("dub_audio", "/voice/dub/jobs/{job_id}/audio", dub_files::audio)
        .entitled().also(&[206, 404, 416]),
    Endpoint::get("dub_subtitles", "/voice/dub/jobs/{job_id}/subtitles", dub_files::subtitles)
        .entitled().also(&[206, 400, 404, 416]),
    Endpoint::get("voices", "/voice/voices", voices::handle),
    // Nearly always it was made before: it waits for a worker only where not.
    Endpoint::get("voice_preview", "/voice/voices/{voice_id}/preview", preview::handle)
        .deadline_s(limits::SPEAK_SECONDS_MAX).also(&[404, 502]),
    Endpoint::delete("voice_delete", "/voice/voices/{voice_id}", voices::delete).also(&[400, 404]),
    Endpoint::get("history", "/voice/history", history::list).also(&[400]),
    Endpoint::delete("history_delete", "/voice/history/{item_id}", history::delete).also(&[404]),
    Endpoint::get("healthz", "/healthz", health::live).open(),
    Endpoint::get("readyz", "/readyz", health::ready).open().also(&[503]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(id: &str) -> &'static Endpoint {
        ENDPOINTS.iter().find(|e| e.id == id).unwrap()
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

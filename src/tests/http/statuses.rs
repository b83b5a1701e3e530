//! Every status that an endpoint documents is reached, over a socket. Every answer in the suite is checked to have a
//! documented status (`support::client::check`).

use std::sync::OnceLock;
use std::thread;

use serde_json::json;
use tempfile::TempDir;
use vocabox::api::{Access, BodyKind, ENDPOINTS, Endpoint};

use crate::http::admin_statuses;
use crate::http::cloning::{self, cloning_models};
use crate::http::session_statuses::{self, key};
use crate::support::client::{Client, HttpAnswer};
use crate::support::raw;
use crate::support::server::{Server, bare_models, json as command, link, models, stub_models};

/// A server with stub engines, one without packs that accepts one wrong key a minute, and keys in every state.
struct House {
    server: Server,
    bare: Server,
    /// A server that clones, and one whose engine fails after it has measured its stock voices.
    cloning: Server,
    failing: Server,
    _models: [TempDir; 3],
    rendered: OnceLock<String>,
    good: Client,
    /// A key of an account that may not generate.
    suspended: Client,
}

impl House {
    fn open() -> House {
        let models = stub_models();
        // Dubbing needs the pack that embeds speakers.
        link(models.path(), "speaker-campplus");
        link(models.path(), "segmentation-pyannote");
        let server = Server::launch(models.path(), &[]);
        let (clones, fails) = (cloning_models(), cloning_models());
        let failing = cloning::launch(fails.path(), &[]);
        std::fs::write(fails.path().join("stub-speak/fail"), "").unwrap();
        command(
            &server.data,
            &["account", "create", "idle", "--entitled", "false"],
        );
        let good = server.client();
        House {
            suspended: good.with_key(&key(&server.data, "idle", &[])),
            good,
            bare: Server::launch(&bare_models(), &["--failed-keys", "1", "--metrics", "off"]),
            cloning: cloning::launch(clones.path(), &[]),
            failing,
            server,
            _models: [models, clones, fails],
            rendered: OnceLock::new(),
        }
    }

    /// A request that is answered 200, or with what `word` makes the stub do.
    fn request(&self, endpoint: &Endpoint, word: &str) -> (String, Option<&'static str>, Vec<u8>) {
        let path = endpoint.path.to_owned();
        match endpoint.id {
            "tts" | "tts_stream" => {
                let body = json!({ "text": word }).to_string();
                (path, Some("application/json"), body.into_bytes())
            }
            "openai_speech" => {
                let body = json!({ "input": word, "voice": "af_heart" }).to_string();
                (path, Some("application/json"), body.into_bytes())
            }
            "openai_model" => (path.replace("{model_id}", "tts-1"), None, Vec::new()),
            "dub_translate" => {
                let segments = json!([{ "id": 0, "start": 0.0, "end": 1.0, "text": word }]);
                let body = json!({ "segments": segments, "target_language": "en" }).to_string();
                (path, Some("application/json"), body.into_bytes())
            }
            "lexicon_put" => {
                let body = json!({ "entries": [{ "word": word, "spelling": "okay" }] });
                (
                    path,
                    Some("application/json"),
                    body.to_string().into_bytes(),
                )
            }
            "stt" | "openai_transcriptions" | "openai_translations" => (
                path,
                Some("multipart/form-data; boundary=b"),
                form("prompt", word),
            ),
            "dub_analyze" => (
                path,
                Some("multipart/form-data; boundary=b"),
                form("language", "auto"),
            ),
            "dub_job" | "dub_job_delete" => {
                let analyze = "/voice/dub/analyze";
                let form = ("multipart/form-data; boundary=b", form("language", "auto"));
                let taken = self.good.send("POST", analyze, Some(form.0), form.1).json();
                let id = taken["job_id"].as_str().unwrap();
                (path.replace("{job_id}", id), None, Vec::new())
            }
            "dub_render" => {
                let body = crate::dubbing::render::form(&wav(), &crate::dubbing::render::order());
                (path, Some("multipart/form-data; boundary=b"), body)
            }
            "dub_video" | "dub_audio" | "dub_subtitles" => {
                (path.replace("{job_id}", self.rendered()), None, Vec::new())
            }
            "clone" | "speakers_put" => {
                let body = [
                    b"--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\na\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n".to_vec(),
                    cloning::reader(),
                    b"\r\n--b--\r\n".to_vec(),
                ];
                (path, Some("multipart/form-data; boundary=b"), body.concat())
            }
            "voice_delete" => {
                let made =
                    cloning::clone(&self.cloning.client(), &cloning::reader(), &[("name", "a")]);
                let id = made.json()["voice_id"].as_str().unwrap().to_owned();
                (path.replace("{voice_id}", &id), None, Vec::new())
            }
            "history_delete" => {
                let spoken = self.good.post_json("/voice/tts", &json!({ "text": "Hi." }));
                let metadata = spoken.header("x-vox-metadata").unwrap();
                let item: serde_json::Value = serde_json::from_str(metadata).unwrap();
                (
                    path.replace("{item_id}", item["id"].as_str().unwrap()),
                    None,
                    Vec::new(),
                )
            }
            "voice_preview" => (path.replace("{voice_id}", "af_heart"), None, Vec::new()),
            "speakers_delete" => {
                let (path, kind, body) = self.request(named(), "ok");
                let made = self.good.send("PUT", &path, kind, body).json();
                let id = made["speaker_id"].as_str().unwrap();
                (format!("{path}/{id}"), None, Vec::new())
            }
            "openai_models"
            | "openai_audio_models"
            | "openai_voices"
            | "voices"
            | "models"
            | "speakers"
            | "lexicon"
            | "lexicon_delete"
            | "history"
            | "dub_jobs"
            | "openapi"
            | "docs"
            | "console"
            | "healthz"
            | "readyz"
            | "metrics" => (path, None, Vec::new()),
            "console_file" => (path.replace("{file}", "app.js"), None, Vec::new()),
            other => panic!("the endpoint {other} is new: say how it is asked"),
        }
    }

    /// The id of a finished render of a film.
    fn rendered(&self) -> &str {
        self.rendered.get_or_init(|| {
            let film = std::fs::read(models().join("test-video/frames.mp4")).unwrap();
            let order = crate::dubbing::render::order();
            crate::dubbing::render::rendered(&self.good, &film, &order)
        })
    }

    fn send(
        &self,
        client: &Client,
        endpoint: &Endpoint,
        word: &str,
        more: &[(&str, &str)],
    ) -> HttpAnswer {
        let (path, kind, body) = self.request(endpoint, word);
        client.send_with(endpoint.method, &path, kind, body, more)
    }

    /// The server's answer to a request that provokes `status`.
    fn provoke(&self, endpoint: &Endpoint, status: u16) -> u16 {
        if matches!(endpoint.id, "clone" | "voice_delete")
            && let Some(answered) = self.provoke_clone(endpoint, status)
        {
            return answered;
        }
        if endpoint.access == Access::Operator {
            return admin_statuses::provoke(endpoint, status);
        }
        if endpoint.id == "realtime" {
            return session_statuses::provoke(&self.server, status);
        }
        let good =
            |word: &str, more: &[(&str, &str)]| self.send(&self.good, endpoint, word, more).status;
        match (status, endpoint.id) {
            (200, _) => good("ok", &[]),
            (400, "tts" | "tts_stream" | "lexicon_put" | "openai_speech") => good("", &[]),
            (400, "dub_translate") => {
                let asked = json!({ "segments": [], "target_language": "pt" });
                self.good.post_json(endpoint.path, &asked).status
            }
            (400, _) if matches!(endpoint.body, BodyKind::Audio | BodyKind::Video) => {
                let (path, kind, _) = self.request(endpoint, "ok");
                self.good
                    .send(endpoint.method, &path, kind, b"--b--\r\n".to_vec())
                    .status
            }
            (400, "history" | "dub_jobs") => {
                self.good.get(&format!("{}?limit=0", endpoint.path)).status
            }
            (401, _) => {
                self.send(&self.good.with_key("unknown"), endpoint, "ok", &[])
                    .status
            }
            (403, "metrics") => good("ok", &[("X-Forwarded-For", "192.0.2.1")]),
            (404, "metrics") => self.bare.client().get("/metrics").status,
            (403, _) => self.send(&self.suspended, endpoint, "ok", &[]).status,
            (404, "tts" | "tts_stream") => {
                let asked = json!({ "text": "ok", "voice_id": "nobody" });
                self.good.post_json(endpoint.path, &asked).status
            }
            (404, "dub_job" | "dub_job_delete" | "history_delete" | "speakers_delete") => {
                let folder = endpoint.path.split('{').next().unwrap();
                let path = format!("{folder}nothing");
                self.good.send(endpoint.method, &path, None, vec![]).status
            }
            (404, "dub_render") => {
                let mut order = crate::dubbing::render::order();
                order[1].1 = json!({ "SPEAKER_00": "nobody" }).to_string();
                let body = crate::dubbing::render::form(&wav(), &order);
                let kind = Some("multipart/form-data; boundary=b");
                self.good.send("POST", endpoint.path, kind, body).status
            }
            (404, "dub_video" | "dub_audio" | "dub_subtitles") => {
                let path = endpoint.path.replace("{job_id}", "nothing");
                self.good.get(&path).status
            }
            (206, _) => good("ok", &[("Range", "bytes=1-2")]),
            (304, _) => good("ok", &[("If-None-Match", "*")]),
            (416, _) => good("ok", &[("Range", "bytes=99999999-")]),
            (400, "dub_subtitles") => {
                let path = endpoint.path.replace("{job_id}", self.rendered());
                self.good.get(&format!("{path}?format=doc")).status
            }
            (502, "speakers_put") => good("ok", &[("X-Rehearse", "engine")]),
            (404, "console_file") => self.good.get("/console/nothing.js").status,
            (404, "openai_model") => self.good.get("/v1/models/nothing").status,
            (404, "voice_preview") => self.good.get("/voice/voices/nobody/preview").status,
            (502, "voice_preview") => self.good.get("/voice/voices/fail/preview").status,
            (408 | 411, _) => {
                let length = if status == 408 {
                    "Content-Length: 9\r\n"
                } else {
                    ""
                };
                self.raw(endpoint, length)
            }
            (413, _) => self.raw(endpoint, "Content-Length: 99999999999\r\n"),
            (415, _) => {
                // A lexicon may be text.
                let text = match endpoint.id {
                    "lexicon_put" => Some("image/png"),
                    _ => Some("text/plain"),
                };
                self.good
                    .send(endpoint.method, endpoint.path, text, b"ok".to_vec())
                    .status
            }
            // Calls of it cost nothing, but for wrong keys.
            (429, "dub_job") => {
                let wrong = self.bare.client().with_key("unknown");
                let ask = || wrong.get("/voice/dub/jobs/nothing").status;
                assert_eq!(ask(), 401);
                ask()
            }
            (429, _) => {
                let once = key(&self.server.data, "test", &["--rpm", "1"]);
                let client = self.good.with_key(&once);
                assert_eq!(self.send(&client, endpoint, "ok", &[]).status, 200);
                self.send(&client, endpoint, "ok", &[]).status
            }
            (500, _) => good("ok", &[("X-Rehearse", "panic")]),
            (502, _) => good("fail", &[]),
            (503, "readyz") => self.bare.client().get("/readyz").status,
            (503, _) => good("ok", &[("X-Rehearse", "store")]),
            _ => panic!("{} documents {status}: say how it is reached", endpoint.id),
        }
    }

    /// The same for statuses that only a server that clones answers; none for others.
    fn provoke_clone(&self, endpoint: &Endpoint, status: u16) -> Option<u16> {
        let client = match (status, endpoint.id) {
            (200, _) => self.cloning.client(),
            (429, _) => {
                let once = key(&self.cloning.data, "test", &["--rpm", "1"]);
                let client = self.cloning.client().with_key(&once);
                let first = self.send(&client, endpoint, "ok", &[]);
                let said = String::from_utf8_lossy(&first.body);
                assert_eq!(first.status, 200, "{said}");
                client
            }
            (400, "clone") => {
                let answer = cloning::clone(&self.cloning.client(), b"noise", &[("name", "a")]);
                return Some(answer.status);
            }
            (400, _) => {
                let path = "/voice/voices/af_heart";
                return Some(self.good.send("DELETE", path, None, vec![]).status);
            }
            (404, _) => {
                let path = "/voice/voices/nobody";
                return Some(self.good.send("DELETE", path, None, vec![]).status);
            }
            (502, _) => self.failing.client(),
            _ => return None,
        };
        Some(self.send(&client, endpoint, "ok", &[]).status)
    }

    fn raw(&self, endpoint: &Endpoint, length: &str) -> u16 {
        let key = match endpoint.access {
            Access::Open => String::new(),
            _ => format!("Authorization: Bearer {}\r\n", self.server.key),
        };
        let path = endpoint.path.replace(['{', '}'], "");
        let head = format!(
            "{} {path} HTTP/1.1\r\nHost: x\r\n{key}{length}\r\n",
            endpoint.method
        );
        let answer = raw::ask(self.server.addr, head);
        answer.is_refusal(answer.status);
        answer.status
    }
}

/// The row of the endpoint that names speakers.
fn named() -> &'static Endpoint {
    let mut all = ENDPOINTS.iter();
    all.find(|e| e.id == "speakers_put").unwrap()
}

/// A form with a recording and another field.
fn form(name: &str, value: &str) -> Vec<u8> {
    let part =
        |name: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
    let (field, file) = (part(name), part("file\"; filename=\"a.wav"));
    let mut body = format!("{field}{value}\r\n{file}").into_bytes();
    body.extend(wav());
    body.extend_from_slice(b"\r\n--b--\r\n");
    body
}

/// A tenth of a second of silence.
fn wav() -> Vec<u8> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    (0..1_600).for_each(|_| writer.write_sample(0_i16).unwrap());
    writer.finalize().unwrap();
    bytes.into_inner()
}

#[test]
fn every_documented_status_of_every_endpoint_is_reached() {
    let house = House::open();
    // One thread per endpoint, because the slow body of 408 takes seconds.
    thread::scope(|scope| {
        for endpoint in ENDPOINTS {
            let house = &house;
            scope.spawn(move || {
                for status in endpoint.statuses() {
                    let answered = house.provoke(endpoint, status);
                    assert_eq!(answered, status, "{}", endpoint.id);
                }
            });
        }
    });
}

#[test]
fn refusals_come_in_the_order_of_the_contract() {
    let house = House::open();
    let tts = ENDPOINTS.iter().find(|e| e.id == "tts").unwrap();
    assert_eq!((tts.body, tts.access), (BodyKind::Json, Access::Entitled));
    let send = |method: &str, path: &str, key: &str, bytes: &str| {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: {bytes}\r\n\r\n"
        );
        raw::ask(house.server.addr, head).status
    };
    let data = &house.server.data;
    let (huge, small) = ("99999999999", "0");
    assert_eq!(send("GET", "/nothing", "x", huge), 404, "route before key");
    assert_eq!(send("PUT", tts.path, "x", huge), 405, "method before key");
    assert_eq!(send("POST", tts.path, "x", huge), 401, "key before size");
    let idle = key(data, "idle", &["--rpm", "1"]);
    assert_eq!(
        send("POST", tts.path, &idle, huge),
        403,
        "entitlement before size"
    );
    assert_eq!(
        send("POST", tts.path, &idle, huge),
        429,
        "rate before entitlement"
    );
    let good = &house.server.key;
    assert_eq!(
        send("POST", tts.path, good, huge),
        413,
        "size before validation"
    );
    assert_eq!(
        send("POST", tts.path, good, small),
        400,
        "validation before lookup"
    );
    let asked = json!({ "text": "", "voice_id": "nobody" });
    assert_eq!(
        house.good.post_json(tts.path, &asked).status,
        400,
        "validation before lookup"
    );
    let unknown = json!({ "text": "a", "voice_id": "nobody" });
    assert_eq!(house.good.post_json(tts.path, &unknown).status, 404);
}

//! `GET /v1/realtime`: a WebSocket over which sound comes and its text goes, as clients of OpenAI's realtime transcription expect.
//!
//! | file | one idea |
//! | --- | --- |
//! | `inbox` | events of a session's threads wake the thread of its connection |
//! | `protocol` | what a session tells its client, in the interface's shapes |
//!
//! Each utterance is a generation with its own history item, which is durable before the client has its text. The session
//! itself costs one token and counts as one generation of its key, has one place among the sessions, and ends in one log line.

mod inbox;
mod protocol;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;

use self::inbox::EventInbox;
use self::protocol::{Protocol, ToldEvent};
use super::{Call, Context};
use crate::edge::websocket::{Arrival, ClientSocket, CloseReason};
use crate::fault::Fault;
use crate::request::realtime::{ClientEvent, EventRefusal, client_event};
use crate::request::realtime_session::{RealtimeSettings, SoundFormat};
use crate::request::turn_end::{EAGERNESS_MS, TurnEnd};
use crate::services::live::{
    CompletedUtterance, LiveCoding, LiveEvent, LiveOptions, LiveSession, LiveTranscription,
    SoundIntake, TurnSettings,
};
use crate::services::transcription::TranscriptionHints;
use crate::store::{Feature, Status};

/// The subprotocol that browsers ask for beside their key.
pub const SUBPROTOCOL: &str = "realtime";

/// The query of a request for a session.
#[derive(JsonSchema)]
pub struct RealtimeQuery {
    /// What the session is for; absent means the same.
    #[schemars(extend("enum" = ["transcription"]))]
    intent: Option<String>,
    /// Any name; the server transcribes with the packs that it has.
    model: Option<String>,
}

impl RealtimeQuery {
    /// Reads a URL's query. Faults: `Invalid` for another intent.
    pub fn read(query: &str) -> Result<Self, Fault> {
        let mut asked = RealtimeQuery {
            intent: None,
            model: None,
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "intent" => asked.intent = Some(value.into_owned()),
                "model" => asked.model = Some(value.into_owned()),
                _ => {}
            }
        }
        match asked.intent.as_deref() {
            None | Some("transcription") => Ok(asked),
            Some(other) => {
                let shown: String = other.chars().take(40).collect();
                Err(Fault::invalid(format!(
                    "intent is {shown:?}; transcription is accepted"
                )))
            }
        }
    }
}

/// Refuses before the upgrade what no session can be opened for. Faults: those of the query; `Missing` without a pack that
/// transcribes.
pub fn check(context: &Context, query: &str) -> Result<(), Fault> {
    RealtimeQuery::read(query)?;
    live(context).map(drop)
}

/// What transcribes. Faults: `Missing` when nothing does.
pub fn live(context: &Context) -> Result<&Arc<LiveTranscription>, Fault> {
    let live = context.services.live.as_ref();
    live.ok_or_else(|| Fault::missing("No engine for transcription is installed on this server."))
}

/// Serves a session to its end; returns the seconds of sound that it transcribed. Faults: what the client cannot be told of any
/// more.
pub fn converse(
    context: &Context,
    call: &mut Call,
    socket: &mut ClientSocket<'_>,
) -> Result<f64, Fault> {
    let mut session = RealtimeSession::open(context, call, socket)?;
    let (reason, fault) = match session.serve(socket) {
        Ok(never) => match never {},
        Err(SessionEnd::Closed(reason)) => (reason, None),
        Err(SessionEnd::Fault(fault)) => {
            let told = session.protocol.broken(&fault);
            let _ = socket.send(told);
            (CloseReason::Failed, Some(fault))
        }
    };
    let heard_s = session.heard_s;
    drop(session);
    socket.close(reason);
    fault.map_or(Ok(heard_s), Err)
}

/// Why a session ends.
enum SessionEnd {
    Closed(CloseReason),
    Fault(Fault),
}

impl From<CloseReason> for SessionEnd {
    fn from(reason: CloseReason) -> Self {
        SessionEnd::Closed(reason)
    }
}

impl From<Fault> for SessionEnd {
    fn from(fault: Fault) -> Self {
        SessionEnd::Fault(fault)
    }
}

struct RealtimeSession<'a> {
    context: &'a Context,
    call: &'a mut Call,
    protocol: Protocol,
    service: Arc<LiveTranscription>,
    live: LiveSession,
    inbox: Arc<EventInbox>,
    intake: SoundIntake,
    /// Whether the client's commit waits for the sound before it.
    commits: bool,
    /// Whether the server is stopping, and only what was said before is still transcribed.
    stopping: bool,
    heard_s: f64,
}

impl<'a> RealtimeSession<'a> {
    fn open(
        context: &'a Context,
        call: &'a mut Call,
        socket: &ClientSocket<'_>,
    ) -> Result<Self, Fault> {
        let service = Arc::clone(live(context)?);
        let query = RealtimeQuery::read(&call.head.query)?;
        let settings = RealtimeSettings {
            model: query.model,
            ..RealtimeSettings::default()
        };
        let inbox = EventInbox::open()?;
        let sink = {
            let inbox = Arc::clone(&inbox);
            Arc::new(move |event| inbox.add(event))
        };
        let live = service.open(options(&settings)?, &call.share()?, sink)?;
        let is_beta = call
            .head
            .list("openai-beta")
            .any(|item| item.starts_with("realtime"));
        Ok(RealtimeSession {
            intake: intake(settings.format)?,
            protocol: Protocol::new(settings, is_beta, socket.left()),
            context,
            call,
            service,
            live,
            inbox,
            commits: false,
            stopping: false,
            heard_s: 0.0,
        })
    }

    /// Serves until the session ends.
    fn serve(&mut self, socket: &mut ClientSocket<'_>) -> Result<Infallible, SessionEnd> {
        socket.send(self.protocol.created())?;
        loop {
            for event in self.inbox.take() {
                for told in self.told(event)? {
                    socket.send(told)?;
                }
            }
            if self.context.drain.is_closed() && !self.stopping {
                self.stopping = true;
                self.live.finish();
            }
            let is_through = self.stopping || self.pass_on()?;
            let reads = is_through && !self.stopping;
            match socket.next(self.inbox.fd(), reads)? {
                Arrival::Text(text) => {
                    for told in self.obey(text.as_str())? {
                        socket.send(told)?;
                    }
                }
                Arrival::Woken | Arrival::Nothing => {}
            }
        }
    }

    /// Passes the client's sound on, and its commit after that; false while the session has no room for it.
    fn pass_on(&mut self) -> Result<bool, Fault> {
        loop {
            let piece = self.intake.piece()?;
            if !piece.is_empty() {
                if !self.live.offer(piece) {
                    return Ok(false);
                }
                self.intake.taken();
            } else if self.commits {
                self.commits = false;
                self.live.commit();
            } else {
                return Ok(self.live.has_room());
            }
        }
    }

    /// Does what the client's event asks for; returns what it is told at once.
    fn obey(&mut self, text: &str) -> Result<Vec<String>, Fault> {
        let (id, event) = client_event(text, |audio| STANDARD.decode(audio).ok());
        let done = match event {
            Ok(ClientEvent::Append(bytes)) => {
                self.intake.add(bytes);
                Ok(Vec::new())
            }
            Ok(ClientEvent::Commit) => {
                self.intake.flush()?;
                self.commits = true;
                Ok(Vec::new())
            }
            Ok(ClientEvent::Clear) => {
                self.intake.clear()?;
                self.live.clear();
                Ok(Vec::new())
            }
            Ok(ClientEvent::Update { session, kind }) => {
                let known = self.service.languages();
                match self.protocol.settings.updated(&session, &known) {
                    Ok(settings) => self.set(settings).map(|()| {
                        let updated = self.protocol.updated(kind, &session);
                        vec![updated]
                    }),
                    Err(refusal) => Err(refusal),
                }
            }
            Err(refusal) => Err(refusal),
        };
        Ok(done.unwrap_or_else(|refusal| vec![self.protocol.refused(&refusal, id.as_deref())]))
    }

    /// Changes the settings of the sound that follows.
    fn set(&mut self, settings: RealtimeSettings) -> Result<(), EventRefusal> {
        let wrong = |fault: Fault| EventRefusal::of("session", fault.sentence);
        let options = options(&settings).map_err(wrong)?;
        if settings.format != self.protocol.settings.format {
            self.intake = intake(settings.format).map_err(wrong)?;
        }
        self.protocol.settings = settings;
        self.live.set(options);
        Ok(())
    }

    /// What the client is told of an event.
    fn told(&mut self, event: LiveEvent) -> Result<Vec<String>, SessionEnd> {
        match event {
            LiveEvent::Finished => Err(CloseReason::Stopping.into()),
            LiveEvent::Broken(fault) => Err(fault.into()),
            LiveEvent::Completed(heard) => Ok(self.completed(&heard)),
            LiveEvent::Failed {
                utterance,
                model,
                fault,
            } => {
                log::warn!("realtime: an utterance was not transcribed: {fault}");
                self.call.begin(Feature::Stt, &model)?;
                // The client gets the fault of the transcription even if the history item cannot be written.
                let _ =
                    (self.call).put_on_record_after(self.context, Status::Error, Duration::ZERO);
                Ok(vec![self.protocol.failed(utterance, &fault)])
            }
            other => Ok(self.protocol.told(ToldEvent::of(other))),
        }
    }

    /// The text of an utterance, once its history item is durable.
    fn completed(&mut self, heard: &CompletedUtterance) -> Vec<String> {
        self.heard_s += heard.seconds;
        self.context.metrics.realtime_lag(heard.took);
        match self.record(heard) {
            Ok(()) => vec![self.protocol.completed(heard)],
            Err(fault) => {
                log::warn!("realtime: an utterance was not stored: {fault}");
                vec![self.protocol.failed(heard.utterance, &fault)]
            }
        }
    }

    fn record(&mut self, heard: &CompletedUtterance) -> Result<(), Fault> {
        self.call.begin(Feature::Stt, &heard.model)?;
        let item = self.call.item()?;
        item.duration_seconds = Some(heard.seconds);
        item.character_count = Some(heard.text.chars().count() as u64);
        item.language = heard.languages.first().cloned();
        item.text = Some(heard.text.clone());
        self.call
            .put_on_record_after(self.context, Status::Ok, heard.took)
    }
}

/// How the service transcribes with these settings. Faults: `Invalid` for hints above their bounds.
fn options(settings: &RealtimeSettings) -> Result<LiveOptions, Fault> {
    let keywords = settings.keywords.join("\n");
    let hints = TranscriptionHints::new(settings.prompt.as_deref(), Some(&keywords))?;
    let turn_end = settings.turn_end();
    let turns = match &turn_end {
        TurnEnd::ServerVad {
            threshold,
            padding_ms,
            silence_ms,
        } => TurnSettings {
            threshold: *threshold,
            padding_ms: *padding_ms,
            silence_ms: *silence_ms,
        },
        TurnEnd::SemanticVad { eagerness } => {
            let row = EAGERNESS_MS.iter().find(|(name, _)| name == eagerness);
            TurnSettings {
                silence_ms: row.map_or(TurnSettings::default().silence_ms, |(_, ms)| *ms),
                ..TurnSettings::default()
            }
        }
        TurnEnd::Manual => TurnSettings::default(),
    };
    Ok(LiveOptions {
        language: settings.language_code.clone(),
        hints,
        is_automatic: turn_end != TurnEnd::Manual,
        turns,
        partials: true,
    })
}

fn intake(format: SoundFormat) -> Result<SoundIntake, Fault> {
    let coding = match format {
        SoundFormat::Pcm => LiveCoding::Linear,
        SoundFormat::MuLaw => LiveCoding::MuLaw,
        SoundFormat::ALaw => LiveCoding::ALaw,
    };
    SoundIntake::new(coding, format.rate_hz())
}

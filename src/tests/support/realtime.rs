//! A client of realtime transcription: events out, and events in.

use std::net::{SocketAddr, TcpStream};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest;
use tungstenite::handshake::HandshakeError;
use tungstenite::http::{HeaderMap, HeaderName, HeaderValue};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message, WebSocket};

use super::raw::PATIENCE;
use super::server::Server;

/// The path of a session.
pub const PATH: &str = "/v1/realtime?intent=transcription";

/// One session.
pub struct RealtimeClient {
    socket: WebSocket<TcpStream>,
    /// The headers of the upgrade.
    pub headers: HeaderMap,
}

impl RealtimeClient {
    /// Opens a session, and reads its first event.
    #[track_caller]
    pub fn open(server: &Server, key: &str) -> RealtimeClient {
        let bearer = format!("Bearer {key}");
        let opened =
            RealtimeClient::try_open(server.addr, PATH, &[("Authorization", bearer.as_str())]);
        let mut client = opened.map_err(|refused| format!("{refused:?}")).unwrap();
        assert_eq!(client.next()["type"], "session.created");
        client
    }

    /// Opens a session with these headers; the error is the status and the body of the refusal.
    pub fn try_open(
        addr: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<RealtimeClient, (u16, Value)> {
        let mut request = format!("ws://{addr}{path}").into_client_request().unwrap();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            request
                .headers_mut()
                .insert(name, HeaderValue::from_str(value).unwrap());
        }
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(2 * PATIENCE)).unwrap();
        stream.set_write_timeout(Some(2 * PATIENCE)).unwrap();
        match tungstenite::client(request, stream) {
            Ok((socket, answer)) => Ok(RealtimeClient {
                socket,
                headers: answer.headers().clone(),
            }),
            Err(HandshakeError::Failure(Error::Http(answer))) => {
                let body = answer.body().clone().unwrap_or_default();
                let told = serde_json::from_slice(&body).unwrap_or(Value::Null);
                Err((answer.status().as_u16(), told))
            }
            Err(e) => panic!("no answer: {e}"),
        }
    }

    /// Sends an event.
    #[track_caller]
    pub fn send(&mut self, event: &Value) {
        self.send_text(&event.to_string());
    }

    /// Sends a message as it is.
    #[track_caller]
    pub fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).unwrap();
    }

    /// Appends sound, in events of `bytes` each.
    #[track_caller]
    pub fn append(&mut self, sound: &[u8], bytes: usize) {
        for part in sound.chunks(bytes) {
            let audio = STANDARD.encode(part);
            self.send(&json!({ "type": "input_audio_buffer.append", "audio": audio }));
        }
    }

    /// Changes the session's settings; returns the session as it is then.
    #[track_caller]
    pub fn update(&mut self, session: Value) -> Value {
        self.send(&json!({ "type": "session.update", "session": session }));
        let updated = self.next();
        assert_eq!(updated["type"], "session.updated", "{updated}");
        updated["session"].clone()
    }

    /// Ends the utterance.
    #[track_caller]
    pub fn commit(&mut self) {
        self.send(&json!({ "type": "input_audio_buffer.commit" }));
    }

    /// The next event.
    #[track_caller]
    pub fn next(&mut self) -> Value {
        loop {
            match self.socket.read().expect("an event") {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("no event: {other}"),
            }
        }
    }

    /// The events up to the next of this type, which is the last of them. An `error` fails unless it is asked for.
    #[track_caller]
    pub fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = self.next();
            assert!(event["type"] != "error" || kind == "error", "{event}");
            let is_last = event["type"] == kind;
            events.push(event);
            if is_last {
                return events;
            }
        }
    }

    /// The code with which the server closes the session, and the events before it.
    #[track_caller]
    pub fn closed(&mut self) -> (CloseCode, Vec<Value>) {
        let mut events = Vec::new();
        loop {
            match self.socket.read().expect("a close frame") {
                Message::Text(text) => events.push(serde_json::from_str(&text).unwrap()),
                Message::Close(Some(frame)) => return (frame.code, events),
                Message::Close(None) => panic!("closed without a code"),
                _ => {}
            }
        }
    }

    /// The connection.
    pub fn stream(&self) -> &TcpStream {
        self.socket.get_ref()
    }
}

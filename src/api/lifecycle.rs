//! One request from its head to its log line: read it top to bottom.
//!
//! [`Lifecycle::admit`] decides from the head alone; [`Lifecycle::answer`] does the work once the body is there. Everything
//! that can refuse returns a [`Fault`]; `detail` knows which status that is.

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::message::{Answer, Body, Head, Service};
use super::{Access, Call, Context, ENDPOINTS, Endpoint, Reply, Work, detail};
use crate::admit::key::{self, Identity};
use crate::engine::contract::Watch;
use crate::fault::{Fault, Kind};
use crate::limits;
use crate::store::{KeyId, Status, Utc};
use crate::work::places::{Place, Places};
use crate::work::underway::Turn;

/// The API as the edge sees it.
pub struct Lifecycle {
    pub context: Arc<Context>,
}

/// What was decided from a head. Dropping it ends its turn.
pub struct Admitted {
    endpoint: &'static Endpoint,
    identity: Option<Identity>,
    /// None for what needs no worker: a box that stops does not wait for it.
    _turn: Option<Turn>,
    request_id: String,
    head: Head,
    admitted: Instant,
}

/// What the log line says beside the fault.
struct Line<'a> {
    request_id: &'a str,
    peer: IpAddr,
    endpoint: &'a str,
    key_id: Option<KeyId>,
    receive: Duration,
    queued: Duration,
    ran: Duration,
    bytes_in: u64,
}

impl Service for Lifecycle {
    type Admitted = Admitted;

    /// Route, key, declared size, room in the queue, in this order: a refused request does no later work.
    fn admit(&self, head: Head) -> Result<Admitted, Answer> {
        let request_id = request_id(&head);
        match self.decide(&head) {
            Ok((endpoint, identity, turn)) => Ok(Admitted {
                endpoint,
                identity,
                _turn: turn,
                request_id,
                head,
                admitted: Instant::now(),
            }),
            Err(fault) => {
                let line = Line {
                    request_id: &request_id,
                    peer: head.peer,
                    endpoint: find(&head).map_or("-", |e| e.id),
                    key_id: None,
                    receive: head.received.elapsed(),
                    queued: Duration::ZERO,
                    ran: Duration::ZERO,
                    bytes_in: 0,
                };
                Err(conclude(line, Err(fault)))
            }
        }
    }

    fn body_bytes_max(&self, admitted: &Admitted) -> u64 {
        self.bytes_max(admitted.endpoint)
    }

    fn answer(&self, admitted: Admitted, body: Body, left: Arc<AtomicBool>) -> Answer {
        let endpoint = admitted.endpoint;
        let receive = admitted.head.received.elapsed();
        let bytes_in = body.len();
        let mut call = Call {
            head: admitted.head,
            body,
            identity: admitted.identity,
            watch: Watch::new(admitted.admitted + endpoint.deadline, left),
            record: None,
            queued: Duration::ZERO,
            ran: Duration::ZERO,
        };
        let result = self.place(endpoint.work).and_then(|_place| {
            // Parse, validate, look up, queue, run and render: the handler, top to bottom in its own file.
            let result = catch_unwind(AssertUnwindSafe(|| {
                (endpoint.handler)(&self.context, &mut call)
            }))
            .unwrap_or_else(|_| Err(Fault::internal("the handler panicked")));
            // The history item is durable before the first byte of the answer leaves.
            self.record(&mut call, result)
        });
        let line = Line {
            request_id: &admitted.request_id,
            peer: call.head.peer,
            endpoint: endpoint.id,
            key_id: call.identity.as_ref().map(|i| i.key.key_id),
            receive,
            queued: call.queued,
            ran: call.ran,
            bytes_in,
        };
        conclude(line, result)
    }

    fn abandon(&self, admitted: Admitted, fault: Fault) -> Answer {
        let line = Line {
            request_id: &admitted.request_id,
            peer: admitted.head.peer,
            endpoint: admitted.endpoint.id,
            key_id: admitted.identity.as_ref().map(|i| i.key.key_id),
            receive: admitted.head.received.elapsed(),
            queued: Duration::ZERO,
            ran: Duration::ZERO,
            bytes_in: 0,
        };
        conclude(line, Err(fault))
    }

    fn refuse(&self, peer: IpAddr, fault: Fault) -> Answer {
        let line = Line {
            request_id: &new_request_id(),
            peer,
            endpoint: "-",
            key_id: None,
            receive: Duration::ZERO,
            queued: Duration::ZERO,
            ran: Duration::ZERO,
            bytes_in: 0,
        };
        conclude(line, Err(fault))
    }
}

impl Lifecycle {
    fn decide(
        &self,
        head: &Head,
    ) -> Result<(&'static Endpoint, Option<Identity>, Option<Turn>), Fault> {
        let endpoint = find(head)?;
        let identity = match endpoint.access {
            Access::Open => None,
            Access::Key => Some(key::authenticate(
                &self.context.store,
                head.header("authorization"),
                Utc::now(),
            )?),
        };
        let bytes_max = self.bytes_max(endpoint);
        let declares = head.header("content-length").is_some() || head.declared_bytes.is_none();
        match head.declared_bytes {
            Some(bytes) if bytes > bytes_max => {
                return Err(Fault::new(
                    Kind::TooLarge,
                    format!(
                        "the body has {bytes} bytes; {} accepts at most {bytes_max}",
                        endpoint.path
                    ),
                ));
            }
            _ if bytes_max > 0 && !declares => {
                return Err(Fault::new(
                    Kind::LengthRequired,
                    "the length of the body is missing; send Content-Length or Transfer-Encoding: chunked",
                ));
            }
            _ => {}
        }
        let turn = match endpoint.work {
            Work::Light => None,
            Work::Speak | Work::Transcribe => Some(self.turn(endpoint.work)?),
        };
        Ok((endpoint, identity, turn))
    }

    fn bytes_max(&self, endpoint: &Endpoint) -> u64 {
        self.context.body_caps.bytes_max(endpoint.body)
    }

    /// A turn for a generation, unless the box is stopping or its queue is full already: then the body need not come.
    fn turn(&self, work: Work) -> Result<Turn, Fault> {
        let stopping = "The box is stopping and takes no more work.";
        let stopping = || Fault::new(Kind::Busy { retry_after_s: 30 }, stopping);
        let turn = self.context.underway.begin().ok_or_else(stopping)?;
        match self.places(work).is_some_and(Places::is_full) {
            true => Err(full()),
            false => Ok(turn),
        }
    }

    /// A place among the requests that wait for this kind of work, so that they can never take the handlers that
    /// answer everything else. It is taken once the body is there: else whoever sends slowly would hold the queue.
    fn place(&self, work: Work) -> Result<Option<Place>, Fault> {
        self.places(work)
            .map(|places| places.take().ok_or_else(full))
            .transpose()
    }

    fn places(&self, work: Work) -> Option<&Places> {
        match work {
            Work::Light => None,
            Work::Speak => self.context.speaking.as_ref().map(|s| &s.places),
            Work::Transcribe => self.context.transcribing.as_ref().map(|t| &t.places),
        }
    }

    fn record(&self, call: &mut Call, result: Result<Reply, Fault>) -> Result<Reply, Fault> {
        let Some(mut item) = call.record.take() else {
            return result;
        };
        item.status = match result {
            Ok(_) => Status::Ok,
            Err(_) => Status::Error,
        };
        item.text = item.text.map(shortened);
        item.latency_ms = Some(call.head.received.elapsed().as_millis() as u64);
        let stored = call
            .identity()
            .and_then(|i| self.context.store.append(i.account.id, &item));
        if self.context.log_content {
            log::info!("content item={} text={:?}", item.id, item.text);
        }
        // A generation that cannot be put on record was not delivered.
        result.and_then(|reply| stored.map(|()| reply))
    }
}

fn full() -> Fault {
    Fault::new(
        Kind::Busy { retry_after_s: 5 },
        "The queue is full: as many requests as it holds wait already. Try again in 5 s.",
    )
}

/// A text as history keeps it: cut, with a mark, where it is longer than one item may be.
fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(limits::HISTORY_TEXT_CHARS_MAX) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// The endpoint of a request's path and method; HEAD is answered as GET is.
fn find(head: &Head) -> Result<&'static Endpoint, Fault> {
    let method = if head.method == "HEAD" {
        "GET"
    } else {
        &head.method
    };
    let Some(same_path) = ENDPOINTS.iter().find(|e| e.path == head.path) else {
        return Err(Fault::not_found("There is no such endpoint on this box."));
    };
    match ENDPOINTS
        .iter()
        .find(|e| e.path == head.path && e.method == method)
    {
        Some(endpoint) => Ok(endpoint),
        None => {
            let allow = if same_path.method == "GET" {
                "GET, HEAD"
            } else {
                same_path.method
            };
            Err(Fault::new(
                Kind::MethodNotAllowed(allow),
                format!("{} accepts {allow} only.", same_path.path),
            ))
        }
    }
}

/// The client's own request id when it is fit to be echoed, else a new one.
fn request_id(head: &Head) -> String {
    let fit = |id: &&str| {
        (1..=limits::REQUEST_ID_CHARS_MAX).contains(&id.len())
            && id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    head.header("x-request-id")
        .filter(fit)
        .map_or_else(new_request_id, str::to_owned)
}

fn new_request_id() -> String {
    Uuid::now_v7().simple().to_string()
}

/// Renders the result, and writes the request's one log line.
fn conclude(line: Line<'_>, result: Result<Reply, Fault>) -> Answer {
    let (mut answer, cause) = match result {
        Ok(reply) => {
            let answer = Answer {
                status: 200,
                content_type: reply.content_type,
                headers: reply.headers,
                body: reply.body,
            };
            (answer, None)
        }
        Err(fault) => (detail::answer(&fault), Some(fault)),
    };
    answer
        .headers
        .push(("X-Request-Id", line.request_id.to_owned()));
    let why = cause.map_or(String::new(), |fault| format!(" fault=\"{fault}\""));
    log::info!(
        "request id={} peer={} endpoint={} key={} status={} receive_ms={} queue_ms={} run_ms={} in={} out={}{why}",
        line.request_id,
        line.peer,
        line.endpoint,
        line.key_id.map_or("-".to_owned(), |id| id.to_string()),
        answer.status,
        line.receive.as_millis(),
        line.queued.as_millis(),
        line.ran.as_millis(),
        line.bytes_in,
        answer.body.len(),
    );
    answer
}

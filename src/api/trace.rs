//! The trace of a request: the headers that every answer has, and the request's one log line.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::detail::{self, ErrorShape};
use super::fault_injection;
use super::message::{Answer, Answered, Head};
use super::{Call, Endpoint, FileSection, Reply};
use crate::admit::bucket::Allowance;
use crate::fault::{Fault, Kind};
use crate::limits;
use crate::metrics::{AnsweredRequest, Metrics, NO_ROUTE, Rejection};
use crate::scheduler::TaskTimes;
use crate::store::KeyId;

/// One request's trace, from its head to its answer.
pub struct RequestTrace {
    pub request_id: String,
    pub peer: IpAddr,
    pub received: Instant,
    pub endpoint: Option<&'static Endpoint>,
    pub errors: ErrorShape,
    pub key_id: Option<KeyId>,
    /// What remains of the key's rate limit; none before the key is known.
    pub allowance: Option<Allowance>,
    /// Cross-origin headers.
    pub cors: Vec<(&'static str, String)>,
    /// Time until the whole body had arrived.
    pub receive: Duration,
    pub lane_times: TaskTimes,
    /// Waiting for the client to take parts of the answer.
    pub unsent: Duration,
    pub bytes_in: u64,
    /// Seconds of sound made or heard.
    pub audio_s: Option<f64>,
    /// Where the request is counted.
    metrics: Arc<Metrics>,
}

impl RequestTrace {
    /// The trace of a request with this head, which `metrics` counts.
    pub fn of(head: &Head, cors: Vec<(&'static str, String)>, metrics: &Arc<Metrics>) -> Self {
        let request_id = head
            .header("x-request-id")
            .filter(|id| is_fit(id))
            .map_or_else(new_request_id, str::to_owned);
        RequestTrace {
            cors,
            errors: ErrorShape::of(&head.path),
            ..RequestTrace::new(
                request_id,
                head.peer,
                fault_injection::received(head),
                metrics,
            )
        }
    }

    /// The trace of a connection that was refused before it sent a request.
    pub fn of_peer(peer: IpAddr, metrics: &Arc<Metrics>) -> Self {
        RequestTrace::new(new_request_id(), peer, Instant::now(), metrics)
    }

    fn new(request_id: String, peer: IpAddr, received: Instant, metrics: &Arc<Metrics>) -> Self {
        RequestTrace {
            request_id,
            peer,
            received,
            endpoint: None,
            errors: ErrorShape::Detail,
            key_id: None,
            allowance: None,
            cors: Vec::new(),
            receive: Duration::ZERO,
            lane_times: TaskTimes::default(),
            unsent: Duration::ZERO,
            bytes_in: 0,
            audio_s: None,
            metrics: Arc::clone(metrics),
        }
    }

    /// Copies the times and the seconds of sound that a handler noted in `call`.
    pub fn made(&mut self, call: &Call) {
        self.audio_s = call.record.as_ref().and_then(|item| item.duration_seconds);
        (self.lane_times, self.unsent) = (call.times.sums(), call.unsent);
    }

    /// Makes the answer to a result, and writes the request's log line.
    pub fn conclude(mut self, result: Result<Reply, Fault>) -> Answered {
        let reply = match result {
            Ok(reply) => reply,
            Err(fault) => return self.refuse(fault).into(),
        };
        let is_part = |section: &FileSection| section.part.bytes < section.whole;
        let status = match reply.file.as_ref().is_some_and(is_part) {
            _ if reply.is_unchanged => 304,
            true => 206,
            false => 200,
        };
        let file = reply.file.map(|section| section.part);
        let from_file = file.as_ref().map_or(0, |part| part.len() as usize);
        let bytes = reply.body.len() + from_file;
        self.log(status, bytes, None);
        let answer = self.head(Answer {
            status,
            content_type: reply.content_type,
            headers: reply.headers,
            body: reply.body,
        });
        Answered {
            answer,
            rest: None,
            file,
        }
    }

    /// Makes the answer to a fault, and writes the request's log line.
    pub fn refuse(self, fault: Fault) -> Answer {
        let answer = detail::answer(&fault, self.errors, self.endpoint.map(|e| e.id));
        self.send(answer, Some(fault))
    }

    /// Adds the headers of every answer, and writes the request's log line.
    pub fn send(mut self, answer: Answer, fault: Option<Fault>) -> Answer {
        self.log(answer.status, answer.body.len(), fault);
        self.head(answer)
    }

    /// Writes the request's log line, and counts it; callers call it once.
    pub fn log(&self, status: u16, bytes_out: usize, fault: Option<Fault>) {
        self.count(status, fault.as_ref());
        let ms = |time: Duration| time.as_millis() as u64;
        log::info!(
            target: REQUEST,
            id = self.request_id.as_str(),
            peer:% = self.peer,
            endpoint = self.endpoint.map_or("-", |e| e.id),
            key:% = self.key_id.map_or("-".to_owned(), |id| id.to_string()),
            status = status,
            receive_ms = ms(self.receive),
            queue_ms = ms(self.lane_times.queued),
            run_ms = ms(self.lane_times.ran),
            client_ms = ms(self.unsent),
            total_ms = ms(self.received.elapsed()),
            bytes_in = self.bytes_in,
            bytes_out = bytes_out,
            audio_s = self.audio_s,
            fault = fault.map(|f| f.to_string()).as_deref();
            "request"
        );
    }

    fn count(&self, status: u16, fault: Option<&Fault>) {
        let times = self.lane_times;
        let computed = times.queued + times.ran > Duration::ZERO;
        let pool = self.endpoint.and_then(|e| e.work);
        let waited = pool.map(|work| (work.row().name, times.queued));
        self.metrics.answered(AnsweredRequest {
            route: self.endpoint.map_or(NO_ROUTE, Endpoint::counted_as),
            // As clients saw it: an answer that ended early began with 200.
            status,
            timed_as: self.endpoint.and_then(Endpoint::timed_as),
            took: self.received.elapsed(),
            waited: waited.filter(|_| computed),
            rejection: fault.and_then(|fault| match fault.kind {
                Kind::RateLimited { .. } => Some(Rejection::Rate),
                Kind::Busy { .. } => Some(Rejection::Queue),
                Kind::TooLarge | Kind::HeadTooLarge => Some(Rejection::Size),
                Kind::Unauthorized => Some(Rejection::Auth),
                _ => None,
            }),
        });
    }

    /// Adds the headers of every answer.
    pub fn head(&mut self, mut answer: Answer) -> Answer {
        answer.headers.append(&mut self.headers());
        answer
    }

    /// The headers of every answer, which has them once.
    pub fn headers(&mut self) -> Vec<(&'static str, String)> {
        let mut headers = vec![("X-Request-Id", self.request_id.clone())];
        if let Some(allowance) = &self.allowance {
            headers.extend([
                ("X-RateLimit-Limit", allowance.limit.to_string()),
                ("X-RateLimit-Remaining", allowance.remaining.to_string()),
                ("X-RateLimit-Reset", allowance.reset_s.to_string()),
            ]);
        }
        headers.append(&mut self.cors);
        headers
    }
}

/// The log target of the one line that every request gets.
const REQUEST: &str = "vocabox::request";

/// Whether a client's own request id is safe to repeat in headers and log.
fn is_fit(id: &str) -> bool {
    (1..=limits::REQUEST_ID_CHARS_MAX).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn new_request_id() -> String {
    Uuid::now_v7().simple().to_string()
}

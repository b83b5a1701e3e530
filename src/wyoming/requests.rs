//! What a Wyoming session asks of the API: the same requests as over HTTP, with the key that the listener is bound to, so
//! that its limits, its places, its history and the log are those of any other request.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::api::lifecycle::Lifecycle;
use crate::edge::message::{Answer, Answered, Body, Head, Service};
use crate::limits::WYOMING_WAIT_SECONDS_MAX;

/// The requests of one session.
pub struct SessionRequests {
    pub lifecycle: Arc<Lifecycle>,
    pub peer: IpAddr,
}

/// A request that was not answered as asked: the API's sentence, and its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRefusal {
    pub status: u16,
    pub sentence: String,
}

impl SessionRequests {
    /// Returns the answer to a POST. The protocol has no "come back later": while the rate limit, the places or the lanes of
    /// the account are used up, it waits, for a bounded time. The error is an answer of another status than 200.
    pub fn post(
        &self,
        path: &str,
        query: &str,
        content_type: &str,
        body: &[u8],
    ) -> Result<Answered, RequestRefusal> {
        let until = Instant::now() + Duration::from_secs(WYOMING_WAIT_SECONDS_MAX);
        loop {
            let answered = self.once(path, query, content_type, body);
            let answer = &answered.answer;
            if answer.status == 200 {
                return Ok(answered);
            }
            let left = until.saturating_duration_since(Instant::now());
            match retry_after(answer).filter(|_| !left.is_zero()) {
                Some(wait) => thread::sleep(wait.min(left)),
                None => return Err(refusal(answer)),
            }
        }
    }

    fn once(&self, path: &str, query: &str, content_type: &str, body: &[u8]) -> Answered {
        let head = Head {
            method: "POST".to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: vec![
                ("content-type".to_owned(), content_type.to_owned()),
                ("content-length".to_owned(), body.len().to_string()),
            ],
            declared_bytes: Some(body.len() as u64),
            peer: self.peer,
            received: Instant::now(),
        };
        match self.lifecycle.admit(head) {
            Ok(admitted) => {
                let left = Arc::new(AtomicBool::new(false));
                let body = Body::Memory(body.to_vec());
                self.lifecycle.answer(admitted, body, left)
            }
            Err(answer) => answer.into(),
        }
    }
}

/// How long a refused client is to wait, at most a second: the server may stop meanwhile.
fn retry_after(answer: &Answer) -> Option<Duration> {
    let header = answer
        .headers
        .iter()
        .find(|(name, _)| *name == "Retry-After");
    let seconds: u64 = header?.1.parse().ok()?;
    Some(Duration::from_secs(seconds.min(1)))
}

fn refusal(answer: &Answer) -> RequestRefusal {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    RequestRefusal {
        status: answer.status,
        sentence: body["detail"].as_str().unwrap_or_default().to_owned(),
    }
}

//! An answer that is sent while it is made, and what the lifecycle does at its end: completion, a fault, or a client
//! that left.
//!
//! Guarantees that the history item is durable before the last byte leaves, and that the request's place, drain guard
//! and concurrency guard are held until then.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use super::lifecycle::suspect;
use super::message::{Answer, Answered};
use super::trace::RequestTrace;
use super::{BodyStream, Call, Context, Reply};
use crate::admit::concurrency::ConcurrencyGuard;
use crate::api::drain::DrainGuard;
use crate::fault::{Fault, Kind};
use crate::scheduler::places::Place;
use crate::store::Status;

/// The place and the guards of a generation under way.
pub type Held = (Option<Place>, Option<DrainGuard>, Option<ConcurrencyGuard>);

/// Makes and sends the parts of an answer after the first.
pub struct StreamedAnswer {
    context: Arc<Context>,
    call: Call,
    trace: RequestTrace,
    source: BodyStream,
    bytes: usize,
    /// When the client was given the part that it has to take.
    sending: Instant,
    /// Place and guards of the request; none once it has ended.
    held: Option<Held>,
}

impl StreamedAnswer {
    /// An answer that starts with `reply.body` and continues with the parts of `source`.
    pub fn begin(
        context: Arc<Context>,
        call: Call,
        mut trace: RequestTrace,
        reply: Reply,
        source: BodyStream,
        held: Held,
    ) -> Answered {
        let bytes = reply.body.len();
        let answer = trace.head(Answer {
            status: 200,
            content_type: reply.content_type,
            headers: reply.headers,
            body: reply.body,
        });
        let sending = StreamedAnswer {
            context,
            call,
            trace,
            source,
            bytes,
            sending: Instant::now(),
            held: Some(held),
        };
        Answered {
            answer,
            rest: Some(Box::new(sending)),
            file: None,
        }
    }

    /// Stores the history item and writes the log line, on the first call only. Faults: those of the store.
    fn end(&mut self, fault: Option<Fault>) -> Result<(), Fault> {
        let Some(_held) = self.held.take() else {
            return Ok(());
        };
        let status = match fault {
            None => Status::Ok,
            Some(_) => Status::Error,
        };
        if let (Some(endpoint), Some(fault)) = (self.trace.endpoint, &fault) {
            suspect(&self.context, endpoint, fault);
        }
        let stored = self.call.put_on_record(&self.context, status);
        self.trace.made(&self.call);
        let fault = fault.or_else(|| stored.as_ref().err().cloned());
        self.trace.log(200, self.bytes, fault);
        stored
    }
}

impl Iterator for StreamedAnswer {
    type Item = Result<Vec<u8>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        self.held.as_ref()?;
        self.call.unsent += self.sending.elapsed();
        let made = catch_unwind(AssertUnwindSafe(|| (self.source)(&mut self.call)))
            .unwrap_or_else(|_| Err(Fault::internal("the handler panicked")));
        match made {
            Ok(Some(part)) => {
                self.bytes += part.len();
                self.sending = Instant::now();
                Some(Ok(part))
            }
            // If the item cannot be stored, the answer ends with that fault instead of its regular end.
            Ok(None) => {
                let told = self.call.told.take();
                self.end(told).err().map(Err)
            }
            Err(fault) => {
                let _ = self.end(Some(fault.clone()));
                Some(Err(fault))
            }
        }
    }
}

impl Drop for StreamedAnswer {
    fn drop(&mut self) {
        let left = Fault::new(
            Kind::Cancelled,
            "The client left before the answer was whole.",
        );
        let _ = self.end(Some(left));
    }
}

//! An answer that is sent while it is made: what the lifecycle does at its end, whichever end that is.
//!
//! Owns that its history item is durable before its last byte leaves, and that its permit among the requests that wait,
//! its drain guard and its key's concurrency guard are held until then.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::message::{Answer, Answered};
use super::trace::RequestTrace;
use super::{BodyStream, Call, Context, Reply};
use crate::admit::concurrency::ConcurrencyGuard;
use crate::api::drain::DrainGuard;
use crate::fault::{Fault, Kind};
use crate::services::permits::Permit;
use crate::store::Status;

/// What a generation holds while it is under way.
pub type Held = (Option<Permit>, Option<DrainGuard>, Option<ConcurrencyGuard>);

/// The rest of an answer whose first part was sent.
pub struct StreamedAnswer {
    context: Arc<Context>,
    call: Call,
    trace: RequestTrace,
    source: BodyStream,
    bytes: usize,
    /// What the request holds while it is under way; none once it has ended.
    held: Option<Held>,
}

impl StreamedAnswer {
    /// The first part of the answer, and `source` as its rest.
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
            held: Some(held),
        };
        Answered {
            answer,
            rest: Some(Box::new(sending)),
            file: None,
        }
    }

    /// The item is put on record and the log line written, once. Faults: the store's.
    fn end(&mut self, fault: Option<Fault>) -> Result<(), Fault> {
        let Some(_held) = self.held.take() else {
            return Ok(());
        };
        let status = match fault {
            None => Status::Ok,
            Some(_) => Status::Error,
        };
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
        let made = catch_unwind(AssertUnwindSafe(|| (self.source)(&mut self.call)))
            .unwrap_or_else(|_| Err(Fault::internal("the handler panicked")));
        match made {
            Ok(Some(part)) => {
                self.bytes += part.len();
                Some(Ok(part))
            }
            // What cannot be put on record was not delivered whole.
            Ok(None) => self.end(None).err().map(Err),
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

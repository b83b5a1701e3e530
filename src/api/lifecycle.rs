//! One request from its head to its log line: read it top to bottom.
//!
//! [`Lifecycle::admit`] decides from the head alone; [`Lifecycle::answer`] does the work once the body is there. Everything
//! that can refuse returns a [`Fault`]; `detail` knows which status that is.

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::fault_injection::{self, FaultPoint};
use super::message::{Answer, Answered, Body, Head, Service};
use super::route::{self, Route};
use super::streamed_answer::StreamedAnswer;
use super::trace::RequestTrace;
use super::{Access, BodyKind, Call, Capability, Context, Endpoint};
use crate::admit::concurrency::ConcurrencyGuard;
use crate::admit::key::{self, Identity};
use crate::admit::{bucket, entitle};
use crate::api::drain::DrainGuard;
use crate::engine::contract::CancellationToken;
use crate::fault::{Fault, Kind};
use crate::services::permits::{Permit, Permits};
use crate::store::{Status, Utc};

/// The API as the edge sees it.
pub struct Lifecycle {
    pub context: Arc<Context>,
}

/// What was decided from a head. Dropping it drops its guards.
pub struct Admitted {
    endpoint: &'static Endpoint,
    param: String,
    identity: Option<Identity>,
    /// None for what needs no worker: a server that stops does not wait for it.
    guard: Option<DrainGuard>,
    /// None for what is no generation, and for a key without a limit of concurrent ones.
    concurrency: Option<ConcurrencyGuard>,
    head: Head,
    trace: RequestTrace,
    admitted: Instant,
}

/// What [`Lifecycle::decide`] finds; its fields are those of [`Admitted`].
struct Decided {
    route: Route,
    identity: Option<Identity>,
    guard: Option<DrainGuard>,
    concurrency: Option<ConcurrencyGuard>,
}

impl Service for Lifecycle {
    type Admitted = Admitted;

    /// Route, key, rate, entitlement, declared size, queue, in this order: a refused request does no later work.
    fn admit(&self, head: Head) -> Result<Admitted, Answer> {
        let origins = &self.context.origins;
        let mut trace = RequestTrace::of(&head, origins.headers(&head));
        if let Some(answer) = origins.preflight(&head) {
            return Err(trace.send(answer, None));
        }
        match self.decide(&head, &mut trace) {
            Ok(decided) => Ok(Admitted {
                endpoint: decided.route.endpoint,
                param: decided.route.param,
                identity: decided.identity,
                guard: decided.guard,
                concurrency: decided.concurrency,
                head,
                trace,
                admitted: Instant::now(),
            }),
            Err(fault) => {
                trace.receive = trace.received.elapsed();
                Err(trace.refuse(fault))
            }
        }
    }

    fn body_bytes_max(&self, admitted: &Admitted) -> u64 {
        self.bytes_max(admitted.endpoint)
    }

    fn answer(&self, admitted: Admitted, body: Body, left: Arc<AtomicBool>) -> Answered {
        let Admitted {
            endpoint,
            guard,
            concurrency,
            mut trace,
            ..
        } = admitted;
        trace.receive = trace.received.elapsed();
        trace.bytes_in = body.len();
        let mut call = Call {
            head: admitted.head,
            param: admitted.param,
            body,
            identity: admitted.identity,
            cancellation: CancellationToken::new(admitted.admitted + endpoint.deadline, left),
            record: None,
            queued: Duration::ZERO,
            ran: Duration::ZERO,
        };
        // Parse, validate, look up, queue, run and render: the handler, top to bottom in its own file.
        let result = catch_unwind(AssertUnwindSafe(|| {
            fault_injection::at(FaultPoint::Handler, &call.head)?;
            // Held until the answer is ready. Not while the body came: a slow upload must not keep others out.
            let permit = self.permit(endpoint.work)?;
            (endpoint.handler)(&self.context, &mut call).map(|reply| (reply, permit))
        }))
        .unwrap_or_else(|_| Err(Fault::internal("the handler panicked")));
        let context = &self.context;
        let (mut reply, permit) = match result {
            Ok(made) => made,
            Err(fault) => {
                // What is answered is why it failed, whether or not that could be put on record.
                let _ = call.put_on_record(context, Status::Error);
                trace.made(&call);
                return trace.refuse(fault).into();
            }
        };
        if let Some(source) = reply.rest.take() {
            let held = (permit, guard, concurrency);
            return StreamedAnswer::begin(context.clone(), call, trace, reply, source, held);
        }
        // The history item is durable before the first byte of the answer leaves. A generation that cannot be put on
        // record was not delivered.
        let stored = call.put_on_record(context, Status::Ok);
        trace.made(&call);
        trace.conclude(stored.map(|()| reply))
    }

    fn abandon(&self, admitted: Admitted, fault: Fault) -> Answer {
        let mut trace = admitted.trace;
        trace.receive = trace.received.elapsed();
        trace.refuse(fault)
    }

    fn refuse(&self, peer: IpAddr, fault: Fault) -> Answer {
        RequestTrace::of_peer(peer).refuse(fault)
    }
}

impl Lifecycle {
    fn decide(&self, head: &Head, trace: &mut RequestTrace) -> Result<Decided, Fault> {
        let route = route::find(&head.method, &head.path)?;
        let endpoint = route.endpoint;
        trace.endpoint = Some(endpoint.id);
        let (identity, concurrency) = match endpoint.access {
            Access::Open => (None, None),
            Access::Key | Access::Entitled => {
                let (identity, concurrency) = self.identify(endpoint, head, trace)?;
                (Some(identity), concurrency)
            }
        };
        self.check_declared_size(endpoint, head)?;
        let guard = match endpoint.work {
            Capability::Light => None,
            Capability::Speak | Capability::Transcribe | Capability::Translate => {
                Some(self.guard(endpoint.work)?)
            }
        };
        Ok(Decided {
            route,
            identity,
            guard,
            concurrency,
        })
    }

    /// The caller, who has paid with a token and may do this, and the guard of one more generation of a limited key. A
    /// generation that is too many costs no token.
    fn identify(
        &self,
        endpoint: &Endpoint,
        head: &Head,
        trace: &mut RequestTrace,
    ) -> Result<(Identity, Option<ConcurrencyGuard>), Fault> {
        let store = &self.context.store;
        let now = Utc::now();
        fault_injection::at(FaultPoint::Store, head)?;
        let identity = key::authenticate(store, head.header("authorization"), now)?;
        trace.key_id = Some(identity.key.key_id);
        let concurrency = match endpoint.work {
            Capability::Light => Ok(None),
            Capability::Speak | Capability::Transcribe | Capability::Translate => {
                self.context.concurrency.enter(&identity.key)
            }
        };
        let allowance = match endpoint.is_free || concurrency.is_err() {
            true => bucket::peek(store, &identity)?,
            false => bucket::take(store, &identity)?,
        };
        let (limit, refused) = (allowance.limit, allowance.retry_after_s);
        trace.allowance = Some(allowance);
        let concurrency = concurrency?;
        if let Some(retry_after_s) = refused {
            return Err(Fault::new(
                Kind::RateLimited { retry_after_s },
                format!(
                    "This key's {limit} calls a minute are used up. Try again in {retry_after_s} s."
                ),
            ));
        }
        if endpoint.access == Access::Entitled {
            entitle::entitled(&identity.account, now)?;
        }
        Ok((identity, concurrency))
    }

    fn check_declared_size(&self, endpoint: &Endpoint, head: &Head) -> Result<(), Fault> {
        let bytes_max = self.bytes_max(endpoint);
        let declares = head.header("content-length").is_some() || head.declared_bytes.is_none();
        match head.declared_bytes {
            Some(bytes) if bytes > bytes_max => Err(Fault::new(
                Kind::TooLarge,
                format!(
                    "the body has {bytes} bytes; {} accepts at most {bytes_max}",
                    endpoint.path
                ),
            )),
            _ if endpoint.body != BodyKind::None && !declares => Err(Fault::new(
                Kind::LengthRequired,
                "the length of the body is missing; send Content-Length or Transfer-Encoding: chunked",
            )),
            _ => Ok(()),
        }
    }

    fn bytes_max(&self, endpoint: &Endpoint) -> u64 {
        self.context.body_caps.bytes_max(endpoint.body)
    }

    /// A drain guard for a generation, unless the server is stopping or the queue is full already: then the body need not come.
    fn guard(&self, work: Capability) -> Result<DrainGuard, Fault> {
        let stopping = "The box is stopping and takes no more work.";
        let stopping = || Fault::new(Kind::Busy { retry_after_s: 30 }, stopping);
        let guard = self.context.drain.enter().ok_or_else(stopping)?;
        match self.permits(work).is_some_and(Permits::is_full) {
            true => Err(full()),
            false => Ok(guard),
        }
    }

    /// A permit among the requests that wait for this kind of work, so that they can never take the handlers that
    /// answer everything else. It is taken once the body is there: else a client that sends slowly would hold the queue.
    fn permit(&self, work: Capability) -> Result<Option<Permit>, Fault> {
        self.permits(work)
            .map(|permits| permits.take().ok_or_else(full))
            .transpose()
    }

    fn permits(&self, work: Capability) -> Option<&Permits> {
        match work {
            Capability::Light => None,
            Capability::Speak => self.context.speech.as_ref().map(|s| &s.permits),
            Capability::Transcribe => self.context.transcription.as_ref().map(|t| &t.permits),
            Capability::Translate => self.context.translation.as_ref().map(|t| &t.permits),
        }
    }
}

fn full() -> Fault {
    Fault::new(
        Kind::Busy { retry_after_s: 5 },
        "The queue is full: as many requests as it holds wait already. Try again in 5 s.",
    )
}

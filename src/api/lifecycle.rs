//! One request from its head to its log line: read it top to bottom.
//!
//! [`Lifecycle::admit`] decides from the head alone; [`Lifecycle::answer`] does the work once the body is there.
//! Everything that can refuse returns a [`Fault`]; `detail` turns it into a status.

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::cors::Origins;
use super::credentials::credentials;
use super::fault_injection::{self, FaultPoint};
use super::message::{Answer, Answered, Body, Head, Service};
use super::realtime::{self, SUBPROTOCOL};
use super::route::{self, Route};
use super::streamed_answer::StreamedAnswer;
use super::trace::RequestTrace;
use super::{Access, BodyKind, Call, Context, Endpoint};
use crate::admit::concurrency::ConcurrencyGuard;
use crate::admit::key::{self, Identity};
use crate::admit::{bucket, entitle, operator};
use crate::api::drain::DrainGuard;
use crate::capability::Capability;
use crate::edge::websocket::{ClientSocket, CloseReason, Upgrade};
use crate::engine::contract::CancellationToken;
use crate::fault::{Fault, Kind};
use crate::memory;
use crate::scheduler::places::Place;
use crate::store::{KeyId, Status, Utc};

/// Seconds after which a client is told to come back that gets no session: how long the others last is not known.
const SESSION_RETRY_S: u32 = 10;

/// The API as a service of the edge.
pub struct Lifecycle {
    pub context: Arc<Context>,
    /// The key of all requests, for a listener whose clients send none.
    pub key: Option<KeyId>,
}

/// An admitted request whose body is still to come. Dropping it drops its guards.
pub struct Admitted {
    endpoint: &'static Endpoint,
    param: String,
    identity: Option<Identity>,
    /// None for endpoints that compute nothing: a server that stops does not wait for them.
    guard: Option<DrainGuard>,
    /// None for what is no generation, and for a key without a limit of concurrent ones.
    concurrency: Option<ConcurrencyGuard>,
    /// None for what gets an answer.
    session: Option<AdmittedSession>,
    head: Head,
    trace: RequestTrace,
}

/// What [`Lifecycle::decide`] finds; its fields are those of [`Admitted`].
struct Decided {
    route: Route,
    identity: Option<Identity>,
    guard: Option<DrainGuard>,
    concurrency: Option<ConcurrencyGuard>,
    session: Option<AdmittedSession>,
}

/// A session over a WebSocket that is admitted: the upgrade until it is taken, and its place.
type AdmittedSession = (Option<Upgrade>, Place);

impl Service for Lifecycle {
    type Admitted = Admitted;

    /// Checks route, key, rate, entitlement, declared size, quotas and queue, in this order: a refused request costs no later
    /// check.
    fn admit(&self, head: Head) -> Result<Admitted, Answer> {
        let policy = self.context.policy.get();
        // Pages of other origins have no business with accounts and keys.
        let none = Origins::default();
        let origins = match operator::covers(&head.path) {
            true => &none,
            false => &policy.origins,
        };
        let mut trace = RequestTrace::of(&head, origins.headers(&head), &self.context.metrics);
        let preflight = origins.preflight(&head, route::methods);
        if let Some(answer) = preflight.or_else(|| route::options(&head.method, &head.path)) {
            return Err(trace.send(answer, None));
        }
        match self.decide(&head, &mut trace) {
            Ok(decided) => Ok(Admitted {
                endpoint: decided.route.endpoint,
                param: decided.route.param,
                identity: decided.identity,
                guard: decided.guard,
                concurrency: decided.concurrency,
                session: decided.session,
                head,
                trace,
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

    fn owner(&self, admitted: &Admitted) -> Option<u64> {
        let identity = admitted.identity.as_ref();
        identity.map(|identity| identity.account.id.number())
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
            // From now on, when the body is there: a slow upload costs none of it.
            cancellation: CancellationToken::new(Instant::now() + endpoint.deadline, left),
            record: None,
            times: Arc::default(),
            unsent: Duration::ZERO,
            told: None,
            counted: Duration::ZERO,
        };
        // The handler, in its own file, parses, validates, looks up, calls services and renders.
        let result = catch_unwind(AssertUnwindSafe(|| {
            fault_injection::at(FaultPoint::Handler, &call.head)?;
            // The place is held until the answer is ready, but not while the body arrives: a slow upload must not keep
            // other requests out.
            let place = self.place(endpoint, call.identity.as_ref())?;
            (endpoint.handler)(&self.context, &mut call).map(|reply| (reply, place))
        }))
        .unwrap_or_else(|_| Err(Fault::internal("the handler panicked")));
        let context = &self.context;
        let (mut reply, place) = match result {
            Ok(made) => made,
            Err(fault) => {
                suspect(context, endpoint, &fault);
                // The client gets the fault of the generation even if the history item cannot be written.
                let _ = call.put_on_record(context, Status::Error);
                trace.made(&call);
                return trace.refuse(fault).into();
            }
        };
        if let Some(source) = reply.rest.take() {
            call.first_sound(context, trace.received);
            let held = (place, guard, concurrency);
            return StreamedAnswer::begin(context.clone(), call, trace, reply, source, held);
        }
        call.first_sound(context, trace.received);
        // The history item is durable before the first byte of the answer leaves; if it cannot be written, the answer
        // is that fault.
        let stored = call.put_on_record(context, Status::Ok);
        trace.made(&call);
        trace.conclude(stored.map(|()| reply))
    }

    fn upgrade(&self, admitted: &mut Admitted) -> Option<Upgrade> {
        let (upgrade, _) = admitted.session.as_mut()?;
        let mut upgrade = upgrade.take()?;
        let mut offered = admitted.head.list("sec-websocket-protocol");
        upgrade.protocol = offered
            .any(|name| name == SUBPROTOCOL)
            .then_some(SUBPROTOCOL);
        upgrade.headers = admitted.trace.headers();
        Some(upgrade)
    }

    fn converse(&self, admitted: Admitted, socket: &mut ClientSocket<'_>) {
        let Admitted {
            endpoint,
            guard,
            concurrency,
            session,
            mut trace,
            ..
        } = admitted;
        let held = (session, guard, concurrency);
        let mut call = Call {
            head: admitted.head,
            param: admitted.param,
            body: Body::Memory(Vec::new()),
            identity: admitted.identity,
            cancellation: CancellationToken::until(Instant::now() + socket.left()),
            record: None,
            told: None,
            times: Arc::default(),
            unsent: Duration::ZERO,
            counted: Duration::ZERO,
        };
        let context = &self.context;
        let served = catch_unwind(AssertUnwindSafe(|| match endpoint.conversation {
            Some(conversation) => conversation(context, &mut call, socket),
            None => Err(Fault::internal(
                "an endpoint without a WebSocket was upgraded",
            )),
        }))
        .unwrap_or_else(|_| Err(Fault::internal("the session panicked")));
        if served.is_err() {
            socket.close(CloseReason::Failed);
        }
        let (bytes_in, bytes_out) = socket.bytes();
        trace.bytes_in = bytes_in;
        trace.lane_times = call.times.sums();
        trace.audio_s = served.as_ref().ok().copied();
        trace.log(101, bytes_out as usize, served.err());
        drop(held);
    }

    fn abandon(&self, admitted: Admitted, fault: Fault) -> Answer {
        let mut trace = admitted.trace;
        trace.receive = trace.received.elapsed();
        trace.refuse(fault)
    }

    fn refuse(&self, peer: IpAddr, fault: Fault) -> Answer {
        RequestTrace::of_peer(peer, &self.context.metrics).refuse(fault)
    }
}

impl Lifecycle {
    fn decide(&self, head: &Head, trace: &mut RequestTrace) -> Result<Decided, Fault> {
        if operator::covers(&head.path) && self.context.operator_key.is_none() {
            return Err(operator::absent());
        }
        let route = route::find(&head.method, &head.path)?;
        let endpoint = route.endpoint;
        trace.endpoint = Some(endpoint);
        let (identity, concurrency) = match endpoint.access {
            Access::Open => (None, None),
            Access::Operator => {
                self.check_operator(head)?;
                (None, None)
            }
            Access::Catalog
                if self.context.policy.get().public_catalog && credentials(head).is_none() =>
            {
                (None, None)
            }
            Access::Key | Access::Entitled | Access::Catalog => {
                let (identity, concurrency) = self.identify(endpoint, head, trace)?;
                (Some(identity), concurrency)
            }
        };
        self.check_declared_size(endpoint, head)?;
        if let (Some(check), Some(identity)) = (endpoint.check_head, &identity) {
            check(&self.context, identity, head.declared_bytes.unwrap_or(0))?;
        }
        let guard = match (endpoint.work, &identity) {
            (Some(work), Some(identity)) => Some(self.guard(work, identity)?),
            _ => None,
        };
        let session = match (endpoint.conversation, &identity) {
            (Some(_), Some(identity)) => Some(self.session(head, identity)?),
            _ => None,
        };
        Ok(Decided {
            route,
            identity,
            guard,
            concurrency,
            session,
        })
    }

    /// The upgrade that `head` asks for, and a place for the session. Faults: `UpgradeRequired` or `Invalid` for what is no
    /// upgrade, those of [`realtime::check`], and `Busy` when all places are taken or the account has its share.
    fn session(&self, head: &Head, identity: &Identity) -> Result<AdmittedSession, Fault> {
        let upgrade = Upgrade::asked(head)?;
        catch_unwind(|| fault_injection::at(FaultPoint::Handler, head))
            .unwrap_or_else(|_| Err(Fault::internal("the session panicked")))?;
        realtime::check(&self.context, &head.query)?;
        let sessions = &realtime::live(&self.context)?.sessions;
        let place = sessions.take(identity.account.id).ok_or_else(|| {
            Fault::new(
                Kind::Busy {
                    retry_after_s: SESSION_RETRY_S,
                },
                format!(
                    "All sessions of realtime transcription that this account may have are taken. Try again in {SESSION_RETRY_S} s."
                ),
            )
        })?;
        Ok((Some(upgrade), place))
    }

    /// The caller, after its token was taken and its entitlement checked, and the guard of one more generation of a key
    /// with a limit. A generation beyond the limit costs no token.
    fn identify(
        &self,
        endpoint: &Endpoint,
        head: &Head,
        trace: &mut RequestTrace,
    ) -> Result<(Identity, Option<ConcurrencyGuard>), Fault> {
        let store = &self.context.store;
        let now = Utc::now();
        fault_injection::at(FaultPoint::Store, head)?;
        let identity = match self.key {
            Some(key_id) => key::of_listener(store, key_id, now)?,
            None => {
                let authorization = credentials(head);
                key::authenticate(store, authorization.as_deref(), now)
                    .map_err(|fault| self.slowed(fault, authorization.is_some(), head.peer))?
            }
        };
        trace.key_id = Some(identity.key.key_id);
        let concurrency = match endpoint.work {
            None => Ok(None),
            Some(_) => self.context.concurrency.enter(&identity.key),
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

    /// Checks that the operator sends the request. Faults: `NotFound` where the server has no key of one, those of
    /// [`OperatorKey::check`], and `RateLimited` after too many wrong keys.
    ///
    /// [`OperatorKey::check`]: operator::OperatorKey::check
    fn check_operator(&self, head: &Head) -> Result<(), Fault> {
        fault_injection::at(FaultPoint::Store, head)?;
        let key = self.context.operator_key.as_ref();
        let authorization = head.header("authorization");
        key.ok_or_else(operator::absent)?
            .check(authorization)
            .map_err(|fault| self.slowed(fault, authorization.is_some(), head.peer))
    }

    /// The fault of a request without a valid key: a wrong key counts against its address, and beyond the bound the client is
    /// told to wait. A request without any key tries none.
    fn slowed(&self, fault: Fault, has_key: bool, peer: IpAddr) -> Fault {
        match fault.kind == Kind::Unauthorized && has_key {
            true => match self.context.failed_keys.note(peer, Instant::now()) {
                Ok(()) => fault,
                Err(too_many) => too_many,
            },
            false => fault,
        }
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

    /// A drain guard for a generation. Faults: `Busy` while the server is stopping, has no memory left, or the queue is
    /// full, so that the body need not be received.
    fn guard(&self, work: Capability, identity: &Identity) -> Result<DrainGuard, Fault> {
        let stopping = "The server is stopping and takes no more work.";
        let stopping = || Fault::new(Kind::Busy { retry_after_s: 30 }, stopping);
        let guard = self.context.drain.enter().ok_or_else(stopping)?;
        memory::check()?;
        let services = &self.context.services;
        let places = services.places(work);
        match places.is_some_and(|places| places.is_full(identity.account.id)) {
            true => Err(services.busy()),
            false => Ok(guard),
        }
    }

    /// A place among the requests that compute or wait for this kind of work, so that they can never take the handlers that
    /// answer everything else. It is taken once the body is there: else a client that sends slowly would hold it.
    fn place(
        &self,
        endpoint: &Endpoint,
        identity: Option<&Identity>,
    ) -> Result<Option<Place>, Fault> {
        match (endpoint.work, identity) {
            (Some(work), Some(identity)) => {
                (self.context.services).take_place(work, identity.account.id)
            }
            _ => Ok(None),
        }
    }
}

/// Has the models of `endpoint` tested where a request for them met this fault of an engine.
pub fn suspect(context: &Context, endpoint: &Endpoint, fault: &Fault) {
    if let (Kind::Engine, Some(work)) = (fault.kind, endpoint.work) {
        context.self_tests.suspect(work);
    }
}

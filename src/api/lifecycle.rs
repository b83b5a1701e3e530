//! One request from its head to its log line: read it top to bottom.
//!
//! [`Lifecycle::admit`] decides from the head alone; [`Lifecycle::answer`] does the work once the body is there. Everything
//! that can refuse returns a [`Fault`]; `detail` knows which status that is.

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::message::{Answer, Answered, Body, Head, Service};
use super::rehearse::{self, Stage};
use super::route::{self, Route};
use super::sending::Sending;
use super::trail::Trail;
use super::{Access, BodyKind, Call, Context, Endpoint, Work};
use crate::admit::key::{self, Identity};
use crate::admit::{bucket, entitle};
use crate::engine::contract::CancellationToken;
use crate::fault::{Fault, Kind};
use crate::store::{Status, Utc};
use crate::work::places::{Place, Places};
use crate::work::underway::Turn;

/// The API as the edge sees it.
pub struct Lifecycle {
    pub context: Arc<Context>,
}

/// What was decided from a head. Dropping it ends its turn.
pub struct Admitted {
    endpoint: &'static Endpoint,
    param: String,
    identity: Option<Identity>,
    /// None for what needs no worker: a box that stops does not wait for it.
    turn: Option<Turn>,
    head: Head,
    trail: Trail,
    admitted: Instant,
}

impl Service for Lifecycle {
    type Admitted = Admitted;

    /// Route, key, rate, entitlement, declared size, room, in this order: a refused request does no later work.
    fn admit(&self, head: Head) -> Result<Admitted, Answer> {
        let origins = &self.context.origins;
        let mut trail = Trail::of(&head, origins.headers(&head));
        if let Some(answer) = origins.preflight(&head) {
            return Err(trail.send(answer, None));
        }
        match self.decide(&head, &mut trail) {
            Ok((Route { endpoint, param }, identity, turn)) => Ok(Admitted {
                endpoint,
                param,
                identity,
                turn,
                head,
                trail,
                admitted: Instant::now(),
            }),
            Err(fault) => {
                trail.receive = trail.received.elapsed();
                Err(trail.refuse(fault))
            }
        }
    }

    fn body_bytes_max(&self, admitted: &Admitted) -> u64 {
        self.bytes_max(admitted.endpoint)
    }

    fn answer(&self, admitted: Admitted, body: Body, left: Arc<AtomicBool>) -> Answered {
        let Admitted {
            endpoint,
            turn,
            mut trail,
            ..
        } = admitted;
        trail.receive = trail.received.elapsed();
        trail.bytes_in = body.len();
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
            rehearse::at(Stage::Handler, &call.head)?;
            // Held until the answer is ready. Not while the body came: a slow upload must not keep others out.
            let place = self.place(endpoint.work)?;
            (endpoint.handler)(&self.context, &mut call).map(|reply| (reply, place))
        }))
        .unwrap_or_else(|_| Err(Fault::internal("the handler panicked")));
        let context = &self.context;
        let (mut reply, place) = match result {
            Ok(made) => made,
            Err(fault) => {
                // What is answered is why it failed, whether or not that could be put on record.
                let _ = call.put_on_record(context, Status::Error);
                trail.made(&call);
                return trail.refuse(fault).into();
            }
        };
        if let Some(source) = reply.rest.take() {
            let held = (place, turn);
            return Sending::begin(context.clone(), call, trail, reply, source, held);
        }
        // The history item is durable before the first byte of the answer leaves. A generation that cannot be put on
        // record was not delivered.
        let stored = call.put_on_record(context, Status::Ok);
        trail.made(&call);
        trail.conclude(stored.map(|()| reply))
    }

    fn abandon(&self, admitted: Admitted, fault: Fault) -> Answer {
        let mut trail = admitted.trail;
        trail.receive = trail.received.elapsed();
        trail.refuse(fault)
    }

    fn refuse(&self, peer: IpAddr, fault: Fault) -> Answer {
        Trail::of_peer(peer).refuse(fault)
    }
}

impl Lifecycle {
    fn decide(
        &self,
        head: &Head,
        trail: &mut Trail,
    ) -> Result<(Route, Option<Identity>, Option<Turn>), Fault> {
        let route = route::find(&head.method, &head.path)?;
        let endpoint = route.endpoint;
        trail.endpoint = Some(endpoint.id);
        let identity = match endpoint.access {
            Access::Open => None,
            Access::Key | Access::Entitled => Some(self.identify(endpoint, head, trail)?),
        };
        self.check_declared_size(endpoint, head)?;
        let turn = match endpoint.work {
            Work::Light => None,
            Work::Speak | Work::Transcribe | Work::Translate => Some(self.turn(endpoint.work)?),
        };
        Ok((route, identity, turn))
    }

    /// The caller, who has paid with a token and may do this.
    fn identify(
        &self,
        endpoint: &Endpoint,
        head: &Head,
        trail: &mut Trail,
    ) -> Result<Identity, Fault> {
        let store = &self.context.store;
        let now = Utc::now();
        rehearse::at(Stage::Store, head)?;
        let identity = key::authenticate(store, head.header("authorization"), now)?;
        trail.key_id = Some(identity.key.key_id);
        let allowance = match endpoint.is_free {
            true => bucket::look(store, &identity)?,
            false => bucket::take(store, &identity)?,
        };
        let (limit, refused) = (allowance.limit, allowance.retry_after_s);
        trail.allowance = Some(allowance);
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
        Ok(identity)
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
            Work::Translate => self.context.translating.as_ref().map(|t| &t.places),
        }
    }
}

fn full() -> Fault {
    Fault::new(
        Kind::Busy { retry_after_s: 5 },
        "The queue is full: as many requests as it holds wait already. Try again in 5 s.",
    )
}

//! The edge: everything between the network and the service. It owns every socket, every bound on what a client may
//! send or hold, and tiny_http. It serves a [`message::Service`].
//!
//! ```text
//! gate    accept → head → admit → body (body, spool) → ticket ┐        ┌ relay → answer (send or flow, reply)
//! inner                   private Unix socket → tiny_http → handler ┘
//! ```
//!
//! tiny_http 0.12 cannot face a network: an unread body of a declared 40 GiB aborts the process, one failed accept ends
//! its listening for good, heads are unbounded. So the gate stands before it: it reads, bounds and checks everything
//! itself, and sends tiny_http nothing but `GET /` with a ticket. A large or slow client costs a connection thread (a
//! small stack), never a handler.
//!
//! A request that asks for a WebSocket has no body and no handler: once it is admitted, the gate answers 101 and its thread
//! serves the messages (`websocket`).
//!
//! `client_stream` is one socket under deadlines, `forwarded` finds the client behind trusted proxies, `connections` bounds
//! the connections, `budget` the uploads and spool bytes, `descriptors` and `threads` keep all of them within the process's
//! limits, `guard` turns a panic of the service into an answer.

mod body;
mod client_stream;
mod connections;
mod descriptors;
mod flow;
mod forwarded;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod gate;
mod guard;
mod head;
mod inner;
mod listen;
pub mod message;
mod reply;
mod send;
mod spool;
#[cfg(test)]
mod tests;
mod threads;
pub mod websocket;

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use self::connections::Connections;
use self::gate::Gate;
use self::inner::wire::{Handlers, InnerSocket, SOCKET_PATH_BYTES_MAX};
use self::spool::{Spool, SpoolLimits};
use crate::message::Service;
use vocabox_base::address::Network;
use vocabox_base::budget::Budget;
use vocabox_base::limits;

/// Addresses, folders and sizes of the edge.
#[derive(Debug, Clone)]
pub struct EdgeConfig {
    /// Address to listen on; port 0 selects a free one.
    pub listen: SocketAddr,
    /// Folder for bodies that exceed memory. Created if missing.
    pub spool_dir: PathBuf,
    /// Folder in which the private folder of the inner socket is created.
    pub socket_dir: PathBuf,
    /// Number of handler threads.
    pub handlers: usize,
    /// Threads that may run beside the edge's own; they count towards the process's limit.
    pub threads_beside: usize,
    /// Most connections of all clients; fewer when the process may open too few descriptors.
    pub connections_max: usize,
    /// Most connections of one address.
    pub connections_per_address_max: usize,
    /// Proxies that tell their clients' addresses; their own connections are bounded only with all others.
    pub trusted_proxies: Vec<Network>,
}

/// Deadlines and sizes; the defaults are those of `limits`.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Bytes of a head, and of a connection's buffer.
    pub head_bytes_max: usize,
    /// From a connection's start or a head's first byte to the head's end.
    pub head: Duration,
    /// Silence between two requests of one connection.
    pub idle: Duration,
    /// One wait for a client to take bytes.
    pub write_block: Duration,
    /// A whole answer.
    pub answer: Duration,
    /// One wait for a client to take bytes of an answer that is sent while it is made, and all such waits together.
    pub stream_stall: Duration,
    pub stream: Duration,
    /// The time before the minimum rate applies, and after which an upload counts as slow.
    pub upload_grace: Duration,
    /// Bytes a second, on average, of uploads and of answers.
    pub rate_min: u64,
    /// A whole upload.
    pub upload: Duration,
    /// How long a client that has closed its sending side may wait before it counts as gone.
    pub half_closed: Duration,
    /// How long the edge reads on after a refusal.
    pub drain: Duration,
    /// Bytes read on after a refusal.
    pub drain_bytes_max: usize,
    /// Silence of the client of a WebSocket, and the time between two pings of it.
    pub socket_idle: Duration,
    pub socket_ping: Duration,
    /// How long a WebSocket is kept.
    pub socket: Duration,
    /// Bytes of one message of a WebSocket.
    pub message_bytes_max: usize,
    /// Bytes of one body that stay in memory.
    pub body_memory_bytes_max: usize,
    /// Bytes of all bodies and answers that stay in memory.
    pub memory_bytes_max: u64,
    /// Bytes of all spooled bodies and answers.
    pub spool_bytes_max: u64,
    /// Bytes of the largest body: what one account may have in files, whatever its share is.
    pub body_bytes_max: u64,
}

/// Milliseconds after a client's FIN during which it may still wait for an answer (half-closed).
const HALF_CLOSED_MS: u64 = 1_000;

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            head_bytes_max: limits::HEAD_BYTES.default as usize,
            head: Duration::from_secs(limits::HEAD_SECONDS.default),
            idle: Duration::from_secs(limits::IDLE_SECONDS.default),
            write_block: Duration::from_secs(limits::WRITE_SECONDS.default),
            answer: Duration::from_secs(limits::ANSWER_SECONDS.default),
            stream_stall: Duration::from_secs(limits::STREAM_STALL_SECONDS_MAX),
            stream: Duration::from_secs(limits::STREAM_SECONDS_MAX),
            upload_grace: Duration::from_millis(limits::UPLOAD_GRACE_MS),
            rate_min: limits::UPLOAD_RATE.default,
            upload: Duration::from_secs(limits::UPLOAD_SECONDS.default),
            half_closed: Duration::from_millis(HALF_CLOSED_MS),
            drain: Duration::from_millis(limits::DRAIN_MS),
            drain_bytes_max: limits::DRAIN_BYTES_MAX,
            socket_idle: Duration::from_secs(limits::REALTIME_IDLE_SECONDS_MAX),
            socket_ping: Duration::from_secs(limits::REALTIME_PING_SECONDS),
            socket: Duration::from_secs(limits::REALTIME_SECONDS_MAX),
            message_bytes_max: limits::REALTIME_MESSAGE_BYTES_MAX,
            body_memory_bytes_max: limits::BODY_MEMORY_BYTES_MAX,
            memory_bytes_max: limits::MEMORY_BYTES.default,
            spool_bytes_max: limits::SPOOL_BYTES.default,
            body_bytes_max: limits::VIDEO_BYTES.default,
        }
    }
}

/// Why the edge did not start, in one sentence for the operator.
#[derive(Debug)]
pub enum EdgeError {
    /// The address is not available.
    Listen {
        address: SocketAddr,
        cause: io::Error,
    },
    /// The spool folder cannot be written.
    Spool { folder: PathBuf, cause: io::Error },
    /// The inner socket, its folder or a thread could not be made.
    Inner(String),
    /// The path of the inner socket is too long for one, and the folder for temporary files cannot be used instead.
    LongPath {
        bytes: usize,
        temporary: PathBuf,
        cause: io::Error,
    },
    /// The process may open too few descriptors even for the least number of connections: as many as handlers, so that
    /// requests that wait for a lane can never take all of them.
    Descriptors { have: u64, need: u64 },
    /// As `Descriptors`, for threads.
    Threads { have: u64, need: u64 },
}

impl fmt::Display for EdgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EdgeError::Listen { address, cause } => match cause.kind() {
                ErrorKind::AddrInUse => write!(
                    f,
                    "cannot listen on {address}: another process does; choose another address or stop that one"
                ),
                ErrorKind::PermissionDenied => write!(
                    f,
                    "cannot listen on {address}: not permitted; choose a port from 1024 on"
                ),
                ErrorKind::AddrNotAvailable => write!(
                    f,
                    "cannot listen on {address}: this machine does not have that address"
                ),
                _ => write!(f, "cannot listen on {address}: {cause}"),
            },
            EdgeError::Spool { folder, cause } => write!(
                f,
                "cannot write into {}, the folder for uploads: {cause}",
                folder.display()
            ),
            EdgeError::Inner(cause) => write!(f, "cannot set up the inner server: {cause}"),
            EdgeError::LongPath {
                bytes,
                temporary,
                cause,
            } => write!(
                f,
                "the path of the data folder is so long that its socket's has {bytes} bytes, at most {SOCKET_PATH_BYTES_MAX} are accepted, and {}, the folder for temporary files, cannot be used instead ({cause}): set TMPDIR to a folder that can be written, or give a shorter --data-dir",
                temporary.display()
            ),
            EdgeError::Descriptors { have, need } => write!(
                f,
                "this process may open {have} files and needs {need} at the least; raise `ulimit -n` (LimitNOFILE), or lower the lanes or the queue"
            ),
            EdgeError::Threads { have, need } => write!(
                f,
                "this process may start {have} threads and needs {need} at the least; raise the limit of its container or service (pids limit, TasksMax, `ulimit -u`), or lower the lanes or the queue"
            ),
        }
    }
}

impl std::error::Error for EdgeError {}

/// The running edge. Dropping it stops accepting and lets the handler threads finish what they have started; for an
/// orderly end, call [`Edge::stop`], then [`Edge::wait_idle`], then drop it.
pub struct Edge {
    address: SocketAddr,
    connections: Arc<Connections>,
    acceptor: Mutex<Option<JoinHandle<()>>>,
    _handlers: Handlers,
}

/// Everything of an edge that can be missing: it has its address, its folders and its limits, and answers nothing yet.
pub struct EdgeSetup {
    config: EdgeConfig,
    bounds: Bounds,
    connections_max: usize,
    spool: Spool,
    socket: OwnedFd,
    inner: InnerSocket,
}

impl EdgeSetup {
    /// Takes the address and checks folders and limits, before what takes long is begun. Until [`EdgeSetup::open`], clients
    /// are refused a connection.
    pub fn new(config: EdgeConfig, bounds: Bounds) -> Result<Self, EdgeError> {
        let wanted = config.connections_max;
        let by_files = descriptors::connections(wanted, config.handlers)?;
        let by_threads = threads::connections(wanted, config.handlers, config.threads_beside)?;
        for (fitting, limit) in [(by_files, "open files"), (by_threads, "threads")] {
            if fitting < wanted {
                log::warn!(
                    "edge: at most {fitting} connections instead of {wanted}: the limit of {limit} allows no more"
                );
            }
        }
        let spool = Spool::open(
            &config.spool_dir,
            SpoolLimits {
                files: bounds.spool_bytes_max,
                files_least: bounds.body_bytes_max,
                memory: bounds.memory_bytes_max,
                memory_each: bounds.body_memory_bytes_max,
            },
        )
        .map_err(|cause| EdgeError::Spool {
            folder: config.spool_dir.clone(),
            cause,
        })?;
        let socket = listen::bind(config.listen).map_err(|cause| EdgeError::Listen {
            address: config.listen,
            cause,
        })?;
        let inner = InnerSocket::bind(&config.socket_dir)?;
        Ok(EdgeSetup {
            config,
            bounds,
            connections_max: by_files.min(by_threads),
            spool,
            socket,
            inner,
        })
    }

    /// Returns the address that it will listen on, with its actual port.
    #[cfg(test)]
    fn address(&self) -> Option<SocketAddr> {
        let address = rustix::net::getsockname(&self.socket).ok()?;
        address.try_into().ok()
    }

    /// Listens, and serves with `service`.
    pub fn open<S: Service>(self, service: Arc<S>) -> Result<Edge, EdgeError> {
        let EdgeSetup {
            config,
            bounds,
            connections_max,
            spool,
            socket,
            inner,
        } = self;
        let (wire, handlers) = Handlers::open(inner, config.handlers, Arc::clone(&service))?;
        let (listener, address) = listen::listen(socket).map_err(|cause| EdgeError::Listen {
            address: config.listen,
            cause,
        })?;
        let connections = Connections::new(
            connections_max,
            config.connections_per_address_max.clamp(1, connections_max),
        );
        let gate = Arc::new(Gate {
            service,
            wire,
            connections: Arc::clone(&connections),
            spool,
            uploads: Budget::new((config.handlers as u64 / 2).max(1), 1),
            trusted_proxies: config.trusted_proxies,
            bounds,
        });
        let acceptor = thread::Builder::new()
            .name("accept".to_owned())
            .spawn(move || gate.accept(&listener))
            .map_err(|e| EdgeError::Inner(e.to_string()))?;
        Ok(Edge {
            address,
            connections,
            acceptor: Mutex::new(Some(acceptor)),
            _handlers: handlers,
        })
    }
}

impl Edge {
    /// Returns the listening address with its actual port.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting (the port is free when this returns) and closes idle connections. Requests that have started are
    /// answered, and their connections closed then.
    pub fn stop(&self) {
        self.connections.stop();
        let acceptor = self
            .acceptor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(acceptor) = acceptor {
            let _ = acceptor.join();
        }
    }

    /// Waits up to `most` until every request is answered and its connection closed; returns whether that happened.
    /// Call [`Edge::stop`] first: before that, idle connections count too.
    pub fn wait_idle(&self, most: Duration) -> bool {
        self.connections.wait_empty(most)
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.stop();
    }
}

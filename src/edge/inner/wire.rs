//! The inner hop: tickets, tiny_http on a private Unix socket, and the threads that answer there. The only file that
//! names tiny_http. Knows nothing of clients, heads or bodies on the network.
//!
//! tiny_http never sees a byte from the network: the gate sends it `GET /` with a ticket, and the handler
//! finds the admitted request under that ticket, in process. A request without a ticket never reaches the
//! service. Each request has its own inner connection: kept ones starve in tiny_http's task pool.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fs::DirBuilder;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Cursor, ErrorKind, Write};
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tiny_http::{Header, Request, Response, Server, StatusCode};

use crate::EdgeError;
use crate::guard::{guard, refuse};
use crate::inner::parts;
use crate::listen::BACKLOG;
use crate::message::{Answer, Answered, Part, Rest, Service};
use crate::reply::sound;
use crate::spool::Stored;
use vocabox_base::end;
use vocabox_base::fault::{Fault, Kind};
use vocabox_base::folder::make_private;

/// The header that carries the ticket in both directions: an answer without it is tiny_http's own and is never sent to
/// a client.
pub(crate) const TICKET: &str = "Ticket";

/// The header of an answer that is still being made: its body comes in parts.
pub(crate) const PARTS: &str = "Parts";

/// Bytes of a socket's path that every Unix takes (`sun_path` has 104 or 108, with its NUL).
pub(crate) const SOCKET_PATH_BYTES_MAX: usize = 100;
/// Consecutive connection attempts that may fail before the process ends: tiny_http's accept thread is dead then and
/// never recovers, while a supervisor can start a new process.
const DEAD_ATTEMPTS_MAX: usize = 16;
/// Milliseconds between two attempts for one request, and attempts for one request.
const ATTEMPT_PAUSE_MS: u64 = 25;
const ATTEMPTS: usize = 4;
/// Milliseconds that idle handler threads may take to end.
const END_MS: u64 = 500;

/// An admitted request on its way to a handler. Dropping it frees its places.
pub(crate) struct Ticket<S: Service> {
    pub(crate) admitted: S::Admitted,
    pub(crate) stored: Stored,
    pub(crate) peer: IpAddr,
    pub(crate) left: Arc<AtomicBool>,
}

/// The ticket and the fault when tiny_http was not reached; the ticket is none if a handler took it all the same.
pub(crate) type Unsent<S> = Box<(Option<Ticket<S>>, Fault)>;

/// The state that both ends of the inner hop share.
pub(crate) struct Wire<S: Service> {
    service: Arc<S>,
    tickets: Mutex<HashMap<String, Ticket<S>>>,
    /// Files that are the bodies of answers that the gate is reading.
    files: Mutex<HashMap<String, Part>>,
    count: AtomicU64,
    hasher: RandomState,
    socket: PathBuf,
    failed_in_a_row: AtomicUsize,
}

impl<S: Service> Wire<S> {
    /// Opens an inner connection for the answer to `ticket` and returns it with the ticket's name. When tiny_http
    /// cannot be reached, the ticket is returned; when that persists, the process ends.
    pub(crate) fn hand(&self, ticket: Ticket<S>) -> Result<(UnixStream, String), Unsent<S>> {
        let name = self.name();
        self.lock().insert(name.clone(), ticket);
        self.send(&name)
            .map(|stream| (stream, name.clone()))
            .map_err(|e| {
                let fault = match is_dead(&e) {
                    true => Fault::internal(format!("inner hop: {e}")),
                    false => Fault::new(
                        Kind::Busy { retry_after_s: 1 },
                        "There is no room for another request just now. Try again.",
                    )
                    .because(format!("inner hop: {e}")),
                };
                Box::new((self.recall(&name), fault))
            })
    }

    /// Returns the ticket, unless a handler has taken it.
    pub(crate) fn recall(&self, name: &str) -> Option<Ticket<S>> {
        self.lock().remove(name)
    }

    /// Returns the file that is the body of the answer called `name`, if there is one.
    pub(crate) fn file(&self, name: &str) -> Option<Part> {
        self.files().remove(name)
    }

    fn files(&self) -> MutexGuard<'_, HashMap<String, Part>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Ticket<S>>> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a unique name that cannot be guessed: its hash has a random key.
    fn name(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u64(count);
        format!("{count:x}-{:016x}", hasher.finish())
    }

    fn send(&self, name: &str) -> io::Result<UnixStream> {
        let mut stream = self.connect()?;
        let request = format!(
            "GET / HTTP/1.1\r\nHost: edge\r\n{TICKET}: {name}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes())?;
        Ok(stream)
    }

    fn connect(&self) -> io::Result<UnixStream> {
        let mut attempt = 1;
        loop {
            let e = match UnixStream::connect(&self.socket) {
                Ok(stream) => {
                    self.failed_in_a_row.store(0, Ordering::Relaxed);
                    return Ok(stream);
                }
                Err(e) => e,
            };
            if is_dead(&e)
                && self.failed_in_a_row.fetch_add(1, Ordering::Relaxed) >= DEAD_ATTEMPTS_MAX
            {
                log::error!(
                    "edge: the inner socket does not answer any more ({e}); the process ends"
                );
                end::at_once(1);
            }
            if attempt == ATTEMPTS {
                return Err(e);
            }
            attempt += 1;
            thread::sleep(Duration::from_millis(ATTEMPT_PAUSE_MS));
        }
    }
}

/// Whether no process listens on the inner socket. Any other error, such as too many open files, is on this side and
/// may pass.
fn is_dead(e: &io::Error) -> bool {
    matches!(e.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound)
}

/// tiny_http and its folder, in the order in which they must be dropped: dropping the server connects to its socket
/// once more, to end its accept thread.
struct InnerServer {
    server: Server,
    _folder: PrivateFolder,
}

/// The inner socket, on which nothing answers yet.
pub(crate) struct InnerSocket {
    folder: PrivateFolder,
    listener: UnixListener,
    path: PathBuf,
}

impl InnerSocket {
    /// Returns a socket in a private folder under `folder`.
    pub(crate) fn bind(folder: &Path) -> Result<Self, EdgeError> {
        let folder = PrivateFolder::make(folder)?;
        let path = folder.0.join("s");
        let listener = UnixListener::bind(&path).map_err(|e| EdgeError::Inner(e.to_string()))?;
        Ok(InnerSocket {
            folder,
            listener,
            path,
        })
    }
}

/// The threads that answer; after it is dropped, each thread ends once the earlier requests are answered.
pub(crate) struct Handlers {
    room: Arc<InnerServer>,
    closing: Arc<AtomicBool>,
    count: usize,
    /// No message is ever sent: each thread holds a sender, so that the channel closes when all have ended.
    ended: Receiver<()>,
}

impl Handlers {
    /// Starts tiny_http on `socket`, answered by `count` threads.
    pub(crate) fn open<S: Service>(
        socket: InnerSocket,
        count: usize,
        service: Arc<S>,
    ) -> Result<(Arc<Wire<S>>, Handlers), EdgeError> {
        let failed = |e: &dyn std::fmt::Display| EdgeError::Inner(e.to_string());
        let InnerSocket {
            folder,
            listener,
            path: socket,
        } = socket;
        rustix::net::listen(&listener, BACKLOG).map_err(|e| failed(&e))?;
        let server = Server::from_listener(listener, None).map_err(|e| failed(&e))?;
        let room = Arc::new(InnerServer {
            server,
            _folder: folder,
        });
        let wire = Arc::new(Wire {
            service,
            tickets: Mutex::default(),
            files: Mutex::default(),
            count: AtomicU64::new(0),
            hasher: RandomState::new(),
            socket,
            failed_in_a_row: AtomicUsize::new(0),
        });
        let (sender, ended) = channel();
        let mut handlers = Handlers {
            room,
            closing: Arc::new(AtomicBool::new(false)),
            count: 0,
            ended,
        };
        for number in 0..count.max(1) {
            let (wire, room) = (Arc::clone(&wire), Arc::clone(&handlers.room));
            let (closing, end) = (Arc::clone(&handlers.closing), sender.clone());
            thread::Builder::new()
                .name(format!("answer-{number}"))
                .spawn(move || {
                    attend(&wire, &room.server, &closing);
                    drop(room);
                    drop(end);
                })
                .map_err(|e| failed(&e))?;
            handlers.count += 1;
        }
        Ok((wire, handlers))
    }
}

impl Drop for Handlers {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::SeqCst);
        for _ in 0..self.count {
            self.room.server.unblock();
        }
        // The last thread to end removes the socket's folder. That should be this one, because the process may end
        // next. A handler that is answering is not waited for: `wait_idle` does that.
        let _ = self.ended.recv_timeout(Duration::from_millis(END_MS));
    }
}

/// Runs a handler thread, which ends only with the edge.
fn attend<S: Service>(wire: &Wire<S>, server: &Server, closing: &AtomicBool) {
    loop {
        match server.recv() {
            Ok(request) => {
                if let Err(fault) = guard(|| answer(wire, request)) {
                    log::error!("edge: a handler lost its request: {fault}");
                }
            }
            Err(_) if closing.load(Ordering::SeqCst) => return,
            Err(e) => {
                // tiny_http's accept thread has ended, and with it the listener: no request can arrive any more.
                log::error!("edge: the inner server is dead ({e}); the process ends");
                end::at_once(1);
            }
        }
    }
}

fn answer<S: Service>(wire: &Wire<S>, request: Request) {
    let name = request
        .headers()
        .iter()
        .find(|h| h.field.equiv(TICKET))
        .map(|h| h.value.as_str().to_owned());
    let Some((name, ticket)) = name.and_then(|name| wire.recall(&name).map(|t| (name, t))) else {
        told(request.respond(Response::empty(403)));
        return;
    };
    let Ticket {
        admitted,
        stored: Stored { body, share },
        peer,
        left,
    } = ticket;
    let Answered { answer, rest, file } = guard(|| wire.service.answer(admitted, body, left))
        .unwrap_or_else(|fault| refuse(&*wire.service, peer, fault).into());
    drop(share);
    if let Some(file) = file {
        // The gate takes the file once it has the answer; both run in one process.
        wire.files().insert(name.clone(), file);
    }
    let answer = sound(answer);
    told(match rest {
        None => request.respond(response(answer, &name)),
        Some(rest) => send_parts(request.into_writer(), answer, rest, &name),
    });
}

/// Sends the start of an answer and its rest, each part as soon as it is made. At a fault, which the service has
/// logged, it breaks off without the end mark; when the gate has gone, the rest is dropped.
fn send_parts(mut to: impl Write, answer: Answer, mut rest: Rest, name: &str) -> io::Result<()> {
    let mut head = format!(
        "HTTP/1.1 {} -\r\n{TICKET}: {name}\r\n{PARTS}: 1\r\nContent-Type: {}\r\n",
        answer.status, answer.content_type
    );
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    to.write_all(head.as_bytes())?;
    parts::write(&mut to, &answer.body)?;
    loop {
        match guard(|| rest.next()) {
            Ok(Some(Ok(part))) => parts::write(&mut to, &part)?,
            Ok(None) => return parts::end(&mut to),
            Ok(Some(Err(_))) => return Ok(()),
            Err(fault) => {
                log::error!("edge: an answer broke off: {fault}");
                return Ok(());
            }
        }
    }
}

/// Returns the whole `answer` as tiny_http's response, never chunked, with the ticket that it belongs to.
fn response(answer: Answer, name: &str) -> Response<Cursor<Vec<u8>>> {
    let body = if matches!(answer.status, 204 | 304) {
        Vec::new() // tiny_http would send the length and no body
    } else {
        answer.body
    };
    let headers = answer
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .chain([("Content-Type", answer.content_type), (TICKET, name)])
        // No header is lost here: `sound` let only tokens and visible ASCII pass.
        .filter_map(|(name, value)| Header::from_bytes(name, value).ok())
        .collect();
    let bytes = body.len();
    Response::new(
        StatusCode(answer.status),
        headers,
        Cursor::new(body),
        Some(bytes),
        None,
    )
    .with_chunked_threshold(usize::MAX)
}

/// Logs a failure: the gate reads an answer to its end unless its client has gone.
fn told(sent: io::Result<()>) {
    if let Err(e) = sent {
        log::debug!("edge: an answer did not reach the gate: {e}");
    }
}

/// A folder that only this user can enter; it is removed with its content when this is dropped.
struct PrivateFolder(PathBuf);

impl PrivateFolder {
    /// Creates a new folder in `parent` (created if missing), or in the system's folder for temporary files when the
    /// path would be too long for a socket.
    fn make(parent: &Path) -> Result<Self, EdgeError> {
        let name = format!(
            "edge-{}-{:016x}",
            std::process::id(),
            RandomState::new().build_hasher().finish()
        );
        let socket_bytes = |path: &Path| path.as_os_str().as_bytes().len() + "/s".len();
        let bytes = socket_bytes(&parent.join(&name));
        let is_long = bytes > SOCKET_PATH_BYTES_MAX;
        let parent = match is_long {
            true => std::env::temp_dir(),
            false => parent.to_owned(),
        };
        let path = parent.join(name);
        let made = match is_long {
            true if socket_bytes(&path) > SOCKET_PATH_BYTES_MAX => {
                Err(io::Error::other("its path is too long, too"))
            }
            true => Ok(()),
            false => make_private(&parent),
        };
        // Created with its mode, so that it was never accessible to others; and it must be new.
        let made = made.and_then(|()| {
            sweep(&parent);
            DirBuilder::new().mode(0o700).create(&path)
        });
        match made {
            Ok(()) => Ok(PrivateFolder(path)),
            Err(cause) if is_long => Err(EdgeError::LongPath {
                bytes,
                temporary: parent,
                cause,
            }),
            Err(cause) => Err(EdgeError::Inner(cause.to_string())),
        }
    }
}

/// Removes the folders that killed processes have left in `parent`: those whose socket no process listens on.
fn sweep(parent: &Path) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_edge_folder = entry.file_name().as_bytes().starts_with(b"edge-");
        let deserted = |e: io::Error| e.kind() == ErrorKind::ConnectionRefused;
        if is_edge_folder && UnixStream::connect(path.join("s")).is_err_and(deserted) {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        if let Err(e) = std::fs::remove_dir_all(&self.0)
            && e.kind() != ErrorKind::NotFound
        {
            log::warn!("edge: {} could not be removed: {e}", self.0.display());
        }
    }
}

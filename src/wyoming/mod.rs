//! The Wyoming protocol of Home Assistant and of voice satellites: speech and transcription over a TCP connection, for one key
//! of one account, because the protocol has no keys.
//!
//! | file | one idea |
//! | --- | --- |
//! | `event` | events on the wire |
//! | `session` | one connection, event by event |
//! | `requests` | what a session asks of the API |
//! | `speaking` | a text → its sound, whole or in parts |
//! | `hearing` | speech → its text |
//! | `info` | what the server can do |

mod event;
mod hearing;
mod info;
mod requests;
mod session;
mod speaking;

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use self::requests::SessionRequests;
use crate::api::lifecycle::Lifecycle;
use crate::limits::WYOMING_CONNECTIONS_MAX;
use crate::store::AccountId;

/// Before the next connection is accepted after a failure, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// A listener for Wyoming clients. Dropping it stops it.
pub struct WyomingListener {
    address: SocketAddr,
    sessions: Arc<Sessions>,
    acceptor: Option<JoinHandle<()>>,
}

/// The connections.
#[derive(Default)]
struct Sessions {
    state: Mutex<SessionsState>,
    changed: Condvar,
}

#[derive(Default)]
struct SessionsState {
    open: HashMap<u64, TcpStream>,
    count: u64,
    is_stopping: bool,
}

impl WyomingListener {
    /// Listens on `address`; requests go through `lifecycle`, which is bound to a key of `account`. Errors: an address that
    /// cannot be used, and no thread.
    pub fn open(
        address: SocketAddr,
        lifecycle: Arc<Lifecycle>,
        account: AccountId,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let sessions = Arc::new(Sessions::default());
        let own = Arc::clone(&sessions);
        let acceptor = thread::Builder::new()
            .name("wyoming".to_owned())
            .spawn(move || accept(&listener, &own, &lifecycle, account))?;
        Ok(WyomingListener {
            address,
            sessions,
            acceptor: Some(acceptor),
        })
    }

    /// Returns the listening address with its actual port.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Accepts no more connections, and ends those that are open once their events are answered.
    pub fn stop(&mut self) {
        let mut state = self.sessions.lock();
        state.is_stopping = true;
        for stream in state.open.values() {
            let _ = stream.shutdown(Shutdown::Read);
        }
        drop(state);
        self.sessions.changed.notify_all();
        // A connection wakes the thread that waits for one.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl Drop for WyomingListener {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Sessions {
    /// Waits until there is room for a connection; false once the listener stops.
    fn wait_for_room(&self) -> bool {
        let is_full = |state: &mut SessionsState| {
            !state.is_stopping && state.open.len() >= WYOMING_CONNECTIONS_MAX
        };
        let state = self.changed.wait_while(self.lock(), is_full);
        let state = state.unwrap_or_else(PoisonError::into_inner);
        !state.is_stopping
    }

    /// Adds a connection; none once the listener stops.
    fn add(&self, stream: TcpStream) -> Option<u64> {
        let mut state = self.lock();
        if state.is_stopping {
            return None;
        }
        state.count += 1;
        let number = state.count;
        state.open.insert(number, stream);
        Some(number)
    }

    fn remove(&self, number: u64) {
        self.lock().open.remove(&number);
        self.changed.notify_all();
    }

    /// No code that can panic runs under this lock, so the state of a poisoned lock is consistent.
    fn lock(&self) -> MutexGuard<'_, SessionsState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Accepts connections until the listener stops. When as many are open as may be, the others wait in the kernel's queue.
fn accept(
    listener: &TcpListener,
    sessions: &Arc<Sessions>,
    lifecycle: &Arc<Lifecycle>,
    account: AccountId,
) {
    while sessions.wait_for_room() {
        let accepted = listener.accept().and_then(|(stream, peer)| {
            let Some(number) = sessions.add(stream.try_clone()?) else {
                return Ok(());
            };
            let requests = SessionRequests {
                lifecycle: Arc::clone(lifecycle),
                peer: peer.ip().to_canonical(),
            };
            let own = Arc::clone(sessions);
            let spawned = thread::Builder::new()
                .name("wyoming-session".to_owned())
                .spawn(move || {
                    let served = session::serve(&stream, &requests, account);
                    own.remove(number);
                    if let Err(why) = served {
                        log::debug!("wyoming: the connection of {peer} ended: {why}");
                    }
                });
            spawned.map(drop).inspect_err(|_| sessions.remove(number))
        });
        if let Err(why) = accepted {
            log::warn!("wyoming: a connection could not be accepted: {why}");
            thread::sleep(PAUSE);
        }
    }
}

//! The socket that listens. It takes its address before the models are loaded, and listens after: until then clients are
//! refused a connection, and never wait for one.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use vocabox_base::limits::{PROBE_AFTER_SECONDS, PROBE_EVERY_SECONDS, PROBES};

/// Connections that the kernel may queue before they are accepted. std requests 128, with which a burst of 1000 took
/// six seconds.
pub(crate) const BACKLOG: i32 = 4096;

/// Returns a socket that has `address` and does not listen yet. Its connections will send at once what they are given, and
/// detect that a client's machine has gone: on Linux they inherit both options.
pub(crate) fn bind(address: SocketAddr) -> io::Result<OwnedFd> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    // Connections of a server that ended before keep no new one from its address.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    sockopt::set_socket_keepalive(&socket, true)?;
    let seconds = Duration::from_secs;
    sockopt::set_tcp_keepidle(&socket, seconds(PROBE_AFTER_SECONDS))?;
    sockopt::set_tcp_keepintvl(&socket, seconds(PROBE_EVERY_SECONDS))?;
    sockopt::set_tcp_keepcnt(&socket, PROBES)?;
    rustix::net::bind(&socket, &address)?;
    Ok(socket)
}

/// Has a socket of [`bind`] listen; returns it with its address, whose port was chosen if it was 0.
pub(crate) fn listen(socket: OwnedFd) -> io::Result<(TcpListener, SocketAddr)> {
    rustix::net::listen(&socket, BACKLOG)?;
    let listener = TcpListener::from(socket);
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

//! Asks a server of this machine over HTTP, as its supervisors do.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long an answer of a server on this machine may take.
const ANSWER_S: u64 = 10;
/// Bytes of the longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// An answer over HTTP.
pub struct HttpAnswered {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// Asks the server at `address`. Errors: it cannot be reached, or what it answers is not HTTP.
pub fn ask(address: SocketAddr, path: &str) -> io::Result<HttpAnswered> {
    let most = Duration::from_secs(ANSWER_S);
    let mut stream = TcpStream::connect_timeout(&address, most)?;
    stream.set_read_timeout(Some(most))?;
    stream.set_write_timeout(Some(most))?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let status = status.filter(|_| head.starts_with("HTTP/1."));
    Ok(HttpAnswered {
        status: status.ok_or_else(|| io::Error::other("the answer is not HTTP"))?,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}

/// The address at which this machine reaches a server that listens on `listen`.
pub fn reached(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

//! An answer that is read chunk by chunk, while the server makes it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::server::Server;

/// An answer of which the head has arrived.
pub struct ChunkedAnswer {
    reader: BufReader<TcpStream>,
    pub head: String,
}

impl ChunkedAnswer {
    /// Sends a POST request with the server's key; returns once the answer's head has arrived.
    pub fn to(server: &Server, path: &str, content_type: &str, body: &[u8]) -> ChunkedAnswer {
        let mut stream = TcpStream::connect(server.addr).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(120)))
            .unwrap();
        let (key, length) = (&server.key, body.len());
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
        }
        ChunkedAnswer { reader, head }
    }

    /// The next chunk; the last one is empty. None if the connection ended without it.
    pub fn chunk(&mut self) -> Option<Vec<u8>> {
        let mut size = String::new();
        self.reader.read_line(&mut size).ok()?;
        let size = usize::from_str_radix(size.trim_end(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        self.reader.read_exact(&mut chunk).ok()?;
        chunk.truncate(size);
        Some(chunk)
    }

    /// The rest of the body, and whether it ended with the last chunk.
    pub fn rest(&mut self) -> (Vec<u8>, bool) {
        let mut all = Vec::new();
        while let Some(chunk) = self.chunk() {
            if chunk.is_empty() {
                return (all, true);
            }
            all.extend(chunk);
        }
        (all, false)
    }
}

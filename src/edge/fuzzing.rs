//! The bytes of one connection, read as a head and a body. Only the fuzzer `http` and a unit test have this module.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::body::{Receipt, Terms};
use crate::client_stream::{ClientStream, Pace};
use crate::head::{self, Length};
use crate::spool::{Spool, SpoolLimits};
use vocabox_base::budget::Budget;
use vocabox_base::fault::{Fault, Kind};

/// Most bytes of a head, of a body, and of a body that stays in memory: small, so that short inputs pass them.
const HEAD_BYTES_MAX: usize = 2048;
const BODY_BYTES_MAX: u64 = 8192;
const MEMORY_BYTES_MAX: usize = 4096;
/// Inputs are cut here, so that a socket takes each at once.
const INPUT_BYTES_MAX: usize = 64 * 1024;

/// Reads `input` as one request.
///
/// # Panics
/// When the head's end depends on how the bytes arrive, a body differs from what its framing says, or a refusal is of a
/// kind that no input may cause.
pub fn check(input: &[u8]) {
    let input = &input[..input.len().min(INPUT_BYTES_MAX)];
    let Some((parsed, after)) = read_head(input) else {
        return;
    };
    match receive(parsed.length, after) {
        Ok((body, taken)) => {
            let expected = match parsed.length {
                Length::Declared(bytes) => (after[..bytes as usize].to_vec(), bytes as usize),
                Length::Chunked => dechunked(after).expect("another parser takes the chunks, too"),
            };
            assert_eq!((body, taken), expected);
        }
        Err(fault) => assert!(
            matches!(fault.kind, Kind::Invalid | Kind::TooLarge),
            "{fault}"
        ),
    }
}

/// The head at the start of `input` and the bytes after it; none when it is refused or incomplete.
fn read_head(input: &[u8]) -> Option<(head::Parsed, &[u8])> {
    let known = input.len().min(HEAD_BYTES_MAX);
    let at_once = head::end(&input[..known], 0);
    let one_by_one = (1..=known).find_map(|n| match head::end(&input[..n], n - 1) {
        Ok(end) => end.map(Some),
        Err(_) => Some(None),
    });
    let end = at_once.unwrap_or(None);
    assert_eq!(end, one_by_one.flatten(), "the end of the head");
    let (first, after) = input.split_at(end?);
    let parsed = match head::parse(first, IpAddr::V4(Ipv4Addr::LOCALHOST), Instant::now()) {
        Ok(parsed) => parsed,
        Err(fault) => {
            assert!(
                matches!(fault.kind, Kind::Invalid | Kind::HeadTooLarge),
                "{fault}"
            );
            return None;
        }
    };
    let head = &parsed.head;
    assert!(head.path.starts_with('/') || head.path == "*");
    assert!(!head.path.contains(['?', '#', ' ', '\r', '\n']));
    let clean = |text: &str| text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let bare = |text: &str| !text.bytes().any(|byte| byte.is_ascii_control());
    assert!(head.headers.iter().all(|(n, v)| clean(n) && bare(v)));
    Some((parsed, after))
}

/// The body that the gate would receive, and how many of the bytes `after` the head it takes.
fn receive(length: Length, after: &[u8]) -> Result<(Vec<u8>, usize), Fault> {
    static SPOOL: OnceLock<Spool> = OnceLock::new();
    let spool = SPOOL.get_or_init(|| {
        let limits = SpoolLimits {
            files: 1 << 20,
            files_least: 0,
            memory: 1 << 20,
            memory_each: MEMORY_BYTES_MAX,
        };
        Spool::open(&std::env::temp_dir(), limits).expect("the folder for temporary files is there")
    });
    let (mut client, server) = UnixStream::pair().map_err(Fault::internal)?;
    client.set_nonblocking(true).map_err(Fault::internal)?;
    client.write_all(after).expect("the socket takes the input");
    client.shutdown(Shutdown::Write).map_err(Fault::internal)?;
    let server = TcpStream::from(OwnedFd::from(server));
    let mut line = ClientStream::newcomer(&server, HEAD_BYTES_MAX).map_err(Fault::internal)?;
    let uploads = Budget::new(1, 1);
    let receipt = Receipt::open(Terms {
        length,
        bytes_max: BODY_BYTES_MAX,
        pace: Pace {
            started: Instant::now(),
            grace: Duration::from_secs(60),
            rate_min: 1,
            most: Duration::from_secs(60),
        },
        spool,
        owner: None,
        uploads: &uploads,
    })?;
    let stored = receipt.receive(&mut line)?;
    let ahead = line.ahead().len();
    let mut unread = Vec::new();
    (&server)
        .read_to_end(&mut unread)
        .map_err(Fault::internal)?;
    let body = stored.body.into_bytes().map_err(Fault::internal)?;
    Ok((body, after.len() - ahead - unread.len()))
}

/// The content of the chunked body at the start of `bytes`, and its length with chunk sizes and trailers, as the parser
/// of another project sees them.
fn dechunked(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let Ok(httparse::Status::Complete((used, size))) = httparse::parse_chunk_size(&bytes[at..])
        else {
            return None;
        };
        at += used;
        if size == 0 {
            break;
        }
        let end = at + size as usize;
        body.extend_from_slice(bytes.get(at..end)?);
        at = end + 2;
    }
    // Trailers are dropped without being looked at: lines up to an empty one.
    while !bytes.get(at..)?.starts_with(b"\r\n") {
        at += bytes[at..].iter().position(|byte| *byte == b'\n')? + 1;
    }
    Some((body, at + 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_fuzzers_inputs_are_read_or_refused() {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/fuzz");
        let (mut files, mut bodies) = (0, 0);
        for folder in ["corpus/http", "found/http"] {
            // A folder of what was found is missing where nothing was.
            for entry in std::fs::read_dir(fuzz.join(folder)).into_iter().flatten() {
                let input = std::fs::read(entry.unwrap().path()).unwrap();
                check(&input);
                files += 1;
                let whole = read_head(&input).map(|(head, after)| receive(head.length, after));
                bodies += usize::from(whole.is_some_and(|body| body.is_ok()));
            }
        }
        assert!(files >= 10 && bodies >= 5, "{files} files, {bodies} bodies");
    }
}

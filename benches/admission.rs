//! The cost of admission: requests that need no model, through framing, key, bucket and routing of the built program,
//! over loopback, with the clients on the same cores. Then the same while a thousand slow clients hold their
//! connections.
//!
//! A plain program that prints tables: criterion times one call after another, but this bench measures eight clients at
//! once and the slowest of a hundred requests. `VOCABOX_BENCH_BINARY` names another program than the one that cargo has
//! built.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const CLIENTS: usize = 8;
/// Requests of each client; all together are fewer than the tokens of a new key's bucket.
const REQUESTS: usize = 5_000;
const FRESH_REQUESTS: usize = 1_000;
const SLOW: usize = 1_000;
/// Slow connections of one source address, fewer than the server allows.
const SLOW_PER_ADDRESS: usize = 200;

fn main() {
    raise_files();
    let server = Server::start();
    println!("| what | requests/s | p50 ms | p99 ms | most ms |");
    println!("| --- | --- | --- | --- | --- |");
    let voices = server.request("/voice/voices");
    server.load("warm-up, not counted", &voices, REQUESTS / 5, true);
    server.load(
        "GET /voice/voices, 8 kept connections",
        &voices,
        REQUESTS,
        true,
    );
    server.load(
        "GET /voice/voices, 8 at once, each a new connection",
        &voices,
        FRESH_REQUESTS,
        false,
    );
    let health = server.request("/healthz");
    server.load("GET /healthz, 8 kept connections", &health, REQUESTS, true);
    let unknown = server.request("/nowhere");
    server.load(
        "a path that is not there (gate alone), 8 kept connections",
        &unknown,
        REQUESTS,
        true,
    );

    let idle = server.resident_kib();
    for (what, begun) in [
        ("heads", "GET /voice/voices HT".to_owned()),
        (
            "bodies",
            format!(
                "POST /voice/tts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {}\r\nContent-Length: 1000\r\n\r\n{{",
                server.key
            ),
        ),
    ] {
        let held: Vec<TcpStream> = (0..SLOW)
            .map(|n| {
                let from = Ipv4Addr::new(127, 0, 0, 2 + (n / SLOW_PER_ADDRESS) as u8);
                let mut slow = from_address(from, server.address).expect("a connection");
                slow.write_all(begun.as_bytes()).expect("it is taken");
                slow
            })
            .collect();
        let label = format!("GET /voice/voices, one client, beside {SLOW} slow {what}");
        server.one_by_one(&label, &voices, 200);
        println!(
            "resident above idle with {SLOW} slow {what}: {:.1} MiB",
            (server.resident_kib().saturating_sub(idle)) as f64 / 1024.0
        );
        drop(held);
    }
}

/// Raises the limit of open files to the hard limit: slow clients take a thousand.
fn raise_files() {
    let now = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: now.maximum,
        maximum: now.maximum,
    };
    setrlimit(Resource::Nofile, raised).expect("the soft limit may be raised to the hard one");
}

struct Server {
    child: Child,
    address: SocketAddr,
    key: String,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Server {
        let folder = tempfile::tempdir().expect("a folder");
        let (data, models) = (folder.path().join("data"), folder.path().join("models"));
        std::fs::create_dir(&models).expect("a folder");
        run(&data, &["account", "create", "bench", "--rpm", "100000"]);
        let key = run(
            &data,
            &["key", "create", "--account", "bench", "--name", "bench"],
        );
        let key: serde_json::Value = serde_json::from_slice(&key).expect("it prints JSON");
        let key = key["key"].as_str().expect("a key").to_owned();
        let mut child = program()
            .args(["serve", "--listen", "127.0.0.1:0", "--log-level", "warn"])
            .arg("--data-dir")
            .arg(&data)
            .arg("--models-dir")
            .arg(&models)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let address = loop {
            let line = lines.next().expect("it listens").expect("a line");
            if let Some(address) = line.strip_prefix("listening on http://") {
                break address.parse().expect("an address");
            }
        };
        thread::spawn(move || lines.for_each(drop));
        Server {
            child,
            address,
            key,
            _folder: folder,
        }
    }

    fn request(&self, path: &str) -> Vec<u8> {
        format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
            self.key
        )
        .into_bytes()
    }

    /// Sends `request` `times` times from each of `CLIENTS` clients at once, and prints a row.
    fn load(&self, label: &str, request: &[u8], times: usize, keep: bool) {
        let ready = Barrier::new(CLIENTS + 1);
        let (whole, each) = thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|_| {
                    scope.spawn(|| {
                        ready.wait();
                        self.ask(request, times, keep).expect("answers")
                    })
                })
                .collect();
            ready.wait();
            let begun = Instant::now();
            let each: Vec<Duration> = clients
                .into_iter()
                .flat_map(|c| c.join().expect("a client"))
                .collect();
            (begun.elapsed(), each)
        });
        print_row(label, each.len() as f64 / whole.as_secs_f64(), each);
    }

    /// Sends `request` `times` times from one client on new connections, and prints a row.
    fn one_by_one(&self, label: &str, request: &[u8], times: usize) {
        let begun = Instant::now();
        let each = self.ask(request, times, false).expect("answers");
        print_row(label, times as f64 / begun.elapsed().as_secs_f64(), each);
    }

    /// How long each of `times` answers took, on one connection or on one each.
    fn ask(&self, request: &[u8], times: usize, keep: bool) -> io::Result<Vec<Duration>> {
        let mut stream = None;
        let mut block = [0; 16 * 1024];
        (0..times)
            .map(|_| {
                let begun = Instant::now();
                let mut open = match stream.take() {
                    Some(stream) if keep => stream,
                    _ => from_address(Ipv4Addr::LOCALHOST, self.address)?,
                };
                open.write_all(request)?;
                read_answer(&mut open, &mut block)?;
                stream = Some(open);
                Ok(begun.elapsed())
            })
            .collect()
    }

    fn resident_kib(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it lives");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .expect("a line");
        line.trim()
            .trim_end_matches("kB")
            .trim()
            .parse()
            .expect("a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> Command {
    let built = env!("CARGO_BIN_EXE_vocabox").to_owned();
    Command::new(std::env::var("VOCABOX_BENCH_BINARY").unwrap_or(built))
}

fn run(data: &Path, args: &[&str]) -> Vec<u8> {
    let output = program()
        .args(args)
        .arg("--json")
        .arg("--data-dir")
        .arg(data)
        .output()
        .expect("it runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// A connection from this loopback address.
fn from_address(from: Ipv4Addr, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&socket, &SocketAddrV4::new(from, 0))?;
    connect(&socket, &to)?;
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Reads one answer of the length that its head declares.
fn read_answer(stream: &mut TcpStream, block: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut block[filled..])?;
        assert!(
            read > 0,
            "closed within an answer: {}",
            String::from_utf8_lossy(&block[..filled])
        );
        filled += read;
        if let Some(end) = block[..filled].windows(4).position(|w| w == b"\r\n\r\n") {
            let head = std::str::from_utf8(&block[..end]).expect("ASCII");
            assert!(
                !head.starts_with("HTTP/1.1 4") || head.starts_with("HTTP/1.1 404"),
                "{head}"
            );
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("Content-Length: "))
                .expect("a length");
            let length: usize = length.parse().expect("a number");
            if filled == end + 4 + length {
                return Ok(());
            }
        }
    }
}

fn print_row(label: &str, rate: f64, mut each: Vec<Duration>) {
    each.sort();
    let at = |part: usize| each[(each.len() * part / 100).min(each.len() - 1)].as_secs_f64() * 1e3;
    println!(
        "| {label} | {rate:.0} | {:.3} | {:.3} | {:.3} |",
        at(50),
        at(99),
        at(100)
    );
}

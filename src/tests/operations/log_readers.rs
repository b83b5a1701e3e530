//! Standard error and standard output whose reader is slow, gone, or never was: the server serves, and commands end quietly.

use std::fs::File;
use std::io::{BufRead, BufReader, PipeReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal};

use crate::support::process::LOOK_EVERY;
use crate::support::raw::ask;
use crate::support::server::{bare_models, json, models, run, vocabox};

/// A server of a new data folder whose standard error is `log`, and whose port is found without it.
struct QuietServer {
    child: Child,
    addr: SocketAddr,
    _folder: tempfile::TempDir,
}

impl QuietServer {
    fn start(log: Stdio) -> QuietServer {
        let folder = tempfile::tempdir().unwrap();
        let mut command = vocabox(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
        command.arg(folder.path().join("data"));
        command.arg("--models-dir").arg(bare_models());
        let mut child = command.stdin(Stdio::null()).stderr(log).spawn().unwrap();
        let addr = loop {
            assert!(child.try_wait().unwrap().is_none(), "the server ended");
            if let Some(addr) = listening(child.id()) {
                break addr;
            }
            std::thread::sleep(LOOK_EVERY);
        };
        QuietServer {
            child,
            addr,
            _folder: folder,
        }
    }

    fn serves(&self, times: usize) {
        for _ in 0..times {
            let answer = ask(self.addr, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
            assert_eq!(answer.status, 200);
        }
    }

    /// Stops it; returns its exit code.
    fn stop(mut self) -> Option<i32> {
        let pid = Pid::from_child(&self.child);
        rustix::process::kill_process(pid, Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for QuietServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address on which a process listens, as the kernel's tables have it.
fn listening(pid: u32) -> Option<SocketAddr> {
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    let sockets: Vec<String> = files
        .filter_map(|file| std::fs::read_link(file.ok()?.path()).ok())
        .filter_map(|to| {
            let inode = to.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
            Some(inode.to_owned())
        })
        .collect();
    let table = std::fs::read_to_string("/proc/net/tcp").ok()?;
    table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        // Local address, state (0A: it listens), and inode (proc(5)).
        let is_own = fields.get(3) == Some(&"0A")
            && sockets.iter().any(|s| Some(&s.as_str()) == fields.get(9));
        let port = u16::from_str_radix(fields.get(1)?.split_once(':')?.1, 16).ok()?;
        is_own.then_some(SocketAddr::from(([127, 0, 0, 1], port)))
    })
}

#[test]
fn a_log_that_cannot_be_written_stops_no_server() {
    let server = QuietServer::start(File::create("/dev/full").unwrap().into());
    server.serves(50);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_reader_of_the_log_that_is_gone_stops_no_server() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let server = QuietServer::start(writer.into());
    server.serves(50);
    assert_eq!(server.stop(), Some(0));
}

/// Lines of the log, each of some 250 bytes, that fill the pipe's 64 KiB and the queue's 1 MiB.
const MANY: usize = 6_000;

#[test]
fn a_pipe_that_is_not_read_holds_no_request_and_what_is_missing_is_told() {
    let (reader, writer) = std::io::pipe().unwrap();
    let server = QuietServer::start(writer.into());
    server.serves(MANY);
    let mut lines = BufReader::new(reader).lines();
    let mut told = None;
    let mut read = 0;
    // The server writes on once the pipe is read; asking again makes lines that come after the missing ones.
    while told.is_none() {
        if read % 50 == 0 {
            server.serves(1);
        }
        let line = next(&mut lines);
        read += usize::from(line.contains("endpoint=healthz"));
        told = line
            .contains("lines of the log are missing here")
            .then_some(line);
    }
    let told = told.unwrap();
    let missing = told
        .split(" WARN ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    let missing: usize = missing.parse().unwrap();
    assert!(
        missing > 100 && read + missing >= MANY,
        "{read} read: {told}"
    );
    assert!(told.contains("its reader was too slow"), "{told}");
    drop(lines);
    assert_eq!(server.stop(), Some(0));
}

fn next(lines: &mut std::io::Lines<BufReader<PipeReader>>) -> String {
    lines.next().expect("the server lives").unwrap()
}

/// The command, whose standard output is a pipe without a reader.
fn into_closed_pipe(mut command: Command) -> std::process::Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command.stdout(writer).stderr(Stdio::piped());
    command.spawn().unwrap().wait_with_output().unwrap()
}

#[test]
fn commands_whose_reader_has_left_end_quietly_and_full_disks_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    json(folder.path(), &["account", "create", "demo"]);
    let models = models();
    let models = models.to_str().unwrap();
    for args in [
        &["models", "list"][..],
        &["models", "list", "--json"],
        &["models", "show", "silero-vad"],
        &["account", "list"],
        &["key", "list"],
        &["job", "list"],
        &["voice", "list"],
        &["history", "list", "--account", "demo"],
        &["docs", "api"],
        &["read", "Hello."],
        &["--help"],
        &["serve", "--help"],
        &["--version"],
    ] {
        let command = || vocabox(&[&["--data-dir", data, "--models-dir", models], args].concat());
        let closed = into_closed_pipe(command());
        let said = String::from_utf8(closed.stderr).unwrap();
        assert_eq!((closed.status.code(), &*said), (Some(0), ""), "{args:?}");
        let mut full = command();
        let full = full.stdout(File::create("/dev/full").unwrap());
        let full = full.output().unwrap();
        assert_eq!(full.status.code(), Some(1), "{args:?}");
    }
}

#[test]
fn speech_whose_reader_has_left_ends_quietly() {
    let models = crate::support::server::stub_models();
    let models = models.path().to_str().unwrap();
    let args = ["--models-dir", models, "speak", "ok yes", "-o", "-"];
    let closed = into_closed_pipe(vocabox(&args));
    let said = String::from_utf8(closed.stderr).unwrap();
    assert_eq!((closed.status.code(), &*said), (Some(0), ""));
}

#[test]
fn a_key_that_could_not_be_shown_is_revoked_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    json(folder.path(), &["account", "create", "demo"]);
    let create = || {
        let name = ["key", "create", "--account", "demo", "--name", "lost"];
        vocabox(&[&["--data-dir", data], &name[..]].concat())
    };
    let mut full = create();
    let full = full
        .stdout(File::create("/dev/full").unwrap())
        .output()
        .unwrap();
    for output in [full, into_closed_pipe(create())] {
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains("could not be shown and is revoked again"),
            "{said}"
        );
        assert!(!said.contains("satryx_"), "{said}");
    }
    let keys = json(folder.path(), &["key", "list"]);
    let keys = keys.as_array().unwrap();
    assert_eq!(keys.len(), 2);
    assert!(
        keys.iter().all(|key| key["revoked_at"].is_string()),
        "{keys:?}"
    );
    // Without any standard output, no key is made at all.
    let mut shell = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_vocabox");
    let line = format!("{program} --data-dir {data} key create --account demo --name none >&-");
    let closed = shell.args(["-c", &line]).output().unwrap();
    assert_eq!(closed.status.code(), Some(1));
    let keys = json(folder.path(), &["key", "list"]);
    assert_eq!(keys.as_array().unwrap().len(), 2);
    // One that was shown is valid.
    let shown = run(&[
        "--data-dir",
        data,
        "key",
        "create",
        "--account",
        "demo",
        "--name",
        "kept",
    ]);
    assert!(shown.stdout.starts_with(b"satryx_live_"));
}

#[test]
fn a_panic_of_a_request_waits_for_no_reader_of_the_log() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let server = QuietServer::start(writer.into());
    // The hook that reports panics is the program's own; a stub of the debug build panics in its handler.
    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Rehearse: panic\r\n\r\n";
    for _ in 0..300 {
        assert_eq!(ask(server.addr, request).status, 500);
    }
    let mut some = [0; 64];
    reader.read_exact(&mut some).unwrap();
    drop(reader);
    assert_eq!(server.stop(), Some(0));
}

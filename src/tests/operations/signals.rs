//! Signals that ask for no end, options that are blank, and addresses as people write them.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::server::{Server, bare_models, models, vocabox};

#[test]
fn signals_that_ask_for_no_end_stop_no_server() {
    let server = Server::start();
    let pid = Pid::from_raw(server.pid() as i32).unwrap();
    for signal in [
        Signal::HUP,
        Signal::USR1,
        Signal::USR2,
        Signal::PIPE,
        Signal::XFSZ,
    ] {
        kill_process(pid, signal).unwrap();
        // Answered by the same process, which has had the signal before.
        assert_eq!(server.client().get("/healthz").status, 200, "{signal:?}");
    }
    assert_eq!(server.stop(), Some(0));
}

/// What `serve` says until it listens or ends, with these options and these variables.
fn start(options: &[&str], variables: &[(&str, &str)]) -> String {
    use std::io::{BufRead, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let mut command: Command = vocabox(&["serve"]);
    command.current_dir(folder.path()).args(options);
    command.envs(variables.iter().copied());
    if !options.contains(&"--models-dir") {
        command.arg("--models-dir").arg(bare_models());
    }
    let mut child = command
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        said.push_str(&line);
        said.push('\n');
        if line.starts_with("listening on ") {
            break;
        }
    }
    let _ = child.kill();
    child.wait().unwrap();
    said
}

const ANY_PORT: [&str; 2] = ["--listen", "127.0.0.1:0"];

#[test]
fn blank_variables_count_as_not_set() {
    for blank in ["", "  ", "\t"] {
        for name in [
            "QUEUE",
            "WATCHDOG",
            "CONFIG",
            "DATA_DIR",
            "CORS_ORIGIN",
            "HISTORY_DAYS",
            "LOG_LEVEL",
            "SPEAK_PACK",
            "DEVICE",
            "ONNXRUNTIME_LIB",
            "TRUSTED_PROXY",
            "SPOOL_BYTES",
        ] {
            let name = format!("VOCABOX_{name}");
            let said = start(&ANY_PORT, &[(&name, blank)]);
            assert!(
                said.contains("listening on http://127.0.0.1:"),
                "{name}: {said}"
            );
        }
    }
    // A flag that is blank was given all the same.
    let said = start(&[&ANY_PORT[..], &["--data-dir", ""]].concat(), &[]);
    assert!(said.contains("DIR is blank"), "{said}");
}

#[test]
fn addresses_are_understood_as_people_write_them() {
    for (written, begins) in [
        ("localhost:0", "http://127.0.0.1:"),
        ("LOCALHOST:0", "http://127.0.0.1:"),
        (":0", "http://0.0.0.0:"),
        ("*:0", "http://0.0.0.0:"),
        ("127.0.0.1:0", "http://127.0.0.1:"),
    ] {
        let said = start(&["--listen", written], &[]);
        assert!(
            said.contains(&format!("listening on {begins}")),
            "{written}: {said}"
        );
    }
    for wrong in [
        "localhost",
        "8080",
        "example.org:80",
        ":",
        ":70000",
        ":+1",
        "[::1]",
    ] {
        let said = start(&["--listen", wrong], &[]);
        assert!(said.contains("localhost:8080, or :8080"), "{wrong}: {said}");
    }
}

#[test]
fn a_port_that_is_taken_is_told_before_models_are_loaded() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let (models, folder) = (models(), tempfile::tempdir().unwrap());
    let mut command = vocabox(&["serve", "--listen", &listen]);
    command
        .arg("--models-dir")
        .arg(models)
        .arg("--data-dir")
        .arg(folder.path());
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("another process does"), "{said}");
    assert!(!said.contains(" loaded in "), "{said}");
}

#[test]
fn a_port_is_free_again_as_soon_as_its_server_has_ended() {
    let server = Server::start();
    let listen = server.addr.to_string();
    let said = start(&["--listen", &listen], &[]);
    assert!(said.contains("another process does"), "{said}");
    assert_eq!(server.stop(), Some(0));
    let again = Server::again(
        &server.data,
        &server.key,
        &bare_models(),
        &["--listen", &listen],
    );
    assert_eq!(again.addr, server.addr, "the port is free at once");
    assert_eq!(again.client().get("/healthz").status, 200);
}

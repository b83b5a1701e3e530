//! A process that is stopped and continued (SIGSTOP, SIGCONT), as by a debugger, or with its container or virtual machine.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::process::until;
use crate::support::raw::{self, RawClient, is_well};
use crate::support::server::{Server, stub_models};

fn signal(server: &Server, signal: Signal) {
    let pid = Pid::from_raw(server.pid() as i32).unwrap();
    kill_process(pid, signal).unwrap();
}

/// Stops the process; returns once it stands still.
fn stop(server: &Server) {
    signal(server, Signal::STOP);
    until("the stop", || {
        let threads = fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap();
        threads.map(Result::unwrap).all(|thread| {
            let stat = fs::read_to_string(thread.path().join("stat")).unwrap();
            // The state follows the name, which is in parentheses (proc(5)).
            stat[stat.rfind(')').unwrap()..].starts_with(") T")
        })
    });
}

#[test]
fn what_was_sent_to_a_stopped_server_and_what_it_was_doing_is_answered_when_it_goes_on() {
    let models = stub_models();
    let hold = models.path().join("stub-speak/hold");
    fs::write(&hold, "").unwrap();
    let server = Server::launch(models.path(), &["--lanes", "2"]);
    let held = raw::admitted(server.addr, &server.key, "/voice/tts", "hold");
    let mut held = held.ok().expect("a place");
    let mut halved = RawClient::call(server.addr);
    halved.send("GET /healthz HTTP/1.1\r\nHo");
    stop(&server);
    // The kernel accepts connections for it.
    let mut asked: Vec<RawClient> = (0..20)
        .map(|n| {
            let mut client = RawClient::call(server.addr);
            client.send(match n % 2 {
                0 => "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
                _ => format!(
                    "{}Content-Length: 16\r\n\r\n{{\"text\":\"Well.\"}}",
                    raw::tts(&server.key)
                ),
            });
            client
        })
        .collect();
    halved.send("st: x\r\n\r\n");
    fs::remove_file(&hold).unwrap();
    signal(&server, Signal::CONT);
    for client in &mut asked {
        assert_eq!(client.answer().status, 200);
    }
    assert_eq!(halved.answer().status, 200);
    assert_eq!(held.answer().status, 200);
    is_well(&server);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn the_watchdog_does_not_take_a_stopped_process_for_a_model_that_hangs() {
    let models = stub_models();
    let hold = models.path().join("stub-speak/hold");
    fs::write(&hold, "").unwrap();
    let server = Server::launch(models.path(), &["--step-seconds", "3", "--watchdog"]);
    let held = raw::admitted(server.addr, &server.key, "/voice/tts", "hold");
    let mut held = held.ok().expect("a place");
    let begun = models.path().join("stub-speak/held");
    until("the step", || begun.exists());
    stop(&server);
    let stopped = Instant::now();
    until("longer than a step may take", || {
        stopped.elapsed() > Duration::from_secs(4)
    });
    signal(&server, Signal::CONT);
    // Its watchdog has looked at the step once more when the model is let go.
    let client = server.client();
    until("an answer", || client.get("/healthz").status == 200);
    fs::remove_file(&hold).unwrap();
    assert_eq!(held.answer().status, 200);
    assert_eq!(client.get("/readyz").status, 200);
}

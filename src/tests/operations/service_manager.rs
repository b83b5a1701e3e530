//! What the server tells systemd: a socket of the test's own stands for the service manager's.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::server::{END, Server, bare_models, new_data, vocabox};

/// The socket, and what arrives on it.
struct ServiceManager(UnixDatagram);

impl ServiceManager {
    /// Reads messages until one is `wanted`; returns those before it.
    #[track_caller]
    fn told(&self, wanted: &str) -> Vec<String> {
        let mut before = Vec::new();
        loop {
            let mut message = [0; 4096];
            let length = self.0.recv(&mut message).expect(wanted);
            let message = String::from_utf8(message[..length].to_vec()).unwrap();
            if message.lines().any(|line| line == wanted) {
                return before;
            }
            before.push(message);
        }
    }
}

#[test]
fn systemd_is_told_when_the_server_is_ready_alive_reloads_and_stops() {
    let (folder, data, key) = new_data();
    let path = folder.path().join("notify");
    let manager = ServiceManager(UnixDatagram::bind(&path).unwrap());
    manager.0.set_read_timeout(Some(END)).unwrap();
    let mut command = vocabox(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
    command.arg(&data).arg("--models-dir").arg(bare_models());
    let longest = Duration::from_millis(200);
    command
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", longest.as_micros().to_string());
    let server = Server::of(command, &data, &key);
    assert!(manager.told("READY=1").is_empty(), "it says nothing before");
    manager.told("WATCHDOG=1");
    manager.told("WATCHDOG=1");
    let process = Pid::from_raw(server.pid().cast_signed()).unwrap();
    kill_process(process, Signal::HUP).unwrap();
    manager.told("RELOADING=1");
    manager.told("READY=1");
    server.tell_to_stop();
    manager.told("STOPPING=1");
    assert_eq!(server.ended_within(END), Some(0));
}

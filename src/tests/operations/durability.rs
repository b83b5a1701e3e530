//! Acknowledged writes survive the end of the process, and no bucket is refilled by it.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;

use crate::support::process::until;
use crate::support::server::{Server, json as command, models, recording, run, stub_models};

#[test]
fn a_kill_during_requests_leaves_a_healthy_store_with_the_history_intact() {
    let server = Server::with_models();
    let client = server.client();
    for n in 0..3 {
        assert_eq!(
            client
                .post_json("/voice/tts", &json!({ "text": format!("Number {n}.") }))
                .status,
            200
        );
    }
    let (addr, key, pid) = (server.addr, server.key.clone(), server.pid());
    let file = std::fs::read(recording("two_cities.wav")).unwrap();
    let busy = thread::spawn(move || {
        let client = crate::support::client::Client::new(addr, &key);
        client.post_form("/voice/stt", &file, &[]).status
    });
    wait_until_busy(pid);
    server.kill();
    assert!(busy.join().is_err(), "the answer came before the kill");

    let again = Server::again(&server.data, &server.key, &models(), &[]);
    let client = again.client();
    assert_eq!(client.get("/readyz").status, 200);
    let page = client.get("/voice/history").json();
    let texts: Vec<&str> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["Number 2.", "Number 1.", "Number 0."]);
    assert_eq!(
        client
            .post_json("/voice/tts", &json!({ "text": "Again." }))
            .status,
        200
    );
    assert_eq!(client.get("/voice/history").json()["total"], 4);
}

/// Waits until the server computes, that is, until its processor time has grown.
pub fn wait_until_busy(pid: u32) {
    let ticks = || -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        // Fields 14 and 15 (proc(5)): user and system time in ticks; the second field may hold spaces.
        let rest = stat.rsplit(')').next().unwrap();
        rest.split_whitespace()
            .skip(11)
            .take(2)
            .map(|t| t.parse::<u64>().unwrap())
            .sum()
    };
    let begun = ticks();
    until("computing", || ticks() >= begun + 30);
}

/// How often the server is killed; `VOCABOX_KILLS` overrides it.
const KILLS: usize = 10;
/// Calls a minute of the key that calls without a pause.
const LIMIT: u64 = 60;

/// Clients generate (with an engine that needs no model), others call more often than they may, and the command line
/// changes an account, while the server is killed at a random moment, again and again.
#[test]
fn kills_at_random_moments_lose_nothing_acknowledged_and_refill_no_bucket() {
    let kills = std::env::var("VOCABOX_KILLS").map_or(KILLS, |n| n.parse().expect("a number"));
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let stubs = stub_models();
    let key = new_key(&data, "generating", "100000");
    let limited = new_key(&data, "limited", &LIMIT.to_string());
    let (granted, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let begun = Instant::now();
    let (mut known, mut acknowledged) = (HashSet::new(), 0);
    let mut starts = Vec::new();
    let mut start = || {
        let begun = Instant::now();
        let server = Server::again(&data, &key, stubs.path(), &[]);
        starts.push(begun.elapsed());
        server
    };
    let mut server = start();
    for _ in 0..kills {
        let (ack, acks) = mpsc::channel();
        let alive = AtomicBool::new(true);
        let of_round: Vec<String> = thread::scope(|scope| {
            for _ in 0..3 {
                let (ack, caller) = (ack.clone(), Caller::new(server.addr, &key));
                scope.spawn(move || caller.generate_until_killed(&ack));
            }
            for _ in 0..2 {
                let (granted, refused) = (&granted, &refused);
                let caller = Caller::new(server.addr, &limited);
                scope.spawn(move || caller.call_until_killed(granted, refused));
            }
            scope.spawn(|| {
                while alive.load(Ordering::Relaxed) {
                    change_account(&data);
                }
            });
            drop(ack);
            let mut of_round: Vec<String> = acks.iter().take(1 + random() % 60).collect();
            let moment = Instant::now() + Duration::from_micros(random() as u64 % 5_000);
            while Instant::now() < moment {
                std::hint::spin_loop();
            }
            server.kill();
            alive.store(false, Ordering::Relaxed);
            of_round.extend(acks);
            of_round
        });
        server = start();
        read_history(&server, &mut known);
        for id in &of_round {
            assert!(known.contains(id), "{id} is lost");
        }
        acknowledged += of_round.len();
    }
    let granted = granted.into_inner() as u64;
    let elapsed = begun.elapsed();
    let most = LIMIT + LIMIT * elapsed.as_millis() as u64 / 60_000;
    assert!(granted <= most, "{granted} calls in {elapsed:?}");
    assert!(refused.into_inner() > 0, "the limit was never reached");
    starts.sort();
    let slowest = starts[kills];
    println!(
        "{kills} kills in {elapsed:?}: {acknowledged} items acknowledged, {} kept; {granted} calls of at most {most}; \
         a start took {:?} at the median, {slowest:?} at the most",
        known.len(),
        starts[kills / 2],
    );
}

/// A key of a new account called `account`.
pub fn new_key(data: &Path, account: &str, rpm: &str) -> String {
    command(data, &["account", "create", account, "--rpm", rpm]);
    let key = command(
        data,
        &["key", "create", "--account", account, "--name", "k"],
    );
    key["key"].as_str().unwrap().to_owned()
}

/// Changes an account on the command line, which works while the server runs and after it was killed.
fn change_account(data: &Path) {
    let data = data.to_str().unwrap();
    let output = run(&[
        "--data-dir",
        data,
        "account",
        "set",
        "generating",
        "--entitled",
        "true",
    ]);
    assert!(output.status.success(), "{output:?}");
}

/// A random number.
pub fn random() -> usize {
    RandomState::new().build_hasher().finish() as usize
}

/// Adds the ids of new history items to `known`, and checks that the total is their number.
pub fn read_history(server: &Server, known: &mut HashSet<String>) {
    let client = server.client();
    let before = known.len();
    let mut offset = 0;
    loop {
        let page = client
            .get(&format!("/voice/history?limit=200&offset={offset}"))
            .json();
        let items = page["items"].as_array().unwrap();
        let ids = items
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned());
        known.extend(ids);
        offset += items.len();
        let total = page["total"].as_u64().unwrap() as usize;
        if items.is_empty() || before + offset >= total {
            assert_eq!(known.len(), total);
            return;
        }
    }
}

/// A client that detects that the server was killed.
pub struct Caller {
    agent: Agent,
    base: String,
    authorization: String,
}

impl Caller {
    pub fn new(addr: SocketAddr, key: &str) -> Self {
        let config = Agent::config_builder().http_status_as_error(false);
        Caller {
            agent: config.proxy(None).build().new_agent(),
            base: format!("http://{addr}"),
            authorization: format!("Bearer {key}"),
        }
    }

    /// Status and metadata of a complete answer; none if the server was killed during the call.
    fn call(&self, path: &str, body: Option<Value>) -> Option<(u16, Option<String>)> {
        let request = ureq::http::Request::builder()
            .uri(format!("{}{path}", self.base))
            .header("Authorization", &self.authorization);
        let answer = match body {
            None => self.agent.run(request.body(()).unwrap()),
            Some(body) => {
                let request = request
                    .method("POST")
                    .header("Content-Type", "application/json");
                self.agent.run(request.body(body.to_string()).unwrap())
            }
        };
        let mut answer = answer.ok()?;
        answer.body_mut().read_to_vec().ok()?;
        let metadata = answer.headers().get("x-vox-metadata");
        let metadata = metadata.map(|text| text.to_str().unwrap().to_owned());
        Some((answer.status().as_u16(), metadata))
    }

    /// Generates without a pause, and sends the id of each acknowledged item, until the server is killed.
    pub fn generate_until_killed(&self, ack: &mpsc::Sender<String>) {
        while let Some((status, metadata)) = self.call("/voice/tts", Some(json!({ "text": "Hi." })))
        {
            assert_eq!(status, 200);
            let metadata: Value = serde_json::from_str(&metadata.unwrap()).unwrap();
            ack.send(metadata["id"].as_str().unwrap().to_owned())
                .unwrap();
        }
    }

    fn call_until_killed(&self, granted: &AtomicUsize, refused: &AtomicUsize) {
        while let Some((status, _)) = self.call("/voice/history?limit=1", None) {
            match status {
                200 => granted.fetch_add(1, Ordering::Relaxed),
                429 => refused.fetch_add(1, Ordering::Relaxed),
                other => panic!("answered {other}"),
            };
        }
    }
}

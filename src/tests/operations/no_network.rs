//! The server works without a network and never uses one: in a network namespace of its own, whose only way out is an
//! interface that counts what leaves, nothing does.

use std::fs;
use std::net::{ToSocketAddrs, UdpSocket};
use std::thread;

use serde_json::json;

use crate::dubbing::jobs::{analyze, over};
use crate::dubbing::render::{order, rendered};
use crate::http::cloning::{self, few_voices};
use crate::support::namespace::{Namespaces, is_inside, must};
use crate::support::process::until;
use crate::support::server::run;

/// Packets that left through the interface `out`.
fn sent() -> u64 {
    let table = fs::read_to_string("/proc/self/net/dev").unwrap();
    let line = table.lines().find_map(|l| l.trim().strip_prefix("out:"));
    // The first eight columns are of what was received (proc_pid_net(5)).
    let packets = line.unwrap().split_whitespace().nth(9).unwrap();
    packets.parse().unwrap()
}

/// Makes a loopback interface and a way out for all addresses of both families, and a name server beyond it. The addresses
/// are those of RFC 5737 and RFC 3849.
fn make_network() {
    for command in [
        "ip link set lo up",
        "ip -6 address add 2001:db8::2/128 dev lo",
        // A pair, because not every kernel has interfaces of the kind `dummy`; without the kernel's own packets, which would
        // look for neighbours and routers.
        "ip link add out type veth peer name beyond",
        "ip link set out addrgenmode none arp off",
        "ip link set beyond addrgenmode none arp off",
        "ip link set out up",
        "ip link set beyond up",
        "ip address add 192.0.2.2/24 dev out",
        "ip route add default dev out",
        "ip -6 route add default dev out",
    ] {
        must(command);
    }
    let folder = tempfile::tempdir().unwrap();
    let resolver = folder.path().join("resolv.conf");
    fs::write(
        &resolver,
        "nameserver 192.0.2.53\noptions timeout:1 attempts:1\n",
    )
    .unwrap();
    must(&format!(
        "mount --bind {} /etc/resolv.conf",
        resolver.display()
    ));
}

#[test]
fn no_packet_leaves_the_machine_and_no_name_is_looked_up() {
    if !is_inside(
        Namespaces::MountsAndNetwork,
        module_path!(),
        "no_packet_leaves_the_machine_and_no_name_is_looked_up",
    ) {
        return;
    }
    make_network();
    let before = sent();
    let models = few_voices();
    let server = cloning::launch(models.path(), &["--cors-origin", "https://app.example.org"]);
    let client = server.client();
    for path in ["/healthz", "/readyz", "/voice/voices", "/voice/history"] {
        assert_eq!(client.get(path).status, 200, "{path}");
    }
    let voices = client.get("/voice/voices?language=en").json();
    let voice = &voices["voices"][0]["voice_id"];
    let preview = format!("/voice/voices/{}/preview", voice.as_str().unwrap());
    assert_eq!(client.get(&preview).status, 200);
    for path in ["/voice/tts", "/voice/tts/stream"] {
        let asked = json!({ "text": "See http://www.example.org for more.", "voice_id": voice });
        assert_eq!(client.post_json(path, &asked).status, 200, "{path}");
    }
    let reading = cloning::reader();
    assert_eq!(client.post_form("/voice/stt", &reading, &[]).status, 200);
    let cloned = cloning::clone(&client, &reading, &[("name", "reader")]);
    assert_eq!(cloned.status, 200);
    let analysed = over(&client, &analyze(&client, &reading, "en"));
    assert_eq!(analysed["status"], "done", "{analysed}");
    let mut order = order();
    order[1].1 = json!({ "SPEAKER_00": voice }).to_string();
    rendered(&client, &reading, &order);
    let segments = json!([{ "id": 0, "start": 0.0, "end": 1.0, "text": "Bom dia." }]);
    let asked = json!({ "segments": segments, "source_language": "pt", "target_language": "en" });
    let translated = client.post_json("/voice/dub/translate", &asked).status;
    assert!([200, 503].contains(&translated), "{translated}");
    // Names in every place where a client can put one.
    let named = [
        ("Host", "www.example.org"),
        ("Origin", "https://app.example.org"),
        ("Referer", "https://www.example.org/"),
        ("X-Forwarded-For", "proxy.example.org"),
        ("Forwarded", "for=client.example.org"),
    ];
    let answer = client.send_with("GET", "/voice/voices", None, vec![], &named);
    assert_eq!(answer.status, 200);
    assert_eq!(client.with_key("wrong").get("/voice/voices").status, 401);
    assert_eq!(client.get("/nothing").status, 404);
    assert_eq!(client.post_form("/voice/stt", b"noise", &[]).status, 400);
    assert_eq!(server.stop(), Some(0));
    let (models, data) = (
        models.path().to_str().unwrap(),
        server.data.to_str().unwrap(),
    );
    let voice = voice.as_str().unwrap();
    for command in [
        &["models", "list"][..],
        &["models", "verify"],
        &["account", "list"],
        &["key", "list"],
        &["speak", "Well.", "--voice", voice, "-o", "/dev/null"],
    ] {
        let folders = ["--models-dir", models, "--data-dir", data];
        let output = run(&[&folders, command].concat());
        assert!(output.status.success(), "{command:?}: {output:?}");
    }
    assert_eq!(sent(), before, "packets left");

    // What leaves is counted, for both families, and so is a look-up of a name.
    for (own, beyond) in [
        ("0.0.0.0:0", "198.51.100.1:9"),
        ("[::]:0", "[2001:db8:1::1]:9"),
    ] {
        let before = sent();
        let socket = UdpSocket::bind(own).unwrap();
        socket.send_to(b"packet", beyond).unwrap();
        until("the packet", || sent() > before);
    }
    let before = sent();
    thread::spawn(|| ("www.example.org", 80).to_socket_addrs().is_ok());
    until("the question", || sent() > before);
}

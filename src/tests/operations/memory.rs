//! Memory does not grow with the number of requests.

use serde_json::json;

use crate::support::server::Server;

/// Resident bytes of a process.
fn resident(pid: u32) -> u64 {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap();
    statm
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        * 4096
}

#[test]
fn resident_memory_after_fifty_mixed_requests_is_within_a_tenth_of_that_after_ten() {
    let server = Server::with_models();
    let client = server.client();
    let mut after_ten = 0;
    for n in 0..25 {
        // Lengths differ on purpose, to reveal an allocator that keeps a block for each length.
        let text = "It was the best of times. ".repeat(1 + n % 4);
        let spoken = client.post_json("/voice/tts", &json!({ "text": text }));
        assert_eq!(spoken.status, 200);
        assert_eq!(
            client.post_form("/voice/stt", &spoken.body, &[]).status,
            200
        );
        if n == 4 {
            after_ten = resident(server.pid());
        }
    }
    let after_fifty = resident(server.pid());
    println!(
        "resident MiB: {} after 10, {} after 50",
        after_ten >> 20,
        after_fifty >> 20
    );
    assert!(
        after_fifty * 10 <= after_ten * 11,
        "{after_ten} grew to {after_fifty}"
    );
}

/// The peak of a process's resident bytes since it was last reset.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024
}

#[test]
fn a_body_of_small_objects_costs_little_more_than_its_bytes() {
    const MIB: usize = 1024 * 1024;
    let server = Server::start();
    let client = server.client();
    let pid = server.pid();
    let list = |bytes: usize| format!("[{}]", vec![r#"{"a":1}"#; bytes / 8 - 8].join(","));
    let translate = |field: &str| format!(r#"{{{field}:{}}}"#, list(MIB)).into_bytes();
    let json = "application/json";
    let form = format!(
        "--b\r\nContent-Disposition: form-data; name=\"segments\"\r\n\r\n{}\r\n--b--\r\n",
        list(8 * MIB)
    );
    // In the second round, everything that is made once exists.
    for _ in 0..2 {
        for (path, kind, body, most) in [
            ("/voice/dub/translate", json, translate("\"x\""), 8),
            (
                "/voice/dub/translate",
                json,
                translate("\"target_language\":\"en\",\"segments\""),
                8,
            ),
            ("/voice/tts", json, translate("\"text\""), 8),
            (
                "/voice/dub/render",
                "multipart/form-data; boundary=b",
                form.clone().into_bytes(),
                24,
            ),
        ] {
            // Resets the peak (`man 5 proc_pid_clear_refs`).
            std::fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
            let before = resident(pid);
            let answer = client.send("POST", path, Some(kind), body);
            assert_eq!(answer.status, 400, "{}", answer.detail());
            let grown = peak(pid).saturating_sub(before) as usize;
            println!("{path}: {} KiB", grown / 1024);
            assert!(grown <= most * MIB, "{path} took {} MiB", grown / MIB);
        }
    }
}

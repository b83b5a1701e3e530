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
        // Lengths differ on purpose: an allocator that keeps a block for each would show.
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

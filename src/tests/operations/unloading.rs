//! `--unload-after`: models that no request uses give their memory back.

use serde_json::json;

use crate::support::process::{resident, until};
use crate::support::server::{Server, models};

/// What Kokoro's graph and Whisper's two take at the least.
const MODELS_BYTES: u64 = 150 << 20;

#[test]
fn unused_models_are_unloaded_and_the_next_requests_of_two_accounts_load_them_again() {
    let server = Server::launch(&models(), &["--unload-after", "1"]);
    let (client, other) = (server.client(), server.new_account("other"));
    let request = json!({ "text": "Good morning." });
    let spoken = client.post_json("/voice/tts", &request);
    let heard = client.post_form("/voice/stt", &spoken.body, &[]).json();
    let loaded = resident(&server);
    let mut waited = vec![
        "kokoro: model",
        "whisper-base: encoder",
        "whisper-base: decoder",
    ];
    while !waited.is_empty() {
        let line = server.logged("is unloaded");
        waited.retain(|graph| !line.contains(graph));
    }
    until("the memory of the models", || {
        resident(&server) + MODELS_BYTES < loaded
    });
    let again = other.post_json("/voice/tts", &request);
    assert_eq!((again.status, &again.body), (200, &spoken.body));
    server.logged("kokoro: model is loaded again");
    let heard_again = other.post_form("/voice/stt", &again.body, &[]).json();
    assert_eq!(heard_again["transcript"], heard["transcript"]);
}

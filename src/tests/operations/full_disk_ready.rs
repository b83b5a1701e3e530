//! `/readyz` on a disk that has some room left, and too little for what comes.

use crate::support::client::Client;
use crate::support::namespace::{Namespaces, SmallDisk, is_inside};
use crate::support::process::until;
use crate::support::server::{Server, stub_models};
use crate::{http::voice::wav, operations::durability::new_key};

#[test]
fn the_server_is_not_ready_from_the_first_refusal_for_want_of_room_on() {
    if !is_inside(
        Namespaces::Mounts,
        module_path!(),
        "the_server_is_not_ready_from_the_first_refusal_for_want_of_room_on",
    ) {
        return;
    }
    let (disk, models) = (SmallDisk::mount(32), stub_models());
    let data = disk.path().join("data");
    let key = new_key(&data, "test", "100000");
    let server = Server::again(&data, &key, models.path(), &[]);
    let client: Client = server.client();
    assert_eq!(client.get("/readyz").status, 200);
    // More than the least that a server needs to be ready, and less than an upload.
    disk.fill(2 << 20);
    assert_eq!(client.get("/readyz").status, 200);
    let minute = wav(
        16_000,
        (0..16_000 * 90).map(|n| (n as f32 * 0.05).sin() * 0.3),
    );
    assert_eq!(client.post_form("/voice/stt", &minute, &[]).status, 503);
    let ready = client.get("/readyz");
    assert_eq!(ready.status, 503);
    let full = "The disk of this server is full: its operator has to make room.";
    assert_eq!(ready.detail(), full);
    assert_eq!(client.get("/healthz").status, 200);
    // What was refused has given its room back: after some seconds without another refusal, it may be tried again.
    until("room", || client.get("/readyz").status == 200);
    disk.clear();
    assert_eq!(client.post_form("/voice/stt", &minute, &[]).status, 200);
    assert_eq!(client.get("/readyz").status, 200);
}

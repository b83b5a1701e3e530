//! The edge against a toy service, over real sockets. `toy` is the service and the client; the claims are in
//! `framing` (what is a request), `bounds` (what a client may hold), `sockets` (WebSockets) and `life` (panics, leaving, stopping).

mod bounds;
mod framing;
mod life;
mod parts;
mod sockets;
mod toy;

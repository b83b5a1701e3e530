//! Hostile and broken clients against the whole server: each is refused with an answer of the API or closed, an honest
//! client is not affected, and the same process keeps running.
//!
//! Plain sockets that send exactly what is written here. `edge::tests` has the same against a toy service, with short
//! deadlines, and cases that only a toy can show (panics, the `left` flag, counts of places).
//!
//! What tiny_http 0.12 does when it faces a network, and the tests that show that this server does not:
//!
//! | fault | tests |
//! | --- | --- |
//! | a declared length of 40 GiB or 2^64-1 with an unread body ends the process or a worker | `holding::declared_lengths_of_any_size_are_refused_unread` |
//! | one descriptor that cannot be opened ends its accept loop for good | `descriptors` |
//! | idle connections cost a thread each, without limit | `flood::a_full_house_…`, `flood::one_address_…` |
//! | kept connections in a burst starve | `flood::silent_connections_and_those_that_were_answered_once_…` |
//! | heads are unbounded | `framing::heads_that_are_too_large_are_431`, `holding::endless_head_is_431_and_cut_off` |
//! | `xchunked`, two lengths, `+3` are accepted | `framing::framing_that_two_readers_could_read_differently_is_400` |
//! | an unread body is drained on the worker that answered | `holding::refusals_of_unread_uploads_arrive`, `flood` |
//! | a client that stops reading holds a worker for ever | `holding::clients_that_stop_reading_a_large_answer_…` |
//! | a client that left is not noticed | `edge::tests::life`, `holding::vanished_clients_…` |
//! | its own 400, 408, 417 and 505 | every `is_refusal` |
//! | line breaks in a header's value | `echoes` |

mod bodies;
mod descriptors;
mod echoes;
mod flood;
mod framing;
mod holding;
mod proxies;
mod wrong_keys;

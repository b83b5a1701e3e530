//! The client's address behind trusted proxies, from `X-Forwarded-For` and `Forwarded` (RFC 7239). Knows no socket.
//!
//! A proxy appends the address of its own client to what it was sent. So only the right end of the list is known to be
//! true: the entry of the trusted proxy itself, and further to the left as long as the entries are trusted proxies, too.
//! The first address from the right that is none of them is the client; what is left of it, the client may have made up.

use std::net::{IpAddr, SocketAddr};

use vocabox_base::address::Network;

/// Returns the address of the client whose request came from `peer` with these `headers` (names in lower case): that of
/// `peer` unless it is one of the `trusted` networks. Where an entry is no address (`unknown`, a made-up name), that is the
/// proxy which wrote it.
///
/// `X-Forwarded-For` counts before `Forwarded`: most proxies write it, and pass the other on as the client sent it.
pub(crate) fn client(peer: IpAddr, headers: &[(String, String)], trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(peer) {
        return peer;
    }
    let lines = |name: &'static str| {
        let of_name = headers.iter().rev().filter(move |(n, _)| n == name);
        of_name.map(|(_, value)| value.as_str())
    };
    let mut listed = lines("x-forwarded-for").peekable();
    let entries: Vec<Option<IpAddr>> = match listed.peek() {
        Some(_) => listed.flat_map(|line| line.rsplit(',')).map(node).collect(),
        None => lines("forwarded").flat_map(elements).map(named).collect(),
    };
    let mut client = peer;
    for entry in entries {
        let Some(address) = entry else {
            return client;
        };
        client = address;
        if !is_trusted(address) {
            return client;
        }
    }
    client
}

/// Returns the elements of a line of `Forwarded`, the last one first. They are found from the right, because what is left
/// of a proxy's own element may be malformed: a quotation mark that is never closed must not swallow that element.
fn elements(line: &str) -> impl Iterator<Item = &str> {
    split_from_right(line, b',')
}

/// Returns the parts of `text` between the bytes `at` that are in no quoted string, the last one first.
fn split_from_right(text: &str, at: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let bytes = text.as_bytes();
        let mut is_quoted = false;
        for (n, byte) in bytes.iter().enumerate().rev() {
            match byte {
                b'"' if !is_escaped(&bytes[..n]) => is_quoted = !is_quoted,
                byte if *byte == at && !is_quoted => {
                    rest = Some(&text[..n]);
                    return Some(&text[n + 1..]);
                }
                _ => {}
            }
        }
        rest = None;
        Some(text)
    })
}

/// Whether what follows `before` is escaped: by a backslash that is not escaped itself.
fn is_escaped(before: &[u8]) -> bool {
    let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\');
    !backslashes.count().is_multiple_of(2)
}

/// Returns the address that an element of `Forwarded` names as `for`.
fn named(element: &str) -> Option<IpAddr> {
    split_from_right(element, b';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("for")
            .then(|| node(value))?
    })
}

/// Returns an address that is written alone or with a port: `192.0.2.1:80`, `2001:db8::1`, `"[2001:db8::1]:80"`.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let bare = bare.unwrap_or(text);
    // The zone of an IPv6 address has a meaning only on the machine that wrote it.
    let bare = bare.split_once('%').map_or(bare, |(address, _)| address);
    let address = bare.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|a| a.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXIES: [&str; 3] = ["10.0.0.0/8", "127.0.0.1", "fd00::/8"];

    fn found(peer: &str, headers: &[(&str, &str)]) -> String {
        let trusted = PROXIES.map(|network| network.parse().unwrap());
        let headers: Vec<_> = (headers.iter())
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    fn listed(list: &str) -> String {
        found("10.0.0.1", &[("x-forwarded-for", list)])
    }

    fn forwarded(line: &str) -> String {
        found("10.0.0.1", &[("forwarded", line)])
    }

    #[test]
    fn a_peer_that_is_no_trusted_proxy_is_the_client_whatever_it_sends() {
        for header in ["x-forwarded-for", "forwarded"] {
            for value in ["192.0.2.1", "for=192.0.2.1", "10.0.0.1", "127.0.0.1"] {
                assert_eq!(found("203.0.113.9", &[(header, value)]), "203.0.113.9");
            }
        }
        assert_eq!(found("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(found("10.0.0.1", &[("x-real-ip", "192.0.2.1")]), "10.0.0.1");
    }

    #[test]
    fn the_right_most_address_that_is_no_trusted_proxy_is_the_client() {
        assert_eq!(listed("192.0.2.1"), "192.0.2.1");
        assert_eq!(listed(" 192.0.2.1 ,\t10.1.1.1, 127.0.0.1"), "192.0.2.1");
        // What the client made up is left of it.
        assert_eq!(listed("8.8.8.8, 10.2.2.2, 192.0.2.1"), "192.0.2.1");
        assert_eq!(listed("10.2.2.2, 192.0.2.1, 10.1.1.1"), "192.0.2.1");
        // A backslash that the client sent stands escaped before the end of the proxy's string.
        let line = r#"for=8.8.8.8;x=", for=192.0.2.1;host="a\\""#;
        assert_eq!(forwarded(line), "192.0.2.1");
        // A client within the trusted networks.
        assert_eq!(listed("10.3.3.3, 10.1.1.1"), "10.3.3.3");
        let twice = [
            ("x-forwarded-for", "8.8.8.8"),
            ("x-forwarded-for", "192.0.2.1, 10.1.1.1"),
        ];
        assert_eq!(found("10.0.0.1", &twice), "192.0.2.1");
        assert_eq!(
            found("::ffff:10.0.0.1", &[("x-forwarded-for", "192.0.2.1")]),
            "192.0.2.1"
        );
        assert_eq!(
            found("fd00::1", &[("x-forwarded-for", "2001:db8::5")]),
            "2001:db8::5"
        );
    }

    #[test]
    fn addresses_may_have_ports_brackets_and_zones() {
        for (written, read) in [
            ("192.0.2.1:4711", "192.0.2.1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("\"192.0.2.1\"", "192.0.2.1"),
        ] {
            assert_eq!(listed(written), read, "{written}");
        }
    }

    #[test]
    fn where_an_entry_is_no_address_its_proxy_is_the_client() {
        for list in [
            "",
            "unknown",
            "_hidden",
            "192.0.2.1, unknown",
            "192.0.2.1,",
            "256.1.1.1",
            "1.2.3.4.5",
            "[::1",
            "a\"b",
        ] {
            assert_eq!(listed(list), "10.0.0.1", "{list}");
        }
        assert_eq!(listed("192.0.2.1, unknown, 10.7.7.7"), "10.7.7.7");
        assert_eq!(forwarded("for=_hidden"), "10.0.0.1");
        assert_eq!(forwarded("proto=https"), "10.0.0.1");
    }

    #[test]
    fn forwarded_is_read_as_the_standard_writes_it() {
        for (line, read) in [
            ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"),
            (
                "proto=https; For=\"[2001:db8:cafe::17]:4711\"",
                "2001:db8:cafe::17",
            ),
            ("for=8.8.8.8, for=192.0.2.43, for=10.1.1.1", "192.0.2.43"),
            ("for=192.0.2.43;host=\"a, for=8.8.8.8\"", "192.0.2.43"),
            // A client that never closes its quotation mark hides nothing.
            ("for=\"8.8.8.8, for=192.0.2.43", "192.0.2.43"),
            ("host=\"x, for=192.0.2.43;by=\"[fd00::1]\"", "192.0.2.43"),
        ] {
            assert_eq!(forwarded(line), read, "{line}");
        }
    }

    #[test]
    fn x_forwarded_for_counts_before_forwarded() {
        let both = [
            ("forwarded", "for=8.8.8.8"),
            ("x-forwarded-for", "192.0.2.1"),
        ];
        assert_eq!(found("10.0.0.1", &both), "192.0.2.1");
    }
}

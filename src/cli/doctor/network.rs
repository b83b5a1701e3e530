//! The network: whether the address is free or served by vocabox, and what is exposed beyond this machine.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use super::data::FoundData;
use super::finding::Findings;
use crate::cli::ask::{HttpAnswered, ask, reached};
use crate::config;
use crate::store::Key;

/// A header that every answer of vocabox has.
const OWN_HEADER: &str = "x-request-id:";

/// Looks at the address that the server listens on; returns it where vocabox answers there.
pub fn port(
    findings: &mut Findings,
    options: &config::Serve,
    data: &FoundData,
) -> Option<SocketAddr> {
    let listen = options.server.listen;
    let subject = "address";
    let cause = match TcpListener::bind(listen) {
        Ok(_) => {
            match data.server {
                Some(pid) => findings.warn(
                    subject,
                    format!("{listen} is free, and process {pid} serves this data folder at another address"),
                    "give doctor the options, variables and file of the server",
                ),
                None => findings.ok(subject, format!("{listen} is free: no server runs")),
            }
            return None;
        }
        Err(cause) => cause,
    };
    if cause.kind() != ErrorKind::AddrInUse {
        let found = format!("{listen} cannot be used: {cause}");
        findings.fail(
            subject,
            found,
            "choose another --listen: an address of this machine, a port from 1024 on",
        );
        return None;
    }
    let at = reached(listen);
    match ask(at, "/readyz") {
        Ok(answer) if answer.head.to_lowercase().contains(OWN_HEADER) => {
            served(findings, listen, data, &answer);
            Some(at)
        }
        Ok(_) => {
            let found = format!("another program than vocabox listens on {listen}");
            findings.fail(
                subject,
                found,
                "choose another --listen, or end that program",
            );
            None
        }
        Err(cause) => {
            let found = format!("{listen} is taken, and nothing answers there: {cause}");
            findings.fail(
                subject,
                found,
                "choose another --listen, or end the program that has it",
            );
            None
        }
    }
}

/// Tells of a vocabox that answers.
fn served(findings: &mut Findings, listen: SocketAddr, data: &FoundData, answer: &HttpAnswered) {
    let subject = "address";
    match data.server {
        Some(pid) => findings.ok(
            subject,
            format!("vocabox answers on {listen} (process {pid})"),
        ),
        None => findings.warn(
            subject,
            format!("a vocabox with another data folder answers on {listen}"),
            "name its data folder by --data-dir, or choose another --listen",
        ),
    }
    let body = &answer.body;
    match answer.status {
        200 => findings.ok("ready", body.clone()),
        status => findings.fail(
            "ready",
            format!("{status} {body}"),
            "see the log of the server",
        ),
    }
}

/// Looks at what is exposed beyond this machine.
pub fn exposure(findings: &mut Findings, options: &config::Serve, keys: &[Key]) {
    let subject = "exposure";
    let server = &options.server;
    let before = findings.all().len();
    let is_open = !server.listen.ip().to_canonical().is_loopback();
    if is_open && options.edge.trusted_proxy.is_empty() {
        let found = format!(
            "{} is reached from other machines: keys, texts and sound cross the network unencrypted",
            server.listen
        );
        findings.warn(
            subject,
            found,
            "listen on 127.0.0.1 and put a proxy with TLS before it (`vocabox docs operations`)",
        );
    }
    if is_open && server.metrics == "all" {
        findings.warn(
            subject,
            "all clients may read /metrics",
            "name the address of Prometheus: --metrics ADDRESS",
        );
    }
    let wyoming = server
        .wyoming
        .filter(|address| !address.ip().to_canonical().is_loopback());
    if let Some(address) = wyoming {
        let found = format!("all that reach {address} speak and transcribe: Wyoming has no keys");
        findings.warn(
            subject,
            found,
            "let only Home Assistant's address reach the port (firewall)",
        );
    }
    if server.cors_origin.iter().any(|origin| origin == "*") {
        findings.warn(
            subject,
            "pages of any origin may call the server from a browser",
            "name the origins: --cors-origin",
        );
    }
    if server.log_content {
        findings.warn(
            subject,
            "texts and transcripts are written to the log",
            "leave --log-content out once they are not needed",
        );
    }
    let in_force = keys.iter().filter(|key| key.revoked_at.is_none());
    let endless = in_force.filter(|key| key.concurrent.is_none()).count();
    if is_open && endless > 0 && server.concurrent_per_key.is_none() {
        let found = format!("{endless} keys may have any number of generations at once");
        findings.warn(
            subject,
            found,
            "bound all keys: --concurrent-per-key, or new ones: key create --concurrent",
        );
    }
    if findings.all().len() == before {
        let found = match is_open {
            true => format!(
                "{} is reached through proxies (--trusted-proxy)",
                server.listen
            ),
            false => "the server is reached from this machine only".to_owned(),
        };
        findings.ok(subject, found);
    }
}

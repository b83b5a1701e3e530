//! `GET /` and `GET /console/{file}`: the console, a page for people. Its files are those of `src/console`; they are embedded,
//! and sent compressed to clients that accept it.

use std::sync::LazyLock;

use miniz_oxide::deflate::compress_to_vec_zlib;

use super::message::Head;
use super::{Call, Context, Reply};
use crate::fault::Fault;

/// What the page may load: the server's own files and answers, and sounds and pictures that it has made itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    media-src 'self' blob:; img-src 'self' data: blob:; worker-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

/// Content types of the page, and of its other files.
pub const PAGE_TYPES: &[&str] = &[HTML];
pub const FILE_TYPES: &[&str] = &[SCRIPT, STYLE, PICTURE];

/// The page, which names its other files.
const PAGE: &str = "index.html";

/// Strongest compression of zlib: it is done once.
const LEVEL: u8 = 9;

/// A file of the console.
struct ConsoleFile {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

/// Lists the files of `src/console` with their content types.
macro_rules! files {
    ($($content_type:ident: $($name:literal)+;)+) => {
        &[$($(ConsoleFile {
            name: $name,
            content_type: $content_type,
            bytes: include_bytes!(concat!("../console/", $name)),
        },)+)+]
    };
}

const FILES: &[ConsoleFile] = files! {
    HTML: "index.html";
    STYLE: "style.css" "views.css";
    PICTURE: "icon.svg";
    SCRIPT: "api.js" "app.js" "capture.js" "clone.js" "dom.js" "dub.js" "dub_editor.js" "exports.js" "form.js" "history.js"
        "kept.js" "light.js" "lines.js" "listen.js" "live.js" "microphone.js" "operator.js" "operator_account.js" "operator_times.js"
        "picker.js" "projects.js" "server.js" "sound.js" "speak.js" "spoken.js" "timeline.js" "transcript.js" "voices.js" "wave.js";
};

/// What of a file does not depend on the request: its content compressed (RFC 1950), and a hash of it.
struct Prepared {
    deflated: Vec<u8>,
    hash: String,
}

/// In the order of [`FILES`].
static PREPARED: LazyLock<Vec<Prepared>> = LazyLock::new(|| {
    let prepare = |file: &ConsoleFile| Prepared {
        deflated: compress_to_vec_zlib(file.bytes, LEVEL),
        hash: blake3::hash(file.bytes).to_hex()[..32].to_owned(),
    };
    FILES.iter().map(prepare).collect()
});

/// Sends the page.
pub fn page(_: &Context, call: &mut Call) -> Result<Reply, Fault> {
    send(&call.head, PAGE)
}

/// Sends another file of the console. Fault: `NotFound` if the path names none.
pub fn file(_: &Context, call: &mut Call) -> Result<Reply, Fault> {
    match call.param.as_str() {
        // It works at its own path only: what it names is below that.
        PAGE => Err(no_file()),
        name => send(&call.head, name),
    }
}

fn no_file() -> Fault {
    Fault::not_found("The console has no file of this name.")
}

/// The file called `name`, compressed if the client accepts that, or the answer that the client has it already.
fn send(head: &Head, name: &str) -> Result<Reply, Fault> {
    let at = FILES.iter().position(|file| file.name == name);
    let at = at.ok_or_else(no_file)?;
    let (file, prepared) = (&FILES[at], &PREPARED[at]);
    let deflates = accepts_deflate(head);
    // Another encoding is another representation, with a tag of its own (RFC 9110, section 8.8.3.3).
    let tag = match deflates {
        true => format!("\"{}-deflate\"", prepared.hash),
        false => format!("\"{}\"", prepared.hash),
    };
    let is_unchanged = head
        .list("if-none-match")
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag);
    let mut headers = vec![
        ("ETag", tag),
        // The client asks each time whether its copy is current: all files are of one version.
        ("Cache-Control", "no-cache".to_owned()),
        ("Vary", "Accept-Encoding".to_owned()),
        ("Content-Security-Policy", POLICY.to_owned()),
        ("X-Content-Type-Options", "nosniff".to_owned()),
    ];
    if deflates {
        headers.push(("Content-Encoding", "deflate".to_owned()));
    }
    let body = match (is_unchanged, deflates) {
        (true, _) => Vec::new(),
        (false, true) => prepared.deflated.clone(),
        (false, false) => file.bytes.to_vec(),
    };
    Ok(Reply {
        content_type: file.content_type,
        headers,
        body,
        rest: None,
        file: None,
        is_unchanged,
    })
}

/// Whether the client accepts the encoding `deflate`, and not with the weight 0 (RFC 9110, section 12.5.3).
fn accepts_deflate(head: &Head) -> bool {
    head.list("accept-encoding").any(|item| {
        let (coding, weight) = item.split_once(';').unwrap_or((item, ""));
        let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
        let is_refused = weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0);
        coding.trim().eq_ignore_ascii_case("deflate") && !is_refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::net::{IpAddr, Ipv4Addr};
    use std::path::Path;
    use std::time::Instant;

    fn head(headers: &[(&str, &str)]) -> Head {
        let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        Head {
            method: "GET".to_owned(),
            path: "/".to_owned(),
            query: String::new(),
            headers: headers.iter().map(owned).collect(),
            declared_bytes: Some(0),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            received: Instant::now(),
        }
    }

    fn value<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
        let found = reply.headers.iter().find(|(n, _)| *n == name);
        found.map(|(_, value)| value.as_str())
    }

    #[test]
    fn every_file_of_the_folder_is_listed() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console");
        let found = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
        let found: BTreeSet<String> = found
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        let listed: BTreeSet<String> = FILES.iter().map(|file| file.name.to_owned()).collect();
        assert_eq!(listed, found);
        assert_eq!(listed.len(), FILES.len());
    }

    /// Every name between quotes that ends as a file does is that of a file, and every file is named by another one.
    #[test]
    fn the_files_name_each_other_and_nothing_else() {
        let mut named = BTreeSet::from([PAGE.to_owned()]);
        for file in FILES {
            let text = std::str::from_utf8(file.bytes).unwrap();
            for word in text.split('"') {
                let name = word
                    .strip_prefix("./")
                    .or(word.strip_prefix("console/"))
                    .unwrap_or(word);
                let is_name =
                    name.ends_with(".js") || name.ends_with(".css") || name.ends_with(".svg");
                if is_name && !name.contains([' ', '`', '$']) {
                    named.insert(name.to_owned());
                }
            }
            assert!(!text.contains("https://"), "{}", file.name);
        }
        let listed: BTreeSet<String> = FILES.iter().map(|file| file.name.to_owned()).collect();
        assert_eq!(named, listed);
    }

    #[test]
    fn a_client_gets_the_encoding_that_it_accepts() {
        for (accepted, expected) in [
            (
                &[("accept-encoding", "gzip, deflate, br")][..],
                Some("deflate"),
            ),
            (&[("accept-encoding", "Deflate;q=0.5")], Some("deflate")),
            (&[("accept-encoding", "gzip, deflate;q=0")], None),
            (&[("accept-encoding", "gzip")], None),
            (&[], None),
        ] {
            let reply = send(&head(accepted), "app.js").unwrap();
            assert_eq!(value(&reply, "Content-Encoding"), expected, "{accepted:?}");
            let plain = match expected {
                Some(_) => miniz_oxide::inflate::decompress_to_vec_zlib(&reply.body).unwrap(),
                None => reply.body,
            };
            assert_eq!(plain, include_bytes!("../console/app.js"));
        }
    }

    #[test]
    fn a_copy_that_is_current_is_not_sent_again() {
        let first = send(&head(&[]), "style.css").unwrap();
        let tag = value(&first, "ETag").unwrap().to_owned();
        let weak = format!("\"a\", W/{tag}");
        for known in [tag.as_str(), weak.as_str(), "*"] {
            let again = send(&head(&[("if-none-match", known)]), "style.css").unwrap();
            assert!(again.is_unchanged && again.body.is_empty(), "{known}");
        }
        let deflated = [
            ("if-none-match", tag.as_str()),
            ("accept-encoding", "deflate"),
        ];
        assert!(!send(&head(&deflated), "style.css").unwrap().is_unchanged);
    }
}

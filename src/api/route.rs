//! From a path and a method to an endpoint of [`ENDPOINTS`].

use percent_encoding::percent_decode_str;

use super::message::Answer;
use super::{ENDPOINTS, Endpoint};
use crate::fault::{Fault, Kind};

/// The endpoint of a request, and the part of its path that the braces of the endpoint's path stand for.
pub struct Route {
    pub endpoint: &'static Endpoint,
    pub param: String,
}

/// The route of a request's method and path; HEAD has the routes of GET, and a path may end in one slash more. Faults: `NotFound` for a path without an
/// endpoint, `MethodNotAllowed` (with the accepted methods) for a path whose endpoints have other methods.
pub fn find(method: &str, path: &str) -> Result<Route, Fault> {
    let method = match method {
        "HEAD" => "GET",
        method => method,
    };
    let mut methods = Vec::new();
    for endpoint in ENDPOINTS {
        let Some(param) = param(endpoint.path, path) else {
            continue;
        };
        if endpoint.method == method {
            return Ok(Route { endpoint, param });
        }
        methods.push(endpoint.method);
    }
    match methods.is_empty() {
        true if path.starts_with("/v1/v1/") => Err(Fault::not_found(
            "The path has /v1 twice: leave it out of the client's base URL, or out of its paths.",
        )),
        true => Err(Fault::not_found(
            "There is no such endpoint on this server.",
        )),
        false => {
            let allow = allow(&methods);
            Err(Fault::new(
                Kind::MethodNotAllowed(allow),
                format!("This endpoint accepts {allow} only."),
            ))
        }
    }
}

/// The answer to `OPTIONS /` and `OPTIONS *`: which methods the server has at all (RFC 9110, section 9.3.7). Load balancers
/// ask so whether a server lives. None for any other request.
pub fn options(method: &str, path: &str) -> Option<Answer> {
    let asks = method == "OPTIONS" && matches!(path, "/" | "*");
    asks.then(|| Answer {
        status: 204,
        content_type: "application/json",
        headers: vec![(
            "Allow",
            "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS".to_owned(),
        )],
        body: Vec::new(),
    })
}

/// The methods of the endpoints with this path, in the form of the `Allow` header and of a preflight's answer; none for
/// an unknown path.
pub fn methods(path: &str) -> Option<&'static str> {
    let methods: Vec<&str> = ENDPOINTS
        .iter()
        .filter(|e| param(e.path, path).is_some())
        .map(|e| e.method)
        .collect();
    (!methods.is_empty()).then(|| allow(&methods))
}

fn allow(methods: &[&str]) -> &'static str {
    if methods.contains(&"PATCH") {
        return "PATCH, DELETE";
    }
    if methods.contains(&"PUT") {
        return match methods.contains(&"DELETE") {
            true => "GET, HEAD, PUT, DELETE",
            false => "GET, HEAD, PUT",
        };
    }
    match (
        methods.contains(&"GET"),
        methods.contains(&"POST"),
        methods.contains(&"DELETE"),
    ) {
        (true, true, _) => "GET, HEAD, POST",
        (true, _, true) => "GET, HEAD, DELETE",
        (true, ..) => "GET, HEAD",
        (_, true, _) => "POST",
        _ => "DELETE",
    }
}

/// The part of `path` that the braces of `template` stand for (empty if it has no braces); none if the rest of the two
/// differs, but for a slash at the end of `path`.
fn param(template: &str, path: &str) -> Option<String> {
    let bare = path
        .strip_suffix('/')
        .filter(|path| !matches!(*path, "" | "/"));
    let path = bare.unwrap_or(path);
    let Some((before, rest)) = template.split_once('{') else {
        return (template == path).then(String::new);
    };
    let after = rest.split_once('}').map_or("", |(_, after)| after);
    let value = path.strip_prefix(before)?.strip_suffix(after)?;
    if value.is_empty() || value.contains('/') {
        return None;
    }
    let decoded = percent_decode_str(value).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_stand_for_one_whole_segment() {
        let found = |path| param("/voice/history/{item_id}", path);
        assert_eq!(found("/voice/history/a-1").as_deref(), Some("a-1"));
        assert_eq!(found("/voice/history/%41%2f").as_deref(), Some("A/"));
        for other in [
            "/voice/history",
            "/voice/history/",
            "/voice/history/a//",
            "/voice/history//",
            "/voice/history/a/b",
            "/voice/history/%ff",
            "/voice/histor/a",
        ] {
            assert_eq!(found(other), None, "{other}");
        }
        assert_eq!(param("/a/{x}/b", "/a/1/b").as_deref(), Some("1"));
        assert_eq!(param("/a", "/a").as_deref(), Some(""));
    }

    #[test]
    fn one_slash_at_the_end_makes_no_difference() {
        assert_eq!(found_id("/healthz/"), Some("healthz"));
        assert_eq!(found_id("/voice/history/"), Some("history"));
        let param = find("DELETE", "/voice/history/a-1/").unwrap().param;
        assert_eq!(param, "a-1");
        assert_eq!(found_id("/"), Some("console"));
        for other in ["//", "/healthz//", "//healthz", "/voice/"] {
            assert_eq!(found_id(other), None, "{other}");
        }
    }

    fn found_id(path: &str) -> Option<&'static str> {
        find("GET", path).ok().map(|route| route.endpoint.id)
    }

    #[test]
    fn every_endpoint_is_found_by_its_own_method_and_no_two_are_the_same() {
        for (at, endpoint) in ENDPOINTS.iter().enumerate() {
            let path = endpoint.path.replace(['{', '}'], "");
            let named: Vec<&str> = methods(&path).unwrap().split(", ").collect();
            assert!(named.contains(&endpoint.method));
            for method in named.into_iter().filter(|m| *m != "HEAD") {
                assert!(find(method, &path).is_ok(), "{method} {path}");
            }
            let twins = ENDPOINTS[at + 1..]
                .iter()
                .filter(|e| (e.method, e.path) == (endpoint.method, endpoint.path));
            assert_eq!(twins.count(), 0, "{}", endpoint.id);
        }
    }
}

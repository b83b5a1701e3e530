//! Cross-origin rules (fetch.spec.whatwg.org, "CORS protocol"): which pages in a browser may call the server and read
//! its answers. By default no page may; the operator names the origins that may.

use super::message::{Answer, Head};

/// Request headers that a page may send in addition to those that browsers always allow.
const REQUEST_HEADERS: &str =
    "Authorization, Content-Type, If-Range, Range, X-API-Key, X-Request-Id, xi-api-key";
/// Answer headers that a page may read in addition to those that browsers always show.
const ANSWER_HEADERS: &str = "Accept-Ranges, Content-Range, ETag, Retry-After, Retry-After-Ms, X-AI-Generated, \
    X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id, X-Should-Retry, X-Vox-Metadata";
/// Seconds for which a browser may reuse the answer to a preflight.
const MAX_AGE_S: &str = "600";

/// The origins that the operator named; `*` stands for any origin.
#[derive(Debug, Clone, Default)]
pub struct Origins(Vec<String>);

impl Origins {
    /// Checks the operator's origins: each is `*`, or `scheme://host[:port]` as browsers send it. The error is a
    /// sentence.
    pub fn parse(names: &[String]) -> Result<Self, String> {
        let well_formed = |name: &str| {
            let host = name
                .strip_prefix("https://")
                .or(name.strip_prefix("http://"));
            host.is_some_and(|h| {
                !h.is_empty()
                    && h.bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b))
            })
        };
        match names.iter().find(|n| *n != "*" && !well_formed(n)) {
            Some(wrong) => Err(format!(
                "option cors_origin is {wrong:?}; * or an origin like https://app.example.org (no path) is accepted"
            )),
            None => Ok(Origins(names.to_vec())),
        }
    }

    /// The origin of a request, if its page may read the answer. Keys travel in a header and never in a cookie, so that
    /// with `*` a page without a key gains no access.
    fn allowed<'h>(&self, head: &'h Head) -> Option<&'h str> {
        let origin = head.header("origin")?;
        // The answer repeats it; browsers send no other.
        if !origin.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        let named = |name: &String| name == "*" || name.eq_ignore_ascii_case(origin);
        self.0.iter().any(named).then_some(origin)
    }

    /// Cross-origin headers of every answer to this request.
    pub fn headers(&self, head: &Head) -> Vec<(&'static str, String)> {
        if self.0.is_empty() {
            return Vec::new();
        }
        // A cache must not give one origin's answer to another.
        let mut headers = vec![("Vary", "Origin".to_owned())];
        if let Some(origin) = self.allowed(head) {
            headers.push(("Access-Control-Allow-Origin", origin.to_owned()));
            headers.push(("Access-Control-Expose-Headers", ANSWER_HEADERS.to_owned()));
        }
        headers
    }

    /// The answer to a preflight request; none if the request is no preflight, its origin is not allowed or no endpoint
    /// has its path: the request is then treated like any other. `methods` returns the methods of a path's endpoints.
    pub fn preflight(
        &self,
        head: &Head,
        methods: fn(&str) -> Option<&'static str>,
    ) -> Option<Answer> {
        let asks =
            head.method == "OPTIONS" && head.header("access-control-request-method").is_some();
        if !asks {
            return None;
        }
        self.allowed(head)?;
        let methods = methods(&head.path)?;
        Some(Answer {
            status: 204,
            content_type: "application/json",
            headers: vec![
                ("Access-Control-Allow-Methods", methods.to_owned()),
                ("Access-Control-Allow-Headers", REQUEST_HEADERS.to_owned()),
                ("Access-Control-Max-Age", MAX_AGE_S.to_owned()),
            ],
            body: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_whole_and_without_a_path() {
        let parse = |name: &str| Origins::parse(&[name.to_owned()]);
        for good in [
            "*",
            "https://a.example",
            "http://localhost:3000",
            "http://[::1]:80",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for wrong in [
            "",
            "a.example",
            "https://",
            "https://a/",
            "https://a b",
            "null",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}

//! Addresses of the web without "www" or a protocol, paths and names of files.
//!
//! Owns how these are told from words with a full stop between them; for languages with a text file.

use super::language::Grammar;
use super::recognise::electronic;
use super::semiotic::Expression;
use super::token::WrittenLine;

/// Most tokens of one address.
const TOKENS_MAX: usize = 60;
/// Top-level domains that are written without "www".
#[rustfmt::skip]
const DOMAINS: [&str; 34] = [
    "com", "net", "org", "info", "edu", "gov", "io", "ai", "app", "dev", "biz", "tv", "eu", "es", "fr", "it", "br", "pt", "in", "mx",
    "ar", "co", "cl", "pe", "uk", "de", "ng", "za", "ke", "tz", "ca", "us", "me", "abc",
];
/// Endings of the names of files.
#[rustfmt::skip]
const FILES: [&str; 26] = [
    "pdf", "csv", "doc", "docx", "txt", "xls", "xlsx", "ppt", "pptx", "html", "htm", "jpg", "jpeg", "png", "gif", "mp3", "mp4", "wav",
    "zip", "json", "xml", "py", "js", "rs", "md", "exe",
];

/// Reads "nvidia.com/1", "report.pdf", "/etc/apache", "C:\\Users" at `i`.
pub fn bare(line: &WrittenLine, i: usize, grammar: &dyn Grammar) -> Option<Expression> {
    if !line.gap(i) || line.gap(i + 1) || line.is_figure(i) {
        return None;
    }
    // "p.es." is an abbreviation.
    let letter = line.text(i).chars().nth(1).is_none() && line.joined(i + 1) == '.';
    let mut end = line.run_end(i, TOKENS_MAX);
    while end > i + 1 && ",.;:!?)\"”]>'…".contains(line.sign(end - 1)) {
        end -= 1;
    }
    let whole = line.joint(i, end);
    let low = whole.to_lowercase();
    let drive = line.text(i).len() == 1 && line.is_word(i) && low[1..].starts_with(":\\");
    let path = line.sign(i) == '/' && line.is_word(i + 1) && low.matches('/').count() > 1;
    let host = low.split(['/', '?', '#']).next().unwrap_or("");
    let named =
        line.is_word(i) && !letter && low.is_ascii() && host.contains('.') && !host.contains("..");
    let ending = host.rsplit('.').next().unwrap_or("");
    let domain = named && DOMAINS.contains(&ending);
    let file = named && host == low && FILES.contains(&ending);
    (drive || path || domain || file).then(|| electronic::said(line, i, end, grammar))
}

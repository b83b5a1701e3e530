//! All that support needs in one file: what was found, settings, counts, the end of the log, metrics. It has no keys, no names of
//! accounts, no texts and no sound; what is taken from elsewhere is searched for them.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::data::FoundData;
use super::finding::Findings;
use super::gzip::gzip;
use super::packs::FoundPacks;
use crate::cli::CliError;
use crate::cli::ask::ask;
use crate::config::OptionsInForce;

/// The folder that the file unpacks into.
const FOLDER: &str = "vocabox-support";
/// Lines and bytes of the log's end.
const LOG_LINES_MAX: usize = 2_000;
const LOG_BYTES_MAX: u64 = 1 << 20;
/// The start of every key.
const KEY_PREFIX: &str = "satryx_";
/// What stands in place of a key.
const MASKED: &str = "<key left out>";
/// Messages of the log that hold texts of clients, with `--log-content`.
const CONTENT: &str = "content item=";

const README: &str = "\
What `vocabox doctor --bundle` has collected on one machine, for support.

doctor.txt, doctor.json   what was looked at, and what to do
versions.json             program, ONNX Runtime, kernel, system
settings.toml             every option, and where its value comes from
counts.json               how many accounts, keys, history items, voices and jobs there are
packs.json                the model packs, by name and engine
readyz.json, metrics.txt  what the running server says of itself, if one answered
log.txt                   the end of the server's log, or why it is not here
manifest.json             SHA-256 of each of these files

Left out: keys and their hashes, names of accounts and keys, texts, transcripts, recordings, voices, lexicons,
history. Lines of the log that hold texts (--log-content) are left out, and in all files keys are masked. The log
has the addresses of clients and the ids of keys, which open nothing: read it before you pass it on. Nothing was
sent anywhere.
";

/// What goes into the file.
pub struct SupportBundle<'a> {
    pub findings: &'a Findings,
    /// The findings as JSON.
    pub told: &'a Value,
    pub options: &'a OptionsInForce,
    pub packs: &'a FoundPacks,
    pub data: &'a FoundData,
    /// The address at which the server answers.
    pub address: Option<SocketAddr>,
    /// The file of the log; none to ask the journal.
    pub log_file: Option<&'a Path>,
}

impl SupportBundle<'_> {
    /// Writes the file, which only this user can read, and replaces none. Errors: the file is there, or cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), CliError> {
        let failed = |error: std::io::Error| {
            CliError::Failed(format!("{} cannot be written: {error}", path.display()))
        };
        let packed = self.packed().map_err(failed)?;
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(path);
        let mut file = file.map_err(failed)?;
        file.write_all(&packed).map_err(failed)?;
        file.sync_all().map_err(failed)
    }

    fn packed(&self) -> std::io::Result<Vec<u8>> {
        let pretty = |value: &Value| format!("{value:#}\n");
        let mut files = vec![
            ("README.txt", README.to_owned()),
            ("doctor.txt", format!("{}\n", self.findings.table())),
            ("doctor.json", pretty(self.told)),
            ("versions.json", pretty(&self.versions())),
            ("settings.toml", format!("{}\n", self.options)),
            ("counts.json", pretty(&self.counts())),
            ("packs.json", pretty(&self.pack_rows())),
        ];
        for (name, path) in [("readyz.json", "/readyz"), ("metrics.txt", "/metrics")] {
            if let Some(Ok(answer)) = self.address.map(|address| ask(address, path)) {
                files.push((name, answer.body));
            }
        }
        files.push(("log.txt", self.log()));
        for (_, text) in &mut files {
            *text = masked(text);
        }
        let sums = files.iter().map(|(name, text)| {
            let sum = Sha256::digest(text.as_bytes());
            let digits: String = sum.iter().map(|b| format!("{b:02x}")).collect();
            ((*name).to_owned(), Value::from(digits))
        });
        let manifest = pretty(&Value::Object(sums.collect()));
        files.push(("manifest.json", manifest));
        let mut archive = tar::Builder::new(Vec::new());
        for (name, text) in &files {
            let mut head = tar::Header::new_gnu();
            head.set_mode(0o600);
            head.set_size(text.len() as u64);
            let path = format!("{FOLDER}/{name}");
            archive.append_data(&mut head, path, text.as_bytes())?;
        }
        Ok(gzip(&archive.into_inner()?))
    }

    fn versions(&self) -> Value {
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
        let named = release
            .lines()
            .find_map(|line| line.strip_prefix("PRETTY_NAME="));
        let onnxruntime = self.packs.onnxruntime.as_ref();
        json!({
            "vocabox": env!("CARGO_PKG_VERSION"),
            "onnxruntime": onnxruntime.map(|(version, origin)| json!({ "version": version, "origin": origin })),
            "kernel": kernel.trim(),
            "target": format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            "system": named.map(|name| name.trim_matches('"')),
        })
    }

    fn counts(&self) -> Value {
        let size = self.data.size;
        json!(size.map(|size| json!({
            "store_bytes": size.file_bytes, "store_map_bytes": size.map_bytes, "history_items": size.history_items,
            "accounts": size.accounts, "keys": size.keys, "voices": size.voices, "jobs": size.jobs,
        })))
    }

    fn pack_rows(&self) -> Value {
        let rows = self.packs.packs.iter().map(|pack| {
            let manifest = &pack.manifest;
            json!({
                "name": manifest.name, "kind": manifest.kind, "engine": manifest.engine,
                "variant": manifest.variant, "fetched": pack.is_fetched(),
            })
        });
        rows.collect()
    }

    /// The end of the log without lines that hold texts, or why there is none.
    fn log(&self) -> String {
        let read = match (self.log_file, self.data.server) {
            (Some(path), _) => end_of(path),
            (None, Some(pid)) => journal(pid),
            (None, None) => return "No server runs, and --log-file was not given.\n".to_owned(),
        };
        match read {
            Ok(text) => {
                let lines: Vec<&str> = text
                    .lines()
                    .filter(|line| !line.contains(CONTENT))
                    .collect();
                let first = lines.len().saturating_sub(LOG_LINES_MAX);
                lines[first..].join("\n") + "\n"
            }
            Err(error) => {
                format!("The log cannot be read: {error}. Name its file by --log-file.\n")
            }
        }
    }
}

/// The last [`LOG_BYTES_MAX`] of a file, from the start of a line.
fn end_of(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let from = bytes.saturating_sub(LOG_BYTES_MAX);
    file.seek(SeekFrom::Start(from))?;
    let mut end = Vec::new();
    file.take(LOG_BYTES_MAX).read_to_end(&mut end)?;
    let text = String::from_utf8_lossy(&end);
    Ok(match (from, text.split_once('\n')) {
        (0, _) | (_, None) => text.into_owned(),
        (_, Some((_, whole))) => whole.to_owned(),
    })
}

/// The end of what a process has written to systemd's journal.
fn journal(pid: u32) -> std::io::Result<String> {
    let lines = LOG_LINES_MAX.to_string();
    let process = format!("_PID={pid}");
    let mut command = Command::new("journalctl");
    let ran = command
        .args([&process, "--lines", &lines, "--output", "cat", "--no-pager"])
        .output()?;
    match ran.status.success() {
        true => Ok(String::from_utf8_lossy(&ran.stdout).into_owned()),
        false => Err(std::io::Error::other(
            String::from_utf8_lossy(&ran.stderr).trim().to_owned(),
        )),
    }
}

/// The text with a mark in place of every key.
fn masked(text: &str) -> String {
    let mut parts = text.split(KEY_PREFIX);
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_of_key = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let end = part.find(|c| !is_of_key(c)).unwrap_or(part.len());
        whole += MASKED;
        whole += &part[end..];
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_masked_wherever_they_stand() {
        let text = "a satryx_live_AbC-9_x, \"satryx_test_1\" satryx_";
        assert_eq!(masked(text), format!("a {MASKED}, \"{MASKED}\" {MASKED}"));
        assert_eq!(masked("nothing"), "nothing");
    }

    #[test]
    fn of_a_long_log_the_end_is_read_from_the_start_of_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let line = "x".repeat(99);
        let lines = vec![line.as_str(); 20_000].join("\n");
        std::fs::write(&path, &lines).unwrap();
        let end = end_of(&path).unwrap();
        assert!(end.len() as u64 <= LOG_BYTES_MAX && end.len() > 1_000_000);
        assert!(end.lines().all(|l| l == line));
        std::fs::write(&path, "short\n").unwrap();
        assert_eq!(end_of(&path).unwrap(), "short\n");
    }
}

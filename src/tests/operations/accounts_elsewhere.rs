//! `vocabox account export` and `import`: servers that know each other's keys.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::support::server::{Server, fed, json, vocabox};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Two servers, and a file with the secret that they share.
struct Fleet {
    first: Server,
    second: Server,
    folder: tempfile::TempDir,
}

impl Fleet {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret"), format!("{SECRET}\n")).unwrap();
        Fleet {
            first: Server::start(),
            second: Server::start(),
            folder,
        }
    }

    /// Runs a command of `vocabox account` on the data of `server`, with `input`.
    fn account(&self, server: &Server, args: &[&str], input: &str) -> Output {
        let mut command = vocabox(&["account"]);
        command
            .args(args)
            .arg("--data-dir")
            .arg(&server.data)
            .arg("--secret-file")
            .arg(self.folder.path().join("secret"));
        fed(command, input)
    }

    /// What the first server exports.
    fn exported(&self) -> String {
        let output = self.account(&self.first, &["export"], "");
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_key_of_one_server_is_valid_at_the_other_until_it_is_revoked_at_either() {
    let fleet = Fleet::start();
    let secret = fleet.first.new_key("hospital");
    let other = fleet.first.new_key("bank");
    let status =
        |server: &Server, key: &str| server.client().with_key(key).get("/voice/history").status;
    assert_eq!(status(&fleet.first, &secret), 200);
    assert_eq!(status(&fleet.second, &secret), 401);
    let file = fleet.exported();
    assert!(
        !file.contains(&secret) && !file.contains(&other),
        "no key is in the file"
    );
    // While the second server runs: it sees the keys at the next request, and its own account stays.
    let output = fleet.account(&fleet.second, &["import", "-"], &file);
    assert!(output.status.success(), "{}", said(&output));
    for key in [&secret, &other, &fleet.second.key] {
        assert_eq!(status(&fleet.second, key), 200);
    }
    let again = fleet.account(&fleet.second, &["import", "--json", "-"], &file);
    let again: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
    let counts = [
        "accounts_created",
        "accounts_changed",
        "keys_created",
        "keys_changed",
        "keys_revoked",
    ];
    assert!(counts.iter().all(|count| again[count] == 0), "{again}");

    let keys = json(&fleet.first.data, &["key", "list", "--account", "hospital"]);
    let id = keys[0]["key_id"].as_str().unwrap();
    json(&fleet.first.data, &["key", "revoke", id]);
    fleet.account(&fleet.second, &["import", "-"], &fleet.exported());
    assert_eq!(status(&fleet.second, &secret), 401);
    assert_eq!(status(&fleet.second, &other), 200);
    // The older file does not make it valid again.
    fleet.account(&fleet.second, &["import", "-"], &file);
    assert_eq!(status(&fleet.second, &secret), 401);
}

#[test]
fn a_file_that_was_changed_or_made_with_another_secret_changes_nothing() {
    let fleet = Fleet::start();
    fleet.first.new_key("hospital");
    let file = fleet.exported();
    let changed = file.replace("\"rpm\":100000", "\"rpm\":100001");
    assert_ne!(changed, file);
    let refused = |path: &Path, input: &str, sentence: &str| {
        let file = path.to_str().unwrap();
        let output = fleet.account(&fleet.second, &["import", file], input);
        assert_eq!(output.status.code(), Some(2));
        assert!(said(&output).contains(sentence), "{}", said(&output));
    };
    let input = Path::new("-");
    refused(input, &changed, "was changed, or made with another secret");
    refused(
        input,
        file.lines().next().unwrap(),
        "is no output of `vocabox account export`",
    );
    refused(Path::new("/no/such/file"), "", "No such file");
    fs::write(fleet.folder.path().join("secret"), SECRET.to_uppercase()).unwrap();
    refused(input, &file, "was changed, or made with another secret");
    fs::write(fleet.folder.path().join("secret"), "short").unwrap();
    refused(input, &file, "a secret has at least 32 characters");
    let accounts = json(&fleet.second.data, &["account", "list"]);
    assert_eq!(accounts.as_array().unwrap().len(), 1);
}

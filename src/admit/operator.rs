//! The key of the operator, who has the endpoints below `/admin`.

use std::path::Path;

use super::key::{bearer, refused};
use crate::fault::{Fault, Kind};
use crate::limits::{ADMIN_KEY_BYTES_MAX, ADMIN_KEY_CHARS_MIN};
use vocabox_base::secret::read_secret;

/// The operator's key, of which only a hash is held.
pub struct OperatorKey(blake3::Hash);

impl OperatorKey {
    /// Reads the key in the file at `path`, without white space around it. The error is a sentence about the file.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = read_secret(path, ADMIN_KEY_BYTES_MAX)?;
        let shown = path.display();
        Self::parse(&text).map_err(|why| format!("{shown} {why}"))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let key = text.trim();
        let chars = key.chars().count();
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            // No other can be sent in a header.
            return Err("holds other characters than visible ones of ASCII".to_owned());
        }
        match chars < ADMIN_KEY_CHARS_MIN {
            true => Err(format!(
                "has a key of {chars} characters; at least {ADMIN_KEY_CHARS_MIN} are needed, such as `openssl rand -hex 32` makes"
            )),
            false => Ok(OperatorKey(blake3::hash(key.as_bytes()))),
        }
    }

    /// Checks the value of the `Authorization` header, in a time that does not depend on how much of the key is right
    /// (`blake3::Hash` compares so). Fault: `Unauthorized`, without anything of what was sent.
    pub fn check(&self, authorization: Option<&str>) -> Result<(), Fault> {
        let authorization = authorization.ok_or_else(|| {
            refused("The operator's key is needed: send the header `Authorization: Bearer <key>`.")
        })?;
        let sent = bearer(authorization)
            .ok_or_else(|| refused("The Authorization header must read `Bearer <key>`."))?;
        match blake3::hash(sent.as_bytes()) == self.0 {
            true => Ok(()),
            false => Err(refused("This is not the operator's key.")),
        }
    }
}

/// Whether the path is of an endpoint for the operator, there or not.
pub fn covers(path: &str) -> bool {
    path == "/admin" || path.starts_with("/admin/")
}

/// The refusal of a server without an operator's key: as of any path without an endpoint.
pub fn absent() -> Fault {
    Fault::new(
        Kind::NotFound,
        "There is no such endpoint on this server: it was started without --admin-key-file.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn only_the_whole_key_opens() {
        let key = OperatorKey::parse(&format!("{KEY}\n")).unwrap();
        for good in [format!("Bearer {KEY}"), format!("bearer  {KEY} ")] {
            key.check(Some(&good)).unwrap();
        }
        for wrong in [
            None,
            Some(String::new()),
            Some(KEY.to_owned()),
            Some("Bearer ".to_owned()),
            Some(format!("Basic {KEY}")),
            Some(format!("Bearer {KEY}0")),
            Some(format!("Bearer {}", &KEY[1..])),
            Some(format!("Bearer {}", KEY.to_uppercase())),
        ] {
            let fault = key.check(wrong.as_deref()).unwrap_err();
            assert_eq!(fault.kind, Kind::Unauthorized, "{wrong:?}");
            assert!(!fault.sentence.contains("0123"), "{fault}");
        }
    }

    #[test]
    fn a_file_that_is_no_secret_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.key");
        let refusal = |content: &str, mode: u32| {
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            OperatorKey::read(&path).err()
        };
        for mode in [0o600, 0o400, 0o640] {
            assert_eq!(refusal(KEY, mode), None, "{mode:o}");
        }
        for mode in [0o644, 0o602, 0o604] {
            assert!(refusal(KEY, mode).unwrap().contains("chmod o="), "{mode:o}");
        }
        for (content, why) in [
            ("", "0 characters; at least 32"),
            (&KEY[1..], "31 characters"),
            ("a long sentence that is no secret at all", "visible"),
            ("ключ-оператора-из-многих-знаков-и-букв", "visible"),
            (&"k".repeat(5_000), "more than"),
        ] {
            let told = refusal(content, 0o600).unwrap();
            assert!(told.contains(why), "{told}");
            assert!(!told.contains("sentence that"), "{told}");
        }
        let told = OperatorKey::read(&folder.path().join("none"))
            .err()
            .unwrap();
        assert!(told.contains("cannot be read"), "{told}");
    }

    #[test]
    fn paths_of_the_operator_are_known() {
        for path in ["/admin", "/admin/", "/admin/accounts", "/admin/x/y"] {
            assert!(covers(path), "{path}");
        }
        for path in ["/", "/administer", "/voice/admin", "/ADMIN/accounts"] {
            assert!(!covers(path), "{path}");
        }
    }
}

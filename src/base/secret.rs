//! Files that hold a secret of the operator.

use std::fs::File;
use std::io::{Error, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Permissions of a file that others than its owner and its group have.
const OF_OTHERS: u32 = 0o007;

/// The text of the secret in the file at `path`, of at most `bytes_max`. The error is a sentence about the file, without anything of its
/// content: other users may read or change it, or it is longer, or not UTF-8.
pub fn read_secret(path: &Path, bytes_max: u64) -> Result<String, String> {
    let shown = path.display();
    let unread = |error: Error| format!("{shown} cannot be read: {error}");
    let file = File::open(path).map_err(unread)?;
    let mode = file.metadata().map_err(unread)?.permissions().mode();
    if mode & OF_OTHERS != 0 {
        return Err(format!(
            "{shown} has the mode {:03o}, so that other users may read or change it: run chmod o= {shown}",
            mode & 0o777
        ));
    }
    let mut text = String::new();
    let mut file = file.take(bytes_max + 1);
    file.read_to_string(&mut text).map_err(unread)?;
    match text.len() as u64 > bytes_max {
        true => Err(format!(
            "{shown} has more than {bytes_max} bytes: it is no key"
        )),
        false => Ok(text),
    }
}

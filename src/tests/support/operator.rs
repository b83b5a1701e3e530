//! Servers with endpoints for an operator, and the operator's key.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::support::client::Client;
use crate::support::server::Server;

/// The key of all operators in the tests.
pub const KEY: &str = "operator-0123456789abcdef0123456789abcdef";

/// The path of a file with the key.
pub fn key_file() -> &'static str {
    static FILE: OnceLock<(TempDir, String)> = OnceLock::new();
    let (_, path) = FILE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.key");
        fs::write(&path, format!("{KEY}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let shown = path.to_str().unwrap().to_owned();
        (folder, shown)
    });
    path
}

/// A new server with the operator's endpoints.
pub fn launch(models: &Path, options: &[&str]) -> Server {
    Server::launch(
        models,
        &[&["--admin-key-file", key_file()], options].concat(),
    )
}

/// A client with the operator's key.
pub fn client(server: &Server) -> Client {
    server.client().with_key(KEY)
}

//! Machines that give a process little: each either starts, or says in one sentence what is missing and how to get it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::namespace::{Namespaces, SmallDisk, is_inside, must};
use crate::support::server::{Server, bare_models, models, vocabox};

/// A path of more bytes than a socket's may have.
fn long(folder: &Path) -> PathBuf {
    folder.join("d".repeat(60)).join("e".repeat(60))
}

fn serve(data: &Path, models: &Path) -> Command {
    let mut command = vocabox(&["serve", "--listen", "127.0.0.1:0", "--log-level", "error"]);
    command.arg("--data-dir").arg(data);
    command.arg("--models-dir").arg(models);
    command
}

/// What a server says that does not start: one line, exit code 2.
#[track_caller]
fn refused(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[test]
fn long_data_paths_need_a_temporary_folder_and_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let data = long(folder.path());
    let server = Server::of(serve(&data, &bare_models()), &data, "");
    assert_eq!(server.client().get("/healthz").status, 200);
    assert_eq!(server.stop(), Some(0));
    for temporary in [PathBuf::from("/nonexistent"), long(folder.path())] {
        let mut command = serve(&data, &bare_models());
        let said = refused(&command.env("TMPDIR", &temporary).output().unwrap());
        assert!(
            said.contains("TMPDIR") && said.contains("--data-dir"),
            "{said}"
        );
        assert!(said.contains(temporary.to_str().unwrap()), "{said}");
    }
}

#[test]
fn a_read_only_tmp_is_needed_by_no_server_with_a_short_data_path() {
    if !is_inside(
        Namespaces::Mounts,
        module_path!(),
        "a_read_only_tmp_is_needed_by_no_server_with_a_short_data_path",
    ) {
        return;
    }
    let (models, disk) = (bare_models(), SmallDisk::mount(32));
    // The test's own folders are in /tmp: they stay where they are, and the server's temporary files go elsewhere.
    let read_only = SmallDisk::mount(1);
    read_only.make_read_only();
    let data = disk.path().join("data");
    let mut command = serve(&data, &models);
    command.env("TMPDIR", read_only.path());
    let server = Server::of(command, &data, "");
    assert_eq!(server.client().get("/healthz").status, 200);
    assert_eq!(server.stop(), Some(0));
    let data = long(disk.path());
    let mut command = serve(&data, &models);
    let said = refused(&command.env("TMPDIR", read_only.path()).output().unwrap());
    assert!(
        said.contains("Read-only") && said.contains("set TMPDIR"),
        "{said}"
    );
}

#[test]
fn without_proc_a_server_starts() {
    if !is_inside(
        Namespaces::Mounts,
        module_path!(),
        "without_proc_a_server_starts",
    ) {
        return;
    }
    let (models, folder) = (bare_models(), tempfile::tempdir().unwrap());
    must("umount --lazy /proc");
    let data = folder.path().join("data");
    let server = Server::of(serve(&data, &models), &data, "");
    assert_eq!(server.client().get("/healthz").status, 200);
}

/// The command in a process that may have so many KiB of address space.
fn bounded(kib: u64, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -v {kib}; exec \"$0\" \"$@\"")]);
    shell.arg(command.get_program()).args(command.get_args());
    shell
}

#[test]
fn too_little_address_space_is_told_with_both_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for kib in [1 << 20, 8 << 20, 17_000_000] {
        let said = refused(
            &bounded(kib, &serve(&data, &bare_models()))
                .output()
                .unwrap(),
        );
        assert!(said.contains(&format!("{} MiB", kib >> 10)), "{said}");
        assert!(
            said.contains("16384 MiB") && said.contains("ulimit -v"),
            "{said}"
        );
        assert!(
            said.contains("--store-bytes") && !said.contains("--data-dir"),
            "{said}"
        );
    }
    let mut small = serve(&data, &bare_models());
    small.args(["--store-bytes", "64MiB"]);
    let server = Server::of(bounded(8 << 20, &small), &data, "");
    assert_eq!(server.client().get("/healthz").status, 200);
    assert_eq!(server.stop(), Some(0));
    // A command has no option for it.
    let other = folder.path().join("other");
    let mut list = vocabox(&["account", "list", "--data-dir"]);
    list.arg(&other);
    let said = refused(&bounded(1 << 20, &list).output().unwrap());
    assert!(
        said.contains("ulimit -v") && said.contains("1024 MiB"),
        "{said}"
    );
}

#[test]
fn too_little_memory_in_the_control_group_is_told_before_models_are_loaded() {
    let group = PathBuf::from(format!(
        "/sys/fs/cgroup/memory/vocabox-{}",
        std::process::id()
    ));
    if fs::create_dir(&group).is_err()
        || fs::write(group.join("memory.limit_in_bytes"), "300M").is_err()
    {
        eprintln!("NOT RUN, because no control group of memory can be made here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let command = serve(&folder.path().join("data"), &models());
    let mut shell = Command::new("sh");
    let enter = format!(
        "echo $$ > {}/cgroup.procs; exec \"$0\" \"$@\"",
        group.display()
    );
    shell.args(["-c", &enter]);
    shell.arg(command.get_program()).args(command.get_args());
    let output = shell.output().unwrap();
    let _ = fs::remove_dir(&group);
    let said = refused(&output);
    assert!(
        said.contains("limited to 300 MiB") && said.contains("fewer"),
        "{said}"
    );
}

#[test]
fn folders_that_were_made_beforehand_are_closed_to_others() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let inner = ["store", "spool", "socket", "previews"].map(|name| data.join(name));
    for made in inner.iter().chain([&data]) {
        fs::create_dir_all(made).unwrap();
        fs::set_permissions(made, fs::Permissions::from_mode(0o777)).unwrap();
    }
    let server = Server::of(serve(&data, &bare_models()), &data, "");
    for made in inner.iter().chain([&data]) {
        assert_eq!(
            fs::metadata(made).unwrap().mode() & 0o777,
            0o700,
            "{}",
            made.display()
        );
    }
    assert_eq!(server.stop(), Some(0));
}

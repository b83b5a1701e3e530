//! A backup put in the place of a data folder's content.
//!
//! Everything is unpacked, checked and converted to this program's layout in the folder `restore` of the data folder; only then
//! do the folders change places. As long as that folder exists, the data folder is not opened: a restore that was interrupted is
//! repeated, and keeps what was unpacked.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use vocabox_base::fault::Fault;
use vocabox_base::folder::make_private;

use super::archive::{self, unfinished};
use super::manifest::{BackupFile, BackupManifest};
use super::{FOLDERS, Progress, STORE};
use crate::{Store, only_server};

/// The folder in the data folder in which a backup is unpacked.
const FOLDER: &str = "restore";
/// What was in the data folder before, until the restore is over.
const FORMER: &str = "former";
/// LMDB's table of readers, which belongs to the processes that have the store open.
const READERS: &str = "lock.mdb";

/// Makes the content of `data_dir` that of the backup `file`, which is removed before if `replace`. Returns what was restored. Faults:
/// `Missing` when a server runs, when the folder has data and `replace` is false, when the backup is damaged or of a newer
/// program, when the disk is full.
pub fn restore(
    file: &Path,
    data_dir: &Path,
    replace: bool,
    progress: Progress,
) -> Result<BackupManifest, Fault> {
    let mut packed = File::open(file).map_err(|error| {
        Fault::missing(format!("{} cannot be opened.", file.display())).because(error)
    })?;
    // Before anything is changed.
    let bytes = archive::manifest(&mut packed)?.bytes();
    packed.rewind().map_err(Fault::disk)?;
    let folder = data_dir.join(FOLDER);
    if !folder.exists() && !replace && has_data(data_dir) {
        return Err(Fault::missing(
            "The data folder has data: --replace removes them, or choose another --data-dir.",
        ));
    }
    let _only = only_server(data_dir)?;
    make_private(&folder).map_err(Fault::disk)?;
    let manifest = unpack(&mut packed, &folder, &mut |done| progress(done, bytes))?;
    // Converts an older layout, too.
    Store::open(&folder)?.settle(true)?;
    exchange(data_dir, &folder).map_err(Fault::disk)?;
    Ok(manifest)
}

/// Refuses to open a data folder in which a restore was interrupted.
pub(crate) fn refuse_interrupted(data_dir: &Path) -> Result<(), Fault> {
    match data_dir.join(FOLDER).exists() {
        true => Err(Fault::missing(
            "A restore of this data folder was interrupted: repeat `vocabox restore`.",
        )),
        false => Ok(()),
    }
}

fn has_data(data_dir: &Path) -> bool {
    FOLDERS.iter().any(|folder| {
        let mut entries = fs::read_dir(data_dir.join(folder)).into_iter().flatten();
        entries.next().is_some()
    })
}

/// Unpacks a backup into `folder`. Files that are there with the same content stay.
fn unpack(
    packed: &mut File,
    folder: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<BackupManifest, Fault> {
    archive::read(packed, &mut |file, content, done| {
        let path = folder.join(&file.path);
        if !File::open(&path).is_ok_and(|mut there| file.check(&mut there).is_ok()) {
            put(file, &path, content)?;
        }
        progress(done);
        Ok(())
    })
}

fn put(file: &BackupFile, path: &Path, content: &mut dyn Read) -> Result<(), Fault> {
    if let Some(parent) = path.parent() {
        make_private(parent).map_err(Fault::disk)?;
    }
    let part = unfinished(path);
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part);
    let mut written = opened.map_err(Fault::disk)?;
    io::copy(content, &mut written).map_err(Fault::disk)?;
    written.sync_all().map_err(Fault::disk)?;
    written.rewind().map_err(Fault::disk)?;
    file.check(&mut written)?;
    fs::rename(part, path).map_err(Fault::disk)
}

/// Puts what was unpacked in the place of what is there, and removes that.
fn exchange(data_dir: &Path, folder: &Path) -> io::Result<()> {
    let former = folder.join(FORMER);
    make_private(&former)?;
    absent(fs::remove_file(folder.join(STORE).join(READERS)))?;
    for name in FOLDERS.iter().rev() {
        // Of a restore that was interrupted here.
        absent(fs::remove_dir_all(former.join(name)))?;
        absent(fs::rename(data_dir.join(name), former.join(name)))?;
        absent(fs::rename(folder.join(name), data_dir.join(name)))?;
    }
    // Lines spoken for accounts of the former data, whose ids others have now.
    absent(fs::remove_dir_all(data_dir.join(Store::SPOKEN)))?;
    File::open(data_dir)?.sync_all()?;
    fs::remove_dir_all(folder)
}

/// The outcome of a step whose file may be missing.
fn absent(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

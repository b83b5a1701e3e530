//! A snapshot packed into one file: a tar file in the order of the manifest, so that every file has its place before it is written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tar::{Archive, Builder, Entry, Header};
use vocabox_base::fault::{Fault, Kind};

use super::manifest::{self, BackupFile, BackupManifest};
use super::{Progress, Snapshot};

/// Bytes of a block of a tar file; a file is one block of its head, and its content in whole blocks.
const BLOCK: u64 = 512;
/// Bytes that are read of the file at once.
const BUFFER: usize = 1 << 20;

/// The name that a backup has until it is whole.
pub fn unfinished(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// Packs `snapshot` into `file`. What an interrupted call has packed of the same snapshot is kept. When this returns, `file` is on the
/// disk, and was read back and compared with the hashes. Faults: `Missing` when `file` exists, or the disk is full or cannot be
/// written.
pub fn write(snapshot: &Snapshot, file: &Path, progress: Progress) -> Result<(), Fault> {
    refuse_existing(file)?;
    let part = unfinished(file);
    let mut packed = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&part)
        .map_err(|error| match Fault::disk(error) {
            fault if fault.kind == Kind::Internal => Fault {
                kind: Kind::Missing,
                sentence: format!("{} cannot be written.", part.display()),
                ..fault
            },
            fault => fault,
        })?;
    pack(snapshot, &mut packed, progress)?;
    packed.sync_all().map_err(Fault::disk)?;
    packed.rewind().map_err(Fault::disk)?;
    let bytes = snapshot.manifest().bytes();
    let manifest = read(&mut packed, &mut |file, content, done| {
        file.check(content)?;
        progress(bytes + done, 2 * bytes);
        Ok(())
    })?;
    if manifest != *snapshot.manifest() {
        return Err(Fault::internal("the backup has another manifest"));
    }
    refuse_existing(file)?;
    fs::rename(&part, file).map_err(Fault::disk)?;
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))
        .and_then(|folder| folder.sync_all())
        .map_err(Fault::disk)
}

/// Checks that there is nothing in the place of a backup.
pub fn refuse_existing(file: &Path) -> Result<(), Fault> {
    match file.symlink_metadata() {
        Ok(_) => Err(Fault::missing(format!(
            "{} exists already: choose another name.",
            file.display()
        ))),
        Err(_) => Ok(()),
    }
}

fn pack(snapshot: &Snapshot, packed: &mut File, progress: Progress) -> Result<(), Fault> {
    let json = serde_json::to_vec(snapshot.manifest()).map_err(Fault::internal)?;
    let bytes = snapshot.manifest().bytes();
    let head = BackupFile::of_manifest(&json);
    let mut end = end_of(0, &head);
    let length = packed.metadata().map_err(Fault::disk)?.len();
    let is_same = length >= end && first(packed).is_ok_and(|found| found == json);
    if !is_same {
        packed.set_len(0).map_err(Fault::disk)?;
        packed.rewind().map_err(Fault::disk)?;
        append(packed, &head, &mut &json[..])?;
    }
    let mut done = 0;
    for file in &snapshot.manifest().files {
        let (start, whole) = (end, end_of(end, file));
        if !is_same || length < whole {
            packed.set_len(start).map_err(Fault::disk)?;
            packed.seek(SeekFrom::Start(start)).map_err(Fault::disk)?;
            append(
                packed,
                file,
                &mut File::open(snapshot.dir().join(&file.path)).map_err(Fault::disk)?,
            )?;
        }
        end = whole;
        done += file.bytes;
        progress(done, 2 * bytes);
    }
    packed.set_len(end).map_err(Fault::disk)?;
    packed.seek(SeekFrom::Start(end)).map_err(Fault::disk)?;
    packed
        .write_all(&[0; 2 * BLOCK as usize])
        .map_err(Fault::disk)
}

/// Where `file` ends in a tar file in which it starts at `start`.
fn end_of(start: u64, file: &BackupFile) -> u64 {
    start + BLOCK + file.bytes.next_multiple_of(BLOCK)
}

/// Appends a file, without the end of the tar file.
fn append(packed: &mut File, file: &BackupFile, from: &mut dyn Read) -> Result<(), Fault> {
    let mut header = Header::new_ustar();
    header.set_path(&file.path).map_err(Fault::internal)?;
    header.set_size(file.bytes);
    header.set_mode(0o600);
    header.set_cksum();
    let mut builder = Builder::new(packed);
    builder
        .append(&header, from.take(file.bytes))
        .map_err(Fault::disk)?;
    // Its drop writes the end, which the next file overwrites.
    drop(builder);
    Ok(())
}

/// The first file of a tar file.
fn first(packed: &mut File) -> io::Result<Vec<u8>> {
    packed.rewind()?;
    let mut archive = Archive::new(&mut *packed);
    let mut content = Vec::new();
    let entry = archive
        .entries()?
        .next()
        .ok_or(ErrorKind::UnexpectedEof)??;
    entry.take(manifest::BYTES_MAX).read_to_end(&mut content)?;
    Ok(content)
}

/// Reads the manifest of the backup `packed`. Fault: `Missing` when it is none.
pub fn manifest(packed: &mut impl Read) -> Result<BackupManifest, Fault> {
    let mut archive = Archive::new(packed);
    let mut entries = archive.entries().map_err(damaged)?;
    parse(entries.next())
}

/// Called with a file of a backup, its content, and the bytes of all files up to its end.
pub(super) type ReadFile<'a> =
    &'a mut dyn FnMut(&BackupFile, &mut dyn Read, u64) -> Result<(), Fault>;

/// Calls `of` with each file of the backup `packed`, its content and the bytes of all files up to its end; returns the manifest. Faults:
/// those of `of`, `Missing` when `packed` is not a whole backup.
pub(super) fn read(packed: &mut impl Read, of: ReadFile) -> Result<BackupManifest, Fault> {
    let mut archive = Archive::new(BufReader::with_capacity(BUFFER, packed));
    let mut entries = archive.entries().map_err(damaged)?;
    let manifest = parse(entries.next())?;
    let mut done = 0;
    for file in &manifest.files {
        let mut entry = entries
            .next()
            .ok_or_else(|| damaged("it ends too early"))?
            .map_err(damaged)?;
        if entry.path().map_err(damaged)? != file.path || entry.size() != file.bytes {
            return Err(damaged(format!(
                "{} is not at its place",
                file.path.display()
            )));
        }
        done += file.bytes;
        of(file, &mut entry, done)?;
    }
    match entries.next() {
        None => Ok(manifest),
        Some(_) => Err(damaged("it has more files than its manifest")),
    }
}

fn parse<R: Read>(entry: Option<io::Result<Entry<'_, R>>>) -> Result<BackupManifest, Fault> {
    let unknown = || Fault::missing("The file is not a backup that this program knows.");
    let entry = entry
        .ok_or_else(unknown)?
        .map_err(|error| unknown().because(error))?;
    if entry.path().ok().as_deref() != Some(Path::new(manifest::NAME)) {
        return Err(unknown());
    }
    let mut json = Vec::new();
    entry
        .take(manifest::BYTES_MAX)
        .read_to_end(&mut json)
        .map_err(damaged)?;
    BackupManifest::parse(&json)
}

fn damaged(cause: impl std::fmt::Display) -> Fault {
    Fault::missing("The backup is damaged or not whole.").because(cause)
}

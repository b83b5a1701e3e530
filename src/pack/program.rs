//! Packs within the program: one file that holds the server and its models.
//!
//! After the program's own bytes come the files of the packs, each at a multiple of 64 KiB, then an index (JSON) and a
//! footer of 64 bytes: 16 that name the form, the offset and the length of the index (little endian, 64 bits each), and BLAKE3 of
//! the index. The index has BLAKE3 of each file: checking all files at each start takes a fraction of what SHA-256 takes.
//! Linux maps the program's code from the same file, so mapping the weights adds no way to fail.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use memmap2::{Mmap, UncheckedAdvice};
use serde::{Deserialize, Serialize};

use super::manifest::Manifest;
use super::{Pack, PackError};

/// The largest page size of the processors that the program is built for: 4 KiB on x86-64, up to 64 KiB on arm64.
const ALIGNMENT: u64 = 1 << 16;

const MAGIC: &[u8; 16] = b"vocabox packs 1\n";
const FOOTER: u64 = 64;

/// The most bytes of an index: a manifest has some 20 KB.
const INDEX_MAX: u64 = 64 << 20;

#[derive(Debug, Serialize, Deserialize)]
struct Index {
    /// Bytes of the program itself.
    program_bytes: u64,
    packs: Vec<IndexedPack>,
}

#[derive(Debug, Serialize, Deserialize)]
struct IndexedPack {
    /// The text of `pack.toml`.
    manifest: String,
    files: Vec<IndexedFile>,
}

/// A file of a pack within the program.
#[derive(Debug, Serialize, Deserialize)]
struct IndexedFile {
    path: String,
    offset: u64,
    size: u64,
    /// Lower-case hex.
    blake3: String,
}

/// A file of a pack in the memory of this process.
#[derive(Debug, Clone)]
pub struct MappedFile {
    pub path: String,
    pub bytes: &'static [u8],
    pub blake3: String,
}

/// What a pack within the program has instead of a folder.
#[derive(Debug)]
pub struct Contents {
    /// The text of `pack.toml`.
    pub manifest: String,
    pub files: Vec<MappedFile>,
}

/// The program, which stays mapped until the process ends.
static MAPPED: OnceLock<Mmap> = OnceLock::new();

/// Takes the pages of the packs out of this process's memory, once engines have copied what they need: 240 MB less resident
/// memory with the default packs. What is read later comes from the page cache again.
pub fn let_go() {
    if let Some(mapped) = MAPPED.get() {
        // SAFETY: the mapping is of a file, shared and never written: its pages are read again where they are needed.
        let told = unsafe { mapped.unchecked_advise(UncheckedAdvice::DontNeed) };
        if let Err(error) = told {
            log::debug!("the pages of the packs stay: {error}");
        }
    }
}

impl Contents {
    /// Returns the file `path` of the manifest, if the program holds it.
    pub fn file(&self, path: &str) -> Option<&MappedFile> {
        self.files.iter().find(|file| file.path == path)
    }
}

/// Returns the packs within this program, by the order in which they were written; none for a program without. Errors: the
/// program is longer than its own code, and what follows is not whole.
pub fn packs() -> Result<Vec<Pack>, PackError> {
    static PACKS: OnceLock<Result<Vec<Pack>, String>> = OnceLock::new();
    let shown = std::env::current_exe().unwrap_or_default();
    // The file that runs, even if another one has taken its name.
    let packs = PACKS.get_or_init(|| read(Path::new("/proc/self/exe"), &shown));
    packs.clone().map_err(|why| PackError::Program {
        path: shown.clone(),
        why,
    })
}

/// Returns the packs within the program at `path`, which sentences call `shown`. It stays mapped until the process ends.
fn read(path: &Path, shown: &Path) -> Result<Vec<Pack>, String> {
    // Without /proc there are no packs within the program; `library::unpack` tells that it is not mounted.
    let Ok(file) = File::open(path) else {
        return Ok(Vec::new());
    };
    let length = file.metadata().map_err(|e| e.to_string())?.len();
    let Some(index) = index(&file, length)? else {
        return Ok(Vec::new());
    };
    // SAFETY: the kernel maps the code of this process from the same file: who changes it in place breaks the program anyway.
    let mapped = unsafe { Mmap::map(&file) }.map_err(|e| e.to_string())?;
    let mapped = MAPPED.get_or_init(|| mapped);
    let packs = index.packs.into_iter();
    packs.map(|pack| opened(pack, mapped, shown)).collect()
}

fn opened(pack: IndexedPack, mapped: &'static [u8], shown: &Path) -> Result<Pack, String> {
    let files = pack.files.into_iter().map(|file| {
        let end = file.offset.checked_add(file.size).ok_or_else(damaged)?;
        let bytes = mapped.get(file.offset as usize..end as usize);
        Ok(MappedFile {
            path: file.path,
            bytes: bytes.ok_or_else(damaged)?,
            blake3: file.blake3,
        })
    });
    let files = files.collect::<Result<_, String>>()?;
    let manifest = Manifest::parse(&pack.manifest)?;
    Ok(Pack {
        folder: shown.join(&manifest.name),
        manifest,
        contents: Some(Arc::new(Contents {
            manifest: pack.manifest,
            files,
        })),
    })
}

/// Reads the index of a program of `length` bytes; None if nothing follows the program. Errors: it is not whole.
fn index(file: &File, length: u64) -> Result<Option<Index>, String> {
    let Some(at) = length.checked_sub(FOOTER) else {
        return Ok(None);
    };
    let mut footer = [0; FOOTER as usize];
    let unreadable = |e: io::Error| e.to_string();
    file.read_exact_at(&mut footer, at).map_err(unreadable)?;
    let (magic, rest) = footer.split_at(MAGIC.len());
    if magic != MAGIC {
        // What is cut off has lost its footer. Programs that sign or tag an executable append less than a page.
        return match elf_bytes(file).is_some_and(|elf| length >= elf + ALIGNMENT) {
            true => Err(damaged()),
            false => Ok(None),
        };
    }
    let number = |at: usize| {
        let bytes = rest[at..at + 8].try_into().expect("eight bytes");
        u64::from_le_bytes(bytes)
    };
    let (offset, bytes) = (number(0), number(8));
    if offset.checked_add(bytes) != Some(at) || bytes > INDEX_MAX {
        return Err(damaged());
    }
    let mut text = vec![0; bytes as usize];
    file.read_exact_at(&mut text, offset).map_err(unreadable)?;
    if blake3::hash(&text).as_bytes() != &rest[16..] {
        return Err(damaged());
    }
    let index = serde_json::from_slice(&text).map_err(|e| format!("its index: {e}"))?;
    Ok(Some(index))
}

fn damaged() -> String {
    "the packs within it are not whole: copy the file again".to_owned()
}

/// Bytes of the ELF file that `file` starts with, whose table of sections is at its end; None if it is none of 64 bits.
/// Source: the ELF-64 object file format, version 1.5, table "ELF header".
fn elf_bytes(file: &File) -> Option<u64> {
    let mut head = [0; 64];
    file.read_exact_at(&mut head, 0).ok()?;
    let is_elf_64 = head.starts_with(b"\x7fELF\x02\x01");
    let table = u64::from_le_bytes(head[40..48].try_into().ok()?);
    let half = |at: usize| u64::from(u16::from_le_bytes([head[at], head[at + 1]]));
    is_elf_64.then(|| table + half(58) * half(60))
}

/// Writes this program with `packs` to `out`, which replaces what was there once it is whole: the files of the variant in use
/// and those without a variant. `told` is called for each file with its path. Returns the bytes written.
///
/// Errors: a pack is not as its manifest says, or the file cannot be written.
pub fn write(packs: &[Pack], out: &Path, mut told: impl FnMut(&str)) -> Result<u64, PackError> {
    let unwritten = |e: io::Error| PackError::Write {
        path: out.to_owned(),
        why: e.to_string(),
    };
    let folder = match out.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let part = tempfile::Builder::new()
        .prefix(".vocabox-")
        .tempfile_in(folder)
        .map_err(unwritten)?;
    let mut to = io::BufWriter::with_capacity(1 << 20, part.as_file());
    let program_bytes = copy_program(&mut to).map_err(unwritten)?;
    let mut at = program_bytes;
    let mut index = Index {
        program_bytes,
        packs: Vec::new(),
    };
    for pack in packs {
        let variant = pack.manifest.variant.as_deref();
        pack.verify(variant, true)?;
        let mut files = Vec::new();
        for file in pack.manifest.files.iter().filter(|f| f.is_of(variant)) {
            told(&format!("{}/{}", pack.name(), file.path));
            let content = pack.path(file).read_unchanged(&file.sha256)?;
            let offset = at.next_multiple_of(ALIGNMENT);
            io::copy(&mut io::repeat(0).take(offset - at), &mut to).map_err(unwritten)?;
            to.write_all(&content).map_err(unwritten)?;
            at = offset + file.size;
            files.push(IndexedFile {
                path: file.path.clone(),
                offset,
                size: file.size,
                blake3: blake3::hash(&content).to_string(),
            });
        }
        index.packs.push(IndexedPack {
            manifest: pack.manifest_text()?,
            files,
        });
    }
    let text = serde_json::to_vec(&index).expect("an index is JSON");
    to.write_all(&text).map_err(unwritten)?;
    to.write_all(MAGIC).map_err(unwritten)?;
    for number in [at, text.len() as u64] {
        to.write_all(&number.to_le_bytes()).map_err(unwritten)?;
    }
    to.write_all(blake3::hash(&text).as_bytes())
        .map_err(unwritten)?;
    to.flush().map_err(unwritten)?;
    drop(to);
    finish(part, out).map_err(unwritten)?;
    Ok(at + text.len() as u64 + FOOTER)
}

/// Copies this program without the packs within it. Returns its bytes.
fn copy_program(to: &mut impl Write) -> io::Result<u64> {
    let mut program = File::open("/proc/self/exe")?;
    let length = program.metadata()?.len();
    let own = index(&program, length).map_err(io::Error::other)?;
    let bytes = own.map_or(length, |index| index.program_bytes);
    program.seek(SeekFrom::Start(0))?;
    match io::copy(&mut program.take(bytes), to)? == bytes {
        true => Ok(bytes),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Makes the file executable, safe on the disk, and the one at `out`.
fn finish(part: tempfile::NamedTempFile, out: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let file = part.as_file();
    file.set_permissions(std::fs::Permissions::from_mode(0o755))?;
    file.sync_all()?;
    part.persist(out)?;
    Ok(())
}

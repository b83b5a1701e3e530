//! A disk that loses what was not synced, as a library that is loaded before libc (`LD_PRELOAD`): it notes what each write
//! to the store's file replaces, and forgets that once the write is on the disk. What it noted last when the process is
//! killed is what a power cut could have taken back. The test compiles it; it is no part of the program.
//!
//! A record is the offset, the length (both u64, little-endian) and the bytes that the write replaces, zero beyond the end
//! of the file. A sync empties the file of records; a write to a descriptor that syncs each write (O_DSYNC) leaves none.

use std::ffi::{CString, c_int, c_long, c_void};
use std::sync::Mutex;
use std::sync::OnceLock;

// Of Linux on x86-64.
const SYS_WRITE: c_long = 1;
const SYS_LSEEK: c_long = 8;
const SYS_PREAD: c_long = 17;
const SYS_PWRITE: c_long = 18;
const SYS_WRITEV: c_long = 20;
const SYS_FSYNC: c_long = 74;
const SYS_FDATASYNC: c_long = 75;
const SYS_FTRUNCATE: c_long = 77;
const SYS_READLINK: c_long = 89;
const SYS_OPEN: c_long = 2;
const SYS_FCNTL: c_long = 72;
const F_GETFL: c_int = 3;
const O_DSYNC: c_long = 0o10000;
const O_RDWR_CREAT_APPEND_CLOEXEC: c_int = 0o2 | 0o100 | 0o2000 | 0o2000000;
const O_RDONLY_CLOEXEC: c_int = 0o2000000;
const SEEK_CUR: c_int = 1;
const SEEK_END: c_int = 2;

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
}

#[repr(C)]
pub struct IoVec {
    base: *const u8,
    len: usize,
}

/// The file of records.
static RECORDS: OnceLock<c_long> = OnceLock::new();
static READER: OnceLock<c_long> = OnceLock::new();
/// Held during a write and its record.
static TURN: Mutex<()> = Mutex::new(());

fn records() -> c_long {
    *RECORDS.get_or_init(|| {
        let path = std::env::var("LOSSY_RECORDS").expect("where to note what is replaced");
        let path = CString::new(path).expect("a path");
        // SAFETY: a path that ends in NUL.
        unsafe { syscall(SYS_OPEN, path.as_ptr(), O_RDWR_CREAT_APPEND_CLOEXEC, 0o600) }
    })
}

/// The store's file once more, for reading: the descriptor of a write may not allow that.
fn reader(fd: c_int) -> c_long {
    // SAFETY: a path that ends in NUL.
    *READER.get_or_init(|| unsafe { syscall(SYS_OPEN, link(fd).as_ptr(), O_RDONLY_CLOEXEC) })
}

fn link(fd: c_int) -> CString {
    CString::new(format!("/proc/self/fd/{fd}")).expect("a path")
}

fn is_store(fd: c_int) -> bool {
    let link = link(fd);
    let mut path = [0_u8; 4096];
    // SAFETY: the buffer has as many bytes as are said.
    let bytes = unsafe { syscall(SYS_READLINK, link.as_ptr(), path.as_mut_ptr(), path.len()) };
    bytes > 0 && path[..bytes as usize].ends_with(b"/store/data.mdb")
}

/// Notes what `bytes` from `offset` replace, calls `write`, and forgets the note when the descriptor syncs each write.
fn noted(fd: c_int, offset: c_long, bytes: usize, write: impl FnOnce() -> c_long) -> c_long {
    let _turn = TURN.lock();
    let mut record = Vec::with_capacity(16 + bytes);
    record.extend((offset as u64).to_le_bytes());
    record.extend((bytes as u64).to_le_bytes());
    record.resize(16 + bytes, 0);
    // SAFETY: each call has buffers of the lengths that are said, and descriptors that are open.
    unsafe {
        syscall(
            SYS_PREAD,
            reader(fd),
            record.as_mut_ptr().add(16),
            bytes,
            offset,
        );
        let before = syscall(SYS_LSEEK, records(), 0_i64, SEEK_END);
        syscall(SYS_WRITE, records(), record.as_ptr(), record.len());
        let written = write();
        if syscall(SYS_FCNTL, fd, F_GETFL) & O_DSYNC != 0 {
            syscall(SYS_FTRUNCATE, records(), before);
        }
        written
    }
}

/// # Safety
/// That of pwrite(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite(fd: c_int, from: *const c_void, bytes: usize, at: i64) -> isize {
    let write = || unsafe { syscall(SYS_PWRITE, fd, from, bytes, at) };
    match is_store(fd) {
        true => noted(fd, at, bytes, write) as isize,
        false => write() as isize,
    }
}

/// # Safety
/// That of write(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(fd: c_int, from: *const c_void, bytes: usize) -> isize {
    let write = || unsafe { syscall(SYS_WRITE, fd, from, bytes) };
    match is_store(fd) {
        true => noted(
            fd,
            unsafe { syscall(SYS_LSEEK, fd, 0_i64, SEEK_CUR) },
            bytes,
            write,
        ) as isize,
        false => write() as isize,
    }
}

/// # Safety
/// That of writev(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn writev(fd: c_int, parts: *const IoVec, count: c_int) -> isize {
    let write = || unsafe { syscall(SYS_WRITEV, fd, parts, count) };
    match is_store(fd) {
        true => {
            let parts = unsafe { std::slice::from_raw_parts(parts, count as usize) };
            let bytes = parts.iter().map(|part| part.len).sum();
            noted(
                fd,
                unsafe { syscall(SYS_LSEEK, fd, 0_i64, SEEK_CUR) },
                bytes,
                write,
            ) as isize
        }
        false => write() as isize,
    }
}

fn synced(number: c_long, fd: c_int) -> c_int {
    let is_store = is_store(fd);
    let _turn = is_store.then(|| TURN.lock());
    // SAFETY: no buffers.
    unsafe {
        let done = syscall(number, fd);
        if is_store && done == 0 {
            syscall(SYS_FTRUNCATE, records(), 0_i64);
        }
        done as c_int
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn fsync(fd: c_int) -> c_int {
    synced(SYS_FSYNC, fd)
}

#[unsafe(no_mangle)]
pub extern "C" fn fdatasync(fd: c_int) -> c_int {
    synced(SYS_FDATASYNC, fd)
}

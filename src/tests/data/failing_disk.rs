//! A disk that fails, as a library that is loaded before libc (`LD_PRELOAD`): calls on files below a folder `data` end with
//! EIO while the file `FAILING_DISK` holds the letter of their kind. The test compiles it; it is no part of the program.
//!
//! `w`: writes and syncs. `m`: writes to a descriptor that syncs each write, as LMDB opens for its meta pages. `r`: reads.

use std::ffi::{CString, c_int, c_long, c_void};
use std::sync::OnceLock;

// Of Linux on x86-64.
const SYS_READ: c_long = 0;
const SYS_WRITE: c_long = 1;
const SYS_OPEN: c_long = 2;
const SYS_PREAD: c_long = 17;
const SYS_PWRITE: c_long = 18;
const SYS_WRITEV: c_long = 20;
const SYS_FCNTL: c_long = 72;
const SYS_FSYNC: c_long = 74;
const SYS_FDATASYNC: c_long = 75;
const SYS_READLINK: c_long = 89;
const F_GETFL: c_int = 3;
const O_DSYNC: c_long = 0o10000;
const O_RDONLY_CLOEXEC: c_int = 0o2000000;
const EIO: c_int = 5;

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
    fn __errno_location() -> *mut c_int;
}

/// Whether calls of `kind` on the descriptor fail now.
fn fails(kind: u8, fd: c_int) -> bool {
    static FILE: OnceLock<c_long> = OnceLock::new();
    let file = *FILE.get_or_init(|| {
        let path = std::env::var("FAILING_DISK").expect("which file tells what fails");
        let path = CString::new(path).expect("a path");
        // SAFETY: a path that ends in NUL.
        unsafe { syscall(SYS_OPEN, path.as_ptr(), O_RDONLY_CLOEXEC) }
    });
    let mut failing = [0_u8; 1];
    // SAFETY: the buffer has as many bytes as are said.
    let read = unsafe { syscall(SYS_PREAD, file, failing.as_mut_ptr(), 1, 0_i64) };
    if read != 1 || failing[0] != kind {
        return false;
    }
    let link = CString::new(format!("/proc/self/fd/{fd}")).expect("a path");
    let mut path = [0_u8; 4096];
    // SAFETY: as above.
    let bytes = unsafe { syscall(SYS_READLINK, link.as_ptr(), path.as_mut_ptr(), path.len()) };
    let path = &path[..bytes.max(0) as usize];
    path.starts_with(b"/") && path.windows(6).any(|part| part == b"/data/")
}

fn failed() -> c_long {
    // SAFETY: the address is this thread's.
    unsafe { *__errno_location() = EIO };
    -1
}

/// Whether a write to the descriptor fails now.
fn write_fails(fd: c_int) -> bool {
    // SAFETY: no buffers.
    let syncs = || unsafe { syscall(SYS_FCNTL, fd, F_GETFL) } & O_DSYNC != 0;
    fails(b'w', fd) && !syncs() || fails(b'm', fd) && syncs()
}

/// # Safety
/// That of write(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(fd: c_int, from: *const c_void, bytes: usize) -> isize {
    (match write_fails(fd) {
        true => failed(),
        false => unsafe { syscall(SYS_WRITE, fd, from, bytes) },
    }) as isize
}

/// # Safety
/// That of pwrite(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite(fd: c_int, from: *const c_void, bytes: usize, at: i64) -> isize {
    (match write_fails(fd) {
        true => failed(),
        false => unsafe { syscall(SYS_PWRITE, fd, from, bytes, at) },
    }) as isize
}

/// # Safety
/// That of pwrite(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite64(fd: c_int, from: *const c_void, bytes: usize, at: i64) -> isize {
    unsafe { pwrite(fd, from, bytes, at) }
}

/// # Safety
/// That of writev(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn writev(fd: c_int, parts: *const c_void, count: c_int) -> isize {
    (match write_fails(fd) {
        true => failed(),
        false => unsafe { syscall(SYS_WRITEV, fd, parts, count) },
    }) as isize
}

/// # Safety
/// That of read(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn read(fd: c_int, to: *mut c_void, bytes: usize) -> isize {
    (match fails(b'r', fd) {
        true => failed(),
        false => unsafe { syscall(SYS_READ, fd, to, bytes) },
    }) as isize
}

#[unsafe(no_mangle)]
pub extern "C" fn fsync(fd: c_int) -> c_int {
    (match fails(b'w', fd) {
        true => failed(),
        false => unsafe { syscall(SYS_FSYNC, fd) },
    }) as c_int
}

#[unsafe(no_mangle)]
pub extern "C" fn fdatasync(fd: c_int) -> c_int {
    (match fails(b'w', fd) {
        true => failed(),
        false => unsafe { syscall(SYS_FDATASYNC, fd) },
    }) as c_int
}

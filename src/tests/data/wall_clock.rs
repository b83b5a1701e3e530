//! A wall clock that the test sets, as a library that is loaded before libc (`LD_PRELOAD`): it adds what the file
//! `WALL_CLOCK` says, seconds as an i64 (little-endian), to the real time. The clocks of timeouts stay as they are, as when
//! an operator or NTP sets the time. The test compiles it; it is no part of the program.

use std::ffi::{CString, c_int, c_long};
use std::sync::OnceLock;

// Of Linux on x86-64.
const SYS_OPEN: c_long = 2;
const SYS_PREAD: c_long = 17;
const SYS_CLOCK_GETTIME: c_long = 228;
const O_RDONLY_CLOEXEC: c_int = 0o2000000;
const CLOCK_REALTIME: c_int = 0;
const CLOCK_REALTIME_COARSE: c_int = 5;

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
}

#[repr(C)]
pub struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

/// Seconds by which the clock is wrong.
fn off() -> i64 {
    static FILE: OnceLock<c_long> = OnceLock::new();
    let file = *FILE.get_or_init(|| {
        let path = std::env::var("WALL_CLOCK").expect("which file tells how wrong the clock is");
        let path = CString::new(path).expect("a path");
        // SAFETY: a path that ends in NUL.
        unsafe { syscall(SYS_OPEN, path.as_ptr(), O_RDONLY_CLOEXEC) }
    });
    let mut seconds = [0_u8; 8];
    // SAFETY: the buffer has as many bytes as are said.
    unsafe { syscall(SYS_PREAD, file, seconds.as_mut_ptr(), 8, 0_i64) };
    i64::from_le_bytes(seconds)
}

/// # Safety
/// That of clock_gettime(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int {
    // SAFETY: the caller's pointer.
    unsafe {
        let told = syscall(SYS_CLOCK_GETTIME, clock, time) as c_int;
        if told == 0 && [CLOCK_REALTIME, CLOCK_REALTIME_COARSE].contains(&clock) {
            (*time).seconds += off();
        }
        told
    }
}

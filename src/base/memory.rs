//! What happens when the process may have no more memory (`ulimit -v`, strict overcommitment): requests are refused, and
//! the process lives.
//!
//! Rust ends the process when an allocation fails. So a server keeps a reserve of address space, which costs no memory
//! until it is used. The first allocation that fails gives it up and is repeated; from then on [`check`] refuses new
//! generations and ends those under way at their next step, until there is room for the reserve again. An allocation that
//! fails even then waits for that, for some seconds.
//!
//! That does not help where memory is promised and then taken away: in a control group with a bound (`memory.max`), and on
//! a machine that overcommits, the kernel kills the process instead. Nor does it help C libraries, which allocate by
//! themselves: ONNX Runtime and LMDB report what they could not get, and the request is told.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::{fs, ptr};

use rustix::process::{Resource, getrlimit};

use crate::fault::{Fault, Kind};
use crate::limits::MEMORY_RESERVE_BYTES;

/// Milliseconds between two tries of an allocation, and how many there are.
const AGAIN_MS: i64 = 10;
const TRIES: u32 = 500;
/// Seconds after which a refused client is told to come back: steps of the requests under way last less.
const RETRY_AFTER_S: u32 = 2;

/// Address space that must be left for a thread to be started: the stack of 2 MiB that Rust gives it, its guard page, its data
/// and its second stack, which it maps itself; and as much for many others that are started meanwhile.
const THREADS_BYTES: usize = 64 << 20;

/// Milliseconds without an allocation that fails after which a part of the reserve is enough.
const QUIET_MS: u64 = 2_000;

/// When an allocation failed last.
static FAILED_AT_MS: AtomicU64 = AtomicU64::new(0);
/// Whether this process keeps a reserve.
static IS_KEPT: AtomicBool = AtomicBool::new(false);
/// Whether the kernel may refuse it more memory.
static IS_BOUND: AtomicBool = AtomicBool::new(false);
/// The address of the reserve, which is that of a page, and how often its size was halved in the bits below; 0 while it is
/// given up.
static RESERVE: AtomicUsize = AtomicUsize::new(0);
const HALVINGS_MAX: usize = 3;
const HALVINGS_MASK: usize = 0xfff;

/// The system's allocator, with the reserve.
pub struct ReservingAllocator;

// SAFETY: every call is passed to the system's allocator with the caller's arguments, and its result is returned.
unsafe impl GlobalAlloc for ReservingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract.
        again(layout.size(), || unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract.
        again(layout.size(), || unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's contract; a call that fails leaves the block as it was.
        again(size, || unsafe { System.realloc(block, layout, size) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Has this process keep a reserve from now on. Returns whether there is room for one.
pub fn keep_reserve() -> bool {
    IS_KEPT.store(true, Ordering::SeqCst);
    IS_BOUND.store(is_bound(), Ordering::SeqCst);
    take_reserve(HALVINGS_MAX)
}

/// Whether the kernel may refuse this process more memory.
fn is_bound() -> bool {
    let promises_all = fs::read_to_string("/proc/sys/vm/overcommit_memory");
    let is_strict = promises_all.is_ok_and(|mode| mode.trim() == "2");
    is_strict || getrlimit(Resource::As).current.is_some()
}

/// Whether a thread can be started, as far as is known; shrinks the reserve for it. A stack is none of the allocator's
/// blocks, Rust ends the process when a thread cannot map its second stack, and tiny_http does not survive that a thread
/// cannot be started: so without a reserve, none is started.
pub fn has_room_for_thread() -> bool {
    if !IS_BOUND.load(Ordering::Relaxed) {
        return true;
    }
    if !has_reserve() {
        return false;
    }
    loop {
        if let Some(mapped) = map(THREADS_BYTES) {
            // SAFETY: the mapping that was just made, which nothing uses.
            unsafe { libc::munmap(mapped, THREADS_BYTES) };
            return true;
        }
        if !halve_reserve() {
            return false;
        }
    }
}

/// Returns the fault of a request for which no thread can be started.
pub fn no_thread(cause: impl std::fmt::Display) -> Fault {
    give_up_reserve();
    busy().because(format!("no thread can be started: {cause}"))
}

/// Faults: `Busy` after an allocation has failed, until there is room for the reserve, or for an eighth of it when none has
/// failed for `QUIET_MS`: then no request is left that could give more memory back.
pub fn check() -> Result<(), Fault> {
    match !IS_KEPT.load(Ordering::Relaxed) || has_reserve() {
        true => Ok(()),
        false => Err(busy()),
    }
}

fn has_reserve() -> bool {
    RESERVE.load(Ordering::Relaxed) != 0 || {
        let quiet_ms = now_ms().saturating_sub(FAILED_AT_MS.load(Ordering::Relaxed));
        take_reserve(if quiet_ms >= QUIET_MS {
            HALVINGS_MAX
        } else {
            0
        })
    }
}

/// Milliseconds on the machine's clock.
fn now_ms() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec as u64 * 1_000 + time.tv_nsec as u64 / 1_000_000
}

fn busy() -> Fault {
    Fault::new(
        Kind::Busy {
            retry_after_s: RETRY_AFTER_S,
        },
        format!("The server has no memory left just now. Try again in {RETRY_AFTER_S} s."),
    )
}

/// Takes the reserve, or as much of it as there is room for, halved so often at the most; returns whether that is enough.
#[cold]
fn take_reserve(halvings_max: usize) -> bool {
    // What is free within the allocator's heaps may be all that there is.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim locks the allocator itself and touches only what is free.
    unsafe {
        libc::malloc_trim(0);
    }
    for halvings in 0..=halvings_max {
        if let Some(mapped) = map(MEMORY_RESERVE_BYTES >> halvings) {
            let reserve = mapped as usize | halvings;
            let taken = RESERVE.compare_exchange(0, reserve, Ordering::SeqCst, Ordering::SeqCst);
            if taken.is_err() {
                // Another thread was faster.
                unmap(reserve);
            }
            return true;
        }
    }
    false
}

/// Returns a new mapping of so many bytes, which takes no memory until it is used; none where there is no room.
fn map(bytes: usize) -> Option<*mut libc::c_void> {
    let (access, kind) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
    );
    // SAFETY: a new mapping, at an address of the kernel's choice.
    let mapped = unsafe { libc::mmap(ptr::null_mut(), bytes, access, kind, -1, 0) };
    (mapped != libc::MAP_FAILED).then_some(mapped)
}

fn give_up_reserve() {
    FAILED_AT_MS.store(now_ms(), Ordering::Relaxed);
    match RESERVE.swap(0, Ordering::SeqCst) {
        0 => {}
        reserve => unmap(reserve),
    }
}

/// Gives up half of the reserve; returns whether there was so much.
fn halve_reserve() -> bool {
    let reserve = RESERVE.load(Ordering::SeqCst);
    let halvings = reserve & HALVINGS_MASK;
    if reserve == 0 || halvings == HALVINGS_MAX {
        return false;
    }
    let halved = reserve + 1;
    let taken = RESERVE.compare_exchange(reserve, halved, Ordering::SeqCst, Ordering::SeqCst);
    if taken.is_ok() {
        let half = MEMORY_RESERVE_BYTES >> (halvings + 1);
        let second = (reserve & !HALVINGS_MASK) + half;
        // SAFETY: the second half of the mapping that `take_reserve` made; `RESERVE` no longer has it.
        unsafe { libc::munmap(second as *mut libc::c_void, half) };
    }
    // Otherwise another thread has changed it: look again.
    true
}

/// Unmaps a reserve that only the caller knows.
fn unmap(reserve: usize) {
    let halvings = reserve & HALVINGS_MASK;
    let address = (reserve & !HALVINGS_MASK) as *mut libc::c_void;
    // SAFETY: a mapping of this size that `take_reserve` made, in which nothing lies.
    unsafe { libc::munmap(address, MEMORY_RESERVE_BYTES >> halvings) };
}

/// Returns what `allocate` returns, which asks for `bytes`; when that is null, gives up the reserve and tries again.
fn again(bytes: usize, allocate: impl Fn() -> *mut u8) -> *mut u8 {
    let block = allocate();
    match block.is_null() {
        false => block,
        true => try_again(bytes, allocate),
    }
}

#[cold]
fn try_again(bytes: usize, allocate: impl Fn() -> *mut u8) -> *mut u8 {
    // What is larger than the reserve would not fit into it, and may be a length that a client made up.
    if !IS_KEPT.load(Ordering::SeqCst) || bytes > MEMORY_RESERVE_BYTES {
        return ptr::null_mut();
    }
    for _ in 0..TRIES {
        give_up_reserve();
        let block = allocate();
        if !block.is_null() {
            return block;
        }
        let pause = libc::timespec {
            tv_sec: 0,
            tv_nsec: AGAIN_MS * 1_000_000,
        };
        // SAFETY: a duration, and no place for what is left of it.
        unsafe { libc::nanosleep(&pause, ptr::null_mut()) };
    }
    ptr::null_mut()
}

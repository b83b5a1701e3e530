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
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::fault::{Fault, Kind};
use crate::limits::MEMORY_RESERVE_BYTES;

/// Milliseconds between two tries of an allocation, and how many there are.
const AGAIN_MS: i64 = 10;
const TRIES: u32 = 500;
/// Seconds after which a refused client is told to come back: steps of the requests under way last less.
const RETRY_AFTER_S: u32 = 2;

/// Whether this process keeps a reserve.
static IS_KEPT: AtomicBool = AtomicBool::new(false);
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
    take_reserve(HALVINGS_MAX)
}

/// Faults: `Busy` after an allocation has failed, until there is room for the reserve; for an eighth of it if nothing else
/// is under way (`is_idle`), which could give more memory back.
pub fn check(is_idle: bool) -> Result<(), Fault> {
    let halvings_max = if is_idle { HALVINGS_MAX } else { 0 };
    let is_whole = || RESERVE.load(Ordering::Relaxed) != 0 || take_reserve(halvings_max);
    if !IS_KEPT.load(Ordering::Relaxed) || is_whole() {
        return Ok(());
    }
    Err(Fault::new(
        Kind::Busy {
            retry_after_s: RETRY_AFTER_S,
        },
        format!("The server has no memory left just now. Try again in {RETRY_AFTER_S} s."),
    ))
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
        // SAFETY: a new mapping, at an address of the kernel's choice.
        let mapped = unsafe {
            libc::mmap(
                ptr::null_mut(),
                MEMORY_RESERVE_BYTES >> halvings,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if mapped != libc::MAP_FAILED {
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

fn give_up_reserve() {
    match RESERVE.swap(0, Ordering::SeqCst) {
        0 => {}
        reserve => unmap(reserve),
    }
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

//! Makes the C library's allocator return the memory of large tensors to the system.
//!
//! glibc raises the size from which it maps blocks separately, up to 32 MiB, as such blocks are freed; later blocks
//! come from its heap, which returns no memory from its middle. Whisper base on 44 s has its peak at 355 MiB by default
//! and at 334 MiB with fixed bounds, at the same processor time. With other C libraries this does nothing.

/// Blocks from this size on are mapped separately, and so returned when they are freed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAPPED_BYTES_MIN: i32 = 1 << 20;

/// Free bytes at the heap's end that are kept.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT_BYTES: i32 = 8 << 20;

/// Heaps of the allocator, which threads share: by itself it makes eight for each core, and each keeps what its threads
/// freed. Texts are spoken by threads that end with them.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const HEAPS_MAX: i32 = 2;

/// Fixes the allocator's bounds; call it before models are loaded.
pub fn fix_bounds() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt takes two numbers and locks the allocator itself; a refusal leaves it as it was.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_BYTES_MIN);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_BYTES);
        libc::mallopt(libc::M_ARENA_MAX, HEAPS_MAX);
    }
}

/// Returns free memory to the system; call it after much was freed, such as a graph's file once its weights are laid
/// out.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim locks the allocator itself and touches only what is free.
    unsafe {
        libc::malloc_trim(0);
    }
}

//! Keeps the C library's allocator from holding back what large tensors took.
//!
//! glibc raises the size from which it maps blocks on their own, up to 32 MiB, as such blocks are freed; from then on they are
//! cut out of its heap, which gives nothing back from its middle. Whisper base on 44 s: 355 MiB at the peak as it is by
//! itself, 334 with fixed bounds, at the same processor time. Elsewhere than on glibc nothing is done.

/// Blocks from this size on are mapped on their own, and so given back when they are freed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAPPED_BYTES_MIN: i32 = 4 << 20;

/// Free bytes at the heap's end that are kept.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT_BYTES: i32 = 8 << 20;

/// Fixes the allocator's bounds; to be called before models are loaded.
pub fn fix_bounds() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt takes two numbers and locks the allocator itself; a refusal leaves it as it was.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_BYTES_MIN);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_BYTES);
    }
}

/// Gives back what is free; to be called when much was, such as a graph's file once its weights are laid out.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim locks the allocator itself and touches only what is free.
    unsafe {
        libc::malloc_trim(0);
    }
}

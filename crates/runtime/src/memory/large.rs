//! Help for tables that are larger than the caches: hash tables are read and written all over, so that most of the time goes into
//! waiting for memory and for the translation of its addresses.

use core::ffi::c_void;

/// The pages that the processor can have instead of those of 4 KiB.
const LARGE_PAGE: usize = 2 << 20;
/// Smaller blocks would have too much of a large page that they never use.
const LEAST: usize = 4 * LARGE_PAGE;
/// Tables of fewer bytes stay in the nearest cache, or close to it.
pub const BEYOND_CACHE: usize = 1 << 18;

/// Freed blocks up to this size are kept for the next ones.
const KEPT: usize = 2 << 20;

/// Makes the C library keep freed blocks of medium size, to a few megabytes in all. It maps blocks above 128 KiB one by one, and unmaps them
/// when they are freed, until it has seen a larger one freed: then its limits move up to that. A growing table would cost more in page
/// faults than in insertions before.
pub fn keep_freed_blocks() {
    // SAFETY: a null pointer may be freed as well.
    unsafe { libc::free(core::hint::black_box(libc::malloc(KEPT))) };
}

/// Tells the system that a new block will be used all over, so that large pages suit it. Whether it gives some is its choice.
#[inline]
pub fn prefer_large_pages(block: *mut u8, size: usize) {
    if size >= LEAST && !block.is_null() {
        advise(block, size);
    }
}

#[cold]
fn advise(block: *mut u8, size: usize) {
    // Whole large pages inside the block alone: others may own what is around it.
    let start = (block as usize).next_multiple_of(LARGE_PAGE);
    let end = (block as usize + size) / LARGE_PAGE * LARGE_PAGE;
    if start < end {
        // SAFETY: the range lies inside a live block, and the advice changes nothing that a program could read. An error is no harm.
        unsafe { libc::madvise(start as *mut c_void, end - start, libc::MADV_HUGEPAGE) };
    }
}

/// Brings the memory at an address to the cache, if there is any; any address will do.
#[inline(always)]
pub fn prefetch<T>(at: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the instruction does nothing that a program could see.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(at.cast())
    };
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

//! The allocator of small objects: 32 size classes of 16 bytes each, free lists in pools.
//!
//! **Invariant:** `DIRECT[class]` is a pool of the class with free blocks in `free`, or a pool without any, which sends
//! the fast path to the slow one. Whatever has to see every allocation (failure injection, replaced allocators) puts the
//! empty pool into all of `DIRECT`, so the fast path never looks at a flag.
//! CPython: the pool half of `Objects/obmalloc.c`. Larger blocks come from the C library.

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};

use super::arena::{self, POOL_SIZE, Pool};
use super::{Guarded, StaticCell, checked};

pub const SMALL_LIMIT: usize = 512;
const CLASSES: usize = SMALL_LIMIT / 16;
/// The smallest table of a dict of names, by far the most frequent block that is no multiple of 16. It has a class of its own
/// behind the others; what it holds needs no more than the alignment of pointers.
pub const TABLE_SIZE: usize = 120;
const TABLE_CLASS: usize = CLASSES + 1;
const ALL_CLASSES: usize = CLASSES + 2;
const FULL: u64 = 1 << 32;
/// How many bytes of fresh blocks are linked at a time.
const BATCH: u32 = 1024;

static NO_POOL: Guarded<Pool> = Guarded(Pool {
    free: Cell::new(ptr::null_mut()),
    used: Cell::new(FULL),
    next: Cell::new(ptr::null_mut()),
    prev: Cell::new(ptr::null_mut()),
    fresh: Cell::new(0),
    block_size: Cell::new(0),
    class: Cell::new(0),
    first: Cell::new(0),
});

const fn no_pool() -> *mut Pool {
    (&raw const NO_POOL.0).cast_mut()
}

/// What the fast path takes from, indexed by size class; class 0 is the size 0.
static DIRECT: Guarded<[Cell<*mut Pool>; ALL_CLASSES]> = Guarded([const { Cell::new(no_pool()) }; ALL_CLASSES]);
/// The pools of each class that may have free blocks.
static QUEUES: Guarded<[Cell<*mut Pool>; ALL_CLASSES]> = Guarded([const { Cell::new(ptr::null_mut()) }; ALL_CLASSES]);

/// Allocations are counted, and some of them fail.
static COUNTING: StaticCell<bool> = StaticCell::cell(false);
/// The same for `rust_alloc`, which is asked without the GIL as well.
static RUST_COUNTING: AtomicBool = AtomicBool::new(false);
/// Allocators that a program installed have to be asked.
static HOOKED: StaticCell<bool> = StaticCell::cell(false);
/// Allocations left until the first that fails, and until the first that succeeds again.
static FAIL_FROM: StaticCell<u64> = StaticCell::cell(u64::MAX);
static FAIL_TO: StaticCell<u64> = StaticCell::cell(u64::MAX);
/// Smaller ones neither fail nor count.
static FAIL_SIZE: StaticCell<usize> = StaticCell::cell(0);
static COUNTED: StaticCell<u64> = StaticCell::cell(0);
/// Blocks from the C library, for `sys.getallocatedblocks`.
static FOREIGN: StaticCell<isize> = StaticCell::cell(0);

#[inline(always)]
fn class_of(size: usize) -> usize {
    (size + 15) >> 4
}

fn size_of_class(class: usize) -> usize {
    if class == TABLE_CLASS { TABLE_SIZE } else { class * 16 }
}

/// New and freed blocks are filled, so that a field that was never written, or is read after the object is gone, shows at
/// once.
const FILL: bool = cfg!(debug_assertions) || checked::ON;

/// A block of at least `size` bytes, aligned to 16; null without memory.
#[inline(always)]
pub fn malloc(size: usize) -> *mut u8 {
    let block = malloc_any(size);
    if FILL && !block.is_null() {
        // SAFETY: the block has that size.
        unsafe { block.write_bytes(checked::FRESH, size) };
    }
    block
}

#[inline(always)]
fn malloc_any(size: usize) -> *mut u8 {
    if size > SMALL_LIMIT {
        return malloc_closed(size);
    }
    let block = take_direct(class_of(size));
    if block.is_null() { malloc_closed(size) } else { block }
}

/// A block of [`TABLE_SIZE`]; null without memory.
#[inline(always)]
pub fn malloc_table() -> *mut u8 {
    let direct = take_direct(TABLE_CLASS);
    let block = if direct.is_null() { table_closed() } else { direct };
    if FILL && !block.is_null() {
        // SAFETY: the block has that size.
        unsafe { block.write_bytes(checked::FRESH, TABLE_SIZE) };
    }
    block
}

/// A block from the pool in `DIRECT`, if it has one.
#[inline(always)]
fn take_direct(class: usize) -> *mut u8 {
    let pool = DIRECT[class].get();
    // SAFETY: a pool in `DIRECT` is live; blocks in its free list are free and hold the link to the next.
    unsafe {
        let block = (*pool).free.get();
        if !block.is_null() {
            (*pool).free.set(*block.cast::<*mut u8>());
            (*pool).used.set((*pool).used.get() + 1);
        }
        block
    }
}

/// Gives a block back. Null is allowed.
///
/// # Safety
/// `block` came from this allocator and is not used any more.
#[inline(always)]
pub unsafe fn free(block: *mut u8) {
    if HOOKED.get() || !arena::owns(block) {
        // SAFETY: by contract.
        return unsafe { free_elsewhere(block) };
    }
    // SAFETY: as above.
    unsafe { free_own(block) }
}

#[cold]
#[inline(never)]
unsafe fn free_elsewhere(block: *mut u8) {
    // SAFETY: by contract of `free`.
    unsafe { if HOOKED.get() { super::domains::object_free(block) } else { plain_free(block) } }
}

/// As [`free`], past installed allocators.
///
/// # Safety
/// As [`free`], for a block of the `plain_` functions.
pub unsafe fn plain_free(block: *mut u8) {
    // SAFETY: by contract.
    unsafe { if arena::owns(block) { free_own(block) } else { free_foreign(block) } }
}

/// # Safety
/// The block lies in an arena and is not used any more.
#[inline(always)]
unsafe fn free_own(mut block: *mut u8) {
    if checked::ON {
        // SAFETY: a freed block; those that wait lie in arenas as well.
        match unsafe { checked::retire(block, |block| (*arena::pool_of(block)).block_size.get() as usize) } {
            Some(old) => block = old,
            None => return,
        }
    }
    let pool = arena::pool_of(block);
    // SAFETY: the block lies in an arena, so the pool is live.
    unsafe {
        if FILL {
            block.write_bytes(checked::FREED, (*pool).block_size.get() as usize);
        }
        *block.cast::<*mut u8>() = (*pool).free.get();
        (*pool).free.set(block);
        let used = (*pool).used.get() - 1;
        (*pool).used.set(used);
        // Exactly the values 1..2^32 are "neither empty nor marked full".
        if used.wrapping_sub(1) >= FULL - 1 {
            pool_event(pool);
        }
    }
}

/// After a free: the pool was full, or is empty now.
#[cold]
#[inline(never)]
unsafe fn pool_event(pool: *mut Pool) {
    // SAFETY: called by `free_own` with a live pool.
    unsafe {
        let class = (*pool).class.get() as usize;
        let mut used = (*pool).used.get();
        if used & FULL != 0 {
            used &= !FULL;
            (*pool).used.set(used);
            // Behind the head, so that the pool in use is used up first.
            let head = QUEUES[class].get();
            if head.is_null() {
                (*pool).prev.set(ptr::null_mut());
                (*pool).next.set(ptr::null_mut());
                QUEUES[class].set(pool);
                open(class);
            } else {
                let next = (*head).next.get();
                (*pool).prev.set(head);
                (*pool).next.set(next);
                (*head).next.set(pool);
                if !next.is_null() {
                    (*next).prev.set(pool);
                }
            }
        }
        // The only pool of a class stays, so that a loop at the edge does not take and give it back each time, unless it
        // alone keeps an arena that can go.
        let only = (*pool).prev.get().is_null() && (*pool).next.get().is_null();
        if used == 0 && (!only || arena::frees_arena(pool)) {
            unlink(pool, class);
            arena::give_pool(pool);
            open(class);
        }
    }
}

/// Lets the fast path take from the head of the queue.
fn open(class: usize) {
    let head = QUEUES[class].get();
    let closed = head.is_null() || COUNTING.get() || HOOKED.get();
    DIRECT[class].set(if closed { no_pool() } else { head });
}

/// # Safety
/// The pool is in the queue of its class.
unsafe fn unlink(pool: *mut Pool, class: usize) {
    // SAFETY: by contract.
    unsafe {
        let (prev, next) = ((*pool).prev.get(), (*pool).next.get());
        if prev.is_null() {
            QUEUES[class].set(next);
        } else {
            (*prev).next.set(next);
        }
        if !next.is_null() {
            (*next).prev.set(prev);
        }
    }
}

/// Whether allocations are counted; may be asked without the GIL.
#[inline(always)]
pub(super) fn counts_allocations() -> bool {
    RUST_COUNTING.load(Ordering::Relaxed)
}

/// Allocations since the counting began.
pub fn counted_allocations() -> u64 {
    COUNTED.get()
}

/// Counts an allocation; true when it has to fail.
#[cold]
pub(super) fn injected_failure(size: usize) -> bool {
    if size < FAIL_SIZE.get() {
        return false;
    }
    let count = COUNTED.get() + 1;
    COUNTED.set(count);
    (FAIL_FROM.get()..FAIL_TO.get()).contains(&count)
}

/// When the fast path finds nothing.
#[cold]
#[inline(never)]
fn malloc_closed(size: usize) -> *mut u8 {
    if HOOKED.get() { super::domains::object_malloc(size) } else { plain_malloc(size) }
}

#[cold]
#[inline(never)]
fn table_closed() -> *mut u8 {
    if HOOKED.get() {
        return super::domains::object_malloc(TABLE_SIZE);
    }
    if COUNTING.get() && injected_failure(TABLE_SIZE) { ptr::null_mut() } else { take_block(TABLE_CLASS) }
}

/// As [`malloc`], past installed allocators.
pub fn plain_malloc(size: usize) -> *mut u8 {
    if COUNTING.get() && injected_failure(size) {
        return ptr::null_mut();
    }
    if size > SMALL_LIMIT { malloc_large(size) } else { take_block(class_of(size.max(1))) }
}

fn take_block(class: usize) -> *mut u8 {
    loop {
        let mut pool = QUEUES[class].get();
        // SAFETY: queued pools are live.
        unsafe {
            if pool.is_null() {
                pool = arena::take_pool();
                if pool.is_null() {
                    return ptr::null_mut();
                }
                (*pool).free.set(ptr::null_mut());
                (*pool).used.set(0);
                (*pool).next.set(ptr::null_mut());
                (*pool).prev.set(ptr::null_mut());
                (*pool).fresh.set((*pool).first.get());
                (*pool).block_size.set(size_of_class(class) as u32);
                (*pool).class.set(class as u32);
                QUEUES[class].set(pool);
                open(class);
            }
            if (*pool).free.get().is_null() && !extend(pool) {
                (*pool).used.set((*pool).used.get() | FULL);
                unlink(pool, class);
                open(class);
                continue;
            }
            open(class);
            let block = (*pool).free.get();
            (*pool).free.set(*block.cast::<*mut u8>());
            (*pool).used.set((*pool).used.get() + 1);
            return block;
        }
    }
}

/// Links some fresh blocks; false when there are none left.
///
/// # Safety
/// The pool is live and its free list empty.
unsafe fn extend(pool: *mut Pool) -> bool {
    // SAFETY: blocks between `fresh` and the end of the pool belong to nobody.
    unsafe {
        let size = (*pool).block_size.get();
        let start = (*pool).fresh.get();
        let room = (POOL_SIZE as u32 - start) / size;
        let count = room.min((BATCH / size).max(1));
        if count == 0 {
            return false;
        }
        let base = pool.cast::<u8>();
        let mut next: *mut u8 = ptr::null_mut();
        for index in (0..count).rev() {
            let block = base.add((start + index * size) as usize);
            *block.cast::<*mut u8>() = next;
            next = block;
        }
        (*pool).free.set(next);
        (*pool).fresh.set(start + count * size);
        true
    }
}

fn malloc_large(size: usize) -> *mut u8 {
    if size > isize::MAX as usize {
        return ptr::null_mut();
    }
    // SAFETY: plain allocation.
    let block = unsafe { libc::malloc(size).cast::<u8>() };
    if !block.is_null() {
        FOREIGN.set(FOREIGN.get() + 1);
    }
    block
}

unsafe fn free_foreign(block: *mut u8) {
    if !block.is_null() {
        FOREIGN.set(FOREIGN.get() - 1);
        // SAFETY: by contract a block of the C library.
        unsafe {
            if checked::ON {
                block.write_bytes(checked::FREED, libc::malloc_usable_size(block.cast()));
            }
            libc::free(block.cast());
        }
    }
}

/// A zeroed block for `count` items of `size` bytes.
#[inline]
pub fn calloc(count: usize, size: usize) -> *mut u8 {
    let Some(total) = count.checked_mul(size) else { return ptr::null_mut() };
    if total <= SMALL_LIMIT {
        let block = malloc(total);
        if !block.is_null() {
            // SAFETY: the block has that size.
            unsafe { block.write_bytes(0, total) };
        }
        return block;
    }
    if HOOKED.get() { super::domains::object_calloc(count, size) } else { plain_calloc(count, size) }
}

/// As [`calloc`], past installed allocators.
pub fn plain_calloc(count: usize, size: usize) -> *mut u8 {
    let Some(total) = count.checked_mul(size) else { return ptr::null_mut() };
    if total <= SMALL_LIMIT {
        let block = plain_malloc(total);
        if !block.is_null() {
            // SAFETY: the block has that size.
            unsafe { block.write_bytes(0, total) };
        }
        return block;
    }
    if total > isize::MAX as usize || (COUNTING.get() && injected_failure(total)) {
        return ptr::null_mut();
    }
    // SAFETY: plain allocation.
    let block = unsafe { libc::calloc(1, total).cast::<u8>() };
    if !block.is_null() {
        FOREIGN.set(FOREIGN.get() + 1);
    }
    block
}

/// Makes a block larger or smaller. On failure the old block stays. Null allocates.
///
/// # Safety
/// `block` is null or came from this allocator; only the result is used afterwards.
pub unsafe fn realloc(block: *mut u8, size: usize) -> *mut u8 {
    // SAFETY: by contract.
    unsafe { if HOOKED.get() { super::domains::object_realloc(block, size) } else { plain_realloc(block, size) } }
}

/// As [`realloc`], past installed allocators.
///
/// # Safety
/// As [`realloc`], for a block of the `plain_` functions.
pub unsafe fn plain_realloc(block: *mut u8, size: usize) -> *mut u8 {
    if block.is_null() {
        return plain_malloc(size);
    }
    if !arena::owns(block) {
        if size > isize::MAX as usize || (COUNTING.get() && injected_failure(size)) {
            return ptr::null_mut();
        }
        // SAFETY: a block of the C library; a size of 0 would free it.
        return unsafe { libc::realloc(block.cast::<c_void>(), size.max(1)).cast() };
    }
    // SAFETY: the block is ours.
    unsafe {
        let old = (*arena::pool_of(block)).block_size.get() as usize;
        // Shrinking by less than a quarter is not worth a copy.
        if size <= old && 4 * size > 3 * old {
            return block;
        }
        let new = plain_malloc(size);
        if !new.is_null() {
            ptr::copy_nonoverlapping(block, new, old.min(size));
            free_own(block);
        } else if size <= old {
            return block;
        }
        new
    }
}

/// How many bytes a block really has, for blocks of arenas.
pub fn usable_size(block: *mut u8) -> Option<usize> {
    // SAFETY: the block is in an arena.
    arena::owns(block).then(|| unsafe { (*arena::pool_of(block)).block_size.get() as usize })
}

/// Which allocations [`inject_failures`] counts: those of this size at least.
pub fn set_failing_size(least: usize) {
    FAIL_SIZE.set(least);
}

/// Makes the allocations `from <= n < to` fail, counted from now at 1; `None` ends it (`-X oom=K`, `_testcapi.set_nomemory`).
pub fn inject_failures(range: Option<(u64, u64)>) {
    COUNTED.set(0);
    match range {
        Some((from, to)) => {
            FAIL_FROM.set(from);
            FAIL_TO.set(to);
            COUNTING.set(true);
        }
        None => COUNTING.set(false),
    }
    RUST_COUNTING.store(COUNTING.get(), Ordering::Relaxed);
    open_all();
}

/// Whether installed allocators have to be asked; `domains` says so.
pub(super) fn set_hooked(hooked: bool) {
    HOOKED.set(hooked);
    open_all();
}

fn open_all() {
    for class in 1..ALL_CLASSES {
        open(class);
    }
}

/// Blocks in use (`sys.getallocatedblocks`).
pub fn allocated_blocks() -> usize {
    let mut blocks = 0;
    arena::for_each_pool(|pool| blocks += pool.used.get() & (FULL - 1));
    blocks as usize - checked::quarantined() + usize::try_from(FOREIGN.get()).unwrap_or(0)
}

/// One row per size class in use, for `sys._debugmallocstats`: (block size, pools, blocks in use, free blocks).
pub fn class_stats() -> Vec<(usize, usize, usize, usize)> {
    let mut rows = vec![(0, 0, 0, 0); ALL_CLASSES];
    arena::for_each_pool(|pool| {
        let used = (pool.used.get() & (FULL - 1)) as usize;
        if used == 0 {
            return;
        }
        let size = pool.block_size.get() as usize;
        let capacity = (POOL_SIZE - pool.first.get() as usize) / size;
        let row = &mut rows[pool.class.get() as usize];
        *row = (size, row.1 + 1, row.2 + used, row.3 + capacity - used);
    });
    rows.retain(|row| row.1 != 0);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_distinct_and_come_back() {
        let mut blocks = Vec::new();
        for round in 0..200_000_usize {
            let size = round % 600;
            let block = malloc(size);
            assert!(!block.is_null() && (block as usize).is_multiple_of(16));
            assert_eq!(arena::owns(block), size <= SMALL_LIMIT);
            // SAFETY: the block has `size` bytes.
            unsafe { block.write_bytes(round as u8, size) };
            blocks.push((block, size, round as u8));
            if round % 3 == 2 {
                let at = (round * 7919) % blocks.len();
                let (block, size, mark) = blocks.swap_remove(at);
                // SAFETY: allocated above.
                unsafe {
                    assert!((0..size).all(|i| *block.add(i) == mark));
                    free(block);
                }
            }
        }
        let before = allocated_blocks();
        assert!(before >= blocks.len());
        for (block, size, mark) in blocks.drain(..) {
            // SAFETY: allocated above.
            unsafe {
                let block = realloc(block, size + 40);
                assert!((0..size).all(|i| *block.add(i) == mark));
                free(block);
            }
        }
        let kept = arena::stats().arenas;
        assert!(kept < arena::KEPT + 16, "{kept} arenas for pools of {CLASSES} classes");
        inject_failures(Some((3, 4)));
        assert!(!malloc(8).is_null() && !malloc(8).is_null() && malloc(8).is_null() && !malloc(8).is_null());
        inject_failures(None);
        assert!(!malloc(8).is_null());
    }
}

//! Arenas: 1 MiB pieces of address space, each cut into 16 pools of 64 KiB.
//!
//! **Invariant:** an arena starts at a multiple of its size, so the arena and the pool of a block follow from its address,
//! and a two-level map of one byte per MiB tells our addresses from those of other allocators. Pools are taken from the
//! arena with the fewest free ones, so that sparse arenas empty and go back to the system.
//! CPython: the arena half of `Objects/obmalloc.c`.

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;

use super::StaticCell;
use crate::abi::PyObjectArenaAllocator;

pub const ARENA_SIZE: usize = 1 << 20;
/// Four times CPython's: what a head and the rest behind the last block take of blocks of 128 bytes falls from 0.8 % to 0.2 %.
pub const POOL_SIZE: usize = 1 << 16;
const POOLS: u32 = (ARENA_SIZE / POOL_SIZE) as u32;
/// How many arenas without a block in use are kept.
pub const KEPT: usize = 16;

/// The head of a pool, at its first byte.
#[repr(C)]
pub struct Pool {
    /// Free blocks, linked through their first word.
    pub free: Cell<*mut u8>,
    /// The number of blocks in use in the low half; the high half is 1 while the pool is in no queue because it is full.
    pub used: Cell<u64>,
    /// The queue of the pools of this class that have free blocks; in an arena's free list `next` alone.
    pub next: Cell<*mut Pool>,
    pub prev: Cell<*mut Pool>,
    /// Offset of the first block that was never handed out.
    pub fresh: Cell<u32>,
    /// Size of a block.
    pub block_size: Cell<u32>,
    pub class: Cell<u32>,
    /// Offset of the first block.
    pub first: Cell<u32>,
}

/// The head of an arena, behind the head of its first pool.
#[repr(C)]
struct Arena {
    /// What the arena allocator gave, and its size.
    base: *mut u8,
    size: usize,
    free_pools: Cell<*mut Pool>,
    /// Pools that were never used stand at the end.
    fresh: Cell<u32>,
    free_count: Cell<u32>,
    next: Cell<*mut Arena>,
    prev: Cell<*mut Arena>,
}

pub const POOL_HEAD: usize = size_of::<Pool>().next_multiple_of(16);
const ARENA_HEAD: usize = size_of::<Arena>().next_multiple_of(16);
pub const LARGEST_FIRST_BLOCK: usize = POOL_HEAD + ARENA_HEAD;

const LEAF_BITS: u32 = 14;
const ROOT_BITS: u32 = 48 - 20 - LEAF_BITS;
type Leaf = [Cell<u8>; 1 << LEAF_BITS];

static ROOT: super::Guarded<[Cell<*const Leaf>; 1 << ROOT_BITS]> =
    super::Guarded([const { Cell::new(ptr::null()) }; 1 << ROOT_BITS]);

/// Arenas by their number of free pools; arenas of list 0 are full.
static BY_FREE: super::Guarded<[Cell<*mut Arena>; POOLS as usize + 1]> =
    super::Guarded([const { Cell::new(ptr::null_mut()) }; POOLS as usize + 1]);
/// Bit `n - 1` is set while list `n` of `BY_FREE` has an arena.
static NONEMPTY: StaticCell<u64> = StaticCell::cell(0);
static ARENAS: StaticCell<usize> = StaticCell::cell(0);
static ARENAS_EVER: StaticCell<usize> = StaticCell::cell(0);
static ARENAS_PEAK: StaticCell<usize> = StaticCell::cell(0);

/// Whether the last arena that was asked for was refused. Where there is no memory, everything asks again: millions of frames do
/// that leave a traceback each, and one question is cheaper than three.
static REFUSED: StaticCell<bool> = StaticCell::cell(false);

static SOURCE: StaticCell<PyObjectArenaAllocator> =
    StaticCell::cell(PyObjectArenaAllocator { ctx: ptr::null_mut(), alloc: Some(map), free: Some(unmap) });

unsafe extern "C" fn map(_context: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: an anonymous mapping touches no memory of others.
    let memory = unsafe {
        libc::mmap(
            ptr::null_mut(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if memory == libc::MAP_FAILED { ptr::null_mut() } else { memory }
}

unsafe extern "C" fn unmap(_context: *mut c_void, memory: *mut c_void, size: usize) {
    // SAFETY: the caller gives back what `map` gave.
    unsafe {
        libc::munmap(memory, size);
    }
}

pub fn source() -> PyObjectArenaAllocator {
    SOURCE.get()
}

/// Replaces the functions that arenas come from. Arenas that exist go back through the functions they came from only if
/// these are the same, as in CPython.
pub fn set_source(source: PyObjectArenaAllocator) {
    SOURCE.set(source);
}

/// Whether `address` lies in an arena.
#[inline(always)]
pub fn owns(address: *const u8) -> bool {
    let address = address as usize;
    let root = address >> (20 + LEAF_BITS);
    if root >= 1 << ROOT_BITS {
        return false;
    }
    let leaf = ROOT[root].get();
    // SAFETY: leaves are never freed.
    !leaf.is_null() && unsafe { (&(*leaf))[(address >> 20) & ((1 << LEAF_BITS) - 1)].get() != 0 }
}

/// The pool of a block of ours.
#[inline(always)]
pub fn pool_of(block: *mut u8) -> *mut Pool {
    block.wrapping_sub(block as usize & (POOL_SIZE - 1)).cast()
}

fn arena_of(pool: *mut Pool) -> *mut Arena {
    let pool = pool.cast::<u8>();
    pool.wrapping_sub(pool as usize & (ARENA_SIZE - 1)).wrapping_add(POOL_HEAD).cast()
}

fn first_pool(arena: *mut Arena) -> *mut u8 {
    arena.cast::<u8>().wrapping_sub(POOL_HEAD)
}

/// Marks one MiB as ours or not; false when there is no memory for the map.
fn mark(address: usize, ours: bool) -> bool {
    let root = address >> (20 + LEAF_BITS);
    if root >= 1 << ROOT_BITS {
        return false;
    }
    let mut leaf = ROOT[root].get();
    if leaf.is_null() {
        // SAFETY: zeroed memory is a leaf.
        leaf = unsafe { libc::calloc(1, size_of::<Leaf>()).cast::<Leaf>() };
        if leaf.is_null() {
            return false;
        }
        ROOT[root].set(leaf);
    }
    // SAFETY: just checked.
    unsafe { (&(*leaf))[(address >> 20) & ((1 << LEAF_BITS) - 1)].set(ours as u8) };
    true
}

/// # Safety
/// The arena is live and in no list.
unsafe fn link(arena: *mut Arena) {
    // SAFETY: by contract.
    unsafe {
        let list = (*arena).free_count.get();
        let head = BY_FREE[list as usize].replace(arena);
        (*arena).prev.set(ptr::null_mut());
        (*arena).next.set(head);
        if !head.is_null() {
            (*head).prev.set(arena);
        }
        if list > 0 {
            NONEMPTY.set(NONEMPTY.get() | 1 << (list - 1));
        }
    }
}

/// # Safety
/// The arena is in the list of its `free_count`.
unsafe fn unlink(arena: *mut Arena) {
    // SAFETY: by contract.
    unsafe {
        let list = (*arena).free_count.get();
        let (prev, next) = ((*arena).prev.get(), (*arena).next.get());
        if !next.is_null() {
            (*next).prev.set(prev);
        }
        if !prev.is_null() {
            (*prev).next.set(next);
        } else {
            BY_FREE[list as usize].set(next);
            if next.is_null() && list > 0 {
                NONEMPTY.set(NONEMPTY.get() & !(1 << (list - 1)));
            }
        }
    }
}

/// A pool that nobody uses; null without memory. Its head is undefined except for `first`.
#[cold]
pub fn take_pool() -> *mut Pool {
    if NONEMPTY.get() == 0 && !new_arena() {
        return ptr::null_mut();
    }
    let list = NONEMPTY.get().trailing_zeros() as usize + 1;
    // SAFETY: the list is not empty, and its arenas have a free pool.
    unsafe {
        let arena = BY_FREE[list].get();
        unlink(arena);
        let mut pool = (*arena).free_pools.get();
        if !pool.is_null() {
            (*arena).free_pools.set((*pool).next.get());
        } else {
            let index = (*arena).fresh.get();
            (*arena).fresh.set(index + 1);
            pool = first_pool(arena).add(index as usize * POOL_SIZE).cast();
            (*pool).first.set(if index == 0 { LARGEST_FIRST_BLOCK } else { POOL_HEAD } as u32);
        }
        (*arena).free_count.set((*arena).free_count.get() - 1);
        link(arena);
        pool
    }
}

/// Whether an arena of free pools alone is kept: up to [`KEPT`] are, for what comes and goes, and would have to be cleared by the
/// system each time.
unsafe fn keeps_another() -> bool {
    // SAFETY: listed arenas are live.
    unsafe {
        let mut kept = 0;
        let mut arena = BY_FREE[POOLS as usize].get();
        while !arena.is_null() && kept < KEPT {
            kept += 1;
            arena = (*arena).next.get();
        }
        kept < KEPT
    }
}

/// Whether giving a pool back would free its arena.
///
/// # Safety
/// The pool is in use.
pub unsafe fn frees_arena(pool: *mut Pool) -> bool {
    // SAFETY: by contract its arena is live.
    let arena = arena_of(pool);
    // SAFETY: as above.
    unsafe { (*arena).free_count.get() == POOLS - 1 && !keeps_another() }
}

/// Gives a pool back; the last pool of an arena frees it unless few such arenas are there.
///
/// # Safety
/// No block of the pool is in use, and the pool is in no queue.
#[cold]
pub unsafe fn give_pool(pool: *mut Pool) {
    // SAFETY: by contract.
    unsafe {
        let arena = arena_of(pool);
        unlink(arena);
        (*pool).next.set((*arena).free_pools.replace(pool));
        (*arena).free_count.set((*arena).free_count.get() + 1);
        if (*arena).free_count.get() == POOLS && !keeps_another() {
            let (base, size) = ((*arena).base, (*arena).size);
            mark(first_pool(arena) as usize, false);
            ARENAS.set(ARENAS.get() - 1);
            let source = SOURCE.get();
            if let Some(free) = source.free {
                free(source.ctx, base.cast(), size);
            }
            return;
        }
        link(arena);
    }
}

#[cold]
fn new_arena() -> bool {
    let source = SOURCE.get();
    let (Some(alloc), Some(free)) = (source.alloc, source.free) else { return false };
    // SAFETY: the functions are an arena allocator; sizes match.
    unsafe {
        let mut size = if REFUSED.replace(true) { 2 * ARENA_SIZE } else { ARENA_SIZE };
        let mut base = alloc(source.ctx, size).cast::<u8>();
        if base.is_null() {
            return false;
        }
        if size == ARENA_SIZE && base as usize & (ARENA_SIZE - 1) != 0 {
            // Anything twice as large has an aligned arena inside.
            free(source.ctx, base.cast(), size);
            size = 2 * ARENA_SIZE;
            base = alloc(source.ctx, size).cast::<u8>();
            if base.is_null() {
                return false;
            }
        }
        REFUSED.set(false);
        let mut start = base.wrapping_add(base.align_offset(ARENA_SIZE));
        if size != ARENA_SIZE && source.alloc.map(|f| f as usize) == Some(map as *const () as usize) {
            // A mapping can be trimmed at both ends.
            let before = start as usize - base as usize;
            if before != 0 {
                libc::munmap(base.cast(), before);
            }
            let after = size - before - ARENA_SIZE;
            if after != 0 {
                libc::munmap(start.add(ARENA_SIZE).cast(), after);
            }
            base = start;
            size = ARENA_SIZE;
        }
        if !mark(start as usize, true) {
            free(source.ctx, base.cast(), size);
            return false;
        }
        start = start.add(POOL_HEAD);
        let arena = start.cast::<Arena>();
        arena.write(Arena {
            base,
            size,
            free_pools: Cell::new(ptr::null_mut()),
            fresh: Cell::new(0),
            free_count: Cell::new(POOLS),
            next: Cell::new(ptr::null_mut()),
            prev: Cell::new(ptr::null_mut()),
        });
        link(arena);
    }
    ARENAS.set(ARENAS.get() + 1);
    ARENAS_EVER.set(ARENAS_EVER.get() + 1);
    ARENAS_PEAK.set(ARENAS_PEAK.get().max(ARENAS.get()));
    true
}

/// Calls `body` with every pool that was ever used, free ones included (those have no block in use).
pub fn for_each_pool(mut body: impl FnMut(&Pool)) {
    for list in BY_FREE.iter() {
        let mut arena = list.get();
        // SAFETY: listed arenas are live, and pools below `fresh` have a head.
        unsafe {
            while !arena.is_null() {
                for index in 0..(*arena).fresh.get() as usize {
                    body(&*first_pool(arena).add(index * POOL_SIZE).cast::<Pool>());
                }
                arena = (*arena).next.get();
            }
        }
    }
}

/// Numbers for `sys._debugmallocstats`.
pub struct ArenaStats {
    pub arenas: usize,
    pub arenas_ever: usize,
    pub arenas_peak: usize,
    pub unused_pools: usize,
}

pub fn stats() -> ArenaStats {
    let mut unused_pools = 0;
    for (free, list) in BY_FREE.iter().enumerate() {
        let mut arena = list.get();
        // SAFETY: listed arenas are live.
        while let Some(live) = unsafe { arena.as_ref() } {
            unused_pools += free;
            arena = live.next.get();
        }
    }
    ArenaStats { arenas: ARENAS.get(), arenas_ever: ARENAS_EVER.get(), arenas_peak: ARENAS_PEAK.get(), unused_pools }
}

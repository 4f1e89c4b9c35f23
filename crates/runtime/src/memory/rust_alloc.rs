//! Memory of Rust's own collections: small blocks from `sized`, others from the C library, and a reserve behind both.
//!
//! What has a size that a program chooses is allocated fallibly and raises MemoryError. What is left are small blocks
//! inside operations that cannot fail in Rust's library (a `format!`, a `Box`, a short `Vec`). Rust ends the process when one
//! of these fails, so they must not: when there is no memory, blocks up to [`SMALL`] come from a reserve. The
//! next object that is made then fails with MemoryError, and what came from the reserve goes back.
//! The parser and the compiler allocate in proportion to a source text without looking: they ask for a [`Room`] as soon as
//! they know how much that is, and there is MemoryError if they do not get it. So does who shows a long text in a message ([`shown_in_message`]).
//! **Invariant:** outside a `Room` a block above [`SMALL`] is never given from the reserve, so an infallible allocation of a size that
//! a program chooses shows in a run with `-X oom`.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::{Cell, RefCell, UnsafeCell};
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::alloc::System;

use super::{Guarded, sized};
use crate::object::{PyResult, Raised};

/// The largest block that the reserve gives.
pub const SMALL: usize = 64 * 1024;
/// Pages of it that were never used take no memory.
const RESERVE: usize = 8 << 20;

pub struct Allocator;

#[repr(align(64))]
struct Reserve(UnsafeCell<[u8; RESERVE]>);

// SAFETY: `take` hands out each byte once.
unsafe impl Sync for Reserve {}

static MEMORY: Reserve = Reserve(UnsafeCell::new([0; RESERVE]));
/// Where the next block begins, and how many blocks are out; both change under the lock.
static END: AtomicUsize = AtomicUsize::new(0);
static OUT: AtomicUsize = AtomicUsize::new(0);
static LOCK: AtomicBool = AtomicBool::new(false);

fn locked<R>(body: impl FnOnce() -> R) -> R {
    while LOCK.compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
        core::hint::spin_loop();
    }
    let result = body();
    LOCK.store(false, Ordering::Release);
    result
}

fn base() -> *mut u8 {
    MEMORY.0.get().cast()
}

fn is_reserved(block: *mut u8) -> bool {
    (block as usize).wrapping_sub(base() as usize) < RESERVE
}

/// A block of the reserve; null when it is used up or the block is large.
#[cold]
#[inline(never)]
fn take(layout: Layout) -> *mut u8 {
    let block = if layout.size() > SMALL { ptr::null_mut() } else { take_reserved(layout) };
    if block.is_null() && ROOMS.load(Ordering::Relaxed) > 0 {
        release_rooms();
        // SAFETY: the layout is that of the caller.
        return unsafe { plain_alloc(layout) };
    }
    block
}

fn take_reserved(layout: Layout) -> *mut u8 {
    locked(|| {
        let start = (END.load(Ordering::Relaxed) + layout.align() - 1) & !(layout.align() - 1);
        if layout.align() > 64 || start + layout.size() > RESERVE {
            return ptr::null_mut();
        }
        END.store(start + layout.size(), Ordering::Relaxed);
        OUT.store(OUT.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        base().wrapping_add(start)
    })
}

/// Takes a block back. The reserve is whole again when all are back.
#[cold]
#[inline(never)]
fn give(block: *mut u8, size: usize) {
    locked(|| {
        let start = block as usize - base() as usize;
        let out = OUT.load(Ordering::Relaxed) - 1;
        OUT.store(out, Ordering::Relaxed);
        if out == 0 {
            END.store(0, Ordering::Relaxed);
        } else if start + size == END.load(Ordering::Relaxed) {
            END.store(start, Ordering::Relaxed);
        }
    });
}

/// Whether an allocation is to fail: one that `-X oom` counts.
#[inline(always)]
fn fails(size: usize) -> bool {
    super::small::counts_allocations() && fails_slow(size)
}

#[cold]
#[inline(never)]
fn fails_slow(size: usize) -> bool {
    // The counter belongs to the thread that has the GIL.
    !crate::thread::current_ptr().is_null() && super::small::injected_failure(size)
}

/// Whether a block comes from `sized`. In a checked build tools are to see each block.
#[inline(always)]
fn is_sized(layout: Layout) -> bool {
    layout.size() <= sized::LARGEST && layout.align() <= sized::ALIGN && !super::checked::ON
}

/// A block that is not of the reserve.
///
/// # Safety
/// As for [`GlobalAlloc::alloc`].
#[inline(always)]
unsafe fn plain_alloc(layout: Layout) -> *mut u8 {
    // SAFETY: by contract.
    if is_sized(layout) { sized::alloc(layout.size()) } else { unsafe { System.alloc(layout) } }
}

/// # Safety
/// As for [`GlobalAlloc::realloc`], and the block is not of the reserve.
#[inline(always)]
unsafe fn plain_realloc(block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
    // SAFETY: by contract; a new block has the smaller of both sizes at least.
    unsafe {
        let new_layout = Layout::from_size_align_unchecked(size, layout.align());
        match (is_sized(layout), is_sized(new_layout)) {
            (false, false) => return System.realloc(block, layout, size),
            (true, true) if sized::same_class(layout.size(), size) => return block,
            _ => {}
        }
        let new = plain_alloc(new_layout);
        if !new.is_null() {
            ptr::copy_nonoverlapping(block, new, layout.size().min(size));
            Allocator.dealloc(block, layout);
        }
        new
    }
}

// SAFETY: a block is of the reserve, which shows in its address, or else its layout says where it is from.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: by contract.
        let block = if fails(layout.size()) { ptr::null_mut() } else { unsafe { plain_alloc(layout) } };
        if block.is_null() { take(layout) } else { block }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: by contract.
        if !is_sized(layout) {
            // SAFETY: by contract.
            let block = if fails(layout.size()) { ptr::null_mut() } else { unsafe { System.alloc_zeroed(layout) } };
            if !block.is_null() {
                return block;
            }
        }
        let block = match is_sized(layout) {
            // SAFETY: by contract.
            true => unsafe { self.alloc(layout) },
            false => take(layout),
        };
        if !block.is_null() {
            // SAFETY: the block has that size.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_reserved(block) {
            return give(block, layout.size());
        }
        // SAFETY: by contract.
        unsafe { if is_sized(layout) { sized::free(block, layout.size()) } else { System.dealloc(block, layout) } }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: by contract; a new block has the smaller of both sizes at least.
        unsafe {
            if !is_reserved(block) {
                let new = if fails(size) { ptr::null_mut() } else { plain_realloc(block, layout, size) };
                if !new.is_null() {
                    return new;
                }
            }
            let layout_of_new = Layout::from_size_align_unchecked(size, layout.align());
            // A block of the reserve that grows goes back to the system as soon as that has memory.
            let new = if is_reserved(block) { self.alloc(layout_of_new) } else { take(layout_of_new) };
            if !new.is_null() {
                ptr::copy_nonoverlapping(block, new, layout.size().min(size));
                self.dealloc(block, layout);
            }
            new
        }
    }
}

/// How many [`Room`]s there are, and the blocks that they keep until the system has no memory.
static ROOMS: AtomicUsize = AtomicUsize::new(0);
static ASIDE: AtomicPtr<Aside> = AtomicPtr::new(ptr::null_mut());

/// The head of a block that is set aside.
struct Aside {
    next: *mut Aside,
}

/// Memory set aside for work that allocates infallibly, about as much as its size. Pages of it are not touched, so that it
/// costs address space only.
pub struct Room(*mut Aside);

impl Room {
    /// MemoryError when the system does not have `size` bytes.
    pub fn new(size: usize) -> PyResult<Room> {
        Room::if_there_is(size).ok_or_else(Raised::no_memory)
    }

    fn if_there_is(size: usize) -> Option<Room> {
        let size = size.max(size_of::<Aside>());
        // SAFETY: plain allocation.
        let block: *mut Aside = if fails(size) { ptr::null_mut() } else { unsafe { libc::malloc(size).cast() } };
        if block.is_null() {
            return None;
        }
        ROOMS.fetch_add(1, Ordering::Relaxed);
        locked(|| {
            // SAFETY: the new block is large enough for its head.
            unsafe { block.write(Aside { next: ASIDE.load(Ordering::Relaxed) }) };
            ASIDE.store(block, Ordering::Relaxed);
        });
        Some(Room(block))
    }

    /// Room for all tokens of a source text as Python objects, at most one to a byte.
    pub fn for_tokens(source: &[u8]) -> PyResult<Room> {
        Room::new(source.len().saturating_mul(400))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        ROOMS.fetch_sub(1, Ordering::Relaxed);
        let kept = locked(|| {
            // SAFETY: the blocks in the list are live; they change under the lock alone.
            unsafe {
                let mut place = ASIDE.as_ptr();
                while !(*place).is_null() {
                    if *place == self.0 {
                        *place = (*self.0).next;
                        return self.0;
                    }
                    place = &raw mut (**place).next;
                }
            }
            ptr::null_mut()
        });
        // SAFETY: what was still in the list is freed once.
        unsafe { libc::free(kept.cast()) };
    }
}

/// Gives back all that is set aside.
fn release_rooms() {
    let mut block = locked(|| ASIDE.swap(ptr::null_mut(), Ordering::Relaxed));
    // SAFETY: the list was taken, so nobody else has it.
    unsafe {
        while !block.is_null() {
            let next = (*block).next;
            libc::free(block.cast());
            block = next;
        }
    }
}

/// A [`Room`] for work whose extent is known step by step.
#[derive(Default)]
pub struct GrowingRoom {
    needed: Cell<usize>,
    kept: Cell<usize>,
    rooms: RefCell<Vec<Room>>,
}

impl GrowingRoom {
    pub const fn new() -> GrowingRoom {
        GrowingRoom { needed: Cell::new(0), kept: Cell::new(0), rooms: RefCell::new(Vec::new()) }
    }

    /// Room for parsing and compiling a source text: as yet for the copies of it that are made. The parser asks for more.
    pub fn for_source(source: &[u8]) -> PyResult<GrowingRoom> {
        let room = GrowingRoom::new();
        if room.add(source.len().saturating_mul(40)) { Ok(room) } else { Err(Raised::no_memory()) }
    }

    /// Exactly so much more.
    pub fn add(&self, size: usize) -> bool {
        let room = Room::if_there_is(size);
        let found = room.is_some();
        self.rooms.borrow_mut().extend(room);
        found
    }

    /// Room for `size` bytes more.
    pub fn take(&self, size: usize) -> PyResult<()> {
        if self.grows(size) { Ok(()) } else { Err(Raised::no_memory()) }
    }

    /// Rooms double, so that there are few.
    fn grows(&self, size: usize) -> bool {
        self.needed.set(self.needed.get().saturating_add(size));
        if self.needed.get() > self.kept.get() {
            let more = self.needed.get().max(SMALL);
            let Some(room) = Room::if_there_is(more) else { return false };
            self.rooms.borrow_mut().push(room);
            self.kept.set(self.kept.get().saturating_add(more));
        }
        true
    }

    fn clear(&self) {
        drop(self.rooms.take());
        self.needed.set(0);
        self.kept.set(0);
    }
}

/// A text in a message that is longer than this needs room.
const LONG: usize = 4096;
/// What is left of it when there is no room.
const SHORT: usize = 200;

static MESSAGE: Guarded<GrowingRoom> = Guarded(GrowingRoom::new());

/// How much of a text of `length` bytes a message shows: all of it, with a room set aside for the copies that are made
/// until the exception is raised, or its beginning when there is no memory.
pub fn shown_in_message(length: usize) -> usize {
    if length <= LONG {
        return length;
    }
    if MESSAGE.grows(length.saturating_mul(16)) { length } else { SHORT }
}

/// The message has been made.
#[inline]
pub fn forget_message() {
    if MESSAGE.kept.get() > 0 {
        MESSAGE.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_gives_small_blocks_and_is_whole_again() {
        let layout = |size| Layout::from_size_align(size, 16).unwrap();
        let first = take(layout(100));
        let second = take(layout(SMALL));
        assert!(is_reserved(first) && is_reserved(second) && (second as usize).is_multiple_of(16));
        assert!(take(layout(SMALL + 1)).is_null());
        // SAFETY: blocks of the reserve.
        unsafe {
            first.write_bytes(7, 100);
            let grown = Allocator.realloc(first, layout(100), 1000);
            assert!(!is_reserved(grown) && *grown.add(99) == 7);
            Allocator.dealloc(grown, layout(1000));
            Allocator.dealloc(second, layout(SMALL));
        }
        assert_eq!((END.load(Ordering::Relaxed), OUT.load(Ordering::Relaxed)), (0, 0));
    }
}

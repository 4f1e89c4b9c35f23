//! Small blocks for Rust's collections: a free list a size class and thread, and no headers, because Rust names the size
//! of a block when it frees it.
//!
//! **Invariant:** a block of a class is as long as the class says, whatever was asked for, and stays a block of that class:
//! blocks are carved from chunks of the kernel that are never given back. A free block is in one list. A thread that ends,
//! or that frees many blocks which another one made, hands its lists on as *chains*, which any thread that runs out takes.
//! Chains change hands without a lock, so that a `fork` at any time leaves the child with whole lists.

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// The largest block there is a class for, and the alignment of all.
pub const LARGEST: usize = 1024;
pub const ALIGN: usize = 16;

/// Steps of 16 bytes up to 128, then four to each doubling.
const CLASSES: usize = 20;
/// What a thread takes from the kernel at once; pages that were never used take no memory.
const CHUNK: usize = 256 << 10;
/// What is carved at once.
const BATCH: usize = 1024;
/// Free memory of one class that a thread keeps to itself.
const KEPT: usize = 64 << 10;

const fn size_of_class(class: usize) -> usize {
    if class < 8 { (class + 1) * 16 } else { (4 + (class - 8) % 4 + 1) << 5 << ((class - 8) / 4) }
}

/// The class of a size, by the size in units of 16 bytes, rounded up.
static CLASS_OF: [u8; LARGEST / ALIGN + 1] = {
    let mut table = [0; LARGEST / ALIGN + 1];
    let mut class = 0;
    let mut units = 1;
    while units < table.len() {
        if units * ALIGN > size_of_class(class) {
            class += 1;
        }
        table[units] = class as u8;
        units += 1;
    }
    table
};

#[inline(always)]
fn class_of(size: usize) -> usize {
    CLASS_OF[size.div_ceil(ALIGN)] as usize
}

/// How many free blocks of a class a thread keeps.
const fn kept(class: usize) -> u32 {
    (KEPT / size_of_class(class)) as u32
}

/// What a free block holds.
#[repr(C)]
struct Free {
    /// The next block of the list; for the rest of a chunk, its end.
    next: *mut Free,
    /// In the first block of a chain, the next chain.
    chain: *mut Free,
}

/// The free blocks of a class.
struct List {
    first: Cell<*mut Free>,
    /// How many more blocks the list takes: 0 until the thread is known.
    room: Cell<u32>,
}

struct Lists {
    lists: [List; CLASSES],
    /// What is left of the chunk.
    start: Cell<*mut u8>,
    end: Cell<*mut u8>,
    /// `leave` will be called when the thread ends.
    known: Cell<bool>,
}

thread_local! {
    static LISTS: Lists = const {
        Lists {
            lists: [const { List { first: Cell::new(ptr::null_mut()), room: Cell::new(0) } }; CLASSES],
            start: Cell::new(ptr::null_mut()),
            end: Cell::new(ptr::null_mut()),
            known: Cell::new(false),
        }
    };
}

/// Chains of each class, and last the rests of chunks.
static SHARED: [AtomicPtr<Free>; CLASSES + 1] = [const { AtomicPtr::new(ptr::null_mut()) }; CLASSES + 1];
const RESTS: usize = CLASSES;

/// A block of at least `size` bytes, which is from 1 to [`LARGEST`]; null without memory.
#[inline(always)]
pub fn alloc(size: usize) -> *mut u8 {
    let class = class_of(size);
    LISTS.with(|lists| {
        let list = &lists.lists[class];
        let block = list.first.get();
        if block.is_null() {
            return lists.refill(class);
        }
        // SAFETY: a free block of this thread.
        list.first.set(unsafe { (*block).next });
        list.room.set(list.room.get() + 1);
        block.cast()
    })
}

/// Takes a block back.
///
/// # Safety
/// The block is from [`alloc`] for a size of the same class, and nobody uses it any more.
#[inline(always)]
pub unsafe fn free(block: *mut u8, size: usize) {
    let class = class_of(size);
    LISTS.with(|lists| {
        let list = &lists.lists[class];
        if list.room.get() == 0 {
            lists.make_room(class);
        }
        // SAFETY: the block is free, and aligned and large enough for the links.
        unsafe { lists.push(class, block.cast()) };
    });
}

/// Whether blocks of both sizes are the same.
#[inline(always)]
pub fn same_class(size: usize, other: usize) -> bool {
    class_of(size) == class_of(other)
}

impl Lists {
    /// # Safety
    /// The block is free, of the class and in no list.
    #[inline(always)]
    unsafe fn push(&self, class: usize, block: *mut Free) {
        let list = &self.lists[class];
        // SAFETY: by contract.
        unsafe { (*block).next = list.first.get() };
        list.first.set(block);
        list.room.set(list.room.get().saturating_sub(1));
    }

    #[cold]
    #[inline(never)]
    fn make_room(&self, class: usize) {
        if !self.known.get() {
            self.enter();
            return;
        }
        let list = &self.lists[class];
        let chain = list.first.replace(ptr::null_mut());
        list.room.set(kept(class));
        if !chain.is_null() {
            // SAFETY: the blocks were this thread's.
            unsafe {
                (*chain).chain = ptr::null_mut();
                share(class, chain);
            }
        }
    }

    /// A block of a class whose list is empty.
    #[cold]
    #[inline(never)]
    fn refill(&self, class: usize) -> *mut u8 {
        if !self.known.get() {
            self.enter();
        }
        let list = &self.lists[class];
        let chain = take(class);
        if !chain.is_null() {
            // SAFETY: nobody else has the chain. It is at most as long as a list can be.
            list.first.set(unsafe { (*chain).next });
            list.room.set(1);
            return chain.cast();
        }
        let size = size_of_class(class);
        while (self.end.get() as usize) - (self.start.get() as usize) < size {
            self.scatter();
            if !self.next_chunk() {
                return ptr::null_mut();
            }
        }
        let left = self.end.get() as usize - self.start.get() as usize;
        let count = (BATCH / size).min(left / size).max(1);
        let first = self.start.get();
        self.start.set(first.wrapping_add(count * size));
        list.room.set(kept(class));
        for index in (1..count).rev() {
            // SAFETY: the block is a part of the chunk that no one has.
            unsafe { self.push(class, first.add(index * size).cast()) };
        }
        first
    }

    /// What is left of the chunk, which is less than a block of the largest class, becomes blocks.
    fn scatter(&self) {
        let mut start = self.start.get();
        let mut left = self.end.get() as usize - start as usize;
        while left >= ALIGN {
            let class = (0..CLASSES).rev().find(|class| size_of_class(*class) <= left).unwrap_or(0);
            // SAFETY: the block is a part of the chunk that no one has.
            unsafe {
                self.push(class, start.cast());
                start = start.add(size_of_class(class));
            }
            left -= size_of_class(class);
        }
        self.start.set(start);
        self.end.set(start);
    }

    fn next_chunk(&self) -> bool {
        let rest = take(RESTS);
        if !rest.is_null() {
            self.start.set(rest.cast());
            // SAFETY: nobody else has it.
            self.end.set(unsafe { (*rest).next.cast() });
            return true;
        }
        // When memory is short a smaller chunk may still be there.
        for length in [CHUNK, CHUNK / 16] {
            // SAFETY: a mapping at a place that the kernel chooses.
            let chunk = unsafe {
                let protection = libc::PROT_READ | libc::PROT_WRITE;
                libc::mmap(ptr::null_mut(), length, protection, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)
            };
            if chunk != libc::MAP_FAILED {
                self.start.set(chunk.cast());
                self.end.set(chunk.cast::<u8>().wrapping_add(length));
                return true;
            }
        }
        false
    }

    /// The first time that the thread comes here, or that it comes here again after `leave`.
    fn enter(&self) {
        /// The key of the thread-specific value whose destructor is `leave`, and 1.
        static KEY: AtomicU32 = AtomicU32::new(0);
        for (class, list) in self.lists.iter().enumerate() {
            list.room.set(kept(class));
        }
        self.known.set(true);
        // SAFETY: calls of the C library, none of which comes back here. Without a key the lists of a thread that ends are
        // lost.
        unsafe {
            if KEY.load(Ordering::Acquire) == 0 {
                let mut key = 0;
                if libc::pthread_key_create(&mut key, Some(leave)) != 0 {
                    return;
                }
                if KEY.compare_exchange(0, key + 1, Ordering::Release, Ordering::Relaxed).is_err() {
                    libc::pthread_key_delete(key);
                }
            }
            libc::pthread_setspecific(KEY.load(Ordering::Acquire) - 1, ptr::from_ref(self).cast());
        }
    }
}

/// A thread ends. Destructors that run after this one may make blocks again, and then it is called once more.
unsafe extern "C" fn leave(_: *mut c_void) {
    LISTS.with(|lists| {
        lists.known.set(false);
        if lists.end.get() as usize - lists.start.get() as usize >= LARGEST {
            let rest: *mut Free = lists.start.get().cast();
            // SAFETY: the rest of the chunk is this thread's, and starts where a block could.
            unsafe {
                rest.write(Free { next: lists.end.get().cast(), chain: ptr::null_mut() });
                share(RESTS, rest);
            }
            lists.start.set(ptr::null_mut());
            lists.end.set(ptr::null_mut());
        } else {
            lists.scatter();
        }
        for (class, list) in lists.lists.iter().enumerate() {
            let chain = list.first.replace(ptr::null_mut());
            list.room.set(0);
            if !chain.is_null() {
                // SAFETY: the blocks were this thread's.
                unsafe {
                    (*chain).chain = ptr::null_mut();
                    share(class, chain);
                }
            }
        }
    });
}

/// Gives chains to all threads.
///
/// # Safety
/// The chains are the caller's.
unsafe fn share(class: usize, first: *mut Free) {
    let mut last = first;
    // SAFETY: by contract.
    unsafe {
        while !(*last).chain.is_null() {
            last = (*last).chain;
        }
        let mut others = SHARED[class].load(Ordering::Relaxed);
        loop {
            (*last).chain = others;
            match SHARED[class].compare_exchange_weak(others, first, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => others = now,
            }
        }
    }
}

/// A chain for this thread, or null. Takes all and gives the others back, so that no chain is looked at that another thread
/// may have.
fn take(class: usize) -> *mut Free {
    if SHARED[class].load(Ordering::Relaxed).is_null() {
        return ptr::null_mut();
    }
    let chain = SHARED[class].swap(ptr::null_mut(), Ordering::Acquire);
    if !chain.is_null() {
        // SAFETY: the chains are this thread's now.
        unsafe {
            let others = (*chain).chain;
            if !others.is_null()
                && SHARED[class]
                    .compare_exchange(ptr::null_mut(), others, Ordering::Release, Ordering::Relaxed)
                    .is_err()
            {
                share(class, others);
            }
        }
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_hold_what_they_are_for() {
        for size in 1..=LARGEST {
            let class = class_of(size);
            assert!(size_of_class(class) >= size && (class == 0 || size_of_class(class - 1) < size));
            assert!(size_of_class(class).is_multiple_of(ALIGN));
        }
        assert_eq!(size_of_class(CLASSES - 1), LARGEST);
    }

    fn fill(count: usize, seed: usize) -> Vec<(usize, usize)> {
        let mut blocks = Vec::new();
        for index in 0..count {
            let size = 1 + (index * 7919 + seed) % LARGEST;
            let block = alloc(size);
            assert!(!block.is_null() && (block as usize).is_multiple_of(ALIGN));
            // SAFETY: the block has that size.
            unsafe { block.write_bytes(size as u8, size) };
            blocks.push((block as usize, size));
        }
        blocks
    }

    fn drain(blocks: Vec<(usize, usize)>) {
        for (block, size) in blocks {
            let block = block as *mut u8;
            // SAFETY: the blocks are those of `fill`.
            unsafe {
                assert!((0..size).all(|at| *block.add(at) == size as u8));
                free(block, size);
            }
        }
    }

    #[test]
    fn blocks_wander_between_threads() {
        for round in 0..20 {
            let made = std::thread::spawn(move || fill(5000, round)).join().unwrap();
            let mine = fill(1000, round + 1);
            std::thread::spawn(move || drain(made)).join().unwrap();
            drain(mine);
        }
    }

    #[test]
    fn threads_share_at_the_same_time() {
        let threads: Vec<_> = (0..4)
            .map(|seed| {
                std::thread::spawn(move || {
                    for round in 0..50 {
                        let made = fill(2000, seed * 100 + round);
                        match round % 5 {
                            0 => std::thread::spawn(move || drain(made)).join().unwrap(),
                            _ => drain(made),
                        }
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

//! Allocation of tuples: the empty tuple, and free lists by size for tuples of up to 20 items.
//!
//! A tuple on a free list keeps its head, its type and its size; `ob_item[0]` links to the next one.

use core::cell::Cell;
use core::ptr;

use super::Tuple;
use crate::abi::{Py_TPFLAGS_HAVE_GC, PyGC_Head, PyObject, PyTupleObject, PyVarObject};
use crate::memory;
use crate::object::header;
use crate::prelude::*;

/// Tuples of 1 to this many items have free lists.
const SIZES: usize = 20;
/// The most tuples that one free list holds.
const MAX_FREE: u32 = if crate::memory::checked::ON { 0 } else { 2000 };

struct FreeList {
    first: Cell<*mut PyTupleObject>,
    count: Cell<u32>,
}

// SAFETY: the GIL orders access.
unsafe impl Sync for FreeList {}

static FREE: [FreeList; SIZES + 1] =
    [const { FreeList { first: Cell::new(ptr::null_mut()), count: Cell::new(0) } }; SIZES + 1];

/// The empty tuple with the collector's words, which it has as every tuple does; they stay zero, "not tracked".
#[repr(C)]
struct EmptyTuple {
    gc: PyGC_Head,
    tuple: PyTupleObject,
}

// SAFETY: the GIL orders access.
unsafe impl Sync for EmptyTuple {}

static EMPTY: EmptyTuple = EmptyTuple {
    gc: PyGC_Head::ZERO,
    tuple: PyTupleObject {
        ob_base: PyVarObject::immortal(Tuple::TYPE, 0),
        ob_hash: Cell::new(-1),
        ob_item: [Cell::new(ptr::null_mut())],
    },
};

/// The empty tuple.
#[inline(always)]
pub(super) fn empty_ptr() -> *mut PyTupleObject {
    (&raw const EMPTY.tuple).cast_mut()
}

/// Where the items of a tuple are.
///
/// # Safety
/// `tuple` points to a tuple, complete or not.
#[inline(always)]
pub(super) unsafe fn items(tuple: *mut PyTupleObject) -> *mut *mut PyObject {
    // SAFETY: by contract.
    unsafe { (&raw mut (*tuple).ob_item).cast() }
}

/// An exact tuple of `size` items that are not written yet, not tracked. `size` is not 0.
///
/// The caller writes all items before anything else can happen, then tracks the tuple.
#[inline]
pub fn new_raw(size: usize) -> PyResult<*mut PyTupleObject> {
    debug_assert!(size > 0);
    let tuple = Tuple::take_free(size);
    if tuple.is_null() { new_raw_slow(size) } else { Ok(tuple) }
}

impl Tuple {
    /// As [`new_raw`], out of a free list; null where that has none.
    #[inline(always)]
    pub(crate) fn take_free(size: usize) -> *mut PyTupleObject {
        if size > SIZES {
            return ptr::null_mut();
        }
        let list = &FREE[size];
        let tuple = list.first.get();
        if !tuple.is_null() {
            // SAFETY: tuples on the list are dead and complete.
            unsafe {
                list.first.set((*tuple).ob_item[0].get().cast());
                list.count.set(list.count.get() - 1);
                (*tuple).ob_base.ob_base.ob_refcnt_full().set(1);
                (*tuple).ob_hash.set(-1);
            }
        }
        tuple
    }

    /// Gives a tuple back to the free list that it came from.
    ///
    /// # Safety
    /// An exact tuple that nobody refers to, not tracked, whose items are not its own.
    #[inline(always)]
    pub(crate) unsafe fn give_free(tuple: *mut PyTupleObject) {
        // SAFETY: by contract.
        unsafe {
            let list = FREE.get_unchecked((*tuple).ob_base.ob_size.get() as usize);
            (*tuple).ob_item[0].set(list.first.replace(tuple).cast());
            list.count.set(list.count.get() + 1);
        }
    }

    /// Whether the collector has to know of a tuple because of this item: atoms, and tuples of atoms, lead to no cycle.
    ///
    /// # Safety
    /// A live object.
    #[inline(always)]
    pub(crate) unsafe fn has_to_track(item: *mut PyObject) -> bool {
        // SAFETY: by contract.
        unsafe {
            let ty = (*item).ob_type.get();
            // `tp_is_gc` is not asked: the collector hides tuples that turn out to hold atoms.
            (*ty).tp_flags.get() & Py_TPFLAGS_HAVE_GC != 0 && (ty != Tuple::TYPE || memory::object::is_tracked(item))
        }
    }
}

#[inline(never)]
fn new_raw_slow(size: usize) -> PyResult<*mut PyTupleObject> {
    let bytes = size
        .checked_mul(size_of::<*mut PyObject>())
        .and_then(|bytes| bytes.checked_add(core::mem::offset_of!(PyTupleObject, ob_item)))
        .filter(|&bytes| bytes <= isize::MAX as usize - 64);
    let Some(bytes) = bytes else { return Err(Raised::no_memory()) };
    // SAFETY: the tuple type is static, and the size that of such a tuple.
    unsafe {
        let tuple = memory::object::alloc_sized(Tuple::TYPE, bytes)?.cast::<PyTupleObject>();
        (*tuple).ob_base.ob_size.set(size as isize);
        (*tuple).ob_hash.set(-1);
        Ok(tuple)
    }
}

/// Shows a tuple with all its items written to the collector, if any of them could be part of a cycle, and gives it out.
///
/// # Safety
/// `tuple` comes from [`new_raw`] and its items are written.
#[inline(always)]
pub(super) unsafe fn finish(tuple: *mut PyTupleObject) -> Ref<Tuple> {
    // SAFETY: by contract.
    unsafe {
        let items = items(tuple);
        let size = (*tuple).ob_base.ob_size.get() as usize;
        // To look at all items of a long one is the collector's business.
        if size > SIZES || (0..size).any(|index| Tuple::has_to_track(*items.add(index))) {
            memory::object::gc_track(tuple.cast());
        }
        Ref::from_owned_ptr(tuple)
    }
}

/// `tp_dealloc`.
///
/// # Safety
/// Called once, by the last decref.
pub(super) unsafe fn dealloc(tuple: *mut PyTupleObject) {
    // SAFETY: by contract; the tuple owns its items.
    unsafe {
        let size = (*tuple).ob_base.ob_size.get() as usize;
        if tuple == empty_ptr() {
            return crate::types::none::revive(tuple.cast());
        }
        memory::object::gc_untrack(tuple.cast());
        let items = items(tuple);
        for index in (0..size).rev() {
            header::drop_item(*items.add(index));
        }
        if (1..=SIZES).contains(&size)
            && (*tuple).ob_base.ob_base.ob_type.get() == Tuple::TYPE
            && FREE[size].count.get() < MAX_FREE
        {
            return Tuple::give_free(tuple);
        }
        memory::object::dealloc_finish(tuple);
    }
}

/// Gives the memory of all free lists back; the collector calls this at a full collection.
pub fn clear_free_lists() {
    for list in &FREE {
        let mut tuple = list.first.replace(ptr::null_mut());
        list.count.set(if memory::trace::is_tracing() { MAX_FREE } else { 0 });
        while !tuple.is_null() {
            // SAFETY: tuples on the list are dead, and their memory is that of exact tuples.
            unsafe {
                let next = (*tuple).ob_item[0].get().cast();
                memory::object::free(tuple.cast());
                tuple = next;
            }
        }
    }
}

/// How many tuples each free list holds, for `sys._debugmallocstats`.
pub fn free_list_sizes() -> [u32; SIZES + 1] {
    FREE.each_ref().map(|list| list.count.get())
}

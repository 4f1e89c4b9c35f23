//! Memory of floats: a free list in front of the allocator.

use core::cell::Cell;
use core::ptr;

use super::Float;
use crate::abi::{PyFloatObject, PyObject};
use crate::memory;
use crate::object::header;
use crate::prelude::*;

/// Blocks of floats, linked through their first word. The GIL guards it.
struct FreeList {
    head: Cell<*mut PyFloatObject>,
    len: Cell<usize>,
}

// SAFETY: used only while the GIL is held.
unsafe impl Sync for FreeList {}

const FREE_LIST_MAX: usize = if crate::memory::checked::ON { 0 } else { 100 };
static FREE_LIST: FreeList = FreeList { head: Cell::new(ptr::null_mut()), len: Cell::new(0) };

#[inline(always)]
fn pop() -> *mut PyFloatObject {
    let block = FREE_LIST.head.get();
    if !block.is_null() {
        // SAFETY: blocks in the list hold the next one in their first word.
        FREE_LIST.head.set(unsafe { *block.cast::<*mut PyFloatObject>() });
        FREE_LIST.len.set(FREE_LIST.len.get() - 1);
    }
    block
}

/// Gives the blocks of the free list back, and says how many there were.
pub fn clear_free_list() -> usize {
    let mut count = 0;
    loop {
        let block = pop();
        if block.is_null() {
            // While memory is traced, each float is a block of its own: the list counts as full.
            FREE_LIST.len.set(if memory::trace::is_tracing() { FREE_LIST_MAX } else { 0 });
            return count;
        }
        // SAFETY: a block of the allocator that nobody uses.
        unsafe { memory::small::free(block.cast()) };
        count += 1;
    }
}

/// # Safety
/// `block` is a float's block, not in use.
#[inline(always)]
unsafe fn init(block: *mut PyFloatObject, value: f64) {
    // SAFETY: by contract.
    unsafe {
        header::init(block.cast(), Float::TYPE);
        (*block).ob_fval.set(value);
    }
}

impl Float {
    /// A new float.
    #[inline]
    pub fn new(value: f64) -> PyResult<Ref<Float>> {
        match Float::new_fast(value) {
            // SAFETY: a new object with one count.
            Some(float) => Ok(unsafe { Ref::from_owned_ptr(float) }),
            None => Float::new_slow(value),
        }
    }

    /// A new float from the free list, `None` when that is empty: no call, for the interpreter's fast paths.
    #[inline(always)]
    pub fn new_fast(value: f64) -> Option<*mut PyObject> {
        let block = pop();
        if block.is_null() {
            return None;
        }
        // SAFETY: a block of the list.
        unsafe { init(block, value) };
        Some(block.cast())
    }

    #[cold]
    #[inline(never)]
    fn new_slow(value: f64) -> PyResult<Ref<Float>> {
        // SAFETY: the block is initialised before it is seen.
        unsafe {
            let block = memory::small::malloc(size_of::<PyFloatObject>()).cast::<PyFloatObject>();
            if block.is_null() {
                return Err(Raised::no_memory());
            }
            init(block, value);
            Ok(Ref::from_owned_ptr(block))
        }
    }

    /// The value.
    #[inline(always)]
    pub fn value(&self) -> f64 {
        self.0.ob_fval.get()
    }
}

/// An instance of a proper subclass.
pub fn new_subclass(cls: Borrowed<'_, Type>, value: f64) -> PyResult<Ref<Object>> {
    // SAFETY: `tp_alloc` gives an object of the subclass, which begins with a float.
    unsafe {
        let object = memory::object::alloc(cls.as_ptr().cast(), 0)?.cast::<PyFloatObject>();
        (*object).ob_fval.set(value);
        Ok(Ref::from_owned_ptr(object))
    }
}

/// `tp_dealloc`
///
/// # Safety
/// `object` is a float without counts.
#[inline(always)]
pub unsafe fn dealloc(object: *mut Float) {
    // SAFETY: by contract.
    unsafe {
        let ty = (*object).0.ob_base.ob_type.get();
        if ty != Float::TYPE {
            if let Some(free) = (*ty).tp_free.get() {
                free(object.cast());
            }
            return;
        }
        if !reclaim(object) {
            memory::small::free(object.cast());
        }
    }
}

/// Gives an exact float that nobody refers to any more to the free list; `false` where that is full.
///
/// # Safety
/// An exact float without counts.
#[inline(always)]
pub(crate) unsafe fn reclaim(object: *mut Float) -> bool {
    if FREE_LIST.len.get() >= FREE_LIST_MAX {
        return false;
    }
    // SAFETY: by contract.
    unsafe { *object.cast::<*mut PyFloatObject>() = FREE_LIST.head.get() };
    FREE_LIST.head.set(object.cast());
    FREE_LIST.len.set(FREE_LIST.len.get() + 1);
    true
}

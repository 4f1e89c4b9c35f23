//! What the checked build (`--cfg taipan_checked`) looks for, and how it says what it found.
//!
//! * Freed blocks are filled, stay in quarantine for a while and must still be filled when they leave it; free lists of
//!   types are off, so that freed objects get there (`small`).
//! * Counts are changed on live objects alone (`header`).
//! * Each collection checks the links of its lists, and that no object is referred to more often than its count says (`gc`).
//! * A native function returns an error exactly when an exception is set (`args::into_return`, `protocol::attr`).
//!
//! A failing check ends the process with a message and the Python traceback. In other builds [`ON`] is false and all of
//! this compiles to nothing. CPython: what `assert` and `Py_DEBUG` check in `Python/gc.c` and `Objects/obmalloc.c`.

use core::cell::Cell;

use super::{Guarded, StaticCell};
use crate::abi::{PyGC_Head, PyObject, PyTypeObject};
use crate::object::{Borrowed, Object, Raised};
use crate::thread;

pub const ON: bool = cfg!(taipan_checked);

/// What new blocks and freed blocks are filled with.
pub const FRESH: u8 = 0xCD;
pub const FREED: u8 = 0xDD;

/// Freed blocks wait until this many more were freed.
const QUARANTINE: usize = 1 << 14;

static WAITING: Guarded<[Cell<*mut u8>; QUARANTINE]> =
    Guarded([const { Cell::new(core::ptr::null_mut()) }; QUARANTINE]);
static NEXT: StaticCell<usize> = StaticCell::cell(0);
static HELD: StaticCell<usize> = StaticCell::cell(0);

#[cold]
#[inline(never)]
pub fn fail(message: &str) -> ! {
    thread::fatal("checked build", message)
}

/// How many freed blocks are in quarantine.
pub fn quarantined() -> usize {
    HELD.get()
}

/// Puts a freed block of `size` bytes into quarantine; gives the one that leaves it.
///
/// # Safety
/// The block is not used any more. `size_of_block` answers the size of any block in quarantine.
pub unsafe fn retire(block: *mut u8, size_of_block: impl Fn(*mut u8) -> usize) -> Option<*mut u8> {
    // SAFETY: the block and those in quarantine are memory that nobody uses.
    unsafe {
        let size = size_of_block(block);
        if is_filled(block, size) {
            fail(&format!("a block of {size} bytes at {block:p} is freed twice"));
        }
        block.write_bytes(FREED, size);
        let at = NEXT.get();
        NEXT.set((at + 1) % QUARANTINE);
        let old = WAITING[at].replace(block);
        if old.is_null() {
            HELD.set(HELD.get() + 1);
            return None;
        }
        let size = size_of_block(old);
        if !is_filled(old, size) {
            let bytes = core::slice::from_raw_parts(old, size);
            fail(&format!("freed memory at {old:p} ({size} bytes) was written to: {bytes:02x?}"));
        }
        Some(old)
    }
}

unsafe fn is_filled(block: *mut u8, size: usize) -> bool {
    // SAFETY: by contract of `retire`.
    unsafe { core::slice::from_raw_parts(block, size).iter().all(|&byte| byte == FREED) }
}

/// Checks that an object whose count is about to change is there.
///
/// # Safety
/// `object` is readable.
#[inline(always)]
pub unsafe fn check_live(object: *mut PyObject) {
    if ON {
        // SAFETY: by contract.
        unsafe {
            let count = (*object).ob_refcnt.get();
            if count == 0 || count == u32::from_ne_bytes([FREED; 4]) || count == u32::from_ne_bytes([FRESH; 4]) {
                fail_object("the count of an object that is gone changes", object);
            }
        }
    }
}

#[cold]
unsafe fn fail_object(what: &str, object: *mut PyObject) -> ! {
    // SAFETY: the head of the object is readable; its type is looked at only if it can be one.
    unsafe {
        let count = (*object).ob_refcnt.get();
        fail(&format!("{what}: {object:p} of type {}, count {count:#x}", type_name(object)))
    }
}

unsafe fn type_name(object: *mut PyObject) -> String {
    // SAFETY: as `fail_object`.
    unsafe {
        let ty: *mut PyTypeObject = (*object).ob_type.get();
        let poisoned = [FREED, FRESH].iter().any(|&byte| ty as usize == usize::from_ne_bytes([byte; 8]));
        if ty.is_null() || poisoned {
            return format!("{ty:p}");
        }
        Borrowed::<Object>::from_ptr(object).type_name().to_string()
    }
}

/// More references lead to an object than its count says.
///
/// # Safety
/// Both objects are live; `container` is the one whose reference was one too many.
#[cold]
pub unsafe fn fail_count(container: *mut PyObject, object: *mut PyObject) -> ! {
    // SAFETY: by contract.
    unsafe {
        let (what, holder) = (type_name(object), type_name(container));
        let count = (*object).ob_refcnt.get();
        fail(&format!(
            "{what} at {object:p} has a count of {count}, but more references lead to it; the last is that of {holder} at \
             {container:p}"
        ))
    }
}

/// Checks the links of a list of the collector, its flags, and the heads of its objects.
///
/// # Safety
/// `list` is the head of a list outside a collection.
pub unsafe fn check_list(list: *mut PyGC_Head) {
    if !ON {
        return;
    }
    // SAFETY: by contract, as far as the checks do not find otherwise.
    unsafe {
        let mut prev = list;
        let mut node = (*list)._gc_next.get() as *mut PyGC_Head;
        while node != list {
            let object: *mut PyObject = node.add(1).cast();
            if (*node)._gc_prev.get() & !crate::abi::_PyGC_PREV_MASK_FINALIZED != prev as usize
                || (*node)._gc_next.get() & 3 != 0
            {
                fail_object("a list of the collector is damaged", object);
            }
            check_live(object);
            if (*(*object).ob_type.get()).tp_flags.get() & crate::abi::Py_TPFLAGS_HAVE_GC == 0 {
                fail_object("an object without collector's words is in a list of the collector", object);
            }
            prev = node;
            node = (*node)._gc_next.get() as *mut PyGC_Head;
        }
        if (*list)._gc_prev.get() != prev as usize {
            fail("a list of the collector does not end where its head says");
        }
    }
}

/// Checks what a native function returns: an error exactly when an exception is set.
#[inline(always)]
pub fn check_return(is_error: bool) {
    if ON && is_error != Raised::is_set() {
        fail_return(is_error);
    }
}

#[cold]
#[inline(never)]
fn fail_return(is_error: bool) -> ! {
    if is_error {
        fail("a native function returns an error without an exception");
    }
    let exception = Raised::take_if_set();
    let text = exception.map_or_else(String::new, |exception| exception.to_repr_text());
    fail(&format!("a native function returns a result with an exception set: {text}"))
}
